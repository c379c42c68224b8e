//! The loop's inventory: by watch and not by lists, right when watches break, and never a second batch for Jobs that are not seen yet.

mod faulty;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::batch::v1::Job;
use kube::Api;
use kube::api::DeleteParams;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sources::scaled_job;
use crate::support::binary::Running;
use crate::support::cluster::TestCluster;
use crate::support::servers::Page;
use crate::support::{Outcome, block_on, embedded_test, eventually, test};

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = vec![
        embedded_test("watch::the_loop_makes_no_list_per_cycle", no_lists),
        embedded_test("watch::many_objects_share_their_requests", shared),
        embedded_test("watch::the_loop_refers_to_owners_in_the_cluster", owners),
        test("watch::the_loop_follows_what_others_do", follows),
        embedded_test("watch::silent_watches_make_no_second_batch", || {
            faulty::silent("default", &[], |jobs| jobs == 5)
        }),
        embedded_test(
            "watch::silent_watches_make_no_second_batch_under_accurate",
            || faulty::silent("accurate", &[], |jobs| jobs == 5),
        ),
        embedded_test("watch::without_the_ledger_there_is_a_second_batch", || {
            faulty::silent("default", &[("KEDA_JOBS_MUTANT", "no-ledger")], |jobs| {
                jobs > 5
            })
        }),
        embedded_test(
            "watch::a_list_that_hides_new_jobs_holds_and_names_one",
            || faulty::hiding(true),
        ),
        embedded_test(
            "watch::a_list_that_hides_jobs_seen_before_holds_and_names_one",
            || faulty::hiding(false),
        ),
        embedded_test(
            "watch::where_every_list_is_believed_there_is_a_second_batch",
            || faulty::hiding_and_believed(true),
        ),
        embedded_test(
            "watch::where_every_list_is_believed_there_is_a_second_batch_later",
            || faulty::hiding_and_believed(false),
        ),
        embedded_test(
            "watch::a_list_that_hides_jobs_holds_though_one_of_them_is_gone",
            faulty::hiding_and_one_is_gone,
        ),
        embedded_test(
            "watch::a_list_that_hides_jobs_holds_where_none_can_be_looked_for",
            faulty::cannot_be_looked_for,
        ),
        embedded_test(
            "watch::jobs_that_end_and_go_at_once_hold_nothing",
            faulty::gone_at_once,
        ),
        embedded_test(
            "watch::many_jobs_that_are_gone_free_their_places_at_once",
            faulty::many_gone,
        ),
        embedded_test(
            "watch::lost_creates_are_neither_lost_nor_doubled",
            faulty::lost,
        ),
        embedded_test(
            "watch::a_forbidden_list_holds_and_says_what",
            faulty::forbidden,
        ),
        embedded_test(
            "watch::without_the_right_to_watch_it_lists",
            faulty::lists_instead,
        ),
        embedded_test(
            "watch::a_list_that_fails_later_holds_only_then",
            faulty::fails_later,
        ),
        embedded_test("watch::deletes_do_not_delay_creation", slow_deletes),
        test("watch::killed_amid_creates_it_makes_the_rest", killed),
        embedded_test("watch::a_name_that_another_has_is_not_ours", name_taken),
    ];
    for strategy in ["default", "accurate"] {
        for (name, fault) in [
            ("expired", json!({"watch": "expire"})),
            ("ended", json!({"watch": "end"})),
            ("cut", json!({"cut": true})),
            ("failing", json!({"status": 500})),
        ] {
            trials.push(embedded_test(
                &format!("watch::{name}_watches_recover_under_{strategy}"),
                move || faulty::broken(strategy, &fault),
            ));
        }
    }
    trials
}

/// A source whose length the test sets, a cluster, and one object with a cycle every second.
struct Scene {
    cluster: TestCluster,
    waiting: Arc<AtomicUsize>,
    page: Page,
}

impl Scene {
    fn new(waiting: usize) -> Self {
        let waiting = Arc::new(AtomicUsize::new(waiting));
        let shown = Arc::clone(&waiting);
        let page = Page::changing(200, "application/json", move || {
            format!("{{\"waiting\": {}}}", shown.load(Ordering::SeqCst))
        });
        Self {
            cluster: TestCluster::start(),
            waiting,
            page,
        }
    }

    fn wait_with(&self, waiting: usize) {
        self.waiting.store(waiting, Ordering::SeqCst);
    }

    fn object(&self, name: &str, strategy: &str) -> String {
        let trigger = format!(
            "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"",
            self.page.url("/")
        );
        let text = scaled_job(name, &trigger).replace(
            "  maxReplicaCount: 100\n",
            &format!(
                "  maxReplicaCount: 300\n  pollingInterval: 1\n  scalingStrategy:\n    strategy: {strategy}\n"
            ),
        );
        if strategy == "accurate" {
            // Pods stay pending: nothing takes an item.
            text.replace(
                "sandbox.keda-jobs/run: 30m",
                "sandbox.keda-jobs/pending: 30m",
            )
        } else {
            text
        }
    }

    fn fault(&self, rules: Value) {
        self.cluster.admin("POST", "/sandbox/faults", Some(rules));
    }

    fn no_faults(&self) {
        self.cluster.admin("DELETE", "/sandbox/faults", None);
    }

    fn requests(&self, kind: &str) -> u64 {
        let requests = self.cluster.admin("GET", "/sandbox/requests", None);
        requests["counts"][kind].as_u64().unwrap_or_default()
    }

    fn jobs(&self) -> usize {
        self.cluster.jobs().len()
    }

    fn names(&self) -> BTreeSet<String> {
        let jobs = self.cluster.jobs().into_iter();
        jobs.filter_map(|job| job.metadata.name).collect()
    }

    fn start(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Loop {
        let stdout = self
            .cluster
            .folder
            .path()
            .join(format!("stdout-{:08x}", fastrand::u32(..)));
        let stderr = stdout.with_extension("stderr");
        let mut keda = self.cluster.keda(
            ["run", "--output", "json"]
                .into_iter()
                .chain(arguments.iter().copied()),
        );
        for (name, value) in environment {
            keda = keda.env(name, value);
        }
        let running = keda.spawn(&stdout, &stderr);
        Loop {
            running,
            stdout,
            stderr,
        }
    }
}

/// A `run` that goes on.
struct Loop {
    running: Running,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Loop {
    fn events(&self) -> Vec<Value> {
        std::fs::read_to_string(&self.stdout)
            .unwrap_or_default()
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }

    fn count(&self, kind: &str) -> usize {
        self.events()
            .iter()
            .filter(|event| event["type"] == json!(kind))
            .count()
    }

    /// Waits for so many more cycles of the only object; the first of them may have begun before.
    fn more_cycles(&self, count: usize) {
        let before = self.count("cycleFinished");
        eventually("more cycles", || {
            (self.count("cycleFinished") >= before + count).then_some(())
        });
    }

    fn last(&self, kind: &str) -> Value {
        self.events()
            .into_iter()
            .rev()
            .find(|event| event["type"] == json!(kind))
            .unwrap_or_default()
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// Ends it; gives its summary.
    fn end(self) -> Value {
        let Self {
            running, stdout, ..
        } = self;
        running.signal("TERM");
        assert_eq!(running.wait(), 143);
        let text = std::fs::read_to_string(stdout).unwrap_or_default();
        let last = text.lines().last().unwrap_or_default();
        serde_json::from_str(last).expect("an event")
    }
}

fn delete(cluster: &TestCluster, count: usize) {
    block_on(async {
        let api: Api<Job> = Api::namespaced(cluster.client_async().await, &cluster.namespace);
        for job in cluster_jobs(&api).await.into_iter().take(count) {
            api.delete(&job, &DeleteParams::background())
                .await
                .expect("the Job can be deleted");
        }
    });
}

fn delete_one(cluster: &TestCluster, job: &str) {
    block_on(async {
        let api: Api<Job> = Api::namespaced(cluster.client_async().await, &cluster.namespace);
        let deleted = api.delete(job, &DeleteParams::background()).await;
        deleted.expect("the Job can be deleted");
    });
}

async fn cluster_jobs(api: &Api<Job>) -> Vec<String> {
    let jobs = api.list(&kube::api::ListParams::default()).await;
    jobs.expect("jobs can be listed")
        .items
        .into_iter()
        .filter_map(|job| job.metadata.name)
        .collect()
}

fn no_lists() -> Outcome {
    let scene = Scene::new(3);
    let manifest = scene.cluster.write(
        "both.yaml",
        &format!(
            "{}---\n{}",
            scene.object("plain", "default"),
            scene.object("careful", "accurate")
        ),
    );
    let run = scene.start(&[&manifest], &[]);
    eventually("both objects' Jobs", || (scene.jobs() == 6).then_some(()));
    run.more_cycles(2);
    scene.cluster.admin("DELETE", "/sandbox/requests", None);
    run.more_cycles(8);
    let requests = scene.cluster.admin("GET", "/sandbox/requests", None);
    // The source is not in the cluster, the objects are idle: nothing is asked at all.
    assert_eq!(requests["counts"], json!({}), "{requests:#}");
    assert_eq!(run.last("planned")["plan"]["jobs"]["running"], json!(3));
    run.end();
    assert_eq!(scene.jobs(), 6);
    Ok(())
}

fn shared() -> Outcome {
    let scene = Scene::new(1);
    let objects: Vec<String> = (0..20)
        .map(|number| scene.object(&format!("object-{number}"), "default"))
        .collect();
    let manifest = scene.cluster.write("many.yaml", &objects.join("---\n"));
    scene.cluster.admin("DELETE", "/sandbox/requests", None);
    let run = scene.start(&[&manifest], &[]);
    eventually("twenty Jobs", || (run.count("created") == 20).then_some(()));
    run.more_cycles(40);
    let requests = scene.cluster.admin("GET", "/sandbox/requests", None);
    // Ours and KEDA's: a list and a watch each, and one look for ScaledJobs in the cluster. A list must begin after an object's lease
    // was acquired; objects that acquire theirs together share one.
    let count = |what: &str| requests["counts"][what].as_u64().unwrap_or_default();
    for (what, number) in [("create jobs", 20), ("list scaledjobs", 1)] {
        assert_eq!(count(what), number, "{what}: {requests:#}");
    }
    assert!((2..=12).contains(&count("list jobs")), "{requests:#}");
    assert!((2..=12).contains(&count("watch jobs")), "{requests:#}");
    run.end();
    Ok(())
}

fn owners() -> Outcome {
    let scene = Scene::new(1);
    let text = scene.object("owned", "default");
    let path = format!(
        "/apis/keda.sh/v1alpha1/namespaces/{}/scaledjobs",
        scene.cluster.namespace
    );
    let object: Value = serde_yaml::from_str(&text)?;
    let uid = scene.cluster.admin("POST", &path, Some(object))["metadata"]["uid"].clone();
    let manifest = scene.cluster.write("owned.yaml", &text);
    let run = scene.start(&[&manifest], &[]);
    eventually("a Job", || (scene.jobs() == 1).then_some(()));
    run.end();
    let owners = scene.cluster.jobs()[0].metadata.owner_references.clone();
    assert_eq!(json!(owners)[0]["uid"], uid);
    Ok(())
}

fn follows() -> Outcome {
    let scene = Scene::new(4);
    let manifest = scene
        .cluster
        .write("orders.yaml", &scene.object("orders", "default"));
    let run = scene.start(&[&manifest], &[]);
    eventually("four Jobs", || (scene.jobs() == 4).then_some(()));
    delete(&scene.cluster, 2);
    eventually("two more Jobs", || {
        (run.count("created") == 6).then_some(())
    });
    run.more_cycles(3);
    assert_eq!(run.count("created"), 6);
    scene.wait_with(9);
    eventually("nine Jobs", || (scene.jobs() == 9).then_some(()));
    run.more_cycles(3);
    assert_eq!(scene.jobs(), 9);
    run.end();
    Ok(())
}

fn slow_deletes() -> Outcome {
    let scene = Scene::new(2);
    scene.fault(json!([{"verb": "delete", "resource": "jobs", "action": {"delay": 600_000}}]));
    let text = scene
        .object("orders", "default")
        .replace("sandbox.keda-jobs/run: 30m", "sandbox.keda-jobs/run: 100ms")
        .replace(
            "  pollingInterval: 1\n",
            "  pollingInterval: 1\n  successfulJobsHistoryLimit: 0\n",
        );
    let manifest = scene.cluster.write("orders.yaml", &text);
    let run = scene.start(&[&manifest], &[]);
    // Every cycle wants to delete what ended, no delete is answered, and creation goes on.
    eventually("Jobs of several cycles", || {
        (run.count("created") >= 8).then_some(())
    });
    assert_eq!(run.count("deleted"), 0);
    run.end();
    Ok(())
}

fn killed() -> Outcome {
    let scene = Scene::new(300);
    let manifest = scene
        .cluster
        .write("orders.yaml", &scene.object("orders", "default"));
    let mut kills = 0;
    // Killed as often as it gets into the middle, with one run at the end that is left alone.
    for _ in 0..3 {
        let before = scene.jobs();
        // The killed run's lease is found dead first.
        let flags = ["--lease-duration", "1s", "--lease-wait"];
        let run = scene.start(
            &[
                &manifest,
                "--concurrency",
                "4",
                flags[0],
                flags[1],
                flags[2],
            ],
            &[],
        );
        eventually("some creates", || {
            (run.count("created") >= 20 || scene.jobs() == 300).then_some(())
        });
        run.running.signal("KILL");
        assert_eq!(run.running.wait(), 128 + 9);
        let after = scene.jobs();
        kills += usize::from(before < after && after < 300);
    }
    assert!(kills > 0, "no run was killed amid its creates");
    let run = scene.start(&[&manifest, "--lease-duration", "1s", "--lease-wait"], &[]);
    eventually("all Jobs", || (scene.jobs() >= 300).then_some(()));
    run.more_cycles(3);
    assert_eq!(scene.jobs(), 300);
    run.end();
    Ok(())
}

fn name_taken() -> Outcome {
    use keda_jobs::cluster::client::Cluster;
    use keda_jobs::cluster::kubeconfig::ClusterOptions;
    use keda_jobs::cluster::pace::Paces;
    use keda_jobs::cluster::{ClusterErrorKind, actions};

    let scene = Scene::new(0);
    let job = |mark: &str| {
        json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "orders-x-0", "annotations": {"keda-jobs/cycle": mark}},
            "spec": {"template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "worker", "image": "busybox:1.36"}],
            }}},
        })
    };
    block_on(async {
        let options = ClusterOptions {
            kubeconfig: Some(scene.cluster.kubeconfig.clone()),
            request_timeout: std::time::Duration::from_secs(30),
            ..ClusterOptions::default()
        };
        let cluster = Cluster::connect(&options).await.expect("a cluster");
        let create = async |mark: &str| {
            let (namespace, pace) = (&scene.cluster.namespace, Paces::new(1).of("orders"));
            actions::create(&cluster, namespace, &job(mark), &pace, &|| false).await
        };
        assert!(create("ours").await.is_ok());
        assert!(
            create("ours").await.is_ok(),
            "sent again it is the same Job"
        );
        let taken = create("theirs").await.expect_err("another's");
        assert_eq!(taken.error.kind, ClusterErrorKind::AlreadyExists);
    });
    assert_eq!(scene.jobs(), 1);
    Ok(())
}
