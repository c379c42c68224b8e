//! Jobs that this run made and that the inventory does not show yet. Without it a second cycle that comes before the watch has caught
//! up would make the same Jobs again.
//!
//! Pure: time is given. An entry never leaves by age. A Job that the server said it made leaves when it is seen, or when a look by its
//! name says that it is gone. A create whose outcome is not known counts as well, until a list that began after it has told.
//!
//! A list that leaves out a Job which the server said it made, or one that was seen unfinished, is not believed unasked: the Job may
//! have ended and be gone, or the list may come from a cache that is behind. So each such Job counts until it has been looked for, see
//! [`Ledger::missing`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use tokio::time::Instant;

use crate::planner::inventory::{JobState, ObservedJob};

/// A Job that is not seen after this long is looked for with a list.
const OVERDUE: Duration = Duration::from_secs(5);
/// How long a request that nobody answered may still be carried out: kube-apiserver ends those that take longer, see its
/// `--request-timeout`.
pub(super) const LATE: Duration = Duration::from_mins(1);

/// A Job as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its name, chosen here.
    pub name: String,
    /// Mark of the cycle that chose the name.
    pub cycle: String,
    /// Hash of its jobTargetRef.
    pub spec_hash: String,
    /// Who asked for it.
    pub trigger: String,
}

/// A Job that a list leaves out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// Its name.
    pub name: String,
    /// Mark of the cycle that made it; empty where the cluster does not keep it.
    pub cycle: String,
    /// An earlier list, or a watch, has shown it.
    pub seen: bool,
}

#[derive(Debug, Clone)]
struct Entry {
    sent: Sent,
    /// The server said that it exists.
    certain: bool,
    /// When the last answer came, or was given up.
    since: Instant,
    created_at: Timestamp,
}

/// The ledger of one object.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    entries: BTreeMap<String, Entry>,
    /// Creates that had come to nothing when a list looked, and when they were given up. Their names are used first: should such a
    /// request still arrive, it and the new one can only make one Job.
    spare: BTreeMap<String, (Sent, Instant)>,
    /// Jobs that were sent more than once, and when the last answer came. While one is there, an earlier sending that arrives late
    /// makes no second Job.
    resent: BTreeMap<String, Instant>,
    /// Jobs that were seen although no answer had told that they were made, until they are asked for.
    found: Vec<String>,
    /// Unfinished Jobs that were seen last, with the marks of their cycles. Should a later list leave one out, that is to be explained.
    seen: HashMap<String, String>,
    /// As of when was known what showed them.
    seen_as_of: Option<Instant>,
    /// Jobs that were seen unfinished and that a later list left out, with the marks of their cycles, until that is explained.
    missing: BTreeMap<String, String>,
    /// The last list left out a Job that exists.
    doubted: bool,
}

impl Ledger {
    /// The server said that it made the Job.
    pub fn created(&mut self, sent: Sent, now: Instant, time: Timestamp) {
        self.enter(sent, true, now, time);
    }

    /// The Job was sent and no answer told whether it was made.
    pub fn perhaps(&mut self, sent: Sent, now: Instant, time: Timestamp) {
        self.enter(sent, false, now, time);
    }

    /// The Job was sent more than once: an earlier sending may still arrive.
    pub fn resent(&mut self, name: &str, now: Instant) {
        self.resent
            .retain(|_, since| now.duration_since(*since) < LATE);
        self.resent.insert(name.to_owned(), now);
    }

    /// Whether the Job must not be deleted yet, because an earlier sending of it would make it again.
    pub fn is_awaited(&self, name: &str, now: Instant) -> bool {
        self.resent
            .get(name)
            .is_some_and(|since| now.duration_since(*since) < LATE)
    }

    fn enter(&mut self, sent: Sent, certain: bool, since: Instant, created_at: Timestamp) {
        self.spare.remove(&sent.name);
        self.entries.insert(
            sent.name.clone(),
            Entry {
                sent,
                certain,
                since,
                created_at,
            },
        );
    }

    /// A name to use before a new one is chosen, and when its create was given up.
    pub fn take_spare(&mut self) -> Option<(Sent, Instant)> {
        self.spare.pop_first().map(|(_, spare)| spare)
    }

    /// The name was not used up: what was sent under it before may arrive as before.
    pub fn give_back(&mut self, sent: Sent, since: Instant) {
        self.spare.insert(sent.name.clone(), (sent, since));
    }

    /// How many Jobs may still be made that were sent and never answered. Only this run knows of them.
    pub fn unanswered(&self, now: Instant) -> usize {
        let uncertain = self
            .entries
            .values()
            .filter(|entry| !entry.certain)
            .map(|entry| entry.since);
        let spare = self.spare.values().map(|(_, since)| *since);
        uncertain
            .chain(spare)
            .filter(|since| now.duration_since(*since) < LATE)
            .count()
    }

    /// How many creates nobody knows the outcome of: those that no list has told of, and those that may still be carried out.
    pub fn unknown(&self, now: Instant) -> usize {
        let uncertain = self.entries.values().filter(|entry| !entry.certain);
        let may_arrive = |since: &Instant| now.duration_since(*since) < LATE;
        let spare = self.spare.values().filter(|(_, since)| may_arrive(since));
        uncertain.count() + spare.count()
    }

    /// Takes in that these Jobs were there, ended, and are gone.
    pub fn see_ended(&mut self, ended: &[ObservedJob]) {
        self.find(ended);
        for job in ended {
            self.seen.remove(&job.name);
            self.missing.remove(&job.name);
        }
    }

    /// Takes in that these Jobs exist, by a list as of `as_of` or a watch that followed it. What a watch takes away needs no
    /// explanation.
    pub fn see(&mut self, observed: &[ObservedJob], as_of: Instant) {
        self.find(observed);
        let is_newer = self.seen_as_of.is_some_and(|before| before < as_of);
        self.seen_as_of = self.seen_as_of.max(Some(as_of));
        if self.seen.is_empty() && self.missing.is_empty() && observed.is_empty() {
            return;
        }
        let shown: HashMap<&str, &ObservedJob> = observed
            .iter()
            .map(|job| (job.name.as_str(), job))
            .collect();
        self.missing
            .retain(|name, _| !shown.contains_key(name.as_str()));
        let missing = &mut self.missing;
        self.seen.retain(|name, cycle| {
            let job = shown.get(name.as_str());
            if job.is_none() && is_newer {
                missing.insert(name.clone(), std::mem::take(cycle));
            }
            job.is_some_and(|job| is_expected(job))
        });
        for job in observed.iter().filter(|job| is_expected(job)) {
            if !self.seen.contains_key(&job.name) {
                let cycle = job.cycle.clone().unwrap_or_default();
                self.seen.insert(job.name.clone(), cycle);
            }
        }
    }

    fn find(&mut self, observed: &[ObservedJob]) {
        if self.entries.is_empty() && self.spare.is_empty() {
            return;
        }
        for job in observed {
            let entry = self.entries.remove(&job.name);
            let spare = self.spare.remove(&job.name);
            if spare.is_some() || entry.is_some_and(|entry| !entry.certain) {
                self.found.push(job.name.clone());
            }
        }
    }

    /// Names of Jobs that were seen since this was asked last and whose creates had had no answer.
    pub fn take_found(&mut self) -> Vec<String> {
        std::mem::take(&mut self.found)
    }

    /// Jobs that were made and that a list as of `as_of`, or one before it, left out: those that the server said it made and that were
    /// never seen, the youngest first, then those that were seen unfinished. Each is to be looked for; until it is [`Self::gone`] it
    /// counts.
    pub fn missing(&self, as_of: Instant) -> Vec<Missing> {
        let mut unseen: Vec<&Entry> = self
            .entries
            .values()
            .filter(|entry| entry.certain && entry.since < as_of)
            .collect();
        unseen.sort_by_key(|entry| std::cmp::Reverse(entry.since));
        let unseen = unseen.into_iter().map(|entry| Missing {
            name: entry.sent.name.clone(),
            cycle: entry.sent.cycle.clone(),
            seen: false,
        });
        let seen = self.missing.iter().map(|(name, cycle)| Missing {
            name: name.clone(),
            cycle: cycle.clone(),
            seen: true,
        });
        unseen.chain(seen).collect()
    }

    /// The Job was looked for and does not exist, or is not to be counted any more.
    pub fn gone(&mut self, name: &str) {
        self.entries.remove(name);
        self.missing.remove(name);
    }

    /// What a list shows that began at `as_of` is believed: a create without an answer that it does not show has come to nothing.
    pub fn believe(&mut self, as_of: Instant) {
        self.doubted = false;
        let spare = &mut self.spare;
        self.entries.retain(|name, entry| {
            // At the very same moment it is not clear which was first.
            if entry.certain || entry.since >= as_of {
                return true;
            }
            spare.insert(name.clone(), (entry.sent.clone(), entry.since));
            false
        });
    }

    /// The list leaves out a Job that exists. Nothing is concluded from it, and the next plan needs another one.
    pub fn doubt(&mut self) {
        self.doubted = true;
    }

    /// Whether a list must tell before the next plan: the last one was not to be believed, or an outcome is not known and what is known
    /// is as of `as_of`.
    pub fn is_uncertain(&self, as_of: Instant) -> bool {
        let unknown = |entry: &Entry| !entry.certain && entry.since >= as_of;
        self.doubted || self.entries.values().any(unknown)
    }

    /// Whether a list should look for Jobs that the watch ought to have shown by now, when what is known is as of `as_of`.
    pub fn is_overdue(&self, now: Instant, as_of: Instant) -> bool {
        self.entries
            .values()
            .any(|entry| entry.since >= as_of && now.duration_since(entry.since) > OVERDUE)
    }

    /// What exists, with the Jobs that are not seen yet and those that are to be looked for: unfinished, pending, each holding a slot.
    pub fn complete(&self, mut observed: Vec<ObservedJob>) -> Vec<ObservedJob> {
        if self.entries.is_empty() && self.missing.is_empty() {
            return observed;
        }
        let shown: HashSet<&str> = observed.iter().map(|job| job.name.as_str()).collect();
        let unseen = self.entries.values().map(|entry| ObservedJob {
            created_at: Some(entry.created_at),
            spec_hash: Some(entry.sent.spec_hash.clone()),
            trigger: Some(entry.sent.trigger.clone()),
            ..unfinished(&entry.sent.name, &entry.sent.cycle)
        });
        let missing = self
            .missing
            .iter()
            .map(|(name, cycle)| unfinished(name, cycle));
        let more: Vec<ObservedJob> = unseen
            .chain(missing)
            .filter(|job| !shown.contains(job.name.as_str()))
            .collect();
        observed.extend(more);
        observed
    }
}

/// Whether the Job goes on existing by itself.
fn is_expected(job: &ObservedJob) -> bool {
    job.ours && !job.leaving && !job.state.is_finished()
}

/// A Job of which no more is known than that it was made.
fn unfinished(name: &str, cycle: &str) -> ObservedJob {
    ObservedJob {
        name: name.to_owned(),
        uid: String::new(),
        state: JobState::Pending,
        pending_to_keda: true,
        leaving: false,
        pods: 0,
        ours: true,
        created_at: None,
        finished_at: None,
        spec_hash: None,
        trigger: None,
        cycle: Some(cycle.to_owned()),
        reason: None,
    }
}

#[cfg(test)]
mod tests;
