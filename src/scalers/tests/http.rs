//! The HTTP scalers against servers that behave well and badly.

use super::fake::{Cluster, Objects, answer, flat, one, read, serve, trigger};
use crate::api::reading::{MetricTarget, ReadingOutcome};

async fn metrics_api(
    answers: Vec<String>,
    more: &[(&str, &str)],
    auth: Option<&[(&str, &str)]>,
) -> (Result<(f64, bool), String>, Vec<String>) {
    let (address, seen) = serve(answers).await;
    let url = format!("http://user:hunter2@{address}/stats?token=hunter2");
    let mut metadata = vec![
        ("url", url.as_str()),
        ("valueLocation", "n"),
        ("targetValue", "2.5"),
    ];
    metadata.extend(more);
    let result = one("metrics-api", &metadata, auth).await;
    let seen = seen.lock().unwrap().clone();
    (result, seen)
}

#[tokio::test]
async fn a_number_is_read_once() {
    let (result, seen) = metrics_api(vec![answer(200, "{\"n\":7.0005}")], &[], None).await;
    assert_eq!(result, Ok((7.0, true)));
    assert_eq!(seen.len(), 1);
    assert!(seen[0].starts_with("GET /stats?token=hunter2 "), "{seen:?}");
    // The address's own user and password are used.
    assert!(
        seen[0].contains("authorization: Basic dXNlcjpodW50ZXIy"),
        "{seen:?}"
    );
}

#[tokio::test]
async fn activation_compares_the_raw_value() {
    let activation = [("activationTargetValue", "7")];
    let (result, _) = metrics_api(vec![answer(200, "{\"n\":7}")], &activation, None).await;
    assert_eq!(result, Ok((7.0, false)));
    let (result, _) = metrics_api(vec![answer(200, "{\"n\":7.0001}")], &activation, None).await;
    assert_eq!(result, Ok((7.0, true)));
}

#[tokio::test]
async fn failures_are_failures_asked_twice_and_silent_about_secrets() {
    let oversize = format!("{{\"n\":1,\"x\":\"{}\"}}", "x".repeat(9 << 20));
    for (body, part) in [
        (answer(401, "no"), "answered 401 Unauthorized"),
        (answer(500, "{\"n\":5}"), "answered 500"),
        (answer(204, ""), "answered 204"),
        (
            answer(200, "<html>hunter2</html>"),
            "something else than JSON",
        ),
        (answer(200, "{}"), "has nothing at n"),
        (answer(200, &oversize), "more than 8 MiB"),
        ("garbage\r\n\r\n".to_owned(), "cannot be asked"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"n\":5".to_owned(),
            "cannot be asked",
        ),
    ] {
        let (result, seen) = metrics_api(vec![body], &[], None).await;
        let error = result.unwrap_err();
        assert!(error.starts_with("failed: http://127.0.0.1:"), "{error}");
        assert!(error.contains(part), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(seen.len(), 2, "{error}");
    }
}

#[tokio::test]
async fn the_second_attempt_can_succeed() {
    let answers = vec![answer(503, ""), answer(200, "{\"n\":4}")];
    let (result, seen) = metrics_api(answers, &[], None).await;
    assert_eq!(result, Ok((4.0, true)));
    assert_eq!(seen.len(), 2);
}

#[tokio::test]
async fn a_server_that_never_answers_is_an_error() {
    let (result, _) = metrics_api(vec![String::new()], &[("timeout", "50ms")], None).await;
    let error = result.unwrap_err();
    assert!(error.contains("/stats did not answer in time"), "{error}");
    // Nobody listens.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{address}/");
    let metadata = [
        ("url", url.as_str()),
        ("valueLocation", "n"),
        ("targetValue", "1"),
    ];
    let error = one("metrics-api", &metadata, None).await.unwrap_err();
    assert!(error.starts_with("failed: http://127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn modes_of_authentication() {
    let good = || vec![answer(200, "{\"n\":1}")];
    for (modes, auth, part) in [
        ("apiKey", vec![("apiKey", "k1")], "x-api-key: k1\r\n"),
        (
            "bearer",
            vec![("token", "k2")],
            "authorization: Bearer k2\r\n",
        ),
        (
            "basic",
            vec![("username", "u"), ("password", "p")],
            "authorization: Basic dTpw\r\n",
        ),
        (
            "custom",
            vec![("customAuthHeader", "X-Mine"), ("customAuthValue", "k3")],
            "x-mine: k3\r\n",
        ),
    ] {
        let (result, seen) = metrics_api(good(), &[("authModes", modes)], Some(&auth)).await;
        assert_eq!(result, Ok((1.0, true)), "{modes}");
        assert!(seen[0].contains(part), "{modes}: {seen:?}");
    }
    let query = [
        ("authMode", "apiKey"),
        ("method", "query"),
        ("keyParamName", "k"),
    ];
    let (_, seen) = metrics_api(good(), &query, Some(&[("apiKey", "a b")])).await;
    assert!(
        seen[0].starts_with("GET /stats?token=hunter2&k=a+b "),
        "{seen:?}"
    );
    for (modes, auth, part) in [
        ("bearer,basic", vec![("token", "t")], "only one of"),
        (
            "bearer",
            vec![("username", "u")],
            "authModes bearer needs parameter bearerToken",
        ),
        (
            "tls",
            vec![("cert", "x")],
            "authModes tls needs parameter key",
        ),
        (
            "oauth",
            vec![("clientID", "x")],
            "OAuth needs oauthTokenURI too",
        ),
        ("bearer", vec![("token", "hunter2\nx: y")], "cannot be sent"),
        ("magic", vec![("token", "t")], "must be one of apiKey"),
        (
            "bearer",
            vec![("token", "t"), ("ca", "hunter2")],
            "ca must be PEM",
        ),
    ] {
        let (result, seen) = metrics_api(good(), &[("authModes", modes)], Some(&auth)).await;
        let error = result.unwrap_err();
        assert!(error.starts_with("not built: "), "{error}");
        assert!(error.contains(part), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert!(seen.is_empty());
    }
}

#[tokio::test]
async fn oauth_asks_for_a_token_first() {
    let (tokens, asked) = serve(vec![
        answer(401, ""),
        answer(200, "{\"access_token\":\"t0k\",\"token_type\":\"bearer\"}"),
    ])
    .await;
    let token_url = format!("http://{tokens}/token");
    let auth = [
        ("oauthTokenURI", token_url.as_str()),
        ("clientID", "me"),
        ("clientSecret", "hunter2"),
        ("scopes", "a,b"),
        ("endpointParams", "audience=x%20y"),
    ];
    let answers = vec![answer(200, "{\"n\":3}")];
    let (result, seen) = metrics_api(answers, &[("authModes", "oauth")], Some(&auth)).await;
    assert_eq!(result, Ok((3.0, true)));
    assert!(seen[0].contains("authorization: Bearer t0k"), "{seen:?}");
    let asked = asked.lock().unwrap().clone();
    assert!(
        asked[0].contains("authorization: Basic bWU6aHVudGVyMg=="),
        "{asked:?}"
    );
    assert!(
        asked[0].ends_with("grant_type=client_credentials&scope=a+b&audience=x+y"),
        "{asked:?}"
    );
    assert!(
        asked[1].ends_with("&client_id=me&client_secret=hunter2"),
        "{asked:?}"
    );
    // A refusal names the token's address and nothing else.
    let (refusing, _) = serve(vec![answer(403, "hunter2")]).await;
    let refusing = format!("http://{refusing}/token");
    let auth = [
        ("oauthTokenURI", refusing.as_str()),
        ("clientID", "me"),
        ("clientSecret", "hunter2"),
    ];
    let (result, _) = metrics_api(
        vec![answer(200, "{\"n\":3}")],
        &[("authModes", "oauth")],
        Some(&auth),
    )
    .await;
    assert_eq!(
        result,
        Err(format!("failed: {refusing} answered 403 Forbidden"))
    );
}

#[tokio::test]
async fn endpoints_are_combined() {
    for (kind, wanted) in [("average", 2.0), ("sum", 4.0), ("max", 3.0), ("min", 1.0)] {
        let (address, _) = serve(vec![answer(200, "{\"n\":1}"), answer(200, "{\"n\":3}")]).await;
        let url = format!("http://svc.ns.svc:{}/", address.port());
        let metadata = [
            ("url", url.as_str()),
            ("valueLocation", "n"),
            ("targetValue", "1"),
            ("aggregateFromKubeServiceEndpoints", "true"),
            ("aggregationType", kind),
        ];
        let cluster = Cluster {
            endpoints: vec![address.ip(), address.ip()],
            ..Cluster::default()
        };
        let triggers = vec![trigger(0, "metrics-api", &metadata, false)];
        let mut readings = read(triggers, &Objects::default(), cluster).await;
        assert_eq!(
            flat(readings.remove(0).outcome),
            Ok((wanted, true)),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn prometheus() {
    let vector = "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[1,\"2.5\"]}]}}";
    let empty = "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}}";
    for (body, more, wanted) in [
        (
            answer(200, vector),
            ("activationThreshold", "2.5"),
            Ok((2.5, false)),
        ),
        (
            answer(200, empty),
            ("ignoreNullValues", "true"),
            Ok((0.0, false)),
        ),
        (
            answer(200, empty),
            ("ignoreNullValues", "false"),
            Err("gave no value"),
        ),
        (
            answer(400, "{}"),
            ("timeout", "5s"),
            Err("/api/v1/query answered 400 Bad Request"),
        ),
        (
            answer(200, "oops"),
            ("timeout", "5s"),
            Err("something else than JSON"),
        ),
    ] {
        let (address, seen) = serve(vec![body]).await;
        let server = format!("http://{address}/prefix");
        let metadata = [
            ("serverAddress", server.as_str()),
            ("query", "sum(a{b=\"c\"})"),
            ("threshold", "1"),
            ("namespace", "a&b"),
            ("queryParameters", "dedup=true"),
            ("customHeaders", "X-Scope=mine"),
            more,
        ];
        let result = one("prometheus", &metadata, None).await;
        match wanted {
            Ok(wanted) => assert_eq!(result, Ok(wanted)),
            Err(part) => assert!(result.unwrap_err().contains(part)),
        }
        let seen = seen.lock().unwrap()[0].clone();
        assert!(
            seen.starts_with("GET /prefix/api/v1/query?query=sum%28a%7Bb%3D%22c%22%7D%29&namespace=a%26b&dedup=true&time=1970-01-01T00%3A00%3A00Z HTTP"),
            "{seen}"
        );
        assert!(seen.contains("x-scope: mine"), "{seen}");
    }
}

#[tokio::test]
async fn rabbitmq_over_http() {
    let queue = "{\"name\":\"q\",\"messages\":12,\"messages_ready\":5}";
    for (path, more, wanted_path, wanted) in [
        ("", ("mode", "QueueLength"), "/api/queues/%2F/my%20q", 12.0),
        (
            "/",
            ("excludeUnacknowledged", "true"),
            "/api/queues/%2F/my%20q",
            5.0,
        ),
        (
            "/v%2Fh",
            ("mode", "QueueLength"),
            "/api/queues/v%2Fh/my%20q",
            12.0,
        ),
        (
            "/base/path/v",
            ("mode", "QueueLength"),
            "/base/path/api/queues/v/my%20q",
            12.0,
        ),
        (
            "/v",
            ("vhostName", "a b/c"),
            "/api/queues/a%20b%2Fc/my%20q",
            12.0,
        ),
    ] {
        let (address, seen) = serve(vec![answer(200, queue)]).await;
        let host = format!("http://user:p%40ss@{address}{path}");
        let metadata = [
            ("host", host.as_str()),
            ("queueName", "my q"),
            ("mode", "QueueLength"),
            ("value", "5"),
            more,
        ];
        assert_eq!(one("rabbitmq", &metadata, None).await, Ok((wanted, true)));
        let seen = seen.lock().unwrap()[0].clone();
        assert!(
            seen.starts_with(&format!("GET {wanted_path} HTTP")),
            "{seen}"
        );
        assert!(
            seen.contains("authorization: Basic dXNlcjpwQHNz\r\n"),
            "{seen}"
        );
    }
    let (address, seen) = serve(vec![answer(200, "{\"items\":[{\"name\":\"a\",\"messages\":3},{\"name\":\"b\",\"messages\":4}],\"page_count\":1}")]).await;
    let host = format!("http://{address}/v");
    let metadata = [
        ("host", host.as_str()),
        ("queueName", "^a b.*$"),
        ("useRegex", "true"),
        ("operation", "max"),
    ];
    assert_eq!(one("rabbitmq", &metadata, None).await, Ok((4.0, true)));
    let seen = seen.lock().unwrap()[0].clone();
    assert!(seen.starts_with("GET /api/queues/v?page=1&use_regex=true&pagination=false&name=%5Ea+b.*%24&page_size=100 "), "{seen}");
    let (address, _) = serve(vec![answer(404, "{}")]).await;
    let host = format!("http://u:hunter2@{address}");
    let error = one("rabbitmq", &[("host", &host), ("queueName", "q")], None)
        .await
        .unwrap_err();
    assert_eq!(
        error,
        format!(
            "failed: rabbitmq http://{address}/api/queues/%2F/q answered 404 Not Found; is there such a queue in that vhost?"
        )
    );
}

#[tokio::test]
async fn rabbitmq_parameters_that_exclude_each_other() {
    for (host, more, part) in [
        (
            "amqp://h",
            vec![("useRegex", "true")],
            "useRegex needs protocol http",
        ),
        (
            "amqp://h",
            vec![("mode", "MessageRate"), ("value", "1")],
            "only QueueLength can be read over amqp",
        ),
        (
            "amqp://h",
            vec![("timeout", "5s"), ("mode", "QueueLength"), ("value", "1")],
            "timeout needs protocol http",
        ),
        (
            "amqp://h",
            vec![("excludeUnacknowledged", "true")],
            "excludeUnacknowledged needs protocol http",
        ),
        (
            "http://h",
            vec![("queueLength", "5"), ("mode", "QueueLength")],
            "cannot be combined",
        ),
        ("http://h", vec![("value", "5")], "mode is missing"),
        (
            "http://h",
            vec![("mode", "QueueLength")],
            "value is missing",
        ),
        (
            "http://h",
            vec![("pageSize", "0")],
            "pageSize must be at least 1",
        ),
        (
            "http://h",
            vec![("useRegex", "1"), ("operation", "min")],
            "must be sum, avg or max",
        ),
        ("ftp://u:hunter2@h", vec![], "scheme \"ftp\""),
        ("u:hunter2@h", vec![], "host"),
        (
            "http://h",
            vec![("protocol", "amqp")],
            "protocol is \"amqp\"",
        ),
    ] {
        let mut metadata = vec![("host", host), ("queueName", "q")];
        metadata.extend(more);
        let error = one("rabbitmq", &metadata, None).await.unwrap_err();
        assert!(
            error.starts_with("not built: ") && error.contains(part),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn names_and_targets_are_those_of_keda() {
    let (address, _) = serve(vec![answer(200, "{\"name\":\"q\",\"messages\":1}")]).await;
    let host = format!("http://{address}");
    let mut value = trigger(
        3,
        "rabbitmq",
        &[("host", &host), ("queueName", "a/b.c d")],
        false,
    );
    let average = value.clone();
    value.metric_type = Some("Value".to_owned());
    let mut broken = value.clone();
    broken.metric_type = Some("Utilization".to_owned());
    let readings = read(
        vec![average, value, broken],
        &Objects::default(),
        Cluster::default(),
    )
    .await;
    let ReadingOutcome::Read(average) = &readings[0].outcome else {
        panic!("{readings:?}")
    };
    assert_eq!(average[0].metric, "s3-rabbitmq-a-2Fb-c+d");
    assert_eq!(average[0].target, MetricTarget::AverageValue(20.0));
    let ReadingOutcome::Read(value) = &readings[1].outcome else {
        panic!("{readings:?}")
    };
    assert_eq!(value[0].target, MetricTarget::Value(20.0));
    assert!(
        matches!(&readings[2].outcome, ReadingOutcome::NotBuilt(text) if text.contains("Utilization"))
    );
}
