//! `external-push`: what a server of your own says, and pushes. [KEDA `external_scaler.go`]

use crate::api::facts::InFlight;
use crate::scalers::trigger_type::{OtherKeys, Target, TriggerType, Work};

/// The type.
pub(in crate::scalers) static EXTERNAL_PUSH: TriggerType = TriggerType {
    name: "external-push",
    family: "grpc",
    parameters: &[super::external::PARAMETERS],
    other_keys: OtherKeys::All,
    counts: "the value that the server gives",
    work: Work::Is(InFlight::Unknown, "that depends on the server"),
    target: Target::Unknown,
    history: &[super::external::HISTORY],
    ..TriggerType::USUAL
};
