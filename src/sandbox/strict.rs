//! `fieldValidation=Strict`: unknown fields of Jobs and pods are refused, by the schema of the client library's types.

use serde_json::Value;

use super::definition::Definition;
use super::failure::Failure;

/// 400 naming every field that the API does not have.
pub(super) fn check(definition: &Definition, value: &Value) -> Result<(), Failure> {
    let schema = match (definition.group, definition.plural) {
        ("batch", "jobs") => schemars::schema_for!(k8s_openapi::api::batch::v1::Job),
        ("", "pods") => schemars::schema_for!(k8s_openapi::api::core::v1::Pod),
        _ => return Ok(()),
    };
    let root = schema.to_value();
    let mut unknown = Vec::new();
    walk(&root, &root, value, "", &mut unknown);
    if unknown.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = unknown
        .iter()
        .map(|field| format!("unknown field {field:?}"))
        .collect();
    Err(Failure::bad_request(format!(
        "{} in version {:?} cannot be handled as a {}: strict decoding error: {}",
        definition.kind,
        definition.version,
        definition.kind,
        list.join(", ")
    )))
}

fn walk(root: &Value, schema: &Value, value: &Value, path: &str, unknown: &mut Vec<String>) {
    let mut schema = schema;
    // References and `anyOf [T, null]` wrappers.
    loop {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            match reference
                .strip_prefix('#')
                .and_then(|pointer| root.pointer(pointer))
            {
                Some(target) => schema = target,
                None => return,
            }
        } else if let Some(inner) = ["allOf", "anyOf", "oneOf"].iter().find_map(|key| {
            schema
                .get(key)?
                .as_array()?
                .iter()
                .find(|one| one.get("$ref").is_some())
        }) {
            schema = inner;
        } else {
            break;
        }
    }
    match value {
        Value::Object(fields) => {
            let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
                if let Some(inner) = schema
                    .get("additionalProperties")
                    .filter(|inner| inner.is_object())
                {
                    for (key, value) in fields {
                        walk(root, inner, value, &join(path, key), unknown);
                    }
                }
                return;
            };
            for (key, value) in fields {
                match properties.get(key) {
                    Some(inner) => walk(root, inner, value, &join(path, key), unknown),
                    None => unknown.push(join(path, key)),
                }
            }
        }
        Value::Array(items) => {
            if let Some(inner) = schema.get("items") {
                for (index, item) in items.iter().enumerate() {
                    walk(root, inner, item, &format!("{path}[{index}]"), unknown);
                }
            }
        }
        _ => {}
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
