//! What the manifest alone says of a trigger's parameters: which are there, which surely are not, and which may come from elsewhere.

mod checks;

use std::collections::BTreeMap;

pub(super) use self::checks::POD_IDENTITY;
pub use self::checks::Problem;
use super::TriggerType;
use super::params::{ParameterSpec, Source};
use crate::api::{
    AuthenticationRef, KedaVersion, Resources, ScaledJob, Trigger, TriggerAuthentication,
};

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
    metric_type: Option<&'a str>,
    authentication: Authentication<'a>,
    version: KedaVersion,
}

static EMPTY: BTreeMap<String, String> = BTreeMap::new();

impl<'a> Given<'a> {
    /// What `trigger` of type `kind` is given, as `version` of KEDA reads it.
    pub fn new(
        kind: &'static TriggerType,
        trigger: &'a Trigger,
        authentication: Authentication<'a>,
        version: KedaVersion,
    ) -> Self {
        Self::over(kind, trigger, &trigger.metadata, authentication, version)
    }

    /// What `trigger` of type `kind` is given when only `metadata` of it is looked at.
    pub fn over(
        kind: &'static TriggerType,
        trigger: &'a Trigger,
        metadata: &'a BTreeMap<String, String>,
        authentication: Authentication<'a>,
        version: KedaVersion,
    ) -> Self {
        Self {
            kind,
            metadata,
            metric_type: trigger.metric_type.as_deref(),
            authentication,
            version,
        }
    }

    /// The trigger's type.
    pub fn kind(&self) -> &'static TriggerType {
        self.kind
    }

    /// Nothing but what `version` of KEDA takes by itself.
    pub fn nothing(kind: &'static TriggerType, version: KedaVersion) -> Self {
        Self {
            kind,
            metadata: &EMPTY,
            metric_type: None,
            authentication: Authentication::None,
            version,
        }
    }

    /// Whether the KEDA aimed at is 2.`minor` or newer.
    pub fn since(&self, minor: u16) -> bool {
        self.version >= KedaVersion::new(minor, 0)
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
                Source::Auth if self.may_be_brought(spec) => return None,
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
                || (self.reads_authentication(spec) && self.authentication.brings(spec))
        })
    }

    /// Whether parameter `name` surely is absent and has no default.
    pub fn lacks(&self, name: &str) -> bool {
        self.kind.parameter(name).is_some_and(|spec| {
            spec.default.is_none() && !self.has(name) && !self.may_be_brought(spec)
        })
    }

    /// Whether the TriggerAuthentication surely brings a parameter under this very name.
    pub fn brings(&self, name: &str) -> bool {
        self.authentication.brings_name(name)
    }

    /// Whether the TriggerAuthentication surely has an `azureServicePrincipal`.
    pub fn has_service_principal(&self) -> bool {
        matches!(self.authentication, Authentication::Given(given) if given.azure_service_principal)
    }

    /// Whether a TriggerAuthentication is not at hand, or may bring parameters that are not listed.
    pub fn is_open(&self) -> bool {
        match self.authentication {
            Authentication::None => false,
            Authentication::Anything => true,
            Authentication::Given(authentication) => !authentication.unsupported.is_empty(),
        }
    }

    /// The metadata itself.
    pub fn metadata(&self) -> &'a BTreeMap<String, String> {
        self.metadata
    }

    /// The trigger's metricType.
    pub fn metric_type(&self) -> Option<&'a str> {
        self.metric_type
    }

    /// The number that parameter `name` is known to be.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.value(name)?.parse().ok()
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

    /// Whether that KEDA looks `spec` up in a TriggerAuthentication.
    fn reads_authentication(&self, spec: &ParameterSpec) -> bool {
        let version = self.version;
        let is_read = |name| self.kind.standing_from(name, Source::Auth, version);
        spec.reads(Source::Auth) && spec.names.iter().any(|name| is_read(name).is_looked_at())
    }

    fn may_be_brought(&self, spec: &ParameterSpec) -> bool {
        self.reads_authentication(spec) && self.authentication.may_bring(spec)
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
