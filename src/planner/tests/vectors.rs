//! KEDA's own answers, produced by running KEDA 2.20 (see `meta` in the file).

use std::collections::BTreeMap;

use k8s_openapi::jiff::Timestamp;
use serde::Deserialize;

use super::builder::{assumed, calculation, outcome, plan_of, reading, scaled_job, strategy};
use crate::api::reading::{ReadingOutcome, milli};
use crate::api::{DEFAULT_MAX_REPLICA_COUNT, ScalingStrategy};
use crate::planner::formula::{Step, apply_strategy};
use crate::planner::inventory::{
    ConditionView, Counts, Inventory, JobView, ObservedJob, PodView, job_state,
};
use crate::planner::{Action, ConditionStatus, ReasonCode, v1_create};

const FILE: &str = include_str!("../../../tests/data/planner-vectors.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    vectors: Vec<Vector>,
    strategy_vectors: Vec<StrategyVector>,
    counting_vectors: Vec<CountingVector>,
    v1_vectors: Vec<V1Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    id: String,
    strategy: String,
    fields: Fields,
    running: i64,
    pending: i64,
    #[serde(default)]
    build_error: bool,
    triggers: Vec<VectorTrigger>,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    multiple_scalers_calculation: String,
    min_replica_count: Option<i64>,
    max_replica_count: Option<i64>,
    custom_scaling_queue_length_deduction: Option<i64>,
    custom_scaling_running_job_percentage: String,
}

#[derive(Deserialize)]
struct VectorTrigger {
    value: f64,
    target: f64,
    active: bool,
    #[serde(default)]
    error: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expected {
    is_active: bool,
    is_error: bool,
    scale_to: i64,
    max_scale: i64,
    min_replicas: i64,
    max_replicas: i64,
    effective_max_scale_raw: i64,
    effective_max_scale: i64,
    scale_to_after_strategy: i64,
    create_jobs: i64,
    ready: Option<String>,
    ready_reason: Option<String>,
    active: Option<String>,
    jobs_created_event: Option<bool>,
    panic: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StrategyVector {
    id: String,
    strategy: String,
    custom_scaling_queue_length_deduction: Option<i64>,
    custom_scaling_running_job_percentage: String,
    max_scale: i64,
    running: i64,
    pending: i64,
    max_replica_count: i64,
    scale_to: i64,
    expected: (i64, i64),
    strategy_chosen: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CountingVector {
    id: String,
    pending_pod_conditions: Vec<String>,
    jobs: Vec<VectorJob>,
    #[serde(default)]
    list_jobs_error: bool,
    #[serde(default)]
    list_pods_error: bool,
    successful_jobs_history_limit: Option<i32>,
    failed_jobs_history_limit: Option<i32>,
    expected: Counted,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VectorJob {
    name: String,
    #[serde(default)]
    conditions: BTreeMap<String, String>,
    completion_time: Option<Timestamp>,
    #[serde(default)]
    suspend: bool,
    #[serde(default)]
    terminating: bool,
    #[serde(default)]
    pods: Vec<VectorPod>,
}

#[derive(Deserialize)]
struct VectorPod {
    phase: String,
    #[serde(default)]
    conditions: BTreeMap<String, String>,
}

#[derive(Deserialize, Debug, PartialEq)]
struct Counted {
    running: i64,
    pending: i64,
    deleted: Vec<String>,
}

#[derive(Deserialize)]
struct V1Vector {
    id: String,
    version: String,
    triggers: Vec<VectorTrigger>,
    running: i64,
    expected: V1Expected,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct V1Expected {
    create_jobs: i64,
}

fn file() -> File {
    serde_json::from_str(FILE).unwrap()
}

/// The form in which a scaler hands its numbers over; negative ones stand for scalers that bypass the common helper.
fn handed_over(value: f64) -> f64 {
    if value < 0.0 { value } else { milli(value) }
}

#[test]
fn decisions() {
    let vectors = file().vectors;
    assert!(vectors.len() >= 142);
    for vector in vectors {
        let id = &vector.id;
        let mut job = scaled_job();
        job.min_replica_count = vector.fields.min_replica_count;
        job.max_replica_count = vector.fields.max_replica_count;
        job.scaling_strategy = ScalingStrategy {
            strategy: strategy(&vector.strategy),
            queue_length_deduction: vector.fields.custom_scaling_queue_length_deduction,
            running_job_percentage: vector.fields.custom_scaling_running_job_percentage.clone(),
            pending_pod_conditions: Vec::new(),
            multiple_scalers_calculation: calculation(&vector.fields.multiple_scalers_calculation),
        };
        let readings: Vec<_> = vector
            .triggers
            .iter()
            .enumerate()
            .map(|(index, trigger)| {
                if vector.build_error {
                    outcome(index, ReadingOutcome::NotBuilt("bad metadata".to_owned()))
                } else if trigger.error {
                    outcome(index, ReadingOutcome::Failed("refused".to_owned()))
                } else {
                    reading(
                        index,
                        handed_over(trigger.value),
                        handed_over(trigger.target),
                        trigger.active,
                    )
                }
            })
            .collect();
        let plan = plan_of(&job, &readings, &assumed(vector.running, vector.pending));
        let decision = plan.decision;
        let expected = vector.expected;
        assert_eq!(decision.is_active, expected.is_active, "{id} isActive");
        assert_eq!(decision.is_error, expected.is_error, "{id} isError");
        assert_eq!(decision.scale_to, expected.scale_to, "{id} scaleTo");
        assert_eq!(decision.max_scale, expected.max_scale, "{id} maxScale");
        assert_eq!(decision.min_replicas, expected.min_replicas, "{id} min");
        assert_eq!(decision.max_replicas, expected.max_replicas, "{id} max");
        assert_eq!(
            decision.effective_max_scale_raw, expected.effective_max_scale_raw,
            "{id} raw"
        );
        assert_eq!(
            decision.effective_max_scale, expected.effective_max_scale,
            "{id} effectiveMaxScale"
        );
        assert_eq!(
            decision.scale_to_after_strategy, expected.scale_to_after_strategy,
            "{id} scaleTo after strategy"
        );
        assert_eq!(decision.keda, expected.create_jobs, "{id} keda");
        if let Some(ready) = &expected.ready {
            assert_eq!(decision.ready.as_str(), ready, "{id} ready");
        }
        if let Some(reason) = &expected.ready_reason {
            assert_eq!(decision.ready_reason, reason, "{id} readyReason");
        }
        if let Some(active) = &expected.active {
            assert_eq!(decision.active.as_str(), active, "{id} active");
        }
        if let Some(event) = expected.jobs_created_event {
            let says_so = decision.is_active && decision.effective_max_scale > 0;
            assert_eq!(says_so, event, "{id} event");
        }
        let crashes = plan
            .reasons
            .iter()
            .any(|reason| reason.code == ReasonCode::KedaPanics);
        assert_eq!(crashes, expected.panic.is_some(), "{id} panic");

        // Law 2, and with it the only difference between the two numbers.
        let ceiling = job.max_replica_count.unwrap_or(DEFAULT_MAX_REPLICA_COUNT);
        let room = (ceiling - vector.running).max(0);
        assert_eq!(decision.create, decision.keda.min(room), "{id} create");
        let created: i64 = plan
            .actions
            .iter()
            .map(|action| match action {
                Action::Create { count, .. } => *count,
                Action::Delete { .. } => 0,
            })
            .sum();
        assert_eq!(created, decision.create, "{id} actions");
        every_number_has_a_reason(id, &plan.reasons);
        assert_eq!(decision.active == ConditionStatus::True, decision.is_active);
    }
}

fn every_number_has_a_reason(id: &str, reasons: &[crate::planner::Reason]) {
    for quantity in [
        "minReplicas",
        "maxReplicas",
        "scaleTo",
        "maxScale",
        "effectiveMaxScale",
        "keda",
        "create",
    ] {
        assert!(
            reasons
                .iter()
                .any(|reason| reason.code.quantity() == quantity),
            "{id}: nothing explains {quantity}"
        );
    }
}

#[test]
fn strategies() {
    let vectors = file().strategy_vectors;
    assert!(vectors.len() >= 24);
    for vector in vectors {
        let id = &vector.id;
        let decided = apply_strategy(
            &ScalingStrategy {
                strategy: strategy(&vector.strategy),
                queue_length_deduction: vector.custom_scaling_queue_length_deduction,
                running_job_percentage: vector.custom_scaling_running_job_percentage.clone(),
                ..ScalingStrategy::default()
            },
            vector.max_scale,
            vector.running,
            vector.pending,
            vector.max_replica_count,
            vector.scale_to,
        );
        assert_eq!((decided.raw, decided.scale_to), vector.expected, "{id}");
        let chosen = match decided.step {
            Step::BelowMinimum => "none",
            Step::Default { .. } => "default",
            Step::Custom { .. } => "custom",
            Step::Accurate { .. } => "accurate",
            Step::Eager { .. } => "eager",
        };
        assert_eq!(chosen, vector.strategy_chosen, "{id}");
    }
}

fn conditions(map: &BTreeMap<String, String>) -> Vec<ConditionView<'_>> {
    map.iter()
        .map(|(kind, status)| ConditionView {
            kind,
            holds: status == "True",
        })
        .collect()
}

fn observe(job: &VectorJob, pending_pod_conditions: &[String]) -> ObservedJob {
    let view = JobView {
        conditions: conditions(&job.conditions),
        deleting: job.terminating,
        suspend: job.suspend,
        ..JobView::default()
    };
    let pods: Vec<PodView<'_>> = job
        .pods
        .iter()
        .map(|pod| PodView {
            phase: &pod.phase,
            conditions: conditions(&pod.conditions),
        })
        .collect();
    let (state, pending_to_keda) = job_state(&view, Some(&pods), pending_pod_conditions);
    ObservedJob {
        state,
        pending_to_keda,
        finished_at: job.completion_time,
        ..super::builder::observed(&job.name, state)
    }
}

/// What KEDA counts and deletes. We differ, on purpose, in these vectors:
///
/// - `list-1`: Jobs cannot be listed. KEDA counts 0 and makes a full batch; here the cycle holds (law 1), so that the
///   counts are unknown. `decision.keda` still reckons with 0.
/// - `list-2`: pods cannot be listed. KEDA takes every Job for pending; here the inventory is unknown and the cycle holds.
/// - `clean-4`: failed Jobs without a time, which KEDA deletes in whatever order the list had. Here the order is by the time
///   of the Failed condition, and without any time by name; the names of this vector are in list order, so the answer agrees.
/// - `clean-7`: a Job with both terminal conditions is judged by the first one in the list. So it is here; the vector holds
///   the first one only.
#[test]
fn counting_and_cleanup() {
    let vectors = file().counting_vectors;
    assert!(vectors.len() >= 36);
    for vector in vectors {
        let id = &vector.id;
        let mut job = scaled_job();
        if let Some(limit) = vector.successful_jobs_history_limit {
            job.successful_jobs_history_limit = limit;
        }
        if let Some(limit) = vector.failed_jobs_history_limit {
            job.failed_jobs_history_limit = limit;
        }
        if vector.list_jobs_error || vector.list_pods_error {
            let unknown = Inventory::Unknown("forbidden".to_owned());
            let plan = plan_of(&job, &[reading(0, 7.0, 1.0, true)], &unknown);
            assert_eq!(plan.counts, None, "{id}");
            assert_eq!(plan.decision.create, 0, "{id}");
            assert_eq!(plan.decision.keda, 7, "{id}");
            assert!(plan.actions.is_empty(), "{id}");
            continue;
        }
        let observed: Vec<ObservedJob> = vector
            .jobs
            .iter()
            .map(|job| observe(job, &vector.pending_pod_conditions))
            .collect();
        let plan = plan_of(&job, &[], &Inventory::Known(observed));
        let counts = plan.counts.unwrap();
        let answer = Counted {
            running: counts.running,
            pending: counts.pending,
            deleted: plan
                .actions
                .iter()
                .filter_map(|action| match action {
                    Action::Delete { name, .. } => Some(name.clone()),
                    Action::Create { .. } => None,
                })
                .collect(),
        };
        assert_eq!(answer, vector.expected, "{id}");
    }
}

#[test]
fn without_pods_the_status_stands_in() {
    for (ready, succeeded, pending) in [(0, 0, true), (1, 0, false), (0, 1, false)] {
        let view = JobView {
            ready,
            succeeded,
            ..JobView::default()
        };
        assert_eq!(job_state(&view, None, &[]).1, pending);
    }
}

#[test]
fn decided_and_leaving_jobs_hold_a_slot_while_their_pods_live() {
    use super::builder::observed;
    use crate::planner::inventory::{JobState, counts};

    let mut jobs = vec![
        observed("finishing", JobState::Finishing),
        observed("finishing-gone", JobState::Finishing),
        observed("terminating", JobState::Terminating),
        observed("terminating-gone", JobState::Terminating),
        observed("suspended", JobState::Suspended),
        observed("done", JobState::Succeeded),
    ];
    for job in &mut jobs {
        job.pods = i64::from(!job.name.ends_with("-gone") && job.name != "suspended");
    }
    assert_eq!(
        counts(&jobs),
        Counts {
            running: 5,
            pending: 0,
            slots: 3
        }
    );
}

#[test]
fn first_version() {
    let vectors = file().v1_vectors;
    assert!(vectors.len() >= 9);
    for vector in vectors {
        let readings: Vec<_> = vector
            .triggers
            .iter()
            .enumerate()
            .map(|(index, trigger)| reading(index, trigger.value, trigger.target, trigger.active))
            .collect();
        // 1.0.0 did not look at running Jobs.
        let running = if vector.version == "1.0.0" {
            0
        } else {
            vector.running
        };
        assert_eq!(
            v1_create(&readings, running),
            Some(vector.expected.create_jobs),
            "{}",
            vector.id
        );
    }
}
