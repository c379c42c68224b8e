//! The columns of each resource (kubernetes `pkg/printers/internalversion`).

use serde_json::{Value, json};

use super::definition::Definition;
use super::object::{flag, list, name, number, terminating, text};
use super::table::{age, human};

/// One column.
pub(super) struct Column {
    pub(super) name: &'static str,
    /// Shown with `-o wide` only.
    pub(super) wide: bool,
    pub(super) cell: fn(&Value) -> Value,
}

const fn column(name: &'static str, cell: fn(&Value) -> Value) -> Column {
    Column {
        name,
        wide: false,
        cell,
    }
}

const fn wide(name: &'static str, cell: fn(&Value) -> Value) -> Column {
    Column {
        name,
        wide: true,
        cell,
    }
}

const NAME: Column = column("Name", |object| json!(name(object)));
const AGE: Column = column("Age", |object| {
    json!(age(text(object, "/metadata/creationTimestamp")))
});

/// The columns of a resource; name and age for those without columns of their own.
pub(super) fn of(definition: &Definition) -> Vec<Column> {
    match (definition.group, definition.plural) {
        ("batch", "jobs") => vec![
            NAME,
            column("Status", |job| json!(job_status(job))),
            column("Completions", |job| json!(job_completions(job))),
            column("Duration", |job| json!(job_duration(job))),
            AGE,
            wide("Containers", |job| {
                joined(job, "/spec/template/spec/containers", "/name")
            }),
            wide("Images", |job| {
                joined(job, "/spec/template/spec/containers", "/image")
            }),
            wide("Selector", |job| json!(selector(&job["spec"]["selector"]))),
        ],
        ("", "pods") => vec![
            NAME,
            column("Ready", |pod| {
                let statuses = list(pod, "/status/containerStatuses");
                let ready = statuses.iter().filter(|one| flag(one, "/ready")).count();
                json!(format!("{ready}/{}", list(pod, "/spec/containers").len()))
            }),
            column("Status", |pod| json!(pod_status(pod))),
            column("Restarts", |pod| json!(pod_restarts(pod))),
            AGE,
            wide("IP", |pod| or_none(text(pod, "/status/podIP"))),
            wide("Node", |pod| or_none(text(pod, "/spec/nodeName"))),
            wide("Nominated Node", |pod| {
                or_none(text(pod, "/status/nominatedNodeName"))
            }),
            wide("Readiness Gates", |_| json!("<none>")),
        ],
        ("", "namespaces") => vec![
            NAME,
            column("Status", |one| json!(text(one, "/status/phase"))),
            AGE,
        ],
        ("", "secrets") => vec![
            NAME,
            column("Type", |one| json!(text(one, "/type"))),
            column("Data", |one| json!(count(one, "data"))),
            AGE,
        ],
        ("", "configmaps") => {
            vec![
                NAME,
                column("Data", |one| {
                    json!(count(one, "data") + count(one, "binaryData"))
                }),
                AGE,
            ]
        }
        ("", "nodes") => vec![
            NAME,
            column("Status", |_| json!("Ready")),
            column("Roles", |_| json!("<none>")),
            AGE,
            column("Version", |one| {
                json!(text(one, "/status/nodeInfo/kubeletVersion"))
            }),
        ],
        ("", "services") => vec![
            NAME,
            column("Type", |one| json!(text(one, "/spec/type"))),
            column("Cluster-IP", |one| or_none(text(one, "/spec/clusterIP"))),
            column("External-IP", |_| json!("<none>")),
            column("Port(s)", |one| {
                let ports: Vec<String> = list(one, "/spec/ports")
                    .iter()
                    .map(|port| {
                        format!(
                            "{}/{}",
                            number(port, "/port").unwrap_or(0),
                            text(port, "/protocol")
                        )
                    })
                    .collect();
                or_none(&ports.join(","))
            }),
            AGE,
            wide("Selector", |one| {
                json!(selector(&json!({"matchLabels": one["spec"]["selector"]})))
            }),
        ],
        (_, "events") => event_columns(),
        ("", "resourcequotas") => vec![
            NAME,
            column("Request", |one| {
                let hard = one.pointer("/status/hard").and_then(Value::as_object);
                let parts: Vec<String> = hard
                    .into_iter()
                    .flatten()
                    .map(|(key, hard)| {
                        let used = one.pointer("/status/used").and_then(|used| used.get(key));
                        format!("{key}: {}/{}", plain(used), plain(Some(hard)))
                    })
                    .collect();
                json!(parts.join(", "))
            }),
            column("Limit", |_| json!("")),
            AGE,
        ],
        ("coordination.k8s.io", "leases") => {
            vec![
                NAME,
                column("Holder", |one| json!(text(one, "/spec/holderIdentity"))),
                AGE,
            ]
        }
        ("apiextensions.k8s.io", _) => {
            vec![
                NAME,
                column("Created At", |one| {
                    json!(text(one, "/metadata/creationTimestamp"))
                }),
            ]
        }
        ("keda.sh", "scaledjobs") => vec![
            NAME,
            column("Min", |one| cell(one, "/spec/minReplicaCount")),
            column("Max", |one| cell(one, "/spec/maxReplicaCount")),
            column("Ready", |one| condition(one, "Ready")),
            column("Active", |one| condition(one, "Active")),
            column("Paused", |one| condition(one, "Paused")),
            column("Triggers", |one| json!(text(one, "/status/triggersTypes"))),
            column("Authentications", |one| {
                json!(text(one, "/status/authenticationsTypes"))
            }),
            AGE,
        ],
        _ => vec![NAME, AGE],
    }
}

fn event_columns() -> Vec<Column> {
    vec![
        column("Last Seen", |one| {
            let last = text(one, "/lastTimestamp");
            let last = if last.is_empty() {
                text(one, "/eventTime")
            } else {
                last
            };
            json!(age(last))
        }),
        column("Type", |one| json!(text(one, "/type"))),
        column("Reason", |one| json!(text(one, "/reason"))),
        column("Object", |one| {
            let about = one
                .get("involvedObject")
                .or_else(|| one.get("regarding"))
                .unwrap_or(&Value::Null);
            json!(format!(
                "{}/{}",
                text(about, "/kind").to_lowercase(),
                text(about, "/name")
            ))
        }),
        wide("Subobject", |one| {
            json!(text(one, "/involvedObject/fieldPath"))
        }),
        wide("Source", |one| json!(text(one, "/source/component"))),
        column("Message", |one| {
            let message = text(one, "/message");
            json!(
                if message.is_empty() {
                    text(one, "/note")
                } else {
                    message
                }
                .trim()
            )
        }),
        wide("First Seen", |one| json!(age(text(one, "/firstTimestamp")))),
        wide("Count", |one| json!(number(one, "/count").unwrap_or(1))),
        wide("Name", |one| json!(name(one))),
    ]
}

fn cell(object: &Value, pointer: &str) -> Value {
    object.pointer(pointer).cloned().unwrap_or_default()
}

fn condition(object: &Value, kind: &str) -> Value {
    json!(super::object::condition(object, kind).map_or("", |one| text(one, "/status")))
}

fn plain(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => "0".to_owned(),
    }
}

fn count(object: &Value, key: &str) -> usize {
    object
        .get(key)
        .and_then(Value::as_object)
        .map_or(0, serde_json::Map::len)
}

fn or_none(text: &str) -> Value {
    json!(if text.is_empty() { "<none>" } else { text })
}

fn joined(object: &Value, pointer: &str, field: &str) -> Value {
    let all: Vec<&str> = list(object, pointer)
        .iter()
        .map(|one| text(one, field))
        .collect();
    json!(all.join(","))
}

fn selector(selector: &Value) -> String {
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    let parts: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if parts.is_empty() {
        "<none>".to_owned()
    } else {
        parts.join(",")
    }
}

fn job_status(job: &Value) -> &'static str {
    let is = |kind| super::object::condition_true(job, kind);
    if is("Complete") {
        "Complete"
    } else if is("Failed") {
        "Failed"
    } else if terminating(job) {
        "Terminating"
    } else if is("Suspended") {
        "Suspended"
    } else if is("FailureTarget") {
        "FailureTarget"
    } else if is("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    }
}

fn job_completions(job: &Value) -> String {
    let succeeded = number(job, "/status/succeeded").unwrap_or(0);
    match number(job, "/spec/completions") {
        Some(completions) => format!("{succeeded}/{completions}"),
        None => match number(job, "/spec/parallelism").unwrap_or(0) {
            parallelism if parallelism > 1 => format!("{succeeded}/1 of {parallelism}"),
            _ => format!("{succeeded}/1"),
        },
    }
}

fn job_duration(job: &Value) -> String {
    let start = text(job, "/status/startTime");
    if start.is_empty() {
        return String::new();
    }
    let end = text(job, "/status/completionTime");
    human(if end.is_empty() {
        super::object::age(start)
    } else {
        super::object::between(start, end)
    })
}

fn pod_status(pod: &Value) -> String {
    let mut status = text(pod, "/status/phase").to_owned();
    let reason = text(pod, "/status/reason");
    if !reason.is_empty() {
        reason.clone_into(&mut status);
    }
    let scheduled = super::object::condition(pod, "PodScheduled");
    if scheduled.is_some_and(|one| text(one, "/reason") == "SchedulingGated") {
        "SchedulingGated".clone_into(&mut status);
    }
    for container in list(pod, "/status/containerStatuses").iter().rev() {
        let waiting = text(container, "/state/waiting/reason");
        let terminated = text(container, "/state/terminated/reason");
        if !waiting.is_empty() {
            waiting.clone_into(&mut status);
        } else if !terminated.is_empty() {
            terminated.clone_into(&mut status);
        }
    }
    if terminating(pod) && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed") {
        "Terminating".clone_into(&mut status);
    }
    status
}

fn pod_restarts(pod: &Value) -> String {
    let statuses = list(pod, "/status/containerStatuses");
    let restarts: i64 = statuses
        .iter()
        .filter_map(|one| number(one, "/restartCount"))
        .sum();
    let last = statuses
        .iter()
        .map(|one| text(one, "/lastState/terminated/finishedAt"))
        .max()
        .unwrap_or_default();
    if restarts > 0 && !last.is_empty() {
        format!("{restarts} ({} ago)", age(last))
    } else {
        restarts.to_string()
    }
}
