//! Parameters that the aimed-at version of KEDA does not know yet, advises against, refuses or no longer looks at.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Checker;
use crate::api::KedaVersion;
use crate::diagnostic::{Severity, catalog, trigger_rules};
use crate::scalers::params::ParameterSpec;
use crate::scalers::{Standing, TriggerType, release};

/// The version whose parameters are meant by `version`: the newest, when that KEDA does not have the type at all.
pub(in crate::scalers) fn of_parameters(kind: &TriggerType, version: KedaVersion) -> KedaVersion {
    let is_dropped = kind.dropped.is_some_and(|(dropped, _)| version >= dropped);
    if version < kind.since || is_dropped {
        KedaVersion::NEWEST.max(kind.since)
    } else {
        version
    }
}

/// `metadata` without the keys that `version` passes over.
pub(in crate::scalers) fn looked_at<'m>(
    kind: &'static TriggerType,
    metadata: &'m BTreeMap<String, String>,
    version: KedaVersion,
) -> Cow<'m, BTreeMap<String, String>> {
    let is_looked_at = |key: &String| kind.standing_of_key(key, version).is_looked_at();
    if metadata.keys().all(is_looked_at) {
        return Cow::Borrowed(metadata);
    }
    let mut metadata = metadata.clone();
    metadata.retain(|key, _| is_looked_at(key));
    Cow::Owned(metadata)
}

impl Checker<'_> {
    /// What that KEDA makes of a key of the metadata.
    pub(super) fn standing(&self, key: &str) -> Standing {
        self.kind.standing_of_key(key, self.of_parameters)
    }

    /// Whether that KEDA knows the name of a parameter, wherever it is given.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.kind.standing(name, self.of_parameters).is_looked_at()
    }

    /// Whether that KEDA looks at a parameter under any of its names.
    pub(super) fn is_looked_at(&self, spec: &ParameterSpec) -> bool {
        spec.renamed.is_none() && spec.names.iter().any(|name| self.knows(name))
    }

    /// Whether that KEDA needed a parameter which later ones can do without.
    pub(super) fn was_required(&self, spec: &ParameterSpec) -> bool {
        self.kind.was_required(spec.name(), self.of_parameters)
    }

    /// A key whose parameter has not always been there or is not there for ever. Whether nothing else is to be said of it.
    pub(super) fn time(&mut self, key: &str, spec: &ParameterSpec) -> bool {
        let instead = spec.removed.or(spec.obsolete).or(spec.deprecated);
        match self.standing(key) {
            // Refusals are found where the value is looked at.
            Standing::Read | Standing::Refused => return false,
            Standing::NotYet(since) => self.not_yet(key, since),
            Standing::Deprecated => {
                let message = match instead {
                    Some(instead) => format!("parameter {key} is deprecated: {instead}"),
                    None => format!("parameter {key} is deprecated"),
                };
                let label = self.place.of_key(key);
                self.report(&catalog::DEPRECATED_PARAMETER, message, label);
                return false;
            }
            Standing::Ignored => {
                let message = match key {
                    // Said in the same words of the types that have no such parameter.
                    "metricName" => format!("KEDA {} passes over {key}", self.version),
                    _ => format!("KEDA passes over parameter {key}"),
                };
                let label = self.place.of_key(key);
                self.report(&trigger_rules::OBSOLETE_PARAMETER, message, label)
                    .help
                    .extend(instead.map(str::to_owned));
            }
        }
        true
    }

    fn not_yet(&mut self, key: &str, since: KedaVersion) {
        let is_read_elsewhere = self.knows(key.strip_suffix("FromEnv").unwrap_or(key));
        let (reason, help) = if is_read_elsewhere {
            (
                "it is read from here since",
                "give it from elsewhere, or update KEDA",
            )
        } else {
            ("it came with", "take it out, or update KEDA")
        };
        let message = format!(
            "KEDA {} passes over {key}: {reason} {}",
            self.version,
            release(since)
        );
        let label = self.place.of_key(key);
        self.report(&trigger_rules::PARAMETER_VERSION, message, label)
            .help
            .push(help.to_owned());
    }

    /// A number with a fraction where that KEDA reads whole ones only, which stops the trigger.
    pub(super) fn fraction(&mut self, key: &str, text: &str) {
        let since = self.kind.whole_until(key, self.of_parameters);
        if let Some(since) = since.filter(|_| text.parse::<i64>().is_err()) {
            let message = format!(
                "parameter {key} is {text:?}, and KEDA {} reads whole numbers only: fractions came with {}",
                self.version,
                release(since)
            );
            let label = self.place.of_value(key);
            self.report(&trigger_rules::PARAMETER_VERSION, message, label)
                .severity = Severity::Error;
        }
    }

    /// Words of the parameter's text that came later than that KEDA.
    pub(super) fn newer_words(&mut self, spec: &ParameterSpec, key: &str, text: &str) {
        for word in text.split(spec.separator).map(str::trim) {
            let newer = self.kind.newer_word(spec.name(), word, self.of_parameters);
            if let Some(since) = newer {
                let message = format!(
                    "KEDA {} does not know the {key} {word:?}: it came with {}",
                    self.version,
                    release(since)
                );
                let label = self.place.of_value(key);
                self.report(&trigger_rules::PARAMETER_VERSION, message, label)
                    .severity = Severity::Error;
            }
        }
    }
}
