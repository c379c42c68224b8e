//! The process of a credential plugin: one that hangs, one that leaves children behind, one that the program ends before.

use std::fs::File;
use std::process::Command;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use jiff::SignedDuration;
use libtest_mimic::Trial;
use serde_json::json;

use super::plugin::{Plugin, V1, answer, demo, expiring_token, own};
use super::{Loop, as_user, list};
use crate::support::binary::Keda;
use crate::support::cluster::TestCluster;
use crate::support::{Outcome, assert_contains, assert_lacks, embedded_test, eventually, test};

pub(super) fn tests() -> Vec<Trial> {
    vec![
        test("credentials::process::that_hangs_is_given_up", hanging),
        test(
            "credentials::process::that_leaves_a_child_is_not_waited_for",
            leaving_a_child,
        ),
        embedded_test(
            "credentials::process::that_hangs_in_a_run_is_no_outage",
            hanging_later,
        ),
        embedded_test(
            "credentials::process::that_hangs_in_a_run_ends_with_it",
            interrupted,
        ),
        test("credentials::process::ends_with_the_program", signalled),
    ]
}

/// A pipe that a plugin's children hold open as long as they live.
struct Lifeline {
    path: String,
    ended: Receiver<()>,
}

impl Lifeline {
    fn new(cluster: &TestCluster) -> Self {
        let path = cluster.folder.path().join("lifeline");
        let made = Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo runs").success());
        let (tell, ended) = std::sync::mpsc::channel();
        let opened = path.clone();
        std::thread::spawn(move || {
            let mut pipe = File::open(opened).expect("a pipe");
            drop(std::io::copy(&mut pipe, &mut std::io::sink()));
            let _ = tell.send(());
        });
        Self {
            path: path.display().to_string(),
            ended,
        }
    }

    /// Waits for the end of all that held it.
    fn assert_ends(&self) {
        // Should nobody have opened it.
        let opened = File::options().read(true).write(true).open(&self.path);
        drop(opened.expect("a pipe"));
        let ended = self.ended.recv_timeout(Duration::from_secs(30));
        assert!(ended.is_ok(), "a child of the plugin lives on");
    }
}

/// A pipeline would wait for ever, and children of the plugin would go on.
fn hanging() -> Outcome {
    let cluster = TestCluster::start();
    let lifeline = Lifeline::new(&cluster);
    let script = "echo open the page and say code 17 >&2; \
        printf %s token-of-the-day-of-all; echo \"token-of-the-day-of-all $PASSWORD\" >&2; \
        exec 3> \"$0\"; sleep 120 & exec sleep 120";
    let user = json!({"exec": {
        "apiVersion": V1,
        "command": "sh",
        "args": ["-c", script, lifeline.path],
        "env": [{"name": "PASSWORD", "value": "word-of-the-day"}],
    }});
    let kubeconfig = as_user(&cluster, &user);
    let output = Keda::new([
        "list",
        "--kubeconfig",
        &kubeconfig,
        "--request-timeout",
        "2s",
    ])
    .run()
    .expect(2);
    let words = "gave no answer within 2s: open the page and say code 17 *** ***\n";
    assert_contains(&output.stderr, &[words]);
    assert_lacks(&output.stderr, "of-the-day");
    lifeline.assert_ends();
    let user = json!({"exec": {
        "apiVersion": V1,
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

/// An agent that the plugin starts for the next time, say.
fn leaving_a_child() -> Outcome {
    let cluster = TestCluster::start();
    let id = cluster.folder.path().join("id");
    let leaves = format!("sleep 120 & echo $! > {}; ", id.display());
    for end in [
        answer(&own(&cluster)),
        "echo not logged in >&2; exit 3".to_owned(),
    ] {
        let user = json!({"exec": {
            "apiVersion": V1,
            "command": "sh",
            "args": ["-c", format!("{leaves}{end}")],
        }});
        let failing = end.contains("exit");
        let output = list(&cluster, &as_user(&cluster, &user)).expect(if failing { 2 } else { 0 });
        if failing {
            assert_contains(&output.stderr, &["exit status: 3: not logged in"]);
        }
        let child = std::fs::read_to_string(&id).expect("a number");
        // It lived on until now.
        let ended = Command::new("kill").arg(child.trim()).status();
        assert!(ended.expect("kill runs").success());
    }
    Ok(())
}

/// The API server answers all the time; nothing was sent to it, and no Job may exist.
fn hanging_later() -> Outcome {
    let cluster = TestCluster::start();
    let lifeline = Lifeline::new(&cluster);
    let first = expiring_token("first", SignedDuration::from_secs(3));
    let hangs = format!("exec sleep 120 > {}", lifeline.path);
    let plugin = Plugin::new(&cluster, &[first, hangs]);
    // The cycles are to come to their creates, of which not all begin before the first is told.
    let flags = ["--request-timeout", "2s", "--no-lease", "--concurrency=4"];
    let run = Loop::start_with(&cluster, &as_user(&cluster, &plugin.user), &flags);
    let words = "the credential plugin \"sh\" ";
    eventually("the plugin's name", || {
        run.waiting.fetch_add(1, Ordering::Relaxed);
        run.said().contains(words).then_some(())
    });
    run.waiting.store(50, Ordering::Relaxed);
    let words = "more Jobs were not sent: there are no credentials to send them with";
    eventually("creates that are not sent", || {
        run.said().contains(words).then_some(())
    });
    run.run.signal("INT");
    let said = run.said();
    for blame in [
        "API server",
        "no answer within 2s",
        "is the cluster running",
        "it may exist",
    ] {
        assert_lacks(&said.replace("gave no answer", ""), blame);
    }
    assert_eq!(run.run.wait(), 130);
    lifeline.assert_ends();
    Ok(())
}

/// One that is run again while a run goes on is not left behind by it.
fn interrupted() -> Outcome {
    let cluster = TestCluster::start();
    let lifeline = Lifeline::new(&cluster);
    let first = expiring_token("first", SignedDuration::from_secs(2));
    let hangs = format!("exec 3> {}; sleep 120 & wait", lifeline.path);
    let plugin = Plugin::new(&cluster, &[first, hangs]);
    let run = Loop::start(&cluster, &as_user(&cluster, &plugin.user));
    eventually("the second run of the plugin", || {
        run.waiting.fetch_add(1, Ordering::Relaxed);
        (plugin.runs() == 2).then_some(())
    });
    run.run.signal("INT");
    run.run.signal("INT");
    assert_eq!(run.run.wait(), 130);
    lifeline.assert_ends();
    Ok(())
}

/// Before a run has begun there is nothing to end in order.
fn signalled() -> Outcome {
    let cluster = TestCluster::start();
    let manifest = demo(&cluster);
    let commands: [&[&str]; 2] = [&["run", &manifest], &["cleanup", "--all", "--yes"]];
    for (signal, status) in [("TERM", 143), ("INT", 130)] {
        for command in commands {
            let lifeline = Lifeline::new(&cluster);
            let started = cluster.folder.path().join("started");
            let script = "exec 3> \"$0\"; sleep 120 & echo started > \"$1\"; wait";
            let user = json!({"exec": {
                "apiVersion": V1,
                "command": "sh",
                "args": ["-c", script, lifeline.path, started],
            }});
            let outputs = ["stdout", "stderr"].map(|name| cluster.folder.path().join(name));
            let run = Keda::new(command)
                .args(["--kubeconfig", &as_user(&cluster, &user)])
                .spawn(&outputs[0], &outputs[1]);
            eventually("the plugin", || started.exists().then_some(()));
            run.signal(signal);
            assert_eq!(run.wait(), status, "{command:?}");
            lifeline.assert_ends();
            std::fs::remove_file(&lifeline.path).expect("a pipe");
            std::fs::remove_file(&started).expect("a file");
        }
    }
    Ok(())
}
