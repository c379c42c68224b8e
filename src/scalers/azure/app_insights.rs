//! `azure-app-insights`: a metric of Application Insights. [KEDA `azure_app_insights_scaler.go`]

use super::AZURE;
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, fractions, since, until};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AE, MAE, flag, number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    number(&["targetValue"], "so much of the value per Job"),
    number(&["activationTargetValue"], "active only above this value").default("0"),
    text(&["metricId"], "ID of the metric").required(),
    text(
        &["metricAggregationTimespan"],
        "how far to look back, hh:mm",
    )
    .required(),
    text(&["metricAggregationType"], "how the metric is aggregated").required(),
    text(&["metricFilter"], "filter of the metric"),
    flag(
        &["ignoreNullValues"],
        "no value counts as 0 instead of as an error",
    )
    .default("false"),
    text(
        &["appInsightsResourceURL"],
        "address of the API in a Private cloud",
    ),
    text(
        &["applicationInsightsId"],
        "ID of the Application Insights instance",
    )
    .from(MAE)
    .required(),
    text(&["tenantId"], "tenant of the application")
        .from(MAE)
        .required(),
    text(&["activeDirectoryClientId"], "ID of the Azure application").from(MAE),
    text(
        &["activeDirectoryClientPassword"],
        "secret of the Azure application",
    )
    .from(AE),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(
        7,
        &["appInsightsResourceURL", "cloud", "activeDirectoryEndpoint"],
    ),
    since(8, &["activationTargetValue"]),
    since(10, &["ignoreNullValues"]),
    until(
        20,
        Source::Env,
        &[
            "targetValue",
            "activationTargetValue",
            "metricId",
            "metricAggregationTimespan",
            "metricAggregationType",
        ],
    ),
    fractions(8, &["targetValue"]),
];

/// The type.
pub(in crate::scalers) static AZURE_APP_INSIGHTS: TriggerType = TriggerType {
    name: "azure-app-insights",
    family: "azure",
    parameters: &[PARAMETERS, AZURE],
    counts: "the aggregated metric over the time span",
    work: Work::Is(InFlight::Unknown, "that depends on the metric"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
    since: KedaVersion::new(6, 0),
    check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::application(
        given,
        &["activeDirectoryClientId", "activeDirectoryClientPassword"],
        found,
    );
    super::cloud(
        given,
        &["appInsightsResourceURL", "activeDirectoryEndpoint"],
        &[super::CLOUDS],
        found,
    );
    given.has_form("metricAggregationTimespan", ':', "hh:mm", found);
    given.must_not_be_zero_since(20, "targetValue", found);
}
