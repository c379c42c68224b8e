//! The failure brake.

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::builder::{SPEC_HASH, assumed, observed, reading, scaled_job};
use crate::planner::brake::{Brake, Ending, FIRST_PAUSE, LONGEST_PAUSE, brake, endings};
use crate::planner::inventory::{Inventory, JobState, ObservedJob};
use crate::planner::{DecidingTerm, Limits, Plan, PlanInput, ReasonCode, plan};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn ending(second: i64, failed: bool, cycle: &str) -> Ending {
    Ending {
        uid: format!("{second}-{failed}-{cycle}"),
        cycle: Some(cycle.to_owned()),
        failed,
        at: at(second),
    }
}

fn failures(seconds: impl IntoIterator<Item = i64>, cycle: &str) -> Vec<Ending> {
    seconds
        .into_iter()
        .map(|second| ending(second, true, cycle))
        .collect()
}

fn pause(brake: Option<Brake>) -> i64 {
    let brake = brake.expect("the brake is on");
    brake.next.duration_since(brake.newest).as_secs()
}

#[test]
fn it_needs_so_many_failures_since_the_last_success() {
    assert_eq!(brake(&[], 10), None);
    assert_eq!(brake(&failures(1..10, "a"), 10), None);
    let mut ten = failures(1..=10, "a");
    let on = brake(&ten, 10).unwrap();
    assert_eq!((on.failed, on.newest, on.next), (10, at(10), at(20)));
    assert_eq!(brake(&ten, 0), None, "0 is off");
    assert_eq!(brake(&ten, 11), None);

    // A success before them changes nothing, one between them breaks the row, one after them ends it.
    ten.push(ending(0, false, "a"));
    assert!(brake(&ten, 10).is_some());
    ten.push(ending(5, false, "a"));
    assert_eq!(brake(&ten, 10), None);
    assert_eq!(brake(&ten, 5).map(|on| on.failed), Some(5));
    ten.push(ending(10, false, "a"));
    assert_eq!(
        brake(&ten, 1),
        None,
        "in the same second the success counts as the later"
    );
}

#[test]
fn pauses_grow_with_the_tries_and_not_with_the_batch() {
    let mut row = failures(1..=100, "batch");
    assert_eq!(pause(brake(&row, 10)), 10, "a hundred at once are no tries");
    for (number, expected) in [20, 40, 80, 160, 320, 600, 600].into_iter().enumerate() {
        row.push(ending(
            200 + i64::try_from(number).unwrap(),
            true,
            &format!("try-{number}"),
        ));
        assert_eq!(pause(brake(&row, 10)), expected);
    }
}

#[test]
fn only_ended_jobs_of_ours_and_of_this_template_count() {
    let failed = |name: &str| ObservedJob {
        finished_at: Some(at(1)),
        ..observed(name, JobState::Failed)
    };
    let mut of_keda = failed("keda");
    of_keda.ours = false;
    let mut old = failed("old");
    old.spec_hash = Some("older".to_owned());
    let mut timeless = failed("timeless");
    timeless.finished_at = None;
    let mut created = failed("created");
    created.finished_at = None;
    created.created_at = Some(at(7));
    let jobs = [
        failed("counts"),
        of_keda,
        old,
        timeless,
        created,
        observed("running", JobState::Running),
    ];
    let uids: Vec<String> = endings(&jobs, SPEC_HASH)
        .into_iter()
        .map(|ending| ending.uid)
        .collect();
    assert_eq!(uids, ["uid-counts", "uid-created"]);
}

fn planned(unfinished: i64, now: i64) -> Plan {
    let job = scaled_job();
    plan(&PlanInput {
        job: &job,
        readings: &[reading(0, 40.0, 1.0, true)],
        inventory: &assumed(unfinished, 0),
        limits: &Limits {
            brake: brake(&failures(1..=10, "a"), 10),
            ..Limits::default()
        },
        spec_hash: SPEC_HASH,
        now: at(now),
    })
}

#[test]
fn a_plan_waits_then_makes_one_at_a_time_and_says_so() {
    let row = "the last 10 Jobs failed (newest 00:00:10Z)";
    for (unfinished, now, create, text) in [
        (0, 15, 0, format!("{row}: one more at 00:00:20Z")),
        (0, 20, 1, format!("{row}: one at a time until one succeeds")),
        (
            1,
            25,
            0,
            format!("{row}: one at a time until one succeeds, and one is unfinished"),
        ),
    ] {
        let plan = planned(unfinished, now);
        assert_eq!(plan.decision.create, create);
        assert_eq!(plan.deciding.term, DecidingTerm::FailureBrake);
        assert_eq!(plan.deciding.text, text);
        assert!(plan.decision.keda > 1, "KEDA has no brake");
    }
    // Days later the day is said.
    assert!(
        planned(0, 200_000)
            .deciding
            .text
            .contains("1970-01-01 00:00:10Z")
    );
}

#[test]
fn a_brake_that_holds_nothing_back_is_told_of_too() {
    let job = scaled_job();
    let plan = plan(&PlanInput {
        job: &job,
        readings: &[reading(0, 1.0, 1.0, true)],
        inventory: &assumed(0, 0),
        limits: &Limits {
            brake: brake(&failures(1..=10, "a"), 10),
            ..Limits::default()
        },
        spec_hash: SPEC_HASH,
        now: at(60),
    });
    assert_eq!(plan.decision.create, 1);
    assert_eq!(plan.deciding.term, DecidingTerm::Queue);
    assert!(
        plan.reasons
            .iter()
            .any(|reason| reason.code == ReasonCode::FailureBrake)
    );
}

prop_compose! {
    fn any_ending()(
        second in 0..40_i64,
        failed in prop::bool::weighted(0.9),
        cycle in prop::option::of(0..6_u8),
        uid in any::<u64>(),
    ) -> Ending {
        Ending { uid: uid.to_string(), cycle: cycle.map(|cycle| cycle.to_string()), failed, at: at(second) }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_jobs_does_not_matter(
        (shuffled, endings) in prop::collection::vec(any_ending(), 0..40)
            .prop_flat_map(|endings| (Just(endings.clone()).prop_shuffle(), Just(endings))),
        threshold in -1..12_i64,
    ) {
        prop_assert_eq!(brake(&shuffled, threshold), brake(&endings, threshold));
    }

    #[test]
    fn it_is_on_exactly_when_so_many_failed_since_the_newest_success(
        endings in prop::collection::vec(any_ending(), 0..40),
        threshold in 1..12_i64,
    ) {
        // In other words than the code's: step through time, a success last within its second.
        let mut in_order = endings.clone();
        in_order.sort_by_key(|ending| (ending.at, !ending.failed));
        let row = in_order.iter().fold(0_i64, |row, ending| if ending.failed { row + 1 } else { 0 });
        let on = brake(&endings, threshold);
        prop_assert_eq!(on.map(|on| on.failed), (row >= threshold).then_some(row));
        if let Some(on) = on {
            let pause = on.next.duration_since(on.newest);
            prop_assert!(pause >= FIRST_PAUSE && pause <= LONGEST_PAUSE);
        }
    }

    #[test]
    fn one_more_failure_never_shortens_the_wait_and_a_success_ends_it(
        mut endings in prop::collection::vec(any_ending(), 0..40),
        threshold in 1..12_i64,
    ) {
        let before = brake(&endings, threshold);
        endings.push(ending(41, true, "one more"));
        let after = brake(&endings, threshold);
        if let Some(before) = before {
            let after = after.expect("it stays on");
            prop_assert!(after.next > before.next && after.failed == before.failed + 1);
        }
        endings.push(ending(42, false, "mended"));
        prop_assert_eq!(brake(&endings, threshold), None);
    }

    #[test]
    fn while_it_is_on_at_most_one_job_is_unfinished(
        endings in prop::collection::vec(any_ending(), 0..40),
        threshold in 1..12_i64,
        unfinished in 0..5_i64,
        items in 0..100_u32,
        now in 0..2_000_i64,
    ) {
        let on = brake(&endings, threshold);
        let plan = plan(&PlanInput {
            job: &scaled_job(),
            readings: &[reading(0, f64::from(items), 1.0, items > 0)],
            inventory: &assumed(unfinished, 0),
            limits: &Limits { brake: on, ..Limits::default() },
            spec_hash: SPEC_HASH,
            now: at(now),
        });
        let create = plan.decision.create;
        if let Some(on) = on {
            prop_assert!(create + unfinished <= unfinished.max(1));
            prop_assert!(create == 0 || at(now) >= on.next);
            prop_assert!(on.next.duration_since(on.newest) >= SignedDuration::from_secs(10));
        } else {
            prop_assert_eq!(create, plan.decision.wanted);
        }
    }
}

#[test]
fn an_unknown_inventory_comes_first() {
    let job = scaled_job();
    let plan = plan(&PlanInput {
        job: &job,
        readings: &[reading(0, 1.0, 1.0, true)],
        inventory: &Inventory::Unknown("forbidden".to_owned()),
        limits: &Limits {
            brake: brake(&failures(1..=10, "a"), 10),
            ..Limits::default()
        },
        spec_hash: SPEC_HASH,
        now: at(60),
    });
    assert_eq!(plan.deciding.term, DecidingTerm::InventoryUnknown);
}
