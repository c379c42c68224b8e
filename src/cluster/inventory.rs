//! Which Jobs exist for an object, by state. Two lists: ours, and KEDA's of the same name, which count toward the ceiling.

use std::collections::{BTreeMap, HashMap};

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
struct SlimSpec {
    suspend: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct SlimStatus {
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
struct SlimCondition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: Option<String>,
    last_transition_time: Option<Time>,
}

type SlimObject = Object<SlimSpec, SlimStatus>;

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
    let wants_pods = matches!(
        job.scaling_strategy.strategy,
        Strategy::Accurate | Strategy::Eager
    );
    let unfinished = ours.iter().chain(&of_keda).any(|job| !is_finished(job));
    let pods = if wants_pods && unfinished {
        Some(pods_by_job(cluster, namespace, &job.name).await?)
    } else {
        None
    };
    let conditions = &job.scaling_strategy.pending_pod_conditions;
    Ok(ours
        .iter()
        .map(|object| (object, true))
        .chain(of_keda.iter().map(|object| (object, false)))
        .map(|(object, is_ours)| to_observed(object, is_ours, pods.as_ref(), conditions))
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
    let owned = |object: &SlimObject, label: &str, ours: bool| OwnedJob {
        namespace: object.namespace().unwrap_or_default(),
        object: object.labels().get(label).cloned().unwrap_or_default(),
        job: to_observed(object, ours, None, &[]),
    };
    Ok(ours
        .iter()
        .map(|object| owned(object, NAME_LABEL, true))
        .chain(
            of_keda
                .iter()
                .map(|object| owned(object, KEDA_NAME_LABEL, false)),
        )
        .collect())
}

/// Phase and conditions of the pods of an object's Jobs, by the Job's name.
async fn pods_by_job(
    cluster: &Cluster,
    namespace: &str,
    object: &str,
) -> Result<HashMap<String, Vec<SlimStatus>>, ClusterError> {
    let api: Api<SlimObject> = Api::namespaced_with(
        cluster.client.clone(),
        namespace,
        &ApiResource::erase::<Pod>(&()),
    );
    let operation = format!("list pods in namespace {namespace}");
    let mut by_job: HashMap<String, Vec<SlimStatus>> = HashMap::new();
    for label in [NAME_LABEL, KEDA_NAME_LABEL] {
        for pod in list_all(cluster, &api, &operation, &format!("{label}={object}")).await? {
            // batch.kubernetes.io/job-name since Kubernetes 1.27, job-name before and beside it.
            let labels = pod.labels();
            let job = labels
                .get("batch.kubernetes.io/job-name")
                .or_else(|| labels.get("job-name"))
                .cloned();
            if let Some(job) = job {
                by_job
                    .entry(job)
                    .or_default()
                    .push(pod.status.unwrap_or_default());
            }
        }
    }
    Ok(by_job)
}

fn is_finished(object: &SlimObject) -> bool {
    object
        .status
        .iter()
        .flat_map(|status| &status.conditions)
        .any(|condition| {
            condition.status == "True" && matches!(condition.kind.as_str(), "Complete" | "Failed")
        })
}

fn views(conditions: &[SlimCondition]) -> Vec<ConditionView<'_>> {
    conditions
        .iter()
        .map(|condition| ConditionView {
            kind: &condition.kind,
            holds: condition.status == "True",
        })
        .collect()
}

fn to_observed(
    object: &SlimObject,
    ours: bool,
    pods: Option<&HashMap<String, Vec<SlimStatus>>>,
    pending_pod_conditions: &[String],
) -> ObservedJob {
    let name = object.name_any();
    let empty = SlimStatus::default();
    let status = object.status.as_ref().unwrap_or(&empty);
    let view = JobView {
        conditions: views(&status.conditions),
        deleting: object.metadata.deletion_timestamp.is_some(),
        suspend: object.spec.suspend.unwrap_or_default(),
        ready: status.ready.unwrap_or_default(),
        succeeded: status.succeeded.unwrap_or_default(),
    };
    let pod_views: Option<Vec<PodView<'_>>> = pods.map(|pods| {
        pods.get(&name)
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .map(|pod| PodView {
                phase: pod.phase.as_deref().unwrap_or_default(),
                conditions: views(&pod.conditions),
            })
            .collect()
    });
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
            .map(timestamp)
    } else {
        None
    };
    let annotations: &BTreeMap<String, String> = object.annotations();
    ObservedJob {
        name,
        uid: object.uid().unwrap_or_default(),
        state,
        pending_to_keda,
        pods: status.active.unwrap_or_default() + status.terminating.unwrap_or_default(),
        ours,
        created_at: object.metadata.creation_timestamp.as_ref().map(timestamp),
        finished_at,
        spec_hash: annotations.get(SPEC_HASH_ANNOTATION).cloned(),
        trigger: annotations.get(TRIGGER_ANNOTATION).cloned(),
        cycle: annotations.get(CYCLE_ANNOTATION).cloned(),
        reason: telling.and_then(|condition| condition.reason.clone()),
    }
}

fn timestamp(time: &Time) -> Timestamp {
    time.0
}
