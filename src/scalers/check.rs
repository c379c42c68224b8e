//! What can be said of a trigger without any network: its type and its parameters, each finding at its place in the manifest.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::client::http::HttpClients;
use super::params::{ParameterSpec, Source, Sources, resolve};
use super::read::known_type;
use super::{
    Behaviour, ClusterReader, Identities, OTHER_TRIGGER_TYPES, PodSummary, ReadError,
    ScalerContext, TRIGGER_TYPES, TriggerType,
};
use crate::api::{KedaVersion, Resources, ScaledJob, Secret, Trigger, TriggerAuthentication};
use crate::auth::{Container, Declared, Environment};
use crate::diagnostic::{Diagnostic, Edit, Fix, Label, Rule, Span, catalog};
use crate::manifest::{Entry, Node, Step};

/// What the given files say beside the ScaledJob itself.
#[derive(Debug, Clone, Copy)]
pub struct LocalKnowledge<'a> {
    /// The decoded files.
    pub resources: &'a Resources,
    /// The version of KEDA aimed at.
    pub version: KedaVersion,
}

/// Everything that is wrong with `trigger` of `job`. No message holds a value that may be secret.
pub fn check(trigger: &Trigger, job: &ScaledJob, local: &LocalKnowledge<'_>) -> Vec<Diagnostic> {
    let place = Place::new(trigger, job);
    let kind = match known_type(&trigger.kind) {
        Ok(kind) => kind,
        Err(problem) => return vec![unknown_type(trigger, &place, problem)],
    };
    let mut checker = Checker {
        trigger,
        job,
        kind,
        place,
        found: Vec::new(),
    };
    if let Behaviour::Skipped(reason) = kind.behaviour {
        let label = checker.place.of_field("type");
        let message = format!("{} has no effect: {reason}", kind.name);
        checker
            .found
            .push(Diagnostic::new(&catalog::SKIPPED_TRIGGER, message, label).help("remove it"));
    }
    let auth = Auth::of(trigger, job, *local);
    for spec in kind.parameters() {
        checker.parameter(spec, &auth);
    }
    for key in trigger.metadata.keys() {
        checker.key(key);
    }
    checker.semantics();
    checker.found
}

fn unknown_type(trigger: &Trigger, place: &Place<'_>, problem: String) -> Diagnostic {
    let label = place.of_field("type");
    if OTHER_TRIGGER_TYPES
        .binary_search(&trigger.kind.as_str())
        .is_ok()
    {
        return Diagnostic::new(&catalog::UNSUPPORTED_TRIGGER_TYPE, problem, label).help(
            "the trigger is left out of every plan; the other triggers of the object are read",
        );
    }
    let names = TRIGGER_TYPES
        .iter()
        .map(|kind| kind.name)
        .chain(OTHER_TRIGGER_TYPES.iter().copied());
    let diagnostic = Diagnostic::new(&catalog::UNKNOWN_TRIGGER_TYPE, problem, label.clone());
    match nearest(&trigger.kind, names) {
        Some((name, distance)) => suggest(diagnostic, label, name, distance),
        None => diagnostic,
    }
}

/// What a TriggerAuthentication may bring.
enum Auth<'a> {
    /// There is none.
    None,
    /// It is among the files.
    Given(&'a TriggerAuthentication),
    /// It is not, so it may bring anything.
    Anything,
}

impl<'a> Auth<'a> {
    fn of(trigger: &Trigger, job: &ScaledJob, local: LocalKnowledge<'a>) -> Self {
        let Some(reference) = &trigger.authentication_ref else {
            return Self::None;
        };
        // A namespace that one of them leaves open is settled on the command line.
        let same_namespace = |namespace: &Option<String>| {
            reference.cluster
                || namespace.is_none()
                || job.namespace.is_none()
                || *namespace == job.namespace
        };
        local
            .resources
            .authentications
            .iter()
            .find(|candidate| {
                candidate.name == reference.name
                    && candidate.cluster == reference.cluster
                    && same_namespace(&candidate.namespace)
            })
            .map_or(Self::Anything, Self::Given)
    }

    fn may_bring(&self, spec: &ParameterSpec) -> bool {
        if !spec.reads(Source::Auth) {
            return false;
        }
        match self {
            Self::None => false,
            Self::Anything => true,
            Self::Given(authentication) => {
                let brings = |parameter: &str| spec.names.contains(&parameter);
                !authentication.unsupported.is_empty()
                    || authentication
                        .env
                        .iter()
                        .any(|entry| brings(&entry.parameter))
                    || authentication
                        .secret_target_ref
                        .iter()
                        .chain(&authentication.config_map_target_ref)
                        .any(|entry| brings(&entry.parameter))
            }
        }
    }
}

/// Where a trigger stands in its document.
struct Place<'a> {
    job: &'a ScaledJob,
    trigger: Option<&'a Node>,
}

impl<'a> Place<'a> {
    fn new(trigger: &Trigger, job: &'a ScaledJob) -> Self {
        let path = [
            Step::Key("spec".to_owned()),
            Step::Key("triggers".to_owned()),
            Step::Index(trigger.index),
        ];
        Self {
            job,
            trigger: job.document.root.at(&path),
        }
    }

    fn label(&self, span: Span) -> Label {
        self.job.document.label(span, "")
    }

    /// The value of a field of the trigger, else the trigger.
    fn of_field(&self, field: &str) -> Label {
        let node = self.trigger.and_then(|trigger| trigger.get(field));
        self.label(
            node.or(self.trigger)
                .map_or_else(Span::default, |node| node.span),
        )
    }

    fn metadata(&self, key: &str) -> Option<&'a Entry> {
        let metadata = self.trigger?.get("metadata")?;
        // Manifests of KEDA 1 write `host` for what has become `hostFromEnv`.
        metadata
            .entry(key)
            .or_else(|| metadata.entry(key.strip_suffix("FromEnv")?))
    }

    /// The value of a metadata key, else the whole metadata.
    fn of_value(&self, key: &str) -> Label {
        match self.metadata(key) {
            Some(entry) => self.label(entry.value.span),
            None => self.of_field("metadata"),
        }
    }

    /// The metadata key itself.
    fn of_key(&self, key: &str) -> Label {
        match self.metadata(key) {
            Some(entry) => self.label(entry.key_span),
            None => self.of_field("metadata"),
        }
    }
}

struct Checker<'a> {
    trigger: &'a Trigger,
    job: &'a ScaledJob,
    kind: &'static TriggerType,
    place: Place<'a>,
    found: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn report(&mut self, rule: &'static Rule, message: String, label: Label) -> &mut Diagnostic {
        self.found.push(Diagnostic::new(rule, message, label));
        self.found.last_mut().expect("one was just pushed")
    }

    /// The key and the text under which the metadata itself gives the parameter.
    fn written(&self, spec: &ParameterSpec) -> Option<(&'static str, &str)> {
        if !spec.reads(Source::Metadata) {
            return None;
        }
        spec.names.iter().find_map(|name| {
            let text = self.trigger.metadata.get(*name)?.trim();
            (!text.is_empty()).then_some((*name, text))
        })
    }

    /// The `…FromEnv` key and the variable that it names.
    fn variable_of(&self, spec: &ParameterSpec) -> Option<(String, &str)> {
        spec.variable_keys().find_map(|key| {
            let variable = self.trigger.metadata.get(&key)?.as_str();
            (!variable.trim().is_empty()).then_some((key, variable))
        })
    }

    fn parameter(&mut self, spec: &'static ParameterSpec, auth: &Auth<'_>) {
        let written = self.written(spec).map(|(key, text)| (key, text.to_owned()));
        let from_env = self
            .variable_of(spec)
            .map(|(key, variable)| (key, variable.to_owned()));
        if let Some((key, text)) = &written {
            self.value(spec, key, text);
        }
        if let Some((key, variable)) = &from_env {
            if let Some(instead) = spec.removed {
                let label = self.place.of_key(key);
                self.report(
                    &catalog::INVALID_PARAMETER,
                    format!("parameter {} is no longer read: {instead}", spec.name()),
                    label,
                );
            }
            self.variable(key, variable);
        }
        // A value that is no string is in the document and not in the trigger; it has a finding of its own.
        let in_document = spec
            .names
            .iter()
            .any(|name| self.place.metadata(name).is_some());
        let given = written.is_some()
            || in_document
            || from_env.is_some()
            || spec.default.is_some()
            || auth.may_bring(spec);
        if spec.required && !given {
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

    fn value(&mut self, spec: &'static ParameterSpec, key: &'static str, text: &str) {
        if let Some(instead) = spec.removed {
            let label = self.place.of_key(key);
            self.report(
                &catalog::INVALID_PARAMETER,
                format!("parameter {key} is no longer read: {instead}"),
                label,
            );
            return;
        }
        let Err(problem) = spec.parse(text) else {
            return;
        };
        let label = self.place.of_value(key);
        let shown = if spec.shows_its_text() {
            format!("parameter {key} is {text:?} and {problem}")
        } else {
            format!("parameter {key} {problem}")
        };
        let mut diagnostic = Diagnostic::new(&catalog::INVALID_PARAMETER, shown, label.clone());
        if !text.contains(',')
            && let Some((name, distance)) = nearest(text, spec.allowed.iter().copied())
        {
            diagnostic = suggest(diagnostic, label, name, distance);
        }
        self.found.push(diagnostic);
    }

    /// A variable that the container surely lacks, or whose value only the kubelet knows.
    fn variable(&mut self, key: &str, variable: &str) {
        let container = self.job.env_source_container_name.as_deref();
        // A template without containers is somebody else's finding.
        let Ok(container) = Container::find(&self.job.job_target_ref, container) else {
            return;
        };
        let label = self.place.of_value(key);
        match container.declares(variable) {
            Declared::Yes | Declared::Perhaps => {}
            Declared::Runtime(reference) => {
                let message = format!(
                    "{key} names the variable {variable:?}, which {reference} fills in when the pod starts: no trigger can read it"
                );
                self.report(&catalog::INVALID_PARAMETER, message, label);
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
                self.found.push(diagnostic);
            }
        }
    }

    /// A metadata key that no parameter reads.
    fn key(&mut self, key: &str) {
        let kind = self.kind;
        if kind
            .parameter(key)
            .is_some_and(|spec| spec.reads(Source::Metadata) || spec.reads(Source::Variable))
        {
            self.deprecated(key);
            return;
        }
        let base = key.strip_suffix("FromEnv");
        let from_env = base.and_then(|base| kind.parameter(base));
        if from_env.is_some_and(|spec| spec.reads(Source::Env)) {
            return;
        }
        let label = self.place.of_key(key);
        let message = format!("{} reads no parameter {key:?}", kind.name);
        let diagnostic = Diagnostic::new(&catalog::UNKNOWN_PARAMETER, message, label.clone());
        let wanted = from_env.or_else(|| kind.parameter(key));
        // Perhaps the name is right and the place is wrong.
        if let Some(spec) = wanted {
            let help = format!("{} is read from {}", spec.name(), spec.places());
            self.found.push(diagnostic.help(help));
            return;
        }
        let readable: Vec<String> = kind
            .parameters()
            .flat_map(|spec| {
                spec.names.iter().flat_map(|name| {
                    let plain = spec.reads(Source::Metadata).then(|| (*name).to_owned());
                    let env = spec.reads(Source::Env).then(|| format!("{name}FromEnv"));
                    plain.into_iter().chain(env)
                })
            })
            .collect();
        self.found
            .push(match nearest(key, readable.iter().map(String::as_str)) {
                Some((name, distance)) => suggest(diagnostic, label, name, distance),
                None => diagnostic,
            });
    }

    fn deprecated(&mut self, key: &str) {
        let instead = self.kind.parameter(key).and_then(|spec| spec.deprecated);
        if let Some(instead) = instead {
            let label = self.place.of_key(key);
            let message = format!("parameter {key} is deprecated: {instead}");
            self.report(&catalog::DEPRECATED_PARAMETER, message, label);
        }
    }

    /// What only the type itself knows (parameters that exclude each other, schedules, addresses). Asked when all parameters stand in
    /// the metadata and each is right by itself: then a refusal cannot come from something that is unknown here.
    fn semantics(&mut self) {
        let Behaviour::Reads(build) = self.kind.behaviour else {
            return;
        };
        let open = self.trigger.authentication_ref.is_some()
            || self
                .kind
                .parameters()
                .any(|spec| self.variable_of(spec).is_some());
        if open {
            return;
        }
        let sources = Sources {
            metadata: &self.trigger.metadata,
            env: &Environment::default(),
            auth: &std::collections::BTreeMap::new(),
        };
        let Ok(parameters) = resolve(self.kind.parameters(), &sources) else {
            return;
        };
        let context = ScalerContext {
            trigger: self.trigger,
            object: &self.job.name,
            namespace: self.job.namespace.as_deref().unwrap_or("default"),
            pod_identity: None,
            service_account: "default",
            identities: Identities::nobody(),
            cluster: Arc::new(NoCluster),
            http_timeout: Duration::from_secs(3),
            service_proxy: None,
            clients: &HttpClients::default(),
            now: Timestamp::now,
        };
        if let Err(error) = build(&context, &parameters) {
            for problem in error.problems() {
                // Messages name their parameter first: `parameter start: …`.
                let key = problem
                    .strip_prefix("parameter ")
                    .and_then(|rest| rest.split([' ', ':']).next())
                    .unwrap_or_default();
                let label = if problem.starts_with("metricType") {
                    self.place.of_field("metricType")
                } else {
                    self.place.of_value(key)
                };
                self.report(&catalog::INVALID_PARAMETER, problem.clone(), label);
            }
        }
    }
}

/// The nearest of `candidates` and its distance, when it is near enough to be meant.
fn nearest<'n>(text: &str, candidates: impl Iterator<Item = &'n str>) -> Option<(&'n str, usize)> {
    let limit = (text.chars().count() / 3).clamp(1, 3);
    candidates
        .map(|name| {
            // A slip of the shift key is one mistake.
            let distance = if name.eq_ignore_ascii_case(text) {
                1
            } else {
                strsim::damerau_levenshtein(text, name)
            };
            (name, distance)
        })
        .filter(|(name, distance)| *distance > 0 && *distance <= limit && *name != text)
        .min_by_key(|(_, distance)| *distance)
}

/// `did you mean …?`, with a fix where the distance leaves no doubt.
fn suggest(diagnostic: Diagnostic, label: Label, name: &str, distance: usize) -> Diagnostic {
    let diagnostic = diagnostic.help(format!("did you mean {name:?}?"));
    let written = label.source.slice(label.span);
    // Quotes stay as they are written.
    let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''));
    if distance > 2 || label.span == Span::default() {
        return diagnostic;
    }
    let replacement = match quote {
        Some(quote) => format!("{quote}{name}{quote}"),
        None => name.to_owned(),
    };
    diagnostic.fix(Fix {
        description: format!("write {name}"),
        edits: vec![Edit {
            source: label.source,
            span: label.span,
            replacement,
        }],
    })
}

/// Stands in for the cluster where scalers are only built.
struct NoCluster;

#[async_trait]
impl ClusterReader for NoCluster {
    async fn pods(&self, _: &str, _: &str) -> Result<Vec<PodSummary>, ReadError> {
        Err(ReadError::new("no cluster is asked offline"))
    }

    async fn service_endpoints(
        &self,
        _: &str,
        _: &str,
    ) -> Result<Vec<std::net::IpAddr>, ReadError> {
        Err(ReadError::new("no cluster is asked offline"))
    }

    async fn service_account_annotation(
        &self,
        _: &str,
        _: &str,
        _: &str,
    ) -> Result<Option<String>, ReadError> {
        Err(ReadError::new("no cluster is asked offline"))
    }

    async fn service_account_token(
        &self,
        _: &str,
        _: &str,
        _: &str,
    ) -> Result<Secret<String>, ReadError> {
        Err(ReadError::new("no cluster is asked offline"))
    }
}
