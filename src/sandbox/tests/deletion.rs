//! Preconditions, propagation, garbage collection.

use kube::api::{DeleteParams, ListParams, PostParams, PropagationPolicy};
use kube::{Resource, ResourceExt};

use super::*;

const LONG: &str = "1h";

async fn running_job(sandbox: &Sandbox, name: &str) -> Job {
    let spec = annotated(&json!({"sandbox.keda-jobs/run": LONG}));
    let made = jobs(sandbox)
        .create(&PostParams::default(), &job(name, &spec))
        .await
        .unwrap();
    eventually("a pod", || async {
        (!pods(sandbox)
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .is_empty())
        .then_some(())
    })
    .await;
    made
}

async fn no_pods(sandbox: &Sandbox) {
    eventually("the end of the pods", || async {
        pods(sandbox)
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .is_empty()
            .then_some(())
    })
    .await;
}

async fn no_job(sandbox: &Sandbox, name: &str) {
    eventually("the end of the job", || async {
        jobs(sandbox)
            .get_opt(name)
            .await
            .unwrap()
            .is_none()
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn preconditions_are_held() {
    let sandbox = sandbox().await;
    let made = running_job(&sandbox, "one").await;
    let wrong = DeleteParams {
        preconditions: Some(kube::api::Preconditions {
            uid: Some("other".to_owned()),
            resource_version: None,
        }),
        ..DeleteParams::background()
    };
    let error = jobs(&sandbox).delete("one", &wrong).await.unwrap_err();
    assert!(
        matches!(error, kube::Error::Api(status) if status.code == 409 && status.message.contains("UID in precondition: other"))
    );
    let right = DeleteParams {
        preconditions: Some(kube::api::Preconditions {
            uid: made.uid(),
            resource_version: None,
        }),
        ..DeleteParams::background()
    };
    let status = jobs(&sandbox)
        .delete("one", &right)
        .await
        .unwrap()
        .right()
        .unwrap();
    assert!(status.is_success());
    no_pods(&sandbox).await;
    let error = jobs(&sandbox).delete("one", &right).await.unwrap_err();
    assert!(matches!(error, kube::Error::Api(status) if status.code == 404));
}

#[tokio::test]
async fn without_a_policy_the_pods_are_orphaned() {
    let sandbox = sandbox().await;
    running_job(&sandbox, "one").await;
    jobs(&sandbox)
        .delete("one", &DeleteParams::default())
        .await
        .unwrap();
    no_job(&sandbox, "one").await;
    let left = pods(&sandbox)
        .list(&ListParams::default())
        .await
        .unwrap()
        .items;
    assert_eq!(left.len(), 1);
    assert!(left[0].owner_references().is_empty() && left[0].meta().deletion_timestamp.is_none());
}

#[tokio::test]
async fn foreground_waits_for_the_pods() {
    let sandbox = sandbox_with(|options| options.pod_stop = Duration::from_millis(300)).await;
    running_job(&sandbox, "one").await;
    let answer = jobs(&sandbox)
        .delete("one", &DeleteParams::foreground())
        .await
        .unwrap()
        .left()
        .unwrap();
    assert!(answer.meta().deletion_timestamp.is_some());
    assert_eq!(answer.finalizers(), ["foregroundDeletion"]);
    no_job(&sandbox, "one").await;
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
async fn an_owner_that_never_was_takes_the_job_with_it() {
    let sandbox = sandbox().await;
    let mut job = job("one", &json!({"suspend": true}));
    job.metadata.owner_references = Some(vec![
        serde_json::from_value(json!({
            "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob", "name": "none", "uid": "1-2-3", "controller": true,
        }))
        .unwrap(),
    ]);
    jobs(&sandbox)
        .create(&PostParams::default(), &job)
        .await
        .unwrap();
    no_job(&sandbox, "one").await;
}

#[tokio::test]
async fn finalizers_hold_an_object() {
    let sandbox = sandbox().await;
    let mut job = job("one", &json!({"suspend": true}));
    job.metadata.finalizers = Some(vec!["example.com/hold".to_owned()]);
    jobs(&sandbox)
        .create(&PostParams::default(), &job)
        .await
        .unwrap();
    let policy = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Background),
        ..DeleteParams::default()
    };
    assert!(
        jobs(&sandbox)
            .delete("one", &policy)
            .await
            .unwrap()
            .is_left()
    );
    assert!(
        jobs(&sandbox)
            .get("one")
            .await
            .unwrap()
            .meta()
            .deletion_timestamp
            .is_some()
    );
    let patch = kube::api::Patch::Merge(json!({"metadata": {"finalizers": null}}));
    jobs(&sandbox)
        .patch("one", &kube::api::PatchParams::default(), &patch)
        .await
        .unwrap();
    no_job(&sandbox, "one").await;
}

#[tokio::test]
async fn a_collection_goes_by_selector() {
    let sandbox = sandbox().await;
    for (name, color) in [("a", "red"), ("b", "red"), ("c", "blue")] {
        let mut job = job(name, &json!({"suspend": true}));
        job.labels_mut()
            .insert("color".to_owned(), color.to_owned());
        jobs(&sandbox)
            .create(&PostParams::default(), &job)
            .await
            .unwrap();
    }
    let red = ListParams::default().labels("color=red");
    let dry = DeleteParams {
        dry_run: true,
        ..DeleteParams::background()
    };
    jobs(&sandbox).delete_collection(&dry, &red).await.unwrap();
    assert_eq!(
        jobs(&sandbox)
            .list(&ListParams::default())
            .await
            .unwrap()
            .items
            .len(),
        3
    );
    jobs(&sandbox)
        .delete_collection(&DeleteParams::background(), &red)
        .await
        .unwrap();
    no_job(&sandbox, "a").await;
    no_job(&sandbox, "b").await;
    assert!(jobs(&sandbox).get_opt("c").await.unwrap().is_some());
}
