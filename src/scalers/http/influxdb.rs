//! `influxdb`: a value that a query gives. [KEDA `influxdb_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since, until};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{EA, MA, MEA, flag, number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["organizationName"], "name of the organisation").from(MEA),
    text(&["query"], "the query; its first value is read").required(),
    text(&["influxVersion"], "major version of the server")
        .allowed(&["2", "3"])
        .default("2"),
    text(&["queryType"], "language of the query, InfluxDB 3").default("InfluxQL"),
    text(&["database"], "name of the database, InfluxDB 3").from(MA),
    text(&["metricKey"], "column of the value, InfluxDB 3"),
    text(&["serverURL"], "address of the server")
        .from(MA)
        .required(),
    flag(&["unsafeSsl"], "do not check the server's certificate"),
    number(&["thresholdValue"], "so much of the value per Job"),
    number(
        &["activationThresholdValue"],
        "active only above this value",
    ),
    text(&["authToken"], "token of the server").from(EA),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    from(
        4,
        Source::Auth,
        &["organizationName", "serverURL", "authToken"],
    ),
    since(5, &["unsafeSsl"]),
    since(8, &["activationThresholdValue"]),
    since(18, &["influxVersion", "queryType", "database", "metricKey"]),
    until(20, Source::Metadata, &["authToken"]).deprecated(18),
];

/// The type.
pub(in crate::scalers) static INFLUXDB: TriggerType = TriggerType {
    name: "influxdb",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "the value of the query's first record, with InfluxDB 3 metricKey of the last row",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["thresholdValue"], 0.0),
    activation: Some("activationThresholdValue"),
    check,
    since: KedaVersion::new(1, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_not_be_zero_since(16, "thresholdValue", found);
    if given.value("influxVersion") == Some("3") {
        given.needs_all(&["database", "metricKey"], "influxVersion 3", found);
        let is_known = |text: &str| {
            ["influxql", "flightsql"]
                .iter()
                .any(|language| language.eq_ignore_ascii_case(text))
        };
        if given.value("queryType").is_some_and(|text| !is_known(text)) {
            found.push(Problem::wrong(
                "queryType",
                "parameter queryType must be InfluxQL or FlightSQL",
            ));
        }
    } else if given.value("influxVersion") == Some("2") {
        given.needs_all(&["organizationName"], "influxVersion 2", found);
    }
    if given.lacks("authToken") && !given.since(20) {
        given.needs_all(&["authToken"], "influxdb", found);
    } else if given.lacks("authToken") && given.value("influxVersion") == Some("3") {
        given.needs_all(&["authToken"], "influxVersion 3", found);
    } else if given.lacks("authToken") {
        found.push(Problem::doubtful(
            "authToken",
            "influxdb has no parameter authToken: only a server without authentication answers",
        ));
    }
}
