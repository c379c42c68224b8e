//! Labels and annotations that the API server refuses, on the object or on the Jobs that are made from it. [semantics §7.1]

use super::Subject;
use super::place::field;
use crate::api::names::{is_label_value, is_qualified_name};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity};
use crate::manifest::{Entry, Node};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&INVALID_KEY, &INVALID_LABEL];

static INVALID_KEY: Rule = Rule {
    id: "invalid-key",
    severity: Severity::Error,
    summary: "the key of a label or annotation is not allowed",
    doc: Doc {
        what: "A key of `labels`, `annotations` or `nodeSelector` is no qualified name: an optional DNS subdomain with `/`, then at most 63 letters, \
               digits, `-`, `_` and `.` with a letter or digit at both ends.",
        why: "The API server refuses the object, or every Job that is made from it.",
        example: "metadata:\n  labels:\n    team/shop/eu: orders",
        fix: "Write a key such as `example.com/team`.",
        source: "Kubernetes apimachinery, ValidateLabels and ValidateAnnotations",
    },
};

static INVALID_LABEL: Rule = Rule {
    id: "invalid-label",
    severity: Severity::Error,
    summary: "the value of a label is not allowed",
    doc: Doc {
        what: "The value of a label (or of a `nodeSelector`) is longer than 63 characters, has other characters than letters, digits, `-`, `_` and \
               `.`, or has none of letters and digits at an end. Labels of a ScaledJob are copied to every Job.",
        why: "The API server refuses the object, or every Job that is made from it.",
        example: "metadata:\n  labels:\n    owner: Jane Doe <jane@example.com>",
        fix: "Shorten it to a word, or make it an annotation, which takes any text.",
        source: "Kubernetes apimachinery, ValidateLabels",
    },
};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    labels(subject, subject.metadata_field("labels"), found);
    annotations(subject, subject.metadata_field("annotations"), found);
    labels(subject, subject.template_metadata("labels"), found);
    annotations(subject, subject.template_metadata("annotations"), found);
    if let Some(pod) = subject.pod() {
        labels(subject, field(&pod.value, "nodeSelector"), found);
    }
}

fn labels(subject: &Subject<'_>, labels: Option<&Entry>, found: &mut Vec<Diagnostic>) {
    for entry in labels
        .map(|labels| labels.value.entries())
        .unwrap_or_default()
    {
        key(subject, &entry.key, entry, found);
        let value = entry.value.as_str().filter(|text| !is_label_value(text));
        if let Some(value) = value {
            let label = if value.chars().count() > crate::api::names::MOST {
                format!(
                    "it has {} characters, and 63 is the most",
                    value.chars().count()
                )
            } else {
                "expected letters, digits, `-`, `_` and `.`, a letter or digit at both ends"
                    .to_owned()
            };
            found.push(
                subject
                    .finding(
                        &INVALID_LABEL,
                        format!("the label `{}` cannot have this value", entry.key),
                        entry.value.span,
                        label,
                    )
                    .help("an annotation takes any text"),
            );
        }
    }
}

fn annotations(subject: &Subject<'_>, annotations: Option<&Entry>, found: &mut Vec<Diagnostic>) {
    let entries: &[_] = annotations
        .map(|annotations| Node::entries(&annotations.value))
        .unwrap_or_default();
    for entry in entries {
        // The case of an annotation's key is not looked at.
        key(subject, &entry.key.to_lowercase(), entry, found);
    }
}

fn key(subject: &Subject<'_>, key: &str, entry: &Entry, found: &mut Vec<Diagnostic>) {
    if !is_qualified_name(key) {
        found.push(subject.finding(
            &INVALID_KEY,
            format!("{:?} cannot be the key of a label or annotation", entry.key),
            entry.key_span,
            "expected a name such as `team` or `example.com/team`",
        ));
    }
}
