//! A Job that the API server refuses: security contexts of the pod and its containers. [semantics §7.1]

use super::Subject;
use super::job::OUT_OF_RANGE;
use super::place::{field, list, text};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity};
use crate::manifest::{Entry, Node};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&HOST_PROCESS, &SECURITY_CONTEXT];

static HOST_PROCESS: Rule = Rule {
    id: "host-process",
    severity: Severity::Error,
    summary: "a Windows hostProcess that the API server refuses",
    doc: Doc {
        what: "`windowsOptions.hostProcess` is true and the pod has no `hostNetwork: true`, not all of its containers have it, or a container \
               says something else than the pod.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "template:\n  spec:\n    securityContext:\n      windowsOptions:\n        hostProcess: true",
        fix: "Add `hostNetwork: true` to the pod, and write `hostProcess` in the pod's `securityContext` alone.",
        source: "Kubernetes pkg/apis/core/validation, validateWindowsHostProcessPod",
    },
};

static SECURITY_CONTEXT: Rule = Rule {
    id: "security-context",
    severity: Severity::Error,
    summary: "a securityContext whose fields do not go together",
    doc: Doc {
        what: "A `seccompProfile` or `appArmorProfile` of type `Localhost` has no `localhostProfile`, an invalid one, or one of another type has \
               one; `allowPrivilegeEscalation: false` is beside `privileged: true` or the capability `CAP_SYS_ADMIN`; `procMount: Unmasked` \
               is in a pod without `hostUsers: false`; or `hostPID` is beside `shareProcessNamespace`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "securityContext:\n  seccompProfile:\n    type: Localhost",
        fix: "Change or remove the field that the finding points at.",
        source: "Kubernetes pkg/apis/core/validation, ValidateSecurityContext and validateSeccompProfileField",
    },
};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let Some(pod) = subject.pod() else { return };
    identities(subject, &pod.value, found);
    profiles(subject, &pod.value, found);
    if let Some(shared) = flag(&pod.value, "shareProcessNamespace", true)
        && let Some(host) = flag(&pod.value, "hostPID", true)
    {
        found.push(
            subject
                .finding(
                    &SECURITY_CONTEXT,
                    "`shareProcessNamespace` and `hostPID` exclude each other",
                    shared.key_span,
                    "the API server refuses every Job",
                )
                .related(subject.at(host.key_span, "the other")),
        );
    }
    let has_own_users = flag(&pod.value, "hostUsers", false).is_some();
    for (_, container) in subject.containers() {
        identities(subject, container, found);
        profiles(subject, container, found);
        let Some(context) = field(container, "securityContext") else {
            continue;
        };
        privileges(subject, &context.value, found);
        if let Some(mount) = field(&context.value, "procMount")
            && mount.value.as_str() == Some("Unmasked")
            && !has_own_users
        {
            found.push(
                subject
                    .finding(
                        &SECURITY_CONTEXT,
                        "`procMount: Unmasked` needs users of its own for the pod",
                        mount.value.span,
                        "the API server refuses every Job",
                    )
                    .help("add `hostUsers: false` to the pod's spec"),
            );
        }
    }
    host_process(subject, &pod.value, found);
}

/// A field that is written and has this value.
fn flag<'a>(node: &'a Node, name: &str, value: bool) -> Option<&'a Entry> {
    field(node, name).filter(|entry| entry.value.as_bool() == Some(value))
}

/// Users and groups. [apimachinery `IsValidUserID` and `IsValidGroupID`]
fn identities(subject: &Subject<'_>, holder: &Node, found: &mut Vec<Diagnostic>) {
    let Some(context) = field(holder, "securityContext") else {
        return;
    };
    let one = ["runAsUser", "runAsGroup", "fsGroup"]
        .into_iter()
        .filter_map(|name| Some((name, &field(&context.value, name)?.value)));
    let many = "supplementalGroups";
    let groups = list(&context.value, many).iter().map(|group| (many, group));
    for (name, node) in one.chain(groups) {
        if let Some(value) = node
            .as_i64()
            .filter(|value| !(0..=i64::from(i32::MAX)).contains(value))
        {
            found.push(subject.finding(
                &OUT_OF_RANGE,
                format!("`{name}` is {value}"),
                node.span,
                format!("expected 0 to {}", i32::MAX),
            ));
        }
    }
}

/// [`validateSeccompProfileField` and `ValidateAppArmorProfileField`]
fn profiles(subject: &Subject<'_>, holder: &Node, found: &mut Vec<Diagnostic>) {
    let Some(context) = field(holder, "securityContext") else {
        return;
    };
    for name in ["seccompProfile", "appArmorProfile"] {
        let Some(profile) = field(&context.value, name) else {
            continue;
        };
        let Some(kind) = field(&profile.value, "type") else {
            continue;
        };
        let local = field(&profile.value, "localhostProfile");
        match (kind.value.as_str(), local) {
            (Some("Localhost"), None) => found.push(subject.finding(
                &SECURITY_CONTEXT,
                format!("a `{name}` of type `Localhost` without its `localhostProfile`"),
                kind.value.span,
                "needs `localhostProfile`",
            )),
            (Some("Localhost"), Some(local)) => {
                let is_seccomp = name == "seccompProfile";
                let is_wrong = local.value.as_str().is_some_and(|path| {
                    if is_seccomp {
                        path.starts_with('/') || path.split('/').any(|part| part == "..")
                    } else {
                        path.is_empty() || path.trim() != path || path.len() > 4095
                    }
                });
                if is_wrong {
                    found.push(subject.finding(
                        &SECURITY_CONTEXT,
                        format!("a `{name}` that no node can have"),
                        local.value.span,
                        if is_seccomp {
                            "expected a relative path without `..`"
                        } else {
                            "expected a name without white space around it"
                        },
                    ));
                }
            }
            (Some("RuntimeDefault" | "Unconfined"), Some(local)) => found.push(
                subject
                    .finding(
                        &SECURITY_CONTEXT,
                        "`localhostProfile` goes with `type: Localhost` only",
                        local.key_span,
                        "the API server refuses every Job",
                    )
                    .related(subject.at(kind.value.span, "the type")),
            ),
            (Some("RuntimeDefault" | "Unconfined"), None) | (None, _) => {}
            (Some(_), _) => found.push(subject.no_such_word(
                &SECURITY_CONTEXT,
                kind,
                &["RuntimeDefault", "Localhost", "Unconfined"],
            )),
        }
    }
}

fn privileges(subject: &Subject<'_>, context: &Node, found: &mut Vec<Diagnostic>) {
    let Some(escalation) = flag(context, "allowPrivilegeEscalation", false) else {
        return;
    };
    let mut report = |span, what: &str| {
        found.push(
            subject
                .finding(
                    &SECURITY_CONTEXT,
                    format!("`allowPrivilegeEscalation: false` beside {what}"),
                    escalation.key_span,
                    "the API server refuses every Job",
                )
                .related(subject.at(span, "allows it")),
        );
    };
    if let Some(privileged) = flag(context, "privileged", true) {
        report(privileged.key_span, "`privileged: true`");
    }
    if let Some(capabilities) = field(context, "capabilities")
        && let Some(capability) = list(&capabilities.value, "add")
            .iter()
            .find(|one| one.as_str() == Some("CAP_SYS_ADMIN"))
    {
        report(capability.span, "the capability `CAP_SYS_ADMIN`");
    }
}

/// Processes of a Windows node: all containers or none, in the node's network. [Kubernetes `validateWindowsHostProcessPod`]
fn host_process(subject: &Subject<'_>, pod: &Node, found: &mut Vec<Diagnostic>) {
    let written = |holder| {
        let context = field(holder, "securityContext")?;
        let options = field(&context.value, "windowsOptions")?;
        let entry = field(&options.value, "hostProcess")?;
        Some((entry, entry.value.as_bool()?))
    };
    let of_pod = written(pod);
    let mut process = None;
    let mut other = None;
    for (_, container) in subject.containers() {
        let own = written(container);
        if let (Some((first, is_one)), Some((entry, is_own_one))) = (of_pod, own)
            && is_one != is_own_one
        {
            found.push(
                subject
                    .finding(
                        &HOST_PROCESS,
                        "a container says something else of `hostProcess` than its pod",
                        entry.value.span,
                        format!("expected {is_one}"),
                    )
                    .related(subject.at(first.value.span, "of the pod")),
            );
        }
        match own.or(of_pod) {
            Some((entry, true)) => process = process.or(Some(entry)),
            _ => other = other.or(Some(container)),
        }
    }
    let Some(process) = process else { return };
    if let Some(other) = other {
        let span = other.get("name").map_or(other.span, |name| name.span);
        let name = text(other, "name").unwrap_or_default();
        found.push(
            subject
                .finding(
                    &HOST_PROCESS,
                    "all containers of a pod are host processes, or none",
                    process.value.span,
                    "the API server refuses every Job",
                )
                .related(subject.at(span, format!("`{name}` is none"))),
        );
    }
    if flag(pod, "hostNetwork", true).is_none() {
        found.push(subject.finding(
            &HOST_PROCESS,
            "host processes need `hostNetwork: true`",
            process.value.span,
            "the API server refuses every Job",
        ));
    }
}
