//! Limits beside `maxReplicaCount`, the failure brake, stuck Jobs.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Pod, ResourceQuota};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sources::scaled_job;
use crate::support::binary::Keda;
use crate::support::cluster::TestCluster;
use crate::support::servers::Page;
use crate::support::{Outcome, assert_contains, assert_lacks, embedded_test, eventually, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("limits::max_pending_holds_back_and_exits_5", max_pending),
        test("limits::max_total_is_shared_between_objects", max_total),
        test(
            "limits::max_total_goes_round_in_the_loop",
            total_in_the_loop,
        ),
        embedded_test(
            "limits::an_object_that_cannot_be_listed_keeps_its_place",
            total_unknown,
        ),
        test("limits::plan_takes_the_same_limits", plan_limits),
        test("brake::ten_failures_in_a_row_put_it_on", brake),
        test("brake::a_success_and_a_new_template_take_it_off", brake_off),
        test("brake::a_running_loop_makes_one_and_waits", brake_loop),
        test("stuck::unschedulable", unschedulable),
        test("stuck::a_quota_that_lets_no_pod_appear", quota),
        embedded_test("stuck::an_image_that_cannot_be_pulled", image_pull),
        test("stuck::a_running_job_is_not_stuck", not_stuck),
        embedded_test(
            "stuck::without_the_right_to_read_pods_the_rest_works",
            forbidden,
        ),
    ]
}

fn trigger(page: &Page) -> String {
    format!(
        "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"",
        page.url("/")
    )
}

fn waiting(count: usize) -> Page {
    Page::serve(200, "application/json", format!("{{\"waiting\": {count}}}"))
}

/// Jobs of an object.
fn made(cluster: &TestCluster, object: &str) -> usize {
    cluster
        .jobs()
        .iter()
        .filter(|job| {
            let labels = job.metadata.labels.iter().flatten();
            labels
                .into_iter()
                .any(|(key, value)| key == "keda-jobs/name" && value == object)
        })
        .count()
}

fn max_pending() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(9);
    let text = scaled_job("slow", &trigger(&page)).replace(
        "sandbox.keda-jobs/run: 30m",
        "sandbox.keda-jobs/pending: 30m",
    );
    let manifest = cluster.write("slow.yaml", &text);
    let run = cluster
        .run(["run", "--once", "--max-pending", "4", &manifest])
        .expect(5);
    assert_contains(&run.stdout, &["HELD at 4 of 9 wanted", "--max-pending 4"]);
    // None of them has a running pod: there is no room for more.
    let run = cluster
        .run([
            "run",
            "--once",
            "--max-pending",
            "4",
            "--output",
            "json",
            &manifest,
        ])
        .expect(5);
    let events = run.json_lines();
    let held = events
        .iter()
        .find(|event| event["type"] == json!("held"))
        .expect("a held event");
    assert_eq!(held["term"], json!("max-pending"));
    assert_eq!(held["create"], json!(0));
    assert_eq!(cluster.jobs().len(), 4);
    Ok(())
}

/// Two objects that want nine Jobs each.
fn two(cluster: &TestCluster, page: &Page, extra: &str) -> String {
    let text = |name: &str| {
        scaled_job(name, &trigger(page)).replace(
            "  maxReplicaCount: 100\n",
            &format!("  maxReplicaCount: 100\n{extra}"),
        )
    };
    cluster.write(
        "two.yaml",
        &format!("{}---\n{}", text("left"), text("right")),
    )
}

fn max_total() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(9);
    let manifest = two(&cluster, &page, "");
    let run = cluster
        .run(["run", "--once", "--max-total", "7", &manifest])
        .expect(5);
    assert_contains(&run.stdout, &["--max-total 7"]);
    let (left, right) = (made(&cluster, "left"), made(&cluster, "right"));
    assert_eq!((left + right, left.abs_diff(right)), (7, 1));
    // Full: the next run makes none.
    cluster
        .run(["run", "--once", "--max-total", "7", &manifest])
        .expect(5);
    assert_eq!(cluster.jobs().len(), 7);
    // With room for all nothing is held.
    cluster
        .run(["run", "--once", "--max-total", "18", &manifest])
        .expect(0);
    assert_eq!(cluster.jobs().len(), 18);
    Ok(())
}

fn read(path: &std::path::Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn events(path: &std::path::Path) -> Vec<Value> {
    read(path)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn total_in_the_loop() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(9);
    let text = read(std::path::Path::new(&two(
        &cluster,
        &page,
        "  pollingInterval: 1\n",
    )))
    .replace("sandbox.keda-jobs/run: 30m", "sandbox.keda-jobs/run: 100ms");
    let manifest = cluster.write("two.yaml", &text);
    let (stdout, stderr) = (
        cluster.folder.path().join("stdout"),
        cluster.folder.path().join("stderr"),
    );
    let running = cluster
        .keda(["run", "--max-total", "1", "--output", "json", &manifest])
        .spawn(&stdout, &stderr);
    // One slot, and both want it always: each gets it again and again.
    let created = |object: &str| {
        events(&stdout)
            .iter()
            .filter(|event| {
                event["type"] == json!("created") && event["object"]["name"] == json!(object)
            })
            .count()
    };
    eventually("both to have had two Jobs", || {
        (created("left") >= 2 && created("right") >= 2).then_some(())
    });
    running.signal("INT");
    running.wait();
    // Never two at a time: each plan was made with at most one unfinished Job of its own.
    for event in events(&stdout) {
        if event["type"] == json!("planned") {
            let (unfinished, create) = (
                event["plan"]["jobs"]["running"].as_i64().unwrap_or(2),
                event["plan"]["decision"]["create"].as_i64().unwrap_or(2),
            );
            assert!(unfinished + create <= 1, "{event:#}");
        }
    }
    Ok(())
}

fn total_unknown() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(9);
    let text = read(std::path::Path::new(&two(&cluster, &page, "")))
        .replace("  name: left\n", "  name: left\n  namespace: default\n")
        .replace(
            "  name: right\n",
            &format!("  name: right\n  namespace: {}\n", cluster.namespace),
        )
        .replacen("maxReplicaCount: 100", "maxReplicaCount: 5", 1);
    let manifest = cluster.write("two.yaml", &text);
    // The Jobs of one namespace cannot be listed.
    cluster.admin(
        "POST",
        "/sandbox/faults",
        Some(json!([{"verb": "list", "resource": "jobs", "path": "/namespaces/default/", "action": {"status": 403}}])),
    );
    let run = Keda::new(["run", "--once", "--max-total", "8", &manifest])
        .arg("--kubeconfig")
        .arg(&cluster.kubeconfig)
        .run()
        .expect(1);
    // The five that `left` may have are set aside.
    assert_contains(
        &run.stdout,
        &["5 of other objects, --max-total 8", " 3 created,"],
    );
    assert_eq!(made(&cluster, "right"), 3);
    Ok(())
}

fn plan_limits() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(9);
    let manifest = two(&cluster, &page, "");
    let create = |flags: &[&str]| -> Vec<i64> {
        let mut arguments = vec!["plan", &manifest, "--output", "json"];
        arguments.extend(flags);
        let plan = cluster.run(arguments).expect(0).json();
        let items = plan["items"].as_array().expect("items").clone();
        items
            .iter()
            .map(|item| item["decision"]["create"].as_i64().unwrap_or(-1))
            .collect()
    };
    assert_eq!(create(&[]), [9, 9]);
    assert_eq!(create(&["--max-create", "2"]), [2, 2]);
    assert_eq!(create(&["--max-pending", "3"]), [3, 3]);
    assert_eq!(create(&["--max-total", "5"]), [3, 2]);
    assert_eq!(create(&["--max-total", "5", "--max-create", "1"]), [1, 1]);
    Ok(())
}

/// A ScaledJob whose Jobs fail at once.
fn failing(page: &Page) -> String {
    scaled_job("doomed", &trigger(page))
        .replace(
            "sandbox.keda-jobs/run: 30m",
            "sandbox.keda-jobs/run: 10ms\n          sandbox.keda-jobs/fail: always",
        )
        .replace("    template:\n", "    backoffLimit: 0\n    template:\n")
        .replace(
            "      spec:\n",
            "      spec:\n        restartPolicy: Never\n",
        )
}

fn ended(cluster: &TestCluster, condition: &str, count: usize) {
    eventually("the Jobs to end", || {
        let holds = |job: &&Job| {
            let conditions = job
                .status
                .as_ref()
                .and_then(|status| status.conditions.as_ref());
            conditions
                .into_iter()
                .flatten()
                .any(|one| one.type_ == condition && one.status == "True")
        };
        (cluster.jobs().iter().filter(holds).count() == count).then_some(())
    });
}

fn brake() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(12);
    let manifest = cluster.write("doomed.yaml", &failing(&page));
    cluster.run(["run", "--once", &manifest]).expect(0);
    ended(&cluster, "Failed", 12);
    // Another process, which has seen none of them fail. On a slow machine the pause may be over, and one is made.
    let run = cluster.run(["run", "--once", &manifest]).expect(5);
    assert_contains(
        &run.stdout,
        &[" of 12 wanted: the last 12 Jobs failed (newest "],
    );
    assert!(cluster.jobs().len() <= 13);
    let plan = cluster.run(["plan", &manifest]).expect(0);
    assert_contains(&plan.stdout, &["why: the last 1", " Jobs failed (newest "]);
    let item = |brake: &str| {
        cluster
            .run([
                "plan",
                &manifest,
                "--output",
                "json",
                "--failure-brake",
                brake,
            ])
            .expect(0)
            .json()["items"][0]
            .clone()
    };
    let braked = item("10");
    assert_eq!(braked["deciding"]["term"], json!("failure-brake"));
    assert!(braked["decision"]["create"].as_i64() <= Some(1));
    for brake in ["0", "50"] {
        assert!(item(brake)["decision"]["create"].as_i64() >= Some(11));
    }
    Ok(())
}

fn brake_off() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(3);
    let text = failing(&page);
    let manifest = cluster.write("doomed.yaml", &text);
    let flags = ["--failure-brake", "3"];
    cluster
        .run(["run", "--once", &manifest, flags[0], flags[1]])
        .expect(0);
    ended(&cluster, "Failed", 3);
    cluster
        .run(["run", "--once", &manifest, flags[0], flags[1]])
        .expect(5);
    // Mended: the Jobs of the old template say nothing about the new one.
    let mended = text.replace("          sandbox.keda-jobs/fail: always\n", "");
    assert_ne!(mended, text);
    let mended = cluster.write("mended.yaml", &mended);
    cluster
        .run(["run", "--once", &mended, flags[0], flags[1]])
        .expect(0);
    ended(&cluster, "Complete", 3);
    cluster
        .run(["run", "--once", &mended, flags[0], flags[1]])
        .expect(0);
    Ok(())
}

fn brake_loop() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(2);
    // The history keeps one failed Job only: the run remembers the others.
    let text = failing(&page).replace(
        "  maxReplicaCount: 100\n",
        "  maxReplicaCount: 100\n  pollingInterval: 1\n  failedJobsHistoryLimit: 1\n",
    );
    let manifest = cluster.write("doomed.yaml", &text);
    let (stdout, stderr) = (
        cluster.folder.path().join("stdout"),
        cluster.folder.path().join("stderr"),
    );
    let running = cluster
        .keda(["run", "--failure-brake", "2", "--output", "json", &manifest])
        .spawn(&stdout, &stderr);
    let braked = |kind: &str| -> Vec<Value> {
        events(&stdout)
            .into_iter()
            .filter(|event| event["type"] == json!(kind))
            .filter(|event| {
                event["term"] == json!("failure-brake")
                    || event["plan"]["deciding"]["term"] == json!("failure-brake")
            })
            .collect()
    };
    // Two at first, and after the pause one more, which fails too.
    eventually("one try under the brake, and the pause after it", || {
        let held = braked("held");
        let tried = held.iter().position(|event| event["create"] == json!(1))?;
        let says = |event: &Value| event["message"].as_str().unwrap_or_default().to_owned();
        held[tried..]
            .iter()
            .any(|event| says(event).contains("one more at"))
            .then_some(())
    });
    running.signal("INT");
    running.wait();
    for event in braked("planned") {
        let (unfinished, create) = (
            event["plan"]["jobs"]["running"].as_i64().unwrap_or(9),
            event["plan"]["decision"]["create"].as_i64().unwrap_or(9),
        );
        assert!(unfinished + create <= unfinished.max(1), "{event:#}");
    }
    Ok(())
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
    cluster.change::<Pod>(&pod, true, |pod| {
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
    let reason = listed(&cluster, 1, "ImagePullBackOff");
    assert_eq!(
        reason,
        "ImagePullBackOff: Back-off pulling image \"busybux:1.36\""
    );
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
