//! What a trigger's manifest says of its reading.

use super::fake::trigger;
use crate::api::KedaVersion;
use crate::api::facts::InFlight::{self, Excluded, Included, NotWork, Unknown};
use crate::scalers::facts;

fn in_flight(kind: &str, metadata: &[(&str, &str)], auth: bool) -> InFlight {
    facts(&trigger(0, kind, metadata, auth), KedaVersion::NEWEST)
        .unwrap()
        .in_flight
}

#[test]
fn switches_decide_whether_work_in_flight_is_included() {
    for (kind, metadata, expected) in [
        ("aws-sqs-queue", &[][..], Included),
        ("aws-sqs-queue", &[("scaleOnInFlight", "false")], Excluded),
        ("aws-sqs-queue", &[("scaleOnInFlight", "1")], Included),
        ("azure-queue", &[], Included),
        (
            "azure-queue",
            &[("queueLengthStrategy", "VisibleOnly")],
            Excluded,
        ),
        ("azure-servicebus", &[], Included),
        ("azure-pipelines", &[], Included),
        ("azure-pipelines", &[("scaleOnInFlight", "false")], Excluded),
        ("github-runner", &[], Included),
        ("rabbitmq", &[], Unknown),
        ("rabbitmq", &[("hostFromEnv", "MQ")], Unknown),
        (
            "rabbitmq",
            &[("hostFromEnv", "MQ"), ("protocol", "amqp")],
            Excluded,
        ),
        ("rabbitmq", &[("host", "amqps://mq/")], Excluded),
        ("rabbitmq", &[("host", "https://mq/")], Included),
        (
            "rabbitmq",
            &[("protocol", "http"), ("excludeUnacknowledged", "true")],
            Excluded,
        ),
        (
            "rabbitmq",
            &[("mode", "MessageRate"), ("protocol", "http")],
            NotWork,
        ),
        ("redis", &[], Excluded),
        ("redis-streams", &[], Unknown),
        ("redis-streams", &[("consumerGroup", "g")], Included),
        (
            "redis-streams",
            &[("consumerGroup", "g"), ("lagCount", "0")],
            Included,
        ),
        (
            "redis-cluster-streams",
            &[("consumerGroup", "g"), ("lagCount", "5")],
            Excluded,
        ),
        ("gcp-pubsub", &[], Included),
        (
            "gcp-pubsub",
            &[("mode", "OldestUnackedMessageAge")],
            NotWork,
        ),
        ("temporal", &[], Excluded),
        // It only decides whether the trigger is active.
        (
            "temporal",
            &[("includeRunningWorkflowCount", "true")],
            Excluded,
        ),
        ("kafka", &[], Included),
        ("nsq", &[], Excluded),
        ("cron", &[], NotWork),
        ("postgresql", &[], Unknown),
    ] {
        assert_eq!(
            in_flight(kind, metadata, false),
            expected,
            "{kind} {metadata:?}"
        );
    }
    // host may come from the TriggerAuthentication; protocol stands in the metadata first.
    assert_eq!(in_flight("rabbitmq", &[], true), Unknown);
    assert_eq!(
        in_flight("rabbitmq", &[("protocol", "http")], true),
        Included
    );
}

/// [2.19.0, 2.20.0 and 2.21.0 `azure_pipelines_scaler.go`, stripDeadJobs]
#[test]
fn what_is_in_flight_depends_on_the_version() {
    let metadata = [("scaleOnInFlight", "false")];
    let at = |minor| {
        let trigger = trigger(0, "azure-pipelines", &metadata, false);
        facts(&trigger, KedaVersion::new(minor, 0))
            .unwrap()
            .in_flight
    };
    assert_eq!([19, 20, 21].map(at), [Included, Excluded, Excluded]);
    let trigger = trigger(0, "azure-pipelines", &[], false);
    let at = |minor| {
        facts(&trigger, KedaVersion::new(minor, 0))
            .unwrap()
            .in_flight
    };
    assert_eq!([19, 20, 21].map(at), [Included, Excluded, Included]);
}

#[test]
fn a_switch_turns_what_it_says() {
    for kind in crate::scalers::TRIGGER_TYPES {
        let before = facts(&trigger(0, kind.name, &[], false), KedaVersion::NEWEST).unwrap();
        let Some((parameter, value)) = before.switch else {
            continue;
        };
        let after = facts(
            &trigger(0, kind.name, &[(parameter, value)], false),
            KedaVersion::NEWEST,
        )
        .unwrap();
        assert_ne!(before.in_flight, after.in_flight, "{}", kind.name);
        assert!(after.switch.is_some(), "{}", kind.name);
    }
}

#[test]
fn targets_and_activations() {
    let of = |kind: &str, metadata: &[(&str, &str)], auth: bool| {
        let facts = facts(&trigger(0, kind, metadata, auth), KedaVersion::NEWEST).unwrap();
        (facts.target, facts.activation)
    };
    assert_eq!(of("redis", &[], false), (Some(5.0), Some(0.0)));
    let redis = [("listLength", "1"), ("activationListLength", "7")];
    assert_eq!(of("redis", &redis, true), (Some(1.0), Some(7.0)));
    assert_eq!(of("rabbitmq", &[("queueLength", "3")], false).0, Some(3.0));
    assert_eq!(of("rabbitmq", &[], false).0, Some(20.0));
    assert_eq!(of("cron", &[], false), (Some(1.0), Some(0.0)));
    assert_eq!(of("datadog", &[("queryValue", "7")], false).0, Some(7.0));
    assert_eq!(of("external", &[], false).0, None);
    let lag = [("consumerGroup", "g"), ("lagCount", "8")];
    assert_eq!(of("redis-streams", &lag, false).0, Some(8.0));
    // Nothing is invented for what comes from the environment or from a TriggerAuthentication.
    let runner = [("targetWorkflowQueueLengthFromEnv", "T")];
    assert_eq!(of("github-runner", &runner, false).0, None);
    assert_eq!(of("elasticsearch", &[], true).0, None);
    assert!(
        facts(&trigger(0, "cpu", &[], false), KedaVersion::NEWEST)
            .unwrap()
            .skipped
    );
    assert!(facts(&trigger(0, "reddis", &[], false), KedaVersion::NEWEST).is_none());
}
