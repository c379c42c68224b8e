//! `splunk-observability`: a `SignalFlow` query. [KEDA `splunk_observability_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::history::{Era, always, words};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, number, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["accessToken"], "access token").from(A).required(),
    text(&["realm"], "realm of the API").from(A).required(),
    text(&["query"], "the query; its first value is read").required(),
    whole(&["duration"], "seconds to look back").required(),
    number(&["targetValue"], "so much of the value per Job").required(),
    text(&["queryAggregator"], "how several values are combined")
        .allowed(&["min", "max", "avg", "sum", "count", "latest"])
        .default("avg"),
    number(&["activationTargetValue"], "active only above this value").required(),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["queryAggregator"]).optional(21),
    words(21, "queryAggregator", &["sum", "count", "latest"]),
];

/// The type.
pub(in crate::scalers) static SPLUNK_OBSERVABILITY: TriggerType = TriggerType {
    name: "splunk-observability",
    family: "saas",
    parameters: &[PARAMETERS],
    counts: "the values of the last duration, combined",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
    since: KedaVersion::new(18, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};
