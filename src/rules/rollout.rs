//! What becomes of Jobs when the object changes. [semantics §3.5]

use super::Subject;
use super::lifecycle::{is_protected, long};
use super::place::field;
use crate::api::Dialect;
use crate::diagnostic::{Diagnostic, Doc, Edit, Fix, Rule, Severity, Span};
use crate::manifest::Entry;

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&DEPRECATED_ROLLOUT, &ROLLOUT_CONFLICT, &ROLLOUT_DELETES];

static DEPRECATED_ROLLOUT: Rule = Rule {
    id: "deprecated-rollout",
    severity: Severity::Warning,
    summary: "rolloutStrategy is deprecated",
    doc: Doc {
        what: "`rolloutStrategy` is written. `rollout.strategy` has taken its place in KEDA 2.8.",
        why: "KEDA still reads it, before `rollout.strategy`, and says that it will be removed.",
        example: "spec:\n  rolloutStrategy: gradual",
        fix: "Write `rollout: {strategy: gradual}`.",
        source: "KEDA apis/keda/v1alpha1/scaledjob_types.go, RolloutStrategy",
    },
};

static ROLLOUT_CONFLICT: Rule = Rule {
    id: "rollout-conflict",
    severity: Severity::Warning,
    summary: "rolloutStrategy and rollout.strategy say different things",
    doc: Doc {
        what: "`rolloutStrategy` and `rollout.strategy` are both written, with different words.",
        why: "The deprecated `rolloutStrategy` wins: with `immediate` there every change deletes the running Jobs, although `rollout` says \
              `gradual`.",
        example: "spec:\n  rolloutStrategy: immediate\n  rollout:\n    strategy: gradual",
        fix: "Remove `rolloutStrategy`.",
        source: "KEDA controllers/keda/scaledjob_controller.go, deletePreviousVersionScaleJobs",
    },
};

static ROLLOUT_DELETES: Rule = Rule {
    id: "rollout-deletes",
    severity: Severity::Warning,
    summary: "every change of the object deletes its long Jobs while they run",
    doc: Doc {
        what: "No rollout strategy is written, and Jobs are long or must not be disturbed: `activeDeadlineSeconds` of half an hour or more, \
               `terminationGracePeriodSeconds` of five minutes or more, or an annotation of the pod template that keeps autoscalers away.",
        why: "The default is `immediate`: each change of the spec, be it of `pollingInterval`, deletes all Jobs of the object, those that run too, \
              and their work starts anew. keda-jobs deletes them only when `immediate` is written out.",
        example: "spec:\n  jobTargetRef:\n    activeDeadlineSeconds: 7200",
        fix: "Write `rollout: {strategy: gradual}`, or `immediate` where the running Jobs may go.",
        source: "KEDA controllers/keda/scaledjob_controller.go, deletePreviousVersionScaleJobs; KEDA issues 1021 and 6440",
    },
};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    if subject.job.dialect != Dialect::V2 {
        return;
    }
    let old = subject
        .spec_field("rolloutStrategy")
        .filter(|entry| entry.value.as_str() != Some(""));
    let new = subject
        .spec_field("rollout")
        .and_then(|rollout| field(&rollout.value, "strategy"));
    match (old, new) {
        (Some(old), Some(new)) if old.value.as_str() != new.value.as_str() => found.push(
            subject
                .finding(
                    &ROLLOUT_CONFLICT,
                    "`rolloutStrategy` and `rollout.strategy` say different things",
                    old.value.span,
                    "this one wins, and is deprecated",
                )
                .related(subject.at(new.value.span, "not read"))
                .help("remove `rolloutStrategy`"),
        ),
        (Some(old), _) => {
            let diagnostic = subject.finding(
                &DEPRECATED_ROLLOUT,
                "`rolloutStrategy` is deprecated",
                old.key_span,
                "`rollout.strategy` has taken its place",
            );
            found.push(match subject.spec_field("rollout") {
                None => diagnostic.fix(renamed(subject, old)),
                Some(_) => diagnostic.help("write `strategy` into `rollout` instead"),
            });
        }
        (None, Some(_)) => {}
        (None, None) => deletes(subject, found),
    }
}

/// `rolloutStrategy: gradual` becomes `rollout: {strategy: gradual}`, which holds in every layout.
fn renamed(subject: &Subject<'_>, old: &Entry) -> Fix {
    let source = &subject.job.document.source;
    let written = source.slice(old.value.span);
    Fix {
        description: "write `rollout.strategy`".to_owned(),
        edits: vec![Edit {
            source: std::sync::Arc::clone(source),
            span: Span {
                start: old.key_span.start,
                end: old.value.span.end,
            },
            replacement: format!("rollout: {{strategy: {written}}}"),
        }],
    }
}

fn deletes(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some((span, label)) = long(subject).or_else(|| is_protected(subject)) else {
        return;
    };
    found.push(
        subject
            .finding(
                &ROLLOUT_DELETES,
                "without a rollout strategy every change of this object deletes its Jobs, those that run too",
                span,
                label,
            )
            .help("write `rollout: {strategy: gradual}` in spec; keda-jobs deletes nothing unless `immediate` is written"),
    );
}
