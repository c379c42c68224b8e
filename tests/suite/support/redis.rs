//! Redis as a single server, as a cluster of three masters, and behind a sentinel.

use std::process::Command;

use redis::Value;

use super::servers::{Server, accepts, find, free_port};
use super::{block_on, eventually};

/// A redis-server.
pub(crate) struct Redis {
    pub(crate) port: u16,
    _server: Server,
}

impl Redis {
    /// With a password when one is given.
    pub(crate) fn start(password: Option<&str>) -> Self {
        match password {
            Some(password) => Self::start_with(&["--requirepass", password]),
            None => Self::start_with(&[]),
        }
    }

    /// With more settings, as `redis-server` takes them.
    pub(crate) fn start_with(settings: &[&str]) -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = program();
        command.args(["--port", &port.to_string()]);
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        command.arg("--dir").arg(folder.path()).args(settings);
        Self::of(port, Server::start(&mut command, folder, None))
    }

    /// A sentinel that watches `master` under the name `main`, with more lines in its file.
    pub(crate) fn start_sentinel(master: &Self, lines: &str) -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {} 1\n{lines}\n",
            folder.path().display(),
            master.port
        );
        std::fs::write(&file, text).expect("a file can be written");
        let mut command = program();
        command.arg(&file).arg("--sentinel");
        Self::of(port, Server::start(&mut command, folder, None))
    }

    fn of(port: u16, mut server: Server) -> Self {
        server.wait_until("redis accepts connections", || accepts(port));
        Self {
            port,
            _server: server,
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Sends one command, with the password if there is one.
    pub(crate) fn command(&self, password: Option<&str>, arguments: &[&str]) -> Value {
        let auth = password
            .map(|password| format!(":{password}@"))
            .unwrap_or_default();
        block_on(async {
            let client = redis::Client::open(format!("redis://{auth}127.0.0.1:{}/", self.port))
                .expect("a client");
            let mut connection = client
                .get_multiplexed_async_connection()
                .await
                .expect("a connection");
            let mut command = redis::cmd(arguments[0]);
            for argument in &arguments[1..] {
                command.arg(*argument);
            }
            command
                .query_async(&mut connection)
                .await
                .expect("an answer")
        })
    }

    /// Appends `count` items to a list.
    pub(crate) fn push(&self, list: &str, count: usize) {
        let items: Vec<String> = (0..count).map(|item| format!("item-{item}")).collect();
        let mut arguments = vec!["RPUSH", list];
        arguments.extend(items.iter().map(String::as_str));
        self.command(None, &arguments);
    }

    /// Adds entries `1-1` to `count-1` to a stream, as a user with this password.
    pub(crate) fn add(&self, password: Option<&str>, stream: &str, count: usize) {
        for number in 1..=count {
            let id = format!("{number}-1");
            self.command(password, &["XADD", stream, &id, "work", "x"]);
        }
    }

    /// A consumer of a group takes the next `count` entries and acknowledges none.
    pub(crate) fn take(&self, stream: &str, group: &str, count: usize) {
        let count = count.to_string();
        self.command(
            None,
            &[
                "XREADGROUP",
                "GROUP",
                group,
                "consumer",
                "COUNT",
                &count,
                "STREAMS",
                stream,
                ">",
            ],
        );
    }
}

fn program() -> Command {
    Command::new(find("redis-server").expect("redis-server is installed"))
}

/// A cluster of three masters.
pub(crate) struct RedisCluster {
    pub(crate) nodes: Vec<Redis>,
}

impl RedisCluster {
    const SLOTS: [(&str, &str); 3] = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];

    pub(crate) fn start() -> Self {
        let (nodes, ports): (Vec<Redis>, Vec<String>) = Self::SLOTS
            .iter()
            .map(|_| {
                // The port for the other nodes would be 10000 above, where the system takes ports from.
                let port = free_port().to_string();
                let settings = ["--cluster-enabled", "yes", "--cluster-port", &port];
                (Redis::start_with(&settings), port)
            })
            .unzip();
        for (number, (node, (from, to))) in nodes.iter().zip(Self::SLOTS).enumerate() {
            let epoch = (number + 1).to_string();
            node.command(None, &["CLUSTER", "SET-CONFIG-EPOCH", &epoch]);
            node.command(None, &["CLUSTER", "ADDSLOTSRANGE", from, to]);
        }
        for (node, port) in nodes.iter().zip(&ports).skip(1) {
            let of_clients = node.port.to_string();
            let arguments = ["CLUSTER", "MEET", "127.0.0.1", &of_clients, port];
            nodes[0].command(None, &arguments);
        }
        for node in &nodes {
            eventually("the nodes of the Redis cluster to know each other", || {
                let Value::BulkString(info) = node.command(None, &["CLUSTER", "INFO"]) else {
                    return None;
                };
                let info = String::from_utf8_lossy(&info);
                let is_whole = info.contains("cluster_state:ok")
                    && info.contains("cluster_slots_assigned:16384");
                is_whole.then_some(())
            });
        }
        Self { nodes }
    }

    /// The place of the node that has a key.
    pub(crate) fn place_of(&self, key: &str) -> usize {
        let Value::Int(slot) = self.nodes[0].command(None, &["CLUSTER", "KEYSLOT", key]) else {
            panic!("no slot of {key}");
        };
        let last = |(_, to): &(&str, &str)| to.parse::<i64>().expect("a slot");
        Self::SLOTS
            .iter()
            .position(|range| slot <= last(range))
            .expect("a node")
    }
}
