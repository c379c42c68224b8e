//! What the manifest alone says of a trigger's parameters: which are there, which surely are not, and which may come from elsewhere.

use std::collections::BTreeMap;

use super::TriggerType;
use super::params::{ParameterSpec, Source};
use crate::api::{AuthenticationRef, Resources, ScaledJob, Trigger, TriggerAuthentication};

/// What a TriggerAuthentication may bring.
#[derive(Debug, Clone, Copy)]
pub enum Authentication<'a> {
    /// There is none.
    None,
    /// It is among the files.
    Given(&'a TriggerAuthentication),
    /// It is not, so it may bring anything.
    Anything,
}

/// Whether `reference` of `job` means `candidate`. A namespace that one of them leaves open is settled on the command line.
fn is_meant(
    reference: &AuthenticationRef,
    job: &ScaledJob,
    candidate: &TriggerAuthentication,
) -> bool {
    candidate.name == reference.name
        && candidate.cluster == reference.cluster
        && (reference.cluster
            || candidate.namespace.is_none()
            || job.namespace.is_none()
            || candidate.namespace == job.namespace)
}

impl<'a> Authentication<'a> {
    /// The one that `trigger` refers to.
    pub fn of(trigger: &Trigger, job: &ScaledJob, resources: &'a Resources) -> Self {
        let Some(reference) = &trigger.authentication_ref else {
            return Self::None;
        };
        resources
            .authentications
            .iter()
            .find(|candidate| is_meant(reference, job, candidate))
            .map_or(Self::Anything, Self::Given)
    }

    /// Whether the one that `trigger` refers to is among the files with an error of its own.
    pub fn is_defective(trigger: &Trigger, job: &ScaledJob, resources: &Resources) -> bool {
        trigger
            .authentication_ref
            .as_ref()
            .is_some_and(|reference| {
                resources
                    .defective_authentications
                    .iter()
                    .any(|candidate| is_meant(reference, job, candidate))
            })
    }

    /// Whether it surely brings `spec`.
    fn brings(self, spec: &ParameterSpec) -> bool {
        spec.names.iter().any(|name| self.brings_name(name))
    }

    /// Whether it surely brings a parameter under this very name.
    pub fn brings_name(self, name: &str) -> bool {
        let Self::Given(authentication) = self else {
            return false;
        };
        authentication
            .env
            .iter()
            .any(|entry| entry.parameter == name)
            || authentication
                .secret_target_ref
                .iter()
                .chain(&authentication.config_map_target_ref)
                .any(|entry| entry.parameter == name)
    }

    /// Whether it may bring `spec`.
    pub fn may_bring(self, spec: &ParameterSpec) -> bool {
        spec.reads(Source::Auth)
            && match self {
                Self::None => false,
                Self::Anything => true,
                Self::Given(authentication) => {
                    !authentication.unsupported.is_empty() || self.brings(spec)
                }
            }
    }
}

/// Whose identity a trigger signs in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity<'a> {
    /// No pod identity.
    None,
    /// `podIdentity.provider`.
    Provider(&'a str),
    /// The TriggerAuthentication is not at hand.
    Unknown,
}

/// The parameters of one trigger, as far as its manifest says.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    kind: &'static TriggerType,
    metadata: &'a BTreeMap<String, String>,
    authentication: Authentication<'a>,
}

static EMPTY: BTreeMap<String, String> = BTreeMap::new();

impl<'a> Given<'a> {
    /// What `trigger` of type `kind` is given.
    pub fn new(
        kind: &'static TriggerType,
        trigger: &'a Trigger,
        authentication: Authentication<'a>,
    ) -> Self {
        Self {
            kind,
            metadata: &trigger.metadata,
            authentication,
        }
    }

    /// The trigger's type.
    pub fn kind(&self) -> &'static TriggerType {
        self.kind
    }

    /// Nothing but defaults.
    pub fn nothing(kind: &'static TriggerType) -> Self {
        Self {
            kind,
            metadata: &EMPTY,
            authentication: Authentication::None,
        }
    }

    /// The value of parameter `name`, its default included; `None` when it is absent, or when it is not known here.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        let spec = self.kind.parameter(name)?;
        for source in spec.order {
            match source {
                Source::Metadata => {
                    if let Some(text) = self.written(spec) {
                        return Some(text);
                    }
                }
                Source::Env | Source::Variable if self.names_variable(spec) => return None,
                Source::Auth if self.authentication.may_bring(spec) => return None,
                Source::Env | Source::Variable | Source::Auth => {}
            }
        }
        spec.default
    }

    /// Whether a boolean parameter is known to be true.
    pub fn is_true(&self, name: &str) -> bool {
        matches!(
            self.value(name),
            Some("1" | "t" | "T" | "TRUE" | "true" | "True")
        )
    }

    /// Whether something gives parameter `name`, not counting its default.
    pub fn has(&self, name: &str) -> bool {
        self.kind.parameter(name).is_some_and(|spec| {
            (spec.reads(Source::Metadata) && self.written(spec).is_some())
                || self.names_variable(spec)
                || (spec.reads(Source::Auth) && self.authentication.brings(spec))
        })
    }

    /// Whether parameter `name` surely is absent and has no default.
    pub fn lacks(&self, name: &str) -> bool {
        self.kind.parameter(name).is_some_and(|spec| {
            spec.default.is_none() && !self.has(name) && !self.authentication.may_bring(spec)
        })
    }

    /// Whose identity it signs in with.
    pub fn identity(&self) -> Identity<'a> {
        match self.authentication {
            Authentication::None => Identity::None,
            Authentication::Anything => Identity::Unknown,
            Authentication::Given(authentication) => authentication
                .pod_identity
                .as_ref()
                .map_or(Identity::None, |identity| {
                    Identity::Provider(&identity.provider)
                }),
        }
    }

    fn written(&self, spec: &ParameterSpec) -> Option<&'a str> {
        spec.names.iter().find_map(|name| {
            let text = self.metadata.get(*name)?.trim();
            (!text.is_empty()).then_some(text)
        })
    }

    fn names_variable(&self, spec: &ParameterSpec) -> bool {
        spec.variable_keys().any(|key| {
            self.metadata
                .get(&key)
                .is_some_and(|variable| !variable.trim().is_empty())
        })
    }
}

/// Something that is wrong with several parameters together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The parameter to show; the whole metadata when it is not written there.
    pub parameter: &'static str,
    /// It is absent, rather than wrong.
    pub missing: bool,
    /// A lower-case sentence without a full stop and without values that may be secret.
    pub message: String,
}

impl Problem {
    /// A parameter, or one of several, is needed and absent.
    pub fn missing(parameter: &'static str, message: impl Into<String>) -> Self {
        Self {
            parameter,
            missing: true,
            message: message.into(),
        }
    }

    /// A parameter must not have its value beside the others.
    pub fn wrong(parameter: &'static str, message: impl Into<String>) -> Self {
        Self {
            parameter,
            missing: false,
            message: message.into(),
        }
    }
}

/// Checks that several types share.
impl Given<'_> {
    /// One of `names` must be there; `message` says so.
    pub(super) fn needs_one_of(
        &self,
        names: &[&'static str],
        message: &str,
        found: &mut Vec<Problem>,
    ) {
        if names.iter().all(|name| self.lacks(name)) {
            found.push(Problem::missing(names[0], message));
        }
    }

    /// With `reason` each of `names` must be there.
    pub(super) fn needs_all(&self, names: &[&'static str], reason: &str, found: &mut Vec<Problem>) {
        for name in names {
            if self.lacks(name) {
                found.push(Problem::missing(
                    name,
                    format!("{reason} needs parameter {name}"),
                ));
            }
        }
    }

    /// Two that come together: either is useless alone.
    pub(super) fn needs_pair(
        &self,
        one: &'static str,
        other: &'static str,
        found: &mut Vec<Problem>,
    ) {
        for (given, wanted) in [(one, other), (other, one)] {
            if self.has(given) && self.lacks(wanted) {
                found.push(Problem::missing(
                    wanted,
                    format!("parameter {given} needs parameter {wanted}"),
                ));
            }
        }
    }

    /// The target must be greater than 0.
    pub(super) fn must_be_positive(&self, name: &'static str, found: &mut Vec<Problem>) {
        let number = self.value(name).and_then(|text| text.parse::<f64>().ok());
        if number.is_some_and(|number| number <= 0.0) && !self.has(name) {
            found.push(Problem::missing(
                name,
                format!("{} needs parameter {name}, greater than 0", self.kind.name),
            ));
        } else if number.is_some_and(|number| number <= 0.0) {
            found.push(Problem::wrong(
                name,
                format!("parameter {name} must be greater than 0"),
            ));
        }
    }
}
