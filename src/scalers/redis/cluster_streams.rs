//! `redis-cluster-streams`: entries of a stream of a cluster. [KEDA `redis_streams_scaler.go`]

use super::route::Route;
use super::streams::{STREAM, build};
use crate::api::KedaVersion;
use crate::scalers::trigger_type::{Behaviour, TriggerType};

/// The type.
pub(in crate::scalers) static REDIS_CLUSTER_STREAMS: TriggerType = TriggerType {
    name: "redis-cluster-streams",
    counts: "as redis-streams",
    since: KedaVersion::new(1, 0),
    behaviour: Behaviour::Reads(|context, parameters| build(context, parameters, Route::cluster)),
    ..STREAM
};
