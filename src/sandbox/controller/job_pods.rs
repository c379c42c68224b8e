//! The pods of a Job.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::delete::Propagation;
use super::super::store::Store;
use super::super::{defaults, definition, events, object, quota};
use super::failure_policy::Verdict;
use super::garbage;

/// The finalizer that holds a pod until its Job has counted it.
pub(super) const TRACKING: &str = "batch.kubernetes.io/job-tracking";
const INDEX: &str = "batch.kubernetes.io/job-completion-index";
const INDEX_FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
const COMPONENT: &str = "job-controller";

/// Whether the Job's pods have completion indexes.
pub(super) fn indexed(job: &Value) -> bool {
    object::text(job, "/spec/completionMode") == "Indexed"
}

/// A pod's completion index.
pub(super) fn index(pod: &Value) -> Option<u32> {
    pod["metadata"]
        .get("annotations")?
        .get(INDEX)?
        .as_str()?
        .parse()
        .ok()
}

/// The pods that a Job controls, as they are now.
pub(super) fn of(store: &Store, uid: &str) -> Vec<Arc<Value>> {
    store
        .all(definition::pods())
        .filter(|pod| {
            object::controller(pod).is_some_and(|owner| object::text(owner, "/uid") == uid)
        })
        .cloned()
        .collect()
}

/// Being deleted while its containers may still run.
pub(super) fn stopping(pod: &Value) -> bool {
    object::terminating(pod)
        && !matches!(object::text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// Failed; a pod that is being deleted counts at once unless only failed pods are replaced.
pub(super) fn failed(job: &Value, pod: &Value) -> bool {
    let phase = object::text(pod, "/status/phase");
    phase == "Failed"
        || object::terminating(pod)
            && phase != "Succeeded"
            && object::text(job, "/spec/podReplacementPolicy") != "Failed"
}

/// Whether a failed pod is the last one that its index may have.
pub(super) fn index_fails(job: &Value, pod: &Value, verdict: &Verdict) -> bool {
    let Some(limit) = object::number(job, "/spec/backoffLimitPerIndex") else {
        return false;
    };
    verdict.fails_index || verdict.counts && index_failures(pod) + 1 > limit
}

fn index_failures(pod: &Value) -> i64 {
    pod["metadata"]
        .get("annotations")
        .and_then(|annotations| annotations.get(INDEX_FAILURES)?.as_str()?.parse().ok())
        .unwrap_or(0)
}

/// Takes the tracking finalizer off; a pod that only waited for that is gone then.
pub(super) fn untrack(store: &mut Store, pod: &Value) {
    let Some(current) = store.get(
        definition::pods(),
        object::namespace(pod),
        object::name(pod),
    ) else {
        return;
    };
    if object::uid(&current) == object::uid(pod) && object::has_finalizer(&current, TRACKING) {
        let mut changed = (*current).clone();
        object::remove_finalizer(&mut changed, TRACKING);
        store.replace(definition::pods(), changed);
    }
}

/// Deletes an active pod.
pub(super) fn delete(store: &mut Store, job: &Value, pod: &Value) {
    garbage::delete_now(store, definition::pods(), pod, Propagation::Background);
    let message = format!("Deleted pod: {}", object::name(pod));
    events::record(
        store,
        job,
        COMPONENT,
        "Normal",
        "SuccessfulDelete",
        &message,
    );
}

/// Creates a pod from the Job's template, unless a quota forbids it.
pub(super) fn create(store: &mut Store, job: &Value, index: Option<u32>) -> Option<Arc<Value>> {
    let template = &job["spec"]["template"];
    let base = match index {
        Some(index) => format!("{}-{index}-", object::name(job)),
        None => format!("{}-", object::name(job)),
    };
    let namespace = object::namespace(job);
    let name = loop {
        let name = object::generated_name(&base);
        if store.get(definition::pods(), namespace, &name).is_none() {
            break name;
        }
    };
    let mut metadata = json!({
        "name": name,
        "generateName": base,
        "namespace": namespace,
        "uid": object::new_uid(),
        "creationTimestamp": object::now(),
        "generation": 1,
    });
    for key in ["labels", "annotations"] {
        if let Some(value) = template.pointer(&format!("/metadata/{key}")) {
            metadata[key] = value.clone();
        }
    }
    let own: Vec<Value> = template
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    metadata["finalizers"] = Value::Array(own.into_iter().chain([json!(TRACKING)]).collect());
    metadata["ownerReferences"] = json!([{
        "apiVersion": "batch/v1", "kind": "Job", "name": object::name(job), "uid": object::uid(job),
        "controller": true, "blockOwnerDeletion": true,
    }]);
    let mut pod =
        json!({"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": template["spec"]});
    if let Some(index) = index {
        with_index(store, job, &mut pod, index);
    }
    if let Err(failure) = quota::check(store, definition::pods(), namespace, &name) {
        let message = format!(
            "Error creating: {}",
            object::text(&failure.status(), "/message")
        );
        let known = store.all(definition::events()).any(|event| {
            object::text(event, "/involvedObject/uid") == object::uid(job)
                && object::text(event, "/reason") == "FailedCreate"
        });
        if !known {
            events::record(store, job, COMPONENT, "Warning", "FailedCreate", &message);
        }
        return None;
    }
    defaults::apply(definition::pods(), &mut pod, true);
    let pod = store.insert(definition::pods(), pod);
    events::record(
        store,
        job,
        COMPONENT,
        "Normal",
        "SuccessfulCreate",
        &format!("Created pod: {name}"),
    );
    Some(pod)
}

fn with_index(store: &Store, job: &Value, pod: &mut Value, index: u32) {
    let text = index.to_string();
    let metadata = object::entry(pod, "metadata");
    for key in ["annotations", "labels"] {
        metadata.entry(key).or_insert_with(|| json!({}))[INDEX] = json!(text);
    }
    if job["spec"]
        .get("backoffLimitPerIndex")
        .is_some_and(|limit| !limit.is_null())
    {
        let failures = of(store, object::uid(job))
            .iter()
            .filter(|other| self::index(other) == Some(index))
            .map(|other| index_failures(other) + 1)
            .max()
            .unwrap_or(0);
        pod["metadata"]["annotations"][INDEX_FAILURES] = json!(failures.to_string());
    }
    if object::text(pod, "/spec/hostname").is_empty() {
        pod["spec"]["hostname"] = json!(format!("{}-{index}", object::name(job)));
    }
    for key in ["containers", "initContainers"] {
        for container in pod["spec"]
            .get_mut(key)
            .and_then(Value::as_array_mut)
            .into_iter()
            .flatten()
        {
            let mut variables = object::list(container, "/env").to_vec();
            if !variables
                .iter()
                .any(|one| object::text(one, "/name") == "JOB_COMPLETION_INDEX")
            {
                variables.push(json!({
                    "name": "JOB_COMPLETION_INDEX",
                    "valueFrom": {"fieldRef": {"fieldPath": format!("metadata.labels['{INDEX}']")}},
                }));
                container["env"] = json!(variables);
            }
        }
    }
}
