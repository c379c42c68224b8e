//! Jobs that this run made and that the inventory does not show yet. Without it a second cycle that comes before the watch has caught
//! up would make the same Jobs again.
//!
//! Pure: time is given. An entry leaves when the inventory shows its Job, or when a list that began after the create ended does not;
//! it never leaves by age. A create whose outcome is not known counts as well, until a list has told.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use k8s_openapi::jiff::Timestamp;
use tokio::time::Instant;

use crate::planner::inventory::{JobState, ObservedJob};

/// A Job that is not seen after this long is looked for with a list.
const OVERDUE: Duration = Duration::from_secs(5);
/// How long a request that nobody answered may still be carried out: kube-apiserver ends those that take longer, see its
/// `--request-timeout`.
const LATE: Duration = Duration::from_mins(1);

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

    /// A name to use before a new one is chosen.
    pub fn take_spare(&mut self) -> Option<Sent> {
        self.spare.pop_first().map(|(_, (sent, _))| sent)
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

    /// Takes in what exists: `observed` shows every Job that was created before `as_of` and not deleted since.
    pub fn reconcile(&mut self, observed: &[ObservedJob], as_of: Instant) {
        if self.entries.is_empty() && self.spare.is_empty() {
            return;
        }
        for job in observed {
            self.entries.remove(&job.name);
            self.spare.remove(&job.name);
        }
        let spare = &mut self.spare;
        self.entries.retain(|name, entry| {
            // At the very same moment it is not clear which was first.
            if entry.since >= as_of {
                return true;
            }
            if !entry.certain {
                spare.insert(name.clone(), (entry.sent.clone(), entry.since));
            }
            false
        });
    }

    /// Whether a list must tell before the next plan: an outcome is not known.
    pub fn is_uncertain(&self) -> bool {
        self.entries.values().any(|entry| !entry.certain)
    }

    /// Whether a list should look for Jobs that the watch ought to have shown by now.
    pub fn is_overdue(&self, now: Instant) -> bool {
        self.entries
            .values()
            .any(|entry| now.duration_since(entry.since) > OVERDUE)
    }

    /// What exists, with the Jobs that are not seen yet: unfinished, pending, each holding a slot.
    pub fn complete(&self, mut observed: Vec<ObservedJob>) -> Vec<ObservedJob> {
        if self.entries.is_empty() {
            return observed;
        }
        let seen: HashSet<&str> = observed.iter().map(|job| job.name.as_str()).collect();
        let unseen: Vec<ObservedJob> = self
            .entries
            .values()
            .filter(|entry| !seen.contains(entry.sent.name.as_str()))
            .map(|entry| ObservedJob {
                name: entry.sent.name.clone(),
                uid: String::new(),
                state: JobState::Pending,
                pending_to_keda: true,
                leaving: false,
                pods: 0,
                ours: true,
                created_at: Some(entry.created_at),
                finished_at: None,
                spec_hash: Some(entry.sent.spec_hash.clone()),
                trigger: Some(entry.sent.trigger.clone()),
                cycle: Some(entry.sent.cycle.clone()),
                reason: None,
            })
            .collect();
        observed.extend(unseen);
        observed
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;
    use crate::planner::inventory::counts;

    fn sent(name: &str) -> Sent {
        Sent {
            name: name.to_owned(),
            cycle: "bcdf".to_owned(),
            spec_hash: "hash".to_owned(),
            trigger: "redis[0]".to_owned(),
        }
    }

    fn job(name: &str, state: JobState) -> ObservedJob {
        ObservedJob {
            state,
            ..Ledger::complete(
                &{
                    let mut ledger = Ledger::default();
                    ledger.created(sent(name), Instant::now(), Timestamp::UNIX_EPOCH);
                    ledger
                },
                Vec::new(),
            )
            .remove(0)
        }
    }

    fn names(jobs: &[ObservedJob]) -> Vec<&str> {
        jobs.iter().map(|job| job.name.as_str()).collect()
    }

    #[test]
    fn a_job_counts_until_it_is_seen() {
        let (mut ledger, now) = (Ledger::default(), Instant::now());
        ledger.created(sent("a"), now, Timestamp::UNIX_EPOCH);
        ledger.created(sent("b"), now, Timestamp::UNIX_EPOCH);
        let all = ledger.complete(vec![job("a", JobState::Running)]);
        assert_eq!(names(&all), ["a", "b"]);
        let counts = counts(&all);
        assert_eq!((counts.running, counts.pending, counts.slots), (2, 2, 2));
        // Seen as finished is seen.
        ledger.reconcile(&[job("a", JobState::Succeeded)], now);
        assert_eq!(names(&ledger.complete(Vec::new())), ["b"]);
        assert!(!ledger.is_uncertain());
        assert!(!ledger.is_overdue(now + OVERDUE));
        assert!(ledger.is_overdue(now + OVERDUE * 2));
        ledger.reconcile(&[], now + OVERDUE);
        assert!(ledger.complete(Vec::new()).is_empty());
        assert_eq!(ledger.take_spare(), None, "it was made, and deleted since");
    }

    #[test]
    fn what_was_sent_again_stays_as_long_as_the_first_sending_may_arrive() {
        let mut ledger = Ledger::default();
        let start = Instant::now();
        ledger.resent("a", start);
        assert!(ledger.is_awaited("a", start + Duration::from_secs(59)));
        assert!(!ledger.is_awaited("a", start + LATE));
        assert!(!ledger.is_awaited("b", start));
        ledger.resent("b", start + LATE);
        assert_eq!(ledger.resent.len(), 1, "what is over is forgotten");
    }

    #[test]
    fn an_unknown_outcome_counts_until_a_list_tells_and_its_name_is_used_again() {
        let (mut ledger, now) = (Ledger::default(), Instant::now());
        let later = now + Duration::from_secs(1);
        ledger.perhaps(sent("a"), now, Timestamp::UNIX_EPOCH);
        ledger.perhaps(sent("b"), now, Timestamp::UNIX_EPOCH);
        assert!(ledger.is_uncertain());
        ledger.reconcile(&[], now);
        assert!(ledger.is_uncertain(), "the list was older");
        ledger.reconcile(&[job("a", JobState::Pending)], later);
        assert!(!ledger.is_uncertain());
        assert!(ledger.complete(Vec::new()).is_empty());
        assert_eq!(ledger.take_spare(), Some(sent("b")));
        assert_eq!(ledger.take_spare(), None);
        // One that arrives after all is no longer spare.
        ledger.perhaps(sent("c"), now, Timestamp::UNIX_EPOCH);
        ledger.reconcile(&[], later);
        ledger.reconcile(&[job("c", JobState::Pending)], later);
        assert_eq!(ledger.take_spare(), None);
    }

    #[test]
    fn what_was_not_answered_may_arrive_for_a_minute() {
        let (mut ledger, now) = (Ledger::default(), Instant::now());
        let later = now + Duration::from_secs(1);
        ledger.created(sent("a"), now, Timestamp::UNIX_EPOCH);
        assert_eq!(ledger.unanswered(now), 0);
        ledger.perhaps(sent("b"), now, Timestamp::UNIX_EPOCH);
        ledger.perhaps(sent("c"), now, Timestamp::UNIX_EPOCH);
        assert_eq!(ledger.unanswered(later), 2);
        ledger.reconcile(&[job("c", JobState::Pending)], later);
        assert_eq!(
            ledger.unanswered(later),
            1,
            "a list that does not show it does not end it"
        );
        assert_eq!(ledger.unanswered(now + LATE), 0);
    }

    /// What happens to a cluster and to one who watches it late.
    #[derive(Debug, Clone)]
    enum Step {
        /// Answered: made.
        Create,
        /// No answer; the Job was made or not.
        Lose {
            made: bool,
        },
        /// The watch catches up by so many changes.
        Watch(usize),
        /// A list comes through.
        List,
        /// A Job ends, or is deleted.
        Finish(usize),
        Delete(usize),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        proptest::collection::vec(
            prop_oneof![
                3 => Just(Step::Create),
                2 => any::<bool>().prop_map(|made| Step::Lose { made }),
                2 => (1..4_usize).prop_map(Step::Watch),
                1 => Just(Step::List),
                1 => any::<usize>().prop_map(Step::Finish),
                1 => any::<usize>().prop_map(Step::Delete),
            ],
            1..60,
        )
    }

    type World = BTreeMap<String, JobState>;

    fn apply(world: &mut World, change: &(String, Option<JobState>)) {
        match change.1 {
            Some(state) => world.insert(change.0.clone(), state),
            None => world.remove(&change.0),
        };
    }

    proptest! {
        #[test]
        fn never_double_and_never_below_what_exists(steps in steps()) {
            let start = Instant::now();
            let mut ledger = Ledger::default();
            let (mut world, mut seen) = (World::new(), World::new());
            let mut changes: Vec<(String, Option<JobState>)> = Vec::new();
            let (mut watched, mut as_of) = (0, start);
            for (number, step) in steps.into_iter().enumerate() {
                let now = start + Duration::from_secs(number as u64 + 1);
                let mut change = None;
                match step {
                    Step::Create | Step::Lose { .. } => {
                        let sent = ledger.take_spare().unwrap_or_else(|| sent(&format!("job-{number}")));
                        if !matches!(step, Step::Lose { made: false }) {
                            change = Some((sent.name.clone(), Some(JobState::Pending)));
                        }
                        if matches!(step, Step::Create) {
                            ledger.created(sent, now, Timestamp::UNIX_EPOCH);
                        } else {
                            ledger.perhaps(sent, now, Timestamp::UNIX_EPOCH);
                        }
                    }
                    Step::Watch(count) => {
                        for change in changes.iter().skip(watched).take(count) {
                            apply(&mut seen, change);
                        }
                        watched = changes.len().min(watched + count);
                    }
                    Step::List => {
                        seen.clone_from(&world);
                        (watched, as_of) = (changes.len(), now);
                    }
                    Step::Finish(place) => {
                        let name = world.keys().nth(place % world.len().max(1)).cloned();
                        change = name.map(|name| (name, Some(JobState::Succeeded)));
                    }
                    Step::Delete(place) => {
                        let name = world.keys().nth(place % world.len().max(1)).cloned();
                        change = name.map(|name| (name, None));
                    }
                }
                if let Some(change) = change {
                    apply(&mut world, &change);
                    changes.push(change);
                }
                let observed: Vec<ObservedJob> =
                    seen.iter().map(|(name, state)| job(name, *state)).collect();
                ledger.reconcile(&observed, as_of);
                let all = ledger.complete(observed);
                let unique: BTreeSet<&str> = all.iter().map(|job| job.name.as_str()).collect();
                prop_assert_eq!(unique.len(), all.len(), "one name, one count");
                for (name, state) in &world {
                    if !state.is_finished() {
                        let counted = all.iter().find(|job| &job.name == name);
                        prop_assert!(counted.is_some_and(|job| !job.state.is_finished()), "{} is not counted", name);
                    }
                }
                if as_of == now {
                    prop_assert_eq!(counts(&all).running, i64::try_from(world.values().filter(|state| !state.is_finished()).count()).unwrap());
                    prop_assert!(!ledger.is_uncertain());
                }
            }
        }
    }
}
