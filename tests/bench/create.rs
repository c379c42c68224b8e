//! How fast Jobs are made.

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use futures::StreamExt;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{ListParams, PostParams};
use serde_json::{Value, json};

use crate::Bench;
use crate::figures::{command, line, median, note, times};
use crate::source::Source;
use crate::support::cluster::TestCluster;
use crate::support::eventually;

/// Creates under way at once that the raw creator is tried with.
const CONCURRENCIES: [usize; 3] = [16, 32, 64];

/// Longest wait for the cluster to do its part.
const PATIENCE: Duration = Duration::from_mins(5);

/// 1,000 Jobs, alternating with a creator that does nothing else: the same Jobs, since what the labels and annotations cost is the
/// server's time, and for comparison Jobs without any.
pub(crate) fn thousand(bench: Bench) {
    let count = bench.size(1000, 20);
    let rounds = bench.size(5, 1);
    let source = Source::start(count);
    // Their namespaces go when all is measured.
    let mut used = Vec::new();
    let tried: Vec<(usize, Duration)> = CONCURRENCIES
        .iter()
        .map(|concurrency| {
            (
                *concurrency,
                raw(count, *concurrency, &labelled(), &mut used),
            )
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
    let (mut raws, mut bare) = (Vec::new(), Vec::new());
    let (mut ours, mut wholes) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        bare.push(raw(count, concurrency, &json!({}), &mut used));
        raws.push(raw(count, concurrency, &labelled(), &mut used));
        let (creates, whole) = once(&source, count, &mut used);
        ours.push(creates);
        wholes.push(whole);
    }
    times(&format!("raw creator, {concurrency} at once"), &raws, None);
    times("raw creator, Jobs without labels", &bare, None);
    times("keda-jobs, from the plan to the last Job", &ours, None);
    times("keda-jobs, the whole process", &wholes, None);
    let ratio = |raws: &[Duration]| median(&ours).as_secs_f64() / median(raws).as_secs_f64();
    line(
        "keda-jobs / raw",
        &format!("{:.2}", ratio(&raws)),
        Some(("<= 1.15", ratio(&raws) <= 1.15)),
    );
    line(
        "keda-jobs / raw without labels",
        &format!("{:.2}", ratio(&bare)),
        None,
    );
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
fn raw(count: usize, concurrency: usize, change: &Value, used: &mut Vec<TestCluster>) -> Duration {
    let cluster = TestCluster::start();
    let time = runtime().block_on(async {
        let api: Api<Job> = Api::namespaced(cluster.client_async().await, &cluster.namespace);
        let none = ListParams::default().limit(1);
        api.list(&none).await.expect("jobs can be listed");
        let parameters = PostParams::default();
        let start = Instant::now();
        futures::stream::iter(0..count)
            .for_each_concurrent(concurrency, |number| {
                let job = job(&format!("raw-{number}"), change);
                let (api, parameters) = (&api, &parameters);
                async move {
                    api.create(parameters, &job).await.expect("a Job");
                }
            })
            .await;
        start.elapsed()
    });
    settle(&cluster, count);
    used.push(cluster);
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
fn once(source: &Source, count: usize, used: &mut Vec<TestCluster>) -> (Duration, Duration) {
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
    settle(&cluster, count);
    used.push(cluster);
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

/// Waits until the cluster has nothing left to do for these Jobs, so that the next figures are not those of the last ones' pods.
fn settle(cluster: &TestCluster, count: usize) {
    let start = Instant::now();
    loop {
        let pods = cluster.list::<Pod>();
        let running = pods.iter().filter(|pod| {
            let phase = pod
                .status
                .as_ref()
                .and_then(|status| status.phase.as_deref());
            phase == Some("Running")
        });
        if running.count() >= count {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "the pods do not run");
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
