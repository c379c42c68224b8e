//! Triggers that ask a Redis server.

mod connection;
pub(super) mod list;
