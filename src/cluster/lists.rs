//! Small questions about one namespace.

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

use super::client::optional;
use super::{Cluster, ClusterError};

/// Whether `plural` of that name exists.
pub async fn exists<K>(
    cluster: &Cluster,
    namespace: &str,
    plural: &str,
    name: &str,
) -> Result<bool, ClusterError>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(cluster.client.clone(), namespace);
    let operation = format!("get {plural} in namespace {namespace}");
    let found = optional(cluster.request(&operation, api.get_metadata(name)).await)?;
    Ok(found.is_some())
}

/// Whether the namespace exists.
///
/// # Errors
/// Often: namespaced rights seldom let one see the namespace itself.
pub async fn namespace_exists(cluster: &Cluster, namespace: &str) -> Result<bool, ClusterError> {
    let api: Api<Namespace> = Api::all(cluster.client.clone());
    let operation = format!("get namespace {namespace}");
    let found = optional(
        cluster
            .request(&operation, api.get_metadata(namespace))
            .await,
    )?;
    Ok(found.is_some())
}

/// All of `plural`, every page of them.
pub async fn all<K>(
    cluster: &Cluster,
    namespace: &str,
    plural: &str,
) -> Result<Vec<K>, ClusterError>
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(cluster.client.clone(), namespace);
    let operation = format!("list {plural} in namespace {namespace}");
    super::objects::list_all(cluster, &api, &operation, "").await
}
