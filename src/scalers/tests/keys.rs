//! Client certificates with encrypted keys, against a server that asks for them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::fake::{answer, one};
use crate::scalers::client::test_keys as keys;
use crate::scalers::client::tls::install_provider;

/// Serves one TLS connection of a client that shows the certificate, and answers what it is asked first.
fn serve(reply: String) -> (SocketAddr, JoinHandle<std::io::Result<()>>) {
    install_provider();
    let certificate = CertificateDer::from_pem_slice(keys::CERTIFICATE.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(keys::PLAIN.as_bytes()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots))
        .build()
        .unwrap();
    let config = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let serving = std::thread::spawn(move || {
        let (stream, _) = listener.accept()?;
        let connection = ServerConnection::new(Arc::new(config)).map_err(std::io::Error::other)?;
        let mut stream = StreamOwned::new(connection, stream);
        let mut buffer = [0; 4096];
        if stream.read(&mut buffer)? == 0 {
            return Ok(());
        }
        stream.write_all(reply.as_bytes())?;
        stream.conn.send_close_notify();
        stream.flush()
    });
    (address, serving)
}

#[tokio::test]
async fn a_client_with_an_encrypted_key_is_let_in() {
    let queue = "{\"name\":\"q\",\"messages\":12,\"messages_ready\":5}";
    // PKCS#8, and the two older forms.
    for key in [
        keys::PBKDF2_SHA256_AES256,
        keys::HEADERS[0].1,
        keys::PBES1_MD5,
    ] {
        let (address, serving) = serve(answer(200, queue));
        let host = format!("https://u:p@{address}");
        let metadata = [
            ("host", host.as_str()),
            ("queueName", "q"),
            ("mode", "QueueLength"),
            ("value", "1"),
        ];
        let auth = [
            ("tls", "enable"),
            ("ca", keys::CERTIFICATE),
            ("cert", keys::CERTIFICATE),
            ("key", key),
            ("keyPassword", keys::PASSWORD),
        ];
        let read = one("rabbitmq", &metadata, Some(&auth)).await;
        assert_eq!(read, Ok((12.0, true)));
        serving.join().unwrap().unwrap();
    }
}

#[tokio::test]
async fn wrong_passwords_are_told_before_anything_is_asked() {
    let redis = [
        ("address", "127.0.0.1:1"),
        ("listName", "l"),
        ("enableTLS", "true"),
    ];
    let rabbitmq = [("host", "amqps://127.0.0.1:1"), ("queueName", "q")];
    let prometheus = [
        ("serverAddress", "https://127.0.0.1:1"),
        ("query", "q"),
        ("threshold", "1"),
        ("authModes", "tls"),
    ];
    for (kind, metadata, switch, wanted) in [
        (
            "redis",
            &redis[..],
            ("username", "u"),
            "not built: keyPassword is wrong",
        ),
        (
            "rabbitmq",
            &rabbitmq[..],
            ("tls", "enable"),
            "not built: keyPassword is wrong",
        ),
        // Without tls: enable nothing of it is looked at.
        (
            "rabbitmq",
            &rabbitmq[..],
            ("tls", "disable"),
            "failed: rabbitmq amqps://127.0.0.1:1",
        ),
        (
            "prometheus",
            &prometheus[..],
            ("username", "u"),
            "not built: key is encrypted, and this trigger has no parameter",
        ),
    ] {
        let auth = [
            ("cert", keys::CERTIFICATE),
            ("key", keys::SCRYPT_AES256),
            ("keyPassword", "hunter2"),
            switch,
        ];
        let error = one(kind, metadata, Some(&auth)).await.unwrap_err();
        assert!(error.starts_with(wanted), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

/// The key is read: the server is asked, and does not answer.
#[tokio::test]
async fn redis_takes_encrypted_keys() {
    let metadata = [
        ("address", "127.0.0.1:1"),
        ("listName", "l"),
        ("enableTLS", "true"),
    ];
    let auth = [
        ("Cert", keys::CERTIFICATE),
        ("key", keys::PBKDF2_SHA256_3DES),
        ("keyPassword", keys::PASSWORD),
    ];
    let error = one("redis", &metadata, Some(&auth)).await.unwrap_err();
    assert!(error.starts_with("failed: redis 127.0.0.1:1"), "{error}");
    assert!(error.contains("refused"), "{error}");
}
