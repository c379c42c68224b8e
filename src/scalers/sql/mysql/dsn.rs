//! `user:password@tcp(host:3306)/database?name=value`. [go-sql-driver/mysql 1.10.0 `ParseDSN`]

use std::time::Duration;

use crate::api::Secret;
use crate::scalers::params::parse_duration;
use crate::scalers::sql::percent::decoded;

/// What a connection is made with.
pub(super) struct Dsn {
    pub(super) user: String,
    pub(super) password: Secret<String>,
    pub(super) address: Address,
    pub(super) database: String,
    pub(super) tls: Tls,
    /// Without TLS where the server has none.
    pub(super) falls_back: bool,
    /// The password may be sent as it is, when the server wants that.
    pub(super) sends_cleartext: bool,
    /// Several statements in one text.
    pub(super) is_multi: bool,
    /// For making the connection.
    pub(super) timeout: Option<Duration>,
    /// For the answer.
    pub(super) read_timeout: Option<Duration>,
    /// Character sets, the first one that the server knows.
    pub(super) charsets: Vec<String>,
    pub(super) collation: Option<String>,
    /// Variables of the session, as they go behind SET.
    pub(super) variables: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    Network(String, u16),
    Socket(String),
}

/// Whether TLS is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    No,
    /// The server's certificate is not checked.
    Unchecked,
    Checked,
}

impl Dsn {
    /// Of these parts, without parameters.
    pub(super) fn new(user: &str, password: &str, address: Address, database: &str) -> Self {
        Self {
            user: user.to_owned(),
            password: Secret::new(password.to_owned()),
            address,
            database: database.to_owned(),
            tls: Tls::No,
            falls_back: false,
            sends_cleartext: false,
            is_multi: false,
            timeout: None,
            read_timeout: None,
            charsets: Vec::new(),
            collation: None,
            variables: Vec::new(),
        }
    }

    /// From a text. The error holds nothing of it but names of parameters.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "it must have the form user:password@tcp(host:3306)/database";
        // A password may hold slashes, a database does not.
        let (server, rest) = text.rsplit_once('/').ok_or(FORM)?;
        let (login, server) = server.rsplit_once('@').unwrap_or(("", server));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (network, address) = match server.split_once('(') {
            None => (server, ""),
            Some((network, address)) => {
                let address = address.strip_suffix(')').ok_or(FORM)?;
                (network, address)
            }
        };
        let (database, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let mut dsn = Self::new(
            user,
            password,
            parse_address(network, address)?,
            &decoded(database, false)?,
        );
        for parameter in parameters.split('&') {
            if let Some((name, value)) = parameter.split_once('=') {
                dsn.set(name, value)?;
            }
        }
        if dsn.tls == Tls::Checked && matches!(dsn.address, Address::Socket(_)) {
            return Err("tls=true checks the name of a host, and a socket has none".to_owned());
        }
        Ok(dsn)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let boolean = || match value {
            "1" | "true" | "TRUE" | "True" => Ok(true),
            "0" | "false" | "FALSE" | "False" => Ok(false),
            _ => Err(format!("its parameter {name} must be true or false")),
        };
        let duration = || {
            let wrong = || format!("its parameter {name} must be a duration, 5s for one");
            // Only 0 goes without a unit.
            let is_bare = value != "0" && value.bytes().all(|byte| byte.is_ascii_digit());
            let duration = parse_duration(value)
                .ok()
                .filter(|_| !is_bare)
                .ok_or_else(wrong)?;
            Ok::<_, String>(Some(duration).filter(|duration| !duration.is_zero()))
        };
        match name {
            "allowCleartextPasswords" => self.sends_cleartext = boolean()?,
            "allowFallbackToPlaintext" => self.falls_back = boolean()?,
            "multiStatements" => self.is_multi = boolean()?,
            // They change nothing about a number that is asked for once.
            "allowAllFiles"
            | "allowNativePasswords"
            | "allowOldPasswords"
            | "checkConnLiveness"
            | "clientFoundRows"
            | "columnsWithAlias"
            | "compress"
            | "interpolateParams"
            | "parseTime"
            | "rejectReadOnly" => drop(boolean()?),
            "timeout" => self.timeout = duration()?,
            "readTimeout" => self.read_timeout = duration()?,
            "writeTimeout" | "timeTruncate" => drop(duration()?),
            "loc" | "connectionAttributes" => {}
            "maxAllowedPacket" => {
                let number: Result<i64, _> = value.parse();
                number.map_err(|_| "its parameter maxAllowedPacket must be a number")?;
            }
            "charset" => self.charsets = value.split(',').map(str::to_owned).collect(),
            "collation" => self.collation = Some(value.to_owned()),
            "tls" => match value.to_ascii_lowercase().as_str() {
                "1" | "true" => self.tls = Tls::Checked,
                "0" | "false" => self.tls = Tls::No,
                "skip-verify" => self.tls = Tls::Unchecked,
                "preferred" => {
                    self.tls = Tls::Unchecked;
                    self.falls_back = true;
                }
                _ => {
                    return Err("its parameter tls must be true, false, skip-verify or preferred; KEDA knows no configuration by a name".to_owned());
                }
            },
            "serverPubKey" => {
                return Err(
                    "its parameter serverPubKey names a key that KEDA does not have".to_owned(),
                );
            }
            "strict" => return Err("its parameter strict is none any more".to_owned()),
            _ => self
                .variables
                .push((name.to_owned(), decoded(value, true)?)),
        }
        Ok(())
    }
}

fn parse_address(network: &str, address: &str) -> Result<Address, String> {
    match (network, address) {
        ("unix", "") => Ok(Address::Socket("/tmp/mysql.sock".to_owned())),
        ("unix", path) => Ok(Address::Socket(path.to_owned())),
        ("" | "tcp", "") => Ok(Address::Network("127.0.0.1".to_owned(), 3306)),
        ("" | "tcp" | "tcp4" | "tcp6", address) => {
            let (host, port) = match address.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port),
                _ => (address, "3306"),
            };
            let host = host.trim_matches(['[', ']']);
            network_address(host, port).ok_or_else(|| "its address must be host:port".to_owned())
        }
        _ => Err("what stands before its ( must be tcp or unix".to_owned()),
    }
}

/// An address from host and port.
pub(super) fn network_address(host: &str, port: &str) -> Option<Address> {
    let port = port.parse().ok().filter(|port| *port > 0)?;
    (!host.is_empty()).then(|| Address::Network(host.to_owned(), port))
}

impl std::fmt::Display for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Network(host, port) if host.contains(':') => write!(formatter, "[{host}]:{port}"),
            Self::Network(host, port) => write!(formatter, "{host}:{port}"),
            Self::Socket(path) => formatter.write_str(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `user password address database tls` of a DSN.
    fn parts(text: &str) -> String {
        let dsn = Dsn::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let Dsn {
            user,
            password,
            address,
            database,
            tls,
            ..
        } = &dsn;
        format!("{user} {} {address} {database} {tls:?}", password.expose())
    }

    #[test]
    fn texts() {
        for (text, wanted) in [
            ("u:p@tcp(h:1)/d", "u p h:1 d No"),
            ("u:p@tcp(h)/d", "u p h:3306 d No"),
            ("u:p@(h:1)/d", "u p h:1 d No"),
            ("u:p@tcp/d", "u p 127.0.0.1:3306 d No"),
            ("u:p@tcp6([::1]:1)/d", "u p [::1]:1 d No"),
            ("u:p@tcp([::1])/d", "u p [::1]:3306 d No"),
            ("u:p@unix(/run/my.sock)/d", "u p /run/my.sock d No"),
            ("u:p@unix/d", "u p /tmp/mysql.sock d No"),
            // The last @ and the last slash count, the first colon.
            ("u:p:@/x@tcp(h:1)/d", "u p:@/x h:1 d No"),
            ("u:p?x=y@tcp(h:1)/d%2Fe", "u p?x=y h:1 d/e No"),
            ("u@tcp(h:1)/", "u  h:1  No"),
            ("/", "  127.0.0.1:3306  No"),
            ("u:p@tcp(h:1)/d?tls=true", "u p h:1 d Checked"),
            ("u:p@tcp(h:1)/d?tls=Skip-Verify", "u p h:1 d Unchecked"),
            ("u:p@tcp(h:1)/d?tls=preferred&x", "u p h:1 d Unchecked"),
            ("u:p@tcp(h:1)/d?tls=false&parseTime=true", "u p h:1 d No"),
        ] {
            assert_eq!(parts(text), wanted, "{text}");
        }
    }

    #[test]
    fn parameters() {
        let dsn = Dsn::parse(
            "u:p@tcp(h:1)/d?time_zone=%27%2B00%3A00%27&timeout=5s&readTimeout=0&charset=utf8mb4,utf8&collation=x&multiStatements=true&tls=preferred",
        );
        let dsn = dsn.unwrap();
        let wanted = ("time_zone".to_owned(), "'+00:00'".to_owned());
        assert_eq!(dsn.variables, [wanted]);
        assert_eq!(dsn.timeout, Some(Duration::from_secs(5)));
        assert_eq!(dsn.read_timeout, None);
        assert_eq!(dsn.charsets, ["utf8mb4", "utf8"]);
        assert!(dsn.is_multi && dsn.falls_back);
    }

    #[test]
    fn what_cannot_be_read_is_not_shown() {
        for text in [
            "hunter2",
            "hunter2:hunter2@h:1/d",
            "u:hunter2@tcp(h:1/d",
            "u:hunter2@tcp(h:hunter2)/d",
            "u:hunter2@tcp(:1)/d",
            "u:hunter2@pipe(h)/d",
            "u:hunter2@unix(/s)/d?tls=true",
            "u:hunter2@tcp(h:1)/d?tls=hunter2",
            "u:hunter2@tcp(h:1)/d?parseTime=hunter2",
            "u:hunter2@tcp(h:1)/d?timeout=hunter2",
            "u:hunter2@tcp(h:1)/d?maxAllowedPacket=hunter2",
            "u:hunter2@tcp(h:1)/d?serverPubKey=hunter2",
            "u:hunter2@tcp(h:1)/d?strict=hunter2",
            "u:hunter2@tcp(h:1)/d?x=%hunter2",
            "u:hunter2@tcp(h:1)/%FF",
        ] {
            let Err(error) = Dsn::parse(text) else {
                panic!("{text} is read");
            };
            assert!(!error.contains("hunter2"), "{text}: {error}");
        }
    }
}
