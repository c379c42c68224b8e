//! `plan`: how many Jobs, and why; changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::load::{objects, table_width};
use super::{Context, to_json, to_yaml};
use crate::api::ScaledJob;
use crate::cli::{LimitArgs, PlanArgs, PlanOutput, SourceArgs};
use crate::cluster::client::LazyCluster;
use crate::cluster::lists;
use crate::cluster::objects::{Objects, Reader};
use crate::cluster::pace::Paces;
use crate::engine::clock::Clock;
use crate::engine::cycle::{Decided, Overrides, decide};
use crate::engine::gate::Gate;
use crate::engine::guard::Guard;
use crate::engine::limits::{LimitOptions, Limiter};
use crate::engine::{Engine, Target, assumed, scaled_jobs};
use crate::error::{Error, ErrorKind, ExitStatus};
use crate::planner::inventory::{Counts, Inventory};
use crate::report::ObjectName;
use crate::report::plan::{ObjectPlan, render, to_view};
use crate::report::sanitize::sanitize;
use crate::scalers::ReadOptions;
use crate::settings::Settings;

/// Plans.
pub async fn execute(context: &mut Context<'_>, args: &PlanArgs) -> Result<ExitStatus, Error> {
    let (resources, jobs) = objects(context, &args.manifests.paths, &args.manifests.objects)?;
    if jobs.len() > 1 && !args.readings.is_empty() {
        let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
        return Err(Error::new(
            ErrorKind::Usage,
            format!(
                "--reading needs one object, and the files hold {}",
                names.len()
            ),
        )
        .hint(format!("choose one with --object: {}", names.join(", "))));
    }
    let cluster = Arc::new(LazyCluster::new(context.settings.cluster(&args.cluster)?));
    let counts = assumed_counts(args);
    let mut overrides = Vec::new();
    for job in &jobs {
        let readings = assumed::readings(job, &args.readings)
            .map_err(|error| Error::new(ErrorKind::Usage, error))?;
        overrides.push(Overrides { readings, counts });
    }
    let on_paper = counts.is_some()
        && jobs
            .iter()
            .zip(&overrides)
            .all(|(job, given)| given.readings.len() == job.triggers.len());
    let default_namespace = match &args.cluster.connection.namespace {
        Some(namespace) => namespace.clone(),
        // On paper no kubeconfig is needed, nor is a broken one a reason to stop.
        None if on_paper => "default".to_owned(),
        None => match cluster.get().await {
            Ok(cluster) => cluster.namespace.clone(),
            // Readings whose parameters all stand in the files need no cluster; what does will say what it lacked.
            Err(_) if counts.is_some() => "default".to_owned(),
            Err(_) => return Err(cluster.why_not()),
        },
    };
    let targets = targets(
        jobs,
        args.cluster.connection.namespace.as_deref(),
        &default_namespace,
    )?;
    let engine = Engine {
        clock: Clock::system(),
        observer: None,
        objects: Arc::new(Objects::new(
            &resources,
            &default_namespace,
            Arc::clone(&cluster),
        )),
        reader: Arc::new(Reader(Arc::clone(&cluster))),
        read_options: read_options(context.settings, &args.sources)?,
        reads: Gate::default(),
        limits: limiter(&args.limits, &targets),
        stuck_after: Duration::MAX,
        concurrency: 1,
        paces: Paces::new(1),
        cluster,
    };
    let decided: Vec<Decided> = futures::future::join_all(
        targets
            .iter()
            .zip(&overrides)
            .map(|(target, overrides)| decide(&engine, target, overrides)),
    )
    .await;
    if counts.is_none() {
        note_missing_namespaces(context, &engine, &targets, &decided).await;
        note_other_writers(context, &engine, &targets).await;
    }
    let plans: Vec<ObjectPlan<'_>> = targets
        .iter()
        .zip(&decided)
        .map(|(target, decided)| ObjectPlan {
            object: ObjectName {
                namespace: target.namespace.clone(),
                name: target.job.name.clone(),
            },
            job: &target.job,
            plan: &decided.plan,
        })
        .collect();
    match args.output {
        PlanOutput::Table => context.print(&render(&plans, table_width()))?,
        PlanOutput::Json => context.print(&to_json(&to_view(&plans))?)?,
        PlanOutput::Yaml => context.print(&to_yaml(&to_view(&plans))?)?,
    }
    Ok(status(&decided, args.detailed_exitcode))
}

/// Says on stderr which namespaces there are none of: their Jobs can be listed, and there are none, but `run` would fail. Who may not
/// ask is not told.
async fn note_missing_namespaces(
    context: &Context<'_>,
    engine: &Engine,
    targets: &[Target],
    decided: &[Decided],
) {
    let Ok(cluster) = engine.cluster.get().await else {
        return;
    };
    let is_empty =
        |decided: &Decided| matches!(&decided.inventory, Inventory::Known(jobs) if jobs.is_empty());
    let namespaces: BTreeSet<&str> = targets
        .iter()
        .zip(decided)
        .filter(|(_, decided)| is_empty(decided))
        .map(|(target, _)| target.namespace.as_str())
        .collect();
    let looks = namespaces.into_iter().map(async |namespace| {
        let exists = lists::namespace_exists(cluster, namespace).await;
        (namespace, exists)
    });
    for (namespace, exists) in futures::future::join_all(looks).await {
        match exists {
            Ok(false) => context.say(&format!(
                "note: run would fail: the cluster has no namespace {namespace}; kubectl create namespace {namespace} makes it"
            )),
            Ok(true) => {}
            Err(error) => tracing::debug!(%error, "whether the namespace exists is not known"),
        }
    }
}

/// Says on stderr which objects `run` would leave to KEDA. That it cannot be asked is no reason to plan any less.
async fn note_other_writers(context: &Context<'_>, engine: &Engine, targets: &[Target]) {
    let Ok(cluster) = engine.cluster.get().await else {
        return;
    };
    let operator_namespace = engine.read_options.cluster_object_namespace.clone();
    let known = scaled_jobs(targets);
    let guard = Guard::new(cluster.clone(), operator_namespace, known, None);
    let looks = targets.iter().map(|target| guard.refusal(target));
    for look in futures::future::join_all(looks).await {
        match look {
            Ok(Some(why)) => context.say(&format!("note: run would refuse: {}", sanitize(&why))),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "whether KEDA drives the object is not known"),
        }
    }
}

fn status(decided: &[Decided], detailed: bool) -> ExitStatus {
    let bad = |decided: &Decided| {
        decided.plan.decision.is_error || matches!(decided.inventory, Inventory::Unknown(_))
    };
    if decided
        .iter()
        .all(|decided| matches!(decided.inventory, Inventory::Unknown(_)))
    {
        ExitStatus::CouldNotRun
    } else if decided.iter().any(bad) {
        ExitStatus::Bad
    } else if detailed
        && decided
            .iter()
            .any(|decided| !decided.plan.actions.is_empty())
    {
        ExitStatus::Changes
    } else {
        ExitStatus::Success
    }
}

/// Counts given by hand: either flag means that the cluster is not asked, and the other count is then 0.
fn assumed_counts(args: &PlanArgs) -> Option<Counts> {
    if args.running.is_none() && args.pending.is_none() {
        return None;
    }
    let pending = args.pending.unwrap_or_default();
    // Pending Jobs are among the unfinished ones.
    let running = args.running.unwrap_or(pending);
    Some(Counts {
        running,
        pending,
        slots: running,
    })
}

/// The limits of the command line over these objects.
pub(super) fn limiter(args: &LimitArgs, targets: &[Target]) -> Limiter {
    let options = LimitOptions {
        max_create: args.max_create,
        max_pending: args.max_pending,
        max_total: args.max_total,
        failure_brake: args.failure_brake,
    };
    Limiter::new(options, targets)
}

/// How triggers are read.
pub(super) fn read_options(settings: &Settings, args: &SourceArgs) -> Result<ReadOptions, Error> {
    let proxy = settings.service_proxy(args.service_proxy.as_deref());
    let service_proxy = proxy
        .map(|text| {
            text.parse().map_err(|error| {
                Error::new(
                    ErrorKind::Usage,
                    format!("--service-proxy {text:?} is not a URL"),
                )
                .because(error)
            })
        })
        .transpose()?;
    Ok(ReadOptions {
        deadline: args.source_timeout,
        cluster_object_namespace: settings
            .cluster_object_namespace(args.cluster_object_namespace.as_deref()),
        service_proxy,
        ..ReadOptions::default()
    })
}

/// Objects in their namespaces. As kubectl does, `--namespace` and another namespace in a manifest contradict each other.
pub(super) fn targets(
    jobs: Vec<ScaledJob>,
    flag: Option<&str>,
    default_namespace: &str,
) -> Result<Vec<Target>, Error> {
    for job in &jobs {
        if let (Some(flag), Some(namespace)) = (flag, job.namespace.as_deref())
            && flag != namespace
        {
            let source = &job.document.source;
            let place = job.place_of("metadata.namespace").map(|span| {
                let start = source.position(span.start);
                format!("{}:{}:{}: ", source.name(), start.line, start.column)
            });
            return Err(Error::new(
                ErrorKind::Usage,
                format!(
                    "{}{} belongs to namespace {namespace}, and --namespace says {flag}",
                    place.unwrap_or_default(),
                    job.name
                ),
            )
            .hint("leave --namespace out, or take the namespace out of the manifest"));
        }
    }
    let targets: Vec<Target> = jobs
        .into_iter()
        .map(|job| Target::new(job, default_namespace))
        .collect();
    // The same name twice in a file is found earlier; here one manifest names the namespace that another leaves out.
    let mut seen = BTreeSet::new();
    for target in &targets {
        if !seen.insert(target.id()) {
            return Err(Error::new(
                ErrorKind::Usage,
                format!("the files describe {} twice", target.id()),
            )
            .hint("one of them names no namespace: give it another, or leave one of them out"));
        }
    }
    Ok(targets)
}
