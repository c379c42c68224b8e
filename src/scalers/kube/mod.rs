//! Triggers that count objects of the cluster.

pub(super) mod resource;
pub(super) mod workload;
