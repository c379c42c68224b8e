//! `redis-cluster`: elements of a list, set, sorted set or hash of a cluster. [KEDA `redis_scaler.go`]

use super::list::{LIST, build};
use super::route::Route;
use crate::api::KedaVersion;
use crate::scalers::trigger_type::{Behaviour, TriggerType};

/// The type.
pub(in crate::scalers) static REDIS_CLUSTER: TriggerType = TriggerType {
    name: "redis-cluster",
    since: KedaVersion::new(1, 0),
    behaviour: Behaviour::Reads(|context, parameters| build(context, parameters, Route::cluster)),
    ..LIST
};
