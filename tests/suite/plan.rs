//! `plan`: on paper, beside a cluster, and what it says.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sources::scaled_job;
use crate::support::binary::Keda;
use crate::support::cluster::TestCluster;
use crate::support::servers::Page;
use crate::support::{Outcome, assert_contains, assert_lacks, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("plan::on_paper_asks_neither_source_nor_cluster", on_paper),
        test("plan::every_vector_through_the_command_line", vectors),
        test("plan::an_error_given_as_reading_is_an_error", error_reading),
        test("plan::a_reading_for_no_trigger_is_refused", wrong_reading),
        test("plan::readings_need_one_object", one_object),
        test(
            "plan::detailed_exitcode_says_that_there_is_something_to_do",
            detailed,
        ),
        test("plan::yaml_and_json_hold_the_same", yaml),
        test("plan::changes_nothing", changes_nothing),
        test(
            "plan::a_namespace_that_does_not_exist_is_noted",
            no_namespace,
        ),
        test("plan::holds_when_jobs_cannot_be_listed", unreachable),
        test("plan::counts_jobs_of_keda_toward_the_ceiling", counts_keda),
        test("plan::custom_is_held_below_the_maximum", custom),
        test("plan::paused_says_so", paused),
        test("plan::one_object_described_twice_is_refused", twice),
        test(
            "plan::a_namespace_against_the_manifest_is_refused",
            namespace_mismatch,
        ),
    ]
}

const CRON: &str = "- type: cron
  name: window
  metadata:
    timezone: Etc/UTC
    start: 0 0 * * *
    end: 1 0 * * *
    desiredReplicas: \"1\"";

fn write(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file can be written");
    path.display().to_string()
}

fn on_paper() -> Outcome {
    let folder = tempfile::tempdir()?;
    let trigger = "- type: redis\n  name: waiting\n  metadata:\n    address: 127.0.0.1:1\n    listName: work\n    listLength: \"5\"\n    passwordFromEnv: NO_SUCH";
    let manifest = scaled_job("orders", trigger).replace(
        "image: busybox:1.36",
        "image: busybox:1.36\n          env:\n          - name: NO_SUCH\n            valueFrom:\n              secretKeyRef:\n                name: absent\n                key: absent",
    );
    let manifest = write(&folder, "orders.yaml", &manifest);
    // A kubeconfig that cannot be read would be an error if it were asked for.
    let plan = |reading: &str| {
        Keda::new([
            "plan",
            &manifest,
            "--reading",
            reading,
            "--running",
            "2",
            "--output",
            "json",
        ])
        .env("KUBECONFIG", "/nonexistent/kubeconfig")
        .run()
        .expect(0)
        .json()["items"][0]
            .clone()
    };
    for reading in ["0=25", "waiting=25"] {
        let item = plan(reading);
        // 25 items at 5 a Job are 5 Jobs, and 2 exist.
        assert_eq!(item["decision"]["create"], json!(3), "{item:#}");
    }
    assert_eq!(plan("0=25:inactive")["decision"]["create"], json!(0));
    assert_eq!(plan("0=0")["decision"]["isActive"], json!(false));
    // KEDA's `max` never takes a reading of 0, active or not.
    assert_eq!(plan("0=0:active")["decision"]["isActive"], json!(false));
    let table = Keda::new(["plan", &manifest, "--reading", "0=25", "--running", "2"])
        .run()
        .expect(0);
    assert_contains(
        &table.stdout,
        &["default/orders", "25", "5", "create 3", "running 2"],
    );
    Ok(())
}

/// KEDA's own answers, asked for as a user would ask. The readings of one trigger each become a trigger of the manifest.
fn vectors() -> Outcome {
    let vectors: Value = serde_json::from_str(include_str!("../data/planner-vectors.json"))?;
    let folder = tempfile::tempdir()?;
    let mut asked = 0;
    for vector in vectors["vectors"].as_array().expect("vectors") {
        let id = vector["id"].as_str().unwrap_or_default();
        let triggers = vector["triggers"].as_array().expect("triggers");
        let numbers_fit = triggers.iter().all(|trigger| {
            let value = trigger["value"].as_f64().unwrap_or(-1.0);
            let target = trigger["target"].as_f64().unwrap_or(-1.0);
            // The command line takes no negative readings, and no scaler has a negative or absent target.
            value >= 0.0 && target > 0.0
        });
        if !numbers_fit || triggers.is_empty() || vector["buildError"] == json!(true) {
            continue;
        }
        let fields = &vector["fields"];
        let mut strategy =
            json!({"multipleScalersCalculation": fields["multipleScalersCalculation"]});
        let name = vector["strategy"].as_str().unwrap_or_default();
        if !["default", "custom", "accurate", "eager"].contains(&name)
            || !["max", "min", "avg", "sum"].contains(
                &fields["multipleScalersCalculation"]
                    .as_str()
                    .unwrap_or_default(),
            )
        {
            // KEDA's Go structs take any word; its CRD and `validate` do not.
            continue;
        }
        strategy["strategy"] = json!(name);
        if !fields["customScalingQueueLengthDeduction"].is_null() {
            strategy["customScalingQueueLengthDeduction"] =
                fields["customScalingQueueLengthDeduction"].clone();
        }
        if fields["customScalingRunningJobPercentage"] != json!("") {
            strategy["customScalingRunningJobPercentage"] =
                fields["customScalingRunningJobPercentage"].clone();
        }
        let mut spec = json!({
            "scalingStrategy": strategy,
            "jobTargetRef": {"template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}},
            "triggers": triggers.iter().map(|trigger| json!({
                "type": "metrics-api",
                "metadata": {
                    "url": "http://127.0.0.1:1/",
                    "valueLocation": "x",
                    "targetValue": trigger["target"].to_string(),
                },
            })).collect::<Vec<_>>(),
        });
        let in_range =
            |field: &str, least: i64| fields[field].as_i64().is_none_or(|value| value >= least);
        if !in_range("minReplicaCount", 0) || !in_range("maxReplicaCount", 1) {
            continue;
        }
        for field in ["minReplicaCount", "maxReplicaCount"] {
            if !fields[field].is_null() {
                spec[field] = fields[field].clone();
            }
        }
        let manifest = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob", "metadata": {"name": "vector"}, "spec": spec});
        let path = write(&folder, "vector.json", &manifest.to_string());
        let mut keda = Keda::new(["plan", &path, "--output", "json"]);
        for count in ["running", "pending"] {
            keda = keda
                .arg(format!("--{count}"))
                .arg(vector[count].to_string());
        }
        for (index, trigger) in triggers.iter().enumerate() {
            let reading = if trigger["error"] == json!(true) {
                format!("{index}=error")
            } else {
                let active = if trigger["active"] == json!(true) {
                    "active"
                } else {
                    "inactive"
                };
                format!("{index}={}:{active}", trigger["value"])
            };
            keda = keda.arg("--reading").arg(reading);
        }
        let output = keda.run();
        assert!(
            matches!(output.code, 0 | 1),
            "{id}: exit {}\n{}",
            output.code,
            output.stderr
        );
        let decision = output.json()["items"][0]["decision"].clone();
        let expected = &vector["expected"];
        assert_eq!(
            decision["keda"], expected["createJobs"],
            "{id}: {decision:#}"
        );
        for number in [
            "scaleTo",
            "maxScale",
            "minReplicas",
            "maxReplicas",
            "effectiveMaxScaleRaw",
            "effectiveMaxScale",
        ] {
            assert_eq!(
                decision[number], expected[number],
                "{id} {number}: {decision:#}"
            );
        }
        assert_eq!(decision["readyReason"], expected["readyReason"], "{id}");
        asked += 1;
    }
    assert!(asked >= 100, "only {asked} vectors could be asked");
    Ok(())
}

fn error_reading() -> Outcome {
    let folder = tempfile::tempdir()?;
    let manifest = write(&folder, "cron.yaml", &scaled_job("shift", CRON));
    let plan = Keda::new([
        "plan",
        &manifest,
        "--reading",
        "window=error",
        "--running",
        "0",
    ])
    .run()
    .expect(1);
    assert_contains(&plan.stdout, &["create 0", "--reading"]);
    Ok(())
}

fn wrong_reading() -> Outcome {
    let folder = tempfile::tempdir()?;
    let manifest = write(&folder, "cron.yaml", &scaled_job("shift", CRON));
    for (reading, message) in [
        ("1=5", "no trigger \"1\""),
        ("other=5", "no trigger \"other\""),
        ("5", "INDEX|NAME=VALUE"),
        ("0=many", "INDEX|NAME=VALUE"),
        ("0=-3", "0 or more"),
    ] {
        let output = Keda::new(["plan", &manifest, "--running", "0", "--reading", reading])
            .run()
            .expect(2);
        assert_contains(&output.stderr, &["error:", message]);
    }
    Ok(())
}

fn one_object() -> Outcome {
    let folder = tempfile::tempdir()?;
    let text = format!(
        "{}---\n{}",
        scaled_job("first", CRON),
        scaled_job("second", CRON)
    );
    let manifest = write(&folder, "two.yaml", &text);
    let output = Keda::new(["plan", &manifest, "--running", "0", "--reading", "0=1"])
        .run()
        .expect(2);
    assert_contains(&output.stderr, &["--object", "first", "second"]);
    let output = Keda::new([
        "plan",
        &manifest,
        "--running",
        "0",
        "--reading",
        "0=1",
        "--object",
        "second",
    ])
    .run()
    .expect(0);
    assert_contains(&output.stdout, &["default/second"]);
    let output = Keda::new(["plan", &manifest, "--running", "0", "--object", "third"])
        .run()
        .expect(2);
    assert_contains(&output.stderr, &["third", "first"]);
    Ok(())
}

fn detailed() -> Outcome {
    let folder = tempfile::tempdir()?;
    let manifest = write(&folder, "cron.yaml", &scaled_job("shift", CRON));
    let plan = |running: &str| {
        Keda::new([
            "plan",
            &manifest,
            "--detailed-exitcode",
            "--reading",
            "0=1",
            "--running",
            running,
        ])
        .run()
    };
    plan("0").expect(3);
    plan("1").expect(0);
    Ok(())
}

fn yaml() -> Outcome {
    let folder = tempfile::tempdir()?;
    let manifest = write(&folder, "cron.yaml", &scaled_job("shift", CRON));
    let plan = |form: &str| {
        Keda::new([
            "plan",
            &manifest,
            "--reading",
            "0=3",
            "--running",
            "1",
            "--output",
            form,
        ])
        .run()
        .expect(0)
    };
    let json = plan("json").json();
    assert_eq!(json["apiVersion"], json!("keda-jobs/v1"));
    assert_eq!(json["kind"], json!("PlanList"));
    let yaml: Value = serde_yaml::from_str(&plan("yaml").stdout)?;
    assert_eq!(yaml, json);
    Ok(())
}

fn changes_nothing() -> Outcome {
    let cluster = TestCluster::start();
    let page = Page::serve(200, "application/json", r#"{"waiting": 3}"#);
    let trigger = format!(
        "- type: metrics-api\n  metadata:\n    url: {}\n    valueLocation: waiting\n    targetValue: \"1\"",
        page.url("/")
    );
    let manifest = cluster.write("quiet.yaml", &scaled_job("quiet", &trigger));
    for _ in 0..2 {
        let plan = cluster
            .run(["plan", &manifest, "--output", "json"])
            .expect(0)
            .json();
        assert_eq!(plan["items"][0]["decision"]["create"], json!(3));
    }
    assert!(cluster.jobs().is_empty());
    Ok(())
}

fn no_namespace() -> Outcome {
    let cluster = TestCluster::start().with_all_rights();
    let page = crate::limits::waiting(2);
    let text = scaled_job("orders", &crate::limits::trigger(&page));
    let manifest = cluster.write("orders.yaml", &text);
    let plan = cluster.run(["plan", &manifest]).expect(0);
    assert_lacks(&plan.stderr, "note: run would fail");
    let nowhere = format!("{}-not", cluster.namespace);
    let text = text.replace(
        "  name: orders\n",
        &format!("  name: orders\n  namespace: {nowhere}\n"),
    );
    let manifest = cluster.write("nowhere.yaml", &text);
    let on = |arguments: &[&str]| {
        Keda::new(arguments)
            .arg("--kubeconfig")
            .arg(&cluster.kubeconfig)
            .run()
    };
    let plan = on(&["plan", &manifest]).expect(0);
    let note = format!("note: run would fail: the cluster has no namespace {nowhere}");
    assert_contains(&plan.stderr, &[&note]);
    for arguments in [&["--once"][..], &["--once", "--no-lease"]] {
        let run = on(&[&["run", manifest.as_str()], arguments].concat());
        assert_ne!(run.code, 0);
        let hint = format!("create it with kubectl create namespace {nowhere}");
        assert_contains(&run.stdout, &[&hint]);
    }
    Ok(())
}

fn unreachable() -> Outcome {
    let folder = tempfile::tempdir()?;
    let kubeconfig = write(
        &folder,
        "kubeconfig",
        "apiVersion: v1\nkind: Config\ncurrent-context: gone\ncontexts: [{name: gone, context: {cluster: gone, user: me}}]\n\
         clusters: [{name: gone, cluster: {server: 'http://127.0.0.1:1'}}]\nusers: [{name: me, user: {}}]\n",
    );
    let manifest = write(&folder, "cron.yaml", &scaled_job("shift", CRON));
    let plan = Keda::new([
        "plan",
        &manifest,
        "--reading",
        "0=5",
        "--kubeconfig",
        &kubeconfig,
        "--output",
        "json",
    ])
    .run()
    .expect(2);
    let decision = plan.json()["items"][0]["decision"].clone();
    assert_eq!(decision["create"], json!(0), "{decision:#}");
    let table = Keda::new([
        "plan",
        &manifest,
        "--reading",
        "0=5",
        "--kubeconfig",
        &kubeconfig,
    ])
    .run()
    .expect(2);
    assert_contains(&table.stdout, &["could not be counted"]);
    let run = Keda::new(["run", "--once", &manifest, "--kubeconfig", &kubeconfig])
        .run()
        .expect(2);
    assert_contains(&run.stdout, &["HELD"]);
    Ok(())
}

fn counts_keda() -> Outcome {
    let cluster = TestCluster::start();
    for number in 0..2 {
        cluster.create::<k8s_openapi::api::batch::v1::Job>(json!({
            "metadata": {"name": format!("by-keda-{number}"), "labels": {"scaledjob.keda.sh/name": "orders"}},
            "spec": {"template": {
                "metadata": {"annotations": {"sandbox.keda-jobs/run": "30m"}, "labels": {"scaledjob.keda.sh/name": "orders"}},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1.36"}]}
            }},
        }));
    }
    let manifest = scaled_job("orders", CRON).replace("maxReplicaCount: 100", "maxReplicaCount: 5");
    let manifest = cluster.write("orders.yaml", &manifest);
    let plan = cluster
        .run(["plan", &manifest, "--reading", "0=9", "--output", "json"])
        .expect(0)
        .json();
    assert_eq!(plan["items"][0]["jobs"]["running"], json!(2), "{plan:#}");
    assert_eq!(plan["items"][0]["decision"]["create"], json!(3), "{plan:#}");
    // They are KEDA's: listed, and never deleted by us.
    assert_contains(
        &cluster.run(["list"]).expect(0).stdout,
        &["by-keda-0", "KEDA"],
    );
    cluster.run(["cleanup", "--all", "--yes"]).expect(0);
    assert_eq!(cluster.jobs().len(), 2);
    Ok(())
}

fn custom() -> Outcome {
    let folder = tempfile::tempdir()?;
    let manifest = scaled_job("greedy", CRON).replace(
        "  maxReplicaCount: 100",
        "  maxReplicaCount: 10\n  scalingStrategy:\n    strategy: custom\n    customScalingRunningJobPercentage: \"0\"",
    );
    let manifest = write(&folder, "greedy.yaml", &manifest);
    let plan = Keda::new([
        "plan",
        &manifest,
        "--reading",
        "0=50",
        "--running",
        "8",
        "--output",
        "json",
    ])
    .run()
    .expect(0);
    let decision = plan.json()["items"][0]["decision"].clone();
    assert_eq!(
        (&decision["keda"], &decision["create"]),
        (&json!(10), &json!(2)),
        "{decision:#}"
    );
    Ok(())
}

fn paused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let manifest = scaled_job("sleepy", CRON).replace(
        "  name: sleepy",
        "  name: sleepy\n  annotations:\n    autoscaling.keda.sh/paused: \"true\"",
    );
    let manifest = write(&folder, "sleepy.yaml", &manifest);
    let plan = Keda::new(["plan", &manifest, "--running", "0", "--reading", "0=5"])
        .run()
        .expect(0);
    assert_contains(&plan.stdout, &["create 0", "paused"]);
    Ok(())
}

fn twice() -> Outcome {
    let folder = tempfile::tempdir()?;
    let named = scaled_job("orders", CRON)
        .replace("  name: orders", "  name: orders\n  namespace: default");
    let manifest = write(
        &folder,
        "twice.yaml",
        &format!("{named}---\n{}", scaled_job("orders", CRON)),
    );
    let output = Keda::new(["plan", &manifest, "--running", "0"])
        .run()
        .expect(2);
    assert_contains(&output.stderr, &["default/orders", "twice"]);
    Ok(())
}

fn namespace_mismatch() -> Outcome {
    let folder = tempfile::tempdir()?;
    let manifest =
        scaled_job("far", CRON).replace("  name: far", "  name: far\n  namespace: elsewhere");
    let manifest = write(&folder, "far.yaml", &manifest);
    let output = Keda::new(["plan", &manifest, "--running", "0", "--namespace", "here"])
        .run()
        .expect(2);
    assert_contains(&output.stderr, &["elsewhere", "here"]);
    Ok(())
}
