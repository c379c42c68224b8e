//! Probes and lifecycle hooks, and what they call.

use serde_json::{Value, json};

use super::cases::At::{self, Container, Pod};

/// As in [`super::cases::table`].
pub(super) fn table() -> Vec<(At, Value, &'static str)> {
    let probe = |probe: Value| (Container, json!({"livenessProbe": probe}));
    let hook = |hook: Value| (Container, json!({"lifecycle": {"preStop": hook}}));
    let sleep = |seconds: i64, grace: Value| {
        (
            Pod,
            json!({"terminationGracePeriodSeconds": grace, "containers": [
                {"name": "worker", "image": "a", "lifecycle": {"preStop": {"sleep": {"seconds": seconds}}}}
            ]}),
        )
    };
    let stop = |os: Value, signal: &str| {
        (
            Pod,
            json!({"os": os, "containers": [
                {"name": "worker", "image": "a", "lifecycle": {"stopSignal": signal}}
            ]}),
        )
    };
    let cases = [
        // What is run.
        (probe(json!({"exec": {}})), "~.livenessProbe.exec.command"),
        (
            probe(json!({"exec": {"command": []}})),
            "~.livenessProbe.exec.command",
        ),
        (probe(json!({"exec": {"command": [""]}})), ""),
        (
            hook(json!({"exec": {"command": []}})),
            "~.lifecycle.preStop.exec.command",
        ),
        (
            (
                Container,
                json!({"lifecycle": {"postStart": {"exec": {"command": []}}}}),
            ),
            "~.lifecycle.postStart.exec.command",
        ),
        (
            hook(json!({"exec": {"command": ["a"]}, "sleep": {"seconds": 1}})),
            "~.lifecycle.preStop.sleep",
        ),
        (hook(json!({})), "~.lifecycle.preStop"),
        ((Container, json!({"lifecycle": {}})), ""),
        // What is called: an empty path is `/`.
        (probe(json!({"httpGet": {"path": "", "port": 80}})), ""),
        (
            probe(json!({"httpGet": {"port": 0}})),
            "~.livenessProbe.httpGet.port",
        ),
        (
            probe(json!({"httpGet": {"port": 65_536}})),
            "~.livenessProbe.httpGet.port",
        ),
        (
            hook(json!({"httpGet": {"port": -1}})),
            "~.lifecycle.preStop.httpGet.port",
        ),
        (probe(json!({"httpGet": {"port": "http"}})), ""),
        (
            probe(json!({"httpGet": {"port": "8080"}})),
            "~.livenessProbe.httpGet.port",
        ),
        (
            probe(json!({"httpGet": {"port": ""}})),
            "~.livenessProbe.httpGet.port",
        ),
        (
            hook(json!({"httpGet": {"port": 80, "scheme": "http"}})),
            "~.lifecycle.preStop.httpGet.scheme",
        ),
        (
            probe(json!({"httpGet": {"port": 80, "httpHeaders": [{"name": "a b", "value": "c"}]}})),
            "~.livenessProbe.httpGet.httpHeaders",
        ),
        (
            probe(json!({"httpGet": {"port": 80, "httpHeaders": [{"name": "X-a", "value": ""}]}})),
            "",
        ),
        (
            probe(json!({"tcpSocket": {"port": 65_536}})),
            "~.livenessProbe.tcpSocket.port",
        ),
        (
            hook(json!({"tcpSocket": {"port": "A"}})),
            "~.lifecycle.preStop.tcpSocket.port",
        ),
        (
            probe(json!({"grpc": {"port": 0}})),
            "~.livenessProbe.grpc.port",
        ),
        (probe(json!({"grpc": {"port": 65_535}})), ""),
        (
            probe(json!({"exec": {"command": ["a"]}, "grpc": {"port": 1}})),
            "~.livenessProbe.grpc",
        ),
        (
            (
                Container,
                json!({"readinessProbe": {"grpc": {"port": 1}, "terminationGracePeriodSeconds": 5}}),
            ),
            "~.readinessProbe.terminationGracePeriodSeconds",
        ),
        // How long a hook sleeps: no longer than the pod's grace.
        (sleep(30, Value::Null), ""),
        (sleep(0, Value::Null), ""),
        (sleep(31, Value::Null), "~.lifecycle.preStop.sleep"),
        (sleep(-1, Value::Null), "~.lifecycle.preStop.sleep"),
        (sleep(31, json!(31)), ""),
        // A field behind a gate that is closed: dropped before anybody looks at it.
        (stop(Value::Null, "SIGTERM"), ""),
        (stop(json!({"name": "linux"}), "SIGNONE"), ""),
    ];
    cases
        .into_iter()
        .map(|((at, change), field)| (at, change, field))
        .collect()
}
