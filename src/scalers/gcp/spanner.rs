//! `gcp-spanner`: a number that a Spanner query gives. [KEDA `gcp_spanner_scaler.go`]

use super::GOOGLE;
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["projectId"], "ID of the project").required(),
    text(&["instanceId"], "ID of the instance").required(),
    text(&["databaseId"], "ID of the database").required(),
    text(&["query"], "the query; its first value is read").required(),
    number(&["targetValue"], "so much of the value per Job").default("5"),
    number(&["activationValue"], "active only above this value").default("0"),
];

/// The type.
pub(in crate::scalers) static GCP_SPANNER: TriggerType = TriggerType {
    name: "gcp-spanner",
    family: "gcp",
    parameters: &[PARAMETERS, GOOGLE],
    counts: "the first column of the query's first row",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetValue"], 5.0),
    activation: Some("activationValue"),
    check,
    since: KedaVersion::new(21, 0),
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::credentials(given, found);
    given.must_be_positive("targetValue", found);
}
