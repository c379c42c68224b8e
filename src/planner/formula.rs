//! KEDA's arithmetic, step by step, without words: what the numbers are, not why. [semantics §2.2–2.7]
//!
//! Integers wrap as Go's do; floats behave as in `go.rs` beside this file.

use crate::api::reading::{MetricReading, MetricTarget};
use crate::api::{Calculation, ScalingStrategy, Strategy};

use super::inventory::Counts;
use crate::api::go::{ceil_to_int64, min_float, parse_float, to_float64, to_int64};

/// Effective minimum and maximum; the maximum is what remains above the minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replicas {
    /// Jobs to keep whatever the queues say.
    pub minimum: i64,
    /// Jobs that queues may ask for on top of the minimum.
    pub maximum: i64,
}

/// [KEDA `MinReplicaCount`, `MaxReplicaCount` in `scaledjob_types.go`]
pub fn effective_replicas(minimum: Option<i64>, maximum: Option<i64>) -> Replicas {
    match (minimum, maximum) {
        (None, maximum) => Replicas {
            minimum: 0,
            maximum: maximum.unwrap_or(crate::api::DEFAULT_MAX_REPLICA_COUNT),
        },
        (Some(minimum), None) => Replicas {
            minimum,
            maximum: crate::api::DEFAULT_MAX_REPLICA_COUNT,
        },
        (Some(minimum), Some(maximum)) if minimum > maximum => Replicas {
            minimum: maximum,
            maximum,
        },
        (Some(minimum), Some(maximum)) => Replicas {
            minimum,
            maximum: maximum.wrapping_sub(minimum),
        },
    }
}

/// One metric of one trigger as KEDA reckons with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    /// Sum of the values that carry the name of the trigger's first metric.
    pub queue_length: f64,
    /// Mean of the targets of all the trigger's metrics; a `Value` target counts 0.
    pub target: f64,
    /// It takes part.
    pub active: bool,
    /// `queue_length / target`, 0 when the target is 0.
    pub jobs: f64,
    /// The same, held to the effective maximum: KEDA's `maxValue`, not rounded.
    pub max_value: f64,
}

/// The readings that KEDA makes of one trigger's metrics, one for each. [KEDA `getScaledJobMetrics`]
pub fn terms(metrics: &[MetricReading], replicas: Replicas) -> impl Iterator<Item = Term> {
    let first = metrics.first().map_or("", |metric| metric.metric.as_str());
    let target = metrics
        .iter()
        .map(|metric| match metric.target {
            MetricTarget::AverageValue(target) => target,
            MetricTarget::Value(_) => 0.0,
        })
        .sum::<f64>()
        / to_float64(i64::try_from(metrics.len()).unwrap_or(i64::MAX));
    let mut active = false;
    metrics.iter().map(move |metric| {
        // Once one metric was active, the later ones of the same trigger are too.
        active |= metric.active;
        let queue_length = metric
            .values
            .iter()
            .filter(|value| value.metric == first)
            .fold(0.0, |sum, value| sum + value.value);
        let jobs = if target == 0.0 {
            0.0
        } else {
            queue_length / target
        };
        Term {
            queue_length,
            target,
            active,
            jobs,
            max_value: min_float(jobs, to_float64(replicas.maximum)),
        }
    })
}

/// What the readings of all triggers come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Combined {
    /// At least one reading takes part, or the minimum keeps the object active.
    pub is_active: bool,
    /// Queue length, before rounding.
    pub queue_length: f64,
    /// Jobs wanted, each reading held to the effective maximum, before rounding.
    pub max_value: f64,
    /// Jobs wanted if there were no maximum; only to tell whether the maximum was what counted.
    pub uncapped: f64,
    /// `ceil(queue_length)`: items, not Jobs.
    pub scale_to: i64,
    /// `ceil(min(max_value, maximum))`.
    pub max_scale: i64,
    /// The one reading that decided (`max`, `min`, or the only active one), as a place in the given terms.
    pub chosen: Option<usize>,
    /// How many active readings there were.
    pub active_terms: usize,
}

/// Combines the readings. [KEDA `IsScaledJobActive`]
pub fn combine(terms: &[Term], calculation: Calculation, replicas: Replicas) -> Combined {
    let (mut queue_length, mut max_value, mut uncapped) = (0.0_f64, 0.0_f64, 0.0_f64);
    let mut chosen = None;
    let active = || terms.iter().enumerate().filter(|(_, term)| term.active);
    let active_terms = active().count();
    let mut is_active = false;
    for (place, term) in active() {
        match calculation {
            Calculation::Max | Calculation::Min => {
                let taken = if calculation == Calculation::Max {
                    term.queue_length > queue_length
                } else {
                    // 0 stands for "nothing yet", which an active reading of 0 is too.
                    queue_length == 0.0 || term.queue_length < queue_length
                };
                if taken {
                    is_active = true;
                    chosen = Some(place);
                    queue_length = term.queue_length;
                    max_value = term.max_value;
                    uncapped = term.jobs;
                }
            }
            Calculation::Avg | Calculation::Sum => {
                is_active = true;
                chosen = (active_terms == 1).then_some(place);
                queue_length += term.queue_length;
                max_value += term.max_value;
                uncapped += term.jobs;
            }
        }
    }
    if calculation == Calculation::Avg && active_terms > 0 {
        let count = to_float64(i64::try_from(active_terms).unwrap_or(i64::MAX));
        queue_length /= count;
        max_value /= count;
        uncapped /= count;
    }
    Combined {
        is_active: is_active || replicas.minimum > 0,
        queue_length,
        max_value,
        uncapped,
        scale_to: ceil_to_int64(queue_length),
        max_scale: ceil_to_int64(min_float(max_value, to_float64(replicas.maximum))),
        chosen,
        active_terms,
    }
}

/// How a strategy came to its number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Fewer run than the minimum: the missing ones, whatever the queues say.
    BelowMinimum,
    /// `default`, or `custom` with a percentage that does not parse.
    Default {
        /// `custom` was written.
        fallback: bool,
    },
    /// `custom`.
    Custom {
        /// `customScalingQueueLengthDeduction`, 0 when unset.
        deduction: i64,
        /// `customScalingRunningJobPercentage`.
        percentage: f64,
        /// The share of the running Jobs, cut toward zero.
        share: i64,
        /// The maximum was less than the rest of the formula.
        capped: bool,
    },
    /// `accurate`.
    Accurate {
        /// There was room for the free slots only.
        capped: bool,
    },
    /// `eager`.
    Eager {
        /// The free slots were fewer than the Jobs wanted.
        capped: bool,
    },
}

/// The decision of one tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decided {
    /// How it was reached.
    pub step: Step,
    /// The strategy's answer, perhaps negative.
    pub raw: i64,
    /// `scaleTo` as the strategy leaves it.
    pub scale_to: i64,
}

/// Unfinished Jobs above the minimum: what the strategies subtract.
pub fn running_above_minimum(counts: Counts, replicas: Replicas) -> i64 {
    counts.running.wrapping_sub(replicas.minimum)
}

/// [KEDA `getScalingDecision`]
pub fn decide(
    strategy: &ScalingStrategy,
    combined: &Combined,
    counts: Counts,
    replicas: Replicas,
) -> Decided {
    if counts.running < replicas.minimum {
        let missing = replicas.minimum.wrapping_sub(counts.running);
        return Decided {
            step: Step::BelowMinimum,
            raw: missing,
            scale_to: missing,
        };
    }
    apply_strategy(
        strategy,
        combined.max_scale,
        running_above_minimum(counts, replicas),
        counts.pending,
        replicas.maximum,
        combined.scale_to,
    )
}

/// [KEDA `GetEffectiveMaxScale` of the four strategies]
pub fn apply_strategy(
    strategy: &ScalingStrategy,
    max_scale: i64,
    running: i64,
    pending: i64,
    maximum: i64,
    scale_to: i64,
) -> Decided {
    let (step, raw, scale_to) = match strategy.strategy {
        Strategy::Default => (
            Step::Default { fallback: false },
            max_scale.wrapping_sub(running),
            scale_to,
        ),
        Strategy::Custom => match parse_float(&strategy.running_job_percentage) {
            None => (
                Step::Default { fallback: true },
                max_scale.wrapping_sub(running),
                scale_to,
            ),
            Some(percentage) => {
                let deduction = strategy.queue_length_deduction.unwrap_or(0);
                let share = to_int64(to_float64(running) * percentage);
                let wanted = max_scale.wrapping_sub(deduction).wrapping_sub(share);
                (
                    Step::Custom {
                        deduction,
                        percentage,
                        share,
                        capped: wanted > maximum,
                    },
                    wanted.min(maximum),
                    scale_to,
                )
            }
        },
        Strategy::Accurate => {
            let capped = max_scale.wrapping_add(running).wrapping_sub(pending) > maximum;
            let raw = if capped {
                maximum.wrapping_sub(running)
            } else {
                max_scale.wrapping_sub(pending)
            };
            (Step::Accurate { capped }, raw, scale_to)
        }
        Strategy::Eager => {
            let free = maximum.wrapping_sub(running).wrapping_sub(pending);
            (
                Step::Eager {
                    capped: free < max_scale,
                },
                free.min(max_scale),
                maximum,
            )
        }
    };
    Decided {
        step,
        raw,
        scale_to,
    }
}
