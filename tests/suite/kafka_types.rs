//! The Kafka types beside a real broker: lag, commits that are missing, caps, users, TLS.

use libtest_mimic::Trial;

use crate::sources::triggers::{errors, login, plan, readings, trigger};
use crate::sources::twenty_five;
use crate::support::cluster::TestCluster;
use crate::support::kafka::{Broker, PLAIN, SCRAM, kafka_test};
use crate::support::servers::free_port;
use crate::support::{Outcome, assert_contains, assert_lacks, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        kafka_test("kafka_types::lag_of_25_makes_25_jobs", twenty_five_records),
        kafka_test("kafka_types::commits_and_caps", commits_and_caps),
        kafka_test("kafka_types::without_a_topic", without_a_topic),
        kafka_test("kafka_types::users_and_tls", users_and_tls),
        test("kafka_types::no_broker_is_an_error_not_zero", no_broker),
    ]
}

/// A trigger for this group at this address.
fn lag(kind: &str, address: &str, group: &str, metadata: &[(&str, &str)]) -> String {
    let base = [("bootstrapServers", address), ("consumerGroup", group)];
    trigger(kind, &[&base, metadata].concat())
}

const BOTH: [&str; 2] = ["kafka", "apache-kafka"];

fn twenty_five_records() -> Outcome {
    let broker = Broker::shared();
    broker.topic("waiting", &[20, 9]);
    broker.commit("twenty-five", "waiting", &[(0, 3), (1, 1)]);
    let metadata = [
        ("topic", "waiting"),
        ("lagThreshold", "1"),
        ("allowIdleConsumers", "true"),
    ];
    let trigger = lag("kafka", &broker.address(), "twenty-five", &metadata);
    twenty_five(&TestCluster::start(), "records", &trigger);
    Ok(())
}

fn commits_and_caps() -> Outcome {
    let broker = Broker::shared();
    broker.topic("orders", &[7, 4]);
    broker.commit("workers", "orders", &[(0, 2)]);
    let address = broker.address();
    let topic = ("topic", "orders");
    let one = ("lagThreshold", "1");
    let zero = ("scaleToZeroOnInvalidOffset", "true");
    let all = [
        (vec![], (6.0, true)),
        (vec![("offsetResetPolicy", "earliest")], (9.0, true)),
        (vec![zero], (5.0, true)),
        (vec![("partitionLimitation", "1")], (1.0, true)),
        (vec![("activationLagThreshold", "6")], (6.0, false)),
        // Two partitions, one of them with lag; divisors of 2 that carry 6.
        (vec![one, ("activationLagThreshold", "5")], (2.0, true)),
        (vec![one, ("allowIdleConsumers", "true")], (6.0, true)),
        (
            vec![one, zero, ("limitToPartitionsWithLag", "true")],
            (1.0, true),
        ),
        (
            vec![
                ("lagThreshold", "4"),
                ("ensureEvenDistributionOfPartitions", "true"),
            ],
            (8.0, true),
        ),
    ];
    for kind in BOTH {
        let triggers: Vec<String> = all
            .iter()
            .map(|(more, _)| lag(kind, &address, "workers", &[&[topic], &more[..]].concat()))
            .collect();
        let output = plan("", &triggers).expect(0);
        let expected: Vec<_> = all.iter().map(|(_, reading)| *reading).collect();
        assert_eq!(readings(&output), expected, "{kind} {}", output.stdout);

        let unseen = [
            lag(kind, &address, "nobody", &[topic]),
            lag(kind, &address, "nobody", &[topic, zero]),
        ];
        let output = plan("", &unseen).expect(0);
        assert_eq!(readings(&output), [(2.0, true), (0.0, false)]);

        let missing = lag(kind, &address, "workers", &[("topic", "absent")]);
        let output = plan("", &[missing]).expect(1);
        let place = format!("kafka {address}: topic \"absent\": UNKNOWN_TOPIC_OR_PARTITION");
        assert_contains(&errors(&output)[0], &[&place]);
    }
    Ok(())
}

fn without_a_topic() -> Outcome {
    let broker = Broker::shared();
    broker.topic("letters", &[3, 1]);
    broker.topic("parcels", &[5]);
    broker.commit("readers", "letters", &[(0, 1)]);
    broker.commit("readers", "parcels", &[(0, 1)]);
    let address = broker.address();
    let earliest = ("offsetResetPolicy", "earliest");
    let output = plan("", &[lag("kafka", &address, "readers", &[earliest])]).expect(0);
    assert_eq!(readings(&output), [(7.0, true)]);

    let output = plan("", &[lag("apache-kafka", &address, "readers", &[])]).expect(1);
    let place = format!("kafka {address}: consumer group \"readers\": it has no active member");
    assert_contains(&errors(&output)[0], &[&place, "give topic"]);
    // The member stays one for as long as its session lasts, although nothing runs in its runtime meanwhile.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let member = runtime.block_on(broker.member("readers", "letters"));
    let everything = [earliest, ("activationLagThreshold", "6")];
    let trigger = lag("apache-kafka", &address, "readers", &everything);
    let output = plan("", &[trigger]).expect(0);
    let [(value, active)] = readings(&output)[..] else {
        panic!("{}", output.stdout);
    };
    // All topics of the cluster count, Kafka's own and those of the other tests too.
    assert!(value >= 7.0 && active, "{}", output.stdout);
    runtime.block_on(member.close())?;
    Ok(())
}

fn users_and_tls() -> Outcome {
    let broker = Broker::shared();
    broker.topic("guarded", &[3]);
    broker.commit("guests", "guarded", &[(0, 1)]);
    let with = |kind: &str, port: u16, metadata: &[(&str, &str)]| {
        let address = format!("127.0.0.1:{port}");
        let metadata = [&[("topic", "guarded")], metadata].concat();
        lag(kind, &address, "guests", &metadata) + "\n  authenticationRef: {name: login}"
    };
    let file = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys");
        std::fs::read_to_string(format!("{folder}/test-only-{name}.pem"))
    };
    let (ca, key) = (file("certificate")?, file("key")?);
    let alice = |password| [("username", "alice"), ("password", password), ("ca", &ca)];
    let tls = ("tls", "enable");
    for (sasl, password) in [("plaintext", PLAIN), ("scram_sha512", SCRAM)] {
        let sasl = ("sasl", sasl);
        let triggers = || {
            BOTH.iter()
                .flat_map(|kind| {
                    [
                        with(kind, broker.users, &[sasl]),
                        with(kind, broker.secure, &[sasl, tls]),
                    ]
                })
                .collect::<Vec<_>>()
        };
        let output = plan(&login(&alice(password)), &triggers()).expect(0);
        assert_eq!(readings(&output), [(2.0, true); 4]);

        let output = plan(&login(&alice("hunter2")), &triggers()).expect(1);
        for (error, port) in errors(&output).iter().zip([broker.users, broker.secure]) {
            let place = format!("kafka 127.0.0.1:{port}: ");
            assert_contains(error, &[&place, "authentication"]);
        }
        let said = format!("{}{}", output.stdout, output.stderr);
        for secret in ["hunter2", PLAIN, SCRAM] {
            assert_lacks(&said, secret);
        }
    }

    // A broker that is none of AWS says so once it is asked.
    let aws = [
        ("ca", ca.as_str()),
        ("awsAccessKeyID", "AKIDEXAMPLE"),
        ("awsSecretAccessKey", "hunter2"),
    ];
    let msk = [
        tls,
        ("awsRegion", "eu-west-1"),
        ("sasl", "oauthbearer"),
        ("saslTokenProvider", "aws_msk_iam"),
    ];
    let output = plan(&login(&aws), &[with("kafka", broker.secure, &msk)]).expect(1);
    assert_contains(&errors(&output)[0], &["UnsupportedSaslMechanism"]);
    assert_lacks(&output.stdout, "hunter2");

    let mutual =
        |kind, metadata: &[(&str, &str)]| with(kind, broker.mutual, &[&[tls], metadata].concat());
    let certificate = [("ca", ca.as_str()), ("cert", &ca), ("key", &key)];
    let both = BOTH.map(|kind| mutual(kind, &[]));
    let output = plan(&login(&certificate), &both).expect(0);
    assert_eq!(readings(&output), [(2.0, true); 2]);
    // Nobody's certificate, an authority that nobody knows, and one that need not be known.
    for wrong in [&certificate[..1], &certificate[1..]] {
        let output = plan(&login(wrong), &both).expect(1);
        for error in errors(&output) {
            assert_contains(&error, &[&format!("kafka 127.0.0.1:{}: ", broker.mutual)]);
        }
    }
    let unchecked = mutual("kafka", &[("unsafeSsl", "true")]);
    let output = plan(&login(&certificate[1..]), &[unchecked]).expect(0);
    assert_eq!(readings(&output), [(2.0, true)]);
    Ok(())
}

fn no_broker() -> Outcome {
    let address = format!("127.0.0.1:{}", free_port());
    let triggers = BOTH.map(|kind| lag(kind, &address, "workers", &[("topic", "orders")]));
    let output = plan("", &triggers).expect(1);
    for error in errors(&output) {
        assert_contains(&error, &[&format!("kafka {address}: "), "refused"]);
    }
    Ok(())
}
