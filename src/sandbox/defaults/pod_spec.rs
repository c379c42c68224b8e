//! Defaults of a pod's spec, in a template or in a pod of its own. [Kubernetes pkg/apis/core/v1/defaults.go]

use serde_json::{Value, json};

use super::items;
use crate::sandbox::object::{self, default};

/// Those of a template's spec, which are those of a pod's too.
pub(super) fn apply(spec: &mut Value) {
    if !spec.is_object() {
        *spec = json!({});
    }
    for key in ["initContainers", "containers"] {
        for container in items(Some(spec), key) {
            self::container(container);
        }
    }
    text(spec, "restartPolicy", "Always");
    default(spec, "terminationGracePeriodSeconds", 30);
    text(spec, "dnsPolicy", "ClusterFirst");
    if let Some(account) = spec
        .get("serviceAccountName")
        .cloned()
        .filter(|account| account.as_str() != Some(""))
    {
        default(spec, "serviceAccount", account);
    }
    default(spec, "securityContext", json!({}));
    text(spec, "schedulerName", "default-scheduler");
    for volume in items(Some(spec), "volumes") {
        self::volume(volume);
    }
}

/// Those that only a pod of its own gets: of a limit without a request, and of ports in the node's network.
pub(super) fn apply_to_pod(spec: &mut Value) {
    let is_in_network_of_node = object::flag(spec, "/hostNetwork");
    for key in ["initContainers", "containers"] {
        for container in items(Some(spec), key) {
            let limits = container
                .pointer("/resources/limits")
                .and_then(Value::as_object)
                .cloned();
            if let Some(limits) = limits {
                let requests = &mut container["resources"]["requests"];
                if !requests.is_object() {
                    *requests = json!({});
                }
                for (key, value) in limits {
                    default(requests, &key, value);
                }
            }
            if is_in_network_of_node {
                for port in items(Some(container), "ports") {
                    let own = port["containerPort"].clone();
                    number(port, "hostPort", own);
                }
            }
        }
    }
}

/// A text that is missing or empty.
fn text(holder: &mut Value, key: &str, value: &str) {
    if object::text(holder, &format!("/{key}")).is_empty() {
        holder[key] = json!(value);
    }
}

/// A number that is missing or 0.
fn number(holder: &mut Value, key: &str, value: impl Into<Value>) {
    if object::number(holder, &format!("/{key}")).unwrap_or(0) == 0 {
        holder[key] = value.into();
    }
}

/// The mapping at a path, when there is one.
fn mapping<'a>(holder: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    holder.pointer_mut(path).filter(|value| value.is_object())
}

fn container(container: &mut Value) {
    if !container.is_object() {
        return;
    }
    for port in items(Some(container), "ports") {
        text(port, "protocol", "TCP");
    }
    for variable in items(Some(container), "env") {
        if let Some(source) = mapping(variable, "/valueFrom") {
            references(source);
        }
        if let Some(file) = mapping(variable, "/valueFrom/fileKeyRef") {
            default(file, "optional", false);
        }
    }
    for probe in ["/livenessProbe", "/readinessProbe", "/startupProbe"] {
        let Some(probe) = mapping(container, probe) else {
            continue;
        };
        number(probe, "timeoutSeconds", 1);
        number(probe, "periodSeconds", 10);
        number(probe, "successThreshold", 1);
        number(probe, "failureThreshold", 3);
        if let Some(call) = mapping(probe, "/grpc") {
            default(call, "service", "");
        }
        call(probe);
    }
    for hook in ["/lifecycle/postStart", "/lifecycle/preStop"] {
        if let Some(hook) = mapping(container, hook) {
            call(hook);
        }
    }
    default(container, "resources", json!({}));
    text(container, "terminationMessagePath", "/dev/termination-log");
    text(container, "terminationMessagePolicy", "File");
    let policy = pull_policy(object::text(container, "/image"));
    text(container, "imagePullPolicy", policy);
}

fn call(handler: &mut Value) {
    if let Some(call) = mapping(handler, "/httpGet") {
        text(call, "path", "/");
        text(call, "scheme", "HTTP");
    }
}

/// The references of a variable, or of a file of the downward API.
fn references(holder: &mut Value) {
    if let Some(reference) = mapping(holder, "/fieldRef") {
        text(reference, "apiVersion", "v1");
    }
    if let Some(reference) = mapping(holder, "/resourceFieldRef") {
        default(reference, "divisor", "0");
    }
}

fn volume(volume: &mut Value) {
    let is_nothing = volume.as_object().is_some_and(|volume| {
        !volume
            .iter()
            .any(|(key, source)| key != "name" && !source.is_null())
    });
    if is_nothing {
        volume["emptyDir"] = json!({});
    }
    for source in ["/secret", "/configMap", "/downwardAPI", "/projected"] {
        if let Some(source) = mapping(volume, source) {
            default(source, "defaultMode", 0o644);
        }
    }
    if let Some(files) = mapping(volume, "/downwardAPI") {
        for file in items(Some(files), "items") {
            references(file);
        }
    }
    if let Some(projected) = mapping(volume, "/projected") {
        for source in items(Some(projected), "sources") {
            if let Some(files) = mapping(source, "/downwardAPI") {
                for file in items(Some(files), "items") {
                    references(file);
                }
            }
            if let Some(token) = mapping(source, "/serviceAccountToken") {
                default(token, "expirationSeconds", 3600);
            }
        }
    }
    if let Some(path) = mapping(volume, "/hostPath") {
        default(path, "type", "");
    }
    if let Some(image) = mapping(volume, "/image") {
        let policy = pull_policy(object::text(image, "/reference"));
        text(image, "pullPolicy", policy);
    }
    if let Some(claim) = mapping(volume, "/ephemeral/volumeClaimTemplate/spec") {
        default(claim, "volumeMode", "Filesystem");
    }
    disk(volume);
}

fn disk(volume: &mut Value) {
    if let Some(iscsi) = mapping(volume, "/iscsi") {
        text(iscsi, "iscsiInterface", "default");
    }
    if let Some(rbd) = mapping(volume, "/rbd") {
        text(rbd, "pool", "rbd");
        text(rbd, "user", "admin");
        text(rbd, "keyring", "/etc/ceph/keyring");
    }
    if let Some(disk) = mapping(volume, "/azureDisk") {
        default(disk, "cachingMode", "ReadWrite");
        default(disk, "kind", "Shared");
        default(disk, "fsType", "ext4");
        default(disk, "readOnly", false);
    }
    if let Some(scale) = mapping(volume, "/scaleIO") {
        text(scale, "storageMode", "ThinProvisioned");
        text(scale, "fsType", "xfs");
    }
}

/// An image without a tag or digest, or with the tag `latest`, is pulled always.
fn pull_policy(image: &str) -> &'static str {
    let is_latest = !image.contains('@')
        && match image.rsplit('/').next().unwrap_or_default().split_once(':') {
            None => !image.is_empty(),
            Some((_, tag)) => tag == "latest",
        };
    if is_latest { "Always" } else { "IfNotPresent" }
}
