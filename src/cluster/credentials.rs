//! Credentials of a plugin that expire, and those that the server takes no more. A token can be revoked before its time, a plugin may
//! name no time, and a client certificate is replaced on disk: after a 401 they are resolved again, and the request is sent once more.
//! That harms no write: who was not let in has changed nothing.
//!
//! client-go runs the plugin when its credentials are over, and requests wait for it; here it is run a little before. After a 401
//! client-go runs it or reads the token again likewise, and leaves it to the next request to use what comes of it. Certificate files are
//! looked at every 5 minutes, as there; connections that are open stay, where client-go cuts them.
//! [client-go `plugin/pkg/client/auth/exec`, `transport/token_source.go`, `transport/cert_rotation.go`]

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use kube::client::{Body, ClientBuilder, RustlsTlsError};
use kube::config::{KubeconfigError, LoadDataError};
use kube::{Client, Config};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::error::{NoCredentials, credentials_problem};
use super::kubeconfig;
use super::plugin::{Identity, Plugin};
use super::throttle;
use super::token_file::TokenFile;

/// Credentials that are refused again so soon after they were resolved are refused for good, and those that could not be had cannot be
/// had now: a plugin is not run for every request.
const PAUSE: Duration = Duration::from_secs(10);

/// How long before the end of their time others are fetched, but in the last tenth of it.
const AHEAD: SignedDuration = SignedDuration::from_mins(1);

/// How often certificate files are looked at.
const LOOK: SignedDuration = SignedDuration::from_mins(5);

/// The shortest time of credentials that is heeded: with an end that is nearer each request would run the plugin.
const SHORTEST: Duration = Duration::from_secs(1);

/// kube's client with the credentials of one configuration.
pub(super) struct Credentials {
    token_file: Option<TokenFile>,
    /// Where others come from; none where all of it stands in the kubeconfig and would come out the same.
    source: Option<Arc<Source>>,
    state: Mutex<State>,
}

/// What to resolve again.
struct Source {
    config: Config,
    /// That of the user; kube reads what else there is.
    plugin: Option<Plugin>,
}

struct State {
    resolved: Resolved,
    /// When the last renewal began.
    began: Option<Instant>,
    /// The one that is under way. Who waited for it may have had no time left; it goes on for the next.
    renewal: Option<Renewal>,
    /// Why there was nothing new in the last one.
    failure: Option<NoCredentials>,
}

/// Its end, whatever that is.
type Renewal = Shared<BoxFuture<'static, ()>>;

/// A renewal that is under way. When it panics, or its task is dropped, that is its end: nobody waits for it for ever, and another may
/// begin.
struct Underway {
    credentials: Arc<Credentials>,
    source: Arc<Source>,
    result: Option<kube::Result<Resolved>>,
    /// Dropped last: it tells those who wait.
    _over: oneshot::Sender<()>,
}

/// What requests are sent with.
#[derive(Clone)]
struct Resolved {
    client: Client,
    /// Of the token file or the plugin.
    token: Option<HeaderValue>,
    /// The plugin's or that of the files, that `client` shows.
    identity: Option<Identity>,
    /// For ever, or until the server refuses them.
    time: Option<Time>,
    /// How often they were resolved before.
    generation: u64,
}

/// How long a plugin's credentials are used.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Time {
    /// What the plugin says.
    expires: Timestamp,
    /// From here on the plugin is run again, and they are used until it has answered.
    renew: Timestamp,
    /// From here on they are used no more.
    end: Timestamp,
}

impl Credentials {
    /// Resolves those of `config`; `token_file` and `plugin` were taken out of it.
    ///
    /// # Errors
    /// When there are none, or no client can be made with them.
    pub(super) async fn resolve(
        config: Config,
        token_file: Option<TokenFile>,
        plugin: Option<Plugin>,
    ) -> kube::Result<Self> {
        let user = &config.auth_info;
        let certificate_file =
            user.client_certificate.is_some() && user.client_certificate_data.is_none();
        let changes = plugin.is_some() || user.auth_provider.is_some() || certificate_file;
        let source = Source { config, plugin };
        let resolved = source.resolve(None).await?;
        Ok(Self {
            token_file,
            source: changes.then(|| Arc::new(source)),
            state: Mutex::new(State {
                resolved,
                began: None,
                renewal: None,
                failure: None,
            }),
        })
    }

    /// Sends a request, and once more with other credentials when the server refuses those it was sent with.
    pub(super) async fn send(
        self: Arc<Self>,
        request: Request<Body>,
    ) -> kube::Result<Response<Body>> {
        let copy = throttle::copy(&request);
        let with = self.in_time().await?;
        let response = with.send(request).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        match (copy, self.renewed(&with).await?) {
            (Some(copy), Some(renewed)) => renewed.send(copy).await,
            _ => Ok(response),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> Resolved {
        let resolved = self.state().resolved.clone();
        match &self.token_file {
            Some(file) => Resolved {
                token: Some(file.header()),
                ..resolved
            },
            None => resolved,
        }
    }

    /// Those whose time is not over. Others are fetched before it is; only when it is, requests wait for them.
    async fn in_time(self: &Arc<Self>) -> kube::Result<Resolved> {
        let current = self.current();
        let now = Timestamp::now();
        match current.time {
            Some(time) if now >= time.end => match self.other_than(&current, false).await? {
                Some(other) => Ok(other),
                None => Ok(current),
            },
            Some(time) if now >= time.renew => {
                self.renewal(current.generation, false);
                Ok(current)
            }
            _ => Ok(current),
        }
    }

    /// Others than those that were refused; none where there are none.
    async fn renewed(self: &Arc<Self>, refused: &Resolved) -> kube::Result<Option<Resolved>> {
        if let Some(file) = &self.token_file {
            match file.header_now() {
                Ok(token) if Some(&token) != refused.token.as_ref() => {
                    return Ok(Some(self.current()));
                }
                Ok(_) => {}
                Err(problem) => {
                    let why = format!("{problem}, and the server refuses what it held before");
                    return Err(problem.saying(why).into());
                }
            }
        }
        self.other_than(refused, true).await
    }

    /// Waits for others; none where there are none now.
    async fn other_than(
        self: &Arc<Self>,
        old: &Resolved,
        refused: bool,
    ) -> kube::Result<Option<Resolved>> {
        if let Some(source) = &self.source
            && let Some(renewal) = self.renewal(old.generation, refused)
        {
            throttle::before_sending(source.name(), renewal).await;
        }
        let current = self.current();
        if current.generation != old.generation {
            return Ok(Some(current));
        }
        match self.state().failure.clone() {
            Some(failure) => Err(failure.into()),
            None => Ok(None),
        }
    }

    /// The renewal of that generation: the one that is under way, or one that begins now; none where it is renewed, or it is too soon.
    fn renewal(self: &Arc<Self>, generation: u64, refused: bool) -> Option<Renewal> {
        let source = self.source.as_ref()?;
        let (over, end) = oneshot::channel();
        let renewal = end.map(drop).boxed().shared();
        let old = {
            let mut state = self.state();
            if state.resolved.generation != generation {
                return None;
            }
            let pause = state.began.is_some_and(|began| began.elapsed() < PAUSE);
            if state.renewal.is_some() || (pause && (refused || state.failure.is_some())) {
                return state.renewal.clone();
            }
            if refused {
                tracing::info!("the server refuses the credentials: they are resolved again");
            } else if source.plugin.is_some() {
                tracing::info!("the time of the credentials ends: they are resolved again");
            }
            state.began = Some(Instant::now());
            state.renewal = Some(renewal.clone());
            state.resolved.clone()
        };
        let underway = Underway {
            credentials: Arc::clone(self),
            source: Arc::clone(source),
            result: None,
            _over: over,
        };
        // Of its own: whoever asks first may have to give up before the plugin is done. And not under the lock: a runtime that is
        // ending drops it here.
        tokio::spawn(underway.run(old));
        Some(renewal)
    }
}

impl Underway {
    async fn run(mut self, old: Resolved) {
        let result = self.source.resolve(Some(old)).await;
        self.result = Some(result);
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let failure = |error: kube::Error| {
            let problem = credentials_problem(&error);
            problem.unwrap_or_else(|| NoCredentials::new(error.to_string()))
        };
        let result = match self.result.take() {
            Some(result) => result.map_err(failure),
            None => Err(NoCredentials::new(format!(
                "{} could not be asked again: that was broken off",
                self.source.name()
            ))),
        };
        let mut state = self.credentials.state();
        state.renewal = None;
        state.failure = None;
        match result {
            Ok(resolved) => state.resolved = resolved,
            Err(problem) => {
                tracing::info!("{problem}");
                state.failure = Some(problem);
            }
        }
    }
}

impl Source {
    /// What to call it where it fails.
    fn name(&self) -> String {
        let user = &self.config.auth_info;
        match (&self.plugin, &user.client_certificate) {
            (Some(plugin), _) => plugin.name(),
            (None, Some(file)) if user.auth_provider.is_none() => {
                format!("the client certificate {file}")
            }
            _ => "auth-provider of this user in the kubeconfig".to_owned(),
        }
    }

    /// What requests are sent with from now on, after `old`.
    async fn resolve(&self, old: Option<Resolved>) -> kube::Result<Resolved> {
        let generation = old.as_ref().map_or(0, |old| old.generation + 1);
        let Some(plugin) = &self.plugin else {
            let config = self.config.clone();
            let shown = old.and_then(|old| Some((old.client, old.identity?)));
            // kube waits for the command of an auth-provider on the thread that asks.
            let made = tokio::task::spawn_blocking(|| from_files(config, shown)).await;
            let (client, identity) = made.map_err(|error| kube::Error::Service(error.into()))??;
            return Ok(Resolved {
                client,
                token: None,
                time: identity
                    .is_some()
                    .then(|| Time::until_a_look(Timestamp::now())),
                identity,
                generation,
            });
        };
        let answer = plugin.run().await?;
        let now = Timestamp::now();
        let before = old.as_ref().and_then(|old| old.time);
        let time = answer.expires.map(|at| Time::new(at, before, now));
        let client = match old {
            // Its connections stay.
            Some(old) if old.identity == answer.identity => old.client,
            _ => self.showing(answer.identity.as_ref(), plugin)?,
        };
        Ok(Resolved {
            client,
            token: answer.token,
            identity: answer.identity,
            time,
            generation,
        })
    }

    /// A client that shows the server a plugin's certificate.
    fn showing(&self, identity: Option<&Identity>, plugin: &Plugin) -> kube::Result<Client> {
        let config = self.config.clone();
        let Some(identity) = identity else {
            return client(config);
        };
        let config = with_identity(config, identity);
        client(config).map_err(|error| match credentials_problem(&error) {
            Some(problem) => plugin.problem(&format!("printed {problem}")).into(),
            None => error,
        })
    }
}

impl Time {
    /// Of certificate files: they are used until the server refuses them, but looked at.
    fn until_a_look(now: Timestamp) -> Self {
        Self {
            expires: Timestamp::MAX,
            renew: now.checked_add(LOOK).unwrap_or(Timestamp::MAX),
            end: Timestamp::MAX,
        }
    }

    /// Of credentials that come now. Where the plugin says the same time again it keeps them itself, and is asked when that is over; where
    /// that is over already, its clock or ours is wrong, and the server has the word.
    fn new(expires: Timestamp, before: Option<Self>, now: Timestamp) -> Self {
        let life = expires.duration_since(now);
        let later = |pause: Duration| now.checked_add(pause).unwrap_or(Timestamp::MAX);
        let (renew, end) = if life <= SignedDuration::ZERO {
            (later(PAUSE), later(PAUSE))
        } else if life < SignedDuration::try_from(SHORTEST).unwrap_or_default() {
            (later(SHORTEST), later(SHORTEST))
        } else if before.is_some_and(|before| before.expires == expires) {
            (expires, expires)
        } else {
            let ahead = AHEAD.min(life / 10);
            (expires.saturating_sub(ahead).unwrap_or(expires), expires)
        };
        Self {
            expires,
            renew,
            end,
        }
    }
}

/// A client for a user without a plugin, and what it shows if that stands in files; that of `shown` where the files hold the same.
fn from_files(
    config: Config,
    shown: Option<(Client, Identity)>,
) -> kube::Result<(Client, Option<Identity>)> {
    let Some([certificate, key]) = kubeconfig::certificate_files(&config.auth_info)? else {
        return Ok((client(config)?, None));
    };
    let identity = Identity {
        certificate: BASE64_STANDARD.encode(certificate),
        key: BASE64_STANDARD.encode(key),
    };
    let client = match shown {
        // Its connections stay.
        Some((client, before)) if before == identity => client,
        _ => client(with_identity(config, &identity))?,
    };
    Ok((client, Some(identity)))
}

fn with_identity(mut config: Config, identity: &Identity) -> Config {
    config.auth_info.client_certificate_data = Some(identity.certificate.clone());
    config.auth_info.client_key_data = Some(identity.key.clone().into());
    config
}

impl Resolved {
    async fn send(&self, mut request: Request<Body>) -> kube::Result<Response<Body>> {
        if let Some(token) = &self.token {
            request.headers_mut().insert(AUTHORIZATION, token.clone());
        }
        self.client.send(request).await
    }
}

/// kube's client. What is wrong with a certificate or its key is said without a line of them, which kube's words may hold.
fn client(config: Config) -> kube::Result<Client> {
    let builder = ClientBuilder::try_from(config).map_err(|error| {
        let problem = match &error {
            kube::Error::RustlsTls(RustlsTlsError::InvalidIdentityPem(_)) => {
                "a client certificate or a key that is no PEM".to_owned()
            }
            kube::Error::RustlsTls(
                problem @ (RustlsTlsError::MissingPrivateKey
                | RustlsTlsError::MissingCertificate
                | RustlsTlsError::UnknownPrivateKeyFormat
                | RustlsTlsError::InvalidPrivateKey(_)),
            ) => format!("a client certificate and a key that cannot be used: {problem}"),
            kube::Error::InferKubeconfig(KubeconfigError::LoadClientCertificate(problem)) => {
                unread("client certificate", problem)
            }
            kube::Error::InferKubeconfig(KubeconfigError::LoadClientKey(problem)) => {
                unread("client key", problem)
            }
            _ => return error,
        };
        NoCredentials::new(problem).into()
    })?;
    Ok(builder.build())
}

/// What kept kube from reading it, with its path.
fn unread(what: &str, problem: &LoadDataError) -> String {
    match problem {
        LoadDataError::ReadFile(error, path) => {
            format!("the {what} {} cannot be read: {error}", path.display())
        }
        LoadDataError::DecodeBase64(_) => format!("a {what} that is no base64"),
        LoadDataError::NoBase64DataOrFile => format!("no {what}, though the other half is there"),
    }
}
