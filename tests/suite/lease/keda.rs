//! Beside KEDA's own operator.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::{Scene, scene};
use crate::support::{Outcome, assert_contains, assert_lacks};

const OPERATOR: &str = "/apis/coordination.k8s.io/v1/namespaces/keda/leases";

impl Scene {
    /// The same ScaledJob in the cluster, as KEDA would see it.
    pub(super) fn apply_scaled_job(&self) -> String {
        let text = std::fs::read_to_string(&self.manifest).expect("the manifest");
        let object: Value = serde_yaml::from_str(&text).expect("YAML");
        let path = format!(
            "/apis/keda.sh/v1alpha1/namespaces/{}/scaledjobs",
            self.cluster.namespace
        );
        let made = self.cluster.admin("POST", &path, Some(object));
        assert_eq!(made["metadata"]["name"], json!("orders"), "{made}");
        format!("{path}/orders")
    }

    pub(super) fn change(&self, path: &str, change: impl FnOnce(&mut Value)) {
        let mut object = self.cluster.admin("GET", path, None);
        change(&mut object);
        let answer = self.cluster.admin("PUT", path, Some(object));
        assert!(answer["metadata"]["uid"].is_string(), "{answer}");
    }

    fn operator_lease(&self, renewed: Timestamp, seconds: i32) {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "keda"}});
        self.cluster
            .admin("POST", "/api/v1/namespaces", Some(namespace));
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "operator.keda.sh"},
            "spec": {
                "holderIdentity": "keda-operator-0_1",
                "leaseDurationSeconds": seconds,
                "renewTime": micro(renewed),
            },
        });
        let made = self.cluster.admin("POST", OPERATOR, Some(lease));
        assert!(made["metadata"]["uid"].is_string(), "{made}");
    }

    fn expect_refusal(&self, arguments: &[&str]) {
        let mut all = vec!["run", "--once", self.manifest.as_str()];
        all.extend(arguments);
        let output = self.cluster.run(all).expect(4);
        assert_contains(
            &output.stdout,
            &[
                "REFUSED: KEDA's operator drives the ScaledJob orders",
                "kubectl annotate scaledjob orders",
                "autoscaling.keda.sh/paused=true",
            ],
        );
        assert_eq!(self.jobs(), 0);
    }
}

fn micro(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

pub(super) fn live_keda() -> Outcome {
    let scene = scene(3);
    let object = scene.apply_scaled_job();
    scene.operator_lease(Timestamp::now(), 15);
    let path = format!("{OPERATOR}/operator.keda.sh");
    let alive = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // An operator whose clock is a day behind ours: it moves all the same.
            let day = Duration::from_hours(24);
            while alive.load(Ordering::Relaxed) {
                scene.change(&path, |lease| {
                    lease["spec"]["renewTime"] = json!(micro(Timestamp::now() - day));
                });
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        scene.expect_refusal(&[]);
        scene.expect_refusal(&["--takeover"]);
        scene.expect_refusal(&["--no-lease"]);
        scene.cluster.run(["list"]).expect(0);
        alive.store(false, Ordering::Relaxed);
    });
    // By a recent look alone it is taken for alive too, and plan says so.
    scene.change(&path, |lease| {
        lease["spec"]["renewTime"] = json!(micro(Timestamp::now()));
        lease["spec"]["leaseDurationSeconds"] = json!(3600);
    });
    scene.expect_refusal(&[]);
    let plan = scene.cluster.run(["plan", &scene.manifest]).expect(0);
    assert_contains(&plan.stderr, &["note: run would refuse: KEDA's operator"]);
    // Paused there, it is ours.
    scene.change(&object, |object| {
        object["metadata"]["annotations"] = json!({"autoscaling.keda.sh/paused": "true"});
    });
    let plan = scene.cluster.run(["plan", &scene.manifest]).expect(0);
    assert_lacks(&plan.stderr, "note:");
    scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(0);
    assert_eq!(scene.jobs(), 3);
    // Not paused, but the operator is gone: its lease does not move for its duration.
    scene.change(&object, |object| {
        object["metadata"]["annotations"] = json!({"autoscaling.keda.sh/paused": "false"});
    });
    scene.change(&path, |lease| {
        lease["spec"]["renewTime"] = json!(micro(Timestamp::now() - Duration::from_hours(1)));
        lease["spec"]["leaseDurationSeconds"] = json!(1);
    });
    scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(0);
    // An operator that we may not look at may be alive.
    scene.fault(json!([{"path": "/namespaces/keda/", "action": {"status": 403}}]));
    let output = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(4);
    assert_contains(&output.stdout, &["whether it is alive cannot be seen"]);
    Ok(())
}

pub(super) fn recent_job() -> Outcome {
    let scene = scene(3);
    scene.apply_scaled_job();
    let job: k8s_openapi::api::batch::v1::Job = scene.cluster.create(json!({
        "metadata": {
            "name": "orders-by-keda",
            "labels": {"scaledjob.keda.sh/name": "orders"},
        },
        "spec": {"template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "worker", "image": "busybox:1.36"}],
        }}},
    }));
    assert!(job.metadata.uid.is_some());
    scene.cluster.admin("DELETE", "/sandbox/requests", None);
    let output = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(4);
    assert_contains(&output.stdout, &["it made a Job for this object"]);
    // When KEDA made Jobs is all that is asked of them; the lists after that are those of the table at the end.
    let requests = scene.cluster.admin("GET", "/sandbox/requests", None);
    let requests = requests["last"].as_array().expect("requests");
    let list = requests
        .iter()
        .find(|request| request["verb"] == "list" && request["resource"] == "jobs")
        .expect("a list of Jobs");
    let accept = list["accept"].as_str().unwrap_or_default();
    assert_contains(accept, &["as=PartialObjectMetadataList"]);
    assert_eq!(scene.jobs(), 1);
    Ok(())
}

/// Where ScaledJobs may not be seen, nothing keeps a live KEDA's objects from us: that is said.
pub(super) fn hidden_keda() -> Outcome {
    let scene = scene(2);
    scene.fault(json!([{"resource": "scaledjobs", "action": {"status": 403}}]));
    let output = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(0);
    let warning = format!(
        "cannot get scaledjobs.keda.sh in namespace {}",
        scene.cluster.namespace
    );
    assert_eq!(
        output.stderr.matches(&warning).count(),
        1,
        "{}",
        output.stderr
    );
    assert_contains(
        &output.stderr,
        &["whether KEDA drives objects there is not known"],
    );
    assert_eq!(scene.jobs(), 2);
    // A cluster without KEDA has nothing to hide.
    scene.fault(json!([
        {"resource": "scaledjobs", "action": {"status": 403}},
        {"path": "/apis/keda.sh/v1alpha1", "action": {"status": 404}},
    ]));
    let output = scene
        .cluster
        .run(["run", "--once", &scene.manifest])
        .expect(0);
    assert_lacks(&output.stderr, "whether KEDA drives");
    Ok(())
}
