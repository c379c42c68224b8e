//! `apache-kafka`: lag of a consumer group, by another client library. [KEDA `apache_kafka_scaler.go`]

use super::brokers::{Brokers, SignIn};
use super::reader::Topics;
use super::{GROUP, LAG};
use crate::api::KedaVersion;
use crate::scalers::client::aws::AWS;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, since};
use crate::scalers::params::notation::{MA, ME, list, text};
use crate::scalers::params::{ParameterSpec, Resolved};
use crate::scalers::trigger_type::TriggerType;
use crate::scalers::{Behaviour, BuildError, Scaler, ScalerContext};

static PARAMETERS: &[ParameterSpec] = &[
    list(
        &["topic"],
        "the topics; all of the cluster when absent, and then the group must have a member",
    )
    .from(ME),
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
    text(&["awsEndpoint"], "aws_msk_iam: address of AWS").obsolete("take it out"),
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
    parameters: &[GROUP, PARAMETERS, AWS],
    check,
    since: KedaVersion::new(12, 0),
    history: &[HISTORY],
    behaviour: Behaviour::Reads(build),
    ..LAG
};

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let sasl = parameters.text("sasl");
    let sign_in = match (SignIn::by(sasl, parameters)?, sasl) {
        (Some(sign_in), _) => sign_in,
        (None, "aws_msk_iam") => SignIn::by_aws(context, parameters)?,
        (None, _) => {
            return Err(BuildError::new(
                "apache-kafka cannot sign in by gssapi, though KEDA lists it",
            ));
        }
    };
    let topics = match parameters.list("topic") {
        [] => Topics::OfCluster,
        topics => Topics::Named(topics.to_vec()),
    };
    // kafka-go's port where none is given. [kafka-go `address.go`]
    let brokers = Brokers::new(parameters, Some(9092), sign_in)?;
    super::build(context, parameters, topics, brokers)
}

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
