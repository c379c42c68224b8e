//! What the Jobs of one object take of a quota at most. [Kubernetes `pkg/quota/v1/evaluator/core/pods.go`, `pkg/api/v1/resource/helpers.go`]

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::api::quantity::Quantity;
use crate::api::{DEFAULT_MAX_REPLICA_COUNT, ScaledJob};

/// A `ResourceQuota`, as far as it matters here.
#[derive(Debug, Clone, Default)]
pub struct Quota {
    /// `spec.hard`: the most of each resource.
    pub hard: BTreeMap<String, String>,
    /// `spec.scopes` and `spec.scopeSelector`: pods that are not in all of them do not count.
    pub scopes: Vec<Scope>,
}

/// One condition of a quota on pods.
#[derive(Debug, Clone)]
pub struct Scope {
    /// `Terminating`, `BestEffort`, `PriorityClass` …
    pub name: String,
    /// `Exists`, `DoesNotExist`, `In` or `NotIn`.
    pub operator: String,
    /// What the operator compares with.
    pub values: Vec<String>,
}

/// A resource that a quota gives too little of.
#[derive(Debug, PartialEq, Eq)]
pub struct Shortage {
    /// Who needs it, and which: `maxReplicaCount 10 needs requests.cpu`.
    pub needs: String,
    /// How much.
    pub needed: String,
    /// How much the quota gives.
    pub given: String,
    /// What to do.
    pub help: String,
}

/// What `quota` gives too little of when `job` has as many Jobs as it may have.
pub fn shortages(job: &ScaledJob, quota: &Quota) -> Vec<Shortage> {
    let demand = Demand::of(job);
    let is_scoped = !quota.scopes.is_empty();
    if !quota.scopes.iter().all(|scope| demand.is_in(scope)) {
        return Vec::new();
    }
    quota
        .hard
        .iter()
        .filter_map(|(resource, limit)| {
            let given = Quantity::parse(limit)?;
            let of_one = demand.of_one_job(resource, is_scoped)?;
            let kept = demand.kept(resource);
            let running = of_one.times(demand.jobs);
            let needed = running.plus(of_one.times(kept));
            if needed <= given {
                return None;
            }
            let is_binary = ["memory", "storage", "hugepages-"]
                .iter()
                .any(|word| resource.contains(word));
            let jobs = demand.jobs;
            let (needs, help) = if running > given {
                let help = match given.holds(of_one) {
                    Some(fits @ 1..) => {
                        format!("lower maxReplicaCount to {fits}, or raise the quota")
                    }
                    _ => "raise the quota: it has no room for a single Job".to_owned(),
                };
                (format!("maxReplicaCount {jobs} needs {resource}"), help)
            } else {
                let needs = format!(
                    "maxReplicaCount {jobs} and the {kept} finished Jobs that are kept need {resource}"
                );
                let help = "lower successfulJobsHistoryLimit and failedJobsHistoryLimit, or set ttlSecondsAfterFinished";
                (needs, help.to_owned())
            };
            let needed = if running > given { running } else { needed };
            Some(Shortage {
                needs,
                needed: needed.show(is_binary),
                given: limit.clone(),
                help,
            })
        })
        .collect()
}

/// What an object can ask of a namespace.
struct Demand<'a> {
    /// The most Jobs at a time.
    jobs: i64,
    /// Finished Jobs that stay.
    finished: i64,
    /// Pods of one Job at a time.
    pods: i64,
    /// The pods' spec.
    pod: &'a Json,
}

impl<'a> Demand<'a> {
    fn of(job: &'a ScaledJob) -> Self {
        let spec: &Json = &job.job_target_ref;
        let number = |field: &str| spec.get(field).and_then(Json::as_i64);
        let parallelism = number("parallelism").unwrap_or(1);
        let finished = i64::from(job.successful_jobs_history_limit.max(0))
            + i64::from(job.failed_jobs_history_limit.max(0));
        Self {
            jobs: job
                .max_replica_count
                .unwrap_or(DEFAULT_MAX_REPLICA_COUNT)
                .max(0),
            finished: match number("ttlSecondsAfterFinished") {
                Some(_) => 0,
                None => finished,
            },
            pods: parallelism
                .min(number("completions").unwrap_or(parallelism))
                .max(0),
            pod: spec.pointer("/template/spec").unwrap_or(&Json::Null),
        }
    }

    /// How much of a quota's resource one Job takes; none when that is not known.
    fn of_one_job(&self, resource: &str, is_scoped: bool) -> Option<Quantity> {
        let of_pod = match resource {
            // Scopes are about pods.
            "count/jobs.batch" => return (!is_scoped).then(|| Quantity::of(1)),
            "pods" | "count/pods" => Quantity::of(1),
            _ => {
                let (field, name) = match resource.split_once('.') {
                    Some((field @ ("limits" | "requests"), name)) => (field, name),
                    _ => ("requests", resource),
                };
                self.of_pod(field, name)?
            }
        };
        Some(of_pod.times(self.pods))
    }

    /// Finished Jobs that count too. Their pods count as objects, and not as what they requested.
    fn kept(&self, resource: &str) -> i64 {
        match resource {
            "count/jobs.batch" | "count/pods" => self.finished,
            _ => 0,
        }
    }

    /// `requests` or `limits` of one pod for one resource; none when nothing in it names the resource.
    fn of_pod(&self, field: &str, name: &str) -> Option<Quantity> {
        let overhead = amount(self.pod.get("overhead"), name);
        let of_all = named(self.pod, field, name).or_else(|| self.of_containers(field, name));
        match (of_all, overhead) {
            (Some(amount), Some(overhead)) => Some(amount.plus(overhead)),
            (amount, overhead) => amount.or(overhead),
        }
    }

    /// The containers run together, init containers one after another before them, and sidecars beside all that follow.
    fn of_containers(&self, field: &str, name: &str) -> Option<Quantity> {
        let list = |list: &str| {
            self.pod
                .get(list)
                .and_then(Json::as_array)
                .map(Vec::as_slice)
                .unwrap_or_default()
        };
        let mut is_named = false;
        let mut of = |container: &Json| {
            let amount = named(container, field, name);
            is_named |= amount.is_some();
            amount.unwrap_or(Quantity::ZERO)
        };
        let mut sidecars = Quantity::ZERO;
        let mut most_before = Quantity::ZERO;
        for container in list("initContainers") {
            let amount = of(container);
            if container.get("restartPolicy").and_then(Json::as_str) == Some("Always") {
                sidecars = sidecars.plus(amount);
                most_before = most_before.max(sidecars);
            } else {
                most_before = most_before.max(sidecars.plus(amount));
            }
        }
        let together = list("containers")
            .iter()
            .fold(sidecars, |sum, container| sum.plus(of(container)));
        is_named.then(|| together.max(most_before))
    }

    /// Whether the pods are in a scope. One that is not known holds none.
    fn is_in(&self, scope: &Scope) -> bool {
        let has_deadline = self
            .pod
            .get("activeDeadlineSeconds")
            .is_some_and(Json::is_number);
        let is_best_effort = || {
            ["cpu", "memory"].iter().all(|name| {
                self.of_pod("requests", name).is_none() && self.of_pod("limits", name).is_none()
            })
        };
        match scope.name.as_str() {
            "Terminating" => has_deadline,
            "NotTerminating" => !has_deadline,
            "BestEffort" => is_best_effort(),
            "NotBestEffort" => !is_best_effort(),
            "PriorityClass" => {
                let class = self
                    .pod
                    .get("priorityClassName")
                    .and_then(Json::as_str)
                    .unwrap_or_default();
                let is_listed = scope.values.iter().any(|value| value == class);
                match scope.operator.as_str() {
                    "Exists" => !class.is_empty(),
                    "DoesNotExist" => class.is_empty(),
                    "In" => is_listed,
                    "NotIn" => !is_listed,
                    _ => false,
                }
            }
            _ => false,
        }
    }
}

/// An amount of `resources` of a container or pod. A request that is not written is as large as the limit.
fn named(holder: &Json, field: &str, name: &str) -> Option<Quantity> {
    let resources = holder.get("resources")?;
    let written = amount(resources.get(field), name);
    match field {
        "requests" => written.or_else(|| amount(resources.get("limits"), name)),
        _ => written,
    }
}

fn amount(list: Option<&Json>, name: &str) -> Option<Quantity> {
    match list?.get(name)? {
        Json::String(text) => Quantity::parse(text),
        Json::Number(number) => Quantity::parse(&number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Quota, Scope, shortages};
    use crate::planner::tests::builder::scaled_job;

    fn quota(hard: &[(&str, &str)]) -> Quota {
        Quota {
            hard: hard
                .iter()
                .map(|(resource, amount)| ((*resource).to_owned(), (*amount).to_owned()))
                .collect(),
            scopes: Vec::new(),
        }
    }

    /// What ten Jobs of `spec` lack of `quota`: resource, needed, given.
    fn lacks(spec: Json, quota: &Quota) -> Vec<(String, String, String)> {
        let mut job = scaled_job();
        job.max_replica_count = Some(10);
        job.successful_jobs_history_limit = 3;
        job.failed_jobs_history_limit = 2;
        job.job_target_ref = spec.into();
        shortages(&job, quota)
            .into_iter()
            .map(|shortage| {
                let resource = shortage.needs.rsplit(' ').next().unwrap_or_default();
                (resource.to_owned(), shortage.needed, shortage.given)
            })
            .collect()
    }

    fn short(resource: &str, needed: &str, given: &str) -> (String, String, String) {
        (resource.to_owned(), needed.to_owned(), given.to_owned())
    }

    #[test]
    fn jobs_and_pods_are_counted() {
        let spec = json!({"parallelism": 4, "completions": 3});
        assert_eq!(
            lacks(
                spec.clone(),
                &quota(&[
                    ("count/jobs.batch", "9"),
                    ("pods", "29"),
                    ("count/pods", "30")
                ])
            ),
            [
                short("count/jobs.batch", "10", "9"),
                short("count/pods", "45", "30"),
                short("pods", "30", "29"),
            ]
        );
        assert_eq!(
            lacks(
                spec.clone(),
                &quota(&[("count/jobs.batch", "14"), ("pods", "30")])
            ),
            [short("count/jobs.batch", "15", "14")]
        );
        assert_eq!(lacks(spec, &quota(&[("count/jobs.batch", "15")])), []);
        // Finished Jobs go by themselves.
        let spec = json!({"ttlSecondsAfterFinished": 60});
        assert_eq!(lacks(spec, &quota(&[("count/jobs.batch", "10")])), []);
    }

    #[test]
    fn requests_are_added_up_as_kubernetes_does() {
        let of = |cpu: &str| json!({"resources": {"requests": {"cpu": cpu}}});
        let sidecar = |cpu: &str| {
            let mut container = of(cpu);
            container["restartPolicy"] = json!("Always");
            container
        };
        let cpu = quota(&[("requests.cpu", "0")]);
        for (pod, needed) in [
            (json!({"containers": [of("250m"), of("500m")]}), "7500m"),
            (
                json!({"containers": [of("1")], "initContainers": [of("2"), of("1500m")]}),
                "20",
            ),
            (
                json!({"containers": [of("1")], "initContainers": [sidecar("100m"), of("500m")]}),
                "11",
            ),
            (
                json!({"containers": [of("1")], "initContainers": [sidecar("1"), of("3")]}),
                "40",
            ),
            (
                json!({"containers": [of("1")], "overhead": {"cpu": "250m"}}),
                "12500m",
            ),
            (
                json!({"containers": [of("1")], "resources": {"requests": {"cpu": "3"}}}),
                "30",
            ),
            (
                json!({"containers": [{"resources": {"limits": {"cpu": 2}}}]}),
                "20",
            ),
        ] {
            let spec = json!({"template": {"spec": pod}});
            assert_eq!(
                lacks(spec.clone(), &cpu),
                [short("requests.cpu", needed, "0")],
                "{spec}"
            );
        }
        // A LimitRange may add what is not written.
        let bare = json!({"template": {"spec": {"containers": [{"name": "a"}]}}});
        assert_eq!(lacks(bare, &cpu), []);
    }

    #[test]
    fn other_resources_have_their_units() {
        let container = json!({"resources": {
            "requests": {"memory": "256Mi"},
            "limits": {"memory": "512Mi", "nvidia.com/gpu": 1},
        }});
        let spec = json!({"parallelism": 2, "template": {"spec": {"containers": [container]}}});
        let hard = quota(&[
            ("limits.memory", "8Gi"),
            ("memory", "4Gi"),
            ("requests.nvidia.com/gpu", "4"),
            ("requests.storage", "1Gi"),
            ("configmaps", "1"),
        ]);
        assert_eq!(
            lacks(spec, &hard),
            [
                short("limits.memory", "10Gi", "8Gi"),
                short("memory", "5Gi", "4Gi"),
                short("requests.nvidia.com/gpu", "20", "4"),
            ]
        );
    }

    #[test]
    fn scopes_choose_pods() {
        let scoped = |name: &str, operator: &str, values: &[&str]| Quota {
            scopes: vec![Scope {
                name: name.to_owned(),
                operator: operator.to_owned(),
                values: values.iter().map(|value| (*value).to_owned()).collect(),
            }],
            ..quota(&[("pods", "1"), ("count/jobs.batch", "1")])
        };
        let pod = json!({"priorityClassName": "low", "containers": [{"resources": {"requests": {"cpu": "1"}}}]});
        let spec = json!({"template": {"spec": pod}});
        for (name, operator, values, counts) in [
            ("Terminating", "Exists", &[][..], false),
            ("NotTerminating", "Exists", &[], true),
            ("BestEffort", "Exists", &[], false),
            ("NotBestEffort", "Exists", &[], true),
            ("PriorityClass", "In", &["low"], true),
            ("PriorityClass", "In", &["high"], false),
            ("PriorityClass", "NotIn", &["high"], true),
            ("PriorityClass", "Exists", &[], true),
            ("PriorityClass", "DoesNotExist", &[], false),
            ("CrossNamespacePodAffinity", "Exists", &[], false),
        ] {
            let wanted = if counts {
                vec![short("pods", "10", "1")]
            } else {
                Vec::new()
            };
            let found = lacks(spec.clone(), &scoped(name, operator, values));
            assert_eq!(found, wanted, "{name} {operator} {values:?}");
        }
    }
}
