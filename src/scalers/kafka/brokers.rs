//! How the Kafka triggers reach their brokers: addresses, TLS, and who signs in.

use std::time::Duration;

use jiff::Timestamp;
use krafka::Kafka;
use krafka::admin::AdminClient;
use krafka::auth::{AuthConfig, AwsMskIamCredentials, OAuthBearerToken, TlsConfig};
use krafka::error::{ErrorCode, KrafkaError};

use crate::api::Secret;
use crate::scalers::client::aws;
use crate::scalers::client::cloud::Cloud;
use crate::scalers::client::http::{HttpClient, parse_url};
use crate::scalers::client::oauth::ClientCredentials;
use crate::scalers::client::tls::TlsMaterial;
use crate::scalers::endpoint::{endpoint, split_address};
use crate::scalers::params::Resolved;
use crate::scalers::{BuildError, ReadError, ScalerContext};

/// How long one broker may take until it is connected, TLS and SASL included, and how long one answer. A reading that is dropped leaves
/// no more behind than an attempt of such a length.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one question may take with all its attempts: a leader may be elected meanwhile. All questions of a reading must fit into the
/// time that a trigger has by default, so that what the brokers said is told and not that time has run out.
const PATIENCE: Duration = Duration::from_secs(8);

/// The brokers of a trigger, not connected.
#[derive(Debug)]
pub(super) struct Brokers {
    addresses: Vec<String>,
    tls: Option<TlsMaterial>,
    sign_in: SignIn,
}

/// Who signs in.
#[derive(Debug)]
pub(super) enum SignIn {
    /// Nobody, or the client's certificate.
    Nobody,
    /// A user.
    User {
        mechanism: Mechanism,
        name: Secret<String>,
        password: Secret<String>,
    },
    /// Who holds a token.
    Token {
        source: Box<ClientCredentials>,
        client: Box<HttpClient>,
        extensions: Vec<(String, String)>,
    },
    /// An identity of AWS.
    Aws {
        cloud: Cloud,
        region: String,
        now: fn() -> Timestamp,
    },
}

/// How a user proves who it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mechanism {
    Plain,
    ScramSha256,
    ScramSha512,
}

impl SignIn {
    /// Of the value of `sasl` that both types share; `None` for another one.
    pub(super) fn by(sasl: &str, parameters: &Resolved) -> Result<Option<Self>, BuildError> {
        let mechanism = match sasl {
            "" | "none" => return Ok(Some(Self::Nobody)),
            "plaintext" => Mechanism::Plain,
            "scram_sha256" => Mechanism::ScramSha256,
            "scram_sha512" => Mechanism::ScramSha512,
            _ => return Ok(None),
        };
        needs(parameters, &["username", "password"], sasl)?;
        Ok(Some(Self::User {
            mechanism,
            name: parameters.secret("username"),
            password: parameters.secret("password"),
        }))
    }

    /// With a token of `oauthTokenEndpointUri`, which is asked for anew for each reading. [KEDA `kafka_scaler_oauth_token_provider.go`]
    pub(super) fn by_token(
        context: &ScalerContext<'_>,
        parameters: &Resolved,
    ) -> Result<Self, BuildError> {
        let uri = "oauthTokenEndpointUri";
        needs(parameters, &["username", "password", uri], "oauthbearer")?;
        let token_url = parse_url(uri, parameters.text(uri)).map_err(BuildError::new)?;
        let items = |name: &str| -> Vec<String> {
            let items = parameters.text(name).split(',').map(str::to_owned);
            items.filter(|item| !item.is_empty()).collect()
        };
        let extensions = items("oauthExtensions")
            .iter()
            .map(|item| match item.split('=').collect::<Vec<_>>()[..] {
                [name, value] => Ok((name.to_owned(), value.to_owned())),
                _ => Err(BuildError::new(
                    "parameter oauthExtensions must be name=value pairs between commas",
                )),
            })
            .collect::<Result<_, _>>()?;
        let client = HttpClient::new(
            context.http_timeout,
            TlsMaterial::default(),
            context.service_proxy,
            context.clients,
        );
        Ok(Self::Token {
            source: Box::new(ClientCredentials::of(
                token_url,
                parameters.secret("username"),
                parameters.secret("password"),
                items("scopes"),
            )),
            client: Box::new(client.without_redirects()),
            extensions,
        })
    }

    /// By an identity of AWS, whom the brokers of MSK know by a mechanism of their own. `kafka` sends the same signature as a token in
    /// KEDA; the brokers take both.
    pub(super) fn by_aws(
        context: &ScalerContext<'_>,
        parameters: &Resolved,
    ) -> Result<Self, BuildError> {
        needs(parameters, &["awsRegion"], "aws_msk_iam")?;
        if parameters.text("tls") != "enable" {
            return Err(BuildError::new("aws_msk_iam needs tls: enable"));
        }
        let cloud = aws::signer(context, parameters, "kafka-cluster")?;
        Ok(Self::Aws {
            cloud: cloud.ok_or_else(|| BuildError::new("aws_msk_iam needs an identity of AWS"))?,
            region: parameters.text("awsRegion").to_owned(),
            now: context.now,
        })
    }
}

/// What `sasl` cannot do without.
fn needs(parameters: &Resolved, names: &[&str], sasl: &str) -> Result<(), BuildError> {
    let problems: Vec<String> = names
        .iter()
        .filter(|name| !parameters.has(name))
        .map(|name| format!("parameter {name} is missing; sasl {sasl} needs it"))
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(BuildError::all(problems))
    }
}

impl Brokers {
    /// From bootstrapServers, with `port` where an address has none, and the parameters of TLS.
    pub(super) fn new(
        parameters: &Resolved,
        port: Option<u16>,
        sign_in: SignIn,
    ) -> Result<Self, BuildError> {
        let whole = |address: &String| match port {
            Some(port) if !address.contains(':') => format!("{address}:{port}"),
            _ => address.clone(),
        };
        let addresses: Vec<String> = parameters
            .list("bootstrapServers")
            .iter()
            .filter(|address| !address.is_empty())
            .map(whole)
            .collect();
        if addresses.is_empty() || addresses.iter().any(|one| split_address(one).is_none()) {
            return Err(BuildError::new(
                "parameter bootstrapServers: the address of a broker is host:port, without a scheme, user or path",
            ));
        }
        let tls = (parameters.text("tls") == "enable").then(|| {
            TlsMaterial {
                ca: parameters.secret("ca"),
                cert: parameters.secret("cert"),
                key: parameters.secret("key"),
                unsafe_ssl: parameters.boolean("unsafeSsl"),
            }
            .checked(Some(parameters.text("keyPassword")))
            .map_err(BuildError::new)
        });
        Ok(Self {
            addresses,
            tls: tls.transpose()?,
            sign_in,
        })
    }

    /// `kafka host:port,host:port`.
    pub(super) fn describe(&self) -> String {
        let shown: Vec<String> = self.addresses.iter().map(|one| endpoint(one)).collect();
        format!("kafka {}", shown.join(","))
    }

    /// Connects to the first broker that answers. The connections end with what is given back.
    pub(super) async fn connect(&self) -> Result<AdminClient, ReadError> {
        let security = self.signed_in().await?;
        let connected = match self.open(security.clone(), true).await {
            // A machine without any authorities: the one that is given must do there.
            Err(KrafkaError::Config { .. }) if self.has_authority() => {
                self.open(security, false).await
            }
            other => other,
        };
        connected
            .map(|kafka| {
                kafka
                    .admin()
                    .default_api_timeout(PATIENCE)
                    .metrics_push(false)
            })
            .map_err(|error| self.error("", &told(&error)))
    }

    async fn open(&self, security: AuthConfig, of_system: bool) -> Result<Kafka, KrafkaError> {
        let security = match &self.tls {
            Some(tls) => security.with_tls(config(tls, of_system)),
            None => security,
        };
        Kafka::builder(self.addresses.join(","))
            .client_id("keda-jobs")
            .security(security)
            .connect_timeout(CONNECT_TIMEOUT)
            .request_timeout(ANSWER_TIMEOUT)
            // One reading is shorter than that, and so no task waits for it.
            .connections_max_idle(None)
            .connect()
            .await
    }

    fn has_authority(&self) -> bool {
        self.tls
            .as_ref()
            .is_some_and(|tls| !tls.ca.expose().is_empty())
    }

    async fn signed_in(&self) -> Result<AuthConfig, ReadError> {
        Ok(match &self.sign_in {
            SignIn::Nobody => AuthConfig::plaintext(),
            SignIn::User {
                mechanism,
                name,
                password,
            } => {
                let (name, password) = (name.expose().as_str(), password.expose().as_str());
                match mechanism {
                    Mechanism::Plain => AuthConfig::sasl_plain(name, password),
                    Mechanism::ScramSha256 => AuthConfig::sasl_scram_sha256(name, password),
                    Mechanism::ScramSha512 => AuthConfig::sasl_scram_sha512(name, password),
                }
            }
            SignIn::Token {
                source,
                client,
                extensions,
            } => {
                let (_, token) = source.token(client).await?;
                let token = extensions.iter().fold(
                    OAuthBearerToken::new(token.expose().as_str()),
                    |token, (name, value)| token.with_extension(name, value),
                );
                AuthConfig::sasl_oauthbearer_token(token)
            }
            SignIn::Aws { cloud, region, now } => {
                let found = cloud.aws_credentials(now()).await?;
                let found = found.ok_or_else(|| ReadError::new("there is no identity of AWS"))?;
                let mut credentials = AwsMskIamCredentials::new(
                    found.access_key_id.as_str(),
                    found.secret_access_key.expose().as_str(),
                    region,
                );
                if !found.session_token.expose().is_empty() {
                    credentials =
                        credentials.with_session_token(found.session_token.expose().as_str());
                }
                AuthConfig::aws_msk_iam_with_credentials(credentials)
            }
        })
    }

    /// What went wrong while asking about `what`, once connected.
    pub(super) fn failed(&self, error: &KrafkaError, what: &str) -> ReadError {
        let text = told(error);
        match error {
            KrafkaError::Network(_) | KrafkaError::Timeout { .. } => self.error(
                what,
                &format!("{text} (the brokers are asked under the names of their advertised.listeners, which must be reachable from here)"),
            ),
            _ => self.error(what, &text),
        }
    }

    /// An error of the brokers about `what`.
    pub(super) fn error(&self, what: &str, text: &str) -> ReadError {
        let place = self.describe();
        ReadError::new(if what.is_empty() {
            format!("{place}: {text}")
        } else {
            format!("{place}: {what}: {text}")
        })
    }
}

/// The system's authorities where `of_system`, beside the one that is given.
fn config(tls: &TlsMaterial, of_system: bool) -> TlsConfig {
    let mut config = if tls.unsafe_ssl {
        TlsConfig::insecure()
    } else if of_system {
        TlsConfig::new().with_native_roots()
    } else {
        TlsConfig::new()
    };
    let ca = tls.ca.expose();
    if !ca.is_empty() {
        config = config.with_ca_cert_pem(ca.as_bytes());
    }
    let (cert, key) = (tls.cert.expose(), tls.key.expose());
    if !cert.is_empty() {
        config = config.with_client_cert_pem(cert.as_bytes(), key.as_bytes().to_vec());
    }
    config
}

/// An error in Kafka's own words.
fn told(error: &KrafkaError) -> String {
    match error {
        KrafkaError::Broker { code, message } => {
            let name = name(*code);
            if *message == format!("{code:?}") {
                name
            } else {
                format!("{name}: {message}")
            }
        }
        other => other.to_string(),
    }
}

/// `GROUP_AUTHORIZATION_FAILED`, as Kafka's documentation calls it.
fn name(code: ErrorCode) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}
