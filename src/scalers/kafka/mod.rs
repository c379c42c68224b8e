//! Triggers that ask Kafka.

pub(super) mod apache;
pub(super) mod groups;

use super::given::{Given, Problem};
use super::params::ParameterSpec;
use super::params::notation::{A, MA, ME, flag, list, ranges, text, whole};
use super::trigger_type::{Target, TriggerType, Work};
use crate::api::facts::InFlight;

/// The parameters that both types read alike: which group, what counts, TLS and who signs in.
static GROUP: &[ParameterSpec] = &[
    list(&["bootstrapServers"], "host:port of the brokers")
        .from(ME)
        .required(),
    text(&["consumerGroup"], "name of the consumer group")
        .from(ME)
        .required(),
    ranges(
        &["partitionLimitation"],
        "only these partitions, such as 1,3-6",
    ),
    whole(&["lagThreshold"], "so much lag per Job").default("10"),
    whole(&["activationLagThreshold"], "active only above this lag").default("0"),
    text(
        &["offsetResetPolicy"],
        "where a group without commits starts",
    )
    .allowed(&["latest", "earliest"])
    .default("latest"),
    flag(
        &["allowIdleConsumers"],
        "let there be more Jobs than partitions",
    )
    .default("false"),
    flag(
        &["excludePersistentLag"],
        "leave out partitions whose offset has not moved since the last reading",
    )
    .default("false"),
    flag(
        &["scaleToZeroOnInvalidOffset"],
        "a partition without commits counts as 0",
    )
    .default("false"),
    flag(
        &["limitToPartitionsWithLag"],
        "no more Jobs than partitions with lag",
    )
    .default("false"),
    flag(
        &["ensureEvenDistributionOfPartitions"],
        "round Jobs up to a divisor of the number of partitions",
    )
    .default("false"),
    text(&["tls"], "whether to connect over TLS")
        .from(MA)
        .allowed(&["enable", "disable"])
        .default("disable"),
    text(&["ca"], "an authority to trust, PEM").from(A),
    text(&["cert"], "the client's certificate, PEM").from(A),
    text(&["key"], "the client's private key, PEM").from(A),
    text(&["keyPassword"], "password of the private key").from(A),
    text(&["username"], "user").from(A),
    text(&["password"], "password").from(A),
    text(&["awsRegion"], "aws_msk_iam: AWS region"),
];

/// What the types share.
const LAG: TriggerType = TriggerType {
    family: "kafka",
    counts: "offsets after the group's commits, at most lagThreshold for each partition unless allowIdleConsumers",
    work: Work::Is(
        InFlight::Included,
        "an offset counts as lag until it is committed",
    ),
    target: Target::Parameter(&["lagThreshold"], 10.0),
    activation: Some("activationLagThreshold"),
    ..TriggerType::USUAL
};

/// Rules that both types share. [KEDA `kafka_scaler.go`, `apache_kafka_scaler.go`]
fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    // [2.7.0 and 2.8.2 `kafka_scaler.go`]
    if given.since(8) {
        given.must_be_positive("lagThreshold", found);
    }
    if given.is_true("limitToPartitionsWithLag") {
        if given.is_true("allowIdleConsumers") {
            found.push(Problem::wrong(
                "limitToPartitionsWithLag",
                "allowIdleConsumers and limitToPartitionsWithLag exclude each other",
            ));
        }
        given.needs_all(&["topic"], "limitToPartitionsWithLag", found);
    }
    given.at_least("activationLagThreshold", 0, found);
    given.client_certificate("cert", "key", found);
}

/// Tokens of AWS need TLS, a region and somebody who signs.
fn msk(given: &Given<'_>, reason: &str, found: &mut Vec<Problem>) {
    given.needs_all(&["awsRegion"], reason, found);
    if given.value("tls").is_some_and(|tls| tls != "enable") {
        found.push(Problem::wrong("tls", format!("{reason} needs tls: enable")));
    }
    super::aws::credentials(given, found);
}
