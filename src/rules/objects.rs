//! What several objects are to each other. That two have one name is found where they are decoded.

use std::collections::BTreeMap;

use super::place::text;
use crate::api::{Dialect, Resources, ScaledJob, Trigger};
use crate::diagnostic::{Diagnostic, Doc, Label, Rule, Severity, Span};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&MIXED_DIALECTS, &SHARED_NAME, &SHARED_SOURCE];

static MIXED_DIALECTS: Rule = Rule {
    id: "mixed-dialects",
    severity: Severity::Note,
    summary: "the files hold objects of KEDA 1 and of KEDA 2",
    doc: Doc {
        what: "Among the files are ScaledObjects that scale Jobs (`keda.k8s.io`, KEDA 1 or the proposal) and ScaledJobs (`keda.sh`, KEDA 2).",
        why: "KEDA 1 and 2 cannot be installed side by side, so that no cluster runs them all. keda-jobs reads each in its own way.",
        example: "apiVersion: keda.k8s.io/v1alpha1\nkind: ScaledObject\n---\napiVersion: keda.sh/v1alpha1\nkind: ScaledJob",
        fix: "Turn the old objects into ScaledJobs.",
        source: "KEDA documentation, Migration Guide",
    },
};

static SHARED_NAME: Rule = Rule {
    id: "shared-name",
    severity: Severity::Note,
    summary: "a ScaledJob and a ScaledObject have the same name",
    doc: Doc {
        what: "A ScaledJob and a ScaledObject of the same namespace have the same name.",
        why: "Both are allowed. KEDA's metrics name either in the label `scaledObject`, and only their label `type` tells them apart, so that \
              dashboards and alerts add them up.",
        example: "kind: ScaledJob\nmetadata:\n  name: orders\n---\nkind: ScaledObject\nmetadata:\n  name: orders",
        fix: "Give one of them another name.",
        source: "KEDA pkg/metricscollector/prommetrics.go",
    },
};

static SHARED_SOURCE: Rule = Rule {
    id: "shared-source",
    severity: Severity::Warning,
    summary: "two ScaledJobs read the same source",
    doc: Doc {
        what: "Two ScaledJobs of one namespace have a trigger of the same type with the same metadata and the same authentication.",
        why: "Each creates Jobs for all of the work, so that there are twice as many Jobs as items.",
        example: "metadata:\n  name: orders\nspec:\n  triggers:\n    - type: redis\n      metadata:\n        listName: orders\n---\nmetadata:\n  name: orders-large\nspec:\n  triggers:\n    - type: redis\n      metadata:\n        listName: orders",
        fix: "Give each its own source, or put the triggers into one object.",
        source: "KEDA pkg/scaling/scale_handler.go: every object has a loop of its own",
    },
};

pub(super) fn check(resources: &Resources, found: &mut Vec<Diagnostic>) {
    mixed(resources, found);
    shared_name(resources, found);
    shared_source(resources, found);
}

fn at_name(job: &ScaledJob, message: &str) -> Label {
    let root = &job.document.root;
    let span = root
        .get("metadata")
        .and_then(|metadata| metadata.get("name"))
        .or_else(|| root.get("kind"))
        .map_or(Span::default(), |node| node.span);
    job.document.label(span, message)
}

fn mixed(resources: &Resources, found: &mut Vec<Diagnostic>) {
    let jobs = &resources.scaled_jobs;
    let old = jobs.iter().find(|job| job.dialect != Dialect::V2);
    let new = jobs.iter().find(|job| job.dialect == Dialect::V2);
    if let (Some(old), Some(new)) = (old, new) {
        let group = |job: &ScaledJob, message| {
            let version = job.document.root.get("apiVersion");
            job.document
                .label(version.map_or(Span::default(), |node| node.span), message)
        };
        found.push(
            Diagnostic::new(
                &MIXED_DIALECTS,
                "the files hold objects of KEDA 1 and of KEDA 2, which no cluster runs together",
                group(old, "of KEDA 1"),
            )
            .related(group(new, "of KEDA 2")),
        );
    }
}

fn shared_name(resources: &Resources, found: &mut Vec<Diagnostic>) {
    for job in &resources.scaled_jobs {
        let name = match &job.namespace {
            Some(namespace) => format!("ScaledObject {namespace}/{}", job.name),
            None => format!("ScaledObject {}", job.name),
        };
        if resources.left_to_keda.contains(&name) {
            found.push(
                Diagnostic::new(
                    &SHARED_NAME,
                    format!("a ScaledObject is called `{}` too", job.name),
                    at_name(job, "the same name"),
                )
                .help("KEDA's metrics tell the two apart by their label `type` only"),
            );
        }
    }
}

fn shared_source(resources: &Resources, found: &mut Vec<Diagnostic>) {
    type Source<'a> = (
        Option<&'a str>,
        &'a str,
        &'a BTreeMap<String, String>,
        Option<(&'a str, bool)>,
    );
    let mut seen: BTreeMap<Source<'_>, (&ScaledJob, &Trigger)> = BTreeMap::new();
    for job in &resources.scaled_jobs {
        for trigger in &job.triggers {
            // A window is no source of work, and a variable may hold something else in each object.
            let is_its_own = trigger.metadata.is_empty()
                || trigger.kind == "cron"
                || trigger.metadata.keys().any(|key| key.ends_with("FromEnv"));
            if is_its_own {
                continue;
            }
            let authentication = trigger
                .authentication_ref
                .as_ref()
                .map(|reference| (reference.name.as_str(), reference.cluster));
            let source = (
                job.namespace.as_deref(),
                trigger.kind.as_str(),
                &trigger.metadata,
                authentication,
            );
            let Some((first, first_trigger)) = seen.get(&source) else {
                seen.insert(source, (job, trigger));
                continue;
            };
            // Twice in one object, or two descriptions of one object: other findings.
            if first.name == job.name {
                continue;
            }
            found.push(
                Diagnostic::new(
                    &SHARED_SOURCE,
                    format!(
                        "`{}` and `{}` read the same {} source, and each creates Jobs for all of its work",
                        first.name, job.name, trigger.kind
                    ),
                    at_trigger(job, trigger, "read here too"),
                )
                .related(at_trigger(first, first_trigger, "read here"))
                .help("give each its own source, or put the triggers into one object"),
            );
        }
    }
}

fn at_trigger(job: &ScaledJob, trigger: &Trigger, message: &str) -> Label {
    let node = job
        .document
        .root
        .get("spec")
        .and_then(|spec| spec.get("triggers"))
        .and_then(|triggers| triggers.items().get(trigger.index));
    let span = node
        .filter(|node| text(node, "type").is_some())
        .and_then(|node| node.get("type"))
        .or(node)
        .map_or(Span::default(), |node| node.span);
    job.document.label(span, message)
}
