//! The Redis triggers beside servers of a few lines: what the answers mean, and who is asked next.

mod routes;
mod streams;

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What the servers of a test were asked, in order.
type Asked = Arc<Mutex<Vec<String>>>;

/// An address where a server will be.
struct Place {
    listener: TcpListener,
    address: String,
}

impl Place {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        Self { listener, address }
    }

    /// The server answers commands that begin so; it does not know others.
    fn serve(self, answers: Vec<(&'static str, String)>) -> Asked {
        let asked = Asked::default();
        let log = Arc::clone(&asked);
        let answers = Arc::new(answers);
        tokio::spawn(async move {
            while let Ok((stream, _)) = self.listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&answers), Arc::clone(&log)));
            }
        });
        asked
    }

    /// The server takes connections and says nothing.
    fn be_silent(self) {
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = self.listener.accept().await {
                held.push(stream);
            }
        });
    }
}

async fn converse(stream: TcpStream, answers: Arc<Vec<(&'static str, String)>>, asked: Asked) {
    let mut stream = BufReader::new(stream);
    while let Some(command) = command(&mut stream).await {
        let answer = answers
            .iter()
            .find(|(start, _)| command.starts_with(start))
            .map_or("-ERR unknown command\r\n", |(_, answer)| answer);
        asked.lock().unwrap().push(command);
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The words of one command, none of which holds a line break.
async fn command(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let count: usize = line.trim().strip_prefix('*')?.parse().ok()?;
    let mut words = Vec::new();
    for _ in 0..count {
        // The length of a word, and the word.
        for _ in 0..2 {
            line.clear();
            stream.read_line(&mut line).await.ok()?;
        }
        words.push(line.trim().to_owned());
    }
    Some(words.join(" "))
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

/// Nobody listens there.
async fn nowhere() -> String {
    Place::new().await.address
}
