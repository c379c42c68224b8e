//! What KEDA 1.1 to 1.5 would have created, for objects written in its dialect. [semantics §1.3]

use crate::api::reading::{MetricTarget, ReadingOutcome, TriggerReading};

use crate::api::go::to_int64;

/// Jobs that KEDA 1.1–1.5 would create: `min(Σ queue lengths, max(0, Σ targets − running))` when a trigger is active.
///
/// The target is a ceiling on concurrent Jobs there, not a divisor; inactive triggers add theirs too; maxReplicaCount is not
/// read. KEDA 1.0.0 is the same with `running` 0. None when a trigger failed: its target, which v1 still adds, is then
/// unknown here. A trigger that cannot be built stops v1 altogether.
pub fn v1_create(readings: &[TriggerReading], running: i64) -> Option<i64> {
    let (mut scale_to, mut max_scale, mut active) = (0_i64, 0_i64, false);
    for reading in readings {
        match &reading.outcome {
            ReadingOutcome::NotBuilt(_) => return Some(0),
            ReadingOutcome::Failed(_) => return None,
            ReadingOutcome::Skipped(_) => {}
            ReadingOutcome::Read(metrics) => {
                for metric in metrics {
                    active |= metric.active;
                    let (MetricTarget::AverageValue(target) | MetricTarget::Value(target)) =
                        metric.target;
                    max_scale = max_scale.saturating_add(whole(target));
                    // v1's cron answered under another metric name than the one that was summed.
                    if reading.kind != "cron" {
                        for value in &metric.values {
                            scale_to = scale_to.saturating_add(whole(value.value));
                        }
                    }
                }
            }
        }
    }
    let room = max_scale.saturating_sub(running).max(0);
    Some(if active { scale_to.min(room).max(0) } else { 0 })
}

/// v1 read quantities as integers; any other number counted 0.
fn whole(value: f64) -> i64 {
    if value.is_finite() && value.fract() == 0.0 {
        to_int64(value)
    } else {
        0
    }
}
