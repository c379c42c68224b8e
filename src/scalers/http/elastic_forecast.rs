//! `elastic-forecast`: a forecast of an Elasticsearch job. [KEDA `elastic_forecast_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::params::notation::{AEM, AM, flag, list, number, span, text};
use crate::scalers::params::{ParameterSpec, parse_duration};
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
    check,
    since: KedaVersion::new(20, 0),
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::elasticsearch::address(given, found);
    given.must_be_positive("targetValue", found);
    let is_zero = |text| parse_duration(text).is_ok_and(|duration| duration.is_zero());
    if given.value("lookAhead").is_some_and(is_zero) {
        found.push(Problem::wrong(
            "lookAhead",
            "parameter lookAhead must be longer than 0",
        ));
    }
}
