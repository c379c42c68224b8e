//! `huawei-cloudeye`: a Cloud Eye metric. [KEDA `huawei_cloudeye_scaler.go`]

use crate::api::facts::InFlight;
use crate::scalers::history::{Era, always, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, number, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["namespace"], "namespace of the metric").required(),
    text(&["metricName"], "name of the metric").required(),
    text(&["dimensionName"], "name of the dimension").required(),
    text(&["dimensionValue"], "value of the dimension").required(),
    number(&["targetMetricValue"], "so much of the metric per Job").required(),
    number(
        &["activationTargetMetricValue"],
        "active only above this value",
    )
    .default("0"),
    number(&["minMetricValue"], "what counts when there is no value")
        .removed("take it out; use activationTargetMetricValue"),
    whole(&["metricCollectionTime"], "seconds to look back").default("300"),
    text(&["metricFilter"], "how points are aggregated")
        .allowed(&["average", "max", "min", "sum"])
        .default("average"),
    text(&["metricPeriod"], "period of the points, seconds").default("300"),
    text(&["IdentityEndpoint"], "address of IAM").from(A),
    text(&["ProjectID"], "ID of the project").from(A),
    text(&["DomainID"], "ID of the account").from(A),
    text(&["Region"], "region").from(A),
    text(&["Domain"], "name of the account").from(A),
    text(&["Cloud"], "domain of the cloud").from(A),
    text(&["AccessKey"], "access key").from(A),
    text(&["SecretKey"], "the access key's secret").from(A),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["minMetricValue"]).deprecated(8).refused(20),
    since(8, &["activationTargetMetricValue"]),
];

/// The type.
pub(in crate::scalers) static HUAWEI_CLOUDEYE: TriggerType = TriggerType {
    name: "huawei-cloudeye",
    family: "saas",
    parameters: &[PARAMETERS],
    counts: "the first data point of the metric",
    work: Work::Is(InFlight::Unknown, "that depends on the metric"),
    target: Target::Parameter(&["targetMetricValue"], 0.0),
    activation: Some("activationTargetMetricValue"),
    history: &[HISTORY],
    ..TriggerType::USUAL
};
