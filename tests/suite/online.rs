//! `validate --cluster` and `--sources`: what only a cluster and event sources can say.

use std::path::Path;

use k8s_openapi::api::core::v1::{ConfigMap, ResourceQuota, Secret};
use kube::Api;
use kube::api::{ApiResource, DynamicObject, PostParams};
use kube::core::GroupVersionKind;
use libtest_mimic::Trial;
use serde::Deserialize as _;
use serde_json::json;

use crate::support::cluster::TestCluster;
use crate::support::servers::Page;
use crate::support::{Outcome, assert_contains, assert_lacks, block_on, embedded_test, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("online::what_is_missing_is_named_at_its_place", missing),
        test(
            "online::a_namespace_that_does_not_exist_is_named",
            missing_namespace,
        ),
        test("online::a_dry_run_maps_field_errors", dry_run),
        embedded_test(
            "online::a_cluster_that_takes_our_label_away_is_told_of",
            lost_label,
        ),
        test("online::quotas_are_compared_with_the_maximum", quota),
        test("online::sources_are_read_once", sources),
        embedded_test("online::what_may_not_be_asked_is_a_warning", forbidden),
        test("online::without_a_cluster_it_fails", no_cluster),
        test("online::kubectls_flags_choose_the_cluster", flags),
        embedded_test(
            "online::each_rule_has_a_wrong_and_a_right_example",
            examples,
        ),
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

fn missing_namespace() -> Outcome {
    let cluster = TestCluster::start().with_all_rights();
    let sound = "        containers: [{name: worker, image: busybox:1.36}]";
    let elsewhere =
        scaled_job(sound, URL).replace("name: orders\n", "name: orders\n  namespace: nowhere\n");
    let elsewhere = cluster.write("elsewhere.yaml", &elsewhere);
    let found = cluster
        .run(["validate", "--cluster", "--output", "concise", &elsewhere])
        .expect(1);
    assert_contains(
        &found.stdout,
        &["elsewhere.yaml:5:14: error[missing-in-cluster] namespace nowhere does not exist"],
    );
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

fn lost_label() -> Outcome {
    let cluster = TestCluster::start();
    let pod = "        containers: [{name: worker, image: busybox:1.36}]";
    let path = cluster.write("orders.yaml", &scaled_job(pod, URL));
    let rules =
        json!([{"verb": "create", "resource": "jobs", "action": {"dropLabel": "keda-jobs/name"}}]);
    cluster.admin("POST", "/sandbox/faults", Some(rules));
    let output = cluster
        .run(["validate", "--cluster", "--output", "concise", &path])
        .expect(1);
    assert_contains(
        &output.stdout,
        &[
            "orders.yaml:4:9: error[refused-by-cluster] a mutating webhook or policy of the cluster takes the label keda-jobs/name",
        ],
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

fn flags() -> Outcome {
    let cluster = TestCluster::start();
    let sound = "        containers: [{name: worker, image: busybox:1.36}]";
    let path = cluster.write("sound.yaml", &scaled_job(sound, URL));
    // The word takes a name as kubectl's does, and no path for a name.
    for flags in [
        &["--cluster", path.as_str()][..],
        &[path.as_str(), "--cluster"],
    ] {
        cluster
            .run(["validate"].into_iter().chain(flags.iter().copied()))
            .expect(0);
    }
    for (flag, said) in [
        ("--cluster=elsewhere", "elsewhere"),
        ("--user=nobody", "nobody"),
        ("--context=production", "production"),
    ] {
        let mut flags = vec!["validate", flag, &path];
        if !flag.starts_with("--cluster") {
            flags.push("--cluster");
        }
        let output = cluster.run(flags).expect(2);
        assert_contains(&output.stderr, &[said]);
    }
    crate::support::binary::Keda::new(["validate", "--cluster=a", "--in-cluster", &path])
        .run()
        .expect(2);
    Ok(())
}

/// The rules that only the cluster and the sources answer to: `tests/data/rules/ID/wrong.yaml` gives `wrong.out`, `right.yaml` nothing.
/// What the cluster holds stands in `cluster.yaml`, and what it refuses in `faults.json`. `SNAPSHOTS=overwrite` writes the golden files anew.
fn examples() -> Outcome {
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite");
    let mut faults = Vec::new();
    for (rule, flag) in [
        ("missing-in-cluster", "--cluster"),
        ("not-asked", "--cluster"),
        ("quota-below-max", "--cluster"),
        ("refused-by-cluster", "--cluster"),
        ("source-failed", "--sources"),
        ("source-read", "--sources"),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data/rules")
            .join(rule);
        let cluster = TestCluster::start();
        apply(&cluster, &folder.join("cluster.yaml"));
        if let Ok(rules) = std::fs::read_to_string(folder.join("faults.json")) {
            cluster.admin("POST", "/sandbox/faults", serde_json::from_str(&rules).ok());
        }
        let shown = |name: &str| {
            let path = folder.join(name).display().to_string();
            let output = cluster.run(["validate", flag, "--source-timeout", "5s", &path]);
            assert!(output.stderr.is_empty(), "{rule}: {}", output.stderr);
            // What differs from run to run.
            let stdout = output
                .stdout
                .replace(&format!("{}/", folder.display()), "")
                .replace(&cluster.namespace, "shop");
            let lines: Vec<String> = stdout.lines().map(without_time).collect();
            format!("{}\n", lines.join("\n"))
        };
        let wrong = shown("wrong.yaml");
        if !wrong.contains(&format!("[{rule}]")) {
            faults.push(format!("{rule}: wrong.yaml has no such finding:\n{wrong}"));
        }
        let golden = folder.join("wrong.out");
        if overwrite {
            std::fs::write(&golden, &wrong)?;
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != wrong {
            faults.push(format!("{rule}: wrong.yaml gives\n{wrong}"));
        }
        let right = shown("right.yaml");
        if !right.starts_with("1 object that scales Jobs in 1 file: nothing to complain about") {
            faults.push(format!("{rule}: right.yaml is not silent:\n{right}"));
        }
        assert!(cluster.jobs().is_empty(), "{rule}: a Job was created");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

/// `… after 12 ms` without the number.
fn without_time(line: &str) -> String {
    match line.rsplit_once(" after ") {
        Some((before, time)) if time.ends_with(" ms") => format!("{before} after some ms"),
        _ => line.to_owned(),
    }
}

/// Creates what a file holds in the test's namespace; nothing when there is no such file.
fn apply(cluster: &TestCluster, path: &Path) {
    let Ok(text) = std::fs::read_to_string(path) else {
        return;
    };
    for document in serde_yaml::Deserializer::from_str(&text) {
        let object = DynamicObject::deserialize(document).expect("an object");
        let types = object.types.clone().expect("apiVersion and kind");
        let (group, version) = types
            .api_version
            .split_once('/')
            .unwrap_or(("", &types.api_version));
        let kind = GroupVersionKind::gvk(group, version, &types.kind);
        let resource = ApiResource::from_gvk(&kind);
        block_on(async {
            let client = cluster.client_async().await;
            Api::<DynamicObject>::namespaced_with(client, &cluster.namespace, &resource)
                .create(&PostParams::default(), &object)
                .await
                .expect("the object can be created");
        });
    }
}
