//! One cycle of one object, and the beat of many.

pub mod apply;
pub mod assumed;
pub mod cleanup;
pub mod clock;
pub mod cycle;
pub mod gate;
pub mod guard;
pub mod lease;
pub mod ledger;
pub mod limits;
pub mod observer;
mod operator;
pub mod schedule;

use std::sync::Arc;
use std::time::Duration;

use crate::api::ScaledJob;
use crate::cluster::client::LazyCluster;
use crate::cluster::job::spec_hash;
use crate::cluster::objects::Objects;
use crate::cluster::pace::Paces;
use crate::cluster::scaled_jobs::ScaledJobs;
use crate::scalers::{ClusterReader, ReadOptions};
use clock::Clock;

/// One object with the namespace it works in.
#[derive(Debug, Clone)]
pub struct Target {
    /// The object.
    pub job: ScaledJob,
    /// The manifest's namespace, or the one of the command.
    pub namespace: String,
    /// Hash of its jobTargetRef.
    pub spec_hash: String,
}

impl Target {
    /// Puts `job` into its namespace; `default` where the manifest names none.
    pub fn new(job: ScaledJob, default: &str) -> Self {
        let namespace = job.namespace.clone().unwrap_or_else(|| default.to_owned());
        let spec_hash = spec_hash(&job.job_target_ref);
        Self {
            job,
            namespace,
            spec_hash,
        }
    }

    /// `namespace/name`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.namespace, self.job.name)
    }
}

/// What is to be known of ScaledJobs in the cluster for these objects.
pub fn scaled_jobs(targets: &[Target]) -> Arc<ScaledJobs> {
    let namespaces = targets.iter().map(|target| target.namespace.as_str());
    Arc::new(ScaledJobs::new(namespaces))
}

/// What every cycle uses.
pub struct Engine {
    /// The time to reckon with.
    pub clock: Clock,
    /// The cluster, connected when first needed.
    pub cluster: Arc<LazyCluster>,
    /// What a run knows of the Jobs; without it, as for `plan`, each object is listed by itself and nothing can be carried out.
    pub observer: Option<Arc<observer::Observer>>,
    /// What triggers refer to.
    pub objects: Arc<Objects>,
    /// What triggers count in the cluster.
    pub reader: Arc<dyn ClusterReader>,
    /// How triggers are read.
    pub read_options: ReadOptions,
    /// How many objects are read at once.
    pub reads: gate::Gate,
    /// Limits of the command line.
    pub limits: limits::Limiter,
    /// Pending Jobs older than this are looked into. See [`crate::cluster::stuck`].
    pub stuck_after: Duration,
    /// Most create or delete requests of one object under way at once.
    pub concurrency: usize,
    /// What the server lets each object create at once.
    pub paces: Paces,
}
