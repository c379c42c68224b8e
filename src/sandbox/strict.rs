//! Fields of Jobs and pods that the API does not have, by the schema of the client library's types: dropped, and said as
//! `fieldValidation` asks (a warning when it does not ask).

use std::sync::OnceLock;

use serde_json::Value;

use super::definition::Definition;
use super::failure::Failure;
use super::request::Request;

/// Drops unknown fields and gives the warnings for them; 400 naming every one of them with `fieldValidation=Strict`.
pub(super) fn prune(
    request: &Request,
    definition: &Definition,
    value: &mut Value,
) -> Result<Vec<String>, Failure> {
    static JOB: OnceLock<Value> = OnceLock::new();
    static POD: OnceLock<Value> = OnceLock::new();
    let root =
        match (definition.group, definition.plural) {
            ("batch", "jobs") => JOB
                .get_or_init(|| schemars::schema_for!(k8s_openapi::api::batch::v1::Job).to_value()),
            ("", "pods") => POD
                .get_or_init(|| schemars::schema_for!(k8s_openapi::api::core::v1::Pod).to_value()),
            _ => return Ok(Vec::new()),
        };
    let mut unknown = Vec::new();
    walk(root, root, value, "", &mut unknown);
    let list: Vec<String> = unknown
        .iter()
        .map(|field| format!("unknown field {field:?}"))
        .collect();
    match request.query("fieldValidation") {
        Some("Ignore") => Ok(Vec::new()),
        Some("Strict") if !list.is_empty() => Err(Failure::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: strict decoding error: {}",
            definition.kind,
            definition.version,
            definition.kind,
            list.join(", ")
        ))),
        _ => Ok(list),
    }
}

fn walk(root: &Value, schema: &Value, value: &mut Value, path: &str, unknown: &mut Vec<String>) {
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
            fields.retain(|key, value| {
                let inner = properties.get(key);
                match inner {
                    Some(inner) => walk(root, inner, value, &join(path, key), unknown),
                    None => unknown.push(join(path, key)),
                }
                inner.is_some()
            });
        }
        Value::Array(items) => {
            if let Some(inner) = schema.get("items") {
                for (index, item) in items.iter_mut().enumerate() {
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
