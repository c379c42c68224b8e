//! A Job that the API server refuses: probes and lifecycle hooks of its containers, and what they call. [semantics §7.1]

use super::Subject;
use super::containers::is_port_name;
use super::place::{field, list, number, text};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity};
use crate::manifest::{Entry, Node, Value};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&INIT_CONTAINER_PROBE, &LIFECYCLE_HOOK, &PROBE];

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

static LIFECYCLE_HOOK: Rule = Rule {
    id: "lifecycle-hook",
    severity: Severity::Error,
    summary: "a lifecycle hook that the API server refuses",
    doc: Doc {
        what: "A `postStart` or `preStop` hook has none of `exec`, `httpGet`, `tcpSocket` and `sleep`, or two of them; its `exec` has no `command`, \
               its `port` is neither in 1 to 65535 nor the name of a port, a header has an invalid name, or it sleeps longer than \
               `terminationGracePeriodSeconds` of the pod, 30 where it is left out.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "lifecycle:\n  preStop:\n    exec:\n      command: []",
        fix: "Say what the hook is to do, or remove it.",
        source: "Kubernetes pkg/apis/core/validation, validateLifecycle and validateHandler",
    },
};

static PROBE: Rule = Rule {
    id: "probe",
    severity: Severity::Error,
    summary: "a probe that the API server refuses",
    doc: Doc {
        what: "A probe has none of `exec`, `httpGet`, `tcpSocket` and `grpc`, or two of them; its `exec` has no `command`, its `port` is neither in 1 to \
               65535 nor the name of a port, or a header has an invalid name; a `livenessProbe` or `startupProbe` has another \
               `successThreshold` than 1, or a `readinessProbe` has `terminationGracePeriodSeconds`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "livenessProbe:\n  periodSeconds: 10",
        fix: "Say what is to be probed; remove `successThreshold`, and of a `readinessProbe` the grace period.",
        source: "Kubernetes pkg/apis/core/validation, validateProbe and validateHandler",
    },
};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for (list_name, container) in subject.containers() {
        if list_name == "initContainers" && text(container, "restartPolicy") != Some("Always") {
            of_init_container(subject, container, found);
            continue;
        }
        for name in PROBES {
            if let Some(entry) = field(container, name) {
                probe(subject, entry, found);
            }
        }
        let Some(lifecycle) = field(container, "lifecycle") else {
            continue;
        };
        for name in ["postStart", "preStop"] {
            if let Some(entry) = field(&lifecycle.value, name) {
                let kinds = ["exec", "httpGet", "tcpSocket", "sleep"];
                handler(subject, &LIFECYCLE_HOOK, entry, kinds, found);
            }
        }
    }
}

const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

fn of_init_container(subject: &Subject<'_>, container: &Node, found: &mut Vec<Diagnostic>) {
    for name in ["lifecycle"].into_iter().chain(PROBES) {
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

fn probe(subject: &Subject<'_>, entry: &Entry, found: &mut Vec<Diagnostic>) {
    let name = &entry.key;
    handler(
        subject,
        &PROBE,
        entry,
        ["exec", "httpGet", "tcpSocket", "grpc"],
        found,
    );
    if name == "readinessProbe" {
        if let Some(grace) = field(&entry.value, "terminationGracePeriodSeconds") {
            found.push(subject.finding(
                &PROBE,
                "a `readinessProbe` ends nothing and has no `terminationGracePeriodSeconds`",
                grace.key_span,
                "the API server refuses every Job",
            ));
        }
    } else if let Some(threshold) = field(&entry.value, "successThreshold")
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

/// What a probe or hook does. [Kubernetes `validateHandler`]
fn handler(
    subject: &Subject<'_>,
    rule: &'static Rule,
    holder: &Entry,
    kinds: [&str; 4],
    found: &mut Vec<Diagnostic>,
) {
    if !matches!(holder.value.value, Value::Mapping(_)) {
        return;
    }
    let mut handlers = kinds
        .into_iter()
        .filter_map(|kind| field(&holder.value, kind));
    let Some(first) = handlers.next() else {
        let [one, two, three, last] = kinds;
        let verb = if holder.key.ends_with("Probe") {
            "probe"
        } else {
            "do"
        };
        found.push(subject.finding(
            rule,
            format!("`{}` does not say what to {verb}", holder.key),
            holder.key_span,
            format!("needs one of `{one}`, `{two}`, `{three}` and `{last}`"),
        ));
        return;
    };
    for other in handlers {
        found.push(
            subject
                .finding(
                    rule,
                    format!("`{}` does two things", holder.key),
                    other.key_span,
                    "keep one",
                )
                .related(subject.at(first.key_span, "the first")),
        );
    }
    match first.key.as_str() {
        "exec" => {
            let is_empty = match field(&first.value, "command") {
                None => matches!(first.value.value, Value::Mapping(_)),
                Some(command) => {
                    matches!(&command.value.value, Value::Sequence(items) if items.is_empty())
                }
            };
            if is_empty {
                found.push(subject.finding(
                    rule,
                    "an `exec` without a command",
                    first.key_span,
                    "needs `command`",
                ));
            }
        }
        "sleep" => sleep(subject, rule, first, found),
        _ => port(subject, rule, first, found),
    }
    for header in list(&first.value, "httpHeaders") {
        if let Some(name) = field(header, "name")
            && let Some(text) = name.value.as_str()
            && (text.is_empty()
                || !text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'))
        {
            found.push(subject.finding(
                rule,
                format!("{text:?} cannot be the name of a header"),
                name.value.span,
                "expected letters, digits and `-`",
            ));
        }
    }
}

/// By number or by name. [Kubernetes `ValidatePortNumOrName`]
fn port(subject: &Subject<'_>, rule: &'static Rule, handler: &Entry, found: &mut Vec<Diagnostic>) {
    let Some(port) = field(&handler.value, "port") else {
        return;
    };
    if let Some(number) = port.value.as_i64() {
        if !(1..=65_535).contains(&number) {
            found.push(subject.finding(
                rule,
                format!("`port` is {number}"),
                port.value.span,
                "expected 1 to 65535",
            ));
        }
    } else if let Some(name) = port.value.as_str()
        && handler.key != "grpc"
        && !is_port_name(name)
    {
        let diagnostic = subject.finding(
            rule,
            format!("{name:?} cannot be the name of a port"),
            port.value.span,
            "expected 1 to 65535, or at most 15 lower-case letters, digits and single `-` between them, with a letter",
        );
        found.push(if name.parse::<u16>().is_ok() {
            diagnostic.help("a number is written without quotes")
        } else {
            diagnostic
        });
    }
}

fn sleep(subject: &Subject<'_>, rule: &'static Rule, handler: &Entry, found: &mut Vec<Diagnostic>) {
    /// Of a pod that does not say. [Kubernetes 1.36, `SetDefaults_PodSpec`]
    const GRACE: i64 = 30;
    let grace = subject
        .pod()
        .and_then(|pod| number(&pod.value, "terminationGracePeriodSeconds"))
        .unwrap_or(GRACE);
    if let Some(seconds) = field(&handler.value, "seconds")
        && let Some(value) = seconds.value.as_i64()
        && !(0..=grace).contains(&value)
    {
        found.push(
            subject
                .finding(
                    rule,
                    format!("a hook cannot sleep for {value} seconds"),
                    seconds.value.span,
                    format!("expected 0 to {grace}"),
                )
                .help("`terminationGracePeriodSeconds` of the pod is the most"),
        );
    }
}
