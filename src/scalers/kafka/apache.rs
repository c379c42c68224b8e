//! `apache-kafka`: lag of a consumer group, by another client library. [KEDA `apache_kafka_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::client::aws::AWS;
use crate::scalers::history::{Era, always, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, MA, ME, flag, list, ranges, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    list(&["bootstrapServers"], "host:port of the brokers")
        .from(ME)
        .required(),
    text(&["consumerGroup"], "name of the consumer group")
        .from(ME)
        .required(),
    list(&["topic"], "the topics; all of the cluster when absent").from(ME),
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
    .allowed(&["earliest", "latest"])
    .default("latest"),
    flag(
        &["allowIdleConsumers"],
        "let there be more Jobs than partitions",
    ),
    flag(
        &["excludePersistentLag"],
        "leave out partitions whose offset has not moved since the last reading",
    ),
    flag(
        &["scaleToZeroOnInvalidOffset"],
        "a partition without commits counts as 0",
    ),
    flag(
        &["limitToPartitionsWithLag"],
        "no more Jobs than partitions with lag",
    ),
    flag(
        &["ensureEvenDistributionOfPartitions"],
        "round Jobs up to a divisor of the number of partitions",
    ),
    text(&["sasl"], "how to sign in")
        .from(MA)
        .allowed(&[
            "none",
            "plaintext",
            "scram_sha256",
            "scram_sha512",
            "gssapi",
            "aws_msk_iam",
        ])
        .default("none"),
    text(&["username"], "user").from(A),
    text(&["password"], "password").from(A),
    text(&["awsRegion"], "aws_msk_iam: AWS region"),
    text(&["awsEndpoint"], "aws_msk_iam: address of AWS").obsolete("take it out"),
    text(&["tls"], "whether to connect over TLS")
        .from(MA)
        .allowed(&["enable", "disable"])
        .default("disable"),
    text(&["cert"], "the client's certificate, PEM").from(A),
    text(&["key"], "the client's private key, PEM").from(A),
    text(&["keyPassword"], "password of the private key").from(A),
    text(&["ca"], "an authority to trust, PEM").from(A),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(13, &["limitToPartitionsWithLag"]),
    always(&["awsEndpoint"]).ignored(17),
    since(18, &["ensureEvenDistributionOfPartitions"]),
];

/// The type.
pub(in crate::scalers) static APACHE_KAFKA: TriggerType = TriggerType {
    name: "apache-kafka",
    family: "kafka",
    parameters: &[PARAMETERS, AWS],
    counts: "offsets after the group's commits, at most lagThreshold for each partition unless allowIdleConsumers",
    work: Work::Is(
        InFlight::Included,
        "an offset counts as lag until it is committed",
    ),
    target: Target::Parameter(&["lagThreshold"], 10.0),
    activation: Some("activationLagThreshold"),
    check: super::check,
    since: KedaVersion::new(12, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};
