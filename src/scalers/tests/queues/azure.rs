//! `azure-queue`.

use std::fmt::Write as _;

use super::super::fake::{Cluster, Objects};
use super::super::fake::{answer, one, options, read, serve, trigger};
use super::place;
use crate::api::reading::{MetricTarget, ReadingOutcome};

/// `hunter2-hunter2`, which must not be shown.
const KEY: &str = "aHVudGVyMi1odW50ZXIy";

/// An answer to comp=metadata.
fn length(text: &str) -> String {
    answer(200, "").replacen(
        "content-length",
        &format!("x-ms-approximate-messages-count: {text}\r\ncontent-length"),
        1,
    )
}

/// An answer with so many messages.
fn peeked(count: usize) -> String {
    let mut messages = String::new();
    for number in 0..count {
        let _ = write!(
            messages,
            "<QueueMessage><MessageId>{number}</MessageId><MessageText>&lt;QueueMessage/&gt;</MessageText></QueueMessage>"
        );
    }
    let body = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><QueueMessagesList>{messages}</QueueMessagesList>"
    );
    answer(200, &body)
}

/// What comes of a queue whose server gives these answers, and what it was asked.
async fn ask(
    answers: Vec<String>,
    more: &[(&str, &str)],
    proof: &str,
) -> (Result<(f64, bool), String>, Vec<String>) {
    let (address, seen) = serve(answers).await;
    let connection = format!("QueueEndpoint=http://{address}/acct;{proof}");
    let metadata = [&[("queueName", "orders")], more].concat();
    let result = one(
        "azure-queue",
        &metadata,
        Some(&[("connection", &connection)]),
    )
    .await;
    if let Err(error) = &result {
        for secret in ["hunter2", KEY, "c2lnbmF0dXJl"] {
            assert!(!error.contains(secret), "{error}");
        }
        let place = format!("failed: http://{address}/acct/orders");
        assert!(error.starts_with(&place), "{error}");
    }
    let seen = seen.lock().unwrap().clone();
    (result, seen)
}

fn key() -> String {
    format!("AccountName=acct;AccountKey={KEY}")
}

/// The signatures are what Python's `hmac` makes of the string that Azure documents.
#[tokio::test]
async fn requests_are_signed_with_the_key() {
    let (result, seen) = ask(vec![length("7")], &[], &key()).await;
    assert_eq!(result, Ok((7.0, true)));
    assert_eq!(seen.len(), 1);
    for part in [
        "GET /acct/orders?comp=metadata HTTP/1.1",
        "\r\nx-ms-date: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
        "\r\nx-ms-version: 2021-12-02\r\n",
        "\r\nauthorization: SharedKey acct:XLuNuO5Rc0KjgHPe0M1P/UaxfoFueIeQ7mLFmIv050c=\r\n",
    ] {
        assert!(seen[0].contains(part), "{part}\n{}", seen[0]);
    }
    let visible = [("queueLengthStrategy", "visibleonly")];
    let (result, seen) = ask(vec![peeked(3)], &visible, &key()).await;
    assert_eq!(result, Ok((3.0, true)));
    assert_eq!(seen.len(), 1);
    for part in [
        "GET /acct/orders/messages?numofmessages=32&peekonly=true HTTP/1.1",
        "\r\nauthorization: SharedKey acct:7ejrKNJ7Xv6n3bGkrgEVQZX4tGulk9Y31gRE0I3keu8=\r\n",
    ] {
        assert!(seen[0].contains(part), "{part}\n{}", seen[0]);
    }
}

#[tokio::test]
async fn more_visible_messages_than_are_shown_count_as_all() {
    let visible = [("queueLengthStrategy", "VisibleOnly")];
    // KEDA compares in lower case what it has allowed in lower case only.
    assert!(one("azure-queue", &visible, None).await.is_err());
    let visible = [("queueLengthStrategy", "visibleonly")];
    for (answers, wanted, asked) in [
        (vec![peeked(0), length("40")], (0.0, false), 1),
        (vec![peeked(31), length("40")], (31.0, true), 1),
        (vec![peeked(32), length("40")], (40.0, true), 2),
    ] {
        let (result, seen) = ask(answers, &visible, &key()).await;
        assert_eq!(result, Ok(wanted));
        assert_eq!(seen.len(), asked);
    }
    let activation = [("activationQueueLength", "40")];
    let (result, _) = ask(vec![length("40")], &activation, &key()).await;
    assert_eq!(result, Ok((40.0, false)));
}

#[tokio::test]
async fn a_shared_access_signature_goes_into_the_query() {
    let signature = "SharedAccessSignature=sv=2021-12-02&ss=q&sp=r&sig=c2lnbmF0dXJl%2B%3D";
    let (result, seen) = ask(vec![length("7")], &[], signature).await;
    assert_eq!(result, Ok((7.0, true)));
    let start =
        "GET /acct/orders?comp=metadata&sv=2021-12-02&ss=q&sp=r&sig=c2lnbmF0dXJl%2B%3D HTTP/1.1";
    assert!(seen[0].starts_with(start), "{}", seen[0]);
    assert!(!seen[0].contains("authorization"), "{}", seen[0]);
    // What the server says may repeat it.
    let body = "<Error><Code>AuthorizationPermissionMismatch</Code><Message>sv=2021-12-02&amp;ss=q&amp;sp=r&amp;sig=c2lnbmF0dXJl%2B%3D\nRequestId:1</Message></Error>";
    let (result, _) = ask(vec![answer(403, body)], &[], signature).await;
    let error = result.unwrap_err();
    let end = "answered 403 Forbidden: AuthorizationPermissionMismatch ***; the SharedAccessSignature must permit to read queues (ss=q, srt=co, sp=r)";
    assert!(error.ends_with(end), "{error}");
}

#[tokio::test]
async fn an_answer_without_a_count_is_an_error() {
    let refusal = "<?xml version=\"1.0\"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.\nRequestId:1</Message></Error>";
    let gone = answer(404, "").replacen(
        "content-length",
        "x-ms-error-code: QueueNotFound\r\ncontent-length",
        1,
    );
    for (text, wanted) in [
        (
            answer(200, ""),
            "answered without x-ms-approximate-messages-count",
        ),
        (length(""), "no count"),
        (length("-1"), "no count"),
        (length("seven"), "no count"),
        (length("7.5"), "no count"),
        (length("99999999999999999999"), "no count"),
        (
            answer(403, refusal),
            "answered 403 Forbidden: AuthenticationFailed Server failed to authenticate the request.; is AccountKey a key of AccountName",
        ),
        (gone, "answered 404 Not Found: QueueNotFound"),
        (answer(500, "<html>"), "answered 500 Internal Server Error"),
        (answer(302, ""), "answered 302 Found"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx".to_owned(),
            "cannot be asked",
        ),
        ("nonsense\r\n\r\n".to_owned(), "cannot be asked"),
    ] {
        let (result, _) = ask(vec![text], &[], &key()).await;
        let error = result.unwrap_err();
        assert!(error.contains(wanted), "{wanted}\n{error}");
    }
    let whole = peeked(1);
    let body = whole.split_once("\r\n\r\n").unwrap().1;
    for body in [
        "",
        "{}",
        "<html/>",
        "<QueueMessages/>",
        &body[..body.len() - 4],
        &body.replace("&lt;", "&bad;"),
    ] {
        let visible = [("queueLengthStrategy", "visibleonly")];
        let (result, _) = ask(vec![answer(200, body)], &visible, &key()).await;
        let error = result.unwrap_err();
        assert!(
            error.ends_with(
                "/messages answered with something else than the XML of QueueMessagesList"
            ),
            "{error}"
        );
    }
}

#[tokio::test]
async fn the_metric_is_named_as_in_keda() {
    let (address, _) = serve(vec![length("7")]).await;
    let connection = format!("QueueEndpoint=http://{address}/acct;{}", key());
    let metadata = [
        ("queueName", "orders-1"),
        ("queueLength", "3"),
        ("connection", &connection),
    ];
    let trigger = trigger(4, "azure-queue", &metadata, false);
    let readings = read(vec![trigger], &Objects::default(), Cluster::default()).await;
    let ReadingOutcome::Read(metrics) = &readings[0].outcome else {
        panic!("{readings:?}");
    };
    assert_eq!(metrics[0].metric, "s4-azure-queue-orders-1");
    assert_eq!(metrics[0].target, MetricTarget::AverageValue(3.0));
}

#[tokio::test]
async fn where_an_account_is() {
    let workload = Some("azure-workload");
    let account = ("accountName", "acct");
    for (metadata, wanted) in [
        (
            &[account][..],
            "Scaler(https://acct.queue.core.windows.net/orders)",
        ),
        (
            &[account, ("cloud", "azureusgovernmentcloud")],
            "Scaler(https://acct.queue.core.usgovcloudapi.net/orders)",
        ),
        (
            &[
                account,
                ("cloud", "AzureChinaCloud"),
                ("endpointSuffix", "x"),
            ],
            "Scaler(https://acct.queue.core.chinacloudapi.cn/orders)",
        ),
        (
            &[account, ("cloud", "AzureGermanCloud")],
            "Scaler(https://acct.queue.core.cloudapi.de/orders)",
        ),
        (
            &[
                account,
                ("cloud", "private"),
                ("endpointSuffix", "queue.local:8443"),
            ],
            "Scaler(https://acct.queue.local:8443/orders)",
        ),
    ] {
        let metadata = [&[("queueName", "orders")], metadata].concat();
        let found = place("azure-queue", &metadata, &[], workload, &options()).await;
        assert_eq!(found.as_deref(), Ok(wanted));
    }
    let connection = [("connection", "AccountName=acct;AccountKey=aGk=")];
    for (metadata, auth, provider, wanted) in [
        (&[][..], &[][..], None, "parameter connection is missing"),
        (
            &[],
            &connection[..],
            Some("gcp"),
            "KEDA has no podIdentity gcp",
        ),
        (
            &[],
            &connection,
            workload,
            "accountName and endpointSuffix make no host",
        ),
        (
            &[("accountName", "evil.example/")],
            &[],
            workload,
            "accountName and endpointSuffix make no host",
        ),
        (
            &[account, ("cloud", "Private"), ("endpointSuffix", "x/y")],
            &[],
            workload,
            "accountName and endpointSuffix make no host",
        ),
        (
            &[account, ("cloud", "Private")],
            &[],
            workload,
            "parameter endpointSuffix is missing",
        ),
        (
            &[("cloud", "Mars")],
            &connection,
            None,
            "parameter cloud must be",
        ),
        (
            &[("queueName", "a/../b")],
            &connection,
            None,
            "parameter queueName must be small letters",
        ),
        (
            &[],
            &[("connection", "hunter2")],
            None,
            "parameter connection must be a connection string",
        ),
    ] {
        let mut all = vec![("queueName", "orders")];
        all.retain(|(name, _)| !metadata.iter().any(|(other, _)| other == name));
        all.extend(metadata);
        let found = place("azure-queue", &all, auth, provider, &options()).await;
        let error = found.unwrap_err();
        assert!(error.contains(wanted), "{wanted}\n{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
