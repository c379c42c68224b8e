//! Whether the ScaledJob also lives in the cluster.

use kube::api::{ApiResource, DynamicObject};
use kube::{Api, ResourceExt};

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
    let resource = ApiResource {
        group: "keda.sh".to_owned(),
        version: "v1alpha1".to_owned(),
        api_version: "keda.sh/v1alpha1".to_owned(),
        kind: "ScaledJob".to_owned(),
        plural: "scaledjobs".to_owned(),
    };
    let api: Api<DynamicObject> =
        Api::namespaced_with(cluster.client.clone(), namespace, &resource);
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
