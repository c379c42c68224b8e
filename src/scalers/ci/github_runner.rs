//! `github-runner`: jobs of GitHub workflows. [KEDA `github_runner_scaler.go`]
//!
//! KEDA gives its last number while GitHub's limit is used up; here that is an error, which says until when.

use std::sync::Arc;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};

use super::github_api::{Api, Job, Login};
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::api::reading::MetricReading;
use crate::scalers::client::http::{HttpClient, parse_url};
use crate::scalers::client::identity::github::GithubApp;
use crate::scalers::client::identity::jwt;
use crate::scalers::client::tls::TlsMaterial;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, since};
use crate::scalers::metric::{self, Metric, count};
use crate::scalers::params::notation::{A, MA, ME, flag, list, text, whole};
use crate::scalers::params::{Kind, ParameterSpec, Resolved};
use crate::scalers::trigger_type::{Target, TriggerType, Work};
use crate::scalers::{Behaviour, BuildError, ReadError, Scaler, ScalerContext};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["githubApiURL"], "address of the API")
        .from(ME)
        .default("https://api.github.com"),
    text(&["owner"], "owner of the repositories")
        .from(ME)
        .required(),
    text(
        &["runnerScope"],
        "whether the runner serves an organisation, an enterprise or repositories",
    )
    .from(ME)
    .allowed(&["org", "ent", "repo"])
    .required(),
    text(
        &["personalAccessToken"],
        "personal access token, instead of an App",
    )
    .from(A),
    list(
        &["repos"],
        "names of the repositories, all that the owner has when absent",
    )
    .from(ME),
    list(&["labels"], "labels of the runner").from(ME),
    flag(
        &["noDefaultLabels"],
        "jobs need not have self-hosted, linux and x64",
    )
    .from(ME)
    .default("false"),
    flag(&["enableEtags"], "ask only for what has changed")
        .from(ME)
        .default("false"),
    flag(
        &["matchUnlabeledJobsWithUnlabeledRunners"],
        "jobs without labels count only for runners without labels",
    )
    .from(ME)
    .default("false"),
    whole(
        &["targetWorkflowQueueLength"],
        "so many workflow jobs per Job",
    )
    .from(ME)
    .default("1"),
    list(
        &["authModes", "authMode"],
        "how requests authenticate themselves",
    )
    .from(MA)
    .allowed(&["bearer"]),
    text(
        &["bearerToken", "token"],
        "bearer: the token, personalAccessToken when absent",
    )
    .from(A),
    ParameterSpec::new(
        &["endpointParams"],
        Kind::Query,
        "of OAuth, which github-runner does not use; KEDA refuses what is no query all the same",
    )
    .from(A)
    .credential(),
    whole(&["applicationID"], "ID of a GitHub App").from(ME),
    whole(&["installationID"], "ID of the App's installation").from(ME),
    text(&["appKey"], "private key of the App").from(A),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(11, &["applicationID", "installationID", "appKey"]),
    since(16, &["noDefaultLabels"]),
    since(17, &["enableEtags"]),
    since(18, &["matchUnlabeledJobsWithUnlabeledRunners"]),
    since(
        21,
        &[
            "authModes",
            "authMode",
            "bearerToken",
            "token",
            "endpointParams",
        ],
    ),
];

/// The type.
pub(in crate::scalers) static GITHUB_RUNNER: TriggerType = TriggerType {
    name: "github-runner",
    family: "ci",
    parameters: &[PARAMETERS],
    counts: "queued and running jobs of workflows whose labels a runner has",
    work: Work::Is(
        InFlight::Included,
        "jobs that a runner has taken count until they are finished",
    ),
    target: Target::Parameter(&["targetWorkflowQueueLength"], 1.0),
    active_from_target: true,
    check,
    behaviour: Behaviour::Reads(build),
    since: KedaVersion::new(10, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    if given.has("authModes") {
        given.needs_one_of(
            &["bearerToken", "personalAccessToken"],
            "authModes bearer needs parameter bearerToken or personalAccessToken",
            found,
        );
    } else {
        given.needs_one_of(
            &["personalAccessToken", "appKey"],
            "github-runner needs parameter personalAccessToken, or applicationID, installationID and appKey",
            found,
        );
    }
    // 0 counts as absent.
    let names_app = ["applicationID", "installationID"]
        .iter()
        .any(|name| given.has(name) && given.number(name) != Some(0.0));
    if names_app || given.has("appKey") {
        given.needs_all(
            &["applicationID", "installationID", "appKey"],
            "signing in as a GitHub App",
            found,
        );
        for name in ["applicationID", "installationID"] {
            given.must_not_be_zero(name, found);
        }
    }
}

/// Runners have these labels without saying so.
const DEFAULT_LABELS: [&str; 3] = ["self-hosted", "linux", "x64"];

/// So many requests are under way at a time: KEDA makes one after the other, and GitHub wants no more than a hundred.
const CONCURRENT: usize = 5;

struct GithubRunner {
    metric: Metric,
    /// Active from it on.
    target: i64,
    owner: String,
    scope: String,
    /// All that the owner has when empty.
    repositories: Vec<String>,
    runner: Runner,
    api: Api,
}

/// What jobs are compared with.
struct Runner {
    labels: Vec<String>,
    has_default_labels: bool,
    leaves_unlabeled_jobs: bool,
}

impl Runner {
    /// Whether it takes a job with these labels.
    fn takes(&self, labels: &[String]) -> bool {
        if labels.is_empty() && self.leaves_unlabeled_jobs {
            return self.labels.is_empty();
        }
        let defaults = DEFAULT_LABELS.iter().filter(|_| self.has_default_labels);
        let own: Vec<String> = self
            .labels
            .iter()
            .map(|label| label.to_lowercase())
            .chain(defaults.map(|&label| label.to_owned()))
            .collect();
        labels
            .iter()
            .all(|label| own.contains(&label.to_lowercase()))
    }
}

fn waits(status: &str) -> bool {
    matches!(status, "queued" | "in_progress")
}

fn build(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Box<dyn Scaler>, BuildError> {
    let mut base =
        parse_url("githubApiURL", parameters.text("githubApiURL")).map_err(BuildError::new)?;
    let path = base.path().trim_end_matches('/').to_owned();
    base.set_path(&path);
    base.set_query(None);
    base.set_fragment(None);
    let login = login(parameters, &base)?;
    let part = |name| parameters.text(name).to_owned();
    let items = |name| parameters.list(name).to_vec();
    let owner = part("owner");
    let target = parameters
        .integer("targetWorkflowQueueLength")
        .unwrap_or_default();
    let client = HttpClient::new(
        context.http_timeout,
        TlsMaterial::default(),
        context.service_proxy,
        context.clients,
    );
    Ok(Box::new(GithubRunner {
        metric: Metric::new(
            context,
            &format!("github-runner-{owner}"),
            metric::Target::Whole(target),
        )?,
        target,
        owner,
        scope: part("runnerScope"),
        repositories: items("repos"),
        runner: Runner {
            labels: items("labels"),
            has_default_labels: !parameters.boolean("noDefaultLabels"),
            leaves_unlabeled_jobs: parameters.boolean("matchUnlabeledJobsWithUnlabeledRunners"),
        },
        api: Api::new(
            base,
            login,
            client,
            Arc::clone(&context.identities),
            context.now,
            parameters.boolean("enableEtags"),
        ),
    }))
}

/// An App comes before a token, as in KEDA.
fn login(parameters: &Resolved, api: &url::Url) -> Result<Login, BuildError> {
    let number = |name| parameters.integer(name).filter(|number| *number != 0);
    let application = number("applicationID");
    let installation = number("installationID");
    if application.is_some() || installation.is_some() || parameters.has("appKey") {
        let (Some(application), Some(installation), true) =
            (application, installation, parameters.has("appKey"))
        else {
            return Err(BuildError::new(
                "signing in as a GitHub App needs applicationID, installationID and appKey",
            ));
        };
        let key = parameters.secret("appKey");
        jwt::can_sign(key.expose())
            .map_err(|problem| BuildError::new(format!("parameter appKey {problem}")))?;
        return Ok(Login::App(GithubApp {
            api: api.clone(),
            application,
            installation,
            key,
        }));
    }
    let is_bearer = !parameters.list("authModes").is_empty() && parameters.has("bearerToken");
    let name = if is_bearer {
        "bearerToken"
    } else {
        "personalAccessToken"
    };
    let token = parameters.secret(name);
    let text = token.expose();
    if text.is_empty() {
        return Err(BuildError::new(
            "github-runner needs parameter personalAccessToken, or applicationID, installationID and appKey",
        ));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(BuildError::new(format!(
            "parameter {name} holds a character that cannot be sent"
        )));
    }
    Ok(Login::Token(token))
}

impl GithubRunner {
    async fn jobs(&self) -> Result<i64, ReadError> {
        let found;
        let repositories = if self.repositories.is_empty() {
            found = self.found().await?;
            &found
        } else {
            &self.repositories
        };
        let lists: Vec<_> = repositories
            .iter()
            .flat_map(|name| ["queued", "in_progress"].map(|status| (name, status)))
            .map(|(name, status)| async move {
                let runs = self.api.runs(&self.owner, name, status).await?;
                Ok::<_, ReadError>(runs.map(|runs| (name, runs)))
            })
            .collect();
        let lists: Vec<_> = stream::iter(lists)
            .buffered(CONCURRENT)
            .try_collect()
            .await?;
        if !self.repositories.is_empty() && lists.iter().all(Option::is_none) {
            return Err(ReadError::new(format!(
                "{} knows none of the repositories {} of {:?}; do they exist, and may the token see them?",
                self.api.place(),
                self.repositories.join(", "),
                self.owner
            )));
        }
        // KEDA asks where the run is, which is elsewhere for a repository that was renamed.
        let mut asks = Vec::new();
        for (name, runs) in lists.iter().flatten() {
            for run in runs.iter().filter(|run| waits(&run.status)) {
                let repository = match run.repository.as_str() {
                    "" => name.as_str(),
                    repository => repository,
                };
                asks.push(self.api.jobs(&self.owner, repository, run.id));
            }
        }
        let jobs: Vec<Arc<Vec<Job>>> = stream::iter(asks)
            .buffered(CONCURRENT)
            .try_collect()
            .await?;
        self.api.forget_unused();
        let waiting = jobs
            .iter()
            .flat_map(|jobs| jobs.iter())
            .filter(|job| waits(&job.status) && self.runner.takes(&job.labels));
        Ok(i64::try_from(waiting.count()).unwrap_or(i64::MAX))
    }

    /// KEDA asks for an enterprise as if it were an organisation.
    async fn found(&self) -> Result<Vec<String>, ReadError> {
        let kind = match self.scope.as_str() {
            "org" | "ent" => "orgs",
            "repo" => "users",
            other => {
                return Err(ReadError::new(format!(
                    "without repos runnerScope must be org, ent or repo, not {other:?}"
                )));
            }
        };
        self.api.repositories(kind, &self.owner).await
    }
}

#[async_trait]
impl Scaler for GithubRunner {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let jobs = self.jobs().await?;
        Ok(self.metric.reading(count(jobs), jobs >= self.target))
    }

    fn endpoint(&self) -> String {
        self.api.place()
    }
}
