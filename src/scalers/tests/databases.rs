//! `postgresql` and `mysql` beside servers of a few lines, which say what no real one says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::fake::{Cluster, Objects, flat, one, options, read_with, trigger};
use crate::scalers::ReadOptions;

/// A message of PostgreSQL: its letter, its length, its content.
fn message(letter: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).unwrap();
    [&[letter], &length.to_be_bytes()[..], content].concat()
}

/// The server takes whoever comes and waits for a query.
fn welcome() -> Vec<u8> {
    [
        message(b'R', &[0, 0, 0, 0]),
        message(b'K', &[0, 0, 0, 7, 0, 0, 0, 9]),
        message(b'Z', b"I"),
    ]
    .concat()
}

/// One column of this type.
fn described(kind: u32) -> Vec<u8> {
    let mut content = vec![0, 1, b'n', 0, 0, 0, 0, 0, 0, 0];
    content.extend(kind.to_be_bytes());
    content.extend([0, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0, 1]);
    let begun = [
        message(b'1', &[]),
        message(b'2', &[]),
        message(b'T', &content),
    ];
    begun.concat()
}

/// One row with these values.
fn row(values: &[&[u8]]) -> Vec<u8> {
    let mut content = u16::try_from(values.len()).unwrap().to_be_bytes().to_vec();
    for value in values {
        content.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        content.extend(*value);
    }
    message(b'D', &content)
}

fn end() -> Vec<u8> {
    [message(b'C', b"SELECT 1\0"), message(b'Z', b"I")].concat()
}

const INT8: u32 = 20;
const SEVEN: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 7];

/// What a server read, one entry a connection.
type Seen = Arc<Mutex<Vec<Vec<u8>>>>;

/// A server that says each of `answers` after it has been told something, and then nothing.
async fn serve(answers: Vec<Vec<u8>>) -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let place = {
                let mut log = log.lock().unwrap();
                log.push(Vec::new());
                log.len() - 1
            };
            tokio::spawn(converse(stream, answers.clone(), Arc::clone(&log), place));
        }
    });
    (port, seen)
}

async fn converse(mut stream: TcpStream, answers: Vec<Vec<u8>>, seen: Seen, place: usize) {
    let mut answers = answers.into_iter();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        seen.lock().unwrap()[place].extend(&buffer[..count]);
        if let Some(answer) = answers.next()
            && stream.write_all(&answer).await.is_err()
        {
            return;
        }
    }
}

fn metadata(port: &str) -> [(&str, &str); 7] {
    [
        ("host", "127.0.0.1"),
        ("port", port),
        ("userName", "u"),
        ("dbName", "d"),
        ("sslmode", "disable"),
        ("query", "SELECT 7"),
        ("targetQueryValue", "1"),
    ]
}

/// What a trigger becomes, soon: a client that waits for more has not understood what is wrong, and the deadline ends that.
async fn soon(
    kind: &str,
    metadata: &[(&str, &str)],
    auth: &[(&str, &str)],
) -> Result<(f64, bool), String> {
    let options = ReadOptions {
        deadline: Duration::from_secs(3),
        ..options()
    };
    let trigger = trigger(0, kind, metadata, !auth.is_empty());
    let (objects, cluster) = (Objects::new(auth), Cluster::default());
    let mut readings = read_with(vec![trigger], &objects, cluster, &options).await;
    flat(readings.remove(0).outcome)
}

/// What `postgresql` makes of a server that answers a query so.
async fn postgresql(answer: Vec<u8>) -> Result<(f64, bool), String> {
    let (port, _) = serve(vec![welcome(), answer]).await;
    soon("postgresql", &metadata(&port), &[]).await
}

#[tokio::test]
async fn postgresql_answers() {
    let answer = [described(INT8), row(&[SEVEN]), end()].concat();
    assert_eq!(postgresql(answer).await, Ok((7.0, true)));
    let huge = {
        let mut header = vec![b'D'];
        header.extend(0x4000_0000_u32.to_be_bytes());
        header.resize(17 << 20, 0);
        header
    };
    let error = |text: &[u8]| message(b'E', &[b"SERROR\0C42P01\0M", text, b"\0\0"].concat());
    for (answer, part) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), ""),
        (vec![b'T', 0, 0, 0, 0], ""),
        (message(b'T', &[0xFF]), ""),
        (message(b'D', &[0xFF]), ""),
        ([described(INT8), row(&[SEVEN, SEVEN]), end()].concat(), ""),
        ([described(INT8), row(&[]), end()].concat(), ""),
        (
            [described(INT8), row(&[b"x"]), end()].concat(),
            "gives a int8",
        ),
        (
            [described(INT8), message(b'D', &[0, 1, 0xFF, 0, 0, 0])].concat(),
            "",
        ),
        ([described(INT8), huge].concat(), "more than 16 MiB at once"),
        (
            [described(INT8), row(&[SEVEN]), error(b"too late")].concat(),
            "ERROR: too late (SQLSTATE 42P01)",
        ),
        (error(b"no"), "ERROR: no (SQLSTATE 42P01)"),
        (message(b'E', b"Mno code\0\0"), ""),
        (message(b'G', &[0, 0, 0]), ""),
        (message(b'Z', b"I"), ""),
    ] {
        let said = postgresql(answer).await.unwrap_err();
        assert!(said.starts_with("failed: postgresql 127.0.0.1:"), "{said}");
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// Before there is a connection: greetings that are none.
#[tokio::test]
async fn postgresql_greetings() {
    for greeting in [
        b"SSH-2.0-OpenSSH\r\n".to_vec(),
        message(b'R', &[]),
        message(b'R', &[0, 0, 0, 99]),
        message(b'R', &[0, 0, 0, 10, 0]),
        message(b'R', &[0, 0, 0, 7]),
        [message(b'R', &[0, 0, 0, 0]), message(b'K', &[0])].concat(),
        message(b'Z', b"I"),
    ] {
        let (port, _) = serve(vec![greeting]).await;
        let said = soon("postgresql", &metadata(&port), &[]).await.unwrap_err();
        assert!(said.starts_with("failed: postgresql 127.0.0.1:"), "{said}");
    }
}

/// A server that is not ready is passed: its words do not say that the next one would refuse too.
#[tokio::test]
async fn postgresql_goes_on_to_the_next_host() {
    let answer = [described(INT8), row(&[SEVEN]), end()].concat();
    let (good, _) = serve(vec![welcome(), answer]).await;
    let starting = message(
        b'E',
        b"SFATAL\0C57P03\0Mthe database system is starting up\0\0",
    );
    let (bad, _) = serve(vec![starting]).await;
    let ports = format!("{bad},{good}");
    let mut metadata = metadata(&ports);
    metadata[0].1 = "127.0.0.1,127.0.0.1";
    assert_eq!(one("postgresql", &metadata, None).await, Ok((7.0, true)));
}

/// A server whose query is no longer waited for is told so, on a connection of its own with the key of the first one.
#[tokio::test]
async fn postgresql_stops_what_is_too_late() {
    let (port, seen) = serve(vec![welcome()]).await;
    let options = ReadOptions {
        deadline: Duration::from_millis(500),
        ..options()
    };
    let trigger = trigger(0, "postgresql", &metadata(&port), false);
    let (objects, cluster) = (Objects::default(), Cluster::default());
    let mut readings = read_with(vec![trigger], &objects, cluster, &options).await;
    let said = flat(readings.remove(0).outcome).unwrap_err();
    assert!(said.contains("did not answer within"), "{said}");
    let wanted = [0, 0, 0, 16, 0x04, 0xD2, 0x16, 0x2E, 0, 0, 0, 7, 0, 0, 0, 9];
    let told = async {
        loop {
            if seen.lock().unwrap().iter().any(|told| told == &wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), told)
        .await
        .unwrap();
    // The query itself was sent once.
    let queries = seen.lock().unwrap().concat();
    let text = String::from_utf8_lossy(&queries).into_owned();
    assert_eq!(text.matches("SELECT 7").count(), 1, "{text}");
}

/// A packet of MySQL, the `number`th one.
fn packet(number: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    [&length[..3], &[number], content].concat()
}

/// A greeting without TLS that wants this way to sign in.
fn greeting(plugin: &str) -> Vec<u8> {
    let mut content = b"\x0a8.0.0\0\x07\0\0\0saltsalt\0".to_vec();
    content.extend([0x08, 0x82, 45, 2, 0, 0x08, 0, 21]);
    content.extend([0; 10]);
    content.extend(b"saltsaltsalt\0");
    content.extend(plugin.bytes().chain([0]));
    packet(0, &content)
}

fn okay(number: u8) -> Vec<u8> {
    packet(number, &[0, 0, 0, 2, 0, 0, 0])
}

/// What `mysql` makes of a server that says the first of these by itself and each other one after it has been told something.
async fn mysql(mut answers: Vec<Vec<u8>>) -> Result<(f64, bool), String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let first = answers.remove(0);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if stream.write_all(&first).await.is_ok() {
                let seen = Arc::new(Mutex::new(vec![Vec::new()]));
                tokio::spawn(converse(stream, answers.clone(), seen, 0));
            }
        }
    });
    let metadata = [
        ("host", "127.0.0.1"),
        ("port", port.as_str()),
        ("username", "u"),
        ("dbName", "d"),
        ("query", "SELECT 7"),
        ("queryValue", "1"),
    ];
    soon("mysql", &metadata, &[("password", "hunter2")]).await
}

#[tokio::test]
async fn mysql_answers() {
    let native = || greeting("mysql_native_password");
    let caching = || greeting("caching_sha2_password");
    let refusal = |number| packet(number, b"\xff\x15\x04#28000not you");
    for (answers, part) in [
        (vec![b"SSH-2.0-OpenSSH\r\n".to_vec()], ""),
        (vec![packet(0, &[])], ""),
        (vec![packet(0, b"\x0a")], ""),
        (
            vec![packet(0, b"\xff\x10\x04Too many connections")],
            "Too many connections",
        ),
        (vec![native(), refusal(2)], "error 1045 (28000): not you"),
        (vec![native(), packet(2, b"\xfeunknown_way\0salt\0")], ""),
        (
            vec![native(), packet(2, b"\xfemysql_clear_password\0")],
            "allowCleartextPasswords=true",
        ),
        (vec![native(), packet(2, b"\xfe")], ""),
        (vec![native(), packet(2, &[])], ""),
        // A server that wants its own key for the password and has none, or none that is one.
        (
            vec![caching(), packet(2, &[1, 4]), packet(4, &[])],
            "none of a MySQL server",
        ),
        (
            vec![caching(), packet(2, &[1, 4]), packet(4, b"\x01no key")],
            "none of a MySQL server",
        ),
        (vec![caching(), packet(2, &[1])], ""),
        (
            vec![native(), okay(2), refusal(1)],
            "error 1045 (28000): not you",
        ),
        (vec![native(), okay(2), packet(1, &[])], ""),
        (vec![native(), okay(2), packet(1, &[0xFF; 3])], ""),
        (
            vec![
                native(),
                okay(2),
                packet(1, &[0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
            ],
            "",
        ),
        (vec![native(), okay(2), b"\xff\xff\xff\x01".to_vec()], ""),
    ] {
        let said = mysql(answers).await.unwrap_err();
        assert!(said.starts_with("failed: mysql 127.0.0.1:"), "{said}");
        assert!(said.contains(part), "{part}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
