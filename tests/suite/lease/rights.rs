//! With few rights, and without leases.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{DURATION, scene, scene_with};
use crate::support::{Outcome, assert_contains};

pub(super) fn no_lease() -> Outcome {
    let scene = scene(3);
    let output = scene
        .cluster
        .run(["run", "--once", "--no-lease", &scene.manifest])
        .expect(0);
    assert_contains(&output.stderr, &["warning: --no-lease"]);
    assert_eq!(scene.jobs(), 3);
    let counts = scene.cluster.admin("GET", "/sandbox/requests", None)["counts"].clone();
    for verb in ["get", "create", "update", "delete"] {
        assert!(counts[format!("{verb} leases")].is_null(), "{counts}");
    }
    Ok(())
}

pub(super) fn forbidden() -> Outcome {
    let scene = scene(3);
    scene.fault(json!([{"resource": "leases", "action": {"status": 403}}]));
    let output = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(2);
    assert_contains(
        &output.stderr,
        &[
            &format!(
                "create leases.coordination.k8s.io in namespace {}",
                scene.cluster.namespace
            ),
            &format!(
                "hint: the right to create leases.coordination.k8s.io in namespace {} is missing",
                scene.cluster.namespace
            ),
            "--no-lease",
        ],
    );
    assert_eq!(scene.jobs(), 0);
    scene
        .cluster
        .run(["run", "--once", "--no-lease", &scene.manifest])
        .expect(0);
    assert_eq!(scene.jobs(), 3);
    Ok(())
}

/// Every request that the commands make is granted by the Role, and reaches no other namespace.
pub(super) fn role() -> Outcome {
    let text = std::fs::read_to_string("examples/role.yaml")?;
    let role = text
        .split("---\n")
        .find(|document| document.contains("kind: Role\n"))
        .expect("a Role");
    let role: Value = serde_yaml::from_str(role)?;
    let words = |value: &Value| -> Vec<String> {
        let values = value.as_array().cloned().unwrap_or_default();
        values
            .iter()
            .filter_map(|word| word.as_str().map(str::to_owned))
            .collect()
    };
    let mut granted = BTreeSet::new();
    for rule in role["rules"].as_array().expect("rules") {
        for resource in words(&rule["resources"]) {
            for verb in words(&rule["verbs"]) {
                granted.insert(format!("{verb} {resource}"));
            }
        }
    }

    // History to trim, pods to look at, credentials and the ScaledJob in the cluster.
    let scene = scene_with(2, |text| {
        text.replace("sandbox.keda-jobs/run: 30m", "sandbox.keda-jobs/run: 100ms")
            .replace(
                "maxReplicaCount: 100",
                "maxReplicaCount: 100\n  successfulJobsHistoryLimit: 0\n  scalingStrategy:\n    strategy: accurate",
            )
            .replace(
                "targetValue: \"1\"",
                "targetValue: \"1\"\n      authMode: bearer\n    authenticationRef:\n      name: login",
            )
    });
    scene
        .cluster
        .create::<k8s_openapi::api::core::v1::Secret>(json!({
            "metadata": {"name": "login"},
            "stringData": {"token": "secret"},
        }));
    let authentication = json!({
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "TriggerAuthentication",
        "metadata": {"name": "login"},
        "spec": {"secretTargetRef": [{"parameter": "token", "name": "login", "key": "token"}]},
    });
    let path = format!(
        "/apis/keda.sh/v1alpha1/namespaces/{}/triggerauthentications",
        scene.cluster.namespace
    );
    scene.cluster.admin("POST", &path, Some(authentication));
    let object = scene.apply_scaled_job();
    scene.change(&object, |object| {
        object["metadata"]["annotations"] = json!({"autoscaling.keda.sh/paused": "true"});
    });
    scene.cluster.admin("DELETE", "/sandbox/requests", None);
    scene.cluster.run(["plan", &scene.manifest]).expect(0);
    let first = scene.start("alice", &[DURATION]);
    first.until_says("deleted orders-");
    first.running.signal("TERM");
    assert_eq!(first.running.wait(), 143);
    scene.cluster.run(["list"]).expect(0);
    scene.cluster.run(["cleanup", "--all", "--yes"]).expect(0);
    let requests = scene.cluster.admin("GET", "/sandbox/requests", None);
    let counts = requests["counts"].as_object().expect("counts");
    // Reading the record is a request of its own, to no resource. Whether the namespace exists is only asked for a note: where there is a
    // Role it does.
    let note = "get namespaces";
    let made: BTreeSet<String> = counts
        .keys()
        .filter(|key| key.contains(' ') && *key != note)
        // A dry run needs the right to the write.
        .map(|key| key.trim_end_matches(" (dry run)").to_owned())
        .collect();
    assert!(
        made.contains("create leases")
            && made.contains("delete jobs")
            && made.contains("get secrets"),
        "{made:?}"
    );
    let missing: Vec<&String> = made.difference(&granted).collect();
    assert!(missing.is_empty(), "{missing:?} is not in {granted:?}");
    for request in requests["last"].as_array().expect("requests") {
        let path = request["path"].as_str().unwrap_or_default();
        assert!(
            path.starts_with("/sandbox/")
                || path.ends_with(&format!("/namespaces/{}", scene.cluster.namespace))
                || path.contains(&format!("/namespaces/{}/", scene.cluster.namespace)),
            "{path}"
        );
    }
    Ok(())
}
