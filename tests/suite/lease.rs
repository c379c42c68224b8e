//! One writer for each object: leases between runs, and KEDA's own operator.

mod faulty;
mod keda;
mod rights;

use std::path::PathBuf;

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::ListParams;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sources::scaled_job;
use crate::support::binary::{Keda, Running};
use crate::support::cluster::TestCluster;
use crate::support::servers::Page;
use crate::support::{
    Outcome, assert_contains, assert_lacks, block_on, embedded_test, eventually, test,
};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("lease::the_second_of_two_runs_exits_4", second_run),
        test("lease::the_servers_rules_for_leases", server_rules),
        test(
            "lease::a_deleted_heartbeat_makes_nobody_dead",
            faulty::deleted_heartbeat,
        ),
        test("lease::waiting_takes_over_from_the_killed", killed),
        embedded_test(
            "lease::a_run_killed_amid_creates_is_completed_without_duplicates",
            faulty::killed_amid_creates,
        ),
        test("lease::the_dead_do_not_block_who_does_not_wait", dead),
        test(
            "lease::a_holder_that_left_our_marks_is_watched_before_it_is_taken_for_dead",
            faulty::foreign_holder,
        ),
        test(
            "lease::what_another_holds_is_not_given_up_with_our_own",
            faulty::foreign_holder_at_the_end,
        ),
        test("lease::waiting_has_an_end", bounded_wait),
        test("lease::a_takeover_ends_the_first_run", takeover),
        embedded_test(
            "lease::a_takeover_amid_creates_stops_them",
            faulty::takeover_amid_creates,
        ),
        embedded_test(
            "lease::a_stolen_lease_ends_creates_that_are_put_off",
            faulty::stolen_amid_creates,
        ),
        embedded_test(
            "lease::a_held_cycle_does_not_count_what_was_found",
            faulty::held_with_one_found,
        ),
        embedded_test(
            "lease::a_run_whose_creates_were_not_answered_keeps_its_lease",
            faulty::unanswered,
        ),
        embedded_test(
            "lease::a_claim_whose_answer_was_lost_is_given_up_at_the_end",
            faulty::lost_claim,
        ),
        embedded_test(
            "lease::a_claim_that_may_come_after_the_run_is_told",
            faulty::late_claim,
        ),
        embedded_test(
            "lease::a_heartbeat_that_was_never_seen_is_given_up_at_the_end",
            faulty::lost_heartbeat,
        ),
        test("lease::other_objects_go_on", other_objects),
        test(
            "lease::a_single_cycle_keeps_no_lease_while_it_waits_for_another",
            no_hold_and_wait,
        ),
        test("lease::flags_that_make_no_sense_are_refused", flags),
        embedded_test("lease::without_leases_none_is_touched", rights::no_lease),
        embedded_test("lease::a_missing_right_is_named", rights::forbidden),
        embedded_test(
            "lease::who_may_not_look_for_keda_is_told_so_once",
            keda::hidden_keda,
        ),
        embedded_test(
            "lease::a_heartbeat_that_cannot_be_renewed_holds_the_cycle",
            faulty::outage,
        ),
        embedded_test("lease::a_live_keda_is_left_to_its_objects", keda::live_keda),
        embedded_test(
            "lease::a_job_that_keda_made_lately_shows_it",
            keda::recent_job,
        ),
        embedded_test("lease::the_role_in_examples_suffices", rights::role),
    ]
}

struct Scene {
    cluster: TestCluster,
    manifest: String,
    _page: Page,
}

const DURATION: &str = "--lease-duration=3s";

/// An object `orders` with so many items waiting, read every second.
fn scene(items: usize) -> Scene {
    scene_with(items, |text| text)
}

fn scene_with(items: usize, change: impl Fn(String) -> String) -> Scene {
    let cluster = TestCluster::start();
    let page = Page::serve(200, "application/json", format!("{{\"waiting\": {items}}}"));
    let trigger = format!(
        "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"",
        page.url("/")
    );
    let text = scaled_job("orders", &trigger).replace(
        "maxReplicaCount: 100",
        "maxReplicaCount: 100\n  pollingInterval: 1",
    );
    let manifest = cluster.write("orders.yaml", &change(text));
    Scene {
        cluster,
        manifest,
        _page: page,
    }
}

/// A run in the background with its output.
struct Background {
    running: Running,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Background {
    fn stdout(&self) -> String {
        std::fs::read_to_string(&self.stdout).unwrap_or_default()
    }

    fn stderr(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    fn until_created(&self, count: usize) {
        eventually("the Jobs to be created", || {
            (self.stdout().matches("created orders-").count() >= count).then_some(())
        });
    }

    fn until_says(&self, text: &str) {
        eventually(text, || self.stdout().contains(text).then_some(()));
    }
}

impl Scene {
    fn start(&self, name: &str, arguments: &[&str]) -> Background {
        let folder = self.cluster.folder.path();
        let (stdout, stderr) = (
            folder.join(format!("{name}.stdout")),
            folder.join(format!("{name}.stderr")),
        );
        let mut keda = self
            .cluster
            .keda(["run", self.manifest.as_str()])
            .env("USER", name);
        for argument in arguments {
            keda = keda.arg(argument);
        }
        Background {
            running: keda.spawn(&stdout, &stderr),
            stdout,
            stderr,
        }
    }

    fn fault(&self, rules: Value) {
        self.cluster.admin("POST", "/sandbox/faults", Some(rules));
    }

    fn jobs(&self) -> usize {
        self.cluster.jobs().len()
    }

    fn leases(&self) -> Vec<String> {
        block_on(async {
            let api: Api<Lease> =
                Api::namespaced(self.cluster.client_async().await, &self.cluster.namespace);
            let leases = api.list(&ListParams::default()).await.expect("leases");
            leases
                .items
                .into_iter()
                .filter_map(|lease| lease.metadata.name)
                .collect()
        })
    }
}

fn second_run() -> Outcome {
    let scene = scene(3);
    let first = scene.start("alice", &[]);
    first.until_created(3);
    let leases = scene.leases();
    assert_eq!(leases.len(), 2, "{leases:?}");
    assert!(
        leases.contains(&"keda-jobs-orders".to_owned()),
        "{leases:?}"
    );
    let second = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(4);
    assert_contains(
        &second.stdout,
        &[
            "REFUSED: alice@",
            "holds the lease keda-jobs-orders",
            "--lease-wait",
            "run ended (refused)",
        ],
    );
    // What changes nothing needs no lease.
    scene.cluster.run(["plan", &scene.manifest]).expect(0);
    scene.cluster.run(["list"]).expect(0);
    assert_eq!(scene.jobs(), 3);
    first.running.signal("TERM");
    assert_eq!(first.running.wait(), 143);
    assert!(scene.leases().is_empty(), "{:?}", scene.leases());
    let third = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(0);
    assert_lacks(&third.stdout, "took the lease");
    assert_eq!(scene.jobs(), 3);
    assert!(scene.leases().is_empty(), "{:?}", scene.leases());
    Ok(())
}

fn killed() -> Outcome {
    let scene = scene(3);
    let first = scene.start("alice", &[DURATION]);
    first.until_created(3);
    let second = scene.start("bob", &[DURATION, "--lease-wait", "--once"]);
    second.until_says("waits for the lease keda-jobs-orders of alice@");
    first.running.signal("KILL");
    assert_eq!(first.running.wait(), 137);
    second.until_says("run ended (once)");
    let text = second.stdout();
    assert_eq!(second.running.wait(), 0, "{text}");
    assert_contains(&text, &["took the lease of alice@", "did not move for 3s"]);
    assert_eq!(scene.jobs(), 3, "{text}");
    assert!(scene.leases().is_empty(), "{:?}", scene.leases());
    Ok(())
}

/// What the API server asks of a Lease: our own writes rely on it, and so must the embedded cluster.
fn server_rules() -> Outcome {
    let cluster = TestCluster::start();
    let lease = |spec: serde_json::Value, version: Option<&str>| -> Lease {
        let metadata = json!({"name": "rules", "resourceVersion": version});
        serde_json::from_value(json!({"metadata": metadata, "spec": spec})).expect("a lease")
    };
    block_on(async {
        let api: kube::Api<Lease> =
            kube::Api::namespaced(cluster.client_async().await, &cluster.namespace);
        let refused = async |spec: serde_json::Value| {
            let error = api
                .create(&kube::api::PostParams::default(), &lease(spec, None))
                .await;
            error.expect_err("refused").to_string()
        };
        let text = refused(json!({"leaseDurationSeconds": 0, "leaseTransitions": -1})).await;
        assert_contains(
            &text,
            &[
                "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
                "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
            ],
        );
        let made = api
            .create(
                &kube::api::PostParams::default(),
                &lease(json!({"holderIdentity": "a"}), None),
            )
            .await
            .expect("a sound lease");
        let blind = api
            .replace(
                "rules",
                &kube::api::PostParams::default(),
                &lease(json!({"holderIdentity": "b"}), None),
            )
            .await;
        let text = blind
            .expect_err("a replacement without a version")
            .to_string();
        assert_contains(
            &text,
            &[
                "metadata.resourceVersion",
                "must be specified for an update",
            ],
        );
        let version = made.metadata.resource_version.as_deref();
        let seen = api
            .replace(
                "rules",
                &kube::api::PostParams::default(),
                &lease(json!({"holderIdentity": "b"}), version),
            )
            .await;
        assert!(seen.is_ok(), "{seen:?}");
    });
    Ok(())
}

fn dead() -> Outcome {
    let scene = scene(3);
    let first = scene.start("alice", &["--lease-duration", "1s"]);
    first.until_created(3);
    first.running.signal("KILL");
    assert_eq!(first.running.wait(), 137);
    // While the heartbeat still looks fresh this is refused; then it is watched, and found dead.
    let text = eventually("a run that does not wait to take the lease", || {
        let output = scene.cluster.run(["run", "--once", &scene.manifest]);
        assert!([0, 4].contains(&output.code), "{}", output.stdout);
        (output.code == 0).then_some(output.stdout)
    });
    assert_contains(&text, &["took the lease of alice@"]);
    assert_eq!(scene.jobs(), 3);
    Ok(())
}

fn bounded_wait() -> Outcome {
    let scene = scene(3);
    let first = scene.start("alice", &[DURATION]);
    first.until_created(3);
    let second = scene
        .cluster
        .run(["run", "--once", "--lease-wait=1s", &scene.manifest])
        .expect(4);
    assert_contains(&second.stdout, &["alice@", "still did after"]);
    Ok(())
}

fn takeover() -> Outcome {
    let scene = scene(3);
    let first = scene.start("alice", &[DURATION]);
    first.until_created(3);
    let second = scene.start("bob", &[DURATION, "--takeover"]);
    first.until_says("REFUSED: bob@");
    let text = first.stdout();
    assert_eq!(first.running.wait(), 4, "{text}");
    eventually("a cycle of the second run", || {
        second.stdout().contains("create 0").then_some(())
    });
    assert_contains(&second.stderr(), &["--takeover", "alice@", "by force"]);
    assert_eq!(scene.jobs(), 3);
    second.running.signal("INT");
    assert_eq!(second.running.wait(), 130);
    assert!(scene.leases().is_empty(), "{:?}", scene.leases());
    Ok(())
}

fn other_objects() -> Outcome {
    let scene = scene(2);
    let first = scene.start("alice", &[]);
    first.until_created(2);
    let text = std::fs::read_to_string(&scene.manifest)?;
    let both = format!("{text}---\n{}", text.replace("name: orders", "name: mails"));
    let both = scene.cluster.write("both.yaml", &both);
    let second = scene.cluster.run(["run", "--once", &both]).expect(4);
    assert_contains(&second.stdout, &["REFUSED: alice@", "2 created"]);
    assert_eq!(scene.jobs(), 4);
    Ok(())
}

/// Two runs with `--once --lease-wait` that each had done one of two objects would wait for each other for ever.
fn no_hold_and_wait() -> Outcome {
    let scene = scene(2);
    let first = scene.start("alice", &[]);
    first.until_created(2);
    let text = std::fs::read_to_string(&scene.manifest)?;
    let both = format!("{text}---\n{}", text.replace("name: orders", "name: mails"));
    let both = scene.cluster.write("both.yaml", &both);
    let second = Scene {
        manifest: both,
        ..scene
    };
    let waiting = second.start("bob", &["--once", "--lease-wait"]);
    eventually("Jobs of the object that is free", || {
        (second.jobs() == 4).then_some(())
    });
    eventually("its lease to be given up", || {
        let leases = second.leases();
        (!leases.iter().any(|name| name == "keda-jobs-mails")).then_some(())
    });
    waiting.until_says("waits for the lease keda-jobs-orders");
    first.running.signal("TERM");
    assert_eq!(first.running.wait(), 143);
    assert_eq!(waiting.running.wait(), 0);
    assert_eq!(second.jobs(), 4);
    Ok(())
}

fn flags() -> Outcome {
    for (arguments, part) in [
        (&["--lease-duration", "500ms"][..], "whole seconds"),
        (&["--lease-duration", "0"], "between 1s and"),
        (&["--no-lease", "--takeover"], "--takeover"),
        (&["--no-lease", "--lease-wait"], "--lease-wait"),
        (&["--lease-wait=soon"], "is no duration"),
    ] {
        let mut keda = Keda::new(["run", "examples/demo-queue.yaml"]);
        for argument in arguments {
            keda = keda.arg(argument);
        }
        assert_contains(&keda.run().expect(2).stderr, &[part]);
    }
    Ok(())
}
