//! A server that clients know by its certificate and that knows them by theirs, before the embedded cluster, which knows neither.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::servers::find;

/// Certificates of one authority, made with openssl in a folder.
pub(crate) struct Authority(PathBuf);

impl Authority {
    pub(crate) fn new(folder: &Path) -> Self {
        let folder = folder.join("certificates");
        std::fs::create_dir(&folder).expect("a folder");
        let sections = "[req]\ndistinguished_name=name\n[name]\n[authority]\nbasicConstraints=critical,CA:TRUE\n\
                        [leaf]\nbasicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1\n";
        std::fs::write(folder.join("sections"), sections).expect("a file can be written");
        let authority = Self(folder);
        authority.make("authority", &["-extensions", "authority"]);
        authority.issue("server");
        authority
    }

    /// A certificate of it, and its key.
    pub(crate) fn issue(&self, name: &str) -> (PathBuf, PathBuf) {
        let (certificate, key) = (self.path("authority.crt"), self.path("authority.key"));
        let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
        let by = ["-extensions", "leaf", "-CA", &certificate, "-CAkey", &key];
        self.make(name, &by);
        (self.certificate(name), self.path(&format!("{name}.key")))
    }

    pub(crate) fn certificate(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.crt"))
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    fn make(&self, name: &str, flags: &[&str]) {
        let openssl = find("openssl").expect("openssl is installed");
        let output = Command::new(openssl)
            .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
            .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .arg("-config")
            .arg(self.path("sections"))
            .arg("-subj")
            .arg(format!("/CN={name}"))
            .arg("-keyout")
            .arg(self.path(&format!("{name}.key")))
            .arg("-out")
            .arg(self.certificate(name))
            .args(flags)
            .stdin(Stdio::null())
            .output()
            .expect("openssl starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl: {said}");
    }
}

/// Passes each request of a client with a certificate of the authority on.
pub(crate) struct Front {
    pub(crate) port: u16,
    refused: Arc<Mutex<Vec<CertificateDer<'static>>>>,
}

impl Front {
    /// Before the server at `address`.
    pub(crate) fn start(authority: &Authority, address: &str) -> Self {
        let read = |name: &str| {
            CertificateDer::from_pem_file(authority.certificate(name)).expect("a certificate")
        };
        let mut roots = RootCertStore::empty();
        roots.add(read("authority")).expect("an authority");
        let clients = WebPkiClientVerifier::builder(Arc::new(roots))
            .build()
            .expect("a verifier");
        let key = PrivateKeyDer::from_pem_file(authority.path("server.key")).expect("a key");
        let config = ServerConfig::builder()
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![read("server")], key)
            .expect("the key is the certificate's");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let front = Self {
            port: listener.local_addr().expect("its address").port(),
            refused: Arc::default(),
        };
        let (refused, address) = (Arc::clone(&front.refused), address.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (config, refused) = (Arc::clone(&config), Arc::clone(&refused));
                let address = address.clone();
                std::thread::spawn(move || {
                    let connection = ServerConnection::new(config).expect("a connection");
                    // A client may go away whenever it wants to.
                    drop(pass(
                        StreamOwned::new(connection, client),
                        &address,
                        &refused,
                    ));
                });
            }
        });
        front
    }

    /// Answers 401 to whoever shows this certificate from now on.
    pub(crate) fn refuse(&self, certificate: &Path) {
        let certificate = CertificateDer::from_pem_file(certificate).expect("a certificate");
        self.refused.lock().expect("no panic").push(certificate);
    }
}

/// One request, so that each shows its certificate anew.
fn pass(
    mut client: StreamOwned<ServerConnection, TcpStream>,
    address: &str,
    refused: &Mutex<Vec<CertificateDer<'static>>>,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 16 * 1024];
    let head = loop {
        if let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break end + 4;
        }
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    };
    let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0);
    while request.len() < head + length {
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    let shown = client.conn.peer_certificates().and_then(<[_]>::first);
    let refused = refused
        .lock()
        .expect("no panic")
        .iter()
        .any(|it| Some(it) == shown);
    if refused {
        let body = r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}"#;
        write!(
            client,
            "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;
    } else {
        let mut server = TcpStream::connect(address)?;
        server.write_all(&request[..head - 2])?;
        server.write_all(b"Connection: close\r\n\r\n")?;
        server.write_all(&request[head..])?;
        loop {
            let count = server.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            client.write_all(&buffer[..count])?;
            client.flush()?;
        }
    }
    client.conn.send_close_notify();
    client.flush()
}
