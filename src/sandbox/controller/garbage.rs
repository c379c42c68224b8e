//! Garbage collection by owner references.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::definition::{self, DEFINITIONS, Definition};
use super::super::delete::{self, FOREGROUND, ORPHAN, Options, Propagation};
use super::super::object;
use super::super::request::Target;
use super::super::store::Store;

/// What became of an owner.
enum Owner {
    /// There, and staying.
    Solid,
    /// Being deleted in the foreground: it waits for its dependents.
    Waiting,
    /// Not there, or another object of that name.
    Absent,
    /// Of a kind that is not served: nothing can be said, and nothing is deleted.
    Unknown,
}

/// Deletes what nobody owns any more and lets owners go that waited.
pub(super) fn run(store: &mut Store) {
    release_orphans(store);
    for definition in stored() {
        for dependent in store.within(definition, None) {
            if !object::list(&dependent, "/metadata/ownerReferences").is_empty() {
                collect(store, definition, &dependent);
            }
        }
    }
    release_foreground(store);
}

fn stored() -> impl Iterator<Item = &'static Definition> {
    DEFINITIONS
        .iter()
        .filter(|one| !one.review && one.storage() == *one)
}

fn owner(store: &Store, dependent: &Value, reference: &Value) -> Owner {
    let uid = object::text(reference, "/uid");
    let kind = definition::find_kind(
        object::text(reference, "/apiVersion"),
        object::text(reference, "/kind"),
    );
    let Some(kind) = kind else {
        return Owner::Unknown;
    };
    let scope = if kind.namespaced {
        object::namespace(dependent)
    } else {
        ""
    };
    match store.get(kind, scope, object::text(reference, "/name")) {
        Some(owner) if object::uid(&owner) == uid => {
            if object::terminating(&owner) && object::has_finalizer(&owner, FOREGROUND) {
                Owner::Waiting
            } else {
                Owner::Solid
            }
        }
        _ => Owner::Absent,
    }
}

fn collect(store: &mut Store, definition: &'static Definition, dependent: &Arc<Value>) {
    let references = object::list(dependent, "/metadata/ownerReferences");
    let owners: Vec<Owner> = references
        .iter()
        .map(|reference| owner(store, dependent, reference))
        .collect();
    if owners.iter().any(|owner| matches!(owner, Owner::Unknown)) {
        return;
    }
    let waiting = owners.iter().any(|owner| matches!(owner, Owner::Waiting));
    if owners.iter().any(|owner| matches!(owner, Owner::Solid)) {
        // Somebody still owns it: only the dangling references go.
        let kept: Vec<Value> = references
            .iter()
            .zip(&owners)
            .filter(|(_, owner)| matches!(owner, Owner::Solid))
            .map(|(reference, _)| reference.clone())
            .collect();
        if kept.len() < references.len() {
            let mut changed = (**dependent).clone();
            changed["metadata"]["ownerReferences"] = json!(kept);
            store.replace(definition, changed);
        }
        return;
    }
    if object::terminating(dependent) {
        return;
    }
    let propagation = if waiting || object::has_finalizer(dependent, FOREGROUND) {
        // Its own dependents go first, so that the owner above may wait for all of them.
        if has_dependents(store, object::uid(dependent)) {
            Propagation::Foreground
        } else {
            Propagation::Background
        }
    } else if object::has_finalizer(dependent, ORPHAN) {
        Propagation::Orphan
    } else {
        Propagation::Background
    };
    delete_now(store, definition, dependent, propagation);
}

/// Deletes an object that a controller has just read.
pub(super) fn delete_now(
    store: &mut Store,
    definition: &'static Definition,
    object: &Value,
    propagation: Propagation,
) {
    let target = Target {
        definition,
        namespace: definition
            .namespaced
            .then(|| object::namespace(object).to_owned()),
        name: Some(object::name(object).to_owned()),
        subresource: None,
    };
    if let Err(failure) = delete::delete(store, &target, &Options::controller(propagation)) {
        tracing::debug!(?failure, "nothing to delete");
    }
}

fn has_dependents(store: &Store, uid: &str) -> bool {
    stored().any(|definition| {
        store.all(definition).any(|one| {
            object::list(one, "/metadata/ownerReferences")
                .iter()
                .any(|reference| object::text(reference, "/uid") == uid)
        })
    })
}

/// Owners that are orphaning: their dependents lose the reference, then they go.
fn release_orphans(store: &mut Store) {
    for (definition, owner) in terminating_with(store, ORPHAN) {
        let uid = object::uid(&owner);
        for kind in stored() {
            for dependent in store.within(kind, None) {
                let references = object::list(&dependent, "/metadata/ownerReferences");
                let kept: Vec<Value> = references
                    .iter()
                    .filter(|reference| object::text(reference, "/uid") != uid)
                    .cloned()
                    .collect();
                if kept.len() < references.len() {
                    let mut changed = (*dependent).clone();
                    if kept.is_empty() {
                        object::entry(&mut changed, "metadata").shift_remove("ownerReferences");
                    } else {
                        changed["metadata"]["ownerReferences"] = json!(kept);
                    }
                    store.replace(kind, changed);
                }
            }
        }
        drop_finalizer(store, definition, &owner, ORPHAN);
    }
}

/// Owners that wait: they go once no dependent blocks them.
fn release_foreground(store: &mut Store) {
    for (definition, owner) in terminating_with(store, FOREGROUND) {
        let uid = object::uid(&owner);
        let blocked = stored().any(|kind| {
            store.all(kind).any(|dependent| {
                object::list(dependent, "/metadata/ownerReferences")
                    .iter()
                    .any(|reference| {
                        object::text(reference, "/uid") == uid
                            && object::flag(reference, "/blockOwnerDeletion")
                    })
            })
        });
        if !blocked {
            drop_finalizer(store, definition, &owner, FOREGROUND);
        }
    }
}

fn terminating_with(store: &Store, finalizer: &str) -> Vec<(&'static Definition, Arc<Value>)> {
    stored()
        .flat_map(|definition| {
            store
                .all(definition)
                .map(move |one| (definition, Arc::clone(one)))
        })
        .filter(|(_, one)| object::terminating(one) && object::has_finalizer(one, finalizer))
        .collect()
}

fn drop_finalizer(
    store: &mut Store,
    definition: &'static Definition,
    owner: &Value,
    finalizer: &str,
) {
    let mut changed = owner.clone();
    object::remove_finalizer(&mut changed, finalizer);
    store.replace(definition, changed);
}
