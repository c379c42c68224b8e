//! `kafka`: lag of a consumer group. [KEDA `kafka_scaler.go`]

use super::{GROUP, LAG};
use crate::scalers::client::aws::AWS;
use crate::scalers::params::ParameterSpec;
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
    flag(&["kerberosDisableFAST"], "gssapi: do without FAST")
        .from(A)
        .default("false"),
    text(&["authMode"], "how to sign in, in KEDA 1").obsolete("use sasl and tls"),
];

/// The type.
pub(in crate::scalers) static KAFKA: TriggerType = TriggerType {
    name: "kafka",
    parameters: &[GROUP, PARAMETERS, AWS],
    ..LAG
};
