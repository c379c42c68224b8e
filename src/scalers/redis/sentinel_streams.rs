//! `redis-sentinel-streams`: entries of a stream, found by Sentinel. [KEDA `redis_streams_scaler.go`]

use super::connection::check_sentinel;
use super::route::Route;
use super::streams::{STREAM, build};
use crate::api::KedaVersion;
use crate::scalers::trigger_type::{Behaviour, TriggerType};

/// The type.
pub(in crate::scalers) static REDIS_SENTINEL_STREAMS: TriggerType = TriggerType {
    name: "redis-sentinel-streams",
    counts: "as redis-streams",
    since: KedaVersion::new(5, 0),
    check: check_sentinel,
    behaviour: Behaviour::Reads(|context, parameters| build(context, parameters, Route::sentinels)),
    ..STREAM
};
