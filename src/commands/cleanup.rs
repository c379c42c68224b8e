//! `cleanup`: deletes Jobs that keda-jobs made.

use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal};
use std::sync::atomic::Ordering;

use futures::StreamExt;
use k8s_openapi::jiff::Timestamp;
use serde::Serialize;

use super::load::count;
use super::{Context, list, say_always, to_json, to_yaml};
use crate::cli::{CleanupArgs, PlanOutput};
use crate::cluster::inventory::OwnedJob;
use crate::cluster::{Cluster, ClusterError, actions};
use crate::engine::cleanup::{Selection, States, select};
use crate::error::{Error, ErrorKind, ExitStatus};
use crate::report::progress::Progress;
use crate::report::sanitize::sanitize;
use crate::report::{API_VERSION, duration};
use crate::signals::Signals;

/// Most delete requests under way at once.
const CONCURRENCY: usize = 16;

/// JSON and YAML form: what was, or with `--dry-run` would be, deleted.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CleanupResult<'a> {
    api_version: &'static str,
    kind: &'static str,
    dry_run: bool,
    items: Vec<CleanupItem<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CleanupItem<'a> {
    namespace: &'a str,
    object: &'a str,
    name: &'a str,
    state: &'static str,
    deleted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Selects, asks, deletes.
pub async fn execute(
    context: &mut Context<'_>,
    args: &CleanupArgs,
    signals: &Signals,
) -> Result<ExitStatus, Error> {
    let (cluster, jobs) = tokio::select! {
        found = list::jobs(context, &args.cluster, args.all_namespaces) => found?,
        status = signals.first() => return Ok(status),
    };
    let selection = Selection {
        states: match (args.all, args.failed) {
            (true, _) => States::All,
            (_, true) => States::Failed,
            _ => States::Finished,
        },
        names: args.names.clone(),
        older_than: args.older_than,
        keep: args.keep,
    };
    let ours = jobs.into_iter().filter(|owned| owned.job.ours).collect();
    let selected = select(ours, &selection, Timestamp::now());
    if selected.is_empty() {
        if args.output == PlanOutput::Table {
            context.print(&format!(
                "nothing to delete in {}\n",
                list::place(&cluster, args.all_namespaces)
            ))?;
        } else {
            report(context, args, &selected, &[], &cluster)?;
        }
        return Ok(ExitStatus::Success);
    }
    if args.dry_run {
        report(context, args, &selected, &[], &cluster)?;
        return Ok(ExitStatus::Success);
    }
    if !args.yes && !confirm(&cluster, &selected)? {
        context.say("nothing was deleted");
        return Ok(ExitStatus::Success);
    }
    let progress = Progress::of_deletions(context.settings.talk.quiet == 0, selected.len());
    let results: Vec<Option<Result<(), ClusterError>>> = futures::stream::iter(&selected)
        .map(|owned| {
            let (cluster, progress) = (&cluster, &progress);
            async move {
                if signals.stop_flag().load(Ordering::Relaxed) {
                    return None;
                }
                let job = &owned.job;
                let deleted =
                    actions::delete(cluster, &owned.namespace, &job.name, &job.uid, false).await;
                if deleted.is_ok() {
                    progress.step();
                }
                Some(deleted)
            }
        })
        .buffered(CONCURRENCY)
        .collect()
        .await;
    progress.finish();
    report(context, args, &selected, &results, &cluster)?;
    if let Some(status) = signals.status() {
        return Ok(status);
    }
    let failed = results.iter().any(|result| matches!(result, Some(Err(_))));
    Ok(if failed {
        ExitStatus::Bad
    } else {
        ExitStatus::Success
    })
}

/// Asks on a terminal; elsewhere `--yes` is required.
fn confirm(cluster: &Cluster, selected: &[OwnedJob]) -> Result<bool, Error> {
    let stdin = std::io::stdin();
    let jobs = count(selected.len(), "Job", "Jobs");
    if !stdin.is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Error::new(
            ErrorKind::Usage,
            format!("will not delete {jobs} without --yes where nobody can be asked"),
        )
        .hint("--dry-run shows which"));
    }
    let running = selected
        .iter()
        .filter(|owned| !owned.job.state.is_finished())
        .count();
    let unfinished = if running > 0 {
        format!(", {running} of them unfinished")
    } else {
        String::new()
    };
    say_always(&format!(
        "{}\nDelete {jobs}{unfinished}? [y/N]",
        cluster.describe()
    ));
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// `results` is empty for a dry run.
fn report(
    context: &mut Context<'_>,
    args: &CleanupArgs,
    selected: &[OwnedJob],
    results: &[Option<Result<(), ClusterError>>],
    cluster: &Cluster,
) -> Result<(), Error> {
    if args.output != PlanOutput::Table {
        let items = selected
            .iter()
            .enumerate()
            .map(|(index, owned)| {
                let result = results.get(index).and_then(Option::as_ref);
                CleanupItem {
                    namespace: &owned.namespace,
                    object: &owned.object,
                    name: &owned.job.name,
                    state: owned.job.state.as_str(),
                    deleted: matches!(result, Some(Ok(()))),
                    error: result
                        .and_then(|result| result.as_ref().err())
                        .map(ToString::to_string),
                }
            })
            .collect();
        let result = CleanupResult {
            api_version: API_VERSION,
            kind: "CleanupResult",
            dry_run: args.dry_run,
            items,
        };
        return context.print(&if args.output == PlanOutput::Json {
            to_json(&result)?
        } else {
            to_yaml(&result)?
        });
    }
    let now = Timestamp::now();
    let mut text = String::new();
    let verb = if args.dry_run {
        "would delete"
    } else {
        "deleted"
    };
    let mut deleted = 0;
    for (index, owned) in selected.iter().enumerate() {
        let job = &owned.job;
        let age = job
            .created_at
            .map_or_else(|| "?".to_owned(), |created| duration::age(created, now));
        let name = sanitize(&job.name);
        match results.get(index) {
            None | Some(Some(Ok(()))) => {
                deleted += 1;
                let _ = writeln!(
                    text,
                    "{verb} {}/{name}  ({}, {age} old)",
                    owned.namespace,
                    job.state.as_str()
                );
            }
            Some(Some(Err(error))) => {
                let _ = writeln!(
                    text,
                    "failed {}/{name}: {}",
                    owned.namespace,
                    sanitize(&error.to_string())
                );
            }
            Some(None) => {
                let _ = writeln!(text, "kept {}/{name}: interrupted", owned.namespace);
            }
        }
    }
    let _ = writeln!(
        text,
        "{verb} {} in {}",
        count(deleted, "Job", "Jobs"),
        list::place(cluster, args.all_namespaces)
    );
    context.print(&text)
}
