//! `elastic-forecast`: a forecast of an Elasticsearch job. [KEDA `elastic_forecast_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{AEM, AM, flag, list, number, span, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    list(&["addresses"], "addresses of the servers").from(AM),
    flag(&["unsafeSsl"], "do not check the server's certificate").default("false"),
    text(&["username"], "user").from(AM),
    text(&["password"], "password").from(AEM),
    text(
        &["cloudID"],
        "ID of the cloud deployment, instead of addresses",
    )
    .from(AM),
    text(&["apiKey"], "API key").from(AM),
    text(&["jobID"], "ID of the machine learning job").required(),
    span(&["lookAhead"], "how far ahead to look").default("10m"),
    number(&["targetValue"], "so much of the value per Job").required(),
    number(&["activationTargetValue"], "active only above this value").default("0"),
    text(&["index"], "indices of the forecasts").default("*"),
    text(&["partitionFieldValue"], "value of the partition field"),
    text(&["byFieldValue"], "value of the by field"),
];

/// The type.
pub(in crate::scalers) static ELASTIC_FORECAST: TriggerType = TriggerType {
    name: "elastic-forecast",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "the forecast for lookAhead from now",
    work: Work::Is(InFlight::NotWork, "a forecast is no amount of work"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
    check: super::elasticsearch::address,
    since: KedaVersion::new(20, 0),
    ..TriggerType::USUAL
};
