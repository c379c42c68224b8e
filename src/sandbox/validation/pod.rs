//! Pod specs: what people get wrong in a Job's template.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::field::FieldErrors;
use super::super::{names, object};

/// Checks a pod spec at a path.
pub(super) fn spec(spec: &Value, path: &str, errors: &mut FieldErrors) {
    let containers = object::list(spec, "/containers");
    if containers.is_empty() {
        errors.required(format!("{path}.containers"), "");
    }
    let volumes: BTreeSet<&str> = object::list(spec, "/volumes")
        .iter()
        .map(|one| object::text(one, "/name"))
        .collect();
    let mut seen = BTreeSet::new();
    for (key, list) in [
        ("initContainers", object::list(spec, "/initContainers")),
        ("containers", containers),
    ] {
        for (index, container) in list.iter().enumerate() {
            self::container(
                container,
                &format!("{path}.{key}[{index}]"),
                &volumes,
                &mut seen,
                errors,
            );
        }
    }
    let policy = object::text(spec, "/restartPolicy");
    if !matches!(policy, "Always" | "OnFailure" | "Never") {
        errors.unsupported(
            format!("{path}.restartPolicy"),
            policy,
            &["Always", "OnFailure", "Never"],
        );
    }
    let dns = object::text(spec, "/dnsPolicy");
    if !matches!(
        dns,
        "ClusterFirstWithHostNet" | "ClusterFirst" | "Default" | "None"
    ) {
        errors.unsupported(
            format!("{path}.dnsPolicy"),
            dns,
            &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
        );
    }
    if let Some(seconds) =
        object::number(spec, "/activeDeadlineSeconds").filter(|seconds| *seconds < 1)
    {
        errors.invalid(
            format!("{path}.activeDeadlineSeconds"),
            seconds,
            "must be between 1 and 2147483647, inclusive",
        );
    }
    if let Some(seconds) =
        object::number(spec, "/terminationGracePeriodSeconds").filter(|seconds| *seconds < 0)
    {
        errors.invalid(
            format!("{path}.terminationGracePeriodSeconds"),
            seconds,
            "must be greater than or equal to 0",
        );
    }
}

fn container<'a>(
    container: &'a Value,
    path: &str,
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
    let image = object::text(container, "/image");
    if image.is_empty() {
        errors.required(format!("{path}.image"), "");
    } else if image.trim() != image {
        errors.invalid(
            format!("{path}.image"),
            image,
            "must not have leading or trailing whitespace",
        );
    }
    let pull = object::text(container, "/imagePullPolicy");
    if !matches!(pull, "Always" | "IfNotPresent" | "Never") {
        errors.unsupported(
            format!("{path}.imagePullPolicy"),
            pull,
            &["Always", "IfNotPresent", "Never"],
        );
    }
    for (index, variable) in object::list(container, "/env").iter().enumerate() {
        let field = format!("{path}.env[{index}]");
        if object::text(variable, "/name").is_empty() {
            errors.required(format!("{field}.name"), "");
        }
        if variable.get("valueFrom").is_some_and(Value::is_object)
            && !object::text(variable, "/value").is_empty()
        {
            errors.invalid(
                format!("{field}.valueFrom"),
                "",
                "may not be specified when `value` is not empty",
            );
        }
    }
    for (index, mount) in object::list(container, "/volumeMounts").iter().enumerate() {
        let field = format!("{path}.volumeMounts[{index}]");
        let volume = object::text(mount, "/name");
        if volume.is_empty() {
            errors.required(format!("{field}.name"), "");
        } else if !volumes.contains(volume) {
            errors.not_found(format!("{field}.name"), volume);
        }
        if object::text(mount, "/mountPath").is_empty() {
            errors.required(format!("{field}.mountPath"), "");
        }
    }
}

/// A pod's spec may hardly change: images, deadline, tolerations.
pub(super) fn update(new: &Value, old: &Value, errors: &mut FieldErrors) {
    let comparable = |pod: &Value| {
        let mut spec = pod["spec"].clone();
        for key in ["containers", "initContainers"] {
            for container in spec
                .get_mut(key)
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                container["image"] = Value::Null;
            }
        }
        for key in [
            "activeDeadlineSeconds",
            "tolerations",
            "terminationGracePeriodSeconds",
            "schedulingGates",
        ] {
            spec[key] = Value::Null;
        }
        spec
    };
    if comparable(new) != comparable(old) {
        errors.forbidden(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        );
    }
}
