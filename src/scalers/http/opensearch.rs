//! `opensearch`: a value in a search's answer. [KEDA `opensearch_scaler.go`]

use super::elasticsearch::{SEARCH, query};
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{AEM, AM, MA, flag, list, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    list(&["addresses"], "addresses of the servers")
        .from(AM)
        .required(),
    flag(&["unsafeSsl"], "do not check the server's certificate").default("false"),
    flag(&["enableTLS"], "connect over TLS")
        .from(MA)
        .default("false"),
    text(&["username"], "user").from(AM),
    text(&["password"], "password").from(AEM),
    text(&["caCert"], "an authority to trust, PEM").from(AM),
    text(&["clientCert"], "the client's certificate, PEM").from(AM),
    text(&["clientKey"], "the client's private key, PEM").from(AM),
];

/// The type.
pub(in crate::scalers) static OPENSEARCH: TriggerType = TriggerType {
    name: "opensearch",
    family: "http",
    parameters: &[PARAMETERS, SEARCH],
    counts: "the value at valueLocation in the answer",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
    check: query,
    since: KedaVersion::new(20, 0),
    ..TriggerType::USUAL
};
