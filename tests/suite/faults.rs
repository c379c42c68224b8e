//! The cluster misbehaves: what was asked for still happens once, or not at all, and is said.

mod refused;
mod unanswered;

use std::path::PathBuf;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sources::scaled_job;
use crate::support::binary::{Keda, Running};
use crate::support::cluster::TestCluster;
use crate::support::servers::Page;
use crate::support::{Outcome, assert_contains, assert_lacks, embedded_test, eventually};

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = unanswered::tests();
    trials.extend(refused::tests());
    trials.extend([
        embedded_test("faults::a_lost_answer_makes_no_second_job", lost_answers),
        embedded_test("faults::a_cut_connection_is_tried_again", cut),
        embedded_test(
            "faults::a_conflict_over_a_quota_is_tried_again",
            quota_conflict,
        ),
        embedded_test("faults::throttled_creates_succeed", throttled),
        embedded_test(
            "faults::a_long_throttling_says_what_the_server_answered",
            throttled_for_long,
        ),
        embedded_test(
            "faults::a_server_that_puts_off_for_an_hour_holds_the_cycle_and_not_the_run",
            throttled_for_an_hour,
        ),
        embedded_test(
            "faults::no_job_is_made_where_the_cluster_takes_their_label",
            taken_label,
        ),
        embedded_test(
            "faults::jobs_that_lose_their_label_are_noticed_at_the_first",
            lost_label,
        ),
        embedded_test(
            "faults::jobs_that_lose_their_label_together_are_counted",
            lost_label_of_several,
        ),
        embedded_test(
            "faults::a_dry_run_that_says_nothing_is_made_again",
            silent_dry_run,
        ),
        embedded_test("faults::a_failing_list_holds_the_cycle", failing_list),
        embedded_test(
            "faults::an_expired_continue_token_starts_the_list_again",
            expired_list,
        ),
        embedded_test("faults::a_slow_cluster_ends_with_the_request_timeout", slow),
        embedded_test("faults::deleting_what_is_gone_is_success", gone),
        embedded_test("faults::a_loop_tells_of_an_outage_and_of_its_end", outage),
    ]);
    trials
}

struct Scene {
    cluster: TestCluster,
    manifest: String,
    _page: Page,
}

fn scene(items: usize) -> Scene {
    let cluster = TestCluster::start();
    let page = Page::serve(200, "application/json", format!("{{\"waiting\": {items}}}"));
    let trigger = format!(
        "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"",
        page.url("/")
    );
    let manifest = cluster.write("orders.yaml", &scaled_job("orders", &trigger));
    Scene {
        cluster,
        manifest,
        _page: page,
    }
}

impl Scene {
    /// The manifest with a cycle each second.
    fn often(&self) -> String {
        let manifest = std::fs::read_to_string(&self.manifest).expect("the manifest");
        let often = manifest.replace("spec:\n  max", "spec:\n  pollingInterval: 1\n  max");
        self.cluster.write("often.yaml", &often)
    }

    /// A run that goes on, and the file of its stdout.
    fn start(&self, flags: &[&str]) -> (Running, PathBuf) {
        let folder = self.cluster.folder.path();
        let stdout = folder.join("run.stdout");
        let manifest = self.often();
        let run = [&["run", &manifest], flags].concat();
        let run = self.cluster.keda(run);
        (run.spawn(&stdout, &folder.join("run.stderr")), stdout)
    }

    fn fault(&self, rules: Value) {
        self.cluster.admin("POST", "/sandbox/faults", Some(rules));
    }
}

fn lost_answers() -> Outcome {
    let scene = scene(10);
    scene.fault(
        json!([{"verb": "create", "resource": "jobs", "count": 2, "action": {"loseAnswer": true}}]),
    );
    scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(0);
    assert_eq!(scene.cluster.jobs().len(), 10);
    Ok(())
}

fn cut() -> Outcome {
    let scene = scene(10);
    scene.fault(
        json!([{"verb": "create", "resource": "jobs", "count": 2, "action": {"cut": true}}]),
    );
    scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(0);
    assert_eq!(scene.cluster.jobs().len(), 10);
    Ok(())
}

/// So answers the API server when creates at the same time use one quota up, and has made nothing.
fn quota_conflict() -> Outcome {
    let scene = scene(3);
    scene.fault(
        json!([{"verb": "create", "resource": "jobs", "count": 2, "action": {"status": 409}}]),
    );
    scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(0);
    assert_eq!(scene.cluster.jobs().len(), 3);
    Ok(())
}

fn throttled() -> Outcome {
    let scene = scene(5);
    scene.fault(json!([{"verb": "create", "resource": "jobs", "count": 3, "action": {"status": 429, "retryAfter": 1}}]));
    scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(0);
    assert_eq!(scene.cluster.jobs().len(), 5);
    Ok(())
}

fn throttled_for_long() -> Outcome {
    let scene = scene(40);
    scene.fault(
        json!([{"verb": "create", "resource": "jobs", "action": {"status": 429, "retryAfter": 1}}]),
    );
    let run = scene
        .cluster
        .run([
            "run",
            "--once",
            &scene.manifest,
            "--concurrency",
            "2",
            "--request-timeout",
            "2s",
        ])
        .expect(1);
    assert_contains(
        &run.stdout,
        &[
            "429 Too Many Requests",
            "Retry-After 1s",
            "lower --concurrency",
            "more Jobs were not sent: the cluster has too much to do",
        ],
    );
    // Not each of the forty for as long as that.
    let requests = scene.cluster.admin("GET", "/sandbox/requests", None);
    let sent = requests["counts"]["create jobs"].as_u64();
    assert!(sent.is_some_and(|sent| sent < 20), "{requests:#}");
    assert!(scene.cluster.jobs().is_empty());
    Ok(())
}

fn throttled_for_an_hour() -> Outcome {
    let scene = scene(40);
    for retry_after in [3600, u64::MAX] {
        scene.fault(json!([{"verb": "create", "resource": "jobs", "count": 32, "action": {"status": 429, "retryAfter": retry_after}}]));
        let run = scene
            .cluster
            .run(["run", "--once", &scene.manifest])
            .expect(1);
        assert_contains(
            &run.stdout,
            &[
                "429 Too Many Requests once with Retry-After",
                "more Jobs were not sent: the cluster has too much to do",
            ],
        );
        scene.cluster.admin("DELETE", "/sandbox/faults", None);
        assert!(scene.cluster.jobs().is_empty());
    }
    // In a loop each cycle says so and is over, and a signal ends the run.
    scene.fault(json!([{"verb": "create", "resource": "jobs", "action": {"status": 429, "retryAfter": 3600}}]));
    let (run, stdout) = scene.start(&[]);
    eventually("a cycle to say that it is still too early", || {
        let said = std::fs::read_to_string(&stdout).ok()?;
        said.contains("the server wants no more requests for 59m")
            .then_some(())
    });
    run.signal("INT");
    assert_eq!(run.wait(), 130);
    Ok(())
}

fn taken_label() -> Outcome {
    let scene = scene(5);
    scene.fault(
        json!([{"verb": "create", "resource": "jobs", "action": {"dropLabel": "keda-jobs/name"}}]),
    );
    let run = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(1);
    assert_contains(
        &run.stdout,
        &[
            "takes the label keda-jobs/name from new Jobs",
            "none is made before it keeps it",
            "0 created",
        ],
    );
    assert!(scene.cluster.jobs().is_empty());
    // A loop asks again with each cycle.
    let (run, stdout) = scene.start(&[]);
    let until = |text: &str| {
        eventually(text, || {
            let said = std::fs::read_to_string(&stdout).ok()?;
            said.contains(text).then_some(())
        });
    };
    until("none is made before it keeps it");
    assert!(scene.cluster.jobs().is_empty());
    scene.cluster.admin("DELETE", "/sandbox/faults", None);
    until("created orders-");
    run.signal("INT");
    assert_eq!(run.wait(), 130);
    Ok(())
}

fn lost_label() -> Outcome {
    let scene = scene(5);
    // A policy that takes it from some Jobs only, and not from the one that was tried.
    scene.fault(json!([{"verb": "create", "resource": "jobs", "dryRun": false, "action": {"dropLabel": "keda-jobs/name"}}]));
    let run = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(1);
    let jobs = scene.cluster.jobs();
    assert_eq!(jobs.len(), 1, "no list shows it, and there is no second");
    let name = jobs[0].metadata.name.as_deref().expect("a name");
    assert_contains(
        &run.stdout,
        &[
            &format!("created {name}"),
            &format!("took the label keda-jobs/name from the job {name}"),
            "4 more Jobs were not sent: they could not be counted",
            "1 created",
        ],
    );
    // A loop holds from then on.
    let (run, stdout) = scene.start(&[]);
    eventually("the next cycle to hold", || {
        let said = std::fs::read_to_string(&stdout).ok()?;
        said.contains("HELD at 0 of").then_some(())
    });
    run.signal("INT");
    assert_eq!(run.wait(), 130);
    assert_eq!(scene.cluster.jobs().len(), 2, "one more for one more run");
    Ok(())
}

fn lost_label_of_several() -> Outcome {
    let scene = scene(5);
    // The first one keeps it, and the two that are under way when that shows do not.
    scene.fault(json!([{"verb": "create", "resource": "jobs", "dryRun": false, "after": 1, "action": {"delay": 1000, "dropLabel": "keda-jobs/name"}}]));
    let run = scene
        .cluster
        .run(["run", "--once", "--concurrency", "2", &scene.manifest])
        .expect(1);
    assert_contains(
        &run.stdout,
        &[
            "took the label keda-jobs/name from the job orders-",
            " and from 1 more Job, and only by",
            "2 more Jobs were not sent: they could not be counted",
        ],
    );
    assert_eq!(scene.cluster.jobs().len(), 3);
    Ok(())
}

/// A dry run that is not answered says nothing of the label: the next object asks again, and what it is told is for all.
fn silent_dry_run() -> Outcome {
    let scene = scene(1);
    let text = std::fs::read_to_string(&scene.manifest)?;
    let texts: Vec<String> = ["a", "b", "c", "d"]
        .iter()
        .map(|name| text.replace("name: orders", &format!("name: {name}")))
        .collect();
    let manifest = scene.cluster.write("four.yaml", &texts.join("---\n"));
    scene.fault(json!([{"verb": "create", "resource": "jobs", "dryRun": true, "count": 1, "action": {"status": 500}}]));
    scene.cluster.admin("DELETE", "/sandbox/requests", None);
    scene.cluster.run(["run", "--once", &manifest]).expect(0);
    let requests = scene.cluster.admin("GET", "/sandbox/requests", None);
    let asked = requests["counts"]["create jobs (dry run)"].as_u64();
    assert!(asked.is_some_and(|asked| asked > 1), "{requests:#}");
    assert_eq!(scene.cluster.jobs().len(), 4);
    Ok(())
}

fn failing_list() -> Outcome {
    let scene = scene(5);
    scene.fault(json!([{"verb": "list", "resource": "jobs", "action": {"status": 500}}]));
    let run = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(2);
    assert_contains(&run.stdout, &["HELD at 0", "could not be counted"]);
    scene.fault(json!([]));
    scene.cluster.admin("DELETE", "/sandbox/faults", None);
    assert!(
        scene.cluster.jobs().is_empty(),
        "a count that is not known is not zero"
    );
    Ok(())
}

fn expired_list() -> Outcome {
    let scene = scene(0);
    // More than one page of Jobs, and the second page is refused once.
    for number in 0..3 {
        let manifest = scaled_job("filler", "- type: cron\n  metadata:\n    timezone: Etc/UTC\n    start: 0 0 1 1 *\n    end: 0 0 2 1 *\n    desiredReplicas: \"1\"")
            .replace("maxReplicaCount: 100", "maxReplicaCount: 600\n  minReplicaCount: 200");
        let path = scene.cluster.write(
            "filler.yaml",
            &manifest.replace("name: filler", &format!("name: filler-{number}")),
        );
        scene.cluster.run(["run", "--once", &path]).expect(0);
    }
    scene.fault(json!([{"verb": "list", "resource": "jobs", "path": "continue=", "count": 1, "action": {"status": 410}}]));
    let list = scene
        .cluster
        .run(["list", "--output", "json"])
        .expect(0)
        .json();
    let jobs: usize = list["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|item| item["jobs"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(jobs, 600);
    Ok(())
}

fn slow() -> Outcome {
    let scene = scene(5);
    scene.fault(json!([{"verb": "list", "resource": "jobs", "action": {"delay": 600_000}}]));
    let run = scene
        .cluster
        .run(["run", "--once", &scene.manifest, "--request-timeout", "1s"])
        .expect(2);
    assert_contains(&run.stdout, &["no answer within 1s"]);
    Ok(())
}

fn gone() -> Outcome {
    let scene = scene(2);
    scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(0);
    scene.fault(
        json!([{"verb": "delete", "resource": "jobs", "count": 1, "action": {"status": 404}}]),
    );
    let cleanup = scene.cluster.run(["cleanup", "--all", "--yes"]).expect(0);
    assert_contains(&cleanup.stdout, &["deleted 2 Jobs"]);
    Ok(())
}

/// Nothing is to be created, so that no cycle would say it.
fn outage() -> Outcome {
    let scene = scene(0);
    let folder = scene.cluster.folder.path();
    let errors = folder.join("stderr");
    let loop_ = Keda::new(["run", &scene.manifest, "--kubeconfig"])
        .arg(&scene.cluster.kubeconfig)
        .args(["--namespace", &scene.cluster.namespace])
        .spawn(&folder.join("stdout"), &errors);
    let said = || std::fs::read_to_string(&errors).expect("stderr");
    eventually("the watches", || {
        let requests = scene.cluster.admin("GET", "/sandbox/requests", None);
        (requests["counts"]["watch jobs"] == 2).then_some(())
    });
    let (down, over) = (
        "trying on until the API server answers",
        "the API server answers again",
    );
    scene.fault(json!([{"action": {"cut": true}}, {"action": {"watch": "end"}}]));
    eventually("word of the outage", || said().contains(down).then_some(()));
    assert_lacks(&said(), over);
    scene.cluster.admin("DELETE", "/sandbox/faults", None);
    eventually("word of its end", || said().contains(over).then_some(()));
    loop_.signal("INT");
    assert_eq!(loop_.wait(), 130);
    let said = said();
    assert_eq!(
        (said.matches(down).count(), said.matches(over).count()),
        (1, 1),
        "{said}"
    );
    Ok(())
}
