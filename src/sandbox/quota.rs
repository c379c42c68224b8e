//! Resource quotas on object counts: `count/jobs.batch`, `count/pods`, `pods`, `configmaps`, `secrets`, `services`.

use serde_json::{Value, json};

use super::definition::{self, Definition};
use super::failure::Failure;
use super::object;
use super::store::Store;

/// The names under which a quota may count a resource.
fn keys(definition: &Definition) -> Vec<String> {
    let mut keys = vec![format!("count/{}", definition.qualified())];
    if definition.group.is_empty() {
        keys.push(definition.plural.to_owned());
    }
    keys
}

fn quantity(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn used(store: &Store, definition: &Definition, namespace: &str) -> i64 {
    // Finished pods do not count against `pods`, but do against `count/pods`; both are counted alike here.
    i64::try_from(store.within(definition, Some(namespace)).len()).unwrap_or(i64::MAX)
}

/// 403 when one more object would pass a quota of the namespace.
pub(super) fn check(
    store: &Store,
    definition: &'static Definition,
    namespace: &str,
    name: &str,
) -> Result<(), Failure> {
    if !definition.namespaced {
        return Ok(());
    }
    for quota in store.within(definition::resource_quotas(), Some(namespace)) {
        for key in keys(definition) {
            let Some(hard) = quota
                .pointer("/spec/hard")
                .and_then(|hard| quantity(hard.get(&key)?))
            else {
                continue;
            };
            let used = used(store, definition, namespace);
            if used + 1 > hard {
                let why = format!(
                    "exceeded quota: {}, requested: {key}=1, used: {key}={used}, limited: {key}={hard}",
                    object::name(&quota)
                );
                return Err(Failure::forbidden(definition, name, &why));
            }
        }
    }
    Ok(())
}

/// Writes `status.hard` and `status.used` of all quotas.
pub(super) fn update_status(store: &mut Store) {
    for quota in store.within(definition::resource_quotas(), None) {
        let namespace = object::namespace(&quota);
        let hard = quota
            .pointer("/spec/hard")
            .cloned()
            .unwrap_or_else(|| json!({}));
        let mut counts = json!({});
        for definition in definition::DEFINITIONS.iter().filter(|one| one.namespaced) {
            for key in keys(definition) {
                if hard.get(&key).is_some() {
                    counts[&key] = json!(used(store, definition, namespace).to_string());
                }
            }
        }
        let mut changed = (*quota).clone();
        changed["status"] = json!({"hard": hard, "used": counts});
        store.replace(definition::resource_quotas(), changed);
    }
}
