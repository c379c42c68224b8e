//! The Jobs that exist, by state, and the counts that the formulas read. Pure: the cluster room fills it in.

use k8s_openapi::jiff::Timestamp;

/// State of one Job. [semantics §7.4]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobState {
    /// Unfinished, with no pod that runs or has succeeded (or that meets the pendingPodConditions).
    Pending,
    /// Unfinished and at work.
    Running,
    /// `spec.suspend`, or condition Suspended.
    Suspended,
    /// SuccessCriteriaMet or FailureTarget: decided, its pods still end.
    Finishing,
    /// Unfinished and being deleted.
    Terminating,
    /// Condition Complete.
    Succeeded,
    /// Condition Failed.
    Failed,
}

/// What the planner needs to know of one Job.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedJob {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// Its state.
    pub state: JobState,
    /// KEDA counts an unfinished Job as pending by its pods alone, suspended and terminating ones too. [semantics §2.6]
    pub pending_to_keda: bool,
    /// `status.active` + `status.terminating`: pods that still use the cluster.
    pub pods: i64,
    /// Labelled `keda-jobs/name`: ours to delete. Otherwise it carries KEDA's label and only counts.
    pub ours: bool,
    /// `metadata.creationTimestamp`.
    pub created_at: Option<Timestamp>,
    /// Time of the terminal condition (`completionTime` when there is one).
    pub finished_at: Option<Timestamp>,
    /// Annotation `keda-jobs/spec-hash`.
    pub spec_hash: Option<String>,
    /// Annotation `keda-jobs/trigger`.
    pub trigger: Option<String>,
    /// Annotation `keda-jobs/cycle`.
    pub cycle: Option<String>,
    /// Reason of the terminal or interim condition, or why no pod starts.
    pub reason: Option<String>,
}

/// What exists for one ScaledJob.
#[derive(Debug, Clone, PartialEq)]
pub enum Inventory {
    /// The Jobs, complete.
    Known(Vec<ObservedJob>),
    /// Counts given by hand (`--running`, `--pending`): nothing to delete, nothing listed.
    Assumed(Counts),
    /// It could not be listed; the text says why. The cycle holds (law 1).
    Unknown(String),
}

/// Counts over Jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Unfinished Jobs, as KEDA counts them: suspended, finishing and terminating ones too.
    pub running: i64,
    /// Of these, the pending ones as KEDA counts them.
    pub pending: i64,
    /// Jobs that hold a slot against `maxReplicaCount`: unfinished, less the finishing and terminating ones whose pods are gone.
    pub slots: i64,
}

impl JobState {
    /// Whether a terminal condition is set.
    pub fn is_finished(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    /// Lower-case word for people and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Suspended => "suspended",
            Self::Finishing => "finishing",
            Self::Terminating => "terminating",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}
