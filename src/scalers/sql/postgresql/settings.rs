//! What a connection string means, as KEDA's driver understands it. [pgx 5.9.2 `pgconn.ParseConfig`]
//!
//! What that driver also takes from its surroundings (PG* variables, `~/.pgpass`, `~/.postgresql`) would be those of KEDA's operator:
//! nothing of the caller's stands in for them.

use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{ChannelBinding, SslNegotiation};

use super::words::Words;
use crate::api::Secret;

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

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    /// Hosts and ports, user, password, database and sslmode of a connection.
    fn parts(text: &str) -> String {
        let settings = words(text).and_then(|words| Settings::new(&words));
        let settings = settings.unwrap_or_else(|error| panic!("{text}: {error}"));
        let hosts: Vec<String> = settings
            .hosts
            .iter()
            .map(|(host, port)| format!("{host} {port}"))
            .collect();
        format!(
            "{}, {} {} {} {:?}",
            hosts.join(", "),
            settings.user,
            settings.password.expose(),
            settings.database,
            settings.tls.mode
        )
    }

    #[test]
    fn connections() {
        for (text, wanted) in [
            ("host=h user=u", "h 5432, u   Prefer"),
            (
                r"host=h user=u password='a\'b\\c' dbname = d",
                r"h 5432, u a'b\c d Prefer",
            ),
            (
                r"host=h user=u password=a\'b\\c sslmode=allow",
                r"h 5432, u a'b\c  Allow",
            ),
            ("postgres://u:p%40@h/d", "h 5432, u p@ d Prefer"),
            (
                "postgres://u:p@[::1]:1,[::2]/d",
                "::1 1, ::2 1, u p d Prefer",
            ),
            // A port for each host, or the first one for all that have none.
            ("host=a,b,c port=1,2 user=u", "a 1, b 2, c 1, u   Prefer"),
            ("postgres://u@a:1,b:2", "a 1, b 2, u   Prefer"),
            // What stands behind the question mark wins, the first one of two.
            (
                "postgres://u@h/d?user=x&user=y&dbname=e",
                "h 5432, x  e Prefer",
            ),
            // An authority that is named is asked.
            ("host=h user=u sslmode=require", "h 5432, u   Require"),
            (
                "host=h user=u sslmode=require sslrootcert=f",
                "h 5432, u   VerifyCa",
            ),
            (
                "host=h user=u sslmode=disable sslrootcert=system",
                "h 5432, u   VerifyFull",
            ),
            ("host=h user=u sslnegotiation=direct", "h 5432, u   Require"),
        ] {
            assert_eq!(parts(text), wanted, "{text}");
        }
    }

    #[test]
    fn parameters_of_the_server() {
        let words = words("options='-c a=1' search_path='x, y' zone=U\\\\ host=h port=1").unwrap();
        assert_eq!(
            options(&words),
            "-c a=1 -c search_path=x,\\ y -c zone=U\\\\"
        );
    }

    #[test]
    fn what_cannot_be_read_is_not_shown() {
        for text in [
            "hunter2",
            "=hunter2",
            "host=h user=u password='hunter2",
            "host=h user=u sslcert=hunter2",
            "host=h user=u connect_timeout=hunter2",
            "host=h user=u channel_binding=hunter2",
            "host=h user=u target_session_attrs=hunter2",
            "host=h user=u service=hunter2",
            "postgres://u:hunter2/@h/d",
            "postgres://u:%hunter2@h/d",
        ] {
            let settings = words(text).and_then(|words| Settings::new(&words));
            let Err(error) = settings else {
                panic!("{text} is read");
            };
            assert!(!error.contains("hunter2"), "{text}: {error}");
        }
    }
}
