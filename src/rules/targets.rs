//! Targets and activations: readings that can never start a Job, or all at once.

use super::Subject;
use crate::api::facts::InFlight;
use crate::api::{DEFAULT_MAX_REPLICA_COUNT, Strategy};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity, Span};
use crate::manifest::Node;

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&ACTIVATION_ABOVE_MAX, &FRACTIONAL_TARGET];

static ACTIVATION_ABOVE_MAX: Rule = Rule {
    id: "activation-above-max",
    severity: Severity::Warning,
    summary: "a trigger becomes active only when it wants all Jobs at once",
    doc: Doc {
        what: "The activation of a trigger is at least its target times maxReplicaCount.",
        why: "Below the activation no Job is created; above it the trigger wants maxReplicaCount Jobs at once. Nothing lies between, and \
              what is left at or below the activation waits until more arrives.",
        example: "maxReplicaCount: 10\ntriggers:\n  - type: redis\n    metadata:\n      listLength: \"1\"\n      activationListLength: \"10\"",
        fix: "Lower the activation, or remove it: without it one waiting item starts a Job.",
        source: "KEDA pkg/scaling/scaledjob/metrics.go, IsScaledJobActive",
    },
};

static FRACTIONAL_TARGET: Rule = Rule {
    id: "fractional-target",
    severity: Severity::Warning,
    summary: "a target below 1 does not make more Jobs than the reading is high",
    doc: Doc {
        what: "The target of a trigger is between 0 and 1, and the strategy is not `eager`.",
        why: "KEDA holds the Jobs of one poll to the reading itself, rounded up, not divided by the target: a reading of 0.5 with a target of \
              0.1 starts 1 Job, not 5.",
        example: "triggers:\n  - type: prometheus\n    metadata:\n      query: ratio_of_late_orders\n      threshold: \"0.1\"",
        fix: "Let the query give a number of items, and let the target say how many of them one Job takes.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, getScalingDecision (scaleTo)",
    },
};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let maximum = subject
        .job
        .max_replica_count
        .unwrap_or(DEFAULT_MAX_REPLICA_COUNT);
    for (trigger, facts) in subject.job.triggers.iter().zip(subject.facts) {
        let Some(facts) = facts.as_ref().filter(|facts| !facts.skipped) else {
            continue;
        };
        let Some(target) = facts.target else { continue };
        let place = |value: f64| place_of(subject, trigger.index, value);
        // That a target of 0 starts nothing is said where the parameter is known.
        if target <= 0.0 {
            continue;
        }
        if target < 1.0 && subject.job.scaling_strategy.strategy != Strategy::Eager {
            found.push(
                subject
                    .finding(
                        &FRACTIONAL_TARGET,
                        format!(
                            "a target of {target} makes no more Jobs than the reading is high"
                        ),
                        place(target),
                        "is below 1",
                    )
                    .help("KEDA holds the Jobs of one poll to the reading itself; let the source count items"),
            );
        }
        #[expect(clippy::cast_precision_loss, reason = "an int32 in the manifest")]
        let all = target * maximum as f64;
        let jobs = if maximum == 1 {
            "its only Job".to_owned()
        } else {
            format!("all {maximum} Jobs")
        };
        #[expect(clippy::float_cmp, reason = "an exact 1 is left out of the words")]
        let bound = if maximum == 1 {
            format!("at least the target {target}")
        } else if target == 1.0 {
            format!("at least maxReplicaCount {maximum}")
        } else {
            format!("at least {all}: the target {target} times maxReplicaCount {maximum}")
        };
        let is_work = facts.in_flight != InFlight::NotWork;
        if let Some(activation) = facts.activation
            && is_work
            && activation >= all
            && activation > 0.0
        {
            found.push(
                subject
                    .finding(
                        &ACTIVATION_ABOVE_MAX,
                        format!(
                            "this trigger starts nothing up to {activation}, and {jobs} above it"
                        ),
                        place(activation),
                        bound,
                    )
                    .help(
                        "lower the activation: what stays at or below it waits until more arrives",
                    ),
            );
        }
    }
}

/// The only metadata value that is this number, else the trigger's type.
fn place_of(subject: &Subject<'_>, index: usize, value: f64) -> Span {
    let mut values = subject
        .trigger(index)
        .and_then(|trigger| trigger.get("metadata"))
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .filter(|entry| {
            entry
                .value
                .as_str()
                .and_then(|text| text.trim().parse::<f64>().ok())
                .is_some_and(|number| number.total_cmp(&value).is_eq())
        });
    match (values.next(), values.next()) {
        (Some(entry), None) => entry.value.span,
        _ => subject.trigger_span(index),
    }
}
