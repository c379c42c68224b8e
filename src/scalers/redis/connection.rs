//! How the Redis triggers reach their server. [KEDA `redis_scaler.go`]

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, IntoConnectionInfo,
    RedisConnectionInfo, TlsCertificates,
};

use crate::api::Secret;
use crate::scalers::client::tls::{TlsMaterial, install_provider};
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since};
use crate::scalers::params::Source::{Auth, Env, Metadata};
use crate::scalers::params::{Kind, ParameterSpec, Resolved, Source};
use crate::scalers::{BuildError, ReadError};

const MEA: &[Source] = &[Metadata, Env, Auth];
const MAE: &[Source] = &[Metadata, Auth, Env];
const A: &[Source] = &[Auth];

/// When the types came to read them.
pub(super) static HISTORY_OF_CONNECTION: &[Era] = &[
    since(1, &["addresses", "hosts", "ports"]),
    since(
        5,
        &[
            "username",
            "sentinelUsername",
            "sentinelPassword",
            "sentinelMaster",
        ],
    ),
    since(9, &["unsafeSsl"]).patch(1),
    since(12, &["tls", "cert", "key", "keyPassword", "ca"]),
    since(16, &["Cert"]),
    from(16, Source::Metadata, &["password", "sentinelPassword"]),
];

/// The parameters.
pub(super) static CONNECTION: &[ParameterSpec] = &[
    ParameterSpec::new(&["databaseIndex"], Kind::Integer, "number of the database"),
    // A text in KEDA's table, which its code reads by ParseBool.
    ParameterSpec::new(&["enableTLS"], Kind::Bool, "connect over TLS"),
    ParameterSpec::new(
        &["tls"],
        Kind::String,
        "enable or disable: connect over TLS",
    )
    .from(A),
    ParameterSpec::new(
        &["address", "addresses"],
        Kind::List,
        "host:port; redis and redis-streams ask only the first one",
    )
    .from(MAE),
    ParameterSpec::new(&["username"], Kind::String, "ACL user").from(MEA),
    ParameterSpec::new(&["password"], Kind::String, "password").from(MEA),
    ParameterSpec::new(
        &["sentinelUsername"],
        Kind::String,
        "read only by the sentinel types",
    )
    .from(MAE),
    ParameterSpec::new(
        &["sentinelPassword"],
        Kind::String,
        "read only by the sentinel types",
    )
    .from(MAE),
    ParameterSpec::new(
        &["sentinelMaster"],
        Kind::String,
        "read only by the sentinel types",
    )
    .from(MAE),
    ParameterSpec::new(
        &["host", "hosts"],
        Kind::List,
        "host, when address is not given; goes with port",
    )
    .from(MEA),
    ParameterSpec::new(
        &["port", "ports"],
        Kind::List,
        "port, when address is not given; goes with host",
    )
    .from(MEA),
    ParameterSpec::new(
        &["unsafeSsl"],
        Kind::Bool,
        "do not check the server's certificate",
    )
    .default("false"),
    ParameterSpec::new(
        &["Cert", "cert"],
        Kind::String,
        "the client's certificate, PEM",
    )
    .from(A),
    ParameterSpec::new(&["key"], Kind::String, "the client's private key, PEM").from(A),
    ParameterSpec::new(
        &["keyPassword"],
        Kind::String,
        "password of the private key",
    )
    .from(A),
    ParameterSpec::new(
        &["ca"],
        Kind::String,
        "an authority to trust instead of the system's, PEM",
    )
    .from(A),
];

/// What an address needs. [KEDA `redis_scaler.go`]
pub(super) fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    if given
        .value("address")
        .is_some_and(|text| text.starts_with(','))
    {
        found.push(Problem::wrong(
            "address",
            "parameter address must begin with host:port",
        ));
    }
    given.needs_one_of(
        &["address", "host"],
        "parameter address is missing; set address to host:port, or host and port",
        found,
    );
    if given.lacks("address") {
        given.needs_pair("host", "port", found);
    } else {
        given.wants_pair("host", "port", found);
    }
    let items = |name| given.value(name).map(|text| text.split(',').count());
    // One without the other is passed over.
    if let (Some(hosts), Some(ports)) = (items("host"), items("port"))
        && hosts != ports
    {
        found.push(Problem::wrong(
            "port",
            format!("parameters host and port must come in pairs, and there are {hosts} hosts and {ports} ports"),
        ));
    }
    if given.has("enableTLS") && given.has("tls") {
        found.push(Problem::wrong(
            "enableTLS",
            "set enableTLS in the metadata or tls in the TriggerAuthentication, not both",
        ));
    }
    let is_bool = |text: &str| {
        matches!(
            text,
            "1" | "t"
                | "T"
                | "TRUE"
                | "true"
                | "True"
                | "0"
                | "f"
                | "F"
                | "FALSE"
                | "false"
                | "False"
        )
    };
    if given.value("enableTLS").is_some_and(|text| !is_bool(text)) {
        found.push(Problem::wrong(
            "enableTLS",
            "parameter enableTLS must be true or false",
        ));
    }
    given.wants_pair("Cert", "key", found);
}

/// go-redis' timeouts, which KEDA leaves as they are.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// A server, not connected.
#[derive(Debug)]
pub(super) struct Server {
    host: String,
    port: u16,
    database: i64,
    username: String,
    password: Secret<String>,
    tls: Option<TlsMaterial>,
}

impl Server {
    /// From the parameters of [`CONNECTION`].
    pub(super) fn new(parameters: &Resolved) -> Result<Self, BuildError> {
        let addresses = addresses(parameters)?;
        let (host, port) = split_address(&addresses[0])?;
        let tls = uses_tls(parameters)?
            .then(|| {
                TlsMaterial {
                    ca: parameters.secret("ca"),
                    // KEDA passes over half a pair.
                    cert: if parameters.has("key") {
                        parameters.secret("Cert")
                    } else {
                        Secret::default()
                    },
                    key: if parameters.has("Cert") {
                        parameters.secret("key")
                    } else {
                        Secret::default()
                    },
                    unsafe_ssl: parameters.boolean("unsafeSsl"),
                }
                .checked(Some(parameters.text("keyPassword")))
                .map_err(BuildError::new)
            })
            .transpose()?;
        Ok(Self {
            host,
            port,
            database: parameters.integer("databaseIndex").unwrap_or_default(),
            username: parameters.text("username").to_owned(),
            password: parameters.secret("password"),
            tls,
        })
    }

    /// `redis host:port`.
    pub(super) fn describe(&self) -> String {
        if self.host.contains(':') {
            format!("redis [{}]:{}", self.host, self.port)
        } else {
            format!("redis {}:{}", self.host, self.port)
        }
    }

    pub(super) async fn connect(&self) -> Result<MultiplexedConnection, ReadError> {
        let client = self.client().map_err(|error| self.failed(&error))?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(ANSWER_TIMEOUT));
        client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(|error| self.failed(&error))
    }

    /// An error of the client, with the server's name.
    pub(super) fn failed(&self, error: &redis::RedisError) -> ReadError {
        ReadError::new(format!("{}: {error}", self.describe()))
    }

    fn client(&self) -> redis::RedisResult<Client> {
        // CLIENT SETINFO is nothing that a user with few rights could run.
        let mut settings = RedisConnectionInfo::default()
            .set_db(self.database)
            .set_skip_set_lib_name();
        let password = self.password.expose();
        if !password.is_empty() {
            settings = settings.set_password(password);
            if !self.username.is_empty() {
                settings = settings.set_username(&self.username);
            }
        }
        let plain = (self.host.as_str(), self.port)
            .into_connection_info()?
            .set_redis_settings(settings);
        let Some(tls) = &self.tls else {
            return Client::open(plain);
        };
        install_provider();
        let address = ConnectionAddr::TcpTls {
            host: self.host.clone(),
            port: self.port,
            insecure: tls.unsafe_ssl,
            tls_params: None,
        };
        let bytes = |text: &Secret<String>| text.expose().as_bytes().to_vec();
        let certificates = TlsCertificates {
            client_tls: (!tls.cert.expose().is_empty()).then(|| ClientTlsConfig {
                client_cert: bytes(&tls.cert),
                client_key: bytes(&tls.key),
            }),
            root_cert: (!tls.ca.expose().is_empty()).then(|| bytes(&tls.ca)),
        };
        Client::build_with_tls(plain.set_addr(address), certificates)
    }
}

/// `address`, then `host:port` pairs.
fn addresses(parameters: &Resolved) -> Result<Vec<String>, BuildError> {
    let mut addresses = parameters.list("address").to_vec();
    let (hosts, ports) = (parameters.list("host"), parameters.list("port"));
    if hosts.len() != ports.len() && !hosts.is_empty() && !ports.is_empty() {
        return Err(BuildError::new(format!(
            "parameters host and port must come in pairs, and there are {} hosts and {} ports",
            hosts.len(),
            ports.len()
        )));
    }
    addresses.extend(hosts.iter().zip(ports).map(|(host, port)| {
        if host.contains(':') && !host.starts_with('[') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    }));
    if addresses.is_empty() {
        return Err(BuildError::new(
            "parameter address is missing; set address to host:port, or host and port",
        ));
    }
    Ok(addresses)
}

/// Host and port of `host:port` or `[v6]:port`. The error does not hold the address, which may be a URL with a password.
fn split_address(address: &str) -> Result<(String, u16), BuildError> {
    let parts = address.rsplit_once(':').and_then(|(host, port)| {
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let host_is_whole = !host.is_empty() && !host.contains(['/', '@', ' ']);
        Some((host.to_owned(), port.parse().ok()?)).filter(|_| host_is_whole)
    });
    parts.ok_or_else(|| {
        BuildError::new(
            "parameter address: a Redis address is host:port, without a scheme, user or path",
        )
    })
}

fn uses_tls(parameters: &Resolved) -> Result<bool, BuildError> {
    match (parameters.has("enableTLS"), parameters.text("tls")) {
        (false, "" | "disable") => Ok(false),
        (false, "enable") => Ok(true),
        (false, _) => Err(BuildError::new("parameter tls must be enable or disable")),
        (true, "") => Ok(parameters.boolean("enableTLS")),
        (true, _) => Err(BuildError::new(
            "set enableTLS in the metadata or tls in the TriggerAuthentication, not both",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitting_addresses() {
        for (address, host, port) in [
            ("redis:6379", "redis", 6379),
            ("[::1]:6379", "::1", 6379),
            ("127.0.0.1:1", "127.0.0.1", 1),
        ] {
            assert_eq!(split_address(address), Ok((host.to_owned(), port)));
        }
        for address in [
            "redis",
            "redis:",
            ":6379",
            "redis:x",
            "redis://u:hunter2@h:6379",
            "u:hunter2@h:1",
            "",
        ] {
            let error = split_address(address).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
