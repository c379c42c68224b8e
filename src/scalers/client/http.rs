//! The HTTP client of all HTTP scalers: TLS 1.2 or newer, proxies from the environment, bodies of bounded size, errors that name the
//! endpoint and no credential.

use std::collections::HashMap;
use std::error::Error as _;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderMap;
use sha2::{Digest, Sha256};
use url::Url;

use super::tls::TlsMaterial;
use crate::scalers::{ReadError, endpoint};

/// A longer answer is no metric.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// Most connections to one host that stay open between two reads.
const IDLE_CONNECTIONS: usize = 16;

/// The connections of a run's HTTP triggers. Those with the same certificates and keys share a client: to make one takes milliseconds of
/// processor time, as it reads the system's authorities, and to connect anew for every read is more than the read itself.
#[derive(Clone, Default)]
pub struct HttpClients {
    /// By a hash of what a client is made from: it may hold keys.
    made: Arc<Mutex<HashMap<[u8; 32], reqwest::Client>>>,
}

impl fmt::Debug for HttpClients {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HttpClients")
    }
}

/// An HTTP client, made or found when the first request is sent: building a scaler does no I/O.
#[derive(Debug)]
pub(crate) struct HttpClient {
    timeout: Duration,
    tls: TlsMaterial,
    service_proxy: Option<Url>,
    redirects: bool,
    proxies: bool,
    clients: HttpClients,
    client: OnceLock<Result<reqwest::Client, String>>,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// What is sent.
#[derive(Default)]
pub(crate) struct Request {
    pub(crate) headers: HeaderMap,
    pub(crate) basic: Option<(String, String)>,
    /// A form makes it a POST.
    pub(crate) form: Option<Vec<(String, String)>>,
    /// So does a body, an empty one too; a header says its type.
    pub(crate) body: Option<Vec<u8>>,
    /// A PUT without a body.
    pub(crate) put: bool,
}

impl HttpClient {
    /// A client with `timeout` for each request; `service_proxy` stands before hosts of Services.
    pub(crate) fn new(
        timeout: Duration,
        tls: TlsMaterial,
        service_proxy: Option<&Url>,
        clients: &HttpClients,
    ) -> Self {
        Self {
            timeout,
            tls,
            service_proxy: service_proxy.cloned(),
            redirects: true,
            proxies: true,
            clients: clients.clone(),
            client: OnceLock::new(),
        }
    }

    /// Answers that send somewhere else are answers: for requests with a secret in their body, which would go along.
    pub(crate) fn without_redirects(mut self) -> Self {
        self.redirects = false;
        self
    }

    /// The environment's proxies are passed over: for servers that only this machine reaches.
    pub(crate) fn without_proxy(mut self) -> Self {
        self.proxies = false;
        self
    }

    fn client(&self) -> Result<&reqwest::Client, ReadError> {
        let found = self.client.get_or_init(|| {
            let key = self.key();
            let mut made = self
                .clients
                .made
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some(client) = made.get(&key) {
                return Ok(client.clone());
            }
            let client = self.make()?;
            made.insert(key, client.clone());
            Ok(client)
        });
        found
            .as_ref()
            .map_err(|error| ReadError::new(format!("the HTTP client cannot be made: {error}")))
    }

    /// What a client is made from.
    fn key(&self) -> [u8; 32] {
        let tls = &self.tls;
        let proxy = self.service_proxy.as_ref().map_or("", Url::as_str);
        let mut hash = Sha256::new();
        for part in [tls.ca.expose(), tls.cert.expose(), tls.key.expose(), proxy] {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        for switch in [tls.unsafe_ssl, self.redirects, self.proxies] {
            hash.update([u8::from(switch)]);
        }
        hash.finalize().into()
    }

    fn make(&self) -> Result<reqwest::Client, String> {
        super::tls::install_provider();
        let system = self.builder()?;
        let ca = self.tls.ca.expose();
        if ca.is_empty() {
            return system.build().or_else(|_| {
                // A machine without any authorities: plain HTTP must still work there.
                let bare = self.builder()?.tls_certs_only([]);
                bare.build().map_err(|error| chain(&error))
            });
        }
        let roots = reqwest::Certificate::from_pem_bundle(ca.as_bytes())
            .map_err(|_| "ca must be PEM certificates".to_owned())?;
        system.tls_certs_merge(roots.clone()).build().or_else(|_| {
            let only = self.builder()?.tls_certs_only(roots);
            only.build().map_err(|error| chain(&error))
        })
    }

    fn builder(&self) -> Result<reqwest::ClientBuilder, String> {
        let mut builder = reqwest::Client::builder()
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .user_agent(concat!("keda-jobs/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = self.service_proxy.clone() {
            let proxy = reqwest::Proxy::custom(move |url| is_service(url).then(|| proxy.clone()));
            builder = builder.proxy(proxy);
        }
        if !self.redirects {
            builder = builder.redirect(reqwest::redirect::Policy::none());
        }
        if !self.proxies {
            builder = builder.no_proxy();
        }
        if self.tls.unsafe_ssl {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        if let Some(identity) = self.tls.identity() {
            let identity = reqwest::Identity::from_pem(identity.expose().as_bytes())
                .map_err(|_| "cert and key must be a PEM certificate and its PEM private key")?;
            builder = builder.identity(identity);
        }
        Ok(builder)
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, url: &Url, request: Request) -> Result<Answer, ReadError> {
        let place = || endpoint(url.as_str());
        let failed = |error: reqwest::Error| {
            let error = error.without_url();
            let what = if error.is_timeout() {
                "did not answer in time".to_owned()
            } else {
                format!("cannot be asked: {}", chain(&error))
            };
            let what = if error.is_connect() && self.service_proxy.is_none() && is_service(url) {
                format!(
                    "{what} (only the cluster knows the host of a Service: see --service-proxy)"
                )
            } else {
                what
            };
            ReadError::new(format!("{} {what}", place()))
        };
        let Request {
            headers,
            basic,
            form,
            body,
            put,
        } = request;
        let mut builder = match (&form, body) {
            (Some(form), _) => self.client()?.post(url.clone()).form(form),
            (None, Some(body)) => self.client()?.post(url.clone()).body(body),
            (None, None) if put => self.client()?.put(url.clone()).body(""),
            (None, None) => self.client()?.get(url.clone()),
        };
        builder = builder.timeout(self.timeout).headers(headers);
        if let Some((username, password)) = basic {
            builder = builder.basic_auth(username, Some(password));
        }
        let mut response = builder.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(ReadError::new(format!(
                    "{} answered with more than {} MiB",
                    place(),
                    MAX_BODY / 1024 / 1024
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers,
            body,
        })
    }
}

impl Answer {
    /// A header that is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// `answered 401 Unauthorized`.
    pub(crate) fn describe(&self) -> String {
        match http::StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason())
        {
            Some(reason) => format!("answered {} {reason}", self.status),
            None => format!("answered {}", self.status),
        }
    }
}

/// Whether a host is a Service's name, which only the cluster's DNS knows.
fn is_service(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let host = host.trim_end_matches('.');
        let host = host.strip_suffix(".cluster.local").unwrap_or(host);
        host.rsplit_once('.').is_some_and(|(_, last)| last == "svc")
    })
}

/// An error with its causes: the outermost one alone says only "error sending request".
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// Reads an address; the error is a fragment that names the parameter and leaves credentials out.
pub(crate) fn parse_url(parameter: &str, address: &str) -> Result<Url, String> {
    match Url::parse(address) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(format!(
            "parameter {parameter} must be an absolute http or https URL, not {:?}",
            endpoint(address)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triggers_share_a_client_where_they_may() {
        let clients = HttpClients::default();
        let ask = |tls: TlsMaterial, proxy: Option<&str>| {
            let proxy = proxy.map(|proxy| Url::parse(proxy).unwrap());
            let timeout = Duration::from_secs(1);
            let client = HttpClient::new(timeout, tls, proxy.as_ref(), &clients);
            client.client().unwrap();
            clients.made.lock().unwrap().len()
        };
        let unsafe_ssl = || TlsMaterial {
            unsafe_ssl: true,
            ..TlsMaterial::default()
        };
        assert_eq!(ask(TlsMaterial::default(), None), 1);
        assert_eq!(ask(TlsMaterial::default(), None), 1);
        assert_eq!(ask(unsafe_ssl(), None), 2);
        assert_eq!(ask(unsafe_ssl(), Some("http://127.0.0.1:1")), 3);
        assert_eq!(ask(unsafe_ssl(), Some("http://127.0.0.1:1")), 3);
        // Nothing of what they were made from is shown.
        assert_eq!(format!("{clients:?}"), "HttpClients");
    }
}
