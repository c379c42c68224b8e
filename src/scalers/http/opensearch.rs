//! `opensearch`: a value in a search's answer. [KEDA `opensearch_scaler.go`]

use crate::api::facts::InFlight;
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{AEM, AM, MA, flag, list, number, text};
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
    list(&["index"], "indices to search")
        .from(AM)
        .required()
        .separated_by(';'),
    text(
        &["searchTemplateName"],
        "name of a stored search template, instead of query",
    )
    .from(AM),
    text(&["query"], "the search, JSON, instead of a template").from(AM),
    list(&["parameters"], "parameters of the template, name:value").separated_by(';'),
    text(
        &["valueLocation"],
        "where the number is in the answer, a GJSON path",
    )
    .from(AM)
    .required(),
    number(&["targetValue"], "so much of the value per Job")
        .from(AM)
        .required(),
    number(&["activationTargetValue"], "active only above this value").default("0"),
    flag(
        &["ignoreNullValues"],
        "no value counts as 0 instead of as an error",
    )
    .default("false"),
    text(&["metricName"], "name of the metric"),
];

/// The type.
pub(in crate::scalers) static OPENSEARCH: TriggerType = TriggerType {
    name: "opensearch",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "the value at valueLocation in the answer",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
    check: super::elasticsearch::query,
    ..TriggerType::USUAL
};
