//! The Job object that is sent: the user's jobTargetRef as written, plus our name, labels and annotations. [semantics §3]

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::{
    CYCLE_ANNOTATION, KEDA_NAME_LABEL, MANAGED_BY, NAME_LABEL, SPEC_HASH_ANNOTATION,
    TRIGGER_ANNOTATION,
};
use crate::api::ScaledJob;

/// Longest name of a Job: its pods carry it as a label value.
const MAX_NAME: usize = 63;
/// The alphabet of Kubernetes' own random suffixes: no vowels, no digits that look like letters.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// The mark of one cycle: part of the name of every Job that it makes, so that a create can be sent again and a Job traced
/// back to its decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleId(String);

impl CycleId {
    /// A new mark: 8 characters of Kubernetes' suffix alphabet, 27^8 of them.
    pub fn random() -> Self {
        Self(
            (0..8)
                .map(|_| char::from(ALPHABET[fastrand::usize(..ALPHABET.len())]))
                .collect(),
        )
    }

    /// The mark as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A reference to the ScaledJob in the cluster, set only when it exists there: the garbage collector deletes Jobs of owners that
/// do not. [semantics §3.7]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its uid in the cluster.
    pub uid: String,
}

/// Hash of a jobTargetRef, in its annotation: the same for the same content whatever the order of keys.
pub fn spec_hash(job_target_ref: &Value) -> String {
    let mut hasher = Sha256::new();
    hash_canonical(job_target_ref, &mut hasher);
    hasher
        .finalize()
        .iter()
        .take(6)
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn hash_canonical(value: &Value, hasher: &mut Sha256) {
    match value {
        Value::Object(map) => {
            hasher.update(b"{");
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            for (key, value) in sorted {
                hasher.update(Value::String(key.clone()).to_string());
                hash_canonical(value, hasher);
            }
            hasher.update(b"}");
        }
        Value::Array(items) => {
            hasher.update(b"[");
            for item in items {
                hash_canonical(item, hasher);
            }
            hasher.update(b"]");
        }
        scalar => hasher.update(scalar.to_string()),
    }
    hasher.update(b",");
}

/// `<object>-<cycle>-<ordinal>`, at most 63 characters, and so that the last pod of an Indexed Job still has a valid host name
/// (semantics §7.1). Dots of the object's name become dashes: a pod's host name has none.
pub fn job_name(job: &ScaledJob, cycle: &CycleId, ordinal: usize) -> String {
    let suffix = format!("-{}-{ordinal}", cycle.as_str());
    let room = MAX_NAME.saturating_sub(suffix.len() + index_digits(&job.job_target_ref));
    let base: String = job
        .name
        .chars()
        .map(|c| if c == '.' { '-' } else { c })
        .take(room)
        .collect();
    format!("{}{suffix}", base.trim_end_matches('-'))
}

/// Length of `-<completions − 1>` for an Indexed Job.
fn index_digits(spec: &Value) -> usize {
    let indexed = spec.get("completionMode").and_then(Value::as_str) == Some("Indexed");
    let completions = spec.get("completions").and_then(Value::as_i64).unwrap_or(1);
    if indexed {
        format!("-{}", completions.max(1) - 1).len()
    } else {
        0
    }
}

/// The Job as it is sent.
pub fn manifest(
    job: &ScaledJob,
    namespace: &str,
    name: &str,
    cycle: &CycleId,
    trigger: &str,
    owner: Option<&Owner>,
) -> Value {
    let mut metadata = json!({
        "name": name,
        "namespace": namespace,
        "labels": labels(job),
        "annotations": annotations(job, cycle, trigger),
    });
    if let Some(owner) = owner {
        // No blockOwnerDeletion: setting it needs the right to set finalizers on the owner where
        // OwnerReferencesPermissionEnforcement is on (OpenShift).
        metadata["ownerReferences"] = json!([{
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledJob",
            "name": job.name,
            "uid": owner.uid,
            "controller": true,
        }]);
    }
    json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec(job)})
}

/// jobTargetRef as written, with our label on the pods and an empty restartPolicy filled in.
fn spec(job: &ScaledJob) -> Value {
    let mut spec = job.job_target_ref.clone();
    if let Some(template) = spec.get_mut("template").and_then(Value::as_object_mut) {
        let metadata = object_entry(template, "metadata");
        object_entry(metadata, "labels")
            .insert(NAME_LABEL.to_owned(), Value::String(job.name.clone()));
        let pod = object_entry(template, "spec");
        let policy = pod.get("restartPolicy");
        if policy.is_none_or(|policy| policy.is_null() || policy.as_str() == Some("")) {
            pod.insert(
                "restartPolicy".to_owned(),
                Value::String("OnFailure".to_owned()),
            );
        }
    }
    spec
}

/// The object at `key`, made when it is absent or null.
fn object_entry<'a>(parent: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let value = parent.entry(key).or_insert_with(|| json!({}));
    if !value.is_object() {
        *value = json!({});
    }
    value.as_object_mut().expect("made an object just above")
}

fn labels(job: &ScaledJob) -> BTreeMap<String, String> {
    let excluded: Vec<&str> = job
        .annotations
        .get("scaledjob.keda.sh/job-excluded-labels")
        .map(|keys| keys.split(',').map(str::trim).collect())
        .unwrap_or_default();
    let mut labels: BTreeMap<String, String> = job
        .labels
        .iter()
        .filter(|(key, _)| !is_bookkeeping(key) && !excluded.contains(&key.as_str()))
        // Argo CD's default tracking label: a Job that carries it is pruned as a stray of the application.
        .filter(|(key, _)| key.as_str() != "app.kubernetes.io/instance")
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    labels.insert("app.kubernetes.io/name".to_owned(), job.name.clone());
    labels.insert("app.kubernetes.io/part-of".to_owned(), job.name.clone());
    labels.insert(
        "app.kubernetes.io/version".to_owned(),
        env!("CARGO_PKG_VERSION").to_owned(),
    );
    labels.insert(
        "app.kubernetes.io/managed-by".to_owned(),
        MANAGED_BY.to_owned(),
    );
    labels.insert(NAME_LABEL.to_owned(), job.name.clone());
    labels
}

fn annotations(job: &ScaledJob, cycle: &CycleId, trigger: &str) -> BTreeMap<String, String> {
    let mut annotations: BTreeMap<String, String> = job
        .annotations
        .iter()
        .filter(|(key, _)| !is_bookkeeping(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    annotations.insert(CYCLE_ANNOTATION.to_owned(), cycle.as_str().to_owned());
    annotations.insert(
        SPEC_HASH_ANNOTATION.to_owned(),
        spec_hash(&job.job_target_ref),
    );
    annotations.insert(TRIGGER_ANNOTATION.to_owned(), trigger.to_owned());
    annotations
}

/// Marks by which a tool tracks the ScaledJob itself. On a Job they would make kubectl, Helm, Argo CD or KEDA take it for theirs.
fn is_bookkeeping(key: &str) -> bool {
    const PREFIXES: [&str; 8] = [
        "kubectl.kubernetes.io/",
        "helm.sh/",
        "meta.helm.sh/",
        "argocd.argoproj.io/",
        "scaledjob.keda.sh/",
        "autoscaling.keda.sh/",
        "keda.sh/",
        "keda-jobs/",
    ];
    debug_assert!(
        KEDA_NAME_LABEL.starts_with(PREFIXES[4]),
        "KEDA's tracking label is never copied"
    );
    PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}
