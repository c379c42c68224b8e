//! Small inputs for tests: a ScaledJob with everything unset, readings, Jobs.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;

use crate::api::reading::{
    MetricReading, MetricTarget, MetricValue, ReadingOutcome, TriggerReading,
};
use crate::api::{
    Calculation, DEFAULT_HISTORY_LIMIT, DEFAULT_POLLING_INTERVAL, Dialect, Rollout, ScaledJob,
    ScalingStrategy, Strategy,
};
use crate::diagnostic::{SourceFile, Span};
use crate::manifest::{Document, Node, Value};
use crate::planner::inventory::{Counts, Inventory, JobState, ObservedJob};
use crate::planner::{Limits, Plan, PlanInput, decision, plan};

/// Hash that the plans of these tests run with.
pub(crate) const SPEC_HASH: &str = "new";

/// A ScaledJob `default/worker` with nothing set; its document is an empty mapping.
pub(crate) fn scaled_job() -> ScaledJob {
    ScaledJob {
        name: "worker".to_owned(),
        namespace: Some("default".to_owned()),
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        dialect: Dialect::V2,
        job_target_ref: serde_json::json!({}).into(),
        polling_interval: DEFAULT_POLLING_INTERVAL,
        successful_jobs_history_limit: DEFAULT_HISTORY_LIMIT,
        failed_jobs_history_limit: DEFAULT_HISTORY_LIMIT,
        env_source_container_name: None,
        min_replica_count: None,
        max_replica_count: None,
        rollout: Rollout::default(),
        scaling_strategy: ScalingStrategy::default(),
        triggers: Vec::new(),
        document: Arc::new(Document {
            source: SourceFile::new("worker.yaml", ""),
            index: 0,
            root: Node {
                span: Span::default(),
                value: Value::Mapping(Vec::new()),
            },
        }),
    }
}

/// The strategy of KEDA's word; unknown words are `default`, as in KEDA.
pub(crate) fn strategy(word: &str) -> Strategy {
    match word {
        "custom" => Strategy::Custom,
        "accurate" => Strategy::Accurate,
        "eager" => Strategy::Eager,
        _ => Strategy::Default,
    }
}

/// The calculation of KEDA's word; unknown words are `max`, as in KEDA.
pub(crate) fn calculation(word: &str) -> Calculation {
    match word {
        "min" => Calculation::Min,
        "avg" => Calculation::Avg,
        "sum" => Calculation::Sum,
        _ => Calculation::Max,
    }
}

/// A trigger `redis` that read one value.
pub(crate) fn reading(index: usize, value: f64, target: f64, active: bool) -> TriggerReading {
    outcome(
        index,
        ReadingOutcome::Read(vec![metric("s0-redis", value, target, active)]),
    )
}

/// A trigger `redis` with a given outcome.
pub(crate) fn outcome(index: usize, outcome: ReadingOutcome) -> TriggerReading {
    TriggerReading {
        index,
        kind: "redis".to_owned(),
        name: String::new(),
        outcome,
    }
}

/// One metric with one value of its own name.
pub(crate) fn metric(name: &str, value: f64, target: f64, active: bool) -> MetricReading {
    MetricReading {
        metric: name.to_owned(),
        target: MetricTarget::AverageValue(target),
        values: vec![MetricValue {
            metric: name.to_owned(),
            value,
        }],
        active,
    }
}

/// A Job of ours; pending ones are pending to KEDA too.
pub(crate) fn observed(name: &str, state: JobState) -> ObservedJob {
    ObservedJob {
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        state,
        pending_to_keda: state == JobState::Pending,
        leaving: state == JobState::Terminating,
        pods: i64::from(!state.is_finished()),
        ours: true,
        created_at: None,
        finished_at: None,
        spec_hash: Some(SPEC_HASH.to_owned()),
        trigger: None,
        cycle: None,
        reason: None,
    }
}

/// Counts where every unfinished Job holds a slot.
pub(crate) fn assumed(running: i64, pending: i64) -> Inventory {
    Inventory::Assumed(Counts {
        running,
        pending,
        slots: running,
    })
}

/// A plan without further limits.
pub(crate) fn plan_of(job: &ScaledJob, readings: &[TriggerReading], inventory: &Inventory) -> Plan {
    plan_limited(job, readings, inventory, Limits::default())
}

/// A plan under `limits`.
pub(crate) fn plan_limited(
    job: &ScaledJob,
    readings: &[TriggerReading],
    inventory: &Inventory,
    limits: Limits,
) -> Plan {
    let input = PlanInput {
        job,
        readings,
        inventory,
        limits: &limits,
        spec_hash: SPEC_HASH,
        now: Timestamp::UNIX_EPOCH,
    };
    let plan = plan(&input);
    assert_eq!(decision(&input), plan.decision, "the numbers alone");
    plan
}
