//! Keys of the metadata that no parameter reads, and parameters whose time has passed.

use super::Checker;
use super::words::{nearest, replace, suggest};
use crate::api::{Dialect, KedaVersion};
use crate::auth::Declared;
use crate::diagnostic::{Diagnostic, Severity, catalog, trigger_rules};
use crate::scalers::Standing;
use crate::scalers::params::{Kind, ParameterSpec, Source};

/// The first version that no longer reads metricName everywhere. [KEDA CHANGELOG, #4899]
const WITHOUT_METRIC_NAME: KedaVersion = KedaVersion::new(12, 0);

impl Checker<'_> {
    /// A metadata key that no parameter reads.
    pub(super) fn key(&mut self, key: &str) {
        let kind = self.kind;
        let plain = kind.parameter(key);
        let from_env = key
            .strip_suffix("FromEnv")
            .and_then(|base| kind.parameter(base));
        if let Some(name) = plain.or(from_env).and_then(|spec| spec.renamed) {
            self.renamed(key, name);
            return;
        }
        let is_read_here = |spec: &ParameterSpec| {
            plain.is_some() && (spec.reads(Source::Metadata) || spec.reads(Source::Variable))
                || from_env.is_some() && spec.reads(Source::Env)
        };
        if let Some(spec) = plain.or(from_env)
            && (is_read_here(spec) || !spec.is_read())
            && self.time(key, spec)
        {
            return;
        }
        if let Some(spec) = plain.or(from_env)
            && self.was_read(key, spec)
        {
            return;
        }
        if let Some(spec) = plain.filter(|spec| spec.reads(Source::Metadata)) {
            if spec.reads(Source::Env) {
                self.names_a_variable(key, spec);
            }
            return;
        }
        if from_env.is_some_and(|spec| spec.reads(Source::Env))
            || plain.is_some_and(|spec| spec.reads(Source::Variable))
        {
            return;
        }
        if kind.other_keys.contain(key) {
            if key.ends_with("FromEnv") {
                let variable = self.trigger.metadata[key].clone();
                self.variable(key, &variable, false);
            }
            return;
        }
        if key == "metricName" {
            self.metric_name();
            return;
        }
        if let Some(spec) = plain
            && spec.reads(Source::Env)
            && self.names_a_variable(key, spec)
        {
            return;
        }
        self.unknown(key, from_env.or(plain));
    }

    /// Whether that KEDA reads `key`, though later ones look for the parameter elsewhere.
    fn was_read(&mut self, key: &str, spec: &ParameterSpec) -> bool {
        let (name, source) = match key.strip_suffix("FromEnv") {
            Some(name) if self.kind.parameter(key).is_none() => (name, Source::Env),
            _ => (key, Source::Metadata),
        };
        let version = self.of_parameters;
        let Some(standing) = self.kind.former_standing(name, source, version) else {
            return false;
        };
        // What it is stands where nothing else looks for it.
        self.missing.insert(spec.name());
        if standing == Standing::Deprecated {
            let message = format!(
                "parameter {key} is deprecated here: {name} is read from {}",
                spec.places()
            );
            let label = self.place.of_key(key);
            self.report(&catalog::DEPRECATED_PARAMETER, message, label);
        }
        if source == Source::Env {
            let variable = self.trigger.metadata[key].clone();
            self.variable(key, &variable, self.authentication.may_bring(spec));
        }
        true
    }

    fn unknown(&mut self, key: &str, wanted: Option<&'static ParameterSpec>) {
        let kind = self.kind;
        let label = self.place.of_key(key);
        let message = format!("{} reads no parameter {key:?}", kind.name);
        let diagnostic = Diagnostic::new(&catalog::UNKNOWN_PARAMETER, message, label.clone());
        // Perhaps the name is right and the place is wrong.
        if let Some(spec) = wanted {
            // That it is missing elsewhere is the same mistake.
            self.missing.insert(spec.name());
            let help = format!("{} is read from {}", spec.name(), spec.places());
            self.found.push(diagnostic.help(help));
            return;
        }
        self.found.push(match self.meant(key) {
            Some((name, distance)) => suggest(diagnostic, label, &name, distance),
            None => diagnostic,
        });
    }

    /// The key that an unknown one may be a slip of, and how far it is away.
    fn meant(&self, key: &str) -> Option<(String, usize)> {
        let readable: Vec<String> = self
            .kind
            .parameters()
            .filter(|spec| spec.is_read())
            .flat_map(|spec| {
                let known = |name: &&&str| self.knows(name);
                spec.names.iter().filter(known).flat_map(|name| {
                    let plain = spec.reads(Source::Metadata).then(|| (*name).to_owned());
                    let env = spec.reads(Source::Env).then(|| format!("{name}FromEnv"));
                    plain.into_iter().chain(env)
                })
            })
            .collect();
        nearest(key, readable.iter().map(String::as_str))
            .map(|(name, distance)| (name.to_owned(), distance))
    }

    /// Whether a key that nothing reads is a slip of one of the parameter's: that is one mistake, and its own finding.
    pub(super) fn is_misspelt(&self, spec: &ParameterSpec) -> bool {
        let kind = self.kind;
        let known = |key: &str| kind.parameter(key).is_some();
        self.trigger
            .metadata
            .keys()
            .filter(|key| !known(key) && !key.strip_suffix("FromEnv").is_some_and(known))
            .filter_map(|key| self.meant(key))
            .any(|(meant, _)| {
                spec.names
                    .iter()
                    .any(|name| meant.strip_suffix("FromEnv").unwrap_or(&meant) == *name)
            })
    }

    /// Whether it is given where it is not read from, which is a finding of its own.
    pub(super) fn is_in_wrong_place(&self, spec: &ParameterSpec) -> bool {
        let metadata = &self.trigger.metadata;
        let is_plain_read = spec.reads(Source::Metadata) || spec.reads(Source::Variable);
        spec.names.iter().any(|name| {
            let from_env = format!("{name}FromEnv");
            let is_free = !self.kind.other_keys.contain(&from_env);
            (!is_plain_read && metadata.contains_key(*name))
                || (!spec.reads(Source::Env) && is_free && metadata.contains_key(&from_env))
        })
    }

    /// A parameter that has another name in KEDA 2.
    fn renamed(&mut self, key: &str, name: &str) {
        let label = self.place.of_key(key);
        let name = if key.ends_with("FromEnv") {
            format!("{name}FromEnv")
        } else {
            name.to_owned()
        };
        let message = format!("{key} is a parameter of KEDA 1; KEDA 2 reads {name}");
        let diagnostic = Diagnostic::new(&trigger_rules::V1_PARAMETER, message, label.clone());
        let taken = self.trigger.metadata.contains_key(&name);
        self.found.push(if taken {
            diagnostic
        } else {
            replace(diagnostic, label, &name)
        });
    }

    /// Many types took it before KEDA named all metrics itself.
    fn metric_name(&mut self) {
        if self.version < WITHOUT_METRIC_NAME {
            return;
        }
        let label = self.place.of_key("metricName");
        let message = format!("KEDA {} passes over metricName", self.version);
        self.report(&trigger_rules::OBSOLETE_PARAMETER, message, label)
            .help
            .push("take it out: since 2.12 KEDA names metrics itself".to_owned());
    }

    /// A plain key that holds the name of a variable, as in KEDA 1. [semantics §1.8]
    fn names_a_variable(&mut self, key: &str, spec: &ParameterSpec) -> bool {
        let text = self.trigger.metadata[key].trim().to_owned();
        let key_from_env = format!("{key}FromEnv");
        // azure-blob has an alias that is spelt like the key of a variable.
        if self.job.dialect != Dialect::V2
            || key.ends_with("FromEnv")
            || !matches!(spec.kind, Kind::String | Kind::List)
            || self.trigger.metadata.contains_key(&key_from_env)
            || !is_variable_name(&text)
        {
            return false;
        }
        let is_declared = self.container().is_some_and(|container| {
            matches!(
                container.declares(&text),
                Declared::Yes | Declared::Runtime(_)
            )
        });
        // A connection string is never one word.
        let must_be = matches!(spec.name(), "connection" | "connectionString");
        let is_read = spec.reads(Source::Metadata);
        // A word that no variable has may be a password.
        if !is_declared && !must_be {
            return false;
        }
        self.missing.insert(spec.name());
        let label = self.place.of_key(key);
        let held = if is_declared {
            format!("the name of the variable {text:?}")
        } else {
            "what looks like the name of a variable".to_owned()
        };
        let message = if is_read {
            format!("{key} holds {held}, and KEDA 2 takes it for the value itself")
        } else {
            format!("{key} holds {held}, and KEDA 2 reads variables from {key_from_env} only")
        };
        let mut diagnostic = Diagnostic::new(&trigger_rules::V1_PARAMETER, message, label.clone());
        if is_read && !must_be {
            diagnostic.severity = Severity::Warning;
        }
        self.found.push(replace(diagnostic, label, &key_from_env));
        true
    }
}

/// Whether a text looks like the name of a variable, and hardly like anything else: `AzureWebJobsStorage`, `REDIS_PASSWORD`.
fn is_variable_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && text.len() > 2
        && text.bytes().any(|byte| byte.is_ascii_uppercase())
}
