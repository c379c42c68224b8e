//! Sharing and remembering.

use k8s_openapi::jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::planner::inventory::{Counts, JobState};
use crate::planner::tests::builder::{assumed, observed, scaled_job};

fn target(name: &str, maximum: i64) -> Target {
    let mut job = scaled_job();
    job.name = name.to_owned();
    job.max_replica_count = Some(maximum);
    Target::new(job, "default")
}

fn limiter(max_total: i64, targets: &[Target]) -> Limiter {
    let options = LimitOptions {
        max_total: Some(max_total),
        ..LimitOptions::default()
    };
    Limiter::new(options, targets)
}

/// One that does not wait for those that say nothing.
fn impatient(max_total: i64, targets: &[Target]) -> Limiter {
    let mut limiter = limiter(max_total, targets);
    if let Some(total) = &mut limiter.total {
        total.gather = Duration::ZERO;
    }
    limiter
}

/// One cycle of one object whose Jobs are all still unfinished: what it has, with what it was granted.
async fn cycle(limiter: &Limiter, target: &Target, held: i64, wanted: i64) -> i64 {
    limiter.observed(target, &assumed(held, 0));
    let room = limiter.share(target, wanted).await.expect("a limit is set");
    held + room.room.min(wanted)
}

/// All objects want more in the same moment.
async fn together(limiter: &Limiter, targets: &[Target], wanted: &[i64]) -> Vec<i64> {
    let cycles = targets
        .iter()
        .zip(wanted)
        .map(|(target, wanted)| cycle(limiter, target, 0, *wanted));
    futures::future::join_all(cycles).await
}

#[tokio::test]
async fn those_that_want_more_in_the_same_moment_share() {
    for (limit, wanted, expected) in [
        (10, vec![8, 8], vec![5, 5]),
        (10, vec![2, 50], vec![2, 8]),
        (4, vec![9, 9, 9], vec![2, 1, 1]),
        (2, vec![9, 9, 9], vec![1, 1, 0]),
        (0, vec![9, 9], vec![0, 0]),
        (100, vec![9, 0, 3], vec![9, 0, 3]),
    ] {
        let targets: Vec<Target> = (0..wanted.len())
            .map(|number| target(&number.to_string(), 100))
            .collect();
        let limiter = limiter(limit, &targets);
        assert_eq!(
            together(&limiter, &targets, &wanted).await,
            expected,
            "{limit} over {wanted:?}"
        );
    }
}

#[tokio::test]
async fn without_the_limit_there_is_no_share() {
    let targets = [target("a", 5)];
    let limiter = Limiter::new(LimitOptions::default(), &targets);
    assert_eq!(limiter.share(&targets[0], 5).await, None);
}

#[tokio::test]
async fn a_slot_is_kept_for_the_one_that_waits() {
    let targets = [target("quick", 100), target("slow", 100)];
    let [quick, slow] = &targets;
    let limiter = limiter(2, &targets);
    // The slow one has no work at first.
    let first = together(&limiter, &targets, &[9, 0]).await;
    assert_eq!(first, [2, 0]);
    assert_eq!(cycle(&limiter, slow, 0, 9).await, 0, "nothing is free");
    // A Job of the quick one ends. The slot is due to the slow one, however often the quick one asks.
    for _ in 0..5 {
        assert_eq!(cycle(&limiter, quick, 1, 9).await, 1);
    }
    assert_eq!(cycle(&limiter, slow, 0, 9).await, 1);
    // With one slot each, the next that ends goes to the one that lost it: it has fewer.
    assert_eq!(cycle(&limiter, quick, 0, 9).await, 1);
    // Once the slow one wants nothing more, the quick one may have it all.
    assert_eq!(cycle(&limiter, slow, 0, 0).await, 0);
    assert_eq!(cycle(&limiter, quick, 1, 9).await, 2);
}

#[tokio::test]
async fn one_slot_goes_round() {
    let targets = [target("a", 9), target("b", 9), target("c", 9)];
    let limiter = limiter(1, &targets);
    let mut order = Vec::new();
    let mut held = together(&limiter, &targets, &[9, 9, 9]).await;
    for _ in 0..6 {
        let turn = held.iter().position(|jobs| *jobs == 1).expect("one has it");
        order.push(targets[turn].job.name.clone());
        // Its Job ends, and then each has a cycle; the one that had it goes first.
        held = vec![0; 3];
        for offset in 0..3 {
            let place = (turn + offset) % 3;
            held[place] = cycle(&limiter, &targets[place], 0, 9).await;
        }
        assert_eq!(held.iter().sum::<i64>(), 1);
    }
    assert_eq!(order, ["a", "b", "c", "a", "b", "c"]);
}

#[tokio::test]
async fn what_cannot_be_counted_is_set_aside() {
    let targets = [target("known", 100), target("blind", 6)];
    let [known, blind] = &targets;
    let limiter = limiter(10, &targets);
    let unknown = Inventory::Unknown("forbidden".to_owned());
    limiter.observed(blind, &unknown);
    assert_eq!(cycle(&limiter, known, 0, 50).await, 4, "maxReplicaCount 6");
    // Counted once, its last count stands for it.
    limiter.observed(blind, &assumed(1, 0));
    limiter.observed(blind, &unknown);
    let room = limiter.share(blind, 0).await.expect("a limit is set");
    assert_eq!((room.others, room.room), (4, 0));
    assert_eq!(cycle(&limiter, known, 4, 50).await, 9);
}

#[tokio::test]
async fn what_one_may_want_that_says_nothing_is_kept() {
    let targets = [target("first", 100), target("silent", 4)];
    let [first, silent] = &targets;
    let limiter = impatient(10, &targets);
    limiter.observed(silent, &assumed(1, 0));
    // It may want 3 more: they are kept.
    assert_eq!(cycle(&limiter, first, 0, 50).await, 6);
    assert_eq!(cycle(&limiter, first, 6, 50).await, 6);
    // It ends: what it has still counts.
    limiter.leave(silent);
    assert_eq!(cycle(&limiter, first, 6, 50).await, 9);
}

#[tokio::test]
async fn one_that_never_began_sets_nothing_aside_once_it_has_left() {
    let targets = [target("first", 100), target("refused", 100)];
    let limiter = limiter(10, &targets);
    limiter.leave(&targets[1]);
    assert_eq!(cycle(&limiter, &targets[0], 0, 50).await, 10);
}

#[tokio::test]
async fn one_that_could_not_be_counted_keeps_what_is_set_aside_when_it_leaves() {
    let targets = [target("first", 100), target("blind", 7)];
    let limiter = limiter(10, &targets);
    limiter.observed(&targets[1], &Inventory::Unknown("away".to_owned()));
    limiter.leave(&targets[1]);
    assert_eq!(cycle(&limiter, &targets[0], 0, 50).await, 3);
}

fn failed(name: &str, second: i64) -> ObservedJob {
    ended(name, JobState::Failed, second)
}

fn ended(name: &str, state: JobState, second: i64) -> ObservedJob {
    ObservedJob {
        finished_at: Timestamp::from_second(second).ok(),
        cycle: Some(name.to_owned()),
        ..observed(name, state)
    }
}

/// A limiter whose brake needs three failures, and an object whose template has the hash of the builder's Jobs.
fn braking() -> (Limiter, Target) {
    let mut target = target("a", 100);
    target.spec_hash = crate::planner::tests::builder::SPEC_HASH.to_owned();
    let options = LimitOptions {
        failure_brake: 3,
        ..LimitOptions::default()
    };
    (Limiter::new(options, std::slice::from_ref(&target)), target)
}

fn row(limiter: &Limiter, target: &Target, jobs: Vec<ObservedJob>) -> Option<i64> {
    let limits = limiter.of(target, &Inventory::Known(jobs));
    limits.brake.map(|brake| brake.failed)
}

#[test]
fn failures_that_were_trimmed_are_remembered() {
    let (limiter, target) = braking();
    assert_eq!(row(&limiter, &target, vec![failed("1", 1)]), None);
    assert_eq!(row(&limiter, &target, vec![failed("2", 2)]), None);
    assert_eq!(row(&limiter, &target, vec![failed("3", 3)]), Some(3));
    assert_eq!(row(&limiter, &target, vec![]), Some(3));
    let success = ended("4", JobState::Succeeded, 4);
    assert_eq!(row(&limiter, &target, vec![success]), None);
    // The success is trimmed too, and the old failures are seen again: they do not count.
    let again = (1..=3).map(|second| failed(&second.to_string(), second));
    assert_eq!(row(&limiter, &target, again.collect()), None);
}

#[test]
fn a_restart_finds_the_same_from_the_inventory() {
    let jobs: Vec<ObservedJob> = (1..=4)
        .map(|second| failed(&second.to_string(), second))
        .collect();
    let (limiter, target) = braking();
    for until in 1..=4 {
        row(&limiter, &target, jobs[..until].to_vec());
    }
    let (restarted, _) = braking();
    assert_eq!(
        limiter.of(&target, &Inventory::Known(jobs.clone())),
        restarted.of(&target, &Inventory::Known(jobs))
    );
}

#[test]
fn where_no_success_is_kept_old_failures_are_no_row() {
    let (limiter, mut target) = braking();
    target.job.successful_jobs_history_limit = 0;
    let mut jobs: Vec<ObservedJob> = (1..=9)
        .map(|second| failed(&second.to_string(), second))
        .collect();
    assert_eq!(row(&limiter, &target, jobs.clone()), None);
    jobs.extend((11..=13).map(|second| failed(&second.to_string(), second)));
    assert_eq!(row(&limiter, &target, jobs), Some(3));
}

#[test]
fn what_is_remembered_is_bounded() {
    let (limiter, target) = braking();
    let jobs = (1..=1_000).map(|second| failed(&second.to_string(), second));
    assert_eq!(row(&limiter, &target, jobs.collect()), Some(131));
}

#[test]
fn without_a_known_inventory_or_when_off_there_is_no_brake() {
    let (limiter, target) = braking();
    let counts = Inventory::Assumed(Counts::default());
    assert_eq!(limiter.of(&target, &counts).brake, None);
    let off = Limiter::new(LimitOptions::default(), std::slice::from_ref(&target));
    let jobs = (1..=50).map(|second| failed(&second.to_string(), second));
    assert_eq!(row(&off, &target, jobs.collect()), None);
}

prop_compose! {
    fn wishes()(wishes in prop::collection::vec((0..12_i64, 0..12_i64, 0..4_u64), 1..8)) -> Vec<Wish> {
        wishes
            .into_iter()
            .enumerate()
            .map(|(place, (held, wanted, last))| Wish { held, wanted, waited_since: (last, place) })
            .collect()
    }
}

/// The rule as it is written down, a slot at a time.
fn one_by_one(limit: i64, wishes: &[Wish]) -> Vec<i64> {
    let mut shares = vec![0; wishes.len()];
    let mut free = limit - wishes.iter().map(|wish| wish.held).sum::<i64>();
    while free > 0 {
        let next = (0..wishes.len())
            .filter(|place| shares[*place] < wishes[*place].wanted)
            .min_by_key(|place| {
                (
                    wishes[*place].held + shares[*place],
                    wishes[*place].waited_since,
                )
            });
        let Some(next) = next else { break };
        shares[next] += 1;
        free -= 1;
    }
    shares
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn shares_are_those_of_the_rule(limit in 0..60_i64, wishes in wishes()) {
        prop_assert_eq!(shares(limit, &wishes), one_by_one(limit, &wishes));
    }

    #[test]
    fn shares_never_pass_the_limit_nor_the_wish(
        limit in any::<i64>(),
        wishes in prop::collection::vec((0..i64::MAX, 0..i64::MAX, any::<u64>()), 1..8),
    ) {
        let wishes: Vec<Wish> = wishes
            .into_iter()
            .enumerate()
            .map(|(place, (held, wanted, last))| Wish { held, wanted, waited_since: (last, place) })
            .collect();
        let shares = shares(limit, &wishes);
        let held: i128 = wishes.iter().map(|wish| i128::from(wish.held)).sum();
        let given: i128 = shares.iter().map(|share| i128::from(*share)).sum();
        prop_assert!(given + held <= i128::from(limit).max(held));
        for (share, wish) in shares.iter().zip(&wishes) {
            prop_assert!(*share >= 0 && *share <= wish.wanted);
        }
    }

    /// Objects of any speed, Jobs of any length: the limit holds at every step, and each that keeps wanting gets a slot.
    #[test]
    fn nobody_starves(
        limit in 1..6_i64,
        steps in prop::collection::vec((0..4_usize, any::<bool>()), 300),
    ) {
        let targets: Vec<Target> = (0..4).map(|number| target(&number.to_string(), 100)).collect();
        let limiter = limiter(limit, &targets);
        let mut held = vec![0_i64; 4];
        let mut cycles = vec![0; 4];
        let mut served = vec![0_i64; 4];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            held.clone_from(&together(&limiter, &targets, &[9; 4]).await);
            served.clone_from(&held);
            for (place, ends) in steps {
                // The oldest Job of somebody ends.
                if ends && let Some(place) = (0..4).max_by_key(|place| held[*place]) {
                    held[place] = (held[place] - 1).max(0);
                }
                let before = held[place];
                held[place] = cycle(&limiter, &targets[place], before, 9).await;
                served[place] += held[place] - before;
                cycles[place] += 1;
                assert!(held.iter().sum::<i64>() <= limit, "{held:?}");
            }
        });
        // 300 steps over 4 objects, half of them with a Job that ends: whoever had 40 cycles has had a slot.
        for place in 0..4 {
            prop_assert!(cycles[place] < 40 || served[place] > 0, "{cycles:?} {served:?}");
        }
    }
}
