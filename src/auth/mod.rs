//! Where parameters come from beside the trigger's metadata: the container's environment and TriggerAuthentication.

mod container;
mod environment;
mod expansion;
#[cfg(test)]
mod tests;
mod trigger_authentication;

use async_trait::async_trait;

pub(crate) use container::{Container, Declared};
pub use environment::{Environment, Variable};
pub use trigger_authentication::{AuthContext, AuthParameters, resolve_authentication};

use crate::api::{DataObject, TriggerAuthentication};

/// Looks objects up: in the given files first, then in the cluster. `None` means that it surely does not exist.
#[async_trait]
pub trait ObjectSource: Send + Sync {
    /// A Secret.
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<DataObject>, LookupError>;
    /// A ConfigMap.
    async fn config_map(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<DataObject>, LookupError>;
    /// A TriggerAuthentication (`Some(namespace)`) or ClusterTriggerAuthentication (`None`).
    async fn authentication(
        &self,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<TriggerAuthentication>, LookupError>;
}

/// The cluster could not say whether an object exists.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct LookupError(pub String);
