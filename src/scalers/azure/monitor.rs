//! `azure-monitor`: an Azure Monitor metric. [KEDA `azure_monitor_scaler.go`]

use super::AZURE;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, fractions, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{MEA, number, text};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    number(&["targetValue"], "so much of the value per Job").required(),
    number(&["activationTargetValue"], "active only above this value").default("0"),
    text(
        &["resourceURI"],
        "short name of the resource: provider/type/name",
    )
    .required(),
    text(&["tenantId"], "tenant of the Azure application").required(),
    text(&["subscriptionId"], "ID of the subscription").required(),
    text(&["resourceGroupName"], "name of the resource group").required(),
    text(&["metricName"], "name of the metric").required(),
    text(&["metricNamespace"], "namespace of a custom metric"),
    text(&["metricFilter"], "filter of the metric"),
    text(
        &["metricAggregationInterval"],
        "interval of the aggregation, hh:mm:ss",
    ),
    text(&["metricAggregationType"], "how the metric is aggregated")
        .allowed(&["Average", "Count", "Maximum", "Minimum", "None", "Total"])
        .required(),
    text(&["activeDirectoryClientId"], "ID of the Azure application").from(MEA),
    text(
        &["activeDirectoryClientPassword"],
        "secret of the Azure application",
    )
    .from(MEA),
    text(
        &["azureResourceManagerEndpoint"],
        "address of the Resource Manager in a Private cloud",
    ),
    text(&["metricInterval"], "time grain of the metric"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(4, &["metricNamespace"]),
    since(7, &["azureResourceManagerEndpoint", "cloud"]),
    since(7, &["activeDirectoryEndpoint"]).ignored(15),
    since(8, &["activationTargetValue"]),
    from(17, Source::Metadata, &["activeDirectoryClientPassword"]),
    since(21, &["metricInterval"]),
    fractions(8, &["targetValue"]),
];

/// The type.
pub(in crate::scalers) static AZURE_MONITOR: TriggerType = TriggerType {
    name: "azure-monitor",
    family: "azure",
    parameters: &[PARAMETERS, AZURE],
    counts: "the last point of the metric's first series",
    work: Work::Is(InFlight::Unknown, "that depends on the metric"),
    target: Target::Parameter(&["targetValue"], 0.0),
    activation: Some("activationTargetValue"),
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
        &["azureResourceManagerEndpoint"],
        &[super::CLOUDS],
        found,
    );
    given.has_form("resourceURI", '/', "provider/type/name", found);
    given.has_form("metricAggregationInterval", ':', "hh:mm:ss", found);
    given.must_not_be_zero_since(17, "targetValue", found);
}
