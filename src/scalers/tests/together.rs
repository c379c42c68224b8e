//! Rules over several parameters: what is said, and what is not said because it may come from elsewhere.

use super::fake::{job, trigger};
use crate::api::{KedaVersion, PodIdentity, Resources, TargetRef, Trigger, TriggerAuthentication};
use crate::scalers::{LocalKnowledge, check};

const KEYS: &[(&str, &str)] = &[
    ("awsAccessKeyID", "K"),
    ("awsSecretAccessKeyFromEnv", "KEY"),
];

/// `rule: message` of everything but the notices about the whole trigger.
fn said(trigger: Trigger, authentication: Option<TriggerAuthentication>) -> Vec<String> {
    let resources = Resources {
        authentications: authentication.into_iter().collect(),
        ..Resources::default()
    };
    let job = job(vec![trigger]);
    let local = LocalKnowledge {
        resources: &resources,
        version: KedaVersion::NEWEST,
    };
    check(&job.triggers[0], &job, &local)
        .iter()
        .filter(|diagnostic| {
            !matches!(
                diagnostic.rule.id,
                "unsupported-trigger-type" | "authentication-not-given" | "trigger-type-version"
            )
        })
        .map(|diagnostic| format!("{}: {}", diagnostic.rule.id, diagnostic.message))
        .collect()
}

fn with<'a>(one: &[(&'a str, &'a str)], other: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [one, other].concat()
}

#[test]
fn what_is_missing_or_contradictory_is_said() {
    let sqs = [("queueURL", "q"), ("awsRegion", "eu-west-1")];
    let kafka = [("bootstrapServers", "k:1"), ("consumerGroup", "g")];
    let rabbit = [
        ("host", "amqp://mq"),
        ("queueName", "q"),
        ("protocol", "amqp"),
    ];
    for (kind, metadata, expected) in [
        (
            "aws-sqs-queue",
            sqs.to_vec(),
            "missing-parameter: nothing says who signs",
        ),
        (
            "aws-sqs-queue",
            with(&sqs, &KEYS[..1]),
            "missing-parameter: awsAccessKeyID of the metadata needs awsSecretAccessKeyFromEnv",
        ),
        (
            "azure-queue",
            vec![("queueName", "q")],
            "missing-parameter: parameter connection is needed",
        ),
        (
            "azure-queue",
            vec![
                ("queueName", "q"),
                ("connectionFromEnv", "PLAIN"),
                ("cloud", "private"),
            ],
            "missing-parameter: cloud Private needs parameter endpointSuffix",
        ),
        (
            "azure-queue",
            vec![
                ("queueName", "q"),
                ("connectionFromEnv", "PLAIN"),
                ("cloud", "Mars"),
            ],
            "invalid-parameter: parameter cloud must be AzurePublicCloud",
        ),
        (
            "azure-servicebus",
            vec![
                ("queueName", "q"),
                ("topicName", "t"),
                ("connectionFromEnv", "PLAIN"),
            ],
            "invalid-parameter: set queueName, or topicName and subscriptionName",
        ),
        (
            "azure-servicebus",
            vec![("topicName", "t"), ("connectionFromEnv", "PLAIN")],
            "missing-parameter: parameter topicName needs parameter subscriptionName",
        ),
        (
            "gcp-pubsub",
            vec![("credentialsFromEnv", "PLAIN")],
            "missing-parameter: gcp-pubsub needs parameter subscriptionName or topicName",
        ),
        (
            "gcp-pubsub",
            vec![
                ("credentialsFromEnv", "PLAIN"),
                ("topicName", "t"),
                ("subscriptionSize", "5"),
            ],
            "invalid-parameter: parameter subscriptionSize is no longer read",
        ),
        (
            "kafka",
            with(&kafka, &[("sasl", "plaintext")]),
            "missing-parameter: sasl plaintext needs parameter username",
        ),
        (
            "kafka",
            with(
                &kafka,
                &[
                    ("allowIdleConsumers", "true"),
                    ("limitToPartitionsWithLag", "true"),
                    ("topic", "t"),
                ],
            ),
            "invalid-parameter: allowIdleConsumers and limitToPartitionsWithLag",
        ),
        (
            "kafka",
            with(&kafka, &[("partitionLimitation", "3-1")]),
            "invalid-parameter: parameter partitionLimitation is \"3-1\"",
        ),
        (
            "kafka",
            with(&kafka, &[("lagThreshold", "0")]),
            "invalid-parameter: parameter lagThreshold",
        ),
        (
            "rabbitmq",
            with(
                &rabbit,
                &[
                    ("queueLength", "5"),
                    ("value", "5"),
                    ("mode", "QueueLength"),
                ],
            ),
            "invalid-parameter: parameter queueLength cannot stand beside",
        ),
        (
            "rabbitmq",
            with(&rabbit, &[("excludeUnacknowledged", "true")]),
            "invalid-parameter: parameter excludeUnacknowledged needs protocol http",
        ),
        (
            "rabbitmq",
            with(&rabbit, &[("mode", "QueueLength")]),
            "missing-parameter: mode needs parameter value",
        ),
        (
            "redis",
            vec![("listName", "l"), ("hosts", "a,b"), ("ports", "1")],
            "invalid-parameter: parameters host and port must come in pairs",
        ),
        (
            "redis-cluster",
            vec![("listName", "l")],
            "missing-parameter: parameter address is missing",
        ),
        (
            "postgresql",
            vec![("query", "q"), ("targetQueryValue", "1"), ("host", "h")],
            "missing-parameter: postgresql without connection needs parameter port",
        ),
        (
            "nats-jetstream",
            vec![
                ("stream", "s"),
                ("consumer", "c"),
                ("natsServerMonitoringEndpoint", "n:1"),
            ],
            "missing-parameter: nats-jetstream needs parameter account or accountID",
        ),
        (
            "mongodb",
            vec![
                ("dbName", "d"),
                ("collection", "c"),
                ("query", "{}"),
                ("queryValue", "1"),
            ],
            "missing-parameter: mongodb without connectionString needs parameter host",
        ),
        (
            "azure-pipelines",
            vec![
                ("organizationURL", "https://d"),
                ("personalAccessTokenFromEnv", "PLAIN"),
            ],
            "missing-parameter: azure-pipelines needs parameter poolID or poolName",
        ),
        (
            "aws-cloudwatch",
            with(
                KEYS,
                &[
                    ("awsRegion", "r"),
                    ("targetMetricValue", "1"),
                    ("minMetricValue", "0"),
                    ("namespace", "n"),
                    ("metricName", "m"),
                    ("dimensionName", "a;b"),
                    ("dimensionValue", "c"),
                ],
            ),
            "invalid-parameter: dimensionName and dimensionValue must hold as many items",
        ),
        (
            "elasticsearch",
            vec![
                ("index", "i"),
                ("valueLocation", "v"),
                ("targetValue", "1"),
                ("addresses", "http://e"),
            ],
            "missing-parameter: a search needs parameter query or searchTemplateName",
        ),
    ] {
        let found = said(trigger(0, kind, &metadata, false), None);
        assert!(
            found.iter().any(|line| line.starts_with(expected)),
            "{kind} {metadata:?}: {found:?}"
        );
    }
}

/// The same triggers with a TriggerAuthentication that is not at hand: it may bring what is missing.
#[test]
fn what_may_come_from_elsewhere_is_not_called_missing() {
    for (kind, metadata) in [
        (
            "aws-sqs-queue",
            vec![("queueURL", "q"), ("awsRegion", "eu-west-1")],
        ),
        ("azure-queue", vec![("queueName", "q")]),
        ("azure-servicebus", vec![("queueName", "q")]),
        ("gcp-storage", vec![("bucketName", "b")]),
        (
            "kafka",
            vec![
                ("bootstrapServers", "k:1"),
                ("consumerGroup", "g"),
                ("sasl", "plaintext"),
            ],
        ),
        ("rabbitmq", vec![("queueName", "q")]),
        ("redis-cluster", vec![("listName", "l")]),
        (
            "postgresql",
            vec![("query", "q"), ("targetQueryValue", "1")],
        ),
        (
            "mongodb",
            vec![("collection", "c"), ("query", "{}"), ("queryValue", "1")],
        ),
        (
            "azure-pipelines",
            vec![("poolID", "1"), ("organizationURL", "https://d")],
        ),
        (
            "github-runner",
            vec![("owner", "o"), ("runnerScope", "org")],
        ),
        ("elasticsearch", vec![]),
        (
            "influxdb",
            vec![
                ("query", "q"),
                ("serverURL", "http://i"),
                ("thresholdValue", "1"),
            ],
        ),
    ] {
        let found = said(trigger(0, kind, &metadata, true), None);
        assert_eq!(found, [""; 0], "{kind}");
    }
}

#[test]
fn a_pod_identity_signs_in_for_the_trigger() {
    let identity = |provider: &str| {
        Some(TriggerAuthentication {
            name: "auth".to_owned(),
            pod_identity: Some(PodIdentity::of(provider)),
            ..TriggerAuthentication::default()
        })
    };
    let sqs = [("queueURL", "q"), ("awsRegion", "eu-west-1")];
    let sqs = || trigger(0, "aws-sqs-queue", &sqs, true);
    assert_eq!(said(sqs(), identity("aws")), [""; 0]);
    let queue = || trigger(0, "azure-queue", &[("queueName", "q")], true);
    let found = said(queue(), identity("azure-workload"));
    assert_eq!(
        found,
        ["missing-parameter: podIdentity azure-workload needs parameter accountName"]
    );
    let keys = TriggerAuthentication {
        name: "auth".to_owned(),
        secret_target_ref: vec![TargetRef {
            parameter: "awsAccessKeyID".to_owned(),
            name: "s".to_owned(),
            key: "k".to_owned(),
        }],
        ..TriggerAuthentication::default()
    };
    let found = said(sqs(), Some(keys));
    assert_eq!(
        found,
        [
            "missing-parameter: awsAccessKeyID of a TriggerAuthentication needs parameter awsSecretAccessKey, from a TriggerAuthentication too"
        ]
    );
}
