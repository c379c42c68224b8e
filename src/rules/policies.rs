//! A Job that the API server refuses: what becomes of its pods that fail or succeed. [semantics §7.1]

use std::collections::BTreeSet;

use super::Subject;
use super::place::{field, list, number, text};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity, Span};
use crate::manifest::Node;

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &POD_FAILURE_POLICY,
    &POD_REPLACEMENT_POLICY,
    &SUCCESS_POLICY,
];

static POD_FAILURE_POLICY: Rule = Rule {
    id: "pod-failure-policy",
    severity: Severity::Error,
    summary: "a podFailurePolicy that the API server refuses",
    doc: Doc {
        what: "A `podFailurePolicy` has at most 20 rules. Each has one of `onExitCodes` and `onPodConditions` and an action: `FailJob`, `FailIndex` \
               (only beside `backoffLimitPerIndex`), `Ignore` or `Count`. Exit codes are 1 to 255 different numbers in ascending order, without 0 for \
               `In`, of a container that exists; conditions are at most 20.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "podFailurePolicy:\n  rules:\n    - action: FailJob\n      onExitCodes:\n        operator: In\n        values: [42, 3, 0]",
        fix: "Change the part that the finding points at.",
        source: "Kubernetes pkg/apis/batch/validation, validatePodFailurePolicy",
    },
};

static POD_REPLACEMENT_POLICY: Rule = Rule {
    id: "pod-replacement-policy",
    severity: Severity::Error,
    summary: "a podReplacementPolicy that is unknown or does not go with podFailurePolicy",
    doc: Doc {
        what: "`podReplacementPolicy` is `Failed` or `TerminatingOrFailed`, and only `Failed` beside a `podFailurePolicy`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "podReplacementPolicy: TerminatingOrFailed\npodFailurePolicy:\n  rules: []",
        fix: "Write `Failed`, or remove the field: `Failed` is its default beside a `podFailurePolicy`.",
        source: "Kubernetes pkg/apis/batch/validation, validatePodReplacementPolicy",
    },
};

static SUCCESS_POLICY: Rule = Rule {
    id: "success-policy",
    severity: Severity::Error,
    summary: "a successPolicy that the API server refuses",
    doc: Doc {
        what: "A `successPolicy` has 1 to 20 rules; each has `succeededIndexes` (such as `0,2-4`, ascending, below `completions`), `succeededCount` (at \
               most as many), or both.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "completionMode: Indexed\ncompletions: 3\nsuccessPolicy:\n  rules:\n    - succeededIndexes: \"0,3\"",
        fix: "Name indexes from 0 to `completions` - 1, and a count that they can reach.",
        source: "Kubernetes pkg/apis/batch/validation, validateSuccessPolicy",
    },
};

/// The most rules of either policy, and conditions of one rule.
const MOST_RULES: usize = 20;
/// The most exit codes of one rule.
const MOST_CODES: usize = 255;

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(job) = subject.job_spec().map(|entry| &entry.value) else {
        return;
    };
    replacement(subject, job, found);
    let mut report = Report {
        subject,
        rule: &POD_FAILURE_POLICY,
        found,
    };
    if let Some(policy) = field(job, "podFailurePolicy") {
        failure(&mut report, job, &policy.value);
    }
    report.rule = &SUCCESS_POLICY;
    if let Some(policy) = field(job, "successPolicy")
        && text(job, "completionMode") == Some("Indexed")
    {
        success(&mut report, job, &policy.value, policy.key_span);
    }
}

struct Report<'s, 'a, 'f> {
    subject: &'s Subject<'a>,
    rule: &'static Rule,
    found: &'f mut Vec<Diagnostic>,
}

impl Report<'_, '_, '_> {
    fn say(&mut self, span: Span, message: impl Into<String>, label: impl Into<String>) {
        self.found
            .push(self.subject.finding(self.rule, message, span, label));
    }

    /// A field that must be one of some words; absent is somebody else's finding.
    fn word(&mut self, node: &Node, name: &str, words: &[&str]) {
        if let Some(entry) = field(node, name)
            && let Some(word) = entry.value.as_str()
            && !words.contains(&word)
        {
            self.found
                .push(self.subject.no_such_word(self.rule, entry, words));
        }
    }
}

fn replacement(subject: &Subject<'_>, job: &Node, found: &mut Vec<Diagnostic>) {
    let Some(entry) = field(job, "podReplacementPolicy") else {
        return;
    };
    let failure = field(job, "podFailurePolicy");
    match (entry.value.as_str(), failure) {
        (Some("Failed") | None, _) | (Some("TerminatingOrFailed"), None) => {}
        (Some("TerminatingOrFailed"), Some(failure)) => found.push(
            subject
                .finding(
                    &POD_REPLACEMENT_POLICY,
                    "beside a podFailurePolicy `podReplacementPolicy` can only be `Failed`",
                    entry.value.span,
                    "the API server refuses every Job",
                )
                .related(subject.at(failure.key_span, "waits until a pod has failed"))
                .fix(subject.replace(entry.value.span, "Failed")),
        ),
        (Some(_), _) => found.push(subject.no_such_word(
            &POD_REPLACEMENT_POLICY,
            entry,
            &["Failed", "TerminatingOrFailed"],
        )),
    }
}

fn failure(report: &mut Report<'_, '_, '_>, job: &Node, policy: &Node) {
    let rules = list(policy, "rules");
    if let Some(rule) = rules.get(MOST_RULES) {
        report.say(
            first_key(rule),
            format!("the podFailurePolicy has {} rules", rules.len()),
            format!("expected at most {MOST_RULES}"),
        );
    }
    let per_index = field(job, "backoffLimitPerIndex").is_some();
    let names: BTreeSet<&str> = report
        .subject
        .containers()
        .filter_map(|(_, container)| text(container, "name"))
        .collect();
    for rule in rules {
        report.word(rule, "action", &["FailJob", "FailIndex", "Ignore", "Count"]);
        if text(rule, "action") == Some("FailIndex") && !per_index {
            let span = field(rule, "action").map_or(rule.span, |entry| entry.value.span);
            report.say(
                span,
                "the action `FailIndex` needs `backoffLimitPerIndex`",
                "the API server refuses every Job",
            );
        }
        let codes = field(rule, "onExitCodes");
        let conditions = list(rule, "onPodConditions");
        match (codes, conditions.first()) {
            (Some(codes), Some(_)) => report.say(
                codes.key_span,
                "a rule of a podFailurePolicy looks at exit codes or at conditions, not at both",
                "make two rules of it",
            ),
            (None, None) => report.say(
                first_key(rule),
                "a rule of a podFailurePolicy without `onExitCodes` and without `onPodConditions`",
                "needs one of the two",
            ),
            _ => {}
        }
        if let Some(codes) = codes {
            exit_codes(report, &codes.value, codes.key_span, &names);
        }
        if let Some(condition) = conditions.get(MOST_RULES) {
            report.say(
                first_key(condition),
                format!("a rule with {} conditions", conditions.len()),
                format!("expected at most {MOST_RULES}"),
            );
        }
        for condition in conditions {
            report.word(condition, "status", &["True", "False", "Unknown"]);
            if let Some(kind) = field(condition, "type")
                && let Some(text) = kind.value.as_str()
                && !crate::api::names::is_qualified_name(text)
            {
                report.say(
                    kind.value.span,
                    format!("`{text}` cannot be the type of a condition"),
                    "expected a name such as `DisruptionTarget`",
                );
            }
        }
    }
}

fn exit_codes(
    report: &mut Report<'_, '_, '_>,
    codes: &Node,
    key_span: Span,
    names: &BTreeSet<&str>,
) {
    report.word(codes, "operator", &["In", "NotIn"]);
    if let Some(container) = field(codes, "containerName")
        && let Some(name) = container.value.as_str()
        && !names.contains(name)
    {
        report.say(
            container.value.span,
            format!("the pod has no container `{name}`"),
            "names a container or an init container",
        );
    }
    let Some(values) = field(codes, "values") else {
        return;
    };
    let items = values.value.items();
    let numbers: Vec<i64> = items.iter().filter_map(Node::as_i64).collect();
    if items.is_empty() {
        report.say(
            key_span,
            "`onExitCodes` lists no value",
            "needs 1 to 255 values",
        );
    } else if items.len() > MOST_CODES {
        report.say(
            values.key_span,
            format!("`onExitCodes` lists {} values", items.len()),
            format!("expected at most {MOST_CODES}"),
        );
    }
    if text(codes, "operator") == Some("In")
        && let Some(zero) = items.iter().find(|item| item.as_i64() == Some(0))
    {
        report.say(
            zero.span,
            "exit code 0 is success, which `In` cannot list",
            "remove it",
        );
    }
    let unsorted = numbers.windows(2).position(|pair| pair[0] >= pair[1]);
    if let Some(at) = unsorted.filter(|_| numbers.len() == items.len()) {
        report.say(
            items[at + 1].span,
            "exit codes stand in ascending order, each once",
            format!("not greater than {} before it", numbers[at]),
        );
    }
}

fn success(report: &mut Report<'_, '_, '_>, job: &Node, policy: &Node, key_span: Span) {
    let rules = list(policy, "rules");
    if rules.is_empty() && field(policy, "rules").is_some() {
        report.say(key_span, "the successPolicy has no rules", "needs 1 to 20");
    } else if let Some(rule) = rules.get(MOST_RULES) {
        report.say(
            first_key(rule),
            format!("the successPolicy has {} rules", rules.len()),
            format!("expected at most {MOST_RULES}"),
        );
    }
    let Some(completions) = number(job, "completions") else {
        return;
    };
    for rule in rules {
        let indexes = field(rule, "succeededIndexes");
        let count = field(rule, "succeededCount");
        if indexes.is_none() && count.is_none() {
            report.say(
                first_key(rule),
                "a rule of a successPolicy without `succeededIndexes` and without `succeededCount`",
                "needs one of the two, or both",
            );
        }
        let mut most = completions;
        if let Some(indexes) = indexes
            && let Some(text) = indexes.value.as_str()
        {
            match count_indexes(text, completions) {
                Ok(total) => most = total,
                Err(problem) => {
                    report.say(
                        indexes.value.span,
                        format!("`{text}` does not name indexes of this Job"),
                        problem,
                    );
                }
            }
        }
        if let Some(count) = count
            && let Some(value) = count.value.as_i64()
            && !(0..=most).contains(&value)
        {
            report.say(
                count.value.span,
                format!("`succeededCount` is {value}"),
                format!("expected 0 to {most}, as many as there are indexes"),
            );
        }
    }
}

/// How many indexes `0,2-4` names, or what is wrong with it. [batch validation `validateIndexesFormat`]
fn count_indexes(text: &str, completions: i64) -> Result<i64, String> {
    let mut total = 0;
    let mut last = -1;
    for part in text.split(',').filter(|_| !text.is_empty()) {
        let (first, end) = part.split_once('-').unwrap_or((part, part));
        let (Ok(first), Ok(end)) = (first.parse::<i64>(), end.parse::<i64>()) else {
            return Err(format!("`{part}` is neither an index nor a range of them"));
        };
        if end >= completions {
            return Err(format!(
                "the last index is {}",
                completions.saturating_sub(1)
            ));
        }
        if first <= last || (end <= first && part.contains('-')) {
            return Err(format!("`{part}` is not in ascending order"));
        }
        total += end - first + 1;
        last = end;
    }
    Ok(total)
}

/// Where a finding about a whole item of a list is shown.
fn first_key(item: &Node) -> Span {
    item.entries()
        .first()
        .map_or(item.span, |entry| entry.key_span)
}
