//! Which Jobs exist for an object, by state. Two lists: ours, and KEDA's of the same name, which count toward the ceiling.

use std::collections::HashMap;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ApiResource, Object};
use kube::{Api, ResourceExt};
use serde::{Deserialize, Serialize};

use super::objects::list_all;
use super::{
    CYCLE_ANNOTATION, Cluster, ClusterError, KEDA_NAME_LABEL, NAME_LABEL, SPEC_HASH_ANNOTATION,
    TRIGGER_ANNOTATION,
};
use crate::api::{ScaledJob, Strategy};
use crate::planner::inventory::{ConditionView, JobView, ObservedJob, PodView, job_state};

/// Of a Job's spec, what its state depends on. A thousand whole Jobs would be megabytes of pod templates.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SlimSpec {
    suspend: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SlimStatus {
    conditions: Vec<SlimCondition>,
    active: Option<i64>,
    ready: Option<i64>,
    succeeded: Option<i64>,
    terminating: Option<i64>,
    completion_time: Option<Time>,
    phase: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct SlimCondition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: Option<String>,
    last_transition_time: Option<Time>,
}

/// What a Job or a pod is read as.
pub(super) type SlimObject = Object<SlimSpec, SlimStatus>;

/// What is kept of a Job.
#[derive(Debug, Clone)]
pub(super) struct SlimJob {
    name: String,
    uid: String,
    created_at: Option<Timestamp>,
    deleting: bool,
    suspend: bool,
    status: SlimStatus,
    spec_hash: Option<String>,
    trigger: Option<String>,
    cycle: Option<String>,
}

impl From<SlimObject> for SlimJob {
    fn from(mut object: SlimObject) -> Self {
        let mut annotations = object.metadata.annotations.take().unwrap_or_default();
        Self {
            name: object.metadata.name.unwrap_or_default(),
            uid: object.metadata.uid.unwrap_or_default(),
            created_at: object.metadata.creation_timestamp.map(|time| time.0),
            deleting: object.metadata.deletion_timestamp.is_some(),
            suspend: object.spec.suspend.unwrap_or_default(),
            status: object.status.unwrap_or_default(),
            spec_hash: annotations.remove(SPEC_HASH_ANNOTATION),
            trigger: annotations.remove(TRIGGER_ANNOTATION),
            cycle: annotations.remove(CYCLE_ANNOTATION),
        }
    }
}

/// What is kept of a pod: its phase and the conditions that hold.
#[derive(Debug, Clone)]
pub(super) struct SlimPod {
    phase: String,
    conditions: Vec<String>,
}

impl From<SlimObject> for SlimPod {
    fn from(object: SlimObject) -> Self {
        let status = object.status.unwrap_or_default();
        Self {
            phase: status.phase.unwrap_or_default(),
            conditions: status
                .conditions
                .into_iter()
                .filter(|condition| condition.status == "True")
                .map(|condition| condition.kind)
                .collect(),
        }
    }
}

impl SlimPod {
    fn view(&self) -> PodView<'_> {
        PodView {
            phase: &self.phase,
            conditions: self
                .conditions
                .iter()
                .map(|kind| ConditionView { kind, holds: true })
                .collect(),
        }
    }
}

/// The Job that a pod belongs to: `batch.kubernetes.io/job-name` since Kubernetes 1.27, `job-name` before and beside it.
pub(super) fn job_of_pod(pod: &SlimObject) -> Option<&String> {
    let labels = pod.labels();
    labels
        .get("batch.kubernetes.io/job-name")
        .or_else(|| labels.get("job-name"))
}

/// Whether the strategy reads pending Jobs, and so pods.
pub(super) fn wants_pods(job: &ScaledJob) -> bool {
    matches!(
        job.scaling_strategy.strategy,
        Strategy::Accurate | Strategy::Eager
    )
}

/// The pods of a Job by its name.
pub(super) type PodsOf<'a> = &'a dyn Fn(&str) -> Vec<&'a SlimPod>;

/// A Job with the object that it belongs to.
#[derive(Debug, Clone)]
pub struct OwnedJob {
    /// Namespace of the Job.
    pub namespace: String,
    /// Value of the tracking label: the object's name.
    pub object: String,
    /// The Job.
    pub job: ObservedJob,
}

/// The Jobs of one object. Pods are listed only when the strategy reads pending Jobs.
///
/// # Errors
/// When Jobs or wanted pods cannot be listed in full: an incomplete count is no count (law 1).
pub async fn observe(
    cluster: &Cluster,
    namespace: &str,
    job: &ScaledJob,
) -> Result<Vec<ObservedJob>, ClusterError> {
    let ours = format!("{NAME_LABEL}={}", job.name);
    // A Job that somehow carries both labels is in the first list already.
    let of_keda = format!("{KEDA_NAME_LABEL}={},!{NAME_LABEL}", job.name);
    let jobs: Api<SlimObject> = Api::namespaced_with(
        cluster.client.clone(),
        namespace,
        &ApiResource::erase::<Job>(&()),
    );
    let operation = format!("list jobs.batch in namespace {namespace}");
    let (ours, of_keda) = futures::try_join!(
        list_all(cluster, &jobs, &operation, &ours),
        list_all(cluster, &jobs, &operation, &of_keda),
    )?;
    let slim = |objects: Vec<SlimObject>| -> Vec<SlimJob> {
        objects.into_iter().map(SlimJob::from).collect()
    };
    let (ours, of_keda) = (slim(ours), slim(of_keda));
    let unfinished = ours.iter().chain(&of_keda).any(|job| !is_finished(job));
    let pods = if wants_pods(job) && unfinished {
        Some(pods_by_job(cluster, namespace, &job.name).await?)
    } else {
        None
    };
    let pods_of = |name: &str| -> Vec<&SlimPod> {
        pods.iter()
            .filter_map(|pods| pods.get(name))
            .flatten()
            .collect()
    };
    let pods_of: Option<PodsOf<'_>> = pods.as_ref().map(|_| &pods_of as PodsOf<'_>);
    let conditions = &job.scaling_strategy.pending_pod_conditions;
    Ok(ours
        .iter()
        .map(|job| (job, true))
        .chain(of_keda.iter().map(|job| (job, false)))
        .map(|(job, is_ours)| to_observed(job, is_ours, pods_of, conditions))
        .collect())
}

/// Every tracked Job in a namespace, or in all, whatever its object: ours, then those that carry KEDA's label only. States by
/// the Job's own status.
pub async fn tracked(
    cluster: &Cluster,
    namespace: Option<&str>,
) -> Result<Vec<OwnedJob>, ClusterError> {
    let resource = ApiResource::erase::<Job>(&());
    let (api, operation): (Api<SlimObject>, String) = match namespace {
        Some(namespace) => (
            Api::namespaced_with(cluster.client.clone(), namespace, &resource),
            format!("list jobs.batch in namespace {namespace}"),
        ),
        None => (
            Api::all_with(cluster.client.clone(), &resource),
            "list jobs.batch in all namespaces".to_owned(),
        ),
    };
    let of_keda = format!("{KEDA_NAME_LABEL},!{NAME_LABEL}");
    let (ours, of_keda) = futures::try_join!(
        list_all(cluster, &api, &operation, NAME_LABEL),
        list_all(cluster, &api, &operation, &of_keda),
    )?;
    let owned = |object: SlimObject, label: &str, ours: bool| OwnedJob {
        namespace: object.namespace().unwrap_or_default(),
        object: object.labels().get(label).cloned().unwrap_or_default(),
        job: to_observed(&object.into(), ours, None, &[]),
    };
    Ok(ours
        .into_iter()
        .map(|object| owned(object, NAME_LABEL, true))
        .chain(
            of_keda
                .into_iter()
                .map(|object| owned(object, KEDA_NAME_LABEL, false)),
        )
        .collect())
}

/// The pods of an object's Jobs, by the Job's name.
async fn pods_by_job(
    cluster: &Cluster,
    namespace: &str,
    object: &str,
) -> Result<HashMap<String, Vec<SlimPod>>, ClusterError> {
    let api: Api<SlimObject> = Api::namespaced_with(
        cluster.client.clone(),
        namespace,
        &ApiResource::erase::<Pod>(&()),
    );
    let operation = format!("list pods in namespace {namespace}");
    let mut by_job: HashMap<String, Vec<SlimPod>> = HashMap::new();
    for label in [NAME_LABEL, KEDA_NAME_LABEL] {
        for pod in list_all(cluster, &api, &operation, &format!("{label}={object}")).await? {
            if let Some(job) = job_of_pod(&pod).cloned() {
                by_job.entry(job).or_default().push(pod.into());
            }
        }
    }
    Ok(by_job)
}

/// Whether a terminal condition is set.
pub(super) fn is_finished(job: &SlimJob) -> bool {
    job.status.conditions.iter().any(|condition| {
        condition.status == "True" && matches!(condition.kind.as_str(), "Complete" | "Failed")
    })
}

/// The Job as the planner sees it; `pods` when the strategy reads pending Jobs.
pub(super) fn to_observed(
    job: &SlimJob,
    ours: bool,
    pods: Option<PodsOf<'_>>,
    pending_pod_conditions: &[String],
) -> ObservedJob {
    let status = &job.status;
    let view = JobView {
        conditions: status
            .conditions
            .iter()
            .map(|condition| ConditionView {
                kind: &condition.kind,
                holds: condition.status == "True",
            })
            .collect(),
        deleting: job.deleting,
        suspend: job.suspend,
        ready: status.ready.unwrap_or_default(),
        succeeded: status.succeeded.unwrap_or_default(),
    };
    let pod_views: Option<Vec<PodView<'_>>> =
        pods.map(|pods_of| pods_of(&job.name).into_iter().map(SlimPod::view).collect());
    let (state, pending_to_keda) = job_state(&view, pod_views.as_deref(), pending_pod_conditions);
    let telling = status.conditions.iter().find(|condition| {
        condition.status == "True"
            && matches!(
                condition.kind.as_str(),
                "Complete" | "Failed" | "FailureTarget" | "SuccessCriteriaMet" | "Suspended"
            )
    });
    let finished_at = if state.is_finished() {
        let transition = telling.and_then(|condition| condition.last_transition_time.as_ref());
        status
            .completion_time
            .as_ref()
            .or(transition)
            .map(|time| time.0)
    } else {
        None
    };
    ObservedJob {
        name: job.name.clone(),
        uid: job.uid.clone(),
        state,
        pending_to_keda,
        leaving: job.deleting,
        pods: status.active.unwrap_or_default() + status.terminating.unwrap_or_default(),
        ours,
        created_at: job.created_at,
        finished_at,
        spec_hash: job.spec_hash.clone(),
        trigger: job.trigger.clone(),
        cycle: job.cycle.clone(),
        reason: telling.and_then(|condition| condition.reason.clone()),
    }
}
