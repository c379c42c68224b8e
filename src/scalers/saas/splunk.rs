//! `splunk`: a field of a saved search. [KEDA `splunk_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, flag, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["apiToken"], "API token, instead of password").from(A),
    text(&["password"], "password, instead of apiToken").from(A),
    text(&["username"], "user").from(A).required(),
    text(&["host"], "address of the API").required(),
    flag(&["unsafeSsl"], "do not check the server's certificate"),
    whole(&["targetValue"], "so much of the value per Job").required(),
    whole(&["activationValue"], "active only above this value").required(),
    text(&["savedSearchName"], "name of the saved search").required(),
    text(&["valueField"], "field of the value").required(),
];

/// The type.
pub(in crate::scalers) static SPLUNK: TriggerType = TriggerType {
    name: "splunk",
    family: "saas",
    parameters: &[PARAMETERS],
    counts: "valueField of the saved search's first result",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationValue"),
    check,
    since: KedaVersion::new(15, 0),
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_be_address("host", found);
    if given.has("apiToken") && given.has("password") {
        found.push(Problem::wrong(
            "password",
            "set apiToken or password, not both",
        ));
    }
    given.needs_one_of(
        &["apiToken", "password"],
        "splunk needs parameter apiToken or password, from a TriggerAuthentication",
        found,
    );
}
