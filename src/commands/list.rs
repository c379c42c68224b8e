//! `list`: objects and their Jobs.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;

use super::{Context, to_json, to_yaml};
use crate::cli::{ClusterArgs, ListArgs, PlanOutput};
use crate::cluster::inventory::{OwnedJob, tracked};
use crate::cluster::{Cluster, ClusterErrorKind, stuck};
use crate::error::{Error, ExitStatus};
use crate::planner::inventory::ObservedJob;
use crate::report::ObjectName;
use crate::report::list::{ObjectJobs, render, to_view};

/// Lists.
pub async fn execute(context: &mut Context<'_>, args: &ListArgs) -> Result<ExitStatus, Error> {
    let (cluster, jobs) = jobs(context, &args.cluster, args.all_namespaces).await?;
    let mut by_object: BTreeMap<ObjectName, Vec<ObservedJob>> = BTreeMap::new();
    for owned in jobs {
        if args.names.is_empty() || args.names.contains(&owned.object) {
            let object = ObjectName {
                namespace: owned.namespace,
                name: owned.object,
            };
            by_object.entry(object).or_default().push(owned.job);
        }
    }
    explain_stuck(context, &cluster, &mut by_object, args.stuck_after).await;
    let missing: Vec<&String> = args
        .names
        .iter()
        .filter(|name| !by_object.keys().any(|object| object.name == **name))
        .collect();
    let objects: Vec<ObjectJobs<'_>> = by_object
        .iter()
        .map(|(object, jobs)| ObjectJobs {
            object: object.clone(),
            max_replica_count: None,
            jobs,
        })
        .collect();
    match args.output {
        PlanOutput::Json => context.print(&to_json(&to_view(&objects))?)?,
        PlanOutput::Yaml => context.print(&to_yaml(&to_view(&objects))?)?,
        PlanOutput::Table => context.print(&render(
            &objects,
            Timestamp::now(),
            super::load::table_width(),
        ))?,
    }
    for name in missing {
        context.say(&format!(
            "no Jobs of {name} in {}",
            place(&cluster, args.all_namespaces)
        ));
    }
    if objects.is_empty() && args.names.is_empty() {
        context.say(&format!(
            "no Jobs of keda-jobs or KEDA in {}",
            place(&cluster, args.all_namespaces)
        ));
    }
    Ok(ExitStatus::Success)
}

/// Puts beside pending Jobs why none of their pods runs.
async fn explain_stuck(
    context: &Context<'_>,
    cluster: &Cluster,
    by_object: &mut BTreeMap<ObjectName, Vec<ObservedJob>>,
    after: Duration,
) {
    let jobs = by_object
        .iter()
        .flat_map(|(object, jobs)| jobs.iter().map(|job| (object.namespace.as_str(), job)));
    let candidates = stuck::candidates(jobs, after, Timestamp::now());
    let (found, error) = stuck::explain(cluster, &candidates).await;
    let mut reasons: HashMap<String, String> = found
        .into_iter()
        .map(|stuck| (stuck.uid, stuck.reason))
        .collect();
    for job in by_object.values_mut().flatten() {
        if let Some(reason) = reasons.remove(&job.uid) {
            job.reason = Some(reason);
        }
    }
    if let Some(error) = error {
        context.say(&format!("why Jobs stay pending is not known: {error}"));
    }
}

/// `namespace shop of context staging`, or all of its namespaces.
pub(super) fn place(cluster: &Cluster, all: bool) -> String {
    if all {
        format!("any namespace of context {}", cluster.context)
    } else {
        format!(
            "namespace {} of context {}",
            cluster.namespace, cluster.context
        )
    }
}

/// The tracked Jobs that a command's flags mean, with the cluster they are in.
pub(super) async fn jobs(
    context: &Context<'_>,
    args: &ClusterArgs,
    all: bool,
) -> Result<(Cluster, Vec<OwnedJob>), Error> {
    let cluster = Cluster::connect(&context.settings.cluster(args)?).await?;
    let namespace = (!all).then_some(cluster.namespace.as_str());
    match tracked(&cluster, namespace).await {
        Ok(jobs) => Ok((cluster, jobs)),
        Err(error) => {
            let fatal = cluster.fatal(&error);
            Err(if all && error.kind == ClusterErrorKind::Forbidden {
                fatal.hint("without -A only the rights in one namespace are needed")
            } else {
                fatal
            })
        }
    }
}
