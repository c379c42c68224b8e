//! Who is asked: one server, the nodes of a cluster, the master that a sentinel names.

use std::time::Duration;

use super::super::fake::{Cluster, Objects, flat, one, options, read_with, trigger};
use super::{Place, bulk, nowhere};
use crate::scalers::ReadOptions;

/// A cluster's nodes send commands on; `redis` is sent nowhere.
#[tokio::test]
async fn the_node_that_has_the_key_is_asked() {
    let (seed, node, last) = (Place::new().await, Place::new().await, Place::new().await);
    let addresses = [&seed, &node, &last].map(|place| place.address.clone());
    let port = addresses[2].rsplit(':').next().unwrap().to_owned();
    seed.serve(vec![
        ("CLUSTER KEYSLOT", ":1\r\n".to_owned()),
        ("TYPE l", format!("-MOVED 1 {}\r\n", addresses[1])),
    ]);
    // A node that does not know its own name leaves it out. The slot is on its way: only this command is sent on.
    let of_node = node.serve(vec![
        ("TYPE l", "+list\r\n".to_owned()),
        ("LLEN l", format!("-ASK 1 :{port}\r\n")),
    ]);
    let of_last = last.serve(vec![
        ("ASKING", "+OK\r\n".to_owned()),
        ("LLEN l", ":7\r\n".to_owned()),
    ]);
    let metadata = [("address", addresses[0].as_str()), ("listName", "l")];
    assert_eq!(one("redis-cluster", &metadata, None).await, Ok((7.0, true)));
    assert_eq!(*of_node.lock().unwrap(), ["TYPE l", "LLEN l"]);
    assert_eq!(*of_last.lock().unwrap(), ["ASKING", "LLEN l"]);

    let error = one("redis", &metadata, None).await.unwrap_err();
    assert!(
        error.contains("it is a node of a cluster, which the types with -cluster read"),
        "{error}"
    );
}

#[tokio::test]
async fn a_cluster_that_sends_commands_around_ends() {
    let place = Place::new().await;
    let address = place.address.clone();
    let asked = place.serve(vec![("XLEN s", format!("-MOVED 1 {address}\r\n"))]);
    let metadata = [("address", address.as_str()), ("stream", "s")];
    let error = one("redis-cluster-streams", &metadata, None)
        .await
        .unwrap_err();
    assert!(error.contains("Moved"), "{error}");
    let asked = asked.lock().unwrap();
    let sent = asked.iter().filter(|command| *command == "XLEN s").count();
    // Once and three times on; read twice, as every trigger that fails.
    assert_eq!(sent, 8);
}

#[tokio::test]
async fn another_node_is_asked_when_one_cannot_answer() {
    let good = Place::new().await;
    let good_address = good.address.clone();
    good.serve(vec![("XLEN s", ":7\r\n".to_owned())]);
    let down = Place::new().await;
    let down_address = down.address.clone();
    down.serve(vec![(
        "XLEN s",
        "-CLUSTERDOWN Hash slot not served\r\n".to_owned(),
    )]);
    let lost = Place::new().await;
    let lost_address = lost.address.clone();
    let gone = nowhere().await;
    lost.serve(vec![("XLEN s", format!("-MOVED 1 {gone}\r\n"))]);
    let silent = Place::new().await;
    let silent_address = silent.address.clone();
    silent.be_silent();
    for bad in [
        &nowhere().await,
        &down_address,
        &lost_address,
        &silent_address,
    ] {
        let addresses = format!("{bad},{good_address},");
        let metadata = [("addresses", addresses.as_str()), ("stream", "s")];
        assert_eq!(
            one("redis-cluster-streams", &metadata, None).await,
            Ok((7.0, true)),
            "{bad}"
        );
        // Without a cluster only the first one is asked.
        if *bad == silent_address {
            continue;
        }
        let error = one("redis-streams", &metadata, None).await.unwrap_err();
        assert!(
            error.contains(bad) && !error.contains(&good_address),
            "{error}"
        );
    }
    // All are named when none answers, and who named the one that is gone.
    let addresses = format!("{down_address},{lost_address}");
    let metadata = [("addresses", addresses.as_str()), ("stream", "s")];
    let error = one("redis-cluster-streams", &metadata, None)
        .await
        .unwrap_err();
    let named = format!("redis {gone} (named by redis {lost_address}): ");
    for part in [&format!("redis {down_address}: "), &named] {
        assert!(error.contains(part), "{part}: {error}");
    }
    // What any node would say ends it.
    let wrong = Place::new().await;
    let addresses = format!("{},{good_address}", wrong.address);
    wrong.serve(vec![("XLEN s", "-WRONGTYPE no\r\n".to_owned())]);
    let metadata = [("addresses", addresses.as_str()), ("stream", "s")];
    let read = one("redis-cluster-streams", &metadata, None).await;
    assert!(read.unwrap_err().contains("is no stream"));
}

#[tokio::test]
async fn a_single_server_is_no_cluster() {
    let place = Place::new().await;
    let address = place.address.clone();
    place.serve(vec![
        (
            "CLUSTER",
            "-ERR This instance has cluster support disabled\r\n".to_owned(),
        ),
        ("XLEN s", ":7\r\n".to_owned()),
    ]);
    let metadata = [("address", address.as_str()), ("stream", "s")];
    let error = one("redis-cluster-streams", &metadata, None)
        .await
        .unwrap_err();
    assert!(error.contains("it is no cluster"), "{error}");
}

#[tokio::test]
async fn the_first_sentinel_that_knows_the_master_names_it() {
    let master = Place::new().await;
    let (host, port) = master.address.split_once(':').unwrap();
    let named = format!("*2\r\n{}{}", bulk(host), bulk(port));
    let master_address = master.address.clone();
    let asked = master.serve(vec![
        ("AUTH user secret", "+OK\r\n".to_owned()),
        ("SELECT 3", "+OK\r\n".to_owned()),
        ("XLEN s", ":7\r\n".to_owned()),
    ]);
    let good = Place::new().await;
    let good_address = good.address.clone();
    let of_sentinel = good.serve(vec![
        ("AUTH guard other", "+OK\r\n".to_owned()),
        ("SENTINEL get-master-addr-by-name m", named),
        ("SENTINEL", "*-1\r\n".to_owned()),
    ]);
    let unknowing = Place::new().await;
    let unknowing_address = unknowing.address.clone();
    unknowing.serve(vec![
        ("AUTH guard other", "+OK\r\n".to_owned()),
        ("SENTINEL", "*-1\r\n".to_owned()),
    ]);
    let silent = Place::new().await;
    let silent_address = silent.address.clone();
    silent.be_silent();
    let auth = [
        ("username", "user"),
        ("password", "secret"),
        ("sentinelUsername", "guard"),
        ("sentinelPassword", "other"),
    ];
    for bad in [&nowhere().await, &unknowing_address, &silent_address] {
        let addresses = format!("{bad},{good_address}");
        let metadata = [
            ("addresses", addresses.as_str()),
            ("stream", "s"),
            ("sentinelMaster", "m"),
            ("databaseIndex", "3"),
        ];
        assert_eq!(
            one("redis-sentinel-streams", &metadata, Some(&auth)).await,
            Ok((7.0, true)),
            "{bad}"
        );
    }
    let expected = ["AUTH user secret", "SELECT 3", "XLEN s"];
    assert_eq!(asked.lock().unwrap()[..3], expected);
    let expected = ["AUTH guard other", "SENTINEL get-master-addr-by-name m"];
    assert_eq!(of_sentinel.lock().unwrap()[..2], expected);

    let addresses = format!("{unknowing_address},{good_address}");
    let metadata = |master, database| {
        [
            ("addresses", addresses.as_str()),
            ("listName", "l"),
            ("sentinelMaster", master),
            ("databaseIndex", database),
        ]
    };
    let error = one("redis-sentinel", &metadata("x", "3"), Some(&auth))
        .await
        .unwrap_err();
    for address in [&unknowing_address, &good_address] {
        let part = format!("redis sentinel {address}: it knows no master \"x\"");
        assert!(error.contains(&part), "{error}");
    }
    // A master that cannot be used: who named it is said.
    let error = one("redis-sentinel", &metadata("m", "4"), Some(&auth))
        .await
        .unwrap_err();
    let part = format!("redis {master_address} (named by redis sentinel {good_address}): ");
    assert!(error.contains(&part), "{error}");
    assert!(
        !error.contains("secret") && !error.contains("other"),
        "{error}"
    );
}

/// A node of a cluster has one database, a sentinel none: neither is asked to select one.
#[tokio::test]
async fn a_cluster_has_no_databases() {
    let place = Place::new().await;
    let address = place.address.clone();
    let asked = place.serve(vec![("XLEN s", ":7\r\n".to_owned())]);
    let metadata = [
        ("address", address.as_str()),
        ("stream", "s"),
        ("databaseIndex", "3"),
    ];
    let read = one("redis-cluster-streams", &metadata, None).await;
    assert_eq!(read, Ok((7.0, true)));
    assert!(!asked.lock().unwrap().iter().any(|it| it.contains("SELECT")));
}

/// Servers that say nothing are not waited for one after the other: four times the 3 s for an answer would be too late.
#[tokio::test]
async fn silent_servers_do_not_use_up_the_time() {
    let mut addresses = Vec::new();
    for _ in 0..4 {
        let silent = Place::new().await;
        addresses.push(silent.address.clone());
        silent.be_silent();
    }
    let good = Place::new().await;
    addresses.push(good.address.clone());
    good.serve(vec![("XLEN s", ":7\r\n".to_owned())]);
    let addresses = addresses.join(",");
    let metadata = [("addresses", addresses.as_str()), ("stream", "s")];
    let options = ReadOptions {
        deadline: Duration::from_secs(10),
        ..options()
    };
    let trigger = trigger(0, "redis-cluster-streams", &metadata, false);
    let (objects, cluster) = (Objects::default(), Cluster::default());
    let mut readings = read_with(vec![trigger], &objects, cluster, &options).await;
    assert_eq!(flat(readings.remove(0).outcome), Ok((7.0, true)));
}
