//! `kafka`: lag of a consumer group. [KEDA `kafka_scaler.go`]

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
    text(
        &["topic"],
        "the topic; all that the group has commits for when absent",
    )
    .from(ME),
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
    flag(
        &["fullMetadata"],
        "ask for all topics instead of the ones needed",
    )
    .default("true"),
    text(&["version"], "version of the brokers' protocol"),
    text(&["tls"], "whether to connect over TLS")
        .from(MA)
        .allowed(&["enable", "disable"])
        .default("disable"),
    flag(&["unsafeSsl"], "do not check the server's certificate").default("false"),
    text(&["ca"], "an authority to trust, PEM").from(A),
    text(&["cert"], "the client's certificate, PEM").from(A),
    text(&["key"], "the client's private key, PEM").from(A),
    text(&["keyPassword"], "password of the private key").from(A),
    text(&["sasl"], "how to sign in").from(MA).allowed(&[
        "none",
        "plaintext",
        "scram_sha256",
        "scram_sha512",
        "oauthbearer",
        "gssapi",
    ]),
    text(&["username"], "user").from(A),
    text(&["password"], "password").from(A),
    text(&["saslTokenProvider"], "who gives tokens for oauthbearer")
        .from(MA)
        .allowed(&["bearer", "aws_msk_iam"]),
    text(&["scopes"], "oauthbearer: scopes to ask for").from(A),
    text(
        &["oauthTokenEndpointUri"],
        "oauthbearer: where tokens are given",
    )
    .from(A),
    text(&["oauthExtensions"], "oauthbearer: extensions, name=value").from(A),
    text(&["keytab"], "gssapi: the keytab").from(A),
    text(&["realm"], "gssapi: Kerberos realm").from(A),
    text(&["kerberosConfig"], "gssapi: krb5.conf").from(A),
    text(
        &["kerberosServiceName"],
        "gssapi: name of the brokers' service",
    )
    .from(A),
    flag(&["kerberosDisableFAST"], "gssapi: do without FAST")
        .from(A)
        .default("false"),
    text(&["awsRegion"], "aws_msk_iam: AWS region"),
    text(&["authMode"], "how to sign in, in KEDA 1").obsolete("use sasl and tls"),
];

/// The type.
pub(in crate::scalers) static KAFKA: TriggerType = TriggerType {
    name: "kafka",
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
    if given.is_true("ensureEvenDistributionOfPartitions") {
        if given.is_true("limitToPartitionsWithLag") {
            found.push(Problem::wrong(
                "ensureEvenDistributionOfPartitions",
                "limitToPartitionsWithLag and ensureEvenDistributionOfPartitions exclude each other",
            ));
        }
        given.needs_all(&["topic"], "ensureEvenDistributionOfPartitions", found);
    }
    // Three numbers since version 1, four before it. [sarama, `ParseKafkaVersion`]
    let is_version = |text: &str| {
        let numbers: Vec<_> = text.split('.').map(str::parse::<u32>).collect();
        numbers.iter().all(Result::is_ok)
            && numbers.len() == if text.starts_with("0.") { 4 } else { 3 }
    };
    if given.value("version").is_some_and(|text| !is_version(text)) {
        found.push(Problem::wrong(
            "version",
            "parameter version must be a version of Kafka such as 2.8.0 or 0.11.0.2",
        ));
    }
    match given.value("sasl") {
        Some(sasl @ ("plaintext" | "scram_sha256" | "scram_sha512")) => {
            given.needs_all(&["username", "password"], &format!("sasl {sasl}"), found);
        }
        Some("oauthbearer") if given.value("saslTokenProvider") == Some("aws_msk_iam") => {
            super::msk(given, "saslTokenProvider aws_msk_iam", found);
        }
        Some("oauthbearer")
            if given.lacks("saslTokenProvider")
                || given.value("saslTokenProvider") == Some("bearer") =>
        {
            given.needs_all(
                &["username", "password", "oauthTokenEndpointUri"],
                "sasl oauthbearer",
                found,
            );
        }
        Some("gssapi") => {
            given.needs_all(
                &["username", "realm", "kerberosConfig"],
                "sasl gssapi",
                found,
            );
            given.needs_one_of(
                &["password", "keytab"],
                "sasl gssapi needs parameter password or keytab",
                found,
            );
            given.excludes("password", "keytab", found);
        }
        _ => {}
    }
}
