//! Counts, limits and percentages.

use super::Subject;
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&MIN_ABOVE_MAX];

static MIN_ABOVE_MAX: Rule = Rule {
    id: "min-above-max",
    severity: Severity::Error,
    summary: "minReplicaCount is greater than maxReplicaCount",
    doc: Doc {
        what: "Both are written, and the minimum is greater than the maximum.",
        why: "KEDA keeps maxReplicaCount Jobs for the minimum and lets the triggers add up to maxReplicaCount more: up to twice the maximum \
              (in 2.8 to 2.10: the triggers add none). keda-jobs never passes maxReplicaCount.",
        example: "spec:\n  minReplicaCount: 10\n  maxReplicaCount: 5",
        fix: "Write a minReplicaCount that is at most maxReplicaCount.",
        source: "KEDA apis/keda/v1alpha1/scaledjob_types.go, MinReplicaCount and MaxReplicaCount",
    },
};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let (Some(minimum), Some(maximum)) =
        (subject.job.min_replica_count, subject.job.max_replica_count)
    else {
        return;
    };
    if minimum > maximum {
        let message =
            format!("minReplicaCount {minimum} is greater than maxReplicaCount {maximum}");
        let label = subject.label(&["spec", "minReplicaCount"], "");
        let related = subject.label(&["spec", "maxReplicaCount"], "the maximum");
        found.push(
            Diagnostic::new(&MIN_ABOVE_MAX, message, label)
                .related(related)
                .help(format!(
                    "KEDA lets up to {} Jobs run then; keda-jobs stops at {maximum}",
                    maximum.saturating_mul(2)
                )),
        );
    }
}
