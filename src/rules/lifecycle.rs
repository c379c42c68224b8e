//! Jobs that hold their slot, are more than one pod, or lose their work.

use super::Subject;
use super::place::{field, number, text};
use crate::api::{DEFAULT_MAX_REPLICA_COUNT, Dialect};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity, Span};
use crate::manifest::Entry;

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &EVICTABLE,
    &MANY_PODS,
    &NEVER_STARTS,
    &NO_DEADLINE,
    &NO_RESTART,
    &TTL_BESIDE_HISTORY,
];

static EVICTABLE: Rule = Rule {
    id: "evictable",
    severity: Severity::Note,
    summary: "autoscalers of nodes may evict the pods of a long Job",
    doc: Doc {
        what: "Jobs are long (`activeDeadlineSeconds` of half an hour or more, or `terminationGracePeriodSeconds` of five minutes or more), and the pod \
               template has neither of the annotations `cluster-autoscaler.kubernetes.io/safe-to-evict` and `karpenter.sh/do-not-disrupt`.",
        why: "When a node is to be removed because it is little used, the pod is evicted and its work starts anew.",
        example: "jobTargetRef:\n  activeDeadlineSeconds: 7200",
        fix: "Set `safe-to-evict: \"false\"` or `do-not-disrupt: \"true\"` on the pod template, or `safe-to-evict: \"true\"` where that is no harm.",
        source: "Documentation of Cluster Autoscaler and Karpenter",
    },
};

static MANY_PODS: Rule = Rule {
    id: "many-pods",
    severity: Severity::Warning,
    summary: "a Job of several pods counts as one",
    doc: Doc {
        what: "`parallelism` or `completions` is greater than 1.",
        why: "Triggers and maxReplicaCount count Jobs: one Job for each target of waiting work, however many pods it has. With parallelism 4 and \
              maxReplicaCount 25 up to 100 pods run, and each item gets a Job of 4 pods.",
        example: "jobTargetRef:\n  parallelism: 4",
        fix: "Leave both out for one pod a Job, or raise the trigger's target to the items that all pods of a Job take.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, getRunningJobCount",
    },
};

static NEVER_STARTS: Rule = Rule {
    id: "never-starts",
    severity: Severity::Warning,
    summary: "the Jobs start no pod by themselves",
    doc: Doc {
        what: "`suspend: true` or `parallelism: 0`, without the label of Kueue, which resumes Jobs.",
        why: "The Job is created and waits for somebody to change it. It counts against maxReplicaCount all the time, so that soon none are \
              created.",
        example: "jobTargetRef:\n  suspend: true",
        fix: "Remove it, or leave the Jobs to a controller that resumes them.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, getRunningJobCount; Kubernetes batch/v1 JobSpec",
    },
};

static NO_DEADLINE: Rule = Rule {
    id: "no-deadline",
    severity: Severity::Note,
    summary: "a Job that hangs keeps its slot for ever",
    doc: Doc {
        what: "Neither the Job nor its pod has `activeDeadlineSeconds`.",
        why: "A Job whose pod cannot be scheduled, cannot pull its image or hangs is never finished and counts against maxReplicaCount until \
              somebody deletes it.",
        example: "jobTargetRef:\n  template:\n    spec:\n      restartPolicy: Never",
        fix: "Set `jobTargetRef.activeDeadlineSeconds` to the longest time that a Job may take, waiting and retries included.",
        source: "Kubernetes batch/v1 JobSpec; KEDA issue 5264",
    },
};

static NO_RESTART: Rule = Rule {
    id: "no-restart",
    severity: Severity::Warning,
    summary: "restartPolicy OnFailure never restarts because backoffLimit is 0",
    doc: Doc {
        what: "`restartPolicy: OnFailure` is written beside `backoffLimit: 0`.",
        why: "The first failure ends the Job, and with `OnFailure` its pod is deleted then, and its logs with it.",
        example: "jobTargetRef:\n  backoffLimit: 0\n  template:\n    spec:\n      restartPolicy: OnFailure",
        fix: "Write `restartPolicy: Never`, which keeps the failed pod, or a `backoffLimit` above 0.",
        source: "Kubernetes documentation of Jobs, Pod backoff failure policy",
    },
};

static TTL_BESIDE_HISTORY: Rule = Rule {
    id: "ttl-beside-history",
    severity: Severity::Note,
    summary: "ttlSecondsAfterFinished and the history limits both delete finished Jobs",
    doc: Doc {
        what: "`ttlSecondsAfterFinished` and at least one history limit above 0 are written.",
        why: "Whichever comes first deletes the Job: after the time no finished Job is there, however many the history is to keep.",
        example: "spec:\n  failedJobsHistoryLimit: 10\n  jobTargetRef:\n    ttlSecondsAfterFinished: 60",
        fix: "Keep one of the two.",
        source: "Kubernetes TTL-after-finished controller; KEDA pkg/scaling/executor/scale_jobs.go, cleanUp",
    },
};

/// From so many seconds on a deadline says that Jobs are long.
const LONG_DEADLINE: i64 = 1800;
/// From so many seconds on a grace period says that work is worth finishing.
const LONG_GRACE: i64 = 300;
const SAFE_TO_EVICT: &str = "cluster-autoscaler.kubernetes.io/safe-to-evict";
const DO_NOT_DISRUPT: &str = "karpenter.sh/do-not-disrupt";
/// Kueue suspends and resumes the Jobs that carry it.
const KUEUE: &str = "kueue.x-k8s.io/queue-name";

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    if subject.job.dialect != Dialect::V2 {
        return;
    }
    let (Some(job), Some(pod)) = (subject.job_spec(), subject.pod()) else {
        return;
    };
    let deadline = [job, pod]
        .into_iter()
        .find_map(|entry| field(&entry.value, "activeDeadlineSeconds"));
    if deadline.is_none() {
        found.push(
            subject
                .finding(
                    &NO_DEADLINE,
                    "a Job that hangs keeps its slot for ever",
                    job.key_span,
                    "has no activeDeadlineSeconds",
                )
                .help(
                    "set it to the longest time that a Job may take, waiting and retries included",
                ),
        );
    }
    many_pods(subject, job, found);
    never_starts(subject, job, found);
    no_restart(subject, job, pod, found);
    ttl(subject, job, found);
    if let Some((span, label)) = long(subject)
        && [SAFE_TO_EVICT, DO_NOT_DISRUPT]
            .into_iter()
            .all(|key| template_annotation(subject, key).is_none())
    {
        found.push(
            subject
                .finding(
                    &EVICTABLE,
                    "autoscalers of nodes may evict the pods of these long Jobs",
                    span,
                    label,
                )
                .help(format!(
                    "annotate the pod template with `{SAFE_TO_EVICT}: \"false\"` or `{DO_NOT_DISRUPT}: \"true\"`"
                )),
        );
    }
}

/// What says that the Jobs of this object are long.
pub(super) fn long(subject: &Subject<'_>) -> Option<(Span, String)> {
    let job = subject.job_spec()?;
    let pod = subject.pod()?;
    for (entry, name, least, label) in [
        (
            job,
            "activeDeadlineSeconds",
            LONG_DEADLINE,
            "so long may a Job take",
        ),
        (
            pod,
            "activeDeadlineSeconds",
            LONG_DEADLINE,
            "so long may a pod take",
        ),
        (
            pod,
            "terminationGracePeriodSeconds",
            LONG_GRACE,
            "so long may a pod go on when it is told to stop",
        ),
    ] {
        if let Some(found) = field(&entry.value, name)
            && found.value.as_i64().is_some_and(|seconds| seconds >= least)
        {
            return Some((found.value.span, label.to_owned()));
        }
    }
    None
}

/// What says that the pods of this object must not be disturbed.
pub(super) fn is_protected(subject: &Subject<'_>) -> Option<(Span, String)> {
    [(SAFE_TO_EVICT, "false"), (DO_NOT_DISRUPT, "true")]
        .into_iter()
        .find_map(|(key, value)| {
            let entry = template_annotation(subject, key)?;
            let label = "says that pods must not be disturbed".to_owned();
            (entry.value.as_str() == Some(value)).then_some((entry.key_span, label))
        })
}

fn template_annotation<'a>(subject: &Subject<'a>, key: &str) -> Option<&'a Entry> {
    field(&subject.template_metadata("annotations")?.value, key)
}

fn many_pods(subject: &Subject<'_>, job: &Entry, found: &mut Vec<Diagnostic>) {
    let maximum = subject
        .job
        .max_replica_count
        .unwrap_or(DEFAULT_MAX_REPLICA_COUNT);
    let parallelism = field(&job.value, "parallelism");
    let completions = field(&job.value, "completions");
    let above_one = |entry: Option<&'_ Entry>| {
        entry
            .and_then(|entry| entry.value.as_i64())
            .filter(|count| *count > 1)
    };
    let (entry, message, label) = match (above_one(parallelism), above_one(completions)) {
        (Some(count), _) => (
            parallelism,
            format!("a Job of {count} pods counts as one Job"),
            format!(
                "maxReplicaCount {maximum} allows {} pods",
                count.saturating_mul(maximum)
            ),
        ),
        (None, Some(count)) => (
            completions,
            format!("a Job of {count} pods counts as one Job"),
            "so many pods have to succeed for each Job".to_owned(),
        ),
        (None, None) => return,
    };
    let Some(entry) = entry else { return };
    found.push(
        subject
            .finding(&MANY_PODS, message, entry.value.span, label)
            .help("leave it out for one pod a Job, or raise the trigger's target to what all pods of a Job take"),
    );
}

fn never_starts(subject: &Subject<'_>, job: &Entry, found: &mut Vec<Diagnostic>) {
    if subject.job.labels.contains_key(KUEUE) || field(&job.value, "managedBy").is_some() {
        return;
    }
    let suspend = field(&job.value, "suspend").filter(|entry| entry.value.as_bool() == Some(true));
    let nothing = field(&job.value, "parallelism").filter(|entry| entry.value.as_i64() == Some(0));
    if let Some(entry) = suspend.or(nothing) {
        found.push(
            subject
                .finding(
                    &NEVER_STARTS,
                    "the Jobs of this object start no pod by themselves",
                    entry.value.span,
                    "each holds a slot of maxReplicaCount until somebody changes it",
                )
                .help("remove it, unless a controller resumes the Jobs"),
        );
    }
}

fn no_restart(subject: &Subject<'_>, job: &Entry, pod: &Entry, found: &mut Vec<Diagnostic>) {
    let Some(limit) = field(&job.value, "backoffLimit") else {
        return;
    };
    if number(&job.value, "backoffLimit") == Some(0)
        && text(&pod.value, "restartPolicy") == Some("OnFailure")
        && let Some(policy) = field(&pod.value, "restartPolicy")
    {
        found.push(
            subject
                .finding(
                    &NO_RESTART,
                    "`OnFailure` restarts nothing when `backoffLimit` is 0",
                    policy.value.span,
                    "and the failed pod is deleted, with its logs",
                )
                .related(subject.at(limit.value.span, "no second try"))
                .help("write `Never`, which keeps the failed pod, or raise `backoffLimit`"),
        );
    }
}

fn ttl(subject: &Subject<'_>, job: &Entry, found: &mut Vec<Diagnostic>) {
    let Some(ttl) = field(&job.value, "ttlSecondsAfterFinished") else {
        return;
    };
    let history = ["failedJobsHistoryLimit", "successfulJobsHistoryLimit"]
        .into_iter()
        .filter_map(|name| subject.spec_field(name))
        .find(|entry| entry.value.as_i64().is_some_and(|limit| limit > 0));
    if let Some(history) = history {
        found.push(
            subject
                .finding(
                    &TTL_BESIDE_HISTORY,
                    "finished Jobs are deleted after this time, and beyond the history limit; whichever comes first",
                    ttl.value.span,
                    "seconds",
                )
                .related(subject.at(history.key_span, "keeps them no longer than that"))
                .help("keep one of the two"),
        );
    }
}
