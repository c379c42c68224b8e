//! The sandbox as its clients see it.

mod api;
mod deletion;
mod faults;
mod jobs;
mod refusals;
mod watches;
mod writes;

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use serde_json::{Value, json};

use super::{Sandbox, SandboxOptions};

/// A sandbox whose pods are done in a moment.
async fn sandbox() -> Sandbox {
    sandbox_with(|_| {}).await
}

async fn sandbox_with(change: impl FnOnce(&mut SandboxOptions)) -> Sandbox {
    // Another test may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut options = SandboxOptions {
        pod_pending: Duration::from_millis(10),
        pod_run: Duration::from_millis(20),
        pod_stop: Duration::from_millis(10),
        pod_backoff: Duration::from_millis(5),
        ..SandboxOptions::default()
    };
    change(&mut options);
    Sandbox::start(options).await.unwrap()
}

fn client(sandbox: &Sandbox) -> kube::Client {
    let mut config = kube::Config::new(sandbox.url().parse().unwrap());
    config.default_namespace = "default".to_owned();
    kube::Client::try_from(config).unwrap()
}

fn jobs(sandbox: &Sandbox) -> Api<Job> {
    Api::default_namespaced(client(sandbox))
}

fn pods(sandbox: &Sandbox) -> Api<Pod> {
    Api::default_namespaced(client(sandbox))
}

/// A Job of one container, with its spec merged with what is given.
fn job_value(name: &str, spec: &Value) -> Value {
    let mut job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "busybox:1"}]}}},
    });
    json_patch::merge(&mut job["spec"], spec);
    job
}

fn job(name: &str, spec: &Value) -> Job {
    serde_json::from_value(job_value(name, spec)).unwrap()
}

/// Annotations on the pod template.
fn annotated(annotations: &Value) -> Value {
    json!({"template": {"metadata": {"annotations": annotations}}})
}

/// Asks again and again until the answer is there.
async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    for _ in 0..3000 {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not happen");
}

/// Waits for a condition of a Job to be True.
async fn until_condition(jobs: &Api<Job>, name: &str, condition: &str) -> Job {
    eventually(&format!("{condition} of {name}"), || async {
        let job = jobs.get(name).await.unwrap();
        let found = job
            .status
            .iter()
            .flat_map(|status| status.conditions.iter().flatten());
        let holds = found
            .into_iter()
            .any(|one| one.type_ == condition && one.status == "True");
        holds.then_some(job)
    })
    .await
}

/// A request in plain HTTP: status and body, JSON where it is JSON.
async fn http(
    sandbox: &Sandbox,
    method: &str,
    path: &str,
    body: Option<(&str, &str)>,
) -> (u16, Value) {
    let url = format!("{}{path}", sandbox.url());
    let mut request = reqwest::Client::new().request(method.parse().unwrap(), url);
    if let Some((media, text)) = body {
        request = request.header("content-type", media).body(text.to_owned());
    }
    let response = request.send().await.unwrap();
    let code = response.status().as_u16();
    let text = response.text().await.unwrap();
    (
        code,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

async fn post(sandbox: &Sandbox, path: &str, body: &Value) -> (u16, Value) {
    http(
        sandbox,
        "POST",
        path,
        Some(("application/json", &body.to_string())),
    )
    .await
}

const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";
