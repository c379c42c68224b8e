//! What is deleted, and in which order.

use k8s_openapi::jiff::Timestamp;

use super::builder::{observed, plan_of, reading, scaled_job};
use crate::planner::inventory::{Inventory, JobState, ObservedJob};
use crate::planner::{Action, DecidingTerm, DeleteReason, Plan, Propagation, ReasonCode};

fn deleted(plan: &Plan) -> Vec<(&str, &DeleteReason, Propagation)> {
    plan.actions
        .iter()
        .filter_map(|action| match action {
            Action::Delete {
                name,
                why,
                propagation,
                ..
            } => Some((name.as_str(), why, *propagation)),
            Action::Create { .. } => None,
        })
        .collect()
}

fn names(plan: &Plan) -> Vec<&str> {
    deleted(plan).into_iter().map(|(name, ..)| name).collect()
}

fn finished(name: &str, state: JobState, second: i64) -> ObservedJob {
    ObservedJob {
        finished_at: Some(Timestamp::from_second(second).unwrap()),
        ..observed(name, state)
    }
}

#[test]
fn a_job_that_is_being_deleted_is_not_deleted_again() {
    let mut job = scaled_job();
    job.successful_jobs_history_limit = 1;
    let leaving = |name, second| ObservedJob {
        leaving: true,
        ..finished(name, JobState::Succeeded, second)
    };
    let mut jobs = vec![
        leaving("a", 10),
        leaving("b", 40),
        finished("c", JobState::Succeeded, 20),
    ];
    let plan = plan_of(&job, &[], &Inventory::Known(jobs.clone()));
    assert_eq!(
        names(&plan),
        Vec::<&str>::new(),
        "one stays, as the limit says"
    );
    jobs.push(finished("d", JobState::Succeeded, 30));
    let plan = plan_of(&job, &[], &Inventory::Known(jobs));
    assert_eq!(names(&plan), ["c"]);
}

#[test]
fn failed_jobs_go_by_the_time_of_their_condition() {
    let mut job = scaled_job();
    job.failed_jobs_history_limit = 1;
    let jobs = vec![
        finished("a", JobState::Failed, 30),
        finished("b", JobState::Failed, 10),
        finished("c", JobState::Failed, 20),
    ];
    let plan = plan_of(&job, &[], &Inventory::Known(jobs));
    assert_eq!(
        deleted(&plan),
        [
            (
                "b",
                &DeleteReason::HistoryFailed { limit: 1 },
                Propagation::Background
            ),
            (
                "c",
                &DeleteReason::HistoryFailed { limit: 1 },
                Propagation::Background
            ),
        ]
    );
    let told: Vec<String> = plan.reasons.iter().map(ToString::to_string).collect();
    assert!(told.contains(&"3 failed Jobs - failedJobsHistoryLimit 1 = 2".to_owned()));
}

#[test]
fn without_a_finish_time_creation_counts_and_without_any_a_job_stays() {
    let mut job = scaled_job();
    job.successful_jobs_history_limit = 1;
    let mut created = observed("created", JobState::Succeeded);
    created.created_at = Some(Timestamp::from_second(15).unwrap());
    let jobs = vec![
        observed("unknown", JobState::Succeeded),
        finished("young", JobState::Succeeded, 20),
        created,
        finished("old", JobState::Succeeded, 10),
    ];
    let plan = plan_of(&job, &[], &Inventory::Known(jobs));
    assert_eq!(names(&plan), ["old", "created", "young"]);
}

#[test]
fn jobs_of_others_are_counted_and_never_deleted() {
    let mut job = scaled_job();
    job.successful_jobs_history_limit = 0;
    job.rollout.immediate = true;
    let mut jobs = vec![
        finished("done", JobState::Succeeded, 1),
        observed("running", JobState::Running),
    ];
    for other in &mut jobs {
        other.ours = false;
        other.spec_hash = Some("old".to_owned());
    }
    let plan = plan_of(&job, &[], &Inventory::Known(jobs));
    assert_eq!(plan.counts.unwrap().running, 1);
    assert!(plan.actions.is_empty());
}

#[test]
fn a_negative_limit_deletes_nothing() {
    let mut job = scaled_job();
    job.failed_jobs_history_limit = -1;
    let jobs = vec![finished("a", JobState::Failed, 1)];
    let plan = plan_of(&job, &[], &Inventory::Known(jobs));
    assert!(plan.actions.is_empty());
    assert!(
        plan.reasons
            .iter()
            .any(|reason| reason.code == ReasonCode::HistoryUnlimited)
    );
}

#[test]
fn a_paused_object_is_cleaned_up_but_not_rolled_out() {
    let mut job = scaled_job();
    job.annotations
        .insert("autoscaling.keda.sh/paused".to_owned(), String::new());
    job.successful_jobs_history_limit = 0;
    job.rollout.immediate = true;
    let mut old = observed("old", JobState::Running);
    old.spec_hash = Some("old".to_owned());
    let jobs = vec![old, finished("done", JobState::Succeeded, 1)];
    let plan = plan_of(&job, &[], &Inventory::Known(jobs));
    assert_eq!(names(&plan), ["done"]);
}

#[test]
fn an_immediate_rollout_deletes_unfinished_jobs_of_an_older_spec() {
    let states = [
        JobState::Pending,
        JobState::Running,
        JobState::Suspended,
        JobState::Finishing,
        JobState::Terminating,
        JobState::Succeeded,
        JobState::Failed,
    ];
    let mut jobs: Vec<ObservedJob> = states
        .iter()
        .map(|state| {
            let mut job = observed(state.as_str(), *state);
            job.spec_hash = Some("old".to_owned());
            job
        })
        .collect();
    jobs.push(observed("current", JobState::Running));
    let mut unmarked = observed("unmarked", JobState::Running);
    unmarked.spec_hash = None;
    jobs.push(unmarked);

    let mut job = scaled_job();
    let inventory = Inventory::Known(jobs);
    assert!(plan_of(&job, &[], &inventory).actions.is_empty());

    job.rollout.immediate = true;
    let plan = plan_of(&job, &[], &inventory);
    assert_eq!(names(&plan), ["pending", "running", "suspended"]);
    assert!(
        deleted(&plan).iter().all(
            |(_, why, propagation)| *propagation == Propagation::Background
                && **why
                    == DeleteReason::Rollout {
                        old_hash: "old".to_owned()
                    }
        )
    );

    job.rollout.foreground = true;
    let plan = plan_of(&job, &[], &inventory);
    assert!(
        deleted(&plan)
            .iter()
            .all(|(_, _, propagation)| *propagation == Propagation::Foreground)
    );

    // They hold their slots until they are gone: 7 unfinished Jobs of 8.
    job.max_replica_count = Some(8);
    job.scaling_strategy.strategy = crate::api::Strategy::Custom;
    job.scaling_strategy.running_job_percentage = "0".to_owned();
    let plan = plan_of(&job, &[reading(0, 50.0, 1.0, true)], &inventory);
    assert_eq!(plan.decision.create, 1);
    assert_eq!(plan.deciding.term, DecidingTerm::MaxReplicaCount);
    assert!(matches!(plan.actions[0], Action::Create { count: 1, .. }));
}
