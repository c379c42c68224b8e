//! `sumologic`: a query of logs or metrics. [KEDA `sumologic_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, since};
use crate::scalers::params::notation::{A, flag, number, span, text, whole};
use crate::scalers::params::{ParameterSpec, parse_duration};
use crate::scalers::trigger_type::{OtherKeys, Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["accessID"], "access ID").from(A).required(),
    text(&["accessKey"], "access key").from(A).required(),
    text(&["host"], "address of the API").required(),
    flag(&["unsafeSsl"], "do not check the server's certificate"),
    text(&["queryType"], "language of the query")
        .allowed(&["logs", "metrics"])
        .required(),
    text(&["query"], "the query; its first value is read"),
    text(
        &["resultQueryRowID"],
        "row of the result, with several queries",
    ),
    span(&["quantization"], "metrics: step of the query"),
    text(&["rollup"], "metrics: how points are rolled up")
        .allowed(&["Avg", "Sum", "Count", "Min", "Max"])
        .default("Avg"),
    text(&["resultField"], "logs: field of the value"),
    span(
        &["logsPollingInterval"],
        "logs: pause between two looks at the query",
    ),
    whole(&["maxRetries"], "so many further attempts"),
    span(&["timerange"], "how far to look back").required(),
    text(&["timezone"], "time zone of the query").default("UTC"),
    number(&["activationThreshold"], "active only above this value").default("0"),
    text(&["queryAggregator"], "how several values are combined")
        .allowed(&["Latest", "Avg", "Sum", "Count", "Min", "Max"])
        .default("Avg"),
    number(&["threshold"], "so much of the value per Job").required(),
    flag(
        &["ignoreNullValues"],
        "metrics: an empty result counts as 0 instead of as an error",
    )
    .default("false"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[since(21, &["ignoreNullValues"])];

/// The type.
pub(in crate::scalers) static SUMOLOGIC: TriggerType = TriggerType {
    name: "sumologic",
    family: "saas",
    parameters: &[PARAMETERS],
    other_keys: OtherKeys::Prefix("query."),
    counts: "the result of the query, combined",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["threshold"], 0.0),
    activation: Some("activationThreshold"),
    check,
    since: KedaVersion::new(18, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    let rows: Vec<&str> = given
        .metadata()
        .keys()
        .filter_map(|key| key.strip_prefix("query."))
        .collect();
    let is_zero = |text| parse_duration(text).is_ok_and(|duration| duration.is_zero());
    if given.value("queryType") == Some("metrics")
        && given.value("quantization").is_some_and(is_zero)
    {
        found.push(Problem::wrong(
            "quantization",
            "parameter quantization must be longer than 0",
        ));
    }
    if rows
        .iter()
        .any(|row| row.is_empty() || given.metadata()[&format!("query.{row}")].is_empty())
    {
        found.push(Problem::wrong(
            "query",
            "a query.… needs the name of its row and a text",
        ));
    }
    match given.value("queryType") {
        Some("metrics") if rows.is_empty() => {
            given.needs_all(&["query", "quantization"], "queryType metrics", found);
        }
        Some("metrics") => {
            given.needs_all(
                &["resultQueryRowID", "quantization"],
                "queryType metrics with several queries",
                found,
            );
            if given.has("query") {
                found.push(Problem::wrong("query", "set query or query.…, not both"));
            }
            if let Some(row) = given.value("resultQueryRowID")
                && !rows.contains(&row)
            {
                found.push(Problem::wrong(
                    "resultQueryRowID",
                    format!(
                        "parameter resultQueryRowID must be one of {}",
                        rows.join(", ")
                    ),
                ));
            }
        }
        Some("logs") => {
            given.needs_all(&["query", "resultField"], "queryType logs", found);
            if !rows.is_empty() {
                found.push(Problem::wrong(
                    "queryType",
                    "several queries (query.…) need queryType metrics",
                ));
            }
        }
        _ => {}
    }
}
