//! What holds for every input.

use proptest::prelude::*;

use super::builder::{
    assumed, calculation, outcome, plan_limited, plan_of, reading, scaled_job, strategy,
};
use crate::api::reading::{
    MetricReading, MetricTarget, MetricValue, ReadingOutcome, TriggerReading,
};
use crate::api::{DEFAULT_MAX_REPLICA_COUNT, ScaledJob};
use crate::planner::inventory::{Counts, Inventory};
use crate::planner::{Limits, TotalRoom, v1_create};

fn word<const N: usize>(words: [&'static str; N]) -> impl Strategy<Value = &'static str> {
    (0..N).prop_map(move |place| words[place])
}

fn strategies() -> impl Strategy<Value = &'static str> {
    word(["default", "custom", "accurate", "eager"])
}

fn calculations() -> impl Strategy<Value = &'static str> {
    word(["max", "min", "avg", "sum"])
}

fn percentages() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<f64>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| format!("0x{value:x}p{}", value % 2000)),
        "[-+]?[0-9xXpPeE_.nNaAiIfF]{0,12}",
        any::<String>(),
    ]
}

/// Every float there is, odd ones often.
fn floats() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<u64>().prop_map(f64::from_bits),
        word([
            "NaN",
            "inf",
            "-inf",
            "0",
            "-0",
            "1",
            "-1",
            "9223372036854775808",
            "0.001"
        ])
        .prop_map(|text| text.parse().unwrap()),
    ]
}

/// Every integer there is, the ends and small ones often.
fn integers() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        -3..300_i64,
        Just(i64::MIN),
        Just(i64::MAX),
        Just(0)
    ]
}

prop_compose! {
    fn metrics()(
        name in word(["a", "b"]),
        target in floats(),
        average in any::<bool>(),
        values in prop::collection::vec((word(["a", "b"]), floats()), 0..3),
        active in any::<bool>(),
    ) -> MetricReading {
        MetricReading {
            metric: name.to_owned(),
            target: if average { MetricTarget::AverageValue(target) } else { MetricTarget::Value(target) },
            values: values
                .into_iter()
                .map(|(metric, value)| MetricValue { metric: metric.to_owned(), value })
                .collect(),
            active,
        }
    }
}

fn readings() -> impl Strategy<Value = Vec<TriggerReading>> {
    let one = prop_oneof![
        6 => prop::collection::vec(metrics(), 0..3).prop_map(ReadingOutcome::Read),
        1 => Just(ReadingOutcome::Skipped("cpu".to_owned())),
        1 => Just(ReadingOutcome::Failed("refused".to_owned())),
        1 => Just(ReadingOutcome::NotBuilt("unknown".to_owned())),
    ];
    prop::collection::vec(one, 0..5).prop_map(|outcomes| {
        outcomes
            .into_iter()
            .enumerate()
            .map(|(index, one)| outcome(index, one))
            .collect()
    })
}

prop_compose! {
    fn any_job()(
        minimum in prop::option::of(integers()),
        maximum in prop::option::of(integers()),
        strategy_word in strategies(),
        calculation_word in calculations(),
        deduction in prop::option::of(integers()),
        percentage in percentages(),
    ) -> ScaledJob {
        let mut job = scaled_job();
        job.min_replica_count = minimum;
        job.max_replica_count = maximum;
        job.scaling_strategy.strategy = strategy(strategy_word);
        job.scaling_strategy.multiple_scalers_calculation = calculation(calculation_word);
        job.scaling_strategy.queue_length_deduction = deduction;
        job.scaling_strategy.running_job_percentage = percentage;
        job
    }
}

/// What a scaler can report through KEDA's common helper: finite, not negative, below the end of an `int64`.
fn lengths() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), 0.0..300.0_f64, 0.0..1e15_f64, quarters()]
}

/// Percentages whose share fits an `int64`, and some that do not parse. With a share that does not fit, KEDA's subtraction
/// turns over, and then more work can make fewer Jobs.
fn sane_percentages() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => (-3.0..3.0_f64).prop_map(|value| value.to_string()),
        1 => word(["", "50%", "0x1p-1", "1_0"]).prop_map(str::to_owned),
    ]
}

/// Values whose sums and quotients by these targets are exact, and small enough for every number to fit.
fn quarters() -> impl Strategy<Value = f64> {
    (0..4_000_u32).prop_map(|quarters| f64::from(quarters) / 4.0)
}

fn powers() -> impl Strategy<Value = f64> {
    word(["0.5", "1", "2", "4", "8"]).prop_map(|text| text.parse().unwrap())
}

/// A job as the API server would accept it.
fn sane_job(strategy_word: &str, calculation_word: &str, minimum: i64, maximum: i64) -> ScaledJob {
    let mut job = scaled_job();
    job.min_replica_count = Some(minimum);
    job.max_replica_count = Some(maximum);
    job.scaling_strategy.strategy = strategy(strategy_word);
    job.scaling_strategy.multiple_scalers_calculation = calculation(calculation_word);
    job
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn never_above_the_maximum_never_negative_never_a_panic(
        job in any_job(),
        readings in readings(),
        (running, pending, slots) in (integers(), integers(), integers()),
        (max_create, max_pending) in (prop::option::of(integers()), prop::option::of(integers())),
        total in prop::option::of((integers(), integers(), integers())),
    ) {
        let inventory = Inventory::Assumed(Counts { running, pending, slots });
        let plan = plan_limited(&job, &readings, &inventory, Limits {
            max_create,
            max_pending,
            total: total.map(|(limit, others, room)| TotalRoom { limit, others, room }),
            brake: None,
        });
        let create = plan.decision.create;
        prop_assert!(create >= 0);
        prop_assert!(plan.decision.keda >= 0);
        let ceiling = job.max_replica_count.unwrap_or(DEFAULT_MAX_REPLICA_COUNT).max(0);
        let taken = slots.max(0);
        prop_assert!(i128::from(taken) + i128::from(create) <= i128::from(ceiling.max(taken)));
        prop_assert!(create <= plan.decision.wanted);
        if let Some(limit) = max_create {
            prop_assert!(create <= limit.max(0));
        }
        if let Some(limit) = max_pending {
            prop_assert!(i128::from(pending.max(0)) + i128::from(create) <= i128::from(limit.max(pending).max(0)));
        }
        if let Some((.., room)) = total {
            prop_assert!(create <= room.max(0));
        }
        prop_assert!(!plan.deciding.text.is_empty());
        let _ = v1_create(&readings, running);
    }

    #[test]
    fn more_work_never_makes_fewer_jobs(
        strategy_word in strategies(),
        (minimum, maximum) in (0..20_i64, 0..200_i64),
        (less, more) in (lengths(), lengths()),
        target in lengths(),
        (running, pending) in (0..300_i64, 0..300_i64),
        deduction in prop::option::of(any::<i32>()),
        percentage in sane_percentages(),
    ) {
        let (less, more) = if less <= more { (less, more) } else { (more, less) };
        let mut job = sane_job(strategy_word, "max", minimum, maximum);
        job.scaling_strategy.queue_length_deduction = deduction.map(i64::from);
        job.scaling_strategy.running_job_percentage = percentage;
        let inventory = assumed(running, pending);
        let created = |value: f64| {
            plan_of(&job, &[reading(0, value, target, value > 0.0)], &inventory).decision
        };
        let (few, many) = (created(less), created(more));
        prop_assert!(few.keda <= many.keda);
        prop_assert!(few.create <= many.create);
    }

    #[test]
    fn the_order_of_triggers_does_not_matter(
        strategy_word in strategies(),
        calculation_word in word(["max", "avg", "sum"]),
        maximum in 0..2_000_i64,
        triggers in prop::collection::vec((quarters(), powers(), any::<bool>()), 1..5),
        turn in 0..5_usize,
        running in 0..100_i64,
    ) {
        let mut lengths: Vec<f64> = triggers.iter().map(|(value, ..)| *value).collect();
        lengths.sort_by(f64::total_cmp);
        lengths.dedup();
        // On equal lengths max keeps the first, whatever its target.
        prop_assume!(calculation_word != "max" || lengths.len() == triggers.len());
        let job = sane_job(strategy_word, calculation_word, 0, maximum);
        let decided = |order: &[(f64, f64, bool)]| {
            let readings: Vec<_> = order
                .iter()
                .enumerate()
                .map(|(index, (value, target, active))| reading(index, *value, *target, *active))
                .collect();
            plan_of(&job, &readings, &assumed(running, 0)).decision
        };
        let mut turned = triggers.clone();
        turned.rotate_left(turn % triggers.len());
        prop_assert_eq!(decided(&triggers), decided(&turned));
        turned.reverse();
        prop_assert_eq!(decided(&triggers), decided(&turned));
    }

    /// With targets of 1 and more: below that KEDA makes no more Jobs than items in one tick, and the rest in the next.
    #[test]
    fn accurate_is_content_once_its_jobs_are_pending(
        calculation_word in calculations(),
        maximum in prop::option::of(0..300_i64),
        triggers in prop::collection::vec((lengths(), 1.0..100.0_f64, any::<bool>()), 1..4),
        running in 0..200_i64,
        pending_share in 0.0..=1.0_f64,
    ) {
        let mut job = sane_job("accurate", calculation_word, 0, 0);
        job.max_replica_count = maximum;
        let readings: Vec<_> = triggers
            .iter()
            .enumerate()
            .map(|(index, (value, target, active))| reading(index, *value, *target, *active))
            .collect();
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "small numbers")]
        let pending = (running as f64 * pending_share) as i64;
        let first = plan_of(&job, &readings, &assumed(running, pending)).decision;
        let applied = assumed(running + first.create, pending + first.create);
        prop_assert_eq!(plan_of(&job, &readings, &applied).decision.create, 0);
    }
}
