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
    /// It is being deleted, or is gone since the last cycle: it needs no second delete.
    pub leaving: bool,
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

/// The counts that the formulas read. `running` and `pending` count as KEDA does, whoever made the Job; `slots` leaves
/// out Jobs that are decided or being deleted and whose pods are gone. [semantics §2.6, §7.4]
pub fn counts(jobs: &[ObservedJob]) -> Counts {
    let mut counts = Counts::default();
    for job in jobs.iter().filter(|job| !job.state.is_finished()) {
        counts.running += 1;
        counts.pending += i64::from(job.pending_to_keda);
        let leaving = matches!(job.state, JobState::Finishing | JobState::Terminating);
        counts.slots += i64::from(!leaving || job.pods > 0);
    }
    counts
}

/// Jobs in state [`JobState::Pending`], which `--max-pending` counts; none when the Jobs are not known.
///
/// Suspended, finishing and terminating Jobs are not among them, as they ask for no new pod. Where pods are not listed a Job
/// is pending as long as its status tells of no pod that is ready or has succeeded: a Job that is not known to be at work counts
/// (law 1). Of counts given by hand it is the pending ones.
pub fn pending(inventory: &Inventory) -> Option<i64> {
    match inventory {
        Inventory::Known(jobs) => Some(
            jobs.iter()
                .map(|job| i64::from(job.state == JobState::Pending))
                .sum(),
        ),
        Inventory::Assumed(counts) => Some(counts.pending),
        Inventory::Unknown(_) => None,
    }
}

/// A condition of a Job or a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConditionView<'a> {
    /// `type`.
    pub kind: &'a str,
    /// `status` is `True`; `False` and `Unknown` are both false.
    pub holds: bool,
}

/// What the state of a Job is derived from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobView<'a> {
    /// `status.conditions` in their order.
    pub conditions: Vec<ConditionView<'a>>,
    /// `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// `spec.suspend`.
    pub suspend: bool,
    /// `status.ready`; 0 when absent.
    pub ready: i64,
    /// `status.succeeded`; 0 when absent.
    pub succeeded: i64,
}

/// What is asked of one pod of a Job.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodView<'a> {
    /// `status.phase`.
    pub phase: &'a str,
    /// `status.conditions`.
    pub conditions: Vec<ConditionView<'a>>,
}

/// State of a Job, and whether KEDA would call it pending.
///
/// `pods` are the Job's pods, or none when they were not listed because the strategy does not ask for pending Jobs; then
/// `status.ready` and `status.succeeded` stand in for them and `pending_pod_conditions` cannot be looked at. When pods were
/// wanted and could not be listed the inventory is [`Inventory::Unknown`], never a guess (law 1).
///
/// Of several terminal conditions the first in the list decides, as in KEDA. A finished Job is never pending; an unfinished
/// one is pending to KEDA by its pods alone, suspended and terminating Jobs too. [semantics §2.6, §7.4]
pub fn job_state(
    job: &JobView<'_>,
    pods: Option<&[PodView<'_>]>,
    pending_pod_conditions: &[String],
) -> (JobState, bool) {
    let holds = |kinds: [&str; 2]| {
        job.conditions
            .iter()
            .find(|condition| condition.holds && kinds.contains(&condition.kind))
    };
    if let Some(condition) = holds(["Complete", "Failed"]) {
        let state = if condition.kind == "Complete" {
            JobState::Succeeded
        } else {
            JobState::Failed
        };
        return (state, false);
    }
    let pending = match pods {
        Some(pods) if pending_pod_conditions.is_empty() => !pods
            .iter()
            .any(|pod| matches!(pod.phase, "Running" | "Succeeded")),
        Some(pods) => !pods
            .iter()
            .any(|pod| meets_all(pod, pending_pod_conditions)),
        None => job.ready == 0 && job.succeeded == 0,
    };
    let state = if holds(["SuccessCriteriaMet", "FailureTarget"]).is_some() {
        JobState::Finishing
    } else if job.deleting {
        JobState::Terminating
    } else if job.suspend || holds(["Suspended", "Suspended"]).is_some() {
        JobState::Suspended
    } else if pending {
        JobState::Pending
    } else {
        JobState::Running
    };
    (state, pending)
}

/// Whether one pod holds every wanted condition. KEDA counts the pod's conditions that are wanted and compares with the
/// length of the list, so that a name listed twice can never be met.
fn meets_all(pod: &PodView<'_>, wanted: &[String]) -> bool {
    let met = pod
        .conditions
        .iter()
        .filter(|condition| condition.holds && wanted.iter().any(|name| name == condition.kind))
        .count();
    met == wanted.len()
}
