//! Whether the ScaledJob also lives in the cluster.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, ResourceExt};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::client::optional;
use super::job::Owner;
use super::{Cluster, ClusterError, ClusterErrorKind};

/// The ScaledJob of that name in that namespace of the cluster; none when there is none, when the cluster has no such kind, or when
/// it is about to go. A missing right to look is none as well: an owner reference is a convenience, a wrong one deletes Jobs.
pub async fn find(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Option<Owner>, ClusterError> {
    let api = scaled_jobs(cluster, namespace);
    let operation = format!("get scaledjobs.keda.sh in namespace {namespace}");
    match optional(cluster.request(&operation, api.get(name)).await) {
        Ok(found) => Ok(found
            .filter(|object| object.metadata.deletion_timestamp.is_none())
            .and_then(|object| object.uid())
            .map(|uid| Owner { uid })),
        Err(error) if error.kind == ClusterErrorKind::Forbidden => Ok(None),
        Err(error) => Err(error),
    }
}

fn scaled_jobs(cluster: &Cluster, namespace: &str) -> Api<DynamicObject> {
    let resource = ApiResource {
        group: "keda.sh".to_owned(),
        version: "v1alpha1".to_owned(),
        api_version: "keda.sh/v1alpha1".to_owned(),
        kind: "ScaledJob".to_owned(),
        plural: "scaledjobs".to_owned(),
    };
    Api::namespaced_with(cluster.client.clone(), namespace, &resource)
}

/// How long it is remembered that a ScaledJob is not in the cluster. Of one that is nothing is remembered: a reference to one that
/// was deleted and made anew since would delete the Job.
const ABSENCE: Duration = Duration::from_secs(30);

/// [`find`] for many objects of few namespaces: one list tells for all that are not there.
#[derive(Default)]
pub struct Owners {
    /// By namespace.
    present: Mutex<HashMap<String, Listed>>,
}

struct Listed {
    at: Instant,
    /// What was there; none when that could not be listed.
    names: Option<BTreeSet<String>>,
}

impl Owners {
    /// As [`find`]; a ScaledJob that was made in the last 30 s may be missed.
    ///
    /// # Errors
    /// As [`find`].
    pub async fn find(
        &self,
        cluster: &Cluster,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Owner>, ClusterError> {
        {
            // Held while it is listed: who comes meanwhile waits for that list.
            let mut present = self.present.lock().await;
            let known = present
                .get(namespace)
                .filter(|listed| listed.at.elapsed() < ABSENCE);
            if known.is_none() {
                let listed = Listed {
                    at: Instant::now(),
                    names: list(cluster, namespace).await,
                };
                present.insert(namespace.to_owned(), listed);
            }
            let names = present
                .get(namespace)
                .and_then(|listed| listed.names.as_ref());
            if names.is_some_and(|names| !names.contains(name)) {
                return Ok(None);
            }
        }
        find(cluster, namespace, name).await
    }
}

/// Names of the ScaledJobs of a namespace; none when they cannot be listed.
async fn list(cluster: &Cluster, namespace: &str) -> Option<BTreeSet<String>> {
    let api = scaled_jobs(cluster, namespace);
    let operation = format!("list scaledjobs.keda.sh in namespace {namespace}");
    // No limit and so no pages: a ScaledJob that is missed would only lack a reference, and metadata is small.
    let parameters = ListParams::default();
    let listed = cluster
        .request(&operation, api.list_metadata(&parameters))
        .await;
    match optional(listed) {
        Ok(Some(list)) => Some(list.items.iter().map(ResourceExt::name_any).collect()),
        // The cluster has no such kind.
        Ok(None) => Some(BTreeSet::new()),
        Err(_) => None,
    }
}
