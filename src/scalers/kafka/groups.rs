//! `kafka`: lag of a consumer group. [KEDA `kafka_scaler.go`]

use super::{GROUP, LAG};
use crate::scalers::client::aws::AWS;
use crate::scalers::history::{Era, always, from, since, words};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{A, MA, ME, flag, text};
use crate::scalers::trigger_type::TriggerType;

static PARAMETERS: &[ParameterSpec] = &[
    text(
        &["topic"],
        "the topic; all that the group has commits for when absent",
    )
    .from(ME),
    flag(
        &["fullMetadata"],
        "ask for all topics instead of the ones needed",
    )
    .default("true"),
    text(&["version"], "version of the brokers' protocol"),
    flag(&["unsafeSsl"], "do not check the server's certificate").default("false"),
    text(&["sasl"], "how to sign in").from(MA).allowed(&[
        "none",
        "plaintext",
        "scram_sha256",
        "scram_sha512",
        "oauthbearer",
        "gssapi",
    ]),
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
    parameters: &[GROUP, PARAMETERS, AWS],
    history: &[HISTORY],
    ..LAG
};
