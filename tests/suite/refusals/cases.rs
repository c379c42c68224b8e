//! Jobs at the edge of what the API server takes, with what Kubernetes 1.36.3 answered to each.

use serde_json::{Value, json};

/// Where a change goes.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
pub(super) enum At {
    Job,
    Template,
    Pod,
    Container,
}
use At::{Container, Job, Pod, Template};

/// What `~` stands for.
pub(super) const CONTAINER: &str = "spec.template.spec.containers[0]";

/// A Job that is fine but for a change (a merge patch), and the field with which the server refuses it; empty where it takes it.
/// `~` is the container's path.
pub(super) fn table() -> Vec<(At, Value, &'static str)> {
    let mut cases = vec![
        (Job, json!({}), ""),
        // The pod's template.
        (
            Template,
            json!({"metadata": {"annotations": {"a b": "c"}}}),
            "spec.template.annotations",
        ),
        (
            Template,
            json!({"metadata": {"labels": {"a": "b c"}}}),
            "spec.template.labels",
        ),
        (Pod, json!({"terminationGracePeriodSeconds": -1}), ""),
        (
            Pod,
            json!({"activeDeadlineSeconds": 0}),
            "spec.template.spec.activeDeadlineSeconds",
        ),
        (
            Pod,
            json!({"nodeSelector": {"a": "b c"}}),
            "spec.template.spec.nodeSelector",
        ),
        (
            Pod,
            json!({"preemptionPolicy": "Sometimes"}),
            "spec.template.spec.preemptionPolicy",
        ),
        (Pod, json!({"preemptionPolicy": "PreemptLowerPriority"}), ""),
        (Pod, json!({"os": {"name": "mac"}}), "spec.template.spec.os"),
        (
            Pod,
            json!({"dnsPolicy": "None"}),
            "spec.template.spec.dnsConfig",
        ),
        (
            Pod,
            json!({"dnsPolicy": "None", "dnsConfig": {}}),
            "spec.template.spec.dnsConfig.nameservers",
        ),
        (
            Pod,
            json!({"dnsPolicy": "None", "dnsConfig": {"nameservers": ["10.0.0.1"]}}),
            "",
        ),
        (
            Pod,
            json!({"securityContext": {"fsGroup": -1}}),
            "spec.template.spec.securityContext.fsGroup",
        ),
        (
            Pod,
            json!({"securityContext": {"seccompProfile": {"type": "runtime"}}}),
            "spec.template.spec.securityContext.seccompProfile.type",
        ),
        (
            Pod,
            json!({"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}]}),
            "spec.template.spec.topologySpreadConstraints[0].maxSkew",
        ),
        (
            Pod,
            json!({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "Never"}]}),
            "spec.template.spec.topologySpreadConstraints[0].whenUnsatisfiable",
        ),
        (
            Pod,
            json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Equals", "values": ["b"]}]}]}}}}),
            "spec.template.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator",
        ),
        (
            Pod,
            json!({"initContainers": [{"name": "worker", "image": "a"}]}),
            "spec.template.spec.initContainers[0].name",
        ),
        (
            Pod,
            json!({"initContainers": [{"name": "side", "image": "a", "restartPolicy": "Always", "startupProbe": {"exec": {"command": ["a"]}}}]}),
            "",
        ),
        (
            Pod,
            json!({"initContainers": [{"name": "first", "image": "a", "lifecycle": {"preStop": {"exec": {"command": ["a"]}}}}]}),
            "spec.template.spec.initContainers[0].lifecycle",
        ),
        // Tolerations.
        (
            Pod,
            json!({"tolerations": [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedules"}]}),
            "spec.template.spec.tolerations[0].effect",
        ),
        (
            Pod,
            json!({"tolerations": [{"key": "a", "operator": "Exists", "tolerationSeconds": 5}]}),
            "spec.template.spec.tolerations[0].effect",
        ),
        (
            Pod,
            json!({"tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]}),
            "spec.template.spec.tolerations[0].operator",
        ),
        (
            Pod,
            json!({"tolerations": [{"key": "a", "operator": "Matches"}]}),
            "spec.template.spec.tolerations[0].operator",
        ),
        (
            Pod,
            json!({"tolerations": [{"value": "b"}]}),
            "spec.template.spec.tolerations[0].operator",
        ),
        (
            Pod,
            json!({"tolerations": [{"operator": "Exists"}, {"key": "a", "value": "b"}]}),
            "",
        ),
        // Volumes and mounts.
        (Pod, json!({"volumes": [{"name": "a"}]}), ""),
        (
            Pod,
            json!({"volumes": [{"name": "A_b", "emptyDir": {}}]}),
            "spec.template.spec.volumes[0].name",
        ),
        (
            Pod,
            json!({"volumes": [{"name": "a"}, {"name": "a"}]}),
            "spec.template.spec.volumes[1].name",
        ),
        (
            Pod,
            json!({"volumes": [{"name": "a", "hostPath": {"path": "/a", "type": "dir"}}]}),
            "spec.template.spec.volumes[0].hostPath.type",
        ),
        (
            Pod,
            json!({"volumes": [{"name": "a"}], "containers": [{"name": "worker", "image": "a", "volumeMounts": [{"name": "a", "mountPath": "/a", "mountPropagation": "Both"}]}]}),
            "~.volumeMounts.mountPropagation",
        ),
        (
            Pod,
            json!({"volumes": [{"name": "a"}], "containers": [{"name": "worker", "image": "a", "volumeMounts": [{"name": "a", "mountPath": "/a"}, {"name": "a", "mountPath": "/a"}]}]}),
            "~.volumeMounts[1].mountPath",
        ),
        // Containers.
        (Container, json!({"image": " a"}), ""),
        (Container, json!({"image": ""}), "~.image"),
        (
            Container,
            json!({"restartPolicy": "Sometimes"}),
            "~.restartPolicy",
        ),
        (
            Container,
            json!({"terminationMessagePolicy": "Pipe"}),
            "~.terminationMessagePolicy",
        ),
        (
            Container,
            json!({"securityContext": {"procMount": "All"}}),
            "~.securityContext.procMount",
        ),
        (
            Container,
            json!({"securityContext": {"runAsUser": -1}}),
            "~.securityContext.runAsUser",
        ),
        (
            Container,
            json!({"env": [{"name": "A=B", "value": "x"}]}),
            "~.env[0].name",
        ),
        (
            Container,
            json!({"env": [{"name": "a.b c", "value": "x"}]}),
            "",
        ),
        (
            Container,
            json!({"env": [{"name": "A", "valueFrom": {}}]}),
            "~.env[0].valueFrom",
        ),
        (
            Container,
            json!({"env": [{"name": "A", "value": "x", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]}),
            "~.env[0].valueFrom",
        ),
        (
            Container,
            json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}, "fieldRef": {"fieldPath": "metadata.name"}}}]}),
            "~.env[0].valueFrom",
        ),
        (
            Container,
            json!({"envFrom": [{"prefix": "A"}]}),
            "~.envFrom",
        ),
        (
            Container,
            json!({"ports": [{"containerPort": 0}]}),
            "~.ports[0].containerPort",
        ),
        (
            Container,
            json!({"ports": [{"containerPort": 80, "hostPort": 0}]}),
            "",
        ),
        (
            Container,
            json!({"ports": [{"containerPort": 80, "protocol": "HTTP"}]}),
            "~.ports[0].protocol",
        ),
        (
            Container,
            json!({"ports": [{"containerPort": 1, "name": "1-2"}]}),
            "~.ports[0].name",
        ),
        (
            Container,
            json!({"ports": [{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]}),
            "~.ports[1].name",
        ),
        // Probes.
        (
            Container,
            json!({"livenessProbe": {"exec": {"command": ["a"]}, "terminationGracePeriodSeconds": 0}}),
            "~.livenessProbe.terminationGracePeriodSeconds",
        ),
        (
            Container,
            json!({"livenessProbe": {"exec": {"command": ["a"]}, "successThreshold": 2}}),
            "~.livenessProbe.successThreshold",
        ),
        (
            Container,
            json!({"readinessProbe": {"exec": {"command": ["a"]}, "successThreshold": 2}}),
            "",
        ),
        (
            Container,
            json!({"livenessProbe": {"exec": {"command": ["a"]}, "periodSeconds": -1}}),
            "~.livenessProbe.periodSeconds",
        ),
        (
            Container,
            json!({"livenessProbe": {"periodSeconds": 2}}),
            "~.livenessProbe",
        ),
        (
            Container,
            json!({"readinessProbe": {"httpGet": {"port": 80, "scheme": "http"}}}),
            "~.readinessProbe.httpGet.scheme",
        ),
        // Requests and limits.
        (
            Container,
            json!({"resources": {"requests": {"nvidia.com/gpu": 1}}}),
            "~.resources.limits",
        ),
        (
            Container,
            json!({"resources": {"limits": {"nvidia.com/gpu": 1}}}),
            "",
        ),
        (
            Container,
            json!({"resources": {"requests": {"nvidia.com/gpu": 1}, "limits": {"nvidia.com/gpu": 2}}}),
            "~.resources.requests",
        ),
        (
            Container,
            json!({"resources": {"limits": {"nvidia.com/gpu": "500m"}}}),
            "~.resources.limits[nvidia.com/gpu]",
        ),
        (
            Container,
            json!({"resources": {"limits": {"hugepages-2Mi": "4Mi", "cpu": 1}}}),
            "",
        ),
        (
            Container,
            json!({"resources": {"limits": {"x.kubernetes.io/y": "1"}}}),
            "",
        ),
        (
            Container,
            json!({"resources": {"limits": {"requests.cpu": "1"}}}),
            "~.resources.limits[requests.cpu]",
        ),
        (
            Container,
            json!({"resources": {"limits": {"gpu": "1"}}}),
            "~.resources.limits[gpu]",
        ),
        (
            Container,
            json!({"resources": {"limits": {"cpu": "-1"}}}),
            "~.resources.limits[cpu]",
        ),
        (
            Container,
            json!({"resources": {"limits": {"cpu": "500m"}, "requests": {"cpu": 0.5}}}),
            "",
        ),
        (
            Container,
            json!({"resources": {"limits": {"memory": "1Gi"}, "requests": {"memory": "1025Mi"}}}),
            "~.resources.requests",
        ),
    ];
    cases.extend(job_table());
    cases.extend(super::handlers::table());
    cases.extend(super::variables::table());
    cases.extend(super::security::table());
    cases.extend(super::pods::table());
    cases
}

fn job_table() -> Vec<(At, Value, &'static str)> {
    let indexed = |change: Value| {
        let mut job = json!({"completionMode": "Indexed", "completions": 2});
        json_patch::merge(&mut job, &change);
        job
    };
    let many = |change: Value| {
        let mut job =
            json!({"completionMode": "Indexed", "completions": 200_000, "backoffLimitPerIndex": 1});
        json_patch::merge(&mut job, &change);
        job
    };
    let failure = |rule: Value| json!({"podFailurePolicy": {"rules": [rule]}});
    let codes = |operator: &str, values: Value| {
        failure(json!({"action": "Count", "onExitCodes": {"operator": operator, "values": values}}))
    };
    let success = |rules: Value| indexed(json!({"successPolicy": {"rules": rules}}));
    let mut cases = vec![
        // The Job itself.
        (Job, json!({"managedBy": "a"}), "spec.managedBy"),
        (
            Job,
            json!({"managedBy": "kubernetes.io/job-controller"}),
            "",
        ),
        (Job, json!({"managedBy": "a/b/c"}), ""),
        (
            Job,
            json!({"podReplacementPolicy": "TerminatingOrFailed"}),
            "",
        ),
        (
            Job,
            json!({"podReplacementPolicy": "Always"}),
            "spec.podReplacementPolicy",
        ),
        (
            Job,
            json!({"manualSelector": true, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}}}),
            "",
        ),
        (
            Job,
            json!({"manualSelector": true, "selector": {"matchLabels": {"a": "b"}}}),
            "spec.template.metadata.labels",
        ),
        // Indexes.
        (
            Job,
            indexed(json!({"backoffLimitPerIndex": -1})),
            "spec.backoffLimitPerIndex",
        ),
        (
            Job,
            indexed(json!({"completions": 0, "backoffLimitPerIndex": 1, "maxFailedIndexes": 0})),
            "",
        ),
        (
            Job,
            indexed(json!({"parallelism": 100_001})),
            "spec.parallelism",
        ),
        (
            Job,
            indexed(json!({"maxFailedIndexes": 1})),
            "spec.backoffLimitPerIndex",
        ),
        (
            Job,
            indexed(json!({"completions": null, "parallelism": 1})),
            "spec.completions",
        ),
        (Job, many(json!({})), "spec.maxFailedIndexes"),
        (
            Job,
            many(json!({"maxFailedIndexes": 10_001})),
            "spec.maxFailedIndexes",
        ),
        (
            Job,
            many(json!({"maxFailedIndexes": 10_000, "parallelism": 10_000})),
            "",
        ),
        (
            Job,
            many(json!({"maxFailedIndexes": 10, "parallelism": 10_001})),
            "spec.parallelism",
        ),
        // Pods that fail.
        (Job, json!({"podFailurePolicy": {"rules": []}}), ""),
        (Job, codes("NotIn", json!([0, 1])), ""),
        (
            Job,
            codes("In", json!([0, 1])),
            "spec.podFailurePolicy.rules[0].onExitCodes.values[0]",
        ),
        (
            Job,
            codes("NotIn", json!([1, 1])),
            "spec.podFailurePolicy.rules[0].onExitCodes.values[1]",
        ),
        (
            Job,
            codes("In", json!([2, 1])),
            "spec.podFailurePolicy.rules[0].onExitCodes.values",
        ),
        (Job, codes("In", json!([-1, 300])), ""),
        (
            Job,
            failure(
                json!({"action": "Count", "onExitCodes": {"operator": "In", "values": [1]}, "onPodConditions": [{"type": "A", "status": "True"}]}),
            ),
            "spec.podFailurePolicy.rules[0]",
        ),
        (
            Job,
            failure(
                json!({"action": "Count", "onPodConditions": [{"type": "A", "status": "true"}]}),
            ),
            "spec.podFailurePolicy.rules[0].onPodConditions[0].status",
        ),
        (
            Job,
            failure(json!({"action": "Count", "onPodConditions": [{"type": "A"}]})),
            "",
        ),
        (
            Job,
            failure(
                json!({"action": "Fail", "onPodConditions": [{"type": "A", "status": "True"}]}),
            ),
            "spec.podFailurePolicy.rules[0].action",
        ),
        // Pods that succeed.
        (Job, success(json!([])), "spec.successPolicy.rules"),
        (Job, success(json!([{}])), "spec.successPolicy.rules[0]"),
        (
            Job,
            success(json!([{"succeededCount": 3}])),
            "spec.successPolicy.rules[0].succeededCount",
        ),
        (
            Job,
            success(json!([{"succeededIndexes": "0", "succeededCount": 2}])),
            "spec.successPolicy.rules[0].succeededCount",
        ),
    ];
    for indexes in ["", "0", "0,1", "0-1"] {
        cases.push((Job, success(json!([{"succeededIndexes": indexes}])), ""));
    }
    for indexes in ["1-0", "0-0", "0,0", "2", "a", "0-1-2", "0,"] {
        cases.push((
            Job,
            success(json!([{"succeededIndexes": indexes}])),
            "spec.successPolicy.rules[0].succeededIndexes",
        ));
    }
    cases
}
