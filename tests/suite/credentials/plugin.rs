//! The credential plugin of a user: `exec` in the kubeconfig.

use std::path::PathBuf;
use std::sync::atomic::Ordering;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use super::{Loop, as_user, list, refuse};
use crate::sources::scaled_job;
use crate::support::binary::Keda;
use crate::support::cluster::TestCluster;
use crate::support::{Outcome, assert_contains, assert_lacks, embedded_test, eventually, test};

pub(super) const V1: &str = "client.authentication.k8s.io/v1";

pub(super) fn tests() -> Vec<Trial> {
    vec![
        test("credentials::plugin::it_runs_once_in_a_command", runs_once),
        embedded_test(
            "credentials::plugin::it_runs_again_when_its_token_expires",
            expiring,
        ),
        embedded_test(
            "credentials::plugin::it_runs_again_when_its_token_is_refused",
            refused,
        ),
        embedded_test(
            "credentials::plugin::that_gives_only_refused_tokens_is_not_run_for_ever",
            refused_for_good,
        ),
        embedded_test(
            "credentials::plugin::that_fails_when_its_token_has_expired_is_named",
            expired,
        ),
        embedded_test("credentials::plugin::what_it_is_told", told),
        test("credentials::plugin::that_fails_is_no_outage", failing),
        test("credentials::plugin::that_is_missing", missing),
        embedded_test(
            "credentials::plugin::times_that_are_far_off_are_taken",
            far_off,
        ),
        test("credentials::plugin::an_empty_token_is_named", empty),
        test(
            "credentials::plugin::that_has_questions_needs_a_terminal",
            asking,
        ),
    ]
}

/// A plugin that does another thing each time it is run, and the last one from then on.
pub(super) struct Plugin {
    folder: PathBuf,
    pub(super) user: Value,
}

impl Plugin {
    /// `steps` are shell.
    pub(super) fn new(cluster: &TestCluster, steps: &[String]) -> Self {
        let folder = cluster.folder.path().join("plugin");
        std::fs::create_dir(&folder).expect("a folder");
        for (place, step) in steps.iter().enumerate() {
            let path = folder.join(format!("step-{}", place + 1));
            std::fs::write(path, step).expect("a file can be written");
        }
        let script = "echo run >> \"$0/runs\"; n=$(($(wc -l < \"$0/runs\"))); \
                      while ! test -e \"$0/step-$n\"; do n=$((n - 1)); done; . \"$0/step-$n\"";
        let user = json!({"exec": {
            "apiVersion": V1,
            "command": "sh",
            "args": ["-c", script, folder],
            "interactiveMode": "Never",
        }});
        Self { folder, user }
    }

    /// How often it was run.
    pub(super) fn runs(&self) -> usize {
        let runs = std::fs::read_to_string(self.folder.join("runs"));
        runs.unwrap_or_default().lines().count()
    }
}

/// Shell that answers with this status.
pub(super) fn answer(status: &Value) -> String {
    let answer = json!({"apiVersion": V1, "kind": "ExecCredential", "status": status});
    format!("printf '%s' '{answer}'")
}

fn token(token: &str) -> String {
    answer(&json!({"token": token}))
}

pub(super) fn expiring_token(token: &str, after: SignedDuration) -> String {
    let expires = (Timestamp::now() + after).to_string();
    answer(&json!({"token": token, "expirationTimestamp": expires}))
}

pub(super) fn demo(cluster: &TestCluster) -> String {
    let trigger = "- {type: cron, metadata: {timezone: UTC, start: 0 0 1 1 *, end: 59 23 31 12 *, desiredReplicas: \"1\"}}";
    cluster.write("orders.yaml", &scaled_job("orders", trigger))
}

/// What the test's kubeconfig holds of its user, as a plugin gives it: the embedded cluster takes any token, a real one its own
/// certificates.
pub(super) fn own(cluster: &TestCluster) -> Value {
    let text = std::fs::read_to_string(&cluster.kubeconfig).expect("the kubeconfig");
    let kubeconfig: Value = serde_yaml::from_str(&text).expect("a kubeconfig");
    let user = &kubeconfig["users"][0]["user"];
    let pem = |key: &str| {
        let data = BASE64_STANDARD.decode(user[key].as_str()?).expect("base64");
        Some(String::from_utf8(data).expect("PEM"))
    };
    match pem("client-certificate-data") {
        Some(certificate) => {
            json!({"clientCertificateData": certificate, "clientKeyData": pem("client-key-data")})
        }
        None => json!({"token": user["token"].as_str().unwrap_or("mine")}),
    }
}

fn runs_once() -> Outcome {
    let cluster = TestCluster::start();
    let plugin = Plugin::new(&cluster, &[answer(&own(&cluster))]);
    let kubeconfig = as_user(&cluster, &plugin.user);
    let manifest = demo(&cluster);
    let commands: [&[&str]; 4] = [
        &["list"],
        &["plan", &manifest],
        &["run", "--once", &manifest],
        &["cleanup", "--all", "--dry-run"],
    ];
    for (before, command) in commands.into_iter().enumerate() {
        Keda::new(command)
            .args(["--kubeconfig", &kubeconfig, "--namespace"])
            .arg(&cluster.namespace)
            .run()
            .expect(0);
        assert_eq!(plugin.runs(), before + 1, "{command:?}");
    }
    assert_eq!(cluster.jobs().len(), 1);
    // With a token beside it nobody needs it.
    let mut user = plugin.user.clone();
    user["token"] = json!("mine");
    let output = list(&cluster, &as_user(&cluster, &user));
    assert_lacks(&output.stderr, "plugin");
    assert_eq!(plugin.runs(), 4);
    Ok(())
}

fn expiring() -> Outcome {
    let cluster = TestCluster::start();
    let first = expiring_token("first", SignedDuration::from_secs(4));
    let hour = expiring_token("second", SignedDuration::from_hours(1));
    let plugin = Plugin::new(&cluster, &[first, hour, "exit 1".to_owned()]);
    let run = Loop::start(&cluster, &as_user(&cluster, &plugin.user));
    // Who has nothing to ask needs no token.
    let mut jobs = 0;
    while plugin.runs() < 2 {
        jobs += 1;
        run.make(&cluster, jobs);
    }
    // The server would have taken the old one until now.
    refuse(&cluster, "first");
    run.make(&cluster, jobs + 1);
    assert_eq!(plugin.runs(), 2);
    run.end();
    Ok(())
}

fn refused() -> Outcome {
    let cluster = TestCluster::start();
    let plugin = Plugin::new(&cluster, &[token("first"), token("second")]);
    let run = Loop::start(&cluster, &as_user(&cluster, &plugin.user));
    run.make(&cluster, 1);
    assert_eq!(plugin.runs(), 1);
    refuse(&cluster, "first");
    run.make(&cluster, 3);
    assert_eq!(plugin.runs(), 2);
    run.end();
    Ok(())
}

fn refused_for_good() -> Outcome {
    let cluster = TestCluster::start();
    let plugin = Plugin::new(&cluster, &[token("stale")]);
    refuse(&cluster, "stale");
    let output = list(&cluster, &as_user(&cluster, &plugin.user)).expect(2);
    assert_contains(
        &output.stderr,
        &[
            "Unauthorized",
            "hint: ",
            "does not accept these credentials",
        ],
    );
    assert_eq!(plugin.runs(), 2);
    Ok(())
}

fn expired() -> Outcome {
    let cluster = TestCluster::start();
    let first = expiring_token("token-of-the-day", SignedDuration::from_secs(2));
    let fails = "echo secret-of-the-day; echo your session has ended >&2; exit 7".to_owned();
    let plugin = Plugin::new(&cluster, &[first, fails]);
    let run = Loop::start(&cluster, &as_user(&cluster, &plugin.user));
    let words = "the credential plugin \"sh\" failed with exit status: 7: your session has ended";
    eventually("the plugin's words", || {
        run.waiting.fetch_add(1, Ordering::Relaxed);
        run.said().contains(words).then_some(())
    });
    assert_lacks(&run.said(), "of-the-day");
    run.run.signal("INT");
    assert_eq!(run.run.wait(), 130);
    Ok(())
}

/// Its environment, and the cluster where it wants to know it; a path is one in the kubeconfig's folder.
fn told() -> Outcome {
    let cluster = TestCluster::start();
    let asked = cluster.folder.path().join("asked");
    std::os::unix::fs::symlink("/bin/sh", cluster.folder.path().join("get-token"))
        .expect("a link can be made");
    let script = format!(
        "printf '%s\\n' \"$KUBERNETES_EXEC_INFO\" \"$AUDIENCE\" \"$HOME\" > \"$0\"; {}",
        token("mine").replace("/v1\"", "/v1beta1\"")
    );
    let user = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "./get-token",
        "args": ["-c", script, asked],
        "env": [{"name": "AUDIENCE", "value": "shop"}],
        "provideClusterInfo": true,
    }});
    let path = as_user(&cluster, &user);
    let text = std::fs::read_to_string(&path).expect("the kubeconfig");
    let mut kubeconfig: Value = serde_json::from_str(&text).expect("a kubeconfig");
    let known = &mut kubeconfig["clusters"][0]["cluster"];
    known["tls-server-name"] = json!("shop.example");
    known["extensions"] =
        json!([{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "06e3"}}]);
    let path = cluster.write("told.kubeconfig", &kubeconfig.to_string());
    let keda = Keda::new(["list", "--kubeconfig", &path]);
    let home = keda.home().display().to_string();
    keda.run().expect(0);
    let told = std::fs::read_to_string(asked).expect("what it was told");
    let lines: Vec<&str> = told.lines().collect();
    let info: Value = serde_json::from_str(lines[0]).expect("JSON");
    assert_eq!(
        info,
        json!({
            "kind": "ExecCredential",
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "spec": {
                "interactive": false,
                "cluster": {
                    "server": cluster.server(),
                    "tls-server-name": "shop.example",
                    "config": {"audience": "06e3"},
                },
            },
        })
    );
    assert_eq!(&lines[1..], ["shop", home.as_str()]);
    Ok(())
}

/// The cluster is where it was: its address and the context are not what to look at.
fn failing() -> Outcome {
    let cluster = TestCluster::start();
    let steps = ["echo token-of-the-day; echo not logged in >&2; exit 3".to_owned()];
    let plugin = Plugin::new(&cluster, &steps);
    let mut user = plugin.user.clone();
    user["exec"]["env"] = json!([{"name": "PASSWORD", "value": "word-of-the-day"}]);
    let kubeconfig = as_user(&cluster, &user);
    let manifest = demo(&cluster);
    for (before, command) in [&["list"][..], &["plan", &manifest], &["run", &manifest]]
        .into_iter()
        .enumerate()
    {
        let output = Keda::new(command)
            .args(["--kubeconfig", &kubeconfig])
            .run()
            .expect(2);
        assert_contains(
            &output.stderr,
            &[
                "the credential plugin \"sh\" failed with exit status: 3: not logged in",
                "hint: \"sh\" is what exec",
            ],
        );
        assert_lacks(&output.stderr, "is the cluster running");
        // What it was given, and what it printed, is nobody's business.
        assert_lacks(&output.stderr, "of-the-day");
        assert_eq!(plugin.runs(), before + 1, "{command:?}");
    }
    Ok(())
}

fn missing() -> Outcome {
    let cluster = TestCluster::start();
    let user = json!({"exec": {
        "apiVersion": V1,
        "command": "keda-jobs-no-such-plugin",
        "installHint": "brew install \u{1b}[31mno-such-plugin",
    }});
    let output = list(&cluster, &as_user(&cluster, &user)).expect(2);
    assert_contains(
        &output.stderr,
        &[
            "the credential plugin \"keda-jobs-no-such-plugin\" cannot be started",
            "\"keda-jobs-no-such-plugin\" is what exec",
            "hint: brew install \\x1b[31mno-such-plugin",
        ],
    );
    let user = json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1alpha1",
        "command": "sh",
    }});
    let output = list(&cluster, &as_user(&cluster, &user)).expect(2);
    assert_contains(
        &output.stderr,
        &[
            "apiVersion \"client.authentication.k8s.io/v1alpha1\"",
            "neither client.authentication.k8s.io/v1 nor client.authentication.k8s.io/v1beta1",
            "hint: ",
        ],
    );
    Ok(())
}

fn asking() -> Outcome {
    let cluster = TestCluster::start();
    let mut plugin = Plugin::new(&cluster, &[token("mine")]);
    plugin.user["exec"]["interactiveMode"] = json!("Always");
    let output = list(&cluster, &as_user(&cluster, &plugin.user)).expect(2);
    assert_contains(
        &output.stderr,
        &["interactiveMode: Always", "no terminal", "hint: "],
    );
    assert_eq!(plugin.runs(), 0);
    Ok(())
}

fn far_off() -> Outcome {
    for time in [
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "2001-01-01T00:00:00Z",
    ] {
        let cluster = TestCluster::start();
        let status = json!({"token": "mine", "expirationTimestamp": time});
        let plugin = Plugin::new(&cluster, &[answer(&status)]);
        let manifest = demo(&cluster);
        Keda::new(["run", "--once", &manifest, "--kubeconfig"])
            .arg(as_user(&cluster, &plugin.user))
            .args(["--namespace", &cluster.namespace])
            .run()
            .expect(0);
        // The run makes many requests.
        assert!(plugin.runs() <= 2, "{time}: {}", plugin.runs());
    }
    Ok(())
}

fn empty() -> Outcome {
    let cluster = TestCluster::start();
    for token in ["", " "] {
        let plugin = answer(&json!({"token": token}));
        let user = json!({"exec": {"apiVersion": V1, "command": "sh", "args": ["-c", plugin]}});
        let output = list(&cluster, &as_user(&cluster, &user)).expect(2);
        let words = "the credential plugin \"sh\" printed an empty token: log in with it again";
        assert_contains(&output.stderr, &[words]);
    }
    // As kubectl has it, the plugin is asked where the token beside it is empty.
    let plugin = answer(&own(&cluster));
    let exec = json!({"apiVersion": V1, "command": "sh", "args": ["-c", plugin]});
    let user = json!({"token": "", "exec": exec});
    list(&cluster, &as_user(&cluster, &user)).expect(0);
    Ok(())
}
