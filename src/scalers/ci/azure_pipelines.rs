//! `azure-pipelines`: jobs that wait for an agent. [KEDA `azure_pipelines_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Identity, Problem};
use crate::scalers::history::{Era, always, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AE, EAM, flag, text, whole};
use crate::scalers::trigger_type::{Flight, Target, TriggerType, Work};

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

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.needs_one_of(
        &["poolID", "poolName"],
        "azure-pipelines needs parameter poolID or poolName",
        found,
    );
    given.must_be_http("organizationURL", found);
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
