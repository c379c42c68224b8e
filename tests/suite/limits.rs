//! Limits beside `maxReplicaCount`, and the failure brake.

use k8s_openapi::api::batch::v1::Job;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sources::scaled_job;
use crate::support::binary::Keda;
use crate::support::cluster::TestCluster;
use crate::support::servers::Page;
use crate::support::{Outcome, assert_contains, embedded_test, eventually, test};

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
        test(
            "brake::jobs_that_a_ttl_deletes_between_two_cycles_count",
            brake_with_ttl,
        ),
    ]
}

pub(crate) fn trigger(page: &Page) -> String {
    format!(
        "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"",
        page.url("/")
    )
}

pub(crate) fn waiting(count: usize) -> Page {
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

pub(crate) fn events(path: &std::path::Path) -> Vec<Value> {
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

/// With `ttlSecondsAfterFinished: 0` no cycle ever sees a Job that has ended: the watch alone shows how it did.
fn brake_with_ttl() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(2);
    let text = failing(&page)
        .replace(
            "  maxReplicaCount: 100\n",
            "  maxReplicaCount: 100\n  pollingInterval: 1\n",
        )
        .replace(
            "    backoffLimit: 0\n",
            "    backoffLimit: 0\n    ttlSecondsAfterFinished: 0\n",
        );
    let manifest = cluster.write("doomed.yaml", &text);
    let (stdout, stderr) = (
        cluster.folder.path().join("stdout"),
        cluster.folder.path().join("stderr"),
    );
    let running = cluster
        .keda(["run", "--failure-brake", "3", "--output", "json", &manifest])
        .spawn(&stdout, &stderr);
    eventually("the brake", || {
        events(&stdout)
            .iter()
            .any(|event| event["term"] == json!("failure-brake"))
            .then_some(())
    });
    running.signal("INT");
    running.wait();
    let told: Vec<Value> = events(&stdout)
        .into_iter()
        .filter(|event| event["type"] == json!("jobFinished"))
        .collect();
    assert!(told.len() >= 3, "{told:#?}");
    assert!(
        told.iter().all(|event| event["succeeded"] == json!(false)),
        "{told:#?}"
    );
    Ok(())
}
