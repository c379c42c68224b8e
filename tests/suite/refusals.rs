//! What `validate` says of Jobs against the API server that is given, embedded or real: it refuses what a rule calls an error, and
//! takes what a rule does not.

mod cases;
mod handlers;
mod pods;
mod security;
mod variables;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::{Value, json};

use cases::At::{self, Container, Job, Pod, Template};

use crate::support::binary::Keda;
use crate::support::cluster::TestCluster;
use crate::support::{Outcome, block_on, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(
            "refusals::the_server_refuses_what_a_rule_says_it_refuses",
            rules,
        ),
        test(
            "refusals::edge_cases_are_those_of_the_api_server",
            edge_cases,
        ),
        test(
            "refusals::validate_refuses_the_edge_cases_that_the_api_server_does",
            validate_edge_cases,
        ),
    ]
}

/// Rules about KEDA's own objects, whose text speaks of the API server too: their examples are wrong outside of `jobTargetRef`.
const OF_KEDA: [&str; 9] = [
    "invalid-value",
    "missing-field",
    "newer-field",
    "non-string-metadata",
    "pod-identity",
    "refused-by-version",
    "unknown-field",
    "unsupported-dialect",
    "wrong-type",
];
/// What needs a cluster to be found at all.
const ONLINE: [&str; 1] = ["refused-by-cluster"];

/// The server's words, or none when it takes the Job; nothing is kept.
async fn answer(client: &kube::Client, namespace: &str, job: &Value) -> Option<Value> {
    let uri =
        format!("/apis/batch/v1/namespaces/{namespace}/jobs?dryRun=All&fieldValidation=Strict");
    let request = http::Request::post(uri)
        .header("Content-Type", "application/json")
        .body(job.to_string().into_bytes())
        .expect("a request");
    match client.request::<Value>(request).await {
        Ok(_) => None,
        Err(kube::Error::Api(status)) => {
            let status = serde_json::to_value(status).expect("a status is JSON");
            assert!(
                [json!(400), json!(422)].contains(&status["code"]),
                "{status}"
            );
            Some(status)
        }
        Err(error) => panic!("{error}"),
    }
}

/// The Job that KEDA makes of a file's `ScaledJob`; none where the file holds something else.
fn job_of(file: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(file).expect("a file of the rules");
    let object: Value = serde_yaml::from_str(&text).ok()?;
    let mut spec = object.pointer("/spec/jobTargetRef")?.clone();
    if object["kind"] != "ScaledJob" {
        return None;
    }
    let pod = spec.pointer_mut("/template/spec")?.as_object_mut()?;
    pod.entry("restartPolicy").or_insert(json!("OnFailure"));
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str()?;
    Some(json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "generateName": format!("{name}-"),
            "labels": metadata["labels"],
            "annotations": metadata["annotations"],
        },
        "spec": spec,
    }))
}

fn rules() -> Outcome {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/rules");
    let mut refused = BTreeMap::new();
    for rule in keda_jobs::rules::all() {
        let speaks_of_it = rule.doc.why.contains("API server") && rule.doc.why.contains("refuse");
        if speaks_of_it && !OF_KEDA.contains(&rule.id) && !ONLINE.contains(&rule.id) {
            refused.insert(rule.id, folder.join(rule.id).join("wrong.yaml"));
        }
    }
    for id in OF_KEDA.iter().chain(&ONLINE) {
        assert!(
            keda_jobs::rules::all().iter().any(|rule| rule.id == *id),
            "{id}"
        );
    }
    // That the search still finds them.
    assert!(refused.len() > 25, "{refused:?}");
    let mut accepted: Vec<PathBuf> = std::fs::read_dir(&folder)?
        .map(|entry| entry.expect("an entry").path().join("right.yaml"))
        .filter(|file| file.exists())
        .collect();
    accepted.sort();
    let cluster = TestCluster::start();
    let wrong: Vec<String> = block_on(async {
        let client = cluster.client_async().await;
        let mut wrong = Vec::new();
        for (id, file) in refused {
            let Some(job) = job_of(&file) else {
                wrong.push(format!("{id}: {} holds no Job", file.display()));
                continue;
            };
            if answer(&client, &cluster.namespace, &job).await.is_none() {
                wrong.push(format!("{id}: the server takes the wrong Job"));
            }
        }
        let mut jobs = 0;
        for file in accepted {
            let Some(job) = job_of(&file) else { continue };
            jobs += 1;
            if let Some(status) = answer(&client, &cluster.namespace, &job).await {
                let message = status["message"].as_str().unwrap_or_default();
                wrong.push(format!("{}: {message}", file.display()));
            }
        }
        assert!(jobs > 60, "{jobs}");
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn changed(at: At, change: &Value) -> Value {
    let mut job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "orders"},
        "spec": {"template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "worker", "image": "example.com/worker:1.4"}],
        }}},
    });
    let pointer = match at {
        Job => "/spec",
        Template => "/spec/template",
        Pod => "/spec/template/spec",
        Container => "/spec/template/spec/containers/0",
    };
    let place = job.pointer_mut(pointer).expect("the place is there");
    json_patch::merge(place, change);
    job
}

fn edge_cases() -> Outcome {
    let cluster = TestCluster::start();
    let wrong: Vec<String> = block_on(async {
        let client = cluster.client_async().await;
        let mut wrong = Vec::new();
        for (at, change, field) in cases::table() {
            let field = field.replacen('~', cases::CONTAINER, 1);
            let status = answer(&client, &cluster.namespace, &changed(at, &change)).await;
            let found: Vec<String> = status
                .iter()
                .filter_map(|status| status.pointer("/details/causes").and_then(Value::as_array))
                .flatten()
                .filter_map(|cause| Some(cause["field"].as_str()?.to_owned()))
                .collect();
            let holds = if field.is_empty() {
                status.is_none()
            } else {
                found.contains(&field)
            };
            if !holds {
                let message = status.map(|status| status["message"].clone());
                wrong.push(format!("{at:?} {change}: expected {field:?}: {message:?}"));
            }
        }
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Errors about Jobs that the server takes: it refuses the pods of the first, and each of the second's stops the others.
const NOT_OF_THE_SERVER: [&str; 2] = ["container-image", "job-selector"];

/// Each case as a `ScaledJob` on a line of its own, so that a finding's line says whose it is.
fn validate_edge_cases() -> Outcome {
    let cases = cases::table();
    let mut text = String::new();
    for (index, (at, change, _)) in cases.iter().enumerate() {
        let job = changed(*at, change);
        let object = json!({
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledJob",
            "metadata": {"name": format!("case-{index}")},
            "spec": {"jobTargetRef": job["spec"], "triggers": [
                {"type": "redis", "metadata": {"address": "a:6379", "listName": "a"}},
            ]},
        });
        text.push_str(&object.to_string());
        text.push_str("\n---\n");
    }
    let output = Keda::new(["validate", "-", "--output", "json"])
        .stdin(text)
        .run()
        .expect(1)
        .json();
    let mut errors: BTreeMap<u64, Vec<(String, String)>> = BTreeMap::new();
    for item in output["items"].as_array().expect("a list") {
        if item["severity"] == "error" {
            let line = item["location"]["line"].as_u64().expect("a line");
            let text = |key: &str| item[key].as_str().unwrap_or_default().to_owned();
            errors
                .entry(line)
                .or_default()
                .push((text("rule"), text("message")));
        }
    }
    let mut wrong = Vec::new();
    for (line, (at, change, field)) in (1..).step_by(2).zip(&cases) {
        let found = errors.remove(&line).unwrap_or_default();
        let is_taken = found
            .iter()
            .all(|(rule, _)| NOT_OF_THE_SERVER.contains(&rule.as_str()) && field.is_empty());
        if is_taken != field.is_empty() {
            wrong.push(format!("{at:?} {change}: {field:?}: {found:?}"));
        }
    }
    assert!(
        wrong.is_empty() && errors.is_empty(),
        "{errors:?}\n{}",
        wrong.join("\n")
    );
    Ok(())
}
