//! `aws-cloudwatch`: a `CloudWatch` metric or expression. [KEDA `aws_cloudwatch_scaler.go`]

use super::HISTORY_OF_AWS;
use crate::api::facts::InFlight;
use crate::scalers::client::aws::AWS;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{MA, flag, list, number, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["namespace"], "namespace of the metric"),
    text(&["metricName"], "name of the metric"),
    list(&["dimensionName"], "names of the dimensions").separated_by(';'),
    list(
        &["dimensionValue"],
        "values of the dimensions, in the order of the names",
    )
    .separated_by(';'),
    text(
        &["expression"],
        "a CloudWatch expression, instead of namespace, metricName and dimensions",
    ),
    number(&["targetMetricValue"], "so much of the metric per Job").required(),
    number(
        &["activationTargetMetricValue"],
        "active only above this value",
    ),
    number(&["minMetricValue"], "what counts when there is no value").required(),
    flag(
        &["ignoreNullValues"],
        "no value counts as 0 instead of as an error",
    )
    .default("true"),
    whole(&["metricCollectionTime"], "seconds to look back").default("300"),
    text(&["metricStat"], "statistic of the metric").default("Average"),
    text(&["metricUnit"], "unit of the metric"),
    whole(&["metricStatPeriod"], "period of the statistic, seconds").default("300"),
    whole(
        &["metricEndTimeOffset"],
        "how long ago the looking back ends, seconds",
    )
    .default("0"),
    text(&["awsAccountId"], "account that owns the metric"),
    text(&["awsRegion"], "AWS region").from(MA).required(),
    text(&["awsEndpoint"], "address to ask instead of AWS' own"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(5, &["metricUnit", "metricEndTimeOffset"]),
    since(7, &["expression"]),
    since(8, &["activationTargetMetricValue"]),
    since(9, &["awsEndpoint"]),
    since(16, &["ignoreNullValues"]),
    from(17, Source::Auth, &["awsRegion"]),
    since(19, &["awsAccountId"]),
];

/// The type.
pub(in crate::scalers) static AWS_CLOUDWATCH: TriggerType = TriggerType {
    name: "aws-cloudwatch",
    family: "aws",
    parameters: &[PARAMETERS, AWS],
    counts: "the newest value of the metric or of the first result of expression",
    work: Work::Is(InFlight::Unknown, "that depends on the metric"),
    target: Target::Parameter(&["targetMetricValue"], 0.0),
    activation: Some("activationTargetMetricValue"),
    check,
    history: &[HISTORY_OF_AWS, HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::credentials(given, found);
    // [2.4.0 and 2.5.0 `aws_cloudwatch_scaler.go`]
    if given.since(5) {
        periods(given, found);
    }
    if given.has("expression") {
        return;
    }
    if given
        .value("metricUnit")
        .is_some_and(|unit| !UNITS.contains(&unit))
    {
        found.push(Problem::wrong(
            "metricUnit",
            "parameter metricUnit must be a unit of CloudWatch such as Count, Seconds, Bytes or Percent",
        ));
    }
    for name in ["namespace", "metricName", "dimensionName", "dimensionValue"] {
        if given.lacks(name) {
            found.push(Problem::missing(
                name,
                format!("aws-cloudwatch needs parameter {name}, or expression instead of a metric"),
            ));
        }
    }
    let items = |name| given.value(name).map(|text| text.split(';').count());
    if let (Some(names), Some(values)) = (items("dimensionName"), items("dimensionValue"))
        && names != values
    {
        found.push(Problem::wrong(
            "dimensionValue",
            format!("dimensionName and dimensionValue must hold as many items, and there are {names} names and {values} values"),
        ));
    }
}

/// `CloudWatch` keeps values of 1, 5, 10 and 30 seconds, and of whole minutes.
fn periods(given: &Given<'_>, found: &mut Vec<Problem>) {
    let whole = |name| given.value(name).and_then(|text| text.parse::<i64>().ok());
    let Some(period) = whole("metricStatPeriod") else {
        return;
    };
    if !matches!(period, 1 | 5 | 10 | 30) && (period < 60 || period % 60 != 0) {
        found.push(Problem::wrong(
            "metricStatPeriod",
            "parameter metricStatPeriod must be 1, 5, 10, 30 or a multiple of 60",
        ));
    } else if whole("metricCollectionTime").is_some_and(|time| time < 0 || time % period != 0) {
        found.push(Problem::wrong(
            "metricCollectionTime",
            format!("parameter metricCollectionTime must be a multiple of metricStatPeriod, which is {period}"),
        ));
    }
}

/// [`StandardUnit` of its API]
const UNITS: &[&str] = &[
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];
