//! Containers of a pod: names, images, variables, ports, probes, mounts. [Kubernetes pkg/apis/core/validation]

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::field::FieldErrors;
use super::super::{names, object};
use super::{handler, resources, security, variables, words};

/// What the checks of a container have to know of its pod.
pub(super) struct Pod<'a> {
    /// The names of its volumes.
    pub(super) volumes: BTreeSet<&'a str>,
    /// Its `terminationGracePeriodSeconds`.
    pub(super) grace: Option<i64>,
    /// Its `hostUsers`.
    pub(super) is_host_user: bool,
}

/// Checks one container; `seen` holds the names of those before it.
pub(super) fn check<'a>(
    container: &'a Value,
    path: &str,
    is_init: bool,
    pod: &Pod<'_>,
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
    variables::check(container, path, errors);
    mounts(container, path, &pod.volumes, errors);
    let is_plain_init = is_init && object::text(container, "/restartPolicy") != "Always";
    for field in handler::PROBES {
        let Some(probe) = container.get(field).filter(|probe| probe.is_object()) else {
            continue;
        };
        if is_plain_init {
            no_sidecar(path, field, errors);
        } else {
            handler::probe(probe, &format!("{path}.{field}"), field, errors);
        }
    }
    if !is_plain_init {
        handler::hooks(container, path, pod.grace, errors);
    } else if container.get("lifecycle").is_some_and(Value::is_object) {
        no_sidecar(path, "lifecycle", errors);
    }
    security::container(container, path, pod.is_host_user, errors);
    restarts(container, path, errors);
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
    let mut seen = BTreeSet::new();
    for (index, port) in object::list(container, "/ports").iter().enumerate() {
        let field = format!("{path}.ports[{index}]");
        let name = object::text(port, "/name");
        if !name.is_empty() {
            let wrong = handler::port_name(name);
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
            other => errors.invalid(format!("{field}.containerPort"), other, handler::PORT_RANGE),
        }
        if let Some(other) =
            object::number(port, "/hostPort").filter(|port| !(0..=65_535).contains(port))
        {
            errors.invalid(format!("{field}.hostPort"), other, handler::PORT_RANGE);
        }
    }
}

/// When a container starts again by itself. [Kubernetes `validateContainerRestartPolicy`]
fn restarts(container: &Value, path: &str, errors: &mut FieldErrors) {
    const MOST_RULES: usize = 20;
    const MOST_CODES: usize = 255;
    let rules = object::list(container, "/restartPolicyRules");
    let field = format!("{path}.restartPolicyRules");
    if !rules.is_empty() && object::text(container, "/restartPolicy").is_empty() {
        errors.required(
            format!("{path}.restartPolicy"),
            "must specify restartPolicy when restart rules are used",
        );
    }
    if rules.len() > MOST_RULES {
        errors.too_many(&field, rules.len(), MOST_RULES);
    }
    for (index, rule) in rules.iter().enumerate() {
        let field = format!("{field}[{index}]");
        let action = object::text(rule, "/action");
        let actions = ["Restart", "RestartAllContainers"];
        if !actions.contains(&action) {
            errors.unsupported(format!("{field}.action"), action, &actions);
        }
        let field = format!("{field}.exitCodes");
        let Some(codes) = rule.get("exitCodes").filter(|codes| codes.is_object()) else {
            errors.required(field, "must be specified");
            continue;
        };
        let operator = object::text(codes, "/operator");
        let operators = ["In", "NotIn"];
        if !operators.contains(&operator) {
            errors.unsupported(format!("{field}.operator"), operator, &operators);
        }
        let count = object::list(codes, "/values").len();
        if count > MOST_CODES {
            errors.too_many(format!("{field}.values"), count, MOST_CODES);
        }
    }
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
