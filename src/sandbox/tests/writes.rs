//! Update, patch and apply.

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::*;

const MERGE: &str = "application/merge-patch+json";

#[tokio::test]
async fn stale_updates_conflict() {
    let sandbox = sandbox().await;
    let leases: Api<Lease> = Api::default_namespaced(client(&sandbox));
    let lease: Lease = serde_json::from_value(json!({
        "metadata": {"name": "one"}, "spec": {"holderIdentity": "a", "renewTime": "2026-01-01T00:00:00.000000Z"},
    }))
    .unwrap();
    let first = leases.create(&PostParams::default(), &lease).await.unwrap();
    let mut second = first.clone();
    second.spec.as_mut().unwrap().holder_identity = Some("b".to_owned());
    leases
        .replace("one", &PostParams::default(), &second)
        .await
        .unwrap();
    let error = leases
        .replace("one", &PostParams::default(), &second)
        .await
        .unwrap_err();
    assert!(
        matches!(error, kube::Error::Api(status) if status.code == 409 && status.reason == "Conflict")
    );
    // A Lease is never replaced blindly.
    second.metadata.resource_version = None;
    let error = leases
        .replace("one", &PostParams::default(), &second)
        .await
        .unwrap_err();
    assert!(matches!(error, kube::Error::Api(status) if status.code == 422));
    // Other kinds are: without a version the write is unconditional.
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&sandbox));
    let mut map: ConfigMap =
        serde_json::from_value(json!({"metadata": {"name": "one"}, "data": {"a": "1"}})).unwrap();
    maps.create(&PostParams::default(), &map).await.unwrap();
    map.data = Some([("a".to_owned(), "2".to_owned())].into());
    let third = maps
        .replace("one", &PostParams::default(), &map)
        .await
        .unwrap();
    // Nothing changed, so the version did not either.
    let fourth = maps
        .replace("one", &PostParams::default(), &map)
        .await
        .unwrap();
    assert_eq!(third.resource_version(), fourth.resource_version());
}

#[tokio::test]
async fn every_patch_dialect_works() {
    let sandbox = sandbox().await;
    let jobs = jobs(&sandbox);
    jobs.create(
        &PostParams::default(),
        &job("one", &json!({"suspend": true})),
    )
    .await
    .unwrap();
    let merge = Patch::Merge(json!({"metadata": {"annotations": {"a": "1", "b": "2"}}}));
    assert_eq!(
        jobs.patch("one", &PatchParams::default(), &merge)
            .await
            .unwrap()
            .annotations()
            .len(),
        2
    );
    let gone = Patch::Merge(json!({"metadata": {"annotations": {"a": null}}}));
    assert_eq!(
        jobs.patch("one", &PatchParams::default(), &gone)
            .await
            .unwrap()
            .annotations()
            .len(),
        1
    );
    let operations = r#"[{"op":"add","path":"/metadata/annotations/c","value":"3"}]"#;
    let media = "application/json-patch+json";
    let (_, changed) = http(
        &sandbox,
        "PATCH",
        &format!("{JOBS}/one"),
        Some((media, operations)),
    )
    .await;
    assert_eq!(changed["metadata"]["annotations"]["c"], "3");
    // A container is found by its name; suspended Jobs that never ran may change resources only.
    let strategic = Patch::Strategic(json!({"spec": {"template": {"spec": {"containers": [
        {"name": "main", "resources": {"limits": {"cpu": "1"}}},
    ]}}}}));
    let changed = jobs
        .patch("one", &PatchParams::default(), &strategic)
        .await
        .unwrap();
    let template = changed.spec.unwrap().template.spec.unwrap();
    assert_eq!(template.containers.len(), 1);
    assert_eq!(template.containers[0].image.as_deref(), Some("busybox:1"));
    assert!(template.containers[0].resources.is_some());
    let (code, status) = http(
        &sandbox,
        "PATCH",
        &format!("{JOBS}/one"),
        Some((
            "application/json-patch+json",
            r#"[{"op":"test","path":"/spec/suspend","value":false}]"#,
        )),
    )
    .await;
    assert_eq!(code, 422, "{status}");
    let (code, _) = http(
        &sandbox,
        "PATCH",
        &format!("{JOBS}/none"),
        Some((MERGE, "{}")),
    )
    .await;
    assert_eq!(code, 404);
    let (code, _) = http(
        &sandbox,
        "PATCH",
        &format!("{JOBS}/one"),
        Some(("text/plain", "{}")),
    )
    .await;
    assert_eq!(code, 415);
}

#[tokio::test]
async fn apply_creates_or_merges() {
    let sandbox = sandbox().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(client(&sandbox));
    let apply = |data: Value| {
        Patch::Apply(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data}),
        )
    };
    maps.patch("m", &PatchParams::apply("test"), &apply(json!({"a": "1"})))
        .await
        .unwrap();
    let merged = maps
        .patch("m", &PatchParams::apply("test"), &apply(json!({"b": "2"})))
        .await
        .unwrap();
    assert_eq!(merged.data.unwrap().len(), 2);
    let path = "/api/v1/namespaces/default/configmaps/m";
    let (code, _) = http(
        &sandbox,
        "PATCH",
        path,
        Some(("application/apply-patch+yaml", "data: {}")),
    )
    .await;
    assert_eq!(code, 422);
}

#[tokio::test]
async fn status_is_a_door_of_its_own() {
    let sandbox = sandbox().await;
    let path = "/apis/keda.sh/v1alpha1/namespaces/default/scaledjobs";
    let object = json!({
        "apiVersion": "keda.sh/v1alpha1", "kind": "ScaledJob", "metadata": {"name": "s"}, "spec": {"a": 1},
        "status": {"dropped": true},
    });
    let (_, made) = post(&sandbox, path, &object).await;
    assert!(made.get("status").is_none());
    let patch = Some((MERGE, r#"{"spec":{"a":2},"status":{"kept":true}}"#));
    let (_, changed) = http(&sandbox, "PATCH", &format!("{path}/s/status"), patch).await;
    assert_eq!(
        (&changed["spec"]["a"], &changed["status"]["kept"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(changed["metadata"]["generation"], 1);
    let (_, changed) = http(&sandbox, "PATCH", &format!("{path}/s"), patch).await;
    assert_eq!(
        (&changed["spec"]["a"], &changed["metadata"]["generation"]),
        (&json!(2), &json!(2))
    );
    let without = self::sandbox_with(|options| options.keda = false).await;
    assert_eq!(http(&without, "GET", path, None).await.0, 404);
}

#[tokio::test]
async fn secrets_take_string_data() {
    let sandbox = sandbox().await;
    let secrets: Api<Secret> = Api::default_namespaced(client(&sandbox));
    let secret =
        serde_json::from_value(json!({"metadata": {"name": "s"}, "stringData": {"a": "b"}}))
            .unwrap();
    let made = secrets
        .create(&PostParams::default(), &secret)
        .await
        .unwrap();
    assert_eq!(made.data.unwrap()["a"].0, b"b");
    assert_eq!(
        (made.string_data, made.type_.as_deref()),
        (None, Some("Opaque"))
    );
}
