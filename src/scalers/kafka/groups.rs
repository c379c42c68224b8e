//! `kafka`: lag of a consumer group. [KEDA `kafka_scaler.go`]

use crate::api::facts::InFlight;
use crate::scalers::client::aws::AWS;
use crate::scalers::history::{Era, always, from, since, words};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
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
    text(&["ccacheName"], "gssapi: file name of the credential cache").from(A),
    flag(&["kerberosDisableFAST"], "gssapi: do without FAST")
        .from(A)
        .default("false"),
    text(&["awsRegion"], "aws_msk_iam: AWS region"),
    text(&["authMode"], "how to sign in, in KEDA 1").obsolete("use sasl and tls"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(3, &["allowIdleConsumers"]),
    since(4, &["version"]),
    always(&["topic"]).optional(6),
    since(7, &["scaleToZeroOnInvalidOffset"]),
    words(7, "tls", &["disable"]),
    since(8, &["activationLagThreshold", "keyPassword"]),
    since(
        9,
        &[
            "partitionLimitation",
            "excludePersistentLag",
            "scopes",
            "oauthTokenEndpointUri",
        ],
    ),
    words(9, "sasl", &["oauthbearer"]),
    from(10, Source::Metadata, &["tls", "sasl"]),
    since(11, &["oauthExtensions"]),
    since(12, &["unsafeSsl"]),
    since(
        13,
        &[
            "limitToPartitionsWithLag",
            "keytab",
            "realm",
            "kerberosConfig",
        ],
    ),
    words(13, "sasl", &["gssapi"]),
    since(14, &["kerberosServiceName"]),
    since(
        15,
        &[
            "saslTokenProvider",
            "awsRegion",
            "awsAccessKeyID",
            "awsAccessKeyId",
            "awsSecretAccessKey",
            "awsSessionToken",
            "awsRoleArn",
            "identityOwner",
        ],
    ),
    since(16, &["kerberosDisableFAST"]),
    since(18, &["ensureEvenDistributionOfPartitions"]),
    since(21, &["fullMetadata", "ccacheName"]),
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
    check: super::check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};
