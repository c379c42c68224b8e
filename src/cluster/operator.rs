//! What shows that KEDA's operator drives an object: the ScaledJob in the cluster, the operator's own leader-election Lease, and
//! the Jobs that it made.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{ApiResource, DynamicObject};

use super::client::optional;
use super::leases::{self, Held};
use super::objects::list_all;
use super::{Cluster, ClusterError, ClusterErrorKind, KEDA_NAME_LABEL};

/// Name of the operator's leader-election Lease. [KEDA cmd/operator/main.go: `LeaderElectionID`]
pub const OPERATOR_LEASE: &str = "operator.keda.sh";

/// The annotations of the ScaledJob of that name in that namespace; none when there is none, when the cluster has no such kind, or
/// when we have no right to look: who may not see ScaledJobs cannot be told about them.
pub async fn scaled_job_annotations(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Option<BTreeMap<String, String>>, ClusterError> {
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
    match optional(cluster.request(&operation, api.get_metadata(name)).await) {
        Ok(found) => Ok(found.map(|object| object.metadata.annotations.unwrap_or_default())),
        Err(error) if error.kind == ClusterErrorKind::Forbidden => Ok(None),
        Err(error) => Err(error),
    }
}

/// The operator's Lease in the namespace where KEDA lives.
pub async fn operator_lease(
    cluster: &Cluster,
    namespace: &str,
) -> Result<Option<Held>, ClusterError> {
    leases::get(cluster, namespace, OPERATOR_LEASE).await
}

/// When KEDA last made a Job for that object, by the API server's clock; none when it has none.
pub async fn last_job_of_keda(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Option<Timestamp>, ClusterError> {
    let api: Api<DynamicObject> = Api::namespaced_with(
        cluster.client.clone(),
        namespace,
        &ApiResource::erase::<Job>(&()),
    );
    let operation = format!("list jobs.batch in namespace {namespace}");
    let jobs = list_all(
        cluster,
        &api,
        &operation,
        &format!("{KEDA_NAME_LABEL}={name}"),
    )
    .await?;
    Ok(jobs
        .into_iter()
        .filter_map(|job| job.metadata.creation_timestamp)
        .map(|time| time.0)
        .max())
}
