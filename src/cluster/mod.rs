//! The cluster that Jobs are made in: kubeconfig and client, inventory, Job building, creation and deletion, and the
//! objects that triggers refer to. Decides nothing: how many is the planner's word.

pub mod actions;
pub mod client;
mod credentials;
pub mod error;
pub mod inventory;
pub mod job;
pub mod kubeconfig;
pub mod leases;
pub mod lists;
pub mod objects;
pub mod operator;
mod outage;
pub mod pace;
mod plugin;
pub mod scaled_jobs;
mod skew;
pub mod stuck;
pub(crate) mod throttle;
mod token_file;
pub mod watch;

pub use client::Cluster;
pub use error::{Cause, ClusterError, ClusterErrorKind};

/// Label on every Job and pod of ours: the object's name.
pub const NAME_LABEL: &str = "keda-jobs/name";
/// KEDA's tracking label. Read, never written.
pub const KEDA_NAME_LABEL: &str = "scaledjob.keda.sh/name";
/// Annotation: the cycle that made the Job.
pub const CYCLE_ANNOTATION: &str = "keda-jobs/cycle";
/// Annotation: hash of the jobTargetRef that the Job was made from.
pub const SPEC_HASH_ANNOTATION: &str = "keda-jobs/spec-hash";
/// Annotation: the trigger that asked for the Job.
pub const TRIGGER_ANNOTATION: &str = "keda-jobs/trigger";
/// Label on a Lease of ours: the heartbeat of the run that holds it.
pub const RUN_LABEL: &str = "keda-jobs/run";
/// Value of `app.kubernetes.io/managed-by` on our Jobs.
pub const MANAGED_BY: &str = "keda-jobs";
