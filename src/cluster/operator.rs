//! What shows that KEDA's operator is alive: its own leader-election Lease, and the Jobs that it made.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::jiff::Timestamp;
use kube::Api;

use super::leases::{self, Held};
use super::objects::list_metadata;
use super::{Cluster, ClusterError, KEDA_NAME_LABEL};

/// Name of the operator's leader-election Lease. [KEDA cmd/operator/main.go: `LeaderElectionID`]
pub const OPERATOR_LEASE: &str = "operator.keda.sh";

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
    let api: Api<Job> = Api::namespaced(cluster.client.clone(), namespace);
    let operation = format!("list jobs.batch in namespace {namespace}");
    let selector = format!("{KEDA_NAME_LABEL}={name}");
    let jobs = list_metadata(cluster, &api, &operation, &selector).await?;
    Ok(jobs
        .into_iter()
        .filter_map(|job| job.creation_timestamp)
        .map(|time| time.0)
        .max())
}
