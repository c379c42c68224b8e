//! `apache-kafka`: lag of a consumer group, by another client library. [KEDA `apache_kafka_scaler.go`]

use super::{GROUP, LAG};
use crate::api::KedaVersion;
use crate::scalers::client::aws::AWS;
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
    since: KedaVersion::new(12, 0),
    history: &[HISTORY],
    ..LAG
};
