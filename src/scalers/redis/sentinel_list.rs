//! `redis-sentinel`: elements of a list, set, sorted set or hash, found by Sentinel. [KEDA `redis_scaler.go`]

use super::connection::CONNECTION;
use super::connection::HISTORY_OF_CONNECTION;
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::trigger_type::{Target, TriggerType, Work};

/// The type.
pub(in crate::scalers) static REDIS_SENTINEL: TriggerType = TriggerType {
    name: "redis-sentinel",
    family: "redis",
    parameters: &[super::list::PARAMETERS, CONNECTION],
    counts: "elements of the list, set, sorted set or hash; taken ones are gone",
    work: Work::Is(
        InFlight::Excluded,
        "an element that a Job has taken is gone",
    ),
    target: Target::Parameter(&["listLength"], 5.0),
    activation: Some("activationListLength"),
    check: super::connection::check,
    since: KedaVersion::new(5, 0),
    history: &[HISTORY_OF_CONNECTION, super::list::HISTORY],
    ..TriggerType::USUAL
};
