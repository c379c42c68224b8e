//! What a cycle does: carries a plan out, creates before deletes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;
use tokio::time::Instant;

use super::clock::Clock;
use super::ledger::Sent;
use super::observer::Observer;
use super::{Engine, Target};
use crate::cluster::job::{CycleId, Owner};
use crate::cluster::pace::Pace;
use crate::cluster::{Cluster, ClusterError, ClusterErrorKind, actions, job};
use crate::planner::{Action, DecidingTerm, DeleteReason, Plan, Propagation, TriggerRef};

/// How many names are tried for one Job when others have them.
const NAMES: usize = 3;
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
    /// Creates that were not sent: the server puts them off, there are no credentials, they could not be counted, or the run is ending.
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
    for action in &decided.actions {
        if let Action::Create { count, trigger } = action {
            let owner = match &engine.observer {
                Some(observer) => observer.owner(cluster, target).await?,
                None => None,
            };
            let count = usize::try_from(*count).unwrap_or_default();
            let batch = Batch {
                cycle,
                asked_by: &asked_by(decided, target, trigger.as_ref()),
                owner: owner.as_ref(),
                clock: &engine.clock,
                pace: &engine.paces.of(&target.id(), engine.concurrency),
                stop,
            };
            create(engine, cluster, target, count, &batch, stop, report).await?;
            if let Some(observer) = &engine.observer {
                observer.can_count(target)?;
            }
        }
    }
    let deletes = delete(engine, cluster, target, &decided.actions, stop, report);
    if !engine.observer.as_deref().is_some_and(Observer::is_loop) {
        deletes.await;
        return Ok(());
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
    Ok(())
}

/// What the Jobs of one cycle have in common.
struct Batch<'a> {
    cycle: &'a CycleId,
    asked_by: &'a str,
    owner: Option<&'a Owner>,
    clock: &'a Clock,
    pace: &'a Pace,
    stop: &'a AtomicBool,
}

impl Batch<'_> {
    /// The Job of that name; `cycle` is the one that chose the name.
    fn manifest(&self, target: &Target, name: &str, cycle: &CycleId) -> Value {
        job::manifest(
            &target.job,
            &target.namespace,
            name,
            cycle,
            self.asked_by,
            self.owner,
        )
    }
}

async fn create(
    engine: &Engine,
    cluster: &Cluster,
    target: &Target,
    count: usize,
    batch: &Batch<'_>,
    stop: &AtomicBool,
    report: &dyn Fn(Outcome),
) -> Result<(), ClusterError> {
    let observer = engine.observer.as_deref();
    let untried = observer.filter(|observer| !observer.has_counted(target));
    if let Some(observer) = untried {
        let name = job::job_name(&target.job, batch.cycle, 0);
        let job = batch.manifest(target, &name, batch.cycle);
        observer.try_label(cluster, target, &job).await?;
    }
    let hopeless = AtomicBool::new(false);
    let throttled = AtomicBool::new(false);
    let nobody = AtomicBool::new(false);
    let uncounted = AtomicBool::new(false);
    let taken = AtomicBool::new(false);
    let refused = Mutex::new(Vec::new());
    let one = |ordinal| {
        let (hopeless, throttled, uncounted) = (&hopeless, &throttled, &uncounted);
        let (nobody, taken, refused) = (&nobody, &taken, &refused);
        async move {
            let _permit = engine.creates.acquire().await;
            if stop.load(Ordering::Relaxed) || hopeless.load(Ordering::Relaxed) {
                return false;
            }
            let sent = send(observer, cluster, target, count, ordinal, batch).await;
            match &sent {
                Ok(_) => {
                    taken.store(true, Ordering::Relaxed);
                    let lost = observer.is_some_and(|observer| observer.can_count(target).is_err());
                    uncounted.fetch_or(lost, Ordering::Relaxed);
                    hopeless.fetch_or(lost, Ordering::Relaxed);
                }
                Err((job, error)) => {
                    // One that was put off until its time was up had the whole object wait.
                    let puts_off = error.kind == ClusterErrorKind::Throttled;
                    throttled.fetch_or(puts_off, Ordering::Relaxed);
                    // The next would not be sent either.
                    let no_credentials = error.kind == ClusterErrorKind::NoCredentials;
                    nobody.fetch_or(no_credentials, Ordering::Relaxed);
                    let in_vain = puts_off || no_credentials || is_hopeless(error);
                    hopeless.fetch_or(in_vain, Ordering::Relaxed);
                    if is_hopeless(error) {
                        let mut refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
                        refused.push((job.clone(), error.clone()));
                    }
                }
            }
            report(match sent {
                Ok(job) => Outcome::Created { job },
                Err((job, error)) => Outcome::CreateFailed { job, error },
            });
            true
        }
    };
    // The first of a run goes alone: should the cluster take the label away by which Jobs are counted, there is one too many and not
    // a whole batch. So does the first after a refusal: a quota that is used up would refuse a whole batch in every cycle.
    let was_refused = observer.is_some_and(|observer| observer.is_refused(target));
    let alone = was_refused || untried.is_some();
    let first = usize::from(alone && count > 1 && Box::pin(one(0)).await);
    let sent = futures::stream::iter(first..count)
        .map(one)
        .buffer_unordered(engine.concurrency)
        .filter(|sent| futures::future::ready(*sent))
        .count()
        .await
        + first;
    let refused = refused.into_inner().unwrap_or_else(PoisonError::into_inner);
    let refused_count = refused.len();
    if let Some((job, error)) = refused.into_iter().next() {
        if let Some(observer) = observer {
            observer.set_refused(target, true);
        }
        report(Outcome::Refused {
            count: refused_count + (count - sent),
            sent: refused_count,
            job,
            error,
        });
        return Ok(());
    }
    if let Some(observer) = observer.filter(|_| was_refused && taken.into_inner()) {
        observer.set_refused(target, false);
        report(Outcome::Accepted);
    }
    if sent < count {
        let why = if throttled.load(Ordering::Relaxed) {
            "the cluster has too much to do: the next cycle goes on"
        } else if nobody.load(Ordering::Relaxed) {
            "there are no credentials to send them with"
        } else if uncounted.load(Ordering::Relaxed) {
            "they could not be counted"
        } else {
            "the run is ending"
        };
        report(Outcome::NotSent {
            count: count - sent,
            why: why.to_owned(),
        });
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

/// Creates the `ordinal`th of `count` Jobs and gives its name; with an error the name that was tried last.
async fn send(
    observer: Option<&Observer>,
    cluster: &Cluster,
    target: &Target,
    count: usize,
    ordinal: usize,
    batch: &Batch<'_>,
) -> Result<String, (String, ClusterError)> {
    let spare = observer.and_then(|observer| observer.take_spare(target));
    let mut cycle = batch.cycle.clone();
    let mut name = job::job_name(&target.job, &cycle, ordinal);
    // A request of the cycle that chose that name may still arrive.
    let spared = spare.is_some();
    if let Some(spare) = spare {
        (cycle, name) = (CycleId::from_mark(spare.cycle), spare.name);
    }
    let mut tries = 1;
    loop {
        let manifest = batch.manifest(target, &name, &cycle);
        let sent = || Sent {
            name: name.clone(),
            cycle: cycle.as_str().to_owned(),
            spec_hash: target.spec_hash.clone(),
            trigger: batch.asked_by.to_owned(),
        };
        match actions::create(
            cluster,
            &target.namespace,
            &manifest,
            batch.pace,
            batch.stop,
        )
        .await
        {
            Ok(made) => {
                if let Some(observer) = observer {
                    if made.resent || spared {
                        observer.resent(target, &name);
                    }
                    observer.marked(target, &name, made.tracked);
                    observer.created(target, sent(), batch.clock.now());
                }
                return Ok(name);
            }
            // Another's Job has the name: beyond `count` are ordinals that this cycle does not use.
            Err(error) if error.kind == ClusterErrorKind::AlreadyExists && tries < NAMES => {
                tracing::debug!(%error, name, "choosing another name");
                cycle = batch.cycle.clone();
                name = job::job_name(&target.job, &cycle, ordinal + count * tries);
                tries += 1;
            }
            Err(error) => {
                let unknown = matches!(
                    error.kind,
                    ClusterErrorKind::Unavailable | ClusterErrorKind::Other
                );
                if let Some(observer) = observer.filter(|_| unknown) {
                    observer.resent(target, &name);
                    observer.perhaps(target, sent(), batch.clock.now());
                }
                return Err((name, error));
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::kubeconfig;
    use crate::planner::tests::builder::scaled_job;
    use crate::sandbox::{Sandbox, SandboxOptions};

    #[tokio::test]
    async fn a_job_whose_name_another_has_gets_a_new_name() {
        let sandbox = Sandbox::start(SandboxOptions::default()).await.unwrap();
        let config = kubeconfig::from_text(&sandbox.kubeconfig()).await.unwrap();
        let cluster = Cluster::new(config, None, Duration::from_secs(30))
            .await
            .unwrap();
        let mut job = scaled_job();
        job.job_target_ref = serde_json::json!({
            "template": {"spec": {"containers": [{"name": "worker", "image": "busybox:1.36"}]}}
        })
        .into();
        let target = Target::new(job, "default");
        let (clock, pace, stop) = (Clock::system(), Pace::new(4), AtomicBool::new(false));
        let (cycle, other) = (CycleId::random(), CycleId::random());
        let batch = |cycle| Batch {
            cycle,
            asked_by: "test",
            owner: None,
            clock: &clock,
            pace: &pace,
            stop: &stop,
        };
        // Another's Jobs have the names that this cycle would choose for the first of two, and then for its second try.
        let names: Vec<String> = [0, 2, 4, 1]
            .iter()
            .map(|ordinal| job::job_name(&target.job, &cycle, *ordinal))
            .collect();
        for name in &names[..2] {
            let manifest = job::manifest(&target.job, "default", name, &other, "other", None);
            actions::create(&cluster, "default", &manifest, &pace, &stop)
                .await
                .unwrap();
        }
        let send = async |ordinal| send(None, &cluster, &target, 2, ordinal, &batch(&cycle)).await;
        assert_eq!(send(0).await.unwrap(), names[2]);
        assert_eq!(send(1).await.unwrap(), names[3]);
        // Bounded: when the third is another's as well, it is an error.
        let third = CycleId::random();
        for ordinal in [0, 2, 4] {
            let name = job::job_name(&target.job, &third, ordinal);
            let manifest = job::manifest(&target.job, "default", &name, &other, "other", None);
            actions::create(&cluster, "default", &manifest, &pace, &stop)
                .await
                .unwrap();
        }
        let (_, error) = super::send(None, &cluster, &target, 2, 0, &batch(&third))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ClusterErrorKind::AlreadyExists);
        sandbox.stop().await;
    }
}
