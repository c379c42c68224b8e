//! The arithmetic in words: each formula with its values, and the term that decided (law 4).

use crate::api::{Calculation, Dialect, ScaledJob};

use super::formula::{Replicas, Step, Term, running_above_minimum};
use super::inventory::Counts;
use super::reason::{Deciding, DecidingTerm, Reason, ReasonCode, show};
use super::{Computed, PlanInput, TermOutcome, TriggerTerm, v1_create};

/// How many values a formula shows before it only counts them.
const SHOWN_VALUES: usize = 8;

pub(super) fn replicas(job: &ScaledJob, replicas: Replicas, reasons: &mut Vec<Reason>) {
    let minimum = match (job.min_replica_count, job.max_replica_count) {
        (None, _) => "minReplicaCount unset".to_owned(),
        (Some(minimum), Some(maximum)) if minimum > maximum => {
            format!("minReplicaCount {minimum} lowered to maxReplicaCount {maximum}")
        }
        (Some(minimum), _) => format!("minReplicaCount {minimum}"),
    };
    reasons.push(Reason::new(ReasonCode::Minimum, minimum).whole(replicas.minimum));
    let maximum = match (job.min_replica_count, job.max_replica_count) {
        (_, None) => "maxReplicaCount unset".to_owned(),
        (Some(minimum), Some(maximum)) if minimum > maximum => {
            format!("maxReplicaCount {maximum}, below minReplicaCount {minimum}")
        }
        (Some(minimum), Some(maximum)) if minimum != 0 => {
            format!("maxReplicaCount {maximum} - minimum {minimum}")
        }
        (_, Some(maximum)) => format!("maxReplicaCount {maximum}"),
    };
    reasons.push(Reason::new(ReasonCode::Maximum, maximum).whole(replicas.maximum));
}

pub(super) fn triggers(triggers: &[TriggerTerm], replicas: Replicas, reasons: &mut Vec<Reason>) {
    for trigger in triggers {
        let label = trigger.label();
        let mut push = |code, formula: String, result: Option<f64>| {
            let reason = Reason::new(code, formula).of_trigger(trigger.index);
            reasons.push(match result {
                Some(result) => reason.exact(result),
                None => reason,
            });
        };
        match &trigger.outcome {
            TermOutcome::Skipped(why) => {
                push(ReasonCode::TriggerSkipped, format!("{label}: {why}"), None);
            }
            TermOutcome::Failed(why) => {
                let text = format!("{label}: could not be read, left out: {why}");
                push(ReasonCode::TriggerFailed, text, None);
            }
            TermOutcome::NotBuilt(why) => {
                let text = format!("{label}: could not be set up, left out: {why}");
                push(ReasonCode::TriggerNotBuilt, text, None);
            }
            TermOutcome::Read(terms) => {
                for term in terms {
                    let (code, text, jobs) = wants(&label, term, replicas);
                    push(code, text, Some(jobs));
                }
            }
        }
    }
}

fn wants(label: &str, term: &Term, replicas: Replicas) -> (ReasonCode, String, f64) {
    let queue = show(term.queue_length);
    if !term.active {
        return (
            ReasonCode::TriggerInactive,
            format!("{label}: queue length {queue}, not active"),
            0.0,
        );
    }
    if term.target == 0.0 {
        return (
            ReasonCode::TriggerWithoutTarget,
            format!("{label}: queue length {queue}, target 0 (or metricType Value) makes no Jobs"),
            0.0,
        );
    }
    let quotient = format!("queue length {queue} / target {}", show(term.target));
    let text = if term.jobs > term.max_value {
        format!(
            "{label}: min({quotient} = {}, maxReplicas {})",
            show(term.jobs),
            replicas.maximum
        )
    } else {
        format!("{label}: {quotient}")
    };
    (ReasonCode::TriggerWants, text, term.max_value)
}

pub(super) fn combined(
    job: &ScaledJob,
    triggers: &[TriggerTerm],
    terms: &[Term],
    ours: &Computed,
    chosen: Option<usize>,
    replicas: Replicas,
    reasons: &mut Vec<Reason>,
) {
    let combined = &ours.combined;
    let calculation = job.scaling_strategy.multiple_scalers_calculation;
    let several = combined.active_terms > 1;
    let (items, jobs) = match (calculation, chosen) {
        (Calculation::Max | Calculation::Min, Some(place)) if several => {
            let word = if calculation == Calculation::Max {
                "max: longest queue"
            } else {
                "min: shortest queue"
            };
            let label = triggers[place].label();
            (
                format!("{word}, {label}: ceil({})", show(combined.queue_length)),
                format!("Jobs of {label}: ceil({})", show(combined.max_value)),
            )
        }
        (Calculation::Sum | Calculation::Avg, _) if several => {
            let word = calculation.as_str();
            let divisor = if calculation == Calculation::Avg {
                format!(" / {}", combined.active_terms)
            } else {
                String::new()
            };
            let list = |value: fn(&Term) -> f64| {
                let active = terms.iter().filter(|term| term.active);
                let shown: Vec<String> = active
                    .take(SHOWN_VALUES)
                    .map(|term| show(value(term)))
                    .collect();
                let more = if combined.active_terms > SHOWN_VALUES {
                    format!(" + {} more", combined.active_terms - SHOWN_VALUES)
                } else {
                    String::new()
                };
                format!("({}{more}){divisor}", shown.join(" + "))
            };
            (
                format!("{word}: ceil({})", list(|term| term.queue_length)),
                format!(
                    "{word}: ceil(min({}, maxReplicas {}))",
                    list(|term| term.max_value),
                    replicas.maximum
                ),
            )
        }
        _ => (
            format!("items waiting: ceil({})", show(combined.queue_length)),
            format!(
                "Jobs for them: ceil(min({}, maxReplicas {}))",
                show(combined.max_value),
                replicas.maximum
            ),
        ),
    };
    reasons.push(Reason::new(ReasonCode::ScaleTo, items).whole(combined.scale_to));
    reasons.push(Reason::new(ReasonCode::MaxScale, jobs).whole(combined.max_scale));
    if !combined.is_active {
        reasons.push(Reason::new(
            ReasonCode::Inactive,
            if combined.active_terms == 0 {
                "no trigger is active"
            } else {
                "active triggers with nothing waiting count as inactive"
            },
        ));
    } else if combined.active_terms == 0 {
        reasons.push(Reason::new(
            ReasonCode::ActiveByMinimum,
            format!(
                "active because of the minimum {}, no trigger is",
                replicas.minimum
            ),
        ));
    }
}

pub(super) fn strategy(
    ours: &Computed,
    counts: Counts,
    replicas: Replicas,
    reasons: &mut Vec<Reason>,
) {
    let decided = &ours.decided;
    let max_scale = ours.combined.max_scale;
    let running = running_above_minimum(counts, replicas);
    let running = if replicas.minimum == 0 {
        format!("running {running}")
    } else {
        format!(
            "(running {} - minimum {})",
            counts.running, replicas.minimum
        )
    };
    let pending = counts.pending;
    let maximum = replicas.maximum;
    let (code, formula) = match decided.step {
        Step::BelowMinimum => (
            ReasonCode::BelowMinimum,
            format!(
                "below the minimum, queues do not count: minimum {} - running {}",
                replicas.minimum, counts.running
            ),
        ),
        Step::Default { fallback: false } => (
            ReasonCode::StrategyDefault,
            format!("default: maxScale {max_scale} - {running}"),
        ),
        Step::Default { fallback: true } => (
            ReasonCode::StrategyCustomFallback,
            format!(
                "custom acts as default because its percentage is not a number: maxScale {max_scale} - {running}"
            ),
        ),
        Step::Custom {
            deduction,
            percentage,
            share,
            capped,
        } => {
            let inner = format!(
                "maxScale {max_scale} - deduction {deduction} - trunc({running} * {}) {share}",
                show(percentage)
            );
            (
                ReasonCode::StrategyCustom,
                if capped {
                    format!("custom: min({inner}, maxReplicas {maximum})")
                } else {
                    format!("custom: {inner}")
                },
            )
        }
        Step::Accurate { capped: false } => (
            ReasonCode::StrategyAccurate,
            format!("accurate: maxScale {max_scale} - pending {pending}"),
        ),
        Step::Accurate { capped: true } => (
            ReasonCode::StrategyAccurateFull,
            format!(
                "accurate: maxScale {max_scale} + {running} - pending {pending} pass the maximum: maxReplicas {maximum} - {running}"
            ),
        ),
        Step::Eager { .. } => (
            ReasonCode::StrategyEager,
            format!(
                "eager: min(maxReplicas {maximum} - {running} - pending {pending}, maxScale {max_scale})"
            ),
        ),
    };
    reasons.push(Reason::new(code, formula).whole(decided.raw));
    if decided.raw < 0 {
        reasons.push(
            Reason::new(ReasonCode::NotNegative, format!("max({}, 0)", decided.raw)).whole(0),
        );
    }
    if matches!(decided.step, Step::Eager { .. }) {
        reasons.push(
            Reason::new(
                ReasonCode::EagerScaleTo,
                "eager fills free slots: scaleTo becomes maxReplicas",
            )
            .whole(decided.scale_to),
        );
    }
}

pub(super) fn keda(ours: &Computed, reasons: &mut Vec<Reason>) {
    let scale_to = ours.decided.scale_to;
    let effective = ours.effective;
    let reason = if !ours.combined.is_active {
        Reason::new(ReasonCode::Keda, "not active: no Jobs")
    } else if effective == 0 {
        Reason::new(ReasonCode::Keda, "effectiveMaxScale 0: no Jobs")
    } else if ours.panics {
        Reason::new(
            ReasonCode::KedaPanics,
            format!(
                "min(scaleTo {scale_to}, effectiveMaxScale {effective}) is negative, on which KEDA's operator crashes: counted as 0"
            ),
        )
    } else {
        Reason::new(
            ReasonCode::Keda,
            format!("min(scaleTo {scale_to}, effectiveMaxScale {effective})"),
        )
    };
    reasons.push(reason.whole(ours.create));
}

pub(super) fn keda_loses_triggers(trigger: &TriggerTerm, keda: i64, reasons: &mut Vec<Reason>) {
    reasons.push(
        Reason::new(
            ReasonCode::KedaLosesTriggers,
            format!(
                "KEDA reads no trigger at all when one cannot be set up ({}); here the others count",
                trigger.label()
            ),
        )
        .whole(keda)
        .of_trigger(trigger.index),
    );
}

pub(super) fn keda_counts_zero(keda: i64, reasons: &mut Vec<Reason>) {
    reasons.push(
        Reason::new(
            ReasonCode::KedaCountsZero,
            "KEDA takes Jobs that it cannot list for none and creates a full batch",
        )
        .whole(keda),
    );
}

/// Says what KEDA 1.1–1.5 would have created for an object in its dialect.
pub(super) fn v1(input: &PlanInput<'_>, counts: Counts, reasons: &mut Vec<Reason>) {
    if input.job.dialect == Dialect::V2 {
        return;
    }
    if let Some(create) = v1_create(input.readings, counts.running) {
        reasons.push(
            Reason::new(
                ReasonCode::KedaV1,
                format!(
                    "KEDA 1.1-1.5, where targets are a ceiling: min(sum of queues, sum of targets - running {})",
                    counts.running
                ),
            )
            .whole(create),
        );
    }
}

/// The term that set the number where no limit of ours did.
pub(super) fn deciding(
    ours: &Computed,
    triggers: &[TriggerTerm],
    chosen: Option<&TriggerTerm>,
    counts: Counts,
    replicas: Replicas,
    job: &ScaledJob,
) -> Deciding {
    let combined = &ours.combined;
    let say = |term, text: String| Deciding { term, text };
    if matches!(ours.decided.step, Step::BelowMinimum) {
        return say(
            DecidingTerm::MinReplicaCount,
            format!(
                "minReplicaCount: {} of {} Jobs exist",
                counts.running, replicas.minimum
            ),
        );
    }
    let read = triggers
        .iter()
        .any(|trigger| matches!(trigger.outcome, TermOutcome::Read(_)));
    let failed = triggers
        .iter()
        .filter(|trigger| {
            matches!(
                trigger.outcome,
                TermOutcome::Failed(_) | TermOutcome::NotBuilt(_)
            )
        })
        .count();
    if failed > 0 && !read {
        return say(
            DecidingTerm::TriggersFailed,
            format!("no trigger could be read ({failed} failed): what waits is not known"),
        );
    }
    if !combined.is_active || combined.scale_to <= 0 {
        let text = if failed > 0 {
            format!("no trigger that could be read has work ({failed} failed)")
        } else {
            "no trigger has work".to_owned()
        };
        return say(DecidingTerm::Inactive, text);
    }
    let source = chosen.map_or_else(|| "the triggers".to_owned(), TriggerTerm::label);
    if combined.max_scale == 0 {
        return say(
            DecidingTerm::NoTarget,
            format!("{source}: items wait, but the target asks for no Jobs"),
        );
    }
    let max_scale = combined.max_scale;
    if ours.effective > 0 && ours.decided.scale_to < ours.effective {
        return say(
            DecidingTerm::Items,
            format!(
                "{source}: only {} items wait, KEDA makes no more Jobs than items",
                ours.decided.scale_to
            ),
        );
    }
    let maximum = |note: &str| {
        let ceiling = match job.max_replica_count {
            Some(maximum) => format!("maxReplicaCount {maximum}"),
            None => "maxReplicaCount is unset, so 100".to_owned(),
        };
        say(
            DecidingTerm::MaxReplicaCount,
            format!(
                "{ceiling}: {} Jobs would be wanted, {} exist{note}",
                show(combined.uncapped.ceil()),
                counts.running
            ),
        )
    };
    let capped = combined.uncapped > combined.max_value;
    let running = running_above_minimum(counts, replicas);
    match ours.decided.step {
        Step::Eager { capped: true } if counts.pending > 0 => maximum(&format!(
            " and eager counts the {} pending ones twice",
            counts.pending
        )),
        Step::Accurate { capped: true }
        | Step::Eager { capped: true }
        | Step::Custom { capped: true, .. } => maximum(""),
        _ if capped => maximum(""),
        Step::Default { .. } if running > 0 => say(
            DecidingTerm::Running,
            format!(
                "{} wanted, {running} exist{} already{}",
                jobs(max_scale),
                if running == 1 { "s" } else { "" },
                if replicas.minimum > 0 {
                    " above the minimum"
                } else {
                    ""
                }
            ),
        ),
        Step::Custom {
            deduction, share, ..
        } if deduction != 0 || share != 0 => say(
            DecidingTerm::Deduction,
            format!(
                "{} wanted, less the deduction {deduction} and {share} for those that run",
                jobs(max_scale)
            ),
        ),
        Step::Accurate { .. } if counts.pending > 0 => say(
            DecidingTerm::Pending,
            format!(
                "{} wanted, {} pending already",
                jobs(max_scale),
                counts.pending
            ),
        ),
        _ => say(
            DecidingTerm::Queue,
            match show(combined.queue_length).as_str() {
                "1" => format!("{source}: 1 item waiting calls for {}", jobs(max_scale)),
                items => format!(
                    "{source}: {items} items waiting call for {}",
                    jobs(max_scale)
                ),
            },
        ),
    }
}

/// `1 Job`, `2 Jobs`.
fn jobs(number: i64) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} Job{plural}")
}
