//! The Kubernetes-facing types: `ScaledJob` in all three dialects, triggers, `TriggerAuthentication`, readings.
//!
//! A dialect is turned into a [`ScaledJob`] here and nowhere else. This room does no I/O.

mod authentication;
mod decode;
pub(crate) mod downward;
pub mod facts;
pub(crate) mod go;
mod job_target_ref;
mod keda_version;
pub(crate) mod names;
mod place;
pub(crate) mod pod;
pub(crate) mod quantity;
pub mod reading;
mod scaled_job;
mod secret;
mod shape;

pub use authentication::{DataObject, EnvRef, PodIdentity, TargetRef, TriggerAuthentication};
pub use decode::decode;
pub use job_target_ref::JobTargetRef;
pub use keda_version::KedaVersion;
pub use scaled_job::{
    AuthenticationRef, Calculation, DEFAULT_HISTORY_LIMIT, DEFAULT_MAX_REPLICA_COUNT,
    DEFAULT_POLLING_INTERVAL, Dialect, Rollout, ScaledJob, ScalingStrategy, Strategy, Trigger,
    paused,
};
pub use secret::Secret;

/// What the given files hold, decoded.
#[derive(Debug, Default)]
pub struct Resources {
    /// Every object that scales Jobs, in the order of the files.
    pub scaled_jobs: Vec<ScaledJob>,
    /// Such objects with an error of their own: only to be looked at for further findings, never to be worked on.
    pub defective_jobs: Vec<ScaledJob>,
    /// `TriggerAuthentications` and `ClusterTriggerAuthentications`.
    pub authentications: Vec<TriggerAuthentication>,
    /// Such objects with an error of their own: what they bring is not known.
    pub defective_authentications: Vec<TriggerAuthentication>,
    /// Secrets.
    pub secrets: Vec<DataObject>,
    /// `ConfigMaps`.
    pub config_maps: Vec<DataObject>,
    /// `ScaledObject namespace/name` of those that scale a Deployment.
    pub left_to_keda: Vec<String>,
    /// Other kinds, with how often they occur.
    pub skipped: std::collections::BTreeMap<String, usize>,
}
