//! `redis-cluster-streams`: entries of a stream of a cluster. [KEDA `redis_streams_scaler.go`]

use super::connection::CONNECTION;
use super::connection::HISTORY_OF_CONNECTION;
use crate::api::KedaVersion;
use crate::scalers::trigger_type::{Target, TriggerType, Work};

/// The type.
pub(in crate::scalers) static REDIS_CLUSTER_STREAMS: TriggerType = TriggerType {
    name: "redis-cluster-streams",
    family: "redis",
    parameters: &[super::streams::PARAMETERS, CONNECTION],
    counts: "as redis-streams",
    work: Work::Depends(super::streams::work),
    target: Target::Chosen(super::streams::target),
    activation: Some("activationLagCount"),
    check: super::connection::check,
    since: KedaVersion::new(1, 0),
    history: &[HISTORY_OF_CONNECTION, super::streams::HISTORY],
    ..TriggerType::USUAL
};
