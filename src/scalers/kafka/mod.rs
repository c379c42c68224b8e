//! Triggers that ask Kafka.

pub(super) mod apache;
mod brokers;
pub(super) mod groups;
mod lag;
mod reader;

use std::collections::BTreeMap;
use std::sync::Mutex;

use self::brokers::Brokers;
use self::lag::Rules;
use self::reader::{Reader, Topics};
use super::given::{Given, Problem};
use super::metric::{self, Metric};
use super::params::notation::{A, MA, ME, flag, list, ranges, text, whole};
use super::params::{ParameterSpec, Resolved};
use super::trigger_type::{Target, TriggerType, Work};
use super::{BuildError, Scaler, ScalerContext};
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
        "leave out partitions in which the group has committed nothing since the reading before; a first reading counts all, and so do plan and run --once",
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

/// What reads the lag of a group in these topics.
fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
    topics: Topics,
    brokers: Brokers,
) -> Result<Box<dyn Scaler>, BuildError> {
    let group = parameters.text("consumerGroup").to_owned();
    let number = |name| parameters.integer(name).unwrap_or_default();
    let (threshold, activation) = (number("lagThreshold"), number("activationLagThreshold"));
    let is_true = |name| parameters.boolean(name);
    let named = matches!(topics, Topics::Named(_));
    let problems = [
        (
            threshold < 1,
            "parameter lagThreshold must be a positive number",
        ),
        (
            activation < 0,
            "parameter activationLagThreshold must not be negative",
        ),
        (
            is_true("allowIdleConsumers") && is_true("limitToPartitionsWithLag"),
            "allowIdleConsumers and limitToPartitionsWithLag exclude each other",
        ),
        (
            is_true("limitToPartitionsWithLag") && !named,
            "parameter topic is missing; limitToPartitionsWithLag needs it",
        ),
    ];
    let problems: Vec<String> = problems
        .into_iter()
        .filter(|(is_wrong, _)| *is_wrong)
        .map(|(_, text)| text.to_owned())
        .collect();
    if !problems.is_empty() {
        return Err(BuildError::all(problems));
    }
    let name = match &topics {
        Topics::Named(topics) => format!("kafka-{}", topics.join(",")),
        Topics::OfCommits | Topics::OfCluster => format!("kafka-{group}-topics"),
    };
    Ok(Box::new(Reader {
        metric: Metric::new(context, &name, metric::Target::Whole(threshold))?,
        activation,
        brokers,
        // Without a topic KEDA passes it over.
        only: if named {
            parameters.ranges("partitionLimitation").to_vec()
        } else {
            Vec::new()
        },
        group,
        topics,
        rules: Rules {
            threshold,
            from_the_start: parameters.text("offsetResetPolicy") == "earliest",
            zero_without_commit: is_true("scaleToZeroOnInvalidOffset"),
            only_moving: is_true("excludePersistentLag"),
            allow_idle: is_true("allowIdleConsumers"),
            only_with_lag: is_true("limitToPartitionsWithLag"),
            even: is_true("ensureEvenDistributionOfPartitions"),
        },
        last: Mutex::new(BTreeMap::new()),
    }))
}

/// Tokens of AWS need TLS, a region and somebody who signs.
fn msk(given: &Given<'_>, reason: &str, found: &mut Vec<Problem>) {
    given.needs_all(&["awsRegion"], reason, found);
    if given.value("tls").is_some_and(|tls| tls != "enable") {
        found.push(Problem::wrong("tls", format!("{reason} needs tls: enable")));
    }
    super::aws::credentials(given, found);
}
