//! What a schedule is made of: everything follows from its seed.

use std::time::Duration;

use fastrand::Rng;
use serde_json::{Value, json};

/// Who runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fleet {
    /// One run at a time, with leases; started again when it ends or is killed.
    Solo,
    /// One run at a time, without leases.
    NoLease,
    /// Two at once; the second waits for the first's leases.
    Pair,
    /// Two at once; the second takes the leases by force, once.
    Takeover,
}

impl Fleet {
    pub(super) fn slots(self) -> usize {
        match self {
            Self::Solo | Self::NoLease => 1,
            Self::Pair | Self::Takeover => 2,
        }
    }

    pub(super) fn leases(self) -> bool {
        self != Self::NoLease
    }
}

/// What the pods of an object do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// They end well after a while.
    Ends,
    /// The first attempt of each Job fails.
    FailsOnce,
    /// They run on.
    GoesOn,
    /// No Job ever succeeds.
    Fails,
}

/// One object with its queue.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) name: String,
    pub(super) strategy: &'static str,
    pub(super) max: i64,
    pub(super) min: i64,
    /// Items for one Job.
    pub(super) target: i64,
    pub(super) polling: i64,
    /// Finished Jobs that stay, of each outcome.
    pub(super) history: i64,
    pub(super) pending: Duration,
    pub(super) runs: Duration,
    pub(super) work: Work,
    /// `rollout.strategy` after the template has changed.
    pub(super) rollout: &'static str,
    pub(super) items: i64,
}

impl Object {
    fn random(rng: &mut Rng, place: i64) -> Self {
        let strategy = match rng.u32(..10) {
            0..6 => "default",
            6..9 => "accurate",
            _ => "eager",
        };
        let max = rng.i64(1..=12);
        let min = if rng.u32(..10) < 7 {
            0
        } else {
            rng.i64(1..=max.min(3))
        };
        let work = match rng.u32(..20) {
            0..14 => Work::Ends,
            14..16 => Work::FailsOnce,
            16..19 => Work::GoesOn,
            _ => Work::Fails,
        };
        Self {
            name: format!("orders-{place}"),
            strategy,
            max,
            min,
            target: if rng.u32(..10) < 8 { 1 } else { rng.i64(2..=3) },
            polling: [1, 1, 2, 5, 10][rng.usize(..5)],
            history: rng.i64(0..=3),
            pending: Duration::from_millis(rng.u64(0..3000)),
            runs: Duration::from_millis(rng.u64(0..20_000)),
            work,
            rollout: ["gradual", "immediate"][rng.usize(..2)],
            items: rng.i64(0..=15),
        }
    }

    /// The manifest; the template differs from version to version.
    pub(super) fn manifest(&self, version: u32) -> String {
        let run = match self.work {
            Work::GoesOn => "20h".to_owned(),
            _ => format!("{}ms", self.runs.as_millis()),
        };
        let (fail, backoff) = match self.work {
            Work::FailsOnce => ("1", 6),
            Work::Fails => ("always", 0),
            Work::Ends | Work::GoesOn => ("0", 6),
        };
        format!(
            "apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata:
  name: {name}
spec:
  maxReplicaCount: {max}
  minReplicaCount: {min}
  pollingInterval: {polling}
  successfulJobsHistoryLimit: {history}
  failedJobsHistoryLimit: {history}
  rollout:
    strategy: {rollout}
  scalingStrategy:
    strategy: {strategy}
  jobTargetRef:
    backoffLimit: {backoff}
    template:
      metadata:
        annotations:
          sandbox.keda-jobs/pending: {pending}ms
          sandbox.keda-jobs/run: {run}
          sandbox.keda-jobs/fail: \"{fail}\"
      spec:
        restartPolicy: Never
        containers:
        - name: worker
          image: busybox:1.{version}
  triggers:
  - type: kubernetes-workload
    metadata:
      podSelector: queue={name}
      value: \"{target}\"
",
            name = self.name,
            max = self.max,
            min = self.min,
            polling = self.polling,
            history = self.history,
            rollout = self.rollout,
            strategy = self.strategy,
            pending = self.pending.as_millis(),
            target = self.target,
        )
    }
}

/// What happens at some moment.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Items come to an object's queue.
    Add(usize, i64),
    /// Fault rules come into force.
    Faults(Value),
    /// All fault rules are gone.
    NoFaults,
    /// A quota leaves the namespace so many Jobs; none takes the quota away.
    Quota(Option<i64>),
    /// The history of the API server is compacted.
    Compact,
    /// SIGKILL.
    Kill(usize),
    /// SIGKILL within so many more creates, before the answer of the last.
    KillAtCreate(usize, u32),
    /// SIGTERM.
    Stop(usize),
    /// The wall clock of a run is set by so many seconds.
    SetClock(usize, i64),
    /// Somebody writes another holder into an object's lease.
    Steal(usize),
    /// Somebody deletes an unfinished Job of an object.
    Delete(usize),
    /// An object's source does not answer, or answers late.
    Source(usize, Source),
    /// The template of all objects changes; the run is started again with it.
    NewTemplate,
}

/// How a source behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Source {
    #[default]
    Answers,
    Fails,
    Late(Duration),
}

/// A schedule.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) objects: Vec<Object>,
    pub(super) fleet: Fleet,
    /// Runs with `--once`, again and again.
    pub(super) once: bool,
    pub(super) lease: Duration,
    /// `--lease-wait` of the first run.
    pub(super) waits: bool,
    pub(super) request_timeout: Duration,
    pub(super) concurrency: usize,
    pub(super) max_create: Option<i64>,
    pub(super) max_pending: Option<i64>,
    pub(super) max_total: Option<i64>,
    /// Most items in a page of a list.
    pub(super) page: usize,
    pub(super) bookmarks: Duration,
    /// In order of time since the start; the last one ends the faults.
    pub(super) steps: Vec<(Duration, Step)>,
}

impl Scenario {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rng = &mut rng;
        let count: i64 = [1, 1, 1, 2, 2, 3][rng.usize(..6)];
        let objects: Vec<Object> = (0..count).map(|place| Object::random(rng, place)).collect();
        let fleet = match rng.u32(..20) {
            0..10 => Fleet::Solo,
            10..12 => Fleet::NoLease,
            12..18 => Fleet::Pair,
            _ => Fleet::Takeover,
        };
        let sometimes =
            |rng: &mut Rng, least: i64| (rng.u32(..6) == 0).then(|| rng.i64(least..=10));
        let one_writer = fleet.slots() == 1;
        let mut scenario = Self {
            fleet,
            once: rng.u32(..7) == 0 && fleet != Fleet::Takeover,
            lease: Duration::from_secs([6, 12, 30][rng.usize(..3)]),
            waits: rng.bool(),
            request_timeout: Duration::from_secs([2, 5, 30][rng.usize(..3)]),
            concurrency: rng.usize(1..=8),
            max_create: sometimes(rng, 1),
            max_pending: sometimes(rng, 2),
            max_total: sometimes(rng, count).filter(|_| one_writer),
            page: [1, 2, 5, 500, 500][rng.usize(..5)],
            bookmarks: Duration::from_secs(rng.u64(10..60)),
            steps: Vec::new(),
            objects,
        };
        let length = rng.u64(20_000..150_000);
        let steps = rng.usize(4..24);
        let mut times: Vec<u64> = (0..steps).map(|_| rng.u64(..length)).collect();
        times.sort_unstable();
        for time in times {
            let step = scenario.step(rng);
            scenario.steps.push((Duration::from_millis(time), step));
        }
        let end = Duration::from_millis(length);
        scenario.steps.push((end, Step::NoFaults));
        // Drawn by itself, so that the other seeds stay what they are.
        let lies = &mut Rng::with_seed(seed.wrapping_add(1 << 32));
        if one_writer && !scenario.once && lies.u32(..4) == 0 {
            scenario.lie(lies, length);
        }
        let refusals = &mut Rng::with_seed(seed.wrapping_add(2 << 32));
        if refusals.u32(..4) == 0 {
            scenario.refuse(refusals, length);
        }
        scenario
    }

    /// At some moments the cluster refuses Jobs: for a while by a quota, or just some creates.
    fn refuse(&mut self, rng: &mut Rng, length: u64) {
        for _ in 0..rng.usize(1..=4) {
            let step = match rng.u32(..4) {
                0 => Step::Quota(None),
                1 => Step::Quota(Some(rng.i64(0..=8))),
                _ => Step::Faults(json!([{
                    "verb": "create", "resource": "jobs", "after": rng.u64(..4), "count": rng.u64(1..8), "action": {"status": 403},
                }])),
            };
            self.steps
                .push((Duration::from_millis(rng.u64(..length)), step));
        }
        self.steps
            .push((Duration::from_millis(length), Step::Quota(None)));
        self.steps.sort_by_key(|(time, _)| *time);
    }

    /// From some moments on lists show nothing and watches say nothing. Only a run that goes on can know better.
    fn lie(&mut self, rng: &mut Rng, length: u64) {
        self.steps.retain(|(_, step)| {
            matches!(
                step,
                Step::Add(..)
                    | Step::Faults(_)
                    | Step::NoFaults
                    | Step::Compact
                    | Step::SetClock(..)
                    | Step::Source(..)
                    | Step::Delete(..)
            )
        });
        for _ in 0..rng.usize(1..=3) {
            let time = Duration::from_millis(rng.u64(..length));
            let rules = json!([
                {"verb": "list", "resource": "jobs", "action": {"empty": true}},
                {"verb": "watch", "resource": "jobs", "count": 2, "action": {"watch": "expire"}},
                {"verb": "watch", "resource": "jobs", "action": {"watch": "stop"}},
            ]);
            self.steps.push((time, Step::Faults(rules)));
        }
        self.steps.sort_by_key(|(time, _)| *time);
    }

    fn step(&self, rng: &mut Rng) -> Step {
        let object = rng.usize(..self.objects.len());
        let slot = rng.usize(..self.fleet.slots());
        match rng.u32(..100) {
            0..22 => Step::Add(object, rng.i64(1..=12)),
            22..62 => Step::Faults(self.rules(rng)),
            62..70 => Step::NoFaults,
            70..73 => Step::Compact,
            73..78 => Step::Kill(slot),
            78..84 => Step::KillAtCreate(slot, rng.u32(1..6)),
            84..86 => Step::Stop(slot),
            86..89 => Step::SetClock(slot, [-7200, -20, -3, 3, 20, 7200][rng.usize(..6)]),
            89..92 if self.fleet.leases() => Step::Steal(object),
            92..94 => Step::Delete(object),
            94..98 => Step::Source(
                object,
                match rng.u32(..3) {
                    0 => Source::Answers,
                    1 => Source::Fails,
                    _ => Source::Late(Duration::from_millis(rng.u64(10..8000))),
                },
            ),
            98..100 if self.fleet.slots() == 1 => Step::NewTemplate,
            _ => Step::Add(object, 1),
        }
    }

    fn rules(&self, rng: &mut Rng) -> Value {
        if rng.u32(..8) == 0 {
            // What was watched is not to be relied on any more, and no list tells what is.
            let status = [403, 500][rng.usize(..2)];
            return json!([
                {"verb": "watch", "action": {"watch": "expire"}},
                {"verb": "list", "resource": "jobs", "count": rng.u64(1..30), "action": {"status": status}},
            ]);
        }
        let count = rng.usize(1..=3);
        Value::Array((0..count).map(|_| self.rule(rng)).collect())
    }

    fn rule(&self, rng: &mut Rng) -> Value {
        const WHERE: [(&str, &str); 16] = [
            ("create", "jobs"),
            ("create", "jobs"),
            ("create", "jobs"),
            ("create", "jobs"),
            ("list", "jobs"),
            ("list", "jobs"),
            ("watch", "jobs"),
            ("watch", "jobs"),
            ("delete", "jobs"),
            ("list", "pods"),
            ("watch", "pods"),
            ("get", "leases"),
            ("update", "leases"),
            ("create", "leases"),
            ("get", "jobs"),
            ("list", "scaledjobs"),
        ];
        let (verb, resource) = WHERE[rng.usize(..WHERE.len())];
        let mut rule = json!({"verb": verb, "resource": resource});
        if rng.u32(..12) == 0 {
            // Everything.
            rule = json!({});
        }
        if rng.bool() {
            rule["after"] = json!(rng.u64(..4));
        }
        if rng.u32(..5) > 0 {
            rule["count"] = json!(rng.u64(1..8));
        }
        // A write may arrive as late as a lease's last third allows, see engine/lease/state.rs.
        let late = u64::try_from(self.lease.as_millis()).unwrap_or_default() / 4;
        rule["action"] = match if verb == "watch" {
            rng.u32(4..16)
        } else {
            rng.u32(..10)
        } {
            0 => json!({"status": 429}),
            1 => json!({"status": 429, "retryAfter": rng.u64(..8)}),
            2 => json!({"status": 500}),
            3 => json!({"status": 503, "retryAfter": rng.u64(1..4)}),
            4 => json!({"status": 504}),
            5 => json!({"delay": rng.u64(10..late)}),
            6 => json!({"delayAfter": rng.u64(10..late)}),
            7 => json!({"cut": true}),
            8 => json!({"loseAnswer": true}),
            9 if verb == "list" => {
                rule["path"] = json!("continue=");
                json!({"status": 410})
            }
            9 => json!({"loseAnswer": true, "delay": rng.u64(10..late)}),
            10 => json!({"watch": "expire"}),
            11..14 => json!({"watch": "stop"}),
            _ => json!({"watch": "end"}),
        };
        rule
    }
}
