//! The cluster refuses Jobs: a quota that is used up, a right that is missing.

use k8s_openapi::api::core::v1::ResourceQuota;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use libtest_mimic::Trial;
use serde_json::json;

use super::scene;
use crate::support::cluster::TestCluster;
use crate::support::{Outcome, assert_contains, embedded_test, eventually};

pub(super) fn tests() -> Vec<Trial> {
    vec![
        embedded_test(
            "faults::a_quota_stops_the_cycle_with_the_servers_words",
            quota,
        ),
        embedded_test(
            "faults::what_a_quota_refuses_is_tried_one_at_a_time_and_told_of_once",
            quota_in_a_loop,
        ),
        embedded_test(
            "faults::a_missing_right_to_create_is_named_as_in_a_role",
            no_right,
        ),
    ]
}

/// Leaves room for so many Jobs, with the quota of the path that it gives.
pub(super) fn allow(cluster: &TestCluster, jobs: usize) -> String {
    let path = format!("/api/v1/namespaces/{}/resourcequotas", cluster.namespace);
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "few"}, "spec": {"hard": {"count/jobs.batch": jobs.to_string()}}});
    cluster.admin("POST", &path, Some(quota));
    format!("{path}/few")
}

fn quota() -> Outcome {
    let scene = scene(10);
    allow(&scene.cluster, 3);
    let run = scene
        .cluster
        .run(["run", "--once", "--concurrency", "1", &scene.manifest])
        .expect(1);
    assert_contains(
        &run.stdout,
        &[
            "ERROR: 7 Jobs are not created: the cluster refuses them: jobs.batch \"orders-",
            "exceeded quota: few",
        ],
    );
    assert_eq!(scene.cluster.jobs().len(), 3);
    Ok(())
}

fn quota_in_a_loop() -> Outcome {
    let scene = scene(40);
    let quota = allow(&scene.cluster, 3);
    let (run, stdout) = scene.start(&[]);
    let said = || std::fs::read_to_string(&stdout).expect("stdout");
    let cycles = |count: usize| {
        eventually("cycles that are refused", || {
            let short = "37 Jobs are not created: the cluster still refuses them\n";
            (said().matches(short).count() >= count).then_some(())
        });
    };
    cycles(1);
    scene.cluster.admin("DELETE", "/sandbox/requests", None);
    cycles(5);
    let requests = scene.cluster.admin("GET", "/sandbox/requests", None);
    let sent = requests["counts"]["create jobs"].as_u64();
    assert!(
        sent.is_some_and(|sent| (3..=6).contains(&sent)),
        "{requests:#}"
    );
    let text = said();
    assert_eq!(text.matches("exceeded quota: few").count(), 1, "{text}");
    let planned = text.matches("create 37 (").count();
    assert_eq!(planned, 1, "{text}");
    assert_eq!(scene.cluster.jobs().len(), 3);
    // One place more: that is not a reason to send all the others.
    scene.cluster.admin("DELETE", "/sandbox/requests", None);
    scene
        .cluster
        .change("few", false, |quota: &mut ResourceQuota| {
            let spec = quota.spec.get_or_insert_default();
            spec.hard = Some([("count/jobs.batch".to_owned(), Quantity("4".to_owned()))].into());
        });
    let short = "36 Jobs are not created: the cluster still refuses them\n";
    eventually("a cycle with it", || said().contains(short).then_some(()));
    let requests = scene.cluster.admin("GET", "/sandbox/requests", None);
    let sent = requests["counts"]["create jobs"].as_u64();
    assert!(sent.is_some_and(|sent| sent < 12), "{requests:#}");
    assert_eq!(scene.cluster.jobs().len(), 4);
    scene.cluster.admin("DELETE", &quota, None);
    eventually("the other Jobs", || {
        (scene.cluster.jobs().len() == 40).then_some(())
    });
    eventually("word of it", || {
        said().contains("Jobs are created again").then_some(())
    });
    run.signal("INT");
    assert_eq!(run.wait(), 130);
    assert_contains(&said(), &["40 created"]);
    Ok(())
}

fn no_right() -> Outcome {
    let scene = scene(10);
    scene.fault(json!([{"verb": "create", "resource": "jobs", "action": {"status": 403}}]));
    let run = scene
        .cluster
        .run(["run", "--once", "--concurrency", "1", &scene.manifest])
        .expect(1);
    let right = format!(
        "(the right to create jobs.batch in namespace {} is missing",
        scene.cluster.namespace
    );
    assert_contains(
        &run.stdout,
        &[&right, "10 Jobs are not created: the cluster refuses them"],
    );
    Ok(())
}
