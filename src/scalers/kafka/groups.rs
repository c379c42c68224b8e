//! `kafka`: lag of a consumer group. [KEDA `kafka_scaler.go`]

use super::brokers::{Brokers, SignIn};
use super::reader::Topics;
use super::{GROUP, LAG};
use crate::scalers::client::aws::AWS;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, from, since, words};
use crate::scalers::params::notation::{A, MA, ME, flag, text};
use crate::scalers::params::{ParameterSpec, Resolved, Source};
use crate::scalers::trigger_type::TriggerType;
use crate::scalers::{Behaviour, BuildError, Scaler, ScalerContext};

static PARAMETERS: &[ParameterSpec] = &[
    text(
        &["topic"],
        "the topic; when absent, all that the group has commits for, or all of the cluster while it has none",
    )
    .from(ME),
    flag(
        &["fullMetadata"],
        "ask for all topics instead of the ones needed",
    )
    .default("true"),
    text(&["version"], "version of the brokers' protocol; keda-jobs asks them for it"),
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
    check,
    history: &[HISTORY],
    behaviour: Behaviour::Reads(build),
    ..LAG
};

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let topic = parameters.text("topic");
    if parameters.boolean("ensureEvenDistributionOfPartitions") {
        if parameters.boolean("limitToPartitionsWithLag") {
            return Err(BuildError::new(
                "limitToPartitionsWithLag and ensureEvenDistributionOfPartitions exclude each other",
            ));
        }
        if topic.is_empty() {
            return Err(BuildError::new(
                "parameter topic is missing; ensureEvenDistributionOfPartitions needs it",
            ));
        }
    }
    let sasl = parameters.text("sasl");
    let sign_in = match (SignIn::by(sasl, parameters)?, sasl) {
        (Some(sign_in), _) => sign_in,
        (None, "oauthbearer") if parameters.text("saslTokenProvider") == "aws_msk_iam" => {
            SignIn::by_aws(context, parameters)?
        }
        (None, "oauthbearer") => SignIn::by_token(context, parameters)?,
        (None, "gssapi") => {
            return Err(BuildError::new(
                "keda-jobs cannot sign in by gssapi (Kerberos); the brokers may know the user by scram_sha512 or oauthbearer too",
            ));
        }
        // Several between commas pass KEDA's table, and nobody signs in.
        (None, _) => SignIn::Nobody,
    };
    let topics = if topic.is_empty() {
        Topics::OfCommits
    } else {
        Topics::Named(vec![topic.to_owned()])
    };
    let brokers = Brokers::new(parameters, None, sign_in)?;
    super::build(context, parameters, topics, brokers)
}

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
    if given.value("fullMetadata").is_some() && !given.is_true("fullMetadata") {
        given.needs_all(&["topic"], "fullMetadata false", found);
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
            let (ways, message): (&[&str], _) = if given.since(21) {
                (
                    &["password", "keytab", "ccacheName"],
                    "sasl gssapi needs parameter password, keytab or ccacheName",
                )
            } else {
                (
                    &["password", "keytab"],
                    "sasl gssapi needs parameter password or keytab",
                )
            };
            given.needs_one_of(ways, message, found);
            given.excludes("password", "keytab", found);
            given.excludes("password", "ccacheName", found);
            given.excludes("keytab", "ccacheName", found);
        }
        _ => {}
    }
}
