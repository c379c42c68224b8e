//! Where variables, and files of the downward API, take their values from.

use serde_json::{Value, json};

use super::cases::At::{self, Container, Pod};

/// As in [`super::cases::table`].
pub(super) fn table() -> Vec<(At, Value, &'static str)> {
    let from = |source: Value| json!({"env": [{"name": "A", "valueFrom": source}]});
    let all = |source: Value| json!({"envFrom": [source]});
    let file = |file: Value| json!({"volumes": [{"name": "a", "downwardAPI": {"items": [file]}}]});
    let projected = |file: Value| json!({"volumes": [{"name": "a", "projected": {"sources": [{"downwardAPI": {"items": [file]}}]}}]});
    let mut cases = vec![
        // Whole ConfigMaps and Secrets.
        (
            Container,
            all(json!({"prefix": "a.b-1 ", "secretRef": {"name": "a"}})),
            "",
        ),
        (
            Container,
            all(json!({"prefix": "A=", "secretRef": {"name": "a"}})),
            "~.envFrom[0].prefix",
        ),
        (
            Container,
            all(json!({"prefix": "Ä", "secretRef": {"name": "a"}})),
            "~.envFrom[0].prefix",
        ),
        (
            Container,
            all(json!({"secretRef": {}})),
            "~.envFrom[0].secretRef.name",
        ),
        (
            Container,
            all(json!({"configMapRef": {"name": ""}})),
            "~.envFrom[0].configMapRef.name",
        ),
        (
            Container,
            all(json!({"configMapRef": {"name": "A_b"}})),
            "~.envFrom[0].configMapRef.name",
        ),
        (Container, all(json!({"configMapRef": {"name": "a-"}})), ""),
        // One key of them.
        (
            Container,
            from(json!({"secretKeyRef": {"key": "a"}})),
            "~.env[0].valueFrom.secretKeyRef.name",
        ),
        (
            Container,
            from(json!({"configMapKeyRef": {"name": "A_b", "key": "a"}})),
            "~.env[0].valueFrom.configMapKeyRef.name",
        ),
        (
            Container,
            from(json!({"configMapKeyRef": {"name": "a", "key": ""}})),
            "~.env[0].valueFrom.configMapKeyRef.key",
        ),
        (
            Container,
            from(json!({"secretKeyRef": {"name": "a", "key": "a/b"}})),
            "~.env[0].valueFrom.secretKeyRef.key",
        ),
        (
            Container,
            from(json!({"secretKeyRef": {"name": "a", "key": "..a"}})),
            "~.env[0].valueFrom.secretKeyRef.key",
        ),
        (
            Container,
            from(json!({"secretKeyRef": {"name": "a", "key": ".a_B-1"}})),
            "",
        ),
        // Amounts of a container.
        (
            Container,
            from(json!({"resourceFieldRef": {"resource": "limits.gpu"}})),
            "~.env[0].valueFrom.resourceFieldRef.resource",
        ),
        (
            Container,
            from(json!({"resourceFieldRef": {"resource": "cpu"}})),
            "~.env[0].valueFrom.resourceFieldRef.resource",
        ),
        (
            Container,
            from(json!({"resourceFieldRef": {"resource": ""}})),
            "~.env[0].valueFrom.resourceFieldRef.resource",
        ),
        (
            Container,
            from(json!({"resourceFieldRef": {"resource": "limits.hugepages-2Mi"}})),
            "",
        ),
        (
            Container,
            from(
                json!({"resourceFieldRef": {"resource": "limits.cpu", "containerName": "nobody"}}),
            ),
            "",
        ),
        // Files.
        (
            Pod,
            file(json!({"path": "a", "fieldRef": {"fieldPath": "metadata.labels"}})),
            "",
        ),
        (
            Pod,
            file(json!({"path": "a", "fieldRef": {"fieldPath": "metadata.labels['b']"}})),
            "",
        ),
        (
            Pod,
            file(json!({"path": "a", "fieldRef": {"fieldPath": "status.podIP"}})),
            "spec.template.spec.volumes[0].downwardAPI.fieldRef.fieldPath",
        ),
        (
            Pod,
            projected(json!({"path": "a", "fieldRef": {"fieldPath": "spec.nodeName"}})),
            "spec.template.spec.volumes[0].projected.sources[0].downwardAPI.fieldRef.fieldPath",
        ),
        (
            Pod,
            file(
                json!({"path": "a", "resourceFieldRef": {"containerName": "worker", "resource": "limits.cpu"}}),
            ),
            "",
        ),
        (
            Pod,
            file(json!({"path": "a", "resourceFieldRef": {"resource": "limits.cpu"}})),
            "spec.template.spec.volumes[0].downwardAPI.resourceFieldRef.containerName",
        ),
        (
            Pod,
            file(
                json!({"path": "a", "resourceFieldRef": {"containerName": "worker", "resource": "cpu"}}),
            ),
            "spec.template.spec.volumes[0].downwardAPI.resourceFieldRef.resource",
        ),
        (
            Pod,
            file(json!({"path": "a"})),
            "spec.template.spec.volumes[0].downwardAPI",
        ),
        (
            Pod,
            file(
                json!({"path": "a", "fieldRef": {"fieldPath": "metadata.name"}, "resourceFieldRef": {"containerName": "worker", "resource": "limits.cpu"}}),
            ),
            "spec.template.spec.volumes[0].downwardAPI",
        ),
    ];
    // Fields of the pod.
    for path in [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "metadata.labels['a']",
        "metadata.labels['b.c/D']",
        "metadata.annotations['a']",
        "metadata.annotations['B.c/D']",
        "spec.nodeName",
        "spec.host",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ] {
        cases.push((
            Container,
            from(json!({"fieldRef": {"fieldPath": path}})),
            "",
        ));
    }
    for path in [
        "",
        "metadata.labels",
        "metadata.annotations",
        "metadata.labels[a]",
        "metadata.generateName",
        "metadata.name['a']",
        "spec.schedulerName",
        "spec.containers",
        "status.phase",
        "status.podIp",
    ] {
        cases.push((
            Container,
            from(json!({"fieldRef": {"fieldPath": path}})),
            "~.env[0].valueFrom.fieldRef.fieldPath",
        ));
    }
    for path in [
        "metadata.labels['']",
        "metadata.labels['a b']",
        "metadata.labels['B.c/D']",
        "metadata.annotations['a/b/c']",
    ] {
        cases.push((
            Container,
            from(json!({"fieldRef": {"fieldPath": path}})),
            "~.env[0].valueFrom.fieldRef",
        ));
    }
    cases.push((
        Container,
        from(json!({"fieldRef": {"fieldPath": "metadata.name", "apiVersion": "v2"}})),
        "~.env[0].valueFrom.fieldRef.fieldPath",
    ));
    // What a quantity is written as, and not what it comes to, is compared once it is in its shortest form.
    for (resource, divisor, is_taken) in [
        ("limits.cpu", json!("1m"), true),
        ("limits.cpu", json!("1000m"), true),
        ("limits.cpu", json!(1), true),
        ("limits.cpu", json!(0.001), true),
        ("limits.cpu", json!("0m"), true),
        ("limits.cpu", json!("100m"), false),
        ("limits.cpu", json!(2), false),
        ("limits.cpu", json!("1e-3"), false),
        ("requests.memory", json!("1Mi"), true),
        ("requests.memory", json!("1024Ki"), true),
        ("requests.memory", json!("1000"), true),
        ("requests.memory", json!("0"), true),
        ("requests.memory", json!(1024), false),
        ("requests.memory", json!("1e3"), false),
        ("requests.memory", json!("2Mi"), false),
        ("limits.ephemeral-storage", json!("1m"), false),
        ("limits.hugepages-2Mi", json!("1Mi"), true),
        ("limits.hugepages-2Mi", json!("2Mi"), false),
    ] {
        cases.push((
            Container,
            from(json!({"resourceFieldRef": {"resource": resource, "divisor": divisor}})),
            if is_taken {
                ""
            } else {
                "~.env[0].valueFrom.resourceFieldRef.divisor"
            },
        ));
    }
    cases
}
