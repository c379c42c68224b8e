//! The loop and its end.

use std::path::Path;

use serde_json::{Value, json};

use super::{metrics_trigger, waiting};
use crate::sources::scaled_job;
use crate::support::binary::Keda;
use crate::support::cluster::TestCluster;
use crate::support::{Outcome, assert_contains, eventually};

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn ended_by(signal: &str) -> (i32, String) {
    let cluster = TestCluster::start();
    let page = waiting(2);
    let manifest = cluster.write("loop.yaml", &scaled_job("loop", &metrics_trigger(&page)));
    let (stdout, stderr) = (
        cluster.folder.path().join("stdout"),
        cluster.folder.path().join("stderr"),
    );
    let running = cluster.keda(["run", &manifest]).spawn(&stdout, &stderr);
    eventually("two Jobs to be created", || {
        (read(&stdout).matches("created loop-").count() == 2).then_some(())
    });
    running.signal(signal);
    let code = running.wait();
    assert_eq!(cluster.jobs().len(), 2, "ending deletes nothing");
    (code, read(&stdout))
}

pub(super) fn sigint() -> Outcome {
    let (code, stdout) = ended_by("INT");
    assert_eq!(code, 130, "{stdout}");
    assert_contains(&stdout, &["run ended (interrupted)", "2 created"]);
    Ok(())
}

pub(super) fn sigterm() -> Outcome {
    let (code, stdout) = ended_by("TERM");
    assert_eq!(code, 143, "{stdout}");
    assert_contains(&stdout, &["run ended (terminated)"]);
    Ok(())
}

pub(super) fn drain() -> Outcome {
    let folder = tempfile::tempdir()?;
    let text = read(Path::new("examples/demo-queue.yaml"))
        .replace("pollingInterval: 5", "pollingInterval: 1")
        .replace("sandbox.keda-jobs/run: 2s", "sandbox.keda-jobs/run: 300ms");
    let manifest = folder.path().join("demo.yaml");
    std::fs::write(&manifest, text)?;
    let (stdout, stderr) = (folder.path().join("stdout"), folder.path().join("stderr"));
    let running = Keda::new([
        "run",
        "--sandbox",
        "--sandbox-items",
        "25",
        "--output",
        "json",
        "-v",
    ])
    .arg(&manifest)
    .spawn(&stdout, &stderr);
    let events = || -> Vec<Value> {
        read(&stdout)
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    };
    let count = |events: &[Value], kind: &str| {
        events
            .iter()
            .filter(|event| event["type"] == json!(kind))
            .count()
    };
    eventually(
        "the queue to be read as empty and every Job to be told as finished",
        || {
            let events = events();
            let empty = events
                .iter()
                .rev()
                .find(|event| event["type"] == json!("planned"))
                .is_some_and(|planned| {
                    planned["plan"]["triggers"][0]["metrics"][0]["queueLength"] == json!(0.0)
                        && planned["plan"]["jobs"]["running"] == json!(0)
                });
            empty.then_some(())
        },
    );
    running.signal("INT");
    assert_eq!(running.wait(), 130, "{}", read(&stderr));
    let events = events();
    let created = count(&events, "created");
    let finished = events
        .iter()
        .filter(|event| event["type"] == json!("jobFinished") && event["succeeded"] == json!(true))
        .count();
    // An item leaves the queue when its pod has succeeded, so every item has a Job. A Job that ends between the count of Jobs and
    // the count of items only makes the plan smaller.
    assert_eq!(created, 25, "{events:#?}");
    assert_eq!(finished, 25);
    let summary = events.last().expect("a summary");
    assert_eq!(summary["totals"]["created"], json!(25));
    assert_eq!(summary["totals"]["succeeded"], json!(25));
    let most = events
        .iter()
        .filter_map(|event| event["plan"]["jobs"]["running"].as_i64())
        .max();
    assert!(most.is_some_and(|most| most <= 10), "{most:?}");
    Ok(())
}

pub(super) fn slow_object() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(1);
    // A listener that accepts and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let silent_trigger = format!(
        "- type: metrics-api\n  metadata:\n    url: http://{}/\n    valueLocation: waiting\n    targetValue: \"1\"\n    timeout: 600s",
        silent.local_addr()?
    );
    let text = format!(
        "{}---\n{}",
        scaled_job("slow", &silent_trigger),
        scaled_job("quick", &metrics_trigger(&page))
    )
    .replace(
        "maxReplicaCount: 100",
        "maxReplicaCount: 3\n  pollingInterval: 1",
    );
    let manifest = cluster.write("two.yaml", &text);
    let (stdout, stderr) = (
        cluster.folder.path().join("stdout"),
        cluster.folder.path().join("stderr"),
    );
    let running = cluster
        .keda(["run", &manifest, "-v", "--source-timeout", "500s"])
        .spawn(&stdout, &stderr);
    eventually("three cycles of the quick object", || {
        let cycles = read(&stdout)
            .lines()
            .filter(|line| line.contains("/quick") && line.contains("finished in"))
            .count();
        (cycles >= 3).then_some(())
    });
    assert!(
        !read(&stdout)
            .lines()
            .any(|line| line.contains("/slow") && line.contains("finished in"))
    );
    // Nothing is written while a source is asked: one signal is enough.
    running.signal("INT");
    assert_eq!(running.wait(), 130);
    assert_contains(&read(&stdout), &["run ended (interrupted): 2 objects"]);
    Ok(())
}
