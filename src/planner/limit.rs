//! What holds KEDA's number down: an unknown inventory, a pause, `maxReplicaCount`, `--max-create` (laws 1 and 2).

use crate::api::DEFAULT_MAX_REPLICA_COUNT;

use super::PlanInput;
use super::inventory::{Counts, Inventory};
use super::reason::{Deciding, DecidingTerm, Reason, ReasonCode};

/// Jobs to create after the limits, and the limit that held them down.
pub(super) fn limited(
    input: &PlanInput<'_>,
    counts: Counts,
    wanted: i64,
    reasons: &mut Vec<Reason>,
) -> (i64, Option<Deciding>) {
    if let Inventory::Unknown(why) = input.inventory {
        return held(
            reasons,
            ReasonCode::InventoryUnknown,
            DecidingTerm::InventoryUnknown,
            format!("the Jobs could not be listed ({why}): nothing is created or deleted"),
            0,
        );
    }
    if input.job.paused() {
        return held(
            reasons,
            ReasonCode::Paused,
            DecidingTerm::Paused,
            "paused by autoscaling.keda.sh/paused: no Jobs are created".to_owned(),
            0,
        );
    }
    let ceiling = input
        .job
        .max_replica_count
        .unwrap_or(DEFAULT_MAX_REPLICA_COUNT)
        .max(0);
    let room = ceiling.saturating_sub(counts.slots.max(0)).max(0);
    let cap = input.limits.max_create.map(|limit| limit.max(0));
    match cap {
        Some(cap) if cap < wanted && cap < room => held(
            reasons,
            ReasonCode::HeldByMaxCreate,
            DecidingTerm::MaxCreate,
            format!("held: {wanted} wanted, --max-create {cap}"),
            cap,
        ),
        _ if room < wanted => held(
            reasons,
            ReasonCode::HeldByMaxReplicaCount,
            DecidingTerm::MaxReplicaCount,
            format!(
                "held: {wanted} wanted, {} of {ceiling} slots (maxReplicaCount{}) are taken",
                counts.slots,
                if input.job.max_replica_count.is_some() {
                    ""
                } else {
                    ", default"
                },
            ),
            room,
        ),
        _ => {
            reasons.push(
                Reason::new(
                    ReasonCode::Create,
                    format!(
                        "within every limit ({} of {ceiling} slots taken)",
                        counts.slots
                    ),
                )
                .whole(wanted),
            );
            (wanted, None)
        }
    }
}

fn held(
    reasons: &mut Vec<Reason>,
    code: ReasonCode,
    term: DecidingTerm,
    text: String,
    create: i64,
) -> (i64, Option<Deciding>) {
    reasons.push(Reason::new(code, text.clone()).whole(create));
    (create, Some(Deciding { term, text }))
}
