//! What the manifest alone says of a trigger's parameters: which are there, which surely are not, and which may come from elsewhere.

use std::collections::BTreeMap;

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

/// Something that is wrong with several parameters together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The parameter to show; the whole metadata when it is not written there.
    pub parameter: &'static str,
    /// It is absent, rather than wrong.
    pub missing: bool,
    /// KEDA takes it all the same: a warning.
    pub doubtful: bool,
    /// A lower-case sentence without a full stop and without values that may be secret.
    pub message: String,
}

impl Problem {
    /// A parameter, or one of several, is needed and absent.
    pub fn missing(parameter: &'static str, message: impl Into<String>) -> Self {
        Self {
            parameter,
            missing: true,
            doubtful: false,
            message: message.into(),
        }
    }

    /// A parameter must not have its value beside the others.
    pub fn wrong(parameter: &'static str, message: impl Into<String>) -> Self {
        Self {
            parameter,
            missing: false,
            doubtful: false,
            message: message.into(),
        }
    }

    /// KEDA takes the parameter, and it cannot have been meant so.
    pub fn doubtful(parameter: &'static str, message: impl Into<String>) -> Self {
        Self {
            doubtful: true,
            ..Self::wrong(parameter, message)
        }
    }
}

/// Stands for `podIdentity` in [`Problem::parameter`].
pub(super) const POD_IDENTITY: &str = "podIdentity";

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

    /// Either is of no use alone, and KEDA does not say so.
    pub(super) fn wants_pair(
        &self,
        one: &'static str,
        other: &'static str,
        found: &mut Vec<Problem>,
    ) {
        for (given, wanted) in [(one, other), (other, one)] {
            if self.has(given) && self.lacks(wanted) {
                found.push(Problem::doubtful(
                    given,
                    format!("parameter {given} has no effect without parameter {wanted}"),
                ));
            }
        }
    }

    /// A certificate and its key: KEDA looks at them once `tls` is `enable`.
    pub(super) fn client_certificate(
        &self,
        cert: &'static str,
        key: &'static str,
        found: &mut Vec<Problem>,
    ) {
        if self.value("tls") == Some("enable") {
            self.needs_pair(cert, key, found);
        } else {
            self.wants_pair(cert, key, found);
        }
    }

    /// At most one of both.
    pub(super) fn excludes(
        &self,
        one: &'static str,
        other: &'static str,
        found: &mut Vec<Problem>,
    ) {
        if self.has(one) && self.has(other) {
            found.push(Problem::wrong(
                other,
                format!("set {one} or {other}, not both"),
            ));
        }
    }

    /// A number that KEDA refuses below `least`.
    pub(super) fn at_least(&self, name: &'static str, least: i32, found: &mut Vec<Problem>) {
        if self
            .number(name)
            .is_some_and(|number| number < f64::from(least))
        {
            found.push(Problem::wrong(
                name,
                format!("parameter {name} must be at least {least}"),
            ));
        }
    }

    /// A number that is as good as absent when it is 0.
    pub(super) fn must_not_be_zero(&self, name: &'static str, found: &mut Vec<Problem>) {
        let is_zero = self.number(name).is_some_and(|number| number == 0.0);
        if self.lacks(name) {
            found.push(Problem::missing(
                name,
                format!("{} needs parameter {name}", self.kind.name),
            ));
        } else if is_zero {
            found.push(Problem::wrong(
                name,
                format!("parameter {name} must not be 0"),
            ));
        }
    }

    /// The same from 2.`minor` on; earlier ones take a 0.
    pub(super) fn must_not_be_zero_since(
        &self,
        minor: u16,
        name: &'static str,
        found: &mut Vec<Problem>,
    ) {
        if self.since(minor) {
            self.must_not_be_zero(name, found);
        } else {
            self.needs_all(&[name], self.kind.name, found);
        }
    }

    /// An address that Go's `url.ParseRequestURI` takes: it has a scheme, or is an absolute path.
    pub(super) fn must_be_address(&self, name: &'static str, found: &mut Vec<Problem>) {
        let is_scheme = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_alphabetic())
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        };
        let is_address = |text: &str| {
            let scheme = text.split_once(':').map(|(scheme, _)| scheme);
            !text.contains(' ') && (text.starts_with('/') || scheme.is_some_and(is_scheme))
        };
        if self.value(name).is_some_and(|text| !is_address(text)) {
            found.push(Problem::wrong(
                name,
                format!("parameter {name} must be a URL with a scheme, such as https://host:8089"),
            ));
        }
    }

    /// An http or https address; several between commas for a list.
    pub(super) fn must_be_http(&self, name: &'static str, found: &mut Vec<Problem>) {
        let is_http =
            |text: &str| text.trim().starts_with("http://") || text.trim().starts_with("https://");
        if self
            .value(name)
            .is_some_and(|text| !text.split(',').all(is_http))
        {
            found.push(Problem::wrong(
                name,
                format!("parameter {name} must begin with http:// or https://"),
            ));
        }
    }

    /// A port that is written as a number.
    pub(super) fn must_be_port(&self, name: &'static str, found: &mut Vec<Problem>) {
        if self
            .value(name)
            .is_some_and(|text| text.parse::<u16>().is_err())
        {
            found.push(Problem::wrong(
                name,
                format!("parameter {name} must be the number of a port, at most 65535"),
            ));
        }
    }

    /// Parts between `separator`, as many as `form` shows.
    pub(super) fn has_form(
        &self,
        name: &'static str,
        separator: char,
        form: &str,
        found: &mut Vec<Problem>,
    ) {
        let parts = |text: &str| text.split(separator).count();
        if self
            .value(name)
            .is_some_and(|text| parts(text) != parts(form))
        {
            found.push(Problem::wrong(
                name,
                format!("parameter {name} must be written as {form}"),
            ));
        }
    }

    /// The pod identities that the type can use. Until 2.15 Azure had two. [2.14.0 `triggerauthentication_types.go`]
    pub(super) fn takes_identities(&self, taken: &[&str], found: &mut Vec<Problem>) {
        let is_older =
            |provider| provider == "azure" && taken.contains(&"azure-workload") && !self.since(15);
        if let Identity::Provider(provider) = self.identity()
            && !taken.contains(&provider)
            && !is_older(provider)
        {
            found.push(Problem::wrong(
                POD_IDENTITY,
                format!(
                    "{} cannot use podIdentity {provider}, only {}",
                    self.kind.name,
                    taken.join(" or ")
                ),
            ));
        }
    }

    /// The target must be greater than 0.
    pub(super) fn must_be_positive(&self, name: &'static str, found: &mut Vec<Problem>) {
        let number = self.number(name);
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
