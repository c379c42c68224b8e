//! Triggers that read a number from an HTTP answer.

pub(super) mod activemq;
pub(super) mod arangodb;
pub(super) mod artemis_queue;
mod body;
pub(super) mod couchdb;
pub(super) mod elastic_forecast;
pub(super) mod elasticsearch;
mod gjson;
pub(super) mod graphite;
pub(super) mod ibmmq;
pub(super) mod influxdb;
mod jsz;
pub(super) mod metrics_api;
pub(super) mod nats_jetstream;
pub(super) mod nsq;
pub(super) mod opensearch;
mod prometheus_text;
pub(super) mod pulsar;
pub(super) mod quantity;
pub(super) mod solace_direct_messaging;
pub(super) mod solace_event_queue;
pub(super) mod solr;
pub(super) mod stan;
