//! JSON patch and strategic merge patch.

use serde_json::{Map, Value};

use super::definition::Definition;
use super::failure::Failure;

/// RFC 6902. A failed `test` or a missing path is 422, as the API server answers.
pub(super) fn json_patch(
    definition: &Definition,
    name: &str,
    object: &Value,
    patch: &Value,
) -> Result<Value, Failure> {
    let patch: json_patch::Patch = serde_json::from_value(patch.clone())
        .map_err(|error| Failure::bad_request(format!("error decoding patch: {error}")))?;
    let mut result = object.clone();
    json_patch::patch(&mut result, &patch).map_err(|error| {
        Failure::new(
            422,
            "Invalid",
            format!("the server rejected our request due to an error in our request: {definition} {name:?}: {error}"),
        )
    })?;
    Ok(result)
}

/// The key by which a list at a field is merged (`x-kubernetes-patch-merge-key`), for Jobs, pods and metadata.
/// An empty key is a list of plain values that is merged as a set.
pub(super) fn merge_key(field: &str) -> Option<&'static str> {
    match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "env"
        | "volumes"
        | "imagePullSecrets"
        | "resourceClaims" => Some("name"),
        "volumeMounts" => Some("mountPath"),
        "volumeDevices" => Some("devicePath"),
        "ports" => Some("containerPort"),
        "conditions" => Some("type"),
        "ownerReferences" => Some("uid"),
        "hostAliases" => Some("ip"),
        "topologySpreadConstraints" => Some("topologyKey"),
        "finalizers" => Some(""),
        _ => None,
    }
}

/// Applies a strategic merge patch: lists with a merge key are merged, `$patch` and `$deleteFromPrimitiveList` obeyed.
pub(super) fn strategic(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            *target = Value::Object(without_directives(patch));
            return;
        }
        Some("delete") => {
            *target = Value::Object(Map::new());
            return;
        }
        _ => {}
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(fields) = target.as_object_mut() else {
        return;
    };
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        fields.retain(|key, _| kept.iter().any(|one| one == key));
    }
    for (key, value) in patch {
        if let Some(field) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let (Some(Value::Array(items)), Some(gone)) =
                (fields.get_mut(field), value.as_array())
            {
                items.retain(|item| !gone.contains(item));
            }
        } else if key.starts_with('$') {
            // $setElementOrder only orders; the order of the target is kept.
        } else if value.is_null() {
            fields.shift_remove(key);
        } else if let (Value::Array(items), Some(merge)) = (value, merge_key(key)) {
            let mut merged = fields
                .get(key)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            merge_list(&mut merged, items, merge);
            fields.insert(key.clone(), Value::Array(merged));
        } else if value.is_object() {
            strategic(fields.entry(key.clone()).or_insert(Value::Null), value);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
}

fn merge_list(target: &mut Vec<Value>, patch: &[Value], key: &str) {
    if patch
        .iter()
        .any(|item| item.get("$patch").and_then(Value::as_str) == Some("replace"))
    {
        *target = patch
            .iter()
            .filter(|item| item.get("$patch").is_none())
            .cloned()
            .collect();
        return;
    }
    for item in patch {
        let place = if key.is_empty() {
            target.iter().position(|one| one == item)
        } else {
            target
                .iter()
                .position(|one| one.get(key).is_some() && one.get(key) == item.get(key))
        };
        let delete = item.get("$patch").and_then(Value::as_str) == Some("delete");
        match place {
            Some(place) if delete => {
                target.remove(place);
            }
            Some(place) => strategic(&mut target[place], item),
            None if delete => {}
            None => {
                let mut new = Value::Null;
                strategic(&mut new, item);
                target.push(new);
            }
        }
    }
}

fn without_directives(patch: &Map<String, Value>) -> Map<String, Value> {
    patch
        .iter()
        .filter(|(key, _)| !key.starts_with('$'))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(object: &Value, patch: &Value) -> Value {
        let mut result = object.clone();
        strategic(&mut result, patch);
        result
    }

    #[test]
    fn lists_are_merged_by_their_key() {
        let object = json!({"containers": [{"name": "a", "image": "1", "env": [{"name": "x", "value": "1"}]}]});
        let patch = json!({"containers": [
            {"name": "a", "env": [{"name": "x", "value": "2"}, {"name": "y", "value": "3"}]},
            {"name": "b", "image": "2"},
        ]});
        assert_eq!(
            patched(&object, &patch),
            json!({"containers": [
                {"name": "a", "image": "1", "env": [{"name": "x", "value": "2"}, {"name": "y", "value": "3"}]},
                {"name": "b", "image": "2"},
            ]})
        );
        let patch = json!({"containers": [{"name": "a", "$patch": "delete"}]});
        assert_eq!(patched(&object, &patch), json!({"containers": []}));
    }

    #[test]
    fn directives_and_plain_lists() {
        let object = json!({"metadata": {"finalizers": ["a", "b"], "labels": {"x": "1"}}, "command": ["a", "b"]});
        let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "labels": {"x": null}}, "command": ["c"]});
        assert_eq!(
            patched(&object, &patch),
            json!({"metadata": {"finalizers": ["b"], "labels": {}}, "command": ["c"]})
        );
        let patch = json!({"metadata": {"finalizers": ["b", "c"], "labels": {"$patch": "replace", "y": "2"}}});
        let result = patched(&object, &patch);
        assert_eq!(
            result["metadata"],
            json!({"finalizers": ["a", "b", "c"], "labels": {"y": "2"}})
        );
        assert_eq!(
            patched(&object, &json!({"$setElementOrder/command": ["a"]})),
            object
        );
    }
}
