//! `azure-log-analytics`: a number that a Kusto query gives. [KEDA `azure_log_analytics_scaler.go`]

use super::AZURE;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, fractions, since, until};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AME, flag, number, span, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["tenantId"], "tenant of the Azure application").from(AME),
    text(&["clientId"], "ID of the Azure application").from(AME),
    text(&["clientSecret"], "secret of the Azure application").from(AME),
    text(&["workspaceId"], "ID of the workspace")
        .from(AME)
        .required(),
    text(&["query"], "the query; its first value is read").required(),
    number(&["threshold"], "so much of the value per Job").required(),
    number(&["activationThreshold"], "active only above this value").default("0"),
    text(
        &["logAnalyticsResourceURL"],
        "address of the API in a Private cloud",
    ),
    flag(&["unsafeSsl"], "do not check the server's certificate").default("false"),
    span(&["timeout"], "of one request"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(7, &["logAnalyticsResourceURL", "cloud"]),
    since(7, &["activeDirectoryEndpoint"]).ignored(15),
    since(8, &["activationThreshold"]),
    since(10, &["unsafeSsl"]),
    since(17, &["timeout"]),
    until(
        18,
        Source::Env,
        &[
            "query",
            "threshold",
            "activationThreshold",
            "unsafeSsl",
            "timeout",
        ],
    ),
    fractions(8, &["threshold"]),
];

/// The type.
pub(in crate::scalers) static AZURE_LOG_ANALYTICS: TriggerType = TriggerType {
    name: "azure-log-analytics",
    family: "azure",
    parameters: &[PARAMETERS, AZURE],
    counts: "the first column of the one row that the query gives",
    work: Work::Is(InFlight::Unknown, "that depends on the query"),
    target: Target::Parameter(&["threshold"], 0.0),
    activation: Some("activationThreshold"),
    check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::application(given, &["tenantId", "clientId", "clientSecret"], found);
    super::cloud(given, &["logAnalyticsResourceURL"], &[super::CLOUDS], found);
}
