//! Several triggers of one object, and triggers that can do nothing. [semantics §2.3, §2.5]

use std::collections::BTreeMap;

use super::Subject;
use super::place::{field, text};
use crate::api::{Calculation, Dialect, Trigger};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity, Span};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &CACHED_METRICS,
    &CALCULATION_OF_ONE,
    &CRON_BESIDE_QUEUE,
    &LONGEST_QUEUE,
    &MIN_SKIPS_INACTIVE,
    &NEVER_ACTIVE,
    &POLLED_ONLY,
    &SAME_TRIGGER,
    &TRIGGER_NAME,
];

static CACHED_METRICS: Rule = Rule {
    id: "cached-metrics",
    severity: Severity::Warning,
    summary: "useCachedMetrics has no effect on a ScaledJob",
    doc: Doc {
        what: "A trigger has `useCachedMetrics: true`. It is an error on `cpu`, `memory` and `cron`.",
        why: "A ScaledJob reads its triggers at each poll and keeps nothing, so that there is no cache to use. KEDA's webhook and controller \
              refuse the field on `cpu`, `memory` and `cron`.",
        example: "triggers:\n  - type: redis\n    useCachedMetrics: true",
        fix: "Remove it.",
        source: "KEDA apis/keda/v1alpha1/scaletriggers_types.go, ValidateTriggers",
    },
};

static CALCULATION_OF_ONE: Rule = Rule {
    id: "calculation-of-one",
    severity: Severity::Note,
    summary: "multipleScalersCalculation is written and there is one trigger",
    doc: Doc {
        what: "`multipleScalersCalculation` says how the readings of several triggers are combined, is not the default `max`, and the object has one.",
        why: "One reading is the same by every calculation.",
        example: "scalingStrategy:\n  multipleScalersCalculation: sum\ntriggers:\n  - type: redis",
        fix: "Remove it, or add the trigger that is missing.",
        source: "KEDA pkg/scaling/scaledjob/metrics.go, IsScaledJobActive",
    },
};

static CRON_BESIDE_QUEUE: Rule = Rule {
    id: "cron-beside-queue",
    severity: Severity::Warning,
    summary: "a cron window beside a queue does not limit the queue to the window",
    doc: Doc {
        what: "The object has a `cron` trigger and another one, and the calculation is `max`.",
        why: "Outside the window the cron trigger is left out and the queue alone decides, as always. Inside it the longer queue wins: \
              desiredReplicas counts as a queue of so many items, and is forgotten as soon as more items wait, even if these need fewer Jobs.",
        example: "triggers:\n  - type: cron\n    metadata:\n      desiredReplicas: \"3\"\n  - type: redis\n    metadata:\n      listName: orders",
        fix: "Use two ScaledJobs, or `sum` to add the Jobs of the window to those of the queue; to pause the queue outside a window set the \
              paused annotation on a schedule.",
        source: "KEDA pkg/scaling/scaledjob/metrics.go, IsScaledJobActive",
    },
};

static LONGEST_QUEUE: Rule = Rule {
    id: "longest-queue",
    severity: Severity::Warning,
    summary: "max takes the longest queue, not the one that needs most Jobs",
    doc: Doc {
        what: "Several triggers have different targets, and the calculation is `max` (also when none is written) or `min`.",
        why: "`max` and `min` compare the items that wait and take the Jobs of that trigger: 100 items at 100 a Job make 1 Job, although 50 items \
              at 1 a Job would need 50.",
        example: "triggers:\n  - type: redis\n    metadata:\n      listName: small\n      listLength: \"100\"\n  - type: redis\n    metadata:\n      listName: large\n      listLength: \"1\"",
        fix: "Use `multipleScalersCalculation: sum`, the same target for all, or a ScaledJob for each.",
        source: "KEDA pkg/scaling/scaledjob/metrics.go, IsScaledJobActive",
    },
};

static MIN_SKIPS_INACTIVE: Rule = Rule {
    id: "min-skips-inactive",
    severity: Severity::Note,
    summary: "min and avg leave out triggers that are not active",
    doc: Doc {
        what: "`multipleScalersCalculation` is `min` or `avg`, and the object has several triggers.",
        why: "Only active triggers take part: an empty queue does not count as 0, so that the other queue alone decides. With a lower \
              limit in mind one expects no Job then.",
        example: "scalingStrategy:\n  multipleScalersCalculation: min",
        fix: "Where all sources must have work, let one query answer for all of them.",
        source: "KEDA pkg/scaling/scaledjob/metrics.go, IsScaledJobActive",
    },
};

static NEVER_ACTIVE: Rule = Rule {
    id: "never-active",
    severity: Severity::Error,
    summary: "none of the triggers can start a Job",
    doc: Doc {
        what: "All triggers of the object are of types that a ScaledJob skips: `cpu` and `memory`.",
        why: "These types have no reading of their own; a ScaledJob leaves them out without a message, and no Job is ever created for them.",
        example: "triggers:\n  - type: cpu\n    metricType: Utilization\n    metadata:\n      value: \"50\"",
        fix: "Add a trigger that counts work, such as the length of a queue.",
        source: "KEDA pkg/scaling/scale_handler.go, getScaledJobMetrics",
    },
};

static POLLED_ONLY: Rule = Rule {
    id: "polled-only",
    severity: Severity::Warning,
    summary: "an external-push trigger of a ScaledJob is only polled",
    doc: Doc {
        what: "A trigger is `external-push`.",
        why: "A ScaledJob ignores what the external scaler pushes; its number is read at each poll, as with `external`.",
        example: "triggers:\n  - type: external-push\n    metadata:\n      scalerAddress: scaler.shop:6000",
        fix: "Write `external`, and a `pollingInterval` as short as Jobs have to start.",
        source: "KEDA pkg/scaling/scale_handler.go, startPushScalers",
    },
};

static SAME_TRIGGER: Rule = Rule {
    id: "same-trigger",
    severity: Severity::Warning,
    summary: "two triggers of an object read the same",
    doc: Doc {
        what: "Two triggers have the same type, the same metadata and the same authentication.",
        why: "The source is asked twice. Under `sum` its work counts twice, and twice as many Jobs are created; under the other calculations \
              the second trigger changes nothing.",
        example: "triggers:\n  - type: redis\n    metadata:\n      listName: orders\n  - type: redis\n    metadata:\n      listName: orders",
        fix: "Remove one of the two, or correct what was to differ.",
        source: "KEDA pkg/scaling/scaledjob/metrics.go, IsScaledJobActive",
    },
};

static TRIGGER_NAME: Rule = Rule {
    id: "trigger-name",
    severity: Severity::Error,
    summary: "two triggers have the same name",
    doc: Doc {
        what: "Two triggers of the object have the same `name`, which is not empty.",
        why: "KEDA refuses the object: its webhook when it is applied, else its controller.",
        example: "triggers:\n  - type: redis\n    name: orders\n  - type: rabbitmq\n    name: orders",
        fix: "Give each trigger a name of its own, or none.",
        source: "KEDA apis/keda/v1alpha1/scaletriggers_types.go, ValidateTriggers",
    },
};

/// Types that may offer several metrics, which are combined like triggers. [semantics §2.3]
const SEVERAL_METRICS: [&str; 4] = [
    "external",
    "external-push",
    "solace-direct-messaging",
    "solace-event-queue",
];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    names(subject, found);
    never_active(subject, found);
    if subject.job.dialect != Dialect::V2 {
        return;
    }
    each(subject, found);
    same(subject, found);
    calculation(subject, found);
}

fn names(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for trigger in &subject.job.triggers {
        let name = subject
            .trigger(trigger.index)
            .and_then(|trigger| field(trigger, "name"));
        let Some(name) = name.filter(|_| !trigger.name.is_empty()) else {
            continue;
        };
        let span = name.value.span;
        if let Some(first) = seen.get(trigger.name.as_str()) {
            found.push(
                subject
                    .finding(
                        &TRIGGER_NAME,
                        format!("two triggers are called `{}`", trigger.name),
                        span,
                        "again",
                    )
                    .related(subject.at(*first, "first")),
            );
        } else {
            seen.insert(&trigger.name, span);
        }
    }
}

fn never_active(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let is_skipped = |facts: &Option<crate::api::facts::TriggerFacts>| {
        facts.as_ref().is_some_and(|facts| facts.skipped)
    };
    let keeps_a_minimum = subject
        .job
        .min_replica_count
        .is_some_and(|minimum| minimum > 0);
    if subject.facts.is_empty() || keeps_a_minimum || !subject.facts.iter().all(is_skipped) {
        return;
    }
    let mut kinds: Vec<&str> = subject
        .job
        .triggers
        .iter()
        .map(|one| one.kind.as_str())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    if let Some(triggers) = subject.spec_field("triggers") {
        found.push(
            subject
                .finding(
                    &NEVER_ACTIVE,
                    "none of the triggers can start a Job",
                    triggers.key_span,
                    format!("a ScaledJob skips {}", kinds.join(" and ")),
                )
                .help("cpu and memory are measured of the pods of a Deployment; add a trigger that counts work, such as the length of a queue"),
        );
    }
}

fn each(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for trigger in &subject.job.triggers {
        let Some(node) = subject.trigger(trigger.index) else {
            continue;
        };
        let cached =
            field(node, "useCachedMetrics").filter(|entry| entry.value.as_bool() == Some(true));
        if let Some(cached) = cached {
            let is_refused = matches!(trigger.kind.as_str(), "cpu" | "memory" | "cron");
            let mut diagnostic = subject
                .finding(
                    &CACHED_METRICS,
                    if is_refused {
                        format!(
                            "KEDA refuses `useCachedMetrics` on a {} trigger",
                            trigger.kind
                        )
                    } else {
                        "`useCachedMetrics` has no effect on a ScaledJob".to_owned()
                    },
                    cached.key_span,
                    if is_refused {
                        "refused"
                    } else {
                        "has no effect"
                    },
                )
                .help("remove it");
            if is_refused {
                diagnostic.severity = Severity::Error;
            }
            found.push(diagnostic);
        }
        if trigger.kind == "external-push" {
            found.push(
                subject
                    .finding(
                        &POLLED_ONLY,
                        "a ScaledJob ignores what an external scaler pushes",
                        subject.trigger_span(trigger.index),
                        "is read at each poll, like `external`",
                    )
                    .help("write `external`, and poll as often as Jobs have to start"),
            );
        }
    }
}

fn same(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let triggers = &subject.job.triggers;
    for (index, trigger) in triggers.iter().enumerate() {
        let reads_the_same = |other: &&Trigger| {
            !trigger.kind.is_empty()
                && other.kind == trigger.kind
                && other.metadata == trigger.metadata
                && other.authentication_ref == trigger.authentication_ref
        };
        if let Some(first) = triggers[..index].iter().find(reads_the_same) {
            let is_sum =
                subject.job.scaling_strategy.multiple_scalers_calculation == Calculation::Sum;
            found.push(
                subject
                    .finding(
                        &SAME_TRIGGER,
                        if is_sum {
                            "the same trigger twice: under `sum` its work counts twice"
                        } else {
                            "the same trigger twice: the second changes nothing"
                        },
                        subject.trigger_span(trigger.index),
                        "again",
                    )
                    .related(subject.at(subject.trigger_span(first.index), "first"))
                    .help("remove one of the two, or correct what was to differ"),
            );
        }
    }
}

fn calculation(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let calculation = subject.job.scaling_strategy.multiple_scalers_calculation;
    let written = subject
        .strategy()
        .and_then(|strategy| field(strategy, "multipleScalersCalculation"))
        .filter(|entry| {
            // Another word has a finding of its own.
            entry.value.as_str() == Some(calculation.as_str())
        });
    if let ([only], Some(written)) = (subject.job.triggers.as_slice(), written)
        && calculation != Calculation::Max
        && !SEVERAL_METRICS.contains(&only.kind.as_str())
    {
        found.push(
            subject
                .finding(
                    &CALCULATION_OF_ONE,
                    "there is one trigger, and nothing to combine it with",
                    written.key_span,
                    "has no effect",
                )
                .help("remove it"),
        );
        return;
    }
    let read: Vec<(&Trigger, Option<f64>)> = subject
        .job
        .triggers
        .iter()
        .zip(subject.facts)
        .filter(|(_, facts)| facts.as_ref().is_none_or(|facts| !facts.skipped))
        .map(|(trigger, facts)| (trigger, facts.as_ref().and_then(|facts| facts.target)))
        .collect();
    if read.len() < 2 {
        return;
    }
    if matches!(calculation, Calculation::Min | Calculation::Avg)
        && let Some(written) = written
    {
        found.push(subject.finding(
            &MIN_SKIPS_INACTIVE,
            format!(
                "`{}` leaves out triggers that are not active",
                calculation.as_str()
            ),
            written.value.span,
            "an empty queue does not count as 0",
        ));
    }
    let crons: Vec<&Trigger> = read
        .iter()
        .map(|(trigger, _)| *trigger)
        .filter(|trigger| trigger.kind == "cron")
        .collect();
    let queue = read.iter().find(|(trigger, _)| trigger.kind != "cron");
    if let ([cron, ..], Some((queue, _)), Calculation::Max) = (crons.as_slice(), queue, calculation)
    {
        found.push(
            subject
                .finding(
                    &CRON_BESIDE_QUEUE,
                    "this window does not limit the other triggers, and counts only while it is the longest queue",
                    subject.trigger_span(cron.index),
                    "left out outside its window",
                )
                .related(subject.at(
                    subject.trigger_span(queue.index),
                    "starts Jobs at any time",
                ))
                .help("`multipleScalersCalculation: sum` adds the Jobs of the window to those of the queue"),
        );
    }
    if matches!(calculation, Calculation::Max | Calculation::Min) {
        longest_queue(subject, calculation, &read, found);
    }
}

fn longest_queue(
    subject: &Subject<'_>,
    calculation: Calculation,
    read: &[(&Trigger, Option<f64>)],
    found: &mut Vec<Diagnostic>,
) {
    let targets: Vec<(&Trigger, f64)> = read
        .iter()
        .filter(|(trigger, _)| trigger.kind != "cron")
        .filter_map(|(trigger, target)| Some((*trigger, (*target)?)))
        .collect();
    let Some((first, target)) = targets.first() else {
        return;
    };
    let Some((other, other_target)) = targets
        .iter()
        .find(|(_, other)| other.total_cmp(target).is_ne())
    else {
        return;
    };
    let (word, end) = match calculation {
        Calculation::Min => ("min", "shortest"),
        _ => ("max", "longest"),
    };
    let label = |trigger: &Trigger, target: f64| {
        let name = subject
            .trigger(trigger.index)
            .and_then(|node| text(node, "name"))
            .filter(|name| !name.is_empty());
        match name {
            Some(name) => format!("{name}: {target} for each Job"),
            None => format!("{target} for each Job"),
        }
    };
    found.push(
        subject
            .finding(
                &LONGEST_QUEUE,
                format!("`{word}` takes the Jobs of the {end} queue, whatever the targets are"),
                subject.trigger_span(other.index),
                label(other, *other_target),
            )
            .related(subject.at(subject.trigger_span(first.index), label(first, *target)))
            .help("use `multipleScalersCalculation: sum`, the same target for all, or a ScaledJob for each"),
    );
}
