//! Security contexts of pods and containers. [Kubernetes pkg/apis/core/validation, `ValidateSecurityContext`]

use serde_json::Value;

use super::super::field::FieldErrors;
use super::super::object;

const TYPES: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];
const HOST_PROCESS: &str = "/securityContext/windowsOptions/hostProcess";

/// Checks what a pod's own context says.
pub(super) fn pod(spec: &Value, path: &str, errors: &mut FieldErrors) {
    for field in ["runAsUser", "runAsGroup", "fsGroup"] {
        identity(spec, path, field, errors);
    }
    for (index, group) in object::list(spec, "/securityContext/supplementalGroups")
        .iter()
        .enumerate()
    {
        one_identity(
            group.as_i64(),
            format!("{path}.securityContext.supplementalGroups[{index}]"),
            errors,
        );
    }
    if object::flag(spec, "/hostPID") && object::flag(spec, "/shareProcessNamespace") {
        errors.invalid(
            format!("{path}.securityContext.shareProcessNamespace"),
            true,
            "ShareProcessNamespace and HostPID cannot both be enabled",
        );
    }
    profiles(spec, path, errors);
    host_process(spec, path, errors);
}

/// Checks what a container's context says; `is_host_user` is the pod's `hostUsers`, true by default.
pub(super) fn container(
    container: &Value,
    path: &str,
    is_host_user: bool,
    errors: &mut FieldErrors,
) {
    for field in ["runAsUser", "runAsGroup"] {
        identity(container, path, field, errors);
    }
    profiles(container, path, errors);
    let context = &container["securityContext"];
    if is_host_user && object::text(context, "/procMount") == "Unmasked" {
        errors.invalid(
            format!("{path}.securityContext.procMount"),
            "Unmasked",
            "`hostUsers` must be false to use `Unmasked`",
        );
    }
    if context["allowPrivilegeEscalation"] != Value::Bool(false) {
        return;
    }
    let field = format!("{path}.securityContext");
    if object::flag(context, "/privileged") {
        errors.invalid(
            &field,
            context.clone(),
            "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
        );
    }
    for _ in object::list(context, "/capabilities/add")
        .iter()
        .filter(|one| one.as_str() == Some("CAP_SYS_ADMIN"))
    {
        errors.invalid(
            &field,
            context.clone(),
            "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
        );
    }
}

/// A user or group in a `securityContext`.
fn identity(holder: &Value, path: &str, field: &str, errors: &mut FieldErrors) {
    one_identity(
        object::number(holder, &format!("/securityContext/{field}")),
        format!("{path}.securityContext.{field}"),
        errors,
    );
}

fn one_identity(number: Option<i64>, field: String, errors: &mut FieldErrors) {
    if let Some(number) = number.filter(|number| !(0..=i64::from(i32::MAX)).contains(number)) {
        errors.invalid(field, number, "must be between 0 and 2147483647, inclusive");
    }
}

/// [`validateSeccompProfileField` and `ValidateAppArmorProfileField`]
fn profiles(holder: &Value, path: &str, errors: &mut FieldErrors) {
    for (name, called) in [
        ("seccompProfile", "seccomp"),
        ("appArmorProfile", "AppArmor"),
    ] {
        let Some(profile) = holder
            .pointer(&format!("/securityContext/{name}"))
            .filter(|profile| profile.is_object())
        else {
            continue;
        };
        let path = format!("{path}.securityContext.{name}");
        let local = profile.get("localhostProfile").and_then(Value::as_str);
        let kind = object::text(profile, "/type");
        let field = format!("{path}.localhostProfile");
        let missing = format!("must be set when {called} type is Localhost");
        match kind {
            "" => errors.required(
                format!("{path}.type"),
                &format!("type is required when {name} is set"),
            ),
            _ if !TYPES.contains(&kind) => {
                errors.unsupported(format!("{path}.type"), kind, TYPES);
            }
            _ => {}
        }
        match (kind, local) {
            ("Localhost", None) => errors.required(field, &missing),
            ("Localhost", Some(local)) if name == "seccompProfile" => {
                if local.starts_with('/') {
                    errors.invalid(&field, local, "must be a relative path");
                }
                if local.split('/').any(|part| part == "..") {
                    errors.invalid(&field, local, "must not contain '..'");
                }
            }
            ("Localhost", Some(local)) => {
                const MOST: usize = 4095;
                if local.trim() != local {
                    errors.invalid(&field, local, "must not be padded with whitespace");
                } else if local.is_empty() {
                    errors.required(&field, &missing);
                }
                if local.len() > MOST {
                    errors.too_long(&field, MOST);
                }
            }
            (_, Some(local)) => {
                // AppArmor's is not looked at beside a type that is none.
                if name == "seccompProfile" || TYPES.contains(&kind) {
                    errors.invalid(
                        field,
                        local,
                        format!("can only be set when {called} type is Localhost"),
                    );
                }
            }
            (_, None) => {}
        }
    }
}

/// Processes of a Windows node: all containers or none, in the node's network. [Kubernetes `validateWindowsHostProcessPod`]
fn host_process(spec: &Value, path: &str, errors: &mut FieldErrors) {
    let of_pod = spec.pointer(HOST_PROCESS).and_then(Value::as_bool);
    let mut containers = 0;
    let mut processes = 0;
    for list in ["initContainers", "containers"] {
        for (index, container) in object::list(spec, &format!("/{list}")).iter().enumerate() {
            containers += 1;
            let own = container.pointer(HOST_PROCESS).and_then(Value::as_bool);
            if let (Some(of_pod), Some(own)) = (of_pod, own)
                && of_pod != own
            {
                errors.invalid(
                    format!("{path}.{list}[{index}].securityContext.windowsOptions.hostProcess"),
                    own,
                    format!(
                        "pod hostProcess value must be identical if both are specified, was {of_pod}"
                    ),
                );
            }
            processes += usize::from(own.or(of_pod) == Some(true));
        }
    }
    if processes == 0 {
        return;
    }
    if processes != containers {
        errors.invalid(
            path,
            "",
            "If pod contains any hostProcess containers then all containers must be HostProcess containers",
        );
    }
    if !object::flag(spec, "/hostNetwork") {
        errors.invalid(
            format!("{path}.hostNetwork"),
            false,
            "hostNetwork must be true if pod contains any hostProcess containers",
        );
    }
}
