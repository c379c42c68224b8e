//! What the API server refuses (semantics.md §7.1 and §7.2), with its field paths and messages.

mod container;
mod fields;
mod handler;
mod job;
mod job_update;
mod lease;
mod pod;
mod policies;
mod resources;
mod security;
mod variables;
mod words;

use serde_json::{Map, Value};

use super::definition::Definition;
use super::field::FieldErrors;
use super::{names, object};

/// Checks a new object.
pub(super) fn create(definition: &Definition, object: &Value, errors: &mut FieldErrors) {
    metadata(definition, object, errors);
    match (definition.group, definition.plural) {
        ("batch", "jobs") => job::create(object, errors),
        ("", "pods") => pod::create(object, errors),
        ("coordination.k8s.io", "leases") => lease::spec(object, errors),
        _ => {}
    }
}

/// Checks a changed object against the old one.
pub(super) fn update(definition: &Definition, new: &Value, old: &Value, errors: &mut FieldErrors) {
    metadata(definition, new, errors);
    match (definition.group, definition.plural) {
        ("batch", "jobs") => job_update::update(new, old, errors),
        ("", "pods") => pod::update(new, old, errors),
        ("coordination.k8s.io", "leases") => lease::spec(new, errors),
        ("", "secrets" | "configmaps") => {
            if object::flag(old, "/immutable")
                && ["data", "binaryData", "immutable"]
                    .iter()
                    .any(|key| old.get(key) != new.get(key))
            {
                errors.forbidden("data", "field is immutable when `immutable` is set");
            }
            if old.get("type") != new.get("type") && definition.plural == "secrets" {
                errors.invalid("type", new["type"].clone(), "field is immutable");
            }
        }
        _ => {}
    }
    if object::terminating(old) {
        let before = object::finalizers(old);
        let added: Vec<String> = object::finalizers(new)
            .into_iter()
            .filter(|finalizer| !before.contains(finalizer))
            .collect();
        if !added.is_empty() {
            errors.forbidden(
                "metadata.finalizers",
                format!("no new finalizers can be added if the object is being deleted, found new finalizers {added:?}"),
            );
        }
    }
}

fn metadata(definition: &Definition, object: &Value, errors: &mut FieldErrors) {
    let name = object::name(object);
    if name.is_empty() {
        errors.required("metadata.name", "name or generateName is required");
    } else {
        let check = match definition.plural {
            "namespaces" | "services" => names::dns_label,
            "roles" | "rolebindings" | "clusterroles" | "clusterrolebindings" => {
                |_: &str| Vec::new()
            }
            _ => names::dns_subdomain,
        };
        for why in check(name) {
            errors.invalid("metadata.name", name, why);
        }
    }
    labels(
        object.pointer("/metadata/labels"),
        "metadata.labels",
        errors,
    );
    annotations(
        object.pointer("/metadata/annotations"),
        "metadata.annotations",
        errors,
    );
    let owners = object::list(object, "/metadata/ownerReferences");
    for owner in owners {
        for key in ["apiVersion", "kind", "name", "uid"] {
            if object::text(owner, &format!("/{key}")).is_empty() {
                errors.invalid(
                    format!("metadata.ownerReferences.{key}"),
                    "",
                    format!("{key} must not be empty"),
                );
            }
        }
    }
    if owners
        .iter()
        .filter(|owner| object::flag(owner, "/controller"))
        .count()
        > 1
    {
        errors.invalid(
            "metadata.ownerReferences",
            Value::Array(owners.to_vec()),
            "Only one reference can have Controller set to true",
        );
    }
}

/// Label keys and values.
fn labels(labels: Option<&Value>, field: &str, errors: &mut FieldErrors) {
    for (key, value) in entries(labels) {
        for why in names::qualified_name(key) {
            errors.invalid(field, key.as_str(), why);
        }
        if let Some(value) = value.as_str() {
            for why in names::label_value(value) {
                errors.invalid(field, value, why);
            }
        }
    }
}

/// Annotation keys, and the total size of all annotations.
fn annotations(annotations: Option<&Value>, field: &str, errors: &mut FieldErrors) {
    const MOST: usize = 256 * 1024;
    let mut total = 0;
    for (key, value) in entries(annotations) {
        for why in names::qualified_name(&key.to_lowercase()) {
            errors.invalid(field, key.as_str(), why);
        }
        total += key.len() + value.as_str().map_or(0, str::len);
    }
    if total > MOST {
        errors.too_long(field, MOST);
    }
}

fn entries(map: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    map.and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::iter)
}
