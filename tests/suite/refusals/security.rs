//! Security contexts, and when containers start again.

use serde_json::{Value, json};

use super::cases::At::{self, Container, Pod};

/// As in [`super::cases::table`].
pub(super) fn table() -> Vec<(At, Value, &'static str)> {
    let mut cases = Vec::new();
    for (at, name, kind, local) in [
        (
            Pod,
            "seccompProfile",
            "spec.template.spec.securityContext.seccompProfile.type",
            "spec.template.spec.securityContext.seccompProfile.localhostProfile",
        ),
        (
            Pod,
            "appArmorProfile",
            "spec.template.spec.securityContext.appArmorProfile.type",
            "spec.template.spec.securityContext.appArmorProfile.localhostProfile",
        ),
        (
            Container,
            "seccompProfile",
            "~.securityContext.seccompProfile.type",
            "~.securityContext.seccompProfile.localhostProfile",
        ),
        (
            Container,
            "appArmorProfile",
            "~.securityContext.appArmorProfile.type",
            "~.securityContext.appArmorProfile.localhostProfile",
        ),
    ] {
        for (profile, field) in [
            (json!({"type": "RuntimeDefault"}), ""),
            (json!({"type": "Unconfined"}), ""),
            (
                json!({"type": "Localhost", "localhostProfile": "a/b.json"}),
                "",
            ),
            (json!({"type": "Localhost"}), local),
            (
                json!({"type": "RuntimeDefault", "localhostProfile": "a"}),
                local,
            ),
            (json!({"type": ""}), kind),
            (json!({"type": "Default"}), kind),
        ] {
            cases.push((at, json!({"securityContext": {name: profile}}), field));
        }
    }
    let seccomp = |profile: &str| json!({"securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": profile}}});
    let armor = |profile: &str| json!({"securityContext": {"appArmorProfile": {"type": "Localhost", "localhostProfile": profile}}});
    let seccomp_field = "~.securityContext.seccompProfile.localhostProfile";
    let armor_field = "~.securityContext.appArmorProfile.localhostProfile";
    let host = |pod: Value, worker: Value, network: bool| {
        json!({
            "hostNetwork": network,
            "securityContext": {"windowsOptions": {"hostProcess": pod}},
            "containers": [
                {"name": "worker", "image": "a", "securityContext": {"windowsOptions": {"hostProcess": worker}}},
                {"name": "other", "image": "a"},
            ],
        })
    };
    let rules = |rules: Value| json!({"restartPolicy": "Never", "restartPolicyRules": rules});
    let on = |action: &str, operator: &str| {
        rules(json!([{"action": action, "exitCodes": {"operator": operator, "values": [42]}}]))
    };
    cases.extend([
        (Container, seccomp(""), ""),
        (Container, seccomp("/a"), seccomp_field),
        (Container, seccomp("a/../b"), seccomp_field),
        (Container, armor(""), armor_field),
        (Container, armor(" a"), armor_field),
        (Container, armor("/a"), ""),
        // What a container may do. Nothing here is privileged or a host's process and right otherwise: an API server takes that only with
        // `--allow-privileged`, which clusters have and the one of the suite has not.
        (
            Container,
            json!({"securityContext": {"privileged": true, "allowPrivilegeEscalation": false}}),
            "~.securityContext",
        ),
        (
            Container,
            json!({"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"add": ["CAP_SYS_ADMIN"]}}}),
            "~.securityContext",
        ),
        (
            Container,
            json!({"securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"add": ["SYS_ADMIN"]}}}),
            "",
        ),
        (
            Container,
            json!({"securityContext": {"procMount": "Unmasked"}}),
            "~.securityContext.procMount",
        ),
        (
            Pod,
            json!({"hostUsers": false, "containers": [{"name": "worker", "image": "a", "securityContext": {"procMount": "Unmasked"}}]}),
            "",
        ),
        (
            Pod,
            json!({"securityContext": {"supplementalGroups": [1, -1]}}),
            "spec.template.spec.securityContext.supplementalGroups[1]",
        ),
        (
            Container,
            json!({"securityContext": {"runAsUser": 2_147_483_648_i64}}),
            "~.securityContext.runAsUser",
        ),
        (
            Pod,
            json!({"hostPID": true, "shareProcessNamespace": true}),
            "spec.template.spec.securityContext.shareProcessNamespace",
        ),
        // Processes of a Windows node.
        (
            Pod,
            host(json!(true), Value::Null, false),
            "spec.template.spec.hostNetwork",
        ),
        (
            Pod,
            host(json!(true), json!(false), true),
            "~.securityContext.windowsOptions.hostProcess",
        ),
        (
            Pod,
            host(Value::Null, json!(true), true),
            "spec.template.spec",
        ),
        (Pod, host(json!(false), json!(false), false), ""),
        // Containers that start again by themselves.
        (Container, on("Restart", "In"), ""),
        (Container, on("RestartAllContainers", "NotIn"), ""),
        (
            Container,
            on("Ignore", "In"),
            "~.restartPolicyRules[0].action",
        ),
        (
            Container,
            on("Restart", "Equals"),
            "~.restartPolicyRules[0].exitCodes.operator",
        ),
        (
            Container,
            rules(json!([{"action": "Restart"}])),
            "~.restartPolicyRules[0].exitCodes",
        ),
        (
            Container,
            json!({"restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]}),
            "~.restartPolicy",
        ),
        (
            Container,
            rules(Value::Array(vec![
                json!({"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}});
                21
            ])),
            "~.restartPolicyRules",
        ),
        (
            Container,
            rules(json!([{"action": "Restart", "exitCodes": {"operator": "In", "values": vec![1; 256]}}])),
            "~.restartPolicyRules[0].exitCodes.values",
        ),
        (
            Container,
            rules(json!([{"action": "Restart", "exitCodes": {"operator": "In"}}])),
            "",
        ),
        (
            Pod,
            json!({"initContainers": [{"name": "first", "image": "a", "restartPolicyRules": [{"action": "Restart", "exitCodes": {"operator": "In", "values": [1]}}]}]}),
            "spec.template.spec.initContainers[0].restartPolicy",
        ),
    ]);
    cases
}
