//! The scheduler: one node, which takes every pod that may run on it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::seed::NODE;
use super::super::store::Store;
use super::super::{definition, events, object};

const COMPONENT: &str = "default-scheduler";

/// Binds a pod to the node, or says in its `PodScheduled` condition why not. True when it is bound.
pub(super) fn schedule(store: &mut Store, pod: &Arc<Value>) -> bool {
    if !object::list(pod, "/spec/schedulingGates").is_empty() {
        hold(
            store,
            pod,
            "SchedulingGated",
            "Scheduling is blocked due to non-empty scheduling gates",
        );
        return false;
    }
    let node = store.get(definition::nodes(), "", NODE);
    let labels = node
        .as_deref()
        .and_then(|node| node.pointer("/metadata/labels"));
    let fits = pod
        .pointer("/spec/nodeSelector")
        .and_then(Value::as_object)
        .is_none_or(|wanted| {
            wanted
                .iter()
                .all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
        });
    if !fits {
        let message =
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.";
        if hold(store, pod, "Unschedulable", message) {
            events::record(
                store,
                pod,
                COMPONENT,
                "Warning",
                "FailedScheduling",
                message,
            );
        }
        return false;
    }
    let mut changed = (**pod).clone();
    changed["spec"]["nodeName"] = json!(NODE);
    let now = object::now();
    changed["status"]["conditions"] = json!([{"type": "PodScheduled", "status": "True", "lastProbeTime": null, "lastTransitionTime": now}]);
    let changed = store.replace(definition::pods(), changed);
    let message = format!(
        "Successfully assigned {}/{} to {NODE}",
        object::namespace(&changed),
        object::name(&changed)
    );
    events::record(store, &changed, COMPONENT, "Normal", "Scheduled", &message);
    true
}

/// Writes why a pod is not bound; false when that was written before.
fn hold(store: &mut Store, pod: &Arc<Value>, reason: &str, message: &str) -> bool {
    if object::condition(pod, "PodScheduled")
        .is_some_and(|one| object::text(one, "/reason") == reason)
    {
        return false;
    }
    let mut changed = (**pod).clone();
    changed["status"]["conditions"] = json!([{
        "type": "PodScheduled", "status": "False", "reason": reason, "message": message, "lastProbeTime": null,
        "lastTransitionTime": object::now(),
    }]);
    store.replace(definition::pods(), changed);
    true
}
