//! One parameter: whether it is there, where its value comes from, and whether the value will do.

use super::notation::meant_by_text;
use super::words::{nearest, replace, suggest};
use super::{Authentication, Checker};
use crate::auth::{Container, Declared};
use crate::diagnostic::{Diagnostic, Severity, catalog, trigger_rules};
use crate::scalers::Standing;
use crate::scalers::params::{ParameterSpec, Source};

impl Checker<'_> {
    /// The key and the text under which the metadata itself gives the parameter.
    pub(super) fn written(&self, spec: &ParameterSpec) -> Option<(&'static str, &str)> {
        if !spec.reads(Source::Metadata) {
            return None;
        }
        spec.names.iter().find_map(|name| {
            let text = self.trigger.metadata.get(*name)?.trim();
            let is_given = !text.is_empty() && self.standing(name).is_looked_at();
            is_given.then_some((*name, text))
        })
    }

    /// The `…FromEnv` key and the variable that it names.
    pub(super) fn variable_of(&self, spec: &ParameterSpec) -> Option<(String, &str)> {
        spec.variable_keys().find_map(|key| {
            let variable = self.trigger.metadata.get(&key)?.as_str();
            let is_given = !variable.trim().is_empty() && self.standing(&key).is_looked_at();
            is_given.then_some((key, variable))
        })
    }

    /// Whether a source that KEDA reads before the variables of the container gives the parameter: surely, or perhaps, where the
    /// TriggerAuthentication is not known.
    fn before_env(&self, spec: &ParameterSpec) -> Option<bool> {
        spec.order
            .iter()
            .take_while(|source| **source != Source::Env)
            .find_map(|source| match source {
                Source::Metadata => self.written(spec).map(|_| true),
                Source::Auth if self.authentication.may_bring(spec) => {
                    let brings = |name: &&str| self.authentication.brings_name(name);
                    Some(spec.names.iter().any(brings))
                }
                _ => None,
            })
    }

    pub(super) fn parameter(&mut self, spec: &'static ParameterSpec) {
        let written = self.written(spec).map(|(key, text)| (key, text.to_owned()));
        let from_env = self
            .variable_of(spec)
            .map(|(key, variable)| (key, variable.to_owned()));
        if let Some((key, text)) = &written {
            self.value(spec, key, text);
        }
        if let Some((key, variable)) = &from_env {
            if self.standing(key) == Standing::Refused {
                self.refused(spec, key, spec.name());
            }
            match self.before_env(spec) {
                // That the variable is not looked at is a finding of its own.
                Some(true) => {}
                before => self.variable(key, variable, before.is_some()),
            }
        }
        // A value that is no string is in the document and not in the trigger; it has a finding of its own.
        let in_document = spec.names.iter().any(|name| {
            self.place
                .metadata(name)
                .is_some_and(|entry| entry.value.as_str().is_none())
                && self.standing(name).is_looked_at()
        });
        let was_required = self.was_required(spec);
        let given = written.is_some()
            || in_document
            || from_env.is_some()
            || (spec.default.is_some() && !was_required)
            || self.authentication.may_bring(spec)
            || self.has_old_name(spec);
        if in_document && written.is_none() && from_env.is_none() {
            self.missing.insert(spec.name());
        }
        if (spec.required || was_required) && !given {
            self.missing.insert(spec.name());
            if self.is_misspelt(spec) || self.is_in_wrong_place(spec) {
                return;
            }
            let label = self.place.of_field("metadata");
            let message = format!(
                "{} needs parameter {}: {}",
                self.kind.name,
                spec.name(),
                spec.doc
            );
            let help = format!("set it in {}", spec.places());
            self.report(&catalog::MISSING_PARAMETER, message, label)
                .help
                .push(help);
        }
    }

    /// Whether it is given under the name that it had in KEDA 1, which is a finding of its own.
    fn has_old_name(&self, spec: &ParameterSpec) -> bool {
        self.kind
            .parameters()
            .filter(|old| old.renamed == Some(spec.name()))
            .flat_map(|old| old.names)
            .any(|name| {
                let metadata = &self.trigger.metadata;
                metadata.contains_key(*name) || metadata.contains_key(&format!("{name}FromEnv"))
            })
    }

    fn value(&mut self, spec: &'static ParameterSpec, key: &'static str, text: &str) {
        if self.standing(key) == Standing::Refused {
            self.refused(spec, key, key);
            return;
        }
        let Err(problem) = spec.parse(text) else {
            self.newer_words(spec, key, text);
            self.fraction(key, text);
            return;
        };
        self.missing.insert(spec.name());
        let label = self.place.of_value(key);
        let shown = if spec.shows_its_text() {
            format!("parameter {key} is {text:?} and {problem}")
        } else {
            format!("parameter {key} {problem}")
        };
        let mut diagnostic = Diagnostic::new(&catalog::INVALID_PARAMETER, shown, label.clone());
        if let Some(meant) = meant_by_text(spec, text) {
            diagnostic = replace(diagnostic, label, &meant);
        } else if !text.contains(spec.separator)
            && let Some((name, distance)) = nearest(text, spec.allowed.iter().copied())
        {
            diagnostic = suggest(diagnostic, label, name, distance);
        }
        self.found.push(diagnostic);
    }

    /// KEDA refuses the parameter, which is given under `key` and is called `name`.
    fn refused(&mut self, spec: &ParameterSpec, key: &str, name: &str) {
        let instead = spec.removed.or(spec.obsolete).unwrap_or("take it out");
        let message = format!("parameter {name} is no longer read: {instead}");
        let label = self.place.of_key(key);
        self.report(&catalog::INVALID_PARAMETER, message, label);
    }

    /// A variable that the container surely lacks, or whose value only the kubelet knows. It only matters if the TriggerAuthentication
    /// does not bring the parameter when that `may_be_brought`.
    pub(super) fn variable(&mut self, key: &str, variable: &str, may_be_brought: bool) {
        let Some(container) = self.container() else {
            return;
        };
        let label = self.place.of_value(key);
        let mut diagnostic = match container.declares(variable) {
            Declared::Yes | Declared::Perhaps => return,
            Declared::Runtime(reference) => {
                let message = format!(
                    "{key} names the variable {variable:?}, which {reference} fills in when the pod starts: no trigger can read it"
                );
                Diagnostic::new(&catalog::INVALID_PARAMETER, message, label)
            }
            Declared::No => {
                let message = format!(
                    "{key} names the variable {variable:?}, which {} does not have",
                    container.describe()
                );
                let mut diagnostic =
                    Diagnostic::new(&catalog::INVALID_PARAMETER, message, label.clone());
                if let Some((name, distance)) = nearest(variable, container.names()) {
                    diagnostic = suggest(diagnostic, label, name, distance);
                } else if variable.contains("://") || variable.contains(' ') {
                    diagnostic = diagnostic
                        .help("FromEnv takes the name of a variable, not a value; leave FromEnv off to give the value");
                }
                diagnostic
            }
        };
        if may_be_brought {
            diagnostic.severity = Severity::Warning;
            let help = "unless its TriggerAuthentication brings the parameter, which KEDA reads before the variable";
            diagnostic.help.push(help.to_owned());
        }
        self.found.push(diagnostic);
    }

    /// The container whose variables triggers read. A template without containers is somebody else's finding.
    pub(super) fn container(&self) -> Option<Container> {
        let name = self.job.env_source_container_name.as_deref();
        Container::find(&self.job.job_target_ref, name).ok()
    }

    /// A parameter that is given more than once: the first source that is not empty wins. [semantics §4.4]
    pub(super) fn given_twice(&mut self, spec: &'static ParameterSpec) {
        let mut keys = Vec::new();
        let mut brought = None;
        for source in spec.order {
            for name in spec.names {
                let key = match source {
                    Source::Metadata | Source::Variable => (*name).to_owned(),
                    Source::Env => format!("{name}FromEnv"),
                    Source::Auth => {
                        if brought.is_none() && self.authentication.brings_name(name) {
                            brought = Some(keys.len());
                        }
                        continue;
                    }
                };
                let is_given = self
                    .trigger
                    .metadata
                    .get(&key)
                    .is_some_and(|text| !text.trim().is_empty())
                    && self.standing(&key).is_looked_at();
                // An alias may be spelt like the FromEnv key of the name itself (connectionFromEnv).
                if is_given && !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        let authentication = match (&self.authentication, &self.trigger.authentication_ref) {
            (Authentication::Given(_), Some(reference)) => reference.name.clone(),
            _ => String::new(),
        };
        let (loser, winner) = match (&keys[..], brought) {
            ([key, ..], Some(0)) => (
                key,
                format!(
                    "{} of TriggerAuthentication {authentication:?}",
                    spec.name()
                ),
            ),
            ([winner, loser, ..], _) => (loser, winner.clone()),
            ([winner], Some(_)) => {
                let label = self.place.of_key(winner);
                let message = format!(
                    "{winner} is given here and by TriggerAuthentication {authentication:?}: {winner} is used unless it is empty"
                );
                self.report(&trigger_rules::OVERRIDDEN_PARAMETER, message, label);
                return;
            }
            _ => return,
        };
        let label = self.place.of_key(loser);
        let message = format!("{loser} is not looked at: {winner} is used unless it is empty");
        self.report(&trigger_rules::OVERRIDDEN_PARAMETER, message, label);
    }
}
