//! `validate --cluster` and `--sources`: what only a cluster and event sources can say.

use k8s_openapi::api::core::v1::{ConfigMap, ResourceQuota, Secret};
use libtest_mimic::Trial;
use serde_json::json;

use crate::support::cluster::TestCluster;
use crate::support::servers::Page;
use crate::support::{Outcome, assert_contains, assert_lacks, embedded_test, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("online::what_is_missing_is_named_at_its_place", missing),
        test("online::a_dry_run_maps_field_errors", dry_run),
        test("online::quotas_are_compared_with_the_maximum", quota),
        test("online::sources_are_read_once", sources),
        embedded_test("online::what_may_not_be_asked_is_a_warning", forbidden),
        test("online::without_a_cluster_it_fails", no_cluster),
    ]
}

fn scaled_job(pod: &str, trigger: &str) -> String {
    format!(
        "apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata:
  name: orders
spec:
  maxReplicaCount: 10
  jobTargetRef:
    template:
      spec:
        restartPolicy: Never
{pod}
  triggers:
  - type: metrics-api
    metadata:
      url: {trigger}
      valueLocation: waiting
      targetValue: \"1\"
"
    )
}

const URL: &str = "http://127.0.0.1:9/";

fn missing() -> Outcome {
    let cluster = TestCluster::start();
    let pod = "        serviceAccountName: nobody
        imagePullSecrets: [{name: pull}]
        containers:
        - name: worker
          image: busybox:1.36
          env:
          - name: A
            valueFrom: {secretKeyRef: {name: given, key: there}}
          - name: B
            valueFrom: {secretKeyRef: {name: given, key: absent}}
          - name: C
            valueFrom: {secretKeyRef: {name: gone, key: a, optional: true}}
          envFrom: [{configMapRef: {name: settings}}]";
    let path = cluster.write("missing.yaml", &scaled_job(pod, URL));
    let _: Secret = cluster.create(json!({"metadata": {"name": "given"}, "stringData": {"there": "hunter2"}, "data": {"there": "aHVudGVyMg=="}}));
    let output = cluster
        .run(["validate", "--cluster", "--output", "concise", &path])
        .expect(1);
    let namespace = &cluster.namespace;
    assert_contains(
        &output.stdout,
        &[
            &format!(
                "missing.yaml:11:29: error[missing-in-cluster] ServiceAccount {namespace}/nobody does not exist"
            ),
            &format!(
                "missing.yaml:12:35: error[missing-in-cluster] Secret {namespace}/pull does not exist"
            ),
            &format!("error[missing-in-cluster] Secret {namespace}/given has no key \"absent\""),
            &format!("error[missing-in-cluster] ConfigMap {namespace}/settings does not exist"),
        ],
    );
    assert_lacks(&output.stdout, "gone");
    assert_lacks(&output.stdout, "hunter2");
    let _: ConfigMap = cluster.create(json!({"metadata": {"name": "settings"}, "data": {}}));
    let output = cluster
        .run(["validate", "--cluster", "--output", "concise", &path])
        .expect(1);
    assert_lacks(&output.stdout, "settings");
    assert!(cluster.jobs().is_empty(), "the dry run kept a Job");
    Ok(())
}

fn dry_run() -> Outcome {
    let cluster = TestCluster::start();
    let pod = "        containers:
        - name: worker
          image: busybox:1.36
          volumeMounts:
          - name: nowhere
            mountPath: /data";
    let path = cluster.write("refused.yaml", &scaled_job(pod, URL));
    let output = cluster
        .run([
            "validate",
            "--cluster",
            "--select",
            "refused-by-cluster",
            "--output",
            "concise",
            &path,
        ])
        .expect(1);
    assert_contains(
        &output.stdout,
        &[
            "refused.yaml:15:19: error[refused-by-cluster] spec.template.spec.containers[0].volumeMounts[0].name: Not found",
        ],
    );
    let sound = "        containers: [{name: worker, image: busybox:1.36}]";
    let path = cluster.write("sound.yaml", &scaled_job(sound, URL));
    cluster.run(["validate", "--cluster", &path]).expect(0);
    assert!(cluster.jobs().is_empty(), "the dry run kept a Job");
    Ok(())
}

fn quota() -> Outcome {
    let cluster = TestCluster::start();
    let _: ResourceQuota = cluster
        .create(json!({"metadata": {"name": "few"}, "spec": {"hard": {"count/jobs.batch": "3"}}}));
    let sound = "        containers: [{name: worker, image: busybox:1.36}]";
    let path = cluster.write("sound.yaml", &scaled_job(sound, URL));
    let output = cluster.run(["validate", "--cluster", "--output", "concise", &path]);
    assert_contains(
        &output.stdout,
        &["sound.yaml:6:20: warning[quota-below-max]", "gives 3"],
    );
    Ok(())
}

fn sources() -> Outcome {
    let cluster = TestCluster::start();
    let server = Page::serve(200, "application/json", "{\"waiting\": 7}");
    let sound = "        containers: [{name: worker, image: busybox:1.36}]";
    let path = cluster.write("sound.yaml", &scaled_job(sound, &server.url("/")));
    let output = cluster
        .run(["validate", "--sources", "--output", "concise", &path])
        .expect(0);
    assert_contains(
        &output.stdout,
        &["sound.yaml:13:11: note[source-read] metrics-api reads 7 (active, target 1) after "],
    );
    let path = cluster.write("dead.yaml", &scaled_job(sound, URL));
    let output = cluster
        .run([
            "validate",
            "--sources",
            "--source-timeout",
            "5s",
            "--output",
            "concise",
            &path,
        ])
        .expect(1);
    assert_contains(
        &output.stdout,
        &["error[source-failed] metrics-api cannot be read"],
    );
    Ok(())
}

fn forbidden() -> Outcome {
    let cluster = TestCluster::start();
    let pod = "        containers:
        - name: worker
          image: busybox:1.36
          envFrom: [{secretRef: {name: mine}}]";
    let path = cluster.write("forbidden.yaml", &scaled_job(pod, URL));
    let rules = json!([
        {"resource": "secrets", "action": {"status": 403}},
        {"resource": "resourcequotas", "action": {"status": 403}},
    ]);
    cluster.admin("POST", "/sandbox/faults", Some(rules));
    let output = cluster
        .run(["validate", "--cluster", "--output", "concise", &path])
        .expect(0);
    let namespace = &cluster.namespace;
    assert_contains(
        &output.stdout,
        &[
            &format!("warning[not-asked] cannot get secrets in namespace {namespace}"),
            &format!("warning[not-asked] cannot list resourcequotas in namespace {namespace}"),
        ],
    );
    Ok(())
}

fn no_cluster() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a.yaml");
    let sound = "        containers: [{name: worker, image: busybox:1.36}]";
    std::fs::write(&path, scaled_job(sound, URL))?;
    crate::support::binary::Keda::new(["validate", "--cluster", "--kubeconfig", "/nonexistent"])
        .arg(&path)
        .run()
        .expect(2);
    Ok(())
}
