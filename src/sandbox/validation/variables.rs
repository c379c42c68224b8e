//! Where variables and files of a pod take their values from. [Kubernetes pkg/apis/core/validation, `ValidateEnv`]

use serde_json::Value;

use super::super::field::FieldErrors;
use super::super::{names, object};
use crate::api::downward::{
    AMOUNTS, OF_FILES, OF_VARIABLES, divisors, is_huge_pages, is_variable, subscript,
};
use crate::api::quantity::Quantity;

const VARIABLE: &str = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/// Fields that the server knows and that neither can have. [Kubernetes `ConvertDownwardAPIFieldLabel`]
const OTHERS: &[&str] = &["spec.restartPolicy", "spec.schedulerName", "status.phase"];

/// Checks `env` and `envFrom` of a container.
pub(super) fn check(container: &Value, path: &str, errors: &mut FieldErrors) {
    for (index, variable) in object::list(container, "/env").iter().enumerate() {
        self::variable(variable, &format!("{path}.env[{index}]"), errors);
    }
    let field = format!("{path}.envFrom");
    for (index, source) in object::list(container, "/envFrom").iter().enumerate() {
        let prefix = object::text(source, "/prefix");
        if !is_variable(prefix) {
            errors.invalid(format!("{field}[{index}].prefix"), prefix, VARIABLE);
        }
        let mut named = 0;
        for kind in ["configMapRef", "secretRef"] {
            let Some(reference) = source.get(kind).filter(|one| one.is_object()) else {
                continue;
            };
            named += 1;
            let field = format!("{field}[{index}].{kind}.name");
            let name = object::text(reference, "/name");
            if name.is_empty() {
                errors.required(field, "");
                continue;
            }
            // Checked as a prefix is, which may end with `-`.
            let masked = name.strip_suffix('-').map(|most| format!("{most}a"));
            for why in names::dns_subdomain(masked.as_deref().unwrap_or(name)) {
                errors.invalid(&field, name, why);
            }
        }
        match named {
            0 => errors.invalid(
                &field,
                "",
                "must specify one of: `configMapRef` or `secretRef`",
            ),
            1 => {}
            _ => errors.invalid(
                &field,
                "",
                "may not have more than one field specified at a time",
            ),
        }
    }
}

fn variable(variable: &Value, field: &str, errors: &mut FieldErrors) {
    let name = object::text(variable, "/name");
    if name.is_empty() {
        errors.required(format!("{field}.name"), "");
    } else if !is_variable(name) {
        errors.invalid(format!("{field}.name"), name, VARIABLE);
    }
    let Some(from) = variable.get("valueFrom").filter(|from| from.is_object()) else {
        return;
    };
    let field = format!("{field}.valueFrom");
    if let Some(reference) = from.get("fieldRef").filter(|one| one.is_object()) {
        field_of_pod(
            reference,
            OF_VARIABLES,
            &format!("{field}.fieldRef"),
            errors,
        );
    }
    if let Some(reference) = from.get("resourceFieldRef").filter(|one| one.is_object()) {
        amount(
            reference,
            false,
            &format!("{field}.resourceFieldRef"),
            errors,
        );
    }
    for kind in ["configMapKeyRef", "secretKeyRef"] {
        if let Some(reference) = from.get(kind).filter(|one| one.is_object()) {
            key(reference, &format!("{field}.{kind}"), errors);
        }
    }
    match count(from) {
        0 => errors.invalid(
            field,
            "",
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
        ),
        _ if !object::text(variable, "/value").is_empty() => {
            errors.invalid(field, "", "may not be specified when `value` is not empty");
        }
        1 => {}
        _ => errors.invalid(
            field,
            "",
            "may not have more than one field specified at a time",
        ),
    }
}

/// The fields of an object that are there.
fn count(object: &Value) -> usize {
    object.as_object().map_or(0, |fields| {
        fields.values().filter(|one| !one.is_null()).count()
    })
}

/// A key of a `ConfigMap` or Secret. [Kubernetes `validateSecretKeySelector`]
fn key(reference: &Value, field: &str, errors: &mut FieldErrors) {
    let name = object::text(reference, "/name");
    for why in names::dns_subdomain(name) {
        errors.invalid(format!("{field}.name"), name, why);
    }
    let key = object::text(reference, "/key");
    let field = format!("{field}.key");
    if key.is_empty() {
        errors.required(field, "");
        return;
    }
    if key.len() > 253 {
        errors.invalid(&field, key, "must be no more than 253 bytes");
    }
    if !key
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    {
        errors.invalid(&field, key, KEY);
    }
    match key {
        "." => errors.invalid(&field, key, "must not be '.'"),
        ".." => errors.invalid(&field, key, "must not be '..'"),
        _ if key.starts_with("..") => {
            errors.invalid(&field, key, "must not start with '..'");
        }
        _ => {}
    }
}

/// Checks the files of the volumes that the downward API fills. The server names no index among them.
pub(super) fn files(volume: &Value, path: &str, errors: &mut FieldErrors) {
    let mut check = |holder: &Value, path: &str| {
        for file in object::list(holder, "/items") {
            self::file(file, path, errors);
        }
    };
    if let Some(source) = volume.get("downwardAPI") {
        check(source, &format!("{path}.downwardAPI"));
    }
    for (index, source) in object::list(volume, "/projected/sources")
        .iter()
        .enumerate()
    {
        if let Some(source) = source.get("downwardAPI") {
            check(
                source,
                &format!("{path}.projected.sources[{index}].downwardAPI"),
            );
        }
    }
}

fn file(file: &Value, path: &str, errors: &mut FieldErrors) {
    let of_pod = file.get("fieldRef").filter(|one| one.is_object());
    let of_container = file.get("resourceFieldRef").filter(|one| one.is_object());
    match (of_pod, of_container) {
        (Some(reference), other) => {
            field_of_pod(reference, OF_FILES, &format!("{path}.fieldRef"), errors);
            if other.is_some() {
                errors.invalid(
                    path,
                    "resource",
                    "fieldRef and resourceFieldRef can not be specified simultaneously",
                );
            }
        }
        (None, Some(reference)) => {
            amount(reference, true, &format!("{path}.resourceFieldRef"), errors);
        }
        (None, None) => {
            errors.required(path, "one of fieldRef and resourceFieldRef is required");
        }
    }
}

/// [Kubernetes `validateObjectFieldSelector`]
fn field_of_pod(reference: &Value, known: &[&str], field: &str, errors: &mut FieldErrors) {
    let path = object::text(reference, "/fieldPath");
    let version = object::text(reference, "/apiVersion");
    let at = format!("{field}.fieldPath");
    if path.is_empty() {
        errors.required(at, "");
        return;
    }
    let mut cannot_convert = |why: String| {
        errors.invalid(&at, path, format!("error converting fieldPath: {why}"));
    };
    if !matches!(version, "" | "v1") {
        cannot_convert(format!("unsupported pod version: {version}"));
        return;
    }
    if let Some((map, key)) = subscript(path).filter(|(map, _)| !map.is_empty()) {
        let key = match map {
            "metadata.annotations" => key.to_lowercase(),
            "metadata.labels" => key.to_owned(),
            _ => {
                cannot_convert(format!("field label does not support subscript: {path}"));
                return;
            }
        };
        for why in names::qualified_name(&key) {
            errors.invalid(field, key.as_str(), why);
        }
        return;
    }
    // For clients of long ago.
    let path = if path == "spec.host" {
        "spec.nodeName"
    } else {
        path
    };
    if ![OF_VARIABLES, OF_FILES, OTHERS]
        .iter()
        .any(|known| known.contains(&path))
    {
        cannot_convert(format!("field label not supported: {path}"));
    } else if !known.contains(&path) {
        errors.unsupported(at, path, known);
    }
}

/// [Kubernetes `validateContainerResourceFieldSelector`]
fn amount(reference: &Value, is_file: bool, field: &str, errors: &mut FieldErrors) {
    let resource = object::text(reference, "/resource");
    let pages = is_huge_pages(resource);
    if is_file && object::text(reference, "/containerName").is_empty() {
        errors.required(format!("{field}.containerName"), "");
    } else if resource.is_empty() {
        errors.required(format!("{field}.resource"), "");
    } else if !pages && !AMOUNTS.contains(&resource) {
        errors.unsupported(format!("{field}.resource"), resource, AMOUNTS);
    }
    let divisor = match &reference["divisor"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return,
    };
    let what = match resource {
        "limits.cpu" | "requests.cpu" => "cpu",
        "limits.memory" | "requests.memory" => "memory",
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => "local ephemeral storage",
        _ if pages => "hugepages",
        _ => return,
    };
    let divisors = divisors(resource);
    let is_nothing = Quantity::parse(&divisor).is_none_or(|divisor| divisor == Quantity::ZERO);
    if !is_nothing && Quantity::is_one_of(&divisor, divisors) == Some(false) {
        let words = if what == "cpu" {
            "1m and 1".to_owned()
        } else {
            divisors.join(", ")
        };
        errors.invalid(
            format!("{field}.divisor"),
            resource,
            format!("only divisor's values {words} are supported with the {what} resource"),
        );
    }
}
