//! kubectl against the cluster: what a user of the embedded cluster types first.

use std::process::Command;

use libtest_mimic::Trial;

use crate::support::cluster::TestCluster;
use crate::support::{Outcome, assert_contains, eventually, test_with};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test_with(
            &["kubectl"],
            "kubectl::create_get_describe_wait_delete",
            life,
        ),
        test_with(&["kubectl"], "kubectl::apply_twice_and_change", apply),
        test_with(&["kubectl"], "kubectl::get_watch_shows_changes", watch),
        test_with(
            &["kubectl"],
            "kubectl::a_wrong_job_is_refused_with_the_servers_words",
            refused,
        ),
        test_with(
            &["kubectl"],
            "kubectl::explain_knows_jobs_and_pods",
            explain,
        ),
    ]
}

const JOB: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: hello
spec:
  template:
    metadata:
      annotations:
        sandbox.keda-jobs/run: 300ms
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: busybox:1.36
";

fn kubectl(cluster: &TestCluster, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("kubectl")
        .args(arguments)
        .arg("--kubeconfig")
        .arg(&cluster.admin)
        .arg("--namespace")
        .arg(&cluster.namespace)
        .env("HOME", cluster.folder.path())
        .output()
        .expect("kubectl runs");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.success(), text)
}

#[track_caller]
fn succeeds(cluster: &TestCluster, arguments: &[&str]) -> String {
    let (success, text) = kubectl(cluster, arguments);
    assert!(success, "kubectl {arguments:?}:\n{text}");
    text
}

fn life() -> Outcome {
    let cluster = TestCluster::start();
    let file = cluster.write("job.yaml", JOB);
    assert_contains(
        &succeeds(&cluster, &["create", "-f", &file]),
        &["job.batch/hello created"],
    );
    let (success, text) = kubectl(&cluster, &["create", "-f", &file]);
    assert!(!success, "{text}");
    assert_contains(&text, &["AlreadyExists", "hello"]);
    succeeds(
        &cluster,
        &[
            "wait",
            "--for=condition=complete",
            "job/hello",
            "--timeout=60s",
        ],
    );
    assert_contains(
        &succeeds(&cluster, &["get", "jobs"]),
        &[
            "NAME",
            "STATUS",
            "COMPLETIONS",
            "DURATION",
            "AGE",
            "Complete",
            "1/1",
        ],
    );
    assert_contains(
        &succeeds(&cluster, &["get", "pods"]),
        &[
            "NAME",
            "READY",
            "STATUS",
            "RESTARTS",
            "AGE",
            "Completed",
            "0/1",
        ],
    );
    assert_contains(
        &succeeds(&cluster, &["get", "job", "hello", "-o", "yaml"]),
        &["completionTime", "kind: Job", "uid:"],
    );
    assert_contains(
        &succeeds(
            &cluster,
            &["get", "job/hello", "-o", "jsonpath={.status.succeeded}"],
        ),
        &["1"],
    );
    assert_contains(
        &succeeds(&cluster, &["describe", "job", "hello"]),
        &["Name:", "hello", "Pods Statuses:", "1 Succeeded", "Events:"],
    );
    let pod = succeeds(
        &cluster,
        &[
            "get",
            "pods",
            "-l",
            "batch.kubernetes.io/job-name=hello",
            "-o",
            "name",
        ],
    );
    assert_contains(
        &succeeds(&cluster, &["describe", pod.trim()]),
        &["Controlled By:", "Job/hello", "busybox:1.36"],
    );
    succeeds(&cluster, &["get", "all"]);
    succeeds(&cluster, &["get", "jobs", "-A"]);
    assert_contains(
        &succeeds(&cluster, &["delete", "job", "hello"]),
        &["deleted"],
    );
    eventually("the pods to go with the Job", || {
        kubectl(&cluster, &["get", "pods"])
            .1
            .contains("No resources found")
            .then_some(())
    });
    Ok(())
}

fn apply() -> Outcome {
    let cluster = TestCluster::start();
    let file = cluster.write("job.yaml", JOB);
    assert_contains(&succeeds(&cluster, &["apply", "-f", &file]), &["created"]);
    assert_contains(&succeeds(&cluster, &["apply", "-f", &file]), &["unchanged"]);
    let changed = cluster.write(
        "job.yaml",
        &JOB.replace(
            "spec:\n  template",
            "spec:\n  ttlSecondsAfterFinished: 3600\n  template",
        ),
    );
    assert_contains(
        &succeeds(&cluster, &["apply", "-f", &changed]),
        &["configured"],
    );
    assert_contains(
        &succeeds(
            &cluster,
            &[
                "apply",
                "--server-side",
                "--force-conflicts",
                "-f",
                &changed,
            ],
        ),
        &["serverside-applied"],
    );
    let immutable = cluster.write("job.yaml", &JOB.replace("busybox:1.36", "busybox:1.37"));
    let (success, text) = kubectl(&cluster, &["apply", "-f", &immutable]);
    assert!(!success, "{text}");
    assert_contains(&text, &["immutable"]);
    Ok(())
}

fn watch() -> Outcome {
    let cluster = TestCluster::start();
    let file = cluster.write("job.yaml", JOB);
    let output = cluster.folder.path().join("watch");
    let mut child = Command::new("kubectl")
        .args(["get", "pods", "-w", "--kubeconfig"])
        .arg(&cluster.admin)
        .arg("--namespace")
        .arg(&cluster.namespace)
        .env("HOME", cluster.folder.path())
        .stdout(std::fs::File::create(&output)?)
        .spawn()?;
    succeeds(&cluster, &["create", "-f", &file]);
    let seen = std::panic::catch_unwind(|| {
        eventually("kubectl to see the pod run and complete", || {
            let text = std::fs::read_to_string(&output).unwrap_or_default();
            // Pending is shown as what the container waits for.
            ((text.contains("Pending") || text.contains("ContainerCreating"))
                && text.contains("Running")
                && text.contains("Completed"))
            .then_some(())
        });
    });
    child.kill()?;
    child.wait()?;
    assert!(seen.is_ok(), "{}", std::fs::read_to_string(&output)?);
    Ok(())
}

fn refused() -> Outcome {
    let cluster = TestCluster::start();
    let file = cluster.write(
        "job.yaml",
        &JOB.replace("restartPolicy: Never", "restartPolicy: Always"),
    );
    let (success, text) = kubectl(&cluster, &["create", "-f", &file]);
    assert!(!success, "{text}");
    assert_contains(
        &text,
        &[
            "The Job \"hello\" is invalid",
            "spec.template.spec.restartPolicy",
        ],
    );
    let file = cluster.write(
        "job.yaml",
        &JOB.replace("  template:", "  paralelism: 2\n  template:"),
    );
    let (success, text) = kubectl(&cluster, &["create", "-f", &file]);
    assert!(!success, "{text}");
    assert_contains(&text, &["paralelism"]);
    assert_contains(
        &succeeds(&cluster, &["create", "--validate=warn", "-f", &file]),
        &[
            "Warning: unknown field \"spec.paralelism\"",
            "job.batch/hello created",
        ],
    );
    let kept = succeeds(&cluster, &["get", "job", "hello", "-o", "yaml"]);
    assert!(!kept.contains("paralelism"), "{kept}");
    Ok(())
}

fn explain() -> Outcome {
    let cluster = TestCluster::start();
    assert_contains(
        &succeeds(&cluster, &["explain", "job"]),
        &[
            "GROUP:",
            "batch",
            "KIND:",
            "Job",
            "VERSION:",
            "v1",
            "spec\t<JobSpec>",
        ],
    );
    assert_contains(
        &succeeds(&cluster, &["explain", "job.spec.podFailurePolicy.rules"]),
        &["FIELD: rules <[]PodFailurePolicyRule>", "onExitCodes"],
    );
    assert_contains(
        &succeeds(
            &cluster,
            &["explain", "pod.spec.containers.resources.limits"],
        ),
        &["FIELD: limits <map[string]Quantity>"],
    );
    assert_contains(
        &succeeds(&cluster, &["explain", "lease", "--recursive"]),
        &["leaseDurationSeconds\t<integer>"],
    );
    let (success, text) = kubectl(&cluster, &["explain", "job.spec.paralelism"]);
    assert!(!success, "{text}");
    assert_contains(&text, &["paralelism"]);
    Ok(())
}
