//! Containers of a pod: names, images, variables, ports, probes, mounts. [Kubernetes pkg/apis/core/validation]

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::field::FieldErrors;
use super::super::{names, object};
use super::{resources, words};

const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

/// Checks one container; `seen` holds the names of those before it.
pub(super) fn check<'a>(
    container: &'a Value,
    path: &str,
    is_init: bool,
    volumes: &BTreeSet<&str>,
    seen: &mut BTreeSet<&'a str>,
    errors: &mut FieldErrors,
) {
    let name = object::text(container, "/name");
    if name.is_empty() {
        errors.required(format!("{path}.name"), "");
    } else {
        for why in names::dns_label(name) {
            errors.invalid(format!("{path}.name"), name, why);
        }
        if !seen.insert(name) {
            errors.duplicate(format!("{path}.name"), name);
        }
    }
    if object::text(container, "/image").is_empty() {
        errors.required(format!("{path}.image"), "");
    }
    words::container(container, path, errors);
    ports(container, path, errors);
    variables(container, path, errors);
    mounts(container, path, volumes, errors);
    let is_plain_init = is_init && object::text(container, "/restartPolicy") != "Always";
    for field in PROBES {
        let Some(probe) = container.get(field).filter(|probe| probe.is_object()) else {
            continue;
        };
        if is_plain_init {
            no_sidecar(path, field, errors);
        } else {
            self::probe(probe, &format!("{path}.{field}"), field, errors);
        }
    }
    if is_plain_init && container.get("lifecycle").is_some_and(Value::is_object) {
        no_sidecar(path, "lifecycle", errors);
    }
    for field in ["runAsUser", "runAsGroup"] {
        super::pod::identity(container, path, field, errors);
    }
    resources::check(
        &container["resources"],
        &format!("{path}.resources"),
        errors,
    );
}

fn no_sidecar(path: &str, field: &str, errors: &mut FieldErrors) {
    errors.forbidden(
        format!("{path}.{field}"),
        "may not be set for init containers without restartPolicy=Always",
    );
}

fn ports(container: &Value, path: &str, errors: &mut FieldErrors) {
    const RANGE: &str = "must be between 1 and 65535, inclusive";
    let mut seen = BTreeSet::new();
    for (index, port) in object::list(container, "/ports").iter().enumerate() {
        let field = format!("{path}.ports[{index}]");
        let name = object::text(port, "/name");
        if !name.is_empty() {
            let wrong = port_name(name);
            if wrong.is_empty() && !seen.insert(name) {
                errors.duplicate(format!("{field}.name"), name);
            }
            for why in wrong {
                errors.invalid(format!("{field}.name"), name, why);
            }
        }
        match object::number(port, "/containerPort").unwrap_or(0) {
            0 => errors.required(format!("{field}.containerPort"), ""),
            1..=65_535 => {}
            other => errors.invalid(format!("{field}.containerPort"), other, RANGE),
        }
        if let Some(other) =
            object::number(port, "/hostPort").filter(|port| !(0..=65_535).contains(port))
        {
            errors.invalid(format!("{field}.hostPort"), other, RANGE);
        }
    }
}

/// [apimachinery `IsValidPortName`]
fn port_name(name: &str) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    if name.len() > 15 {
        wrong.push("must be no more than 15 characters");
    }
    if !name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    {
        wrong.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !name.bytes().any(|byte| byte.is_ascii_lowercase()) {
        wrong.push("must contain at least one letter (a-z)");
    }
    if name.contains("--") {
        wrong.push("must not contain consecutive hyphens");
    }
    if name.starts_with('-') || name.ends_with('-') {
        wrong.push("must not begin or end with a hyphen");
    }
    wrong
}

fn variables(container: &Value, path: &str, errors: &mut FieldErrors) {
    for (index, variable) in object::list(container, "/env").iter().enumerate() {
        let field = format!("{path}.env[{index}]");
        let name = object::text(variable, "/name");
        if name.is_empty() {
            errors.required(format!("{field}.name"), "");
        } else if !name
            .bytes()
            .all(|byte| (b' '..=b'~').contains(&byte) && byte != b'=')
        {
            errors.invalid(
                format!("{field}.name"),
                name,
                "a valid environment variable name must consist only of printable ASCII characters other than '='",
            );
        }
        let Some(from) = variable.get("valueFrom").filter(|from| from.is_object()) else {
            continue;
        };
        let field = format!("{field}.valueFrom");
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
    for source in object::list(container, "/envFrom") {
        let named = ["configMapRef", "secretRef"]
            .iter()
            .filter(|name| source.get(**name).is_some_and(Value::is_object))
            .count();
        let field = format!("{path}.envFrom");
        match named {
            0 => errors.invalid(
                field,
                "",
                "must specify one of: `configMapRef` or `secretRef`",
            ),
            1 => {}
            _ => errors.invalid(
                field,
                "",
                "may not have more than one field specified at a time",
            ),
        }
    }
}

/// The fields of an object that are there.
fn count(object: &Value) -> usize {
    object.as_object().map_or(0, |fields| {
        fields.values().filter(|one| !one.is_null()).count()
    })
}

fn mounts(container: &Value, path: &str, volumes: &BTreeSet<&str>, errors: &mut FieldErrors) {
    let mut seen = BTreeSet::new();
    for (index, mount) in object::list(container, "/volumeMounts").iter().enumerate() {
        let field = format!("{path}.volumeMounts[{index}]");
        let volume = object::text(mount, "/name");
        if volume.is_empty() {
            errors.required(format!("{field}.name"), "");
        } else if !volumes.contains(volume) {
            errors.not_found(format!("{field}.name"), volume);
        }
        let mounted = object::text(mount, "/mountPath");
        if mounted.is_empty() {
            errors.required(format!("{field}.mountPath"), "");
        } else if !seen.insert(mounted) {
            errors.invalid(format!("{field}.mountPath"), mounted, "must be unique");
        }
    }
    for (index, device) in object::list(container, "/volumeDevices").iter().enumerate() {
        let field = format!("{path}.volumeDevices[{index}]");
        let volume = object::text(device, "/name");
        if volume.is_empty() {
            errors.required(format!("{field}.name"), "");
        } else if !volumes.contains(volume) {
            errors.not_found(format!("{field}.name"), volume);
        }
    }
}

fn probe(probe: &Value, path: &str, kind: &str, errors: &mut FieldErrors) {
    let handlers = ["exec", "httpGet", "tcpSocket", "grpc"]
        .into_iter()
        .filter(|handler| probe.get(*handler).is_some_and(Value::is_object));
    for (index, handler) in handlers.clone().enumerate() {
        if index > 0 {
            errors.forbidden(
                format!("{path}.{handler}"),
                "may not specify more than 1 handler type",
            );
        }
    }
    if handlers.count() == 0 {
        errors.required(path, "must specify a handler type");
    }
    for field in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ] {
        if let Some(number) =
            object::number(probe, &format!("/{field}")).filter(|number| *number < 0)
        {
            errors.invalid(
                format!("{path}.{field}"),
                number,
                "must be greater than or equal to 0",
            );
        }
    }
    if let Some(seconds) =
        object::number(probe, "/terminationGracePeriodSeconds").filter(|seconds| *seconds <= 0)
    {
        errors.invalid(
            format!("{path}.terminationGracePeriodSeconds"),
            seconds,
            "must be greater than 0",
        );
    }
    if kind != "readinessProbe"
        && let Some(threshold) =
            object::number(probe, "/successThreshold").filter(|threshold| *threshold > 1)
    {
        errors.invalid(format!("{path}.successThreshold"), threshold, "must be 1");
    }
}
