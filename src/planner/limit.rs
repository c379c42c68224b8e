//! What holds KEDA's number down: an unknown inventory, a pause, `maxReplicaCount` (laws 1 and 2), and the limits of the command
//! line.

use crate::api::DEFAULT_MAX_REPLICA_COUNT;

use super::PlanInput;
use super::inventory::{Counts, Inventory, pending};
use super::reason::{Deciding, DecidingTerm, Reason, ReasonCode};

/// What `--max-total` leaves to one object in one cycle. The engine shares it out; see `engine::limits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotalRoom {
    /// The limit over all objects of the run.
    pub limit: i64,
    /// Unfinished Jobs of the run's other objects, or what is set aside for those that could not be counted.
    pub others: i64,
    /// New Jobs that this object may make now.
    pub room: i64,
}

/// One limit as it stands for this object now.
struct Limit {
    room: i64,
    code: ReasonCode,
    term: DecidingTerm,
    text: String,
}

/// Jobs to create after the limits, and the limit that held them down. Of several the tightest is named; of equally tight ones
/// the first of this order: `maxReplicaCount`, the failure brake, `--max-pending`, `--max-total`, `--max-create`.
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
    let tightest = limits(input, counts, ceiling, wanted)
        .into_iter()
        .filter(|limit| limit.room < wanted)
        .min_by_key(|limit| limit.room);
    // The brake is told of whenever it is on, even where it holds nothing back.
    if let Some(brake) = input.limits.brake
        && tightest
            .as_ref()
            .is_none_or(|limit| limit.code != ReasonCode::FailureBrake)
    {
        let text = brake.describe(counts.running, input.now);
        reasons.push(Reason::new(ReasonCode::FailureBrake, text));
    }
    if let Some(limit) = tightest {
        return held(reasons, limit.code, limit.term, limit.text, limit.room);
    }
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

fn limits(input: &PlanInput<'_>, counts: Counts, ceiling: i64, wanted: i64) -> Vec<Limit> {
    let of_command_line = input.limits;
    let mut limits = vec![Limit {
        room: room(ceiling, counts.slots),
        code: ReasonCode::HeldByMaxReplicaCount,
        term: DecidingTerm::MaxReplicaCount,
        text: format!(
            "held: {wanted} wanted, {} of {ceiling} slots (maxReplicaCount{}) are taken",
            counts.slots,
            if input.job.max_replica_count.is_some() {
                ""
            } else {
                ", default"
            },
        ),
    }];
    if let Some(brake) = of_command_line.brake {
        limits.push(Limit {
            room: brake.room(counts.running, input.now),
            code: ReasonCode::FailureBrake,
            term: DecidingTerm::FailureBrake,
            text: brake.describe(counts.running, input.now),
        });
    }
    if let Some((limit, pending)) = of_command_line.max_pending.zip(pending(input.inventory)) {
        limits.push(Limit {
            room: room(limit, pending),
            code: ReasonCode::HeldByMaxPending,
            term: DecidingTerm::MaxPending,
            text: format!("held: {wanted} wanted, {pending} pending, --max-pending {limit}"),
        });
    }
    if let Some(TotalRoom {
        limit,
        others,
        room,
    }) = of_command_line.total
    {
        limits.push(Limit {
            room: room.max(0),
            code: ReasonCode::HeldByMaxTotal,
            term: DecidingTerm::MaxTotal,
            text: format!(
                "held: {wanted} wanted, {} unfinished here and {others} of other objects, --max-total {limit}",
                counts.slots
            ),
        });
    }
    if let Some(cap) = of_command_line.max_create {
        limits.push(Limit {
            room: cap.max(0),
            code: ReasonCode::HeldByMaxCreate,
            term: DecidingTerm::MaxCreate,
            text: format!("held: {wanted} wanted, --max-create {}", cap.max(0)),
        });
    }
    limits
}

/// What is left of `limit`. Nothing is taken back by a count below 0.
fn room(limit: i64, taken: i64) -> i64 {
    limit.max(0).saturating_sub(taken.max(0)).max(0)
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
