//! Killed runs, lost answers, and others who write to our Leases.

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{DeleteParams, ListParams};
use serde_json::{Value, json};

use super::{DURATION, Scene, scene, scene_with};
use crate::support::{Outcome, assert_contains, assert_lacks, block_on, eventually};

pub(super) fn killed_amid_creates() -> Outcome {
    let scene = scene(30);
    scene.fault(json!([{"verb": "create", "resource": "jobs", "action": {"delay": 50}}]));
    let first = scene.start("alice", &[DURATION, "--concurrency", "2"]);
    first.until_created(5);
    first.running.signal("KILL");
    assert_eq!(first.running.wait(), 137);
    let second = scene.start("bob", &[DURATION, "--lease-wait", "--once"]);
    second.until_says("run ended (once)");
    assert_eq!(second.running.wait(), 0);
    assert_eq!(scene.jobs(), 30);
    Ok(())
}

pub(super) fn takeover_amid_creates() -> Outcome {
    let scene = scene(90);
    scene.fault(json!([{"verb": "create", "resource": "jobs", "action": {"delay": 100}}]));
    let first = scene.start("alice", &[DURATION, "--concurrency", "1"]);
    first.until_created(2);
    let second = scene.start("bob", &[DURATION, "--takeover", "--once"]);
    first.until_says("run ended");
    // "… is not ours any more" or "… is held by bob…", by what is seen first: a heartbeat that was written to, or the Lease.
    assert_contains(
        &first.stdout(),
        &[
            "more Jobs were not sent: the lease keda-jobs-orders is ",
            "HELD at",
        ],
    );
    assert_eq!(first.running.wait(), 4);
    second.until_says("run ended (once)");
    assert_eq!(second.running.wait(), 0);
    // At most the one create that was under way comes on top.
    assert!((90..=91).contains(&scene.jobs()), "{}", scene.jobs());
    Ok(())
}

/// What turned out to exist was not created by the cycle that is held.
pub(super) fn held_with_one_found() -> Outcome {
    let scene = scene_with(2, |text| {
        text.replace("pollingInterval: 1\n", "pollingInterval: 4\n")
    });
    scene.fault(json!([
        {"verb": "create", "resource": "jobs", "count": 1, "action": {"loseAnswer": true}},
        {"verb": "create", "resource": "jobs", "count": 2, "action": {"cut": true}},
    ]));
    let run = scene.start("alice", &[DURATION, "--output", "json"]);
    run.until_says("\"type\":\"createFailed\"");
    scene.cluster.admin(
        "DELETE",
        &format!(
            "/apis/coordination.k8s.io/v1/namespaces/{}/leases/keda-jobs-orders",
            scene.cluster.namespace
        ),
        None,
    );
    let events = || -> Vec<Value> {
        let text = run.stdout();
        let lines = text.lines();
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    };
    let of = |kind: &str| {
        let mut all = events().into_iter();
        all.find(|event| event["type"] == kind)
    };
    let held = eventually("a cycle that is held", || of("held"));
    assert!(of("createdAfterAll").is_some());
    assert_eq!(
        (&held["term"], &held["wanted"], &held["create"]),
        (&json!("lease"), &json!(1), &json!(0))
    );
    Ok(())
}

/// Somebody who follows no protocol writes another holder while the server puts our creates off, as it may for a request timeout.
pub(super) fn stolen_amid_creates() -> Outcome {
    let scene = scene(1);
    scene.fault(
        json!([{"verb": "create", "resource": "jobs", "action": {"status": 429, "retryAfter": 1}}]),
    );
    let run = scene.start("alice", &[DURATION, "--request-timeout", "5m"]);
    eventually("the run to hold the lease and ask for a Job", || {
        let requests = scene.cluster.admin("GET", "/sandbox/requests", None);
        requests["counts"]["create jobs"].is_u64().then_some(())
    });
    scene
        .cluster
        .change("keda-jobs-orders", false, |lease: &mut Lease| {
            lease.metadata.annotations = None;
            lease.spec.get_or_insert_default().holder_identity = Some("thief".to_owned());
        });
    run.until_says("is held by thief now: nothing is written");
    Ok(())
}

/// Such a create may be carried out after the run's end, and whoever counted before would make one too many.
pub(super) fn unanswered() -> Outcome {
    let scene = scene(3);
    let delay = json!({"delay": 600_000});
    // The first goes alone and is made.
    scene.fault(json!([{"verb": "create", "resource": "jobs", "after": 1, "action": delay}]));
    let first = ["run", "--once", &scene.manifest, "--request-timeout", "1s"];
    let first = scene.cluster.run([&first[..], &[DURATION]].concat());
    assert_contains(
        &first.expect(1).stdout,
        &[
            "2 creates were not answered and may still be carried out",
            "the lease keda-jobs-orders is kept until it expires",
            "--lease-wait",
        ],
    );
    assert_eq!(scene.jobs(), 1);
    scene.cluster.admin("DELETE", "/sandbox/faults", None);
    assert_eq!(scene.leases().len(), 2, "{:?}", scene.leases());
    let waits = ["run", "--once", &scene.manifest, DURATION, "--lease-wait"];
    let second = scene.cluster.run(waits).expect(0);
    assert_contains(
        &second.stdout,
        &["took the lease of", "did not move for 3s"],
    );
    assert_eq!(scene.jobs(), 3);
    assert!(scene.leases().is_empty(), "{:?}", scene.leases());
    Ok(())
}

/// The first Lease that a run creates is its heartbeat, the second that of its only object.
fn claims(action: &Value) -> Value {
    json!({"verb": "create", "resource": "leases", "after": 1, "count": 1, "action": action})
}

pub(super) fn lost_claim() -> Outcome {
    let scene = scene(3);
    scene.fault(json!([claims(&json!({"loseAnswer": true}))]));
    let run = scene.cluster.run(["run", "--once", &scene.manifest]);
    let stdout = run.expect(2).stdout;
    assert_contains(&stdout, &["HELD: cannot create leases.coordination.k8s.io"]);
    // What became of it is known.
    assert_lacks(&stdout, "may still be carried out");
    assert!(scene.leases().is_empty(), "{:?}", scene.leases());
    Ok(())
}

pub(super) fn late_claim() -> Outcome {
    let scene = scene(3);
    scene.fault(json!([claims(&json!({"delay": 600_000}))]));
    let arguments = ["run", "--once", &scene.manifest, "--request-timeout", "1s"];
    let run = scene.cluster.run(arguments).expect(2);
    assert_contains(
        &run.stdout,
        &[
            "a claim of the lease keda-jobs-orders was not answered and may still be carried out",
            "--lease-wait",
        ],
    );
    assert!(scene.leases().is_empty(), "{:?}", scene.leases());
    Ok(())
}

pub(super) fn lost_heartbeat() -> Outcome {
    let scene = scene(3);
    let creates = |action| json!({"verb": "create", "resource": "leases", "action": action});
    let mut first = creates(json!({"loseAnswer": true}));
    first["count"] = json!(1);
    scene.fault(json!([first, creates(json!({"status": 500}))]));
    let run = scene.cluster.run(["run", "--once", &scene.manifest]);
    assert_contains(&run.expect(2).stdout, &["HELD: "]);
    assert!(scene.leases().is_empty(), "{:?}", scene.leases());
    Ok(())
}

/// `kubectl edit` and client-go's leader election change the holder and leave our annotation, which names a heartbeat that is not theirs.
pub(super) fn foreign_holder() -> Outcome {
    let scene = scene(3);
    let first = scene.start("alice", &[]);
    first.until_created(3);
    first.running.signal("KILL");
    assert_eq!(first.running.wait(), 137);
    scene
        .cluster
        .change("keda-jobs-orders", false, |lease: &mut Lease| {
            let spec = lease.spec.get_or_insert_default();
            spec.holder_identity = Some("elected-1".to_owned());
            spec.renew_time = Some(MicroTime(Timestamp::now()));
            spec.lease_duration_seconds = Some(3600);
        });
    let second = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(4);
    assert_contains(
        &second.stdout,
        &["REFUSED: elected-1 holds the lease keda-jobs-orders"],
    );
    // One that does not renew is dead after its own duration.
    scene
        .cluster
        .change("keda-jobs-orders", false, |lease: &mut Lease| {
            let spec = lease.spec.get_or_insert_default();
            spec.renew_time = None;
            spec.lease_duration_seconds = Some(1);
        });
    let third = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(0);
    assert_contains(
        &third.stdout,
        &[
            "waits for the lease keda-jobs-orders of elected-1",
            "took the lease of elected-1",
        ],
    );
    assert_eq!(scene.jobs(), 3);
    Ok(())
}

/// Many leases are given up with one request, by a label that such a holder leaves as well.
pub(super) fn foreign_holder_at_the_end() -> Outcome {
    let scene = scene(1);
    let text = std::fs::read_to_string(&scene.manifest)?;
    let many: Vec<String> = ["orders", "mails", "bills", "notes"]
        .iter()
        .map(|name| text.replace("name: orders", &format!("name: {name}")))
        .collect();
    let scene = Scene {
        manifest: scene.cluster.write("many.yaml", &many.join("---\n")),
        ..scene
    };
    let run = scene.start("alice", &[]);
    eventually("a Job of each", || (scene.jobs() == 4).then_some(()));
    scene
        .cluster
        .change("keda-jobs-mails", false, |lease: &mut Lease| {
            let spec = lease.spec.get_or_insert_default();
            spec.holder_identity = Some("elected-1".to_owned());
        });
    run.running.signal("INT");
    assert_eq!(run.running.wait(), 130);
    assert_eq!(scene.leases(), ["keda-jobs-mails"]);
    Ok(())
}

/// Somebody tidies Leases away while a run lives, which is held up here so that it cannot make another in time.
pub(super) fn deleted_heartbeat() -> Outcome {
    let scene = scene(3);
    let first = scene.start("alice", &[]);
    first.until_created(3);
    first.running.signal("STOP");
    block_on(async {
        let api: Api<Lease> =
            Api::namespaced(scene.cluster.client_async().await, &scene.cluster.namespace);
        for lease in api.list(&ListParams::default()).await.expect("leases") {
            let name = lease.metadata.name.expect("a name");
            if name.starts_with("keda-jobs-run-") {
                api.delete(&name, &DeleteParams::default())
                    .await
                    .expect("deleted");
            }
        }
    });
    let second = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(4);
    assert_contains(&second.stdout, &["REFUSED: alice@"]);
    first.running.signal("CONT");
    first.running.signal("TERM");
    assert_eq!(first.running.wait(), 143);
    assert!(scene.leases().is_empty(), "{:?}", scene.leases());
    Ok(())
}

pub(super) fn outage() -> Outcome {
    // Jobs that end at once, so that every cycle has something to write.
    let scene = scene_with(2, |text| {
        text.replace("sandbox.keda-jobs/run: 30m", "sandbox.keda-jobs/run: 100ms")
    });
    let first = scene.start("alice", &[DURATION]);
    first.until_created(2);
    scene.fault(json!([{"verb": "update", "resource": "leases", "action": {"status": 500}}]));
    first.until_says("nothing is read or written");
    let held = scene.jobs();
    // The answer comes back before anybody has taken the object: the run goes on.
    scene.cluster.admin("DELETE", "/sandbox/faults", None);
    eventually("the run to go on", || (scene.jobs() > held).then_some(()));
    first.running.signal("TERM");
    assert_eq!(first.running.wait(), 143);
    assert!(scene.leases().is_empty(), "{:?}", scene.leases());
    Ok(())
}
