//! Documents become resources. A dialect is turned into a [`ScaledJob`] here and nowhere else.

mod data;
mod faults;
mod identity;
mod older;
mod scaled_job;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::faults::Faults;
use self::identity::{Identity, identity};
use super::shape::{self, Checker, Shape};
use super::{DataObject, Dialect, KedaVersion, Resources, ScaledJob, TriggerAuthentication};
use crate::diagnostic::{
    Diagnostic, Edit, Fix, Label, Severity, SourceFile, Span, catalog, suggest,
};
use crate::manifest::{Document, Node, Value};

/// Group of KEDA 2.
const KEDA: &str = "keda.sh";
/// Group of KEDA 1 and of the proposal.
const KEDA_1: &str = "keda.k8s.io";
/// The one version that either group ever had.
const VERSION: &str = "v1alpha1";

/// Turns documents into resources and finds what is wrong with them: fields, types, ranges, names. `findings` is what reading
/// the documents has found already; ranges and words are those of `version`.
///
/// An object with an error of its own, in `findings` or found here, is left out of the resources; the others are not touched by it. Trigger
/// parameters are not looked at: see `scalers::check`.
pub fn decode(
    documents: &[Arc<Document>],
    findings: &[Diagnostic],
    version: KedaVersion,
) -> (Resources, Vec<Diagnostic>) {
    let mut decoder = Decoder {
        resources: Resources::default(),
        diagnostics: Vec::new(),
        faults: Faults::of(findings),
        masked: data::Masked::of_all(documents),
        names: BTreeMap::new(),
        version,
    };
    for document in documents {
        decoder.object(document, true);
    }
    (decoder.resources, decoder.diagnostics)
}

struct Decoder {
    resources: Resources,
    diagnostics: Vec<Diagnostic>,
    faults: Faults,
    masked: data::Masked,
    /// Where each object was first described: kind, namespace, name.
    names: BTreeMap<(&'static str, Option<String>, String), Label>,
    /// The version of KEDA aimed at.
    version: KedaVersion,
}

/// The kinds that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    ScaledJob(Dialect),
    TriggerAuthentication,
    ClusterTriggerAuthentication,
    Secret,
    ConfigMap,
}

impl Kind {
    fn shape(self) -> &'static Shape {
        match self {
            Self::ScaledJob(Dialect::V2) => &shape::SCALED_JOB,
            Self::ScaledJob(Dialect::V1) => &shape::V1,
            Self::ScaledJob(Dialect::Proposal) => &shape::PROPOSAL,
            Self::TriggerAuthentication => &shape::TRIGGER_AUTHENTICATION,
            Self::ClusterTriggerAuthentication => &shape::CLUSTER_TRIGGER_AUTHENTICATION,
            Self::Secret => &shape::SECRET,
            Self::ConfigMap => &shape::CONFIG_MAP,
        }
    }

    /// What people call it; also what tells two objects of one name apart.
    fn name(self) -> &'static str {
        match self {
            Self::ScaledJob(_) => "ScaledJob",
            Self::TriggerAuthentication => "TriggerAuthentication",
            Self::ClusterTriggerAuthentication => "ClusterTriggerAuthentication",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }
}

impl Decoder {
    fn object(&mut self, document: &Arc<Document>, unpack: bool) {
        let root = &document.root;
        if !matches!(root.value, Value::Mapping(_)) {
            self.diagnostics.push(Diagnostic::new(
                &catalog::WRONG_TYPE,
                format!("this document is {}", root.value.describe()),
                document.label(
                    first_line(document, root.span),
                    "expected an object with apiVersion and kind",
                ),
            ));
            return;
        }
        let is_absent = |field: &str| root.get(field).is_none_or(|node| node.value == Value::Null);
        if is_absent("apiVersion") && is_absent("kind") {
            self.not_an_object(document, "`apiVersion` and `kind` are missing");
            return;
        }
        let api_version = self.text_field(document, "apiVersion");
        let kind = self.text_field(document, "kind");
        let (Some(api_version), Some(kind)) = (api_version, kind) else {
            return;
        };
        if unpack && kind.ends_with("List") && root.get("items").is_some() {
            self.list(document);
            return;
        }
        let Some(known) = self.recognize(document, &api_version, &kind) else {
            return;
        };
        self.resource(document, known);
    }

    /// `kind: List`, as `kubectl get -o yaml` writes it.
    fn list(&mut self, document: &Arc<Document>) {
        let Some(items) = document.root.get("items") else {
            return;
        };
        if !matches!(items.value, Value::Sequence(_) | Value::Null) {
            self.diagnostics.push(Diagnostic::new(
                &catalog::WRONG_TYPE,
                format!("`items` is {}", items.value.describe()),
                document.label(first_line(document, items.span), "expected a list"),
            ));
        }
        for item in items.items() {
            let document = Arc::new(Document {
                source: Arc::clone(&document.source),
                index: document.index,
                root: item.clone(),
            });
            self.object(&document, false);
        }
    }

    /// The text of a field that decides what the object is, or a finding.
    fn text_field(&mut self, document: &Document, field: &str) -> Option<String> {
        let root = &document.root;
        let node = root.get(field).filter(|node| node.value != Value::Null);
        match node {
            Some(node) => {
                if let Some(text) = node.as_str().filter(|text| !text.is_empty()) {
                    return Some(text.to_owned());
                }
                self.diagnostics.push(Diagnostic::new(
                    &catalog::WRONG_TYPE,
                    format!("`{field}` is {}", shape::describe(&document.source, node)),
                    document.label(first_line(document, node.span), "expected a string"),
                ));
            }
            None => self.not_an_object(document, &format!("`{field}` is missing")),
        }
        None
    }

    fn not_an_object(&mut self, document: &Document, message: &str) {
        self.diagnostics.push(
            Diagnostic::new(
                &catalog::MISSING_FIELD,
                message,
                document.label(anchor(document), "this is no Kubernetes object"),
            )
            .help("every object has `apiVersion`, `kind` and `metadata.name`"),
        );
    }

    /// What kind an object is; other kinds are counted, wrong versions and refused dialects reported. [semantics §1.1]
    fn recognize(&mut self, document: &Document, api_version: &str, kind: &str) -> Option<Kind> {
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let known = match (group, kind) {
            (KEDA, "ScaledJob") => Some(Kind::ScaledJob(Dialect::V2)),
            (KEDA, "ScaledObject") => None,
            (KEDA_1, "ScaledObject") => {
                if version != VERSION {
                    self.wrong_version(document, group, kind);
                    return None;
                }
                return self.recognize_v1(document);
            }
            (KEDA | KEDA_1, "TriggerAuthentication") => Some(Kind::TriggerAuthentication),
            (KEDA, "ClusterTriggerAuthentication") => Some(Kind::ClusterTriggerAuthentication),
            ("", "Secret") => Some(Kind::Secret),
            ("", "ConfigMap") => Some(Kind::ConfigMap),
            (KEDA_1, "ScaledJob" | "ClusterTriggerAuthentication") => {
                self.diagnostics.push(
                    Diagnostic::new(
                        &catalog::UNSUPPORTED_DIALECT,
                        format!("{kind} does not exist in {KEDA_1}"),
                        field_label(document, "apiVersion", "the group of KEDA 1"),
                    )
                    .help(format!("write `apiVersion: {KEDA}/{VERSION}`")),
                );
                return None;
            }
            _ => {
                if matches!(group, KEDA | KEDA_1) && self.near_kind(document, kind) {
                    return None;
                }
                *self.resources.skipped.entry(kind.to_owned()).or_default() += 1;
                return None;
            }
        };
        let wanted = if group.is_empty() { "v1" } else { VERSION };
        if version != wanted {
            self.wrong_version(document, group, kind);
            return None;
        }
        if known.is_none() {
            self.scaled_object_of_v2(document);
        }
        known
    }

    fn wrong_version(&mut self, document: &Document, group: &str, kind: &str) {
        let wanted = if group.is_empty() {
            "v1".to_owned()
        } else {
            format!("{group}/{VERSION}")
        };
        self.diagnostics.push(
            Diagnostic::new(
                &catalog::UNSUPPORTED_DIALECT,
                format!("{kind} has no such version"),
                field_label(document, "apiVersion", "unknown version"),
            )
            .help(format!("write `apiVersion: {wanted}`")),
        );
    }

    /// A kind of KEDA's own group that it does not have is a slip, not another kind. Says whether it is one.
    fn near_kind(&mut self, document: &Document, kind: &str) -> bool {
        let kinds = [
            "ScaledJob",
            "ScaledObject",
            "TriggerAuthentication",
            "ClusterTriggerAuthentication",
        ];
        let Some(suggestion) = suggest(kind, kinds) else {
            return false;
        };
        let label = field_label(document, "kind", "unknown kind");
        let span = label.span;
        let mut diagnostic = Diagnostic::new(
            &catalog::UNSUPPORTED_DIALECT,
            "KEDA has no such kind",
            label,
        );
        let question = format!("did you mean `{}`?", suggestion.word);
        if suggestion.is_sure && document.source.slice(span) == kind {
            diagnostic.fix = Some(Fix {
                description: question,
                edits: vec![Edit {
                    source: Arc::clone(&document.source),
                    span,
                    replacement: suggestion.word.to_owned(),
                }],
            });
        } else {
            diagnostic = diagnostic.help(question);
        }
        self.diagnostics.push(diagnostic);
        true
    }

    fn recognize_v1(&mut self, document: &Document) -> Option<Kind> {
        let spec = document.root.get("spec");
        let entry = |field: &str| {
            spec.and_then(|spec| spec.entry(field))
                .filter(|entry| entry.value.value != Value::Null)
        };
        let scale_type = entry("scaleType").and_then(|entry| entry.value.as_str());
        let job = entry("jobTargetRef");
        let deployment = entry("scaleTargetRef");
        if entry("consumerSpec").is_some() {
            if scale_type == Some("deployment") {
                let span = entry("scaleType").map_or(Span::default(), |entry| entry.value.span);
                self.diagnostics.push(
                    Diagnostic::new(
                        &catalog::UNSUPPORTED_DIALECT,
                        "a ScaledObject with `consumerSpec` says that it scales a Deployment",
                        document.label(span, "says deployment"),
                    )
                    .help("write `scaleType: job`, or name the Deployment in `scaleTargetRef` and remove `consumerSpec`"),
                );
                return None;
            }
            return Some(Kind::ScaledJob(Dialect::Proposal));
        }
        match (job, deployment) {
            (Some(job), Some(deployment)) => {
                self.diagnostics.push(
                    Diagnostic::new(
                        &catalog::UNSUPPORTED_DIALECT,
                        "a ScaledObject names a Job and a Deployment",
                        document.label(job.key_span, "the Job"),
                    )
                    .related(document.label(deployment.key_span, "the Deployment"))
                    .help("KEDA 1 refuses this too; remove one of the two"),
                );
                None
            }
            (Some(_), None) => Some(Kind::ScaledJob(Dialect::V1)),
            (None, Some(_)) => {
                self.left_to_keda(document);
                None
            }
            (None, None) if scale_type == Some("job") => Some(Kind::ScaledJob(Dialect::Proposal)),
            (None, None) if scale_type == Some("deployment") => {
                self.left_to_keda(document);
                None
            }
            (None, None) => {
                self.diagnostics.push(
                    Diagnostic::new(
                        &catalog::MISSING_FIELD,
                        "this ScaledObject names nothing to scale",
                        document.label(anchor(document), "needs `spec.jobTargetRef`"),
                    )
                    .help(
                        "KEDA 2 writes this as `apiVersion: keda.sh/v1alpha1`, `kind: ScaledJob`",
                    ),
                );
                None
            }
        }
    }

    /// KEDA 2 scales Jobs by its own kind only; what is written for Jobs into its other kind is dropped. [semantics §1.1]
    fn scaled_object_of_v2(&mut self, document: &Document) {
        let spec = document.root.get("spec");
        let job = ["jobTargetRef", "consumerSpec"]
            .into_iter()
            .find_map(|field| spec?.entry(field));
        let Some(job) = job else {
            let target = spec.and_then(|spec| spec.get("scaleTargetRef")?.get("kind"));
            match target.and_then(Node::as_str).zip(target) {
                Some((kind @ ("Job" | "CronJob"), node)) => {
                    self.job_as_target(document, kind, node.span);
                }
                _ => self.left_to_keda(document),
            }
            return;
        };
        let kind = field_label(document, "kind", "a ScaledObject of KEDA 2 scales no Jobs");
        self.diagnostics.push(
            Diagnostic::new(
                &catalog::UNSUPPORTED_DIALECT,
                format!("the API server drops `{}` from this object", job.key),
                kind,
            )
            .related(document.label(job.key_span, "dropped"))
            .help("write `kind: ScaledJob`"),
        );
    }

    /// A ScaledObject sets the number of replicas, which a Job has not. [KEDA `pkg/scaling/resolver`, the scale subresource]
    fn job_as_target(&mut self, document: &Document, kind: &str, span: Span) {
        self.diagnostics.push(
            Diagnostic::new(
                &catalog::UNSUPPORTED_DIALECT,
                format!("a ScaledObject cannot scale a {kind}"),
                document.label(span, "has no replicas to set"),
            )
            .help("a ScaledJob starts Jobs: write `kind: ScaledJob`, and the Job's spec under `spec.jobTargetRef`"),
        );
    }

    fn left_to_keda(&mut self, document: &Document) {
        let metadata = document.root.get("metadata");
        let text = |field: &str| {
            metadata
                .and_then(|metadata| metadata.get(field))
                .and_then(Node::as_str)
        };
        let name = text("name").unwrap_or("without a name");
        let name = match text("namespace") {
            Some(namespace) => format!("ScaledObject {namespace}/{name}"),
            None => format!("ScaledObject {name}"),
        };
        self.diagnostics.push(
            Diagnostic::new(
                &catalog::NOT_A_JOB,
                format!("{name} scales a Deployment or another resource, not Jobs"),
                field_label(document, "kind", "left to KEDA"),
            )
            .help("a ScaledJob (`apiVersion: keda.sh/v1alpha1`) starts Jobs"),
        );
        self.resources.left_to_keda.push(name);
    }

    /// Checks one object and takes it when nothing is wrong with it.
    fn resource(&mut self, document: &Arc<Document>, kind: Kind) {
        let is_secret = kind == Kind::Secret;
        let shown = if is_secret {
            self.masked.of(document)
        } else {
            Arc::clone(&document.source)
        };
        let anchor = anchor(document);
        let checker = Checker::new(&shown, is_secret, self.version);
        let mut found = checker.check(&document.root, kind.shape(), anchor);
        let identity = identity(document, &shown, kind, &mut found);
        let is_named = identity.is_some();
        if let Some(identity) = &identity {
            self.duplicate(kind, identity, &shown, &mut found);
        }
        // An object without a name is decoded too, for what else can be found in it.
        let identity = identity.unwrap_or(Identity {
            name: String::new(),
            namespace: None,
            span: anchor,
        });
        let decoded = decode_as(kind, document, &shown, identity, &mut found);
        let is_sound = found
            .iter()
            .all(|finding| finding.severity != Severity::Error);
        if is_named && is_sound && !self.faults.any_in(document) {
            match decoded {
                Decoded::ScaledJob(job) => self.resources.scaled_jobs.push(*job),
                Decoded::Authentication(it) => self.resources.authentications.push(*it),
                Decoded::Secret(secret) => self.resources.secrets.push(secret),
                Decoded::ConfigMap(map) => self.resources.config_maps.push(map),
            }
        } else {
            match decoded {
                Decoded::ScaledJob(job) => self.resources.defective_jobs.push(*job),
                Decoded::Authentication(it) => self.resources.defective_authentications.push(*it),
                Decoded::Secret(_) | Decoded::ConfigMap(_) => {}
            }
        }
        self.diagnostics.append(&mut found);
    }

    fn duplicate(
        &mut self,
        kind: Kind,
        identity: &Identity,
        shown: &Arc<SourceFile>,
        found: &mut Vec<Diagnostic>,
    ) {
        let key = (
            kind.name(),
            identity.namespace.clone(),
            identity.name.clone(),
        );
        let label = Label::new(shown, identity.span, "again");
        if let Some(first) = self.names.get(&key) {
            let mut first = first.clone();
            "first".clone_into(&mut first.message);
            found.push(
                Diagnostic::new(
                    &catalog::DUPLICATE_OBJECT,
                    format!("{} `{}` is described twice", kind.name(), identity.name),
                    label,
                )
                .related(first)
                .help("rename one of the two, or put them in different namespaces"),
            );
        } else {
            self.names.insert(key, label);
        }
    }
}

/// One decoded object.
enum Decoded {
    ScaledJob(Box<ScaledJob>),
    Authentication(Box<TriggerAuthentication>),
    Secret(DataObject),
    ConfigMap(DataObject),
}

fn decode_as(
    kind: Kind,
    document: &Arc<Document>,
    shown: &Arc<SourceFile>,
    identity: Identity,
    found: &mut Vec<Diagnostic>,
) -> Decoded {
    match kind {
        Kind::ScaledJob(dialect) => Decoded::ScaledJob(Box::new(match dialect {
            Dialect::V2 => scaled_job::decode(document, identity, found),
            Dialect::V1 => older::decode_v1(document, identity, found),
            Dialect::Proposal => older::decode_proposal(document, identity, found),
        })),
        Kind::TriggerAuthentication => Decoded::Authentication(Box::new(data::authentication(
            document, identity, false, found,
        ))),
        Kind::ClusterTriggerAuthentication => Decoded::Authentication(Box::new(
            data::authentication(document, identity, true, found),
        )),
        Kind::Secret => Decoded::Secret(data::secret(document, shown, identity, found)),
        Kind::ConfigMap => Decoded::ConfigMap(data::config_map(document, identity)),
    }
}

/// Where something is shown that the whole object lacks: its kind, or its first key.
fn anchor(document: &Document) -> Span {
    let root = &document.root;
    match (root.get("kind"), root.entries().first()) {
        (Some(kind), _) if kind.value != Value::Null => first_line(document, kind.span),
        (_, Some(entry)) => entry.key_span,
        (_, None) => first_line(document, root.span),
    }
}

/// The part of a span that stands on its first line.
fn first_line(document: &Document, span: Span) -> Span {
    let text = document.source.slice(span);
    let end = text.find('\n').unwrap_or(text.len());
    Span {
        start: span.start,
        end: span.start + text[..end].trim_end().len(),
    }
}

/// A label at the value of a field of the root.
fn field_label(document: &Document, field: &str, message: &str) -> Label {
    let span = document
        .root
        .get(field)
        .map_or_else(|| anchor(document), |node| first_line(document, node.span));
    document.label(span, message)
}

#[cfg(test)]
mod tests;
