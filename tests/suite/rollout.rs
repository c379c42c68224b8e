//! A changed template, and a paused object.

use std::collections::BTreeSet;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sources::scaled_job;
use crate::support::cluster::TestCluster;
use crate::support::servers::Page;
use crate::support::{Outcome, assert_contains, eventually, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("rollout::a_changed_template_keeps_the_jobs", keeps),
        test("rollout::gradual_keeps_them_too", gradual),
        test(
            "rollout::immediate_deletes_the_unfinished_jobs_after_plan_showed_them",
            immediate,
        ),
        test("rollout::immediate_leaves_finished_jobs", finished),
        test("rollout::foreground_waits_for_the_pods", foreground),
        test(
            "rollout::a_paused_object_reads_and_makes_nothing_and_is_cleaned_up",
            paused,
        ),
    ]
}

const IMAGE: &str = "busybox:1.36";
const NEW_IMAGE: &str = "busybox:1.37";

fn trigger(page: &Page) -> String {
    format!(
        "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"",
        page.url("/")
    )
}

fn waiting(count: usize) -> Page {
    Page::serve(200, "application/json", format!("{{\"waiting\": {count}}}"))
}

fn with(text: &str, spec: &str) -> String {
    text.replace(
        "  maxReplicaCount: 100\n",
        &format!("  maxReplicaCount: 100\n{spec}"),
    )
}

fn name(job: &Job) -> String {
    job.metadata.name.clone().unwrap_or_default()
}

fn image(job: &Job) -> String {
    let pod = job
        .spec
        .as_ref()
        .and_then(|spec| spec.template.spec.as_ref());
    pod.and_then(|pod| pod.containers[0].image.clone())
        .unwrap_or_default()
}

fn names(jobs: &[Job]) -> BTreeSet<String> {
    jobs.iter().map(name).collect()
}

/// Three Jobs of the old template, then the new one with `spec` written into it.
fn changed(cluster: &TestCluster, page: &Page, spec: &str) -> (BTreeSet<String>, String) {
    let text = scaled_job("orders", &trigger(page));
    let manifest = cluster.write("orders.yaml", &text);
    cluster.run(["run", "--once", &manifest]).expect(0);
    let old = names(&cluster.jobs());
    assert_eq!(old.len(), 3);
    let text = with(&text, spec).replace(IMAGE, NEW_IMAGE);
    (old, cluster.write("orders.yaml", &text))
}

fn deletes(plan: &Value) -> BTreeSet<String> {
    let listed = plan["items"][0]["delete"].as_array().expect("a list");
    listed
        .iter()
        .map(|item| item["name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// The strategy `default` counts what runs: three items wait and three Jobs exist.
fn kept(spec: &str) -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(3);
    let (old, manifest) = changed(&cluster, &page, spec);
    let plan = cluster
        .run(["plan", &manifest, "--output", "json"])
        .expect(0)
        .json();
    assert!(deletes(&plan).is_empty(), "{plan:#}");
    cluster.run(["run", "--once", &manifest]).expect(0);
    assert_eq!(names(&cluster.jobs()), old);
    Ok(())
}

fn keeps() -> Outcome {
    kept("")
}

fn gradual() -> Outcome {
    kept("  rollout:\n    strategy: gradual\n")
}

fn immediate() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(3);
    let (old, manifest) = changed(&cluster, &page, "  rollout:\n    strategy: immediate\n");
    let plan = cluster.run(["plan", &manifest]).expect(0);
    assert_contains(
        &plan.stdout,
        &[
            "delete 3",
            "rollout immediate, older spec",
            "background propagation",
        ],
    );
    let plan = cluster
        .run(["plan", &manifest, "--output", "json"])
        .expect(0)
        .json();
    assert_eq!(deletes(&plan), old, "exactly those");
    assert_eq!(names(&cluster.jobs()), old, "a plan deletes nothing");

    // They hold their slots in the cycle that deletes them; a later one makes the new ones.
    let run = cluster.run(["run", "--once", &manifest]).expect(0);
    for job in &old {
        assert_contains(&run.stdout, &[&format!("deleted {job}: rollout immediate")]);
    }
    eventually("the old Jobs to be gone", || {
        cluster.jobs().is_empty().then_some(())
    });
    cluster.run(["run", "--once", &manifest]).expect(0);
    let new = cluster.jobs();
    assert_eq!(new.len(), 3);
    assert!(new.iter().all(|job| image(job) == NEW_IMAGE));
    // Nothing of the new template is deleted.
    let run = cluster.run(["run", "--once", &manifest]).expect(0);
    assert_contains(&run.stdout, &[" 0 created, 0 deleted"]);
    assert_eq!(names(&cluster.jobs()), names(&new));
    Ok(())
}

fn all_finished(cluster: &TestCluster) {
    eventually("the Jobs to finish", || {
        let finished = |job: &Job| {
            let status = job.status.as_ref();
            status.is_some_and(|status| status.completion_time.is_some())
        };
        cluster.jobs().iter().all(finished).then_some(())
    });
}

fn finished() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(2);
    let text = scaled_job("orders", &trigger(&page))
        .replace("sandbox.keda-jobs/run: 30m", "sandbox.keda-jobs/run: 100ms");
    let manifest = cluster.write("orders.yaml", &text);
    cluster.run(["run", "--once", &manifest]).expect(0);
    all_finished(&cluster);
    let old = names(&cluster.jobs());
    let text = with(&text, "  rollout:\n    strategy: immediate\n").replace(IMAGE, NEW_IMAGE);
    let manifest = cluster.write("orders.yaml", &text);
    cluster.run(["run", "--once", &manifest]).expect(0);
    assert!(names(&cluster.jobs()).is_superset(&old));
    Ok(())
}

fn foreground() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(3);
    let spec = "  rollout:\n    strategy: immediate\n    propagationPolicy: foreground\n";
    let (old, manifest) = changed(&cluster, &page, spec);
    let plan = cluster
        .run(["plan", &manifest, "--output", "json"])
        .expect(0)
        .json();
    assert_eq!(deletes(&plan), old);
    for item in plan["items"][0]["delete"].as_array().expect("a list") {
        assert_eq!(item["propagationPolicy"], json!("Foreground"));
    }
    // A finalizer keeps the pods: a Job that is deleted in the background would not wait for them.
    let pods = eventually("the pods to be made", || {
        let pods = cluster.list::<Pod>();
        (pods.len() == 3).then_some(pods)
    });
    hold(&cluster, &pods, true);
    cluster.run(["run", "--once", &manifest]).expect(0);
    let jobs = cluster.jobs();
    assert_eq!(names(&jobs), old);
    for job in jobs {
        assert!(job.metadata.deletion_timestamp.is_some());
        let finalizers = job.metadata.finalizers.unwrap_or_default();
        assert!(
            finalizers.contains(&"foregroundDeletion".to_owned()),
            "{finalizers:?}"
        );
    }
    // They are said to be going, once, and hold their slots until they are gone.
    let run = cluster.run(["run", "--once", &manifest]).expect(0);
    assert_contains(&run.stdout, &[" 0 created, 0 deleted", "3 terminating"]);
    hold(&cluster, &pods, false);
    eventually("the old Jobs to be gone", || {
        cluster.jobs().is_empty().then_some(())
    });
    Ok(())
}

const HELD: &str = "test.keda-jobs/held";

/// Puts a finalizer on pods or takes it off, and leaves others there.
fn hold(cluster: &TestCluster, pods: &[Pod], on: bool) {
    for pod in pods {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        cluster.change::<Pod>(name, false, |pod| {
            let finalizers = pod.metadata.finalizers.get_or_insert_default();
            finalizers.retain(|one| one != HELD);
            if on {
                finalizers.push(HELD.to_owned());
            }
        });
    }
}

fn paused() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(3);
    let text = scaled_job("orders", &trigger(&page))
        .replace("sandbox.keda-jobs/run: 30m", "sandbox.keda-jobs/run: 100ms");
    let manifest = cluster.write("orders.yaml", &text);
    cluster.run(["run", "--once", &manifest]).expect(0);
    all_finished(&cluster);
    // The source is gone, which nobody notices: it is not asked.
    let spec = "  successfulJobsHistoryLimit: 1\n  rollout:\n    strategy: immediate\n";
    let text = with(&text, spec)
        .replace(&page.url("/"), "http://127.0.0.1:1/")
        .replace(IMAGE, NEW_IMAGE)
        .replace(
            "  name: orders\n",
            "  name: orders\n  annotations:\n    autoscaling.keda.sh/paused: \"\"\n",
        );
    let manifest = cluster.write("orders.yaml", &text);
    let run = cluster
        .run(["run", "--once", "--output", "json", &manifest])
        .expect(0);
    let events = run.json_lines();
    assert!(events.iter().all(|event| event["type"] != json!("reading")));
    let last = events.last().expect("a summary");
    assert_eq!(last["totals"]["created"], json!(0));
    assert_eq!(last["totals"]["deleted"], json!(2));
    eventually("one Job to be left", || {
        (cluster.jobs().len() == 1).then_some(())
    });
    Ok(())
}
