//! Requests and limits. [Kubernetes pkg/apis/core/validation, `ValidateResourceRequirements`]

use serde_json::Value;

use super::super::field::FieldErrors;
use super::super::names;
use super::entries;
use crate::api::quantity::Quantity;

/// Checks the `resources` of a container.
pub(super) fn check(resources: &Value, path: &str, errors: &mut FieldErrors) {
    for list in ["limits", "requests"] {
        for (name, amount) in entries(resources.get(list)) {
            let field = format!("{path}.{list}[{name}]");
            self::name(name, &field, errors);
            let Some(quantity) = read(amount) else {
                continue;
            };
            if quantity.is_negative() {
                errors.invalid(field, text(amount), "must be greater than or equal to 0");
            } else if !is_native(name) && !quantity.is_whole() {
                errors.invalid(field, text(amount), "must be an integer");
            }
        }
    }
    for (name, request) in entries(resources.get("requests")) {
        let can_overcommit = is_native(name) && !name.starts_with("hugepages-");
        let Some(limit) = resources
            .pointer("/limits")
            .and_then(|limits| limits.get(name))
        else {
            if !can_overcommit {
                errors.required(
                    format!("{path}.limits"),
                    "Limit must be set for non overcommitable resources",
                );
            }
            continue;
        };
        let (Some(wanted), Some(most)) = (read(request), read(limit)) else {
            continue;
        };
        let field = format!("{path}.requests");
        if !can_overcommit && wanted != most {
            errors.invalid(
                field,
                text(request),
                format!("must be equal to {name} limit of {}", text(limit)),
            );
        } else if wanted > most {
            errors.invalid(
                field,
                text(request),
                format!(
                    "must be less than or equal to {name} limit of {}",
                    text(limit)
                ),
            );
        }
    }
}

fn name(name: &str, field: &str, errors: &mut FieldErrors) {
    for why in names::qualified_name(name) {
        errors.invalid(field, name, why);
    }
    if name.contains('/') {
        if name.starts_with("requests.") && !is_native(name) {
            errors.invalid(
                field,
                name,
                "doesn't follow extended resource name standard",
            );
        }
        return;
    }
    let is_known =
        matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
    if !is_known {
        // Names that quotas know are standard, and still none that a container can ask for.
        if !name.contains('.') {
            errors.invalid(
                field,
                name,
                "must be a standard resource type or fully qualified",
            );
        }
        errors.invalid(field, name, "must be a standard resource for containers");
    }
}

/// Without a domain, or with one of Kubernetes itself.
fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

fn text(amount: &Value) -> String {
    amount
        .as_str()
        .map_or_else(|| amount.to_string(), str::to_owned)
}

fn read(amount: &Value) -> Option<Quantity> {
    Quantity::parse(&text(amount))
}
