//! Flags that several commands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::report::duration;

/// Manifests of `plan` and `run`.
#[derive(Debug, Clone, Args)]
pub struct ManifestArgs {
    /// Files, folders (*.yaml, *.yml, *.json, recursively), or - for stdin
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only the object of this name (repeatable)
    #[arg(long = "object", value_name = "[NAMESPACE/]NAME")]
    pub objects: Vec<String>,
}

/// Limits of `plan` and `run`, beside `maxReplicaCount`.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// At most so many new Jobs in one cycle of one object
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    pub max_create: Option<i64>,
    /// At most so many pending Jobs of one object, new ones included
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    pub max_pending: Option<i64>,
    /// At most so many unfinished Jobs of all objects together, new ones included, shared fairly
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(0..))]
    pub max_total: Option<i64>,
    /// After so many failed Jobs of an object in a row make one at a time, with growing pauses, until one succeeds; 0 is off
    #[arg(long, value_name = "N", default_value_t = crate::planner::brake::DEFAULT_FAILURE_BRAKE)]
    pub failure_brake: u32,
}

/// How to read triggers.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Source options")]
pub struct SourceArgs {
    /// Give up on a trigger after this long
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration::parse)]
    pub source_timeout: Duration,
    /// Namespace where ClusterTriggerAuthentications find their Secrets, as KEDA_CLUSTER_OBJECT_NAMESPACE
    #[arg(
        long,
        value_name = "NAMESPACE",
        env = "KEDA_JOBS_CLUSTER_OBJECT_NAMESPACE",
        hide_env = true
    )]
    pub cluster_object_namespace: Option<String>,
    /// HTTP proxy for sources whose host ends in .svc or .svc.cluster.local
    #[arg(
        long,
        value_name = "URL",
        env = "KEDA_JOBS_SERVICE_PROXY",
        hide_env = true
    )]
    pub service_proxy: Option<String>,
}

/// The cluster, in kubectl's words.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Cluster options")]
pub struct ClusterArgs {
    /// What all that talk to a cluster share.
    #[command(flatten)]
    pub connection: ConnectionArgs,
    /// Cluster entry of the kubeconfig, instead of the context's
    #[arg(long, value_name = "NAME", conflicts_with = "in_cluster")]
    pub cluster: Option<String>,
}

/// How to reach the cluster. kubectl's `--cluster` is not among it: to `validate` the word means more, see `OnlineArgs`.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Cluster options")]
pub struct ConnectionArgs {
    /// Kubeconfig file [default: the files of $KUBECONFIG, or ~/.kube/config]
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME", env = "KEDA_JOBS_CONTEXT", hide_env = true)]
    pub context: Option<String>,
    /// Namespace of objects that name none
    #[arg(
        short,
        long,
        value_name = "NAME",
        env = "KEDA_JOBS_NAMESPACE",
        hide_env = true
    )]
    pub namespace: Option<String>,
    /// User entry of the kubeconfig, instead of the context's
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// User to impersonate
    #[arg(long = "as", value_name = "USER")]
    pub as_user: Option<String>,
    /// Group to impersonate (repeatable)
    #[arg(long = "as-group", value_name = "GROUP", requires = "as_user")]
    pub as_group: Vec<String>,
    /// Give up on one request to the cluster after this long [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    pub request_timeout: Option<Duration>,
    /// Use the service account of the pod this runs in, and no kubeconfig
    #[arg(long, conflicts_with_all = ["kubeconfig", "context", "user"])]
    pub in_cluster: bool,
}

/// One writer for each object.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Lease options")]
pub struct LeaseArgs {
    /// Wait for an object that another run holds, for ever or so long, instead of ending with exit code 4
    #[arg(
        long,
        value_name = "DURATION",
        num_args = 0..=1,
        require_equals = true,
        value_parser = duration::parse
    )]
    pub lease_wait: Option<Option<Duration>>,
    /// Take objects that another run holds by force; both may create Jobs until that run notices
    #[arg(long)]
    pub takeover: bool,
    /// Use no leases: nothing then keeps a second run from creating the same Jobs
    #[arg(long, conflicts_with_all = ["lease_wait", "takeover"])]
    pub no_lease: bool,
    /// How long a run may be silent before others may take its objects, in whole seconds
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = lease_duration)]
    pub lease_duration: Duration,
}

/// Kubernetes counts a Lease's duration in whole seconds.
fn lease_duration(text: &str) -> Result<Duration, String> {
    let duration = duration::parse(text).map_err(|error| error.to_string())?;
    if duration.subsec_nanos() != 0
        || !(1..=i32::MAX.unsigned_abs().into()).contains(&duration.as_secs())
    {
        return Err(format!(
            "{text} is not a number of whole seconds between 1s and {}s",
            i32::MAX
        ));
    }
    Ok(duration)
}
