//! A proxy before the API server that counts requests: exact on any cluster, whatever its logs and metrics hold.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use kube::Client;

use crate::source::serve;
use crate::support::cluster::TestCluster;

type Counts = Arc<Mutex<BTreeMap<String, u64>>>;

/// Most bytes of one request.
const LIMIT: usize = 16 * 1024 * 1024;

pub(crate) struct Proxy {
    /// A kubeconfig that leads through it.
    pub(crate) kubeconfig: PathBuf,
    counts: Counts,
}

impl Proxy {
    /// Before `cluster`, with its credentials.
    pub(crate) fn start(cluster: &TestCluster) -> Self {
        let counts = Counts::default();
        let client = Arc::new(tokio::sync::OnceCell::new());
        let (kubeconfig, counted) = (cluster.kubeconfig.clone(), Arc::clone(&counts));
        let router = Router::new()
            .fallback(move |State(counts): State<Counts>, request: Request| {
                let (client, kubeconfig) = (Arc::clone(&client), kubeconfig.clone());
                async move {
                    let key = key(&request);
                    *counts
                        .lock()
                        .expect("nobody panics with it")
                        .entry(key)
                        .or_default() += 1;
                    // A client belongs to the runtime that it is made on.
                    let client: &Client = client
                        .get_or_init(|| crate::support::cluster::client(&kubeconfig))
                        .await;
                    forward(client.clone(), request).await
                }
            })
            .with_state(counted);
        let port = serve(router);
        let kubeconfig = cluster.folder.path().join("proxy.yaml");
        let text = format!(
            "apiVersion: v1
kind: Config
current-context: proxy
contexts:
- name: proxy
  context: {{cluster: proxy, user: proxy}}
clusters:
- name: proxy
  cluster: {{server: \"http://127.0.0.1:{port}\"}}
users:
- name: proxy
  user: {{}}
"
        );
        std::fs::write(&kubeconfig, text).expect("a file can be written");
        Self { kubeconfig, counts }
    }

    /// Forgets what was counted.
    pub(crate) fn reset(&self) {
        self.counts.lock().expect("nobody panics with it").clear();
    }

    /// Requests in all, and of each kind.
    pub(crate) fn counted(&self) -> (u64, String) {
        let counts = self.counts.lock().expect("nobody panics with it");
        let mut kinds: Vec<(&String, &u64)> = counts.iter().collect();
        kinds.sort_by(|left, right| right.1.cmp(left.1));
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        (counts.values().sum(), kinds.join(", "))
    }
}

/// `create jobs`, `list leases`.
fn key(request: &Request) -> String {
    let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
    let query = request.uri().query().unwrap_or_default();
    // /api/v1/… or /apis/GROUP/VERSION/…
    let rest = match path.first() {
        Some(&"api") => path.get(2..),
        Some(&"apis") => path.get(3..),
        _ => None,
    };
    let (resource, name) = match rest.unwrap_or_default() {
        ["namespaces", _, resource, rest @ ..] | [resource, rest @ ..] => (*resource, rest.first()),
        [] => return format!("{} {}", request.method(), request.uri().path()),
    };
    let verb = match (request.method().as_str(), name) {
        ("GET", None) if query.contains("watch=true") => "watch",
        ("GET", None) => "list",
        ("GET", Some(_)) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        ("DELETE", None) => "deletecollection",
        ("DELETE", Some(_)) => "delete",
        (other, _) => other,
    };
    let dry = if query.contains("dryRun=All") {
        " (dry run)"
    } else {
        ""
    };
    format!("{verb} {resource}{dry}")
}

async fn forward(client: Client, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, LIMIT).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    for name in [header::HOST, header::CONNECTION, header::CONTENT_LENGTH] {
        parts.headers.remove(name);
    }
    let request = http::Request::from_parts(parts, kube::client::Body::from(body.to_vec()));
    match client.send(request).await {
        Ok(answer) => {
            let (mut parts, body) = answer.into_parts();
            for name in [header::TRANSFER_ENCODING, header::CONNECTION] {
                parts.headers.remove(name);
            }
            Response::from_parts(parts, Body::new(body))
        }
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}
