//! Beside KEDA: an object that a live operator drives is not ours to write for (law 5).
//!
//! KEDA drives an object when its ScaledJob is in the cluster and not paused, and an operator is alive: its leader-election Lease
//! moves, or it made a Job for the object lately. A Lease that looks recent by our clock is taken for alive at once, since that can
//! only make us refuse; one that does not is watched for its own duration before it is taken for dead.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::Target;
use super::lease::{Sighting, Verdict, Watch, moment_since, seems_fresh};
use crate::api;
use crate::cluster::operator::{self, OPERATOR_LEASE};
use crate::cluster::scaled_jobs::ScaledJobs;
use crate::cluster::{Cluster, ClusterError, ClusterErrorKind};

/// A Job of KEDA's that is younger than this shows a live operator whose Lease is somewhere else.
const LATELY: SignedDuration = SignedDuration::from_mins(5);
/// The operator's lease duration where its Lease names none. [KEDA cmd/operator/main.go: 15 s unless `KEDA_OPERATOR_LEADER_ELECTION_LEASE_DURATION` says otherwise]
const OPERATOR_DURATION: Duration = Duration::from_secs(15);
/// Between two looks; the operator renews every 2 s.
const PAUSE: Duration = Duration::from_secs(1);
/// How long an answer about the operator is good for the other objects of the run.
const KEPT: Duration = Duration::from_secs(30);

/// What is known of the operator.
#[derive(Debug, Clone)]
enum Life {
    /// Its Lease moves; the holder.
    Alive(String),
    /// It has no Lease, or one that does not move.
    NotSeen,
    /// We may not look; the server's words.
    Hidden(String),
}

/// The operator of one cluster, asked at most once for all objects.
pub(super) struct Operator {
    /// Namespace where KEDA lives.
    namespace: String,
    scaled_jobs: Arc<ScaledJobs>,
    known: tokio::sync::Mutex<Option<(Instant, Life)>>,
}

impl Operator {
    pub(super) fn new(namespace: String, scaled_jobs: Arc<ScaledJobs>) -> Self {
        Self {
            namespace,
            scaled_jobs,
            known: tokio::sync::Mutex::default(),
        }
    }

    /// Why `target` is KEDA's to write for; none when it is not. With `patient` a Lease that looks old is watched.
    pub(super) async fn drives(
        &self,
        cluster: &Cluster,
        target: &Target,
        patient: bool,
    ) -> Result<Option<String>, ClusterError> {
        let (namespace, name) = (target.namespace.as_str(), target.job.name.as_str());
        let found = self.scaled_jobs.find(cluster, namespace, name).await?;
        if found.is_none_or(|found| api::paused(&found.annotations)) {
            return Ok(None);
        }
        let evidence = match self.life(cluster, patient).await? {
            Life::Alive(holder) => format!(
                "its lease {}/{OPERATOR_LEASE} is kept by {holder}",
                self.namespace
            ),
            Life::Hidden(why) => format!("whether it is alive cannot be seen: {why}"),
            Life::NotSeen => {
                let last = operator::last_job_of_keda(cluster, namespace, name).await?;
                match last.map(|last| Timestamp::now().duration_since(last)) {
                    Some(age) if age < LATELY => {
                        format!(
                            "it made a Job for this object {} s ago",
                            age.as_secs().max(0)
                        )
                    }
                    _ => return Ok(None),
                }
            }
        };
        Ok(Some(format!(
            "KEDA's operator drives the ScaledJob {name} of namespace {namespace} ({evidence}); two writers would make too many \
             Jobs: pause it there first with kubectl annotate scaledjob {name} --namespace {namespace} \
             autoscaling.keda.sh/paused=true"
        )))
    }

    async fn life(&self, cluster: &Cluster, patient: bool) -> Result<Life, ClusterError> {
        let mut known = self.known.lock().await;
        if let Some((when, life)) = &*known
            && when.elapsed() < KEPT
        {
            return Ok(life.clone());
        }
        let life = self.look(cluster, patient).await?;
        *known = Some((Instant::now(), life.clone()));
        Ok(life)
    }

    async fn look(&self, cluster: &Cluster, patient: bool) -> Result<Life, ClusterError> {
        let start = Instant::now();
        let mut watch = Watch::default();
        loop {
            let lease = match operator::operator_lease(cluster, &self.namespace).await {
                Ok(lease) => lease,
                Err(error) if error.kind == ClusterErrorKind::Forbidden => {
                    return Ok(Life::Hidden(error.message));
                }
                Err(error) => return Err(error),
            };
            // An operator that ends in order clears its name.
            let Some((lease, holder)) = lease
                .as_ref()
                .and_then(|lease| lease.holder().map(|holder| (lease, holder)))
            else {
                return Ok(Life::NotSeen);
            };
            let verdict = watch.see(
                Some(Sighting {
                    of: OPERATOR_LEASE.to_owned(),
                    stamp: lease.stamp(),
                    duration: lease.duration().unwrap_or(OPERATOR_DURATION),
                }),
                moment_since(start),
            );
            if verdict == Verdict::Moved || seems_fresh(lease, Timestamp::now()) {
                return Ok(Life::Alive(holder.to_owned()));
            }
            if verdict == Verdict::Dead || !patient {
                return Ok(Life::NotSeen);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
