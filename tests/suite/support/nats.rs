//! NATS servers with `JetStream`: one alone, and a cluster of three; and a client of a few lines.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use super::servers::{Server, find, free_port};
use super::{block_on, eventually};

/// A nats-server.
pub(crate) struct Nats {
    host: Ipv4Addr,
    port: u16,
    monitoring_port: u16,
    server: Option<Server>,
}

impl Nats {
    /// Without a cluster, with more lines in its file.
    pub(crate) fn start(lines: &str) -> Self {
        let (port, monitoring_port) = (free_port(), free_port());
        Self::start_at(Ipv4Addr::LOCALHOST, port, monitoring_port, lines)
    }

    fn start_at(host: Ipv4Addr, port: u16, monitoring_port: u16, lines: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("nats.conf");
        let store = folder.path().join("jetstream");
        let text = format!(
            "listen: {host}:{port}\nhttp: {host}:{monitoring_port}\njetstream {{ store_dir: \"{}\" }}\n{lines}\n",
            store.display()
        );
        std::fs::write(&file, text).expect("a file can be written");
        let mut command = Command::new(find("nats-server").expect("nats-server is installed"));
        let mut server = Server::start(command.arg("-c").arg(file), folder, None);
        let accepts = |port| TcpStream::connect((host, port)).is_ok();
        server.wait_until("NATS accepts connections", || {
            accepts(port) && accepts(monitoring_port)
        });
        Self {
            host,
            port,
            monitoring_port,
            server: Some(server),
        }
    }

    /// Where its monitoring is.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.monitoring_port)
    }

    /// Where its clients connect.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// What it says of itself.
    pub(crate) fn varz(&self) -> Value {
        self.monitoring("/varz").expect("its own view")
    }

    /// A connection for clients.
    pub(crate) fn client(&self, login: &str) -> Client {
        Client::new(self.host, self.port, login)
    }

    /// What its monitoring says.
    fn monitoring(&self, path: &str) -> Option<Value> {
        let url = format!("http://{}{path}", self.place());
        block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().ok()?;
            client.get(url).send().await.ok()?.json().await.ok()
        })
    }

    /// What it shows of a consumer in the account of those who have none.
    pub(crate) fn consumer(&self, stream: &str, consumer: &str) -> Option<Value> {
        let answer = self.monitoring("/jsz?acc=$G&consumers=true")?;
        let named = |list: &Value, name: &str| {
            let list = list.as_array()?;
            list.iter().find(|item| item["name"] == name).cloned()
        };
        let streams = &answer["account_details"][0]["stream_detail"];
        named(&named(streams, stream)?["consumer_detail"], consumer)
    }

    /// Ends it.
    pub(crate) fn stop(&mut self) {
        drop(self.server.take());
    }
}

/// Three servers of one cluster, on three addresses of this machine with the same ports, as three machines would have them.
pub(crate) struct NatsCluster {
    pub(crate) nodes: Vec<Nats>,
}

impl NatsCluster {
    /// Whether clients are told the addresses of all servers.
    pub(crate) fn start(advertise: bool) -> Self {
        let (port, monitoring_port, route_port) = (free_port(), free_port(), free_port());
        let hosts = [1, 2, 3].map(|last| Ipv4Addr::new(127, 0, 0, last));
        let routes = hosts.map(|host| format!("nats-route://{host}:{route_port}"));
        let nodes: Vec<Nats> = hosts
            .into_iter()
            .enumerate()
            .map(|(number, host)| {
                let lines = format!(
                    "server_name: n{number}\ncluster {{ name: test, listen: {host}:{route_port}, no_advertise: {}, routes: [{}] }}",
                    !advertise,
                    routes.join(", ")
                );
                Nats::start_at(host, port, monitoring_port, &lines)
            })
            .collect();
        for node in &nodes {
            eventually("the NATS servers to have a leader", || {
                let servers = &node.monitoring("/jsz")?["meta_cluster"];
                (servers["leader"].is_string() && servers["cluster_size"] == 3).then_some(())
            });
        }
        Self { nodes }
    }

    /// The place of the server that leads a consumer, when one does.
    pub(crate) fn leader(&self, stream: &str, consumer: &str) -> usize {
        eventually("the consumer to have a leader", || {
            let shown = |node: &Nats| node.consumer(stream, consumer);
            let names = self.nodes.iter().filter_map(shown);
            names
                .filter_map(|consumer| consumer["cluster"]["leader"].as_str().map(str::to_owned))
                .find_map(|name| name.strip_prefix('n')?.parse().ok())
        })
    }
}

/// A client that speaks as much of the protocol as the tests need. [NATS docs, "Client Protocol", "`JetStream` wire API Reference"]
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn new(host: Ipv4Addr, port: u16, login: &str) -> Self {
        let stream = TcpStream::connect((host, port)).expect("NATS accepts clients");
        // Only a bound on hanging.
        stream
            .set_read_timeout(Some(Duration::from_mins(1)))
            .expect("a timeout can be set");
        let mut client = Self {
            stream: BufReader::new(stream),
        };
        client.line();
        client.send(&format!(
            "CONNECT {{\"verbose\":false,\"pedantic\":false{login}}}\r\nSUB answers 1\r\n"
        ));
        client
    }

    fn send(&mut self, text: &str) {
        let stream = self.stream.get_mut();
        stream.write_all(text.as_bytes()).expect("NATS listens");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("NATS answers");
        line
    }

    /// The next message: where an answer to it goes, and its text.
    fn message(&mut self) -> (String, String) {
        loop {
            let line = self.line();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["PING"] => self.send("PONG\r\n"),
                ["MSG", _, _, ref rest @ .., length] => {
                    let reply = rest.first().unwrap_or(&"").to_string();
                    let length: usize = length.parse().expect("a length");
                    let mut bytes = vec![0; length + 2];
                    self.stream.read_exact(&mut bytes).expect("a message");
                    bytes.truncate(length);
                    return (reply, String::from_utf8_lossy(&bytes).into_owned());
                }
                _ => panic!("NATS says {line:?}"),
            }
        }
    }

    fn publish(&mut self, subject: &str, text: &str) {
        self.send(&format!(
            "PUB {subject} answers {}\r\n{text}\r\n",
            text.len()
        ));
    }

    fn ask(&mut self, subject: &str, body: &Value) -> Value {
        self.publish(subject, &body.to_string());
        let (_, answer) = self.message();
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["error"], Value::Null, "{subject}: {answer:#}");
        answer
    }

    /// Makes a stream with `count` messages, and a consumer of it that acknowledges each.
    pub(crate) fn make(&mut self, stream: &str, consumer: &str, replicas: usize, count: usize) {
        let config = json!({"name": stream, "subjects": [stream], "storage": "memory", "num_replicas": replicas});
        self.ask(&format!("$JS.API.STREAM.CREATE.{stream}"), &config);
        for _ in 0..count {
            self.ask(stream, &json!("work"));
        }
        let config = json!({"stream_name": stream, "config": {"durable_name": consumer, "ack_policy": "explicit"}});
        let subject = format!("$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{consumer}");
        self.ask(&subject, &config);
    }

    /// Takes the next `count` messages of a consumer, and acknowledges the first `done` of them.
    pub(crate) fn take(&mut self, stream: &str, consumer: &str, count: usize, done: usize) {
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
        self.publish(&subject, &count.to_string());
        let replies: Vec<String> = (0..count)
            .map(|_| {
                let (reply, text) = self.message();
                assert_eq!(text, "\"work\"");
                reply
            })
            .collect();
        for reply in &replies[..done] {
            // With an answer, so that it has arrived.
            self.publish(reply, "+ACK");
            self.message();
        }
    }
}
