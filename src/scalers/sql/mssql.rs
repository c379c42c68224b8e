//! `mssql`: a number that a query gives. [KEDA `mssql_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Identity, Problem};
use crate::scalers::history::{Era, fractions, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AE, AM, MA, number, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(
        &["connectionString"],
        "connection string, instead of the separate parameters",
    )
    .from(AE),
    text(&["username"], "user").from(AM),
    text(&["password"], "password").from(AE),
    text(&["host"], "host of the server").from(AM),
    whole(&["port"], "port of the server").from(AM),
    text(&["database"], "name of the database").from(AM),
    text(&["query"], "the query; its first value is read").required(),
    number(&["targetValue"], "so much of the value per Job").required(),
    number(&["activationTargetValue"], "active only above this value").default("0"),
    text(&["driverName"], "how to connect")
        .from(MA)
        .allowed(&["sqlserver", "azuresql"])
        .default("sqlserver"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    from(5, Source::Auth, &["username", "host", "port", "database"]),
    since(8, &["activationTargetValue"]),
    since(21, &["driverName"]),
    fractions(8, &["targetValue"]),
];

/// The type.
pub(in crate::scalers) static MSSQL: TriggerType = TriggerType {
    name: "mssql",
    family: "sql",
    parameters: &[PARAMETERS],
    counts: "the first column of the query's first row",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
    check,
    since: KedaVersion::new(2, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    // Before 2.20 nobody looks at it.
    if given.since(20) {
        given.takes_identities(&["azure-workload"], found);
    }
    // A pod identity makes its own connection.
    if given.identity() == Identity::Provider("azure-workload")
        && given.value("driverName") == Some("azuresql")
    {
        found.push(Problem::wrong(
            "driverName",
            "driverName azuresql cannot stand beside podIdentity azure-workload",
        ));
    }
    given.must_not_be_zero_since(18, "targetValue", found);
    given.needs_one_of(
        &["connectionString", "host"],
        "mssql needs parameter connectionString or host",
        found,
    );
}
