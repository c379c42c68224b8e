//! A Job that the API server refuses: names and images of its containers, their variables and ports. [semantics §7.1]

use std::collections::BTreeMap;

use super::Subject;
use super::place::{field, list, text};
use crate::api::names::is_dns_label;
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity, Span};
use crate::manifest::{Node, Value};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[
    &CONTAINER_IMAGE,
    &CONTAINER_NAME,
    &CONTAINER_PORT,
    &ENV_SOURCE_CONTAINER,
    &ENV_VARIABLE,
    &INIT_CONTAINER_PROBE,
    &NO_CONTAINERS,
    &PROBE,
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

static ENV_VARIABLE: Rule = Rule {
    id: "env-variable",
    severity: Severity::Error,
    summary: "a variable of a container that the API server refuses",
    doc: Doc {
        what: "An entry of `env` has an empty name, a name with `=` or with characters outside of ASCII, a `valueFrom` beside a `value`, or a \
               `valueFrom` with no source or with two; or an entry of `envFrom` names no source, or two.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "env:\n  - name: QUEUE\n    value: orders\n    valueFrom:\n      configMapKeyRef:\n        name: settings\n        key: queue",
        fix: "Keep one source for each variable.",
        source: "Kubernetes pkg/apis/core/validation, ValidateEnv and ValidateEnvFrom",
    },
};

static INIT_CONTAINER_PROBE: Rule = Rule {
    id: "init-container-probe",
    severity: Severity::Error,
    summary: "an init container with a probe or a lifecycle hook",
    doc: Doc {
        what: "An init container has a `livenessProbe`, `readinessProbe`, `startupProbe` or `lifecycle` and no `restartPolicy: Always`, which \
               would make it a sidecar.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "initContainers:\n  - name: proxy\n    image: example.com/proxy:2\n    startupProbe:\n      tcpSocket:\n        port: 8080",
        fix: "Add `restartPolicy: Always` to run it beside the others, or remove the probe.",
        source: "Kubernetes pkg/apis/core/validation, validateInitContainers",
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

static PROBE: Rule = Rule {
    id: "probe",
    severity: Severity::Error,
    summary: "a probe that the API server refuses",
    doc: Doc {
        what: "A probe has none of `exec`, `httpGet`, `tcpSocket` and `grpc`, or a `livenessProbe` or `startupProbe` has another `successThreshold` than 1.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "livenessProbe:\n  periodSeconds: 10",
        fix: "Say what is to be probed; remove `successThreshold`.",
        source: "Kubernetes pkg/apis/core/validation, validateProbe and validateLivenessProbe",
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
    for (list_name, container) in subject.containers() {
        image(subject, container, found);
        variables(subject, container, found);
        ports(subject, container, found);
        probe(subject, container, found);
        if list_name == "initContainers" && text(container, "restartPolicy") != Some("Always") {
            probes(subject, container, found);
        }
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

fn variables(subject: &Subject<'_>, container: &Node, found: &mut Vec<Diagnostic>) {
    for variable in list(container, "env") {
        if let Some(name) = field(variable, "name")
            && let Some(text) = name.value.as_str()
        {
            // Relaxed since Kubernetes 1.32: printable ASCII without `=`.
            let is_name = !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=');
            if !is_name {
                found.push(subject.finding(
                    &ENV_VARIABLE,
                    format!("{text:?} cannot be the name of a variable"),
                    name.value.span,
                    "expected printable ASCII without `=`",
                ));
            }
        }
        let Some(from) = field(variable, "valueFrom") else {
            continue;
        };
        let sources = sources_of(&from.value);
        let value = field(variable, "value").filter(|value| value.value.as_str() != Some(""));
        match (sources, value) {
            (0, _) => found.push(subject.finding(
                &ENV_VARIABLE,
                "`valueFrom` names no source",
                from.key_span,
                "expected one of `configMapKeyRef`, `secretKeyRef`, `fieldRef`, `resourceFieldRef` or `fileKeyRef`",
            )),
            (_, Some(value)) => found.push(
                subject
                    .finding(
                        &ENV_VARIABLE,
                        "a variable has a `value` and a `valueFrom`",
                        from.key_span,
                        "remove one of the two",
                    )
                    .related(subject.at(value.key_span, "the value")),
            ),
            (2.., None) => found.push(subject.finding(
                &ENV_VARIABLE,
                format!("`valueFrom` names {sources} sources"),
                from.key_span,
                "keep one",
            )),
            (1, None) => {}
        }
    }
    for source in list(container, "envFrom") {
        let refs = ["configMapRef", "secretRef"]
            .into_iter()
            .filter(|name| field(source, name).is_some())
            .count();
        if refs != 1 && matches!(source.value, Value::Mapping(_)) {
            let span = source
                .entries()
                .first()
                .map_or(source.span, |entry| entry.key_span);
            found.push(subject.finding(
                &ENV_VARIABLE,
                format!(
                    "an entry of `envFrom` names {} source",
                    if refs == 0 { "no" } else { "more than one" }
                ),
                span,
                "expected one of `configMapRef` and `secretRef`",
            ));
        }
    }
}

/// How many sources a mapping names.
fn sources_of(from: &Node) -> usize {
    from.entries()
        .iter()
        .filter(|entry| entry.value.value != Value::Null)
        .count()
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
fn is_port_name(text: &str) -> bool {
    text.len() <= 15
        && is_dns_label(text)
        && !text.contains("--")
        && text.bytes().any(|byte| byte.is_ascii_lowercase())
}

fn probe(subject: &Subject<'_>, container: &Node, found: &mut Vec<Diagnostic>) {
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(entry) = field(container, name) else {
            continue;
        };
        let has_handler = ["exec", "httpGet", "tcpSocket", "grpc"]
            .into_iter()
            .any(|handler| field(&entry.value, handler).is_some());
        if !has_handler && matches!(entry.value.value, Value::Mapping(_)) {
            found.push(subject.finding(
                &PROBE,
                format!("`{name}` does not say what to probe"),
                entry.key_span,
                "needs one of `exec`, `httpGet`, `tcpSocket` and `grpc`",
            ));
        }
        if let Some(threshold) = field(&entry.value, "successThreshold")
            && name != "readinessProbe"
            && threshold.value.as_i64().is_some_and(|value| value > 1)
        {
            found.push(subject.finding(
                &PROBE,
                format!("`successThreshold` of a `{name}` can only be 1"),
                threshold.value.span,
                "expected 1",
            ));
        }
    }
}

fn probes(subject: &Subject<'_>, container: &Node, found: &mut Vec<Diagnostic>) {
    for name in [
        "lifecycle",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
    ] {
        if let Some(entry) = field(container, name) {
            found.push(
                subject
                    .finding(
                        &INIT_CONTAINER_PROBE,
                        format!("an init container cannot have `{name}`"),
                        entry.key_span,
                        "only a sidecar can",
                    )
                    .help("`restartPolicy: Always` makes a sidecar of it; otherwise remove it"),
            );
        }
    }
}
