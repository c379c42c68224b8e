//! `validate` through the command line: forms of input and output. What each finding looks like is in `tests/data/validate`.

use libtest_mimic::Trial;
use serde_json::json;

use crate::sources::scaled_job;
use crate::support::binary::Keda;
use crate::support::{Outcome, assert_contains, assert_lacks, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("validate::every_class_of_mistake_at_its_place", classes),
        test(
            "validate::all_mistakes_of_all_files_in_one_run",
            all_at_once,
        ),
        test(
            "validate::documents_after_a_syntax_error_are_still_read",
            recovery,
        ),
        test("validate::stdin_folders_and_json", inputs),
        test("validate::trigger_parameters", parameters),
        test("validate::needs_no_network_and_no_kubeconfig", offline),
        test("validate::deployments_are_left_to_keda", deployments),
        test("validate::json_is_versioned", json_output),
        test("validate::other_kinds_are_skipped_with_a_count", skipped),
        test("validate::files_without_a_scaled_job_are_an_error", nothing),
    ]
}

fn validate(text: &str) -> crate::support::binary::Output {
    Keda::new(["validate", "-"]).stdin(text).run()
}

const CRON: &str = "- type: cron
  metadata:
    timezone: Etc/UTC
    start: 0 0 * * *
    end: 1 0 * * *
    desiredReplicas: \"1\"";

/// Each class of the issue: what is damaged, and the rule, line, column and caret that must come.
fn classes() -> Outcome {
    let good = scaled_job("good", CRON);
    assert_eq!(validate(&good).code, 0, "{}", validate(&good).stdout);
    let cases = [
        (
            "syntax",
            good.replace("kind: ScaledJob", "kind: [ScaledJob"),
            None,
        ),
        (
            "unknown-field",
            good.replace("maxReplicaCount", "maxReplicasCount"),
            Some((6, 3)),
        ),
        (
            "wrong-type",
            good.replace("maxReplicaCount: 100", "maxReplicaCount: \"100\""),
            Some((6, 20)),
        ),
        (
            "missing-field",
            good.replace("          image: busybox:1.36\n", "")
                .replace("- name: worker", "- image: busybox"),
            Some((14, 11)),
        ),
        (
            "duplicate-key",
            good.replace(
                "  maxReplicaCount: 100",
                "  maxReplicaCount: 100\n  maxReplicaCount: 5",
            ),
            Some((7, 3)),
        ),
        (
            "non-string-metadata",
            good.replace("desiredReplicas: \"1\"", "desiredReplicas: 1"),
            Some((22, 24)),
        ),
        (
            "unknown-trigger-type",
            good.replace("type: cron", "type: crom"),
            Some((17, 11)),
        ),
        (
            "missing-parameter",
            good.replace("      timezone: Etc/UTC\n", ""),
            None,
        ),
        (
            "unknown-parameter",
            good.replace("timezone:", "timezone: Etc/UTC\n      timezoom:"),
            Some((20, 7)),
        ),
        (
            "invalid-parameter",
            good.replace("desiredReplicas: \"1\"", "desiredReplicas: \"one\""),
            Some((22, 24)),
        ),
    ];
    for (rule, text, place) in cases {
        let output = validate(&text).expect(1);
        assert_contains(
            &output.stdout,
            &[&format!("error[{rule}]"), "<stdin>:", "^"],
        );
        if let Some((line, column)) = place {
            assert_contains(&output.stdout, &[&format!("<stdin>:{line}:{column}")]);
        }
    }
    Ok(())
}

fn all_at_once() -> Outcome {
    let folder = tempfile::tempdir()?;
    let wrong = scaled_job("wrong", CRON)
        .replace(
            "maxReplicaCount: 100",
            "maxReplicaCount: \"100\"\n  pollingIntervall: 5",
        )
        .replace("type: cron", "type: crom");
    std::fs::write(folder.path().join("a.yaml"), &wrong)?;
    std::fs::write(
        folder.path().join("b.yaml"),
        scaled_job("other", CRON).replace("desiredReplicas: \"1\"", "desiredReplicas: yes"),
    )?;
    let output = Keda::new(["validate"]).arg(folder.path()).run().expect(1);
    assert_contains(
        &output.stdout,
        &[
            "error[wrong-type]",
            "error[unknown-field]",
            "error[unknown-trigger-type]",
            "error[non-string-metadata]",
            "a.yaml:6:",
            "b.yaml:22:",
            "pollingInterval",
            "cron",
        ],
    );
    Ok(())
}

fn recovery() -> Outcome {
    let text = format!(
        "kind: [\n---\n{}",
        scaled_job("late", CRON).replace("maxReplicaCount", "maxReplicaCont")
    );
    let output = validate(&text).expect(1);
    assert_contains(
        &output.stdout,
        &["error[syntax]", "error[unknown-field]", "<stdin>:8:3"],
    );
    Ok(())
}

fn inputs() -> Outcome {
    let good = scaled_job("good", CRON);
    assert_contains(
        &validate(&good).expect(0).stdout,
        &["1 object that scales Jobs in 1 file"],
    );
    let folder = tempfile::tempdir()?;
    std::fs::create_dir(folder.path().join("deeper"))?;
    std::fs::write(folder.path().join("deeper/one.yml"), &good)?;
    let as_value: serde_json::Value =
        serde_yaml::from_str(&good.replace("name: good", "name: better"))?;
    std::fs::write(
        folder.path().join("two.json"),
        serde_json::to_string_pretty(&as_value)?,
    )?;
    std::fs::write(folder.path().join("three.txt"), "not: [a manifest")?;
    let output = Keda::new(["validate"]).arg(folder.path()).run().expect(0);
    assert_contains(&output.stdout, &["2 objects that scale Jobs in 2 files"]);
    let empty = tempfile::tempdir()?;
    Keda::new(["validate"]).arg(empty.path()).run().expect(2);
    Ok(())
}

fn parameters() -> Outcome {
    let redis = "- type: redis
  metadata:
    adress: 127.0.0.1:6379
    listName: work
    listLength: five
    passwordFromEnv: NOT_THERE";
    let output = validate(&scaled_job("redis", redis)).expect(1);
    assert_contains(
        &output.stdout,
        &[
            "adress",
            "did you mean",
            "listLength",
            "five",
            "NOT_THERE",
            "error[unknown-parameter]",
            "error[invalid-parameter]",
        ],
    );
    Ok(())
}

fn offline() -> Outcome {
    let output = Keda::new(["validate", "-"])
        .env("KUBECONFIG", "/nonexistent")
        .stdin(scaled_job("good", CRON))
        .run()
        .expect(0);
    assert!(output.stderr.is_empty(), "{}", output.stderr);
    Ok(())
}

fn deployments() -> Outcome {
    let scaled_object = "apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: web
spec:
  scaleTargetRef:
    name: web
  triggers: []
---
";
    let output = validate(&format!("{scaled_object}{}", scaled_job("good", CRON))).expect(0);
    assert_contains(&output.stdout, &["note[not-a-job]", "web", "Deployment"]);
    Ok(())
}

fn json_output() -> Outcome {
    let text =
        scaled_job("wrong", CRON).replace("maxReplicaCount: 100", "maxReplicaCount: \"100\"");
    let output = Keda::new(["validate", "-", "--output", "json"])
        .stdin(text)
        .run()
        .expect(1)
        .json();
    assert_eq!(
        (&output["apiVersion"], &output["kind"]),
        (&json!("keda-jobs/v1"), &json!("DiagnosticList"))
    );
    let item = &output["items"][0];
    assert_eq!(item["rule"], json!("wrong-type"));
    assert_eq!(
        (&item["location"]["line"], &item["location"]["column"]),
        (&json!(6), &json!(20))
    );
    assert_eq!(output["summary"]["errors"], json!(1));
    let good = Keda::new(["validate", "-", "--output", "json"])
        .stdin(scaled_job("good", CRON).replace(
            "    template:\n",
            "    activeDeadlineSeconds: 600\n    template:\n",
        ))
        .run()
        .expect(0)
        .json();
    assert_eq!(good["items"], json!([]));
    Ok(())
}

fn skipped() -> Outcome {
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n---\n";
    let output = validate(&format!("{service}{service}{}", scaled_job("good", CRON))).expect(0);
    assert_contains(&output.stdout, &["skipped 2 Service"]);
    assert_lacks(&output.stdout, "error");
    Ok(())
}

fn nothing() -> Outcome {
    let output = validate("apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n").expect(1);
    assert_contains(&output.stdout, &["error[no-scaled-job]", "Service"]);
    let output = validate("").expect(1);
    assert_contains(&output.stdout, &["error[no-scaled-job]"]);
    Ok(())
}
