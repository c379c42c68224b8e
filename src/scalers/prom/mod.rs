//! Triggers that ask a Prometheus-like API.

pub(super) mod loki;
pub(super) mod prometheus;
