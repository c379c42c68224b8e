//! An event source: a page that says how many items wait, over connections that stay open.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum::Router;
use axum::routing::get;

/// Serves until the process ends.
pub(crate) struct Source {
    port: u16,
    waiting: Arc<AtomicUsize>,
    /// When each number was first answered.
    answered: Arc<Mutex<BTreeMap<usize, SystemTime>>>,
}

impl Source {
    pub(crate) fn start(waiting: usize) -> Self {
        let waiting = Arc::new(AtomicUsize::new(waiting));
        let answered: Arc<Mutex<BTreeMap<usize, SystemTime>>> = Arc::default();
        let page = {
            let (waiting, answered) = (Arc::clone(&waiting), Arc::clone(&answered));
            move || {
                let waiting = waiting.load(Ordering::SeqCst);
                let mut answered = answered.lock().expect("nobody panics with it");
                answered.entry(waiting).or_insert_with(SystemTime::now);
                std::future::ready(format!("{{\"waiting\": {waiting}}}"))
            }
        };
        Self {
            port: serve(Router::new().fallback(get(page))),
            waiting,
            answered,
        }
    }

    pub(crate) fn wait_with(&self, waiting: usize) {
        self.waiting.store(waiting, Ordering::SeqCst);
    }

    pub(crate) fn answered(&self, waiting: usize) -> Option<SystemTime> {
        let answered = self.answered.lock().expect("nobody panics with it");
        answered.get(&waiting).copied()
    }

    /// A ScaledJob that reads it, one item a Job; its Jobs run for long.
    pub(crate) fn object(&self, name: &str, interval: u32, maximum: usize) -> String {
        format!(
            "apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata:
  name: {name}
spec:
  pollingInterval: {interval}
  maxReplicaCount: {maximum}
  jobTargetRef:
    template:
      metadata:
        annotations:
          sandbox.keda-jobs/run: 30m
      spec:
        containers:
        - name: worker
          image: busybox:1.36
  triggers:
  - type: metrics-api
    metadata:
      url: http://127.0.0.1:{}/
      valueLocation: waiting
      targetValue: \"1\"
",
            self.port
        )
    }

    /// Many of them in one file.
    pub(crate) fn objects(&self, count: usize, interval: u32) -> String {
        let all: Vec<String> = (0..count)
            .map(|number| self.object(&format!("object-{number:03}"), interval, 100))
            .collect();
        all.join("---\n")
    }
}

/// Serves on a free loopback port from a runtime of its own until the process ends.
pub(crate) fn serve(router: Router) -> u16 {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        crate::support::block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
                .await
                .expect("a free port");
            let port = listener.local_addr().expect("its address").port();
            tell.send(port).expect("somebody waits for the port");
            axum::serve(listener, router).await.expect("it serves");
        });
    });
    told.recv().expect("the server starts")
}
