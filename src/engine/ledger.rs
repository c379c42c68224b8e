//! Jobs that this run made and that the inventory does not show yet. Without it a second cycle that comes before the watch has caught
//! up would make the same Jobs again.
//!
//! Pure: time is given. An entry leaves when its Job is seen, or when a list that began after the create ended does not show it and is
//! believed; it never leaves by age. A create whose outcome is not known counts as well, until a list has told.
//!
//! A list that leaves out a Job which the server said it made is not believed unasked: the Job may have ended and be gone, or the list
//! may come from a cache that is behind. So the youngest such Job is looked for by its name, see [`Ledger::missing`].

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
    /// Jobs that were seen although no answer had told that they were made, until they are asked for.
    found: Vec<String>,
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

    /// How many creates nobody knows the outcome of: those that no list has told of, and those that may still be carried out.
    pub fn unknown(&self, now: Instant) -> usize {
        let uncertain = self.entries.values().filter(|entry| !entry.certain);
        let may_arrive = |since: &Instant| now.duration_since(*since) < LATE;
        let spare = self.spare.values().filter(|(_, since)| may_arrive(since));
        uncertain.count() + spare.count()
    }

    /// Whether it waits for no Job.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.spare.is_empty()
    }

    /// Takes in that these Jobs exist, or did.
    pub fn see(&mut self, observed: &[ObservedJob]) {
        if self.is_empty() {
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

    /// The youngest Job that the server said it made and that is not seen, although a list shows what was created before `as_of`.
    /// Whether that list is to be believed depends on whether this Job still exists.
    pub fn missing(&self, as_of: Instant) -> Option<&Sent> {
        let missing = self
            .entries
            .values()
            .filter(|entry| entry.certain && entry.since < as_of);
        missing
            .max_by_key(|entry| entry.since)
            .map(|entry| &entry.sent)
    }

    /// The list shows what was created before `as_of`, and is believed: what was not seen does not exist.
    pub fn believe(&mut self, as_of: Instant) {
        self.doubted = false;
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

    /// Takes in what a list shows that is believed, or a watch that followed one.
    fn reconcile(ledger: &mut Ledger, observed: &[ObservedJob], as_of: Instant) {
        ledger.see(observed);
        ledger.believe(as_of);
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
        reconcile(&mut ledger, &[job("a", JobState::Succeeded)], now);
        assert_eq!(names(&ledger.complete(Vec::new())), ["b"]);
        assert!(!ledger.is_uncertain(now));
        assert!(!ledger.is_overdue(now + OVERDUE, now));
        assert!(ledger.is_overdue(now + OVERDUE * 2, now));
        let later = now + OVERDUE;
        assert!(
            !ledger.is_overdue(now + OVERDUE * 2, later),
            "a list has told already"
        );
        reconcile(&mut ledger, &[], now + OVERDUE);
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
        assert!(ledger.is_uncertain(now));
        reconcile(&mut ledger, &[], now);
        assert!(ledger.is_uncertain(now), "the list was older");
        reconcile(&mut ledger, &[job("a", JobState::Pending)], later);
        assert!(!ledger.is_uncertain(now));
        assert_eq!(ledger.take_found(), ["a"]);
        assert!(ledger.complete(Vec::new()).is_empty());
        assert_eq!(ledger.take_spare(), Some(sent("b")));
        assert_eq!(ledger.take_spare(), None);
        // One that arrives after all is no longer spare.
        ledger.perhaps(sent("c"), now, Timestamp::UNIX_EPOCH);
        reconcile(&mut ledger, &[], later);
        reconcile(&mut ledger, &[job("c", JobState::Pending)], later);
        assert_eq!(ledger.take_spare(), None);
        assert_eq!(ledger.take_found(), ["c"]);
        // One that was answered is no news.
        ledger.created(sent("d"), now, Timestamp::UNIX_EPOCH);
        ledger.see(&[job("d", JobState::Pending)]);
        assert!(ledger.take_found().is_empty());
    }

    #[test]
    fn a_list_that_leaves_out_what_was_made_is_not_believed_unasked() {
        let (mut ledger, now) = (Ledger::default(), Instant::now());
        let second = Duration::from_secs(1);
        let list = now + second * 3;
        ledger.created(sent("a"), now, Timestamp::UNIX_EPOCH);
        ledger.created(sent("b"), now + second, Timestamp::UNIX_EPOCH);
        ledger.perhaps(sent("c"), now + second * 2, Timestamp::UNIX_EPOCH);
        assert_eq!(ledger.missing(now), None, "the list is older");
        let youngest = ledger.missing(list).map(|sent| sent.name.as_str());
        assert_eq!(youngest, Some("b"), "that c was made nobody said");
        ledger.doubt();
        assert_eq!(names(&ledger.complete(Vec::new())), ["a", "b", "c"]);
        assert!(ledger.is_uncertain(list), "another list must tell");
        // The next one shows two of them, and is believed.
        let all = [job("a", JobState::Running), job("b", JobState::Running)];
        reconcile(&mut ledger, &all, list + second);
        assert_eq!(ledger.missing(list + second), None);
        assert!(!ledger.is_uncertain(list + second));
        assert_eq!(ledger.take_spare(), Some(sent("c")));
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
        reconcile(&mut ledger, &[job("c", JobState::Pending)], later);
        assert_eq!(
            ledger.unanswered(later),
            1,
            "a list that does not show it does not end it"
        );
        assert_eq!(ledger.unknown(later), 1);
        assert_eq!(ledger.unanswered(now + LATE), 0);
        assert_eq!(ledger.unknown(now + LATE), 0);
        ledger.perhaps(sent("d"), now, Timestamp::UNIX_EPOCH);
        assert_eq!(ledger.unknown(now + LATE), 1, "no list has told of it");
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
        /// A list comes from a cache that has got no further than the watch.
        OldList,
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
                1 => Just(Step::OldList),
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
            // No cycle may create: the last list was seen to be wrong.
            let mut holds = false;
            // The youngest was gone, and the list was taken to be right about the others.
            let mut excused = BTreeSet::new();
            let mut remade = BTreeSet::new();
            for (number, step) in steps.into_iter().enumerate() {
                let now = start + Duration::from_secs(number as u64 + 1);
                let mut change = None;
                let listed = matches!(step, Step::List);
                match step {
                    Step::Create | Step::Lose { .. } if holds => {}
                    Step::Create | Step::Lose { .. } => {
                        let sent = ledger.take_spare().unwrap_or_else(|| sent(&format!("job-{number}")));
                        // What has the name already is left as it is.
                        if !matches!(step, Step::Lose { made: false }) && !world.contains_key(&sent.name) {
                            // An old list had it that this was never made; it was, and has gone since. The watch cannot tell the
                            // two apart.
                            if changes.iter().any(|(name, _)| *name == sent.name) {
                                remade.insert(sent.name.clone());
                            }
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
                        excused.clear();
                    }
                    Step::OldList => as_of = now,
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
                ledger.see(&observed);
                let missing = ledger.missing(as_of).map(|sent| sent.name.clone());
                holds = missing.as_ref().is_some_and(|name| world.contains_key(name));
                if holds {
                    ledger.doubt();
                } else {
                    if missing.is_some() {
                        excused.extend(ledger.entries.values().map(|entry| entry.sent.name.clone()));
                    }
                    ledger.believe(as_of);
                }
                let all = ledger.complete(observed);
                let unique: BTreeSet<&str> = all.iter().map(|job| job.name.as_str()).collect();
                prop_assert_eq!(unique.len(), all.len(), "one name, one count");
                for (name, state) in &world {
                    // The next create takes such a name and makes no second Job.
                    let is_spare = ledger.spare.contains_key(name);
                    if !state.is_finished() && !is_spare && !excused.contains(name) && !remade.contains(name) {
                        let counted = all.iter().find(|job| &job.name == name);
                        prop_assert!(counted.is_some_and(|job| !job.state.is_finished()), "{} is not counted", name);
                    }
                }
                if listed {
                    prop_assert!(!holds, "a list of what exists is believed");
                    prop_assert_eq!(counts(&all).running, i64::try_from(world.values().filter(|state| !state.is_finished()).count()).unwrap());
                    prop_assert!(!ledger.is_uncertain(as_of));
                }
            }
        }
    }
}
