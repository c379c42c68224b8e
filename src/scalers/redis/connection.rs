//! How the Redis triggers reach their server. [KEDA `redis_scaler.go`]

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, IntoConnectionInfo,
    RedisConnectionInfo, RedisResult, TlsCertificates,
};

use crate::api::Secret;
use crate::scalers::BuildError;
use crate::scalers::client::tls::{TlsMaterial, install_provider};
use crate::scalers::endpoint::split_address;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since};
use crate::scalers::params::Source::{Auth, Env, Metadata};
use crate::scalers::params::{Kind, ParameterSpec, Resolved, Source};

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
    ParameterSpec::new(&["databaseIndex"], Kind::Integer, "number of the database; a cluster has only one"),
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
        "host:port, of the sentinels for the sentinel types; redis and redis-streams ask only the first one",
    )
    .from(MAE),
    ParameterSpec::new(&["username"], Kind::String, "ACL user").from(MEA),
    ParameterSpec::new(&["password"], Kind::String, "password").from(MEA),
    ParameterSpec::new(
        &["sentinelUsername"],
        Kind::String,
        "the sentinels' ACL user; read only by the sentinel types",
    )
    .from(MAE),
    ParameterSpec::new(
        &["sentinelPassword"],
        Kind::String,
        "the sentinels' password; read only by the sentinel types",
    )
    .from(MAE),
    ParameterSpec::new(
        &["sentinelMaster"],
        Kind::String,
        "the name under which the sentinels know the master; read only by the sentinel types",
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

/// What opens the door of every server of a trigger.
#[derive(Debug)]
pub(super) struct Access {
    database: i64,
    username: String,
    password: Secret<String>,
    tls: Option<TlsMaterial>,
}

impl Access {
    /// From the parameters of [`CONNECTION`].
    pub(super) fn new(parameters: &Resolved) -> Result<Self, BuildError> {
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
            database: parameters.integer("databaseIndex").unwrap_or_default(),
            username: parameters.text("username").to_owned(),
            password: parameters.secret("password"),
            tls,
        })
    }

    /// The same without a database, which a node of a cluster does not have.
    pub(super) fn without_database(self) -> Self {
        Self {
            database: 0,
            ..self
        }
    }

    /// The sentinels' own door: it has their user and password, and the servers' TLS.
    pub(super) fn of_sentinels(&self, parameters: &Resolved) -> Self {
        Self {
            database: 0,
            username: parameters.text("sentinelUsername").to_owned(),
            password: parameters.secret("sentinelPassword"),
            tls: self.tls.clone(),
        }
    }
}

/// A server, not connected.
#[derive(Debug, Clone)]
pub(super) struct Server {
    /// `redis` or `redis sentinel`.
    what: &'static str,
    host: String,
    port: u16,
    access: Arc<Access>,
    /// Which server named it, when the manifest does not.
    named_by: Option<String>,
}

impl Server {
    /// The first one of the parameters: KEDA asks no other where there is neither a cluster nor a sentinel.
    pub(super) fn first(parameters: &Resolved) -> Result<Self, BuildError> {
        let addresses = addresses(parameters)?;
        let access = Arc::new(Access::new(parameters)?);
        Self::at(&addresses[0], "redis", &access)
    }

    /// All of the parameters, at least one.
    pub(super) fn all(
        parameters: &Resolved,
        what: &'static str,
        access: &Arc<Access>,
    ) -> Result<Vec<Self>, BuildError> {
        addresses(parameters)?
            .iter()
            .enumerate()
            // Nothing stands between two commas or after the last one; before the first there must be an address.
            .filter(|(place, address)| *place == 0 || !address.is_empty())
            .map(|(_, address)| Self::at(address, what, access))
            .collect()
    }

    fn at(address: &str, what: &'static str, access: &Arc<Access>) -> Result<Self, BuildError> {
        let (host, port) = split_address(address).ok_or_else(|| {
            BuildError::new(
                "parameter address: a Redis address is host:port, without a scheme, user or path",
            )
        })?;
        Ok(Self {
            what,
            host,
            port,
            access: Arc::clone(access),
            named_by: None,
        })
    }

    /// The server at `address`, which this one has named; `None` when that is no address.
    pub(super) fn named(&self, address: &str, access: &Arc<Access>) -> Option<Self> {
        let (host, port) = match address.strip_prefix(':') {
            // A node that does not know its own name: it is where it was asked. [Redis 7 `cluster-preferred-endpoint-type`]
            Some(port) => (self.host.clone(), port.parse().ok()?),
            None => split_address(address)?,
        };
        Some(Self {
            what: "redis",
            host,
            port,
            access: Arc::clone(access),
            named_by: Some(self.place()),
        })
    }

    /// What its user, password and TLS are.
    pub(super) fn access(&self) -> &Arc<Access> {
        &self.access
    }

    /// `host:port`.
    pub(super) fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// `redis host:port`.
    fn place(&self) -> String {
        format!("{} {}", self.what, self.address())
    }

    /// `redis host:port`, and who named it.
    pub(super) fn describe(&self) -> String {
        match &self.named_by {
            None => self.place(),
            Some(other) => format!("{} (named by {other})", self.place()),
        }
    }

    pub(super) async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(ANSWER_TIMEOUT));
        self.client()?
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    fn client(&self) -> RedisResult<Client> {
        let access = &self.access;
        // CLIENT SETINFO is nothing that a user with few rights could run.
        let mut settings = RedisConnectionInfo::default()
            .set_db(access.database)
            .set_skip_set_lib_name();
        let password = access.password.expose();
        if !password.is_empty() {
            settings = settings.set_password(password);
            if !access.username.is_empty() {
                settings = settings.set_username(&access.username);
            }
        }
        let plain = (self.host.as_str(), self.port)
            .into_connection_info()?
            .set_redis_settings(settings);
        let Some(tls) = &access.tls else {
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

/// What an address needs, and a sentinel.
pub(super) fn check_sentinel(given: &Given<'_>, found: &mut Vec<Problem>) {
    check(given, found);
    given.needs_one_of(
        &["sentinelMaster"],
        "parameter sentinelMaster is missing; set it to the name under which the sentinels know the master",
        found,
    );
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
