//! One cycle: observe, read, plan, apply.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt;
use k8s_openapi::jiff::Timestamp;

use super::{Engine, Target};
use crate::api::reading::TriggerReading;
use crate::cluster::job::{CycleId, Owner};
use crate::cluster::{Cluster, ClusterError, ClusterErrorKind, actions, inventory, job, owner};
use crate::planner::inventory::{Counts, Inventory};
use crate::planner::{
    Action, DecidingTerm, DeleteReason, Limits, Plan, PlanInput, Propagation, TriggerRef, plan,
};
use crate::scalers;

/// What is given by hand instead of being asked for.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Readings by place of the trigger; the others are asked for.
    pub readings: Vec<TriggerReading>,
    /// Counts instead of the cluster's.
    pub counts: Option<Counts>,
}

/// A plan with what it was made from.
#[derive(Debug, Clone)]
pub struct Decided {
    /// One reading per trigger.
    pub readings: Vec<TriggerReading>,
    /// What exists.
    pub inventory: Inventory,
    /// What to do.
    pub plan: Plan,
}

/// Observes, reads and plans; changes nothing.
///
/// The inventory is taken before the readings: work that a Job takes or finishes in between then makes the plan too small, which
/// the next cycle mends, and never too large.
pub async fn decide(engine: &Engine, target: &Target, overrides: &Overrides) -> Decided {
    let inventory = match overrides.counts {
        Some(counts) => Inventory::Assumed(counts),
        None => observe(engine, target).await,
    };
    engine.limits.observed(target, &inventory);
    let readings = if target.job.paused() {
        Vec::new()
    } else {
        read(engine, target, overrides).await
    };
    let limits = engine.limits.of(target, &inventory);
    let input = PlanInput {
        job: &target.job,
        readings: &readings,
        inventory: &inventory,
        limits: &limits,
        spec_hash: &target.spec_hash,
        now: Timestamp::now(),
    };
    let mut decided = plan(&input);
    // What --max-total leaves depends on what the other limits let through.
    let total = engine.limits.share(target, decided.decision.create).await;
    if total.is_some_and(|total| total.room < decided.decision.create) {
        let limits = Limits { total, ..limits };
        decided = plan(&PlanInput {
            limits: &limits,
            ..input
        });
    }
    Decided {
        readings,
        inventory,
        plan: decided,
    }
}

async fn observe(engine: &Engine, target: &Target) -> Inventory {
    let observed = async {
        let cluster = engine.cluster.get().await?;
        inventory::observe(cluster, &target.namespace, &target.job).await
    };
    match observed.await {
        Ok(jobs) => Inventory::Known(jobs),
        Err(error) => Inventory::Unknown(error.to_string()),
    }
}

async fn read(engine: &Engine, target: &Target, overrides: &Overrides) -> Vec<TriggerReading> {
    let given = |index: usize| {
        overrides
            .readings
            .iter()
            .find(|reading| reading.index == index)
    };
    let mut asked = target.job.clone();
    asked
        .triggers
        .retain(|trigger| given(trigger.index).is_none());
    let cluster: Arc<dyn scalers::ClusterReader> = engine.reader.clone();
    let mut readings = if asked.triggers.is_empty() {
        Vec::new()
    } else {
        scalers::read_all(
            &asked,
            &target.namespace,
            engine.objects.as_ref(),
            cluster,
            &engine.read_options,
        )
        .await
    };
    readings.extend(overrides.readings.iter().cloned());
    readings.sort_by_key(|reading| reading.index);
    readings
}

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
    /// Creates that were not sent: an answer said that none would succeed, or the run is ending.
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
    let cluster = engine.cluster.get().await?;
    for action in &decided.actions {
        if let Action::Create { count, trigger } = action {
            let owner = owner::find(cluster, &target.namespace, &target.job.name).await?;
            let count = usize::try_from(*count).unwrap_or_default();
            let batch = Batch {
                cycle,
                asked_by: &asked_by(decided, target, trigger.as_ref()),
                owner: owner.as_ref(),
            };
            create(engine, cluster, target, count, &batch, stop, report).await;
        }
    }
    delete(engine, cluster, target, &decided.actions, stop, report).await;
    Ok(())
}

/// What the Jobs of one cycle have in common.
struct Batch<'a> {
    cycle: &'a CycleId,
    asked_by: &'a str,
    owner: Option<&'a Owner>,
}

async fn create(
    engine: &Engine,
    cluster: &Cluster,
    target: &Target,
    count: usize,
    batch: &Batch<'_>,
    stop: &AtomicBool,
    report: &dyn Fn(Outcome),
) {
    let hopeless = AtomicBool::new(false);
    let sent = futures::stream::iter(0..count)
        .map(|ordinal| {
            let hopeless = &hopeless;
            async move {
                if stop.load(Ordering::Relaxed) || hopeless.load(Ordering::Relaxed) {
                    return false;
                }
                let name = job::job_name(&target.job, batch.cycle, ordinal);
                let manifest = job::manifest(
                    &target.job,
                    &target.namespace,
                    &name,
                    batch.cycle,
                    batch.asked_by,
                    batch.owner,
                );
                match actions::create(cluster, &target.namespace, &manifest).await {
                    Ok(()) => report(Outcome::Created { job: name }),
                    Err(error) => {
                        if matches!(
                            error.kind,
                            ClusterErrorKind::Forbidden
                                | ClusterErrorKind::Invalid
                                | ClusterErrorKind::NotFound
                                | ClusterErrorKind::Unauthorized
                        ) {
                            hopeless.store(true, Ordering::Relaxed);
                        }
                        report(Outcome::CreateFailed { job: name, error });
                    }
                }
                true
            }
        })
        .buffer_unordered(engine.concurrency)
        .filter(|sent| futures::future::ready(*sent))
        .count()
        .await;
    if sent < count {
        let why = if hopeless.load(Ordering::Relaxed) {
            "the cluster refuses this object's Jobs"
        } else {
            "the run is ending"
        };
        report(Outcome::NotSent {
            count: count - sent,
            why: why.to_owned(),
        });
    }
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
