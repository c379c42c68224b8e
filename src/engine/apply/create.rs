//! The creates of a cycle.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt;
use serde_json::Value;

use super::{Outcome, is_hopeless};
use crate::cluster::actions::{self, NotMade};
use crate::cluster::job::{self, CycleId, Owner};
use crate::cluster::pace::Pace;
use crate::cluster::{Cluster, ClusterError, ClusterErrorKind};
use crate::engine::clock::Clock;
use crate::engine::ledger::Sent;
use crate::engine::observer::Observer;
use crate::engine::{Engine, Target};

/// How many names are tried for one Job when others have them.
const NAMES: usize = 3;
/// Who waits for an answer that is of no more use looks this often whether the run is ending.
const LOOK: Duration = Duration::from_millis(100);

/// What the Jobs of one cycle have in common.
pub(super) struct Batch<'a> {
    /// How many there are.
    pub(super) count: usize,
    pub(super) cycle: &'a CycleId,
    pub(super) asked_by: &'a str,
    pub(super) owner: Option<&'a Owner>,
    pub(super) clock: &'a Clock,
    pub(super) pace: &'a Pace,
    /// The run is ending, or the lease is lost.
    pub(super) stop: &'a AtomicBool,
    /// No more are to be sent.
    pub(super) is_over: AtomicBool,
}

impl Batch<'_> {
    fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.is_over.load(Ordering::Relaxed)
    }

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

/// What came of the creates of one batch so far.
#[derive(Default)]
struct Tally {
    sent: usize,
    made: usize,
    /// Those that the cluster refused.
    refused: Vec<(String, ClusterError)>,
    throttled: bool,
    /// There are no credentials to send with.
    nobody: bool,
    uncounted: bool,
}

impl Tally {
    fn take(&mut self, sent: &Result<String, (String, NotMade)>, can_count: bool) {
        self.sent += 1;
        match sent {
            Ok(_) => {
                self.made += 1;
                self.uncounted |= !can_count;
            }
            Err((job, NotMade { error, .. })) => {
                // One that was put off until its time was up had the whole object wait.
                self.throttled |= error.kind == ClusterErrorKind::Throttled;
                // The next would not be sent either.
                self.nobody |= error.kind == ClusterErrorKind::NoCredentials;
                if is_hopeless(error) {
                    self.refused.push((job.clone(), error.clone()));
                }
            }
        }
    }

    /// No more are to be sent.
    fn is_over(&self) -> bool {
        self.throttled || self.nobody || self.uncounted || !self.refused.is_empty()
    }

    /// Why others were not sent.
    fn why(&self, stop: &AtomicBool) -> &'static str {
        if self.throttled {
            "the cluster has too much to do: the next cycle goes on"
        } else if self.nobody {
            "there are no credentials to send them with"
        } else if self.uncounted {
            "they could not be counted"
        } else if stop.load(Ordering::Relaxed) {
            "the run is ending"
        } else if self.made == 0 {
            "the first one was not made for certain"
        } else {
            "not all before them were made for certain"
        }
    }
}

/// Creates the Jobs of `batch`, as many at once as the engine and the server allow. Each outcome is told to `report`.
///
/// # Errors
/// When none may be made.
pub(super) async fn create(
    engine: &Engine,
    cluster: &Cluster,
    target: &Target,
    batch: &Batch<'_>,
    report: &dyn Fn(Outcome),
) -> Result<(), ClusterError> {
    let observer = engine.observer.as_deref();
    let count = batch.count;
    let untried = observer.filter(|observer| !observer.has_counted(target));
    if let Some(observer) = untried {
        let name = job::job_name(&target.job, batch.cycle, 0);
        let job = batch.manifest(target, &name, batch.cycle);
        tokio::select! {
            biased;
            tried = observer.try_label(cluster, target, &job) => tried?,
            () = stopped(batch.stop) => {}
        }
    }
    // The first of a run goes alone: should the cluster take the label away by which Jobs are counted, there is one too many and not
    // a whole batch. So does the first after a refusal, and then each round doubles: a quota that frees one place at a time would
    // refuse a whole batch in every cycle.
    let was_refused = observer.is_some_and(|observer| observer.is_refused(target));
    let mut width = if was_refused || untried.is_some() {
        1
    } else {
        count
    };
    let mut begun = 0;
    let mut tally = Tally::default();
    while begun < count {
        let round = begun..count.min(begun.saturating_add(width));
        begun = round.end;
        send_all(engine, cluster, target, batch, round, &mut tally, report).await;
        // What was not made for certain proves nothing.
        if tally.made < begun {
            break;
        }
        width = if was_refused && width < engine.concurrency {
            width * 2
        } else {
            count
        };
    }
    let unsent = count - tally.sent;
    if let Some((job, error)) = tally.refused.first() {
        if let Some(observer) = observer {
            observer.set_refused(target, true);
        }
        report(Outcome::Refused {
            count: tally.refused.len() + unsent,
            sent: tally.refused.len(),
            job: job.clone(),
            error: error.clone(),
        });
        return Ok(());
    }
    if let Some(observer) = observer.filter(|_| was_refused && tally.made > 0) {
        observer.set_refused(target, false);
        report(Outcome::Accepted);
    }
    if unsent > 0 {
        report(Outcome::NotSent {
            count: unsent,
            why: tally.why(batch.stop).to_owned(),
        });
    }
    Ok(())
}

/// Creates the Jobs of one round, until no more are to be sent.
async fn send_all(
    engine: &Engine,
    cluster: &Cluster,
    target: &Target,
    batch: &Batch<'_>,
    round: Range<usize>,
    tally: &mut Tally,
    report: &dyn Fn(Outcome),
) {
    let observer = engine.observer.as_deref();
    let mut sent = futures::stream::iter(round)
        .map(|ordinal| send(observer, cluster, target, ordinal, batch))
        .buffer_unordered(engine.concurrency);
    while let Some(sent) = sent.next().await {
        if matches!(&sent, Err((_, failed)) if failed.unsent) {
            continue;
        }
        let can_count = observer.is_none_or(|observer| observer.can_count(target).is_ok());
        tally.take(&sent, can_count);
        batch.is_over.store(tally.is_over(), Ordering::Relaxed);
        report(match sent {
            Ok(job) => Outcome::Created { job },
            Err((job, NotMade { error, perhaps, .. })) => Outcome::CreateFailed {
                job,
                error,
                perhaps,
            },
        });
    }
}

/// Returns soon after `stop` was set.
async fn stopped(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(LOOK).await;
    }
}

/// Creates the `ordinal`th Job and gives its name; with an error the name that was tried last.
async fn send(
    observer: Option<&Observer>,
    cluster: &Cluster,
    target: &Target,
    ordinal: usize,
    batch: &Batch<'_>,
) -> Result<String, (String, NotMade)> {
    let mut spare = observer.and_then(|observer| observer.take_spare(target));
    let mut cycle = batch.cycle.clone();
    let mut name = job::job_name(&target.job, &cycle, ordinal);
    if let Some((spare, _)) = &spare {
        (cycle, name) = (CycleId::from_mark(spare.cycle.clone()), spare.name.clone());
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
        match actions::create(cluster, &target.namespace, &manifest, batch.pace, &|| {
            batch.is_over()
        })
        .await
        {
            Ok(made) => {
                if let Some(observer) = observer {
                    // A request of the cycle that chose the name may still arrive.
                    if made.resent || spare.is_some() {
                        observer.resent(target, &name);
                    }
                    observer.marked(target, &name, made.tracked);
                    observer.created(target, sent(), batch.clock.now());
                }
                return Ok(name);
            }
            // Another's Job has the name: beyond the count are ordinals that this cycle does not use.
            Err(NotMade { error, .. })
                if error.kind == ClusterErrorKind::AlreadyExists && tries < NAMES =>
            {
                tracing::debug!(%error, name, "choosing another name");
                spare = None;
                cycle = batch.cycle.clone();
                name = job::job_name(&target.job, &cycle, ordinal + batch.count * tries);
                tries += 1;
            }
            Err(failed) => {
                if let Some(observer) = observer {
                    if failed.perhaps {
                        observer.resent(target, &name);
                        observer.perhaps(target, sent(), batch.clock.now());
                    } else if let Some((spare, since)) = spare
                        && failed.error.kind != ClusterErrorKind::AlreadyExists
                    {
                        // What was sent under that name in an earlier cycle may still be carried out.
                        observer.give_back(target, spare, since);
                    }
                }
                return Err((name, failed));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::kubeconfig;
    use crate::cluster::pace::Paces;
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
        let (clock, pace, stop) = (Clock::system(), Paces::new(4), AtomicBool::new(false));
        let pace = pace.of("orders");
        let (cycle, other) = (CycleId::random(), CycleId::random());
        let batch = |cycle| Batch {
            count: 2,
            cycle,
            asked_by: "test",
            owner: None,
            clock: &clock,
            pace: &pace,
            stop: &stop,
            is_over: AtomicBool::new(false),
        };
        // Another's Jobs have the names that this cycle would choose for the first of two, and then for its second try.
        let names: Vec<String> = [0, 2, 4, 1]
            .iter()
            .map(|ordinal| job::job_name(&target.job, &cycle, *ordinal))
            .collect();
        for name in &names[..2] {
            let manifest = job::manifest(&target.job, "default", name, &other, "other", None);
            actions::create(&cluster, "default", &manifest, &pace, &|| false)
                .await
                .unwrap();
        }
        let send = async |ordinal| send(None, &cluster, &target, ordinal, &batch(&cycle)).await;
        assert_eq!(send(0).await.unwrap(), names[2]);
        assert_eq!(send(1).await.unwrap(), names[3]);
        // Bounded: when the third is another's as well, it is an error.
        let third = CycleId::random();
        for ordinal in [0, 2, 4] {
            let name = job::job_name(&target.job, &third, ordinal);
            let manifest = job::manifest(&target.job, "default", &name, &other, "other", None);
            actions::create(&cluster, "default", &manifest, &pace, &|| false)
                .await
                .unwrap();
        }
        let (_, failed) = super::send(None, &cluster, &target, 0, &batch(&third))
            .await
            .unwrap_err();
        assert_eq!(failed.error.kind, ClusterErrorKind::AlreadyExists);
        sandbox.stop().await;
    }
}
