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
        test("triggers::parameters_say_which_keda_came_with_them", times),
        test("triggers::a_version_shows_what_it_has", at_a_version),
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
    assert_eq!(output.stdout.lines().count(), 81, "a header and 80 types");
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
    let output = triggers(&["github-runner"]).expect(0);
    assert_contains(&output.stdout, &["from targetWorkflowQueueLength on"]);
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
    assert_eq!(json["items"].as_array().map(Vec::len), Some(80));
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

fn times() -> Outcome {
    let output = triggers(&["prometheus"]).expect(0);
    assert_contains(
        &output.stdout,
        &[
            "more headers for the request; since 2.10",
            "custom (since 2.10), oauth (since 2.12)",
            "also authMode (since 2.18)",
            "from 2.7 until 2.10",
            "also scope (from 2.12 until 2.15, and since 2.20)",
        ],
    );
    let json = parameters_of(&["prometheus", "--output", "json"])?;
    assert_eq!(json["customHeaders"]["since"], "2.10");
    assert_eq!(json["query"].get("since"), None);
    assert_eq!(json["authModes"]["times"]["authMode"], "since 2.18");
    assert_eq!(json["authModes"]["times"]["oauth"], "since 2.12");
    let json = parameters_of(&["redis", "--output", "json"])?;
    assert_eq!(
        json["password"]["times"]["password"],
        "from the metadata since 2.16"
    );
    Ok(())
}

fn at_a_version() -> Outcome {
    let at = |version: &str| {
        parameters_of(&["gcp-pubsub", "--keda-version", version, "--output", "json"])
    };
    let (old, new) = (at("2.9")?, at("2.20")?);
    assert!(old["subscriptionSize"].is_object() && new["subscriptionSize"].is_null());
    assert!(old["topicName"].is_null() && new["topicName"].is_object());
    assert_eq!(
        old["credentials"]["from"],
        serde_json::json!(["env"]),
        "not yet from the metadata"
    );
    let list = triggers(&["--keda-version", "2.9"]).expect(0).stdout;
    assert!(
        list.contains("\n  stan ") && !list.contains("\n  nsq "),
        "{list}"
    );
    for (arguments, hint) in [
        (["nsq", "--keda-version", "2.16"], "it came with 2.17"),
        (
            ["stan", "--keda-version", "2.19"],
            "it went with 2.19: use nats-jetstream",
        ),
    ] {
        let output = triggers(&arguments).expect(2);
        assert_contains(&output.stderr, &["has no trigger type", hint]);
    }
    Ok(())
}

/// The parameters by name.
fn parameters_of(arguments: &[&str]) -> Result<Value, Box<dyn std::error::Error>> {
    let json: Value = serde_json::from_str(&triggers(arguments).expect(0).stdout)?;
    let parameters = json["parameters"].as_array().ok_or("no parameters")?;
    Ok(parameters
        .iter()
        .map(|parameter| {
            let name = parameter["name"].as_str().unwrap_or_default();
            (name.to_owned(), parameter.clone())
        })
        .collect())
}
