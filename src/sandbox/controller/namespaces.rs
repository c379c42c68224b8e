//! Namespaces: a default service account and root certificates in each, and their contents gone before them.

use serde_json::json;

use super::super::definition::{self, DEFINITIONS};
use super::super::delete::Propagation;
use super::super::store::Store;
use super::super::{object, seed};
use super::garbage;

/// Looks after all namespaces.
pub(super) fn run(store: &mut Store) {
    for namespace in store.within(definition::namespaces(), None) {
        let name = object::name(&namespace);
        if !object::terminating(&namespace) {
            if store
                .get(definition::service_accounts(), name, "default")
                .is_none()
            {
                seed::add(
                    store,
                    definition::service_accounts(),
                    json!({"metadata": {"name": "default", "namespace": name}}),
                );
            }
            if store
                .get(definition::config_maps(), name, "kube-root-ca.crt")
                .is_none()
            {
                seed::add(
                    store,
                    definition::config_maps(),
                    json!({"metadata": {"name": "kube-root-ca.crt", "namespace": name}, "data": {"ca.crt": ""}}),
                );
            }
            continue;
        }
        let mut left = false;
        for definition in DEFINITIONS
            .iter()
            .filter(|one| one.namespaced && one.storage() == *one)
        {
            for content in store.within(definition, Some(name)) {
                left = true;
                if !object::terminating(&content) {
                    garbage::delete_now(store, definition, &content, Propagation::Background);
                }
            }
        }
        if !left {
            let mut changed = (*namespace).clone();
            object::entry(&mut changed, "spec").shift_remove("finalizers");
            store.replace(definition::namespaces(), changed);
        }
    }
}
