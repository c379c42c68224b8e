//! `graphite`: a value that Graphite renders. [KEDA `graphite_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, fractions, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{A, MA, list, number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["serverAddress"], "address of the server").required(),
    text(&["query"], "the query; its first value is read").required(),
    number(&["threshold"], "so much of the value per Job").default("100"),
    number(&["activationThreshold"], "active only above this value").default("0"),
    text(&["queryTime"], "how far to look back, such as -10Minutes").required(),
    list(
        &["authModes", "authMode"],
        "how requests authenticate themselves",
    )
    .from(MA)
    .allowed(&["basic"]),
    text(&["username"], "user").from(A),
    text(&["password"], "password").from(A),
    text(&["metricName"], "name of the metric")
        .obsolete("take it out: since 2.12 KEDA names metrics itself"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["metricName"]).optional(10).ignored(12),
    since(8, &["activationThreshold"]),
    since(21, &["authModes"]),
    from(21, Source::Auth, &["authMode"]),
    fractions(8, &["threshold"]),
];

/// The type.
pub(in crate::scalers) static GRAPHITE: TriggerType = TriggerType {
    name: "graphite",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "the last value of the series that query gives",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["threshold"], 100.0),
    activation: Some("activationThreshold"),
    check,
    since: KedaVersion::new(5, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    if given.has("authMode") {
        given.needs_all(&["username"], "authMode basic", found);
    }
}
