//! A connection string, as KEDA's driver reads it. [pgx 5.9.2 `pgconn.ParseConfig`]
//!
//! What that driver also takes from its surroundings (PG* variables, `~/.pgpass`, `~/.postgresql`) would be those of KEDA's operator:
//! nothing of the caller's stands in for them.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, SslNegotiation};

use crate::api::Secret;

/// The words of a connection string by their names.
pub(super) type Words = BTreeMap<String, String>;

/// What a connection is made with.
pub(super) struct Settings {
    /// Host, or folder of a Unix socket, and port; at least one.
    pub(super) hosts: Vec<(String, u16)>,
    pub(super) password: Secret<String>,
    pub(super) tls: Tls,
    /// For one address, everything until it takes queries.
    pub(super) timeout: Option<Duration>,
    pub(super) session: Session,
    user: String,
    database: String,
    channel_binding: ChannelBinding,
    options: String,
    application: Option<String>,
}

/// How a connection is secured.
pub(super) struct Tls {
    pub(super) mode: Mode,
    /// Path of the authorities to trust instead of the system's.
    pub(super) authority: Option<String>,
    /// Paths of the client's certificate and key.
    pub(super) identity: Option<(String, String)>,
    pub(super) key_password: Secret<String>,
    /// Whether the server is told which host is meant.
    pub(super) names_host: bool,
    /// TLS from the first byte on, which servers since 17 take.
    pub(super) direct: bool,
}

/// `sslmode`. [libpq, "SSL Support"]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// No TLS.
    Disable,
    /// TLS when the server takes nothing else.
    Allow,
    /// TLS when the server has it.
    Prefer,
    /// TLS; the certificate is not checked.
    Require,
    /// TLS with a certificate of a trusted authority.
    VerifyCa,
    /// TLS with a certificate of a trusted authority for this host.
    VerifyFull,
}

/// `target_session_attrs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Session {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// Names that are not handed on to the server.
const OWN: [&str; 22] = [
    "host",
    "port",
    "database",
    "user",
    "password",
    "passfile",
    "connect_timeout",
    "sslmode",
    "sslkey",
    "sslcert",
    "sslrootcert",
    "sslnegotiation",
    "sslpassword",
    "sslsni",
    "krbspn",
    "krbsrvname",
    "target_session_attrs",
    "service",
    "servicefile",
    "min_protocol_version",
    "max_protocol_version",
    "channel_binding",
];

impl Settings {
    /// From the words of a connection. The error holds none of them.
    pub(super) fn new(words: &Words) -> Result<Self, String> {
        let word = |name: &str| words.get(name).map_or("", String::as_str);
        for name in ["service", "servicefile", "passfile"] {
            if words.contains_key(name) {
                return Err(format!(
                    "{name} names a file of KEDA's operator, which keda-jobs does not read; write what it says into the connection"
                ));
            }
        }
        if ["3.2", "latest"].contains(&word("min_protocol_version")) {
            return Err(
                "min_protocol_version must be 3.0, keda-jobs speaks no newer one".to_owned(),
            );
        }
        if word("user").is_empty() {
            return Err("user must be given".to_owned());
        }
        Ok(Self {
            hosts: hosts(word("host"), words.get("port").map(String::as_str))?,
            password: Secret::new(word("password").to_owned()),
            tls: Tls::new(words)?,
            timeout: match word("connect_timeout") {
                "" => None,
                text => match text.parse() {
                    Ok(0) => None,
                    Ok(seconds) => Some(Duration::from_secs(seconds)),
                    Err(_) => {
                        return Err("connect_timeout must be a whole number of seconds".to_owned());
                    }
                },
            },
            session: match word("target_session_attrs") {
                "" | "any" => Session::Any,
                "read-write" => Session::ReadWrite,
                "read-only" => Session::ReadOnly,
                "primary" => Session::Primary,
                "standby" => Session::Standby,
                "prefer-standby" => Session::PreferStandby,
                _ => {
                    return Err("target_session_attrs must be any, read-write, read-only, primary, standby or prefer-standby".to_owned());
                }
            },
            user: word("user").to_owned(),
            database: word("database").to_owned(),
            channel_binding: match word("channel_binding") {
                "" | "prefer" => ChannelBinding::Prefer,
                "disable" => ChannelBinding::Disable,
                "require" => ChannelBinding::Require,
                _ => {
                    return Err("channel_binding must be disable, prefer or require".to_owned());
                }
            },
            options: options(words),
            application: words.get("application_name").cloned(),
        })
    }

    /// What the client is told, except where the server is and whether TLS is spoken.
    pub(super) fn config(&self, password: &Secret<String>) -> Config {
        let mut config = Config::new();
        config
            .user(&self.user)
            .password(password.expose())
            .channel_binding(self.channel_binding)
            .ssl_negotiation(if self.tls.direct {
                SslNegotiation::Direct
            } else {
                SslNegotiation::Postgres
            });
        if !self.database.is_empty() {
            config.dbname(&self.database);
        }
        if !self.options.is_empty() {
            config.options(&self.options);
        }
        if let Some(application) = &self.application {
            config.application_name(application);
        }
        config
    }
}

impl Tls {
    fn new(words: &Words) -> Result<Self, String> {
        let word = |name: &str| words.get(name).map_or("", String::as_str);
        let direct = word("sslnegotiation") == "direct";
        let authority = match word("sslrootcert") {
            "" | "system" => None,
            path => Some(path.to_owned()),
        };
        let written = match word("sslmode") {
            _ if word("sslrootcert") == "system" => Mode::VerifyFull,
            "" => Mode::Prefer,
            text => Mode::named(text).ok_or(
                "sslmode must be disable, allow, prefer, require, verify-ca or verify-full",
            )?,
        };
        let mode = match written {
            // libpq's rule: who names an authority wants it asked.
            Mode::Require if authority.is_some() => Mode::VerifyCa,
            Mode::Prefer if direct => Mode::Require,
            mode => mode,
        };
        let identity = match (word("sslcert"), word("sslkey")) {
            ("", "") => None,
            ("", _) | (_, "") => return Err("sslcert and sslkey must be given together".to_owned()),
            (cert, key) => Some((cert.to_owned(), key.to_owned())),
        };
        Ok(Self {
            mode,
            authority,
            identity,
            key_password: Secret::new(word("sslpassword").to_owned()),
            names_host: matches!(word("sslsni"), "" | "1"),
            direct,
        })
    }
}

impl Mode {
    fn named(text: &str) -> Option<Self> {
        Some(match text {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            _ => return None,
        })
    }
}

/// Each host with its port: the one at its place, or the first one.
fn hosts(hosts: &str, ports: Option<&str>) -> Result<Vec<(String, u16)>, String> {
    if hosts.split(',').all(str::is_empty) {
        return Err("host must name a server".to_owned());
    }
    let ports: Vec<&str> = ports.unwrap_or("5432").split(',').collect();
    let port = |place: usize| {
        let text = ports.get(place).unwrap_or(&ports[0]);
        let port = text.parse().ok().filter(|port| *port > 0);
        port.ok_or_else(|| "port must be a number from 1 to 65535".to_owned())
    };
    hosts
        .split(',')
        .enumerate()
        .filter(|(_, host)| !host.is_empty())
        .map(|(place, host)| Ok((host.to_owned(), port(place)?)))
        .collect()
}

/// What the server itself is told: `options`, and every name that is nobody else's, a parameter of the server.
fn options(words: &Words) -> String {
    let escaped = |text: &str| {
        text.chars().fold(String::new(), |mut all, letter| {
            if letter == '\\' || letter.is_ascii_whitespace() {
                all.push('\\');
            }
            all.push(letter);
            all
        })
    };
    let mut options = words.get("options").cloned().unwrap_or_default();
    for (name, value) in words {
        if OWN.contains(&name.as_str()) || ["options", "application_name"].contains(&name.as_str())
        {
            continue;
        }
        if !options.is_empty() {
            options.push(' ');
        }
        options.extend(["-c ", &escaped(name), "=", &escaped(value)]);
    }
    options
}

/// The words of a connection string in either form. The error holds none of them.
pub(super) fn words(text: &str) -> Result<Words, String> {
    let address = text
        .strip_prefix("postgres://")
        .or_else(|| text.strip_prefix("postgresql://"));
    address.map_or_else(|| of_keywords(text), of_address)
}

fn canonical(name: &str) -> String {
    if name == "dbname" { "database" } else { name }.to_owned()
}

fn is_space(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// `host=h user='a b'`.
fn of_keywords(text: &str) -> Result<Words, String> {
    let mut words = Words::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest
            .split_once('=')
            .ok_or("it must be keyword=value pairs, or an address that begins with postgres://")?;
        let name = name.trim_matches(is_space);
        let after = after.trim_start_matches(is_space);
        let (value, left) = match after.strip_prefix('\'') {
            Some(quoted) => value(quoted, |letter| letter == '\''),
            None => value(after, is_space),
        };
        if name.is_empty() {
            return Err("a value in it has no keyword".to_owned());
        }
        if after.starts_with('\'') && left.is_none() {
            return Err("a quoted value in it does not end".to_owned());
        }
        rest = left.unwrap_or_default();
        if name != "user" || !value.is_empty() {
            words.insert(canonical(name), value);
        }
    }
    Ok(words)
}

/// A value up to a letter that ends it, and what stands after that letter, if there is one.
fn value(text: &str, ends: impl Fn(char) -> bool) -> (String, Option<&str>) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((place, letter)) = letters.next() {
        if ends(letter) {
            return (value, Some(&text[place + letter.len_utf8()..]));
        }
        if letter != '\\' {
            value.push(letter);
            continue;
        }
        match letters.next() {
            Some((_, next)) if matches!(next, '\\' | '\'') => value.push(next),
            Some((_, next)) => value.extend([letter, next]),
            None => value.push(letter),
        }
    }
    (value, None)
}

/// `user:password@host:port,host:port/database?keyword=value`, without its scheme.
fn of_address(text: &str) -> Result<Words, String> {
    let mut words = Words::new();
    let text = text.split('#').next().unwrap_or_default();
    let (text, query) = text.split_once('?').unwrap_or((text, ""));
    let (authority, path) = text.split_once('/').unwrap_or((text, ""));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (Some(user), hosts),
        None => (None, authority),
    };
    let (mut names, mut ports) = (Vec::new(), Vec::new());
    for host in hosts.split(',').filter(|host| !host.is_empty()) {
        let bare = host.trim_matches(['[', ']']);
        if !host.contains(':') || bare.parse::<std::net::Ipv6Addr>().is_ok() {
            names.push(bare);
            continue;
        }
        let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
        let name = name.trim_matches(['[', ']']);
        let is_sound = port.bytes().all(|byte| byte.is_ascii_digit())
            && (!name.contains(':') || host.starts_with('['));
        if !is_sound {
            // Most often a password with a letter that ends the user's part.
            return Err("its hosts cannot be read; a user or password with / ? # @ or : must have them as %2F %3F %23 %40 %3A".to_owned());
        }
        names.extend(Some(name).filter(|name| !name.is_empty()));
        ports.extend(Some(port).filter(|port| !port.is_empty()));
    }
    let mut insert = |name: &str, value: String| {
        if !value.is_empty() {
            words.insert(name.to_owned(), value);
        }
    };
    if let Some(user) = user {
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        insert("user", decoded(user)?);
        insert("password", decoded(password)?);
    }
    insert("host", names.join(","));
    insert("port", ports.join(","));
    insert("database", decoded(path.trim_start_matches('/'))?);
    let mut written: Words = Words::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        written
            .entry(canonical(&name))
            .or_insert(value.into_owned());
    }
    words.extend(written);
    Ok(words)
}

/// `%40` is `@`.
fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(
                "a % in it is not followed by two hexadecimal digits; write it as %25".to_owned(),
            );
        };
        bytes.extend(u8::try_from(high * 16 + low));
    }
    String::from_utf8(bytes).map_err(|_| "it holds bytes that are no text".to_owned())
}
