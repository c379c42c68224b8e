//! The limits that KEDA lacks, several metrics of one trigger, and the term that decided.

use k8s_openapi::jiff::Timestamp;

use super::builder::{
    assumed, metric, outcome, plan_limited, plan_of, reading, scaled_job, strategy,
};
use crate::api::reading::{MetricTarget, ReadingOutcome};
use crate::api::{Calculation, Dialect, ScaledJob};
use crate::planner::inventory::{Counts, Inventory};
use crate::planner::{
    Action, DecidingTerm, Limits, Plan, ReasonCode, TotalRoom, TriggerRef, plan, reason::show,
};

fn codes(plan: &Plan) -> Vec<ReasonCode> {
    plan.reasons.iter().map(|reason| reason.code).collect()
}

fn job(word: &str, maximum: i64) -> ScaledJob {
    let mut job = scaled_job();
    job.scaling_strategy.strategy = strategy(word);
    job.max_replica_count = Some(maximum);
    job
}

fn creations(plan: &Plan) -> Vec<(i64, Option<&TriggerRef>)> {
    plan.actions
        .iter()
        .filter_map(|action| match action {
            Action::Create { count, trigger } => Some((*count, trigger.as_ref())),
            Action::Delete { .. } => None,
        })
        .collect()
}

#[test]
fn the_ceiling_holds_where_kedas_does_not() {
    let mut custom = job("custom", 10);
    custom.scaling_strategy.running_job_percentage = "0".to_owned();
    let plan = plan_of(&custom, &[reading(0, 50.0, 1.0, true)], &assumed(8, 0));
    assert_eq!((plan.decision.keda, plan.decision.create), (10, 2));
    assert_eq!(plan.deciding.term, DecidingTerm::MaxReplicaCount);
    assert!(codes(&plan).contains(&ReasonCode::HeldByMaxReplicaCount));
}

#[test]
fn slots_are_what_counts_against_the_ceiling() {
    // Two of the running Jobs are decided and without pods: KEDA subtracts them, the ceiling does not.
    let inventory = Inventory::Assumed(Counts {
        running: 10,
        pending: 0,
        slots: 8,
    });
    let plan = plan_of(
        &job("default", 10),
        &[reading(0, 50.0, 1.0, true)],
        &inventory,
    );
    assert_eq!((plan.decision.keda, plan.decision.create), (0, 0));
}

#[test]
fn max_create_holds_and_says_so() {
    let limits = Limits {
        max_create: Some(3),
        ..Limits::default()
    };
    let readings = [reading(0, 25.0, 5.0, true)];
    let plan = plan_limited(&job("default", 10), &readings, &assumed(0, 0), limits);
    assert_eq!(
        (
            plan.decision.keda,
            plan.decision.wanted,
            plan.decision.create
        ),
        (5, 5, 3)
    );
    assert_eq!(plan.deciding.term, DecidingTerm::MaxCreate);
    let negative = Limits {
        max_create: Some(-1),
        ..Limits::default()
    };
    let plan = plan_limited(&job("default", 10), &readings, &assumed(0, 0), negative);
    assert_eq!(plan.decision.create, 0);
}

#[test]
fn a_paused_object_gets_no_jobs() {
    let mut paused = job("default", 10);
    paused
        .annotations
        .insert("autoscaling.keda.sh/paused".to_owned(), "true".to_owned());
    paused.min_replica_count = Some(2);
    let plan = plan_of(&paused, &[reading(0, 25.0, 5.0, true)], &assumed(0, 0));
    assert_eq!((plan.decision.keda, plan.decision.create), (0, 0));
    assert_eq!(plan.decision.ready_reason, "ScaledJobReady");
    assert_eq!(plan.deciding.term, DecidingTerm::Paused);
    assert!(plan.actions.is_empty());
}

#[test]
fn an_unknown_inventory_holds() {
    let unknown = Inventory::Unknown("jobs is forbidden".to_owned());
    let plan = plan_of(
        &job("default", 10),
        &[reading(0, 25.0, 5.0, true)],
        &unknown,
    );
    assert_eq!((plan.decision.keda, plan.decision.create), (5, 0));
    assert_eq!(plan.deciding.term, DecidingTerm::InventoryUnknown);
    assert!(plan.deciding.text.contains("jobs is forbidden"));
    assert!(plan.actions.is_empty());
}

#[test]
fn triggers_that_can_be_read_count_though_keda_loses_them() {
    let readings = [
        outcome(0, ReadingOutcome::NotBuilt("unknown type".to_owned())),
        reading(1, 25.0, 5.0, true),
    ];
    let plan = plan_of(&job("default", 10), &readings, &assumed(0, 0));
    assert_eq!((plan.decision.keda, plan.decision.create), (0, 5));
    assert!(plan.decision.partial);
    assert_eq!(plan.decision.ready_reason, "PartialTriggerError");
    assert!(codes(&plan).contains(&ReasonCode::KedaLosesTriggers));
    assert_eq!(creations(&plan)[0].1.unwrap().index, 1);
}

#[test]
fn several_metrics_of_one_trigger() {
    let two = ReadingOutcome::Read(vec![
        metric("first", 12.0, 2.0, true),
        metric("second", 100.0, 4.0, false),
    ]);
    let plan = plan_of(
        &job("default", 10),
        &[outcome(0, two.clone())],
        &assumed(0, 0),
    );
    assert_eq!(plan.decision.keda, 4);

    // The second metric counts as active since the first was, and halves the mean.
    let mut average = job("default", 10);
    average.scaling_strategy.multiple_scalers_calculation = Calculation::Avg;
    let plan = plan_of(&average, &[outcome(0, two)], &assumed(0, 0));
    assert_eq!((plan.decision.scale_to, plan.decision.max_scale), (6, 2));
}

#[test]
fn a_value_target_starts_nothing() {
    let mut value = metric("first", 12.0, 0.0, true);
    value.target = MetricTarget::Value(2.0);
    let readings = [outcome(0, ReadingOutcome::Read(vec![value]))];
    let plan = plan_of(&job("default", 10), &readings, &assumed(0, 0));
    assert_eq!(plan.decision.create, 0);
    assert!(plan.decision.is_active);
    assert_eq!(plan.deciding.term, DecidingTerm::NoTarget);
}

#[test]
fn a_trigger_without_metrics_is_no_error() {
    let readings = [
        outcome(0, ReadingOutcome::Read(Vec::new())),
        outcome(1, ReadingOutcome::Skipped("cpu has no effect".to_owned())),
    ];
    let plan = plan_of(&job("default", 10), &readings, &assumed(0, 0));
    assert!(!plan.decision.is_error && !plan.decision.is_active);
    assert_eq!(plan.deciding.term, DecidingTerm::Inactive);
}

#[test]
fn the_deciding_term() {
    let deciding = |word: &str, maximum, value, target, running, pending| {
        let mut job = job(word, maximum);
        job.scaling_strategy.running_job_percentage = "0.5".to_owned();
        let readings = [reading(0, value, target, true)];
        plan_of(&job, &readings, &assumed(running, pending))
            .deciding
            .term
    };
    assert_eq!(
        deciding("default", 10, 25.0, 5.0, 0, 0),
        DecidingTerm::Queue
    );
    assert_eq!(
        deciding("default", 10, 25.0, 5.0, 2, 0),
        DecidingTerm::Running
    );
    assert_eq!(
        deciding("default", 10, 25.0, 5.0, 9, 0),
        DecidingTerm::Running
    );
    assert_eq!(
        deciding("default", 3, 25.0, 1.0, 0, 0),
        DecidingTerm::MaxReplicaCount
    );
    assert_eq!(deciding("default", 10, 2.0, 0.5, 0, 0), DecidingTerm::Items);
    assert_eq!(
        deciding("custom", 10, 8.0, 1.0, 4, 0),
        DecidingTerm::Deduction
    );
    assert_eq!(
        deciding("accurate", 10, 4.0, 1.0, 4, 4),
        DecidingTerm::Pending
    );
    assert_eq!(
        deciding("accurate", 10, 4.0, 1.0, 4, 0),
        DecidingTerm::Queue
    );
    assert_eq!(
        deciding("accurate", 10, 4.0, 1.0, 8, 0),
        DecidingTerm::MaxReplicaCount
    );
    assert_eq!(
        deciding("eager", 10, 4.0, 1.0, 7, 0),
        DecidingTerm::MaxReplicaCount
    );
    assert_eq!(deciding("eager", 10, 4.0, 1.0, 3, 0), DecidingTerm::Queue);

    let failed = [outcome(0, ReadingOutcome::Failed("refused".to_owned()))];
    let plan = plan_of(&job("default", 10), &failed, &assumed(0, 0));
    assert_eq!(plan.deciding.term, DecidingTerm::TriggersFailed);
    let mut minimum = job("default", 10);
    minimum.min_replica_count = Some(3);
    let plan = plan_of(&minimum, &[reading(0, 9.0, 1.0, true)], &assumed(1, 0));
    assert_eq!(plan.deciding.term, DecidingTerm::MinReplicaCount);
    assert_eq!(creations(&plan), [(2, None)]);
}

#[test]
fn the_formula_is_told_with_its_values() {
    let readings = [reading(0, 25.0, 5.0, true)];
    let plan = plan_of(&job("default", 10), &readings, &assumed(2, 0));
    let told: Vec<String> = plan.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "minReplicaCount unset = 0",
            "maxReplicaCount 10 = 10",
            "redis, trigger 0: queue length 25 / target 5 = 5",
            "items waiting: ceil(25) = 25",
            "Jobs for them: ceil(min(5, maxReplicas 10)) = 5",
            "default: maxScale 5 - running 2 = 3",
            "min(scaleTo 25, effectiveMaxScale 3) = 3",
            "within every limit (2 of 10 slots taken) = 3",
        ]
    );
    assert_eq!(plan.deciding.text, "5 Jobs wanted, 2 exist already");
}

#[test]
fn an_object_of_the_first_version_is_told_what_it_did_there() {
    let mut old = job("default", 10);
    old.dialect = Dialect::V1;
    let plan = plan_of(&old, &[reading(0, 10.0, 5.0, true)], &assumed(0, 0));
    let reason = plan
        .reasons
        .iter()
        .find(|reason| reason.code == ReasonCode::KedaV1)
        .unwrap();
    assert_eq!(reason.result.unwrap().to_string(), "5");
    assert_eq!(plan.decision.create, 2);
}

#[test]
fn floats_for_people() {
    for (value, text) in [
        (25.0, "25"),
        (-0.0, "0"),
        (1.0 / 3.0, "0.333"),
        (2.1 / 0.3, "7.000000000000001"),
        (1e300, "1e300"),
        (0.0004, "4e-4"),
        (f64::NAN, "NaN"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        assert_eq!(show(value), text);
    }
}

#[test]
fn codes_are_unique_and_the_clock_is_an_argument() {
    let mut seen = std::collections::BTreeSet::new();
    for code in ReasonCode::ALL {
        assert!(seen.insert(code.as_str()), "{} twice", code.as_str());
    }
    let job = job("default", 10);
    let readings = [reading(0, 25.0, 5.0, true)];
    let inventory = assumed(0, 0);
    let at = |now| {
        plan(&crate::planner::PlanInput {
            job: &job,
            readings: &readings,
            inventory: &inventory,
            limits: &Limits::default(),
            spec_hash: "",
            now,
        })
    };
    assert_eq!(at(Timestamp::MIN), at(Timestamp::MAX));
}

fn pending_and_more() -> Inventory {
    use super::builder::observed;
    use crate::planner::inventory::JobState::{
        Pending, Running, Succeeded, Suspended, Terminating,
    };
    let states = [Pending, Pending, Running, Suspended, Terminating, Succeeded];
    let jobs = states
        .iter()
        .enumerate()
        .map(|(number, state)| observed(&number.to_string(), *state));
    Inventory::Known(jobs.collect())
}

#[test]
fn max_pending_counts_jobs_in_state_pending_and_new_ones() {
    let job = job("accurate", 100);
    let planned = |limit: i64, inventory: &Inventory| {
        let limits = Limits {
            max_pending: Some(limit),
            ..Limits::default()
        };
        plan_limited(&job, &[reading(0, 50.0, 1.0, true)], inventory, limits)
    };
    // Two are pending; suspended and terminating ones ask for no pod.
    let plan = planned(5, &pending_and_more());
    assert_eq!(plan.decision.create, 3);
    assert_eq!(plan.deciding.term, DecidingTerm::MaxPending);
    assert_eq!(
        plan.deciding.text,
        "held: 48 wanted, 2 pending, --max-pending 5"
    );
    assert!(codes(&plan).contains(&ReasonCode::HeldByMaxPending));
    for (limit, create) in [(0, 0), (2, 0), (-7, 0), (i64::MAX, 48)] {
        assert_eq!(planned(limit, &pending_and_more()).decision.create, create);
    }
    // By hand it is what was given.
    assert_eq!(planned(5, &assumed(20, 4)).decision.create, 1);
}

#[test]
fn max_total_leaves_what_the_engine_grants() {
    let limits = |room| Limits {
        total: Some(TotalRoom {
            limit: 10,
            others: 7,
            room,
        }),
        ..Limits::default()
    };
    let job = job("default", 100);
    let planned = |room| {
        plan_limited(
            &job,
            &[reading(0, 9.0, 1.0, true)],
            &assumed(1, 0),
            limits(room),
        )
    };
    let plan = planned(2);
    assert_eq!(plan.decision.create, 2);
    assert_eq!(plan.deciding.term, DecidingTerm::MaxTotal);
    assert_eq!(
        plan.deciding.text,
        "held: 8 wanted, 1 unfinished here and 7 of other objects, --max-total 10"
    );
    assert!(codes(&plan).contains(&ReasonCode::HeldByMaxTotal));
    assert_eq!(planned(-3).decision.create, 0);
    assert_eq!(planned(8).decision.create, 8);
}

#[test]
fn of_several_limits_the_tightest_is_named() {
    let limits = Limits {
        max_create: Some(4),
        max_pending: Some(3),
        ..Limits::default()
    };
    let readings = [reading(0, 50.0, 1.0, true)];
    let plan = plan_limited(&job("default", 100), &readings, &assumed(0, 0), limits);
    assert_eq!(plan.deciding.term, DecidingTerm::MaxPending);
    let plan = plan_limited(&job("default", 2), &readings, &assumed(0, 0), limits);
    assert_eq!(plan.decision.create, 2);
    assert_ne!(plan.deciding.term, DecidingTerm::MaxPending);
}
