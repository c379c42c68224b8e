//! Errors that are no zero, triggers that cannot be built, and connections that end.

use std::time::Duration;

use krafka::error::ErrorCode;
use krafka::testing::{ApiKey, Control, FakeBroker};
use tokio::io::copy;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

use super::super::fake::one;
use super::{BOTH, TOPIC, broker, commit, kept, lag};

#[tokio::test]
async fn what_is_not_there_is_no_zero() {
    let broker = broker(&[("t", &[12, 9])]).await;
    let place = format!("failed: kafka {}: ", broker.bootstrap_servers());
    for kind in BOTH {
        let error = lag(kind, &broker, &[("topic", "absent")])
            .await
            .unwrap_err();
        let part = "topic \"absent\": UNKNOWN_TOPIC_OR_PARTITION";
        assert!(error.starts_with(&format!("{place}{part}")), "{error}");

        let metadata = [TOPIC, ("partitionLimitation", "2-7")];
        let error = lag(kind, &broker, &metadata).await.unwrap_err();
        assert!(error.contains("partitionLimitation leaves no"), "{error}");

        let error = lag(kind, &broker, &[("topic", "in valid")]).await;
        let error = error.unwrap_err();
        assert!(error.starts_with(&place), "{error}");
    }
    let several = ("topic", "t,absent");
    let error = lag("apache-kafka", &broker, &[several]).await.unwrap_err();
    assert!(error.contains("topic \"absent\""), "{error}");

    // A user that may describe nothing is shown no topic.
    let empty = FakeBroker::start().await.unwrap();
    let error = lag("kafka", &empty, &[]).await.unwrap_err();
    assert!(error.contains("it shows none"), "{error}");
}

#[tokio::test]
async fn refused_answers_are_no_zero() {
    for kind in BOTH {
        for (api, code, part) in [
            (
                ApiKey::OffsetFetch,
                ErrorCode::GroupAuthorizationFailed,
                "consumer group \"g\": GROUP_AUTHORIZATION_FAILED",
            ),
            (
                ApiKey::ListOffsets,
                ErrorCode::TopicAuthorizationFailed,
                "the end of partition 0 of topic \"t\": TOPIC_AUTHORIZATION_FAILED",
            ),
            (
                ApiKey::FindCoordinator,
                ErrorCode::GroupAuthorizationFailed,
                "consumer group \"g\": GROUP_AUTHORIZATION_FAILED",
            ),
        ] {
            let broker = broker(&[("t", &[12])]).await;
            broker.on(api, move |_| Control::Error(code));
            let error = lag(kind, &broker, &[TOPIC]).await.unwrap_err();
            let place = format!("failed: kafka {}: {part}", broker.bootstrap_servers());
            assert!(error.starts_with(&place), "{kind} {api:?}: {error}");
        }
    }
}

/// A leader is elected meanwhile, and a coordinator found.
#[tokio::test]
async fn what_passes_is_waited_for() {
    let broker = broker(&[("t", &[12])]).await;
    commit(&broker, "t", 0, 2);
    broker.on_once(ApiKey::ListOffsets, |_| {
        Control::Error(ErrorCode::NotLeaderForPartition)
    });
    broker.on_once(ApiKey::OffsetFetch, |_| {
        Control::Error(ErrorCode::NotCoordinator)
    });
    let read = lag("kafka", &broker, &[TOPIC]).await;
    assert_eq!(read, Ok((10.0, true)));
}

#[tokio::test]
async fn what_cannot_be_built() {
    let base = [("bootstrapServers", "k:1"), ("consumerGroup", "g")];
    for (kind, more, part) in [
        ("kafka", vec![("lagThreshold", "0")], "lagThreshold"),
        (
            "kafka",
            vec![("activationLagThreshold", "-1")],
            "activationLagThreshold",
        ),
        (
            "kafka",
            vec![
                TOPIC,
                ("allowIdleConsumers", "true"),
                ("limitToPartitionsWithLag", "true"),
            ],
            "exclude each other",
        ),
        (
            "apache-kafka",
            vec![("limitToPartitionsWithLag", "true")],
            "topic is missing",
        ),
        (
            "kafka",
            vec![("ensureEvenDistributionOfPartitions", "true")],
            "topic is missing",
        ),
        (
            "kafka",
            vec![
                TOPIC,
                ("ensureEvenDistributionOfPartitions", "true"),
                ("limitToPartitionsWithLag", "true"),
            ],
            "exclude each other",
        ),
        ("kafka", vec![("sasl", "gssapi")], "gssapi"),
        ("apache-kafka", vec![("sasl", "gssapi")], "gssapi"),
        ("kafka", vec![("sasl", "plaintext")], "username is missing"),
        (
            "apache-kafka",
            vec![("sasl", "scram_sha512")],
            "password is missing",
        ),
        (
            "kafka",
            vec![("sasl", "oauthbearer")],
            "oauthTokenEndpointUri is missing",
        ),
        (
            "kafka",
            vec![
                ("sasl", "oauthbearer"),
                ("saslTokenProvider", "aws_msk_iam"),
            ],
            "awsRegion is missing",
        ),
        (
            "apache-kafka",
            vec![("sasl", "aws_msk_iam"), ("awsRegion", "eu-west-1")],
            "tls: enable",
        ),
        (
            "apache-kafka",
            vec![
                ("sasl", "aws_msk_iam"),
                ("awsRegion", "eu-west-1"),
                ("tls", "enable"),
            ],
            "there is no access key",
        ),
        (
            "kafka",
            vec![("bootstrapServers", "u:hunter2@k:1")],
            "host:port",
        ),
        ("kafka", vec![("bootstrapServers", "k:1,k")], "host:port"),
    ] {
        let mut metadata = base.to_vec();
        metadata.retain(|(name, _)| more.iter().all(|(other, _)| name != other));
        metadata.extend(more);
        let error = one(kind, &metadata, None).await.unwrap_err();
        assert!(error.starts_with("not built: "), "{error}");
        assert!(error.contains(part), "{part}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let tls = [&base[..], &[("tls", "enable")]].concat();
    // kafka-go has a port of its own.
    let short = [("bootstrapServers", "a,b:1"), ("consumerGroup", "g")];
    assert_eq!(
        kept("apache-kafka", &short).await.endpoint(),
        "kafka a:9092,b:1"
    );
    let half = [("cert", "hunter2")];
    let error = one("kafka", &tls, Some(&half)).await.unwrap_err();
    assert!(error.contains("cert and key"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

/// Stands before a broker, which calls itself by the address that is given back; with it comes the number of clients that are connected.
async fn before(broker: &FakeBroker) -> (String, watch::Receiver<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let inner = broker.bootstrap_servers();
    broker.with_state(|state| state.brokers[0].port = i32::from(address.port()));
    let (count, counted) = watch::channel(0);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            count.send_modify(|count| *count += 1);
            let (count, inner) = (count.clone(), inner.clone());
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.into_split();
                let server = TcpStream::connect(inner).await.unwrap();
                let (mut from_server, mut to_server) = server.into_split();
                tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
                // Until the client's end, whatever the server does.
                let _ = copy(&mut from_client, &mut to_server).await;
                count.send_modify(|count| *count -= 1);
            });
        }
    });
    (address.to_string(), counted)
}

#[tokio::test]
async fn connections_end_with_a_reading() {
    let broker = broker(&[("t", &[12])]).await;
    let (servers, mut clients) = before(&broker).await;
    let metadata = [
        ("bootstrapServers", servers.as_str()),
        ("consumerGroup", "g"),
        TOPIC,
    ];
    let patience = Duration::from_mins(1);
    one("kafka", &metadata, None).await.unwrap();
    let closed = clients.wait_for(|count| *count == 0);
    timeout(patience, closed).await.unwrap().unwrap();

    // One that is not waited for.
    broker.on(ApiKey::OffsetFetch, |_| Control::Silence);
    tokio::select! {
        read = one("kafka", &metadata, None) => panic!("{read:?}"),
        asked = broker.wait_for_requests(ApiKey::OffsetFetch, 2, patience) => assert!(asked),
    }
    assert!(*clients.borrow() > 0);
    let closed = clients.wait_for(|count| *count == 0);
    timeout(patience, closed).await.unwrap().unwrap();

    // Nor one whose broker has not said anything yet: it ends when that one's time is up.
    broker.on(ApiKey::ApiVersions, |_| Control::Silence);
    let asked = broker.request_count(ApiKey::ApiVersions) + 1;
    tokio::select! {
        read = one("kafka", &metadata, None) => panic!("{read:?}"),
        asked = broker.wait_for_requests(ApiKey::ApiVersions, asked, patience) => assert!(asked),
    }
    assert!(*clients.borrow() > 0);
    let closed = clients.wait_for(|count| *count == 0);
    timeout(patience, closed).await.unwrap().unwrap();
}

/// As one in a cluster, seen from outside.
#[tokio::test]
async fn a_broker_that_is_not_where_it_says() {
    let broker = broker(&[("t", &[12])]).await;
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    broker.with_state(|state| state.brokers[0].port = i32::from(gone.port()));
    let servers = broker.bootstrap_servers();
    let scaler = kept(
        "kafka",
        &[
            ("bootstrapServers", &servers),
            ("consumerGroup", "g"),
            TOPIC,
        ],
    )
    .await;
    let error = scaler.read().await.unwrap_err().to_string();
    let place = format!("kafka {servers}: topic \"t\": ");
    assert!(error.starts_with(&place), "{error}");
    for part in ["refused", "advertised.listeners"] {
        assert!(error.contains(part), "{error}");
    }
}
