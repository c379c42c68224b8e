//! `redis-sentinel`: elements of a list, set, sorted set or hash, found by Sentinel. [KEDA `redis_scaler.go`]

use super::list::LIST;
use crate::api::KedaVersion;
use crate::scalers::trigger_type::TriggerType;

/// The type.
pub(in crate::scalers) static REDIS_SENTINEL: TriggerType = TriggerType {
    name: "redis-sentinel",
    since: KedaVersion::new(5, 0),
    ..LIST
};
