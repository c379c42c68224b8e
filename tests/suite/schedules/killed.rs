//! Real processes that are killed as a machine that fails kills them: SIGKILL at random moments, over a socket, and started again.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use kube::api::{ListParams, PostParams};
use serde_json::{Value, json};

use super::number;
use crate::sources::scaled_job;
use crate::support::binary::{Keda, Running};
use crate::support::cluster::TestCluster;
use crate::support::servers::Page;
use crate::support::{Outcome, block_on, eventually};

const SCHEDULES: u64 = 24;
/// Most of a schedule is waiting until the lease of the killed run may be taken.
const AT_ONCE: usize = 8;

/// How often the last run is started again while it does not get through.
const AGAIN: usize = 20;

/// When a run is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// So many milliseconds after its start, whatever it does then.
    Start(u64),
    /// When it has said of so many Jobs that they are made: others are under way.
    Creates(usize),
    /// So many milliseconds after the end of a cycle.
    Cycle(u64),
}

/// What follows from a seed.
#[derive(Debug)]
struct Schedule {
    /// Items that wait, and that come after each kill. No Job ends: there is to be one for each.
    items: usize,
    more: Vec<usize>,
    kills: Vec<Moment>,
    concurrency: usize,
    creates: Value,
}

impl Schedule {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let kills: Vec<Moment> = (0..rng.usize(1..=2))
            .map(|_| match rng.u32(..6) {
                0 => Moment::Start(rng.u64(..400)),
                1 => Moment::Cycle(rng.u64(..1500)),
                _ => Moment::Creates(rng.usize(1..10)),
            })
            .collect();
        let late = rng.u64(10..60);
        Self {
            items: rng.usize(5..25),
            more: kills.iter().map(|_| rng.usize(..6)).collect(),
            kills,
            concurrency: rng.usize(1..=4),
            // Killed before the write, or between the write and its answer.
            creates: match rng.u32(..3) {
                0 => json!({"delay": late}),
                1 => json!({"delayAfter": late}),
                _ => json!({"delay": late / 2, "delayAfter": late / 2}),
            },
        }
    }
}

pub(super) fn no_job_twice() -> Outcome {
    let cluster = TestCluster::start();
    let first = number("KEDA_JOBS_FAULT_FIRST_SEED").unwrap_or(1);
    let next = AtomicU64::new(first);
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + SCHEDULES {
                        return;
                    }
                    if let Err(why) = play(&cluster, seed) {
                        failures.lock().expect("no thread panics with it").push(why);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no thread panics with it");
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n").into())
    }
}

/// One schedule in a namespace of its own.
fn play(cluster: &TestCluster, seed: u64) -> Result<(), String> {
    let schedule = Schedule::new(seed);
    let namespace = format!("killed-{seed}");
    make_namespace(cluster, &namespace);
    cluster.admin(
        "POST",
        "/sandbox/faults",
        Some(json!([{
            "verb": "create",
            "path": format!("/namespaces/{namespace}/jobs"),
            "action": schedule.creates,
        }])),
    );
    let waiting = Arc::new(Mutex::new(schedule.items));
    let answers = Arc::clone(&waiting);
    let page = Page::changing(200, "application/json", move || {
        let items = *answers.lock().expect("no thread panics with it");
        format!("{{\"waiting\": {items}}}")
    });
    let trigger = format!(
        "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"",
        page.url("/")
    );
    let text = scaled_job("orders", &trigger).replace(
        "maxReplicaCount: 100",
        "maxReplicaCount: 100\n  pollingInterval: 1",
    );
    let manifest = cluster.write(&format!("{namespace}.yaml"), &text);
    let keda = || {
        Keda::new(["run", &manifest, "--verbose", "--namespace", &namespace])
            .args(["--lease-duration=3s", "--lease-wait", "--concurrency"])
            .arg(schedule.concurrency.to_string())
            .arg("--kubeconfig")
            .arg(&cluster.kubeconfig)
    };
    let mut said = String::new();
    for (start, (moment, more)) in schedule.kills.iter().zip(&schedule.more).enumerate() {
        let file = |kind: &str| {
            let name = format!("{namespace}-{start}.{kind}");
            cluster.folder.path().join(name)
        };
        let stdout = file("stdout");
        let mut run = keda().spawn(&stdout, &file("stderr"));
        wait_for(*moment, &mut run, &stdout);
        // SIGKILL.
        drop(run);
        said += &read(&stdout);
        *waiting.lock().expect("no thread panics with it") += more;
    }
    // On a busy machine a run may miss to renew a heartbeat; it then holds, and is started again.
    let mut last = keda().arg("--once").run();
    for _ in 0..AGAIN {
        if last.code == 0 {
            break;
        }
        said += &last.stdout;
        last = keda().arg("--once").run();
    }
    let items = *waiting.lock().expect("no thread panics with it");
    let jobs = jobs(cluster, &namespace);
    if last.code == 0 && jobs == items {
        return Ok(());
    }
    Err(format!(
        "seed {seed}: {jobs} Jobs for {items} items, and the last run ended with {}: {schedule:?}\n{said}{}{}",
        last.code, last.stdout, last.stderr
    ))
}

/// Waits until the run is to be killed, or has ended by itself.
fn wait_for(moment: Moment, run: &mut Running, stdout: &Path) {
    let after = |milliseconds| std::thread::sleep(Duration::from_millis(milliseconds));
    let mut until = |what: &str, come: &dyn Fn(&str) -> bool| {
        eventually(what, || {
            (come(&read(stdout)) || run.ended().is_some()).then_some(())
        });
    };
    match moment {
        Moment::Start(milliseconds) => after(milliseconds),
        Moment::Creates(count) => until("Jobs to be made, or a cycle to end", &|text| {
            text.matches("created orders-").count() >= count || ended(text)
        }),
        Moment::Cycle(milliseconds) => {
            until("a cycle to end", &ended);
            after(milliseconds);
        }
    }
}

/// Whether a cycle has ended.
fn ended(text: &str) -> bool {
    text.contains(" finished in ")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn make_namespace(cluster: &TestCluster, name: &str) {
    let namespace: Namespace =
        serde_json::from_value(json!({"metadata": {"name": name}})).expect("a namespace");
    block_on(async {
        let api = Api::<Namespace>::all(cluster.client_async().await);
        api.create(&PostParams::default(), &namespace)
            .await
            .expect("a namespace can be made");
    });
}

fn jobs(cluster: &TestCluster, namespace: &str) -> usize {
    block_on(async {
        let api: Api<Job> = Api::namespaced(cluster.client_async().await, namespace);
        let jobs = api.list(&ListParams::default()).await;
        jobs.expect("Jobs can be listed").items.len()
    })
}
