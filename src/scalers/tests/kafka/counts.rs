//! What is counted of which partitions.

use krafka::testing::GroupMember;

use super::super::fake::{Cluster, Objects, one, read, trigger};
use super::{BOTH, TOPIC, broker, commit, kept, lag};
use crate::api::reading::{MetricTarget, ReadingOutcome};

#[tokio::test]
async fn what_the_group_has_not_committed() {
    let broker = broker(&[("t", &[12, 9]), ("other", &[99])]).await;
    commit(&broker, "t", 0, 2);
    commit(&broker, "t", 1, 4);
    commit(&broker, "elsewhere", 0, 1);
    for kind in BOTH {
        for (more, expected) in [
            (vec![], (15.0, true)),
            (vec![("activationLagThreshold", "14")], (15.0, true)),
            (vec![("activationLagThreshold", "15")], (15.0, false)),
            (vec![("partitionLimitation", "1-5")], (5.0, true)),
            (vec![("partitionLimitation", "0, 7")], (10.0, true)),
            // 15 / 3 = 5 consumers, and two partitions.
            (vec![("lagThreshold", "3")], (6.0, true)),
            (
                vec![("lagThreshold", "3"), ("activationLagThreshold", "14")],
                (6.0, true),
            ),
            (
                vec![("lagThreshold", "3"), ("allowIdleConsumers", "true")],
                (15.0, true),
            ),
        ] {
            let metadata = [&[TOPIC][..], &more].concat();
            let read = lag(kind, &broker, &metadata).await;
            assert_eq!(read, Ok(expected), "{kind} {more:?}");
        }
    }
    // Only apache-kafka takes more than one.
    let several = [("topic", "t,other"), ("allowIdleConsumers", "true")];
    let read = lag("apache-kafka", &broker, &several).await;
    assert_eq!(read, Ok((16.0, true)));
}

/// [KEDA `GetMetricSpecForScaling`]
#[tokio::test]
async fn names_and_targets() {
    let broker = broker(&[("t.x", &[3]), ("u", &[3])]).await;
    commit(&broker, "u", 0, 0);
    let servers = broker.bootstrap_servers();
    let base = [
        ("bootstrapServers", servers.as_str()),
        ("consumerGroup", "g"),
    ];
    for (kind, more, name) in [
        ("kafka", ("topic", "t.x"), "s3-kafka-t-x"),
        ("apache-kafka", ("topic", "t.x,u"), "s3-kafka-t-x,u"),
        ("kafka", ("lagThreshold", "10"), "s3-kafka-g-topics"),
    ] {
        let metadata = [&base[..], &[more]].concat();
        let trigger = trigger(3, kind, &metadata, false);
        let objects = Objects::default();
        let readings = read(vec![trigger], &objects, Cluster::default()).await;
        let ReadingOutcome::Read(metrics) = &readings[0].outcome else {
            panic!("{readings:?}");
        };
        assert_eq!(metrics[0].metric, name);
        assert_eq!(metrics[0].target, MetricTarget::AverageValue(10.0));
    }
}

#[tokio::test]
async fn partitions_without_a_commit() {
    let broker = broker(&[("t", &[12, 9, 0])]).await;
    commit(&broker, "t", 0, 2);
    let earliest = ("offsetResetPolicy", "earliest");
    let zero = ("scaleToZeroOnInvalidOffset", "true");
    for kind in BOTH {
        for (more, value) in [
            (vec![], 12.0),
            (vec![zero], 10.0),
            (vec![earliest], 19.0),
            (vec![earliest, zero], 10.0),
        ] {
            let metadata = [&[TOPIC][..], &more].concat();
            let read = lag(kind, &broker, &metadata).await;
            assert_eq!(read, Ok((value, true)), "{kind} {more:?}");
        }
        // A group that nobody has ever seen.
        let mut metadata = vec![TOPIC, zero];
        let servers = broker.bootstrap_servers();
        metadata.extend([
            ("bootstrapServers", servers.as_str()),
            ("consumerGroup", "new"),
        ]);
        assert_eq!(one(kind, &metadata, None).await, Ok((0.0, false)));
    }
}

#[tokio::test]
async fn kafka_without_a_topic() {
    let broker = broker(&[("t", &[12, 9]), ("u", &[7]), ("v", &[5])]).await;
    // No commits: KEDA's client asks for no topic, and is answered with all. One for each partition.
    let read = lag("kafka", &broker, &[]).await;
    assert_eq!(read, Ok((4.0, true)));
    // All partitions of the topics with a commit.
    commit(&broker, "t", 0, 2);
    commit(&broker, "u", 0, 2);
    let idle = ("allowIdleConsumers", "true");
    let read = lag("kafka", &broker, &[idle]).await;
    assert_eq!(read, Ok((16.0, true)));
    // Without a topic there are no partitions to choose from.
    let read = lag("kafka", &broker, &[idle, ("partitionLimitation", "0")]).await;
    assert_eq!(read, Ok((16.0, true)));
    // One that is gone is not passed over.
    commit(&broker, "gone", 0, 2);
    let error = lag("kafka", &broker, &[]).await.unwrap_err();
    assert!(error.contains("topic \"gone\""), "{error}");
}

#[tokio::test]
async fn apache_kafka_without_a_topic() {
    let broker = broker(&[("t", &[12, 9]), ("u", &[7])]).await;
    commit(&broker, "t", 0, 2);
    let error = lag("apache-kafka", &broker, &[]).await.unwrap_err();
    let part = "consumer group \"g\": it has no active member";
    assert!(error.contains(part), "{error}");
    assert!(error.contains("give topic"), "{error}");

    broker.with_state(|state| {
        let group = state.groups.get_mut("g").unwrap();
        group.members.push(GroupMember {
            member_id: "one".to_owned(),
            group_instance_id: None,
            metadata: bytes::Bytes::new(),
            client_id: "consumer".to_owned(),
            client_host: "/127.0.0.1".to_owned(),
        });
    });
    let read = lag("apache-kafka", &broker, &[]).await;
    assert_eq!(read, Ok((12.0, true)));
}

/// [KEDA: excludePersistentLag]
#[tokio::test]
async fn a_scaler_remembers_the_commits_of_its_last_reading() {
    let broker = broker(&[("t", &[12, 9])]).await;
    commit(&broker, "t", 0, 2);
    commit(&broker, "t", 1, 4);
    let servers = broker.bootstrap_servers();
    let scaler = kept(
        "kafka",
        &[
            ("bootstrapServers", &servers),
            ("consumerGroup", "g"),
            TOPIC,
            ("excludePersistentLag", "true"),
            ("activationLagThreshold", "14"),
        ],
    )
    .await;
    let mut seen = Vec::new();
    for moved in [None, None, Some(5), None] {
        if let Some(offset) = moved {
            commit(&broker, "t", 1, offset);
        }
        let readings = scaler.read().await.unwrap();
        seen.push((readings[0].values[0].value, readings[0].active));
    }
    assert_eq!(
        seen,
        [(15.0, true), (0.0, true), (4.0, false), (0.0, false)]
    );
}
