//! Creating and deleting Jobs so that sending a request again does no harm.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use kube::api::{DeleteParams, DynamicObject, PostParams, Preconditions, Request};
use kube::{Api, Resource, ResourceExt};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::client::{bounded, optional};
use super::pace::{Closed, Pace};
use super::{CYCLE_ANNOTATION, Cluster, ClusterError, ClusterErrorKind, NAME_LABEL, throttle};
use crate::mutant;
use crate::report::duration::show;

/// How often a create is sent when no answer comes, or a conflict.
const CREATE_ATTEMPTS: u32 = 3;
/// Pause before a create is sent again; doubles, with jitter.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// How a Job was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// It was sent more than once in such a way that an earlier sending may still arrive.
    pub resent: bool,
    /// It carries the label by which Jobs are counted. A mutating webhook or policy may take that away.
    pub tracked: bool,
}

/// A Job that was not made, as far as the last answer tells.
#[derive(Debug, Clone)]
pub struct NotMade {
    /// The last answer, or that there was none.
    pub error: ClusterError,
    /// A sending of it had no answer: the Job may exist, or be made still.
    pub perhaps: bool,
    /// It was not sent at all, since that was of no more use.
    pub unsent: bool,
}

impl NotMade {
    fn failed(error: ClusterError, perhaps: bool) -> Self {
        Self {
            error,
            perhaps,
            unsent: false,
        }
    }
}

/// What is read of a Job that was made: the answer is longer than the Job.
#[derive(Deserialize)]
struct Answer {
    metadata: AnswerMetadata,
}

#[derive(Deserialize)]
struct AnswerMetadata {
    labels: Option<BTreeMap<String, String>>,
}

/// Whether a Job with these labels is counted for `object`.
fn is_tracked(labels: Option<&BTreeMap<String, String>>, object: &str) -> bool {
    let label = labels.and_then(|labels| labels.get(NAME_LABEL));
    label.is_some_and(|label| label == object)
}

/// The object whose Job `job` is.
fn object_of(job: &Value) -> &str {
    job["metadata"]["labels"][NAME_LABEL]
        .as_str()
        .unwrap_or_default()
}

/// What has the name of a Job that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The Job itself.
    Ours {
        /// It carries the label by which Jobs are counted.
        tracked: bool,
    },
    /// Another's Job, or one of another cycle.
    Others,
    /// Nothing.
    Nothing,
}

/// Looks for the Job `name` of `object` that the cycle with that mark sent, by its name and not in a list.
///
/// # Errors
/// When that cannot be told.
pub async fn look(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    object: &str,
    cycle: &str,
) -> Result<Found, ClusterError> {
    let api: Api<Job> = Api::namespaced(cluster.client.clone(), namespace);
    let operation = format!("get job {namespace}/{name}");
    let found = optional(cluster.request(&operation, api.get_metadata(name)).await)?;
    Ok(found.map_or(Found::Nothing, |job| {
        let tracked = is_tracked(job.metadata.labels.as_ref(), object);
        // Where the cluster takes our annotations away the label tells: every other writer of it has a mark of its own.
        let ours = match job.annotations().get(CYCLE_ANNOTATION) {
            Some(mark) => mark == cycle,
            None => tracked,
        };
        if ours {
            Found::Ours { tracked }
        } else {
            Found::Others
        }
    }))
}

/// Creates the Job. A create whose answer was lost is sent again under the same name: AlreadyExists with our own cycle mark is
/// success (law 6). One that the server puts off (429, 503, 504) gives its place in `pace` up and is sent again when that lets it,
/// within the request timeout; it is given up at once where the server asks to wait for longer. One that is refused after a sending
/// without an answer is looked for: that sending may have taken the last place of a quota. Nothing is sent once it `is_over`: then another
/// may write, or it would be in vain.
///
/// Tells how it was made.
///
/// # Errors
/// [`ClusterErrorKind::AlreadyExists`] when another's Job has the name. The Job may exist all the same where [`NotMade::perhaps`] says so.
pub async fn create(
    cluster: &Cluster,
    namespace: &str,
    job: &Value,
    pace: &Pace,
    is_over: &dyn Fn() -> bool,
) -> Result<Made, NotMade> {
    let name = job["metadata"]["name"].as_str().unwrap_or_default();
    let cycle = job["metadata"]["annotations"][CYCLE_ANNOTATION]
        .as_str()
        .unwrap_or_default();
    let operation = format!("create job {namespace}/{name}");
    // As it is: a field newer than our types must survive (law 9).
    let body = serde_json::to_vec(job).expect("the keys of JSON are strings");
    let patience = Instant::now() + cluster.request_timeout();
    let mut attempt = 1;
    let mut put_off = 0;
    // What the last attempt came to; and whether one of them may have made the Job.
    let mut last: Option<ClusterError> = None;
    let mut perhaps = false;
    loop {
        let slot = match pace.enter(patience, is_over).await {
            Ok(slot) => slot,
            Err(closed) => {
                let never_sent = || ClusterError {
                    kind: ClusterErrorKind::Throttled,
                    operation: operation.clone(),
                    message: match closed {
                        Closed::Ended => {
                            "the run ended while the server wanted no more requests".to_owned()
                        }
                        Closed::For(wait) => format!(
                            "the server wants no more requests for {}",
                            show(Duration::from_secs(wait.as_secs().max(1)))
                        ),
                    },
                    causes: Vec::new(),
                };
                return Err(NotMade {
                    unsent: last.is_none() && closed == Closed::Ended,
                    error: last.unwrap_or_else(never_sent),
                    perhaps,
                });
            }
        };
        let request = async {
            let request = creation(namespace, body.clone(), cluster.request_timeout())?;
            cluster.client.request::<Answer>(request).await
        };
        let (result, refusals) = cluster.request_once(&operation, request).await;
        match refusals {
            Some(refusals) => slot.put_off(refusals.retry_after),
            None => slot.answered(),
        }
        match result {
            Ok(made) => {
                return Ok(Made {
                    resent: perhaps,
                    tracked: is_tracked(made.metadata.labels.as_ref(), object_of(job)),
                });
            }
            Err(error) if error.kind == ClusterErrorKind::AlreadyExists => {
                return match look(cluster, namespace, name, object_of(job), cycle).await {
                    Ok(Found::Ours { tracked }) if !mutant::is("new-name") => Ok(Made {
                        resent: perhaps,
                        tracked,
                    }),
                    Ok(Found::Ours { .. } | Found::Others) => Err(NotMade::failed(error, false)),
                    // It was there under the name that was chosen here, and has ended and gone since. Should it have been
                    // another's after all, the next cycle makes up for it; a second Job for one item could not be taken back.
                    Ok(Found::Nothing) => Ok(Made {
                        resent: perhaps,
                        tracked: true,
                    }),
                    // That it may not be looked for is no refusal of it.
                    Err(error) => {
                        let kind = ClusterErrorKind::Unavailable;
                        Err(NotMade::failed(ClusterError { kind, ..error }, true))
                    }
                };
            }
            Err(error) if refusals.is_some() && Instant::now() < patience => {
                put_off += 1;
                perhaps |= error.kind != ClusterErrorKind::Throttled;
                last = Some(error);
            }
            // A conflict is over a quota that creates at the same time use up: nothing was made.
            Err(error)
                if matches!(
                    error.kind,
                    ClusterErrorKind::Unavailable | ClusterErrorKind::Conflict
                ) && refusals.is_none()
                    && attempt < CREATE_ATTEMPTS =>
            {
                tracing::debug!(%error, attempt, "sending the create again under the same name");
                perhaps |= error.kind == ClusterErrorKind::Unavailable;
                last = Some(error);
                let pause = FIRST_PAUSE * 2_u32.pow(attempt - 1);
                tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
                attempt += 1;
            }
            Err(mut error) => {
                if put_off > 0 {
                    error.message = format!(
                        "{}; it was put off {} times in {:?}",
                        error.message,
                        put_off + u32::from(refusals.is_some()),
                        cluster.request_timeout()
                    );
                }
                let unanswered = error.may_have_happened();
                if perhaps
                    && !unanswered
                    && error.kind != ClusterErrorKind::NoCredentials
                    && let Ok(Found::Ours { tracked }) =
                        look(cluster, namespace, name, object_of(job), cycle).await
                {
                    return Ok(Made {
                        resent: true,
                        tracked,
                    });
                }
                return Err(NotMade::failed(error, perhaps || unanswered));
            }
        }
    }
}

/// The request that creates a Job.
fn creation(
    namespace: &str,
    body: Vec<u8>,
    timeout: Duration,
) -> kube::Result<http::Request<Vec<u8>>> {
    let request = Request::new(Job::url_path(&(), Some(namespace)));
    let request = request.create(&PostParams::default(), body);
    bounded(request.map_err(kube::Error::BuildRequest)?, timeout)
}

/// Deletes the Job of that uid, and its pods. That it is gone already, or that another Job has its name, is success.
pub async fn delete(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    uid: &str,
    foreground: bool,
) -> Result<(), ClusterError> {
    let api: Api<Job> = Api::namespaced(cluster.client.clone(), namespace);
    // Without a propagation policy batch/v1 orphans the pods.
    let parameters = if foreground {
        DeleteParams::foreground()
    } else {
        DeleteParams::background()
    }
    .preconditions(Preconditions {
        uid: Some(uid.to_owned()),
        resource_version: None,
    });
    let operation = format!("delete job {namespace}/{name}");
    let request = async { api.delete(name, &parameters).await.map(|_| ()) };
    match cluster.request(&operation, request).await {
        Err(error)
            if matches!(
                error.kind,
                ClusterErrorKind::NotFound | ClusterErrorKind::Conflict
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

/// Why a dry run was refused.
#[derive(Debug)]
pub struct Refusal {
    /// The server's words.
    pub error: ClusterError,
    /// The server looked at the Job and said no; otherwise it could not be asked.
    pub is_answer: bool,
}

/// What is wrong where a Job loses its tracking label on the way in.
pub fn label_is_taken() -> String {
    format!(
        "a mutating webhook or policy of the cluster takes the label {NAME_LABEL} from new Jobs, and only by that label are Jobs found"
    )
}

/// Creates the Job with `dryRun=All`: it passes validation, admission and quota, and is not kept. Tells whether it has the label by
/// which it would be counted. Waits no longer than `limit`.
pub async fn dry_run(
    cluster: &Cluster,
    namespace: &str,
    job: &Value,
    limit: Duration,
) -> Result<bool, Refusal> {
    let operation = format!("create jobs.batch in namespace {namespace}");
    let api: Api<DynamicObject> = Api::namespaced_with(
        cluster.client.clone(),
        namespace,
        &kube::api::ApiResource::erase::<Job>(&()),
    );
    let object: DynamicObject = serde_json::from_value(job.clone()).map_err(|error| Refusal {
        error: ClusterError {
            kind: ClusterErrorKind::Invalid,
            operation: operation.clone(),
            message: format!("jobTargetRef cannot be sent: {error}"),
            causes: Vec::new(),
        },
        is_answer: true,
    })?;
    let parameters = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let request = cluster.request(&operation, async { api.create(&parameters, &object).await });
    match throttle::within(&operation, limit, request).await {
        Ok(Ok(made)) => Ok(is_tracked(made.metadata.labels.as_ref(), object_of(job))),
        Ok(Err(error)) => {
            // A missing right says `cannot create resource`; what a quota or a policy says of the Job is an answer.
            let lacks_right = error.kind == ClusterErrorKind::Forbidden
                && error.message.contains("cannot create resource");
            let is_answer = !lacks_right
                && matches!(
                    error.kind,
                    ClusterErrorKind::Forbidden | ClusterErrorKind::Invalid
                );
            Err(Refusal { error, is_answer })
        }
        Err(error) => Err(Refusal {
            error,
            is_answer: false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use http::Response;
    use kube::Client;
    use kube::client::Body;
    use serde_json::json;

    use super::super::error::NoCredentials;
    use super::super::pace::Paces;
    use super::*;

    /// What becomes of a create that has no credentials after so many sendings without an answer.
    async fn create_after(unanswered: usize) -> NotMade {
        let sent = Arc::new(AtomicUsize::new(0));
        let service = tower::service_fn(move |_: http::Request<Body>| {
            let lost = sent.fetch_add(1, Ordering::Relaxed) < unanswered;
            async move {
                Err::<Response<Body>, kube::Error>(if lost {
                    kube::Error::Service("connection reset".into())
                } else {
                    NoCredentials::new("the credential plugin \"x\" failed").into()
                })
            }
        });
        let client = Client::new(service, "shop");
        let cluster = Cluster::of_client(client, "test", Duration::from_secs(30));
        let job = json!({"metadata": {"name": "orders-x-0"}});
        let pace = Paces::new(1).of("orders");
        let made = create(&cluster, "shop", &job, &pace, &|| false).await;
        made.expect_err("no server answers")
    }

    #[tokio::test(start_paused = true)]
    async fn a_create_without_credentials_was_not_sent() {
        // After one sending that was not answered it may have been made.
        for unanswered in [0, 1] {
            let NotMade { error, perhaps, .. } = create_after(unanswered).await;
            assert_eq!(error.kind, ClusterErrorKind::NoCredentials, "{error}");
            assert!(error.message.contains("the credential plugin"), "{error}");
            assert_eq!(perhaps, unanswered > 0);
        }
    }
}
