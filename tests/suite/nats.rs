//! `nats-jetstream` beside real servers: one alone, and a cluster in which only the consumer's leader knows the counts.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::sources::triggers::{errors, plan, readings, trigger};
use crate::sources::twenty_five;
use crate::support::cluster::TestCluster;
use crate::support::nats::{Nats, NatsCluster};
use crate::support::{Outcome, assert_contains, eventually, test_with};

pub(crate) fn tests() -> Vec<Trial> {
    let needs = &["nats-server"];
    vec![
        test_with(needs, "nats::jetstream_25_messages_make_25_jobs", messages),
        test_with(
            needs,
            "nats::jetstream_accounts_and_what_is_missing",
            accounts,
        ),
        test_with(
            needs,
            "nats::jetstream_the_consumers_leader_is_asked",
            cluster,
        ),
        test_with(
            needs,
            "nats::jetstream_the_leader_is_found_by_the_routes",
            by_routes,
        ),
    ]
}

/// A trigger for this consumer, as the server at `place` shows it.
fn consumer(place: &str, account: (&str, &str), stream: &str, consumer: &str) -> String {
    let metadata = [
        ("natsServerMonitoringEndpoint", place),
        account,
        ("stream", stream),
        ("consumer", consumer),
        ("lagThreshold", "1"),
    ];
    trigger("nats-jetstream", &metadata)
}

/// The account of those who have none.
const GLOBAL: (&str, &str) = ("account", "$G");

fn messages() -> Outcome {
    let nats = Nats::start("");
    let mut client = nats.client("");
    client.make("work", "workers", 1, 30);
    client.take("work", "workers", 10, 5);
    let cluster = TestCluster::start();
    let trigger = consumer(&nats.place(), GLOBAL, "work", "workers");
    twenty_five(&cluster, "messages", &trigger);
    Ok(())
}

fn accounts() -> Outcome {
    let nats = Nats::start(
        "accounts { SHOP { jetstream: enabled, users: [{user: shop, password: secret}] }, EMPTY { users: [{user: empty, password: secret}] } }",
    );
    let mut client = nats.client(",\"user\":\"shop\",\"pass\":\"secret\"");
    client.make("work", "workers", 1, 4);
    client.take("work", "workers", 2, 1);
    let place = nats.place();
    let of = |account, stream, name| consumer(&place, account, stream, name);
    let output = plan(
        "",
        &[
            of(("account", "SHOP"), "work", "workers"),
            of(("accountID", "SHOP"), "work", "workers"),
        ],
    )
    .expect(0);
    assert_eq!(readings(&output), [(3.0, true), (3.0, true)]);

    let shop = ("account", "SHOP");
    let clients = nats.address();
    let output = plan(
        "",
        &[
            of(shop, "work", "strangers"),
            of(shop, "play", "workers"),
            of(("account", "EMPTY"), "work", "workers"),
            of(("account", "NOBODY"), "work", "workers"),
            of(("accountID", "NOBODY"), "work", "workers"),
            consumer(&clients, shop, "work", "workers"),
        ],
    )
    .expect(1);
    let parts = [
        "shows no consumer \"strangers\" of stream \"work\"",
        "shows no stream \"play\" in account \"SHOP\"",
        "shows no account \"EMPTY\" that uses JetStream",
        "shows no account \"NOBODY\" that uses JetStream",
        "shows no account \"NOBODY\" that uses JetStream",
        "cannot be asked",
    ];
    let errors = errors(&output);
    assert_eq!(errors.len(), parts.len());
    for (error, part) in errors.iter().zip(parts) {
        assert_contains(error, &["http://127.0.0.1:", "/jsz", part]);
    }
    Ok(())
}

/// A stream on all three servers and one on a single server, as each server tells of them: five messages are left of each.
fn five(cluster: &NatsCluster) -> Vec<String> {
    let mut client = cluster.nodes[0].client("");
    for (stream, replicas) in [("everywhere", 3), ("somewhere", 1)] {
        client.make(stream, "workers", replicas, 8);
        client.take(stream, "workers", 5, 3);
    }
    let triggers = cluster.nodes.iter().flat_map(|node| {
        let place = node.place();
        ["everywhere", "somewhere"].map(|stream| consumer(&place, GLOBAL, stream, "workers"))
    });
    triggers.collect()
}

fn cluster() -> Outcome {
    let mut cluster = NatsCluster::start(true);
    let triggers = five(&cluster);
    let leader = cluster.leader("everywhere", "workers");
    // What the others show is something else.
    let counts = |node: &Nats| {
        let shown = node.consumer("everywhere", "workers")?;
        Some([
            shown["num_pending"].clone(),
            shown["num_ack_pending"].clone(),
        ])
    };
    let right = Some([json!(3), json!(2)]);
    let rights = cluster.nodes.iter().filter(|node| counts(node) == right);
    assert_eq!(rights.count(), 1, "only the leader knows");
    let output = plan("", &triggers).expect(0);
    assert_eq!(readings(&output), [(5.0, true); 6], "{}", output.stdout);

    let missing = consumer(&cluster.nodes[1].place(), GLOBAL, "everywhere", "strangers");
    let output = plan("", &[missing]).expect(1);
    let part =
        "and the 3 servers that it names shows no consumer \"strangers\" of stream \"everywhere\"";
    assert_contains(&errors(&output)[0], &[part]);

    // Another one leads once the leader is gone.
    cluster.nodes[leader].stop();
    let other = (leader + 1) % 3;
    let gone = format!("n{leader}");
    eventually("another server to lead the consumer", || {
        let shown = cluster.nodes[other].consumer("everywhere", "workers")?;
        let name = shown["cluster"]["leader"].as_str()?;
        (!name.is_empty() && name != gone).then_some(())
    });
    let trigger = consumer(
        &cluster.nodes[other].place(),
        GLOBAL,
        "everywhere",
        "workers",
    );
    let output = plan("", &[trigger]).expect(0);
    assert_eq!(readings(&output), [(5.0, true)], "{}", output.stdout);
    Ok(())
}

fn by_routes() -> Outcome {
    let cluster = NatsCluster::start(false);
    let triggers = five(&cluster);
    let told = cluster.nodes[0].varz();
    assert_eq!(told["connect_urls"], Value::Null);
    let output = plan("", &triggers).expect(0);
    assert_eq!(readings(&output), [(5.0, true); 6], "{}", output.stdout);
    Ok(())
}
