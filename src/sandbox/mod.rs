//! The embedded cluster: an HTTP Kubernetes API with a Job controller on a loopback port, for `--sandbox` and for the tests.
//!
//! It answers as kube-apiserver v1.36 does, as far as Jobs need it; semantics.md §7 is its specification. Everything lives in
//! memory and ends with [`Sandbox::stop`] or when the [`Sandbox`] is dropped.
//!
//! ```text
//! HTTP ──request──▶ faults ──▶ read / create / update / delete / watch ──▶ store ◀──▶ controller (Jobs, kubelet, garbage)
//! ```

mod admin;
mod body;
mod clock;
mod columns;
mod connection;
mod controller;
mod create;
mod defaults;
mod definition;
mod delete;
mod discovery;
mod events;
mod failure;
mod faults;
mod field;
mod indexes;
mod log;
mod memory;
mod names;
mod object;
mod openapi;
mod patch;
mod protobuf;
mod queue;
mod quota;
mod read;
mod request;
mod reviews;
mod seed;
mod selector;
mod server;
mod store;
mod strict;
mod table;
#[cfg(test)]
mod tests;
mod token;
mod update;
mod validation;
mod watch;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use memory::Abandoned;
pub use store::{ChangeKind, Written};

/// How a sandbox behaves.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// Where to listen; port 0 picks a free one. Default `127.0.0.1:0`.
    pub address: SocketAddr,
    /// How long a pod stays Pending, unless its annotation `sandbox.keda-jobs/pending` says otherwise. Default 500 ms.
    pub pod_pending: Duration,
    /// How long a pod runs, unless its annotation `sandbox.keda-jobs/run` says otherwise. Default 2 s.
    pub pod_run: Duration,
    /// How long a deleted pod takes to stop, never longer than its grace period. Default 100 ms.
    pub pod_stop: Duration,
    /// The first pause before a failed pod is replaced; it doubles with each failure, up to 100 times itself. A real
    /// Job controller starts at 10 s. Default 100 ms.
    pub pod_backoff: Duration,
    /// How many items the demo queue holds at the start. Default 0.
    pub queue_items: u64,
    /// How many changes are kept for watches; older ones are answered with 410 Gone. Default 10000.
    pub watch_history: usize,
    /// How often a quiet watch gets a bookmark. A real API server sends one about every minute. Default 5 s.
    pub bookmark_interval: Duration,
    /// Most items in one page of a list that asks for pages. Default: as many as are asked for.
    pub page: usize,
    /// Serve the group `keda.sh`, as a cluster does in which KEDA's custom resources are defined. Default true.
    pub keda: bool,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            pod_pending: Duration::from_millis(500),
            pod_run: Duration::from_secs(2),
            pod_stop: Duration::from_millis(100),
            pod_backoff: Duration::from_millis(100),
            queue_items: 0,
            watch_history: 10_000,
            bookmark_interval: Duration::from_secs(5),
            page: usize::MAX,
            keda: true,
        }
    }
}

impl SandboxOptions {
    /// Whether an API group is served.
    fn serves(&self, group: &str) -> bool {
        self.keda || group != definition::KEDA
    }
}

/// What the request path and the controller share.
#[derive(Debug)]
struct Shared {
    options: SandboxOptions,
    store: Mutex<store::Store>,
    faults: faults::Faults,
    requests: faults::RequestLog,
    queue: queue::Queue,
}

impl Shared {
    /// The state. The lock is held for short, synchronous work only.
    fn store(&self) -> MutexGuard<'_, store::Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running embedded cluster.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    shared: Arc<Shared>,
    connections: connection::Connections,
    tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a cluster on the runtime of the caller; it serves when this returns.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub async fn start(options: SandboxOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.address).await?;
        let address = listener.local_addr()?;
        let connections = connection::Connections::default();
        let mut store = store::Store::new(options.watch_history);
        seed::fill(&mut store, &options);
        let shared = Arc::new(Shared {
            store: Mutex::new(store),
            faults: faults::Faults::new(),
            requests: faults::RequestLog::default(),
            queue: queue::Queue::new(options.queue_items),
            options,
        });
        let service = Router::new()
            .fallback(server::handle)
            .with_state(Arc::clone(&shared))
            .into_make_service_with_connect_info::<connection::Connection>();
        let listener = connection::CuttableListener {
            listener,
            connections: connections.clone(),
        };
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, service).await {
                tracing::debug!(%error, "the sandbox stopped serving");
            }
        });
        let controlling = tokio::spawn(controller::run(Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            connections,
            tasks: vec![serving, controlling],
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The demo queue's URL: `{"items": N, "taken": M, "added": K}`.
    pub fn queue_url(&self) -> String {
        format!("{}/sandbox/queue", self.url())
    }

    /// How many items the demo queue holds now.
    pub fn queue_length(&self) -> u64 {
        self.shared.queue.read().items
    }

    /// A kubeconfig with the one context `sandbox` and the namespace `default`.
    pub fn kubeconfig(&self) -> String {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: sandbox\n  cluster:\n    server: {}\nusers:\n- name: sandbox\n  user: {{}}\ncontexts:\n- name: sandbox\n  context:\n    cluster: sandbox\n    user: sandbox\n    namespace: default\ncurrent-context: sandbox\n",
            self.url()
        )
    }

    /// kube's client for it, without a socket between.
    pub fn client(&self, abandoned: Abandoned) -> kube::Client {
        memory::client(Arc::clone(&self.shared), abandoned)
    }

    /// Tells `observer` of every write from now on, in order and before its answer is sent. It is called within the write: it must
    /// not ask the cluster.
    pub fn observe_writes(&self, observer: impl FnMut(&Written<'_>) + Send + 'static) {
        self.shared.store().observe(Box::new(observer));
    }

    /// Puts fault rules into force, as `POST /sandbox/faults` does.
    ///
    /// # Errors
    /// When `rules` is no list of rules.
    pub fn add_faults(&self, rules: &Value) -> Result<(), serde_json::Error> {
        self.shared
            .faults
            .add(serde_json::from_value(rules.clone())?);
        Ok(())
    }

    /// Takes all fault rules away, as `DELETE /sandbox/faults` does.
    pub fn clear_faults(&self) {
        self.shared.faults.clear();
    }

    /// Forgets the history that watches go on from, as `POST /sandbox/compact` does.
    pub fn compact(&self) {
        self.shared.store().compact();
    }

    /// The wall clock of the cluster: the system's, or tokio's where that is paused.
    pub fn now() -> jiff::Timestamp {
        clock::now()
    }

    /// From now on time in this thread goes by tokio's paused clock alone, and it is `now`: what happens in a test then happens in the
    /// same way each time, whenever and however fast it runs.
    pub fn virtual_time(now: jiff::Timestamp) {
        clock::start_virtual(now);
    }

    /// Stops serving, cuts every connection and ends the controller.
    pub async fn stop(mut self) {
        self.end();
        for task in self.tasks.drain(..) {
            // Aborted above: the only news is that it is over.
            drop(task.await);
        }
    }

    fn end(&self) {
        for task in &self.tasks {
            task.abort();
        }
        self.connections.cut_all();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.end();
    }
}
