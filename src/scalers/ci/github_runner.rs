//! `github-runner`: jobs of GitHub workflows. [KEDA `github_runner_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, MA, ME, flag, list, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

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
    since(21, &["authModes", "authMode", "bearerToken", "token"]),
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
    check,
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
