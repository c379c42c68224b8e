//! `mysql`: a number that a query gives. [KEDA `mysql_scaler.go`]

use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, fractions, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AE, MA, MAE, number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(
        &["connectionString"],
        "connection string, instead of the separate parameters",
    )
    .from(AE),
    text(&["username"], "user").from(MAE),
    text(&["password"], "password").from(AE),
    text(&["host"], "host of the server").from(MA),
    text(&["port"], "port of the server").from(MA),
    text(&["dbName"], "name of the database").from(MA),
    text(&["query"], "the query; its first value is read").required(),
    number(&["queryValue"], "so much of the result per Job").required(),
    number(&["activationQueryValue"], "active only above this value").default("0"),
    text(&["metricName"], "KEDA passes over it").obsolete("take it out, KEDA names metrics itself"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    from(5, Source::Auth, &["username", "host", "port", "dbName"]),
    since(8, &["activationQueryValue"]),
    from(15, Source::Env, &["username"]),
    fractions(8, &["queryValue"]),
];

/// The type.
pub(in crate::scalers) static MYSQL: TriggerType = TriggerType {
    name: "mysql",
    family: "sql",
    parameters: &[PARAMETERS],
    counts: "the first column of the query's first row",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["queryValue"], 0.0),
    activation: Some("activationQueryValue"),
    check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    if given.lacks("connectionString") {
        given.needs_all(
            &["host", "port", "username", "dbName"],
            "mysql without connectionString",
            found,
        );
    }
}
