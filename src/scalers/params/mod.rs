//! What a trigger accepts: parameters as static tables, and the one resolver that reads them.
//!
//! The rules are KEDA's (`scalersconfig/typed_config.go`, semantics §4.4) with one deviation: `<name>FromEnv` that names a
//! variable which the container lacks is an error here and an empty string there (DESIGN §6).

pub(in crate::scalers) mod notation;
mod parse;
mod resolved;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use parse::{parse_duration, parse_query};
pub use resolved::Resolved;

use crate::api::Secret;
use crate::auth::{Environment, Variable};
pub(crate) use parse::Value;

/// A place that a parameter can come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The trigger's metadata, under the parameter's own name.
    Metadata,
    /// The variable of the job's container that the metadata names under `<name>FromEnv`.
    Env,
    /// The trigger's TriggerAuthentication.
    Auth,
    /// The variable of the job's container that the metadata names under the parameter's own name.
    Variable,
}

/// The type of a parameter's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text as it is.
    String,
    /// A whole JSON number.
    Integer,
    /// A JSON number.
    Float,
    /// One of Go's words for true and false.
    Bool,
    /// A Go duration (`1m30s`), or a whole number of milliseconds.
    Duration,
    /// Texts between separators (commas unless said), trimmed.
    List,
    /// Whole numbers and ranges of them between commas: `1,3-6`.
    Ranges,
    /// `key=value` pairs between commas.
    Map,
    /// A URL query: `key=value&key=value`, percent-encoded.
    Query,
}

/// One parameter of a trigger type. Made with [`ParameterSpec::new`] and the methods that follow it.
#[derive(Debug)]
pub struct ParameterSpec {
    /// The canonical name, then its aliases.
    pub names: &'static [&'static str],
    /// Where it is looked up, first to last.
    pub order: &'static [Source],
    /// What its text must be.
    pub kind: Kind,
    /// Whether the trigger cannot do without it.
    pub required: bool,
    /// The text that stands in for it.
    pub default: Option<&'static str>,
    /// The allowed pieces, when not every text will do.
    pub allowed: &'static [&'static str],
    /// Pieces of which at most one may occur.
    pub exclusive: &'static [&'static str],
    /// What to do instead, when KEDA refuses the parameter outright.
    pub removed: Option<&'static str>,
    /// What to write instead, when KEDA still reads it but advises against it.
    pub deprecated: Option<&'static str>,
    /// Its text is a credential, whatever its name; see [`ParameterSpec::is_credential`].
    pub credential: bool,
    /// What to write instead, when an older KEDA read it and the newest one passes over it without a word.
    pub obsolete: Option<&'static str>,
    /// The parameter that has taken its place since KEDA 1.
    pub renamed: Option<&'static str>,
    /// What stands between the items of a list.
    pub separator: char,
    /// Whether the allowed pieces may be written in upper or lower case.
    pub any_case: bool,
    /// One line for people.
    pub doc: &'static str,
}

impl ParameterSpec {
    /// An optional parameter that is read from the metadata.
    pub const fn new(names: &'static [&'static str], kind: Kind, doc: &'static str) -> Self {
        Self {
            names,
            order: &[Source::Metadata],
            kind,
            required: false,
            default: None,
            allowed: &[],
            exclusive: &[],
            removed: None,
            deprecated: None,
            credential: false,
            obsolete: None,
            renamed: None,
            separator: ',',
            any_case: false,
            doc,
        }
    }

    /// Where it is looked up.
    pub const fn from(mut self, order: &'static [Source]) -> Self {
        self.order = order;
        self
    }

    /// The trigger cannot do without it.
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The text that stands in for it.
    pub const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    /// The allowed pieces.
    pub const fn allowed(mut self, pieces: &'static [&'static str]) -> Self {
        self.allowed = pieces;
        self
    }

    /// Pieces of which at most one may occur.
    pub const fn exclusive(mut self, pieces: &'static [&'static str]) -> Self {
        self.exclusive = pieces;
        self
    }

    /// KEDA refuses it.
    pub const fn removed(mut self, instead: &'static str) -> Self {
        self.removed = Some(instead);
        self
    }

    /// KEDA advises against it.
    pub const fn deprecated(mut self, instead: &'static str) -> Self {
        self.deprecated = Some(instead);
        self
    }

    /// Its text is a credential, though its name does not say so.
    pub const fn credential(mut self) -> Self {
        self.credential = true;
        self
    }

    /// KEDA passes over it.
    pub const fn obsolete(mut self, instead: &'static str) -> Self {
        self.obsolete = Some(instead);
        self
    }

    /// KEDA 2 reads another one instead.
    pub const fn renamed(mut self, instead: &'static str) -> Self {
        self.renamed = Some(instead);
        self
    }

    /// What stands between the items of the list.
    pub const fn separated_by(mut self, separator: char) -> Self {
        self.separator = separator;
        self
    }

    /// The allowed pieces may be written in upper or lower case.
    pub const fn any_case(mut self) -> Self {
        self.any_case = true;
        self
    }

    /// The canonical name.
    pub const fn name(&self) -> &'static str {
        self.names[0]
    }

    /// Whether it can come from `source`.
    pub fn reads(&self, source: Source) -> bool {
        self.order.contains(&source)
    }

    /// The metadata keys that name a variable of the container.
    pub(crate) fn variable_keys(&self) -> impl Iterator<Item = String> {
        let named = self.names.iter().filter(|_| self.reads(Source::Variable));
        let from_env = self.names.iter().filter(|_| self.reads(Source::Env));
        named
            .map(|name| (*name).to_owned())
            .chain(from_env.map(|name| format!("{name}FromEnv")))
    }

    /// Whether the newest KEDA looks at it.
    pub const fn is_read(&self) -> bool {
        self.obsolete.is_none() && self.renamed.is_none()
    }

    /// Reads `text`, which is not empty. The error is a fragment that follows the parameter's name and never holds the text.
    pub(crate) fn parse(&self, text: &str) -> Result<Value, String> {
        let is_allowed = |piece: &str| {
            let mut allowed = self.allowed.iter();
            allowed.any(|allowed| {
                *allowed == piece || (self.any_case && allowed.eq_ignore_ascii_case(piece))
            })
        };
        if !self.allowed.is_empty()
            && !text
                .split(self.separator)
                .all(|piece| is_allowed(piece.trim()))
        {
            return Err(format!("must be one of {}", self.allowed.join(", ")));
        }
        let exclusive = text
            .split(self.separator)
            .filter(|piece| self.exclusive.contains(&piece.trim()))
            .count();
        if exclusive > 1 {
            return Err(format!(
                "must hold only one of {}",
                self.exclusive.join(", ")
            ));
        }
        parse::parse(self.kind, self.separator, text)
    }

    /// Whether an error may show the text: not for free texts, which can hold passwords.
    pub(crate) fn shows_its_text(&self) -> bool {
        !self.allowed.is_empty()
            || matches!(
                self.kind,
                Kind::Integer | Kind::Float | Kind::Bool | Kind::Duration | Kind::Ranges
            )
    }

    /// Where it can be set, for people: `metadata, TriggerAuthentication`.
    pub fn places(&self) -> String {
        let name = self.name();
        let places: Vec<String> = self
            .order
            .iter()
            .map(|source| match source {
                Source::Metadata => format!("metadata {name}"),
                Source::Env => format!("metadata {name}FromEnv"),
                Source::Variable => format!("a variable that metadata {name} names"),
                Source::Auth => "a TriggerAuthentication".to_owned(),
            })
            .collect();
        places.join(", ")
    }
}

/// What the resolver reads from.
pub struct Sources<'a> {
    /// The trigger's metadata.
    pub metadata: &'a BTreeMap<String, String>,
    /// The container's environment.
    pub env: &'a Environment,
    /// The parameters of the TriggerAuthentication.
    pub auth: &'a BTreeMap<String, Secret<String>>,
}

/// Looks every parameter up and reads it. All errors are collected; each names its parameter and none holds a value that did not
/// stand in the metadata.
pub fn resolve<'s>(
    parameters: impl IntoIterator<Item = &'s ParameterSpec>,
    sources: &Sources<'_>,
) -> Result<Resolved, Vec<String>> {
    let mut resolved = Resolved::default();
    let mut errors = Vec::new();
    for spec in parameters {
        if !spec.is_read() {
            continue;
        }
        let name = spec.name();
        let found = match find(spec, sources) {
            Ok(found) => found,
            Err(error) => {
                errors.push(format!("parameter {name}: {error}"));
                continue;
            }
        };
        if let (Some(_), Some(instead)) = (&found, spec.removed) {
            errors.push(format!("parameter {name} is no longer read: {instead}"));
            continue;
        }
        let (text, source) = match (found, spec.default) {
            (Some(found), _) => found,
            (None, Some(default)) => (default.to_owned(), None),
            (None, None) if spec.required => {
                errors.push(format!(
                    "parameter {name} is missing; set it in {}",
                    spec.places()
                ));
                continue;
            }
            (None, None) => continue,
        };
        match spec.parse(&text) {
            Ok(value) => resolved.insert(name, value),
            Err(error) if source == Some(Source::Metadata) && spec.shows_its_text() => {
                errors.push(format!("parameter {name} is {text:?} and {error}"));
            }
            Err(error) => errors.push(format!("parameter {name} {error}")),
        }
    }
    if errors.is_empty() {
        Ok(resolved)
    } else {
        Err(errors)
    }
}

/// The first text that is not empty after trimming, sources before names. [semantics §4.4]
fn find(
    spec: &ParameterSpec,
    sources: &Sources<'_>,
) -> Result<Option<(String, Option<Source>)>, String> {
    for source in spec.order {
        for name in spec.names {
            let text = match source {
                Source::Metadata => sources.metadata.get(*name).map(String::as_str),
                Source::Auth => sources
                    .auth
                    .get(*name)
                    .map(|secret| secret.expose().as_str()),
                Source::Env => variable(&format!("{name}FromEnv"), sources)?,
                Source::Variable => variable(name, sources)?,
            };
            let text = text.unwrap_or_default().trim();
            if !text.is_empty() {
                return Ok(Some((text.to_owned(), Some(*source))));
            }
        }
    }
    Ok(None)
}

/// The value of the variable that the metadata names under `key`.
fn variable<'s>(key: &str, sources: &Sources<'s>) -> Result<Option<&'s str>, String> {
    let Some(variable) = sources.metadata.get(key) else {
        return Ok(None);
    };
    if variable.trim().is_empty() {
        return Ok(None);
    }
    match sources.env.variable(variable) {
        Variable::Value(value) => Ok(Some(value.expose().as_str())),
        Variable::Missing => Err(format!(
            "{key} names the variable {variable:?}, which {} does not have",
            sources.env.container()
        )),
        Variable::Unusable(reason) => {
            Err(format!("{key} names the variable {variable:?}: {reason}"))
        }
    }
}
