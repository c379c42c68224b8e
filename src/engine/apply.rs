//! What a cycle does: carries a plan out, creates before deletes.

mod create;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;

use super::observer::Observer;
use super::{Engine, Target};
use crate::cluster::job::CycleId;
use crate::cluster::{Cluster, ClusterError, ClusterErrorKind, actions};
use crate::planner::{Action, DecidingTerm, DeleteReason, Plan, Propagation, TriggerRef};

/// Deletes get at least this long in a cycle, however long its creates took.
const LEAST_FOR_DELETES: Duration = Duration::from_secs(1);

/// What became of one action.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A Job was made.
    Created {
        /// Its name.
        job: String,
    },
    /// A Job was not made.
    CreateFailed {
        /// The name it would have had.
        job: String,
        /// What the cluster answered.
        error: ClusterError,
        /// The Job may exist, or be made still.
        perhaps: bool,
    },
    /// A Job was deleted.
    Deleted {
        /// Its name.
        job: String,
        /// Why.
        why: DeleteReason,
    },
    /// A Job was not deleted.
    DeleteFailed {
        /// Its name.
        job: String,
        /// What the cluster answered.
        error: ClusterError,
    },
    /// The cluster refuses the object's Jobs. Those that were sent have had their [`Self::CreateFailed`].
    Refused {
        /// How many Jobs are not made for it, sent or not.
        count: usize,
        /// How many of them were sent.
        sent: usize,
        /// The first of these.
        job: String,
        /// What the cluster answered to that.
        error: ClusterError,
    },
    /// All that were sent were made, for the first time since the cluster refused some.
    Accepted,
    /// Creates that were not sent: the server puts them off, there are no credentials, they could not be counted, those before them were
    /// not made for certain, or the run is ending.
    NotSent {
        /// How many.
        count: usize,
        /// Why.
        why: String,
    },
}

/// Carries a plan out. Each outcome is told to `report` as it happens. No create is started once `stop` is set, or once the server
/// said that none can succeed; those under way are waited for.
pub async fn apply(
    engine: &Engine,
    target: &Target,
    decided: &Plan,
    cycle: &CycleId,
    stop: &AtomicBool,
    report: &dyn Fn(Outcome),
) -> Result<(), ClusterError> {
    if decided.actions.is_empty() {
        return Ok(());
    }
    let start = Instant::now();
    let cluster = engine.cluster.get().await?;
    let created = create_all(engine, cluster, target, decided, cycle, stop, report).await;
    let deletes = delete(engine, cluster, target, &decided.actions, stop, report);
    if !engine.observer.as_deref().is_some_and(Observer::is_loop) {
        deletes.await;
        return created;
    }
    // In a loop the next cycle's creation does not wait for them: what is left over is planned again. A delete that is cut off
    // does no harm, and the next cycle sees whether it came through.
    let interval = u64::try_from(target.job.polling_interval).unwrap_or_default();
    let deadline = (start + Duration::from_secs(interval)).max(Instant::now() + LEAST_FOR_DELETES);
    if tokio::time::timeout_at(deadline, deletes).await.is_err() {
        tracing::debug!(
            target = target.id(),
            "the next cycle is due: what is left to delete waits for it"
        );
    }
    created
}

async fn create_all(
    engine: &Engine,
    cluster: &Cluster,
    target: &Target,
    decided: &Plan,
    cycle: &CycleId,
    stop: &AtomicBool,
    report: &dyn Fn(Outcome),
) -> Result<(), ClusterError> {
    for action in &decided.actions {
        if let Action::Create { count, trigger } = action {
            let owner = match &engine.observer {
                Some(observer) => observer.owner(cluster, target).await?,
                None => None,
            };
            let batch = create::Batch {
                count: usize::try_from(*count).unwrap_or_default(),
                cycle,
                asked_by: &asked_by(decided, target, trigger.as_ref()),
                owner: owner.as_ref(),
                clock: &engine.clock,
                pace: &engine.paces.of(&target.id()),
                stop,
                is_over: AtomicBool::new(false),
            };
            create::create(engine, cluster, target, &batch, report).await?;
            if let Some(observer) = &engine.observer {
                observer.can_count(target)?;
            }
        }
    }
    Ok(())
}

/// No other create of this object will succeed.
pub(super) fn is_hopeless(error: &ClusterError) -> bool {
    matches!(
        error.kind,
        ClusterErrorKind::Forbidden
            | ClusterErrorKind::Invalid
            | ClusterErrorKind::NotFound
            | ClusterErrorKind::Unauthorized
    )
}

async fn delete(
    engine: &Engine,
    cluster: &Cluster,
    target: &Target,
    planned: &[Action],
    stop: &AtomicBool,
    report: &dyn Fn(Outcome),
) {
    futures::stream::iter(planned)
        .for_each_concurrent(engine.concurrency, |action| async move {
            let Action::Delete {
                name,
                uid,
                why,
                propagation,
            } = action
            else {
                return;
            };
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let observer = engine.observer.as_ref();
            if observer.is_some_and(|observer| observer.is_awaited(target, name)) {
                tracing::debug!(
                    name,
                    "an earlier sending of it may still arrive: it stays for now"
                );
                return;
            }
            let foreground = *propagation == Propagation::Foreground;
            match actions::delete(cluster, &target.namespace, name, uid, foreground).await {
                Ok(()) => report(Outcome::Deleted {
                    job: name.clone(),
                    why: why.clone(),
                }),
                Err(error) => report(Outcome::DeleteFailed {
                    job: name.clone(),
                    error,
                }),
            }
        })
        .await;
}

/// What the annotation says of who asked: `orders` or `redis[0]` where it was one trigger alone, `minReplicaCount`, or the
/// calculation that joined several.
fn asked_by(plan: &Plan, target: &Target, trigger: Option<&TriggerRef>) -> String {
    match trigger {
        Some(trigger) if trigger.name.is_empty() => format!("{}[{}]", trigger.kind, trigger.index),
        Some(trigger) => trigger.name.clone(),
        None if plan.deciding.term == DecidingTerm::MinReplicaCount => "minReplicaCount".to_owned(),
        None => target
            .job
            .scaling_strategy
            .multiple_scalers_calculation
            .as_str()
            .to_owned(),
    }
}
