//! Credentials that the server takes no more. A token can be revoked before its time, a plugin may name no time, and a client
//! certificate is replaced on disk: after a 401 they are resolved again, and the request is sent once more. That harms no write:
//! who was not let in has changed nothing.
//!
//! client-go runs the plugin or reads the token again likewise, and leaves it to the next request to use what comes of it; it looks
//! at certificates every 5 minutes. [client-go `plugin/pkg/client/auth/exec`, `transport/token_source.go`, `transport/cert_rotation.go`]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, StatusCode};
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::throttle;
use super::token_file::TokenFile;

/// Credentials that are refused again so soon after they were resolved are refused for good: a plugin is not run for every request.
const PAUSE: Duration = Duration::from_secs(10);

/// kube's client with the credentials of one configuration.
pub(super) struct Credentials {
    token_file: Option<TokenFile>,
    /// What to resolve again; none where all of it stands in the kubeconfig and would come out the same.
    config: Option<Config>,
    current: Mutex<Resolved>,
    renewal: tokio::sync::Mutex<Renewal>,
}

/// What requests are sent with.
#[derive(Clone)]
struct Resolved {
    client: Client,
    /// Of the token file.
    token: Option<HeaderValue>,
    /// How often they were resolved before.
    generation: u64,
}

#[derive(Default)]
struct Renewal {
    /// When the last one began.
    began: Option<Instant>,
    /// The one that is under way. Who waited for it may have had no time left; the next goes on waiting.
    task: Option<JoinHandle<kube::Result<Client>>>,
}

impl Credentials {
    /// Resolves those of `config`; `token_file` was taken out of it.
    ///
    /// # Errors
    /// When there are none, or no client can be made with them.
    pub(super) fn resolve(config: Config, token_file: Option<TokenFile>) -> kube::Result<Self> {
        let user = &config.auth_info;
        let certificate_file =
            user.client_certificate.is_some() && user.client_certificate_data.is_none();
        let changes = user.exec.is_some() || user.auth_provider.is_some() || certificate_file;
        let again = changes.then(|| config.clone());
        Ok(Self {
            token_file,
            config: again,
            current: Mutex::new(Resolved {
                client: client(config)?,
                token: None,
                generation: 0,
            }),
            renewal: tokio::sync::Mutex::default(),
        })
    }

    /// Sends a request, and once more with other credentials when the server refuses those it was sent with.
    pub(super) async fn send(
        self: Arc<Self>,
        request: Request<Body>,
    ) -> kube::Result<Response<Body>> {
        let copy = throttle::copy(&request);
        let with = self.current();
        let response = with.send(request).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        match (copy, self.renewed(&with).await?) {
            (Some(copy), Some(renewed)) => renewed.send(copy).await,
            _ => Ok(response),
        }
    }

    fn current(&self) -> Resolved {
        let resolved = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        Resolved {
            token: self.token_file.as_ref().map(TokenFile::header),
            ..resolved.clone()
        }
    }

    /// Others than those that were refused; none where there are none.
    async fn renewed(&self, refused: &Resolved) -> kube::Result<Option<Resolved>> {
        let token = self.token_file.as_ref().map(TokenFile::header_now);
        if token != refused.token {
            return Ok(Some(self.current()));
        }
        let Some(config) = &self.config else {
            return Ok(None);
        };
        let mut renewal = self.renewal.lock().await;
        let current = self.current();
        if current.generation != refused.generation {
            return Ok(Some(current));
        }
        let task = match renewal.task.take() {
            Some(task) => task,
            None if renewal.began.is_some_and(|began| began.elapsed() < PAUSE) => return Ok(None),
            None => {
                tracing::info!("the server refuses the credentials: they are resolved again");
                renewal.began = Some(Instant::now());
                let config = config.clone();
                // kube waits for a plugin on the thread that asks.
                tokio::task::spawn_blocking(move || client(config))
            }
        };
        let made = renewal.task.insert(task).await;
        renewal.task = None;
        let client = made.map_err(|error| kube::Error::Service(error.into()))??;
        let mut resolved = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        resolved.client = client;
        resolved.generation += 1;
        drop(resolved);
        Ok(Some(self.current()))
    }
}

impl Resolved {
    async fn send(&self, mut request: Request<Body>) -> kube::Result<Response<Body>> {
        if let Some(token) = &self.token {
            request.headers_mut().insert(AUTHORIZATION, token.clone());
        }
        self.client.send(request).await
    }
}

fn client(config: Config) -> kube::Result<Client> {
    Ok(ClientBuilder::try_from(config)?.build())
}
