//! Probes and lifecycle hooks of a container, and what they call. [Kubernetes pkg/apis/core/validation, `validateHandler`]

use serde_json::Value;

use super::super::field::FieldErrors;
use super::super::object;

pub(super) const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];
pub(super) const PORT_RANGE: &str = "must be between 1 and 65535, inclusive";

/// Checks a probe of one of the [`PROBES`].
pub(super) fn probe(probe: &Value, path: &str, kind: &str, errors: &mut FieldErrors) {
    handler(
        probe,
        path,
        &["exec", "httpGet", "tcpSocket", "grpc"],
        None,
        errors,
    );
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
    let grace = object::number(probe, "/terminationGracePeriodSeconds");
    let field = format!("{path}.terminationGracePeriodSeconds");
    if let Some(seconds) = grace.filter(|seconds| *seconds <= 0) {
        errors.invalid(&field, seconds, "must be greater than 0");
    }
    if kind == "readinessProbe" {
        if let Some(seconds) = grace {
            errors.invalid(field, seconds, "must not be set for readinessProbes");
        }
    } else if let Some(threshold) =
        object::number(probe, "/successThreshold").filter(|threshold| *threshold > 1)
    {
        errors.invalid(format!("{path}.successThreshold"), threshold, "must be 1");
    }
}

/// Checks both hooks of a container; `grace` is the pod's `terminationGracePeriodSeconds`. [`validateLifecycle`; its stop signal is
/// behind a gate that is closed in 1.36]
pub(super) fn hooks(container: &Value, path: &str, grace: Option<i64>, errors: &mut FieldErrors) {
    for name in ["postStart", "preStop"] {
        if let Some(hook) = container
            .pointer(&format!("/lifecycle/{name}"))
            .filter(|hook| hook.is_object())
        {
            handler(
                hook,
                &format!("{path}.lifecycle.{name}"),
                &["exec", "httpGet", "tcpSocket", "sleep"],
                grace,
                errors,
            );
        }
    }
}

/// The first kind of handler is checked, every other one refused.
fn handler(
    holder: &Value,
    path: &str,
    kinds: &[&str],
    grace: Option<i64>,
    errors: &mut FieldErrors,
) {
    let mut handlers = kinds
        .iter()
        .filter_map(|kind| Some((*kind, holder.get(kind).filter(|one| one.is_object())?)));
    let Some((kind, first)) = handlers.next() else {
        errors.required(path, "must specify a handler type");
        return;
    };
    let field = format!("{path}.{kind}");
    match kind {
        "exec" => {
            if object::list(first, "/command").is_empty() {
                errors.required(format!("{field}.command"), "");
            }
        }
        "sleep" => {
            let seconds = object::number(first, "/seconds").unwrap_or(0);
            if let Some(grace) = grace.filter(|grace| seconds < 0 || seconds > *grace) {
                errors.invalid(
                    field,
                    seconds,
                    format!(
                        "must be non-negative and less than terminationGracePeriodSeconds ({grace})"
                    ),
                );
            }
        }
        _ => port(&first["port"], &format!("{field}.port"), errors),
    }
    if kind == "httpGet" {
        for header in object::list(first, "/httpHeaders") {
            let name = object::text(header, "/name");
            let is_name = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !is_name {
                errors.invalid(
                    format!("{path}.httpGet.httpHeaders"),
                    name,
                    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
                );
            }
        }
    }
    for (kind, _) in handlers {
        errors.forbidden(
            format!("{path}.{kind}"),
            "may not specify more than 1 handler type",
        );
    }
}

/// A port by number or by name. [Kubernetes `ValidatePortNumOrName`]
fn port(port: &Value, field: &str, errors: &mut FieldErrors) {
    if let Some(name) = port.as_str() {
        for why in port_name(name) {
            errors.invalid(field, name, why);
        }
        return;
    }
    let number = port.as_i64().unwrap_or(0);
    if !(1..=65_535).contains(&number) {
        errors.invalid(field, number, PORT_RANGE);
    }
}

/// [apimachinery `IsValidPortName`]
pub(super) fn port_name(name: &str) -> Vec<&'static str> {
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
