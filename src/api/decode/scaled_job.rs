//! `ScaledJob` of KEDA 2, and the parts that all dialects share. The shape holds when this is called.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Identity;
use crate::api::shape::removal;
use crate::api::{
    AuthenticationRef, Calculation, DEFAULT_HISTORY_LIMIT, DEFAULT_POLLING_INTERVAL, Dialect,
    JobTargetRef, Rollout, ScaledJob, ScalingStrategy, Strategy, Trigger,
};
use crate::diagnostic::{Diagnostic, Severity, catalog};
use crate::manifest::{Document, Node, Value};

/// Decodes a `ScaledJob` of KEDA 2. [semantics §1.4]
pub(super) fn decode(
    document: &Arc<Document>,
    identity: Identity,
    found: &mut Vec<Diagnostic>,
) -> ScaledJob {
    let mut job = common(document, identity, Dialect::V2);
    let Some(spec) = document.root.get("spec") else {
        return job;
    };
    job.successful_jobs_history_limit =
        int32(spec, "successfulJobsHistoryLimit").unwrap_or(DEFAULT_HISTORY_LIMIT);
    job.failed_jobs_history_limit =
        int32(spec, "failedJobsHistoryLimit").unwrap_or(DEFAULT_HISTORY_LIMIT);
    job.env_source_container_name =
        text(spec, "envSourceContainerName").filter(|name| !name.is_empty());
    let rollout = spec.get("rollout");
    // The deprecated field wins where both are written, as in KEDA.
    let strategy = text(spec, "rolloutStrategy")
        .or_else(|| rollout.and_then(|rollout| text(rollout, "strategy")));
    job.rollout = Rollout {
        immediate: strategy.as_deref() == Some("immediate"),
        foreground: rollout
            .and_then(|rollout| text(rollout, "propagationPolicy"))
            .as_deref()
            == Some("foreground"),
    };
    if let Some(strategy) = spec.get("scalingStrategy") {
        job.scaling_strategy = scaling_strategy(strategy);
    }
    for trigger in spec.get("triggers").map(Node::items).unwrap_or_default() {
        if let Some(metric_type) = trigger
            .entry("metricType")
            .filter(|entry| entry.value.value != Value::Null)
        {
            let mut diagnostic = Diagnostic::new(
                &catalog::UNKNOWN_FIELD,
                "a ScaledJob's trigger has no `metricType`",
                document.label(metric_type.key_span, "not in KEDA's CRD for ScaledJobs"),
            )
            .help(
                "remove it: the API server drops it, and KEDA refuses the object where it does not",
            );
            if metric_type.value.as_str() == Some("Value") {
                diagnostic =
                    diagnostic.help("`Value` counts as target 0, which never starts a Job");
            }
            diagnostic.severity = Severity::Warning;
            diagnostic.fix = removal(&document.source, trigger, metric_type);
            found.push(diagnostic);
        }
    }
    job
}

/// What all dialects have in the same place.
pub(super) fn common(document: &Arc<Document>, identity: Identity, dialect: Dialect) -> ScaledJob {
    let root = &document.root;
    let metadata = root.get("metadata");
    let strings = |field: &str| {
        metadata
            .and_then(|metadata| metadata.get(field))
            .map(string_map)
            .unwrap_or_default()
    };
    let spec = root.get("spec");
    let number = |field: &str| spec.and_then(|spec| spec.get(field)).and_then(Node::as_i64);
    let triggers = spec
        .and_then(|spec| spec.get("triggers"))
        .map(Node::items)
        .unwrap_or_default()
        .iter()
        .enumerate()
        .map(|(index, node)| trigger(index, node))
        .collect();
    ScaledJob {
        name: identity.name,
        namespace: identity.namespace,
        labels: strings("labels"),
        annotations: strings("annotations"),
        dialect,
        job_target_ref: JobTargetRef::of(document, job_target_ref),
        polling_interval: spec
            .and_then(|spec| int32(spec, "pollingInterval"))
            .unwrap_or(DEFAULT_POLLING_INTERVAL)
            .max(1),
        successful_jobs_history_limit: DEFAULT_HISTORY_LIMIT,
        failed_jobs_history_limit: DEFAULT_HISTORY_LIMIT,
        env_source_container_name: None,
        min_replica_count: number("minReplicaCount"),
        max_replica_count: number("maxReplicaCount"),
        rollout: Rollout::default(),
        scaling_strategy: ScalingStrategy::default(),
        triggers,
        document: Arc::clone(document),
    }
}

/// `jobTargetRef` as written.
fn job_target_ref(document: &Document) -> serde_json::Value {
    document
        .root
        .get("spec")
        .and_then(|spec| spec.get("jobTargetRef"))
        .map_or(serde_json::Value::Null, Node::to_json)
}

fn trigger(index: usize, node: &Node) -> Trigger {
    Trigger {
        index,
        kind: text(node, "type").unwrap_or_default(),
        name: text(node, "name").unwrap_or_default(),
        metadata: node.get("metadata").map(string_map).unwrap_or_default(),
        authentication_ref: node.get("authenticationRef").and_then(|reference| {
            Some(AuthenticationRef {
                name: text(reference, "name")?,
                cluster: text(reference, "kind").as_deref() == Some("ClusterTriggerAuthentication"),
            })
        }),
        metric_type: text(node, "metricType"),
    }
}

fn scaling_strategy(node: &Node) -> ScalingStrategy {
    ScalingStrategy {
        strategy: match text(node, "strategy").as_deref() {
            Some("custom") => Strategy::Custom,
            Some("accurate") => Strategy::Accurate,
            Some("eager") => Strategy::Eager,
            _ => Strategy::Default,
        },
        queue_length_deduction: node
            .get("customScalingQueueLengthDeduction")
            .and_then(Node::as_i64),
        running_job_percentage: text(node, "customScalingRunningJobPercentage").unwrap_or_default(),
        pending_pod_conditions: node
            .get("pendingPodConditions")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(Node::as_str)
            .map(str::to_owned)
            .collect(),
        multiple_scalers_calculation: match text(node, "multipleScalersCalculation").as_deref() {
            Some("min") => Calculation::Min,
            Some("avg") => Calculation::Avg,
            Some("sum") => Calculation::Sum,
            _ => Calculation::Max,
        },
    }
}

/// The text of a field.
pub(super) fn text(node: &Node, field: &str) -> Option<String> {
    node.get(field).and_then(Node::as_str).map(str::to_owned)
}

fn int32(node: &Node, field: &str) -> Option<i32> {
    node.get(field)
        .and_then(Node::as_i64)
        .and_then(|value| i32::try_from(value).ok())
}

/// A mapping to strings; what is null is absent.
pub(super) fn string_map(node: &Node) -> BTreeMap<String, String> {
    node.entries()
        .iter()
        .filter_map(|entry| Some((entry.key.clone(), entry.value.as_str()?.to_owned())))
        .collect()
}
