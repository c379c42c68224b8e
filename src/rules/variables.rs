//! A Job that the API server refuses: where its variables, and files of the downward API, take their values from. [semantics §7.1]

use super::Subject;
use super::place::{each, field, list, one_of, text};
use crate::api::downward::{
    AMOUNTS, OF_FILES, OF_VARIABLES, SUBSCRIPTED, divisors, is_huge_pages, is_variable, subscript,
};
use crate::api::names::{is_dns_subdomain, is_qualified_name};
use crate::api::quantity::Quantity;
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity};
use crate::manifest::{Entry, Node, Value};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&DOWNWARD_API, &ENV_VARIABLE];

static DOWNWARD_API: Rule = Rule {
    id: "downward-api",
    severity: Severity::Error,
    summary: "a field of the pod or a resource that a variable or file cannot have",
    doc: Doc {
        what: "A `fieldRef` of a variable or of a `downwardAPI` volume names a field of the pod that it cannot have, or a label or annotation whose \
               key is invalid; or a `resourceFieldRef` names another resource than the CPU, memory, ephemeral storage or huge pages of \
               `limits` or `requests`, or a `divisor` that the resource does not take; or a file has both, neither, or no `containerName`.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "env:\n  - name: PHASE\n    valueFrom:\n      fieldRef:\n        fieldPath: status.phase",
        fix: "Write one of the fields that the finding lists; their case counts.",
        source: "Kubernetes pkg/apis/core/validation, validateObjectFieldSelector and validateContainerResourceFieldSelector",
    },
};

static ENV_VARIABLE: Rule = Rule {
    id: "env-variable",
    severity: Severity::Error,
    summary: "a variable of a container that the API server refuses",
    doc: Doc {
        what: "An entry of `env` has an empty name, a name with `=` or with characters outside of ASCII, a `valueFrom` beside a `value`, or a \
               `valueFrom` with no source or with two; an entry of `envFrom` names no source, or two, or has a `prefix` with such characters; or a \
               `ConfigMap` or Secret is referred to by a name or by a key that none can have.",
        why: "The API server refuses every Job; KEDA tries again at each poll and no work is done.",
        example: "env:\n  - name: QUEUE\n    value: orders\n    valueFrom:\n      configMapKeyRef:\n        name: settings\n        key: queue",
        fix: "Keep one source for each variable.",
        source: "Kubernetes pkg/apis/core/validation, ValidateEnv and ValidateEnvFrom",
    },
};

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for (_, container) in subject.containers() {
        variables(subject, container, found);
    }
    let Some(pod) = subject.pod() else { return };
    for path in [
        ["volumes", "*", "downwardAPI", "items"].as_slice(),
        &[
            "volumes",
            "*",
            "projected",
            "sources",
            "*",
            "downwardAPI",
            "items",
        ],
    ] {
        each(&pod.value, path, &mut |items| {
            for item in items.value.items() {
                file(subject, item, found);
            }
        });
    }
}

fn variables(subject: &Subject<'_>, container: &Node, found: &mut Vec<Diagnostic>) {
    for variable in list(container, "env") {
        if let Some(name) = field(variable, "name")
            && let Some(text) = name.value.as_str()
            && (text.is_empty() || !is_variable(text))
        {
            found.push(subject.finding(
                &ENV_VARIABLE,
                format!("{text:?} cannot be the name of a variable"),
                name.value.span,
                "expected printable ASCII without `=`",
            ));
        }
        let Some(from) = field(variable, "valueFrom") else {
            continue;
        };
        for kind in ["configMapKeyRef", "secretKeyRef"] {
            if let Some(reference) = field(&from.value, kind) {
                key(subject, reference, found);
            }
        }
        if let Some(reference) = field(&from.value, "fieldRef") {
            field_of_pod(subject, &reference.value, OF_VARIABLES, found);
        }
        if let Some(reference) = field(&from.value, "resourceFieldRef") {
            amount(subject, reference, false, found);
        }
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
        whole(subject, source, found);
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

/// A `ConfigMap` or Secret whose keys all become variables. [Kubernetes `ValidateEnvFrom`]
fn whole(subject: &Subject<'_>, source: &Node, found: &mut Vec<Diagnostic>) {
    if let Some(prefix) = field(source, "prefix")
        && let Some(text) = prefix.value.as_str()
        && !is_variable(text)
    {
        found.push(subject.finding(
            &ENV_VARIABLE,
            format!("{text:?} cannot begin the name of a variable"),
            prefix.value.span,
            "expected printable ASCII without `=`",
        ));
    }
    for kind in ["configMapRef", "secretRef"] {
        if let Some(reference) = field(source, kind) {
            // The server checks it as a prefix, which may end with `-`.
            name(
                subject,
                reference,
                |text| {
                    text.strip_suffix('-')
                        .map_or_else(|| is_name(text), |most| is_name(&format!("{most}a")))
                },
                found,
            );
        }
    }
}

fn is_name(text: &str) -> bool {
    text.len() <= 253 && is_dns_subdomain(text)
}

/// The name in a reference to a `ConfigMap` or Secret.
fn name(
    subject: &Subject<'_>,
    reference: &Entry,
    is_name: impl Fn(&str) -> bool,
    found: &mut Vec<Diagnostic>,
) {
    // Without one it is a missing field.
    let Some(name) = field(&reference.value, "name") else {
        return;
    };
    if let Some(text) = name.value.as_str().filter(|text| !is_name(text)) {
        found.push(subject.finding(
            &ENV_VARIABLE,
            format!("{text:?} cannot be the name in a `{}`", reference.key),
            name.value.span,
            "expected lower-case letters, digits, `-` and `.`, a letter or digit at both ends",
        ));
    }
}

/// One key of a `ConfigMap` or Secret. [`validateSecretKeySelector`, apimachinery `IsConfigMapKey`]
fn key(subject: &Subject<'_>, reference: &Entry, found: &mut Vec<Diagnostic>) {
    name(subject, reference, is_name, found);
    let Some(key) = field(&reference.value, "key") else {
        return;
    };
    let is_key = |text: &str| {
        !text.is_empty()
            && text.len() <= 253
            && text != "."
            && !text.starts_with("..")
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    if let Some(text) = key.value.as_str().filter(|text| !is_key(text)) {
        found.push(subject.finding(
            &ENV_VARIABLE,
            format!("{text:?} cannot be the key in a `{}`", reference.key),
            key.value.span,
            "expected letters, digits, `-`, `_` and `.`",
        ));
    }
}

/// A file of the downward API. [Kubernetes `validateDownwardAPIVolumeFile`]
fn file(subject: &Subject<'_>, file: &Node, found: &mut Vec<Diagnostic>) {
    let of_pod = field(file, "fieldRef");
    let of_container = field(file, "resourceFieldRef");
    if let Some(reference) = of_pod {
        field_of_pod(subject, &reference.value, OF_FILES, found);
    }
    match (of_pod, of_container) {
        (Some(first), Some(second)) => found.push(
            subject
                .finding(
                    &DOWNWARD_API,
                    "a file with a `fieldRef` and a `resourceFieldRef`",
                    second.key_span,
                    "remove one of the two",
                )
                .related(subject.at(first.key_span, "the first")),
        ),
        (None, Some(reference)) => amount(subject, reference, true, found),
        (Some(_), None) => {}
        (None, None) => {
            if let Some(first) = file.entries().first() {
                found.push(subject.finding(
                    &DOWNWARD_API,
                    "a file of the downward API without a source",
                    first.key_span,
                    "needs `fieldRef` or `resourceFieldRef`",
                ));
            }
        }
    }
}

/// [Kubernetes `validateObjectFieldSelector`]
fn field_of_pod(
    subject: &Subject<'_>,
    reference: &Node,
    known: &[&str],
    found: &mut Vec<Diagnostic>,
) {
    if let Some(version) = field(reference, "apiVersion")
        && let Some(text) = version.value.as_str()
        && !matches!(text, "" | "v1")
    {
        found.push(subject.no_such_word(&DOWNWARD_API, version, &["v1"]));
        return;
    }
    let Some(entry) = field(reference, "fieldPath") else {
        return;
    };
    let Some(path) = entry.value.as_str() else {
        return;
    };
    if let Some((map @ ("metadata.labels" | "metadata.annotations"), key)) = subscript(path) {
        // Annotations are compared in lower case.
        let is_key = if map == "metadata.labels" {
            is_qualified_name(key)
        } else {
            is_qualified_name(&key.to_lowercase())
        };
        if !is_key {
            found.push(subject.finding(
                &DOWNWARD_API,
                format!("{key:?} cannot be a key of `{map}`"),
                entry.value.span,
                "expected a name such as `app` or `example.com/app`",
            ));
        }
        return;
    }
    // `spec.host` is for clients of long ago, and means `spec.nodeName`.
    let is_old = path == "spec.host" && known.contains(&"spec.nodeName");
    if !is_old && !known.contains(&path) {
        let words = [known, SUBSCRIPTED].concat();
        found.push(subject.no_such_word(&DOWNWARD_API, entry, &words));
    }
}

/// [Kubernetes `validateContainerResourceFieldSelector`]
fn amount(subject: &Subject<'_>, reference: &Entry, is_file: bool, found: &mut Vec<Diagnostic>) {
    if is_file && text(&reference.value, "containerName").is_none_or(str::is_empty) {
        found.push(subject.finding(
            &DOWNWARD_API,
            "a file's `resourceFieldRef` does not say of which container",
            reference.key_span,
            "needs `containerName`",
        ));
    }
    let Some(entry) = field(&reference.value, "resource") else {
        return;
    };
    let Some(resource) = entry.value.as_str() else {
        return;
    };
    if !is_huge_pages(resource) && !AMOUNTS.contains(&resource) {
        found.push(subject.no_such_word(&DOWNWARD_API, entry, AMOUNTS));
        return;
    }
    let Some(divisor) = field(&reference.value, "divisor") else {
        return;
    };
    let written = match &divisor.value.value {
        Value::String(text) => text.as_str(),
        Value::Number(_) => subject.job.document.source.slice(divisor.value.span),
        _ => return,
    };
    // Nothing counts as absent.
    let is_nothing = Quantity::parse(written).is_none_or(|amount| amount == Quantity::ZERO);
    if !is_nothing && Quantity::is_one_of(written, divisors(resource)) == Some(false) {
        let words = divisors(resource).iter();
        let words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
        found.push(subject.finding(
            &DOWNWARD_API,
            format!("`divisor` of `{resource}` cannot be `{written}`"),
            divisor.value.span,
            format!("expected {}", one_of(&words)),
        ));
    }
}
