//! What holds KEDA's number down: an unknown inventory, a pause, `maxReplicaCount` (laws 1 and 2), and the limits of the command
//! line.

use crate::api::DEFAULT_MAX_REPLICA_COUNT;

use super::PlanInput;
use super::brake::Brake;
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

/// What held the number down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<'a> {
    /// Jobs that may be created.
    pub(super) create: i64,
    by: By<'a>,
}

#[derive(Debug, Clone, Copy)]
enum By<'a> {
    Unknown(&'a str),
    Paused,
    MaxReplicaCount,
    Brake(Brake),
    MaxPending { limit: i64, pending: i64 },
    MaxTotal(TotalRoom),
    MaxCreate(i64),
}

/// The limit that holds `wanted` down, if one does. Of several it is the tightest; of equally tight ones the first of this order:
/// `maxReplicaCount`, the failure brake, `--max-pending`, `--max-total`, `--max-create`.
pub(super) fn held<'a>(input: &PlanInput<'a>, counts: Counts, wanted: i64) -> Option<Held<'a>> {
    if let Inventory::Unknown(why) = input.inventory {
        return Some(Held {
            create: 0,
            by: By::Unknown(why),
        });
    }
    if input.job.paused() {
        return Some(Held {
            create: 0,
            by: By::Paused,
        });
    }
    let limits = input.limits;
    let pending = || pending(input.inventory);
    [
        Some((room(ceiling(input), counts.slots), By::MaxReplicaCount)),
        limits
            .brake
            .map(|brake| (brake.room(counts.running, input.now), By::Brake(brake))),
        limits.max_pending.and_then(|limit| {
            let pending = pending()?;
            Some((room(limit, pending), By::MaxPending { limit, pending }))
        }),
        limits
            .total
            .map(|total| (total.room.max(0), By::MaxTotal(total))),
        limits
            .max_create
            .map(|cap| (cap.max(0), By::MaxCreate(cap.max(0)))),
    ]
    .into_iter()
    .flatten()
    .filter(|(room, _)| *room < wanted)
    .min_by_key(|(room, _)| *room)
    .map(|(create, by)| Held { create, by })
}

/// `maxReplicaCount`, 0 at least.
fn ceiling(input: &PlanInput<'_>) -> i64 {
    input
        .job
        .max_replica_count
        .unwrap_or(DEFAULT_MAX_REPLICA_COUNT)
        .max(0)
}

/// Says what `held` the number down, or that nothing did.
pub(super) fn explain(
    input: &PlanInput<'_>,
    counts: Counts,
    wanted: i64,
    held: Option<&Held<'_>>,
    reasons: &mut Vec<Reason>,
) -> Option<Deciding> {
    let by = held.map(|held| held.by);
    // The brake is told of whenever it is on, even where it holds nothing back.
    if let Some(brake) = input.limits.brake
        && !matches!(by, Some(By::Unknown(_) | By::Paused | By::Brake(_)))
    {
        let text = brake.describe(counts.running, input.now);
        reasons.push(Reason::new(ReasonCode::FailureBrake, text));
    }
    let Some(held) = held else {
        let text = format!(
            "within every limit ({} of {} slots taken)",
            counts.slots,
            ceiling(input)
        );
        reasons.push(Reason::new(ReasonCode::Create, text).whole(wanted));
        return None;
    };
    let (code, term, text) = held.words(input, counts, wanted);
    reasons.push(Reason::new(code, text.clone()).whole(held.create));
    Some(Deciding { term, text })
}

impl Held<'_> {
    fn words(
        &self,
        input: &PlanInput<'_>,
        counts: Counts,
        wanted: i64,
    ) -> (ReasonCode, DecidingTerm, String) {
        match self.by {
            By::Unknown(why) => (
                ReasonCode::InventoryUnknown,
                DecidingTerm::InventoryUnknown,
                format!("the Jobs could not be counted ({why}): nothing is created or deleted"),
            ),
            By::Paused => (
                ReasonCode::Paused,
                DecidingTerm::Paused,
                "paused by autoscaling.keda.sh/paused: no Jobs are created".to_owned(),
            ),
            By::MaxReplicaCount => (
                ReasonCode::HeldByMaxReplicaCount,
                DecidingTerm::MaxReplicaCount,
                format!(
                    "held: {wanted} wanted, {} of {} slots (maxReplicaCount{}) are taken",
                    counts.slots,
                    ceiling(input),
                    if input.job.max_replica_count.is_some() {
                        ""
                    } else {
                        ", default"
                    },
                ),
            ),
            By::Brake(brake) => (
                ReasonCode::FailureBrake,
                DecidingTerm::FailureBrake,
                brake.describe(counts.running, input.now),
            ),
            By::MaxPending { limit, pending } => (
                ReasonCode::HeldByMaxPending,
                DecidingTerm::MaxPending,
                format!("held: {wanted} wanted, {pending} pending, --max-pending {limit}"),
            ),
            By::MaxTotal(TotalRoom { limit, others, .. }) => (
                ReasonCode::HeldByMaxTotal,
                DecidingTerm::MaxTotal,
                format!(
                    "held: {wanted} wanted, {} unfinished here and {others} of other objects, --max-total {limit}",
                    counts.slots
                ),
            ),
            By::MaxCreate(cap) => (
                ReasonCode::HeldByMaxCreate,
                DecidingTerm::MaxCreate,
                format!("held: {wanted} wanted, --max-create {cap}"),
            ),
        }
    }
}

/// What is left of `limit`. Nothing is taken back by a count below 0.
fn room(limit: i64, taken: i64) -> i64 {
    limit.max(0).saturating_sub(taken.max(0)).max(0)
}
