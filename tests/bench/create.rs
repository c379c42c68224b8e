//! How fast Jobs are made.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use futures::StreamExt;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};
use serde_json::{Value, json};

use crate::Bench;
use crate::figures::{Ratio, command, line, median, note, times};
use crate::source::Source;
use crate::support::cluster::{TestCluster, given_kubeconfig};
use crate::support::eventually;

/// Creates under way at once that the raw creator is tried with.
const CONCURRENCIES: [usize; 3] = [16, 32, 64];

/// Longest wait for the cluster to do its part.
const PATIENCE: Duration = Duration::from_mins(5);

/// The cluster's rest after a namespace has gone: its controllers write for a moment longer.
const REST: Duration = Duration::from_secs(2);

/// 1,000 Jobs, against a creator that does nothing else: the same Jobs, since what the labels and annotations cost is the server's
/// time.
///
/// Both share their processors with the server, whose own work (pods, garbage collection of its memory) falls into one round and not
/// into the next: the same command takes 0.65 to 1.3 s on two cores. So there are many rounds, who goes first alternates, every
/// round finds a cluster that is empty and at rest, and the range that the ratio may lie in stands beside it.
pub(crate) fn thousand(bench: Bench) {
    let count = bench.size(1000, 20);
    let rounds = bench.size(15, 1);
    let source = Source::start(count);
    let tried: Vec<(usize, Duration)> = CONCURRENCIES
        .iter()
        .map(|concurrency| {
            let times: Vec<Duration> = (0..bench.size(3, 1))
                .map(|_| raw(bench, count, *concurrency))
                .collect();
            (*concurrency, median(&times))
        })
        .collect();
    let best = tried.iter().min_by_key(|(_, time)| *time);
    let (concurrency, _) = *best.expect("some were tried");
    let texts: Vec<String> = tried
        .iter()
        .map(|(concurrency, time)| format!("{concurrency} at once {:.2} s", time.as_secs_f64()))
        .collect();
    note(&format!("the raw creator: {}", texts.join(", ")));
    command("keda-jobs run --once --output json --kubeconfig K --namespace N orders.yaml");
    let (mut raws, mut ours, mut wholes) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let raw_first = round % 2 == 0;
        if raw_first {
            raws.push(raw(bench, count, concurrency));
        }
        let (creates, whole) = once(bench, &source, count);
        ours.push(creates);
        wholes.push(whole);
        if !raw_first {
            raws.push(raw(bench, count, concurrency));
        }
    }
    times(&format!("raw creator, {concurrency} at once"), &raws, None);
    times("keda-jobs, from the plan to the last Job", &ours, None);
    times("keda-jobs, the whole process", &wholes, None);
    let ratio = Ratio::of(&ours, &raws);
    line(
        "keda-jobs / raw",
        &format!("{:.2}", ratio.middle),
        Some(("<= 1.15", ratio.middle <= 1.15)),
    );
    note(&format!(
        "of the medians; between {:.2} and {:.2} with 95 % confidence",
        ratio.low, ratio.high
    ));
}

/// What keda-jobs writes into a Job besides the user's jobTargetRef.
fn labelled() -> Value {
    json!({
        "metadata": {
            "labels": {
                "app.kubernetes.io/managed-by": "keda-jobs",
                "app.kubernetes.io/name": "orders",
                "app.kubernetes.io/part-of": "orders",
                "app.kubernetes.io/version": "0.1.0",
                "keda-jobs/name": "orders",
            },
            "annotations": {
                "keda-jobs/cycle": "bcdfghjk",
                "keda-jobs/spec-hash": "0123456789ab",
                "keda-jobs/trigger": "metrics-api[0]",
            },
        },
        "spec": {"template": {"metadata": {"labels": {"keda-jobs/name": "orders"}}}},
    })
}

/// The time of a creator that does nothing else, connected already.
fn raw(bench: Bench, count: usize, concurrency: usize) -> Duration {
    let cluster = TestCluster::start();
    let time = runtime().block_on(async {
        let api: Api<Job> = Api::namespaced(cluster.client_async().await, &cluster.namespace);
        let none = ListParams::default().limit(1);
        api.list(&none).await.expect("jobs can be listed");
        let (parameters, change) = (PostParams::default(), labelled());
        let start = Instant::now();
        futures::stream::iter(0..count)
            .for_each_concurrent(concurrency, |number| {
                let job = job(&format!("raw-{number}"), &change);
                let (api, parameters) = (&api, &parameters);
                async move {
                    api.create(parameters, &job).await.expect("a Job");
                }
            })
            .await;
        start.elapsed()
    });
    leave(bench, &cluster, count);
    time
}

/// A Job of the benchmarks' ScaledJob, with `change` merged into it.
pub(crate) fn job(name: &str, change: &Value) -> Job {
    let mut job = json!({
        "metadata": {"name": name, "labels": {}, "annotations": {}},
        "spec": {"template": {
            "metadata": {"annotations": {"sandbox.keda-jobs/run": "30m"}},
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "worker", "image": "busybox:1.36"}],
            },
        }},
    });
    json_patch::merge(&mut job, change);
    serde_json::from_value(job).expect("a Job")
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime can be built")
}

/// `run --once`: from the plan to the last Job by the times of its events, and the whole process.
fn once(bench: Bench, source: &Source, count: usize) -> (Duration, Duration) {
    let cluster = TestCluster::start();
    let manifest = cluster.write("orders.yaml", &source.object("orders", 5, count));
    let start = Instant::now();
    let output = cluster
        .run(["run", "--once", "--output", "json", &manifest])
        .expect(0);
    let whole = start.elapsed();
    let events = output.json_lines();
    let created = times_of(&events, "created");
    assert_eq!(created.len(), count, "Jobs");
    let planned = times_of(&events, "planned")[0];
    leave(bench, &cluster, count);
    (since(planned, *created.last().expect("Jobs")), whole)
}

/// The times of the events of a type.
pub(crate) fn times_of(events: &[Value], kind: &str) -> Vec<Timestamp> {
    let of_kind = events.iter().filter(|event| event["type"] == json!(kind));
    of_kind
        .filter_map(|event| event["time"].as_str()?.parse().ok())
        .collect()
}

pub(crate) fn since(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// Waits until the pods of these Jobs run, deletes all of it, and waits until the cluster is empty and at rest, so that the next
/// figures are not those of the last ones' pods.
fn leave(bench: Bench, cluster: &TestCluster, count: usize) {
    let patience = Instant::now() + PATIENCE;
    wait("the pods to run", patience, || {
        let pods = cluster.list::<Pod>();
        let running = pods.iter().filter(|pod| {
            let phase = pod
                .status
                .as_ref()
                .and_then(|status| status.phase.as_deref());
            phase == Some("Running")
        });
        running.count() >= count
    });
    // An embedded one ends with its server.
    if given_kubeconfig().is_some() {
        let namespace = cluster.namespace.clone();
        let runtime = runtime();
        let api = runtime.block_on(async { Api::<Namespace>::all(cluster.client_async().await) });
        let delete = async { api.delete(&namespace, &DeleteParams::background()).await };
        runtime
            .block_on(delete)
            .expect("the namespace can be deleted");
        wait("the namespace to go", patience, || {
            let left = runtime.block_on(api.get_opt(&namespace));
            left.expect("namespaces can be read").is_none()
        });
        std::thread::sleep(bench.size(REST, Duration::ZERO));
    }
}

fn wait(what: &str, until: Instant, mut done: impl FnMut() -> bool) {
    while !done() {
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// A `run` in the background whose events are read.
pub(crate) struct Loop {
    pub(crate) running: crate::support::binary::Running,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Loop {
    pub(crate) fn start(
        keda: crate::support::binary::Keda,
        cluster: &TestCluster,
        name: &str,
    ) -> Self {
        let folder = cluster.folder.path();
        let (stdout, stderr) = (
            folder.join(format!("{name}.stdout")),
            folder.join(format!("{name}.stderr")),
        );
        Self {
            running: keda.spawn(&stdout, &stderr),
            stdout,
            stderr,
        }
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.text()
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    /// How many events of a type there were, counted without parsing them.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.text().matches(&format!("\"type\":\"{kind}\"")).count()
    }

    pub(crate) fn until(&mut self, kind: &str, count: usize) {
        let stderr = self.stderr.clone();
        eventually(&format!("{count} events {kind}"), || {
            if let Some(code) = self.running.ended() {
                let said = std::fs::read_to_string(&stderr).unwrap_or_default();
                panic!("it ended with {code}: {said}");
            }
            (self.count(kind) >= count).then_some(())
        });
    }

    pub(crate) fn end(self) {
        self.running.signal("TERM");
        assert_eq!(self.running.wait(), 143);
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.stdout).unwrap_or_default()
    }
}

/// 50 Jobs in a running loop, several times.
pub(crate) fn fifty(bench: Bench) {
    let count = bench.size(50, 5);
    let rounds = bench.size(7, 1);
    let source = Source::start(0);
    let cluster = TestCluster::start();
    let manifest = cluster.write("orders.yaml", &source.object("orders", 1, count * rounds));
    command("keda-jobs run --output json --kubeconfig K --namespace N orders.yaml");
    let keda = cluster.keda(["run", "--output", "json", &manifest]);
    let mut run = Loop::start(keda, &cluster, "run");
    run.until("cycleFinished", 1);
    let mut all = Vec::new();
    for round in 1..=rounds {
        // Those that are made go on running.
        source.wait_with(count * round);
        run.until("created", count * round);
        let answered: SystemTime = source.answered(count * round).expect("it was asked");
        let answered = Timestamp::try_from(answered).expect("a time");
        let created = times_of(&run.events(), "created");
        all.push(since(answered, created[count * round - 1]));
    }
    run.end();
    times(&format!("from the answer to Job {count}"), &all, None);
}
