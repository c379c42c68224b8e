//! `redis-sentinel`: elements of a list, set, sorted set or hash, found by Sentinel. [KEDA `redis_scaler.go`]

use super::connection::check_sentinel;
use super::list::{LIST, build};
use super::route::Route;
use crate::api::KedaVersion;
use crate::scalers::trigger_type::{Behaviour, TriggerType};

/// The type.
pub(in crate::scalers) static REDIS_SENTINEL: TriggerType = TriggerType {
    name: "redis-sentinel",
    since: KedaVersion::new(5, 0),
    check: check_sentinel,
    behaviour: Behaviour::Reads(|context, parameters| build(context, parameters, Route::sentinels)),
    ..LIST
};
