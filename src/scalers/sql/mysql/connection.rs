//! One connection, one question.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use mysql_async::prelude::{Protocol, Queryable};
use mysql_async::{
    Conn, DriverError, Error, IoError, OptsBuilder, Params, QueryResult, SslOpts, Value,
};
use tokio::time::timeout;

use super::dsn::{Address, Dsn, Tls};
use crate::scalers::client::tls::install_provider;
use crate::scalers::metric::count;
use crate::scalers::sql::number;
use crate::scalers::sql::tls::of_system;

/// No packet needs more: it holds a number.
const LIMIT: usize = 16 << 20;
/// So long a goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// The number that `query` gives.
pub(super) async fn ask(dsn: &Dsn, query: &str) -> Result<f64, String> {
    // The driver trusts a server to keep to the protocol in a few places and panics where it does not.
    let asked = AssertUnwindSafe(attempt(dsn, query)).catch_unwind().await;
    let answer = asked.unwrap_or_else(|_| Err("its answer is none of a MySQL server".to_owned()));
    answer.map_err(|text| format!("mysql {}: {text}", dsn.address))
}

async fn attempt(dsn: &Dsn, query: &str) -> Result<f64, String> {
    let mut connection = match open(dsn, dsn.tls != Tls::No).await {
        Err(Error::Driver(DriverError::NoClientSslFlagFromServer)) if dsn.falls_back => {
            open(dsn, false).await
        }
        opened => opened,
    }
    .map_err(|error| said(&error))?;
    let answer = within(
        dsn.read_timeout,
        "answer",
        answer(&mut connection, dsn, query),
    )
    .await;
    // The answer is known; how the connection ends changes nothing.
    let _ = timeout(GOODBYE, connection.disconnect()).await;
    answer.map_err(|error| said(&error))?
}

async fn within<T>(
    limit: Option<Duration>,
    what: &str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match limit {
        None => work.await,
        Some(limit) => timeout(limit, work).await.unwrap_or_else(|_| {
            let text = format!("it gave no {what} within {limit:?}");
            Err(Error::Other(text.into()))
        }),
    }
}

/// What has gone wrong, in the server's words where it has spoken.
fn said(error: &Error) -> String {
    match error {
        Error::Server(error) => {
            format!("error {} ({}): {}", error.code, error.state, error.message)
        }
        Error::Io(IoError::Io(error)) => error.to_string(),
        Error::Io(IoError::Tls(error)) => format!("TLS: {error}"),
        Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            "the server does not support TLS".to_owned()
        }
        Error::Driver(DriverError::CleartextPluginDisabled) => {
            "the server wants the password as it is, which allowCleartextPasswords=true permits"
                .to_owned()
        }
        Error::Driver(error) => error.to_string(),
        error => error.to_string(),
    }
}

async fn open(dsn: &Dsn, secure: bool) -> Result<Conn, Error> {
    // What the driver would ask the server first is said here, so that only the user's query is sent.
    let mut options = OptsBuilder::default()
        .user(Some(&dsn.user))
        .pass(Some(dsn.password.expose()))
        .db_name(Some(&dsn.database).filter(|name| !name.is_empty()))
        .prefer_socket(false)
        .max_allowed_packet(Some(LIMIT))
        .wait_timeout(Some(0))
        .stmt_cache_size(0)
        .enable_cleartext_plugin(dsn.sends_cleartext)
        .tcp_nodelay(true);
    options = match &dsn.address {
        Address::Network(host, port) => options.ip_or_hostname(host).tcp_port(*port),
        Address::Socket(path) => options.socket(Some(path)),
    };
    if secure {
        install_provider();
        options = options.ssl_opts(Some(trust(dsn.tls)?));
    }
    within(dsn.timeout, "connection", Conn::new(options)).await
}

fn trust(tls: Tls) -> Result<SslOpts, Error> {
    if tls != Tls::Checked {
        return Ok(SslOpts::default().with_danger_accept_invalid_certs(true));
    }
    // Those of the system, as in KEDA, instead of a list in this program.
    let roots = of_system().map_err(|text| Error::Other(text.into()))?;
    let roots = roots.iter().map(|root| root.to_vec().into()).collect();
    Ok(SslOpts::default()
        .with_disable_built_in_roots(true)
        .with_root_certs(roots))
}

async fn answer(
    connection: &mut Conn,
    dsn: &Dsn,
    query: &str,
) -> Result<Result<f64, String>, Error> {
    prepare(connection, dsn).await?;
    if dsn.is_multi {
        return first(connection.query_iter(query).await?).await;
    }
    // The driver lets every text hold several statements, KEDA's lets none; a prepared statement is one.
    first(connection.exec_iter(query, Params::Empty).await?).await
}

/// What the DSN says of the session.
async fn prepare(connection: &mut Conn, dsn: &Dsn) -> Result<(), Error> {
    let collate = dsn.collation.as_ref();
    let suffix = collate.map_or_else(String::new, |name| format!(" COLLATE {name}"));
    let of_collation = collate.and_then(|name| name.split('_').next());
    let mut sets: Vec<&str> = dsn.charsets.iter().map(String::as_str).collect();
    if sets.is_empty() {
        sets.extend(of_collation);
    }
    let mut named = Ok(());
    for set in sets {
        named = connection
            .query_drop(format!("SET NAMES {set}{suffix}"))
            .await;
        if named.is_ok() {
            break;
        }
    }
    named?;
    if dsn.variables.is_empty() {
        return Ok(());
    }
    let variables: Vec<String> = dsn
        .variables
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    connection
        .query_drop(format!("SET {}", variables.join(", ")))
        .await
}

/// The number in the one column of the first row. The error that is no error of the connection is a text.
async fn first<P: Protocol>(
    mut rows: QueryResult<'_, '_, P>,
) -> Result<Result<f64, String>, Error> {
    let number = match rows.next().await? {
        None => Err(number::no_row()),
        Some(row) => number::columns(row.len()).and_then(|()| {
            let value = row.as_ref(0);
            value.map_or_else(|| Err(number::null()), of_value)
        }),
    };
    // What follows is not needed, except that it is no error.
    rows.drop_result().await?;
    Ok(number)
}

fn of_value(value: &Value) -> Result<f64, String> {
    match value {
        Value::NULL => Err(number::null()),
        Value::Bytes(text) => number::of_text(text),
        Value::Int(number) => Ok(count(*number)),
        #[expect(
            clippy::cast_precision_loss,
            reason = "counts beyond 2^53 lose digits in KEDA too"
        )]
        Value::UInt(number) => Ok(*number as f64),
        // As it is written: 0.1 is no 0.10000000149.
        Value::Float(number) => number::of_text(number.to_string().as_bytes()),
        Value::Double(number) => number::finite(*number),
        Value::Date(..) | Value::Time(..) => Err(
            "the query gives a time; a number is needed, let it count or cast the column"
                .to_owned(),
        ),
    }
}
