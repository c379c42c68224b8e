//! Who signs in, and that passwords and tokens stay where they are.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::fake::{answer, one, serve};
use super::{BOTH, TOPIC, broker};

#[tokio::test]
async fn users_and_passwords() {
    let broker = broker(&[("t", &[12])]).await;
    broker.require_sasl_plain("alice", "open sesame");
    let servers = broker.bootstrap_servers();
    let metadata = [
        ("bootstrapServers", servers.as_str()),
        ("consumerGroup", "g"),
        TOPIC,
        ("sasl", "plaintext"),
        ("offsetResetPolicy", "earliest"),
    ];
    let of = |password| [("username", "alice"), ("password", password)];
    for kind in BOTH {
        let read = one(kind, &metadata, Some(&of("open sesame"))).await;
        assert_eq!(read, Ok((12.0, true)));
        let error = one(kind, &metadata, Some(&of("hunter2"))).await;
        let error = error.unwrap_err();
        let place = format!("failed: kafka {servers}: ");
        assert!(error.starts_with(&place), "{error}");
        assert!(error.contains("authentication"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

/// One request of the protocol: all behind its length.
async fn request(stream: &mut TcpStream) -> Vec<u8> {
    let length = stream.read_u32().await.unwrap();
    let mut body = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    body
}

#[tokio::test]
async fn a_token_of_the_token_server_signs_in() {
    let (token_server, asked) = serve(vec![answer(200, "{\"access_token\": \"token-1\"}")]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let servers = listener.local_addr().unwrap().to_string();
    let sent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        // SaslHandshake: the correlation of the request, no error, one mechanism. [Kafka protocol guide]
        let handshake = request(&mut stream).await;
        let mut answer = handshake[4..8].to_vec();
        answer.extend([0, 0, 0, 0, 0, 1, 0, 11]);
        answer.extend(b"OAUTHBEARER");
        stream
            .write_u32(u32::try_from(answer.len()).unwrap())
            .await
            .unwrap();
        stream.write_all(&answer).await.unwrap();
        String::from_utf8_lossy(&request(&mut stream).await).into_owned()
    });
    let metadata = [
        ("bootstrapServers", servers.as_str()),
        ("consumerGroup", "g"),
        TOPIC,
        ("sasl", "oauthbearer"),
    ];
    let uri = format!("http://{token_server}/token");
    let auth = [
        ("username", "client"),
        ("password", "hunter2"),
        ("oauthTokenEndpointUri", uri.as_str()),
        ("scopes", "one,two"),
        ("oauthExtensions", "logicalCluster=lkc-1"),
    ];
    let error = one("kafka", &metadata, Some(&auth)).await.unwrap_err();
    assert!(error.contains(&format!("kafka {servers}: ")), "{error}");
    for secret in ["hunter2", "token-1"] {
        assert!(!error.contains(secret), "{error}");
    }
    let sent = sent.await.unwrap();
    assert!(
        sent.contains("auth=Bearer token-1\u{1}logicalCluster=lkc-1"),
        "{sent:?}"
    );
    let asked = asked.lock().unwrap();
    assert!(
        asked[0].ends_with("grant_type=client_credentials&scope=one+two"),
        "{asked:?}"
    );
    // Y2xpZW50Omh1bnRlcjI= is client:hunter2.
    assert!(asked[0].contains("Basic Y2xpZW50Omh1bnRlcjI="), "{asked:?}");
}

#[tokio::test]
async fn a_token_server_that_refuses_is_named() {
    let (token_server, _) = serve(vec![answer(401, "no")]).await;
    let metadata = [
        ("bootstrapServers", "127.0.0.1:1"),
        ("consumerGroup", "g"),
        ("sasl", "oauthbearer"),
    ];
    let uri = format!("http://{token_server}/token");
    let auth = [
        ("username", "client"),
        ("password", "hunter2"),
        ("oauthTokenEndpointUri", uri.as_str()),
    ];
    let error = one("kafka", &metadata, Some(&auth)).await.unwrap_err();
    assert!(error.contains(&uri) && error.contains("401"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}
