//! A Job that the API server refuses: requests and limits. That a quantity parses is the shape's business.

use super::Subject;
use super::place::field;
use crate::api::names::is_qualified_name;
use crate::api::quantity::Quantity;
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity};
use crate::manifest::{Entry, Node, Value};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&REQUEST_ABOVE_LIMIT, &RESOURCE_AMOUNT, &RESOURCE_NAME];

static REQUEST_ABOVE_LIMIT: Rule = Rule {
    id: "request-above-limit",
    severity: Severity::Error,
    summary: "a container requests more than its limit, or an extended resource without the same limit",
    doc: Doc {
        what: "A request is greater than the limit of the same resource. Extended resources (those with a domain, such as `nvidia.com/gpu`) and \
               huge pages cannot be overcommitted: their request needs a limit, and both are equal.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "resources:\n  requests:\n    memory: 2Gi\n  limits:\n    memory: 1Gi",
        fix: "Raise the limit or lower the request; for an extended resource write the limit only.",
        source: "Kubernetes pkg/apis/core/validation, validateResourceRequirements",
    },
};

static RESOURCE_AMOUNT: Rule = Rule {
    id: "resource-amount",
    severity: Severity::Error,
    summary: "an amount of a resource that is negative or not whole",
    doc: Doc {
        what: "A request or limit is negative, or is a fraction of an extended resource such as `nvidia.com/gpu`, which comes in wholes.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "resources:\n  limits:\n    nvidia.com/gpu: 500m",
        fix: "Write a whole number.",
        source: "Kubernetes pkg/apis/core/validation, ValidateResourceQuantityValue",
    },
};

static RESOURCE_NAME: Rule = Rule {
    id: "resource-name",
    severity: Severity::Error,
    summary: "a resource that containers cannot request",
    doc: Doc {
        what: "Without a domain, the resources of a container are `cpu`, `memory`, `ephemeral-storage` and `hugepages-…`; others have a domain, such as \
               `nvidia.com/gpu`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "resources:\n  limits:\n    gpu: 1",
        fix: "Write the full name of the resource.",
        source: "Kubernetes pkg/apis/core/validation, validateContainerResourceName",
    },
};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for (_, container) in subject.containers() {
        let Some(resources) = field(container, "resources") else {
            continue;
        };
        let limits = field(&resources.value, "limits");
        let requests = field(&resources.value, "requests");
        for entry in entries(limits).iter().chain(entries(requests)) {
            name(subject, entry, found);
            amount(subject, entry, found);
        }
        for entry in entries(requests) {
            let limit = limits.and_then(|limits| field(&limits.value, &entry.key));
            request(subject, entry, limit, found);
        }
    }
}

fn entries(list: Option<&Entry>) -> &[Entry] {
    list.map(|list| list.value.entries()).unwrap_or_default()
}

/// Without a domain, or with one of Kubernetes itself.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn is_huge_pages(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn name(subject: &Subject<'_>, entry: &Entry, found: &mut Vec<Diagnostic>) {
    let name = entry.key.as_str();
    let is_known = if name.contains('/') {
        is_qualified_name(name) && !name.starts_with("requests.")
    } else {
        matches!(name, "cpu" | "memory" | "ephemeral-storage") || is_huge_pages(name)
    };
    if is_known {
        return;
    }
    let diagnostic = subject.finding(
        &RESOURCE_NAME,
        format!("a container has no resource `{name}`"),
        entry.key_span,
        "expected `cpu`, `memory`, `ephemeral-storage`, `hugepages-…`, or a name with a domain such as `nvidia.com/gpu`",
    );
    let known = ["cpu", "memory", "ephemeral-storage"];
    let near = crate::diagnostic::suggest(name, known).filter(|near| near.is_sure);
    found.push(match near {
        Some(near) => diagnostic.fix(subject.replace(entry.key_span, near.word)),
        None => diagnostic,
    });
}

/// The amount that is written, as a string or as a number.
fn quantity(subject: &Subject<'_>, node: &Node) -> Option<Quantity> {
    match &node.value {
        Value::String(text) => Quantity::parse(text),
        Value::Number(_) => Quantity::parse(subject.job.document.source.slice(node.span)),
        _ => None,
    }
}

fn amount(subject: &Subject<'_>, entry: &Entry, found: &mut Vec<Diagnostic>) {
    let Some(amount) = quantity(subject, &entry.value) else {
        return;
    };
    let name = &entry.key;
    if amount.is_negative() {
        found.push(subject.finding(
            &RESOURCE_AMOUNT,
            format!("the amount of `{name}` is negative"),
            entry.value.span,
            "expected 0 or more",
        ));
    } else if !is_native(name) && !amount.is_whole() {
        found.push(subject.finding(
            &RESOURCE_AMOUNT,
            format!("`{name}` comes in whole numbers"),
            entry.value.span,
            "expected a whole number",
        ));
    }
}

fn request(
    subject: &Subject<'_>,
    request: &Entry,
    limit: Option<&Entry>,
    found: &mut Vec<Diagnostic>,
) {
    let name = &request.key;
    let can_overcommit = is_native(name) && !is_huge_pages(name);
    let Some(limit) = limit else {
        if !can_overcommit {
            found.push(
                subject
                    .finding(
                        &REQUEST_ABOVE_LIMIT,
                        format!("`{name}` is requested without a limit"),
                        request.key_span,
                        "cannot be overcommitted, so it needs the same limit",
                    )
                    .help("write it under `limits`; the request then follows by itself"),
            );
        }
        return;
    };
    let (Some(wanted), Some(most)) = (
        quantity(subject, &request.value),
        quantity(subject, &limit.value),
    ) else {
        return;
    };
    let message = if wanted > most {
        format!("the request for `{name}` is greater than its limit")
    } else if wanted != most && !can_overcommit {
        format!("the request for `{name}` differs from its limit, and it cannot be overcommitted")
    } else {
        return;
    };
    found.push(
        subject
            .finding(
                &REQUEST_ABOVE_LIMIT,
                message,
                request.value.span,
                "the API server refuses every Job",
            )
            .related(subject.at(limit.value.span, "the limit")),
    );
}
