//! `liiklus`: lag of a Liiklus consumer group. [KEDA `liiklus_scaler.go`]

use crate::api::facts::InFlight;
use crate::scalers::history::{Era, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    whole(&["lagThreshold"], "so much lag per Job").default("10"),
    whole(&["activationLagThreshold"], "active only above this lag").default("0"),
    text(&["address"], "address of the server").required(),
    text(&["topic"], "name of the topic").required(),
    text(&["group"], "name of the consumer group").required(),
    whole(&["groupVersion"], "version of the group").default("0"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[since(8, &["activationLagThreshold"])];

/// The type.
pub(in crate::scalers) static LIIKLUS: TriggerType = TriggerType {
    name: "liiklus",
    family: "grpc",
    parameters: &[PARAMETERS],
    counts: "records after the group's offsets, at most lagThreshold for each partition",
    work: Work::Is(
        InFlight::Included,
        "an offset counts as lag until it is committed",
    ),
    target: Target::Parameter(&["lagThreshold"], 10.0),
    activation: Some("activationLagThreshold"),
    deprecated: Some("KEDA has announced that it will drop it"),
    history: &[HISTORY],
    ..TriggerType::USUAL
};
