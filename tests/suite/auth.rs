//! Where parameters come from: the container's environment and TriggerAuthentication, in files and in the cluster.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use libtest_mimic::Trial;
use serde_json::json;

use crate::sources::scaled_job;
use crate::support::cluster::TestCluster;
use crate::support::redis::Redis;
use crate::support::{Outcome, assert_contains, assert_lacks, test_with};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test_with(
            &["redis-server"],
            "auth::a_secret_in_the_files",
            local_secret,
        ),
        test_with(
            &["redis-server"],
            "auth::a_secret_in_the_cluster",
            cluster_secret,
        ),
        test_with(
            &["redis-server"],
            "auth::environment_of_the_container",
            environment,
        ),
        test_with(
            &["redis-server"],
            "auth::a_missing_object_or_key_is_named",
            missing,
        ),
        test_with(
            &["redis-server"],
            "auth::trigger_authentication_of_the_cluster",
            in_cluster,
        ),
    ]
}

const PASSWORD: &str = "correct-horse";

fn redis() -> Redis {
    let redis = Redis::start(Some(PASSWORD));
    redis.command(Some(PASSWORD), &["RPUSH", "work", "a", "b", "c"]);
    redis
}

fn trigger(redis: &Redis, rest: &str) -> String {
    format!(
        "- type: redis\n  metadata:\n    address: 127.0.0.1:{}\n    listName: work\n    listLength: \"1\"\n{rest}",
        redis.port
    )
}

const AUTHENTICATION: &str = "apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  name: login
spec:
  secretTargetRef:
  - parameter: password
    name: redis
    key: password
---
";

#[track_caller]
fn creates_three(cluster: &TestCluster, manifest: &str) {
    let path = cluster.write("manifest.yaml", manifest);
    let output = cluster.run(["plan", &path, "--output", "json"]);
    assert_eq!(output.code, 0, "{}\n{}", output.stdout, output.stderr);
    assert_eq!(
        output.json()["items"][0]["decision"]["create"],
        json!(3),
        "{}",
        output.stdout
    );
    assert_lacks(&format!("{}{}", output.stdout, output.stderr), PASSWORD);
}

fn local_secret() -> Outcome {
    let redis = redis();
    let cluster = TestCluster::start();
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: redis\nstringData:\n  password: {PASSWORD}\n---\n"
    );
    let job = scaled_job(
        "guarded",
        &trigger(&redis, "  authenticationRef:\n    name: login"),
    );
    creates_three(&cluster, &format!("{secret}{AUTHENTICATION}{job}"));
    Ok(())
}

fn make_secret(cluster: &TestCluster) {
    cluster.create::<Secret>(
        json!({"metadata": {"name": "redis"}, "stringData": {"password": PASSWORD, "empty": ""}}),
    );
}

fn cluster_secret() -> Outcome {
    let redis = redis();
    let cluster = TestCluster::start();
    make_secret(&cluster);
    let job = scaled_job(
        "guarded",
        &trigger(&redis, "  authenticationRef:\n    name: login"),
    );
    creates_three(&cluster, &format!("{AUTHENTICATION}{job}"));
    Ok(())
}

fn in_cluster() -> Outcome {
    let redis = redis();
    let cluster = TestCluster::start();
    make_secret(&cluster);
    let object: serde_json::Value = serde_yaml::from_str(AUTHENTICATION.trim_end_matches("---\n"))?;
    cluster.create_keda("TriggerAuthentication", "triggerauthentications", object);
    creates_three(
        &cluster,
        &scaled_job(
            "guarded",
            &trigger(&redis, "  authenticationRef:\n    name: login"),
        ),
    );
    Ok(())
}

fn environment() -> Outcome {
    let redis = redis();
    let cluster = TestCluster::start();
    make_secret(&cluster);
    cluster.create::<ConfigMap>(json!({"metadata": {"name": "places"}, "data": {"PORT": redis.port.to_string(), "LIST": "work"}}));
    let job = scaled_job(
        "environment",
        "- type: redis\n  metadata:\n    addressFromEnv: ADDRESS\n    listName: work\n    listLength: \"1\"\n    passwordFromEnv: REDIS_PASSWORD",
    )
    .replace(
        "          image: busybox:1.36",
        "          image: busybox:1.36
          envFrom:
          - prefix: REDIS_
            configMapRef:
              name: places
          env:
          - name: ADDRESS
            value: 127.0.0.1:$(REDIS_PORT)
          - name: REDIS_PASSWORD
            valueFrom:
              secretKeyRef:
                name: redis
                key: password
          - name: NODE
            valueFrom:
              fieldRef:
                fieldPath: spec.nodeName",
    );
    creates_three(&cluster, &job);
    let path = cluster.write(
        "field.yaml",
        &job.replace("addressFromEnv: ADDRESS", "addressFromEnv: NODE"),
    );
    let output = cluster.run(["plan", &path]);
    assert_ne!(output.code, 0);
    assert_contains(
        &format!("{}{}", output.stdout, output.stderr),
        &["NODE", "fieldRef"],
    );
    Ok(())
}

fn missing() -> Outcome {
    let redis = redis();
    let cluster = TestCluster::start();
    let job = scaled_job(
        "guarded",
        &trigger(&redis, "  authenticationRef:\n    name: login"),
    );
    let plan = |manifest: &str| {
        let path = cluster.write("missing.yaml", manifest);
        cluster.run(["plan", &path]).expect(1).stdout
    };
    // Neither the TriggerAuthentication, nor the Secret, nor the key.
    assert_contains(
        &plan(&job),
        &["TriggerAuthentication", "login", &cluster.namespace],
    );
    let with_authentication = format!("{AUTHENTICATION}{job}");
    assert_contains(
        &plan(&with_authentication),
        &["Secret", "redis", &cluster.namespace],
    );
    make_secret(&cluster);
    assert_contains(
        &plan(&with_authentication.replace("key: password", "key: passwort")),
        &["passwort", "redis"],
    );
    let run = cluster
        .run(["run", "--once", &cluster.write("missing.yaml", &job)])
        .expect(1);
    assert!(cluster.jobs().is_empty(), "{}", run.stdout);
    Ok(())
}
