//! Short forms for the tables of parameters.

use super::Source::{Auth, Env, Metadata};
use super::{Kind, ParameterSpec, Source};

/// Where a parameter is looked up, first to last: `M`etadata, `E`nvironment, `A`uthentication.
pub(in crate::scalers) const A: &[Source] = &[Auth];
pub(in crate::scalers) const AE: &[Source] = &[Auth, Env];
pub(in crate::scalers) const EA: &[Source] = &[Env, Auth];
pub(in crate::scalers) const AM: &[Source] = &[Auth, Metadata];
pub(in crate::scalers) const MA: &[Source] = &[Metadata, Auth];
pub(in crate::scalers) const ME: &[Source] = &[Metadata, Env];
pub(in crate::scalers) const AEM: &[Source] = &[Auth, Env, Metadata];
pub(in crate::scalers) const AME: &[Source] = &[Auth, Metadata, Env];
pub(in crate::scalers) const EAM: &[Source] = &[Env, Auth, Metadata];
pub(in crate::scalers) const MAE: &[Source] = &[Metadata, Auth, Env];
pub(in crate::scalers) const MEA: &[Source] = &[Metadata, Env, Auth];

type Names = &'static [&'static str];
type Doc = &'static str;

/// A text.
pub(in crate::scalers) const fn text(names: Names, doc: Doc) -> ParameterSpec {
    ParameterSpec::new(names, Kind::String, doc)
}

/// A whole number.
pub(in crate::scalers) const fn whole(names: Names, doc: Doc) -> ParameterSpec {
    ParameterSpec::new(names, Kind::Integer, doc)
}

/// A number.
pub(in crate::scalers) const fn number(names: Names, doc: Doc) -> ParameterSpec {
    ParameterSpec::new(names, Kind::Float, doc)
}

/// True or false.
pub(in crate::scalers) const fn flag(names: Names, doc: Doc) -> ParameterSpec {
    ParameterSpec::new(names, Kind::Bool, doc)
}

/// A duration.
pub(in crate::scalers) const fn span(names: Names, doc: Doc) -> ParameterSpec {
    ParameterSpec::new(names, Kind::Duration, doc)
}

/// A list of texts.
pub(in crate::scalers) const fn list(names: Names, doc: Doc) -> ParameterSpec {
    ParameterSpec::new(names, Kind::List, doc)
}

/// A list of whole numbers and ranges.
pub(in crate::scalers) const fn ranges(names: Names, doc: Doc) -> ParameterSpec {
    ParameterSpec::new(names, Kind::Ranges, doc)
}
