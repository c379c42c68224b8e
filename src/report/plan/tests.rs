//! Golden views.

use super::*;
use crate::api::reading::ReadingOutcome;
use crate::api::{Calculation, Strategy};
use crate::planner::Limits;
use crate::planner::inventory::{Inventory, JobState};
use crate::planner::tests::builder::{observed, outcome, plan_limited, reading, scaled_job};

fn object<'a>(job: &'a ScaledJob, plan: &'a Plan) -> ObjectPlan<'a> {
    ObjectPlan {
        object: ObjectName {
            namespace: "default".to_owned(),
            name: job.name.clone(),
        },
        job,
        plan,
    }
}

fn busy() -> (ScaledJob, Plan) {
    let mut job = scaled_job();
    job.name = "mail-worker".to_owned();
    job.max_replica_count = Some(10);
    job.successful_jobs_history_limit = 1;
    job.scaling_strategy.strategy = Strategy::Accurate;
    job.scaling_strategy.multiple_scalers_calculation = Calculation::Max;
    let mut named = reading(0, 25.0, 5.0, true);
    named.name = "mails".to_owned();
    let readings = [
        named,
        reading(1, 3.0, 1.0, false),
        outcome(
            2,
            ReadingOutcome::Failed("connection to\nredis:6379 \u{1b}[31mrefused".to_owned()),
        ),
        outcome(3, ReadingOutcome::Skipped("cpu has no effect".to_owned())),
    ];
    let jobs = vec![
        observed("mail-worker-a", JobState::Running),
        observed("mail-worker-b", JobState::Pending),
        observed("mail-worker-c", JobState::Succeeded),
        observed("mail-worker-d", JobState::Succeeded),
    ];
    let plan = plan_limited(&job, &readings, &Inventory::Known(jobs), Limits::default());
    (job, plan)
}

#[test]
fn for_people() {
    let (job, plan) = busy();
    let expected = "\
default/mail-worker: create 4, delete 1   [strategy accurate, max of 4 triggers]
  why: 5 Jobs wanted, 1 pending already
  Jobs: 2 unfinished, 1 of them pending

  #  TYPE   NAME   READING  TARGET  ACTIVE  JOBS  NOTE
  0  redis  mails       25       5  yes        5  counts
  1  redis               3       1  no         -
  2  redis               -       -  -          -  ERROR: connection to\\nredis:6379 \\x1b[31mrefused
  3  redis               -       -  -          -  skipped: cpu has no effect

  minReplicas        = 0   minReplicaCount unset
  maxReplicas        = 10  maxReplicaCount 10
  scaleTo            = 25  items waiting: ceil(25)
  maxScale           = 5   Jobs for them: ceil(min(5, maxReplicas 10))
  effectiveMaxScale  = 4   accurate: maxScale 5 - pending 1
  keda               = 4   min(scaleTo 25, effectiveMaxScale 4)
  create             = 4   within every limit (2 of 10 slots taken)
  delete             = 1   2 successful Jobs - successfulJobsHistoryLimit 1

  + create 4 Jobs for redis \"mails\", trigger 0
  - delete mail-worker-c (successfulJobsHistoryLimit 1, background propagation)
";
    let text = render(&[object(&job, &plan)], None);
    assert_eq!(text, expected, "\n{text}");
}

#[test]
fn several_objects_end_in_a_sum_and_narrow_terminals_wrap() {
    let (job, plan) = busy();
    let objects = [object(&job, &plan), object(&job, &plan)];
    assert!(
        render(&objects, None)
            .ends_with("\n2 objects: 8 to create, 2 to delete, 2 with trigger errors\n")
    );
    let narrow = render(&objects, Some(60));
    let table_lines = narrow.lines().filter(|line| line.starts_with("  "));
    for line in table_lines.filter(|line| !line.contains("delete")) {
        assert!(line.chars().count() <= 60, "{line}");
    }
    assert!(!narrow.chars().any(|character| character == '\u{1b}'));
}

#[test]
fn where_kedas_number_differs_the_first_line_says_so() {
    let mut job = scaled_job();
    job.max_replica_count = Some(10);
    job.scaling_strategy.strategy = Strategy::Custom;
    job.scaling_strategy.running_job_percentage = "0".to_owned();
    let plan = plan_limited(
        &job,
        &[reading(0, 50.0, 1.0, true)],
        &crate::planner::tests::builder::assumed(8, 0),
        Limits::default(),
    );
    let text = render(&[object(&job, &plan)], None);
    assert!(
        text.starts_with(
            "default/worker: create 2 (KEDA: 10), delete 0   [strategy custom]\n  \
             why: held: 10 wanted, 8 of 10 slots (maxReplicaCount) are taken\n"
        ),
        "{text}"
    );
}

#[test]
fn for_programs() {
    let (job, plan) = busy();
    let view = serde_json::to_value(to_view(&[object(&job, &plan)])).unwrap();
    assert_eq!(view["apiVersion"], "keda-jobs/v1");
    assert_eq!(view["kind"], "PlanList");
    let item = &view["items"][0];
    assert_eq!(item["namespace"], "default");
    assert_eq!(item["name"], "mail-worker");
    assert_eq!(item["decision"]["create"], 4);
    assert_eq!(item["decision"]["effectiveMaxScale"], 4);
    assert_eq!(item["deciding"]["term"], "pending");
    assert_eq!(item["jobs"]["slots"], 2);
    assert_eq!(item["triggers"][0]["type"], "redis");
    assert_eq!(item["triggers"][0]["metrics"][0]["queueLength"], 25.0);
    assert_eq!(item["triggers"][2]["outcome"], "failed");
    assert_eq!(item["create"]["trigger"]["name"], "mails");
    assert_eq!(item["delete"][0]["uid"], "uid-mail-worker-c");
    assert_eq!(item["delete"][0]["propagationPolicy"], "Background");
    assert!(
        item["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .any(|reason| reason["code"] == "strategy-accurate" && reason["result"] == 4)
    );
}

#[test]
fn yaml_holds_the_same_as_json() {
    let (job, plan) = busy();
    let view = to_view(&[object(&job, &plan)]);
    let yaml = serde_yaml::to_string(&view).unwrap();
    let read: serde_json::Value = serde_yaml::from_str(&yaml).unwrap();
    assert_eq!(read, serde_json::to_value(&view).unwrap());
}

#[test]
fn numbers_that_are_none_are_null() {
    let job = scaled_job();
    let plan = plan_limited(
        &job,
        &[reading(0, f64::NAN, 1.0, true)],
        &Inventory::Known(Vec::new()),
        Limits::default(),
    );
    let view = serde_json::to_value(to_view(&[object(&job, &plan)])).unwrap();
    assert!(view["items"][0]["triggers"][0]["metrics"][0]["queueLength"].is_null());
}
