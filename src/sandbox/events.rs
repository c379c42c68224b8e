//! Events: written by the controllers, and served as both `v1` and `events.k8s.io/v1`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::definition::{self, Definition};
use super::object;
use super::store::Store;

const RENAMED: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// An object as a resource serves it: stored events in the words of the group that was asked.
pub(super) fn served(definition: &Definition, object: &Arc<Value>) -> Arc<Value> {
    if definition.group == "events.k8s.io" {
        Arc::new(renamed(object, &definition.api_version(), |from, to| {
            (from, to)
        }))
    } else {
        Arc::clone(object)
    }
}

/// An object as it is stored.
pub(super) fn stored(definition: &Definition, object: Value) -> Value {
    if definition.group == "events.k8s.io" {
        renamed(&object, "v1", |from, to| (to, from))
    } else {
        object
    }
}

fn renamed(
    object: &Value,
    api_version: &str,
    order: fn(&'static str, &'static str) -> (&'static str, &'static str),
) -> Value {
    let mut result = json!({});
    for (key, value) in object.as_object().into_iter().flatten() {
        let new = RENAMED
            .iter()
            .map(|&(core, new)| order(core, new))
            .find(|(from, _)| from == key)
            .map_or(key.as_str(), |(_, to)| to);
        result[new] = value.clone();
    }
    result["apiVersion"] = json!(api_version);
    result
}

/// Records an event about an object, as a controller does.
pub(super) fn record(
    store: &mut Store,
    about: &Value,
    component: &str,
    kind: &str,
    reason: &str,
    message: &str,
) {
    let now = object::now();
    // Events about cluster-scoped objects live in default.
    let namespace = match object::namespace(about) {
        "" => "default",
        other => other,
    };
    let event = json!({
        "kind": "Event",
        "apiVersion": "v1",
        "metadata": {
            "name": format!("{}.{:x}", object::name(about), fastrand::u64(1 << 60..)),
            "namespace": namespace,
            "uid": object::new_uid(),
            "creationTimestamp": now,
        },
        "involvedObject": {
            "kind": about["kind"],
            "namespace": namespace,
            "name": object::name(about),
            "uid": object::uid(about),
            "apiVersion": about["apiVersion"],
            "resourceVersion": about["metadata"]["resourceVersion"],
        },
        "reason": reason,
        "message": message,
        "source": {"component": component},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "type": kind,
        "eventTime": null,
        "reportingComponent": component,
        "reportingInstance": "",
    });
    store.insert(definition::events(), event);
}
