//! `pendingPodConditions`: which pods count as started. [semantics §2.6]

use super::Subject;
use super::place::{field, list, text};
use crate::api::Strategy;
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity, suggest};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &CONDITION_LOST,
    &CONDITION_TWICE,
    &CONDITIONS_IGNORED,
    &UNKNOWN_CONDITION,
];

static CONDITION_LOST: Rule = Rule {
    id: "condition-lost",
    severity: Severity::Note,
    summary: "a pod loses this condition when it ends, and its Job counts as pending again",
    doc: Doc {
        what: "`pendingPodConditions` lists `Ready`, `ContainersReady` or `PodReadyToStartContainers`, which a pod has no more when its containers have \
               ended.",
        why: "Between the end of the pod and the end of the Job, and between two tries, the Job counts as pending: `accurate` and `eager` create \
              one Job less for that time.",
        example: "scalingStrategy:\n  strategy: accurate\n  pendingPodConditions:\n    - Ready",
        fix: "Where this matters list `PodScheduled` or `Initialized`, which stay, or a condition that the worker sets itself.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, isAnyPodRunningOrCompleted and areAllPendingPodConditionsFulfilled; Kubernetes pod conditions",
    },
};

static CONDITION_TWICE: Rule = Rule {
    id: "condition-twice",
    severity: Severity::Error,
    summary: "pendingPodConditions lists a condition twice",
    doc: Doc {
        what: "The same condition stands in `pendingPodConditions` more than once.",
        why: "KEDA counts the conditions of a pod that are met and wants as many as the list is long. A pod has each only once, so every \
              Job is pending for ever, and `accurate` soon creates no more.",
        example: "pendingPodConditions:\n  - PodScheduled\n  - PodScheduled",
        fix: "Remove one of the two.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, areAllPendingPodConditionsFulfilled",
    },
};

static CONDITIONS_IGNORED: Rule = Rule {
    id: "conditions-ignored",
    severity: Severity::Warning,
    summary: "pendingPodConditions is written and the strategy does not look at pending Jobs",
    doc: Doc {
        what: "`pendingPodConditions` is not empty, and the strategy is `default` or `custom`.",
        why: "Only `accurate` and `eager` subtract pending Jobs; the list has no effect.",
        example: "scalingStrategy:\n  strategy: default\n  pendingPodConditions:\n    - PodScheduled",
        fix: "Remove the list, or write `strategy: accurate` if the reading leaves out work in flight.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, getScalingDecision",
    },
};

static UNKNOWN_CONDITION: Rule = Rule {
    id: "unknown-condition",
    severity: Severity::Warning,
    summary: "pendingPodConditions names a condition that pods do not have",
    doc: Doc {
        what: "A name in `pendingPodConditions` is neither a condition of Kubernetes nor a readiness gate of the pod template. It is an error when it \
               is nearly one, such as `ready` for `Ready`.",
        why: "Upper and lower case count. A pod that never has the condition leaves its Job pending for ever, and `accurate` soon creates no \
              more.",
        example: "pendingPodConditions:\n  - ready",
        fix: "Write the condition as Kubernetes does, or ignore this rule when a controller of yours sets it.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, areAllPendingPodConditionsFulfilled; Kubernetes core/v1 PodConditionType",
    },
};

/// Conditions that Kubernetes sets on pods that start; those of a pod's end or resize are no sign of a start.
const CONDITIONS: [&str; 6] = [
    "PodScheduled",
    "Initialized",
    "ContainersReady",
    "Ready",
    "PodReadyToStartContainers",
    "DisruptionTarget",
];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(conditions) = subject
        .strategy()
        .and_then(|strategy| field(strategy, "pendingPodConditions"))
    else {
        return;
    };
    let items = conditions.value.items();
    if items.is_empty() {
        return;
    }
    let strategy = subject.job.scaling_strategy.strategy;
    if matches!(strategy, Strategy::Default | Strategy::Custom) {
        found.push(
            subject
                .finding(
                    &CONDITIONS_IGNORED,
                    format!(
                        "the strategy `{}` does not look at pending Jobs",
                        strategy.as_str()
                    ),
                    conditions.key_span,
                    "has no effect",
                )
                .help("`accurate` and `eager` do"),
        );
        return;
    }
    let gates: Vec<&str> = subject
        .pod()
        .map(|pod| list(&pod.value, "readinessGates"))
        .unwrap_or_default()
        .iter()
        .filter_map(|gate| text(gate, "conditionType"))
        .collect();
    for (index, item) in items.iter().enumerate() {
        let Some(name) = item.as_str() else { continue };
        let first = items[..index]
            .iter()
            .find(|other| other.as_str() == Some(name));
        if let Some(first) = first {
            found.push(
                subject
                    .finding(
                        &CONDITION_TWICE,
                        format!(
                            "`{name}` is listed twice, so that every Job counts as pending for ever"
                        ),
                        item.span,
                        "again",
                    )
                    .related(subject.at(first.span, "first"))
                    .help("remove one: KEDA wants as many conditions met as the list is long"),
            );
        } else if name == "DisruptionTarget" {
            found.push(subject.finding(
                &UNKNOWN_CONDITION,
                "a pod has `DisruptionTarget` only when it is about to be evicted",
                item.span,
                "leaves the Job pending otherwise",
            ));
        } else if matches!(
            name,
            "Ready" | "ContainersReady" | "PodReadyToStartContainers"
        ) {
            found.push(
                subject
                    .finding(
                        &CONDITION_LOST,
                        format!(
                            "a pod loses `{name}` when it ends, and its Job counts as pending again"
                        ),
                        item.span,
                        "until the Job is complete",
                    )
                    .help("`PodScheduled` and `Initialized` stay"),
            );
        } else if !CONDITIONS.contains(&name) && !gates.contains(&name) {
            let known = CONDITIONS.iter().copied().chain(gates.iter().copied());
            let near = suggest(name, known).filter(|near| near.is_sure);
            let mut diagnostic = subject.finding(
                &UNKNOWN_CONDITION,
                format!("Kubernetes sets no condition `{name}` on pods"),
                item.span,
                "leaves every Job pending for ever unless something sets it",
            );
            diagnostic = match near {
                Some(near) => {
                    diagnostic.severity = Severity::Error;
                    diagnostic.fix(subject.replace(item.span, near.word))
                }
                None => diagnostic.help(format!(
                    "Kubernetes sets {}; a readiness gate of the template is known too",
                    CONDITIONS[..5].join(", ")
                )),
            };
            found.push(diagnostic);
        }
    }
}
