//! Real servers for the tests: each on free loopback ports, its files in a temporary folder, stopped by its own pid.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::{block_on, eventually};

/// Where programs live that are not on PATH.
const MORE_FOLDERS: [&str; 3] = ["/usr/lib/rabbitmq/bin", "/usr/sbin", "/usr/local/bin"];

/// The path of a program.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian's wrapper in /usr/sbin changes the user; the script beside the release does not.
    let preferred = MORE_FOLDERS.iter().take(1).map(PathBuf::from);
    preferred
        .chain(std::env::split_paths(&path))
        .chain(MORE_FOLDERS.iter().skip(1).map(PathBuf::from))
        .chain(postgresql())
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// Where PostgreSQL's programs are: a folder for each version, none of them on PATH.
fn postgresql() -> impl Iterator<Item = PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql");
    let versions = versions.into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin"))
}

/// A free port that nobody else in this process is given. It lies below the range that the system takes ports from by itself, so
/// that neither an outgoing connection nor a listener on port 0 takes it before its server does.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const FIRST: u32 = 12_000;
    const COUNT: u32 = 18_000;
    loop {
        // Several suites may run on one machine: each starts somewhere else.
        let place = std::process::id().wrapping_mul(101) + NEXT.fetch_add(1, Ordering::Relaxed);
        let port = u16::try_from(FIRST + place % COUNT).expect("below 30000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// A server process and its folder.
pub(crate) struct Server {
    child: Child,
    /// The process to stop when it is not the child itself.
    pid_file: Option<PathBuf>,
    folder: tempfile::TempDir,
}

impl Server {
    pub(super) fn start(
        command: &mut Command,
        folder: tempfile::TempDir,
        pid_file: Option<PathBuf>,
    ) -> Self {
        let log = std::fs::File::create(folder.path().join("server.log")).expect("a log file");
        let errors = log.try_clone().expect("a log file");
        let child = command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        Self {
            child,
            pid_file,
            folder,
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// Waits until `ready` holds; fails with the server's log when it ends before.
    pub(super) fn wait_until(&mut self, what: &str, mut ready: impl FnMut() -> bool) {
        eventually(what, || {
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!(
                    "the server ended with {status} before {what}:\n{}",
                    self.log()
                );
            }
            ready().then_some(())
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = self
            .pid_file
            .as_ref()
            .and_then(|path| std::fs::read_to_string(path).ok());
        if let Some(pid) = pid.as_deref().map(str::trim).filter(|pid| !pid.is_empty()) {
            drop(
                Command::new("kill")
                    .args(["-KILL", pid])
                    .stderr(Stdio::null())
                    .status(),
            );
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Who runs a server that refuses root: whoever runs the tests, or else the account that the server's package made.
pub(super) struct Account {
    name: Option<&'static str>,
}

impl Account {
    pub(super) fn new(name: &'static str) -> Self {
        use std::os::unix::fs::MetadataExt;
        let me = std::fs::metadata("/proc/self").expect("this process");
        Self {
            name: (me.uid() == 0).then_some(name),
        }
    }

    pub(super) fn command(&self, program: &str) -> Command {
        let path = find(program).expect("it is installed");
        let Some(name) = self.name else {
            return Command::new(path);
        };
        let mut command = Command::new(find("setpriv").expect("setpriv is installed"));
        command.arg(format!("--reuid={name}"));
        command.arg(format!("--regid={name}"));
        command.arg("--clear-groups").arg(path).current_dir("/");
        command
    }

    pub(super) fn give(&self, path: &Path) {
        if let Some(name) = self.name {
            let mut command = Command::new("chown");
            let given = command.arg(format!("{name}:{name}")).arg(path).status();
            assert!(given.is_ok_and(|status| status.success()), "chown");
        }
    }
}

pub(super) fn accepts(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// A RabbitMQ node with the management plugin; user and password are guest.
pub(crate) struct RabbitMq {
    pub(crate) amqp_port: u16,
    pub(crate) http_port: u16,
    // Order matters: the node stops before its epmd.
    _node: Server,
    _epmd: Server,
}

impl RabbitMq {
    pub(crate) fn start() -> Self {
        let (amqp_port, http_port, dist_port, epmd_port) =
            (free_port(), free_port(), free_port(), free_port());
        let mut epmd = Command::new(find("epmd").expect("epmd is installed"));
        epmd.args(["-port", &epmd_port.to_string(), "-address", "127.0.0.1"]);
        let mut epmd = Server::start(
            &mut epmd,
            tempfile::tempdir().expect("a temporary folder"),
            None,
        );
        epmd.wait_until("epmd accepts connections", || accepts(epmd_port));

        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: String| {
            std::fs::write(path(name), text).expect("a file can be written");
        };
        write(
            "rabbitmq.conf",
            format!(
                "listeners.tcp.1 = 127.0.0.1:{amqp_port}\nmanagement.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {http_port}\n\
                 collect_statistics_interval = 1000\n"
            ),
        );
        write("enabled_plugins", "[rabbitmq_management].\n".to_owned());
        let pid_file = path("pid");
        let mut node = Command::new(find("rabbitmq-server").expect("rabbitmq-server is installed"));
        node.env("HOME", folder.path())
            .env("ERL_EPMD_PORT", epmd_port.to_string())
            .env("RABBITMQ_NODENAME", format!("test{amqp_port}@localhost"))
            .env("RABBITMQ_DIST_PORT", dist_port.to_string())
            .env("RABBITMQ_MNESIA_BASE", path("mnesia"))
            .env("RABBITMQ_LOG_BASE", path("log"))
            .env("RABBITMQ_LOGS", "-")
            .env("RABBITMQ_CONFIG_FILE", path("rabbitmq"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins"))
            .env("RABBITMQ_PID_FILE", &pid_file)
            .env(
                "RABBITMQ_SERVER_START_ARGS",
                "-kernel inet_dist_use_interface {127,0,0,1}",
            );
        let mut node = Server::start(&mut node, folder, Some(pid_file));
        node.wait_until("RabbitMQ answers", || {
            accepts(amqp_port)
                && accepts(http_port)
                && management(http_port, "GET", "/api/overview", None).is_some()
        });
        Self {
            amqp_port,
            http_port,
            _node: node,
            _epmd: epmd,
        }
    }

    /// Declares a queue and publishes `count` messages to it.
    pub(crate) fn publish(&self, queue: &str, count: usize) {
        let declared = management(
            self.http_port,
            "PUT",
            &format!("/api/queues/%2F/{queue}"),
            Some(json!({"durable": true})),
        );
        assert!(declared.is_some(), "the queue {queue} cannot be declared");
        let message = json!({"properties": {}, "routing_key": queue, "payload": "work", "payload_encoding": "string"});
        for _ in 0..count {
            let published = management(
                self.http_port,
                "POST",
                "/api/exchanges/%2F/amq.default/publish",
                Some(message.clone()),
            );
            assert_eq!(
                published.as_ref().map(|answer| &answer["routed"]),
                Some(&json!(true)),
                "{published:?}"
            );
        }
        // The management API counts from statistics that follow the queue by up to a second.
        eventually("RabbitMQ's statistics to show the messages", || {
            let answer = management(
                self.http_port,
                "GET",
                &format!("/api/queues/%2F/{queue}"),
                None,
            )?;
            (answer["messages"] == json!(count)).then_some(())
        });
    }
}

/// A request to RabbitMQ's management API; none unless it succeeds.
fn management(port: u16, method: &str, path: &str, body: Option<Value>) -> Option<Value> {
    let url = format!("http://127.0.0.1:{port}{path}");
    block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().ok()?;
        let mut request = client
            .request(method.parse().ok()?, url)
            .basic_auth("guest", Some("guest"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.ok()?.error_for_status().ok()?;
        let text = answer.text().await.ok()?;
        Some(serde_json::from_str(&text).unwrap_or(Value::Null))
    })
}

/// A Prometheus server that scrapes `target` (`host:port`, path `/metrics`) every second.
pub(crate) struct Prometheus {
    pub(crate) port: u16,
    _server: Server,
}

impl Prometheus {
    pub(crate) fn start(target: &str) -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: test\n  static_configs:\n  - targets: ['{target}']\n"
        );
        std::fs::write(&config, text).expect("a file can be written");
        let mut command = Command::new(find("prometheus").expect("prometheus is installed"));
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let mut server = Server::start(&mut command, folder, None);
        server.wait_until("Prometheus answers", || accepts(port));
        Self {
            port,
            _server: server,
        }
    }

    /// The first value of a query.
    pub(crate) fn query(&self, query: &str) -> Option<f64> {
        let url = format!("http://127.0.0.1:{}/api/v1/query", self.port);
        let answer: Value = block_on(async {
            let client = reqwest::Client::builder().no_proxy().build().ok()?;
            client
                .get(url)
                .query(&[("query", query)])
                .send()
                .await
                .ok()?
                .json()
                .await
                .ok()
        })?;
        answer["data"]["result"][0]["value"][1]
            .as_str()?
            .parse()
            .ok()
    }
}

/// An HTTP server that answers every request with the same body, on its own thread.
pub(crate) struct Page {
    pub(crate) port: u16,
}

impl Page {
    /// Serves `body` with `status` until the process ends.
    pub(crate) fn serve(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        let body = body.into();
        Self::changing(status, content_type, move || body.clone())
    }

    /// Serves what `body` gives at the time of the request.
    pub(crate) fn changing(
        status: u16,
        content_type: &'static str,
        body: impl Fn() -> String + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, status, content_type, &body());
            }
        });
        Self { port }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

fn answer(mut stream: TcpStream, status: u16, content_type: &str, body: &str) {
    use std::io::{BufRead, BufReader, Write};
    let mut reader = BufReader::new(stream.try_clone().expect("the stream can be cloned"));
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|length| length > 2) {
        line.clear();
    }
    let head = format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    drop(
        stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body.as_bytes())),
    );
}
