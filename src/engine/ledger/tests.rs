//! The ledger beside what really exists.

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

/// Takes in what a list shows that is right, or a watch that followed one: Jobs that it leaves out are looked for and gone.
fn reconcile(ledger: &mut Ledger, observed: &[ObservedJob], as_of: Instant) {
    ledger.see(observed, as_of);
    for missing in ledger.missing(as_of) {
        ledger.gone(&missing.name);
    }
    ledger.believe(as_of);
}

fn missing(name: &str, seen: bool) -> Missing {
    Missing {
        name: name.to_owned(),
        cycle: "bcdf".to_owned(),
        seen,
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
    assert_eq!(ledger.take_spare(), Some((sent("b"), now)));
    assert_eq!(ledger.take_spare(), None);
    // Its second sending was refused: what was sent first may arrive as before.
    ledger.give_back(sent("b"), now);
    assert_eq!(ledger.unanswered(later), 1);
    assert_eq!(ledger.take_spare(), Some((sent("b"), now)));
    // One that arrives after all is no longer spare.
    ledger.perhaps(sent("c"), now, Timestamp::UNIX_EPOCH);
    reconcile(&mut ledger, &[], later);
    reconcile(&mut ledger, &[job("c", JobState::Pending)], later);
    assert_eq!(ledger.take_spare(), None);
    assert_eq!(ledger.take_found(), ["c"]);
    // One that was answered is no news.
    ledger.created(sent("d"), now, Timestamp::UNIX_EPOCH);
    ledger.see(&[job("d", JobState::Pending)], later);
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
    assert_eq!(ledger.missing(now), [], "the list is older");
    ledger.see(&[], list);
    assert_eq!(
        ledger.missing(list),
        [missing("b", false), missing("a", false)],
        "the youngest first; that c was made nobody said"
    );
    ledger.doubt();
    assert_eq!(names(&ledger.complete(Vec::new())), ["a", "b", "c"]);
    assert!(ledger.is_uncertain(list), "another list must tell");
    // That one of them is rightly gone says nothing of the other.
    ledger.gone("b");
    assert_eq!(ledger.missing(list + second), [missing("a", false)]);
    ledger.believe(list + second);
    assert_eq!(names(&ledger.complete(Vec::new())), ["a"]);
    assert_eq!(
        ledger.take_spare().map(|(sent, _)| sent),
        Some(sent("c")),
        "it came to nothing"
    );
    reconcile(&mut ledger, &[job("a", JobState::Running)], list + second);
    assert_eq!(ledger.missing(list + second), []);
    assert!(!ledger.is_uncertain(list + second));
}

#[test]
fn a_list_that_leaves_out_what_was_seen_is_not_believed_unasked() {
    let (mut ledger, list) = (Ledger::default(), Instant::now());
    let second = Duration::from_secs(1);
    let leaving = ObservedJob {
        leaving: true,
        ..job("d", JobState::Running)
    };
    let all = [
        job("a", JobState::Running),
        job("b", JobState::Running),
        job("c", JobState::Succeeded),
        leaving,
    ];
    ledger.see(&all, list);
    // A watch has taken it away.
    ledger.see(&all[1..], list);
    assert_eq!(ledger.missing(list), []);
    ledger.see(&all, list);
    // A list comes, and a watch that follows it.
    for as_of in [list + second, list + second] {
        ledger.see(&all[..1], as_of);
        ledger.believe(as_of);
        assert_eq!(ledger.missing(as_of), [missing("b", true)]);
        let counted = ledger.complete(all[..1].to_vec());
        assert_eq!(names(&counted), ["a", "b"], "until that is explained");
    }
    // It is shown again; it has ended; it was looked for.
    ledger.see(&all, list + second);
    assert_eq!(ledger.missing(list + second), []);
    ledger.see(&[], list + second * 2);
    assert_eq!(names(&ledger.complete(Vec::new())), ["a", "b"]);
    ledger.see_ended(&[job("b", JobState::Succeeded)]);
    assert_eq!(ledger.missing(list + second * 2), [missing("a", true)]);
    ledger.gone("a");
    assert_eq!(ledger.missing(list + second * 2), []);
    assert!(ledger.complete(Vec::new()).is_empty());
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
    /// A list comes from a cache that has nothing and hears nothing, until the next list.
    EmptyList,
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
            1 => Just(Step::EmptyList),
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
        let (mut holds, mut stuck) = (false, false);
        let mut remade = BTreeSet::new();
        for (number, step) in steps.into_iter().enumerate() {
            let now = start + Duration::from_secs(number as u64 + 1);
            let mut change = None;
            let listed = matches!(step, Step::List);
            match step {
                Step::Create | Step::Lose { .. } if holds => {}
                Step::Create | Step::Lose { .. } => {
                    let sent = ledger.take_spare().map_or_else(|| sent(&format!("job-{number}")), |(sent, _)| sent);
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
                    (watched, as_of, stuck) = (changes.len(), now, false);
                }
                Step::OldList => as_of = now,
                Step::EmptyList => (stuck, as_of) = (true, now),
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
                seen.iter().filter(|_| !stuck).map(|(name, state)| job(name, *state)).collect();
            ledger.see(&observed, as_of);
            // After a doubt nothing counts before another list.
            holds &= as_of != now;
            for missing in ledger.missing(as_of) {
                if world.contains_key(&missing.name) {
                    holds = true;
                } else {
                    ledger.gone(&missing.name);
                }
            }
            if holds {
                ledger.doubt();
                prop_assert!(!listed, "a list of what exists is believed");
                continue;
            }
            ledger.believe(as_of);
            let all = ledger.complete(observed);
            let unique: BTreeSet<&str> = all.iter().map(|job| job.name.as_str()).collect();
            prop_assert_eq!(unique.len(), all.len(), "one name, one count");
            for (name, state) in &world {
                // The next create takes such a name and makes no second Job.
                let is_spare = ledger.spare.contains_key(name);
                if !state.is_finished() && !is_spare && !remade.contains(name) {
                    let counted = all.iter().find(|job| &job.name == name);
                    prop_assert!(counted.is_some_and(|job| !job.state.is_finished()), "{} is not counted", name);
                }
            }
            if listed {
                prop_assert_eq!(counts(&all).running, i64::try_from(world.values().filter(|state| !state.is_finished()).count()).unwrap());
                prop_assert!(!ledger.is_uncertain(as_of));
            }
        }
    }
}
