//! `run`: one cycle, the loop, its events, its end.

mod loops;

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sources::scaled_job;
use crate::support::binary::Keda;
use crate::support::cluster::{TestCluster, given_kubeconfig};
use crate::support::servers::Page;
use crate::support::{Outcome, assert_contains, embedded_test, eventually, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("run::jobs_carry_what_the_user_wrote_and_our_marks", marks),
        test(
            "run::an_owner_that_is_not_in_the_cluster_is_not_referred_to",
            no_owner,
        ),
        test("run::an_owner_in_the_cluster_is_referred_to", owner),
        test("run::accurate_counts_pending_jobs", accurate),
        test("run::history_limits_keep_the_newest", history),
        test("run::max_create_holds_back_and_exits_5", max_create),
        test(
            "run::a_job_that_the_cluster_refuses_stops_the_cycle",
            refused,
        ),
        test(
            "run::a_refused_field_is_told_of_once_with_its_place",
            refused_fields,
        ),
        test("run::json_is_one_event_a_line", json_lines),
        test("run::sigint_ends_with_a_summary", loops::sigint),
        test("run::sigterm_is_143", loops::sigterm),
        embedded_test("run::the_loop_drains_the_demo_queue", loops::drain),
        test("run::a_slow_object_delays_no_other", loops::slow_object),
        test("run::secrets_are_not_shown", secrets),
        test("run::a_closed_stdout_is_no_error", closed_stdout),
        test(
            "run::a_namespace_that_contradicts_the_flag_is_shown_with_its_place",
            contradicted,
        ),
        test(
            "run::once_carries_its_cycle_out_when_nobody_reads_any_more",
            unread,
        ),
    ]
}

fn metrics_trigger(page: &Page) -> String {
    format!(
        "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"",
        page.url("/")
    )
}

fn waiting(count: usize) -> Page {
    Page::serve(200, "application/json", format!("{{\"waiting\": {count}}}"))
}

fn marks() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(2);
    let manifest = scaled_job("marked.by-us", &metrics_trigger(&page)).replace(
        "metadata:\n  name: marked.by-us\n",
        "metadata:
  name: marked.by-us
  labels:
    team: shop
    app.kubernetes.io/managed-by: Helm
    helm.sh/chart: shop-1.0
    argocd.argoproj.io/instance: shop
    secret-team: x
    scaledjob.keda.sh/name: someone-else
    keda-jobs/name: someone-else
  annotations:
    note: kept
    kubectl.kubernetes.io/last-applied-configuration: '{}'
    meta.helm.sh/release-name: shop
    scaledjob.keda.sh/job-excluded-labels: secret-team
",
    );
    let manifest = cluster.write("marked.yaml", &manifest);
    cluster.run(["run", "--once", &manifest]).expect(0);
    let jobs = cluster.jobs();
    assert_eq!(jobs.len(), 2);
    // By what the server knows us: the embedded one notes it with the request, a real one with the fields.
    if given_kubeconfig().is_some() {
        let fields = jobs[0].metadata.managed_fields.as_ref();
        let managers = fields.into_iter().flatten();
        let managers: Vec<_> = managers
            .filter_map(|field| field.manager.as_deref())
            .collect();
        assert!(managers.contains(&"keda-jobs"), "{managers:?}");
    } else {
        let requests = cluster.admin("GET", "/sandbox/requests", None);
        let last = requests["last"].as_array().expect("requests");
        let version = concat!("keda-jobs/", env!("CARGO_PKG_VERSION"));
        assert!(
            last.iter().any(|request| request["userAgent"] == version),
            "{last:?}"
        );
    }
    let cycles: BTreeSet<String> = jobs
        .iter()
        .map(|job| {
            let labels = job.metadata.labels.clone().unwrap_or_default();
            let expected = [
                ("app.kubernetes.io/managed-by", "keda-jobs"),
                ("app.kubernetes.io/name", "marked.by-us"),
                ("app.kubernetes.io/part-of", "marked.by-us"),
                ("app.kubernetes.io/version", env!("CARGO_PKG_VERSION")),
                ("keda-jobs/name", "marked.by-us"),
                ("team", "shop"),
            ];
            for (key, value) in expected {
                assert_eq!(
                    labels.get(key).map(String::as_str),
                    Some(value),
                    "{key}: {labels:?}"
                );
            }
            assert_eq!(labels.len(), expected.len(), "{labels:?}");
            let annotations = job.metadata.annotations.clone().unwrap_or_default();
            assert_eq!(annotations.get("note").map(String::as_str), Some("kept"));
            assert_eq!(
                annotations.get("keda-jobs/trigger").map(String::as_str),
                Some("metrics-api[0]")
            );
            for key in annotations.keys() {
                assert!(
                    !key.contains("kubectl") && !key.contains("helm") && !key.contains("excluded"),
                    "{key}"
                );
            }
            let spec = job.spec.clone().unwrap_or_default();
            let pod = spec.template.spec.unwrap_or_default();
            assert_eq!(
                pod.restart_policy.as_deref(),
                Some("OnFailure"),
                "empty becomes OnFailure"
            );
            let pod_labels = spec
                .template
                .metadata
                .and_then(|metadata| metadata.labels)
                .unwrap_or_default();
            assert_eq!(
                pod_labels.get("keda-jobs/name").map(String::as_str),
                Some("marked.by-us")
            );
            let name = job.metadata.name.clone().unwrap_or_default();
            let cycle = annotations["keda-jobs/cycle"].clone();
            assert!(
                name.len() <= 63 && name.starts_with("marked-by-us-") && name.contains(&cycle),
                "{name} {cycle}"
            );
            cycle
        })
        .collect();
    assert_eq!(cycles.len(), 1, "one cycle, one mark");
    Ok(())
}

fn owners(cluster: &TestCluster) -> Vec<String> {
    cluster
        .jobs()
        .iter()
        .flat_map(|job| job.metadata.owner_references.clone().unwrap_or_default())
        .map(|owner| format!("{}/{}/{}", owner.kind, owner.name, owner.uid))
        .collect()
}

fn no_owner() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(1);
    let manifest = cluster.write(
        "orphan.yaml",
        &scaled_job("orphan", &metrics_trigger(&page)),
    );
    cluster.run(["run", "--once", &manifest]).expect(0);
    assert_eq!(cluster.jobs().len(), 1);
    assert!(owners(&cluster).is_empty());
    Ok(())
}

fn owner() -> Outcome {
    // KEDA's operator is seen to be dead by its lease, in another namespace.
    let cluster = TestCluster::start().with_all_rights();
    let page = waiting(1);
    let text = scaled_job("owned", &metrics_trigger(&page));
    let manifest = cluster.write("owned.yaml", &text);
    let object: Value = serde_yaml::from_str(&text)?;
    let object = cluster.create_keda("ScaledJob", "scaledjobs", object);
    let uid = object.metadata.uid.unwrap_or_default();
    cluster.run(["run", "--once", &manifest]).expect(0);
    assert_eq!(owners(&cluster), [format!("ScaledJob/owned/{uid}")]);
    Ok(())
}

fn accurate() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(3);
    // Pods stay pending: nothing has taken the three items yet.
    let manifest = scaled_job("careful", &metrics_trigger(&page))
        .replace(
            "sandbox.keda-jobs/run: 30m",
            "sandbox.keda-jobs/pending: 30m",
        )
        .replace(
            "  maxReplicaCount: 100",
            "  maxReplicaCount: 100\n  scalingStrategy:\n    strategy: accurate",
        );
    let manifest = cluster.write("careful.yaml", &manifest);
    for _ in 0..3 {
        cluster.run(["run", "--once", &manifest]).expect(0);
        assert_eq!(cluster.jobs().len(), 3);
    }
    Ok(())
}

fn history() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(1);
    let text = scaled_job("tidy", &metrics_trigger(&page))
        .replace("sandbox.keda-jobs/run: 30m", "sandbox.keda-jobs/run: 100ms")
        .replace(
            "  maxReplicaCount: 100",
            "  maxReplicaCount: 100\n  successfulJobsHistoryLimit: 2",
        );
    let manifest = cluster.write("tidy.yaml", &text);
    let names = || -> BTreeSet<String> {
        cluster
            .jobs()
            .iter()
            .filter_map(|job| job.metadata.name.clone())
            .collect()
    };
    let mut in_order: Vec<String> = Vec::new();
    for _ in 0..4 {
        let before = names();
        cluster.run(["run", "--once", &manifest]).expect(0);
        in_order.extend(names().difference(&before).cloned());
        eventually("the Job to finish", || {
            let finished = |job: &k8s_openapi::api::batch::v1::Job| {
                job.status
                    .as_ref()
                    .and_then(|status| status.completion_time.as_ref())
                    .is_some()
            };
            cluster.jobs().iter().all(finished).then_some(())
        });
        // Finish times are whole seconds: without a pause two Jobs end at the same time and either may be called the older.
        std::thread::sleep(std::time::Duration::from_millis(1100));
    }
    // A cycle with nothing to do still trims: 2 of the 4 stay, the newest.
    let idle = Page::serve(200, "application/json", "{\"waiting\": 0}");
    let text = text.replace(&page.url("/"), &idle.url("/"));
    let manifest = cluster.write("tidy.yaml", &text);
    cluster.run(["run", "--once", &manifest]).expect(0);
    eventually("two Jobs to be left", || (names().len() == 2).then_some(()));
    let newest: BTreeSet<String> = in_order[in_order.len() - 2..].iter().cloned().collect();
    assert_eq!(names(), newest);
    Ok(())
}

fn max_create() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(5);
    let manifest = cluster.write("held.yaml", &scaled_job("held", &metrics_trigger(&page)));
    let run = cluster
        .run(["run", "--once", "--max-create", "2", &manifest])
        .expect(5);
    assert_contains(&run.stdout, &["HELD at 2 of 5"]);
    assert_eq!(cluster.jobs().len(), 2);
    Ok(())
}

fn refused() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(50);
    // What no rule of `validate` looks at: annotations of more than 256 KiB together.
    let note = "x".repeat(300 * 1024);
    let manifest = scaled_job("wrong", &metrics_trigger(&page)).replace(
        "  name: wrong\n",
        &format!("  name: wrong\n  annotations:\n    note: {note}\n"),
    );
    let manifest = cluster.write("wrong.yaml", &manifest);
    let run = cluster
        .run(["run", "--once", "--concurrency", "1", &manifest])
        .expect(1);
    // The server's own words, once, and not fifty times.
    assert_contains(
        &run.stdout,
        &[
            "metadata.annotations",
            "262144",
            "50 Jobs are not created: the cluster refuses them",
        ],
    );
    assert_eq!(run.stdout.matches("ERROR").count(), 1, "{}", run.stdout);
    assert!(cluster.jobs().is_empty());
    Ok(())
}

fn json_lines() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(3);
    let manifest = cluster.write("lines.yaml", &scaled_job("lines", &metrics_trigger(&page)));
    let events = cluster
        .run(["run", "--once", "--output", "json", &manifest])
        .expect(0)
        .json_lines();
    let of_type = |kind: &str| {
        events
            .iter()
            .filter(|event| event["type"] == json!(kind))
            .count()
    };
    assert!(
        events
            .iter()
            .all(|event| event["apiVersion"] == json!("keda-jobs/v1") && event["time"].is_string())
    );
    assert_eq!(events[0]["type"], json!("runStarted"));
    assert_eq!(of_type("reading"), 1);
    assert_eq!(of_type("planned"), 1);
    assert_eq!(of_type("created"), 3);
    let last = events.last().expect("a last event");
    assert_eq!(
        (&last["type"], &last["totals"]["created"]),
        (&json!("runSummary"), &json!(3))
    );
    Ok(())
}

fn secrets() -> Outcome {
    let cluster = TestCluster::start();
    let page = Page::serve(401, "text/plain", "denied for hunter2-secret");
    let trigger = format!(
        "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"\n    authMode: bearer\n  authenticationRef:\n    name: login",
        page.url("/")
            .replace("http://", "http://user:hunter2-secret@")
    );
    let text = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: login\nstringData:\n  token: hunter2-secret\n---\n\
         apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata:\n  name: login\nspec:\n  secretTargetRef:\n  - parameter: token\n    name: login\n    key: token\n---\n{}",
        scaled_job("quiet", &trigger)
    );
    let manifest = cluster.write("quiet.yaml", &text);
    for arguments in [
        vec!["plan", &manifest],
        vec!["plan", &manifest, "--output", "json", "-vv"],
        vec!["run", "--once", &manifest, "-vv", "--log-format", "json"],
        vec!["run", "--once", &manifest, "--output", "json"],
        vec!["validate", &manifest],
    ] {
        let keda = if arguments[0] == "validate" {
            Keda::new(&arguments)
        } else {
            cluster.keda(arguments.iter().copied())
        };
        let output = keda.run();
        let all = format!("{}{}", output.stdout, output.stderr);
        assert!(
            !all.contains("hunter2"),
            "{arguments:?} shows a credential:\n{all}"
        );
    }
    Ok(())
}

fn closed_stdout() -> Outcome {
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg("\"$0\" --help | true; \"$0\" completions bash | head -1 >/dev/null; \"$0\" validate examples --output json | head -1")
        .arg(env!("CARGO_BIN_EXE_keda-jobs"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.is_empty(), "{stderr}");
    Ok(())
}

fn contradicted() -> Outcome {
    let cluster = TestCluster::start();
    let text = scaled_job("orders", &metrics_trigger(&waiting(1))).replace(
        "metadata:\n  name: orders\n",
        "metadata:\n  name: orders\n  namespace: elsewhere\n",
    );
    let manifest = cluster.write("orders.yaml", &text);
    let run = cluster.run(["run", "--once", &manifest]).expect(2);
    assert_contains(
        &run.stderr,
        &["orders.yaml:5:14: orders belongs to namespace elsewhere, and --namespace says test-"],
    );
    Ok(())
}

/// `run --once | grep -q created` ends the reading early, and its exit code must mean what it says.
fn unread() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(60);
    let manifest = cluster.write(
        "orders.yaml",
        &scaled_job("orders", &metrics_trigger(&page)),
    );
    let run = |output: &str, more: &str| {
        let arguments = ["run", "--once", "--output", output, more, &manifest];
        cluster.keda(arguments).run_unread_after("created")
    };
    assert_eq!(run("human", "--max-create=20"), 5, "40 were held back");
    assert_eq!(cluster.jobs().len(), 20);
    assert_eq!(run("json", "--max-create=99"), 0);
    assert_eq!(cluster.jobs().len(), 60);
    Ok(())
}

/// What is wrong with a Job is said once, in the server's words, with its place in the manifest, and stops the cycle.
fn refused_fields() -> Outcome {
    let cluster = TestCluster::start();
    let page = waiting(40);
    let text = scaled_job("orders", &metrics_trigger(&page)).replace(
        "          image: busybox:1.36\n",
        "          image: busybox:1.36\n          volumeMounts:\n          - mountPath: /data\n            name: nowhere # keda-jobs: ignore unknown-volume\n",
    );
    let manifest = cluster.write("orders.yaml", &text);
    let run = cluster
        .run(["run", "--once", "--concurrency", "4", &manifest])
        .expect(1);
    assert_contains(
        &run.stdout,
        &[
            "spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"nowhere\"",
            "orders.yaml:18:19)",
            "40 Jobs are not created: the cluster refuses them",
        ],
    );
    assert_eq!(run.stdout.matches("Not found").count(), 1, "{}", run.stdout);
    let run = cluster
        .run(["run", "--once", "--output", "json", &manifest])
        .expect(1);
    let failed = run.json_lines();
    let failed = failed
        .iter()
        .find(|event| event["type"] == "createFailed")
        .expect("a create that failed");
    let cause = &failed["causes"][0];
    assert_eq!(
        cause["field"],
        "spec.template.spec.containers[0].volumeMounts[0].name"
    );
    assert_eq!(cause["location"]["file"], manifest.as_str());
    assert_eq!(cause["location"]["line"], 18);
    assert_eq!(cause["location"]["column"], 19);
    Ok(())
}
