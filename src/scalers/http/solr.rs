//! `solr`: documents that a query finds. [KEDA `solr_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AM, number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["host"], "address of the server").required(),
    text(&["collection"], "name of the collection").required(),
    number(&["targetQueryValue"], "so much of the result per Job").required(),
    number(
        &["activationTargetQueryValue"],
        "active only above this value",
    )
    .default("0"),
    text(&["query"], "the query; all documents when absent"),
    text(&["username"], "user").from(AM).required(),
    text(&["password"], "password").from(AM).required(),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[from(16, Source::Metadata, &["username", "password"])];

/// The type.
pub(in crate::scalers) static SOLR: TriggerType = TriggerType {
    name: "solr",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "documents that the query finds",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetQueryValue"], 0.0),
    activation: Some("activationTargetQueryValue"),
    check,
    since: KedaVersion::new(11, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_not_be_zero_since(16, "targetQueryValue", found);
}
