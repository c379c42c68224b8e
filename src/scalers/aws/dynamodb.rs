//! `aws-dynamodb`: items that match a query. [KEDA `aws_dynamodb_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::client::aws::AWS;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{MA, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["tableName"], "name of the table").required(),
    text(&["awsRegion"], "AWS region").from(MA).required(),
    text(&["awsEndpoint"], "address to ask instead of AWS' own"),
    text(&["keyConditionExpression"], "condition on the key").required(),
    text(&["indexName"], "name of a secondary index"),
    whole(&["targetValue"], "so many items per Job").required(),
    whole(&["activationTargetValue"], "active only above this value").default("0"),
    text(&["filterExpression"], "filter over the items"),
    text(
        &["expressionAttributeNames"],
        "names in the expressions, a JSON object",
    )
    .required(),
    text(
        &["expressionAttributeValues"],
        "values in the expressions, a JSON object",
    )
    .required(),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(8, &["activationTargetValue"]),
    since(9, &["awsEndpoint"]),
    since(11, &["indexName"]),
    from(17, Source::Auth, &["awsRegion"]),
    since(19, &["filterExpression"]),
];

/// The type.
pub(in crate::scalers) static AWS_DYNAMODB: TriggerType = TriggerType {
    name: "aws-dynamodb",
    family: "aws",
    parameters: &[PARAMETERS, AWS],
    counts: "items of the query's first page (at most 1 MB)",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
    check,
    since: KedaVersion::new(7, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::credentials(given, found);
    if given.number("targetValue") == Some(-1.0) {
        found.push(Problem::wrong(
            "targetValue",
            "parameter targetValue must be greater than 0: KEDA takes -1 for absent",
        ));
    }
    for name in ["expressionAttributeNames", "expressionAttributeValues"] {
        // Go takes null for an empty map, which will do for values only.
        let is_object = |text| {
            serde_json::from_str::<Option<serde_json::Map<String, serde_json::Value>>>(text).is_ok()
        };
        let is_null = |text| name == "expressionAttributeNames" && text == "null";
        if given
            .value(name)
            .is_some_and(|text| !is_object(text) || is_null(text))
        {
            found.push(Problem::wrong(
                name,
                format!("parameter {name} must be a JSON object"),
            ));
        }
    }
}
