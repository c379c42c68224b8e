//! Faults on demand.

use super::*;

async fn fault(sandbox: &Sandbox, rule: Value) {
    let (code, answer) = post(sandbox, "/sandbox/faults", &json!([rule])).await;
    assert_eq!((code, answer), (200, json!({"added": 1})));
}

/// A request that may end without an answer.
async fn try_create(sandbox: &Sandbox, name: &str) -> Result<u16, reqwest::Error> {
    create_at(&sandbox.url(), name).await
}

async fn create_at(url: &str, name: &str) -> Result<u16, reqwest::Error> {
    let request = reqwest::Client::new().post(format!("{url}{JOBS}"));
    let body = job_value(name, &json!({"suspend": true})).to_string();
    let response = request
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await?;
    Ok(response.status().as_u16())
}

async fn exists(sandbox: &Sandbox, name: &str) -> bool {
    http(sandbox, "GET", &format!("{JOBS}/{name}"), None)
        .await
        .0
        == 200
}

#[tokio::test]
async fn a_status_comes_as_often_as_asked() {
    let sandbox = sandbox().await;
    fault(
        &sandbox,
        json!({"verb": "create", "resource": "jobs", "after": 1, "count": 1, "action": {"status": 503, "retryAfter": 7}}),
    )
    .await;
    assert_eq!(try_create(&sandbox, "one").await.unwrap(), 201);
    let body = job_value("two", &json!({})).to_string();
    let request = reqwest::Client::new().post(format!("{}{JOBS}", sandbox.url()));
    let response = request
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "7");
    assert_eq!(
        response.json::<Value>().await.unwrap()["details"]["retryAfterSeconds"],
        7
    );
    assert!(!exists(&sandbox, "two").await);
    assert_eq!(try_create(&sandbox, "two").await.unwrap(), 201);
}

#[tokio::test]
async fn a_cut_connection_writes_nothing() {
    let sandbox = sandbox().await;
    fault(
        &sandbox,
        json!({"method": "POST", "path": "/jobs", "count": 1, "action": {"cut": true}}),
    )
    .await;
    try_create(&sandbox, "one").await.unwrap_err();
    assert!(!exists(&sandbox, "one").await);
}

#[tokio::test]
async fn a_lost_answer_has_written() {
    let sandbox = sandbox().await;
    fault(
        &sandbox,
        json!({"verb": "create", "count": 1, "action": {"loseAnswer": true}}),
    )
    .await;
    try_create(&sandbox, "one").await.unwrap_err();
    assert!(exists(&sandbox, "one").await);
    assert_eq!(try_create(&sandbox, "one").await.unwrap(), 409);
}

#[tokio::test]
async fn a_list_may_be_empty_and_its_objects_there() {
    let sandbox = sandbox().await;
    assert_eq!(try_create(&sandbox, "one").await.unwrap(), 201);
    fault(
        &sandbox,
        json!({"verb": "list", "resource": "jobs", "count": 1, "action": {"empty": true}}),
    )
    .await;
    let path = format!("{JOBS}?limit=1");
    let (code, list) = http(&sandbox, "GET", &path, None).await;
    assert_eq!((code, &list["items"]), (200, &json!([])));
    assert!(list["metadata"]["resourceVersion"].is_string(), "{list:#}");
    assert!(exists(&sandbox, "one").await);
    let (_, list) = http(&sandbox, "GET", &path, None).await;
    assert_eq!(list["items"][0]["metadata"]["name"], "one");
}

#[tokio::test]
async fn delays_are_before_or_after_the_write() {
    let sandbox = sandbox().await;
    fault(&sandbox, json!({"path": "default/jobs", "verb": "create", "count": 1, "action": {"delay": 3_600_000}})).await;
    let url = sandbox.url();
    let early = tokio::spawn(async move { create_at(&url, "before").await });
    // Only when the request has arrived is the rule used up.
    eventually("the request to arrive", || async {
        let requests = http(&sandbox, "GET", "/sandbox/requests", None).await;
        (requests.1["counts"]["create jobs"] == json!(1)).then_some(())
    })
    .await;
    assert!(!early.is_finished() && !exists(&sandbox, "before").await);
    early.abort();
    fault(
        &sandbox,
        json!({"verb": "create", "count": 1, "action": {"delayAfter": 3_600_000}}),
    )
    .await;
    let url = sandbox.url();
    let late = tokio::spawn(async move { create_at(&url, "after").await });
    eventually("the write", || async {
        exists(&sandbox, "after").await.then_some(())
    })
    .await;
    assert!(!late.is_finished());
    late.abort();
    http(&sandbox, "DELETE", "/sandbox/faults", None).await;
    assert_eq!(try_create(&sandbox, "free").await.unwrap(), 201);
}

async fn watch_text(sandbox: &Sandbox, wait: Duration) -> Option<String> {
    let url = format!("{}{JOBS}?watch=true&resourceVersion=0", sandbox.url());
    let response = reqwest::get(url).await.unwrap();
    tokio::time::timeout(wait, response.text())
        .await
        .ok()
        .map(Result::unwrap)
}

#[tokio::test]
async fn new_watches_break_in_three_ways() {
    let sandbox = sandbox().await;
    try_create(&sandbox, "one").await.unwrap();
    let rule = |how: &str| json!({"resource": "jobs", "count": 1, "action": {"watch": how}});
    fault(&sandbox, rule("expire")).await;
    let text = watch_text(&sandbox, Duration::from_secs(30)).await.unwrap();
    assert!(text.contains("\"code\":410"), "{text}");
    fault(&sandbox, rule("end")).await;
    assert_eq!(
        watch_text(&sandbox, Duration::from_secs(30))
            .await
            .as_deref(),
        Some("")
    );
    fault(&sandbox, rule("stop")).await;
    assert_eq!(watch_text(&sandbox, Duration::from_millis(300)).await, None);
}

#[tokio::test]
async fn running_watches_break_too() {
    let sandbox = sandbox().await;
    let url = format!("{}{JOBS}?watch=true&resourceVersion=0", sandbox.url());
    let response = reqwest::get(url).await.unwrap();
    let body = tokio::spawn(response.text());
    fault(
        &sandbox,
        json!({"verb": "watch", "action": {"watch": "expire"}}),
    )
    .await;
    let text = tokio::time::timeout(Duration::from_secs(30), body)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert!(text.contains("too old resource version"));
}

#[tokio::test]
async fn requests_are_counted() {
    let sandbox = sandbox().await;
    try_create(&sandbox, "one").await.unwrap();
    exists(&sandbox, "one").await;
    let (_, seen) = http(&sandbox, "GET", "/sandbox/requests", None).await;
    assert_eq!(seen["counts"], json!({"create jobs": 1, "get jobs": 1}));
    assert_eq!(seen["last"][0]["path"], JOBS);
    http(&sandbox, "DELETE", "/sandbox/requests", None).await;
    assert_eq!(
        http(&sandbox, "GET", "/sandbox/requests", None).await.1["counts"],
        json!({})
    );
}

#[tokio::test]
async fn wrong_rules_are_refused() {
    let sandbox = sandbox().await;
    for wrong in [
        json!([{"action": {"explode": true}}]),
        json!([{"action": {"status": 99}}]),
        json!({}),
        json!([{}]),
    ] {
        assert_eq!(
            post(&sandbox, "/sandbox/faults", &wrong).await.0,
            400,
            "{wrong}"
        );
    }
    assert_eq!(
        post(&sandbox, "/sandbox/queue", &json!({"add": -1}))
            .await
            .0,
        400
    );
    assert_eq!(http(&sandbox, "GET", "/sandbox/none", None).await.0, 404);
}
