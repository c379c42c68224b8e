//! Who the cluster takes us for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use kube::api::PostParams;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sources::scaled_job;
use crate::support::binary::{Keda, Output};
use crate::support::cluster::{TestCluster, given_kubeconfig};
use crate::support::servers::Page;
use crate::support::{
    Outcome, assert_contains, assert_lacks, block_on, embedded_test, eventually, test,
};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(
            "credentials::a_token_file_may_end_with_a_line_break",
            token_file,
        ),
        test(
            "credentials::a_plugin_that_fails_is_no_outage",
            failing_plugin,
        ),
        test(
            "credentials::a_plugin_that_hangs_is_given_up",
            hanging_plugin,
        ),
        embedded_test(
            "credentials::a_refused_token_is_fetched_again_from_the_plugin",
            || {
                refused_token(|file| {
                    json!({"exec": {
                        "apiVersion": "client.authentication.k8s.io/v1",
                        "command": "sh",
                        "args": ["-c", "printf '{\"status\": {\"token\": \"%s\"}}' \"$(cat \"$0\")\"", file],
                    }})
                })
            },
        ),
        embedded_test(
            "credentials::a_refused_token_is_read_again_from_its_file",
            || refused_token(|file| json!({"tokenFile": file})),
        ),
        embedded_test(
            "credentials::a_plugin_whose_tokens_are_all_refused_is_not_run_for_ever",
            refused_for_good,
        ),
    ]
}

/// The test's kubeconfig with another user.
fn as_user(cluster: &TestCluster, user: &Value) -> String {
    let text = std::fs::read_to_string(&cluster.kubeconfig).expect("the kubeconfig");
    let mut kubeconfig: Value = serde_yaml::from_str(&text).expect("a kubeconfig");
    for known in kubeconfig["users"].as_array_mut().expect("users") {
        known["user"] = user.clone();
    }
    cluster.write("other.kubeconfig", &kubeconfig.to_string())
}

fn list(cluster: &TestCluster, kubeconfig: &str) -> Output {
    Keda::new(["list", "--kubeconfig", kubeconfig, "--namespace"])
        .arg(&cluster.namespace)
        .run()
}

/// `kubectl create token worker > token`.
fn token_file() -> Outcome {
    let cluster = TestCluster::start();
    let _: ServiceAccount = cluster.create(json!({"metadata": {"name": "worker"}}));
    let token = block_on(async {
        let api: Api<ServiceAccount> =
            Api::namespaced(cluster.client_async().await, &cluster.namespace);
        let request = TokenRequest::default();
        api.create_token_request("worker", &PostParams::default(), &request)
            .await
            .expect("a token")
    });
    let token = token
        .status
        .and_then(|status| status.token)
        .expect("a token");
    let path = cluster.write("token", &format!("{token}\n"));
    // kubectl lets the file go before a token that stands beside it.
    let user = json!({"tokenFile": path, "token": "stale"});
    let output = list(&cluster, &as_user(&cluster, &user));
    if given_kubeconfig().is_some() {
        // Who it is was understood; it has no right to anything.
        let name = format!("system:serviceaccount:{}:worker", cluster.namespace);
        assert_contains(&output.expect(2).stderr, &["is forbidden", &name]);
    } else {
        output.expect(0);
    }
    cluster.write("token", "\n");
    let output = list(&cluster, &as_user(&cluster, &user)).expect(2);
    assert_contains(&output.stderr, &["the token file", &path, "is empty"]);
    Ok(())
}

/// The cluster is where it was: its address and the context are not what to look at.
fn failing_plugin() -> Outcome {
    let cluster = TestCluster::start();
    let user = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", "echo token-of-the-day; echo not logged in >&2; exit 3"],
        "env": [{"name": "PASSWORD", "value": "word-of-the-day"}],
        "interactiveMode": "Never",
    }});
    let output = list(&cluster, &as_user(&cluster, &user)).expect(2);
    assert_contains(
        &output.stderr,
        &[
            "the credential plugin failed",
            "not logged in",
            "hint: \"sh\" is what exec",
        ],
    );
    assert_lacks(&output.stderr, "is the cluster running");
    // What it was given, and what it printed, is nobody's business.
    assert_lacks(&output.stderr, "of-the-day");
    let user = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "keda-jobs-no-such-plugin",
    }});
    let output = list(&cluster, &as_user(&cluster, &user)).expect(2);
    assert_contains(
        &output.stderr,
        &[
            "cannot be started",
            "\"keda-jobs-no-such-plugin\" is what exec",
        ],
    );
    Ok(())
}

/// A pipeline would wait for ever.
fn hanging_plugin() -> Outcome {
    let cluster = TestCluster::start();
    let user = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", "exec sleep 30"],
    }});
    let kubeconfig = as_user(&cluster, &user);
    for command in [&["list"][..], &["plan", "examples/demo-queue.yaml"]] {
        let output = Keda::new(command)
            .args(["--kubeconfig", &kubeconfig, "--request-timeout", "1s"])
            .run()
            .expect(2);
        assert_contains(
            &output.stderr,
            &[
                "the credential plugin \"sh\" gave no answer within 1s",
                "hint: ",
            ],
        );
    }
    Ok(())
}

/// The token of a loop is revoked: nothing shows but what comes of the new one.
fn refused_token(user: impl FnOnce(&str) -> Value) -> Outcome {
    let cluster = TestCluster::start();
    let token = cluster.write("token", "first");
    let kubeconfig = as_user(&cluster, &user(&token));
    let waiting = Arc::new(AtomicU32::new(1));
    let page = Page::changing(200, "application/json", {
        let waiting = Arc::clone(&waiting);
        move || format!("{{\"waiting\": {}}}", waiting.load(Ordering::Relaxed))
    });
    let trigger = format!(
        "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"",
        page.url("/")
    );
    let manifest = scaled_job("orders", &trigger).replace(
        "  maxReplicaCount: 100\n",
        "  maxReplicaCount: 100\n  pollingInterval: 1\n",
    );
    let manifest = cluster.write("orders.yaml", &manifest);
    let errors = cluster.folder.path().join("stderr");
    let run = Keda::new(["run", &manifest, "--kubeconfig", &kubeconfig, "--namespace"])
        .arg(&cluster.namespace)
        .spawn(&cluster.folder.path().join("stdout"), &errors);
    eventually("the first Job", || {
        (cluster.jobs().len() == 1).then_some(())
    });
    cluster.write("token", "second");
    let refusal = json!([{"token": "first", "action": {"status": 401}}]);
    cluster.admin("POST", "/sandbox/faults", Some(refusal));
    waiting.store(3, Ordering::Relaxed);
    eventually("more Jobs with the second token", || {
        (cluster.jobs().len() == 3).then_some(())
    });
    run.signal("INT");
    assert_eq!(run.wait(), 130);
    let said = std::fs::read_to_string(&errors).expect("stderr");
    assert_lacks(&said, "Unauthorized");
    Ok(())
}

fn refused_for_good() -> Outcome {
    let cluster = TestCluster::start();
    let runs = cluster.write("runs", "");
    let user = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", "echo run >> \"$0\"; printf '{\"status\": {\"token\": \"stale\"}}'", runs],
    }});
    let kubeconfig = as_user(&cluster, &user);
    let refusal = json!([{"token": "stale", "action": {"status": 401}}]);
    cluster.admin("POST", "/sandbox/faults", Some(refusal));
    let output = list(&cluster, &kubeconfig).expect(2);
    assert_contains(
        &output.stderr,
        &[
            "Unauthorized",
            "hint: ",
            "does not accept these credentials",
        ],
    );
    let runs = std::fs::read_to_string(runs).expect("the runs");
    // kube's client runs it three times whenever it is set up.
    assert_eq!(runs.lines().count(), 6);
    Ok(())
}
