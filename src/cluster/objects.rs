//! The objects that triggers refer to: from the given files first, then from the cluster.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret as KubeSecret, ServiceAccount};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams, ObjectList, ObjectMeta, PostParams};

use super::client::{LazyCluster, optional};
use super::{Cluster, ClusterError, ClusterErrorKind};
use crate::api::{self, DataObject, Resources, Secret, TriggerAuthentication};
use crate::auth::{LookupError, ObjectSource};
use crate::diagnostic::SourceFile;
use crate::manifest;
use crate::scalers::{ClusterReader, PodSummary, ReadError};

/// Most items in one page of a list.
pub(super) const PAGE: u32 = 500;

/// Where triggers find what they refer to.
pub struct Objects {
    authentications: Vec<TriggerAuthentication>,
    secrets: Vec<DataObject>,
    config_maps: Vec<DataObject>,
    /// Namespace of local objects that name none.
    default_namespace: String,
    cluster: Arc<LazyCluster>,
}

impl Objects {
    /// The local objects of `resources`, with `cluster` behind them.
    pub fn new(resources: &Resources, default_namespace: &str, cluster: Arc<LazyCluster>) -> Self {
        Self {
            authentications: resources.authentications.clone(),
            secrets: resources.secrets.clone(),
            config_maps: resources.config_maps.clone(),
            default_namespace: default_namespace.to_owned(),
            cluster,
        }
    }

    fn local<'a>(
        &self,
        objects: &'a [DataObject],
        namespace: &str,
        name: &str,
    ) -> Option<&'a DataObject> {
        objects.iter().find(|object| {
            object.name == name
                && object
                    .namespace
                    .as_deref()
                    .unwrap_or(&self.default_namespace)
                    == namespace
        })
    }
}

fn lookup(error: &ClusterError) -> LookupError {
    LookupError(error.to_string())
}

fn read_error(error: &ClusterError) -> ReadError {
    ReadError::new(error.to_string())
}

#[async_trait]
impl ObjectSource for Objects {
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<DataObject>, LookupError> {
        if let Some(object) = self.local(&self.secrets, namespace, name) {
            return Ok(Some(object.clone()));
        }
        let cluster = self.cluster.get().await.map_err(|error| lookup(&error))?;
        let api: Api<KubeSecret> = Api::namespaced(cluster.client.clone(), namespace);
        let operation = format!("get secrets in namespace {namespace}");
        let found = optional(cluster.request(&operation, api.get(name)).await)
            .map_err(|error| lookup(&error))?;
        Ok(found.map(|secret| DataObject {
            name: name.to_owned(),
            namespace: Some(namespace.to_owned()),
            document: None,
            data: secret
                .data
                .unwrap_or_default()
                .into_iter()
                .map(|(key, bytes)| {
                    (
                        key,
                        Secret::new(String::from_utf8_lossy(&bytes.0).into_owned()),
                    )
                })
                .collect(),
        }))
    }

    async fn config_map(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<DataObject>, LookupError> {
        if let Some(object) = self.local(&self.config_maps, namespace, name) {
            return Ok(Some(object.clone()));
        }
        let cluster = self.cluster.get().await.map_err(|error| lookup(&error))?;
        let api: Api<ConfigMap> = Api::namespaced(cluster.client.clone(), namespace);
        let operation = format!("get configmaps in namespace {namespace}");
        let found = optional(cluster.request(&operation, api.get(name)).await)
            .map_err(|error| lookup(&error))?;
        Ok(found.map(|map| DataObject {
            name: name.to_owned(),
            namespace: Some(namespace.to_owned()),
            document: None,
            data: map
                .data
                .unwrap_or_default()
                .into_iter()
                .map(|(key, value)| (key, Secret::new(value)))
                .collect(),
        }))
    }

    async fn authentication(
        &self,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<TriggerAuthentication>, LookupError> {
        let local = self.authentications.iter().find(|object| {
            object.name == name
                && match namespace {
                    None => object.cluster,
                    Some(namespace) => {
                        !object.cluster
                            && object
                                .namespace
                                .as_deref()
                                .unwrap_or(&self.default_namespace)
                                == namespace
                    }
                }
        });
        if let Some(object) = local {
            return Ok(Some(object.clone()));
        }
        let cluster = self.cluster.get().await.map_err(|error| lookup(&error))?;
        cluster_authentication(cluster, namespace, name).await
    }
}

async fn cluster_authentication(
    cluster: &Cluster,
    namespace: Option<&str>,
    name: &str,
) -> Result<Option<TriggerAuthentication>, LookupError> {
    let (kind, plural) = match namespace {
        Some(_) => ("TriggerAuthentication", "triggerauthentications"),
        None => (
            "ClusterTriggerAuthentication",
            "clustertriggerauthentications",
        ),
    };
    let resource = ApiResource {
        group: "keda.sh".to_owned(),
        version: "v1alpha1".to_owned(),
        api_version: "keda.sh/v1alpha1".to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
    };
    let (api, place): (Api<DynamicObject>, String) = match namespace {
        Some(namespace) => (
            Api::namespaced_with(cluster.client.clone(), namespace, &resource),
            format!(" in namespace {namespace}"),
        ),
        None => (
            Api::all_with(cluster.client.clone(), &resource),
            String::new(),
        ),
    };
    let operation = format!("get {plural}.keda.sh{place}");
    let found = optional(cluster.request(&operation, api.get(name)).await)
        .map_err(|error| lookup(&error))?;
    let Some(mut object) = found else {
        return Ok(None);
    };
    // The list endpoint of some servers leaves the types out; decoding needs them.
    object.types = Some(kube::api::TypeMeta {
        api_version: resource.api_version.clone(),
        kind: kind.to_owned(),
    });
    let text = serde_json::to_string_pretty(&object)
        .map_err(|error| LookupError(format!("{kind} {name} cannot be read: {error}")))?;
    let source = SourceFile::new(format!("<{kind} {name} in the cluster>"), text);
    let (documents, mut diagnostics) = manifest::load(&source);
    let (mut resources, found) = api::decode(&documents, &diagnostics, api::KedaVersion::NEWEST);
    diagnostics.extend(found);
    resources.authentications.pop().map(Some).ok_or_else(|| {
        let complaints: Vec<&str> = diagnostics
            .iter()
            .map(|diagnostic| diagnostic.message.as_str())
            .collect();
        LookupError(format!(
            "{kind} {name} of the cluster cannot be used: {}",
            complaints.join("; ")
        ))
    })
}

/// Reads of scalers that count objects of the cluster.
pub struct Reader(pub Arc<LazyCluster>);

#[async_trait]
impl ClusterReader for Reader {
    async fn pods(&self, namespace: &str, selector: &str) -> Result<Vec<PodSummary>, ReadError> {
        let cluster = self.0.get().await.map_err(|error| read_error(&error))?;
        let api: Api<Pod> = Api::namespaced(cluster.client.clone(), namespace);
        let operation = format!("list pods in namespace {namespace}");
        let pods = list_all(cluster, &api, &operation, selector)
            .await
            .map_err(|error| read_error(&error))?;
        Ok(pods
            .into_iter()
            .map(|pod| PodSummary {
                phase: pod
                    .status
                    .and_then(|status| status.phase)
                    .unwrap_or_default(),
                node: pod.spec.and_then(|spec| spec.node_name),
            })
            .collect())
    }

    async fn service_endpoints(
        &self,
        namespace: &str,
        service: &str,
    ) -> Result<Vec<IpAddr>, ReadError> {
        let cluster = self.0.get().await.map_err(|error| read_error(&error))?;
        let api: Api<EndpointSlice> = Api::namespaced(cluster.client.clone(), namespace);
        let operation = format!("list endpointslices.discovery.k8s.io in namespace {namespace}");
        let selector = format!("kubernetes.io/service-name={service}");
        let slices = list_all(cluster, &api, &operation, &selector)
            .await
            .map_err(|error| read_error(&error))?;
        Ok(slices
            .into_iter()
            .filter_map(|slice| slice.endpoints)
            .flatten()
            .filter(|endpoint| {
                endpoint
                    .conditions
                    .as_ref()
                    .and_then(|conditions| conditions.ready)
                    .unwrap_or(true)
            })
            .flat_map(|endpoint| endpoint.addresses)
            .filter_map(|address| address.parse().ok())
            .collect())
    }

    async fn service_account_annotation(
        &self,
        namespace: &str,
        name: &str,
        annotation: &str,
    ) -> Result<Option<String>, ReadError> {
        let cluster = self.0.get().await.map_err(|error| read_error(&error))?;
        let api: Api<ServiceAccount> = Api::namespaced(cluster.client.clone(), namespace);
        let operation = format!("get serviceaccounts in namespace {namespace}");
        let account = cluster
            .request(&operation, api.get_metadata(name))
            .await
            .map_err(|error| read_error(&error))?;
        Ok(account
            .metadata
            .annotations
            .and_then(|mut annotations| annotations.remove(annotation))
            .filter(|value| !value.is_empty()))
    }

    async fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        audience: &str,
    ) -> Result<Secret<String>, ReadError> {
        let cluster = self.0.get().await.map_err(|error| read_error(&error))?;
        let api: Api<ServiceAccount> = Api::namespaced(cluster.client.clone(), namespace);
        let operation = format!("create serviceaccounts/token in namespace {namespace}");
        let request = TokenRequest {
            spec: Some(TokenRequestSpec {
                audiences: Some(vec![audience.to_owned()]),
                expiration_seconds: Some(TOKEN_SECONDS),
                ..TokenRequestSpec::default()
            }),
            ..TokenRequest::default()
        };
        let answer = cluster
            .request(
                &operation,
                api.create_token_request(name, &PostParams::default(), &request),
            )
            .await
            .map_err(|error| read_error(&error))?;
        answer
            .status
            .and_then(|status| status.token)
            .filter(|token| !token.is_empty())
            .map(Secret::new)
            .ok_or_else(|| ReadError::new(format!("{operation}: the answer holds no token")))
    }
}

/// The shortest life that the API server gives a token: it is used at once.
const TOKEN_SECONDS: i64 = 600;

/// Every page of a list. Pages of one snapshot: a continue token that expires is an error of the whole list, not a shorter one.
pub(super) async fn list_all<K>(
    cluster: &Cluster,
    api: &Api<K>,
    operation: &str,
    selector: &str,
) -> Result<Vec<K>, ClusterError>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let mut items = Vec::new();
    list_pages(cluster, api, operation, selector, |first, page| {
        if first {
            items.clear();
        }
        items.extend(page);
    })
    .await?;
    Ok(items)
}

/// Every page of a list, given to `take` as it comes; gives the resource version that a watch can go on from. `take` is told which page
/// is the first: a list that has to begin again has two. No resource version is asked for, so that the answer is at least as
/// new as every write that was answered before.
pub(super) async fn list_pages<K>(
    cluster: &Cluster,
    api: &Api<K>,
    operation: &str,
    selector: &str,
    take: impl FnMut(bool, Vec<K>),
) -> Result<String, ClusterError>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let page = |parameters| async move { api.list(&parameters).await };
    pages(cluster, operation, selector, page, take).await
}

/// The metadata of every object of a list, which is all that the server sends: a thousand Jobs come in some hundred kilobytes
/// instead of megabytes.
pub(super) async fn list_metadata<K>(
    cluster: &Cluster,
    api: &Api<K>,
    operation: &str,
    selector: &str,
) -> Result<Vec<ObjectMeta>, ClusterError>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let mut items = Vec::new();
    let page = |parameters| async move { api.list_metadata(&parameters).await };
    pages(cluster, operation, selector, page, |first, page| {
        if first {
            items.clear();
        }
        items.extend(page.into_iter().map(|item| item.metadata));
    })
    .await?;
    Ok(items)
}

/// Every page that `page` gives; see [`list_pages`].
async fn pages<T: Clone, F: Future<Output = kube::Result<ObjectList<T>>>>(
    cluster: &Cluster,
    operation: &str,
    selector: &str,
    page: impl Fn(ListParams) -> F,
    mut take: impl FnMut(bool, Vec<T>),
) -> Result<String, ClusterError> {
    let mut parameters = ListParams::default().labels(selector).limit(PAGE);
    let mut restarted = false;
    loop {
        match cluster.request(operation, page(parameters.clone())).await {
            Ok(page) => {
                take(parameters.continue_token.is_none(), page.items);
                match page.metadata.continue_ {
                    Some(token) if !token.is_empty() => parameters.continue_token = Some(token),
                    _ => return Ok(page.metadata.resource_version.unwrap_or_default()),
                }
            }
            // 410 Gone: the snapshot behind the continue token is compacted. Start over, once.
            Err(error)
                if parameters.continue_token.is_some()
                    && !restarted
                    && error.kind != ClusterErrorKind::Forbidden =>
            {
                restarted = true;
                parameters.continue_token = None;
            }
            Err(error) => return Err(error),
        }
    }
}
