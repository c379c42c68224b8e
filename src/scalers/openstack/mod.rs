//! Triggers that ask `OpenStack`.

pub(super) mod metric;
pub(super) mod swift;
