//! `gcp-cloudtasks`: depth of a queue of Cloud Tasks. [KEDA `gcp_cloud_tasks_scaler.go`]

use super::GOOGLE;
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::history::{Era, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{number, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    number(&["value"], "so much of the value per Job").default("100"),
    number(&["activationValue"], "active only above this value").default("0"),
    whole(&["filterDuration"], "minutes to look back"),
    text(&["queueName"], "name of the queue").required(),
    text(&["projectID"], "ID of the Google project").required(),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(15, &["filterDuration"]),
    from(19, Source::Metadata, &["credentials"]),
];

/// The type.
pub(in crate::scalers) static GCP_CLOUDTASKS: TriggerType = TriggerType {
    name: "gcp-cloudtasks",
    family: "gcp",
    parameters: &[PARAMETERS, GOOGLE],
    counts: "tasks in the queue, from Cloud Monitoring",
    work: Work::Is(
        InFlight::Unknown,
        "that depends on how long tasks stay in the queue",
    ),
    target: Target::Parameter(&["value"], 100.0),
    activation: Some("activationValue"),
    check: super::credentials,
    since: KedaVersion::new(12, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};
