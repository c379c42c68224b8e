//! Checks of parameters together that several types share.

use super::{Given, Identity};

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
pub(in crate::scalers) const POD_IDENTITY: &str = "podIdentity";

impl Given<'_> {
    /// One of `names` must be there; `message` says so.
    pub(in crate::scalers) fn needs_one_of(
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
    pub(in crate::scalers) fn needs_all(
        &self,
        names: &[&'static str],
        reason: &str,
        found: &mut Vec<Problem>,
    ) {
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
    pub(in crate::scalers) fn needs_pair(
        &self,
        one: &'static str,
        other: &'static str,
        found: &mut Vec<Problem>,
    ) {
        if let Some((given, wanted)) = self.alone(one, other) {
            found.push(Problem::missing(
                wanted,
                format!("parameter {given} needs parameter {wanted}"),
            ));
        }
    }

    /// Either is of no use alone, and KEDA does not say so.
    pub(in crate::scalers) fn wants_pair(
        &self,
        one: &'static str,
        other: &'static str,
        found: &mut Vec<Problem>,
    ) {
        if let Some((given, wanted)) = self.alone(one, other) {
            found.push(Problem::doubtful(
                given,
                format!("parameter {given} has no effect without parameter {wanted}"),
            ));
        }
    }

    /// The one of two that is there, and the one that it lacks.
    fn alone(
        &self,
        one: &'static str,
        other: &'static str,
    ) -> Option<(&'static str, &'static str)> {
        [(one, other), (other, one)]
            .into_iter()
            .find(|(given, wanted)| self.has(given) && self.lacks(wanted))
    }

    /// A certificate and its key: KEDA looks at them once `tls` is `enable`.
    pub(in crate::scalers) fn client_certificate(
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
    pub(in crate::scalers) fn excludes(
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
    pub(in crate::scalers) fn at_least(
        &self,
        name: &'static str,
        least: i32,
        found: &mut Vec<Problem>,
    ) {
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
    pub(in crate::scalers) fn must_not_be_zero(
        &self,
        name: &'static str,
        found: &mut Vec<Problem>,
    ) {
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
    pub(in crate::scalers) fn must_not_be_zero_since(
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
    pub(in crate::scalers) fn must_be_address(&self, name: &'static str, found: &mut Vec<Problem>) {
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
    pub(in crate::scalers) fn must_be_http(&self, name: &'static str, found: &mut Vec<Problem>) {
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
    pub(in crate::scalers) fn must_be_port(&self, name: &'static str, found: &mut Vec<Problem>) {
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
    pub(in crate::scalers) fn has_form(
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
    pub(in crate::scalers) fn takes_identities(&self, taken: &[&str], found: &mut Vec<Problem>) {
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
    pub(in crate::scalers) fn must_be_positive(
        &self,
        name: &'static str,
        found: &mut Vec<Problem>,
    ) {
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
