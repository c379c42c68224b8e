//! Counts, limits and percentages.

use super::Subject;
use super::place::field;
use crate::api::go::parse_float;
use crate::api::{Dialect, Strategy};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &CUSTOM_ABOVE_MAX,
    &CUSTOM_IGNORED,
    &CUSTOM_PERCENTAGE,
    &HISTORY_LIMIT,
    &MIN_ABOVE_MAX,
    &MIN_WITHOUT_MAX,
    &NEGATIVE_DEDUCTION,
    &POLLING_TOO_FAST,
];

static CUSTOM_ABOVE_MAX: Rule = Rule {
    id: "custom-above-max",
    severity: Severity::Note,
    summary: "with the strategy custom KEDA can pass maxReplicaCount",
    doc: Doc {
        what: "The strategy is `custom` with a `customScalingRunningJobPercentage` below 1.",
        why: "`custom` subtracts only a share of the running Jobs, and holds the Jobs of one poll to the maximum, not all Jobs: with 8 running, a \
              maximum of 10 and a percentage of 0, a long queue adds 10 more. keda-jobs never passes maxReplicaCount.",
        example: "maxReplicaCount: 10\nscalingStrategy:\n  strategy: custom\n  customScalingRunningJobPercentage: \"0.5\"",
        fix: "Reckon with up to twice the maximum in KEDA, or use `default` or `accurate`, which hold it.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, customScalingStrategy",
    },
};

static CUSTOM_IGNORED: Rule = Rule {
    id: "custom-ignored",
    severity: Severity::Warning,
    summary: "a field of the strategy custom is written and another strategy is used",
    doc: Doc {
        what: "`customScalingQueueLengthDeduction` or `customScalingRunningJobPercentage` is written, and `strategy` is not `custom`.",
        why: "Only `custom` reads them; they have no effect.",
        example: "scalingStrategy:\n  customScalingQueueLengthDeduction: 1",
        fix: "Write `strategy: custom`, or remove the field.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, NewScalingStrategy",
    },
};

static CUSTOM_PERCENTAGE: Rule = Rule {
    id: "custom-percentage",
    severity: Severity::Error,
    summary: "customScalingRunningJobPercentage is missing, no number, or out of range",
    doc: Doc {
        what: "With the strategy `custom` the text of `customScalingRunningJobPercentage` is read as a number between 0 and 1. It is missing or does \
               not parse, or is not finite, negative, or greater than 1.",
        why: "A text that is missing or does not parse turns the strategy into `default` without a word, and the deduction is not read. With \
              `Inf` and `NaN` no Job is ever created. Below 0 every running Job asks for more Jobs; above 1 each counts more than once.",
        example: "scalingStrategy:\n  strategy: custom\n  customScalingRunningJobPercentage: \"50%\"",
        fix: "Write a number such as \"0.5\".",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, NewScalingStrategy (strconv.ParseFloat)",
    },
};

static HISTORY_LIMIT: Rule = Rule {
    id: "history-limit",
    severity: Severity::Warning,
    summary: "failed Jobs are deleted at once, or thousands of finished Jobs are kept",
    doc: Doc {
        what: "`failedJobsHistoryLimit` is 0, or a history limit is above 1000 and no `ttlSecondsAfterFinished` removes Jobs earlier.",
        why: "With 0 a failed Job goes on the next poll, with its pods, logs and events. Thousands of finished Jobs and their pods fill the \
              cluster's database, and KEDA and keda-jobs read them all at each poll.",
        example: "spec:\n  failedJobsHistoryLimit: 0",
        fix: "Keep a few failed Jobs, and no more than people will look at.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, cleanUp; KEDA issue 829",
    },
};

static MIN_ABOVE_MAX: Rule = Rule {
    id: "min-above-max",
    severity: Severity::Error,
    summary: "minReplicaCount is greater than maxReplicaCount",
    doc: Doc {
        what: "Both are written, and the minimum is greater than the maximum.",
        why: "KEDA keeps maxReplicaCount Jobs for the minimum and lets the triggers add up to maxReplicaCount more: up to twice the maximum \
              (in 2.8 to 2.10: the triggers add none). keda-jobs never passes maxReplicaCount.",
        example: "spec:\n  minReplicaCount: 10\n  maxReplicaCount: 5",
        fix: "Write a minReplicaCount that is at most maxReplicaCount.",
        source: "KEDA apis/keda/v1alpha1/scaledjob_types.go, MinReplicaCount and MaxReplicaCount",
    },
};

static MIN_WITHOUT_MAX: Rule = Rule {
    id: "min-without-max",
    severity: Severity::Warning,
    summary: "minReplicaCount is written without maxReplicaCount",
    doc: Doc {
        what: "`minReplicaCount` is above 0 and `maxReplicaCount` is left at its default of 100.",
        why: "KEDA takes the minimum off a maximum that is written, and not off the default: the triggers may add 100 Jobs to the minimum.",
        example: "spec:\n  minReplicaCount: 5",
        fix: "Write maxReplicaCount.",
        source: "KEDA apis/keda/v1alpha1/scaledjob_types.go, MaxReplicaCount",
    },
};

static NEGATIVE_DEDUCTION: Rule = Rule {
    id: "negative-deduction",
    severity: Severity::Warning,
    summary: "customScalingQueueLengthDeduction is negative",
    doc: Doc {
        what: "The strategy is `custom` and the deduction is below 0.",
        why: "It is subtracted, so that a negative one adds Jobs for which there is no work.",
        example: "scalingStrategy:\n  strategy: custom\n  customScalingQueueLengthDeduction: -2\n  customScalingRunningJobPercentage: \"0.5\"",
        fix: "Write 0 or more; minReplicaCount keeps Jobs without work.",
        source: "KEDA pkg/scaling/executor/scale_jobs.go, customScalingStrategy",
    },
};

static POLLING_TOO_FAST: Rule = Rule {
    id: "polling-too-fast",
    severity: Severity::Warning,
    summary: "a source that limits requests is asked very often",
    doc: Doc {
        what: "`pollingInterval` is below 30 seconds, and a trigger is `github-runner`.",
        why: "Each poll asks GitHub for the workflow runs of every repository and for their jobs, and GitHub allows some thousand requests an \
              hour. When they are spent the trigger fails, and no Job is created until the hour is over.",
        example: "spec:\n  pollingInterval: 5\n  triggers:\n    - type: github-runner",
        fix: "Poll every 30 seconds or slower; name the repositories in `repos`.",
        source: "KEDA documentation of the GitHub runner scaler; GitHub's documentation of REST rate limits",
    },
};

/// More finished Jobs of one outcome than anybody looks at.
const LARGE_HISTORY: i32 = 1000;
/// Seconds between two polls of a source with a limit of requests.
const GENTLE: i32 = 30;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    minimum(subject, found);
    if subject.job.dialect == Dialect::V2 {
        custom(subject, found);
        history(subject, found);
    }
    polling(subject, found);
}

fn minimum(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(minimum) = subject.job.min_replica_count else {
        return;
    };
    let Some(maximum) = subject.job.max_replica_count else {
        let is_written = subject.spec_field("maxReplicaCount").is_some();
        if let Some(entry) = subject
            .spec_field("minReplicaCount")
            .filter(|_| minimum > 0 && !is_written)
        {
            found.push(
                subject
                    .finding(
                        &MIN_WITHOUT_MAX,
                        "`minReplicaCount` without `maxReplicaCount`",
                        entry.value.span,
                        format!(
                            "KEDA lets up to {} Jobs run then",
                            minimum.saturating_add(100)
                        ),
                    )
                    .help("write `maxReplicaCount`: the minimum is taken off one that is written, not off the default of 100"),
            );
        }
        return;
    };
    if minimum > maximum {
        let message =
            format!("minReplicaCount {minimum} is greater than maxReplicaCount {maximum}");
        let label = subject.label(&["spec", "minReplicaCount"], "");
        let related = subject.label(&["spec", "maxReplicaCount"], "the maximum");
        found.push(
            Diagnostic::new(&MIN_ABOVE_MAX, message, label)
                .related(related)
                .help(format!(
                    "KEDA lets up to {} Jobs run then; keda-jobs stops at {maximum}",
                    maximum.saturating_mul(2)
                )),
        );
    }
}

fn custom(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(strategy) = subject.strategy() else {
        return;
    };
    let written = field(strategy, "strategy");
    let deduction = field(strategy, "customScalingQueueLengthDeduction");
    let percentage = field(strategy, "customScalingRunningJobPercentage");
    if subject.job.scaling_strategy.strategy != Strategy::Custom {
        // A misspelt strategy has a finding of its own.
        let is_known = written.is_none_or(|entry| {
            matches!(
                entry.value.as_str(),
                Some("default" | "accurate" | "eager" | "")
            )
        });
        for entry in [deduction, percentage]
            .into_iter()
            .flatten()
            .filter(|_| is_known)
        {
            let mut diagnostic = subject
                .finding(
                    &CUSTOM_IGNORED,
                    format!("only the strategy `custom` reads `{}`", entry.key),
                    entry.key_span,
                    "has no effect",
                )
                .help("write `strategy: custom`, or remove it");
            if let Some(written) = written {
                diagnostic = diagnostic.related(subject.at(written.value.span, "the strategy"));
            }
            found.push(diagnostic);
        }
        return;
    }
    if let Some(entry) = deduction
        && entry.value.as_i64().is_some_and(|value| value < 0)
    {
        found.push(
            subject
                .finding(
                    &NEGATIVE_DEDUCTION,
                    "a negative deduction adds Jobs for which there is no work",
                    entry.value.span,
                    "is subtracted",
                )
                .help("write 0 or more; `minReplicaCount` keeps Jobs without work"),
        );
    }
    let Some(entry) = percentage else {
        let span = written.map_or(strategy.span, |entry| entry.value.span);
        let mut diagnostic = subject
            .finding(
                &CUSTOM_PERCENTAGE,
                "the strategy `custom` without `customScalingRunningJobPercentage` is the strategy `default`",
                span,
                "no share of the running Jobs is given",
            )
            .help("write it as a number such as \"0.5\"");
        diagnostic.severity = Severity::Warning;
        found.push(diagnostic);
        return;
    };
    if let Some(text) = entry.value.as_str() {
        let (severity, message, label) = match parse_float(text) {
            None => (
                Severity::Error,
                format!("{text:?} is no number, and turns the strategy `custom` into `default`"),
                "expected a number such as \"0.5\"",
            ),
            Some(value) if !value.is_finite() => (
                Severity::Error,
                format!("with a share of {text} KEDA never creates a Job"),
                "expected a number from 0 to 1",
            ),
            Some(value) if value < 0.0 => (
                Severity::Warning,
                "with a negative share every running Job asks for more Jobs".to_owned(),
                "expected a number from 0 to 1",
            ),
            Some(value) if value > 1.0 => (
                Severity::Warning,
                "with a share above 1 every running Job is counted more than once".to_owned(),
                "expected a number from 0 to 1",
            ),
            Some(value) if value < 1.0 => {
                found.push(
                    subject
                        .finding(
                            &CUSTOM_ABOVE_MAX,
                            "with `custom` KEDA can start more Jobs than `maxReplicaCount`",
                            entry.value.span,
                            "so much of the running Jobs is subtracted",
                        )
                        .help("the maximum holds the new Jobs of one poll, not all Jobs; keda-jobs keeps to it"),
                );
                return;
            }
            Some(_) => return,
        };
        let mut diagnostic = subject.finding(&CUSTOM_PERCENTAGE, message, entry.value.span, label);
        diagnostic.severity = severity;
        found.push(diagnostic);
    }
}

fn history(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let ttl = subject
        .job_spec()
        .and_then(|job| field(&job.value, "ttlSecondsAfterFinished"));
    for name in ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"] {
        let Some(entry) = subject.spec_field(name) else {
            continue;
        };
        let Some(limit) = entry.value.as_i64() else {
            continue;
        };
        if limit == 0 && name == "failedJobsHistoryLimit" {
            found.push(
                subject
                    .finding(
                        &HISTORY_LIMIT,
                        "failed Jobs are deleted at the next poll, with their pods and logs",
                        entry.value.span,
                        "keeps none",
                    )
                    .help("keep a few, to see why they failed"),
            );
        } else if limit > i64::from(LARGE_HISTORY) && ttl.is_none() {
            found.push(
                subject
                    .finding(
                        &HISTORY_LIMIT,
                        format!("up to {limit} finished Jobs and their pods stay in the cluster"),
                        entry.value.span,
                        "is kept for each object",
                    )
                    .help("keep fewer, or let `ttlSecondsAfterFinished` remove them earlier"),
            );
        }
    }
}

fn polling(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let interval = subject.job.polling_interval;
    let Some(entry) = subject
        .spec_field("pollingInterval")
        .filter(|_| interval < GENTLE)
    else {
        return;
    };
    if let Some(trigger) = subject
        .job
        .triggers
        .iter()
        .find(|trigger| trigger.kind == "github-runner")
    {
        found.push(
            subject
                .finding(
                    &POLLING_TOO_FAST,
                    format!("GitHub is asked every {interval} seconds"),
                    entry.value.span,
                    "the limit of requests is soon spent",
                )
                .related(subject.at(
                    subject.trigger_span(trigger.index),
                    "asks for every repository and every run",
                ))
                .help("poll every 30 seconds or slower"),
        );
    }
}
