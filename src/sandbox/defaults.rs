//! What the API server fills in (batch/v1 and core/v1 `SetDefaults_*`).

mod pod_spec;

use serde_json::{Value, json};

use super::definition::Definition;
use super::object::{self, default};

/// The labels that tie a pod to its Job, with and without the prefix of 1.27.
pub(super) const JOB_LABELS: [(&str, bool); 4] = [
    ("batch.kubernetes.io/controller-uid", true),
    ("batch.kubernetes.io/job-name", false),
    ("controller-uid", true),
    ("job-name", false),
];

/// Fills in the defaults of a resource.
///
/// `create`: a Job's selector and labels are generated on creation only.
pub(super) fn apply(definition: &Definition, object: &mut Value, create: bool) {
    match (definition.group, definition.plural) {
        ("batch", "jobs") => job(object, create),
        ("", "pods") => pod(object),
        ("", "namespaces") => namespace(object),
        ("", "secrets") => default(object, "type", "Opaque"),
        ("", "services") => service(object),
        ("apiextensions.k8s.io", "customresourcedefinitions") => custom_resource_definition(object),
        _ => {}
    }
}

fn job(job: &mut Value, create: bool) {
    let (name, uid) = (object::name(job).to_owned(), object::uid(job).to_owned());
    let spec = &mut job["spec"];
    if !spec.is_object() {
        *spec = json!({});
    }
    if spec.get("completions").is_none_or(Value::is_null)
        && spec.get("parallelism").is_none_or(Value::is_null)
    {
        spec["completions"] = json!(1);
        spec["parallelism"] = json!(1);
    }
    default(spec, "parallelism", 1);
    let per_index = spec
        .get("backoffLimitPerIndex")
        .is_some_and(|limit| !limit.is_null());
    default(
        spec,
        "backoffLimit",
        if per_index { i64::from(i32::MAX) } else { 6 },
    );
    default(spec, "completionMode", "NonIndexed");
    default(spec, "suspend", false);
    default(spec, "manualSelector", false);
    let replacement = if spec.get("podFailurePolicy").is_some_and(Value::is_object) {
        "Failed"
    } else {
        "TerminatingOrFailed"
    };
    default(spec, "podReplacementPolicy", replacement);
    for rule in items(spec.get_mut("podFailurePolicy"), "rules") {
        for pattern in items(Some(rule), "onPodConditions") {
            default(pattern, "status", "True");
        }
    }
    let manual = object::flag(spec, "/manualSelector");
    if create && !manual {
        default(
            spec,
            "selector",
            json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}),
        );
        let metadata = object::entry(&mut spec["template"], "metadata");
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        for (label, of_uid) in JOB_LABELS {
            default(
                labels,
                label,
                if of_uid { uid.as_str() } else { name.as_str() },
            );
        }
    }
    pod_spec::apply(&mut spec["template"]["spec"]);
    // The server defaults what it reads back too: the generated labels are among those that the Job takes over.
    let labels = spec
        .pointer("/template/metadata/labels")
        .filter(|labels| labels.is_object())
        .cloned();
    if job["metadata"].get("labels").is_none()
        && let Some(labels) = labels
    {
        job["metadata"]["labels"] = labels;
    }
}

/// The entries of a list that may be absent.
fn items<'a>(holder: Option<&'a mut Value>, key: &str) -> impl Iterator<Item = &'a mut Value> {
    holder
        .and_then(|holder| holder.get_mut(key))
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

fn pod(pod: &mut Value) {
    pod_spec::apply(&mut pod["spec"]);
    let spec = &mut pod["spec"];
    pod_spec::apply_to_pod(spec);
    default(spec, "enableServiceLinks", true);
    default(spec, "serviceAccountName", "default");
    default(spec, "serviceAccount", spec["serviceAccountName"].clone());
    default(spec, "priority", 0);
    default(spec, "preemptionPolicy", "PreemptLowerPriority");
    default(
        spec,
        "tolerations",
        json!([
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
            {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
        ]),
    );
    let class = quality_of_service(spec);
    let status = &mut pod["status"];
    if !status.is_object() {
        *status = json!({});
    }
    default(status, "phase", "Pending");
    default(status, "qosClass", class);
}

fn quality_of_service(spec: &Value) -> &'static str {
    let containers = object::list(spec, "/containers");
    let has = |container: &Value, kind: &str| {
        container
            .pointer(&format!("/resources/{kind}"))
            .and_then(Value::as_object)
            .is_some_and(|map| !map.is_empty())
    };
    if containers
        .iter()
        .all(|one| !has(one, "requests") && !has(one, "limits"))
    {
        return "BestEffort";
    }
    let guaranteed = containers.iter().all(|one| {
        ["cpu", "memory"].iter().all(|resource| {
            let limit = one.pointer(&format!("/resources/limits/{resource}"));
            limit.is_some() && limit == one.pointer(&format!("/resources/requests/{resource}"))
        })
    });
    if guaranteed {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

fn namespace(namespace: &mut Value) {
    let name = object::name(namespace).to_owned();
    let labels = object::entry(namespace, "metadata")
        .entry("labels")
        .or_insert_with(|| json!({}));
    labels["kubernetes.io/metadata.name"] = json!(name);
    if !object::terminating(namespace) {
        default(
            object_field(namespace, "spec"),
            "finalizers",
            json!(["kubernetes"]),
        );
        namespace["status"]["phase"] = json!("Active");
    }
}

fn object_field<'a>(object: &'a mut Value, key: &str) -> &'a mut Value {
    if !object[key].is_object() {
        object[key] = json!({});
    }
    &mut object[key]
}

fn service(service: &mut Value) {
    let spec = object_field(service, "spec");
    default(spec, "type", "ClusterIP");
    default(spec, "sessionAffinity", "None");
    default(
        spec,
        "clusterIP",
        format!("10.96.{}.{}", fastrand::u8(..), fastrand::u8(1..255)),
    );
    for port in spec
        .get_mut("ports")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        default(port, "protocol", "TCP");
        let number = port["port"].clone();
        default(port, "targetPort", number);
    }
}

fn custom_resource_definition(definition: &mut Value) {
    let now = object::now();
    let names = definition
        .pointer("/spec/names")
        .cloned()
        .unwrap_or_else(|| json!({}));
    let stored: Vec<Value> = object::list(definition, "/spec/versions")
        .iter()
        .filter(|version| object::flag(version, "/storage"))
        .map(|version| version["name"].clone())
        .collect();
    let status = object_field(definition, "status");
    default(status, "acceptedNames", names);
    default(status, "storedVersions", stored);
    default(
        status,
        "conditions",
        json!([
            {"type": "NamesAccepted", "status": "True", "lastTransitionTime": now, "reason": "NoConflicts", "message": "no conflicts found"},
            {"type": "Established", "status": "True", "lastTransitionTime": now, "reason": "InitialNamesAccepted", "message": "the initial names have been accepted"},
        ]),
    );
}
