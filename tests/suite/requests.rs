//! How many requests a run makes: what many objects of a namespace need is asked for once, and still never too early.

use k8s_openapi::api::core::v1::Secret;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sources::scaled_job;
use crate::support::binary::Running;
use crate::support::cluster::TestCluster;
use crate::support::servers::Page;
use crate::support::{Outcome, assert_contains, embedded_test, eventually};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        embedded_test("requests::one_cycle_of_many_objects", many),
        embedded_test("requests::one_cycle_without_leases", without_leases),
        embedded_test("requests::one_cycle_of_one_object", one),
        embedded_test("requests::a_loop_that_holds_its_leases", held),
        embedded_test(
            "requests::what_triggers_refer_to_is_looked_up_once",
            references,
        ),
        embedded_test("requests::owners_come_from_one_list", owners),
        embedded_test("requests::rights_that_save_requests_may_be_missing", narrow),
        embedded_test("requests::lists_begin_after_the_lease_is_held", after_lease),
        embedded_test(
            "requests::leases_are_not_given_up_for_who_took_them",
            taken_meanwhile,
        ),
        embedded_test("requests::a_stolen_lease_is_missed_in_the_list", stolen),
    ]
}

const MANY: usize = 40;

/// Many objects with one item each, `default` and `accurate` in turn.
struct Scene {
    cluster: TestCluster,
    manifest: String,
    _page: Page,
}

fn scene(objects: usize) -> Scene {
    scene_with(objects, || "1".to_owned())
}

fn scene_with(objects: usize, waiting: impl Fn() -> String + Send + 'static) -> Scene {
    let cluster = TestCluster::start();
    let page = Page::changing(200, "application/json", move || {
        format!("{{\"waiting\": {}}}", waiting())
    });
    let trigger = format!(
        "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"",
        page.url("/")
    );
    let all: Vec<String> = (0..objects)
        .map(|number| {
            let text = scaled_job(&format!("object-{number}"), &trigger).replace(
                "  maxReplicaCount: 100\n",
                "  maxReplicaCount: 100\n  pollingInterval: 1\n",
            );
            if number % 2 == 0 {
                return text;
            }
            // Its pods are looked at; they stay pending: nothing takes an item.
            let strategy = "  scalingStrategy:\n    strategy: accurate\n  jobTargetRef:\n";
            text.replace("  jobTargetRef:\n", strategy).replace(
                "sandbox.keda-jobs/run: 30m",
                "sandbox.keda-jobs/pending: 30m",
            )
        })
        .collect();
    let manifest = cluster.write("many.yaml", &all.join("---\n"));
    cluster.admin("DELETE", "/sandbox/requests", None);
    Scene {
        cluster,
        manifest,
        _page: page,
    }
}

/// Requests by kind, to resources only.
struct Counts(Value);

impl Counts {
    fn of(&self, kind: &str) -> u64 {
        self.0[kind].as_u64().unwrap_or_default()
    }

    fn all(&self) -> u64 {
        let counts = self.0.as_object().expect("counts");
        counts
            .iter()
            // Reading the record is a request of its own, to no resource.
            .filter(|(kind, _)| kind.contains(' '))
            .filter_map(|(_, count)| count.as_u64())
            .sum()
    }

    #[track_caller]
    fn expect(&self, kinds: &[(&str, u64)]) {
        for (kind, count) in kinds {
            assert_eq!(self.of(kind), *count, "{kind}: {:#}", self.0);
        }
    }
}

impl Scene {
    fn counts(&self) -> Counts {
        Counts(self.cluster.admin("GET", "/sandbox/requests", None)["counts"].clone())
    }

    fn fault(&self, rules: Value) {
        self.cluster.admin("POST", "/sandbox/faults", Some(rules));
    }

    fn once(&self, flags: &[&str]) -> String {
        let mut arguments = vec!["run", "--once", self.manifest.as_str()];
        arguments.extend(flags);
        self.cluster.run(arguments).expect(0).stdout
    }

    fn start(&self, name: &str, flags: &[&str]) -> (Running, impl Fn() -> String) {
        let folder = self.cluster.folder.path();
        let stdout = folder.join(format!("{name}.stdout"));
        let mut keda = self
            .cluster
            .keda(["run", self.manifest.as_str()])
            .env("USER", name);
        for flag in flags {
            keda = keda.arg(flag);
        }
        let running = keda.spawn(&stdout, &folder.join(format!("{name}.stderr")));
        (running, move || {
            std::fs::read_to_string(&stdout).unwrap_or_default()
        })
    }

    fn leases(&self) -> Vec<Value> {
        let path = format!(
            "/apis/coordination.k8s.io/v1/namespaces/{}/leases",
            self.cluster.namespace
        );
        let list = self.cluster.admin("GET", &path, None);
        list["items"].as_array().cloned().unwrap_or_default()
    }
}

fn many() -> Outcome {
    let scene = scene(MANY);
    let text = scene.once(&[]);
    let counts = scene.counts();
    assert_eq!(scene.cluster.jobs().len(), MANY, "{text}");
    assert!(scene.leases().is_empty());
    let each = MANY as u64;
    counts.expect(&[
        ("create jobs", each),
        // Whether the cluster keeps the label by which Jobs are counted.
        ("create jobs (dry run)", 1),
        // The heartbeat's comes on top.
        ("create leases", each + 1),
        ("deletecollection leases", 1),
        ("delete leases", 1),
        ("get leases", 1),
        ("update leases", 0),
        ("list scaledjobs", 1),
        ("get scaledjobs", 0),
        ("get jobs", 0),
        ("watch jobs", 0),
        ("watch pods", 0),
    ]);
    // Ours and KEDA's, of Jobs and pods, for those whose leases were acquired together; and for the table at the end.
    assert!(counts.all() <= each * 2 + 50, "{:#}", counts.0);
    Ok(())
}

fn without_leases() -> Outcome {
    let scene = scene(MANY);
    scene.once(&["--no-lease"]);
    let counts = scene.counts();
    assert_eq!(scene.cluster.jobs().len(), MANY);
    counts.expect(&[
        ("create jobs", MANY as u64),
        ("list scaledjobs", 1),
        ("get scaledjobs", 0),
    ]);
    assert!(counts.all() <= MANY as u64 + 20, "{:#}", counts.0);
    Ok(())
}

fn one() -> Outcome {
    let scene = scene(1);
    scene.once(&[]);
    let counts = scene.counts();
    assert_eq!(scene.cluster.jobs().len(), 1);
    // Nothing that only many objects are worth; two lists for the cycle and two for the table.
    counts.expect(&[
        ("create jobs", 1),
        ("create jobs (dry run)", 1),
        ("create leases", 2),
        ("delete leases", 2),
        ("list jobs", 4),
        ("list leases", 0),
        ("deletecollection leases", 0),
        ("list pods", 0),
    ]);
    assert!(counts.all() <= 13, "{:#}", counts.0);
    Ok(())
}

fn held() -> Outcome {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    let waiting = Arc::new(AtomicUsize::new(0));
    let shown = Arc::clone(&waiting);
    let scene = scene_with(MANY, move || shown.load(Ordering::SeqCst).to_string());
    // Looked at anew before every write.
    let (running, stdout) = scene.start("alice", &["--output", "json", "--lease-duration", "9s"]);
    let cycles = |count: usize| {
        eventually("cycles", || {
            (stdout().matches("\"type\":\"cycleFinished\"").count() >= count).then_some(())
        });
    };
    cycles(MANY * 2);
    scene.cluster.admin("DELETE", "/sandbox/requests", None);
    waiting.store(1, Ordering::SeqCst);
    eventually("a Job of each object", || {
        (stdout().matches("\"type\":\"created\"").count() >= MANY).then_some(())
    });
    let counts = scene.counts();
    counts.expect(&[
        ("create jobs", MANY as u64),
        ("create jobs (dry run)", 1),
        ("create leases", 0),
        ("get leases", 0),
        ("list jobs", 0),
        ("get scaledjobs", 0),
    ]);
    assert!(counts.of("list leases") > 0, "{:#}", counts.0);
    assert!(counts.all() <= MANY as u64 + 30, "{:#}", counts.0);
    running.signal("TERM");
    assert_eq!(running.wait(), 143);
    assert!(scene.leases().is_empty());
    Ok(())
}

/// A loop keeps what it has built from them while readings succeed.
fn references() -> Outcome {
    const OBJECTS: usize = 3;
    let scene = scene(OBJECTS);
    let text = std::fs::read_to_string(&scene.manifest)?.replace(
        "targetValue: \"1\"",
        "targetValue: \"1\"\n      authMode: bearer\n    authenticationRef:\n      name: login",
    );
    std::fs::write(&scene.manifest, text)?;
    let cluster = &scene.cluster;
    cluster.create::<Secret>(json!({
        "metadata": {"name": "login"},
        "stringData": {"token": "secret"},
    }));
    let authentication = json!({
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "TriggerAuthentication",
        "metadata": {"name": "login"},
        "spec": {"secretTargetRef": [{"parameter": "token", "name": "login", "key": "token"}]},
    });
    cluster.create_keda(
        "TriggerAuthentication",
        "triggerauthentications",
        authentication,
    );
    let (running, stdout) = scene.start("alice", &["--output", "json"]);
    eventually("cycles", || {
        (stdout().matches("\"type\":\"cycleFinished\"").count() >= OBJECTS * 4).then_some(())
    });
    running.signal("TERM");
    assert_eq!(running.wait(), 143);
    scene.counts().expect(&[
        ("get secrets", OBJECTS as u64),
        ("get triggerauthentications", OBJECTS as u64),
    ]);
    Ok(())
}

fn owners() -> Outcome {
    let scene = scene(5);
    let text = std::fs::read_to_string(&scene.manifest)?;
    let path = format!(
        "/apis/keda.sh/v1alpha1/namespaces/{}/scaledjobs",
        scene.cluster.namespace
    );
    for document in text.split("---\n") {
        let mut object: Value = serde_yaml::from_str(document)?;
        object["metadata"]["annotations"] = json!({"autoscaling.keda.sh/paused": "true"});
        scene.cluster.admin("POST", &path, Some(object));
    }
    scene.cluster.admin("DELETE", "/sandbox/requests", None);
    scene.once(&[]);
    let counts = scene.counts();
    counts.expect(&[("list scaledjobs", 1), ("get scaledjobs", 0)]);
    let listed = scene.cluster.admin("GET", &path, None);
    let jobs = scene.cluster.jobs();
    assert_eq!(jobs.len(), 5);
    for job in jobs {
        let labels = job.metadata.labels.clone().unwrap_or_default();
        let object = listed["items"]
            .as_array()
            .and_then(|items| {
                let named =
                    |item: &&Value| item["metadata"]["name"] == json!(labels["keda-jobs/name"]);
                items.iter().find(named)
            })
            .expect("its ScaledJob");
        let owners = json!(job.metadata.owner_references);
        assert_eq!(owners[0]["uid"], object["metadata"]["uid"]);
    }
    Ok(())
}

/// A Role from before: each object is looked at by itself then.
fn narrow() -> Outcome {
    let scene = scene(5);
    scene.fault(json!([
        {"verb": "list", "resource": "leases", "action": {"status": 403}},
        {"verb": "deletecollection", "resource": "leases", "action": {"status": 403}},
        {"verb": "list", "resource": "scaledjobs", "action": {"status": 403}},
    ]));
    // So short that every write is preceded by a look.
    scene.once(&["--lease-duration", "1s"]);
    let counts = scene.counts();
    scene.cluster.admin("DELETE", "/sandbox/faults", None);
    assert_eq!(scene.cluster.jobs().len(), 5);
    assert!(scene.leases().is_empty());
    counts.expect(&[("delete leases", 6)]);
    assert!(counts.of("get scaledjobs") >= 5, "{:#}", counts.0);
    Ok(())
}

/// What the last holder made between our first list and our lease is counted.
fn after_lease() -> Outcome {
    let scene = scene(4);
    let (first, stdout) = scene.start("alice", &["--lease-duration", "3s"]);
    eventually("the first run's Jobs", || {
        (stdout().matches("created object-").count() >= 4).then_some(())
    });
    let (second, said) = scene.start("bob", &["--once", "--lease-wait", "--lease-duration", "3s"]);
    eventually("the second run to wait", || {
        (said().matches("waits for the lease").count() >= 4).then_some(())
    });
    // Until now the second run has listed nothing that it may rely on.
    first.signal("TERM");
    assert_eq!(first.wait(), 143);
    assert_eq!(second.wait(), 0, "{}", said());
    assert_contains(&said(), &["0 created"]);
    assert_eq!(scene.cluster.jobs().len(), 4);
    Ok(())
}

/// Runs that end give all their leases up with one request: not those that another took a moment before.
fn taken_meanwhile() -> Outcome {
    let scene = scene(4);
    let (first, stdout) = scene.start("alice", &["--lease-duration", "3s"]);
    eventually("the first run's Jobs", || {
        (stdout().matches("created object-").count() >= 4).then_some(())
    });
    scene.fault(json!([
        {"verb": "deletecollection", "resource": "leases", "action": {"delay": 500}},
    ]));
    scene.cluster.admin("DELETE", "/sandbox/requests", None);
    first.signal("TERM");
    eventually("the first run to let go", || {
        (scene.counts().of("deletecollection leases") > 0).then_some(())
    });
    let flags = ["--takeover", "--lease-duration", "3s", "--output", "json"];
    let (second, said) = scene.start("bob", &flags);
    assert_eq!(first.wait(), 143);
    eventually("a cycle of each object", || {
        (said().matches("\"type\":\"cycleFinished\"").count() >= 4).then_some(())
    });
    let holders: Vec<String> = scene
        .leases()
        .iter()
        .filter(|lease| lease["metadata"]["annotations"].is_object())
        .filter_map(|lease| lease["spec"]["holderIdentity"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(holders.len(), 4, "{holders:?}");
    assert!(holders.iter().all(|holder| holder.starts_with("bob@")));
    second.signal("TERM");
    assert_eq!(second.wait(), 143);
    assert_eq!(scene.cluster.jobs().len(), 4);
    Ok(())
}

/// A lease that somebody else writes over is found out before the next write, by the list as by a look at it alone.
fn stolen() -> Outcome {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    let waiting = Arc::new(AtomicUsize::new(0));
    let shown = Arc::clone(&waiting);
    let scene = scene_with(4, move || shown.load(Ordering::SeqCst).to_string());
    let (running, stdout) = scene.start("alice", &["--output", "json", "--lease-duration", "9s"]);
    let cycles = || stdout().matches("\"type\":\"cycleFinished\"").count();
    eventually("a cycle of each object", || (cycles() >= 4).then_some(()));
    let path = format!(
        "/apis/coordination.k8s.io/v1/namespaces/{}/leases/keda-jobs-object-2",
        scene.cluster.namespace
    );
    let mut lease = scene.cluster.admin("GET", &path, None);
    // The label stays: it proves nothing.
    lease["spec"]["holderIdentity"] = json!("mallory@elsewhere");
    scene.cluster.admin("PUT", &path, Some(lease));
    // Two more cycles of each: what was seen before is then too old to write by.
    let before = cycles();
    eventually("more cycles", || (cycles() >= before + 8).then_some(()));
    waiting.store(1, Ordering::SeqCst);
    eventually("the object to be left alone", || {
        stdout()
            .contains("the lease keda-jobs-object-2 is held by mallory@elsewhere now")
            .then_some(())
    });
    eventually("the other objects' Jobs", || {
        (scene.cluster.jobs().len() == 3).then_some(())
    });
    running.signal("TERM");
    running.wait();
    Ok(())
}
