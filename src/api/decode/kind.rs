//! What kind an object is, by its group, its version and its fields.

use std::sync::Arc;

use super::{Decoder, anchor, field_label};
use crate::api::Dialect;
use crate::api::shape::{self, Shape};
use crate::diagnostic::{Diagnostic, Edit, Fix, Span, catalog, suggest};
use crate::manifest::{Document, Node, Value};

/// Group of KEDA 2.
const KEDA: &str = "keda.sh";
/// Group of KEDA 1 and of the proposal.
pub(super) const KEDA_1: &str = "keda.k8s.io";
/// The one version that either group ever had.
const VERSION: &str = "v1alpha1";

/// The kinds that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ScaledJob(Dialect),
    TriggerAuthentication,
    ClusterTriggerAuthentication,
    Secret,
    ConfigMap,
}

impl Kind {
    pub(super) fn shape(self) -> &'static Shape {
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
    pub(super) fn name(self) -> &'static str {
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
    /// What kind an object is; other kinds are counted, wrong versions and refused dialects reported. [semantics §1.1]
    pub(super) fn recognize(
        &mut self,
        document: &Document,
        api_version: &str,
        kind: &str,
    ) -> Option<Kind> {
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
}
