//! Random schedules of faults against the engine, in virtual time: from a seed follow the objects, who runs, and what goes wrong when.
//! What is checked is what the embedded cluster wrote, at the moment of each write.
//!
//! `KEDA_JOBS_FAULT_SCHEDULES=10000` runs so many; `KEDA_JOBS_FAULT_SEED=7` runs one and shows what happened in it. The engine, the
//! leases, the watches and kube's client are the program's own; a run is killed by dropping it. Only the socket is missing, and time
//! passes when there is nothing to do.
//!
//! The same seed does the same where `RUSTFLAGS="--cfg tokio_unstable"` is set, as in CI: tokio wakes those who wait for one value in
//! an order of chance, and lets itself be given the seed of that only then. Without it a rare order may need many runs of its seed.

mod killed;
mod play;
mod process;
mod scenario;
mod world;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::task::LocalSet;

use crate::support::{Outcome, embedded_test};
use play::Play;
use process::lock;
use scenario::Scenario;

/// Schedules of a plain `cargo test`.
const SCHEDULES: u64 = 40;
const REPLAYS: &str = "schedules::a_seed_tells_all_that_happens";
/// Schedules that are run twice.
const REPLAYED: u64 = 40;
/// Faults that the program can be given, see `src/mutant.rs`, and the seed with which the search for each begins: one that finds it,
/// so that the search is short. Where that seed no longer does, the next ones are tried.
const MUTANTS: [(&str, u64); 5] = [
    ("no-ledger", 16),
    ("empty-on-failure", 6),
    ("no-lease-check", 2),
    ("new-name", 29),
    ("any-list", 11),
];
/// How many schedules a mutant may survive.
const MUTANT_SCHEDULES: u64 = 400;
/// How long it may take, once the faults are over, until all is as it would have been without them: forty items one after the other,
/// each by a Job that fails once, by runs of one cycle with pauses between them, take most of it.
const RECOVERY: Duration = Duration::from_hours(1);
/// A schedule that takes longer than this on the wall clock turns in circles.
const HANGS: Duration = Duration::from_mins(2);

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = vec![
        embedded_test("schedules::fault_schedules_break_no_law", schedules),
        if cfg!(tokio_unstable) {
            embedded_test(REPLAYS, replays)
        } else {
            Trial::test(REPLAYS, replays)
                .with_kind("needs RUSTFLAGS=\"--cfg tokio_unstable\"")
                .with_ignored_flag(true)
        },
        embedded_test(
            "schedules::killed_processes_make_no_job_twice",
            killed::no_job_twice,
        ),
    ];
    for (mutant, first) in MUTANTS {
        trials.push(embedded_test(
            &format!("schedules::they_find_the_mutant_{mutant}"),
            move || finds(mutant, first),
        ));
    }
    trials
}

/// What broke.
struct Failure {
    seed: u64,
    why: String,
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn schedules() -> Outcome {
    if let Some(seed) = number("KEDA_JOBS_FAULT_SEED") {
        let (result, trace) = run(seed, true);
        return match result {
            Ok(()) if std::env::var_os("KEDA_JOBS_FAULT_TRACE").is_none() => Ok(()),
            Ok(()) => Err(trace.into()),
            Err(why) => Err(format!("seed {seed}: {why}\n{trace}").into()),
        };
    }
    let count = number("KEDA_JOBS_FAULT_SCHEDULES").unwrap_or(SCHEDULES);
    // Elsewhere each time, so that many days try many seeds; the seed is in the message.
    let first = number("KEDA_JOBS_FAULT_FIRST_SEED").unwrap_or(1);
    let failures = run_all(first..first + count);
    if failures.is_empty() {
        return Ok(());
    }
    let mut text = format!("{} of {count} schedules failed\n", failures.len());
    for failure in failures.iter().take(10) {
        let _ = writeln!(
            text,
            "{}KEDA_JOBS_FAULT_SEED={} cargo test --profile schedules --test suite fault_schedules: {}",
            if cfg!(tokio_unstable) {
                "RUSTFLAGS=\"--cfg tokio_unstable\" "
            } else {
                ""
            },
            failure.seed,
            failure.why
        );
    }
    Err(text.into())
}

/// What a seed did once it does again: else nobody could look into what a rare one found.
fn replays() -> Outcome {
    for seed in 1..=REPLAYED {
        let (first, second) = (run(seed, true).1, run(seed, true).1);
        let mut lines = first.lines().zip(second.lines());
        if let Some((before, now)) = lines.find(|(before, now)| before != now) {
            return Err(
                format!("seed {seed} does\n{before}\nand when it is run again\n{now}").into(),
            );
        }
        if first.lines().count() != second.lines().count() {
            return Err(format!("seed {seed} goes on for longer when it is run again").into());
        }
    }
    Ok(())
}

/// Runs the schedules of these seeds on all processors; stops when a few have failed.
fn run_all(seeds: std::ops::Range<u64>) -> Vec<Failure> {
    let enough = number("KEDA_JOBS_FAULT_ENOUGH").unwrap_or(10);
    let next = Arc::new(AtomicU64::new(seeds.start));
    let under_way: Arc<Mutex<BTreeMap<u64, std::time::Instant>>> = Arc::default();
    let (sender, results) = mpsc::channel();
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    for _ in 0..threads {
        let (next, under_way, sender) = (Arc::clone(&next), Arc::clone(&under_way), sender.clone());
        std::thread::spawn(move || {
            loop {
                let seed = next.fetch_add(1, Ordering::SeqCst);
                if seed >= seeds.end {
                    return;
                }
                under_way
                    .lock()
                    .expect("no thread panics with it")
                    .insert(seed, std::time::Instant::now());
                let result = std::panic::catch_unwind(|| run(seed, false).0)
                    .unwrap_or_else(|_| Err("it panicked".to_owned()));
                under_way
                    .lock()
                    .expect("no thread panics with it")
                    .remove(&seed);
                if sender.send((seed, result)).is_err() {
                    return;
                }
            }
        });
    }
    drop(sender);
    let mut failures = Vec::new();
    loop {
        match results.recv_timeout(Duration::from_secs(10)) {
            Ok((seed, Err(why))) => failures.push(Failure { seed, why }),
            Ok((_, Ok(()))) => continue,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return failures,
        }
        let hanging = under_way
            .lock()
            .expect("no thread panics with it")
            .iter()
            .find(|(_, since)| since.elapsed() > HANGS)
            .map(|(seed, _)| *seed);
        if let Some(seed) = hanging {
            failures.push(Failure {
                seed,
                why: "it does not end".to_owned(),
            });
            return failures;
        }
        if failures.len() as u64 >= enough {
            next.store(u64::MAX - 1000, Ordering::SeqCst);
            return failures;
        }
    }
}

/// The suite itself, with the fault put into the program, must fail.
fn finds(mutant: &str, first: u64) -> Outcome {
    let suite = std::env::current_exe()?;
    let output = std::process::Command::new(suite)
        .args(["--exact", "schedules::fault_schedules_break_no_law"])
        .env("KEDA_JOBS_MUTANT", mutant)
        .env("KEDA_JOBS_FAULT_SCHEDULES", MUTANT_SCHEDULES.to_string())
        .env("KEDA_JOBS_FAULT_FIRST_SEED", first.to_string())
        .env("KEDA_JOBS_FAULT_ENOUGH", "1")
        .env_remove("KEDA_JOBS_FAULT_SEED")
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    if output.status.success() || !said.contains("schedules failed") {
        return Err(format!("{MUTANT_SCHEDULES} schedules do not find {mutant}:\n{said}").into());
    }
    Ok(())
}

/// Runs one schedule; what broke, if anything did, and what happened.
fn run(seed: u64, traces: bool) -> (Result<(), String>, String) {
    fastrand::seed(seed);
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true);
    // Who is woken first by tokio's `watch` is a matter of chance.
    #[cfg(tokio_unstable)]
    runtime.rng_seed(tokio::runtime::RngSeed::from_bytes(&seed.to_le_bytes()));
    let runtime = runtime.build().expect("a runtime can be built");
    let scenario = Arc::new(Scenario::new(seed));
    let (result, world) = LocalSet::new().block_on(&runtime, async {
        let mut play = Play::start(scenario, traces).await;
        let result = play.all().await;
        (result, Arc::clone(&play.world))
    });
    let trace = lock(&world).trace();
    (result, trace)
}
