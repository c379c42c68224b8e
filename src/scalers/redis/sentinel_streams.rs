//! `redis-sentinel-streams`: entries of a stream, found by Sentinel. [KEDA `redis_streams_scaler.go`]

use super::streams::STREAM;
use crate::api::KedaVersion;
use crate::scalers::trigger_type::TriggerType;

/// The type.
pub(in crate::scalers) static REDIS_SENTINEL_STREAMS: TriggerType = TriggerType {
    name: "redis-sentinel-streams",
    counts: "as redis-streams",
    since: KedaVersion::new(5, 0),
    ..STREAM
};
