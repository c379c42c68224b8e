//! `cleanup` and `list`.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use k8s_openapi::api::batch::v1::Job;
use libtest_mimic::Trial;
use serde_json::json;

use crate::support::cluster::TestCluster;
use crate::support::{Outcome, assert_contains, assert_lacks, eventually, test, test_with};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(
            "cleanup::finished_is_the_default_and_leaves_the_running",
            finished,
        ),
        test("cleanup::failed_only", failed),
        test("cleanup::dry_run_deletes_nothing", dry_run),
        test("cleanup::asks_off_a_terminal_for_yes", yes),
        test("cleanup::names_keep_and_older_than", selections),
        test("cleanup::leaves_the_jobs_of_others", others),
        test("cleanup::pods_go_with_their_jobs", pods),
        test_with(
            &["script"],
            "cleanup::shows_how_far_it_is_on_a_terminal_only",
            progress,
        ),
        test(
            "cleanup::a_job_that_a_finalizer_keeps_is_deleted_once",
            kept_by_a_finalizer,
        ),
        test("list::shows_state_age_trigger_and_reason", list),
        test("list::all_namespaces", all_namespaces),
    ]
}

/// Makes a Job as keda-jobs would, with the life that the annotations say.
fn job(cluster: &TestCluster, object: &str, name: &str, life: &[(&str, &str)]) {
    let annotations: BTreeMap<&str, &str> = life.iter().copied().collect();
    cluster.create::<Job>(json!({
        "metadata": {
            "name": name,
            "labels": {"keda-jobs/name": object},
            "annotations": {"keda-jobs/trigger": "redis[0]", "keda-jobs/cycle": "c"},
        },
        "spec": {
            "backoffLimit": 0,
            "template": {
                "metadata": {"annotations": annotations},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1.36"}]},
            },
        },
    }));
}

const QUICK: &[(&str, &str)] = &[
    ("sandbox.keda-jobs/pending", "10ms"),
    ("sandbox.keda-jobs/run", "10ms"),
];
const LONG: &[(&str, &str)] = &[("sandbox.keda-jobs/run", "30m")];
const FAILS: &[(&str, &str)] = &[
    ("sandbox.keda-jobs/pending", "10ms"),
    ("sandbox.keda-jobs/run", "10ms"),
    ("sandbox.keda-jobs/fail", "always"),
];

/// One running, two succeeded and one failed Job.
fn four(cluster: &TestCluster) {
    job(cluster, "orders", "orders-long", LONG);
    job(cluster, "orders", "orders-one", QUICK);
    job(cluster, "mails", "mails-two", QUICK);
    job(cluster, "orders", "orders-fails", FAILS);
    eventually("three Jobs to end", || {
        let ended = |job: &&Job| {
            let conditions = job
                .status
                .clone()
                .unwrap_or_default()
                .conditions
                .unwrap_or_default();
            conditions
                .iter()
                .any(|condition| matches!(condition.type_.as_str(), "Complete" | "Failed"))
        };
        (cluster.jobs().iter().filter(ended).count() == 3).then_some(())
    });
}

fn left(cluster: &TestCluster) -> Vec<String> {
    let mut names: Vec<String> = cluster
        .jobs()
        .into_iter()
        .filter_map(|job| job.metadata.name)
        .collect();
    names.sort();
    names
}

fn eventually_left(cluster: &TestCluster, expected: &[&str]) {
    eventually(&format!("{expected:?} to be left"), || {
        (left(cluster) == expected).then_some(())
    });
}

fn finished() -> Outcome {
    let cluster = TestCluster::start();
    four(&cluster);
    let output = cluster.run(["cleanup", "--yes"]).expect(0);
    assert_contains(
        &output.stdout,
        &["orders-one", "mails-two", "orders-fails", "deleted 3 Jobs"],
    );
    eventually_left(&cluster, &["orders-long"]);
    let output = cluster.run(["cleanup", "--yes"]).expect(0);
    assert_contains(&output.stdout, &["nothing to delete"]);
    Ok(())
}

fn failed() -> Outcome {
    let cluster = TestCluster::start();
    four(&cluster);
    cluster.run(["cleanup", "--failed", "--yes"]).expect(0);
    eventually_left(&cluster, &["mails-two", "orders-long", "orders-one"]);
    Ok(())
}

fn dry_run() -> Outcome {
    let cluster = TestCluster::start();
    four(&cluster);
    let output = cluster.run(["cleanup", "--all", "--dry-run"]).expect(0);
    assert_contains(&output.stdout, &["would delete 4 Jobs", "orders-long"]);
    assert_eq!(left(&cluster).len(), 4);
    let json = cluster
        .run(["cleanup", "--dry-run", "--output", "json"])
        .expect(0)
        .json();
    assert_eq!(json["items"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        (&json["dryRun"], &json["items"][0]["deleted"]),
        (&json!(true), &json!(false))
    );
    Ok(())
}

fn yes() -> Outcome {
    let cluster = TestCluster::start();
    four(&cluster);
    let output = cluster.run(["cleanup"]).expect(2);
    assert_contains(&output.stderr, &["--yes", "3 Jobs"]);
    assert_eq!(left(&cluster).len(), 4);
    Ok(())
}

fn selections() -> Outcome {
    let cluster = TestCluster::start();
    four(&cluster);
    cluster
        .run(["cleanup", "--older-than", "1h", "--yes"])
        .expect(0);
    assert_eq!(left(&cluster).len(), 4, "nothing is an hour old");
    cluster.run(["cleanup", "--keep", "2", "--yes"]).expect(0);
    assert_eq!(
        left(&cluster).len(),
        4,
        "no object has more than two finished Jobs"
    );
    cluster
        .run(["cleanup", "mails", "--all", "--yes"])
        .expect(0);
    eventually_left(&cluster, &["orders-fails", "orders-long", "orders-one"]);
    cluster.run(["cleanup", "--keep", "1", "--yes"]).expect(0);
    eventually("one finished Job of orders to be left", || {
        (left(&cluster).len() == 2).then_some(())
    });
    Ok(())
}

fn others() -> Outcome {
    let cluster = TestCluster::start();
    four(&cluster);
    cluster.create::<Job>(json!({
        "metadata": {"name": "not-ours"},
        "spec": {"template": {
            "metadata": {"annotations": {"sandbox.keda-jobs/run": "30m"}},
            "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1.36"}]},
        }},
    }));
    cluster.run(["cleanup", "--all", "--yes"]).expect(0);
    eventually_left(&cluster, &["not-ours"]);
    Ok(())
}

fn pods() -> Outcome {
    let cluster = TestCluster::start();
    job(&cluster, "orders", "orders-long", LONG);
    let pods = || {
        crate::support::block_on(async {
            let api: kube::Api<k8s_openapi::api::core::v1::Pod> =
                kube::Api::namespaced(cluster.client_async().await, &cluster.namespace);
            api.list(&kube::api::ListParams::default())
                .await
                .expect("pods can be listed")
                .items
                .len()
        })
    };
    eventually("the pod to be there", || (pods() == 1).then_some(()));
    cluster.run(["cleanup", "--all", "--yes"]).expect(0);
    eventually("the pod to be gone", || (pods() == 0).then_some(()));
    Ok(())
}

/// The bar is on stderr: what is asked for is what stdout would be.
fn progress() -> Outcome {
    let cluster = TestCluster::start();
    let on_terminal = |flags: &str| {
        job(&cluster, "orders", "orders-long", LONG);
        let command = format!(
            "{} cleanup --all --yes {flags} --kubeconfig {} --namespace {}",
            env!("CARGO_BIN_EXE_keda-jobs"),
            cluster.kubeconfig.display(),
            cluster.namespace
        );
        let output = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .env("TERM", "xterm")
            .stdin(Stdio::null())
            .output()
            .expect("script runs");
        assert!(output.status.success(), "{output:?}");
        eventually_left(&cluster, &[]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let shown = on_terminal("");
    assert_contains(&shown, &["of 1 Jobs deleted", "deleted 1 Job in"]);
    let quiet = on_terminal("--quiet");
    assert_contains(&quiet, &["deleted 1 Job in"]);
    assert_lacks(&quiet, "Jobs deleted");
    job(&cluster, "orders", "orders-long", LONG);
    let output = cluster.run(["cleanup", "--all", "--yes"]).expect(0);
    assert_eq!(output.stderr, "");
    Ok(())
}

fn list() -> Outcome {
    let cluster = TestCluster::start();
    four(&cluster);
    let output = cluster.run(["list"]).expect(0);
    assert_contains(
        &output.stdout,
        &[
            "orders",
            "mails",
            "orders-long",
            "succeeded",
            "failed",
            "BackoffLimitExceeded",
            "redis[0]",
            "AGE",
        ],
    );
    let output = cluster.run(["list", "mails"]).expect(0);
    assert_lacks(&output.stdout, "orders");
    let output = cluster.run(["list", "absent"]).expect(0);
    assert_contains(&output.stderr, &["absent"]);
    let json = cluster.run(["list", "--output", "json"]).expect(0).json();
    assert_eq!(json["kind"], json!("ScaledJobList"));
    assert_eq!(json["items"].as_array().map(Vec::len), Some(2));
    Ok(())
}

fn all_namespaces() -> Outcome {
    let cluster = TestCluster::start().with_all_rights();
    job(&cluster, "orders", "orders-long", LONG);
    let output = crate::support::binary::Keda::new(["list", "-A", "--kubeconfig"])
        .arg(&cluster.kubeconfig)
        .run()
        .expect(0);
    assert_contains(&output.stdout, &[&format!("{}/orders", cluster.namespace)]);
    Ok(())
}

fn kept_by_a_finalizer() -> Outcome {
    const HELD: &str = "keda-jobs.example.org/held";
    let cluster = TestCluster::start();
    four(&cluster);
    cluster.change::<Job>("orders-one", false, |job| {
        job.metadata.finalizers = Some(vec![HELD.to_owned()]);
    });
    let cleanup = |expected: &str| {
        let output = cluster.run(["cleanup", "--yes"]).expect(0);
        assert_contains(&output.stdout, &[expected]);
    };
    cleanup("deleted 3 Jobs");
    eventually("the others to be gone", || {
        (cluster.jobs().len() == 2).then_some(())
    });
    // It is being deleted already, and may be for long.
    cleanup("nothing to delete");
    // The history of a run is no different.
    let manifest = cluster.write(
        "orders.yaml",
        &crate::sources::scaled_job("orders", "- type: cron\n  metadata:\n    timezone: Etc/UTC\n    start: 0 0 1 1 *\n    end: 0 0 2 1 *\n    desiredReplicas: \"1\"")
            .replace("  maxReplicaCount: 100\n", "  maxReplicaCount: 100\n  successfulJobsHistoryLimit: 0\n"),
    );
    let run = cluster.run(["run", "--once", &manifest]);
    assert_contains(&run.stdout, &[" 0 deleted"]);
    cluster.change::<Job>("orders-one", false, |job| {
        job.metadata.finalizers = None;
    });
    Ok(())
}
