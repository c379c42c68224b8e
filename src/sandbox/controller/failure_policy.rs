//! `podFailurePolicy`: what a failed pod means for its Job.

use serde_json::Value;

use super::super::object;

/// What follows from one failed pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Counts toward `status.failed` and the backoff limit.
    pub(super) counts: bool,
    /// The message with which the whole Job fails.
    pub(super) fails_job: Option<String>,
    /// Its index gets no other pod.
    pub(super) fails_index: bool,
}

/// Applies the first rule that matches; without one the pod counts.
pub(super) fn judge(job: &Value, pod: &Value) -> Verdict {
    let counted = Verdict {
        counts: true,
        fails_job: None,
        fails_index: false,
    };
    for (index, rule) in object::list(job, "/spec/podFailurePolicy/rules")
        .iter()
        .enumerate()
    {
        let action = object::text(rule, "/action");
        let Some(what) = matching(rule, pod) else {
            continue;
        };
        return match action {
            "FailJob" => Verdict {
                fails_job: Some(format!(
                    "{what} matching FailJob rule at index {index}",
                    what = what.replace(
                        "{pod}",
                        &format!("{}/{}", object::namespace(pod), object::name(pod))
                    )
                )),
                ..counted
            },
            "FailIndex" => Verdict {
                fails_index: true,
                ..counted
            },
            "Ignore" => Verdict {
                counts: false,
                ..counted
            },
            _ => counted,
        };
    }
    counted
}

/// How a rule matches a pod, in words.
fn matching(rule: &Value, pod: &Value) -> Option<String> {
    if let Some(codes) = rule.get("onExitCodes").filter(|codes| codes.is_object()) {
        let values: Vec<i64> = object::list(codes, "/values")
            .iter()
            .filter_map(Value::as_i64)
            .collect();
        let only = codes.get("containerName").and_then(Value::as_str);
        return ["/status/initContainerStatuses", "/status/containerStatuses"]
            .iter()
            .flat_map(|pointer| object::list(pod, pointer))
            .filter(|status| only.is_none_or(|name| object::text(status, "/name") == name))
            .find_map(|status| {
                let code = object::number(status, "/state/terminated/exitCode")
                    .filter(|code| *code != 0)?;
                let listed = values.contains(&code);
                let matches = if object::text(codes, "/operator") == "In" {
                    listed
                } else {
                    !listed
                };
                let name = object::text(status, "/name");
                matches.then(|| {
                    format!("Container {name} for pod {{pod}} failed with exit code {code}")
                })
            });
    }
    object::list(rule, "/onPodConditions")
        .iter()
        .find_map(|wanted| {
            let kind = object::text(wanted, "/type");
            let status = object::text(wanted, "/status");
            let found = object::condition(pod, kind)?;
            (object::text(found, "/status") == status)
                .then(|| format!("Pod {{pod}} has condition {kind}"))
        })
}
