//! `apache-kafka`: lag of a consumer group, by another client library. [KEDA `apache_kafka_scaler.go`]

use super::{GROUP, LAG};
use crate::scalers::client::aws::AWS;
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
];

/// The type.
pub(in crate::scalers) static APACHE_KAFKA: TriggerType = TriggerType {
    name: "apache-kafka",
    parameters: &[GROUP, PARAMETERS, AWS],
    ..LAG
};
