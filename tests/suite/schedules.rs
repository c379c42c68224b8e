//! Random schedules of faults against the engine, in virtual time: from a seed follow the objects, who runs, and what goes wrong when.
//! What is checked is what the embedded cluster wrote, at the moment of each write.
//!
//! `KEDA_JOBS_FAULT_SCHEDULES=10000` runs so many; `KEDA_JOBS_FAULT_SEED=7` runs one and shows what happened in it. The engine, the
//! leases, the watches and kube's client are the program's own; a run is killed by dropping it. Only the socket is missing, and time
//! passes when there is nothing to do.

mod killed;
mod process;
mod scenario;
mod world;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::coordination::v1::Lease;
use keda_jobs::sandbox::{Abandoned, Sandbox, SandboxOptions};
use keda_jobs::signals::Signals;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use libtest_mimic::Trial;
use serde_json::json;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep, sleep_until};

use crate::support::{Outcome, embedded_test};
use process::{Process, Shared, lock, targets};
use scenario::{Fleet, Scenario, Step, Work};
use world::World;

/// Schedules of a plain `cargo test`.
const SCHEDULES: u64 = 40;
/// Faults that the program can be given, see `src/mutant.rs`, and the seed with which the search for each begins: one that finds it,
/// so that the search is short. Where that seed no longer does, the next ones are tried.
const MUTANTS: [(&str, u64); 4] = [
    ("no-ledger", 16),
    ("empty-on-failure", 6),
    ("no-lease-check", 2),
    ("new-name", 29),
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
            "KEDA_JOBS_FAULT_SEED={} cargo test --test suite fault_schedules: {}",
            failure.seed, failure.why
        );
    }
    Err(text.into())
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime can be built");
    let scenario = Arc::new(Scenario::new(seed));
    let (result, world) = LocalSet::new().block_on(&runtime, async {
        let mut play = Play::start(scenario, traces).await;
        let result = play.all().await;
        (result, Arc::clone(&play.world))
    });
    let trace = lock(&world).trace();
    (result, trace)
}

/// One schedule under way.
struct Play {
    scenario: Arc<Scenario>,
    sandbox: Sandbox,
    world: Shared,
    /// Somebody else's client.
    client: kube::Client,
    stage: Rc<Stage>,
    supervisors: Vec<tokio::task::JoinHandle<()>>,
}

/// What those who start runs look at.
struct Stage {
    version: std::cell::Cell<u32>,
    clocks: Vec<Arc<AtomicI64>>,
    signals: std::cell::RefCell<Vec<Option<Signals>>>,
    over: std::cell::Cell<bool>,
}

impl Play {
    async fn start(scenario: Arc<Scenario>, traces: bool) -> Self {
        // Stamps are whole seconds: a schedule begins with one, so that it is the same each time.
        let fraction = u64::try_from(Sandbox::now().subsec_nanosecond()).unwrap_or_default();
        tokio::time::advance(Duration::from_nanos(1_001_000_000 - fraction)).await;
        let sandbox = Sandbox::start(SandboxOptions {
            page: scenario.page,
            bookmark_interval: scenario.bookmarks,
            ..SandboxOptions::default()
        })
        .await
        .expect("the sandbox starts");
        let world = Arc::new(Mutex::new(World::new(&scenario, traces)));
        let seen = Arc::clone(&world);
        sandbox.observe_writes(move |written| lock(&seen).written(written));
        let slots = scenario.fleet.slots();
        let stage = Rc::new(Stage {
            version: std::cell::Cell::new(0),
            clocks: (0..slots).map(|_| Arc::default()).collect(),
            signals: std::cell::RefCell::new((0..slots).map(|_| None).collect()),
            over: std::cell::Cell::new(false),
        });
        let client = sandbox.client(Abandoned::Dropped);
        let mut play = Self {
            scenario,
            sandbox,
            world,
            client,
            stage,
            supervisors: Vec::new(),
        };
        play.bystander().await;
        play.note(|| format!("{:?}", play.scenario));
        for slot in 0..slots {
            let supervisor = play.supervise(slot);
            play.supervisors.push(spawn_local(supervisor));
        }
        play
    }

    fn note(&self, text: impl FnOnce() -> String) {
        lock(&self.world).note(text);
    }

    /// A finished-looking Job of somebody else that must be left alone.
    async fn bystander(&self) {
        let job: Job = serde_json::from_value(json!({
            "metadata": {"name": "bystander", "labels": {"app": "else"}},
            "spec": {"template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "worker", "image": "busybox:1.36"}],
            }}},
        }))
        .expect("a Job");
        let api: Api<Job> = Api::namespaced(self.client.clone(), "default");
        api.create(&PostParams::default(), &job)
            .await
            .expect("it can be made");
    }

    /// Starts runs in a slot, one after the other.
    fn supervise(&self, slot: usize) -> impl Future<Output = ()> + 'static {
        let (scenario, world, stage) = (
            Arc::clone(&self.scenario),
            Arc::clone(&self.world),
            Rc::clone(&self.stage),
        );
        // Without leases nothing keeps a new run from beginning while the killed one's requests are still under way.
        let abandoned = if scenario.fleet.leases() {
            Abandoned::CarriedOut
        } else {
            Abandoned::Dropped
        };
        let client = self.sandbox.client(abandoned);
        async move {
            if slot > 0 {
                sleep(Duration::from_millis(fastrand::u64(0..20_000))).await;
            }
            let mut starts = 0;
            while !stage.over.get() {
                starts += 1;
                let targets = targets(&scenario, stage.version.get());
                for (place, target) in targets.iter().enumerate() {
                    lock(&world).hashes[place].clone_from(&target.spec_hash);
                }
                let signals = Signals::detached();
                let process = Process {
                    world: Arc::clone(&world),
                    client: client.clone(),
                    who: format!("run{slot}-{starts}"),
                    targets,
                    clock: Arc::clone(&stage.clocks[slot]),
                    waits: if slot == 0 {
                        scenario.waits
                    } else {
                        scenario.fleet == Fleet::Pair
                    },
                    takeover: slot == 1 && starts == 1 && scenario.fleet == Fleet::Takeover,
                    signals: signals.clone(),
                    scenario: Arc::clone(&scenario),
                };
                stage.signals.borrow_mut()[slot] = Some(signals);
                let who = process.who.clone();
                let run = spawn_local(process.run());
                {
                    let mut world = lock(&world);
                    world.note(|| format!("run {slot} starts for the {starts}. time"));
                    world.running[slot] = Some(run.abort_handle());
                }
                let ended = run.await;
                {
                    let mut world = lock(&world);
                    world.running[slot] = None;
                    world.note(|| format!("run {slot} has ended"));
                    if let Err(error) = ended {
                        world.leaves.insert(who);
                        if error.is_panic() {
                            world.violations.push(format!("run {slot} panicked"));
                        }
                    }
                }
                stage.signals.borrow_mut()[slot] = None;
                sleep(Duration::from_millis(fastrand::u64(0..8000))).await;
            }
        }
    }

    async fn all(&mut self) -> Result<(), String> {
        let start = Instant::now();
        for (time, step) in self.scenario.steps.clone() {
            self.until(start + time).await?;
            self.note(|| format!("{step:?}"));
            self.take(step);
        }
        self.recover().await?;
        self.end().await
    }

    /// Lets things happen until then; stops as soon as a law is broken.
    async fn until(&self, time: Instant) -> Result<(), String> {
        loop {
            if let Some(violation) = lock(&self.world).violations.first() {
                return Err(violation.clone());
            }
            if Instant::now() >= time {
                return Ok(());
            }
            sleep_until(time.min(Instant::now() + Duration::from_secs(1))).await;
        }
    }

    fn take(&self, step: Step) {
        match step {
            Step::Add(object, items) => {
                let queue = &mut lock(&self.world).queues[object];
                queue.items += items;
                queue.added += items;
            }
            Step::Faults(rules) => self.sandbox.add_faults(&rules).expect("rules"),
            Step::NoFaults => self.sandbox.clear_faults(),
            Step::Compact => self.sandbox.compact(),
            Step::Kill(slot) => lock(&self.world).kill(slot, "by the schedule"),
            Step::KillAtCreate(slot, creates) => {
                lock(&self.world).kill_at = Some((slot, creates));
            }
            Step::Stop(slot) => self.stop(slot),
            Step::SetClock(slot, seconds) => {
                self.stage.clocks[slot].store(seconds * 1000, Ordering::Relaxed);
            }
            Step::Steal(object) => self.steal(object),
            Step::Delete(object) => self.delete(object),
            Step::Source(object, source) => lock(&self.world).queues[object].source = source,
            Step::NewTemplate => {
                self.stage.version.set(self.stage.version.get() + 1);
                // Killed, since two templates at once are two writers' business.
                lock(&self.world).kill(0, "for a new template");
            }
        }
    }

    fn stop(&self, slot: usize) {
        if let Some(signals) = &self.stage.signals.borrow()[slot] {
            signals.request_stop();
        }
    }

    fn steal(&self, object: usize) {
        let name = format!("keda-jobs-{}", self.scenario.objects[object].name);
        let api: Api<Lease> = Api::namespaced(self.client.clone(), "default");
        spawn_local(async move {
            let spec = json!({"holderIdentity": "thief", "leaseDurationSeconds": 15});
            let Ok(mut lease) = api.get(&name).await else {
                return;
            };
            lease.metadata.annotations = None;
            lease.spec = serde_json::from_value(spec).ok();
            drop(api.replace(&name, &PostParams::default(), &lease).await);
        });
    }

    fn delete(&self, object: usize) {
        let mut world = lock(&self.world);
        let Some(name) = world.some_unfinished(object) else {
            return;
        };
        world.foreign_deletes.insert(name.clone());
        let api: Api<Job> = Api::namespaced(self.client.clone(), "default");
        spawn_local(async move {
            drop(api.delete(&name, &DeleteParams::background()).await);
        });
    }

    /// The faults are over: all comes to what it would have been without them.
    async fn recover(&self) -> Result<(), String> {
        let begin = Instant::now();
        let cycles: Vec<u64> = {
            let mut world = lock(&self.world);
            world.kill_at = None;
            for queue in &mut world.queues {
                queue.source = scenario::Source::Answers;
            }
            world.queues.iter().map(|queue| queue.cycles).collect()
        };
        let mut next_start = Instant::now();
        loop {
            self.until(Instant::now() + Duration::from_secs(2)).await?;
            let left = self.left(&cycles);
            if left.is_empty() {
                return Ok(());
            }
            if begin.elapsed() > RECOVERY {
                return Err(format!(
                    "{RECOVERY:?} after the last fault: {}",
                    left.join("; ")
                ));
            }
            // A run leaves alone what another held; somebody starts it again.
            if Instant::now() >= next_start && std::mem::take(&mut lock(&self.world).refused) {
                next_start = Instant::now() + Duration::from_mins(1);
                for slot in 0..self.scenario.fleet.slots() {
                    self.stop(slot);
                }
            }
        }
    }

    /// What is not yet as it should be.
    fn left(&self, cycles_before: &[u64]) -> Vec<String> {
        let world = lock(&self.world);
        let all: i64 = (0..world.objects.len())
            .map(|place| world.unfinished(place))
            .sum();
        let full = self.scenario.max_total.is_some_and(|limit| all >= limit);
        let mut left = Vec::new();
        for (place, object) in world.objects.iter().enumerate() {
            let (queue, unfinished) = (&world.queues[place], world.unfinished(place));
            let jobs = (queue.items + object.target - 1) / object.target;
            let pending_room = self.scenario.max_pending.is_none();
            let right = queue.cycles > cycles_before[place]
                && match object.work {
                    Work::Ends | Work::FailsOnce => {
                        queue.items == 0 && (object.min > 0 || unfinished == 0)
                            || full && Self::others_go_on(&world, place)
                    }
                    Work::GoesOn => {
                        // More than are called for there are never: that is checked with every write.
                        let enough = match object.strategy {
                            "default" => unfinished >= jobs,
                            _ => queue.items == 0,
                        };
                        unfinished == object.max || enough || full || !pending_room
                    }
                    Work::Fails => true,
                };
            if !right {
                left.push(format!(
                    "{} has {} items, {unfinished} unfinished Jobs, and {} cycles since",
                    object.name,
                    queue.items,
                    queue.cycles - cycles_before[place]
                ));
            }
            let once_each = matches!(object.work, Work::Ends | Work::FailsOnce)
                && (object.min, object.target) == (0, 1)
                && object.strategy != "eager"
                && self.scenario.fleet != Fleet::Takeover;
            if right && once_each && !full && queue.made != queue.added + queue.again {
                left.push(format!(
                    "{} Jobs of {} were made for {} items, {} of which had to be done again",
                    queue.made, object.name, queue.added, queue.again
                ));
            }
        }
        left
    }

    /// Jobs of another object hold all that --max-total leaves, for ever.
    fn others_go_on(world: &World, place: usize) -> bool {
        world
            .objects
            .iter()
            .enumerate()
            .any(|(other, object)| other != place && matches!(object.work, Work::GoesOn))
    }

    /// Runs that end in order give their leases up, unless they say why not.
    async fn end(&mut self) -> Result<(), String> {
        self.stage.over.set(true);
        for slot in 0..self.scenario.fleet.slots() {
            self.stop(slot);
        }
        let ended = futures::future::join_all(self.supervisors.drain(..));
        if tokio::time::timeout(Duration::from_mins(3), ended)
            .await
            .is_err()
        {
            return Err("a run does not end when it is asked to".to_owned());
        }
        self.until(Instant::now()).await?;
        let world = lock(&self.world);
        for (place, object) in world.objects.iter().enumerate() {
            if let Some(holder) = world.holder(place)
                && let Some((run, _)) = holder.split_once('_')
                && !world.leaves.contains(run)
            {
                return Err(format!(
                    "all runs have ended, and {holder} still holds the lease of {}",
                    object.name
                ));
            }
        }
        Ok(())
    }
}
