//! A Job that the API server refuses: the fields of `jobTargetRef` itself. [semantics §7.1]

use super::Subject;
use super::place::{each, field, number, text};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity};
use crate::manifest::Node;

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &COMPLETION_MODE,
    &INDEX_LIMITS,
    &INDEXED_NAME,
    &MANAGED_BY,
    &NEEDS_INDEXED,
    &OUT_OF_RANGE,
    &RESTART_POLICY,
];

static COMPLETION_MODE: Rule = Rule {
    id: "completion-mode",
    severity: Severity::Error,
    summary: "completionMode is unknown, or Indexed without completions",
    doc: Doc {
        what: "`completionMode` is neither `NonIndexed` nor `Indexed`, or it is `Indexed` and only `parallelism` is written. With neither of \
               `parallelism` and `completions` both are 1.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "jobTargetRef:\n  completionMode: Indexed\n  parallelism: 3",
        fix: "Write how many indexes a Job has in `completions`, or remove `completionMode`.",
        source: "Kubernetes pkg/apis/batch/validation, validateJobSpec",
    },
};

static INDEX_LIMITS: Rule = Rule {
    id: "index-limits",
    severity: Severity::Error,
    summary: "the numbers of an Indexed Job do not fit each other",
    doc: Doc {
        what: "`maxFailedIndexes` is written without `backoffLimitPerIndex`, is greater than `completions` or than 100000; `parallelism` is \
               greater than 100000; or a Job of more than 100000 indexes with `backoffLimitPerIndex` lacks a `maxFailedIndexes` of at most \
               10000 or has a `parallelism` above 10000.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "jobTargetRef:\n  completionMode: Indexed\n  completions: 3\n  backoffLimitPerIndex: 1\n  maxFailedIndexes: 5",
        fix: "Lower the number that the finding names, or add the field that it asks for.",
        source: "Kubernetes pkg/apis/batch/validation, validateJobSpec",
    },
};

static INDEXED_NAME: Rule = Rule {
    id: "indexed-name",
    severity: Severity::Warning,
    summary: "the name of the object is too long, or has a dot, for an Indexed Job",
    doc: Doc {
        what: "KEDA names a Job after the object plus six characters, and an Indexed Job adds the index to make host names of its pods: \
               these would be longer than 63 characters, or hold a dot.",
        why: "The API server refuses KEDA's Jobs. keda-jobs shortens the name and turns dots into dashes.",
        example: "metadata:\n  name: orders.eu\nspec:\n  jobTargetRef:\n    completionMode: Indexed\n    completions: 3",
        fix: "Give the object a shorter name without dots.",
        source: "Kubernetes pkg/apis/batch/validation, ValidateJob; KEDA pkg/scaling/executor/scale_jobs.go (generateName)",
    },
};

static MANAGED_BY: Rule = Rule {
    id: "managed-by",
    severity: Severity::Error,
    summary: "managedBy is no domain-prefixed path of at most 63 characters",
    doc: Doc {
        what: "`managedBy` names the controller that runs the Job, as a path behind a domain such as `kueue.x-k8s.io/multikueue`.",
        why: "The API server refuses every Job with another text.",
        example: "jobTargetRef:\n  managedBy: kueue",
        fix: "Write the name that the controller's documentation gives, or remove the field.",
        source: "Kubernetes pkg/apis/batch/validation, validateJobSpec (IsDomainPrefixedPath)",
    },
};

static NEEDS_INDEXED: Rule = Rule {
    id: "needs-indexed",
    severity: Severity::Error,
    summary: "a field that only an Indexed Job may have",
    doc: Doc {
        what: "`backoffLimitPerIndex`, `maxFailedIndexes` or `successPolicy` is written and `completionMode` is not `Indexed`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "jobTargetRef:\n  backoffLimitPerIndex: 1",
        fix: "Add `completionMode: Indexed` and `completions`, or use `backoffLimit`.",
        source: "Kubernetes pkg/apis/batch/validation, validateJobSpec",
    },
};

pub(super) static OUT_OF_RANGE: Rule = Rule {
    id: "out-of-range",
    severity: Severity::Error,
    summary: "a number of the Job or its pods that the API server refuses",
    doc: Doc {
        what: "A number is below what its field takes: counts, deadlines, delays and limits of a Job cannot be negative, and a pod's own \
               deadline is at least 1 second; or the number of a user or group is not in 0 to 2147483647.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "jobTargetRef:\n  backoffLimit: -1",
        fix: "Write a number in the range, or remove the field to get its default.",
        source: "Kubernetes pkg/apis/batch/validation and pkg/apis/core/validation",
    },
};

static RESTART_POLICY: Rule = Rule {
    id: "restart-policy",
    severity: Severity::Error,
    summary: "a restartPolicy that a Job cannot have",
    doc: Doc {
        what: "The pod template's `restartPolicy` is neither `OnFailure` nor `Never`, or it is not `Never` beside a `podFailurePolicy`. KEDA \
               writes `OnFailure` when it is left out.",
        why: "The API server refuses every Job. KEDA's CRD does not look inside the template, so that the ScaledJob is accepted and fails at \
              each poll.",
        example: "template:\n  spec:\n    restartPolicy: Always",
        fix: "Write `OnFailure` to restart a failed container in its pod, `Never` to start a new pod.",
        source: "Kubernetes pkg/apis/batch/validation, validateJobSpec",
    },
};

/// The most parallel pods and failed indexes of an Indexed Job; from there on `LIMITED` holds too.
const MOST_INDEXES: i64 = 100_000;
/// The most of both beside a limit per index when there are more than [`MOST_INDEXES`] indexes.
const LIMITED: i64 = 10_000;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    ranges(subject, found);
    restart_policy(subject, found);
    let Some(job) = subject.job_spec().map(|entry| &entry.value) else {
        return;
    };
    mode(subject, job, found);
    managed_by(subject, job, found);
}

/// Fields of the Job, and of its pod, with the least number that they take.
static JOB_RANGES: &[(&str, i64)] = &[
    ("parallelism", 0),
    ("completions", 0),
    ("activeDeadlineSeconds", 0),
    ("backoffLimit", 0),
    ("ttlSecondsAfterFinished", 0),
    ("backoffLimitPerIndex", 0),
    ("maxFailedIndexes", 0),
];
static POD_RANGES: &[(&[&str], i64)] = &[
    (&["activeDeadlineSeconds"], 1),
    (&["topologySpreadConstraints", "*", "maxSkew"], 1),
];
static PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];
static PROBE_RANGES: &[(&str, i64)] = &[
    ("initialDelaySeconds", 0),
    ("timeoutSeconds", 0),
    ("periodSeconds", 0),
    ("successThreshold", 0),
    ("failureThreshold", 0),
    ("terminationGracePeriodSeconds", 1),
];

fn ranges(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let mut report = |node: &Node, path: &[&str], least: i64| {
        each(node, path, &mut |entry| {
            if let Some(value) = entry.value.as_i64().filter(|value| *value < least) {
                found.push(subject.finding(
                    &OUT_OF_RANGE,
                    format!("`{}` is {value}", entry.key),
                    entry.value.span,
                    format!("expected at least {least}"),
                ));
            }
        });
    };
    if let Some(job) = subject.job_spec() {
        for (name, least) in JOB_RANGES {
            report(&job.value, &[name], *least);
        }
    }
    let Some(pod) = subject.pod() else { return };
    for (path, least) in POD_RANGES {
        report(&pod.value, path, *least);
    }
    for (_, container) in subject.containers() {
        for probe in PROBES {
            if let Some(probe) = field(container, probe) {
                for (name, least) in PROBE_RANGES {
                    report(&probe.value, &[name], *least);
                }
            }
        }
    }
}

fn restart_policy(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(pod) = subject.pod() else { return };
    let failure_policy = subject
        .job_spec()
        .and_then(|job| field(&job.value, "podFailurePolicy"));
    let policy = field(&pod.value, "restartPolicy")
        .filter(|policy| policy.value.as_str().is_none_or(|text| !text.is_empty()));
    let Some(policy) = policy else {
        if let Some(failure_policy) = failure_policy {
            found.push(
                subject
                    .finding(
                        &RESTART_POLICY,
                        "a podFailurePolicy needs `restartPolicy: Never`, and KEDA writes OnFailure where it is left out",
                        pod.key_span,
                        "has no restartPolicy",
                    )
                    .related(subject.at(failure_policy.key_span, "asks for Never"))
                    .help("add `restartPolicy: Never`"),
            );
        }
        return;
    };
    match policy.value.as_str() {
        Some("Always") => {
            let diagnostic = subject.finding(
                &RESTART_POLICY,
                "the pods of a Job cannot have `restartPolicy: Always`",
                policy.value.span,
                "the API server refuses every Job",
            );
            found.push(match failure_policy {
                Some(_) => diagnostic.fix(subject.replace(policy.value.span, "Never")),
                None => diagnostic.help(
                    "write `OnFailure` to restart a failed container in its pod, `Never` to start a new pod",
                ),
            });
        }
        Some("OnFailure") => {
            if let Some(failure_policy) = failure_policy {
                found.push(
                    subject
                        .finding(
                            &RESTART_POLICY,
                            "a podFailurePolicy needs `restartPolicy: Never`",
                            policy.value.span,
                            "the API server refuses every Job",
                        )
                        .related(subject.at(failure_policy.key_span, "asks for Never"))
                        .fix(subject.replace(policy.value.span, "Never")),
                );
            }
        }
        Some("Never") | None => {}
        Some(_) => {
            found.push(subject.no_such_word(&RESTART_POLICY, policy, &["OnFailure", "Never"]));
        }
    }
}

fn mode(subject: &Subject<'_>, job: &Node, found: &mut Vec<Diagnostic>) {
    let mode = field(job, "completionMode");
    match mode.and_then(|mode| mode.value.as_str()) {
        Some("Indexed") => {
            // With neither of the two, both default to 1.
            let is_missing =
                field(job, "completions").is_none() && field(job, "parallelism").is_some();
            if let Some(mode) = mode.filter(|_| is_missing) {
                found.push(
                    subject
                        .finding(
                            &COMPLETION_MODE,
                            "an Indexed Job needs `completions`",
                            mode.value.span,
                            "the API server refuses every Job",
                        )
                        .help("`completions` says how many indexes a Job has"),
                );
            }
            index_limits(subject, job, found);
            indexed_name(subject, job, found);
        }
        Some("NonIndexed") => needs_indexed(subject, job, found),
        Some(_) => {
            let mode = mode.expect("its text was just read");
            found.push(subject.no_such_word(&COMPLETION_MODE, mode, &["NonIndexed", "Indexed"]));
        }
        // Of another type: said elsewhere.
        None if mode.is_some() => {}
        None => needs_indexed(subject, job, found),
    }
}

fn needs_indexed(subject: &Subject<'_>, job: &Node, found: &mut Vec<Diagnostic>) {
    for name in ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"] {
        if let Some(entry) = field(job, name) {
            found.push(
                subject
                    .finding(
                        &NEEDS_INDEXED,
                        format!("only a Job with `completionMode: Indexed` may have `{name}`"),
                        entry.key_span,
                        "the API server refuses every Job",
                    )
                    .help(if name == "successPolicy" {
                        "add `completionMode: Indexed` and `completions`, or remove it"
                    } else {
                        "add `completionMode: Indexed` and `completions`, or use `backoffLimit`"
                    }),
            );
        }
    }
}

fn index_limits(subject: &Subject<'_>, job: &Node, found: &mut Vec<Diagnostic>) {
    let completions = number(job, "completions");
    let per_index = field(job, "backoffLimitPerIndex");
    let most_failed = field(job, "maxFailedIndexes");
    let many = per_index.is_some() && completions.is_some_and(|number| number > MOST_INDEXES);
    let most = if many { LIMITED } else { MOST_INDEXES };
    let mut report = |span, message: String, label: String| {
        found.push(subject.finding(&INDEX_LIMITS, message, span, label));
    };
    if let Some(parallelism) = field(job, "parallelism")
        && parallelism.value.as_i64().is_some_and(|value| value > most)
    {
        report(
            parallelism.value.span,
            "too many parallel pods for an Indexed Job".to_owned(),
            format!("expected at most {most}"),
        );
    }
    match most_failed {
        Some(entry) => {
            if per_index.is_none() {
                report(
                    entry.key_span,
                    "`maxFailedIndexes` needs `backoffLimitPerIndex`".to_owned(),
                    "the API server refuses every Job".to_owned(),
                );
            }
            let most = completions.map_or(most, |completions| most.min(completions.max(0)));
            if entry.value.as_i64().is_some_and(|value| value > most) {
                report(
                    entry.value.span,
                    "`maxFailedIndexes` is greater than the Job allows".to_owned(),
                    format!("expected at most {most}"),
                );
            }
        }
        None if many => {
            let span = field(job, "completions").map_or(job.span, |entry| entry.value.span);
            report(
                span,
                format!(
                    "more than {MOST_INDEXES} indexes with `backoffLimitPerIndex` need `maxFailedIndexes`"
                ),
                format!("add a `maxFailedIndexes` of at most {LIMITED}"),
            );
        }
        None => {}
    }
}

fn indexed_name(subject: &Subject<'_>, job: &Node, found: &mut Vec<Diagnostic>) {
    let name = &subject.job.name;
    let Some(completions) = number(job, "completions").filter(|number| *number > 0) else {
        return;
    };
    let index = (completions - 1).to_string();
    // generateName: `<name>-` is cut to 58 characters and gets 5 more. [apiserver storage/names]
    let longest = (name.len() + 1).min(58) + 5 + 1 + index.len();
    let why = if name.contains('.') {
        "a host name has no dots".to_owned()
    } else if longest > 63 {
        format!("the host name of pod {index} would have {longest} characters, and 63 is the most")
    } else {
        return;
    };
    let Some(entry) = subject.metadata_field("name") else {
        return;
    };
    let mut diagnostic = subject
        .finding(
            &INDEXED_NAME,
            "the API server refuses the Indexed Jobs that KEDA makes of this name",
            entry.value.span,
            why,
        )
        .help("keda-jobs shortens the name and turns dots into dashes; for KEDA rename the object");
    if let Some(mode) = field(job, "completionMode") {
        diagnostic = diagnostic.related(subject.at(mode.value.span, "adds the index to the name"));
    }
    found.push(diagnostic);
}

fn managed_by(subject: &Subject<'_>, job: &Node, found: &mut Vec<Diagnostic>) {
    let Some(manager) = text(job, "managedBy") else {
        return;
    };
    let is_path = manager.split_once('/').is_some_and(|(domain, path)| {
        crate::api::names::is_dns_subdomain(domain) && !path.is_empty()
    });
    if is_path && manager.len() <= crate::api::names::MOST {
        return;
    }
    let span = field(job, "managedBy").map_or(job.span, |entry| entry.value.span);
    found.push(subject.finding(
        &MANAGED_BY,
        format!("`{manager}` cannot be the manager of a Job"),
        span,
        "expected a path behind a domain, such as `acme.io/foo`, at most 63 characters",
    ));
}
