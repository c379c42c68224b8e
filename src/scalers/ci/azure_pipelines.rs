//! `azure-pipelines`: jobs that wait for an agent. [KEDA `azure_pipelines_scaler.go`]
//!
//! Read as 2.21 does: `scaleOnInFlight` decides whether jobs count that an agent has taken, which 2.20 always leaves out.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::job_requests::{JobRequest, Wanted, job_requests, pool_id};
use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::api::{KedaVersion, Secret};
use crate::scalers::client::cloud::Cloud;
use crate::scalers::client::http::{Answer, HttpClient, Request, parse_url};
use crate::scalers::client::identity::message;
use crate::scalers::client::said::said;
use crate::scalers::client::tls::TlsMaterial;
use crate::scalers::given::{Given, Identity, Problem};
use crate::scalers::history::{Era, always, from, since};
use crate::scalers::metric::{self, Metric, count};
use crate::scalers::params::notation::{AE, EAM, flag, text, whole};
use crate::scalers::params::{ParameterSpec, Resolved, Source};
use crate::scalers::trigger_type::{Flight, Target, TriggerType, Work};
use crate::scalers::{
    Behaviour, BuildError, Identities, ReadError, Scaler, ScalerContext, endpoint,
};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["organizationURL"], "address of the organisation")
        .from(EAM)
        .required(),
    text(&["personalAccessToken"], "personal access token").from(AE),
    text(&["parent"], "name of the agent whose jobs count"),
    text(
        &["demands"],
        "demands of the jobs that count, between commas",
    ),
    text(&["poolName"], "name of the pool, when poolID is not given"),
    whole(&["poolID"], "ID of the pool"),
    whole(&["targetPipelinesQueueLength"], "so many jobs per Job").default("1"),
    whole(
        &["activationTargetPipelinesQueueLength"],
        "active only above this count",
    )
    .default("0"),
    whole(&["jobsToFetch"], "so many jobs are asked for").default("250"),
    flag(&["fetchUnfinishedJobsOnly"], "ask for unfinished jobs only").default("false"),
    flag(
        &["requireAllDemands"],
        "the demands must be the job's, all of them",
    )
    .default("false"),
    flag(
        &["requireAllDemandsAndIgnoreOthers"],
        "a job that has all the demands counts, whatever else it demands",
    )
    .default("false"),
    flag(
        &["caseInsensitiveDemandsProcessing"],
        "demands may be written in upper or lower case",
    )
    .default("false"),
    flag(&["scaleOnInFlight"], "jobs that run count too").default("true"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["poolID"]).optional(6),
    since(6, &["poolName"]),
    since(
        8,
        &["parent", "demands", "activationTargetPipelinesQueueLength"],
    ),
    since(10, &["jobsToFetch", "requireAllDemands"]),
    since(17, &["requireAllDemandsAndIgnoreOthers"]),
    since(
        18,
        &[
            "fetchUnfinishedJobsOnly",
            "caseInsensitiveDemandsProcessing",
        ],
    ),
    from(19, Source::Metadata, &["organizationURL"]),
    since(21, &["scaleOnInFlight"]),
];

/// The type.
pub(in crate::scalers) static AZURE_PIPELINES: TriggerType = TriggerType {
    name: "azure-pipelines",
    family: "ci",
    parameters: &[PARAMETERS],
    counts: "unfinished jobs of the pool, without scaleOnInFlight those that no agent has taken",
    work: Work::Depends(work),
    target: Target::Parameter(&["targetPipelinesQueueLength"], 1.0),
    activation: Some("activationTargetPipelinesQueueLength"),
    check,
    behaviour: Behaviour::Reads(build),
    since: KedaVersion::new(3, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

/// 2.20 leaves out what an agent has taken, the releases before it do not, and those after it only when they are told to. [2.19.0, 2.20.0
/// and 2.21.0 `azure_pipelines_scaler.go`, stripDeadJobs]
fn work(given: &Given<'_>) -> Flight {
    if !given.since(20) {
        return Flight::fixed(
            InFlight::Included,
            "a job that an agent has taken counts until it is finished",
        );
    }
    if !given.since(21) {
        return Flight::fixed(
            InFlight::Excluded,
            "a job that an agent has taken does not count",
        );
    }
    if given.is_true("scaleOnInFlight") {
        Flight::fixed(
            InFlight::Included,
            "a job that an agent has taken counts, unless scaleOnInFlight is false",
        )
        .unless("scaleOnInFlight", "false")
    } else {
        Flight::fixed(
            InFlight::Excluded,
            "scaleOnInFlight false leaves out jobs that an agent has taken",
        )
        .unless("scaleOnInFlight", "true")
    }
}

const NO_SLASH: &str =
    "parameter organizationURL must end with the name of the organisation, without a slash";

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.needs_one_of(
        &["poolID", "poolName"],
        "azure-pipelines needs parameter poolID or poolName",
        found,
    );
    given.must_be_http("organizationURL", found);
    if given
        .value("organizationURL")
        .is_some_and(|text| text.ends_with('/'))
    {
        found.push(Problem::wrong("organizationURL", NO_SLASH));
    }
    if given.lacks("poolName") {
        given.must_not_be_zero("poolID", found);
    }
    // [2.17.0 and 2.18.0 `azure_pipelines_scaler.go`]
    for other in ["fetchUnfinishedJobsOnly", "parent"] {
        if given.since(18)
            && given
                .metadata()
                .get(other)
                .is_some_and(|text| !text.is_empty())
        {
            given.excludes("jobsToFetch", other, found);
        }
    }
    if given.lacks("personalAccessToken") {
        given.takes_identities(&["azure-workload"], found);
    }
    let has_principal = given.since(21) && given.has_service_principal();
    if given.identity() == Identity::None && !has_principal {
        let message = if given.since(21) {
            "azure-pipelines needs parameter personalAccessToken (personalAccessTokenFromEnv, or a TriggerAuthentication), azureServicePrincipal of a TriggerAuthentication, or podIdentity azure-workload"
        } else {
            "azure-pipelines needs parameter personalAccessToken (personalAccessTokenFromEnv, or a TriggerAuthentication), or podIdentity azure-workload"
        };
        given.needs_one_of(&["personalAccessToken"], message, found);
    }
    if given.is_true("requireAllDemands") && given.is_true("requireAllDemandsAndIgnoreOthers") {
        found.push(Problem::wrong(
            "requireAllDemandsAndIgnoreOthers",
            "requireAllDemands and requireAllDemandsAndIgnoreOthers exclude each other",
        ));
    }
}

/// Azure DevOps, for Microsoft Entra ID. [Microsoft, "Use service principals and managed identities in Azure DevOps"]
const RESOURCE: &str = "499b84ac-1321-427f-aa17-267ca6975798/.default";

struct AzurePipelines {
    /// Without the pool's ID at the end of its name.
    metric: Metric,
    activation: i64,
    /// Without a slash at its end.
    organization: Url,
    pool: Pool,
    wanted: Wanted,
    /// Jobs that an agent has taken count too.
    counts_taken: bool,
    /// What bounds the list of jobs.
    query: Option<String>,
    login: Login,
    client: HttpClient,
    identities: Arc<Identities>,
    now: fn() -> Timestamp,
}

enum Pool {
    Id(i64),
    /// Its ID is looked up once.
    Named(String, OnceLock<i64>),
}

enum Login {
    Token(Secret<String>),
    Cloud(Cloud),
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let wrong = |problem: &str| Err(BuildError::new(problem));
    let mut organization = parse_url("organizationURL", parameters.text("organizationURL"))
        .map_err(BuildError::new)?;
    if parameters.text("organizationURL").ends_with('/') {
        return wrong(NO_SLASH);
    }
    organization.set_query(None);
    organization.set_fragment(None);
    let pool = match (parameters.text("poolName"), parameters.integer("poolID")) {
        ("", None | Some(0)) => {
            return wrong("azure-pipelines needs parameter poolID or poolName");
        }
        ("", Some(id)) => Pool::Id(id),
        (name, _) => Pool::Named(name.to_owned(), OnceLock::new()),
    };
    let has = |name| parameters.boolean(name);
    if has("requireAllDemands") && has("requireAllDemandsAndIgnoreOthers") {
        return wrong("requireAllDemands and requireAllDemandsAndIgnoreOthers exclude each other");
    }
    let parent = parameters.text("parent");
    let fetch = parameters.integer("jobsToFetch").unwrap_or_default();
    let query = if has("fetchUnfinishedJobsOnly") {
        Some("completedRequestCount=0".to_owned())
    } else if parent.is_empty() {
        Some(format!("$top={fetch}"))
    } else {
        // With $top the answer does not say which agents match.
        None
    };
    let client = HttpClient::new(
        context.http_timeout,
        TlsMaterial::default(),
        context.service_proxy,
        context.clients,
    );
    let target = parameters.integer("targetPipelinesQueueLength");
    Ok(Box::new(AzurePipelines {
        metric: Metric::new(
            context,
            "azure-pipelines-",
            metric::Target::Whole(target.unwrap_or_default()),
        )?,
        activation: parameters
            .integer("activationTargetPipelinesQueueLength")
            .unwrap_or_default(),
        organization,
        pool,
        wanted: Wanted::new(parameters),
        counts_taken: has("scaleOnInFlight"),
        query,
        login: login(context, parameters)?,
        client,
        identities: Arc::clone(&context.identities),
        now: context.now,
    }))
}

/// A token comes before an identity, as in KEDA.
fn login(context: &ScalerContext<'_>, parameters: &Resolved) -> Result<Login, BuildError> {
    if parameters.has("personalAccessToken") {
        return Ok(Login::Token(parameters.secret("personalAccessToken")));
    }
    match context.provider() {
        "azure-workload" => Ok(Login::Cloud(Cloud::azure(context, RESOURCE))),
        "" => Err(BuildError::new(
            "azure-pipelines needs parameter personalAccessToken, or podIdentity azure-workload; keda-jobs cannot sign in with azureServicePrincipal yet",
        )),
        other => Err(BuildError::new(format!(
            "azure-pipelines cannot use podIdentity {other}, only azure-workload"
        ))),
    }
}

impl AzurePipelines {
    /// The pool's ID, and how many of its jobs count.
    async fn jobs(&self) -> Result<(i64, i64), ReadError> {
        let pool = self.pool().await?;
        let id = pool.to_string();
        let url = self.url(&[&id, "jobrequests"], self.query.as_deref());
        let jobs = self.ask(&url, job_requests).await?;
        let counts = |job: &&JobRequest| {
            !job.is_finished && (self.counts_taken || !job.is_taken) && self.wanted.takes(job)
        };
        let number = jobs.iter().filter(counts).count();
        Ok((pool, i64::try_from(number).unwrap_or(i64::MAX)))
    }

    async fn pool(&self) -> Result<i64, ReadError> {
        let (name, known) = match &self.pool {
            Pool::Id(id) => return Ok(*id),
            Pool::Named(name, known) => (name, known),
        };
        if let Some(id) = known.get() {
            return Ok(*id);
        }
        let mut url = self.url(&[], None);
        url.query_pairs_mut().append_pair("poolName", name);
        let id = self.ask(&url, |body| pool_id(body, name)).await?;
        Ok(*known.get_or_init(|| id))
    }

    /// An address below that of the agent pools.
    fn url(&self, path: &[&str], query: Option<&str>) -> Url {
        let mut url = self.organization.clone();
        // An http address has a path.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend(["_apis", "distributedtask", "pools"])
                .extend(path);
        }
        url.set_query(query);
        url
    }

    async fn ask<T>(
        &self,
        url: &Url,
        decode: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<T, ReadError> {
        let place = endpoint(url.as_str());
        let now = (self.now)();
        let mut request = Request::default();
        let mut sent = url.clone();
        let secret = match &self.login {
            Login::Token(token) => {
                request.basic = Some((String::new(), token.expose().clone()));
                token.expose().as_str()
            }
            Login::Cloud(cloud) => {
                cloud
                    .authorize(&mut sent, &mut request.headers, None, now)
                    .await?;
                ""
            }
        };
        let who = format!("{} {secret}", self.organization);
        if let Some(until) = self.identities.waits(&who, now) {
            return Err(ReadError::new(format!(
                "{place} is not asked until {until}, as it wished; a longer pollingInterval asks less"
            )));
        }
        let answer = self.client.send(&sent, request).await?;
        let until = wished(&answer, now);
        if let Some(until) = until {
            self.identities.wait(&who, until, now);
        }
        // 203 comes with the page to sign in.
        if !(200..300).contains(&answer.status) || answer.status == 203 {
            let hint = match (answer.status, until) {
                (_, Some(until)) => format!("; nothing is asked until {until}"),
                (203 | 401, _) => "; is the token valid?".to_owned(),
                (403, _) => "; the token must be allowed to read agent pools".to_owned(),
                (404, _) => {
                    "; is there such an organisation and such a pool, and may the token see them?"
                        .to_owned()
                }
                _ => String::new(),
            };
            return Err(ReadError::new(format!(
                "{place} {}{}{hint}",
                answer.describe(),
                said(&message(&answer), &[secret])
            )));
        }
        decode(&answer.body).map_err(|problem| ReadError::new(format!("{place} {problem}")))
    }
}

/// Until when a server that is asked too much wants to be left alone. [Microsoft, "Rate and usage limits"]
fn wished(answer: &Answer, now: Timestamp) -> Option<Timestamp> {
    if !matches!(answer.status, 429 | 503) {
        return None;
    }
    let seconds: i64 = answer.header("retry-after")?.trim().parse().ok()?;
    let until = now.as_second().checked_add(seconds)?;
    Timestamp::from_second(until)
        .ok()
        .filter(|until| *until > now)
}

#[async_trait]
impl Scaler for AzurePipelines {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let (pool, jobs) = self.jobs().await?;
        let metric = self.metric.ending_in(&pool.to_string());
        Ok(metric.reading(count(jobs), jobs > self.activation))
    }

    fn endpoint(&self) -> String {
        endpoint(self.url(&[], None).as_str())
    }
}
