//! Objects and their Jobs, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use k8s_openapi::jiff::Timestamp;
use serde::Serialize;

use super::sanitize::sanitize;
use super::{API_VERSION, ObjectName, count, duration, table};
use crate::planner::inventory::{JobState, ObservedJob, counts};

/// One object with the Jobs that exist for it.
#[derive(Debug, Clone)]
pub struct ObjectJobs<'a> {
    /// The object, its namespace resolved.
    pub object: ObjectName,
    /// `maxReplicaCount` in force, when the manifest is at hand; then taken slots are shown against it.
    pub max_replica_count: Option<i64>,
    /// Its Jobs.
    pub jobs: &'a [ObservedJob],
}

/// JSON and YAML form of `list`: kind `ScaledJobList`. Named after its items, the objects; it is told from KEDA's list of
/// the same kind by its apiVersion.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScaledJobList {
    /// [`API_VERSION`].
    pub api_version: &'static str,
    /// `ScaledJobList`.
    pub kind: &'static str,
    /// The objects.
    pub items: Vec<ScaledJobView>,
}

/// One object with its Jobs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScaledJobView {
    /// Namespace and name.
    #[serde(flatten)]
    pub object: ObjectName,
    /// How many Jobs there are in each state that occurs.
    pub states: BTreeMap<&'static str, i64>,
    /// Slots of maxReplicaCount that are taken.
    pub slots: i64,
    /// `maxReplicaCount`, when known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_replica_count: Option<i64>,
    /// The Jobs: unfinished ones first, then by age, youngest first.
    pub jobs: Vec<JobItemView>,
}

/// One Job.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobItemView {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.uid`.
    pub uid: String,
    /// `pending`, `running`, `suspended`, `finishing`, `terminating`, `succeeded` or `failed`.
    pub state: &'static str,
    /// Made by keda-jobs. Otherwise it carries KEDA's label: it counts, and is never deleted from here.
    pub ours: bool,
    /// Pods that are active or terminating.
    pub pods: i64,
    /// `metadata.creationTimestamp`.
    pub created_at: Option<Timestamp>,
    /// Time of the terminal condition.
    pub finished_at: Option<Timestamp>,
    /// The trigger that asked for it.
    pub trigger: Option<String>,
    /// Mark of the cycle that made it.
    pub cycle: Option<String>,
    /// Hash of the spec it was made from.
    pub spec_hash: Option<String>,
    /// Why it is in its state.
    pub reason: Option<String>,
}

/// The lists as one versioned value.
pub fn to_view(objects: &[ObjectJobs<'_>]) -> ScaledJobList {
    ScaledJobList {
        api_version: API_VERSION,
        kind: "ScaledJobList",
        items: objects
            .iter()
            .map(|object| ScaledJobView {
                object: object.object.clone(),
                states: states(object.jobs)
                    .into_iter()
                    .map(|(state, number)| (state.as_str(), number))
                    .collect(),
                slots: counts(object.jobs).slots,
                max_replica_count: object.max_replica_count,
                jobs: in_order(object.jobs)
                    .into_iter()
                    .map(|job| JobItemView {
                        name: job.name.clone(),
                        uid: job.uid.clone(),
                        state: job.state.as_str(),
                        ours: job.ours,
                        pods: job.pods,
                        created_at: job.created_at,
                        finished_at: job.finished_at,
                        trigger: job.trigger.clone(),
                        cycle: job.cycle.clone(),
                        spec_hash: job.spec_hash.clone(),
                        reason: job.reason.clone(),
                    })
                    .collect(),
            })
            .collect(),
    }
}

/// The lists as text without colour; every line ends with a line break.
pub fn render(objects: &[ObjectJobs<'_>], now: Timestamp, width: Option<u16>) -> String {
    let blocks: Vec<String> = objects
        .iter()
        .map(|object| render_object(object, now, width))
        .collect();
    blocks.join("\n")
}

fn render_object(object: &ObjectJobs<'_>, now: Timestamp, width: Option<u16>) -> String {
    let mut text = String::new();
    let _ = write!(text, "{}: ", sanitize(&object.object.to_string()));
    if object.jobs.is_empty() {
        text.push_str("no Jobs\n");
        return text;
    }
    let number = i64::try_from(object.jobs.len()).unwrap_or(i64::MAX);
    let parts: Vec<String> = states(object.jobs)
        .into_iter()
        .map(|(state, number)| format!("{number} {}", state.as_str()))
        .collect();
    let _ = write!(text, "{} ({})", count(number, "Job"), parts.join(", "));
    let slots = counts(object.jobs).slots;
    let _ = match object.max_replica_count {
        Some(maximum) => writeln!(text, ", {slots} of {maximum} slots taken"),
        None => writeln!(text, ", {} taken", count(slots, "slot")),
    };
    let age = |time: Option<Timestamp>| {
        time.map_or_else(|| "-".to_owned(), |time| duration::age(time, now))
    };
    let dash = |text: &Option<String>| match text {
        Some(text) if !text.is_empty() => sanitize(text).into_owned(),
        _ => "-".to_owned(),
    };
    text.push_str(&table(
        &[
            "NAME", "STATE", "AGE", "FINISHED", "MADE BY", "TRIGGER", "REASON",
        ],
        in_order(object.jobs).into_iter().map(|job| {
            vec![
                sanitize(&job.name).into_owned(),
                job.state.as_str().to_owned(),
                age(job.created_at),
                match job.finished_at {
                    Some(time) => format!("{} ago", duration::age(time, now)),
                    None => "-".to_owned(),
                },
                if job.ours { "keda-jobs" } else { "KEDA" }.to_owned(),
                dash(&job.trigger),
                dash(&job.reason),
            ]
        }),
        &[],
        width,
    ));
    text
}

fn states(jobs: &[ObservedJob]) -> BTreeMap<JobState, i64> {
    let mut states = BTreeMap::new();
    for job in jobs {
        *states.entry(job.state).or_insert(0) += 1;
    }
    states
}

/// Unfinished ones first, then youngest first, then by name.
fn in_order(jobs: &[ObservedJob]) -> Vec<&ObservedJob> {
    let mut ordered: Vec<&ObservedJob> = jobs.iter().collect();
    ordered.sort_by(|left, right| {
        left.state
            .is_finished()
            .cmp(&right.state.is_finished())
            .then_with(|| right.created_at.cmp(&left.created_at))
            .then_with(|| left.name.cmp(&right.name))
    });
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::tests::builder::observed;

    fn jobs() -> Vec<ObservedJob> {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        let mut running = observed("mail-worker-a", JobState::Running);
        running.created_at = at(1_000);
        running.trigger = Some("redis \"mails\"".to_owned());
        let mut failed = observed("mail-worker-b", JobState::Failed);
        failed.created_at = at(500);
        failed.finished_at = at(1_000);
        failed.reason = Some("BackoffLimitExceeded".to_owned());
        let mut kedas = observed("mail-worker-c", JobState::Pending);
        kedas.created_at = at(1_187);
        kedas.ours = false;
        kedas.reason = Some("image\u{1b}[2J".to_owned());
        vec![failed, running, kedas]
    }

    fn object(jobs: &[ObservedJob]) -> ObjectJobs<'_> {
        ObjectJobs {
            object: ObjectName {
                namespace: "default".to_owned(),
                name: "mail-worker".to_owned(),
            },
            max_replica_count: Some(10),
            jobs,
        }
    }

    #[test]
    fn for_people() {
        let jobs = jobs();
        let expected = "\
default/mail-worker: 3 Jobs (1 pending, 1 running, 1 failed), 2 of 10 slots taken
  NAME           STATE    AGE    FINISHED   MADE BY    TRIGGER        REASON
  mail-worker-c  pending  5s     -          KEDA       -              image\\x1b[2J
  mail-worker-a  running  3m12s  -          keda-jobs  redis \"mails\"  -
  mail-worker-b  failed   11m    3m12s ago  keda-jobs  -              BackoffLimitExceeded
";
        let text = render(
            &[object(&jobs)],
            Timestamp::from_second(1_192).unwrap(),
            None,
        );
        assert_eq!(text, expected, "\n{text}");
        let none = render(&[object(&[])], Timestamp::UNIX_EPOCH, None);
        assert_eq!(none, "default/mail-worker: no Jobs\n");
    }

    #[test]
    fn for_programs() {
        let jobs = jobs();
        let view = serde_json::to_value(to_view(&[object(&jobs)])).unwrap();
        assert_eq!(view["apiVersion"], "keda-jobs/v1");
        assert_eq!(view["kind"], "ScaledJobList");
        let item = &view["items"][0];
        assert_eq!(item["name"], "mail-worker");
        assert_eq!(item["states"]["failed"], 1);
        assert_eq!(item["slots"], 2);
        assert_eq!(item["maxReplicaCount"], 10);
        assert_eq!(item["jobs"][0]["ours"], false);
        assert_eq!(item["jobs"][2]["finishedAt"], "1970-01-01T00:16:40Z");
        assert_eq!(item["jobs"][2]["reason"], "BackoffLimitExceeded");
    }
}
