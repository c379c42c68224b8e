//! Connections to the servers of a trigger: which are tried, in which order, and when the next one is. [pgx 5.9.2 `connectPreferred`]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::Type;
use tokio_postgres::{CancelToken, Client, Config, Error, NoTls, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::limited::{Allowance, Limited, Socket};
use super::settings::{Mode, Session, Settings, Tls};
use super::value::{Raw, number as number_of};
use crate::api::Secret;
use crate::scalers::client::tls::TlsMaterial;
use crate::scalers::sql::number;
use crate::scalers::sql::tls::{Check, client, file};

/// So long a server may be silent while there is another one to be asked.
const PATIENCE: Duration = Duration::from_secs(5);
/// So long a goodbye, or the wish to stop a query, may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// Where one attempt goes.
#[derive(Clone)]
struct Target {
    /// As it was written, for errors.
    place: String,
    /// What its certificate must be for.
    host: String,
    address: Address,
    secure: bool,
}

#[derive(Clone)]
enum Address {
    Network(SocketAddr),
    Socket(PathBuf),
}

/// Why an attempt came to nothing.
struct Failure {
    text: String,
    /// Another server, or another way to this one, would say the same.
    is_final: bool,
    /// It would do if there were no better one.
    is_second_best: bool,
}

impl Failure {
    fn new(text: String) -> Self {
        Self {
            text,
            is_final: false,
            is_second_best: false,
        }
    }

    fn of(error: &Error) -> Self {
        // Wrong password, no such database, no right to connect. [pgx `connectPreferred`]
        let is_final = error
            .code()
            .is_some_and(|code| ["28P01", "3D000", "42501"].contains(&code.code()));
        Self {
            is_final,
            ..Self::new(said(error))
        }
    }
}

/// What has gone wrong, in the server's words where it has spoken.
fn said(error: &Error) -> String {
    if let Some(error) = error.as_db_error() {
        let hint = error.hint().map(|hint| format!("; {hint}"));
        return format!(
            "{}: {} (SQLSTATE {}){}",
            error.severity(),
            error.message(),
            error.code().code(),
            hint.unwrap_or_default()
        );
    }
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.extend([": ", &error.to_string()]);
        cause = error.source();
    }
    text
}

/// `host:port`, or the path of the socket.
pub(super) fn place(host: &str, port: u16) -> String {
    match () {
        () if is_folder(host) => format!("{}/.s.PGSQL.{port}", host.trim_end_matches('/')),
        () if host.contains(':') => format!("[{host}]:{port}"),
        () => format!("{host}:{port}"),
    }
}

fn is_folder(host: &str) -> bool {
    host.starts_with('/')
}

/// The number that `query` gives on the first server that takes the connection.
pub(super) async fn ask(
    settings: &Settings,
    password: &Secret<String>,
    query: &str,
) -> Result<f64, String> {
    let connector = connector(&settings.tls).await?;
    let config = settings.config(password);
    let mut errors: Vec<String> = Vec::new();
    let mut second_best = None;
    for (place_of_host, (host, port)) in settings.hosts.iter().enumerate() {
        let is_last_host = place_of_host + 1 == settings.hosts.len();
        let targets = match targets(host, *port, settings.tls.mode).await {
            Ok(targets) => targets,
            Err(text) => {
                errors.push(text);
                continue;
            }
        };
        for (number, target) in targets.iter().enumerate() {
            let is_last = is_last_host && number + 1 == targets.len();
            let limit = settings.timeout.or((!is_last).then_some(PATIENCE));
            let opened = open(target, &config, connector.as_ref(), settings.session);
            match within(limit, target, opened).await {
                Ok(link) => return link.ask(query).await,
                Err(failure) => {
                    let text = format!("postgresql {}: {}", target.place, failure.text);
                    if !errors.contains(&text) {
                        errors.push(text);
                    }
                    if failure.is_final {
                        return Err(errors.join("; "));
                    }
                    if failure.is_second_best {
                        second_best = Some(target.clone());
                    }
                }
            }
        }
    }
    match second_best {
        Some(target) => {
            let opened = open(&target, &config, connector.as_ref(), Session::Any);
            match within(settings.timeout, &target, opened).await {
                Ok(link) => link.ask(query).await,
                Err(failure) => Err(format!("postgresql {}: {}", target.place, failure.text)),
            }
        }
        None => Err(errors.join("; ")),
    }
}

async fn within(
    limit: Option<Duration>,
    target: &Target,
    opened: impl Future<Output = Result<Link, Failure>>,
) -> Result<Link, Failure> {
    let Some(limit) = limit else {
        return opened.await;
    };
    let late = |_| {
        let text = format!("it did not take the connection within {limit:?}");
        Err(Failure::new(text))
    };
    timeout(limit, opened)
        .await
        .unwrap_or_else(late)
        .map(|mut link| {
            link.place.clone_from(&target.place);
            link
        })
}

/// The addresses of a host, each in the ways that `mode` allows, all addresses the first way first.
async fn targets(host: &str, port: u16, mode: Mode) -> Result<Vec<Target>, String> {
    let place = place(host, port);
    let target = |address, secure| Target {
        place: place.clone(),
        host: host.to_owned(),
        address,
        secure,
    };
    if is_folder(host) {
        // There is no TLS on a Unix socket.
        let address = Address::Socket(PathBuf::from(&place));
        return Ok(vec![target(address, false)]);
    }
    let found = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| format!("postgresql {place}: {error}"))?;
    let addresses: Vec<SocketAddr> = found.collect();
    let ways: &[bool] = match mode {
        Mode::Disable => &[false],
        Mode::Allow => &[false, true],
        Mode::Prefer => &[true, false],
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => &[true],
    };
    let all = ways.iter().flat_map(|secure| {
        addresses
            .iter()
            .map(|address| target(Address::Network(*address), *secure))
    });
    Ok(all.collect())
}

/// TLS as the settings want it; none where it is never spoken.
async fn connector(tls: &Tls) -> Result<Option<MakeRustlsConnect>, String> {
    let check = match tls.mode {
        Mode::Disable => return Ok(None),
        Mode::Allow | Mode::Prefer | Mode::Require => Check::Nothing,
        Mode::VerifyCa => Check::Authority,
        Mode::VerifyFull => Check::Host,
    };
    let mut material = TlsMaterial::default();
    if let Some(path) = &tls.authority {
        material.ca = file("sslrootcert", path).await?;
    }
    if let Some((cert, key)) = &tls.identity {
        material.cert = file("sslcert", cert).await?;
        material.key = file("sslkey", key).await?;
    }
    let wrong = |text| format!("the files of the connection's TLS: {text}");
    let password = tls.key_password.expose();
    let material = material.checked(Some(password)).map_err(wrong)?;
    let mut config = client(check, &material)?;
    config.enable_sni = tls.names_host;
    if tls.direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(Some(MakeRustlsConnect::new(config)))
}

/// What keeps a connection going; it ends with the connection.
type Driver = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// An open connection.
struct Link {
    place: String,
    client: Client,
    driver: Driver,
    allowance: Allowance,
    cancel: Cancel,
}

async fn open(
    target: &Target,
    config: &Config,
    connector: Option<&MakeRustlsConnect>,
    session: Session,
) -> Result<Link, Failure> {
    let wrong = |error: std::io::Error| Failure::new(error.to_string());
    let socket = socket(&target.address).await.map_err(wrong)?;
    let (stream, allowance) = Limited::new(socket);
    let connector = connector.filter(|_| target.secure);
    let mut config = config.clone();
    let (client, driver): (Client, Driver) = match connector {
        None => {
            config.ssl_mode(SslMode::Disable);
            let (client, connection) = config
                .connect_raw(stream, NoTls)
                .await
                .map_err(|error| Failure::of(&error))?;
            (client, Box::pin(connection))
        }
        Some(connector) => {
            config.ssl_mode(SslMode::Require);
            let tls = tls(connector, &target.host);
            let (client, connection) = config
                .connect_raw(stream, tls)
                .await
                .map_err(|error| Failure::of(&error))?;
            (client, Box::pin(connection))
        }
    };
    let cancel = Cancel {
        token: client.cancel_token(),
        target: target.clone(),
        connector: connector.cloned(),
        is_armed: false,
    };
    let mut link = Link {
        place: target.place.clone(),
        client,
        driver,
        allowance,
        cancel,
    };
    link.check(session).await?;
    Ok(link)
}

async fn socket(address: &Address) -> std::io::Result<Box<dyn Socket>> {
    Ok(match address {
        Address::Network(address) => {
            let stream = tokio::net::TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Box::new(stream)
        }
        #[cfg(unix)]
        Address::Socket(path) => Box::new(tokio::net::UnixStream::connect(path).await?),
        #[cfg(not(unix))]
        Address::Socket(_) => {
            return Err(std::io::Error::other("there are no Unix sockets here"));
        }
    })
}

/// TLS for one connection.
fn tls(
    connector: &MakeRustlsConnect,
    host: &str,
) -> <MakeRustlsConnect as MakeTlsConnect<Limited>>::TlsConnect {
    let mut connector = connector.clone();
    match MakeTlsConnect::<Limited>::make_tls_connect(&mut connector, host) {
        Ok(tls) => tls,
        Err(never) => match never {},
    }
}

impl Link {
    /// Whether the server is one of those that are wanted.
    async fn check(&mut self, session: Session) -> Result<(), Failure> {
        let (question, wanted, text) = match session {
            Session::Any => return Ok(()),
            Session::ReadWrite => ("SHOW transaction_read_only", false, "it takes no writes"),
            Session::ReadOnly => ("SHOW transaction_read_only", true, "it takes writes"),
            Session::Primary => ("SELECT pg_is_in_recovery()", false, "it is a standby"),
            Session::Standby | Session::PreferStandby => {
                ("SELECT pg_is_in_recovery()", true, "it is no standby")
            }
        };
        let asked = self.client.simple_query(question);
        let answer = drive(&mut self.driver, asked)
            .await
            .map_err(|error| Failure::of(&error))?;
        let is = answer.iter().any(|message| {
            matches!(message, SimpleQueryMessage::Row(row) if matches!(row.try_get(0), Ok(Some("on" | "t"))))
        });
        if is == wanted {
            self.allowance.renew();
            return Ok(());
        }
        Err(Failure {
            is_second_best: session == Session::PreferStandby,
            ..Failure::new(format!(
                "{text}, and target_session_attrs wants another one"
            ))
        })
    }

    /// Sends the query, once, and says goodbye.
    async fn ask(mut self, query: &str) -> Result<f64, String> {
        let place = self.place;
        let fault = |text: String| format!("postgresql {place}: {text}");
        self.cancel.is_armed = true;
        let asked = number(&self.client, query, &self.allowance);
        let answer = drive(&mut self.driver, asked).await;
        self.cancel.is_armed = false;
        // Without a client the connection says goodbye and ends. The answer is known; how that goes changes nothing.
        drop(self.client);
        let _ = timeout(GOODBYE, self.driver).await;
        match answer {
            Ok(number) => number.map_err(fault),
            Err(error) => Err(fault(said(&error))),
        }
    }
}

/// Does `work` while the connection goes on.
async fn drive<T>(
    driver: &mut Driver,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let mut work = std::pin::pin!(work);
    let ended = tokio::select! {
        biased;
        done = &mut work => return done,
        ended = &mut *driver => ended,
    };
    // Nothing more comes. What the server said last may be on its way to the work still.
    *driver = Box::pin(std::future::ready(Ok(())));
    match (work.await, ended) {
        (Err(error), Err(reason)) if error.is_closed() => Err(reason),
        (done, _) => done,
    }
}

/// The number in the one column of the first row. The error that is no error of the connection is a text.
async fn number(
    client: &Client,
    query: &str,
    allowance: &Allowance,
) -> Result<Result<f64, String>, Error> {
    // In the extended protocol, as KEDA's driver does: several statements in one text are refused there.
    let none: [(i32, Type); 0] = [];
    let mut rows = std::pin::pin!(client.query_typed_raw(query, none).await?);
    let mut first = None;
    while let Some(row) = rows.next().await.transpose()? {
        allowance.renew();
        if first.is_some() {
            continue;
        }
        first = Some(match row.columns() {
            [column] => match row.try_get::<_, Option<Raw<'_>>>(0)? {
                Some(Raw(bytes)) => number_of(column.type_(), bytes),
                None => Err(number::null()),
            },
            columns => number::columns(columns.len()).map(|()| 0.0),
        });
    }
    Ok(first.unwrap_or_else(|| Err(number::no_row())))
}

/// Asks the server to stop the query when its answer is no longer waited for: it would go on without a listener.
struct Cancel {
    token: CancelToken,
    target: Target,
    connector: Option<MakeRustlsConnect>,
    is_armed: bool,
}

impl Drop for Cancel {
    fn drop(&mut self) {
        if !self.is_armed {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let (token, target, connector) = (
            self.token.clone(),
            self.target.clone(),
            self.connector.take(),
        );
        runtime.spawn(timeout(GOODBYE, async move {
            let (stream, _) = Limited::new(socket(&target.address).await.ok()?);
            let sent = match connector {
                None => token.cancel_query_raw(stream, NoTls).await,
                Some(connector) => {
                    let tls = tls(&connector, &target.host);
                    token.cancel_query_raw(stream, tls).await
                }
            };
            sent.ok()
        }));
    }
}
