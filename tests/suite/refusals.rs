//! What `validate` says of Jobs against the API server that is given, embedded or real: it refuses what a rule calls an error, and
//! takes what a rule does not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::support::cluster::TestCluster;
use crate::support::{Outcome, block_on, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test(
            "refusals::the_server_refuses_what_a_rule_says_it_refuses",
            rules,
        ),
        test(
            "refusals::edge_cases_are_those_of_the_api_server",
            edge_cases,
        ),
    ]
}

/// Rules about `KEDA`'s own object, whose text speaks of the API server too: their examples are wrong outside of `jobTargetRef`.
const OF_SCALED_JOBS: [&str; 8] = [
    "invalid-value",
    "missing-field",
    "newer-field",
    "non-string-metadata",
    "refused-by-version",
    "unknown-field",
    "unsupported-dialect",
    "wrong-type",
];
/// What needs a cluster to be found at all.
const ONLINE: [&str; 1] = ["refused-by-cluster"];

/// The server's words, or none when it takes the Job; nothing is kept.
async fn answer(client: &kube::Client, namespace: &str, job: &Value) -> Option<Value> {
    let uri =
        format!("/apis/batch/v1/namespaces/{namespace}/jobs?dryRun=All&fieldValidation=Strict");
    let request = http::Request::post(uri)
        .header("Content-Type", "application/json")
        .body(job.to_string().into_bytes())
        .expect("a request");
    match client.request::<Value>(request).await {
        Ok(_) => None,
        Err(kube::Error::Api(status)) => {
            let status = serde_json::to_value(status).expect("a status is JSON");
            assert!(
                [json!(400), json!(422)].contains(&status["code"]),
                "{status}"
            );
            Some(status)
        }
        Err(error) => panic!("{error}"),
    }
}

/// The Job that KEDA makes of a file's `ScaledJob`; none where the file holds something else.
fn job_of(file: &Path) -> Option<Value> {
    let text = std::fs::read_to_string(file).expect("a file of the rules");
    let object: Value = serde_yaml::from_str(&text).ok()?;
    let mut spec = object.pointer("/spec/jobTargetRef")?.clone();
    if object["kind"] != "ScaledJob" {
        return None;
    }
    let pod = spec.pointer_mut("/template/spec")?.as_object_mut()?;
    pod.entry("restartPolicy").or_insert(json!("OnFailure"));
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str()?;
    Some(json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "generateName": format!("{name}-"),
            "labels": metadata["labels"],
            "annotations": metadata["annotations"],
        },
        "spec": spec,
    }))
}

fn rules() -> Outcome {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/rules");
    let mut refused = BTreeMap::new();
    for rule in keda_jobs::rules::all() {
        let speaks_of_it = rule.doc.why.contains("API server") && rule.doc.why.contains("refuse");
        if speaks_of_it && !OF_SCALED_JOBS.contains(&rule.id) && !ONLINE.contains(&rule.id) {
            refused.insert(rule.id, folder.join(rule.id).join("wrong.yaml"));
        }
    }
    for id in OF_SCALED_JOBS.iter().chain(&ONLINE) {
        assert!(
            keda_jobs::rules::all().iter().any(|rule| rule.id == *id),
            "{id}"
        );
    }
    // That the search still finds them.
    assert!(refused.len() > 25, "{refused:?}");
    let mut accepted: Vec<PathBuf> = std::fs::read_dir(&folder)?
        .map(|entry| entry.expect("an entry").path().join("right.yaml"))
        .filter(|file| file.exists())
        .collect();
    accepted.sort();
    let cluster = TestCluster::start();
    let wrong: Vec<String> = block_on(async {
        let client = cluster.client_async().await;
        let mut wrong = Vec::new();
        for (id, file) in refused {
            let Some(job) = job_of(&file) else {
                wrong.push(format!("{id}: {} holds no Job", file.display()));
                continue;
            };
            if answer(&client, &cluster.namespace, &job).await.is_none() {
                wrong.push(format!("{id}: the server takes the wrong Job"));
            }
        }
        let mut jobs = 0;
        for file in accepted {
            let Some(job) = job_of(&file) else { continue };
            jobs += 1;
            if let Some(status) = answer(&client, &cluster.namespace, &job).await {
                let message = status["message"].as_str().unwrap_or_default();
                wrong.push(format!("{}: {message}", file.display()));
            }
        }
        assert!(jobs > 60, "{jobs}");
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// Where a change goes.
#[derive(Debug, Clone, Copy)]
enum At {
    Job,
    Template,
    Pod,
    Container,
}
use At::{Container, Job, Pod, Template};

const CONTAINER: &str = "spec.template.spec.containers[0]";

/// A Job that is fine but for a change (a merge patch), and the field with which the server refuses it; empty where it takes it.
/// `~` is the container's path.
fn table() -> Vec<(At, Value, &'static str)> {
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

fn changed(at: At, change: &Value) -> Value {
    let mut job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "orders"},
        "spec": {"template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "worker", "image": "example.com/worker:1.4"}],
        }}},
    });
    let pointer = match at {
        Job => "/spec",
        Template => "/spec/template",
        Pod => "/spec/template/spec",
        Container => "/spec/template/spec/containers/0",
    };
    let place = job.pointer_mut(pointer).expect("the place is there");
    json_patch::merge(place, change);
    job
}

fn edge_cases() -> Outcome {
    let cluster = TestCluster::start();
    let wrong: Vec<String> = block_on(async {
        let client = cluster.client_async().await;
        let mut wrong = Vec::new();
        for (at, change, field) in table() {
            let field = field.replacen('~', CONTAINER, 1);
            let status = answer(&client, &cluster.namespace, &changed(at, &change)).await;
            let found: Vec<String> = status
                .iter()
                .flat_map(|status| status.pointer("/details/causes").and_then(Value::as_array))
                .flatten()
                .filter_map(|cause| Some(cause["field"].as_str()?.to_owned()))
                .collect();
            let holds = if field.is_empty() {
                status.is_none()
            } else {
                found.contains(&field)
            };
            if !holds {
                let message = status.map(|status| status["message"].clone());
                wrong.push(format!("{at:?} {change}: expected {field:?}: {message:?}"));
            }
        }
        wrong
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
