//! `new-relic`: an NRQL query. [KEDA `newrelic_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::history::{Era, fractions, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{AM, flag, number, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    whole(&["account"], "number of the account")
        .from(AM)
        .required(),
    text(&["region"], "region of the API: US, EU or Staging")
        .from(AM)
        .default("US"),
    text(&["queryKey"], "query key").from(AM).required(),
    flag(&["noDataError"], "no value is an error instead of 0").default("false"),
    text(&["nrql"], "the query").required(),
    number(&["threshold"], "so much of the value per Job").required(),
    number(&["activationThreshold"], "active only above this value").default("0"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(8, &["activationThreshold"]),
    fractions(8, &["threshold"]),
];

/// The type.
pub(in crate::scalers) static NEW_RELIC: TriggerType = TriggerType {
    name: "new-relic",
    family: "saas",
    parameters: &[PARAMETERS],
    counts: "the first number of the query's first result",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["threshold"], 0.0),
    activation: Some("activationThreshold"),
    since: KedaVersion::new(6, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};
