//! The Job controller.

use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};

use super::*;

async fn create(sandbox: &Sandbox, name: &str, spec: &Value) {
    jobs(sandbox)
        .create(&PostParams::default(), &job(name, spec))
        .await
        .unwrap();
}

fn reason(job: &Job, condition: &str) -> Option<String> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    conditions
        .iter()
        .find(|one| one.type_ == condition)?
        .reason
        .clone()
}

#[tokio::test]
async fn a_job_runs_to_completion_and_takes_from_the_queue() {
    let sandbox = sandbox_with(|options| options.queue_items = 5).await;
    let mut spec = annotated(&json!({"sandbox.keda-jobs/takes": "2"}));
    spec["completions"] = json!(2);
    spec["parallelism"] = json!(2);
    create(&sandbox, "one", &spec).await;
    let done = until_condition(&jobs(&sandbox), "one", "Complete").await;
    let status = done.status.as_ref().unwrap();
    assert_eq!(
        (
            status.succeeded,
            status.active,
            status.terminating,
            status.ready
        ),
        (Some(2), None, Some(0), Some(0))
    );
    assert!(status.start_time.is_some() && status.completion_time.is_some());
    assert_eq!(
        reason(&done, "SuccessCriteriaMet").as_deref(),
        Some("CompletionsReached")
    );
    assert_eq!(sandbox.queue_length(), 1);
    let (_, queue) = http(&sandbox, "GET", "/sandbox/queue", None).await;
    assert_eq!(queue, json!({"items": 1, "taken": 4, "added": 5}));
    let (_, queue) = post(&sandbox, "/sandbox/queue", &json!({"add": 3})).await;
    assert_eq!(queue["items"], 4);
    let (_, queue) = post(&sandbox, "/sandbox/queue", &json!({"set": 0})).await;
    assert_eq!(queue, json!({"items": 0, "taken": 4, "added": 8}));
    for pod in pods(&sandbox)
        .list(&ListParams::default().labels("batch.kubernetes.io/job-name=one"))
        .await
        .unwrap()
    {
        assert_eq!(
            pod.status.as_ref().unwrap().phase.as_deref(),
            Some("Succeeded")
        );
        assert!(pod.finalizers().is_empty(), "counted");
        assert!(
            pods(&sandbox)
                .logs(&pod.name_any(), &kube::api::LogParams::default())
                .await
                .unwrap()
                .contains("done")
        );
    }
}

#[tokio::test]
async fn failures_end_at_the_backoff_limit() {
    let sandbox = sandbox().await;
    let mut spec =
        annotated(&json!({"sandbox.keda-jobs/fail": "always", "sandbox.keda-jobs/exit-code": "3"}));
    spec["backoffLimit"] = json!(2);
    create(&sandbox, "one", &spec).await;
    let failed = until_condition(&jobs(&sandbox), "one", "Failed").await;
    let status = failed.status.as_ref().unwrap();
    assert_eq!(
        (status.failed, status.completion_time.is_none()),
        (Some(3), true)
    );
    assert_eq!(
        reason(&failed, "Failed").as_deref(),
        Some("BackoffLimitExceeded")
    );
    assert_eq!(
        reason(&failed, "FailureTarget").as_deref(),
        Some("BackoffLimitExceeded")
    );
    let pod = pods(&sandbox)
        .list(&ListParams::default())
        .await
        .unwrap()
        .items
        .remove(0);
    let state = pod
        .status
        .unwrap()
        .container_statuses
        .unwrap()
        .remove(0)
        .state
        .unwrap();
    assert_eq!(state.terminated.unwrap().exit_code, 3);
}

#[tokio::test]
async fn first_attempts_may_fail() {
    let sandbox = sandbox().await;
    create(
        &sandbox,
        "one",
        &annotated(&json!({"sandbox.keda-jobs/fail": "2"})),
    )
    .await;
    let done = until_condition(&jobs(&sandbox), "one", "Complete").await;
    let status = done.status.unwrap();
    assert_eq!((status.failed, status.succeeded), (Some(2), Some(1)));
}

#[tokio::test]
async fn on_failure_restarts_in_place() {
    let sandbox = sandbox().await;
    let mut spec = annotated(&json!({"sandbox.keda-jobs/fail": "2"}));
    spec["template"]["spec"] = json!({"restartPolicy": "OnFailure"});
    create(&sandbox, "one", &spec).await;
    until_condition(&jobs(&sandbox), "one", "Complete").await;
    let all = pods(&sandbox)
        .list(&ListParams::default())
        .await
        .unwrap()
        .items;
    assert_eq!(all.len(), 1);
    assert_eq!(
        all[0]
            .status
            .as_ref()
            .unwrap()
            .container_statuses
            .as_ref()
            .unwrap()[0]
            .restart_count,
        2
    );
}

#[tokio::test]
async fn indexed_jobs_give_every_pod_its_index() {
    let sandbox = sandbox().await;
    create(
        &sandbox,
        "one",
        &json!({"completionMode": "Indexed", "completions": 4, "parallelism": 2}),
    )
    .await;
    let done = until_condition(&jobs(&sandbox), "one", "Complete").await;
    assert_eq!(
        done.status.unwrap().completed_indexes.as_deref(),
        Some("0-3")
    );
    let mut indexes: Vec<String> = pods(&sandbox)
        .list(&ListParams::default())
        .await
        .unwrap()
        .iter()
        .map(|pod| pod.annotations()["batch.kubernetes.io/job-completion-index"].clone())
        .collect();
    indexes.sort();
    assert_eq!(indexes, ["0", "1", "2", "3"]);
}

#[tokio::test]
async fn indexes_fail_on_their_own() {
    let sandbox = sandbox().await;
    let mut spec = annotated(&json!({"sandbox.keda-jobs/fail": "always"}));
    json_patch::merge(
        &mut spec,
        &json!({"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimitPerIndex": 1}),
    );
    create(&sandbox, "one", &spec).await;
    let failed = until_condition(&jobs(&sandbox), "one", "Failed").await;
    assert_eq!(reason(&failed, "Failed").as_deref(), Some("FailedIndexes"));
    let status = failed.status.unwrap();
    assert_eq!(
        (status.failed, status.failed_indexes.as_deref()),
        (Some(4), Some("0,1"))
    );
}

#[tokio::test]
async fn a_success_policy_ends_a_job_early() {
    let sandbox = sandbox().await;
    let spec = json!({
        "completionMode": "Indexed", "completions": 3, "parallelism": 1,
        "successPolicy": {"rules": [{"succeededIndexes": "0"}]},
    });
    create(&sandbox, "one", &spec).await;
    let done = until_condition(&jobs(&sandbox), "one", "Complete").await;
    assert_eq!(reason(&done, "Complete").as_deref(), Some("SuccessPolicy"));
}

#[tokio::test]
async fn a_failure_policy_fails_the_job_at_once() {
    let sandbox = sandbox().await;
    let mut spec = annotated(
        &json!({"sandbox.keda-jobs/fail": "always", "sandbox.keda-jobs/exit-code": "42"}),
    );
    spec["podFailurePolicy"] = json!({"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]});
    create(&sandbox, "one", &spec).await;
    let failed = until_condition(&jobs(&sandbox), "one", "Failed").await;
    assert_eq!(
        reason(&failed, "Failed").as_deref(),
        Some("PodFailurePolicy")
    );
    assert_eq!(failed.status.unwrap().failed, Some(1));
}

#[tokio::test]
async fn the_deadline_ends_a_running_job() {
    let sandbox = sandbox().await;
    let mut spec = annotated(&json!({"sandbox.keda-jobs/run": "1h"}));
    spec["activeDeadlineSeconds"] = json!(1);
    create(&sandbox, "one", &spec).await;
    let failed = until_condition(&jobs(&sandbox), "one", "Failed").await;
    assert_eq!(
        reason(&failed, "Failed").as_deref(),
        Some("DeadlineExceeded")
    );
    assert_eq!(
        failed.status.unwrap().failed,
        Some(1),
        "the pod that was stopped counts"
    );
}

#[tokio::test]
async fn suspending_stops_the_pods_and_resuming_starts_new_ones() {
    let sandbox = sandbox().await;
    create(&sandbox, "one", &json!({"suspend": true})).await;
    let suspended = until_condition(&jobs(&sandbox), "one", "Suspended").await;
    assert!(suspended.status.unwrap().start_time.is_none());
    assert!(
        pods(&sandbox)
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let resume = Patch::Merge(json!({"spec": {"suspend": false}}));
    jobs(&sandbox)
        .patch("one", &PatchParams::default(), &resume)
        .await
        .unwrap();
    let done = until_condition(&jobs(&sandbox), "one", "Complete").await;
    assert_eq!(reason(&done, "Suspended").as_deref(), Some("JobResumed"));
}

#[tokio::test]
async fn a_deleted_pod_is_replaced_and_counts_as_failed() {
    let sandbox = sandbox().await;
    create(
        &sandbox,
        "one",
        &annotated(&json!({"sandbox.keda-jobs/run": "1h"})),
    )
    .await;
    let first = eventually("a running pod", || async {
        let running = ListParams::default().fields("status.phase=Running");
        pods(&sandbox).list(&running).await.unwrap().items.pop()
    })
    .await
    .name_any();
    pods(&sandbox)
        .delete(&first, &DeleteParams::default())
        .await
        .unwrap();
    let second = eventually("another running pod", || async {
        let running = ListParams::default().fields("status.phase=Running");
        pods(&sandbox)
            .list(&running)
            .await
            .unwrap()
            .items
            .into_iter()
            .find(|pod| pod.name_any() != first)
    })
    .await;
    assert_ne!(second.name_any(), first);
    assert_eq!(
        jobs(&sandbox)
            .get("one")
            .await
            .unwrap()
            .status
            .unwrap()
            .failed,
        Some(1)
    );
}

#[tokio::test]
async fn finished_jobs_live_no_longer_than_they_may() {
    let sandbox = sandbox().await;
    create(&sandbox, "one", &json!({"ttlSecondsAfterFinished": 0})).await;
    eventually("the end of the job", || async {
        jobs(&sandbox)
            .get_opt("one")
            .await
            .unwrap()
            .is_none()
            .then_some(())
    })
    .await;
    assert!(
        pods(&sandbox)
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn a_job_of_another_controller_is_left_alone() {
    let sandbox = sandbox().await;
    create(
        &sandbox,
        "other",
        &json!({"managedBy": "example.com/queue"}),
    )
    .await;
    create(&sandbox, "ours", &json!({})).await;
    until_condition(&jobs(&sandbox), "ours", "Complete").await;
    let other = jobs(&sandbox).get("other").await.unwrap();
    assert_eq!(other.status.and_then(|status| status.start_time), None);
}

#[tokio::test]
async fn a_followed_log_waits_for_the_end() {
    let sandbox = sandbox_with(|options| options.pod_run = Duration::from_millis(300)).await;
    create(&sandbox, "one", &json!({})).await;
    let pod = eventually("a running pod", || async {
        let running = ListParams::default().fields("status.phase=Running");
        pods(&sandbox).list(&running).await.unwrap().items.pop()
    })
    .await;
    let path = format!(
        "/api/v1/namespaces/default/pods/{}/log?follow=true",
        pod.name_any()
    );
    let (code, text) = http(&sandbox, "GET", &path, None).await;
    assert_eq!(code, 200);
    assert!(text.as_str().unwrap().ends_with("done\n"), "{text}");
}

#[tokio::test]
async fn pods_that_fit_nowhere_stay_pending() {
    let sandbox = sandbox().await;
    create(
        &sandbox,
        "gated",
        &json!({"template": {"spec": {"schedulingGates": [{"name": "example.com/a"}]}}}),
    )
    .await;
    create(
        &sandbox,
        "nowhere",
        &json!({"template": {"spec": {"nodeSelector": {"disk": "gold"}}}}),
    )
    .await;
    for (name, reason) in [("gated", "SchedulingGated"), ("nowhere", "Unschedulable")] {
        eventually(reason, || async {
            let of_job = ListParams::default().labels(&format!("job-name={name}"));
            let pod = pods(&sandbox).list(&of_job).await.unwrap().items.pop()?;
            let condition = pod.status?.conditions?.pop()?;
            (condition.reason.as_deref() == Some(reason) && condition.status == "False")
                .then_some(())
        })
        .await;
        let job = jobs(&sandbox).get(name).await.unwrap().status.unwrap();
        assert_eq!((job.active, job.ready), (Some(1), Some(0)));
    }
}
