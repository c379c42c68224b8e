use super::*;

#[test]
fn names_are_dns_subdomains() {
    assert_eq!(object_lease("orders"), "keda-jobs-orders");
    assert_eq!(heartbeat_lease("x7k2p9q1"), "keda-jobs-run-x7k2p9q1");
    let long = object_lease(&format!("{}.b{}", "a".repeat(230), "c".repeat(22)));
    assert!(long.len() <= MAX_NAME, "{long}");
    let other = object_lease(&format!("{}.b{}", "a".repeat(230), "d".repeat(22)));
    assert_ne!(long, other);
}

fn held(lease: DynamicObject) -> Held {
    Held::of(lease, "get").unwrap()
}

#[test]
fn a_claim_counts_changes_of_the_holder_only() {
    let nobodys = DynamicObject::new("a", &ApiResource::erase::<Lease>(&()));
    let mut seen = held(nobodys.data(Value::Null));
    let by = |identity| Claim {
        identity,
        heartbeat: Some("keda-jobs-run-a"),
        duration: Duration::from_secs(30),
        now: Timestamp::UNIX_EPOCH,
    };
    for (identity, transitions) in [
        ("alice_a", None),
        ("alice_a", None),
        ("bob_b", Some(1)),
        ("alice_a", Some(2)),
    ] {
        seen = held(claimed(&seen, by(identity)));
        assert_eq!(seen.spec.lease_transitions, transitions);
        assert_eq!(seen.spec.lease_duration_seconds, Some(30));
    }
    let labels = seen.lease.metadata.labels.as_ref().unwrap();
    assert_eq!(labels[RUN_LABEL], "keda-jobs-run-a");
    assert_eq!(seen.holder(), Some("alice_a"));
    assert_eq!(seen.heartbeat(), Some("keda-jobs-run-a"));
    assert_eq!(seen.duration(), Some(Duration::from_secs(30)));
    assert_eq!(seen.renew_time(), Some(Timestamp::UNIX_EPOCH));
    // Another's annotation says nothing of a holder that somebody else wrote.
    for holder in ["bob", "bob_b", "a", "alice-a", ""] {
        let mut lease = seen.lease.clone();
        set(&mut lease, "holderIdentity", holder);
        assert_eq!(held(lease).heartbeat(), None, "{holder}");
    }
}

#[test]
fn a_claim_keeps_what_our_types_do_not_know() {
    let lease: DynamicObject = serde_json::from_value(serde_json::json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "a", "resourceVersion": "7", "labels": {"team": "shop"}},
        "spec": {"holderIdentity": "bob_b", "newerThanUs": {"deep": [1, 2]}},
        "newerToo": true,
    }))
    .unwrap();
    let claim = Claim {
        identity: "alice_a",
        heartbeat: None,
        duration: Duration::from_secs(30),
        now: Timestamp::UNIX_EPOCH,
    };
    let sent = serde_json::to_value(claimed(&held(lease), claim)).unwrap();
    assert_eq!(sent["spec"]["holderIdentity"], "alice_a");
    assert_eq!(sent["spec"]["leaseTransitions"], 1);
    assert_eq!(sent["spec"]["renewTime"], "1970-01-01T00:00:00.000000Z");
    assert_eq!(sent["spec"]["newerThanUs"]["deep"][1], 2);
    assert_eq!(sent["newerToo"], true);
    assert_eq!(sent["metadata"]["labels"]["team"], "shop");
    assert_eq!(sent["metadata"]["resourceVersion"], "7");
}
