//! Jobs of an agent pool of Azure DevOps, and which of them an agent of ours can take. [KEDA `azure_pipelines_scaler.go`]

use serde_json::Value;

use crate::scalers::params::Resolved;

/// A job that was asked for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct JobRequest {
    pub(super) is_finished: bool,
    /// An agent has it.
    pub(super) is_taken: bool,
    demands: Vec<String>,
    /// Names of the agents that can take it.
    agents: Vec<String>,
}

/// Which jobs count.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Those that this agent can take, whatever they demand.
    parent: String,
    /// Those with these demands; all when there are none.
    demands: Vec<String>,
    how: How,
    in_any_case: bool,
}

/// How the demands of a job are compared with ours.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    /// Its own are all among ours.
    Enough,
    /// And ours are all among its own.
    Same,
    /// Ours are all among its own.
    Has,
}

impl Wanted {
    pub(super) fn new(parameters: &Resolved) -> Self {
        let demands = match parameters.text("demands") {
            "" => Vec::new(),
            text => text.split(',').map(str::to_owned).collect(),
        };
        Self {
            parent: parameters.text("parent").to_owned(),
            demands,
            how: if parameters.boolean("requireAllDemands") {
                How::Same
            } else if parameters.boolean("requireAllDemandsAndIgnoreOthers") {
                How::Has
            } else {
                How::Enough
            },
            in_any_case: parameters.boolean("caseInsensitiveDemandsProcessing"),
        }
    }

    /// Whether a job counts.
    pub(super) fn takes(&self, job: &JobRequest) -> bool {
        if !self.parent.is_empty() {
            return job.agents.contains(&self.parent);
        }
        if self.demands.is_empty() {
            return true;
        }
        let (its, ours) = (
            without_version(&job.demands),
            without_version(&self.demands),
        );
        let is_same = |one: &str, other: &str| {
            one == other || (self.in_any_case && one.to_lowercase() == other.to_lowercase())
        };
        // One that stands twice is counted twice, as in KEDA.
        let met = its
            .iter()
            .flat_map(|its| ours.iter().filter(move |ours| is_same(its, ours)))
            .count();
        match self.how {
            How::Enough => met == its.len(),
            How::Same => met == its.len() && met == ours.len(),
            How::Has => met == ours.len(),
        }
    }
}

/// Each job demands some version of the agent.
fn without_version(demands: &[String]) -> Vec<&str> {
    demands
        .iter()
        .map(String::as_str)
        .filter(|demand| !demand.starts_with("Agent.Version"))
        .collect()
}

/// The `value` of an answer. The error is a fragment.
fn values(body: &[u8]) -> Result<Vec<Value>, String> {
    let mut answer: Value = serde_json::from_slice(body).map_err(|_| {
        "answered with something else than JSON, as it does where it asks to sign in; is the token valid?"
    })?;
    match answer.get_mut("value").map(Value::take) {
        Some(Value::Array(values)) => Ok(values),
        _ => Err("answered without a list; is it an organisation of Azure DevOps?".to_owned()),
    }
}

/// The jobs of an answer. The error is a fragment.
pub(super) fn job_requests(body: &[u8]) -> Result<Vec<JobRequest>, String> {
    let jobs = values(body)?;
    let jobs: Option<Vec<JobRequest>> = jobs.iter().map(job_request).collect();
    jobs.ok_or_else(|| "answered with something that is no list of job requests".to_owned())
}

fn job_request(job: &Value) -> Option<JobRequest> {
    let texts = |list: &Value, text: fn(&Value) -> &Value| match list {
        Value::Null => Some(Vec::new()),
        list => list
            .as_array()?
            .iter()
            .map(|item| text(item).as_str().map(str::to_owned))
            .collect(),
    };
    job.as_object()?;
    let is_taken = match &job["receiveTime"] {
        Value::Null => false,
        // .NET's time of nothing.
        time => !time.as_str()?.starts_with("0001-01-01T00:00:00"),
    };
    Some(JobRequest {
        is_finished: !job["result"].is_null(),
        is_taken,
        demands: texts(&job["demands"], |demand| demand)?,
        agents: texts(&job["matchedAgents"], |agent| &agent["name"])?,
    })
}

/// The ID of the one pool of an answer. The error is a fragment.
pub(super) fn pool_id(body: &[u8], name: &str) -> Result<i64, String> {
    match &values(body)?[..] {
        [pool] => pool["id"]
            .as_i64()
            .ok_or_else(|| "answered with a pool without an id".to_owned()),
        [] => Err(format!(
            "knows no agent pool {name:?}; is it written so, and may the token see it?"
        )),
        more => Err(format!("knows {} agent pools {name:?}", more.len())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn demands() {
        use How::{Enough, Has, Same};
        let takes = |how, in_any_case, ours: &str, its: &[&str]| {
            let wanted = Wanted {
                parent: String::new(),
                demands: ours.split(',').map(str::to_owned).collect(),
                how,
                in_any_case,
            };
            let job = JobRequest {
                demands: its.iter().map(|&demand| demand.to_owned()).collect(),
                ..JobRequest::default()
            };
            wanted.takes(&job)
        };
        // Its demands, and whether it counts with each rule.
        for (its, enough, same, has) in [
            (&["a", "b"][..], true, true, true),
            (&["a"], true, false, false),
            (&[], true, false, false),
            (&["a", "b", "c"], false, false, true),
            (&["c"], false, false, false),
            (&["a", "b", "Agent.Version -gtVersion 3"], true, true, true),
            (&["Agent.Version -gtVersion 3"], true, false, false),
            // Blanks are not taken away, and nothing is the same in another case.
            (&["a", " b"], false, false, false),
            (&["A", "b"], false, false, false),
            (&["a", "a"], true, true, true),
        ] {
            let found = [Enough, Same, Has].map(|how| takes(how, false, "a,b", its));
            assert_eq!(found, [enough, same, has], "{its:?}");
        }
        assert!(takes(Same, true, "a,B", &["A", "b"]));
        assert!(!takes(Enough, true, "a,B", &["c"]));
        // What stands twice here is met twice.
        assert!(!takes(Enough, false, "a,a", &["a"]));
        assert!(takes(Has, false, "a,a", &["a"]));
        assert!(takes(Same, false, "a,Agent.Version", &["a"]));
    }

    #[test]
    fn jobs() {
        let of =
            |job: Value| job_requests(json!({"count": 1, "value": [job]}).to_string().as_bytes());
        let one = |job: Value| of(job).unwrap().remove(0);
        assert_eq!(one(json!({"requestId": 5})), JobRequest::default());
        let given = one(
            json!({"result": "succeeded", "receiveTime": "2026-01-01T00:00:00Z",
            "demands": ["a"], "matchedAgents": [{"id": 1, "name": "n"}]}),
        );
        let wanted = JobRequest {
            is_finished: true,
            is_taken: true,
            demands: vec!["a".to_owned()],
            agents: vec!["n".to_owned()],
        };
        assert_eq!(given, wanted);
        for time in [
            json!(null),
            json!("0001-01-01T00:00:00"),
            json!("0001-01-01T00:00:00Z"),
        ] {
            assert!(!one(json!({"receiveTime": time})).is_taken);
        }
        for wrong in [
            json!(5),
            json!({"demands": "a"}),
            json!({"demands": [5]}),
            json!({"matchedAgents": [{}]}),
            json!({"receiveTime": 5}),
        ] {
            let error = of(wrong.clone()).unwrap_err();
            assert!(error.ends_with("no list of job requests"), "{wrong}");
        }
        for body in ["", "<html>", "[]", "{}", "{\"value\":5}", "5"] {
            assert!(job_requests(body.as_bytes()).is_err(), "{body}");
            assert!(pool_id(body.as_bytes(), "p").is_err(), "{body}");
        }
    }

    #[test]
    fn pools() {
        let of = |pools: Value| pool_id(json!({"value": pools}).to_string().as_bytes(), "p");
        assert_eq!(of(json!([{"id": 7, "name": "p"}])), Ok(7));
        assert!(
            of(json!([]))
                .unwrap_err()
                .starts_with("knows no agent pool \"p\"")
        );
        assert_eq!(
            of(json!([{"id": 7}, {"id": 8}])),
            Err("knows 2 agent pools \"p\"".to_owned())
        );
        assert!(of(json!([{"id": "7"}])).is_err());
    }
}
