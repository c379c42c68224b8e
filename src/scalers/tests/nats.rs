//! `nats-jetstream` beside servers of a few lines: one alone, and clusters whose servers differ in what they know.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::fake::{
    Cluster, Objects, Seen, answer, flat, job, one, options, read_with, serve, serve_by, trigger,
};
use crate::scalers::{Built, ReadOptions, Scaler, build};

fn metadata(place: &str) -> [(&str, &str); 5] {
    [
        ("natsServerMonitoringEndpoint", place),
        ("account", "A"),
        ("stream", "s"),
        ("consumer", "c"),
        ("lagThreshold", "2"),
    ]
}

/// `/jsz` with the consumer: what waits, what is not acknowledged, who leads it.
fn jsz(id: &str, counts: (i64, i64), leader: &str, size: u64) -> Value {
    let consumer = json!({"name": "c", "num_pending": counts.0, "num_ack_pending": counts.1,
        "cluster": {"leader": leader}});
    with_streams(
        id,
        &json!([{"name": "s", "state": {"last_seq": 99}, "consumer_detail": [consumer]}]),
        size,
    )
}

fn with_streams(id: &str, streams: &Value, size: u64) -> Value {
    let mut answer = json!({"server_id": id, "account_details": [{"id": "A", "name": "A", "stream_detail": streams}]});
    if size > 0 {
        answer["meta_cluster"] = json!({"cluster_size": size});
    }
    answer
}

#[tokio::test]
async fn one_server() {
    let (address, seen) = serve(vec![answer(200, &jsz("I", (5, 2), "", 0).to_string())]).await;
    let place = address.to_string();
    for (more, active) in [
        (vec![], true),
        (vec![("activationLagThreshold", "6")], true),
        (vec![("activationLagThreshold", "7")], false),
    ] {
        let metadata = [&metadata(&place)[..], &more].concat();
        let read = one("nats-jetstream", &metadata, None).await;
        assert_eq!(read, Ok((7.0, active)), "{more:?}");
    }
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    assert!(
        seen[0].starts_with("GET /jsz?acc=A&consumers=true HTTP"),
        "{seen:?}"
    );
}

/// KEDA gives 0 where the stream is missing, and the stream's last sequence where the consumer is.
#[tokio::test]
async fn what_is_missing_is_an_error() {
    let stream = |name: &str, consumers: Value| json!([{"name": name, "state": {"last_seq": 99}, "consumer_detail": consumers}]);
    let other = json!([{"name": "d", "num_pending": 1, "num_ack_pending": 1}]);
    let body = |streams: &Value| with_streams("I", streams, 0).to_string();
    for (reply, wanted) in [
        (
            answer(200, &body(&stream("s", other))),
            "/jsz shows no consumer \"c\" of stream \"s\"",
        ),
        (
            answer(200, &body(&stream("t", json!([])))),
            "/jsz shows no stream \"s\" in account \"A\"",
        ),
        (
            answer(200, "{\"server_id\":\"I\",\"account_details\":[]}"),
            "/jsz shows no account \"A\" that uses JetStream",
        ),
        (
            answer(200, "{\"server_id\":\"I\",\"disabled\":true}"),
            "/jsz has no JetStream",
        ),
        (
            answer(404, "404 page not found"),
            "/jsz answered 404 Not Found; is it the monitoring port",
        ),
        (answer(200, "{}"), "/jsz answered without server_id"),
        (
            answer(200, "INFO {}"),
            "/jsz answered with something else than JSON",
        ),
        (
            answer(200, &jsz("I", (-5, 2), "", 0).to_string()),
            "/jsz answered with a num_pending that is no count",
        ),
        ("garbage\r\n\r\n".to_owned(), "/jsz cannot be asked"),
    ] {
        let (address, _) = serve(vec![reply]).await;
        let place = address.to_string();
        let error = one("nats-jetstream", &metadata(&place), None)
            .await
            .unwrap_err();
        let start = format!("failed: http://{place}/jsz");
        assert!(error.starts_with(&start), "{error}");
        assert!(error.contains(wanted), "{wanted}: {error}");
    }
}

#[tokio::test]
async fn the_place_is_a_host() {
    for place in [
        "http://n:8222",
        "u:hunter2@n:8222",
        "n:8222/jsz",
        "n:70000",
        "n n",
        "n?x",
    ] {
        let error = one("nats-jetstream", &metadata(place), None)
            .await
            .unwrap_err();
        let wanted = "parameter natsServerMonitoringEndpoint must be host:port";
        assert!(error.contains(wanted), "{place}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

/// A server of a cluster, by its name.
struct Node {
    host: &'static str,
    id: &'static str,
    name: &'static str,
    /// What it knows; nothing where it is down.
    jsz: Option<Value>,
}

fn node(host: &'static str, name: &'static str, jsz: Value) -> Node {
    Node {
        host,
        id: name,
        name,
        jsz: Some(jsz),
    }
}

/// What `nodes` answer through a proxy that knows their names; they tell these addresses.
type Nodes = Arc<Mutex<Vec<Node>>>;

async fn cluster(nodes: Vec<Node>, varz: Value) -> (Nodes, ReadOptions, Seen) {
    let nodes = Arc::new(Mutex::new(nodes));
    let known = Arc::clone(&nodes);
    let (proxy, seen) = serve_by(move |request| {
        let known = known.lock().unwrap();
        let target = request.split(' ').nth(1).unwrap();
        let node = known
            .iter()
            .find(|node| target.starts_with(&format!("http://{}:8222/", node.host)));
        match node {
            Some(Node { jsz: Some(jsz), .. }) if target.contains("/jsz?") => {
                answer(200, &jsz.to_string())
            }
            Some(Node {
                id,
                name,
                jsz: Some(_),
                ..
            }) if target.ends_with("/varz") => {
                let mut varz = varz.clone();
                varz["server_id"] = json!(id);
                varz["server_name"] = json!(name);
                answer(200, &varz.to_string())
            }
            _ => answer(502, ""),
        }
    })
    .await;
    let options = ReadOptions {
        service_proxy: Some(url::Url::parse(&format!("http://{proxy}")).unwrap()),
        ..options()
    };
    (nodes, options, seen)
}

async fn scaler(options: &ReadOptions, place: &str) -> Box<dyn Scaler> {
    let job = job(vec![trigger(0, "nats-jetstream", &metadata(place), false)]);
    let cluster = Arc::new(Cluster::default());
    let objects = Objects::default();
    match build(&job, &job.triggers[0], "ns", &objects, cluster, options).await {
        Ok(Built::Scaler(scaler)) => scaler,
        other => panic!("{other:?}"),
    }
}

async fn value(scaler: &dyn Scaler) -> Result<f64, String> {
    scaler
        .read()
        .await
        .map(|readings| readings[0].values[0].value)
        .map_err(|error| error.to_string())
}

fn told(hosts: &[&str]) -> Value {
    let hosts: Vec<String> = hosts.iter().map(|host| format!("{host}:4222")).collect();
    json!({"connect_urls": hosts, "cluster": {"urls": ["elsewhere:6222"]}})
}

const THREE: [&str; 3] = ["n0.nats.ns.svc", "n1.nats.ns.svc", "n2.nats.ns.svc"];

fn three(leader: &str) -> Vec<Node> {
    let counts = |name: &str| if name == leader { (5, 2) } else { (60, 0) };
    ["n0", "n1", "n2"]
        .into_iter()
        .zip(THREE)
        .map(|(name, host)| node(host, name, jsz(name, counts(name), leader, 3)))
        .collect()
}

#[tokio::test]
async fn the_leader_is_found_and_asked_again() {
    for leader in ["n0", "n1", "n2"] {
        let (nodes, options, seen) = cluster(three(leader), told(&THREE)).await;
        let scaler = scaler(&options, "n0.nats.ns.svc:8222").await;
        assert_eq!(value(&*scaler).await, Ok(7.0), "{leader}");
        // Once it is known nobody else is asked.
        seen.lock().unwrap().clear();
        assert_eq!(value(&*scaler).await, Ok(7.0), "{leader}");
        let asked = seen.lock().unwrap().clone();
        let start = format!("GET http://{leader}.nats.ns.svc:8222/jsz?");
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(asked[0].starts_with(&start), "{asked:?}");
        // Another one leads now.
        let next = if leader == "n1" { "n2" } else { "n1" };
        *nodes.lock().unwrap() = three(next);
        assert_eq!(value(&*scaler).await, Ok(7.0), "{leader}");
        // The one that led is gone, and then was started anew, which changes its id.
        let place = usize::from(next == "n2") + 1;
        let down = |nodes: &Nodes| nodes.lock().unwrap()[place].jsz.take();
        let known = down(&nodes);
        let error = value(&*scaler).await.unwrap_err();
        let gone = format!("http://{next}.nats.ns.svc:8222/jsz answered 502");
        assert!(error.contains(&gone), "{error}");
        let mut known = known.unwrap();
        known["server_id"] = json!("new");
        {
            let node = &mut nodes.lock().unwrap()[place];
            node.id = "new";
            node.jsz = Some(known);
        }
        assert_eq!(value(&*scaler).await, Ok(7.0), "{leader}");
    }
}

#[tokio::test]
async fn servers_that_do_not_matter_may_be_down() {
    let mut nodes = three("n2");
    nodes[1].jsz = None;
    let (_, options, _) = cluster(nodes, told(&THREE)).await;
    let scaler = scaler(&options, "n0.nats.ns.svc:8222").await;
    assert_eq!(value(&*scaler).await, Ok(7.0));
}

/// Where clients are told no addresses a server's host begins with its name, below the host that is asked.
#[tokio::test]
async fn servers_that_are_known_by_their_routes() {
    let routes = json!({"cluster": {"urls": ["n0.routes.ns.svc:6222", "n1.routes.ns.svc:6222", "n2.routes.ns.svc:6222"]}});
    for leader in ["n0", "n1", "n2"] {
        let mut nodes = three(leader);
        // A Service, which leads to one of them.
        nodes.push(node("nats.ns.svc", "n1", nodes[1].jsz.clone().unwrap()));
        let (_, options, _) = cluster(nodes, routes.clone()).await;
        let scaler = scaler(&options, "nats.ns.svc:8222").await;
        assert_eq!(value(&*scaler).await, Ok(7.0), "{leader}");
    }
}

/// What one of the servers behind an address counts is not what another one leads.
#[tokio::test]
async fn answers_of_two_servers_are_not_mixed() {
    let mut nodes = three("n2");
    let mut service = node("nats.ns.svc", "n2", jsz("n1", (60, 0), "n2", 3));
    service.id = "n2";
    nodes.push(service);
    let (_, options, _) = cluster(nodes, told(&THREE)).await;
    let scaler = scaler(&options, "nats.ns.svc:8222").await;
    assert_eq!(value(&*scaler).await, Ok(7.0));
}

#[tokio::test]
async fn no_leader_is_an_error() {
    let missing = |_: &str| {
        ["n0", "n1", "n2"]
            .into_iter()
            .zip(THREE)
            .map(|(name, host)| node(host, name, with_streams(name, &json!([]), 3)))
            .collect::<Vec<_>>()
    };
    let without = |place: usize| {
        let mut nodes = three("n1");
        nodes[place].jsz = None;
        nodes
    };
    let one_knows_the_stream = {
        let mut nodes = missing("");
        let streams = json!([{"name": "s", "consumer_detail": []}]);
        nodes[2].jsz = Some(with_streams("n2", &streams, 3));
        nodes
    };
    for (nodes, hosts, wanted) in [
        (
            three(""),
            &THREE[..],
            "/jsz: consumer \"c\" has no leader at the moment",
        ),
        (
            three("n7"),
            &THREE,
            "is led by \"n7\", which is none of the 3 servers",
        ),
        (
            missing(""),
            &THREE,
            "and the 3 servers that it names shows no stream \"s\"",
        ),
        (
            one_knows_the_stream,
            &THREE,
            "shows no consumer \"c\" of stream \"s\"",
        ),
        (
            without(1),
            &THREE,
            "is not found, and only it knows the counts: http://n1.nats.ns.svc:8222/jsz answered 502",
        ),
        (without(2), &["", "a b"], "names a server at \"a b:4222\""),
    ] {
        let (_, options, _) = cluster(nodes, told(hosts)).await;
        let trigger = trigger(0, "nats-jetstream", &metadata("n0.nats.ns.svc:8222"), false);
        let objects = Objects::default();
        let mut readings = read_with(vec![trigger], &objects, Cluster::default(), &options).await;
        let error = flat(readings.remove(0).outcome).unwrap_err();
        let start = "failed: http://n0.nats.ns.svc:8222/jsz";
        assert!(error.starts_with(start), "{error}");
        assert!(error.contains(wanted), "{wanted}: {error}");
    }
}
