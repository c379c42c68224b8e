//! Why a Job stays pending: no pod was made, none can be placed, an image cannot be pulled … Shown, never acted on.

use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};
use k8s_openapi::jiff::{SignedDuration, Timestamp};
use kube::Api;
use kube::api::ListParams;

use super::{Cluster, ClusterError};
use crate::planner::inventory::{JobState, ObservedJob};
use crate::report::duration;

/// Most Jobs that are looked into at once: each costs up to two requests. The oldest go first.
pub const MAX_LOOKUPS: usize = 20;
/// Longest time that all of it may take: a cluster that does not answer must not hold the next cycle up.
const LONGEST: Duration = Duration::from_secs(10);
/// How many of them at the same time.
const CONCURRENCY: usize = 5;
/// Most pods or events of one Job that are read.
const PAGE: u32 = 50;

/// A Job to look into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    namespace: String,
    name: String,
    /// Its uid.
    pub uid: String,
    pending_for: Duration,
}

/// A Job that is stuck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// `metadata.name` of the Job.
    pub job: String,
    /// Its uid.
    pub uid: String,
    /// `unschedulable: 0/1 nodes are available: …`, `no pod after 45s: FailedCreate: …`, `ImagePullBackOff: …`.
    pub reason: String,
}

/// Of `jobs`, each with its namespace, the pending ones that were created longer than `after` before `now`: the oldest, at most
/// [`MAX_LOOKUPS`]. One without a creation time is left out: it cannot be said to be old. So is one without a uid: the cluster has
/// not shown it yet.
pub fn candidates<'a>(
    jobs: impl IntoIterator<Item = (&'a str, &'a ObservedJob)>,
    after: Duration,
    now: Timestamp,
) -> Vec<Candidate> {
    let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
    let mut old: Vec<(Timestamp, Candidate)> = jobs
        .into_iter()
        .filter(|(_, job)| job.state == JobState::Pending && !job.uid.is_empty())
        .filter_map(|(namespace, job)| {
            let created = job.created_at?;
            let age = now.duration_since(created);
            (age >= after).then(|| {
                let candidate = Candidate {
                    namespace: namespace.to_owned(),
                    name: job.name.clone(),
                    uid: job.uid.clone(),
                    pending_for: Duration::try_from(age).unwrap_or_default(),
                };
                (created, candidate)
            })
        })
        .collect();
    old.sort_by(|left, right| (left.0, &left.1.name).cmp(&(right.0, &right.1.name)));
    old.truncate(MAX_LOOKUPS);
    old.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Those of them that are stuck, and what kept others from being looked into. A Job whose pod merely starts slowly, with nothing
/// said against it, is not stuck.
pub async fn explain(
    cluster: &Cluster,
    candidates: &[Candidate],
) -> (Vec<Stuck>, Option<ClusterError>) {
    let answers: Vec<Result<Option<Stuck>, ClusterError>> = futures::stream::iter(candidates)
        .map(|candidate| async move {
            let reason = look(cluster, candidate).await?;
            Ok(reason.map(|reason| Stuck {
                job: candidate.name.clone(),
                uid: candidate.uid.clone(),
                reason,
            }))
        })
        .buffered(CONCURRENCY)
        .take_until(tokio::time::sleep(LONGEST))
        .collect()
        .await;
    let mut found = Vec::new();
    let mut first_error = (answers.len() < candidates.len())
        .then(|| ClusterError::timeout("look into all pending jobs", LONGEST));
    for answer in answers {
        match answer {
            Ok(stuck) => found.extend(stuck),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    (found, first_error)
}

async fn look(cluster: &Cluster, job: &Candidate) -> Result<Option<String>, ClusterError> {
    let namespace = job.namespace.as_str();
    let pods: Api<Pod> = Api::namespaced(cluster.client.clone(), namespace);
    // `job-name` is on the pods of every version, its longer form since 1.27 only.
    let of_job = ListParams::default()
        .labels(&format!("job-name={}", job.name))
        .limit(PAGE);
    let pods: Vec<Pod> = cluster
        .request(
            &format!("list pods in namespace {namespace}"),
            pods.list(&of_job),
        )
        .await?
        .items
        .into_iter()
        .filter(|pod| owned_by(pod, &job.uid))
        .collect();
    if pods.is_empty() {
        let after = duration::show(job.pending_for);
        return Ok(Some(
            match newest_warning(cluster, namespace, &job.uid).await {
                Ok(Some(warning)) => format!("no pod after {after}: {warning}"),
                Ok(None) => format!("no pod after {after}"),
                Err(error) => format!("no pod after {after} ({error})"),
            },
        ));
    }
    let pending = |pod: &&Pod| phase(pod) == "Pending";
    if let Some(reason) = pods.iter().filter(pending).find_map(waiting) {
        return Ok(Some(reason));
    }
    // A pod on its node whose containers cannot be made yet: only the events tell of a volume that cannot be mounted.
    let Some(pod) = pods.iter().find(pending) else {
        return Ok(None);
    };
    let uid = pod.metadata.uid.as_deref().unwrap_or_default();
    // Without the right to read events there is nothing to say of it.
    Ok(newest_warning(cluster, namespace, uid)
        .await
        .unwrap_or_default())
}

fn owned_by(pod: &Pod, uid: &str) -> bool {
    pod.metadata
        .owner_references
        .iter()
        .flatten()
        .any(|owner| owner.uid == uid)
}

fn phase(pod: &Pod) -> &str {
    pod.status
        .as_ref()
        .and_then(|status| status.phase.as_deref())
        .unwrap_or_default()
}

/// What a pod's own status says against it.
fn waiting(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let unplaced = status
        .conditions
        .iter()
        .flatten()
        .find(|condition| condition.type_ == "PodScheduled" && condition.status == "False");
    if let Some(condition) = unplaced {
        let word = match condition.reason.as_deref() {
            Some("SchedulingGated") => "scheduling gated",
            _ => "unschedulable",
        };
        return Some(with_message(word, condition.message.as_deref()));
    }
    status
        .init_container_statuses
        .iter()
        .flatten()
        .chain(status.container_statuses.iter().flatten())
        .find_map(container_waiting)
}

/// `ImagePullBackOff`, `ErrImagePull`, `CreateContainerConfigError`, `InvalidImageName` … : any reason but those of a normal start.
fn container_waiting(container: &ContainerStatus) -> Option<String> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref()?;
    (!matches!(reason, "" | "ContainerCreating" | "PodInitializing"))
        .then(|| with_message(reason, waiting.message.as_deref()))
}

fn with_message(word: &str, message: Option<&str>) -> String {
    match message {
        Some(message) if !message.is_empty() => format!("{word}: {message}"),
        _ => word.to_owned(),
    }
}

/// The newest event of type Warning about the object of that uid: `FailedCreate: Error creating: … exceeded quota …`.
async fn newest_warning(
    cluster: &Cluster,
    namespace: &str,
    uid: &str,
) -> Result<Option<String>, ClusterError> {
    let api: Api<Event> = Api::namespaced(cluster.client.clone(), namespace);
    let about = ListParams::default()
        .fields(&format!("involvedObject.uid={uid},type=Warning"))
        .limit(PAGE);
    let events = cluster
        .request(
            &format!("list events in namespace {namespace}"),
            api.list(&about),
        )
        .await?
        .items;
    let newest = events.into_iter().max_by_key(time);
    Ok(newest.map(|event| {
        with_message(
            event.reason.as_deref().unwrap_or("Warning"),
            event.message.as_deref(),
        )
    }))
}

/// When it was last seen: which of its times is set depends on who wrote it.
fn time(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref();
    [
        event.last_timestamp.as_ref().map(|time| time.0),
        series
            .and_then(|series| series.last_observed_time.as_ref())
            .map(|time| time.0),
        event.event_time.as_ref().map(|time| time.0),
        event
            .metadata
            .creation_timestamp
            .as_ref()
            .map(|time| time.0),
    ]
    .into_iter()
    .flatten()
    .max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::tests::builder::observed;
    use serde_json::{Value, json};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn only_old_pending_jobs_are_looked_into_and_not_too_many() {
        let job = |name: &str, state, created: Option<i64>| {
            let mut job = observed(name, state);
            job.created_at = created.map(at);
            job
        };
        let mut jobs = vec![
            job("new", JobState::Pending, Some(80)),
            job("running", JobState::Running, Some(0)),
            job("done", JobState::Failed, Some(0)),
            job("timeless", JobState::Pending, None),
            job("younger", JobState::Pending, Some(70)),
            job("old", JobState::Pending, Some(10)),
            job("unseen", JobState::Pending, Some(0)),
        ];
        jobs[6].uid.clear();
        let names = |jobs: &[ObservedJob]| -> Vec<String> {
            let with_namespace = jobs.iter().map(|job| ("shop", job));
            candidates(with_namespace, Duration::from_secs(30), at(100))
                .into_iter()
                .map(|candidate| candidate.name)
                .collect()
        };
        assert_eq!(names(&jobs), ["old", "younger"]);
        jobs.extend(
            (0..50).map(|number| job(&format!("more-{number:02}"), JobState::Pending, Some(60))),
        );
        let chosen = names(&jobs);
        assert_eq!((chosen.len(), chosen[0].as_str()), (MAX_LOOKUPS, "old"));
    }

    #[test]
    fn a_pods_status_tells_what_is_against_it() {
        let container = |reason: &str, message: &str| json!({"containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 0, "state": {"waiting": {"reason": reason, "message": message}}}]});
        let placed = |reason: &str, message: &str| json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": reason, "message": message}]});
        let cases: [(Value, Option<&str>); 8] = [
            (
                placed("Unschedulable", "0/1 nodes are available"),
                Some("unschedulable: 0/1 nodes are available"),
            ),
            (placed("SchedulingGated", ""), Some("scheduling gated")),
            (
                container("ImagePullBackOff", "Back-off pulling image \"x\""),
                Some("ImagePullBackOff: Back-off pulling image \"x\""),
            ),
            (container("ErrImagePull", ""), Some("ErrImagePull")),
            (
                container("CreateContainerConfigError", "secret \"s\" not found"),
                Some("CreateContainerConfigError: secret \"s\" not found"),
            ),
            (container("ContainerCreating", ""), None),
            (container("PodInitializing", ""), None),
            (json!({}), None),
        ];
        for (status, expected) in cases {
            let pod: Pod = serde_json::from_value(json!({"status": status})).unwrap();
            assert_eq!(waiting(&pod).as_deref(), expected, "{status}");
        }
    }

    #[test]
    fn the_newest_time_of_an_event_counts() {
        let event: Event = serde_json::from_value(json!({
            "involvedObject": {},
            "metadata": {"creationTimestamp": "1970-01-01T00:00:10Z"},
            "eventTime": "1970-01-01T00:00:20.000000Z",
            "series": {"count": 2, "lastObservedTime": "1970-01-01T00:00:30.000000Z"},
        }))
        .unwrap();
        assert_eq!(time(&event), Some(at(30)));
    }
}
