//! One writer for each object (law 5): asked before each cycle, before its writes, and while they go on.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Target;
use super::lease::{Grant, Leases, Notice, ObjectLease};
use super::operator::Operator;
use crate::cluster::scaled_jobs::ScaledJobs;
use crate::cluster::{Cluster, ClusterError};
use crate::mutant;
use crate::signals::Signals;

/// A ScaledJob may be unpaused while we run: how old the last look may be when a cycle is about to write.
const LOOK_AGAIN: Duration = Duration::from_mins(1);

/// What keeps a second writer away.
pub struct Guard {
    cluster: Cluster,
    operator: Operator,
    leases: Option<Leases>,
}

impl Guard {
    /// `operator_namespace` is where KEDA lives; without `leases` only KEDA is looked for.
    pub fn new(
        cluster: Cluster,
        operator_namespace: String,
        scaled_jobs: Arc<ScaledJobs>,
        leases: Option<Leases>,
    ) -> Self {
        Self {
            cluster,
            operator: Operator::new(operator_namespace, scaled_jobs),
            leases,
        }
    }

    /// Starts the heartbeats of the namespaces of `targets`.
    ///
    /// # Errors
    /// When the right to Leases is missing there.
    pub async fn start(&self, targets: &[Target]) -> Result<(), ClusterError> {
        let mut namespaces: Vec<&str> = targets
            .iter()
            .map(|target| target.namespace.as_str())
            .collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        match &self.leases {
            Some(leases) => leases.start(&namespaces).await,
            None => Ok(()),
        }
    }

    /// The guard of one object.
    pub fn of<'a>(&'a self, target: &'a Target) -> ObjectGuard<'a> {
        ObjectGuard {
            guard: self,
            target,
            lease: self
                .leases
                .as_ref()
                .filter(|_| !mutant::is("no-lease-check"))
                .map(|leases| leases.of(target)),
            looked: std::sync::Mutex::new(None),
        }
    }

    /// Why `run` would refuse the object because of KEDA, as one quick look shows it.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn refusal(&self, target: &Target) -> Result<Option<String>, ClusterError> {
        self.operator.drives(&self.cluster, target, false).await
    }

    /// Gives the Leases up.
    pub async fn release(&self) {
        if let Some(leases) = &self.leases {
            leases.release().await;
        }
    }
}

/// The guard of one object.
pub struct ObjectGuard<'a> {
    guard: &'a Guard,
    target: &'a Target,
    lease: Option<ObjectLease<'a>>,
    /// When KEDA was last looked for.
    looked: std::sync::Mutex<Option<Instant>>,
}

impl ObjectGuard<'_> {
    /// Asks for the right to write; before each cycle. Costs nothing while the Lease is held.
    ///
    /// # Errors
    /// When the cluster does not answer or refuses to: nothing may be written.
    pub async fn enter(
        &mut self,
        signals: &Signals,
        notice: Notice<'_>,
    ) -> Result<Grant, ClusterError> {
        let never_looked = self.looked.lock().is_ok_and(|looked| looked.is_none());
        if never_looked {
            let look = tokio::select! {
                biased;
                _ = signals.first() => return Ok(Grant::Ended),
                look = self.look_for_keda() => look?,
            };
            if let Some(why) = look {
                return Ok(Grant::Refused(why));
            }
        }
        match &mut self.lease {
            Some(lease) => lease.acquire(signals, notice).await,
            None => Ok(Grant::Held),
        }
    }

    /// Gives the object up before the run ends, where others may wait for it.
    pub async fn release(&self) {
        if let Some(lease) = &self.lease {
            lease.release().await;
        }
    }

    /// Looks, at the end of a run, what became of claims of the Lease without an answer; its name, where one may still be carried out.
    pub async fn settle(&self) -> Option<&str> {
        match &self.lease {
            Some(lease) => lease.settle().await,
            None => None,
        }
    }

    /// Lets the Lease expire after the run's end instead of giving it up; its name, where it is held.
    pub fn keep(&self) -> Option<&str> {
        self.lease.as_ref().and_then(ObjectLease::keep)
    }

    /// Whether the cycle may write now; else why not.
    ///
    /// # Errors
    /// As [`Self::enter`].
    pub async fn before_writing(&self) -> Result<Result<(), String>, ClusterError> {
        let looked = self.looked.lock().ok().and_then(|looked| *looked);
        if looked.is_none_or(|looked| looked.elapsed() >= LOOK_AGAIN)
            && let Some(why) = self.look_for_keda().await?
        {
            return Ok(Err(why));
        }
        match &self.lease {
            Some(lease) => lease.verify().await,
            None => Ok(Ok(())),
        }
    }

    /// Ends when nothing may be written any more; says why.
    pub async fn lost(&self) -> String {
        match &self.lease {
            Some(lease) => lease.lost().await,
            None => std::future::pending().await,
        }
    }

    async fn look_for_keda(&self) -> Result<Option<String>, ClusterError> {
        let operator = &self.guard.operator;
        let why = operator
            .drives(&self.guard.cluster, self.target, true)
            .await?;
        if let Ok(mut looked) = self.looked.lock() {
            // One that KEDA drives is looked for again before the next cycle, which then ends.
            *looked = why.is_none().then(Instant::now);
        }
        Ok(why)
    }
}
