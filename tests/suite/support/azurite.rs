//! Azurite, Microsoft's emulator of Azure Storage: it checks signatures and tokens as the service does.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::block_on;
use super::servers::{Server, accepts, find, free_port};

/// What its account is called.
pub(crate) const ACCOUNT: &str = "acct";
/// The key of its account, which must not be shown.
const KEY: &[u8] = b"hunter2-of-azurite";

/// The queues of one account, or its blobs.
pub(crate) struct Azurite {
    pub(crate) port: u16,
    service: &'static str,
    scheme: &'static str,
    _server: Server,
}

impl Azurite {
    pub(crate) fn start() -> Self {
        Self::start_with("queue", "http", &[])
    }

    pub(crate) fn start_for_blobs() -> Self {
        Self::start_with("blob", "http", &[])
    }

    /// Over TLS, where it takes tokens too.
    pub(crate) fn start_for_tokens() -> Self {
        let certificate = file("azure-certificate");
        let key = file("key");
        Self::start_with(
            "queue",
            "https",
            &["--cert", &certificate, "--key", &key, "--oauth", "basic"],
        )
    }

    fn start_with(service: &'static str, scheme: &'static str, settings: &[&str]) -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = format!("azurite-{service}");
        let mut command = Command::new(find(&program).expect("azurite is installed"));
        command
            .args(["--silent", "--disableTelemetry", "--inMemoryPersistence"])
            .args([&format!("--{service}Host"), "127.0.0.1"])
            .args([&format!("--{service}Port"), &port.to_string()])
            .args(settings)
            .current_dir(folder.path())
            .env("AZURITE_ACCOUNTS", format!("{ACCOUNT}:{}", key()));
        let mut server = Server::start(&mut command, folder, None);
        server.wait_until("azurite accepts connections", || accepts(port));
        Self {
            port,
            service,
            scheme,
            _server: server,
        }
    }

    /// A connection string with the account's key.
    pub(crate) fn connection(&self) -> String {
        let endpoint = if self.service == "blob" {
            "BlobEndpoint"
        } else {
            "QueueEndpoint"
        };
        format!(
            "AccountName={ACCOUNT};AccountKey={};{endpoint}={}",
            key(),
            self.url()
        )
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}/{ACCOUNT}", self.scheme, self.port)
    }

    /// A connection string with a shared access signature for queues and what is in them.
    pub(crate) fn connection_by_signature(&self, permissions: &str, expires: &str) -> String {
        let version = "2021-12-02";
        let text =
            format!("{ACCOUNT}\n{permissions}\nq\nco\n\n{expires}\n\nhttps,http\n{version}\n\n");
        let signature: String =
            url::form_urlencoded::byte_serialize(sign(&text).as_bytes()).collect();
        format!(
            "QueueEndpoint={};SharedAccessSignature=sv={version}&ss=q&srt=co&sp={permissions}&se={expires}&spr=https,http&sig={signature}",
            self.url()
        )
    }

    /// Makes a queue with so many messages.
    pub(crate) fn fill(&self, queue: &str, count: usize) {
        self.send("PUT", queue, "", None);
        for number in 0..count {
            let body = format!("<QueueMessage><MessageText>{number}</MessageText></QueueMessage>");
            self.send("POST", &format!("{queue}/messages"), "", Some(body));
        }
    }

    /// A receiver takes so many messages, which hides them.
    pub(crate) fn take(&self, queue: &str, count: usize) {
        let path = format!("{queue}/messages");
        self.send("GET", &path, &format!("numofmessages={count}"), None);
    }

    /// Makes a container with blobs of these names.
    pub(crate) fn store(&self, container: &str, names: &[String]) {
        self.send("PUT", container, "restype=container", None);
        for name in names {
            let path = format!("{container}/{name}");
            self.send("PUT", &path, "", Some("x".to_owned()));
        }
    }

    fn send(&self, method: &str, path: &str, query: &str, body: Option<String>) {
        let date = jiff::Timestamp::now()
            .strftime("%a, %d %b %Y %H:%M:%S GMT")
            .to_string();
        let (kind, length) = match &body {
            Some(body) => ("application/xml", body.len().to_string()),
            None => ("", String::new()),
        };
        let parameters = query.replace('=', ":");
        let parameters = if query.is_empty() {
            parameters
        } else {
            format!("\n{parameters}")
        };
        let block = if self.service == "blob" {
            "x-ms-blob-type:BlockBlob\n"
        } else {
            ""
        };
        let text = format!(
            "{method}\n\n\n{length}\n\n{kind}\n\n\n\n\n\n\n{block}x-ms-date:{date}\nx-ms-version:2021-12-02\n/{ACCOUNT}/{ACCOUNT}/{path}{parameters}"
        );
        let authorization = format!("SharedKey {ACCOUNT}:{}", sign(&text));
        let url = format!("{}/{path}?{query}", self.url());
        block_on(async {
            let client = reqwest::Client::builder()
                .no_proxy()
                .tls_danger_accept_invalid_certs(true)
                .build()
                .expect("a client");
            let method = method.parse().expect("a method");
            let mut request = client
                .request(method, url)
                .header("x-ms-date", date)
                .header("x-ms-version", "2021-12-02")
                .header("authorization", authorization);
            if !block.is_empty() {
                request = request.header("x-ms-blob-type", "BlockBlob");
            }
            if let Some(body) = body {
                request = request.header("content-type", kind).body(body);
            }
            let answer = request.send().await.expect("azurite answers");
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            assert!(status.is_success(), "{status} {text}");
        });
    }
}

/// The key as connection strings hold it.
pub(crate) fn key() -> String {
    STANDARD.encode(KEY)
}

fn sign(text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY).expect("HMAC takes every key");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A file among the keys of the tests.
pub(crate) fn file(name: &str) -> String {
    format!(
        "{}/tests/data/keys/test-only-{name}.pem",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// A proxy for HTTPS that leads every host to one port of this machine.
pub(crate) struct Tunnel {
    pub(crate) url: String,
    hosts: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let own = listener.local_addr().expect("its address").port();
        let hosts = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&hosts);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if let Some(host) = lead(stream, port) {
                    log.lock().expect("nobody panics").push(host);
                }
            }
        });
        Self {
            url: format!("http://127.0.0.1:{own}"),
            hosts,
        }
    }

    /// What it was asked to lead to.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.hosts.lock().expect("nobody panics").clone()
    }
}

fn lead(mut client: TcpStream, port: u16) -> Option<String> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let host = line.strip_prefix("CONNECT ")?.split(' ').next()?.to_owned();
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line).ok()?;
    }
    let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    // The client says nothing before it has read this, so that the reader holds nothing back.
    let (mut from_client, mut to_server) = (client.try_clone().ok()?, server.try_clone().ok()?);
    std::thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
    std::thread::spawn(move || std::io::copy(&mut server, &mut client));
    Some(host)
}
