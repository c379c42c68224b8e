//! Create.

use std::sync::Arc;

use base64::Engine as _;
use serde_json::{Value, json};

use super::definition::{self, Definition};
use super::failure::Failure;
use super::field::FieldErrors;
use super::request::{Request, Target};
use super::store::Store;
use super::{defaults, events, object, quota, validation};

/// How often a generated name that is taken is drawn again (kube-apiserver since 1.32).
const NAME_ATTEMPTS: usize = 8;

/// Creates an object from a body; with `dryRun=All` the answer is the same and nothing is kept.
pub(super) fn create(
    store: &mut Store,
    request: &Request,
    target: &Target,
    body: Value,
) -> Result<Arc<Value>, Failure> {
    let definition = target.definition.storage();
    let dry = request.dry_run()?;
    let mut object = events::stored(target.definition, body);
    check_scope(definition, &mut object, target)?;
    if !object::text(&object, "/metadata/resourceVersion").is_empty() {
        return Err(Failure::bad_request(
            "resourceVersion should not be set on objects to be created",
        ));
    }
    let base = object::text(&object, "/metadata/generateName").to_owned();
    let mut name = object::name(&object).to_owned();
    let generated = name.is_empty() && !base.is_empty();
    if generated {
        for _ in 0..NAME_ATTEMPTS {
            name = object::generated_name(&base);
            if store.get(definition, target.scope(), &name).is_none() {
                break;
            }
        }
        object["metadata"]["name"] = json!(name);
    }
    check_namespace(store, definition, target, &name)?;
    system_fields(definition, &mut object);
    let mut errors = FieldErrors::default();
    normalise(definition, &mut object);
    defaults::apply(definition, &mut object, true);
    validation::create(definition, &object, &mut errors);
    if !errors.0.is_empty() {
        return Err(Failure::invalid(definition, &name, &errors.0));
    }
    quota::check(store, definition, target.scope(), &name)?;
    match store.get(definition, target.scope(), &name) {
        Some(holder) if object::terminating(&holder) => {
            return Err(Failure::being_deleted(target.definition, &name));
        }
        Some(_) => return Err(Failure::already_exists(target.definition, &name)),
        None => {}
    }
    let stored = if dry {
        Arc::new(object)
    } else {
        store.insert(definition, object)
    };
    Ok(events::served(target.definition, &stored))
}

/// The body's namespace must be the path's; an absent one is filled in.
pub(super) fn check_scope(
    definition: &Definition,
    object: &mut Value,
    target: &Target,
) -> Result<(), Failure> {
    object::entry(object, "metadata");
    let given = object::namespace(object).to_owned();
    if definition.namespaced {
        let Some(namespace) = target
            .namespace
            .as_deref()
            .filter(|namespace| !namespace.is_empty())
        else {
            return Err(Failure::bad_request(
                "an empty namespace may not be set during creation",
            ));
        };
        if !given.is_empty() && given != namespace {
            return Err(Failure::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        object["metadata"]["namespace"] = json!(namespace);
    } else {
        object::entry(object, "metadata").shift_remove("namespace");
    }
    Ok(())
}

fn check_namespace(
    store: &Store,
    definition: &Definition,
    target: &Target,
    name: &str,
) -> Result<(), Failure> {
    let Some(namespace) = target
        .namespace
        .as_deref()
        .filter(|_| definition.namespaced)
    else {
        return Ok(());
    };
    let Some(found) = store.get(definition::namespaces(), "", namespace) else {
        return Err(Failure::not_found(definition::namespaces(), namespace));
    };
    if object::terminating(&found) {
        return Err(Failure::forbidden(
            definition,
            name,
            &format!(
                "unable to create new content in namespace {namespace} because it is being terminated"
            ),
        ));
    }
    Ok(())
}

fn system_fields(definition: &Definition, object: &mut Value) {
    let metadata = object::entry(object, "metadata");
    for key in [
        "selfLink",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "managedFields",
        "generation",
    ] {
        metadata.shift_remove(key);
    }
    metadata.insert("uid".to_owned(), json!(object::new_uid()));
    metadata.insert("creationTimestamp".to_owned(), json!(object::now()));
    if definition.generation {
        metadata.insert("generation".to_owned(), json!(1));
    }
    if definition.status {
        // Custom resources simply lose it, built-in ones have an empty one.
        if definition.custom() {
            object
                .as_object_mut()
                .map(|fields| fields.shift_remove("status"));
        } else {
            object["status"] = json!({});
        }
    }
}

/// What the server rewrites in any incoming object: `stringData` and empty maps.
pub(super) fn normalise(definition: &Definition, object: &mut Value) {
    if definition.plural == "secrets" {
        let strings = object
            .as_object_mut()
            .and_then(|fields| fields.shift_remove("stringData"));
        if let Some(Value::Object(strings)) = strings {
            let data = object::entry(object, "data");
            for (key, value) in strings {
                let encoded = base64::engine::general_purpose::STANDARD
                    .encode(value.as_str().unwrap_or_default());
                data.insert(key, json!(encoded));
            }
        }
    }
    let metadata = object::entry(object, "metadata");
    metadata.retain(|key, value| {
        let empty = value.as_object().is_some_and(serde_json::Map::is_empty)
            || value.as_array().is_some_and(Vec::is_empty);
        let dropped = matches!(
            key.as_str(),
            "labels" | "annotations" | "ownerReferences" | "finalizers"
        );
        !(value.is_null() || empty && dropped)
    });
}
