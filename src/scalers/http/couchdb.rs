//! `couchdb`: documents that a query finds. [KEDA `couchdb_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AM, AME, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(
        &["connectionString"],
        "connection string, instead of the separate parameters",
    )
    .from(AME),
    text(&["host"], "host of the server").from(AM),
    text(&["port"], "port of the server").from(AM),
    text(&["username"], "user").from(AM),
    text(&["password"], "password").from(AME),
    text(&["dbName"], "name of the database").from(AM),
    text(&["query"], "the selector, JSON"),
    whole(&["queryValue"], "so much of the result per Job"),
    whole(&["activationQueryValue"], "active only above this value").default("0"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[from(
    16,
    Source::Metadata,
    &["connectionString", "password"],
)];

/// The type.
pub(in crate::scalers) static COUCHDB: TriggerType = TriggerType {
    name: "couchdb",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "documents that the query finds, at most 25",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["queryValue"], 0.0),
    activation: Some("activationQueryValue"),
    check,
    since: KedaVersion::new(9, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_not_be_zero_since(16, "queryValue", found);
    if given.lacks("connectionString") {
        given.must_be_port("port", found);
    }
    if given.lacks("connectionString") {
        given.needs_all(
            &["host", "port", "username", "password", "dbName"],
            "couchdb without connectionString",
            found,
        );
    }
}
