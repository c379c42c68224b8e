//! Triggers that read a number from an HTTP answer.

mod body;
mod gjson;
pub(super) mod metrics_api;
mod prometheus_text;
mod quantity;
