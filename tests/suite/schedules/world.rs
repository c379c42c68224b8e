//! What the embedded cluster wrote, as it wrote it, and what may never be among it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use keda_jobs::report::ObjectName;
use keda_jobs::report::event::Event;
use keda_jobs::sandbox::{ChangeKind, Written};
use serde_json::Value;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::scenario::{Fleet, Object, Scenario, Source};

/// How long a cycle may take from its look at the Jobs until it deletes: the slowest source, and the deletes themselves.
const ROLLS_OUT: Duration = Duration::from_secs(20);

/// A Job of ours.
#[derive(Debug)]
struct Job {
    object: usize,
    cycle: String,
    hash: String,
    /// Items that it has taken from the queue.
    took: Option<i64>,
    /// Its pod ended well.
    done: bool,
    /// Complete (true) or Failed.
    finished: Option<bool>,
    ended: Option<Instant>,
    deleting: bool,
}

impl Job {
    /// It will still take its items.
    fn is_to_take(&self) -> bool {
        self.finished.is_none() && self.took.is_none() && !self.deleting
    }
}

/// A cycle of a run.
#[derive(Debug)]
struct Cycle {
    who: String,
    began: Instant,
    /// What its plan lets it create.
    create: i64,
    wanted: i64,
    blind: bool,
    /// Jobs that carry its mark.
    made: i64,
    /// Jobs that it said it created.
    created: i64,
    /// It said why it does not create what is wanted.
    said: bool,
}

/// What is true of one object besides its Jobs.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) items: i64,
    pub(super) added: i64,
    pub(super) source: Source,
    /// Jobs made in all.
    pub(super) made: i64,
    /// Jobs that went before their work was done: it is to be done again.
    pub(super) again: i64,
    /// Cycles that ended.
    pub(super) cycles: u64,
    lease: (Option<String>, Option<Instant>),
}

/// Everything that the checks need.
pub(super) struct World {
    pub(super) objects: Vec<Object>,
    pub(super) queues: Vec<Queue>,
    /// Hash of each object's template as it is now.
    pub(super) hashes: Vec<String>,
    fleet: Fleet,
    lease: Duration,
    max_total: Option<i64>,
    start: Instant,
    jobs: BTreeMap<String, Job>,
    /// Every Job that was ever made, and those of which a run said that it made them.
    ever_made: BTreeSet<String>,
    told: BTreeSet<String>,
    cycles: BTreeMap<String, Cycle>,
    /// The cycle that each run is in, by run and object.
    current: BTreeMap<(String, usize), String>,
    /// Unfinished Jobs that somebody else is deleting.
    pub(super) foreign_deletes: BTreeSet<String>,
    /// How to kill what runs in each slot.
    pub(super) running: Vec<Option<AbortHandle>>,
    /// Kill that slot with so many more creates.
    pub(super) kill_at: Option<(usize, u32)>,
    /// Runs that leave Leases behind: they were killed, or said that they keep one, or that one may become theirs after their end.
    pub(super) leaves: BTreeSet<String>,
    /// A run left an object to another.
    pub(super) refused: bool,
    /// Objects that the run leaves to whoever holds them: their Jobs are no part of its --max-total.
    left_alone: BTreeSet<usize>,
    pub(super) violations: Vec<String>,
    trace: Vec<String>,
    /// The trace is wanted.
    traces: bool,
}

impl World {
    pub(super) fn new(scenario: &Scenario, traces: bool) -> Self {
        let queues = scenario.objects.iter().map(|object| Queue {
            items: object.items,
            added: object.items,
            ..Queue::default()
        });
        Self {
            queues: queues.collect(),
            hashes: vec![String::new(); scenario.objects.len()],
            objects: scenario.objects.clone(),
            fleet: scenario.fleet,
            lease: scenario.lease,
            max_total: scenario.max_total,
            start: Instant::now(),
            jobs: BTreeMap::new(),
            ever_made: BTreeSet::new(),
            told: BTreeSet::new(),
            cycles: BTreeMap::new(),
            current: BTreeMap::new(),
            foreign_deletes: BTreeSet::new(),
            running: (0..scenario.fleet.slots()).map(|_| None).collect(),
            kill_at: None,
            leaves: BTreeSet::new(),
            refused: false,
            left_alone: BTreeSet::new(),
            violations: Vec::new(),
            trace: Vec::new(),
            traces,
        }
    }

    pub(super) fn note(&mut self, text: impl FnOnce() -> String) {
        if !self.traces {
            return;
        }
        let seconds = self.start.elapsed().as_secs_f64();
        self.trace.push(format!("{seconds:9.3} {}", text()));
    }

    fn violation(&mut self, text: String) {
        self.note(|| format!("VIOLATION {text}"));
        self.violations.push(text);
    }

    pub(super) fn trace(&self) -> String {
        self.trace.iter().fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{line}");
            text
        })
    }

    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.objects.iter().position(|object| object.name == name)
    }

    fn jobs_of(&self, object: usize) -> impl Iterator<Item = &Job> {
        self.jobs.values().filter(move |job| job.object == object)
    }

    /// Jobs without an end, on their way out or not.
    pub(super) fn unfinished(&self, object: usize) -> i64 {
        count(self.jobs_of(object).filter(|job| job.finished.is_none()))
    }

    /// Name of an unfinished Job.
    pub(super) fn some_unfinished(&self, object: usize) -> Option<String> {
        self.jobs
            .iter()
            .find(|(_, job)| job.object == object && job.finished.is_none() && !job.deleting)
            .map(|(name, _)| name.clone())
    }

    /// Who holds the object's lease.
    pub(super) fn holder(&self, object: usize) -> Option<&str> {
        self.queues[object].lease.0.as_deref()
    }

    // What the cluster wrote.

    pub(super) fn written(&mut self, written: &Written<'_>) {
        match written.resource {
            "jobs" => self.job_written(written),
            "pods" => self.pod_written(written),
            "leases" => self.lease_written(written),
            _ => {}
        }
    }

    fn job_written(&mut self, written: &Written<'_>) {
        let metadata = &written.object["metadata"];
        let name = text(&metadata["name"]).to_owned();
        let owner = metadata["labels"]["keda-jobs/name"].as_str();
        let Some(object) = owner.and_then(|owner| self.place(owner)) else {
            let gone =
                written.kind == ChangeKind::Deleted || !metadata["deletionTimestamp"].is_null();
            if gone {
                self.violation(format!("the Job {name} is not ours and was deleted"));
            }
            return;
        };
        match written.kind {
            ChangeKind::Added => self.job_made(&name, object, &metadata["annotations"]),
            ChangeKind::Modified => {
                if !metadata["deletionTimestamp"].is_null() {
                    self.job_deleted(&name);
                }
                let ended = written.object["status"]["conditions"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .filter(|condition| condition["status"] == "True")
                    .find_map(|condition| match text(&condition["type"]) {
                        "Complete" => Some(true),
                        "Failed" => Some(false),
                        _ => None,
                    });
                if let Some(well) = ended {
                    self.job_ended(&name, well);
                }
            }
            ChangeKind::Deleted => {
                self.job_deleted(&name);
                self.jobs.remove(&name);
            }
        }
    }

    fn job_made(&mut self, name: &str, object: usize, annotations: &Value) {
        let mark = text(&annotations["keda-jobs/cycle"]).to_owned();
        let hash = text(&annotations["keda-jobs/spec-hash"]).to_owned();
        self.note(|| format!("the cluster made {name} of cycle {mark}"));
        self.queues[object].made += 1;
        self.ever_made.insert(name.to_owned());
        self.jobs.insert(
            name.to_owned(),
            Job {
                object,
                cycle: mark.clone(),
                hash,
                took: None,
                done: false,
                finished: None,
                ended: None,
                deleting: false,
            },
        );
        self.check_mark(name, object, &mark);
        // Who takes by force is warned that both may write for a moment.
        if self.fleet != Fleet::Takeover {
            self.check_counts(name, object);
        }
        if let Some((slot, left)) = self.kill_at {
            self.kill_at = Some((slot, left - 1)).filter(|(_, left)| *left > 0);
            if left == 1 {
                self.kill(slot, "amid its creates");
            }
        }
    }

    pub(super) fn kill(&mut self, slot: usize, when: &str) {
        if let Some(running) = self.running[slot].take() {
            self.note(|| format!("run {slot} is killed {when}"));
            running.abort();
        }
    }

    /// The work that a cycle planned bounds what carries its mark, and only the holder of the lease begins cycles that write.
    fn check_mark(&mut self, name: &str, object: usize, mark: &str) {
        let Some(cycle) = self.cycles.get_mut(mark) else {
            return self.violation(format!("{name} carries the mark of no cycle"));
        };
        cycle.made += 1;
        let (made, create, who, began) = (cycle.made, cycle.create, cycle.who.clone(), cycle.began);
        if made > create {
            self.violation(format!(
                "cycle {mark} planned {create} Jobs, and {made} carry its mark"
            ));
        }
        let (holder, since) = &self.queues[object].lease;
        let others = holder
            .as_deref()
            .is_none_or(|holder| !holder.starts_with(&format!("{who}_")));
        // It may have looked so long ago, see ObjectLease::verify.
        let looked = self.lease / 30 + Duration::from_millis(1);
        if self.fleet.leases() && others && since.is_none_or(|since| began > since + looked) {
            let text = format!(
                "{who} began cycle {mark}, which made {name}, while {holder:?} held the lease"
            );
            self.violation(text);
        }
    }

    fn check_counts(&mut self, name: &str, object: usize) {
        let (unfinished, max) = (self.unfinished(object), self.objects[object].max);
        if unfinished > max {
            self.violation(format!(
                "with {name} there are {unfinished} unfinished Jobs, and maxReplicaCount is {max}"
            ));
        }
        let all: i64 = (0..self.objects.len())
            .filter(|one| !self.left_alone.contains(one))
            .map(|one| self.unfinished(one))
            .sum();
        if let Some(limit) = self.max_total.filter(|limit| all > *limit) {
            self.violation(format!(
                "with {name} there are {all} unfinished Jobs in all, and --max-total is {limit}"
            ));
        }
        let (target, min) = (self.objects[object].target, self.objects[object].min);
        let wanted = (self.queues[object].items + target - 1) / target;
        let to_take = count(self.jobs_of(object).filter(|job| job.is_to_take()));
        // Eager counts items again that no pod has taken yet, as KEDA does; and the minimum comes on top of the queue.
        if self.objects[object].strategy != "eager" && to_take > wanted + min {
            self.violation(format!(
                "with {name} {to_take} Jobs wait for their items, and {wanted} are called for"
            ));
        }
    }

    fn job_ended(&mut self, name: &str, well: bool) {
        let Some(job) = self.jobs.get_mut(name).filter(|job| job.finished.is_none()) else {
            return;
        };
        job.finished = Some(well);
        job.ended = Some(Instant::now());
        let (object, back) = (job.object, job.took.filter(|_| !well && !job.done));
        self.note(|| format!("{name} ended, well: {well}"));
        // What it had taken and not done is given back.
        self.queues[object].items += back.unwrap_or_default();
    }

    fn job_deleted(&mut self, name: &str) {
        let Some(job) = self.jobs.get_mut(name).filter(|job| !job.deleting) else {
            return;
        };
        job.deleting = true;
        let (object, finished, hash) = (job.object, job.finished, job.hash.clone());
        let back = job.took.filter(|_| !job.done);
        let cycle = job.cycle.clone();
        let just_ended = job.ended.is_some_and(|ended| ended.elapsed() < ROLLS_OUT);
        let undone = finished.is_none() && !job.done;
        self.note(|| format!("{name} is deleted"));
        let foreign = self.foreign_deletes.remove(name);
        // Where it was never told that it was made, its name may be used once more.
        if foreign
            && undone
            && let Some(cycle) = self.cycles.get_mut(&cycle)
        {
            cycle.made -= 1;
        }
        let old = self.objects[object].rollout == "immediate" && self.hashes[object] != hash;
        let Some(well) = finished else {
            self.queues[object].again += i64::from(undone);
            self.queues[object].items += back.unwrap_or_default();
            if !foreign && !old {
                self.violation(format!("{name} was deleted before its end"));
            }
            return;
        };
        let kept = count(
            self.jobs_of(object)
                .filter(|job| job.finished == Some(well) && !job.deleting),
        );
        let history = self.objects[object].history;
        // It ran when its replacement was planned.
        let rolled_out = old && just_ended;
        if kept < history && !foreign && !rolled_out {
            self.violation(format!(
                "{name} was deleted and leaves {kept} finished Jobs of its kind, and {history} are to stay"
            ));
        }
    }

    fn pod_written(&mut self, written: &Written<'_>) {
        let labels = &written.object["metadata"]["labels"];
        let Some(job) = labels["batch.kubernetes.io/job-name"].as_str() else {
            return;
        };
        let phase = text(&written.object["status"]["phase"]);
        let Some(job) = self.jobs.get_mut(job).filter(|job| !job.deleting) else {
            return;
        };
        let object = &self.objects[job.object];
        // Who counts pending Jobs counts items that nobody has taken; who does not counts all that are not done.
        let takes = match object.strategy {
            "default" => phase == "Succeeded",
            _ => matches!(phase, "Running" | "Succeeded"),
        };
        if takes && job.took.is_none() {
            let queue = &mut self.queues[job.object];
            let items = object.target.min(queue.items);
            queue.items -= items;
            job.took = Some(items);
        }
        job.done |= phase == "Succeeded";
    }

    fn lease_written(&mut self, written: &Written<'_>) {
        let name = text(&written.object["metadata"]["name"]);
        let object = name
            .strip_prefix("keda-jobs-")
            .and_then(|name| self.place(name));
        let Some(object) = object else { return };
        let holder = written.object["spec"]["holderIdentity"]
            .as_str()
            .filter(|holder| !holder.is_empty() && written.kind != ChangeKind::Deleted)
            .map(str::to_owned);
        if self.queues[object].lease.0 != holder {
            self.note(|| format!("the lease {name} is held by {holder:?}"));
            self.queues[object].lease = (holder, Some(Instant::now()));
        }
    }

    // What the runs said.

    pub(super) fn told(&mut self, who: &str, object: Option<&ObjectName>, event: &Event) {
        let Some(place) = object.and_then(|object| self.place(&object.name)) else {
            return;
        };
        match event {
            Event::Reading { .. } | Event::ObjectSummary { .. } => {}
            Event::Planned { plan } => self.note(|| {
                format!(
                    "{who} {place} plans {} of {} wanted, {:?} of {:?}",
                    plan.decision.create, plan.decision.wanted, plan.deciding, plan.jobs
                )
            }),
            _ => self.note(|| format!("{who} {place} {}", event.message())),
        }
        if let Event::Created { job, .. } | Event::CreatedAfterAll { job } = event {
            if !self.told.insert(job.clone()) {
                self.violation(format!("{job} is told to have been created twice"));
            } else if !self.ever_made.contains(job) {
                self.violation(format!("{job} is told to have been created and was not"));
            }
        }
        let key = (who.to_owned(), place);
        if let Event::CycleStarted { cycle } = event {
            self.left_alone.remove(&place);
            self.current.insert(key, cycle.clone());
            self.cycles.insert(
                cycle.clone(),
                Cycle {
                    who: who.to_owned(),
                    began: Instant::now(),
                    create: 0,
                    wanted: 0,
                    blind: false,
                    made: 0,
                    created: 0,
                    said: false,
                },
            );
            return;
        }
        if let Event::Notice { message } = event
            && message.contains("may still be carried out")
        {
            self.leaves.insert(who.to_owned());
        }
        if matches!(event, Event::Refused { .. }) {
            self.refused = true;
            self.left_alone.insert(place);
        }
        let Some(mark) = self.current.get(&key).cloned() else {
            return;
        };
        let Some(cycle) = self.cycles.get_mut(&mark) else {
            return;
        };
        match event {
            Event::Planned { plan } => {
                cycle.create = plan.decision.create;
                cycle.wanted = plan.decision.wanted;
                cycle.blind = plan.jobs.is_none();
            }
            Event::Created { .. } => cycle.created += 1,
            Event::Held { .. }
            | Event::CreateFailed { .. }
            | Event::JobsRefused { .. }
            | Event::CycleFailed { .. }
            | Event::Refused { .. } => cycle.said = true,
            Event::Notice { message } if message.contains(" not sent: ") => cycle.said = true,
            Event::CycleFinished { .. } => {
                let silent = (cycle.created < cycle.wanted || cycle.blind) && !cycle.said;
                let text = format!(
                    "cycle {mark} made {} of {} wanted Jobs (blind: {}) and did not say why",
                    cycle.created, cycle.wanted, cycle.blind
                );
                self.queues[place].cycles += 1;
                self.current.remove(&key);
                if silent {
                    self.violation(text);
                }
            }
            _ => {}
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn count<T>(items: impl Iterator<Item = T>) -> i64 {
    i64::try_from(items.count()).unwrap_or(i64::MAX)
}
