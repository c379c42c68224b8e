//! What the tests of trigger types share: triggers, their logins, and what `plan` reads of them.

use serde_json::{Value, json};

use super::scaled_job;
use crate::support::binary::{Keda, Output};

/// A trigger with this metadata.
pub(crate) fn trigger(kind: &str, metadata: &[(&str, &str)]) -> String {
    let lines = metadata
        .iter()
        .map(|(key, text)| format!("\n    {key}: {text:?}"));
    lines.fold(format!("- type: {kind}\n  metadata:"), |all, line| {
        all + &line
    })
}

/// Parameters out of a Secret, for `authenticationRef: {name: login}`.
pub(crate) fn login(parameters: &[(&str, &str)]) -> String {
    let data: serde_json::Map<String, Value> = parameters
        .iter()
        .map(|(name, text)| ((*name).to_owned(), json!(text)))
        .collect();
    let targets: Vec<Value> = parameters
        .iter()
        .map(|(name, _)| json!({"parameter": name, "name": "login", "key": name}))
        .collect();
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": data});
    let authentication = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "TriggerAuthentication",
        "metadata": {"name": "login"}, "spec": {"secretTargetRef": targets}});
    format!("{secret}\n---\n{authentication}\n---\n")
}

/// `plan` without a cluster, of a ScaledJob with these triggers beside these other objects.
pub(crate) fn plan(objects: &str, triggers: &[String]) -> Output {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("job.yaml");
    let job = scaled_job("orders", &triggers.join("\n"));
    std::fs::write(&file, format!("{objects}{job}")).expect("a file can be written");
    Keda::new(["plan", "--running", "0", "--output", "json"])
        .arg(&file)
        .run()
}

/// The values of metrics, and whether they are active.
pub(crate) fn readings(output: &Output) -> Vec<(f64, bool)> {
    let plan = output.json();
    let triggers = plan["items"][0]["triggers"].as_array().expect("triggers");
    let reading = |trigger: &Value| {
        let metric = &trigger["metrics"][0];
        let value = metric["queueLength"].as_f64();
        let value = value.unwrap_or_else(|| panic!("{trigger:#}"));
        (value, metric["active"] == json!(true))
    };
    triggers.iter().map(reading).collect()
}

/// What is said of the triggers; none has a value.
pub(crate) fn errors(output: &Output) -> Vec<String> {
    let plan = output.json();
    let triggers = plan["items"][0]["triggers"].as_array().expect("triggers");
    let error = |trigger: &Value| {
        assert_eq!(trigger["metrics"], json!([]), "{trigger:#}");
        trigger["message"].as_str().unwrap_or_default().to_owned()
    };
    triggers.iter().map(error).collect()
}
