//! The six Redis types beside real servers: streams in each mode, a cluster, sentinels, users, TLS.

use libtest_mimic::Trial;

use crate::sources::triggers::{errors, login, plan, readings, trigger};
use crate::sources::twenty_five;
use crate::support::cluster::TestCluster;
use crate::support::redis::{Redis, RedisCluster};
use crate::support::servers::free_port;
use crate::support::{Outcome, assert_contains, assert_lacks, test_with};

pub(crate) fn tests() -> Vec<Trial> {
    let needs = &["redis-server"];
    vec![
        test_with(
            needs,
            "redis_types::streams_25_entries_make_25_jobs",
            entries,
        ),
        test_with(needs, "redis_types::streams_in_each_mode", modes),
        test_with(
            needs,
            "redis_types::streams_that_cannot_be_counted_are_errors",
            faults,
        ),
        test_with(
            needs,
            "redis_types::cluster_the_key_lives_on_another_node",
            cluster,
        ),
        test_with(
            needs,
            "redis_types::sentinel_the_second_one_names_the_master",
            sentinels,
        ),
        test_with(
            needs,
            "redis_types::users_of_server_and_sentinel_are_two",
            users,
        ),
        test_with(needs, "redis_types::tls_all_the_way", tls),
    ]
}

/// The group whose consumers the tests play.
const GROUP: (&str, &str) = ("consumerGroup", "workers");

/// A `redis-streams` trigger for this key of `redis`, with this metadata.
fn stream(redis: &Redis, key: &str, metadata: &[(&str, &str)]) -> String {
    let address = redis.address();
    let base = [("address", address.as_str()), ("stream", key)];
    trigger("redis-streams", &[&base, metadata].concat())
}

fn entries() -> Outcome {
    let redis = Redis::start(None);
    redis.add(None, "work", 30);
    redis.command(None, &["XGROUP", "CREATE", "work", "workers", "0"]);
    redis.take("work", "workers", 5);
    let address = redis.address();
    let metadata = [
        ("address", address.as_str()),
        ("stream", "work"),
        ("consumerGroup", "workers"),
        ("lagCount", "1"),
    ];
    let cluster = TestCluster::start();
    twenty_five(&cluster, "entries", &trigger("redis-streams", &metadata));
    Ok(())
}

fn modes() -> Outcome {
    let redis = Redis::start(None);
    redis.add(None, "work", 7);
    redis.command(None, &["XGROUP", "CREATE", "work", "workers", "0"]);
    redis.take("work", "workers", 3);
    redis.command(None, &["XACK", "work", "workers", "1-1"]);
    redis.command(None, &["XGROUP", "CREATE", "work", "idle", "0"]);
    let of = |key: &str, rest: &[(&str, &str)]| stream(&redis, key, rest);
    let output = plan(
        "",
        &[
            of("work", &[]),
            // Taken and not acknowledged.
            of("work", &[GROUP]),
            of(
                "work",
                &[GROUP, ("lagCount", "0"), ("activationLagCount", "1")],
            ),
            // Not taken.
            of(
                "work",
                &[GROUP, ("lagCount", "1"), ("activationLagCount", "4")],
            ),
            of("work", &[("consumerGroup", "idle")]),
            // A group that its consumers have not made yet, a stream that nobody has made yet.
            of("work", &[("consumerGroup", "new"), ("lagCount", "1")]),
            of("absent", &[GROUP, ("lagCount", "1")]),
            of("absent", &[]),
        ],
    )
    .expect(0);
    let expected = [
        (7.0, true),
        (2.0, true),
        (2.0, true),
        (4.0, false),
        (0.0, false),
        (7.0, true),
        (0.0, false),
        (0.0, false),
    ];
    assert_eq!(readings(&output), expected, "{}", output.stdout);
    Ok(())
}

fn faults() -> Outcome {
    let redis = Redis::start(None);
    redis.push("list", 3);
    redis.add(None, "work", 5);
    redis.command(None, &["XGROUP", "CREATE", "work", "workers", "0"]);
    redis.take("work", "workers", 1);
    // An entry that the group has not reached: Redis cannot tell how many are left.
    redis.command(None, &["XDEL", "work", "3-1"]);
    let of = |key: &str, rest: &[(&str, &str)]| stream(&redis, key, rest);
    let output = plan(
        "",
        &[
            of("list", &[]),
            of("list", &[GROUP]),
            of("list", &[GROUP, ("lagCount", "1")]),
            of("work", &[("consumerGroup", "strangers")]),
            of("absent", &[GROUP]),
            of("work", &[GROUP, ("lagCount", "1")]),
        ],
    )
    .expect(1);
    let no_stream = "key \"list\" is no stream";
    let parts = [
        no_stream,
        no_stream,
        no_stream,
        "there is no stream \"work\" with a consumer group \"strangers\"; XGROUP CREATE work strangers 0 MKSTREAM",
        "there is no stream \"absent\" with a consumer group \"workers\"",
        "the lag of consumer group \"workers\" of stream \"work\" is not known to Redis",
    ];
    let errors = errors(&output);
    assert_eq!(errors.len(), parts.len());
    for (error, part) in errors.iter().zip(parts) {
        assert_contains(error, &[&format!("redis {}: ", redis.address()), part]);
    }
    // Once a consumer has read past it, the lag is known again.
    redis.take("work", "workers", 5);
    redis.command(None, &["XADD", "work", "6-1", "work", "x"]);
    let output = plan("", &[of("work", &[GROUP, ("lagCount", "1")])]).expect(0);
    assert_eq!(readings(&output), [(1.0, true)]);
    Ok(())
}

fn cluster() -> Outcome {
    let cluster = RedisCluster::start();
    let down = format!("127.0.0.1:{}", free_port());
    let mut triggers = Vec::new();
    let mut expected = Vec::new();
    // Keys of all nodes, through all nodes.
    let mut nodes_of_keys = std::collections::BTreeSet::new();
    for (number, key) in ["a", "b", "c", "d"].into_iter().enumerate() {
        let length = number + 1;
        let stream = format!("stream-{{{key}}}");
        let place = cluster.place_of(key);
        nodes_of_keys.insert(place);
        let home = &cluster.nodes[place];
        home.push(key, length);
        home.add(None, &stream, length);
        home.command(None, &["XGROUP", "CREATE", &stream, "workers", "0"]);
        home.take(&stream, "workers", 1);
        for seed in &cluster.nodes {
            let addresses = format!("{down},{}", seed.address());
            let base = ("addresses", addresses.as_str());
            // There is one database, whatever is written.
            let list = [base, ("listName", key), ("databaseIndex", "3")];
            triggers.push(trigger("redis-cluster", &list));
            let stream = [base, ("stream", &stream), ("consumerGroup", "workers")];
            triggers.push(trigger("redis-cluster-streams", &stream));
            let lag = [&stream[..], &[("lagCount", "1")]].concat();
            triggers.push(trigger("redis-cluster-streams", &lag));
            let length = f64::from(u8::try_from(length).expect("small"));
            expected.extend([length, 1.0, length - 1.0]);
        }
    }
    assert_eq!(nodes_of_keys.len(), 3, "each node has one of the keys");
    let output = plan("", &triggers).expect(0);
    let values: Vec<f64> = readings(&output).iter().map(|reading| reading.0).collect();
    assert_eq!(values, expected, "{}", output.stdout);

    // A type that knows nothing of clusters says so, and a cluster type beside a single server.
    let stranger = &cluster.nodes[(cluster.place_of("a") + 1) % 3].address();
    let single = Redis::start(None);
    let output = plan(
        "",
        &[
            trigger("redis", &[("address", stranger), ("listName", "a")]),
            trigger(
                "redis-cluster",
                &[("address", &single.address()), ("listName", "a")],
            ),
            trigger("redis-cluster", &[("address", &down), ("listName", "a")]),
        ],
    )
    .expect(1);
    let errors = errors(&output);
    assert_contains(&errors[0], &[stranger, "it is a node of a cluster"]);
    assert_contains(&errors[1], &[&single.address(), "it is no cluster"]);
    assert_contains(&errors[2], &[&down, "refused"]);
    Ok(())
}

fn sentinels() -> Outcome {
    let master = Redis::start(None);
    master.command(None, &["RPUSH", "elsewhere", "x"]);
    master.add(None, "work", 4);
    let sentinel = Redis::start_sentinel(&master, "");
    let down = format!("127.0.0.1:{}", free_port());
    let addresses = format!("{down},{}", sentinel.address());
    let of = |kind: &str, rest: &[(&str, &str)]| {
        trigger(kind, &[&[("addresses", addresses.as_str())], rest].concat())
    };
    let main = ("sentinelMaster", "main");
    let output = plan(
        "",
        &[
            of("redis-sentinel-streams", &[main, ("stream", "work")]),
            of("redis-sentinel", &[main, ("listName", "elsewhere")]),
            // The database is the master's.
            of(
                "redis-sentinel",
                &[main, ("listName", "elsewhere"), ("databaseIndex", "1")],
            ),
        ],
    )
    .expect(0);
    let expected = [(4.0, true), (1.0, true), (0.0, false)];
    assert_eq!(readings(&output), expected, "{}", output.stdout);

    let other = ("sentinelMaster", "other");
    let output = plan("", &[of("redis-sentinel", &[other, ("listName", "l")])]).expect(1);
    let unknown = format!(
        "redis sentinel {}: it knows no master \"other\"",
        sentinel.address()
    );
    let gone = format!("redis sentinel {down}: ");
    assert_contains(&errors(&output)[0], &[&gone, &unknown]);

    // The master is gone, and no other can take its place.
    let gone = format!(
        "redis {} (named by redis sentinel {}): ",
        master.address(),
        sentinel.address()
    );
    drop(master);
    let output = plan("", &[of("redis-sentinel", &[main, ("listName", "l")])]).expect(1);
    assert_contains(&errors(&output)[0], &[&gone, "refused"]);
    Ok(())
}

fn users() -> Outcome {
    const ADMIN: Option<&str> = Some("admin-password");
    let master = Redis::start(ADMIN);
    master.add(ADMIN, "work", 3);
    // No more than the reading needs: KEDA's users need PING too.
    let user = [
        "ACL",
        "SETUSER",
        "reader",
        "on",
        ">reader-password",
        "~work",
    ];
    let rights = ["+xlen", "+xpending"];
    master.command(ADMIN, &[&user[..], &rights].concat());
    let sentinel = Redis::start_sentinel(
        &master,
        "user default off\nuser guard on >guard-password +sentinel",
    );
    let right = [
        ("username", "reader"),
        ("password", "reader-password"),
        ("sentinelUsername", "guard"),
        ("sentinelPassword", "guard-password"),
    ];
    let with = |kind: &str, address: &str, stream: &str| {
        let metadata = [
            ("address", address),
            ("stream", stream),
            ("sentinelMaster", "main"),
        ];
        trigger(kind, &metadata) + "\n  authenticationRef: {name: login}"
    };
    let both = |stream| {
        [
            with("redis-streams", &master.address(), stream),
            with("redis-sentinel-streams", &sentinel.address(), stream),
        ]
    };
    let output = plan(&login(&right), &both("work")).expect(0);
    assert_eq!(readings(&output), [(3.0, true), (3.0, true)]);

    // A key that the user may not see, and then each password wrong, alone.
    let output = plan(&login(&right), &both("other")).expect(1);
    for error in errors(&output) {
        assert_contains(&error, &[&format!("redis {}", master.address()), "NoPerm"]);
    }
    for wrong in [1, 3] {
        let mut parameters = right;
        parameters[wrong].1 = "hunter2";
        let output = plan(&login(&parameters), &both("work")[1..]).expect(1);
        let place = if wrong == 1 {
            format!("redis {} (named by ", master.address())
        } else {
            format!("redis sentinel {}: ", sentinel.address())
        };
        assert_contains(&errors(&output)[0], &[&place, "authentication failed"]);
        let said = format!("{}{}", output.stdout, output.stderr);
        for secret in ["hunter2", "reader-password", "guard-password"] {
            assert_lacks(&said, secret);
        }
    }
    Ok(())
}

fn tls() -> Outcome {
    let file = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys");
        format!("{folder}/test-only-{name}.pem")
    };
    let (certificate, key) = (file("certificate"), file("key"));
    let port = free_port();
    let secure = |port: u16| {
        format!(
            "tls-port {port}\ntls-cert-file {certificate}\ntls-key-file {key}\ntls-ca-cert-file {certificate}\n\
             tls-auth-clients no\ntls-replication yes"
        )
    };
    let settings = secure(port);
    let settings: Vec<String> = settings
        .lines()
        .flat_map(|line| {
            let (name, value) = line.split_once(' ').expect("a setting");
            [format!("--{name}"), value.to_owned()]
        })
        .collect();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let master = Redis::start_with(&settings);
    master.add(None, "work", 3);
    let sentinel_port = free_port();
    let lines = format!(
        "{}\nsentinel monitor secure 127.0.0.1 {port} 1",
        secure(sentinel_port)
    );
    let _sentinel = Redis::start_sentinel(&master, &lines);
    let with = |kind: &str, port: u16, rest: &str| {
        let address = format!("127.0.0.1:{port}");
        let metadata = [
            ("address", address.as_str()),
            ("stream", "work"),
            ("sentinelMaster", "secure"),
            ("enableTLS", "true"),
        ];
        trigger(kind, &metadata) + rest
    };
    let both = |rest| {
        [
            with("redis-streams", port, rest),
            with("redis-sentinel-streams", sentinel_port, rest),
        ]
    };
    let authority = std::fs::read_to_string(&certificate)?;
    let trusted = login(&[("ca", &authority)]);
    let output = plan(&trusted, &both("\n  authenticationRef: {name: login}")).expect(0);
    assert_eq!(readings(&output), [(3.0, true), (3.0, true)]);
    let output = plan("", &both("\n    unsafeSsl: \"true\"")).expect(0);
    assert_eq!(readings(&output), [(3.0, true), (3.0, true)]);
    // An authority that nobody knows.
    let output = plan("", &both("")).expect(1);
    for error in errors(&output) {
        assert_contains(&error, &["127.0.0.1:", "certificate"]);
    }
    Ok(())
}
