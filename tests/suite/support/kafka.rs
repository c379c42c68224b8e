//! A Kafka broker of one node, from the jars that `KEDA_JOBS_TEST_KAFKA` names: without users, with users, over TLS, and for clients
//! with a certificate.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use hmac::{Hmac, Mac};
use krafka::Kafka;
use krafka::admin::{
    AdminClient, AlterConsumerGroupOffsetsOptions, AlterUserScramCredentialsOptions,
    CreateTopicsOptions, NewTopic, ScramCredentialUpsertion, TopicPartition,
};
use krafka::auth::ScramMechanism;
use krafka::consumer::Consumer;
use libtest_mimic::Trial;
use sha2::Sha512;

use super::servers::{Server, accepts, find, free_port};
use super::{Outcome, block_on, test_unless};

/// The folder with the jars of Kafka and of what it needs.
const JARS: &str = "KEDA_JOBS_TEST_KAFKA";

/// A test that needs a broker.
pub(crate) fn kafka_test(name: &str, run: impl FnOnce() -> Outcome + Send + 'static) -> Trial {
    let mut missing = Vec::new();
    if find("java").is_none() {
        missing.push("java");
    }
    if jars().is_none() {
        missing.push("Kafka (KEDA_JOBS_TEST_KAFKA names the folder of its jars)");
    }
    test_unless(&missing, name, run)
}

fn jars() -> Option<PathBuf> {
    std::env::var_os(JARS)
        .map(PathBuf::from)
        .filter(|folder| folder.is_dir())
}

/// The password of user alice where passwords are sent.
pub(crate) const PLAIN: &str = "alice-plain";
/// Her password where they are proved.
pub(crate) const SCRAM: &str = "alice-scram";

/// A broker.
pub(crate) struct Broker {
    /// Ports: anybody; users; users over TLS; clients with a certificate.
    pub(crate) open: u16,
    pub(crate) users: u16,
    pub(crate) secure: u16,
    pub(crate) mutual: u16,
    _server: Server,
}

impl Broker {
    /// The broker of all tests that run at the same time: a Java program takes seconds to start.
    pub(crate) fn shared() -> Arc<Self> {
        static BROKER: Mutex<Weak<Broker>> = Mutex::new(Weak::new());
        let mut broker = BROKER.lock().unwrap_or_else(PoisonError::into_inner);
        broker.upgrade().unwrap_or_else(|| {
            let new = Arc::new(Self::start());
            *broker = Arc::downgrade(&new);
            new
        })
    }

    fn start() -> Self {
        let [open, users, secure, mutual, controller] = std::array::from_fn(|_| free_port());
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name).display().to_string();
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("a file can be written");
        };
        let key = |name: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys");
            std::fs::read_to_string(format!("{folder}/test-only-{name}.pem")).expect("a key")
        };
        std::fs::create_dir(folder.path().join("data")).expect("a folder can be made");
        // What Kafka's tool for new folders writes, which would be one more Java program.
        write(
            "data/meta.properties",
            "version=1\ncluster.id=keda-jobs-test\nnode.id=1\n",
        );
        write("server.pem", &(key("key") + &key("certificate")));
        write("trusted.pem", &key("certificate"));
        let listeners = [
            ("OPEN", "PLAINTEXT", open),
            ("USERS", "SASL_PLAINTEXT", users),
            ("SECURE", "SASL_SSL", secure),
            ("MUTUAL", "SSL", mutual),
        ];
        let of_each = |text: fn(&(&str, &str, u16)) -> String| {
            listeners.iter().map(text).collect::<Vec<_>>().join(",")
        };
        let addresses = of_each(|(name, _, port)| format!("{name}://127.0.0.1:{port}"));
        let protocols = of_each(|(name, protocol, _)| format!("{name}:{protocol}"));
        let mut settings = format!(
            "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
inter.broker.listener.name=OPEN
listeners={addresses},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={addresses}
listener.security.protocol.map={protocols},CONTROLLER:PLAINTEXT
log.dirs={}
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
ssl.keystore.type=PEM
ssl.keystore.location={}
ssl.truststore.type=PEM
ssl.truststore.location={}
listener.name.mutual.ssl.client.auth=required
",
            path("data"),
            path("server.pem"),
            path("trusted.pem"),
        );
        for listener in ["users", "secure"] {
            let module = "org.apache.kafka.common.security";
            let modules = format!(
                "listener.name.{listener}.plain.sasl.jaas.config={module}.plain.PlainLoginModule required user_alice=\"{PLAIN}\";
listener.name.{listener}.scram-sha-512.sasl.jaas.config={module}.scram.ScramLoginModule required;
"
            );
            settings.push_str(&modules);
        }
        write("server.properties", &settings);
        let jars = jars().expect("the folder of Kafka's jars");
        let mut command = Command::new(find("java").expect("java is installed"));
        command
            .args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .arg("-cp")
            .arg(jars.join("*"))
            .arg("kafka.Kafka")
            .arg(folder.path().join("server.properties"));
        let mut server = Server::start(&mut command, folder, None);
        server.wait_until("Kafka accepts connections", || {
            [open, users, secure, mutual].into_iter().all(accepts)
        });
        let broker = Self {
            open,
            users,
            secure,
            mutual,
            _server: server,
        };
        broker.add_alice();
        broker
    }

    /// The address for anybody.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.open)
    }

    async fn connect(&self) -> Kafka {
        Kafka::builder(self.address())
            .connect()
            .await
            .expect("a connection")
    }

    async fn admin(&self) -> AdminClient {
        self.connect().await.admin()
    }

    fn add_alice(&self) {
        let (salt, iterations) = (b"salt", 4096);
        let proof = salted(SCRAM.as_bytes(), salt, iterations);
        let alice = ScramCredentialUpsertion {
            name: "alice".to_owned(),
            mechanism: ScramMechanism::Sha512,
            iterations,
            salt: salt.to_vec().into(),
            salted_password: proof.into(),
        };
        block_on(async {
            let options = AlterUserScramCredentialsOptions::default();
            let admin = self.admin().await;
            let mut altered = admin
                .alter_user_scram_credentials(Vec::new(), vec![alice], options)
                .await
                .expect("an answer");
            altered
                .remove("alice")
                .expect("an answer for alice")
                .expect("alice is added");
        });
    }

    /// A topic with so many records in partition 0, 1 …
    pub(crate) fn topic(&self, name: &str, records: &[usize]) {
        block_on(async {
            let kafka = self.connect().await;
            let count = i32::try_from(records.len()).expect("few");
            let topic = NewTopic::new(name, count, 1).expect("a topic");
            let mut created = kafka
                .admin()
                .create_topics([topic], CreateTopicsOptions::default())
                .await
                .expect("an answer");
            created
                .remove(name)
                .expect("an answer for the topic")
                .expect("the topic is made");
            let producer = kafka.producer().build().await.expect("a producer");
            for (partition, count) in (0..).zip(records) {
                for _ in 0..*count {
                    let record = krafka::Record::new(name, "work").partition(partition);
                    let sent = producer.send(record).await.expect("a record is taken");
                    assert_eq!(sent.partition, partition);
                }
            }
            producer.close().await.expect("the producer ends");
        });
    }

    /// The group commits these offsets in these partitions.
    pub(crate) fn commit(&self, group: &str, topic: &str, offsets: &[(i32, i64)]) {
        let offsets = offsets
            .iter()
            .map(|(partition, offset)| (TopicPartition::new(topic, *partition), *offset));
        block_on(async {
            let options = AlterConsumerGroupOffsetsOptions::default();
            let committed = self
                .admin()
                .await
                .alter_consumer_group_offsets(group, offsets, options)
                .await
                .expect("an answer");
            let refused: Vec<_> = committed.iter().filter(|one| one.1.is_err()).collect();
            assert!(refused.is_empty(), "{refused:?}");
        });
    }

    /// A member of a group that reads a topic and commits nothing.
    pub(crate) async fn member(&self, group: &str, topic: &str) -> Consumer {
        let consumer = self.connect().await.consumer(group);
        let consumer = consumer.enable_auto_commit(false).build().await;
        let consumer = consumer.expect("a consumer");
        consumer.subscribe([topic]).await.expect("a subscription");
        while consumer.assignment().await.is_empty() {
            let step = Duration::from_millis(100);
            consumer.poll(step).await.expect("the group takes it");
        }
        consumer
    }
}

/// PBKDF2 of one block, as SCRAM salts a password. [RFC 5802 §2.2, Hi]
fn salted(password: &[u8], salt: &[u8], iterations: i32) -> Vec<u8> {
    let hmac = |data: &[u8]| {
        let mut hmac = Hmac::<Sha512>::new_from_slice(password).expect("any length will do");
        hmac.update(data);
        hmac.finalize().into_bytes()
    };
    let mut last = hmac(&[salt, &[0, 0, 0, 1]].concat());
    let mut all = last.to_vec();
    for _ in 1..iterations {
        last = hmac(&last);
        for (sum, byte) in all.iter_mut().zip(last) {
            *sum ^= byte;
        }
    }
    all
}
