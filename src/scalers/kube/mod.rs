//! Triggers that count objects of the cluster.

pub(super) mod workload;
