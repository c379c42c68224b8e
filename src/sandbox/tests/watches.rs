//! Watches.

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::{Api, ResourceExt};

use super::*;

fn maps(sandbox: &Sandbox) -> Api<ConfigMap> {
    Api::default_namespaced(client(sandbox))
}

async fn put(sandbox: &Sandbox, name: &str, color: &str) -> String {
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"color": color}}});
    let made = maps(sandbox)
        .patch(
            name,
            &PatchParams::apply("test").force(),
            &Patch::Apply(map),
        )
        .await
        .unwrap();
    made.resource_version().unwrap()
}

/// The events of a plain watch, as type and name.
async fn lines(sandbox: &Sandbox, query: &str, count: usize) -> Vec<Value> {
    let url = format!(
        "{}/api/v1/namespaces/default/configmaps?watch=true&{query}",
        sandbox.url()
    );
    let mut response = reqwest::get(url).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut text = String::new();
    while text.lines().count() < count {
        match response.chunk().await.unwrap() {
            Some(bytes) => text.push_str(std::str::from_utf8(&bytes).unwrap()),
            None => break,
        }
    }
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn a_watch_follows_a_selector() {
    let sandbox = sandbox().await;
    let version = put(&sandbox, "zero", "blue").await;
    let watch = WatchParams::default().labels("color=red").timeout(20);
    let mut events = maps(&sandbox)
        .watch(&watch, &version)
        .await
        .unwrap()
        .boxed();
    put(&sandbox, "one", "red").await;
    put(&sandbox, "two", "blue").await;
    put(&sandbox, "two", "red").await;
    put(&sandbox, "one", "blue").await;
    maps(&sandbox)
        .delete("two", &DeleteParams::default())
        .await
        .unwrap();
    let mut seen = Vec::new();
    while seen.len() < 4 {
        match events.try_next().await.unwrap().unwrap() {
            WatchEvent::Added(map) => seen.push(format!("added {}", map.name_any())),
            WatchEvent::Modified(map) => seen.push(format!("modified {}", map.name_any())),
            WatchEvent::Deleted(map) => seen.push(format!("deleted {}", map.name_any())),
            _ => {}
        }
    }
    assert_eq!(
        seen,
        ["added one", "added two", "deleted one", "deleted two"]
    );
}

#[tokio::test]
async fn a_watch_without_a_version_starts_with_what_there_is() {
    let sandbox = sandbox().await;
    put(&sandbox, "one", "red").await;
    for query in [
        "labelSelector=color",
        "labelSelector=color&resourceVersion=0",
    ] {
        let seen = lines(&sandbox, query, 1).await;
        assert_eq!(
            (&seen[0]["type"], &seen[0]["object"]["metadata"]["name"]),
            (&json!("ADDED"), &json!("one"))
        );
    }
}

#[tokio::test]
async fn a_streaming_list_ends_with_its_bookmark() {
    let sandbox = sandbox().await;
    put(&sandbox, "one", "red").await;
    let query = "labelSelector=color&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let seen = lines(&sandbox, query, 2).await;
    assert_eq!(seen[1]["type"], "BOOKMARK");
    assert_eq!(
        seen[1]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"],
        "true"
    );
}

#[tokio::test]
async fn quiet_watches_get_bookmarks_and_end_in_time() {
    let sandbox =
        sandbox_with(|options| options.bookmark_interval = Duration::from_millis(50)).await;
    let version = put(&sandbox, "one", "red").await;
    let query = format!("resourceVersion={version}&allowWatchBookmarks=true&timeoutSeconds=1");
    let seen = lines(&sandbox, &query, 1).await;
    assert_eq!(seen[0]["type"], "BOOKMARK");
    let query = format!("resourceVersion={version}&timeoutSeconds=1");
    assert!(lines(&sandbox, &query, 1).await.is_empty());
}

#[tokio::test]
async fn a_forgotten_version_is_gone() {
    let sandbox = sandbox_with(|options| options.watch_history = 3).await;
    let version = put(&sandbox, "zero", "red").await;
    for number in 0..5 {
        put(&sandbox, &format!("m{number}"), "red").await;
    }
    let seen = lines(&sandbox, &format!("resourceVersion={version}"), 1).await;
    assert_eq!(
        (&seen[0]["type"], &seen[0]["object"]["code"]),
        (&json!("ERROR"), &json!(410))
    );
    assert_eq!(seen[0]["object"]["reason"], "Expired");
}

#[tokio::test]
async fn tables_can_be_watched() {
    let sandbox = sandbox().await;
    jobs(&sandbox)
        .create(&PostParams::default(), &job("one", &json!({})))
        .await
        .unwrap();
    let response = reqwest::Client::new()
        .get(format!(
            "{}{JOBS}?watch=true&timeoutSeconds=1",
            sandbox.url()
        ))
        .header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")
        .send()
        .await
        .unwrap();
    let text = response.text().await.unwrap();
    let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["object"]["kind"], "Table");
    assert_eq!(first["object"]["rows"][0]["cells"][0], "one");
}
