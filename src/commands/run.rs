//! `run`: creates the Jobs that are called for, once or in a loop.

use std::cell::RefCell;
use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use tokio::time::Instant;

use super::load::{count, objects, table_width};
use super::plan::{limiter, read_options, targets};
use super::{Context, say_always};
use crate::cli::{LeaseArgs, RunArgs, RunOutput};
use crate::cluster::client::{Cluster, LazyCluster};
use crate::cluster::kubeconfig;
use crate::cluster::objects::{Objects, Reader};
use crate::cluster::pace::Paces;
use crate::engine::clock::Clock;
use crate::engine::gate::Gate;
use crate::engine::guard::Guard;
use crate::engine::lease::{LeaseOptions, Leases};
use crate::engine::observer::Observer;
use crate::engine::schedule::{self, ObjectResult};
use crate::engine::{Engine, Target, scaled_jobs};
use crate::error::{Error, ErrorKind, ExitStatus};
use crate::planner::inventory::ObservedJob;
use crate::report::ObjectName;
use crate::report::event::{Event, Format, Reporter, Totals, Verbosity};
use crate::report::list::{ObjectJobs, render};
use crate::report::progress::Progress;
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::scalers::KeptScalers;
use crate::settings::user_and_host;
use crate::signals::Signals;

/// Runs.
pub async fn execute(
    context: &mut Context<'_>,
    args: &RunArgs,
    signals: &Signals,
) -> Result<ExitStatus, Error> {
    let (resources, jobs) = objects(context, &args.manifests.paths, &args.manifests.objects)?;
    let sandbox = if args.sandbox {
        Some(start_sandbox(args).await?)
    } else {
        None
    };
    let cluster = if let Some(sandbox) = &sandbox {
        sandbox_cluster(context, args, sandbox).await?
    } else {
        let options = context.settings.cluster(&args.cluster)?;
        // A credential plugin may take long, and nothing is done yet that had to end in order.
        tokio::select! {
            cluster = Cluster::connect(&options) => cluster?,
            status = signals.first() => return Ok(status),
        }
    };
    let cluster = if args.once {
        cluster
    } else {
        cluster.telling_of_outages()
    };
    let mut read_options = read_options(context.settings, &args.sources)?;
    if let Some(sandbox) = &sandbox {
        // The embedded cluster answers for its Services at its own address.
        read_options.service_proxy = sandbox.url().parse().ok();
    }
    if !args.once {
        read_options.kept = Some(KeptScalers::default());
    }
    let targets = targets(
        jobs,
        args.cluster.connection.namespace.as_deref(),
        &cluster.namespace,
    )?;
    if context.settings.talk.quiet < 2 {
        say_always(&where_to(&cluster, &targets));
    }
    let scaled_jobs = scaled_jobs(&targets);
    let guard = Guard::new(
        cluster.clone(),
        read_options.cluster_object_namespace.clone(),
        Arc::clone(&scaled_jobs),
        leases(&cluster, &args.lease),
    );
    let started = tokio::select! {
        biased;
        _ = signals.first() => Ok(()),
        started = guard.start(&targets) => started,
    };
    if let Err(error) = started {
        guard.release().await;
        return Err(cluster.fatal(&error).hint(
            "or go without: --no-lease, when nothing else can create Jobs for these objects",
        ));
    }
    let lazy = Arc::new(LazyCluster::connected(cluster.clone()));
    let observer = Arc::new(Observer::start(&cluster, &targets, args.once, scaled_jobs));
    let engine = Engine {
        clock: Clock::system(),
        observer: Some(Arc::clone(&observer)),
        objects: Arc::new(Objects::new(
            &resources,
            &cluster.namespace,
            Arc::clone(&lazy),
        )),
        reader: Arc::new(Reader(Arc::clone(&lazy))),
        read_options,
        reads: Gate::default(),
        limits: limiter(&args.limits, &targets),
        stuck_after: args.stuck_after,
        concurrency: usize::from(args.concurrency),
        paces: Paces::new(usize::from(args.concurrency)),
        cluster: lazy,
    };
    let talk = &context.settings.talk;
    let human = args.output == RunOutput::Human;
    let format = if human { Format::Human } else { Format::Json };
    let verbosity = match (talk.quiet, talk.verbose) {
        (1.., _) => Verbosity::Quiet,
        (_, 0) => Verbosity::Normal,
        _ => Verbosity::Verbose,
    };
    let progress = Progress::of_creations(human && args.once && talk.quiet == 0);
    let (results, unread) = {
        let out = RefCell::new((Reporter::new(&mut *context.stdout, format, verbosity), None));
        let tell = |object: Option<&ObjectName>, event: Event| {
            progress.see(&event);
            let mut out = out.borrow_mut();
            let written = progress.suspend(|| out.0.report(Timestamp::now(), object, &event));
            if let Err(error) = written {
                // Nobody reads any more. One cycle is carried out all the same, as half of one with the exit code of a whole one
                // would be a lie; a loop is ended in order, as on a signal.
                if !(args.once && is_closed(&error)) {
                    signals.request_stop();
                }
                out.1.get_or_insert(error);
            }
        };
        tell(
            None,
            Event::RunStarted {
                objects: targets.len(),
                context: cluster.context.clone(),
                server: cluster.server.clone(),
            },
        );
        let results = schedule::run(&engine, &targets, &guard, args.once, signals, &tell).await;
        guard.release().await;
        progress.finish();
        tell(None, summary(&results, args.once, signals));
        match out.into_inner().1 {
            Some(error) if args.once && is_closed(&error) => (results, true),
            Some(error) => return Err(error.into()),
            None => (results, false),
        }
    };
    if human && args.once && context.settings.talk.quiet == 0 && !unread {
        match show_jobs(context, &observer, &targets).await {
            Err(error) if error.kind == ErrorKind::BrokenPipe => {}
            shown => shown?,
        }
    }
    if let Some(sandbox) = sandbox {
        if human {
            let left = usize::try_from(sandbox.queue_length()).unwrap_or(usize::MAX);
            context.say(&format!(
                "the embedded cluster ends here; its demo queue holds {}",
                count(left, "item", "items")
            ));
        }
        sandbox.stop().await;
    }
    Ok(signals.status().unwrap_or_else(|| status(&results)))
}

/// stdout was closed by its reader.
fn is_closed(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::BrokenPipe
}

fn status(results: &[ObjectResult]) -> ExitStatus {
    if results.iter().all(|result| result.blind) {
        ExitStatus::CouldNotRun
    } else if results.iter().any(|result| result.totals.errors > 0) {
        ExitStatus::Bad
    } else if results.iter().any(|result| result.refused) {
        ExitStatus::Refused
    } else if results.iter().any(|result| result.held_back) {
        ExitStatus::HeldBack
    } else {
        ExitStatus::Success
    }
}

fn summary(results: &[ObjectResult], once: bool, signals: &Signals) -> Event {
    let mut totals = Totals::default();
    for result in results {
        totals += result.totals;
    }
    Event::RunSummary {
        objects: results.len(),
        cycles: results.iter().map(|result| result.cycles).sum(),
        totals,
        ended: match signals.status() {
            Some(ExitStatus::Terminated) => "terminated",
            Some(_) => "interrupted",
            None if results.iter().all(|result| result.refused) => "refused",
            None if once => "once",
            None => "stopped",
        }
        .to_owned(),
    }
}

/// The leases that `args` ask for; without them it is said what that means.
fn leases(cluster: &Cluster, args: &LeaseArgs) -> Option<Leases> {
    if args.no_lease {
        say_always("warning: --no-lease: nothing keeps a second run from creating the same Jobs");
        return None;
    }
    Some(Leases::new(
        cluster.clone(),
        LeaseOptions {
            who: user_and_host(),
            duration: args.lease_duration,
            wait: args.lease_wait,
            takeover: args.takeover,
            clock: Clock::system(),
        },
    ))
}

/// Where Jobs will be made, said before the first one.
fn where_to(cluster: &Cluster, targets: &[Target]) -> String {
    let mut namespaces: Vec<&str> = targets
        .iter()
        .map(|target| target.namespace.as_str())
        .collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    format!(
        "context {}, server {}, namespace {}",
        cluster.context,
        cluster.server,
        namespaces.join(", ")
    )
}

async fn show_jobs(
    context: &mut Context<'_>,
    observer: &Observer,
    targets: &[Target],
) -> Result<(), Error> {
    let mut shown: Vec<(ObjectName, i64, Vec<ObservedJob>)> = Vec::new();
    let since = Instant::now();
    let looks = targets.iter().map(|target| observer.jobs(target, since));
    let looks = futures::future::join_all(looks).await;
    for (target, jobs) in targets.iter().zip(looks) {
        // The cycle has said already what it could not list.
        if let Ok(jobs) = jobs {
            let object = ObjectName {
                namespace: target.namespace.clone(),
                name: target.job.name.clone(),
            };
            let maximum = target
                .job
                .max_replica_count
                .unwrap_or(crate::api::DEFAULT_MAX_REPLICA_COUNT);
            shown.push((object, maximum, jobs));
        }
    }
    let objects: Vec<ObjectJobs<'_>> = shown
        .iter()
        .map(|(object, maximum, jobs)| ObjectJobs {
            object: object.clone(),
            max_replica_count: Some(*maximum),
            jobs,
        })
        .collect();
    context.print(&format!(
        "\n{}",
        render(&objects, Timestamp::now(), table_width())
    ))
}

async fn start_sandbox(args: &RunArgs) -> Result<Sandbox, Error> {
    let options = SandboxOptions {
        queue_items: args.sandbox_items,
        ..SandboxOptions::default()
    };
    Sandbox::start(options).await.map_err(|error| {
        Error::new(ErrorKind::Internal, "cannot start the embedded cluster").because(error)
    })
}

async fn sandbox_cluster(
    context: &Context<'_>,
    args: &RunArgs,
    sandbox: &Sandbox,
) -> Result<Cluster, Error> {
    let options = context.settings.cluster(&args.cluster)?;
    let config = kubeconfig::from_text(&sandbox.kubeconfig()).await?;
    Cluster::new(config, options.namespace, options.request_timeout).await
}
