//! Tests over the whole room, with sources faked on loopback ports.

mod aws;
mod azure_pipelines;
mod check;
mod databases;
mod facts;
pub(super) mod fake;
mod forgejo;
mod github;
mod guards;
mod http;
mod identities;
mod kafka;
mod kept;
mod keys;
mod nats;
mod no_panic;
mod queues;
mod read;
mod real_world;
mod redis_types;
mod together;
mod vectors;
mod versions;
