//! `redis-sentinel-streams`: entries of a stream, found by Sentinel. [KEDA `redis_streams_scaler.go`]

use super::connection::CONNECTION;
use super::connection::HISTORY_OF_CONNECTION;
use crate::api::KedaVersion;
use crate::scalers::trigger_type::{Target, TriggerType, Work};

/// The type.
pub(in crate::scalers) static REDIS_SENTINEL_STREAMS: TriggerType = TriggerType {
    name: "redis-sentinel-streams",
    family: "redis",
    parameters: &[super::streams::PARAMETERS, CONNECTION],
    counts: "as redis-streams",
    work: Work::Depends(super::streams::work),
    target: Target::Chosen(super::streams::target),
    activation: Some("activationLagCount"),
    check: super::connection::check,
    since: KedaVersion::new(5, 0),
    history: &[HISTORY_OF_CONNECTION, super::streams::HISTORY],
    ..TriggerType::USUAL
};
