//! The two old `ScaledObject` dialects become `ScaledJobs`, with a warning for each field that means something else there.
//! [semantics §1.2, §1.3, §1.6, §1.7, §1.8]

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::Identity;
use super::scaled_job::{common, text};
use crate::api::{Dialect, JobTargetRef, ScaledJob};
use crate::diagnostic::{Diagnostic, Span, catalog};
use crate::manifest::{Document, Entry, Node, Value};

/// Decodes a `ScaledObject` of KEDA 1 with `jobTargetRef`.
pub(super) fn decode_v1(
    document: &Arc<Document>,
    identity: Identity,
    found: &mut Vec<Diagnostic>,
) -> ScaledJob {
    let name_span = identity.span;
    let mut job = common(document, identity, Dialect::V1);
    let mut say = Warnings { document, found };
    if let Some(entry) = field(document, "maxReplicaCount") {
        say.warn(
            entry.key_span,
            "KEDA 1 never read `maxReplicaCount` for Jobs; here it is the most Jobs at a time",
            "in KEDA 1 the trigger's target was that limit; see the warning at the trigger",
        );
    }
    if let Some(entry) = field(document, "minReplicaCount") {
        say.warn(
            entry.key_span,
            "KEDA 1 never read `minReplicaCount` for Jobs; it is left out",
            "a ScaledJob's `minReplicaCount` starts Jobs without work; write a ScaledJob if that is wanted",
        );
        job.min_replica_count = None;
    }
    if let Some(entry) = field(document, "cooldownPeriod") {
        say.warn(
            entry.key_span,
            "KEDA 1 never read `cooldownPeriod` for Jobs; it is left out",
            "a ScaledJob has no cooldown: each Job runs to its end",
        );
    }
    say.warn(
        name_span,
        "KEDA 1 never deleted finished Jobs; a ScaledJob keeps the last 100 of each outcome",
        "`successfulJobsHistoryLimit` and `failedJobsHistoryLimit` of a ScaledJob set other numbers",
    );
    let containers = field(document, "jobTargetRef")
        .and_then(|entry| entry.value.get("template")?.get("spec")?.get("containers"));
    if let Some(triggers) = field(document, "triggers") {
        say.warn(
            triggers.key_span,
            "KEDA 1 made min(queue, target - running) Jobs: the target was the most Jobs at a time; here one Job is made per target of queued work",
            "to keep KEDA 1's number write a ScaledJob with `maxReplicaCount` = the old target, target 1 and `strategy: accurate`",
        );
        rename_parameters(&mut say, &mut job, &triggers.value, containers);
    }
    job
}

/// Decodes a `ScaledObject` of the proposal with `consumerSpec`.
pub(super) fn decode_proposal(
    document: &Arc<Document>,
    identity: Identity,
    found: &mut Vec<Diagnostic>,
) -> ScaledJob {
    let name_span = identity.span;
    let mut job = common(document, identity, Dialect::Proposal);
    // It named the Deployment and would be copied to every Job.
    job.labels.remove("deploymentName");
    let mut say = Warnings { document, found };
    for (name, message, help) in [
        (
            "scaleTargetRef",
            "`scaleTargetRef` names a Deployment; it is left out, because `consumerSpec` makes Jobs",
            "remove it",
        ),
        (
            "cooldownPeriod",
            "`cooldownPeriod` is for Deployments; it is left out",
            "each Job runs to its end",
        ),
        (
            "activeDeadline",
            "the proposal gave `activeDeadline` to each pod; here it is the Job's `activeDeadlineSeconds`, which covers all its pods and retries",
            "raise it if the Job retries",
        ),
    ] {
        if let Some(entry) = field(document, name) {
            say.warn(entry.key_span, message, help);
        }
    }
    if let Some(entry) = field(document, "minReplicaCount")
        && entry.value.as_i64().is_some_and(|count| count > 0)
    {
        say.warn(
            entry.key_span,
            "the proposal does not say what `minReplicaCount` means for Jobs; here so many Jobs run even without work",
            "remove it if Jobs shall only run when there is work",
        );
    }
    if let (Some(first), Some(second)) = (
        field(document, "backoffLimit"),
        field(document, "backOffLimit"),
    ) {
        let label = document.label(second.key_span, "not read");
        say.found.push(
            Diagnostic::new(
                &catalog::V1_MEANING,
                "`backoffLimit` and `backOffLimit` are both written; the first spelling counts",
                label,
            )
            .related(document.label(first.key_span, "read")),
        );
    }
    say.warn(
        name_span,
        "the proposal deletes a Job when it completes and keeps failed ones for ever; here completed Jobs are not kept and the last 100 failed ones are",
        "`successfulJobsHistoryLimit` and `failedJobsHistoryLimit` of a ScaledJob set other numbers",
    );
    job.successful_jobs_history_limit = 0;
    job.job_target_ref = JobTargetRef::of(document, job_spec);
    let containers =
        field(document, "consumerSpec").and_then(|entry| entry.value.get("containers"));
    if let Some(triggers) = field(document, "triggers") {
        say.warn(
            triggers.key_span,
            "the proposal makes one Job for each message (queue - jobs); here one Job is made per target of queued work",
            "set the trigger's target to 1 to keep one Job for each message",
        );
        rename_parameters(&mut say, &mut job, &triggers.value, containers);
    }
    job
}

/// The `JobSpec` that `consumerSpec` and its neighbours make, in the order of the text.
fn job_spec(document: &Document) -> Json {
    let mut spec = Map::new();
    for (from, to) in [
        ("parallelism", "parallelism"),
        ("completions", "completions"),
        ("activeDeadline", "activeDeadlineSeconds"),
        // The second spelling only fills the place of the first.
        ("backoffLimit", "backoffLimit"),
        ("backOffLimit", "backoffLimit"),
    ] {
        if let Some(entry) = field(document, from) {
            spec.entry(to).or_insert_with(|| entry.value.to_json());
        }
    }
    let mut pod =
        field(document, "consumerSpec").map_or_else(|| json!({}), |entry| entry.value.to_json());
    if let Some(pod) = pod.as_object_mut() {
        let is_unset = pod
            .get("restartPolicy")
            .is_none_or(|policy| policy.is_null() || policy == "");
        if is_unset {
            pod.insert("restartPolicy".to_owned(), json!("OnFailure"));
        }
    }
    spec.insert("template".to_owned(), json!({ "spec": pod }));
    Json::Object(spec)
}

/// A field of `spec` that is not null.
fn field<'a>(document: &'a Document, name: &str) -> Option<&'a Entry> {
    document
        .root
        .get("spec")?
        .entry(name)
        .filter(|entry| entry.value.value != Value::Null)
}

struct Warnings<'a> {
    document: &'a Document,
    found: &'a mut Vec<Diagnostic>,
}

impl Warnings<'_> {
    fn warn(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        let label = self.document.label(span, "another meaning here");
        self.found
            .push(Diagnostic::new(&catalog::V1_MEANING, message, label).help(help));
    }
}

/// When a plain key of KEDA 1 named an environment variable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    /// Always.
    Always,
    /// When the value is a variable of the container; otherwise it was the value itself.
    IfDefined,
}

/// Parameters of KEDA 1 whose value is the name of an environment variable; KEDA 2 writes them with `FromEnv`. [semantics §1.8]
const FROM_ENV: &[(&str, &str, Named)] = &[
    ("aws-cloudwatch", "awsAccessKeyID", Named::IfDefined),
    ("aws-cloudwatch", "awsSecretAccessKey", Named::Always),
    ("aws-kinesis-stream", "awsAccessKeyID", Named::IfDefined),
    ("aws-kinesis-stream", "awsSecretAccessKey", Named::Always),
    ("aws-sqs-queue", "awsAccessKeyID", Named::IfDefined),
    ("aws-sqs-queue", "awsSecretAccessKey", Named::Always),
    ("azure-blob", "connection", Named::Always),
    ("azure-eventhub", "connection", Named::Always),
    ("azure-eventhub", "storageConnection", Named::Always),
    ("azure-monitor", "activeDirectoryClientId", Named::IfDefined),
    (
        "azure-monitor",
        "activeDirectoryClientPassword",
        Named::Always,
    ),
    ("azure-queue", "connection", Named::Always),
    ("azure-servicebus", "connection", Named::Always),
    ("gcp-pubsub", "credentials", Named::Always),
    ("mysql", "connectionString", Named::Always),
    ("mysql", "password", Named::Always),
    ("postgresql", "connection", Named::Always),
    ("postgresql", "password", Named::Always),
    ("rabbitmq", "host", Named::IfDefined),
    ("redis", "address", Named::IfDefined),
    ("redis", "host", Named::IfDefined),
    ("redis", "password", Named::IfDefined),
    ("redis", "port", Named::IfDefined),
    ("redis-streams", "address", Named::IfDefined),
    ("redis-streams", "host", Named::IfDefined),
    ("redis-streams", "password", Named::IfDefined),
    ("redis-streams", "port", Named::IfDefined),
];

/// Parameters of KEDA 1 that mean the same under another name in KEDA 2: trigger type, old name, new name. [semantics §1.8]
const RENAMED: &[(&str, &str, &str)] = &[
    ("azure-servicebus", "queueLength", "messageCount"),
    ("gcp-pubsub", "subscriptionSize", "value"),
    (
        "huawei-cloudeye",
        "minMetricValue",
        "activationTargetMetricValue",
    ),
    ("kafka", "brokerList", "bootstrapServers"),
];

fn rename_parameters(
    say: &mut Warnings<'_>,
    job: &mut ScaledJob,
    triggers: &Node,
    containers: Option<&Node>,
) {
    // KEDA 1 only looked at the first container.
    let container = containers.and_then(|containers| containers.items().first());
    for (trigger, node) in job.triggers.iter_mut().zip(triggers.items()) {
        let Some(metadata) = node.get("metadata") else {
            continue;
        };
        for entry in metadata.entries() {
            let Some(value) = entry.value.as_str() else {
                continue;
            };
            let key = entry.key.as_str();
            let rule = FROM_ENV
                .iter()
                .find(|(kind, parameter, _)| *kind == trigger.kind && *parameter == key);
            let names_variable = match rule {
                Some((_, _, Named::Always)) => true,
                Some((_, _, Named::IfDefined)) => {
                    container.is_some_and(|container| may_define(container, value))
                }
                None => false,
            };
            if names_variable {
                let renamed = format!("{key}FromEnv");
                let moved = trigger.metadata.remove(key);
                if let Some(moved) = moved {
                    trigger.metadata.entry(renamed.clone()).or_insert(moved);
                }
                say.warn(
                    entry.key_span,
                    format!(
                        "`{key}` named an environment variable in KEDA 1; it is read as `{renamed}`"
                    ),
                    format!("write `{renamed}` in a ScaledJob; `{key}` there is the value itself"),
                );
            } else if let Some((kind, _, renamed)) = RENAMED
                .iter()
                .find(|(kind, parameter, _)| *kind == trigger.kind && *parameter == key)
            {
                if let Some(moved) = trigger.metadata.remove(key) {
                    trigger
                        .metadata
                        .entry((*renamed).to_owned())
                        .or_insert(moved);
                }
                say.warn(
                    entry.key_span,
                    format!("`{key}` of {kind} is called `{renamed}` in KEDA 2; it is read so"),
                    format!("write `{renamed}` in a ScaledJob"),
                );
            } else if trigger.kind == "rabbitmq" && key == "apiHost" {
                let from_env = container.is_some_and(|container| may_define(container, value));
                let renamed = if from_env { "hostFromEnv" } else { "host" };
                if let Some(moved) = trigger.metadata.remove(key) {
                    trigger.metadata.insert(renamed.to_owned(), moved);
                    trigger
                        .metadata
                        .insert("protocol".to_owned(), "http".to_owned());
                }
                say.warn(
                    entry.key_span,
                    format!("`apiHost` of rabbitmq is written `{renamed}` with `protocol: http` since KEDA 2; it is read so"),
                    format!("write `{renamed}` and `protocol: http` in a ScaledJob"),
                );
            } else if trigger.kind == "rabbitmq" && key == "includeUnacked" {
                trigger.metadata.remove(key);
                say.warn(
                    entry.key_span,
                    "`includeUnacked` of rabbitmq is gone since KEDA 2; it is left out",
                    "`protocol: http` counts unacknowledged messages, `protocol: amqp` does not",
                );
            }
        }
    }
}

/// Whether a container has, or through `envFrom` may have, a variable of that name.
fn may_define(container: &Node, name: &str) -> bool {
    let is_listed = container
        .get("env")
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .any(|variable| text(variable, "name").as_deref() == Some(name));
    let looks_like_one = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    let has_env_from = container
        .get("envFrom")
        .is_some_and(|sources| !sources.items().is_empty());
    is_listed || (looks_like_one && has_env_from)
}
