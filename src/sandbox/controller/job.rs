//! The Job controller (semantics.md §7.3; kubernetes `pkg/controller/job`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::store::Store;
use super::super::{Shared, definition, indexes, object};
use super::job_pods::{self, TRACKING};
use super::job_status::{self, Interim};
use super::{Due, Memory, failure_policy, pods_by_owner, until};

/// The built-in controller's name in `spec.managedBy`.
const MANAGER: &str = "kubernetes.io/job-controller";

/// Failures since the last success, for the pause before a replacement.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Backoff {
    failures: u32,
    last: Option<Instant>,
}

impl Backoff {
    /// How long a replacement has to wait.
    fn wait(&self, base: Duration) -> Duration {
        let Some(last) = self.last.filter(|_| self.failures > 0) else {
            return Duration::ZERO;
        };
        let pause = base
            .saturating_mul(1 << (self.failures - 1).min(10))
            .min(base.saturating_mul(100));
        (last + pause).saturating_duration_since(Instant::now())
    }
}

/// Brings every Job forward.
pub(super) fn run(store: &mut Store, shared: &Shared, memory: &mut Memory, due: &mut Due) {
    let owned = pods_by_owner(store);
    let jobs = store.within(definition::jobs(), None);
    release_strays(store, &owned);
    for job in &jobs {
        let managed = job["spec"]
            .get("managedBy")
            .and_then(Value::as_str)
            .is_none_or(|manager| manager == MANAGER);
        if managed && !job_status::finished(job) {
            let pods = owned.get(object::uid(job)).map_or(&[][..], Vec::as_slice);
            sync(store, shared, memory, due, job, pods);
        }
    }
    let known: BTreeSet<&str> = jobs.iter().map(|job| object::uid(job)).collect();
    memory.jobs.retain(|uid, _| known.contains(uid.as_str()));
    let pods: BTreeSet<String> = store
        .all(definition::pods())
        .map(|pod| object::uid(pod).to_owned())
        .collect();
    memory
        .attempts
        .retain(|(uid, _), _| known.contains(uid.as_str()) || pods.contains(uid));
}

/// Pods whose Job is gone, finished or going keep no tracking finalizer.
fn release_strays(store: &mut Store, owned: &BTreeMap<String, Vec<Arc<Value>>>) {
    let mut tracked: Vec<Arc<Value>> = owned.values().flatten().cloned().collect();
    tracked.extend(
        store
            .all(definition::pods())
            .filter(|pod| object::controller(pod).is_none())
            .cloned(),
    );
    for pod in tracked {
        if !object::has_finalizer(&pod, TRACKING) {
            continue;
        }
        let job =
            object::controller(&pod).and_then(|owner| store.by_uid(object::text(owner, "/uid")));
        let stays =
            job.is_some_and(|(_, job)| !job_status::finished(&job) && !object::terminating(&job));
        if !stays {
            job_pods::untrack(store, &pod);
        }
    }
}

/// What a pass finds out about one Job.
struct Count {
    active: Vec<Arc<Value>>,
    terminating: i64,
    succeeded: i64,
    failed: i64,
    completed: BTreeSet<u32>,
    failed_indexes: BTreeSet<u32>,
    /// The message of a rule that fails the Job.
    failed_by_rule: Option<String>,
}

fn sync(
    store: &mut Store,
    shared: &Shared,
    memory: &mut Memory,
    due: &mut Due,
    job: &Arc<Value>,
    pods: &[Arc<Value>],
) {
    let spec = &job["spec"];
    let mut next = (**job).clone();
    let suspended = object::flag(spec, "/suspend");
    if !suspended && object::text(job, "/status/startTime").is_empty() {
        next["status"]["startTime"] = json!(object::now());
    }
    let backoff = memory.jobs.entry(object::uid(job).to_owned()).or_default();
    let mut count = account(store, job, pods, backoff);
    let mut interim = job_status::interim(&next);
    if interim.is_none() {
        interim =
            failure(&next, pods, &count, suspended, due).or_else(|| success_policy(spec, &count));
    }
    if interim.is_some() {
        for pod in std::mem::take(&mut count.active) {
            job_pods::delete(store, job, &pod);
            count.terminating += 1;
        }
        let left = current(store, pods);
        count.terminating =
            i64::try_from(left.iter().filter(|pod| job_pods::stopping(pod)).count())
                .unwrap_or(i64::MAX);
    } else if !object::terminating(job) {
        manage(store, shared, due, job, &mut count, *backoff, suspended);
        let complete = match object::number(spec, "/completions") {
            None => count.succeeded > 0 && count.active.is_empty(),
            Some(completions) => count.succeeded >= completions && count.active.is_empty(),
        };
        if complete {
            interim = Some(Interim::success(
                "CompletionsReached",
                "Reached expected number of succeeded pods",
            ));
        } else {
            job_status::suspension(store, &mut next, suspended);
        }
    }
    // Pods that were deleted just now are counted as failed at the next pass, before the Job is finished.
    let settled = count.terminating == 0
        && count.active.is_empty()
        && !current(store, pods)
            .iter()
            .any(|pod| object::has_finalizer(pod, TRACKING));
    write_status(&mut next, &count);
    if let Some(interim) = interim {
        job_status::conclude(store, &mut next, &interim, settled);
    }
    store.replace(definition::jobs(), next);
}

/// Pods of the start of the pass as they are now; those that are gone are left out.
fn current(store: &Store, pods: &[Arc<Value>]) -> Vec<Arc<Value>> {
    pods.iter()
        .filter_map(|pod| {
            store.get(
                definition::pods(),
                object::namespace(pod),
                object::name(pod),
            )
        })
        .collect()
}

/// Counts pods that ended since the last pass and stops tracking them.
fn account(store: &mut Store, job: &Value, pods: &[Arc<Value>], backoff: &mut Backoff) -> Count {
    let indexed = job_pods::indexed(job);
    let set = |pointer: &str| indexes::parse(object::text(job, pointer)).unwrap_or_default();
    let mut count = Count {
        active: Vec::new(),
        terminating: 0,
        succeeded: object::number(job, "/status/succeeded").unwrap_or(0),
        failed: object::number(job, "/status/failed").unwrap_or(0),
        completed: set("/status/completedIndexes"),
        failed_indexes: set("/status/failedIndexes"),
        failed_by_rule: None,
    };
    for pod in pods {
        let phase = object::text(pod, "/status/phase");
        let tracked = object::has_finalizer(pod, TRACKING);
        let index = job_pods::index(pod);
        if phase == "Succeeded" {
            if tracked {
                *backoff = Backoff::default();
                if indexed {
                    count.completed.extend(index);
                } else {
                    count.succeeded += 1;
                }
                job_pods::untrack(store, pod);
            }
        } else if job_pods::failed(job, pod) {
            if tracked {
                let verdict = failure_policy::judge(job, pod);
                if verdict.counts {
                    count.failed += 1;
                    backoff.failures += 1;
                    backoff.last = Some(Instant::now());
                }
                if let (Some(index), true) = (index, indexed)
                    && job_pods::index_fails(job, pod, &verdict)
                {
                    count.failed_indexes.insert(index);
                }
                count.failed_by_rule = count.failed_by_rule.or(verdict.fails_job);
                job_pods::untrack(store, pod);
            }
        } else if !object::terminating(pod) {
            count.active.push(Arc::clone(pod));
        }
    }
    count.terminating = i64::try_from(pods.iter().filter(|pod| job_pods::stopping(pod)).count())
        .unwrap_or(i64::MAX);
    if indexed {
        count.succeeded = i64::try_from(count.completed.len()).unwrap_or(i64::MAX);
    }
    count
}

/// The reason for which the Job fails, if there is one.
fn failure(
    job: &Value,
    pods: &[Arc<Value>],
    count: &Count,
    suspended: bool,
    due: &mut Due,
) -> Option<Interim> {
    let spec = &job["spec"];
    if let Some(message) = &count.failed_by_rule {
        return Some(Interim::failure("PodFailurePolicy", message));
    }
    let limit = object::number(spec, "/backoffLimit").unwrap_or(6);
    let restarts: i64 = pods
        .iter()
        .filter(|pod| matches!(object::text(pod, "/status/phase"), "Running" | "Pending"))
        .flat_map(|pod| object::list(pod, "/status/containerStatuses"))
        .filter_map(|status| object::number(status, "/restartCount"))
        .sum();
    let on_failure = object::text(spec, "/template/spec/restartPolicy") == "OnFailure";
    let past = on_failure
        && if limit == 0 {
            restarts > 0
        } else {
            restarts >= limit
        };
    if count.failed > limit || past {
        return Some(Interim::failure(
            "BackoffLimitExceeded",
            "Job has reached the specified backoff limit",
        ));
    }
    if let Some(seconds) = object::number(spec, "/activeDeadlineSeconds").filter(|_| !suspended)
        && let Some(left) = until(object::text(job, "/status/startTime"), seconds)
    {
        if left.is_zero() {
            return Some(Interim::failure(
                "DeadlineExceeded",
                "Job was active longer than specified deadline",
            ));
        }
        due.after(left);
    }
    if count.failed_indexes.is_empty() {
        return None;
    }
    let failed = i64::try_from(count.failed_indexes.len()).unwrap_or(i64::MAX);
    if object::number(spec, "/maxFailedIndexes").is_some_and(|most| failed > most) {
        return Some(Interim::failure(
            "MaxFailedIndexesExceeded",
            "Job has exceeded the specified maximal number of failed indexes",
        ));
    }
    let completions = object::number(spec, "/completions").unwrap_or(0);
    (failed + count.succeeded >= completions)
        .then(|| Interim::failure("FailedIndexes", "Job has failed indexes"))
}

fn success_policy(spec: &Value, count: &Count) -> Option<Interim> {
    let rules = object::list(spec, "/successPolicy/rules");
    let position = rules.iter().position(|rule| {
        let wanted = rule
            .get("succeededIndexes")
            .and_then(Value::as_str)
            .and_then(indexes::parse);
        let met = match &wanted {
            Some(wanted) => wanted.intersection(&count.completed).count(),
            None => count.completed.len(),
        };
        match (object::number(rule, "/succeededCount"), &wanted) {
            (Some(number), _) => i64::try_from(met).is_ok_and(|met| met >= number),
            (None, Some(wanted)) => met == wanted.len(),
            (None, None) => false,
        }
    })?;
    Some(Interim::success(
        "SuccessPolicy",
        &format!("Matched rules at index {position}"),
    ))
}

/// Creates or deletes pods until as many are active as the spec wants.
fn manage(
    store: &mut Store,
    shared: &Shared,
    due: &mut Due,
    job: &Value,
    count: &mut Count,
    backoff: Backoff,
    suspended: bool,
) {
    let spec = &job["spec"];
    let active = i64::try_from(count.active.len()).unwrap_or(i64::MAX);
    let parallelism = object::number(spec, "/parallelism").unwrap_or(1);
    let wanted = match object::number(spec, "/completions") {
        _ if suspended => 0,
        None if count.succeeded > 0 => active,
        None => parallelism,
        Some(completions) => {
            let failed = i64::try_from(count.failed_indexes.len()).unwrap_or(i64::MAX);
            parallelism
                .min(completions - count.succeeded - failed)
                .max(0)
        }
    };
    if active > wanted {
        // Those that have done least go first.
        count
            .active
            .sort_by_key(|pod| object::text(pod, "/status/phase") == "Running");
        let surplus: Vec<Arc<Value>> = count
            .active
            .drain(..usize::try_from(active - wanted).unwrap_or(0))
            .collect();
        for pod in surplus {
            // Not a failure: it is no longer tracked when it goes.
            job_pods::untrack(store, &pod);
            job_pods::delete(store, job, &pod);
            count.terminating += 1;
        }
        return;
    }
    let waits = object::text(spec, "/podReplacementPolicy") == "Failed";
    let missing = wanted - active - if waits { count.terminating } else { 0 };
    if missing <= 0 {
        return;
    }
    let wait = backoff.wait(shared.options.pod_backoff);
    if !wait.is_zero() {
        return due.after(wait);
    }
    let free: Vec<Option<u32>> = if job_pods::indexed(job) {
        let taken: BTreeSet<u32> = count
            .active
            .iter()
            .filter_map(|pod| job_pods::index(pod))
            .collect();
        let completions =
            u32::try_from(object::number(spec, "/completions").unwrap_or(0)).unwrap_or(0);
        (0..completions)
            .filter(|index| {
                !taken.contains(index)
                    && !count.completed.contains(index)
                    && !count.failed_indexes.contains(index)
            })
            .map(Some)
            .collect()
    } else {
        vec![None; usize::try_from(missing.min(500)).unwrap_or(0)]
    };
    for index in free
        .into_iter()
        .take(usize::try_from(missing.min(500)).unwrap_or(0))
    {
        if let Some(pod) = job_pods::create(store, job, index) {
            count.active.push(pod);
        }
    }
}

fn write_status(job: &mut Value, count: &Count) {
    let indexed = job_pods::indexed(job);
    let per_index = job["spec"]
        .get("backoffLimitPerIndex")
        .is_some_and(|limit| !limit.is_null());
    let ready = count
        .active
        .iter()
        .filter(|pod| object::condition_true(pod, "Ready"))
        .count();
    let status = object::entry(job, "status");
    let mut set = |key: &str, value: i64, always: bool| {
        if value > 0 || always {
            status.insert(key.to_owned(), json!(value));
        } else {
            status.shift_remove(key);
        }
    };
    set(
        "active",
        i64::try_from(count.active.len()).unwrap_or(i64::MAX),
        false,
    );
    set("succeeded", count.succeeded, false);
    set("failed", count.failed, false);
    set("terminating", count.terminating, true);
    set("ready", i64::try_from(ready).unwrap_or(i64::MAX), true);
    status.insert("uncountedTerminatedPods".to_owned(), json!({}));
    if indexed {
        let text = indexes::write(&count.completed);
        if text.is_empty() {
            status.shift_remove("completedIndexes");
        } else {
            status.insert("completedIndexes".to_owned(), json!(text));
        }
        if per_index {
            status.insert(
                "failedIndexes".to_owned(),
                json!(indexes::write(&count.failed_indexes)),
            );
        }
    }
}
