//! The HTTP client of all HTTP scalers: TLS 1.2 or newer, proxies from the environment, bodies of bounded size, errors that name the
//! endpoint and no credential.

use std::error::Error as _;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::header::HeaderMap;
use url::Url;

use super::tls::TlsMaterial;
use crate::scalers::{ReadError, endpoint};

/// A longer answer is no metric.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// An HTTP client, made when the first request is sent: building a scaler does no I/O, and reading the system's authorities is some.
#[derive(Debug)]
pub(crate) struct HttpClient {
    timeout: Duration,
    tls: TlsMaterial,
    service_proxy: Option<Url>,
    redirects: bool,
    proxies: bool,
    client: OnceLock<Result<reqwest::Client, String>>,
}

/// An answer, whatever its status.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

/// What is sent.
#[derive(Default)]
pub(crate) struct Request {
    pub(crate) headers: HeaderMap,
    pub(crate) basic: Option<(String, String)>,
    /// A form makes it a POST.
    pub(crate) form: Option<Vec<(String, String)>>,
    /// A PUT without a body.
    pub(crate) put: bool,
}

impl HttpClient {
    /// A client with `timeout` for each request; `service_proxy` stands before hosts of Services.
    pub(crate) fn new(timeout: Duration, tls: TlsMaterial, service_proxy: Option<&Url>) -> Self {
        Self {
            timeout,
            tls,
            service_proxy: service_proxy.cloned(),
            redirects: true,
            proxies: true,
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
        let made = self.client.get_or_init(|| {
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
        });
        made.as_ref()
            .map_err(|error| ReadError::new(format!("the HTTP client cannot be made: {error}")))
    }

    fn builder(&self) -> Result<reqwest::ClientBuilder, String> {
        let mut builder = reqwest::Client::builder()
            .timeout(self.timeout)
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
        let place = endpoint(url.as_str());
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
            ReadError::new(format!("{place} {what}"))
        };
        let Request {
            headers,
            basic,
            form,
            put,
        } = request;
        let mut builder = match &form {
            Some(form) => self.client()?.post(url.clone()).form(form),
            None if put => self.client()?.put(url.clone()).body(""),
            None => self.client()?.get(url.clone()),
        };
        builder = builder.headers(headers);
        if let Some((username, password)) = basic {
            builder = builder.basic_auth(username, Some(password));
        }
        let mut response = builder.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(ReadError::new(format!(
                    "{place} answered with more than {} MiB",
                    MAX_BODY / 1024 / 1024
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body })
    }
}

impl Answer {
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
