//! The Kafka triggers beside brokers that answer as a test wants it: what is counted, and what is told instead of a number.

mod counts;
mod faults;
mod sign_in;

use std::sync::Arc;

use krafka::testing::{CommittedOffset, FakeBroker};

use super::fake::{Cluster, Objects, job, one, options, trigger};
use crate::scalers::{Built, Scaler, build};

/// A broker with these ends of the partitions of these topics.
async fn broker(topics: &[(&str, &[i64])]) -> FakeBroker {
    let broker = FakeBroker::start().await.unwrap();
    for (topic, ends) in topics {
        broker.create_topic(topic, i32::try_from(ends.len()).unwrap());
        broker.with_state(|state| {
            let partitions = &mut state.topics.get_mut(*topic).unwrap().partitions;
            for (partition, end) in partitions.iter_mut().zip(*ends) {
                partition.next_offset = *end;
            }
        });
    }
    broker
}

/// Group `g` has committed this in partition `number` of `topic`.
fn commit(broker: &FakeBroker, topic: &str, number: i32, offset: i64) {
    broker.with_state(|state| {
        let group = state.groups.entry("g".to_owned()).or_default();
        let offset = CommittedOffset {
            offset,
            leader_epoch: -1,
            metadata: None,
        };
        group.offsets.insert((topic.to_owned(), number), offset);
    });
}

/// What a trigger of this type with group `g` reads.
async fn lag(
    kind: &str,
    broker: &FakeBroker,
    metadata: &[(&str, &str)],
) -> Result<(f64, bool), String> {
    let servers = broker.bootstrap_servers();
    let base = [
        ("bootstrapServers", servers.as_str()),
        ("consumerGroup", "g"),
    ];
    one(kind, &[&base, metadata].concat(), None).await
}

const BOTH: [&str; 2] = ["kafka", "apache-kafka"];
const TOPIC: (&str, &str) = ("topic", "t");

/// A scaler of this type, as a run keeps it.
async fn kept(kind: &str, metadata: &[(&str, &str)]) -> Box<dyn Scaler> {
    let job = job(vec![trigger(0, kind, metadata, false)]);
    let cluster = Arc::new(Cluster::default());
    let objects = Objects::default();
    let built = build(&job, &job.triggers[0], "ns", &objects, cluster, &options()).await;
    match built {
        Ok(Built::Scaler(scaler)) => scaler,
        other => panic!("{other:?}"),
    }
}
