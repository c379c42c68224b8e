//! What reads triggers: one file a trigger type, and the table that lists them all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::api::Secret;
use crate::api::Trigger;
use crate::api::reading::MetricReading;

/// Reads one trigger.
#[async_trait]
pub trait Scaler: Send + Sync {
    /// Asks the source once. The deadline is kept by the caller.
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError>;
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

/// What a scaler is built from, parameters resolved.
pub struct ScalerContext<'a> {
    /// The trigger.
    pub trigger: &'a Trigger,
    /// Name of the ScaledJob.
    pub object: &'a str,
    /// Namespace of the ScaledJob.
    pub namespace: &'a str,
    /// The container's environment (semantics §4.3).
    pub env: &'a BTreeMap<String, Secret<String>>,
    /// Parameters of the trigger's TriggerAuthentication.
    pub auth: &'a BTreeMap<String, Secret<String>>,
    /// Its `podIdentity.provider`.
    pub pod_identity: Option<&'a str>,
    /// For triggers that count objects of the cluster.
    pub cluster: Arc<dyn ClusterReader>,
    /// Timeout of one HTTP request where the trigger sets none (KEDA: 3 s).
    pub http_timeout: Duration,
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
}

/// What is counted of a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSummary {
    /// `status.phase`.
    pub phase: String,
    /// `spec.nodeName`.
    pub node: Option<String>,
}
