//! `datadog`: a Datadog query. [KEDA `datadog_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, fractions, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{A, MA, flag, list, number, span, text, whole};
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
    list(
        &["authModes", "authMode"],
        "how requests authenticate themselves",
    )
    .from(MA)
    .allowed(&["bearer"]),
    text(&["bearerToken", "token"], "cluster agent: the token").from(A),
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
    text(&["type"], "kind of the metric: average or global").deprecated("KEDA passes over it"),
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
    since(21, &["authModes", "bearerToken"]),
    from(21, Source::Metadata, &["authMode"]),
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
    if given.value("targetValue").is_none_or(|text| text == "-1") {
        given.needs_one_of(
            &["targetValue"],
            "datadog needs parameter targetValue",
            found,
        );
        if given.number("targetValue") == Some(-1.0) {
            found.push(Problem::wrong(
                "targetValue",
                "parameter targetValue must be greater than 0: KEDA takes -1 for absent",
            ));
        }
    }
    for name in ["age", "timeWindowOffset", "lastAvailablePointOffset"] {
        given.at_least(name, 0, found);
    }
    if given.value("query").is_some_and(|text| {
        !text
            .split_once('{')
            .is_some_and(|(_, rest)| rest.contains('}'))
    }) {
        found.push(Problem::wrong(
            "query",
            "parameter query needs a scope in braces, such as {*}",
        ));
    }
    if let Some(text) = given.metadata().get("type") {
        if given.metric_type().is_some_and(|text| !text.is_empty()) {
            found.push(Problem::wrong(
                "type",
                "set type or the trigger's metricType, not both",
            ));
        } else if !["average", "global"]
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(text))
        {
            found.push(Problem::wrong(
                "type",
                "parameter type must be average or global",
            ));
        }
    }
    if given.has("authMode") {
        given.needs_all(&["token"], "authMode bearer", found);
    }
    if given.is_true("useClusterAgentProxy") {
        given.needs_all(
            &[
                "datadogMetricName",
                "datadogMetricNamespace",
                "datadogNamespace",
                "datadogMetricsService",
            ],
            "useClusterAgentProxy",
            found,
        );
    } else {
        given.needs_all(
            &["query", "apiKey", "appKey"],
            "datadog without useClusterAgentProxy",
            found,
        );
    }
}
