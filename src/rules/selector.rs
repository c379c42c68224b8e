//! A Job that the API server refuses, or that takes the pods of others: selectors and reserved labels. [semantics §7.1]

use super::Subject;
use super::place::field;
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&JOB_SELECTOR, &RESERVED_LABEL];

static JOB_SELECTOR: Rule = Rule {
    id: "job-selector",
    severity: Severity::Error,
    summary: "the Job chooses its pods by a selector of its own",
    doc: Doc {
        what: "`jobTargetRef` has a `selector`, or `manualSelector: true`.",
        why: "Without `manualSelector` the API server refuses a selector that it did not make itself. With it, all Jobs of the object select \
              the same pods: each counts and removes those of the others.",
        example: "jobTargetRef:\n  manualSelector: true\n  selector:\n    matchLabels:\n      app: worker",
        fix: "Remove `selector` and `manualSelector`; every Job then gets a selector of its own.",
        source: "Kubernetes pkg/apis/batch/validation, validateGeneratedSelector",
    },
};

static RESERVED_LABEL: Rule = Rule {
    id: "reserved-label",
    severity: Severity::Error,
    summary: "the pod template has a label that the API server sets for each Job",
    doc: Doc {
        what: "The pod template has a label `job-name` or `controller-uid`, with or without `batch.kubernetes.io/` before it.",
        why: "The API server sets these labels to the name and the uid of each Job and refuses a Job that brings others.",
        example: "template:\n  metadata:\n    labels:\n      job-name: orders",
        fix: "Remove the label, or give it another name.",
        source: "Kubernetes pkg/apis/batch/validation, validateGeneratedSelector",
    },
};

/// Labels of a Job's pods that name their Job.
const OF_JOB: [&str; 4] = [
    "controller-uid",
    "job-name",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-name",
];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(job) = subject.job_spec() else {
        return;
    };
    let manual = field(&job.value, "manualSelector");
    let is_manual = manual.is_some_and(|manual| manual.value.as_bool() == Some(true));
    let selector = field(&job.value, "selector");
    match (selector, manual.filter(|_| is_manual)) {
        (Some(selector), None) => found.push(
            subject
                .finding(
                    &JOB_SELECTOR,
                    "a Job cannot bring its own `selector`",
                    selector.key_span,
                    "the API server refuses every Job",
                )
                .help("remove it: every Job gets a selector of its own"),
        ),
        (selector, Some(manual)) => {
            let mut diagnostic = subject
                .finding(
                    &JOB_SELECTOR,
                    "with `manualSelector` all Jobs of this object select the same pods",
                    manual.key_span,
                    "each Job counts and removes the pods of the others",
                )
                .help("remove `manualSelector` and `selector`");
            if let Some(selector) = selector {
                diagnostic =
                    diagnostic.related(subject.at(selector.key_span, "the same for every Job"));
            }
            found.push(diagnostic);
        }
        (None, None) => {}
    }
    let labels = subject.template_metadata("labels");
    if is_manual {
        return;
    }
    for entry in labels
        .map(|labels| labels.value.entries())
        .unwrap_or_default()
    {
        if OF_JOB.contains(&entry.key.as_str()) {
            found.push(
                subject
                    .finding(
                        &RESERVED_LABEL,
                        format!("the API server sets the label `{}` itself", entry.key),
                        entry.key_span,
                        "it refuses every Job that brings another value",
                    )
                    .help("remove it, or give the label another name"),
            );
        }
    }
}
