//! A connection with the names that a user must see before anything is created.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::header::USER_AGENT;
use http::{HeaderValue, Request};
use kube::Client;
use kube::client::{Body, ClientBuilder};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tower::util::MapRequestLayer;

use super::credentials::Credentials;
use super::error::{NoCredentials, credentials_problem};
use super::kubeconfig::{self, ClusterOptions, Resolved};
use super::outage::Outage;
use super::plugin;
use super::throttle::{self, Refusals};
use super::token_file;
use super::{ClusterError, ClusterErrorKind};
use crate::error::{Error, ErrorKind};

/// What the server's logs, its audit and `metadata.managedFields` name us by.
fn user_agent() -> MapRequestLayer<impl Fn(Request<Body>) -> Request<Body> + Clone> {
    MapRequestLayer::new(|mut request: Request<Body>| {
        let name = HeaderValue::from_static(concat!("keda-jobs/", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(USER_AGENT, name);
        request
    })
}

/// One cluster.
#[derive(Clone)]
pub struct Cluster {
    /// kube's client.
    pub client: Client,
    /// The context's name.
    pub context: String,
    /// The API server's address, without credentials.
    pub server: String,
    /// Namespace of objects that name none.
    pub namespace: String,
    request_timeout: Duration,
    /// Told of the outages of a run; none for a command that ends with the first.
    outage: Option<Arc<Outage>>,
}

impl Cluster {
    /// Connects to the cluster that `options` name; no request is made yet.
    pub async fn connect(options: &ClusterOptions) -> Result<Self, Error> {
        let resolved = kubeconfig::resolve(options).await?;
        Self::new(resolved, options.namespace.clone(), options.request_timeout).await
    }

    /// A client for a configuration that is found already. Its credential plugin is run; no request is made yet.
    pub async fn new(
        mut resolved: Resolved,
        namespace: Option<String>,
        request_timeout: Duration,
    ) -> Result<Self, Error> {
        let server = crate::scalers::endpoint(&resolved.config.cluster_url.to_string());
        let server = server.trim_end_matches('/').to_owned();
        let namespace = namespace.unwrap_or_else(|| resolved.config.default_namespace.clone());
        // Ours are told what the server said.
        resolved.config.default_retry = false;
        let text = format!("cannot set up a client for context {:?}", resolved.context);
        let no_credentials = |problem: NoCredentials| {
            let error = Error::new(ErrorKind::Credentials, format!("{text}: {problem}"));
            problem.hints.into_iter().fold(error, Error::hint)
        };
        token_file::drop_empty(&mut resolved.config).map_err(&no_credentials)?;
        let plugin =
            plugin::take(&mut resolved.config, request_timeout).map_err(&no_credentials)?;
        let token = token_file::take(&mut resolved.config).map_err(&no_credentials)?;
        let default_namespace = resolved.config.default_namespace.clone();
        let credentials = Credentials::resolve(resolved.config, token, plugin)
            .await
            .map_err(|error| match credentials_problem(&error) {
                Some(problem) => no_credentials(problem),
                None => Error::new(ErrorKind::Cluster, text.clone()).because(error),
            })?;
        let credentials = Arc::new(credentials);
        let service = tower::service_fn(move |request| Arc::clone(&credentials).send(request));
        let client = ClientBuilder::new(service, default_namespace)
            .with_layer(&user_agent())
            .with_layer(&throttle::layer())
            .build();
        Ok(Self {
            client,
            context: resolved.context,
            server,
            namespace,
            request_timeout,
            outage: None,
        })
    }

    /// The same cluster for a run that goes on when the API server does not answer for a while: that is told, and its end.
    #[must_use]
    pub fn telling_of_outages(self) -> Self {
        Self {
            outage: Some(Arc::default()),
            ..self
        }
    }

    /// A cluster that `client` speaks to.
    pub fn of_client(client: Client, context: &str, request_timeout: Duration) -> Self {
        Self {
            namespace: client.default_namespace().to_owned(),
            client,
            context: context.to_owned(),
            server: context.to_owned(),
            request_timeout,
            outage: None,
        }
    }

    /// Awaits one request, at most the request timeout; `operation` names it in the error: `list jobs.batch in namespace shop`.
    /// One that the server puts off (429, 503, 504) is sent again within that time.
    pub async fn request<T>(
        &self,
        operation: &str,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, ClusterError> {
        // On the heap: the cycles of a thousand objects lie in memory at once, each with room for every request that it may make.
        self.ask(operation, true, Box::pin(request)).await.0
    }

    /// As [`Self::request`], but that one that is put off is not sent again here. How it was, if it was.
    pub(super) async fn request_once<T>(
        &self,
        operation: &str,
        request: impl Future<Output = kube::Result<T>>,
    ) -> (Result<T, ClusterError>, Option<Refusals>) {
        self.ask(operation, false, Box::pin(request)).await
    }

    async fn ask<T>(
        &self,
        operation: &str,
        again: bool,
        request: impl Future<Output = kube::Result<T>> + Unpin,
    ) -> (Result<T, ClusterError>, Option<Refusals>) {
        let limit = self.request_timeout;
        let sent = Instant::now();
        let request = throttle::within(operation, limit, request);
        let (answer, refusals) = throttle::patiently(again, request).await;
        let answered = match &answer {
            Ok(Ok(_)) => true,
            // These come from what stands before the server.
            Ok(Err(kube::Error::Api(status))) => !matches!(status.code, 502..=504),
            _ => false,
        };
        let (result, timed_out) = match answer {
            Ok(Ok(answer)) => (Ok(answer), false),
            Ok(Err(error)) => (Err(ClusterError::from_kube(operation, &error)), false),
            Err(given_up) => (Err(given_up), true),
        };
        let result = match &refusals {
            Some(refusals) => result.map_err(|error| refusals.explain(error, timed_out, limit)),
            None => result,
        };
        if let Some(outage) = self.outage.as_ref().filter(|_| answered) {
            tell(outage.answered(Instant::now()));
        } else if let Err(error) = &result {
            self.unanswered(error, sent);
        }
        (result, refusals)
    }

    /// Takes note that no answer came to a request that was sent at `sent`.
    pub fn unanswered(&self, error: &ClusterError, sent: Instant) {
        if let Some(outage) = &self.outage {
            tell(outage.failed(error, sent, Instant::now()));
        }
    }

    /// How long one request may take.
    pub fn request_timeout(&self) -> Duration {
        self.request_timeout
    }

    /// As an error that ends a command.
    pub fn fatal(&self, error: &ClusterError) -> Error {
        let place = format!("{} (context {}, {})", error, self.context, self.server);
        let kind = match error.kind {
            ClusterErrorKind::NoCredentials => ErrorKind::Credentials,
            _ => ErrorKind::Cluster,
        };
        let fatal = Error::new(kind, place);
        match error.hint() {
            Some(hint) => fatal.hint(hint),
            None => fatal,
        }
    }

    /// The line that says where things will happen.
    pub fn describe(&self) -> String {
        format!(
            "context {}, server {}, namespace {}",
            self.context, self.server, self.namespace
        )
    }
}

/// Says what is new of an outage.
fn tell(news: Option<String>) {
    if let Some(news) = news {
        tracing::warn!("{news}");
    }
}

/// Has the server give the request up when we do, as kubectl's `--request-timeout` does: what it has begun and nobody waits for must
/// not be carried out much later. [Kubernetes apiserver `endpoints/filters/request_deadline.go`]
pub(super) fn bounded(
    mut request: http::Request<Vec<u8>>,
    timeout: Duration,
) -> kube::Result<http::Request<Vec<u8>>> {
    let uri = request.uri();
    // kube ends the address of a request without parameters in a question mark.
    let separator = match uri.query() {
        None => "?",
        Some("") => "",
        Some(_) => "&",
    };
    let uri = format!("{uri}{separator}timeout={}ms", timeout.as_millis());
    *request.uri_mut() = uri.parse().map_err(|error| {
        kube::Error::BuildRequest(kube::core::request::Error::BuildRequest(http::Error::from(
            error,
        )))
    })?;
    Ok(request)
}

/// `Ok(None)` for NotFound.
pub(super) fn optional<T>(result: Result<T, ClusterError>) -> Result<Option<T>, ClusterError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind == ClusterErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A cluster that is connected to when it is first needed: a decision on paper, or one whose Secrets stand in the files, needs none.
pub struct LazyCluster {
    options: ClusterOptions,
    cell: OnceCell<Result<Cluster, Error>>,
}

impl LazyCluster {
    /// Nothing is read yet.
    pub fn new(options: ClusterOptions) -> Self {
        Self {
            options,
            cell: OnceCell::new(),
        }
    }

    /// One that is connected already.
    pub fn connected(cluster: Cluster) -> Self {
        Self {
            options: ClusterOptions::default(),
            cell: OnceCell::new_with(Some(Ok(cluster))),
        }
    }

    /// The cluster, or why there is none.
    pub async fn get(&self) -> Result<&Cluster, ClusterError> {
        self.cell
            .get_or_init(|| Cluster::connect(&self.options))
            .await
            .as_ref()
            .map_err(|error| {
                let (kind, operation) = match error.kind {
                    ErrorKind::Credentials => (
                        ClusterErrorKind::NoCredentials,
                        "get credentials for the cluster",
                    ),
                    _ => (ClusterErrorKind::Other, "reach the cluster"),
                };
                ClusterError {
                    kind,
                    operation: operation.to_owned(),
                    message: error.to_string(),
                    causes: Vec::new(),
                }
            })
    }

    /// Why there is no cluster, in full; to be asked when [`Self::get`] has failed.
    pub fn why_not(&self) -> Error {
        match self.cell.get() {
            Some(Err(error)) => error.clone(),
            _ => Error::new(ErrorKind::Internal, "no cluster was asked for"),
        }
    }
}
