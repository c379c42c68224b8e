//! Update and patch, of objects and of their status.

use std::sync::Arc;

use serde_json::{Value, json};

use super::definition::Definition;
use super::failure::Failure;
use super::field::FieldErrors;
use super::request::{Request, Target};
use super::store::Store;
use super::{body, create, defaults, events, object, patch, strict, validation};

/// PUT of an object or of its `/status`.
pub(super) fn update(
    store: &mut Store,
    request: &Request,
    target: &Target,
    body: Value,
) -> Result<Arc<Value>, Failure> {
    let name = target.name.as_deref().unwrap_or_default();
    let given = object::name(&body);
    if given.is_empty() {
        return Err(Failure::bad_request(
            "the name of the object (based on URL) was undeterminable: name must be provided",
        ));
    }
    if given != name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({name})"
        )));
    }
    let mut new = events::stored(target.definition, body);
    let definition = target.definition.storage();
    create::check_scope(definition, &mut new, target)?;
    let old = store
        .get(definition, target.scope(), name)
        .ok_or_else(|| Failure::not_found(target.definition, name))?;
    write(store, request, target, &old, new)
}

/// What a PATCH came to.
pub(super) struct Patched {
    /// Whether the object was not there before.
    pub(super) made: bool,
    pub(super) object: Arc<Value>,
    /// What to warn the client of.
    pub(super) warnings: Vec<String>,
}

/// PATCH in each of the four dialects.
pub(super) fn patch(
    store: &mut Store,
    request: &Request,
    target: &Target,
    body: &Value,
) -> Result<Patched, Failure> {
    let definition = target.definition.storage();
    let name = target.name.as_deref().unwrap_or_default();
    let apply = request.content_type == "application/apply-patch+yaml";
    if apply && request.query("fieldManager").is_none_or(str::is_empty) {
        return Err(Failure::new(
            422,
            "Invalid",
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch",
        ));
    }
    let Some(old) = store.get(definition, target.scope(), name) else {
        if apply {
            let mut new = body.clone();
            object::entry(&mut new, "metadata").insert("name".to_owned(), json!(name));
            let mut new =
                body::parse_object(request, target.definition, new.to_string().as_bytes())?;
            let warnings = strict::prune(request, target.definition, &mut new)?;
            return Ok(Patched {
                made: true,
                object: create::create(store, request, target, new)?,
                warnings,
            });
        }
        return Err(Failure::not_found(target.definition, name));
    };
    let served = events::served(target.definition, &old);
    let mut new = match request.content_type.as_str() {
        "application/json-patch+json" => patch::json_patch(target.definition, name, &served, body)?,
        "application/merge-patch+json" => {
            let mut new = (*served).clone();
            json_patch::merge(&mut new, body);
            new
        }
        "application/strategic-merge-patch+json" | "application/apply-patch+yaml" => {
            if definition.custom() && !apply {
                return Err(Failure::new(
                    415,
                    "UnsupportedMediaType",
                    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
                ));
            }
            let mut new = (*served).clone();
            patch::strategic(&mut new, body);
            new
        }
        other => {
            return Err(Failure::new(
                415,
                "UnsupportedMediaType",
                format!(
                    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml (got {other:?})"
                ),
            ));
        }
    };
    body::check_types(target.definition, &new)?;
    let warnings = strict::prune(request, target.definition, &mut new)?;
    if object::name(&new) != name {
        return Err(Failure::bad_request(format!(
            "the name of the object ({}) does not match the name on the URL ({name})",
            object::name(&new)
        )));
    }
    // A patch that names no version is applied to whatever is there.
    if body.pointer("/metadata/resourceVersion").is_none() && !body.is_array() {
        new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"].clone();
    }
    let new = events::stored(target.definition, new);
    Ok(Patched {
        made: false,
        object: write(store, request, target, &old, new)?,
        warnings,
    })
}

/// The common end of update and patch.
fn write(
    store: &mut Store,
    request: &Request,
    target: &Target,
    old: &Arc<Value>,
    mut new: Value,
) -> Result<Arc<Value>, Failure> {
    let definition = target.definition.storage();
    let name = object::name(old).to_owned();
    let version = object::text(&new, "/metadata/resourceVersion");
    if version.is_empty() && (definition.custom() || definition.plural == "leases") {
        let mut errors = FieldErrors::default();
        errors.invalid(
            "metadata.resourceVersion",
            0,
            "must be specified for an update",
        );
        return Err(Failure::invalid(definition, &name, &errors.0));
    }
    if !version.is_empty() && version != object::text(old, "/metadata/resourceVersion") {
        return Err(Failure::modified(target.definition, &name));
    }
    let uid = object::uid(&new);
    if !uid.is_empty() && uid != object::uid(old) {
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            object::uid(old)
        );
        return Err(Failure::conflict(target.definition, &name, &why));
    }
    let of_status = target.subresource.as_deref() == Some("status");
    if of_status {
        new = status_only(old, &new);
    } else {
        keep_system_fields(definition, old, &mut new);
        create::normalise(definition, &mut new);
        defaults::apply(definition, &mut new, false);
        let mut errors = FieldErrors::default();
        validation::update(definition, &new, old, &mut errors);
        if !errors.0.is_empty() {
            return Err(Failure::invalid(definition, &name, &errors.0));
        }
    }
    let dry = request.dry_run()?;
    let stored = if dry {
        Arc::new(new)
    } else {
        store.replace(definition, new)
    };
    Ok(events::served(target.definition, &stored))
}

fn status_only(old: &Value, new: &Value) -> Value {
    let mut result = old.clone();
    match new.get("status") {
        Some(status) => result["status"] = status.clone(),
        None => {
            result
                .as_object_mut()
                .map(|fields| fields.shift_remove("status"));
        }
    }
    result
}

fn keep_system_fields(definition: &Definition, old: &Value, new: &mut Value) {
    for key in [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "generateName",
    ] {
        match old["metadata"].get(key) {
            Some(value) => new["metadata"][key] = value.clone(),
            None => {
                object::entry(new, "metadata").shift_remove(key);
            }
        }
    }
    object::entry(new, "metadata").shift_remove("managedFields");
    if definition.status {
        match old.get("status") {
            Some(status) => new["status"] = status.clone(),
            None => {
                new.as_object_mut()
                    .map(|fields| fields.shift_remove("status"));
            }
        }
    }
    if definition.generation && content(old) != content(new) {
        let generation = object::number(old, "/metadata/generation").unwrap_or(1) + 1;
        new["metadata"]["generation"] = json!(generation);
    }
}

/// Everything that counts for `metadata.generation`.
fn content(object: &Value) -> Value {
    let mut content = object.clone();
    if let Some(fields) = content.as_object_mut() {
        fields.shift_remove("metadata");
        fields.shift_remove("status");
    }
    content
}
