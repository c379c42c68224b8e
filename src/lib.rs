//! KEDA's job scaling from outside the cluster.
//!
//! ```text
//! paths ──▶ manifest ──▶ api ──▶ scalers + auth ──▶ readings ─┐
//!              │           │                                  ├──▶ planner ──▶ plan ──▶ cluster ──▶ outcomes ──▶ report
//!              └─ diagnostic ─▶ `validate`     cluster ──▶ inventory ─┘
//! ```
//!
//! The rooms and their rules are described in their module docs. `planner`, `rules`, `api` and `diagnostic` are pure: no client, no file
//! system, no clock, no environment.

pub mod api;
pub mod auth;
pub mod cli;
pub mod cluster;
pub mod commands;
pub mod diagnostic;
pub mod engine;
pub mod error;
pub mod manifest;
mod mutant;
pub mod planner;
pub mod report;
pub mod rules;
pub mod sandbox;
pub mod scalers;
pub mod settings;
pub mod signals;

use std::io::Write;
use std::time::Duration;

use cli::{Cli, Command, LogFormat};
use commands::Context;
use error::{Error, ErrorKind, ExitStatus};
use settings::{Settings, Talk};
use signals::Signals;

/// Does what was asked and says how it ended. Errors are on stderr already.
pub fn run(cli: &Cli) -> ExitStatus {
    match try_run(cli) {
        Ok(status) => status,
        Err(error) => {
            if error.kind != ErrorKind::BrokenPipe {
                drop(
                    std::io::stderr()
                        .lock()
                        .write_all(error.render().as_bytes()),
                );
            }
            error.kind.exit_status()
        }
    }
}

fn try_run(cli: &Cli) -> Result<ExitStatus, Error> {
    let settings = Settings::resolve(&cli.talk)?;
    start_log(settings.talk);
    let mut stdout = std::io::stdout().lock();
    let mut context = Context {
        settings: &settings,
        stdout: &mut stdout,
    };
    match &cli.command {
        Command::Validate(args) if args.online.asks_cluster() || args.online.sources_wanted => {
            on_runtime(Threads::One, async |signals| {
                tokio::select! {
                    status = commands::validate::execute_online(&mut context, args) => status,
                    status = signals.first() => Ok(status),
                }
            })
        }
        Command::Validate(args) => commands::validate::execute(&mut context, args),
        Command::Explain(args) => commands::explain::execute(&mut context, args),
        Command::Triggers(args) => commands::triggers::execute(&mut context, args),
        Command::Completions(args) => commands::completions::execute(&mut context, args),
        Command::Man(args) => commands::man::execute(&mut context, args),
        Command::Plan(args) => on_runtime(Threads::One, async |signals| {
            tokio::select! {
                status = commands::plan::execute(&mut context, args) => status,
                status = signals.first() => Ok(status),
            }
        }),
        Command::List(args) => on_runtime(Threads::One, async |signals| {
            tokio::select! {
                status = commands::list::execute(&mut context, args) => status,
                status = signals.first() => Ok(status),
            }
        }),
        Command::Cleanup(args) => on_runtime(Threads::One, async |signals| {
            tokio::select! {
                status = commands::cleanup::execute(&mut context, args, signals) => status,
                status = signals.second() => Ok(status),
            }
        }),
        Command::Run(args) => {
            let threads = if args.sandbox {
                Threads::Many
            } else {
                Threads::One
            };
            on_runtime(threads, async |signals| {
                tokio::select! {
                    status = commands::run::execute(&mut context, args, signals) => status,
                    status = signals.second() => Ok(status),
                }
            })
        }
        Command::Sandbox(args) => on_runtime(Threads::Many, async |signals| {
            commands::sandbox::execute(&mut context, args, signals).await
        }),
    }
}

/// How long the end of the program waits for its threads.
const LAST: Duration = Duration::from_millis(100);

/// How many threads take part in what a command waits for.
#[derive(Clone, Copy)]
enum Threads {
    /// One: an answer is read where it is waited for. With more, each wakes another thread, and a loop that has nothing to do takes half
    /// as much processor time again (benchmark `idle`).
    One,
    /// As many as there are processors: the embedded cluster works beside its clients.
    Many,
}

fn on_runtime(
    threads: Threads,
    command: impl AsyncFnOnce(&Signals) -> Result<ExitStatus, Error>,
) -> Result<ExitStatus, Error> {
    let fail = |error| Error::new(ErrorKind::Internal, "cannot start the runtime").because(error);
    let mut runtime = match threads {
        Threads::One => tokio::runtime::Builder::new_current_thread(),
        Threads::Many => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime.enable_all().build().map_err(fail)?;
    let result = runtime.block_on(async {
        let signals = Signals::listen().map_err(fail)?;
        command(&signals).await
    });
    // A second Ctrl-C must not wait for a source that does not answer. Tasks are dropped within that time: what they run is killed.
    runtime.shutdown_timeout(LAST);
    result
}

/// The log on stderr: warnings, with -v what is done, with -vv requests. `KEDA_JOBS_LOG` holds a filter that wins over both.
fn start_log(talk: Talk) {
    use tracing_subscriber::EnvFilter;
    let default = match (talk.quiet, talk.verbose) {
        // The clients log each failed request as an error of theirs; it is told once, by us, with what it was for.
        (1.., _) => "keda_jobs=error",
        (_, 0) => "keda_jobs=warn",
        (_, 1) => "keda_jobs=info",
        _ => "keda_jobs=debug,kube_client=debug,warn",
    };
    let filter = std::env::var("KEDA_JOBS_LOG")
        .ok()
        .filter(|filter| !filter.is_empty())
        .and_then(|filter| EnvFilter::try_new(filter).ok())
        .unwrap_or_else(|| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(talk.color_stderr);
    // In tests of the library a subscriber may be set already.
    drop(match talk.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    });
}
