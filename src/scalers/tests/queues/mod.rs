//! Queues of clouds beside servers of a few lines: what is asked, and what the answers mean.

mod azure;
mod blob;
mod sqs;

use std::sync::Arc;

use super::fake::{Cluster, Objects, job, trigger};
use crate::api::PodIdentity;
use crate::scalers::{ReadOptions, build};

/// Where a trigger would ask, or why it is not built.
async fn place(
    kind: &str,
    metadata: &[(&str, &str)],
    auth: &[(&str, &str)],
    provider: Option<&str>,
    options: &ReadOptions,
) -> Result<String, String> {
    let objects = Objects {
        pod_identity: provider.map(PodIdentity::of),
        ..Objects::new(auth)
    };
    let job = job(vec![trigger(0, kind, metadata, true)]);
    let cluster = Arc::new(Cluster::default());
    build(&job, &job.triggers[0], "ns", &objects, cluster, options)
        .await
        .map(|built| format!("{built:?}"))
        .map_err(|error| error.to_string())
}
