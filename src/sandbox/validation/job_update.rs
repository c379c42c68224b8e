//! Jobs on update (semantics.md §7.2).

use serde_json::Value;

use super::super::field::FieldErrors;
use super::super::object;
use super::job;

const IMMUTABLE: &str = "field is immutable";

/// Checks a changed Job.
pub(super) fn update(new: &Value, old: &Value, errors: &mut FieldErrors) {
    let (new_spec, old_spec) = (&new["spec"], &old["spec"]);
    job::spec(new_spec, errors);
    let indexed = object::text(new_spec, "/completionMode") == "Indexed";
    let completions_changed = new_spec.get("completions") != old_spec.get("completions");
    // Elastic Indexed Jobs: both numbers change together and stay equal.
    let elastic = indexed && new_spec.get("completions") == new_spec.get("parallelism");
    if completions_changed && !elastic {
        let message = if indexed {
            "fields completions and parallelism must be changed together and be equal"
        } else {
            IMMUTABLE
        };
        errors.invalid(
            "spec.completions",
            new_spec.get("completions").cloned().unwrap_or_default(),
            message,
        );
    }
    for field in [
        "selector",
        "completionMode",
        "podFailurePolicy",
        "backoffLimitPerIndex",
        "managedBy",
        "successPolicy",
    ] {
        if new_spec.get(field) != old_spec.get(field) {
            errors.invalid(
                format!("spec.{field}"),
                new_spec.get(field).cloned().unwrap_or_default(),
                IMMUTABLE,
            );
        }
    }
    let mutable = scheduling_mutable(old);
    if comparable(&new_spec["template"], mutable) != comparable(&old_spec["template"], mutable) {
        errors.invalid("spec.template", new_spec["template"].clone(), IMMUTABLE);
    }
}

/// Scheduling directives of a suspended Job may change while none of its pods runs.
fn scheduling_mutable(old: &Value) -> bool {
    object::flag(old, "/spec/suspend")
        && (object::text(old, "/status/startTime").is_empty()
            || object::condition_true(old, "Suspended")
                && object::number(old, "/status/active").unwrap_or(0) == 0)
}

fn comparable(template: &Value, mutable: bool) -> Value {
    let mut template = template.clone();
    if mutable {
        for key in ["labels", "annotations"] {
            template["metadata"][key] = Value::Null;
        }
        let spec = &mut template["spec"];
        for key in ["nodeSelector", "tolerations", "schedulingGates", "affinity"] {
            spec[key] = Value::Null;
        }
        for key in ["containers", "initContainers"] {
            for container in spec
                .get_mut(key)
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                container["resources"] = Value::Null;
            }
        }
    }
    template
}
