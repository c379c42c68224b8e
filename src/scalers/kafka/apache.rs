//! `apache-kafka`: lag of a consumer group, by another client library. [KEDA `apache_kafka_scaler.go`]

use super::{GROUP, LAG};
use crate::api::KedaVersion;
use crate::scalers::client::aws::AWS;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{MA, ME, list, text};
use crate::scalers::trigger_type::TriggerType;

static PARAMETERS: &[ParameterSpec] = &[
    list(&["topic"], "the topics; all of the cluster when absent").from(ME),
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
    ..LAG
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
