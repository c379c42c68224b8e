//! A Job that the API server refuses: names and images of its containers, their ports, and when they start again. [semantics §7.1]

use std::collections::BTreeMap;

use super::Subject;
use super::place::{field, list, text};
use crate::api::names::is_dns_label;
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity, Span};
use crate::manifest::{Entry, Node, Value};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &CONTAINER_IMAGE,
    &CONTAINER_NAME,
    &CONTAINER_PORT,
    &ENV_SOURCE_CONTAINER,
    &NO_CONTAINERS,
    &RESTART_RULES,
];

static CONTAINER_IMAGE: Rule = Rule {
    id: "container-image",
    severity: Severity::Error,
    summary: "a container without an image, or with spaces around it",
    doc: Doc {
        what: "A container or init container has no `image`, an empty one, or one with white space around it.",
        why: "The API server refuses a Job without an image, and the pods of a Job whose image has white space around it.",
        example: "containers:\n  - name: worker",
        fix: "Write the image.",
        source: "Kubernetes pkg/apis/core/validation, validateContainerCommon and validateContainerOnlyForPod",
    },
};

static CONTAINER_NAME: Rule = Rule {
    id: "container-name",
    severity: Severity::Error,
    summary: "a container's name is invalid or used twice",
    doc: Doc {
        what: "A container or init container has a name that is no DNS label (at most 63 lower-case letters, digits and `-`), or that another \
               one of the pod has too.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "containers:\n  - name: Worker_1\n    image: example.com/worker:1.4",
        fix: "Give every container of the pod a name of its own, in lower case.",
        source: "Kubernetes pkg/apis/core/validation, validateContainers and validateInitContainers",
    },
};

static CONTAINER_PORT: Rule = Rule {
    id: "container-port",
    severity: Severity::Error,
    summary: "a container port that the API server refuses",
    doc: Doc {
        what: "A port is not in 1 to 65535, or its name is longer than 15 characters, has other characters than lower-case letters, digits and \
               single `-` between them, has no letter, or is used twice in the container.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "ports:\n  - name: metrics-endpoint\n    containerPort: 70000",
        fix: "Change the number or the name; most workers need no `ports` at all.",
        source: "Kubernetes pkg/apis/core/validation, validateContainerPorts",
    },
};

static ENV_SOURCE_CONTAINER: Rule = Rule {
    id: "env-source-container",
    severity: Severity::Error,
    summary: "envSourceContainerName names no container",
    doc: Doc {
        what: "`envSourceContainerName` says whose variables the triggers read; no container of the pod has that name. An init container does \
               not count.",
        why: "KEDA can build none of the triggers and starts no Job.",
        example: "spec:\n  envSourceContainerName: main\n  jobTargetRef:\n    template:\n      spec:\n        containers:\n          - name: worker",
        fix: "Name one of the containers, or remove the field: the first container is the default.",
        source: "KEDA pkg/scaling/resolver/scale_resolvers.go, ResolveContainerEnv",
    },
};

static NO_CONTAINERS: Rule = Rule {
    id: "no-containers",
    severity: Severity::Error,
    summary: "the pod template has no containers",
    doc: Doc {
        what: "`containers` of the pod template is an empty list.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "template:\n  spec:\n    containers: []",
        fix: "Add a container.",
        source: "Kubernetes pkg/apis/core/validation, validateContainers",
    },
};

static RESTART_RULES: Rule = Rule {
    id: "restart-rules",
    severity: Severity::Error,
    summary: "restartPolicyRules of a container that the API server refuses",
    doc: Doc {
        what: "A container has `restartPolicyRules` and no `restartPolicy`, or more than 20 of them; or one of them has no `exitCodes`, more than \
               255 of their `values`, another `operator` than `In` and `NotIn`, or another `action` than `Restart` and `RestartAllContainers`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "containers:\n  - name: worker\n    restartPolicyRules:\n      - action: Restart\n        exitCodes:\n          operator: In\n          values: [42]",
        fix: "Add `restartPolicy: Never` to the container for a restart at these codes only, and say the codes in each rule.",
        source: "Kubernetes pkg/apis/core/validation, validateContainerRestartPolicy",
    },
};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(pod) = subject.pod() else { return };
    if let Some(containers) = field(&pod.value, "containers")
        && matches!(&containers.value.value, Value::Sequence(items) if items.is_empty())
    {
        found.push(subject.finding(
            &NO_CONTAINERS,
            "the pod has no containers",
            containers.key_span,
            "needs at least one",
        ));
    }
    names(subject, found);
    env_source(subject, found);
    for (_, container) in subject.containers() {
        image(subject, container, found);
        ports(subject, container, found);
        restarts(subject, container, found);
    }
}

fn names(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for (_, container) in subject.containers() {
        let Some(name) = field(container, "name") else {
            continue;
        };
        let Some(text) = name.value.as_str() else {
            continue;
        };
        let span = name.value.span;
        if text.is_empty() {
            found.push(subject.finding(
                &CONTAINER_NAME,
                "a container's name is empty",
                span,
                "needs a name",
            ));
        } else if !is_dns_label(text) {
            found.push(subject.finding(
                &CONTAINER_NAME,
                format!("`{text}` cannot be the name of a container"),
                span,
                "expected at most 63 lower-case letters, digits and `-`, a letter or digit at both ends",
            ));
        } else if let Some(first) = seen.get(text) {
            found.push(
                subject
                    .finding(
                        &CONTAINER_NAME,
                        format!("two containers are called `{text}`"),
                        span,
                        "again",
                    )
                    .related(subject.at(*first, "first")),
            );
        } else {
            seen.insert(text, span);
        }
    }
}

fn env_source(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(pod) = subject.pod() else { return };
    let Some(wanted) = &subject.job.env_source_container_name else {
        return;
    };
    let names: Vec<&str> = list(&pod.value, "containers")
        .iter()
        .filter_map(|container| text(container, "name"))
        .collect();
    if names.is_empty() || names.contains(&wanted.as_str()) {
        return;
    }
    let Some(entry) = subject.spec_field("envSourceContainerName") else {
        return;
    };
    let is_init = list(&pod.value, "initContainers")
        .iter()
        .any(|container| text(container, "name") == Some(wanted.as_str()));
    let label = if is_init {
        "an init container does not count".to_owned()
    } else {
        format!("the pod has {}", names.join(", "))
    };
    let mut diagnostic = subject
        .finding(
            &ENV_SOURCE_CONTAINER,
            format!("`envSourceContainerName` names no container: `{wanted}`"),
            entry.value.span,
            label,
        )
        .help("KEDA builds no trigger then; without the field the first container is taken");
    if let Some(near) = crate::diagnostic::suggest(wanted, names).filter(|near| near.is_sure) {
        diagnostic = diagnostic.fix(subject.replace(entry.value.span, near.word));
    }
    found.push(diagnostic);
}

/// Where a finding about a whole container is shown.
fn place_of(container: &Node) -> Span {
    container
        .get("name")
        .map(|name| name.span)
        .or_else(|| container.entries().first().map(|entry| entry.key_span))
        .unwrap_or(container.span)
}

fn image(subject: &Subject<'_>, container: &Node, found: &mut Vec<Diagnostic>) {
    if !matches!(container.value, Value::Mapping(_)) {
        return;
    }
    let Some(image) = field(container, "image") else {
        found.push(subject.finding(
            &CONTAINER_IMAGE,
            "a container without an image",
            place_of(container),
            "needs `image`",
        ));
        return;
    };
    if let Some(text) = image.value.as_str() {
        if text.is_empty() {
            found.push(subject.finding(
                &CONTAINER_IMAGE,
                "a container's image is empty",
                image.value.span,
                "needs the name of an image",
            ));
        } else if text.trim() != text {
            found.push(
                subject
                    .finding(
                        &CONTAINER_IMAGE,
                        "an image with white space around it",
                        image.value.span,
                        "the API server refuses every pod of such a Job",
                    )
                    .fix(subject.replace(image.value.span, text.trim())),
            );
        }
    }
}

fn ports(subject: &Subject<'_>, container: &Node, found: &mut Vec<Diagnostic>) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for port in list(container, "ports") {
        for (name, least) in [("containerPort", 1), ("hostPort", 0)] {
            if let Some(entry) = field(port, name)
                && let Some(value) = entry.value.as_i64()
                && !(least..=65_535).contains(&value)
            {
                found.push(subject.finding(
                    &CONTAINER_PORT,
                    format!("`{name}` is {value}"),
                    entry.value.span,
                    "expected 1 to 65535",
                ));
            }
        }
        let Some(name) = field(port, "name") else {
            continue;
        };
        let Some(text) = name.value.as_str().filter(|text| !text.is_empty()) else {
            continue;
        };
        if !is_port_name(text) {
            found.push(subject.finding(
                &CONTAINER_PORT,
                format!("`{text}` cannot be the name of a port"),
                name.value.span,
                "expected at most 15 lower-case letters, digits and single `-` between them, with a letter",
            ));
        } else if let Some(first) = seen.get(text) {
            found.push(
                subject
                    .finding(
                        &CONTAINER_PORT,
                        format!("two ports are called `{text}`"),
                        name.value.span,
                        "again",
                    )
                    .related(subject.at(*first, "first")),
            );
        } else {
            seen.insert(text, name.value.span);
        }
    }
}

/// [apimachinery `IsValidPortName`]
pub(super) fn is_port_name(text: &str) -> bool {
    text.len() <= 15
        && is_dns_label(text)
        && !text.contains("--")
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// When a container starts again by itself, since Kubernetes 1.35. [Kubernetes `validateContainerRestartPolicy`]
fn restarts(subject: &Subject<'_>, container: &Node, found: &mut Vec<Diagnostic>) {
    const MOST_RULES: usize = 20;
    const MOST_CODES: usize = 255;
    let Some(entry) = field(container, "restartPolicyRules") else {
        return;
    };
    let rules = entry.value.items();
    if !rules.is_empty() && text(container, "restartPolicy").is_none_or(str::is_empty) {
        found.push(
            subject
                .finding(
                    &RESTART_RULES,
                    "`restartPolicyRules` need a `restartPolicy` of the container",
                    entry.key_span,
                    "the API server refuses every Job",
                )
                .help("add `restartPolicy: Never` to restart at these exit codes only"),
        );
    }
    let mut too_many = |entry: &Entry, most: usize| {
        let count = entry.value.items().len();
        if count > most {
            found.push(subject.finding(
                &RESTART_RULES,
                format!("`{}` has {count} items", entry.key),
                entry.key_span,
                format!("expected at most {most}"),
            ));
        }
    };
    too_many(entry, MOST_RULES);
    for rule in rules {
        if let Some(values) =
            field(rule, "exitCodes").and_then(|codes| field(&codes.value, "values"))
        {
            too_many(values, MOST_CODES);
        }
    }
    for rule in rules {
        let mut word = |entry: Option<&Entry>, words: &[&str]| {
            if let Some(entry) = entry
                && entry
                    .value
                    .as_str()
                    .is_some_and(|word| !words.contains(&word))
            {
                found.push(subject.no_such_word(&RESTART_RULES, entry, words));
            }
        };
        word(field(rule, "action"), &["Restart", "RestartAllContainers"]);
        if let Some(codes) = field(rule, "exitCodes") {
            word(field(&codes.value, "operator"), &["In", "NotIn"]);
        } else if let Some(first) = rule.entries().first() {
            found.push(subject.finding(
                &RESTART_RULES,
                "a restart rule without `exitCodes`",
                first.key_span,
                "needs `exitCodes`",
            ));
        }
    }
}
