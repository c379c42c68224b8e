//! `dynatrace`: a Dynatrace metric or query. [KEDA `dynatrace_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, MA, number, span, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["host"], "address of the environment")
        .from(MA)
        .required(),
    text(&["token"], "token").from(A).required(),
    text(&["metricSelector"], "selector of the metric"),
    text(&["query"], "a DQL query, instead of metricSelector"),
    whole(&["queryTimeoutSeconds"], "seconds that the query may take").default("10"),
    span(
        &["queryPollingWait"],
        "pause between two looks at the query",
    )
    .default("1s"),
    whole(&["queryPollingTries"], "so many looks at the query").default("5"),
    text(&["from"], "start of the metric's time frame"),
    number(&["threshold"], "so much of the value per Job").required(),
    number(&["activationThreshold"], "active only above this value"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["metricSelector"]).optional(19),
    since(
        19,
        &[
            "query",
            "queryTimeoutSeconds",
            "queryPollingWait",
            "queryPollingTries",
        ],
    ),
];

/// The type.
pub(in crate::scalers) static DYNATRACE: TriggerType = TriggerType {
    name: "dynatrace",
    family: "saas",
    parameters: &[PARAMETERS],
    counts: "the first value of the metric, or the field r of the query's first record",
    work: Work::Is(InFlight::Unknown, "that depends on the metric"),
    target: Target::Parameter(&["threshold"], 0.0),
    activation: Some("activationThreshold"),
    check,
    since: KedaVersion::new(15, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    if given.has("metricSelector") && given.has("query") {
        found.push(Problem::wrong(
            "query",
            "set metricSelector or query, not both",
        ));
    }
    given.needs_one_of(
        &["metricSelector", "query"],
        "dynatrace needs parameter metricSelector or query",
        found,
    );
    given.needs_all(&["token"], "dynatrace", found);
    if given.has("query") && given.has("from") {
        found.push(Problem::wrong(
            "from",
            "parameter from goes with metricSelector; a query holds its own time frame",
        ));
    }
}
