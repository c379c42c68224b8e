//! What both Kafka triggers ask the brokers: which partitions there are, where they end, and what the group has committed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::future::join;
use krafka::admin::{
    AdminClient, DescribeConsumerGroupsOptions, DescribeTopicsOptions,
    ListConsumerGroupOffsetsOptions, ListOffsetsOptions, ListTopicsOptions, OffsetSpec,
    TopicPartition,
};
use krafka::error::{ErrorCode, KrafkaError};

use super::brokers::Brokers;
use super::lag::{Offsets, Place, Rules};
use crate::api::reading::MetricReading;
use crate::scalers::metric::{Metric, count};
use crate::scalers::{ReadError, Scaler};

/// The lag of a consumer group.
pub(super) struct Reader {
    pub(super) metric: Metric,
    /// Active above it.
    pub(super) activation: i64,
    pub(super) brokers: Brokers,
    pub(super) group: String,
    pub(super) topics: Topics,
    /// `partitionLimitation`, both ends included; empty: all.
    pub(super) only: Vec<(i64, i64)>,
    pub(super) rules: Rules,
    /// The commits of the readings before, for excludePersistentLag: the scaler is kept as long as its readings succeed.
    pub(super) last: Mutex<BTreeMap<Place, i64>>,
}

/// The topics that count.
#[derive(Debug)]
pub(super) enum Topics {
    /// These.
    Named(Vec<String>),
    /// Those that the group has commits for. When there are none, sarama, which KEDA uses, asks for no topic by name, and so the brokers
    /// answer with all of them.
    OfCommits,
    /// All of the cluster, if the group has a member.
    OfCluster,
}

#[async_trait]
impl Scaler for Reader {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let admin = self.brokers.connect().await?;
        let topics = self.topics(&admin).await?;
        let partitions = self.partitions(&admin, topics).await?;
        let offsets = self.offsets(&admin, &partitions).await?;
        let lag = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            self.rules.lag(&offsets, &mut last)
        };
        let active = lag.whole > self.activation;
        Ok(self.metric.reading(count(lag.capped), active))
    }

    fn endpoint(&self) -> String {
        self.brokers.describe()
    }
}

impl Reader {
    async fn topics(&self, admin: &AdminClient) -> Result<Vec<String>, ReadError> {
        match &self.topics {
            Topics::Named(names) => return Ok(names.clone()),
            Topics::OfCommits => {
                let commits = admin
                    .list_consumer_group_offsets(
                        self.group.as_str(),
                        ListConsumerGroupOffsetsOptions::default(),
                    )
                    .await
                    .map_err(|error| self.brokers.failed(&error, &self.of_group()))?;
                let names: BTreeSet<String> =
                    commits.into_keys().map(|place| place.topic).collect();
                if !names.is_empty() {
                    return Ok(names.into_iter().collect());
                }
            }
            Topics::OfCluster => self.needs_a_member(admin).await?,
        }
        let options = ListTopicsOptions::default().include_internal(true);
        let names = admin
            .list_topics(options)
            .await
            .map_err(|error| self.brokers.failed(&error, "its topics"))?;
        // KEDA takes that for no lag. A user that may describe no topic is shown none.
        if names.is_empty() {
            return Err(self.brokers.error(
                "its topics",
                "it shows none; give topic, or let the user describe the topics",
            ));
        }
        Ok(names)
    }

    /// KEDA does not read a group that has none.
    async fn needs_a_member(&self, admin: &AdminClient) -> Result<(), ReadError> {
        let missing = |state: &str| {
            let text = format!(
                "it has no active member (its state is {state}), and without topic KEDA reads only groups that have one; give topic"
            );
            self.brokers.error(&self.of_group(), &text)
        };
        let failed = |error: KrafkaError| self.brokers.failed(&error, &self.of_group());
        let mut groups = admin
            .describe_consumer_groups([&self.group], DescribeConsumerGroupsOptions::default())
            .await
            .map_err(failed)?;
        match groups.remove(&self.group) {
            Some(Ok(group)) if group.members.is_empty() => Err(missing(&group.state)),
            Some(Ok(_)) => Ok(()),
            Some(Err(KrafkaError::Broker {
                code: ErrorCode::GroupIdNotFound,
                ..
            })) => Err(missing("Dead")),
            Some(Err(error)) => Err(failed(error)),
            None => Err(self
                .brokers
                .error(&self.of_group(), "the answer leaves it out")),
        }
    }

    /// The partitions of these topics that count.
    async fn partitions(
        &self,
        admin: &AdminClient,
        topics: Vec<String>,
    ) -> Result<Vec<Place>, ReadError> {
        let mut described = admin
            .describe_topics(&topics, DescribeTopicsOptions::default())
            .await
            .map_err(|error| self.brokers.failed(&error, "its topics"))?;
        let mut partitions = BTreeSet::new();
        for topic in topics {
            let what = format!("topic {topic:?}");
            let failed = |text: &str| self.brokers.error(&what, text);
            let description = match described.remove(&topic) {
                Some(Ok(description)) => description,
                // apache-kafka takes a topic that is missing for one without lag in KEDA.
                Some(Err(KrafkaError::Broker {
                    code: ErrorCode::UnknownTopicOrPartition,
                    ..
                })) => {
                    return Err(failed(
                        "UNKNOWN_TOPIC_OR_PARTITION: there is no such topic, or the user may not describe it",
                    ));
                }
                Some(Err(error)) => return Err(self.brokers.failed(&error, &what)),
                None => return Err(failed("the answer leaves it out")),
            };
            if description.partitions.is_empty() {
                return Err(failed("the answer has no partition of it"));
            }
            let numbers = description.partitions.iter().map(|one| one.partition);
            partitions.extend(
                numbers
                    .filter(|number| self.counts(*number))
                    .map(|number| (topic.clone(), number)),
            );
        }
        if partitions.is_empty() {
            return Err(self.brokers.error(
                "",
                "partitionLimitation leaves no partition of the topics that there are",
            ));
        }
        Ok(partitions.into_iter().collect())
    }

    fn counts(&self, partition: i32) -> bool {
        let number = i64::from(partition);
        self.only.is_empty()
            || self
                .only
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&number))
    }

    /// Where these partitions end and how far the group has got, of each of them.
    async fn offsets(
        &self,
        admin: &AdminClient,
        partitions: &[Place],
    ) -> Result<BTreeMap<Place, Offsets>, ReadError> {
        let places = || {
            let place = |(topic, number): &Place| TopicPartition::new(topic.clone(), *number);
            partitions.iter().map(place)
        };
        let of_group =
            ListConsumerGroupOffsetsOptions::default().partitions(places().collect::<Vec<_>>());
        let ends = places().map(|place| (place, OffsetSpec::Latest));
        let (commits, ends) = join(
            admin.list_consumer_group_offsets(self.group.as_str(), of_group),
            admin.list_offsets(ends, ListOffsetsOptions::default()),
        )
        .await;
        let mut commits = commits
            .map_err(|error| self.brokers.failed(&error, &self.of_group()))
            .map(by_place)?;
        let mut ends = ends
            .map_err(|error| self.brokers.failed(&error, "the ends of its partitions"))
            .map(by_place)?;
        let mut offsets = BTreeMap::new();
        for place in partitions {
            let (topic, number) = place;
            let end_of = format!("the end of partition {number} of topic {topic:?}");
            let commit_of = format!(
                "what consumer group {:?} has committed in partition {number} of topic {topic:?}",
                self.group
            );
            let latest = self.taken(ends.remove(place), &end_of)?.offset;
            let committed = self.taken(commits.remove(place), &commit_of)?.offset;
            offsets.insert(place.clone(), Offsets { latest, committed });
        }
        Ok(offsets)
    }

    /// A partition's part of an answer. KEDA takes one that is missing, and in apache-kafka one that failed, for an offset of its own:
    /// work that nobody knows of would count as none.
    fn taken<T>(&self, part: Option<Result<T, KrafkaError>>, what: &str) -> Result<T, ReadError> {
        match part {
            Some(Ok(part)) => Ok(part),
            Some(Err(error)) => Err(self.brokers.failed(&error, what)),
            None => Err(self.brokers.error(what, "the answer leaves it out")),
        }
    }

    fn of_group(&self) -> String {
        format!("consumer group {:?}", self.group)
    }
}

fn by_place<T>(parts: HashMap<TopicPartition, T>) -> HashMap<Place, T> {
    let parts = parts.into_iter();
    parts
        .map(|(place, part)| ((place.topic, place.partition), part))
        .collect()
}
