//! `solarwinds`: a `SolarWinds` metric. [KEDA `solarwinds_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, number, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["apiToken"], "API token").from(A),
    text(&["host"], "address of the API").required(),
    number(&["targetValue"], "so much of the value per Job").required(),
    number(&["activationValue"], "active only above this value").default("0"),
    text(&["metricName"], "name of the metric").required(),
    text(&["aggregation"], "how values are aggregated")
        .allowed(&["COUNT", "MIN", "MAX", "AVG", "SUM", "LAST"])
        .required(),
    whole(&["intervalS"], "seconds of the interval").required(),
    text(&["filter"], "filter of the metric"),
];

/// The type.
pub(in crate::scalers) static SOLARWINDS: TriggerType = TriggerType {
    name: "solarwinds",
    family: "saas",
    parameters: &[PARAMETERS],
    counts: "the first measurement of the metric",
    work: Work::Is(InFlight::Unknown, "that depends on the metric"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationValue"),
    check,
    since: KedaVersion::new(18, 0),
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_be_address("host", found);
}
