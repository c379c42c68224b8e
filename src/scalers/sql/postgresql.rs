//! `postgresql`: a number that a query gives. [KEDA `postgresql_scaler.go`]

use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, fractions, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AE, AM, number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    number(&["targetQueryValue"], "so much of the result per Job"),
    number(
        &["activationTargetQueryValue"],
        "active only above this value",
    ),
    text(&["connection"], "connection string").from(AE),
    text(&["query"], "the query; its first value is read").required(),
    text(&["host"], "host of the server").from(AM),
    text(&["port"], "port of the server").from(AM),
    text(&["userName"], "user").from(AM),
    text(&["dbName"], "name of the database").from(AM),
    text(&["sslmode"], "TLS mode, as libpq names it").from(AM),
    text(&["password"], "password").from(AE),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    from(
        5,
        Source::Auth,
        &["host", "port", "userName", "dbName", "sslmode"],
    ),
    since(8, &["activationTargetQueryValue"]),
    fractions(8, &["targetQueryValue"]),
];

/// The type.
pub(in crate::scalers) static POSTGRESQL: TriggerType = TriggerType {
    name: "postgresql",
    family: "sql",
    parameters: &[PARAMETERS],
    counts: "the first column of the query's first row",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetQueryValue"], 0.0),
    activation: Some("activationTargetQueryValue"),
    check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_not_be_zero_since(16, "targetQueryValue", found);
    if given.lacks("connection") {
        given.takes_identities(&["azure-workload"], found);
        given.must_be_port("port", found);
        let modes = [
            "disable",
            "allow",
            "prefer",
            "require",
            "verify-ca",
            "verify-full",
        ];
        if given
            .value("sslmode")
            .is_some_and(|mode| !modes.contains(&mode))
        {
            found.push(Problem::wrong(
                "sslmode",
                format!("parameter sslmode must be one of {}", modes.join(", ")),
            ));
        }
        given.needs_all(
            &["host", "port", "userName", "dbName", "sslmode"],
            "postgresql without connection",
            found,
        );
    }
}
