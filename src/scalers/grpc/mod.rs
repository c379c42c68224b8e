//! Triggers that ask over gRPC.

pub(super) mod etcd;
pub(super) mod external;
pub(super) mod external_push;
pub(super) mod liiklus;
pub(super) mod temporal;
