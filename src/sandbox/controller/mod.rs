//! The controllers: Jobs, the scheduler, the kubelet of the only node, garbage collection, namespaces, time to live, quotas.
//!
//! One pass looks at everything under the lock and writes what has to change; passes run after each write and when the next
//! timer is due. Nothing is remembered that could not be worked out again, except timers and the number of failed attempts.

mod failure_policy;
mod garbage;
mod job;
mod job_pods;
mod job_status;
mod kubelet;
mod namespaces;
mod scheduler;
mod settings;
mod time_to_live;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::definition;
use super::object;
use super::store::Store;
use super::{Shared, clock, quota};

/// Writes that follow each other closely are looked at together.
const GATHER: Duration = Duration::from_millis(15);

/// How often old events are looked for.
const EVENT_SWEEP: Duration = Duration::from_mins(1);

/// What the controllers remember between passes.
#[derive(Debug, Default)]
struct Memory {
    pods: HashMap<String, kubelet::Timer>,
    /// Attempts that ended, by Job uid and completion index.
    attempts: HashMap<(String, String), u64>,
    jobs: HashMap<String, job::Backoff>,
    events_swept: Option<Instant>,
}

/// The earliest moment at which something is to be done.
#[derive(Debug, Default)]
struct Due(Option<Instant>);

impl Due {
    fn at(&mut self, when: Instant) {
        self.0 = Some(self.0.map_or(when, |earliest| earliest.min(when)));
    }

    fn after(&mut self, wait: Duration) {
        self.at(Instant::now() + wait);
    }
}

/// Runs the controllers until the task is aborted.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut news = shared.store().news();
    let mut memory = Memory::default();
    loop {
        news.mark_unchanged();
        let due = pass(&shared, &mut memory);
        let wake = due
            .0
            .unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
        tokio::select! {
            biased;
            changed = news.changed() => if changed.is_err() { return },
            () = tokio::time::sleep_until(wake) => {}
        }
        tokio::time::sleep(GATHER).await;
    }
}

/// One look at everything.
fn pass(shared: &Shared, memory: &mut Memory) -> Due {
    let mut due = Due::default();
    let mut store = shared.store();
    kubelet::run(&mut store, shared, memory, &mut due);
    job::run(&mut store, shared, memory, &mut due);
    time_to_live::run(&mut store, &mut due);
    let now = Instant::now();
    if memory
        .events_swept
        .is_none_or(|last| now - last > EVENT_SWEEP)
    {
        memory.events_swept = Some(now);
        time_to_live::sweep_events(&mut store);
    }
    due.after(EVENT_SWEEP);
    garbage::run(&mut store);
    namespaces::run(&mut store);
    quota::update_status(&mut store);
    due
}

/// Pods by the uid of their controller.
fn pods_by_owner(store: &Store) -> BTreeMap<String, Vec<Arc<Value>>> {
    let mut owned: BTreeMap<String, Vec<Arc<Value>>> = BTreeMap::new();
    for pod in store.all(definition::pods()) {
        if let Some(owner) = object::controller(pod) {
            owned
                .entry(object::text(owner, "/uid").to_owned())
                .or_default()
                .push(Arc::clone(pod));
        }
    }
    owned
}

/// The wait until a time stamp, zero when it has passed.
fn until(stamp: &str, seconds: i64) -> Option<Duration> {
    let start: jiff::Timestamp = stamp.parse().ok()?;
    let end = start
        .checked_add(jiff::SignedDuration::from_secs(seconds))
        .ok()?;
    let left = end.duration_since(clock::now());
    Some(Duration::try_from(left).unwrap_or(Duration::ZERO))
}
