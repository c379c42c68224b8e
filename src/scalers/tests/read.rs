//! Reading all triggers of an object together.

use std::sync::Arc;
use std::time::Duration;

use super::fake::{Cluster, Objects, answer, flat, job, one, options, read, serve, trigger};
use crate::scalers::{Built, PodSummary, build, read_triggers};

#[tokio::test]
async fn every_trigger_has_its_own_outcome() {
    let (address, _) = serve(vec![answer(200, "{\"n\":5}")]).await;
    let url = format!("http://{address}/");
    let readings = read(
        vec![
            trigger(0, "cpu", &[("value", "50")], false),
            trigger(
                1,
                "metrics-api",
                &[("url", &url), ("valueLocation", "n"), ("targetValue", "1")],
                false,
            ),
            trigger(2, "nsq", &[], false),
            trigger(3, "rediss", &[], false),
            trigger(
                4,
                "cron",
                &[
                    ("start", "0 0 * * *"),
                    ("end", "0 1 * * *"),
                    ("timezone", "UTC"),
                    ("desiredReplicas", "4"),
                ],
                false,
            ),
            trigger(5, "redis", &[("listName", "l")], true),
        ],
        &Objects::default(),
        Cluster::default(),
    )
    .await;
    let outcomes: Vec<_> = readings
        .into_iter()
        .map(|reading| flat(reading.outcome))
        .collect();
    assert!(outcomes[0].as_ref().unwrap_err().starts_with("skipped: "));
    assert_eq!(outcomes[1], Ok((5.0, true)));
    assert_eq!(
        outcomes[2],
        Err("not built: keda-jobs cannot read nsq triggers yet".to_owned())
    );
    assert_eq!(
        outcomes[3],
        Err("not built: KEDA has no trigger type \"rediss\"".to_owned())
    );
    assert_eq!(outcomes[4], Ok((4.0, true)));
    assert_eq!(
        outcomes[5],
        Err(
            "not built: parameter address is missing; set address to host:port, or host and port"
                .to_owned()
        )
    );
}

#[tokio::test]
async fn the_deadline_holds_for_each_trigger_alone() {
    let (slow, _) = serve(vec![String::new()]).await;
    let (quick, _) = serve(vec![answer(200, "{\"n\":5}")]).await;
    let (slow, quick) = (
        format!("http://u:hunter2@{slow}/x"),
        format!("http://{quick}/"),
    );
    let metadata = |url| [("url", url), ("valueLocation", "n"), ("targetValue", "1")];
    let job = job(vec![
        trigger(0, "metrics-api", &metadata(&slow), false),
        trigger(1, "metrics-api", &metadata(&quick), false),
    ]);
    let mut job = job;
    let secret = [("hostFromEnv", "SLOW"), ("queueName", "q")];
    job.triggers.push(trigger(2, "rabbitmq", &secret, false));
    let mut options = options();
    options.deadline = Duration::from_secs(2);
    options.http_timeout = Duration::from_mins(1);
    let readings = read_triggers(
        &job,
        &job.triggers,
        "ns",
        &Objects::default(),
        Arc::new(Cluster::default()),
        &options,
    )
    .await;
    let error = flat(readings[0].outcome.clone()).unwrap_err();
    assert!(error.starts_with("failed: http://127.0.0.1:"), "{error}");
    assert!(error.ends_with("/x did not answer within 2s"), "{error}");
    assert_eq!(flat(readings[1].outcome.clone()), Ok((5.0, true)));
    assert_eq!(
        flat(readings[2].outcome.clone()),
        Err("not built: the trigger's Secrets could not be read within 2s".to_owned())
    );
}

#[tokio::test]
async fn environment_and_authentication_give_parameters() {
    let (address, seen) = serve(vec![answer(200, "{\"name\":\"q\",\"messages\":2}")]).await;
    let host = format!("http://{address}/");
    let objects = [("key", host.as_str())];
    let metadata = [("hostFromEnv", "KEY"), ("queueName", "q")];
    // The variable refers to the Secret.
    let triggers = vec![trigger(0, "rabbitmq", &metadata, false)];
    let mut readings = read(triggers, &Objects::new(&objects), Cluster::default()).await;
    assert_eq!(flat(readings.remove(0).outcome), Ok((2.0, true)));
    let auth = [
        ("host", host.as_str()),
        ("username", "u"),
        ("password", "p"),
    ];
    assert_eq!(
        one("rabbitmq", &[("queueName", "q")], Some(&auth)).await,
        Ok((2.0, true))
    );
    assert!(seen.lock().unwrap()[1].contains("authorization: Basic dTpw"));
    for (variable, part) in [
        (
            "NOPE",
            "hostFromEnv names the variable \"NOPE\", which container \"w\" does not have",
        ),
        ("IP", "it is filled in by fieldRef"),
        ("KEY", "Secret ns/s has no key \"key\""),
    ] {
        let metadata = [("hostFromEnv", variable), ("queueName", "q")];
        let error = one("rabbitmq", &metadata, None).await.unwrap_err();
        assert!(
            error.starts_with("not built: ") && error.contains(part),
            "{error}"
        );
    }
}

#[tokio::test]
async fn pods_are_counted() {
    let pod = |phase: &str, node: Option<&str>| PodSummary {
        phase: phase.to_owned(),
        node: node.map(str::to_owned),
    };
    let cluster = || Cluster {
        pods: vec![
            pod("Running", Some("a")),
            pod("Running", Some("a")),
            pod("Pending", None),
            pod("Pending", Some("")),
            pod("Succeeded", Some("b")),
            pod("Failed", Some("c")),
        ],
        ..Cluster::default()
    };
    for (more, wanted) in [
        (("activationValue", "4"), (4.0, false)),
        (("groupByNode", "true"), (1.0, true)),
    ] {
        let metadata = [("podSelector", "app=x"), ("value", "1"), more];
        let triggers = vec![trigger(0, "kubernetes-workload", &metadata, false)];
        let mut readings = read(triggers, &Objects::default(), cluster()).await;
        assert_eq!(flat(readings.remove(0).outcome), Ok(wanted));
    }
    let metadata = [("podSelector", "app=y"), ("value", "1")];
    let error = one("kubernetes-workload", &metadata, None)
        .await
        .unwrap_err();
    assert!(error.starts_with("failed: pods of ns"), "{error}");
}

/// A Redis server of a few lines: it answers each command with the next reply.
async fn redis(replies: Vec<&'static str>) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 1024];
            for reply in &replies {
                if stream.read(&mut buffer).await.unwrap_or(0) == 0 {
                    break;
                }
                let _ = stream.write_all(reply.as_bytes()).await;
            }
        }
    });
    address.to_string()
}

#[tokio::test]
async fn redis_lengths() {
    for (kind, wanted) in [("+list\r\n", 7.0), ("+set\r\n", 7.0), ("+none\r\n", 7.0)] {
        let address = redis(vec![kind, ":7\r\n"]).await;
        let metadata = [("address", address.as_str()), ("listName", "l")];
        assert_eq!(one("redis", &metadata, None).await, Ok((wanted, true)));
    }
    for (reply, part) in [
        ("+stream\r\n", "key \"l\" is a stream"),
        ("-NOPERM no\r\n", "NoPerm"),
        ("garbage\r\n", "redis 127.0.0.1:"),
        ("", "redis 127.0.0.1:"),
    ] {
        let address = redis(vec![reply]).await;
        let metadata = [("address", address.as_str()), ("listName", "l")];
        let error = one("redis", &metadata, None).await.unwrap_err();
        assert!(
            error.starts_with("failed: redis 127.0.0.1:") && error.contains(part),
            "{error}"
        );
    }
}

#[tokio::test]
async fn one_trigger_can_be_built_alone() {
    let built = build(
        &job(vec![]),
        &trigger(
            0,
            "redis",
            &[("hosts", "a,b"), ("ports", "1,2"), ("listName", "l")],
            false,
        ),
        "ns",
        &Objects::default(),
        Arc::new(Cluster::default()),
        &options(),
    )
    .await
    .unwrap();
    assert!(matches!(built, Built::Scaler(scaler) if scaler.endpoint() == "redis a:1"));
}
