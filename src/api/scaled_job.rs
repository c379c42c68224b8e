//! The `ScaledJob` that every dialect becomes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::JobTargetRef;
use crate::manifest::Document;

/// Seconds between two readings when `pollingInterval` is unset. [KEDA `scaledjob_types.go`]
pub const DEFAULT_POLLING_INTERVAL: i32 = 30;
/// `maxReplicaCount` when unset.
pub const DEFAULT_MAX_REPLICA_COUNT: i64 = 100;
/// Both history limits when unset.
pub const DEFAULT_HISTORY_LIMIT: i32 = 100;

/// Which manifest dialect an object was written in. [semantics §1.1]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// The 2019 proposal: `keda.k8s.io/v1alpha1` `ScaledObject` with `consumerSpec`.
    Proposal,
    /// KEDA 1.0–1.5: `keda.k8s.io/v1alpha1` `ScaledObject` with `jobTargetRef`.
    V1,
    /// KEDA 2: `keda.sh/v1alpha1` `ScaledJob`.
    V2,
}

/// One `ScaledJob`.
#[derive(Debug, Clone)]
pub struct ScaledJob {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, when the manifest has one.
    pub namespace: Option<String>,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// The dialect it was written in.
    pub dialect: Dialect,
    /// The `JobSpec` exactly as written (law 9); for the proposal, the one that `consumerSpec` and its neighbours make.
    pub job_target_ref: JobTargetRef,
    /// `pollingInterval` in seconds, at least 1.
    pub polling_interval: i32,
    /// `successfulJobsHistoryLimit`.
    pub successful_jobs_history_limit: i32,
    /// `failedJobsHistoryLimit`.
    pub failed_jobs_history_limit: i32,
    /// `envSourceContainerName`, when not empty.
    pub env_source_container_name: Option<String>,
    /// `minReplicaCount` as written.
    pub min_replica_count: Option<i64>,
    /// `maxReplicaCount` as written.
    pub max_replica_count: Option<i64>,
    /// `rolloutStrategy` or `rollout.strategy`: only `immediate` written out deletes anything here.
    pub rollout: Rollout,
    /// `scalingStrategy`.
    pub scaling_strategy: ScalingStrategy,
    /// `triggers`.
    pub triggers: Vec<Trigger>,
    /// Where it was read from.
    pub document: Arc<Document>,
}

/// `rollout`. [semantics §3.5]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rollout {
    /// `rollout.strategy: immediate` (or the deprecated `rolloutStrategy`) is written out.
    pub immediate: bool,
    /// `rollout.propagationPolicy: foreground`.
    pub foreground: bool,
}

/// `scalingStrategy`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScalingStrategy {
    /// `strategy`.
    pub strategy: Strategy,
    /// `customScalingQueueLengthDeduction`.
    pub queue_length_deduction: Option<i64>,
    /// `customScalingRunningJobPercentage`, unparsed: KEDA falls back to `default` when it does not parse.
    pub running_job_percentage: String,
    /// `pendingPodConditions`.
    pub pending_pod_conditions: Vec<String>,
    /// `multipleScalersCalculation`.
    pub multiple_scalers_calculation: Calculation,
}

/// `scalingStrategy.strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strategy {
    /// Wanted minus running.
    #[default]
    Default,
    /// Wanted minus a deduction minus a share of the running.
    Custom,
    /// Wanted minus pending.
    Accurate,
    /// Fill every free slot.
    Eager,
}

/// `scalingStrategy.multipleScalersCalculation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Calculation {
    /// The longest queue.
    #[default]
    Max,
    /// The shortest queue.
    Min,
    /// The mean.
    Avg,
    /// The sum.
    Sum,
}

/// One entry of `spec.triggers`.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Place in the list, from 0; also its place in the document, whatever the dialect.
    pub index: usize,
    /// `type`.
    pub kind: String,
    /// `name`, or empty.
    pub name: String,
    /// `metadata`.
    pub metadata: BTreeMap<String, String>,
    /// `authenticationRef`.
    pub authentication_ref: Option<AuthenticationRef>,
    /// `metricType`, refused by KEDA on `ScaledJobs`; `Value` never starts a Job.
    pub metric_type: Option<String>,
}

/// `authenticationRef`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthenticationRef {
    /// Name of the object.
    pub name: String,
    /// A `ClusterTriggerAuthentication` instead of a `TriggerAuthentication`.
    pub cluster: bool,
}

impl Strategy {
    /// KEDA's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Custom => "custom",
            Self::Accurate => "accurate",
            Self::Eager => "eager",
        }
    }
}

impl Calculation {
    /// KEDA's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Min => "min",
            Self::Avg => "avg",
            Self::Sum => "sum",
        }
    }
}

impl ScaledJob {
    /// Whether it is [`paused`].
    pub fn paused(&self) -> bool {
        paused(&self.annotations)
    }
}

/// Whether `autoscaling.keda.sh/paused` pauses the object of these annotations: present, and not one of Go's words for false
/// (KEDA 2.13+).
pub fn paused(annotations: &BTreeMap<String, String>) -> bool {
    annotations
        .get("autoscaling.keda.sh/paused")
        .is_some_and(|value| {
            !matches!(
                value.as_str(),
                "0" | "f" | "F" | "false" | "FALSE" | "False"
            )
        })
}
