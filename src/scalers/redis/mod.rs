//! Triggers that ask a Redis server.

pub(super) mod cluster_list;
pub(super) mod cluster_streams;
mod connection;
pub(super) mod list;
mod reader;
mod route;
pub(super) mod sentinel_list;
pub(super) mod sentinel_streams;
pub(super) mod streams;
