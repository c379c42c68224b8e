//! Labels and annotations of the object that mean something to KEDA, or seem to. [semantics §1.4, §3.2]

use super::Subject;
use crate::api::Dialect;
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity, Span, suggest};
use crate::manifest::Entry;

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &ANNOTATION_WITHOUT_EFFECT,
    &EXCLUDED_LABELS,
    &PAUSED_VALUE,
    &TRACKING_KEY,
];

static ANNOTATION_WITHOUT_EFFECT: Rule = Rule {
    id: "annotation-without-effect",
    severity: Severity::Warning,
    summary: "an annotation of KEDA that a ScaledJob does not read",
    doc: Doc {
        what: "An annotation below `autoscaling.keda.sh/`, `scaledjob.keda.sh/` or `scaledobject.keda.sh/` is not `autoscaling.keda.sh/paused` or \
               `scaledjob.keda.sh/job-excluded-labels`; among them `paused-replicas`, `paused-scale-in`, `paused-scale-out` and `force-activation` of a \
               ScaledObject.",
        why: "Nothing reads it: an object that was to be paused goes on.",
        example: "metadata:\n  annotations:\n    autoscaling.keda.sh/paused-replicas: \"0\"",
        fix: "Use `autoscaling.keda.sh/paused: \"true\"`, which also stops the cleanup of finished Jobs.",
        source: "KEDA controllers/keda/scaledjob_controller.go, checkIfPaused",
    },
};

static EXCLUDED_LABELS: Rule = Rule {
    id: "excluded-labels",
    severity: Severity::Warning,
    summary: "an entry of job-excluded-labels that excludes nothing",
    doc: Doc {
        what: "The annotation `scaledjob.keda.sh/job-excluded-labels` is a list of label keys between commas. An entry has spaces around it, is one \
               of KEDA's own labels, or is no label of the object.",
        why: "KEDA compares the text between two commas as it is, so that ` team` does not mean `team`; its own labels cannot be excluded.",
        example: "metadata:\n  labels:\n    team: shop\n  annotations:\n    scaledjob.keda.sh/job-excluded-labels: \"app, team\"",
        fix: "Write the keys of the object's labels with a comma and nothing else between them.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, generateJobs",
    },
};

static PAUSED_VALUE: Rule = Rule {
    id: "paused-value",
    severity: Severity::Warning,
    summary: "the paused annotation is neither true nor false, and means paused",
    doc: Doc {
        what: "`autoscaling.keda.sh/paused` is read as Go reads booleans: 1, t, T, true, True, TRUE, 0, f, F, false, False, FALSE. This is another \
               text, perhaps the empty one.",
        why: "Every other text means paused: `no` and `off` pause the object too. No Job is created or cleaned up.",
        example: "metadata:\n  annotations:\n    autoscaling.keda.sh/paused: \"no\"",
        fix: "Write \"true\" or \"false\", or remove the annotation.",
        source: "KEDA apis/keda/v1alpha1, NeedToBePausedByAnnotation (2.13 and later)",
    },
};

static TRACKING_KEY: Rule = Rule {
    id: "tracking-key",
    severity: Severity::Error,
    summary: "a label or annotation that replaces the one by which Jobs are tracked",
    doc: Doc {
        what: "The object has the label `scaledjob.keda.sh/name` with another value than its name, the annotation \
               `scaledjob.keda.sh/generation`, or a key below `keda-jobs/`.",
        why: "KEDA copies labels and annotations to every Job, over its own. With another name the Jobs are never counted and never cleaned up, \
              so that each poll creates a full set again. With another generation every reconcile deletes all Jobs of the object. Keys below \
              `keda-jobs/` belong to this program, which does not copy them.",
        example: "metadata:\n  name: orders\n  labels:\n    scaledjob.keda.sh/name: shop",
        fix: "Remove it.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, generateJobs; controllers/keda/scaledjob_controller.go, deletePreviousVersionScaleJobs",
    },
};

const NAME: &str = "scaledjob.keda.sh/name";
const GENERATION: &str = "scaledjob.keda.sh/generation";
const EXCLUDED: &str = "scaledjob.keda.sh/job-excluded-labels";
const PAUSED: &str = "autoscaling.keda.sh/paused";
/// Below it stand the marks of this program.
const OURS: &str = "keda-jobs/";
/// Labels that KEDA puts on Jobs whatever is excluded.
const OF_KEDA: [&str; 5] = [
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/name",
    "app.kubernetes.io/part-of",
    "app.kubernetes.io/version",
    NAME,
];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    if subject.job.dialect != Dialect::V2 {
        return;
    }
    let entries = |name| {
        subject
            .metadata_field(name)
            .map(|entry| entry.value.entries())
            .unwrap_or_default()
    };
    let labels = entries("labels");
    for label in labels {
        tracking_label(subject, label, found);
    }
    for annotation in entries("annotations") {
        let Some(value) = annotation.value.as_str() else {
            continue;
        };
        match annotation.key.as_str() {
            PAUSED => paused(subject, annotation, value, found),
            EXCLUDED => excluded(subject, annotation, value, labels, found),
            GENERATION => found.push(
                subject
                    .finding(
                        &TRACKING_KEY,
                        "this annotation replaces the generation that KEDA writes on Jobs",
                        annotation.key_span,
                        "every reconcile deletes all Jobs of the object",
                    )
                    .help("remove it"),
            ),
            key if key.starts_with(OURS) => ours(subject, annotation, found),
            key => without_effect(subject, annotation, key, found),
        }
    }
}

fn tracking_label(subject: &Subject<'_>, label: &Entry, found: &mut Vec<Diagnostic>) {
    if label.key.starts_with(OURS) {
        ours(subject, label, found);
    }
    if label.key == NAME
        && label
            .value
            .as_str()
            .is_some_and(|value| value != subject.job.name)
    {
        found.push(
            subject
                .finding(
                    &TRACKING_KEY,
                    "this label replaces the one by which KEDA finds the Jobs of the object",
                    label.key_span,
                    "Jobs are never counted, and each poll creates them again",
                )
                .help("remove it"),
        );
    }
}

fn ours(subject: &Subject<'_>, entry: &Entry, found: &mut Vec<Diagnostic>) {
    let mut diagnostic = subject
        .finding(
            &TRACKING_KEY,
            format!("keys below `{OURS}` are marks of keda-jobs on its Jobs"),
            entry.key_span,
            "not copied to Jobs",
        )
        .help("give it another name");
    diagnostic.severity = Severity::Warning;
    found.push(diagnostic);
}

fn paused(subject: &Subject<'_>, entry: &Entry, value: &str, found: &mut Vec<Diagnostic>) {
    let is_boolean = matches!(
        value,
        "1" | "t" | "T" | "TRUE" | "true" | "True" | "0" | "f" | "F" | "FALSE" | "false" | "False"
    );
    if !is_boolean {
        found.push(
            subject
                .finding(
                    &PAUSED_VALUE,
                    format!("{value:?} is neither true nor false, and means paused"),
                    entry.value.span,
                    "no Job is created or cleaned up",
                )
                .help("write \"true\" or \"false\", or remove the annotation"),
        );
    }
}

fn excluded(
    subject: &Subject<'_>,
    entry: &Entry,
    value: &str,
    labels: &[Entry],
    found: &mut Vec<Diagnostic>,
) {
    // The text as it is written, where no escapes stand in it.
    let written = subject.job.document.source.slice(entry.value.span);
    let mut start = written.find(value).map(|at| entry.value.span.start + at);
    for part in value.split(',') {
        let span = start.map_or(entry.value.span, |start| Span {
            start,
            end: start + part.len(),
        });
        start = start.map(|start| start + part.len() + 1);
        let (message, help) = if part.trim() != part {
            (
                format!("{part:?} has spaces around it, which KEDA does not take off"),
                "write a comma and nothing else between two keys",
            )
        } else if OF_KEDA.contains(&part) {
            (
                format!("`{part}` is a label of KEDA itself, which cannot be excluded"),
                "remove it from the list",
            )
        } else if !labels.iter().any(|label| label.key == part) {
            (
                format!("the object has no label {part:?}"),
                "name keys of the object's own labels",
            )
        } else {
            continue;
        };
        found.push(
            subject
                .finding(&EXCLUDED_LABELS, message, span, "excludes nothing")
                .help(help),
        );
    }
}

fn without_effect(subject: &Subject<'_>, entry: &Entry, key: &str, found: &mut Vec<Diagnostic>) {
    let is_kedas = [
        "autoscaling.keda.sh/",
        "scaledjob.keda.sh/",
        "scaledobject.keda.sh/",
    ]
    .iter()
    .any(|prefix| key.starts_with(prefix));
    if !is_kedas {
        return;
    }
    let is_of_scaled_object = matches!(
        key,
        "autoscaling.keda.sh/paused-replicas"
            | "autoscaling.keda.sh/paused-scale-in"
            | "autoscaling.keda.sh/paused-scale-out"
            | "autoscaling.keda.sh/force-activation"
    ) || key.starts_with("scaledobject.");
    let diagnostic = subject.finding(
        &ANNOTATION_WITHOUT_EFFECT,
        if is_of_scaled_object {
            format!("`{key}` means something on a ScaledObject only")
        } else {
            format!("KEDA knows no annotation `{key}`")
        },
        entry.key_span,
        "has no effect",
    );
    let near = suggest(key, [PAUSED, EXCLUDED]).filter(|near| near.is_sure && !is_of_scaled_object);
    found.push(match near {
        Some(near) => diagnostic.fix(subject.replace(entry.key_span, near.word)),
        None => diagnostic.help("`autoscaling.keda.sh/paused: \"true\"` pauses a ScaledJob"),
    });
}
