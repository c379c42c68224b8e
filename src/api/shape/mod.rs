//! What fields an object may have, as data, and a walk that finds every mistake against it at once.
//!
//! This stands for the structural schema of a CRD: types, required fields, ranges and enums. Rules that look at two fields at once
//! are not here. Like the API server, the walk takes `null` for an absent field.

mod check;
mod keda;
mod kubernetes;
mod removal;
mod words;

use std::collections::BTreeMap;

pub(super) use check::Checker;
pub(super) use keda::{
    CLUSTER_TRIGGER_AUTHENTICATION, CONFIG_MAP, FORMER_IDENTITIES, PROPOSAL, SCALED_JOB, SECRET,
    TRIGGER_AUTHENTICATION, V1,
};
pub(super) use kubernetes::is_required_in_pod;
pub(super) use removal::removal;
pub(super) use words::describe;

/// What may stand at one place.
#[derive(Debug)]
pub(super) enum Shape {
    /// Anything.
    Any,
    /// `true` or `false`.
    Boolean,
    /// A string.
    String,
    /// A string that is not empty.
    NonEmptyString,
    /// One of these strings.
    Enum(&'static [&'static str]),
    /// A whole number in this range, ends included. The range of int32 is [`INT32`].
    Integer { least: i64, most: i64 },
    /// Any number.
    Number,
    /// A 32-bit number or a string (ports, percentages).
    IntOrString,
    /// An amount such as `500m` or `2Gi`, as a string or a number.
    Quantity,
    /// A list, perhaps with at least one item.
    List {
        items: Box<Self>,
        at_least_one: bool,
    },
    /// A mapping with keys of the user's choice.
    Map(Box<Self>),
    /// A trigger's `metadata`: a mapping to strings, with findings of its own.
    Metadata,
    /// A mapping with known keys.
    Object(Object),
    /// A type of Kubernetes by its `OpenAPI` name.
    Kubernetes(&'static str),
    /// As [`Shape::Kubernetes`], from inside such a type.
    Definition(String),
}

/// A mapping with known keys.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// The known keys.
    pub(super) fields: BTreeMap<String, Field>,
    /// Keys that people write here and that belong elsewhere, with a sentence about each, and whether to remove the key is all there is
    /// to do.
    pub(super) elsewhere: &'static [(&'static str, &'static str, bool)],
}

/// One known key.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) shape: Shape,
    pub(super) required: bool,
}

/// Both ends of int32.
pub(super) const INT32: Shape = at_least(i32::MIN as i64);

/// An int32 of at least `least`.
pub(super) const fn at_least(least: i64) -> Shape {
    Shape::Integer {
        least,
        most: i32::MAX as i64,
    }
}
