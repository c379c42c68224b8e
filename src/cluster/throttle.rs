//! What the server says when it has too much to do: 429, 503 and 504, with `Retry-After` where it knows for how long. It is asked again
//! after that time, within the request timeout; what it said is kept for the message when that runs out. So is what kept the request from
//! being sent at all.

use std::pin::pin;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use http::{Request, Response, StatusCode, header};
use k8s_openapi::jiff::Timestamp;
use kube::client::Body;
use tokio::time::{Instant, Sleep, sleep};
use tower::retry::{Policy, RetryLayer};

use super::{ClusterError, ClusterErrorKind, skew};

/// First pause where the server names none; doubles up to the last, with jitter.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// What is asked for beyond this is not believed; a time so far off could not be told either.
const LONGEST: Duration = Duration::from_hours(24);

tokio::task_local! {
    static PATIENCE: Arc<Patience>;
    static WAITS: Arc<Waits>;
}

/// Whose credentials requests wait for: the credential plugin may take long, and the server has no part in it.
#[derive(Debug, Default)]
struct Waits {
    sources: Mutex<Vec<Arc<str>>>,
    /// Those of the time limit around.
    outer: Option<Arc<Self>>,
}

impl Waits {
    fn each(&self, change: &impl Fn(&mut Vec<Arc<str>>)) {
        change(&mut self.sources.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(outer) = &self.outer {
            outer.each(change);
        }
    }
}

/// A wait that is noted as long as it lasts.
struct Wait {
    source: Arc<str>,
    noted: Option<Arc<Waits>>,
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(noted) = &self.noted {
            noted.each(&|sources| {
                if let Some(place) = sources.iter().position(|it| Arc::ptr_eq(it, &self.source)) {
                    sources.swap_remove(place);
                }
            });
        }
    }
}

/// Awaits `credentials` that come from `source`, before the request at hand is sent.
pub(super) async fn before_sending<T>(source: String, credentials: impl Future<Output = T>) -> T {
    let wait = Wait {
        source: source.into(),
        noted: WAITS.try_with(Arc::clone).ok(),
    };
    if let Some(noted) = &wait.noted {
        noted.each(&|sources| sources.push(Arc::clone(&wait.source)));
    }
    credentials.await
}

/// Awaits a request, at most `limit`; `operation` names it in the error.
///
/// # Errors
/// When it is given up: that there was no answer, or nothing to send it with.
pub(crate) async fn within<T>(
    operation: &str,
    limit: Duration,
    request: impl Future<Output = T>,
) -> Result<T, ClusterError> {
    let waits = Arc::new(Waits {
        sources: Mutex::default(),
        outer: WAITS.try_with(Arc::clone).ok(),
    });
    let mut request = pin!(WAITS.scope(Arc::clone(&waits), request));
    if let Ok(answer) = tokio::time::timeout(limit, request.as_mut()).await {
        return Ok(answer);
    }
    // It is still there, with what it waits for.
    let sources = waits.sources.lock().unwrap_or_else(PoisonError::into_inner);
    Err(match sources.first() {
        Some(source) => ClusterError::no_credentials(operation, source, limit),
        None => ClusterError::timeout(operation, limit),
    })
}

/// How one request deals with being put off.
#[derive(Debug)]
struct Patience {
    /// It is sent again here; otherwise who sent it decides.
    again: bool,
    refusals: Mutex<Option<Refusals>>,
}

/// How often and how the server put a request off.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusals {
    count: u32,
    last: StatusCode,
    /// All were 429, by which nothing is done. A 503 or 504 may come from something between, after the fact.
    only_throttled: bool,
    /// What the last one asked for.
    pub(super) retry_after: Option<Duration>,
    /// It was sent again.
    again: bool,
    /// Until then nothing of it is under way.
    idle_until: Instant,
}

/// The layer that asks again. It stands outside of kube's own layers; kube's own retries must be off.
pub(crate) fn layer() -> RetryLayer<Again> {
    RetryLayer::new(Again {
        attempt: 0,
        answered: Arc::new(Once::new()),
    })
}

/// When to ask again.
#[derive(Debug, Clone)]
pub(crate) struct Again {
    attempt: u32,
    /// The server has answered: the time that it told was compared with ours.
    answered: Arc<Once>,
}

impl<B, E> Policy<Request<Body>, Response<B>, E> for Again {
    type Future = Sleep;

    fn retry(
        &mut self,
        _: &mut Request<Body>,
        result: &mut Result<Response<B>, E>,
    ) -> Option<Sleep> {
        let response = result.as_ref().ok()?;
        self.answered.call_once(|| {
            if let Some(warning) = skew::warning(response.headers(), Timestamp::now()) {
                tracing::warn!("{warning}");
            }
        });
        let status = response.status();
        let puts_off = matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT
        );
        if !puts_off {
            return None;
        }
        let asked = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(|seconds: u64| Duration::from_secs(seconds).min(LONGEST));
        let pause = pause(self.attempt, asked);
        // Whoever goes around `Cluster::request` has no timeout to be patient within.
        let again = PATIENCE
            .try_with(|patience| patience.put_off(status, asked, pause))
            .unwrap_or(false);
        self.attempt += 1;
        again.then(|| sleep(pause))
    }

    fn clone_request(&mut self, request: &Request<Body>) -> Option<Request<Body>> {
        copy(request)
    }
}

/// The same request, to be sent again; none where its body can be read only once.
pub(super) fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    *copy.version_mut() = request.version();
    copy.headers_mut().clone_from(request.headers());
    copy.extensions_mut().clone_from(request.extensions());
    Some(copy)
}

/// How long to wait after so many attempts: what the server asks for, and no less than we would wait ourselves.
pub(super) fn pause(attempt: u32, asked: Option<Duration>) -> Duration {
    let (first, last) = PAUSES;
    let own = (first * 2_u32.pow(attempt.min(10)))
        .min(last)
        .mul_f64(0.5 + fastrand::f64() / 2.0);
    asked.map_or(own, |asked| asked.max(own))
}

impl Patience {
    /// Notes an answer; whether to ask again.
    fn put_off(&self, status: StatusCode, asked: Option<Duration>, pause: Duration) -> bool {
        let throttled = status == StatusCode::TOO_MANY_REQUESTS;
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let before = refusals.as_ref();
        *refusals = Some(Refusals {
            count: before.map_or(0, |before| before.count) + 1,
            last: status,
            only_throttled: before.is_none_or(|before| before.only_throttled) && throttled,
            retry_after: asked,
            again: self.again,
            idle_until: Instant::now() + pause,
        });
        self.again
    }
}

/// Awaits one request. With `again` it is sent again when it is put off, else its first answer is the last. How it was put off, if it was.
pub(super) async fn patiently<T>(
    again: bool,
    request: impl Future<Output = T>,
) -> (T, Option<Refusals>) {
    let patience = Arc::new(Patience {
        again,
        refusals: Mutex::default(),
    });
    let answer = PATIENCE.scope(Arc::clone(&patience), request).await;
    let refusals = *patience
        .refusals
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    (answer, refusals)
}

impl Refusals {
    /// The error that a request ended with, in the light of what came before. `timed_out`: no answer but these came within `limit`.
    pub(super) fn explain(
        &self,
        error: ClusterError,
        timed_out: bool,
        limit: Duration,
    ) -> ClusterError {
        // One that is sent again never ends with such an answer.
        let put_off_last = if timed_out {
            Instant::now() < self.idle_until
        } else {
            !self.again
        };
        if !put_off_last {
            return ClusterError {
                message: format!(
                    "{}; before that the server put it off: it answered {}",
                    error.message,
                    self.said()
                ),
                ..error
            };
        }
        let kind = if self.only_throttled {
            ClusterErrorKind::Throttled
        } else {
            ClusterErrorKind::Unavailable
        };
        let within = if timed_out {
            format!(" within {limit:?}, and the request timeout is up")
        } else {
            String::new()
        };
        ClusterError {
            kind,
            message: format!(
                "the server puts it off: it answered {}{within}",
                self.said()
            ),
            ..error
        }
    }

    /// `429 Too Many Requests 3 times, the last time with Retry-After 5s`.
    fn said(&self) -> String {
        let times = match self.count {
            1 => "once".to_owned(),
            count => format!("{count} times"),
        };
        let wait = match (self.retry_after, self.count) {
            (Some(wait), 1) => format!(" with Retry-After {wait:?}"),
            (Some(wait), _) => format!(", the last time with Retry-After {wait:?}"),
            (None, _) => String::new(),
        };
        format!("{} {times}{wait}", self.last)
    }
}
