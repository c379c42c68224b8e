//! What a fresh cluster holds.

use serde_json::{Value, json};

use super::SandboxOptions;
use super::definition::{self, DEFINITIONS, Definition, KEDA};
use super::object;
use super::store::Store;

/// The name of the only node.
pub(super) const NODE: &str = "sandbox";

/// Fills a new store.
pub(super) fn fill(store: &mut Store, options: &SandboxOptions) {
    let now = object::now();
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        add(
            store,
            definition::namespaces(),
            json!({
                "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            }),
        );
    }
    add(
        store,
        definition::nodes(),
        json!({
            "metadata": {"name": NODE, "labels": {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"}},
            "spec": {},
            "status": {
                "capacity": {"cpu": "64", "memory": "256Gi", "pods": "110000"},
                "allocatable": {"cpu": "64", "memory": "256Gi", "pods": "110000"},
                "conditions": [{
                    "type": "Ready", "status": "True", "reason": "KubeletReady", "message": "the sandbox is ready",
                    "lastHeartbeatTime": now, "lastTransitionTime": now,
                }],
                "nodeInfo": {
                    "kubeletVersion": "v1.36.0+sandbox", "kubeProxyVersion": "", "architecture": "amd64",
                    "operatingSystem": "linux", "osImage": "sandbox", "kernelVersion": "", "machineID": "",
                    "systemUUID": "", "bootID": "", "containerRuntimeVersion": "",
                },
            },
        }),
    );
    if options.keda {
        for definition in DEFINITIONS.iter().filter(|one| one.group == KEDA) {
            add(
                store,
                definition::custom_resource_definitions(),
                custom_resource_definition(definition, &now),
            );
        }
    }
}

fn custom_resource_definition(definition: &Definition, now: &str) -> Value {
    let names = json!({
        "plural": definition.plural, "singular": definition.singular, "kind": definition.kind,
        "listKind": format!("{}List", definition.kind), "shortNames": definition.short_names,
    });
    json!({
        "metadata": {"name": definition.qualified(), "generation": 1},
        "spec": {
            "group": definition.group,
            "names": names,
            "scope": if definition.namespaced { "Namespaced" } else { "Cluster" },
            "versions": [{
                "name": definition.version, "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
            "conversion": {"strategy": "None"},
        },
        "status": {
            "acceptedNames": names,
            "storedVersions": [definition.version],
            "conditions": [
                {"type": "NamesAccepted", "status": "True", "reason": "NoConflicts", "message": "no conflicts found", "lastTransitionTime": now},
                {"type": "Established", "status": "True", "reason": "InitialNamesAccepted", "message": "the initial names have been accepted", "lastTransitionTime": now},
            ],
        },
    })
}

/// Adds an object with its system fields.
pub(super) fn add(store: &mut Store, definition: &'static Definition, mut object: Value) {
    object["apiVersion"] = json!(definition.api_version());
    object["kind"] = json!(definition.kind);
    object["metadata"]["uid"] = json!(object::new_uid());
    object["metadata"]["creationTimestamp"] = json!(object::now());
    store.insert(definition, object);
}
