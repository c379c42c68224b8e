//! The queue over AMQP 0-9-1: a passive declaration, which answers with the ready messages.

use lapin::options::QueueDeclareOptions;
use lapin::tcp::{AsyncTcpStream, OwnedIdentity, OwnedTLSConfig, RustlsConnector};
use lapin::types::FieldTable;
use lapin::uri::{
    AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo, SASLMechanism,
};
use lapin::{Connection, ConnectionProperties};
use url::Url;

use super::{QueueStatus, percent_decode};
use crate::api::Secret;
use crate::scalers::ReadError;
use crate::scalers::client::tls::{TlsMaterial, install_provider};
use crate::scalers::params::Resolved;

/// Milliseconds for the TCP connection; amqp091-go's default.
const CONNECTION_TIMEOUT: u64 = 30_000;

/// A queue of a broker, not connected.
pub(super) struct Amqp {
    uri: Secret<AMQPUri>,
    tls: TlsMaterial,
    queue: String,
    connection_name: String,
}

impl Amqp {
    pub(super) fn new(
        url: &Url,
        parameters: &Resolved,
        tls: TlsMaterial,
        connection_name: String,
    ) -> Self {
        let secure = url.scheme() == "amqps";
        let (mut username, mut password) = (
            percent_decode(url.username()),
            url.password().map(percent_decode),
        );
        // Without any user in the address the broker's own default is meant.
        if username.is_empty() && password.is_none() {
            "guest".clone_into(&mut username);
            if tls.cert.expose().is_empty() {
                password = Some("guest".to_owned());
            }
        }
        if parameters.has("username") {
            parameters.text("username").clone_into(&mut username);
            password = Some(parameters.text("password").to_owned());
        }
        let named = url
            .query_pairs()
            .find(|(name, _)| name == "auth_mechanism")
            .map(|(_, value)| value.to_ascii_lowercase());
        let external = match named {
            Some(mechanism) => mechanism == "external",
            // The certificate says who the client is.
            None => !tls.cert.expose().is_empty() && password.is_none(),
        };
        // `amqp://host` and `amqp://host/` mean the vhost `/`.
        let vhost = match (parameters.text("vhostName"), url.path()) {
            ("", "" | "/") => "/".to_owned(),
            ("", path) => percent_decode(&path[1..]),
            (vhost, _) => vhost.to_owned(),
        };
        let host = url.host_str().unwrap_or_default();
        let uri = AMQPUri {
            scheme: if secure {
                AMQPScheme::AMQPS
            } else {
                AMQPScheme::AMQP
            },
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo {
                    username,
                    password: password.unwrap_or_default(),
                },
                host: host.trim_matches(['[', ']']).to_owned(),
                port: url.port().unwrap_or(if secure { 5671 } else { 5672 }),
            },
            vhost,
            query: AMQPQueryString {
                connection_timeout: Some(CONNECTION_TIMEOUT),
                auth_mechanism: external.then_some(SASLMechanism::External),
                ..AMQPQueryString::default()
            },
        };
        Self {
            uri: Secret::new(uri),
            tls,
            queue: parameters.text("queueName").to_owned(),
            connection_name,
        }
    }

    /// Connects, declares passively, and disconnects.
    pub(super) async fn status(&self, endpoint: &str) -> Result<QueueStatus, ReadError> {
        let failed = |error: lapin::Error| ReadError::new(format!("{endpoint}: {error}"));
        install_provider();
        let runtime = lapin::runtime::default_runtime().map_err(failed)?;
        let tls = OwnedTLSConfig {
            identity: (!self.tls.cert.expose().is_empty()).then(|| OwnedIdentity::PKCS8 {
                pem: self.tls.cert.expose().as_bytes().to_vec(),
                key: self.tls.key.expose().as_bytes().to_vec(),
            }),
            cert_chain: Some(self.tls.ca.expose().clone()).filter(|ca| !ca.is_empty()),
        };
        let properties = ConnectionProperties::default()
            .with_connection_name(self.connection_name.as_str().into());
        let uri = self.uri.expose().clone();
        let connection = if self.tls.unsafe_ssl && uri.scheme == AMQPScheme::AMQPS {
            let config = self
                .tls
                .unchecked_client()
                .map_err(|error| ReadError::new(format!("{endpoint}: {error}")))?;
            let connector = RustlsConnector::from(config);
            // lapin itself always checks the certificate; here the stream is made for it.
            let connect = async move |uri: AMQPUri, runtime| {
                let AMQPAuthority { host, port, .. } = uri.authority;
                let address = tokio::net::lookup_host((host.as_str(), port))
                    .await?
                    .next()
                    .ok_or_else(|| std::io::Error::other("the host has no address"))?;
                let stream = AsyncTcpStream::connect(&runtime, address).await?;
                Ok(stream.into_rustls(&connector, &host).await?)
            };
            Connection::connector(uri, runtime, connect, properties).await
        } else {
            Connection::connect_uri_with_config(uri, properties, tls, runtime).await
        }
        .map_err(failed)?;
        let status = self.declare(&connection).await.map_err(failed);
        // The answer is known; how the connection ends changes nothing.
        let _ = connection.close(200, "done".into()).await;
        status
    }

    async fn declare(&self, connection: &Connection) -> lapin::Result<QueueStatus> {
        let channel = connection.create_channel().await?;
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = channel
            .queue_declare(self.queue.as_str().into(), options, FieldTable::default())
            .await?;
        let ready = i64::from(queue.message_count());
        Ok(QueueStatus {
            messages: ready,
            ready,
            ..QueueStatus::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::auth::Environment;
    use crate::scalers::params::{Sources, resolve};
    use crate::scalers::rabbitmq::RABBITMQ;

    /// `user:password@host:port vhost mechanism` of an address with these parameters of a TriggerAuthentication.
    fn uri(host: &str, auth: &[(&str, &str)], tls: TlsMaterial) -> String {
        let sources = Sources {
            metadata: &BTreeMap::from([
                ("host".to_owned(), host.to_owned()),
                ("queueName".to_owned(), "q".to_owned()),
            ]),
            env: &Environment::default(),
            auth: &auth
                .iter()
                .map(|(name, value)| ((*name).to_owned(), Secret::new((*value).to_owned())))
                .collect(),
        };
        let parameters = resolve(RABBITMQ.parameters(), &sources).unwrap();
        let amqp = Amqp::new(&Url::parse(host).unwrap(), &parameters, tls, String::new());
        let uri = amqp.uri.expose();
        let AMQPUserInfo { username, password } = &uri.authority.userinfo;
        format!(
            "{username}:{password}@{}:{} {} {}",
            uri.authority.host,
            uri.authority.port,
            uri.vhost,
            uri.query.auth_mechanism.unwrap_or_default().name()
        )
    }

    #[test]
    fn addresses() {
        let certificate = || TlsMaterial {
            cert: Secret::new("x".to_owned()),
            ..TlsMaterial::default()
        };
        let user = [("username", "me"), ("password", "pw")];
        for (host, auth, tls, wanted) in [
            (
                "amqp://h",
                &[][..],
                TlsMaterial::default(),
                "guest:guest@h:5672 / PLAIN",
            ),
            (
                "amqp://h/",
                &[],
                TlsMaterial::default(),
                "guest:guest@h:5672 / PLAIN",
            ),
            (
                "amqp://u:p%40p@h:1/%2Fv%20w",
                &[],
                TlsMaterial::default(),
                "u:p@p@h:1 /v w PLAIN",
            ),
            (
                "amqp://u@[::1]/v",
                &[],
                TlsMaterial::default(),
                "u:@::1:5672 v PLAIN",
            ),
            (
                "amqps://u:p@h",
                &user,
                TlsMaterial::default(),
                "me:pw@h:5671 / PLAIN",
            ),
            (
                "amqp://h",
                &[("vhostName", "a/b")],
                TlsMaterial::default(),
                "guest:guest@h:5672 a/b PLAIN",
            ),
            // The certificate speaks for the client when there is no password.
            ("amqps://h", &[], certificate(), "guest:@h:5671 / EXTERNAL"),
            ("amqps://u:p@h", &[], certificate(), "u:p@h:5671 / PLAIN"),
            ("amqps://h", &user, certificate(), "me:pw@h:5671 / PLAIN"),
            (
                "amqps://u:p@h?auth_mechanism=EXTERNAL",
                &[],
                certificate(),
                "u:p@h:5671 / EXTERNAL",
            ),
        ] {
            assert_eq!(uri(host, auth, tls), wanted, "{host}");
        }
    }
}
