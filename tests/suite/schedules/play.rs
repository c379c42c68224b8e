//! One schedule under way: who runs, what goes wrong, and what is left in the end.

use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::ResourceQuota;
use k8s_openapi::jiff::Timestamp;
use keda_jobs::sandbox::{Abandoned, Sandbox, SandboxOptions};
use keda_jobs::signals::Signals;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::json;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, sleep_until};

use super::RECOVERY;
use super::process::{Process, Shared, lock, targets};
use super::scenario::{Fleet, Scenario, Source, Step, Work};
use super::world::World;

/// One schedule under way.
pub(super) struct Play {
    scenario: Arc<Scenario>,
    sandbox: Sandbox,
    pub(super) world: Shared,
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
    pub(super) async fn start(scenario: Arc<Scenario>, traces: bool) -> Self {
        // 2026, a moment after a whole second, which stamps are.
        Sandbox::virtual_time(Timestamp::new(1_767_225_600, 1_000_000).expect("a time"));
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

    pub(super) async fn all(&mut self) -> Result<(), String> {
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
            Step::Quota(jobs) => self.quota(jobs),
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

    fn quota(&self, jobs: Option<i64>) {
        let api: Api<ResourceQuota> = Api::namespaced(self.client.clone(), "default");
        spawn_local(async move {
            drop(api.delete("few", &DeleteParams::default()).await);
            let Some(jobs) = jobs else { return };
            let quota = json!({
                "metadata": {"name": "few"},
                "spec": {"hard": {"count/jobs.batch": jobs.to_string()}},
            });
            let quota = serde_json::from_value(quota).expect("a quota");
            drop(api.create(&PostParams::default(), &quota).await);
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
                queue.source = Source::Answers;
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
