//! `triggers`: what is known of the trigger types.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::binary::Keda;
use crate::support::{Outcome, assert_contains, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("triggers::all_types_are_listed", list),
        test("triggers::one_type_is_described", one),
        test("triggers::an_unknown_type_is_2_with_a_suggestion", unknown),
        test("triggers::json_and_yaml_are_versioned", forms),
    ]
}

fn triggers(arguments: &[&str]) -> crate::support::binary::Output {
    arguments
        .iter()
        .fold(Keda::new(["triggers"]), Keda::arg)
        .run()
}

fn list() -> Outcome {
    let output = triggers(&[]).expect(0);
    assert_eq!(output.stdout.lines().count(), 80, "a header and 79 types");
    assert_contains(&output.stdout, &["TYPE", "aws-sqs-queue", "IN FLIGHT"]);
    for line in output.stdout.lines().skip(1) {
        let mut words = line.split_whitespace();
        let (kind, read) = (words.next().expect("a type"), words.next());
        match kind {
            "redis" | "cron" | "rabbitmq" => assert_eq!(read, Some("yes"), "{line}"),
            "cpu" | "memory" => assert_eq!(read, Some("skipped"), "{line}"),
            "stan" => assert_eq!(read, Some("not"), "{line}"),
            _ => {}
        }
    }
    Ok(())
}

fn one() -> Outcome {
    let output = triggers(&["aws-sqs-queue"]).expect(0);
    assert_contains(
        &output.stdout,
        &[
            "work in flight included",
            "`scaleOnInFlight: false` makes it the other way around",
            "default fits",
            "queueURL",
            "required",
            "awsAccessKeyID",
            "also awsAccessKeyId",
        ],
    );
    let output = triggers(&["stan"]).expect(0);
    assert_contains(&output.stdout, &["with KEDA 2.19: use nats-jetstream"]);
    Ok(())
}

fn unknown() -> Outcome {
    let output = triggers(&["redsi"]).expect(2);
    assert!(output.stdout.is_empty());
    assert_contains(
        &output.stderr,
        &["KEDA has no trigger type \"redsi\"", "did you mean redis?"],
    );
    let output = triggers(&["zzz"]).expect(2);
    assert_contains(&output.stderr, &["keda-jobs triggers lists them all"]);
    Ok(())
}

fn forms() -> Outcome {
    let json: Value = serde_json::from_str(&triggers(&["--output", "json"]).expect(0).stdout)?;
    assert_eq!(json["apiVersion"], "keda-jobs/v1");
    assert_eq!(json["kind"], "TriggerTypeList");
    assert_eq!(json["items"].as_array().map(Vec::len), Some(79));
    let text = triggers(&["rabbitmq", "--output", "json"]).expect(0).stdout;
    let json: Value = serde_json::from_str(&text)?;
    assert_eq!(json["kind"], "TriggerType");
    assert_eq!(json["type"], "rabbitmq");
    assert_eq!(json["reading"], "read");
    assert_eq!(json["workInFlight"]["is"], "unknown");
    let parameters = json["parameters"].as_array().expect("parameters");
    let host = parameters
        .iter()
        .find(|parameter| parameter["name"] == "host")
        .expect("host");
    assert_eq!(host["required"], true);
    assert_eq!(
        host["from"],
        serde_json::json!(["metadata", "authentication", "env"])
    );
    let yaml = triggers(&["rabbitmq", "-o", "yaml"]).expect(0).stdout;
    assert_contains(&yaml, &["apiVersion: keda-jobs/v1", "kind: TriggerType"]);
    Ok(())
}
