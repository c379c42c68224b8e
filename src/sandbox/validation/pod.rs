//! Pod specs: what people get wrong in a Job's template.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::field::FieldErrors;
use super::super::{names, object};
use super::{container, fields, labels, security, variables, words};
use crate::api::pod::{self, Refusal};

/// Checks a new pod's spec: what holds for a template, and its images.
pub(super) fn create(pod: &Value, errors: &mut FieldErrors) {
    spec(&pod["spec"], "spec", errors);
    // Templates may have them, for as long as nobody makes a pod of them. [ValidatePodCreate]
    for key in ["initContainers", "containers"] {
        for (index, container) in object::list(&pod["spec"], &format!("/{key}"))
            .iter()
            .enumerate()
        {
            let image = object::text(container, "/image");
            if image.trim() != image {
                errors.invalid(
                    format!("spec.{key}[{index}].image"),
                    image,
                    "must not have leading or trailing whitespace",
                );
            }
        }
    }
}

/// Checks a pod spec at a path.
pub(super) fn spec(spec: &Value, path: &str, errors: &mut FieldErrors) {
    let containers = object::list(spec, "/containers");
    if containers.is_empty() {
        errors.required(format!("{path}.containers"), "");
    }
    let refusals = pod::spec(spec);
    let pod = container::Pod {
        volumes: volumes(spec, path, &refusals, errors),
        grace: object::number(spec, "/terminationGracePeriodSeconds"),
        is_host_user: spec.get("hostUsers") != Some(&Value::Bool(false)),
    };
    let mut seen = BTreeSet::new();
    for (key, list) in [
        ("containers", containers),
        ("initContainers", object::list(spec, "/initContainers")),
    ] {
        for (index, one) in list.iter().enumerate() {
            container::check(
                one,
                &format!("{path}.{key}[{index}]"),
                key == "initContainers",
                &pod,
                &mut seen,
                errors,
            );
        }
    }
    fields::report(&refusals, path, errors);
    words::pod(spec, path, errors);
    labels(
        spec.get("nodeSelector"),
        &format!("{path}.nodeSelector"),
        errors,
    );
    tolerations(spec, path, errors);
    affinity(spec, path, errors);
    for (index, one) in object::list(spec, "/topologySpreadConstraints")
        .iter()
        .enumerate()
    {
        if let Some(skew) = object::number(one, "/maxSkew").filter(|skew| *skew < 1) {
            errors.invalid(
                format!("{path}.topologySpreadConstraints[{index}].maxSkew"),
                skew,
                "must be greater than zero",
            );
        }
    }
    if object::text(spec, "/dnsPolicy") == "None" {
        if !spec.get("dnsConfig").is_some_and(Value::is_object) {
            errors.required(
                format!("{path}.dnsConfig"),
                "must provide `dnsConfig` when `dnsPolicy` is None",
            );
        } else if object::list(spec, "/dnsConfig/nameservers").is_empty() {
            errors.required(
                format!("{path}.dnsConfig.nameservers"),
                "must provide at least one DNS nameserver when `dnsPolicy` is None",
            );
        }
    }
    security::pod(spec, path, errors);
    if let Some(seconds) =
        object::number(spec, "/activeDeadlineSeconds").filter(|seconds| *seconds < 1)
    {
        errors.invalid(
            format!("{path}.activeDeadlineSeconds"),
            seconds,
            "must be between 1 and 2147483647, inclusive",
        );
    }
}

/// Checks the volumes and gives their names.
///
/// One that is wrong is none for the containers that mount it.
fn volumes<'a>(
    spec: &'a Value,
    path: &str,
    refusals: &[Refusal],
    errors: &mut FieldErrors,
) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    for (index, volume) in object::list(spec, "/volumes").iter().enumerate() {
        let field = format!("{path}.volumes[{index}]");
        let name = object::text(volume, "/name");
        if name.is_empty() {
            errors.required(format!("{field}.name"), "");
        } else {
            for why in names::dns_label(name) {
                errors.invalid(format!("{field}.name"), name, why);
            }
            if seen.contains(name) {
                errors.duplicate(format!("{field}.name"), name);
            }
            let is_wrong = refusals
                .iter()
                .any(|refusal| pod::is_below(refusal, "volumes", index));
            if !is_wrong {
                seen.insert(name);
            }
        }
        variables::files(volume, &field, errors);
        let sources = volume
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, source)| source.is_object())
            .skip(1);
        for (source, _) in sources {
            errors.forbidden(
                format!("{field}.{source}"),
                "may not specify more than 1 volume type",
            );
        }
    }
    seen
}

fn tolerations(spec: &Value, path: &str, errors: &mut FieldErrors) {
    for (index, one) in object::list(spec, "/tolerations").iter().enumerate() {
        let field = format!("{path}.tolerations[{index}]");
        let (key, operator) = (object::text(one, "/key"), object::text(one, "/operator"));
        if key.is_empty() && operator != "Exists" {
            errors.invalid(
                format!("{field}.operator"),
                operator,
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"",
            );
        }
        let effect = object::text(one, "/effect");
        if effect != "NoExecute" && object::number(one, "/tolerationSeconds").is_some() {
            errors.invalid(
                format!("{field}.effect"),
                effect,
                "effect must be 'NoExecute' when `tolerationSeconds` is set",
            );
        }
        let value = object::text(one, "/value");
        match operator {
            "Exists" if !value.is_empty() => errors.invalid(
                format!("{field}.operator"),
                value,
                "value must be empty when `operator` is 'Exists'",
            ),
            "" | "Equal" | "Exists" => {}
            "Lt" | "Gt" => errors.unsupported(
                format!("{field}.operator"),
                operator,
                // Those that are behind a gate are named too.
                &["Equal", "Exists", "Lt", "Gt"],
            ),
            other => errors.unsupported(format!("{field}.operator"), other, &["Equal", "Exists"]),
        }
    }
}

/// The operators of node affinity.
fn affinity(spec: &Value, path: &str, errors: &mut FieldErrors) {
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    let path = format!("{path}.affinity.nodeAffinity");
    let terms = object::list(
        spec,
        &format!("/affinity/nodeAffinity/{required}/nodeSelectorTerms"),
    );
    for (index, term) in terms.iter().enumerate() {
        let field = format!("{path}.{required}.nodeSelectorTerms[{index}]");
        operators(term, &field, errors);
    }
    let preferences = object::list(spec, &format!("/affinity/nodeAffinity/{preferred}"));
    for (index, one) in preferences.iter().enumerate() {
        let field = format!("{path}.{preferred}[{index}].preference");
        operators(&one["preference"], &field, errors);
    }
}

fn operators(term: &Value, path: &str, errors: &mut FieldErrors) {
    for (index, one) in object::list(term, "/matchExpressions").iter().enumerate() {
        let operator = object::text(one, "/operator");
        if !matches!(
            operator,
            // The empty one is among the shared checks.
            "" | "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt"
        ) {
            errors.invalid(
                format!("{path}.matchExpressions[{index}].operator"),
                operator,
                "not a valid selector operator",
            );
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
