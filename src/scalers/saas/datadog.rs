//! `datadog`: a Datadog query. [KEDA `datadog_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, fractions, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, flag, number, span, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["datadogNamespace"], "namespace of the cluster agent").from(A),
    text(&["datadogMetricsService"], "Service of the cluster agent").from(A),
    whole(&["datadogMetricsServicePort"], "port of the cluster agent")
        .from(A)
        .default("8443"),
    flag(&["unsafeSsl"], "do not check the server's certificate")
        .from(A)
        .default("false"),
    text(&["authMode"], "how requests authenticate themselves").from(A),
    text(&["token"], "cluster agent: the token").from(A),
    text(
        &["datadogMetricName"],
        "cluster agent: name of the DatadogMetric",
    ),
    text(
        &["datadogMetricNamespace"],
        "cluster agent: namespace of the DatadogMetric",
    ),
    number(&["activationTargetValue"], "active only above this value").default("0"),
    text(&["apiKey"], "API key").from(A),
    text(&["appKey"], "application key").from(A),
    text(&["datadogSite"], "site of the API")
        .from(A)
        .default("datadoghq.com"),
    text(&["query"], "the query; its first value is read"),
    text(&["queryAggregator"], "how several values are combined").allowed(&["average", "max"]),
    number(&["activationQueryValue"], "active only above this value").default("0"),
    whole(&["age"], "seconds to look back").default("90"),
    whole(
        &["timeWindowOffset"],
        "how long ago the looking back ends, seconds",
    )
    .default("0"),
    whole(
        &["lastAvailablePointOffset"],
        "so many newest points are passed over",
    )
    .default("0"),
    flag(
        &["useClusterAgentProxy"],
        "ask the cluster agent instead of the API",
    )
    .default("false"),
    text(&["hpaMetricName"], "cluster agent: name of the metric"),
    number(
        &["metricUnavailableValue"],
        "what counts when there is no value",
    ),
    number(
        &["targetValue", "queryValue"],
        "so much of the value per Job",
    ),
    span(&["timeout"], "of one request"),
    text(&["type"], "kind of the metric")
        .allowed(&["average", "global"])
        .deprecated("KEDA passes over it"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["type"]).deprecated(7),
    since(7, &["metricUnavailableValue"]),
    since(8, &["activationQueryValue"]),
    since(
        8,
        &[
            "queryAggregator",
            "timeWindowOffset",
            "lastAvailablePointOffset",
        ],
    )
    .patch(2),
    since(
        15,
        &[
            "useClusterAgentProxy",
            "datadogNamespace",
            "datadogMetricsService",
            "datadogMetricsServicePort",
            "datadogMetricName",
            "datadogMetricNamespace",
            "unsafeSsl",
            "authMode",
            "token",
            "targetValue",
            "activationTargetValue",
        ],
    ),
    since(18, &["hpaMetricName", "timeout"]),
    fractions(8, &["queryValue"]),
];

/// The type.
pub(in crate::scalers) static DATADOG: TriggerType = TriggerType {
    name: "datadog",
    family: "saas",
    parameters: &[PARAMETERS],
    counts: "the newest value of the query",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
    check,
    since: KedaVersion::new(6, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.needs_one_of(
        &["targetValue"],
        "datadog needs parameter targetValue",
        found,
    );
    if given.is_true("useClusterAgentProxy") {
        if given.lacks("hpaMetricName") {
            given.needs_all(
                &["datadogMetricName", "datadogMetricNamespace"],
                "useClusterAgentProxy",
                found,
            );
        }
    } else {
        given.needs_all(
            &["query", "apiKey", "appKey"],
            "datadog without useClusterAgentProxy",
            found,
        );
    }
}
