//! What a run knows of its objects' Jobs without asking for each object: the watches, and the ledgers of what they cannot show yet.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{StreamExt, stream};
use k8s_openapi::jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;

use super::Target;
use super::ledger::{Ledger, Missing, Sent};
use crate::cluster::actions::{self, Found};
use crate::cluster::job::Owner;
use crate::cluster::scaled_jobs::ScaledJobs;
use crate::cluster::watch::{Mode, Snapshot, Watches};
use crate::cluster::{Cluster, ClusterError, ClusterErrorKind, NAME_LABEL};
use crate::mutant;
use crate::planner::inventory::{Inventory, ObservedJob};
use crate::report::count;

/// How long the dry run of a first Job may take. Where it says nothing, that Job itself tells.
const DRY_RUN: Duration = Duration::from_secs(5);

/// How long the missing Jobs of an object are looked for in a cycle; those that are left go on counting. A time and no number: where a
/// thousand end and go between two cycles, those that are left would take the places of new ones for ever.
const LOOKING: Duration = Duration::from_secs(5);
/// How many of them at once.
const TOGETHER: usize = 10;

/// What became of the label by which Jobs are counted.
#[derive(Debug, Clone)]
enum Label {
    /// The cluster keeps it.
    Kept,
    /// It was gone from Jobs: no list and no watch will ever show them.
    Lost {
        /// The first of them.
        job: String,
        /// How many more there are.
        more: usize,
    },
}

/// What the dry runs of a namespace said of the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Tried {
    /// None was made yet.
    #[default]
    Not,
    /// Nothing: each object asks for itself until one is answered.
    Silent,
    /// The cluster keeps it.
    Kept,
    /// The cluster takes it from the Jobs of an object: each asks for itself.
    Taken,
}

/// The watches and ledgers of a run.
pub struct Observer {
    cluster: Cluster,
    watches: Watches,
    /// By [`Target::id`].
    ledgers: Mutex<HashMap<String, Ledger>>,
    /// By [`Target::id`]: what is known must contain a list that began after this. See [`Self::acquired`].
    since: Mutex<HashMap<String, Instant>>,
    /// By [`Target::id`]: whether its Jobs carry our label, as the answers to creates show.
    labels: Mutex<HashMap<String, Label>>,
    /// By namespace. Held during the first dry run, whose answer may be the answer for all.
    tried: Mutex<HashMap<String, Arc<AsyncMutex<Tried>>>>,
    /// [`Target::id`]s of objects whose Jobs the cluster refused when they were sent last.
    refused: Mutex<HashSet<String>>,
    scaled_jobs: Arc<ScaledJobs>,
    mode: Mode,
    /// Always, but for a mutant.
    keeps_ledgers: bool,
}

impl Observer {
    /// Is ready to observe `targets`: for a loop, or for one cycle of each. Must be called on a runtime; watches end when this is
    /// dropped.
    pub fn start(
        cluster: &Cluster,
        targets: &[Target],
        once: bool,
        scaled_jobs: Arc<ScaledJobs>,
    ) -> Self {
        let objects = targets
            .iter()
            .map(|target| (target.namespace.as_str(), &target.job));
        let mode = if once { Mode::Lists } else { Mode::Watch };
        Self {
            cluster: cluster.clone(),
            watches: Watches::start(cluster, objects, mode),
            ledgers: Mutex::default(),
            since: Mutex::default(),
            labels: Mutex::default(),
            tried: Mutex::default(),
            refused: Mutex::default(),
            scaled_jobs,
            mode,
            keeps_ledgers: !mutant::is("no-ledger"),
        }
    }

    /// Whether the run goes on after the first cycle.
    pub fn is_loop(&self) -> bool {
        self.mode == Mode::Watch
    }

    /// What exists for `target`, with what was just made, and with what ended and is gone since the last time.
    ///
    /// # Errors
    /// When it is not known: the cycle must hold.
    pub async fn observe(&self, target: &Target) -> Result<Inventory, ClusterError> {
        self.can_count(target)?;
        let snapshot = |since| self.watches.snapshot(&target.namespace, &target.job, since);
        let since = self
            .since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&target.id())
            .copied();
        let mut known = snapshot(since).await?;
        let (uncertain, overdue) = self.with_ledger(target, |ledger| {
            ledger.see(&known.jobs, known.as_of);
            // A TTL may take them before anybody looks.
            ledger.see_ended(&self.watches.ended(&target.namespace, &target.job));
            let as_of = known.as_of;
            (
                ledger.is_uncertain(as_of),
                ledger.is_overdue(Instant::now(), as_of),
            )
        });
        if uncertain || overdue {
            match snapshot(Some(Instant::now())).await {
                Ok(listed) => {
                    known = listed;
                    self.with_ledger(target, |ledger| ledger.see(&known.jobs, known.as_of));
                }
                Err(error) if uncertain => return Err(error),
                // They were made and go on counting.
                Err(error) => {
                    tracing::debug!(%error, target = target.id(), "looking for Jobs that the watch does not show");
                }
            }
        }
        self.vouch(target, &known).await?;
        // Without these nobody would hear how they ended, the failure brake least of all.
        let ended = self.watches.take_ended(&target.namespace, &target.job);
        Ok(Inventory::Known(self.with_ledger(target, |ledger| {
            ledger.see_ended(&ended);
            ledger.believe(known.as_of);
            known.jobs.extend(ended);
            ledger.complete(known.jobs)
        })))
    }

    /// Whether the list in `known` can be believed: the Jobs that were made and that it leaves out are looked for by their names. Jobs
    /// that have ended and are gone are left out rightly.
    ///
    /// # Errors
    /// When one of them exists, or it is not known whether it does: the Jobs cannot be counted (law 1).
    async fn vouch(&self, target: &Target, known: &Snapshot) -> Result<(), ClusterError> {
        let mut missing = self.with_ledger(target, |ledger| ledger.missing(known.as_of));
        if mutant::is("any-list") {
            for missing in missing.drain(..) {
                self.with_ledger(target, |ledger| ledger.gone(&missing.name));
            }
        }
        let mut missing = missing.iter();
        // The first alone: where lists lie it exists, and one request tells.
        if let Some(first) = missing.next() {
            self.explain(target, first).await?;
        }
        let looks = stream::iter(missing)
            .take_until(tokio::time::sleep(LOOKING))
            .map(|missing| self.explain(target, missing))
            .buffer_unordered(TOGETHER);
        let mut looks = std::pin::pin!(looks);
        while let Some(explained) = looks.next().await {
            explained?;
        }
        Ok(())
    }

    /// Looks for one Job that a list leaves out.
    async fn explain(&self, target: &Target, missing: &Missing) -> Result<(), ClusterError> {
        let (namespace, object) = (&target.namespace, &target.job.name);
        let Missing { name, cycle, seen } = missing;
        let found = actions::look(&self.cluster, namespace, name, object, cycle).await?;
        let Found::Ours { tracked } = found else {
            self.with_ledger(target, |ledger| ledger.gone(name));
            return Ok(());
        };
        // Somebody took the label from it, and no list shows it any more.
        if !tracked && *seen {
            self.with_ledger(target, |ledger| ledger.gone(name));
            return Ok(());
        }
        self.with_ledger(target, Ledger::doubt);
        if !tracked {
            self.marked(target, name, false);
            return self.can_count(target);
        }
        Err(ClusterError {
            kind: ClusterErrorKind::Other,
            operation: format!("count the Jobs of {}", target.id()),
            message: format!(
                "the list of jobs.batch in namespace {namespace} leaves out the job {name}, which exists: something between here and the API server, such as a proxy or a cache that is behind, answers lists with what is old; compare kubectl get job {name} --namespace {namespace} with kubectl get jobs --selector {NAME_LABEL}={object} --namespace {namespace}"
            ),
            causes: Vec::new(),
        })
    }

    /// The Jobs of `target` as the cluster has them at `since` or later; objects that are asked about together share a list.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn jobs(
        &self,
        target: &Target,
        since: Instant,
    ) -> Result<Vec<ObservedJob>, ClusterError> {
        let snapshot = self
            .watches
            .snapshot(&target.namespace, &target.job, Some(since));
        snapshot.await.map(|snapshot| snapshot.jobs)
    }

    /// The Lease of `target` was acquired just now. Whoever held it before may have made Jobs that the watch does not show yet, so
    /// the next inventory must contain a list that begins after this; objects that are acquired together share one.
    pub fn acquired(&self, target: &Target) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.insert(target.id(), Instant::now());
    }

    /// The ScaledJob of that name in the cluster, if there is one.
    ///
    /// # Errors
    /// When that is not known.
    pub async fn owner(
        &self,
        cluster: &Cluster,
        target: &Target,
    ) -> Result<Option<Owner>, ClusterError> {
        self.scaled_jobs
            .owner(cluster, &target.namespace, &target.job.name)
            .await
    }

    /// The server said that the Job was made.
    pub fn created(&self, target: &Target, sent: Sent, time: Timestamp) {
        if self.keeps_ledgers {
            self.with_ledger(target, |ledger| {
                ledger.created(sent, Instant::now(), time);
            });
        }
    }

    /// No answer told whether the Job was made.
    pub fn perhaps(&self, target: &Target, sent: Sent, time: Timestamp) {
        if self.keeps_ledgers {
            self.with_ledger(target, |ledger| {
                ledger.perhaps(sent, Instant::now(), time);
            });
        }
    }

    /// Asks with a dry run of `job` whether the cluster keeps the label by which Jobs are counted: once for a namespace, where that has an
    /// answer. A policy that takes it from some objects only is found with their first Job: see [`Self::marked`].
    ///
    /// # Errors
    /// When the label is taken: nothing may be made.
    pub async fn try_label(
        &self,
        cluster: &Cluster,
        target: &Target,
        job: &Value,
    ) -> Result<(), ClusterError> {
        let tried = {
            let mut tried = self.tried.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(tried.entry(target.namespace.clone()).or_default())
        };
        let mut first = tried.lock().await;
        match *first {
            Tried::Kept => return Ok(()),
            Tried::Not => {
                let (said, answer) = Self::dry_run(cluster, target, job).await;
                *first = said;
                return answer;
            }
            Tried::Silent | Tried::Taken => drop(first),
        }
        let (said, answer) = Self::dry_run(cluster, target, job).await;
        let mut others = tried.lock().await;
        if said != Tried::Silent && *others == Tried::Silent {
            *others = said;
        }
        answer
    }

    async fn dry_run(
        cluster: &Cluster,
        target: &Target,
        job: &Value,
    ) -> (Tried, Result<(), ClusterError>) {
        let namespace = &target.namespace;
        let limit = DRY_RUN.min(cluster.request_timeout());
        match actions::dry_run(cluster, namespace, job, limit).await {
            Ok(true) => (Tried::Kept, Ok(())),
            Ok(false) => {
                let error = ClusterError {
                    kind: ClusterErrorKind::Invalid,
                    operation: format!("create jobs.batch in namespace {namespace}"),
                    message: format!(
                        "{}: none is made before it keeps it",
                        actions::label_is_taken()
                    ),
                    causes: Vec::new(),
                };
                (Tried::Taken, Err(error))
            }
            // What there is to say against the Job, its create says.
            Err(_) => (Tried::Silent, Ok(())),
        }
    }

    /// A Job was made, `tracked` with the label by which Jobs are counted. One without it is one too many for ever.
    pub fn marked(&self, target: &Target, name: &str, tracked: bool) {
        let mut labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        match labels.get_mut(&target.id()) {
            Some(Label::Lost { job, more }) if !tracked && job != name => *more += 1,
            Some(Label::Lost { .. }) => {}
            _ => {
                let label = if tracked {
                    Label::Kept
                } else {
                    let job = name.to_owned();
                    Label::Lost { job, more: 0 }
                };
                labels.insert(target.id(), label);
            }
        }
    }

    /// Whether a Job of `target` was made in this run, and kept its label.
    pub fn has_counted(&self, target: &Target) -> bool {
        let labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(labels.get(&target.id()), Some(Label::Kept))
    }

    /// Whether the cluster refused Jobs of `target` when they were sent last.
    pub fn is_refused(&self, target: &Target) -> bool {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.contains(&target.id())
    }

    /// The cluster refused Jobs of `target`, or took all that were sent.
    pub fn set_refused(&self, target: &Target, is_refused: bool) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if is_refused {
            refused.insert(target.id());
        } else {
            refused.remove(&target.id());
        }
    }

    /// Whether the Jobs of `target` can be counted: none that this run made lacks our label.
    ///
    /// # Errors
    /// When one does: it exists and no list shows it, so that every count is too small from then on (laws 1 and 2).
    pub fn can_count(&self, target: &Target) -> Result<(), ClusterError> {
        let labels = self.labels.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Label::Lost { job, more }) = labels.get(&target.id()) else {
            return Ok(());
        };
        let others = match more {
            0 => String::new(),
            more => format!(
                " and from {}",
                count(i64::try_from(*more).unwrap_or(i64::MAX), "more Job")
            ),
        };
        Err(ClusterError {
            kind: ClusterErrorKind::Other,
            operation: format!("count the Jobs of {}", target.id()),
            message: format!(
                "the cluster took the label {NAME_LABEL} from the job {job}{others}, and only by that label are Jobs found; have the mutating webhook or policy that does so keep it, see to that Job (kubectl get job {job} --namespace {}), and start again",
                target.namespace
            ),
            causes: Vec::new(),
        })
    }

    /// The Job was sent more than once: an earlier sending may still arrive.
    pub fn resent(&self, target: &Target, name: &str) {
        self.with_ledger(target, |ledger| ledger.resent(name, Instant::now()));
    }

    /// Whether the Job must not be deleted yet, because an earlier sending of it would make it again.
    pub fn is_awaited(&self, target: &Target, name: &str) -> bool {
        self.with_ledger(target, |ledger| ledger.is_awaited(name, Instant::now()))
    }

    /// How many Jobs of `target` may still be made that were sent and never answered.
    pub fn unanswered(&self, target: &Target) -> usize {
        self.with_ledger(target, |ledger| ledger.unanswered(Instant::now()))
    }

    /// How many creates of `target` nobody knows the outcome of.
    pub fn unknown(&self, target: &Target) -> usize {
        self.with_ledger(target, |ledger| ledger.unknown(Instant::now()))
    }

    /// Names of Jobs that were seen since this was asked last and whose creates had had no answer.
    pub fn take_found(&self, target: &Target) -> Vec<String> {
        let found = self.with_ledger(target, Ledger::take_found);
        // They were seen by their label.
        for name in &found {
            self.marked(target, name, true);
        }
        found
    }

    /// A name to use before a new one is chosen, and when its create was given up.
    pub fn take_spare(&self, target: &Target) -> Option<(Sent, Instant)> {
        self.with_ledger(target, Ledger::take_spare)
    }

    /// The name was not used up.
    pub fn give_back(&self, target: &Target, sent: Sent, since: Instant) {
        self.with_ledger(target, |ledger| ledger.give_back(sent, since));
    }

    fn with_ledger<T>(&self, target: &Target, act: impl FnOnce(&mut Ledger) -> T) -> T {
        let mut ledgers: MutexGuard<'_, _> =
            self.ledgers.lock().unwrap_or_else(PoisonError::into_inner);
        act(ledgers.entry(target.id()).or_default())
    }
}
