//! The caller's own identities at Amazon, Microsoft, Google and GitHub: what KEDA's operator has as a pod, a caller outside the cluster has in
//! the environment and the home folder.
//!
//! [`Identities`] is shared by all triggers of a run: credentials are asked for once and kept until shortly before they expire.

mod answer;
pub(crate) mod aws;
pub(crate) mod azure;
mod cache;
pub(crate) mod github;
pub(crate) mod google;
pub(crate) mod jwt;
mod limits;
mod surroundings;

use std::sync::Arc;
use std::time::Duration;

use url::Url;

pub(crate) use self::answer::message;
use self::cache::Cache;
use self::limits::Limits;
pub use self::surroundings::Surroundings;
use super::http::{HttpClient, HttpClients};
use super::tls::TlsMaterial;
use crate::scalers::ReadError;

/// The caller's identities and the credentials that were got with them.
#[derive(Debug)]
pub struct Identities {
    surroundings: Surroundings,
    /// For token servers: no redirect is followed, so that nothing that proves an identity goes elsewhere.
    client: HttpClient,
    /// For servers of the machine itself: no proxy, and a second is enough.
    nearby: HttpClient,
    aws: Cache<aws::Credentials>,
    tokens: Cache<Token>,
    limits: Limits,
}

/// What goes behind `Bearer`.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(in crate::scalers) text: crate::api::Secret<String>,
    /// Google: who pays for the request of a user's account.
    pub(in crate::scalers::client) project: Option<String>,
}

impl Token {
    /// The token itself, for servers that take it as a password.
    pub(crate) fn text(&self) -> &crate::api::Secret<String> {
        &self.text
    }
}

/// How long a token server may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a server of the machine itself may take: where there is none, nobody answers at all.
const NEARBY_TIMEOUT: Duration = Duration::from_secs(1);

impl Identities {
    /// Identities that are looked for in `surroundings`, when they are first needed.
    pub fn new(surroundings: Surroundings) -> Arc<Self> {
        let client = |timeout| {
            HttpClient::new(
                timeout,
                TlsMaterial::default(),
                None,
                &HttpClients::default(),
            )
        };
        Arc::new(Self {
            surroundings,
            client: client(TIMEOUT).without_redirects(),
            nearby: client(NEARBY_TIMEOUT).without_redirects().without_proxy(),
            aws: Cache::default(),
            tokens: Cache::default(),
            limits: Limits::default(),
        })
    }

    /// Nobody's: where scalers are only built.
    pub(crate) fn nobody() -> Arc<Self> {
        Self::new(Surroundings::with(std::collections::BTreeMap::new()))
    }

    /// Of this process: its environment, the user's home folder.
    pub fn of_process() -> Arc<Self> {
        Self::new(Surroundings::of_process())
    }
}

/// The address of a token server. What proves an identity is sent over HTTPS, or to this machine.
fn token_server(what: &str, address: &str) -> Result<Url, ReadError> {
    let url = Url::parse(address).ok().filter(Url::has_host);
    match url {
        Some(url) if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url)) => {
            Ok(url)
        }
        _ => Err(ReadError::new(format!(
            "{what} must be an https address, not {:?}",
            crate::scalers::endpoint(address)
        ))),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
