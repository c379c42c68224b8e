//! Triggers that ask a Prometheus-like API.

pub(super) mod prometheus;
