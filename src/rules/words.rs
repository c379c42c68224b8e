//! A Job that the API server refuses: words in the pod's spec that are none of those that a field takes, and tolerations.
//!
//! The types of Kubernetes call these fields strings, so that the walk over the shape lets them pass.

use super::Subject;
use super::place::{each, field, list, text};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity};
use crate::manifest::Value;

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&DNS_NONE, &TOLERATION, &UNKNOWN_WORD];

static DNS_NONE: Rule = Rule {
    id: "dns-none",
    severity: Severity::Error,
    summary: "dnsPolicy None without a nameserver",
    doc: Doc {
        what: "`dnsPolicy: None` leaves all of DNS to `dnsConfig`, and that names no nameserver.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "template:\n  spec:\n    dnsPolicy: None",
        fix: "Add `dnsConfig.nameservers`, or use another policy.",
        source: "Kubernetes pkg/apis/core/validation, validatePodDNSConfig",
    },
};

static TOLERATION: Rule = Rule {
    id: "toleration",
    severity: Severity::Error,
    summary: "a toleration whose fields do not go together",
    doc: Doc {
        what: "A toleration has `tolerationSeconds` with another effect than `NoExecute`, a `value` beside `operator: Exists`, or no `key` and \
               another operator than `Exists`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "tolerations:\n  - key: spot\n    operator: Exists\n    value: \"true\"",
        fix: "Remove the field that the finding points at, or change the other one.",
        source: "Kubernetes pkg/apis/core/validation, ValidateTolerations",
    },
};

static UNKNOWN_WORD: Rule = Rule {
    id: "unknown-word",
    severity: Severity::Error,
    summary: "a field of the pod's spec holds a word that it does not take",
    doc: Doc {
        what: "A field that takes one of a few words (`imagePullPolicy`, `dnsPolicy`, `protocol`, the effect of a toleration …) holds another.",
        why: "The API server refuses every Job. KEDA's CRD does not look inside the template, so that the ScaledJob is accepted and fails at \
              each poll.",
        example: "containers:\n  - name: worker\n    imagePullPolicy: always",
        fix: "Write one of the words that the finding lists; their case counts.",
        source: "Kubernetes pkg/apis/core/validation",
    },
};

const SELECTOR_OPERATORS: &[&str] = &["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];

/// Fields of the pod's spec and their words. The empty string counts as absent in all of them.
static POD_WORDS: &[(&[&str], &[&str])] = &[
    (
        &["dnsPolicy"],
        &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
    ),
    (&["preemptionPolicy"], &["PreemptLowerPriority", "Never"]),
    (&["os", "name"], &["linux", "windows"]),
    (
        &["securityContext", "fsGroupChangePolicy"],
        &["OnRootMismatch", "Always"],
    ),
    (
        &["tolerations", "*", "effect"],
        &["NoSchedule", "PreferNoSchedule", "NoExecute"],
    ),
    (
        // Lt and Gt are behind a feature gate of 1.35.
        &["tolerations", "*", "operator"],
        &["Exists", "Equal", "Lt", "Gt"],
    ),
    (
        &["topologySpreadConstraints", "*", "whenUnsatisfiable"],
        &["DoNotSchedule", "ScheduleAnyway"],
    ),
    (
        &["volumes", "*", "hostPath", "type"],
        &[
            "DirectoryOrCreate",
            "Directory",
            "FileOrCreate",
            "File",
            "Socket",
            "CharDevice",
            "BlockDevice",
        ],
    ),
    (
        &[
            "affinity",
            "nodeAffinity",
            "requiredDuringSchedulingIgnoredDuringExecution",
            "nodeSelectorTerms",
            "*",
            "matchExpressions",
            "*",
            "operator",
        ],
        SELECTOR_OPERATORS,
    ),
    (
        &[
            "affinity",
            "nodeAffinity",
            "preferredDuringSchedulingIgnoredDuringExecution",
            "*",
            "preference",
            "matchExpressions",
            "*",
            "operator",
        ],
        SELECTOR_OPERATORS,
    ),
];

/// Fields of a container and their words.
static CONTAINER_WORDS: &[(&[&str], &[&str])] = &[
    (&["imagePullPolicy"], &["Always", "IfNotPresent", "Never"]),
    (
        &["terminationMessagePolicy"],
        &["File", "FallbackToLogsOnError"],
    ),
    (&["restartPolicy"], &["Always", "Never", "OnFailure"]),
    (&["ports", "*", "protocol"], &["TCP", "UDP", "SCTP"]),
    (
        &["volumeMounts", "*", "mountPropagation"],
        &["None", "HostToContainer", "Bidirectional"],
    ),
    (
        &["volumeMounts", "*", "recursiveReadOnly"],
        &["Disabled", "IfPossible", "Enabled"],
    ),
    (&["securityContext", "procMount"], &["Default", "Unmasked"]),
    (&["livenessProbe", "httpGet", "scheme"], &["HTTP", "HTTPS"]),
    (&["readinessProbe", "httpGet", "scheme"], &["HTTP", "HTTPS"]),
    (&["startupProbe", "httpGet", "scheme"], &["HTTP", "HTTPS"]),
    (
        &["lifecycle", "postStart", "httpGet", "scheme"],
        &["HTTP", "HTTPS"],
    ),
    (
        &["lifecycle", "preStop", "httpGet", "scheme"],
        &["HTTP", "HTTPS"],
    ),
];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(pod) = subject.pod() else { return };
    let mut report = |node, path: &[&str], words: &[&str]| {
        each(node, path, &mut |entry| {
            let is_wrong = entry
                .value
                .as_str()
                .is_some_and(|word| !word.is_empty() && !words.contains(&word));
            if is_wrong {
                found.push(subject.no_such_word(&UNKNOWN_WORD, entry, words));
            }
        });
    };
    for (path, words) in POD_WORDS {
        report(&pod.value, path, words);
    }
    for (_, container) in subject.containers() {
        for (path, words) in CONTAINER_WORDS {
            report(container, path, words);
        }
    }
    tolerations(subject, found);
    if let Some(policy) = field(&pod.value, "dnsPolicy")
        && policy.value.as_str() == Some("None")
        && pod
            .value
            .get("dnsConfig")
            .is_none_or(|config| list(config, "nameservers").is_empty())
    {
        found.push(subject.finding(
            &DNS_NONE,
            "`dnsPolicy: None` without a nameserver",
            policy.value.span,
            "needs `dnsConfig.nameservers`",
        ));
    }
}

fn tolerations(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(pod) = subject.pod() else { return };
    for toleration in list(&pod.value, "tolerations") {
        let operator = text(toleration, "operator").unwrap_or_default();
        let seconds = field(toleration, "tolerationSeconds");
        if let Some(seconds) = seconds
            && text(toleration, "effect") != Some("NoExecute")
        {
            found.push(subject.finding(
                &TOLERATION,
                "`tolerationSeconds` goes with `effect: NoExecute` only",
                seconds.key_span,
                "the API server refuses every Job",
            ));
        }
        if let Some(value) = field(toleration, "value")
            && operator == "Exists"
            && value.value.as_str() != Some("")
        {
            found.push(
                subject
                    .finding(
                        &TOLERATION,
                        "`operator: Exists` takes no `value`",
                        value.key_span,
                        "the API server refuses every Job",
                    )
                    .help("remove it, or write `operator: Equal`"),
            );
        }
        let is_absent = toleration
            .get("key")
            .is_none_or(|key| key.value == Value::Null || key.as_str() == Some(""));
        if is_absent && operator != "Exists" {
            let span = toleration
                .entries()
                .first()
                .map_or(toleration.span, |entry| entry.key_span);
            found.push(subject.finding(
                &TOLERATION,
                "a toleration without a `key` tolerates every taint, and needs `operator: Exists` to say so",
                span,
                "the API server refuses every Job",
            ));
        }
    }
}
