//! What is counted of a stream, and what is told instead of a number.

use super::super::fake::{Cluster, Objects, one, read, trigger};
use super::{Place, bulk};
use crate::api::reading::{MetricTarget, ReadingOutcome};

const INFO: &str = "INFO server";
const GROUPS: &str = "XINFO GROUPS s";

fn redis_7() -> (&'static str, String) {
    (INFO, bulk("# Server\r\nredis_version:7.0.15\r\n"))
}

/// A group as XINFO GROUPS tells it.
fn group(lag: Option<&str>) -> (&'static str, String) {
    let lag = lag.map_or(String::new(), |lag| format!("{}{lag}\r\n", bulk("lag")));
    let count = if lag.is_empty() { 4 } else { 6 };
    let group = |name: &str, lag: &str| {
        format!(
            "*{count}\r\n{}{}{}:3\r\n{lag}",
            bulk("name"),
            bulk(name),
            bulk("pending")
        )
    };
    let other = if lag.is_empty() {
        String::new()
    } else {
        format!("{}:99\r\n", bulk("lag"))
    };
    (
        GROUPS,
        format!("*2\r\n{}{}", group("other", &other), group("g", &lag)),
    )
}

/// What `redis-streams` reads of a server with these answers.
async fn stream(
    metadata: &[(&str, &str)],
    answers: Vec<(&'static str, String)>,
) -> (Result<(f64, bool), String>, Vec<String>) {
    let place = Place::new().await;
    let address = place.address.clone();
    let asked = place.serve(answers);
    let mut all = vec![("address", address.as_str()), ("stream", "s")];
    all.extend(metadata);
    let read = one("redis-streams", &all, None).await;
    let asked = asked.lock().unwrap().clone();
    (read, asked)
}

const LAG: [(&str, &str); 2] = [("consumerGroup", "g"), ("lagCount", "2")];

#[tokio::test]
async fn what_is_counted_of_a_stream() {
    let answers = || {
        vec![
            ("XLEN s", ":7\r\n".to_owned()),
            (
                "XPENDING s g",
                format!("*4\r\n:3\r\n{}{}*-1\r\n", bulk("1-1"), bulk("2-1")),
            ),
            redis_7(),
            group(Some(":4")),
        ]
    };
    let given = [
        (vec![], 7.0, "XLEN s"),
        // Without a group the lag is no matter. [KEDA Validate]
        (vec![("lagCount", "2")], 7.0, "XLEN s"),
        (vec![("consumerGroup", "g")], 3.0, "XPENDING s g"),
        (
            vec![("consumerGroup", "g"), ("lagCount", "0")],
            3.0,
            "XPENDING s g",
        ),
        (LAG.to_vec(), 4.0, GROUPS),
        (
            vec![
                ("consumerGroup", "g"),
                ("lagCount", "2"),
                ("pendingEntriesCount", "1"),
                ("streamLength", "1"),
            ],
            4.0,
            GROUPS,
        ),
    ];
    for (metadata, value, command) in given {
        let (read, asked) = stream(&metadata, answers()).await;
        assert_eq!(read, Ok((value, true)), "{metadata:?}");
        assert_eq!(asked.last().map(String::as_str), Some(command));
    }
}

/// [KEDA `GetMetricsAndActivity`: `>`, in each mode]
#[tokio::test]
async fn active_above_activation_lag_count() {
    for (activation, active) in [("6", true), ("7", false), ("8", false)] {
        let metadata = [("activationLagCount", activation)];
        let (read, _) = stream(&metadata, vec![("XLEN s", ":7\r\n".to_owned())]).await;
        assert_eq!(read, Ok((7.0, active)), "{activation}");
    }
}

/// [KEDA `GetMetricSpecForScaling`]
#[tokio::test]
async fn names_and_targets() {
    let place = Place::new().await;
    let address = place.address.clone();
    place.serve(vec![
        ("XLEN a/b", ":7\r\n".to_owned()),
        (
            "XPENDING a/b g",
            "*4\r\n:0\r\n*-1\r\n*-1\r\n*-1\r\n".to_owned(),
        ),
        redis_7(),
        ("XINFO GROUPS a/b", "*0\r\n".to_owned()),
        ("TYPE a/b", "+list\r\n".to_owned()),
        ("LLEN a/b", ":7\r\n".to_owned()),
    ]);
    let group = ("consumerGroup", "g");
    let targets = [("pendingEntriesCount", "3"), ("streamLength", "4")];
    for (kind, metadata, target) in [
        ("redis-streams", vec![], 5.0),
        ("redis-streams", targets.to_vec(), 4.0),
        ("redis-streams", vec![group], 5.0),
        ("redis-streams", [&targets[..], &[group]].concat(), 3.0),
        (
            "redis-cluster-streams",
            [&targets[..], &[group, ("lagCount", "9")]].concat(),
            9.0,
        ),
        ("redis-cluster", vec![], 5.0),
    ] {
        let key = if kind.ends_with("streams") {
            ("stream", "a/b")
        } else {
            ("listName", "a/b")
        };
        let metadata = [&metadata[..], &[("address", &address), key]].concat();
        let readings = read(
            vec![trigger(2, kind, &metadata, false)],
            &Objects::default(),
            Cluster::default(),
        )
        .await;
        let ReadingOutcome::Read(readings) = &readings[0].outcome else {
            panic!("{readings:?}");
        };
        assert_eq!(readings[0].target, MetricTarget::AverageValue(target));
        let family = if kind.ends_with("streams") {
            "redis-streams"
        } else {
            "redis"
        };
        assert_eq!(readings[0].metric, format!("s2-{family}-a-b"));
    }
}

#[tokio::test]
async fn lags_that_are_told_and_lags_that_are_not() {
    let length = || ("XLEN s", ":7\r\n".to_owned());
    // A stream that nobody has made yet holds nothing; a group that nobody has made yet has taken nothing.
    let missing = (GROUPS, "-ERR no such key\r\n".to_owned());
    let (read, _) = stream(&LAG, vec![redis_7(), missing, length()]).await;
    assert_eq!(read, Ok((0.0, false)));
    let none = (GROUPS, "*0\r\n".to_owned());
    let (read, _) = stream(&LAG, vec![redis_7(), none, length()]).await;
    assert_eq!(read, Ok((7.0, true)));

    let info = |text: &str| (INFO, bulk(text));
    let wrong = "-WRONGTYPE Operation against a key\r\n".to_owned();
    for (answers, part) in [
        (
            vec![redis_7(), group(Some("$-1")), length()],
            "the lag of consumer group \"g\" of stream \"s\" is not known to Redis",
        ),
        (
            vec![redis_7(), group(None), length()],
            "the lag of consumer group",
        ),
        (
            vec![
                info("redis_version:6.2.14\r\n"),
                group(Some(":4")),
                length(),
            ],
            "it is Redis 6.2.14, and lagCount needs version 7",
        ),
        (
            vec![info("redis_mode:x\r\n"), group(Some(":4")), length()],
            "it does not say its version",
        ),
        (
            vec![
                (INFO, "-NOPERM no permissions\r\n".to_owned()),
                group(Some(":4")),
            ],
            "the user may not run INFO",
        ),
        // The number of entries is no lag.
        (
            vec![
                redis_7(),
                (GROUPS, "-NOPERM no permissions\r\n".to_owned()),
                length(),
            ],
            "NoPerm",
        ),
        (
            vec![redis_7(), (GROUPS, wrong.clone()), length()],
            "key \"s\" is no stream",
        ),
    ] {
        let (read, _) = stream(&LAG, answers).await;
        let error = read.unwrap_err();
        assert!(
            error.starts_with("failed: redis 127.0.0.1:") && error.contains(part),
            "{part}: {error}"
        );
    }
    for (metadata, command) in [(&[][..], "XLEN"), (&[("consumerGroup", "g")], "XPENDING")] {
        let (read, _) = stream(metadata, vec![(command, wrong.clone())]).await;
        assert!(read.unwrap_err().contains("key \"s\" is no stream"));
    }
    let gone = "-NOGROUP No such key 's' or consumer group 'g'\r\n".to_owned();
    let (read, _) = stream(&[("consumerGroup", "g")], vec![("XPENDING", gone)]).await;
    let error = read.unwrap_err();
    let part = "there is no stream \"s\" with a consumer group \"g\"; XGROUP CREATE s g 0 MKSTREAM";
    assert!(error.contains(part), "{error}");
}
