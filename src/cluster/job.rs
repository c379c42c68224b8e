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

    /// A mark that was made before.
    pub fn from_mark(mark: String) -> Self {
        Self(mark)
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
    let mut spec = Value::clone(&job.job_target_ref);
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
        .map(|keys| keys.split(',').collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::tests::builder::scaled_job;

    fn strings(value: &Value) -> BTreeMap<String, String> {
        serde_json::from_value(value.clone()).unwrap_or_default()
    }

    /// KEDA's Jobs, with our identity in the place of KEDA's. What differs on purpose is listed here and nowhere else.
    fn as_ours(keda: &Value) -> Value {
        let mut job = keda.clone();
        job.as_object_mut().unwrap().remove("status");
        let metadata = job["metadata"].as_object_mut().unwrap();
        // The name is chosen here, so that a create can be sent again.
        metadata.remove("generateName");
        let mut labels = strings(&metadata["labels"]);
        labels.remove(KEDA_NAME_LABEL);
        labels.insert(NAME_LABEL.to_owned(), "sj".to_owned());
        // A user's label cannot replace ours.
        labels.insert(
            "app.kubernetes.io/managed-by".to_owned(),
            MANAGED_BY.to_owned(),
        );
        labels.insert(
            "app.kubernetes.io/version".to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
        );
        metadata["labels"] = json!(labels);
        let mut annotations = strings(&metadata["annotations"]);
        // Marks of other tools, and of KEDA, on the ScaledJob.
        annotations
            .retain(|key, _| !key.contains("keda.sh/") && !key.contains("kubectl.kubernetes.io/"));
        metadata["annotations"] = json!(annotations);
        // Needs the right to set finalizers on the owner.
        metadata["ownerReferences"][0]
            .as_object_mut()
            .unwrap()
            .remove("blockOwnerDeletion");
        let template = job["spec"]["template"]["metadata"].as_object_mut().unwrap();
        // Has no effect on a pod template.
        template.remove("generateName");
        let mut pod_labels = strings(&template["labels"]);
        pod_labels.remove(KEDA_NAME_LABEL);
        pod_labels.insert(NAME_LABEL.to_owned(), "sj".to_owned());
        template["labels"] = json!(pod_labels);
        job
    }

    #[test]
    fn builds_the_jobs_that_keda_builds() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../tests/data/planner-vectors.json")).unwrap();
        let vectors = vectors["jobVectors"].as_array().unwrap();
        assert_eq!(vectors.len(), 7);
        for vector in vectors {
            let source = &vector["scaledJob"];
            let mut job = scaled_job();
            job.name = source["metadata"]["name"].as_str().unwrap().to_owned();
            job.labels = strings(&source["metadata"]["labels"]);
            job.annotations = strings(&source["metadata"]["annotations"]);
            job.job_target_ref = source["spec"]["jobTargetRef"].clone().into();
            let owner = Owner {
                uid: source["metadata"]["uid"].as_str().unwrap().to_owned(),
            };
            let cycle = CycleId::random();
            let mut ours = manifest(&job, "ns", "sj-x-0", &cycle, "redis[0]", Some(&owner));
            assert_eq!(
                (&ours["apiVersion"], &ours["kind"]),
                (&json!("batch/v1"), &json!("Job"))
            );
            let ours = ours.as_object_mut().unwrap();
            ours.remove("apiVersion");
            ours.remove("kind");
            let metadata = ours["metadata"].as_object_mut().unwrap();
            assert_eq!(metadata.remove("name"), Some(json!("sj-x-0")));
            let annotations = metadata["annotations"].as_object_mut().unwrap();
            assert_eq!(
                annotations.remove(CYCLE_ANNOTATION),
                Some(json!(cycle.as_str()))
            );
            assert_eq!(
                annotations.remove(TRIGGER_ANNOTATION),
                Some(json!("redis[0]"))
            );
            assert!(annotations.remove(SPEC_HASH_ANNOTATION).is_some());
            assert_eq!(
                json!(ours),
                as_ours(&vector["expected"][0]),
                "{}",
                vector["id"]
            );
        }
    }

    #[test]
    fn without_an_owner_in_the_cluster_there_is_no_reference() {
        let job = manifest(&scaled_job(), "ns", "n", &CycleId::random(), "t", None);
        assert!(job["metadata"].get("ownerReferences").is_none());
    }

    #[test]
    fn names_fit_into_a_label_value() {
        let mut job = scaled_job();
        job.name = format!("{}.{}", "a".repeat(31), "b".repeat(31));
        let cycle = CycleId::random();
        let name = job_name(&job, &cycle, 12_345);
        assert_eq!(name.len(), 63);
        assert!(
            name.ends_with(&format!("-{}-12345", cycle.as_str())),
            "{name}"
        );
        assert!(!name.contains('.'), "a pod's host name has no dots: {name}");

        // The last pod of an Indexed Job is called <job>-<completions - 1>, and that must fit too.
        job.job_target_ref = json!({"completionMode": "Indexed", "completions": 1000}).into();
        assert_eq!(job_name(&job, &cycle, 1).len() + "-999".len(), 63);
    }

    #[test]
    fn a_name_is_the_same_for_the_same_cycle_and_ordinal() {
        let (job, cycle) = (scaled_job(), CycleId::random());
        assert_eq!(job_name(&job, &cycle, 3), job_name(&job, &cycle, 3));
        assert_ne!(job_name(&job, &cycle, 3), job_name(&job, &cycle, 4));
        assert_ne!(
            job_name(&job, &cycle, 3),
            job_name(&job, &CycleId::random(), 3)
        );
    }

    #[test]
    fn the_hash_follows_the_content_and_not_the_order_of_keys() {
        let hash = |text: &str| spec_hash(&serde_json::from_str(text).unwrap());
        assert_eq!(
            hash(r#"{"a": 1, "b": [1, 2]}"#),
            hash(r#"{"b": [1, 2], "a": 1}"#)
        );
        assert_ne!(hash(r#"{"a": [1, 2]}"#), hash(r#"{"a": [2, 1]}"#));
        assert_ne!(hash(r#"{"a": "1"}"#), hash(r#"{"a": 1}"#));
        assert_ne!(hash(r#"{"a": {"b": 1}}"#), hash(r#"{"a": 1, "b": 1}"#));
    }
}
