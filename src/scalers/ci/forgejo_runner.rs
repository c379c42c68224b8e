//! `forgejo-runner`: jobs that wait for a Forgejo runner. [KEDA `forgejo_runner_scaler.go`]

use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use serde_json::Value;
use url::Url;

use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::api::{KedaVersion, Secret};
use crate::scalers::client::http::{HttpClient, Request, parse_url};
use crate::scalers::client::identity::message;
use crate::scalers::client::said::said;
use crate::scalers::client::tls::TlsMaterial;
use crate::scalers::metric::{self, Metric, count};
use crate::scalers::params::notation::{AE, flag, text};
use crate::scalers::params::{ParameterSpec, Resolved};
use crate::scalers::trigger_type::{Target, TriggerType, Work};
use crate::scalers::{Behaviour, BuildError, ReadError, Scaler, ScalerContext, endpoint};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["token"], "token").from(AE).required(),
    text(&["address"], "address of Forgejo").required(),
    text(&["labels"], "labels of the runner, between commas").required(),
    flag(&["global"], "jobs of the whole server"),
    text(&["owner"], "owner of the repository"),
    text(&["org"], "name of the organisation"),
    text(&["repo"], "name of the repository"),
    text(&["name"], "documented, and read by no version").obsolete("take it out"),
];

/// The type.
pub(in crate::scalers) static FORGEJO_RUNNER: TriggerType = TriggerType {
    name: "forgejo-runner",
    family: "ci",
    parameters: &[PARAMETERS],
    counts: "jobs that wait for a runner with these labels",
    work: Work::Is(
        InFlight::Excluded,
        "a job that a runner has taken does not count",
    ),
    target: Target::Fixed(1.0),
    behaviour: Behaviour::Reads(build),
    since: KedaVersion::new(18, 0),
    ..TriggerType::USUAL
};

struct ForgejoRunner {
    metric: Metric,
    /// The list of jobs.
    url: Url,
    token: Secret<String>,
    client: HttpClient,
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let mut url = parse_url("address", parameters.text("address")).map_err(BuildError::new)?;
    url.set_query(None);
    url.set_fragment(None);
    let [owner, repo, org] = ["owner", "repo", "org"].map(|name| parameters.text(name));
    // The narrowest that is given. [KEDA getRunnerJobURL]
    let place = if !owner.is_empty() && !repo.is_empty() {
        vec!["repos", owner, repo, "actions"]
    } else if !org.is_empty() {
        vec!["orgs", org, "actions"]
    } else if parameters.boolean("global") {
        vec!["admin"]
    } else {
        vec!["user", "actions"]
    };
    // An http address has a path.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments
            .pop_if_empty()
            .extend(["api", "v1"])
            .extend(place)
            .extend(["runners", "jobs"]);
    }
    url.query_pairs_mut()
        .append_pair("labels", parameters.text("labels"));
    let token = parameters.secret("token");
    if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BuildError::new(
            "parameter token holds a character that cannot be sent",
        ));
    }
    Ok(Box::new(ForgejoRunner {
        metric: Metric::new(context, "forgejo", metric::Target::Whole(1))?,
        url,
        token,
        client: HttpClient::new(
            context.http_timeout,
            TlsMaterial::default(),
            context.service_proxy,
            context.clients,
        ),
    }))
}

/// How many jobs an answer lists; those without any may be written as null. The error is a fragment.
fn jobs(body: &[u8]) -> Result<i64, String> {
    let list = serde_json::from_slice(body)
        .map_err(|_| "answered with something else than JSON".to_owned())?;
    match list {
        Value::Null => Ok(0),
        Value::Array(jobs) if jobs.iter().all(Value::is_object) => {
            Ok(i64::try_from(jobs.len()).unwrap_or(i64::MAX))
        }
        _ => Err("answered with something that is no list of jobs".to_owned()),
    }
}

#[async_trait]
impl Scaler for ForgejoRunner {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let place = self.endpoint();
        let token = self.token.expose();
        let mut request = Request::default();
        let mut value = HeaderValue::try_from(format!("token {token}"))
            .map_err(|_| ReadError::new("a token was given that cannot be sent"))?;
        value.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, value);
        let answer = self.client.send(&self.url, request).await?;
        if answer.status != 200 {
            let hint = match answer.status {
                401 | 403 => "; is the token valid, and may it see these runners?",
                404 => "; is there such an owner and repository, and has this Forgejo that list?",
                _ => "",
            };
            return Err(ReadError::new(format!(
                "{place} {}{}{hint}",
                answer.describe(),
                said(&message(&answer), &[token])
            )));
        }
        let jobs =
            jobs(&answer.body).map_err(|problem| ReadError::new(format!("{place} {problem}")))?;
        Ok(self.metric.reading(count(jobs), jobs > 0))
    }

    fn endpoint(&self) -> String {
        endpoint(self.url.as_str())
    }
}
