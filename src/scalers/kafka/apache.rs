//! `apache-kafka`: lag of a consumer group, by another client library. [KEDA `apache_kafka_scaler.go`]

use crate::api::facts::InFlight;
use crate::scalers::client::aws::AWS;
use crate::scalers::given::{Given, Problem};
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
    text(&["tls"], "whether to connect over TLS")
        .from(MA)
        .allowed(&["enable", "disable"])
        .default("disable"),
    text(&["cert"], "the client's certificate, PEM").from(A),
    text(&["key"], "the client's private key, PEM").from(A),
    text(&["keyPassword"], "password of the private key").from(A),
    text(&["ca"], "an authority to trust, PEM").from(A),
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
    check,
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::check(given, found);
    for name in ["sasl", "tls"] {
        let is_written = given
            .metadata()
            .get(name)
            .is_some_and(|text| !text.is_empty());
        if is_written && given.brings(name) {
            found.push(Problem::wrong(
                name,
                format!("set {name} in the metadata or in the TriggerAuthentication, not both"),
            ));
        }
    }
    match given.value("sasl") {
        Some("plaintext") => {
            given.needs_all(&["username", "password"], "sasl plaintext", found);
        }
        // KEDA builds it, and no broker lets it in.
        Some(sasl @ ("scram_sha256" | "scram_sha512")) => {
            given.needs_all(&["username", "password"], &format!("sasl {sasl}"), found);
        }
        Some("gssapi") => found.push(Problem::wrong(
            "sasl",
            "apache-kafka cannot sign in by gssapi, though KEDA lists it; use type kafka",
        )),
        Some("aws_msk_iam") => super::msk(given, "sasl aws_msk_iam", found),
        _ => {}
    }
}
