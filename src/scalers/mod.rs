//! What reads triggers: one file a trigger type, and the table that lists them all.

mod aws;
mod azure;
mod check;
mod ci;
mod client;
mod endpoint;
mod facts;
mod gcp;
mod given;
mod grpc;
mod history;
mod http;
mod kafka;
mod kept;
mod kube;
mod local;
mod metric;
mod openstack;
mod paper;
pub mod params;
mod prom;
mod rabbitmq;
mod read;
mod redis;
mod saas;
mod secrets;
mod sql;
mod tcp;
#[cfg(test)]
mod tests;
mod trigger_type;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

pub use check::{LocalKnowledge, check, check_authentications, correct_fixes};
pub use client::http::HttpClients;
pub use client::identity::{Identities, Surroundings};
pub use endpoint::endpoint;
pub use facts::facts;
pub use given::{Given, Problem};
pub use history::{Standing, release};
pub use kept::KeptScalers;
pub use paper::{OnPaper, on_paper};
pub use read::{Built, ReadOptions, build, read_triggers};
pub(crate) use secrets::smells;
pub use secrets::{conceal, concealed, credentials};
pub use trigger_type::{Behaviour, Build, Check, Flight, OtherKeys, Target, TriggerType, Work};

use crate::api::reading::MetricReading;
use crate::api::{PodIdentity, Secret, Trigger};

/// Every trigger type of KEDA, sorted by name. A new one is one file and one line here.
pub static TRIGGER_TYPES: &[&TriggerType] = &[
    &http::activemq::ACTIVEMQ,
    &kafka::apache::APACHE_KAFKA,
    &http::arangodb::ARANGODB,
    &http::artemis_queue::ARTEMIS_QUEUE,
    &aws::cloudwatch::AWS_CLOUDWATCH,
    &aws::dynamodb::AWS_DYNAMODB,
    &aws::dynamodb_streams::AWS_DYNAMODB_STREAMS,
    &aws::kinesis_stream::AWS_KINESIS_STREAM,
    &aws::sqs_queue::AWS_SQS_QUEUE,
    &azure::app_insights::AZURE_APP_INSIGHTS,
    &azure::blob::AZURE_BLOB,
    &azure::cosmosdb::AZURE_COSMOSDB,
    &azure::data_explorer::AZURE_DATA_EXPLORER,
    &azure::eventhub::AZURE_EVENTHUB,
    &azure::log_analytics::AZURE_LOG_ANALYTICS,
    &azure::monitor::AZURE_MONITOR,
    &ci::azure_pipelines::AZURE_PIPELINES,
    &azure::queue::AZURE_QUEUE,
    &azure::servicebus::AZURE_SERVICEBUS,
    &tcp::beanstalkd::BEANSTALKD,
    &sql::cassandra::CASSANDRA,
    &sql::clickhouse::CLICKHOUSE,
    &http::couchdb::COUCHDB,
    &local::cpu::CPU,
    &local::cron::CRON,
    &saas::datadog::DATADOG,
    &saas::dynatrace::DYNATRACE,
    &http::elastic_forecast::ELASTIC_FORECAST,
    &http::elasticsearch::ELASTICSEARCH,
    &grpc::etcd::ETCD,
    &grpc::external::EXTERNAL,
    &grpc::external_push::EXTERNAL_PUSH,
    &ci::forgejo_runner::FORGEJO_RUNNER,
    &gcp::cloudtasks::GCP_CLOUDTASKS,
    &gcp::pubsub::GCP_PUBSUB,
    &gcp::spanner::GCP_SPANNER,
    &gcp::stackdriver::GCP_STACKDRIVER,
    &gcp::storage::GCP_STORAGE,
    &ci::github_runner::GITHUB_RUNNER,
    &http::graphite::GRAPHITE,
    &saas::huawei_cloudeye::HUAWEI_CLOUDEYE,
    &http::ibmmq::IBMMQ,
    &http::influxdb::INFLUXDB,
    &kafka::groups::KAFKA,
    &kube::resource::KUBERNETES_RESOURCE,
    &kube::workload::KUBERNETES_WORKLOAD,
    &grpc::liiklus::LIIKLUS,
    &prom::loki::LOKI,
    &local::memory::MEMORY,
    &http::metrics_api::METRICS_API,
    &sql::mongodb::MONGODB,
    &sql::mssql::MSSQL,
    &sql::mysql::MYSQL,
    &http::nats_jetstream::NATS_JETSTREAM,
    &saas::new_relic::NEW_RELIC,
    &http::nsq::NSQ,
    &http::opensearch::OPENSEARCH,
    &openstack::metric::OPENSTACK_METRIC,
    &openstack::swift::OPENSTACK_SWIFT,
    &sql::postgresql::POSTGRESQL,
    &saas::predictkube::PREDICTKUBE,
    &prom::prometheus::PROMETHEUS,
    &http::pulsar::PULSAR,
    &rabbitmq::RABBITMQ,
    &redis::list::REDIS,
    &redis::cluster_list::REDIS_CLUSTER,
    &redis::cluster_streams::REDIS_CLUSTER_STREAMS,
    &redis::sentinel_list::REDIS_SENTINEL,
    &redis::sentinel_streams::REDIS_SENTINEL_STREAMS,
    &redis::streams::REDIS_STREAMS,
    &ci::selenium_grid::SELENIUM_GRID,
    &http::solace_direct_messaging::SOLACE_DIRECT_MESSAGING,
    &http::solace_event_queue::SOLACE_EVENT_QUEUE,
    &saas::solarwinds::SOLARWINDS,
    &http::solr::SOLR,
    &saas::splunk::SPLUNK,
    &saas::splunk_observability::SPLUNK_OBSERVABILITY,
    &http::stan::STAN,
    &saas::sumologic::SUMOLOGIC,
    &grpc::temporal::TEMPORAL,
];

/// The type that KEDA calls `name`.
pub fn trigger_type(name: &str) -> Option<&'static TriggerType> {
    TRIGGER_TYPES
        .binary_search_by(|candidate| candidate.name.cmp(name))
        .ok()
        .map(|index| TRIGGER_TYPES[index])
}

/// Reads one trigger.
#[async_trait]
pub trait Scaler: Send + Sync {
    /// Asks the source once. The deadline is kept by the caller.
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError>;

    /// What is asked, for the message when the deadline passes; without credentials.
    fn endpoint(&self) -> String;
}

/// A reading failed. The text is a lower-case fragment that names the endpoint, never a credential.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    message: String,
}

impl ReadError {
    /// An error that says `message`.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

/// A scaler could not be built from its parameters. Every problem is a lower-case fragment without credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.join("; "))]
pub struct BuildError {
    problems: Vec<String>,
}

impl BuildError {
    /// One problem.
    pub fn new(problem: impl Into<String>) -> Self {
        Self {
            problems: vec![problem.into()],
        }
    }

    /// Several problems.
    pub fn all(problems: Vec<String>) -> Self {
        Self { problems }
    }

    /// The problems, at least one.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

/// What a scaler is built from beside its parameters.
pub struct ScalerContext<'a> {
    /// The trigger.
    pub trigger: &'a Trigger,
    /// Name of the ScaledJob.
    pub object: &'a str,
    /// Namespace of the ScaledJob.
    pub namespace: &'a str,
    /// `podIdentity` of its TriggerAuthentication.
    pub pod_identity: Option<&'a PodIdentity>,
    /// Name of the service account of the Job's pods.
    pub service_account: &'a str,
    /// The caller's identities at the clouds.
    pub identities: Arc<Identities>,
    /// For triggers that count objects of the cluster.
    pub cluster: Arc<dyn ClusterReader>,
    /// Timeout of one HTTP request where the trigger sets none (KEDA: 3 s).
    pub http_timeout: Duration,
    /// Proxy for hosts of Services (`.svc`, `.svc.cluster.local`), which only the cluster resolves.
    pub service_proxy: Option<&'a url::Url>,
    /// Connections that are shared with other triggers.
    pub clients: &'a HttpClients,
    /// The clock.
    pub now: fn() -> Timestamp,
}

impl ScalerContext<'_> {
    /// `podIdentity.provider`, empty when there is none.
    pub fn provider(&self) -> &str {
        self.pod_identity
            .map_or("", |identity| identity.provider.as_str())
    }
}

/// The reads that scalers make in the cluster.
#[async_trait]
pub trait ClusterReader: Send + Sync {
    /// Pods of `namespace` that match `selector`.
    async fn pods(&self, namespace: &str, selector: &str) -> Result<Vec<PodSummary>, ReadError>;
    /// Base addresses (`ip:port`) of the ready endpoints of a Service, from its EndpointSlices; `port` is the number in the URL.
    async fn service_endpoints(
        &self,
        namespace: &str,
        service: &str,
    ) -> Result<Vec<std::net::IpAddr>, ReadError>;
    /// An annotation of a service account; `None` when the account lacks it, an error when there is no such account.
    async fn service_account_annotation(
        &self,
        namespace: &str,
        name: &str,
        annotation: &str,
    ) -> Result<Option<String>, ReadError>;
    /// A new token of a service account for `audience`. [Kubernetes API `TokenRequest`]
    async fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        audience: &str,
    ) -> Result<Secret<String>, ReadError>;
}

/// What is counted of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSummary {
    /// `status.phase`.
    pub phase: String,
    /// `spec.nodeName`.
    pub node: Option<String>,
}
