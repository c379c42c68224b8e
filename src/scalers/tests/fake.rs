//! Stand-ins: an HTTP server on a loopback port, objects, a cluster, ScaledJobs with a place for every trigger key.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::api::reading::{ReadingOutcome, TriggerReading};
use crate::api::{
    AuthenticationRef, DataObject, Dialect, PodIdentity, Rollout, ScaledJob, ScalingStrategy,
    Secret, TargetRef, Trigger, TriggerAuthentication,
};
use crate::auth::{LookupError, ObjectSource};
use crate::diagnostic::{SourceFile, Span};
use crate::manifest::{Document, Entry, Node, Value};
use crate::scalers::{
    ClusterReader, Identities, PodSummary, ReadError, ReadOptions, read_triggers,
};

/// What a fake server saw, head and body of each request.
pub(super) type Seen = Arc<Mutex<Vec<String>>>;

/// Serves answers by the order of requests, the last one for ever. An empty answer is never sent: the request hangs.
pub(super) async fn serve(answers: Vec<String>) -> (SocketAddr, Seen) {
    let mut number = 0;
    serve_by(move |_| {
        let answer = answers.get(number).or(answers.last()).unwrap();
        number += 1;
        answer.clone()
    })
    .await
}

/// Serves the answer that `reply` gives to a request.
pub(super) async fn serve_by(
    mut reply: impl FnMut(&str) -> String + Send + 'static,
) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        let mut hanging = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let request = request(&mut stream).await;
            let answer = reply(&request);
            log.lock().unwrap().push(request);
            if answer.is_empty() {
                hanging.push(stream);
            } else {
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    (address, seen)
}

/// Answers by the addresses of requests.
pub(super) type Pages = Arc<Mutex<Vec<(String, String)>>>;

/// Serves what can be changed later; what is not there is 404.
pub(super) async fn serve_pages(pages: Vec<(&str, String)>) -> (String, Pages, Seen) {
    let own = |(path, answer): (&str, String)| (path.to_owned(), answer);
    let pages: Pages = Arc::new(Mutex::new(pages.into_iter().map(own).collect()));
    let known = Arc::clone(&pages);
    let (address, seen) = serve_by(move |request| {
        let target = request.split(' ').nth(1).unwrap();
        let known = known.lock().unwrap();
        let found = known.iter().find(|(path, _)| path == target);
        found.map_or_else(
            || answer(404, "{\"message\":\"Not Found\"}"),
            |(_, answer)| answer.clone(),
        )
    })
    .await;
    (format!("http://{address}"), pages, seen)
}

/// A whole request: its head, and as much body as Content-Length says.
async fn request(stream: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .to_ascii_lowercase()
                .lines()
                .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return text,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// An HTTP answer.
pub(super) fn answer(status: u16, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Secret `s` with these keys in namespace `ns`, and TriggerAuthentication `auth` that gives each key under its own name.
#[derive(Default)]
pub(super) struct Objects {
    pub(super) values: BTreeMap<String, String>,
    pub(super) pod_identity: Option<PodIdentity>,
}

impl Objects {
    pub(super) fn new(values: &[(&str, &str)]) -> Self {
        Self {
            values: pairs(values),
            pod_identity: None,
        }
    }
}

#[async_trait]
impl ObjectSource for Objects {
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<DataObject>, LookupError> {
        if name == "slow" {
            std::future::pending::<()>().await;
        }
        Ok((namespace == "ns" && name == "s").then(|| DataObject {
            name: name.to_owned(),
            namespace: Some(namespace.to_owned()),
            data: self
                .values
                .iter()
                .map(|(key, value)| (key.clone(), Secret::new(value.clone())))
                .collect(),
            document: None,
        }))
    }

    async fn config_map(&self, _: &str, _: &str) -> Result<Option<DataObject>, LookupError> {
        Ok(None)
    }

    async fn authentication(
        &self,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<TriggerAuthentication>, LookupError> {
        let target = |key: &String| TargetRef {
            parameter: key.clone(),
            name: "s".to_owned(),
            key: key.clone(),
        };
        Ok(
            (namespace == Some("ns") && name == "auth").then(|| TriggerAuthentication {
                name: name.to_owned(),
                secret_target_ref: self.values.keys().map(target).collect(),
                pod_identity: self.pod_identity.clone(),
                ..TriggerAuthentication::default()
            }),
        )
    }
}

/// A cluster with these pods and endpoints.
#[derive(Default)]
pub(super) struct Cluster {
    pub(super) pods: Vec<PodSummary>,
    pub(super) endpoints: Vec<IpAddr>,
    /// The role of service account `ns/worker`, and the token that it is given.
    pub(super) role: Option<String>,
}

#[async_trait]
impl ClusterReader for Cluster {
    async fn pods(&self, namespace: &str, selector: &str) -> Result<Vec<PodSummary>, ReadError> {
        if (namespace, selector) == ("ns", "app=x") {
            Ok(self.pods.clone())
        } else {
            Err(ReadError::new(format!(
                "pods of {namespace} that match {selector}: forbidden"
            )))
        }
    }

    async fn service_endpoints(
        &self,
        namespace: &str,
        service: &str,
    ) -> Result<Vec<IpAddr>, ReadError> {
        assert_eq!((namespace, service), ("ns", "svc"));
        Ok(self.endpoints.clone())
    }

    async fn service_account_annotation(
        &self,
        namespace: &str,
        name: &str,
        annotation: &str,
    ) -> Result<Option<String>, ReadError> {
        assert_eq!(annotation, "eks.amazonaws.com/role-arn");
        if (namespace, name) == ("ns", "worker") {
            Ok(self.role.clone())
        } else {
            Err(ReadError::new(format!(
                "get serviceaccounts in namespace {namespace}: {name} not found"
            )))
        }
    }

    async fn service_account_token(
        &self,
        _: &str,
        _: &str,
        audience: &str,
    ) -> Result<Secret<String>, ReadError> {
        assert_eq!(audience, "sts.amazonaws.com");
        Ok(Secret::new("token-of-worker".to_owned()))
    }
}

pub(super) fn pairs(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// Trigger `index`; with `auth` it refers to TriggerAuthentication `auth`.
pub(in crate::scalers) fn trigger(
    index: usize,
    kind: &str,
    metadata: &[(&str, &str)],
    auth: bool,
) -> Trigger {
    Trigger {
        index,
        kind: kind.to_owned(),
        name: String::new(),
        metadata: pairs(metadata),
        authentication_ref: auth.then(|| AuthenticationRef {
            name: "auth".to_owned(),
            cluster: false,
        }),
        metric_type: None,
    }
}

/// A ScaledJob in namespace `ns`. Its document is one line a key, so that places can be told.
pub(super) fn job(triggers: Vec<Trigger>) -> ScaledJob {
    let mut text = String::new();
    let mut items = Vec::new();
    for trigger in &triggers {
        let kind = scalar(&mut text, "type", &trigger.kind);
        let metadata = trigger
            .metadata
            .iter()
            .map(|(key, value)| scalar(&mut text, key, value))
            .collect();
        let metadata = entry("metadata", Span::default(), Value::Mapping(metadata));
        items.push(node(Span::default(), Value::Mapping(vec![kind, metadata])));
    }
    let triggers_entry = entry("triggers", Span::default(), Value::Sequence(items));
    let spec = entry(
        "spec",
        Span::default(),
        Value::Mapping(vec![triggers_entry]),
    );
    let document = Document {
        source: SourceFile::new("job.yaml", text),
        index: 0,
        root: node(Span::default(), Value::Mapping(vec![spec])),
    };
    let template: Json = json!({"template": {"spec": {"serviceAccountName": "worker", "containers": [{"name": "w", "env": [
        {"name": "PLAIN", "value": "plain"},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "key"}}},
        {"name": "SLOW", "valueFrom": {"secretKeyRef": {"name": "slow", "key": "key"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ]}]}}});
    ScaledJob {
        name: "job".to_owned(),
        namespace: Some("ns".to_owned()),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        dialect: Dialect::V2,
        job_target_ref: template.into(),
        polling_interval: 30,
        successful_jobs_history_limit: 100,
        failed_jobs_history_limit: 100,
        env_source_container_name: None,
        min_replica_count: None,
        max_replica_count: None,
        rollout: Rollout::default(),
        scaling_strategy: ScalingStrategy::default(),
        triggers,
        document: Arc::new(document),
    }
}

fn node(span: Span, value: Value) -> Node {
    Node { span, value }
}

fn entry(key: &str, key_span: Span, value: Value) -> Entry {
    Entry {
        key: key.to_owned(),
        key_span,
        value: node(Span::default(), value),
    }
}

/// Writes `key: "value"` and gives its entry.
fn scalar(text: &mut String, key: &str, value: &str) -> Entry {
    let start = text.len();
    text.push_str(key);
    let key_span = Span {
        start,
        end: text.len(),
    };
    text.push_str(": ");
    let start = text.len();
    text.extend(["\"", value, "\""]);
    let span = Span {
        start,
        end: text.len(),
    };
    text.push('\n');
    Entry {
        key: key.to_owned(),
        key_span,
        value: node(span, Value::String(value.to_owned())),
    }
}

pub(super) fn options() -> ReadOptions {
    ReadOptions {
        clients: crate::scalers::HttpClients::default(),
        kept: None,
        deadline: Duration::from_secs(30),
        http_timeout: Duration::from_secs(10),
        service_proxy: None,
        cluster_object_namespace: "keda".to_owned(),
        now: || Timestamp::UNIX_EPOCH,
        identities: Identities::nobody(),
    }
}

pub(super) async fn read(
    triggers: Vec<Trigger>,
    objects: &Objects,
    cluster: Cluster,
) -> Vec<TriggerReading> {
    read_with(triggers, objects, cluster, &options()).await
}

/// Reads with other options than [`options`].
pub(super) async fn read_with(
    triggers: Vec<Trigger>,
    objects: &Objects,
    cluster: Cluster,
    options: &ReadOptions,
) -> Vec<TriggerReading> {
    let job = job(triggers);
    read_triggers(
        &job,
        &job.triggers,
        "ns",
        objects,
        Arc::new(cluster),
        options,
    )
    .await
}

/// Value and activity of one trigger, or the text of what it became.
pub(super) async fn one(
    kind: &str,
    metadata: &[(&str, &str)],
    auth: Option<&[(&str, &str)]>,
) -> Result<(f64, bool), String> {
    let objects = Objects::new(auth.unwrap_or_default());
    let trigger = trigger(0, kind, metadata, auth.is_some());
    let mut readings = read(vec![trigger], &objects, Cluster::default()).await;
    flat(readings.remove(0).outcome)
}

pub(super) fn flat(outcome: ReadingOutcome) -> Result<(f64, bool), String> {
    match outcome {
        ReadingOutcome::Read(readings) => Ok((readings[0].values[0].value, readings[0].active)),
        ReadingOutcome::Skipped(text) => Err(format!("skipped: {text}")),
        ReadingOutcome::Failed(text) => Err(format!("failed: {text}")),
        ReadingOutcome::NotBuilt(text) => Err(format!("not built: {text}")),
    }
}
