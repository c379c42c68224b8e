//! The little of `OpenAPI` that kubectl wants: that `fieldValidation` is understood, so that it leaves the checks to the
//! server instead of fetching schemas of megabytes.

use serde_json::{Value, json};

use super::SandboxOptions;
use super::definition::{DEFINITIONS, Definition};

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
                    "paths": paths(definitions.into_iter()),
                    "components": {"schemas": {}},
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
        paths[path] = json!({"patch": {
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": {"group": one.group, "version": one.version, "kind": one.kind},
            "parameters": [
                {"name": "dryRun", "in": "query", "schema": {"type": "string", "uniqueItems": true}},
                {"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": true}},
            ],
            "responses": {"200": {"description": "OK"}},
        }});
    }
    paths
}
