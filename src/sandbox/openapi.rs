//! What kubectl wants of `OpenAPI`: that `fieldValidation` is understood, so that it leaves the checks to the server, and the
//! schemas for `kubectl explain`, which are those of the client library's types. KEDA's types have none.

use k8s_openapi::api::{batch, coordination, core, discovery, rbac};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::SandboxOptions;
use super::definition::{DEFINITIONS, Definition};
use super::patch;

/// The documents below `/openapi/`.
pub(super) fn answer(path: &str, options: &SandboxOptions) -> Option<Value> {
    let served = || DEFINITIONS.iter().filter(|one| options.serves(one.group));
    match path {
        "/openapi/v3" => {
            let mut paths = json!({});
            for one in served() {
                let root = root(one);
                paths[&root] = json!({"serverRelativeURL": format!("/openapi/v3/{root}")});
            }
            Some(json!({"paths": paths}))
        }
        "/openapi/v2" => Some(json!({
            "swagger": "2.0",
            "info": {"title": "Kubernetes", "version": "v1.36.0"},
            "paths": paths(served()),
            "definitions": {},
        })),
        other => {
            let root_path = other.strip_prefix("/openapi/v3/")?;
            let definitions: Vec<&Definition> =
                served().filter(|one| root(one) == root_path).collect();
            (!definitions.is_empty()).then(|| {
                json!({
                    "openapi": "3.0.0",
                    "info": {"title": "Kubernetes", "version": "v1.36.0"},
                    "paths": paths(definitions.iter().copied()),
                    "components": {"schemas": schemas(&definitions)},
                })
            })
        }
    }
}

fn root(definition: &Definition) -> String {
    if definition.group.is_empty() {
        "api/v1".to_owned()
    } else {
        format!("apis/{}", definition.api_version())
    }
}

fn paths<'a>(definitions: impl Iterator<Item = &'a Definition>) -> Value {
    let mut paths = json!({});
    for one in definitions {
        let scope = if one.namespaced {
            "/namespaces/{namespace}"
        } else {
            ""
        };
        let path = format!("/{}{scope}/{}/{{name}}", root(one), one.plural);
        let kind = kind(one);
        let responses = json!({"200": {"description": "OK"}});
        paths[path] = json!({
            // `kubectl explain` learns the kind of a resource here.
            "get": {
                "x-kubernetes-action": "get",
                "x-kubernetes-group-version-kind": kind,
                "responses": responses,
            },
            "patch": {
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": kind,
            "parameters": [
                {"name": "dryRun", "in": "query", "schema": {"type": "string", "uniqueItems": true}},
                {"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": true}},
            ],
            "responses": responses,
        }});
    }
    paths
}

fn kind(definition: &Definition) -> Value {
    json!({"group": definition.group, "version": definition.version, "kind": definition.kind})
}

/// The schemas of some resources, and of every type below them, by their name in Kubernetes' own document.
fn schemas(definitions: &[&Definition]) -> Map<String, Value> {
    let mut generator = SchemaGenerator::default();
    let mut names = Vec::new();
    for definition in definitions {
        names.extend(add(definition, &mut generator).map(|name| (name, kind(definition))));
    }
    let mut schemas = generator.take_definitions(false);
    for (name, kind) in names {
        if let Some(schema) = schemas.get_mut(&name) {
            schema["x-kubernetes-group-version-kind"] = json!([kind]);
        }
    }
    for schema in schemas.values_mut() {
        rewrite(schema);
    }
    schemas
}

/// Adds the schema of a resource's type and gives its name.
fn add(definition: &Definition, generator: &mut SchemaGenerator) -> Option<String> {
    fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> String {
        // What is wanted is the definition that it leaves behind.
        let _ = generator.subschema_for::<T>();
        T::schema_name().into_owned()
    }
    Some(match (definition.group, definition.plural) {
        ("batch", "jobs") => of::<batch::v1::Job>(generator),
        ("", "pods") => of::<core::v1::Pod>(generator),
        ("", "secrets") => of::<core::v1::Secret>(generator),
        ("", "configmaps") => of::<core::v1::ConfigMap>(generator),
        ("", "services") => of::<core::v1::Service>(generator),
        ("", "serviceaccounts") => of::<core::v1::ServiceAccount>(generator),
        ("", "namespaces") => of::<core::v1::Namespace>(generator),
        ("", "resourcequotas") => of::<core::v1::ResourceQuota>(generator),
        ("", "limitranges") => of::<core::v1::LimitRange>(generator),
        ("", "events") => of::<core::v1::Event>(generator),
        ("coordination.k8s.io", "leases") => of::<coordination::v1::Lease>(generator),
        ("discovery.k8s.io", "endpointslices") => of::<discovery::v1::EndpointSlice>(generator),
        ("rbac.authorization.k8s.io", "roles") => of::<rbac::v1::Role>(generator),
        ("rbac.authorization.k8s.io", "rolebindings") => of::<rbac::v1::RoleBinding>(generator),
        _ => return None,
    })
}

/// Turns a JSON schema into what `OpenAPI` 3.0 and kubectl read: where references point, that one with a description beside it is
/// wrapped, and how a strategic merge patch merges a list (without it `kubectl apply` would replace lists).
fn rewrite(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                let name = reference.rsplit('/').next().unwrap_or(reference);
                let reference = json!(format!("#/components/schemas/{name}"));
                if fields.len() == 1 {
                    fields["$ref"] = reference;
                } else {
                    fields.shift_remove("$ref");
                    fields.insert("allOf".to_owned(), json!([{"$ref": reference}]));
                }
                return;
            }
            if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) {
                for (name, property) in properties {
                    if property["type"] == "array"
                        && let Some(key) = patch::merge_key(name)
                    {
                        property["x-kubernetes-patch-strategy"] = json!("merge");
                        if !key.is_empty() {
                            property["x-kubernetes-patch-merge-key"] = json!(key);
                        }
                    }
                }
            }
            if fields.shift_remove("x-kubernetes-int-or-string").is_some() {
                // Without a type of its own `explain` shows the name: Quantity, IntOrString.
                let either = json!([{"type": "string"}, {"type": "number"}]);
                fields.insert("oneOf".to_owned(), either);
            }
            fields.values_mut().for_each(rewrite);
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite),
        _ => {}
    }
}
