//! Who the cluster takes us for.

mod certificate;
mod plugin;
mod process;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use kube::api::PostParams;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sources::scaled_job;
use crate::support::binary::{Keda, Output, Running};
use crate::support::cluster::{TestCluster, given_kubeconfig};
use crate::support::servers::Page;
use crate::support::{
    Outcome, assert_contains, assert_lacks, block_on, embedded_test, eventually, test,
};

pub(crate) fn tests() -> Vec<Trial> {
    let mut all = plugin::tests();
    all.extend(process::tests());
    all.extend(certificate::tests());
    all.extend([
        test(
            "credentials::a_token_file_may_end_with_a_line_break",
            token_file,
        ),
        embedded_test(
            "credentials::a_refused_token_is_read_again_from_its_file",
            refused_token,
        ),
    ]);
    all
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
    assert_contains(
        &output.stderr,
        &[
            "the token file",
            &path,
            "is empty",
            "hint: it is what tokenFile",
        ],
    );
    // kubectl has an empty one that stands beside for none.
    let user = json!({"token": " "});
    let output = list(&cluster, &as_user(&cluster, &user)).expect(2);
    assert_contains(
        &output.stderr,
        &["the token of this user", "is empty", "hint: log in"],
    );
    Ok(())
}

/// `run` over one object, with jobs as many as it is told.
struct Loop {
    waiting: Arc<AtomicU32>,
    run: Running,
    outputs: [PathBuf; 2],
}

impl Loop {
    fn start(cluster: &TestCluster, kubeconfig: &str) -> Self {
        Self::start_with(cluster, kubeconfig, &[])
    }

    fn start_with(cluster: &TestCluster, kubeconfig: &str, flags: &[&str]) -> Self {
        let waiting = Arc::new(AtomicU32::new(0));
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
        let outputs = ["stdout", "stderr"].map(|name| cluster.folder.path().join(name));
        let run = Keda::new(["run", &manifest, "--kubeconfig", kubeconfig, "--namespace"])
            .arg(&cluster.namespace)
            .args(flags)
            .spawn(&outputs[0], &outputs[1]);
        Self {
            waiting,
            run,
            outputs,
        }
    }

    /// Has it make so many Jobs in all.
    fn make(&self, cluster: &TestCluster, count: u32) {
        self.waiting.store(count, Ordering::Relaxed);
        eventually(&format!("{count} Jobs"), || {
            (cluster.jobs().len() == count as usize).then_some(())
        });
    }

    fn said(&self) -> String {
        let read = |path| std::fs::read_to_string(path).expect("an output");
        self.outputs.iter().map(read).collect()
    }

    /// Ends it; nothing showed of credentials that were refused.
    fn end(self) {
        self.run.signal("INT");
        eventually("the end of the run", || {
            self.said().contains("run ended").then_some(())
        });
        let said = self.said();
        assert_eq!(self.run.wait(), 130);
        assert_lacks(&said, "Unauthorized");
        assert_lacks(&said, "credential");
    }
}

/// Has the embedded cluster take a token no more.
fn refuse(cluster: &TestCluster, token: &str) {
    let refusal = json!([{"token": token, "action": {"status": 401}}]);
    cluster.admin("POST", "/sandbox/faults", Some(refusal));
}

/// The token of a loop is revoked: nothing shows but what comes of the new one.
fn refused_token() -> Outcome {
    let cluster = TestCluster::start();
    let token = cluster.write("token", "first");
    let run = Loop::start(&cluster, &as_user(&cluster, &json!({"tokenFile": token})));
    run.make(&cluster, 1);
    cluster.write("token", "second");
    refuse(&cluster, "first");
    run.make(&cluster, 3);
    run.end();
    Ok(())
}
