//! Discovery, version and health.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Value, json};

use super::SandboxOptions;
use super::definition::{DEFINITIONS, Definition};
use super::request::Request;
use super::server::{bytes_response, ok, plain};

/// Answers the paths that are no resources, if it is one of those here.
pub(super) fn answer(request: &Request, options: &SandboxOptions) -> Option<Response> {
    let path = request.path.trim_end_matches('/');
    let aggregated = request.accept.contains("as=APIGroupDiscoveryList");
    let version = if request.accept.contains("v=v2;") {
        "v2"
    } else {
        "v2beta1"
    };
    Some(match path {
        "/healthz" | "/livez" | "/readyz" => plain(StatusCode::OK, "ok"),
        "/version" => ok(&json!({
            "major": "1", "minor": "36", "gitVersion": "v1.36.0+sandbox", "gitCommit": "", "gitTreeState": "clean",
            "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
        })),
        "/api" if aggregated => group_list(
            version,
            &groups(options)
                .into_iter()
                .filter(|group| group.is_empty())
                .collect::<Vec<_>>(),
        ),
        "/apis" if aggregated => group_list(
            version,
            &groups(options)
                .into_iter()
                .filter(|group| !group.is_empty())
                .collect::<Vec<_>>(),
        ),
        "/api" => ok(&json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": ""}],
        })),
        "/apis" => ok(&json!({
            "kind": "APIGroupList", "apiVersion": "v1",
            "groups": groups(options).into_iter().filter(|group| !group.is_empty()).map(group).collect::<Vec<_>>(),
        })),
        "/api/v1" => ok(&resources("", "v1")),
        _ => {
            let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
            match parts.as_slice() {
                ["apis", name] if options.serves(name) && groups(options).contains(name) => {
                    ok(&group(name))
                }
                ["apis", name, version]
                    if options.serves(name)
                        && DEFINITIONS
                            .iter()
                            .any(|one| one.group == *name && one.version == *version) =>
                {
                    ok(&resources(name, version))
                }
                _ => return None,
            }
        }
    })
}

fn groups(options: &SandboxOptions) -> Vec<&'static str> {
    let mut groups: Vec<&str> = Vec::new();
    for definition in DEFINITIONS.iter().filter(|one| options.serves(one.group)) {
        if !groups.contains(&definition.group) {
            groups.push(definition.group);
        }
    }
    groups
}

fn version_of(group: &str) -> &'static str {
    DEFINITIONS
        .iter()
        .find(|one| one.group == group)
        .map_or("v1", |one| one.version)
}

fn group(name: &str) -> Value {
    let version = version_of(name);
    let entry = json!({"groupVersion": format!("{name}/{version}"), "version": version});
    json!({"kind": "APIGroup", "apiVersion": "v1", "name": name, "versions": [entry], "preferredVersion": entry})
}

fn verbs(definition: &Definition) -> Vec<&'static str> {
    if definition.review {
        return vec!["create"];
    }
    let mut verbs = vec![
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
    ];
    if matches!(definition.plural, "namespaces" | "services") {
        verbs.retain(|verb| *verb != "deletecollection");
    }
    verbs
}

/// Name, kind, and verbs.
type Subresource = (&'static str, Value, Vec<&'static str>);

fn subresources(definition: &Definition) -> Vec<Subresource> {
    let own = || json!({"group": definition.group, "version": definition.version, "kind": definition.kind});
    let mut all = Vec::new();
    if definition.plural == "pods" {
        all.push(("log", own(), vec!["get"]));
    }
    if definition.plural == "serviceaccounts" {
        let kind =
            json!({"group": "authentication.k8s.io", "version": "v1", "kind": "TokenRequest"});
        all.push(("token", kind, vec!["create"]));
    }
    if definition.status {
        all.push(("status", own(), vec!["get", "patch", "update"]));
    }
    all
}

fn resources(group: &str, version: &str) -> Value {
    let mut list = Vec::new();
    for one in DEFINITIONS
        .iter()
        .filter(|one| one.group == group && one.version == version)
    {
        let mut entry = json!({
            "name": one.plural, "singularName": one.singular, "namespaced": one.namespaced, "kind": one.kind,
            "verbs": verbs(one),
        });
        if !one.short_names.is_empty() {
            entry["shortNames"] = json!(one.short_names);
        }
        if one.all {
            entry["categories"] = json!(["all"]);
        }
        list.push(entry);
        for (name, kind, verbs) in subresources(one) {
            let mut entry = json!({
                "name": format!("{}/{name}", one.plural), "singularName": "", "namespaced": one.namespaced,
                "kind": kind["kind"], "verbs": verbs,
            });
            if kind["group"] != one.group {
                entry["group"] = kind["group"].clone();
                entry["version"] = kind["version"].clone();
            }
            list.push(entry);
        }
    }
    let group_version = if group.is_empty() {
        version.to_owned()
    } else {
        format!("{group}/{version}")
    };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": list})
}

/// The aggregated form, which recent clients ask for first.
fn group_list(version: &str, groups: &[&'static str]) -> Response {
    let items: Vec<Value> = groups
        .iter()
        .map(|group| {
            let list: Vec<Value> = DEFINITIONS
                .iter()
                .filter(|one| one.group == *group)
                .map(|one| {
                    let kind = json!({"group": one.group, "version": one.version, "kind": one.kind});
                    let subresources: Vec<Value> = subresources(one)
                        .into_iter()
                        .map(|(name, kind, verbs)| json!({"subresource": name, "responseKind": kind, "verbs": verbs}))
                        .collect();
                    let mut entry = json!({
                        "resource": one.plural, "responseKind": kind,
                        "scope": if one.namespaced { "Namespaced" } else { "Cluster" },
                        "singularResource": one.singular, "verbs": verbs(one),
                    });
                    if !one.short_names.is_empty() {
                        entry["shortNames"] = json!(one.short_names);
                    }
                    if one.all {
                        entry["categories"] = json!(["all"]);
                    }
                    if !subresources.is_empty() {
                        entry["subresources"] = json!(subresources);
                    }
                    entry
                })
                .collect();
            let mut metadata = json!({"creationTimestamp": null});
            if !group.is_empty() {
                metadata["name"] = json!(group);
            }
            json!({
                "metadata": metadata,
                "versions": [{"version": version_of(group), "resources": list, "freshness": "Current"}],
            })
        })
        .collect();
    let value = json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {},
        "items": items,
    });
    let media = if version == "v2" {
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    } else {
        "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList"
    };
    bytes_response(StatusCode::OK, media, value.to_string().into_bytes())
}
