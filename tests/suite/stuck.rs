//! Jobs of which no pod runs: `list` and `run` say why.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::limits::{events, trigger, waiting};
use crate::sources::scaled_job;
use crate::support::cluster::TestCluster;
use crate::support::{Outcome, assert_contains, assert_lacks, embedded_test, eventually, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("stuck::unschedulable", unschedulable),
        test("stuck::a_quota_that_lets_no_pod_appear", quota),
        embedded_test("stuck::an_image_that_cannot_be_pulled", image_pull),
        embedded_test("stuck::slow_jobs_do_not_hide_a_stuck_one", behind_slow),
        test("stuck::a_running_job_is_not_stuck", not_stuck),
        embedded_test(
            "stuck::without_the_right_to_read_pods_the_rest_works",
            forbidden,
        ),
    ]
}

/// What `list` says of the Jobs, once it says anything.
fn reasons(cluster: &TestCluster) -> Vec<String> {
    let list = cluster
        .run(["list", "--stuck-after", "0", "--output", "json"])
        .expect(0)
        .json();
    let jobs = list["items"][0]["jobs"].as_array().cloned();
    jobs.unwrap_or_default()
        .iter()
        .filter_map(|job| job["reason"].as_str().map(str::to_owned))
        .collect()
}

fn listed(cluster: &TestCluster, count: usize, part: &str) -> String {
    eventually("the reason to be listed", || {
        let reasons = reasons(cluster);
        let telling = reasons.iter().filter(|reason| reason.contains(part));
        (telling.count() == count).then(|| reasons[0].clone())
    })
}

/// The events of a run's first cycles, until each Job was told to be stuck; no Job may be told of twice.
fn told(cluster: &TestCluster, manifest: &str, count: usize) -> Vec<Value> {
    let (stdout, stderr) = (
        cluster.folder.path().join("stuck.stdout"),
        cluster.folder.path().join("stuck.stderr"),
    );
    let running = cluster
        .keda(["run", "--stuck-after", "0", "--output", "json", manifest])
        .spawn(&stdout, &stderr);
    let of_type = |kind: &str| -> Vec<Value> {
        events(&stdout)
            .into_iter()
            .filter(|event| event["type"] == json!(kind))
            .collect()
    };
    eventually("every Job to be told of", || {
        (of_type("jobStuck").len() >= count).then_some(())
    });
    let cycles = of_type("cycleFinished").len();
    eventually("two more cycles", || {
        (of_type("cycleFinished").len() >= cycles + 2).then_some(())
    });
    running.signal("INT");
    running.wait();
    of_type("jobStuck")
}

fn unschedulable() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(2);
    let text = scaled_job("nowhere", &trigger(&page))
        .replace(
            "      spec:\n",
            "      spec:\n        nodeSelector:\n          no-such: node\n",
        )
        .replace(
            "  maxReplicaCount: 100\n",
            "  maxReplicaCount: 100\n  pollingInterval: 1\n",
        );
    let manifest = cluster.write("nowhere.yaml", &text);
    cluster.run(["run", "--once", &manifest]).expect(0);
    let reason = listed(&cluster, 2, "unschedulable: ");
    assert_contains(&reason, &["nodes are available", "node affinity/selector"]);
    // Too young to be called stuck by the clock of a user.
    let list = cluster.run(["list", "--stuck-after", "1h"]).expect(0);
    assert_lacks(&list.stdout, "unschedulable");
    assert_eq!(told(&cluster, &manifest, 2).len(), 2, "once for each");
    assert_eq!(cluster.jobs().len(), 2, "and not touched");
    let table = cluster.run(["list", "--stuck-after", "0"]).expect(0);
    assert_contains(&table.stdout, &["pending", "unschedulable"]);
    Ok(())
}

fn quota() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(2);
    cluster.create::<ResourceQuota>(json!({
        "metadata": {"name": "no-pods"},
        "spec": {"hard": {"pods": "0"}},
    }));
    let manifest = cluster.write("none.yaml", &scaled_job("none", &trigger(&page)));
    // A quota is in force once its status says so.
    eventually("the quota to be counted", || {
        cluster.run(["run", "--once", &manifest]).expect(0);
        (cluster.jobs().len() == 2).then_some(())
    });
    let reason = listed(&cluster, 2, "FailedCreate");
    assert_contains(&reason, &["no pod after ", "exceeded quota: no-pods"]);
    Ok(())
}

fn image_pull() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(1);
    let text = scaled_job("typo", &trigger(&page)).replace(
        "sandbox.keda-jobs/run: 30m",
        "sandbox.keda-jobs/pending: 30m",
    );
    let manifest = cluster.write("typo.yaml", &text);
    cluster.run(["run", "--once", &manifest]).expect(0);
    // A pod that merely takes its time is not stuck.
    let pod = eventually("the pod to wait for its container", || {
        let pods = cluster.list::<Pod>();
        let status = pods.first()?.status.clone()?;
        let container = status.container_statuses?.first()?.state.clone()?;
        container.waiting?;
        pods[0].metadata.name.clone()
    });
    assert!(reasons(&cluster).is_empty());
    cannot_pull(&cluster, &pod);
    let reason = listed(&cluster, 1, "ImagePullBackOff");
    assert_eq!(
        reason,
        "ImagePullBackOff: Back-off pulling image \"busybux:1.36\""
    );
    Ok(())
}

/// As the kubelet tells of an image that it cannot pull.
fn cannot_pull(cluster: &TestCluster, pod: &str) {
    cluster.change::<Pod>(pod, true, |pod| {
        let statuses = pod
            .status
            .as_mut()
            .and_then(|status| status.container_statuses.as_mut());
        for container in statuses.into_iter().flatten() {
            if let Some(waiting) = container
                .state
                .as_mut()
                .and_then(|state| state.waiting.as_mut())
            {
                waiting.reason = Some("ImagePullBackOff".to_owned());
                waiting.message = Some("Back-off pulling image \"busybux:1.36\"".to_owned());
            }
        }
    });
}

/// More Jobs are pending than are looked into at once, and the stuck one is the last of them.
fn behind_slow() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(25);
    let text = scaled_job("slow", &trigger(&page))
        .replace(
            "sandbox.keda-jobs/run: 30m",
            "sandbox.keda-jobs/pending: 30m",
        )
        .replace(
            "  maxReplicaCount: 100\n",
            "  maxReplicaCount: 100\n  pollingInterval: 1\n",
        );
    let manifest = cluster.write("slow.yaml", &text);
    cluster.run(["run", "--once", &manifest]).expect(0);
    let last = cluster
        .jobs()
        .iter()
        .filter_map(|job| job.metadata.name.clone())
        .max();
    let last = last.expect("a Job");
    let pod = eventually("the pod of the last Job to wait for its container", || {
        cluster.list::<Pod>().into_iter().find_map(|pod| {
            let waits = pod
                .status?
                .container_statuses?
                .first()?
                .state
                .clone()?
                .waiting;
            let name = pod.metadata.name?;
            (waits.is_some() && name.starts_with(&format!("{last}-"))).then_some(name)
        })
    });
    cannot_pull(&cluster, &pod);
    let told = told(&cluster, &manifest, 1);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["job"], json!(last));
    Ok(())
}

fn not_stuck() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(2);
    let manifest = cluster.write("fine.yaml", &scaled_job("fine", &trigger(&page)));
    cluster.run(["run", "--once", &manifest]).expect(0);
    eventually("the pods to run", || {
        let ready = |job: &Job| job.status.as_ref().and_then(|status| status.ready) == Some(1);
        cluster.jobs().iter().all(ready).then_some(())
    });
    assert!(reasons(&cluster).is_empty());
    Ok(())
}

fn forbidden() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(2);
    let text = scaled_job("dark", &trigger(&page)).replace(
        "      spec:\n",
        "      spec:\n        nodeSelector:\n          no-such: node\n",
    );
    let manifest = cluster.write("dark.yaml", &text);
    cluster.run(["run", "--once", &manifest]).expect(0);
    cluster.admin(
        "POST",
        "/sandbox/faults",
        Some(json!([{"verb": "list", "resource": "pods", "action": {"status": 403}}])),
    );
    let list = cluster.run(["list", "--stuck-after", "0"]).expect(0);
    assert_contains(&list.stdout, &["2 pending"]);
    assert_contains(
        &list.stderr,
        &["why Jobs stay pending is not known: cannot list pods in namespace"],
    );
    let run = cluster
        .run(["run", "--once", "--stuck-after", "0", &manifest])
        .expect(0);
    assert_eq!(
        run.stdout.matches("is not known").count(),
        1,
        "{}",
        run.stdout
    );
    Ok(())
}
