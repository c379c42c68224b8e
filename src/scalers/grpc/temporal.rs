//! `temporal`: backlog of a task queue. [KEDA `temporal_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, AE, ME, flag, list, text, whole};
use crate::scalers::trigger_type::{Flight, Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["endpoint"], "host:port of the frontend")
        .from(ME)
        .required(),
    text(&["namespace"], "Temporal namespace")
        .from(ME)
        .default("default"),
    whole(
        &["activationTargetQueueSize"],
        "active only above this size",
    )
    .default("0"),
    whole(&["targetQueueSize"], "so many tasks per Job").default("5"),
    text(&["taskQueue"], "name of the task queue")
        .from(ME)
        .required(),
    list(
        &["queueTypes"],
        "kinds of tasks that count: workflow, activity, nexus",
    ),
    text(&["buildId"], "build whose tasks count").from(ME),
    text(&["workerDeploymentName"], "deployment whose tasks count").from(ME),
    text(&["workerDeploymentBuildId"], "build of the deployment").from(ME),
    flag(&["selectAllActive"], "tasks of all active builds count").default("false"),
    flag(&["selectUnversioned"], "tasks without a build count").default("false"),
    flag(
        &["includeRunningWorkflowCount"],
        "count running workflows too",
    )
    .default("false"),
    text(
        &["workflowTaskQueueForCount"],
        "task queue of the workflows to count",
    )
    .from(ME),
    text(&["apiKey"], "API key").from(AE),
    whole(
        &["minConnectTimeout"],
        "seconds that a connection may take at least",
    )
    .default("5"),
    flag(&["enableTLS"], "connect over TLS").default("true"),
    flag(&["unsafeSsl"], "do not check the server's certificate"),
    text(&["cert"], "the client's certificate, PEM").from(A),
    text(&["key"], "the client's private key, PEM").from(A),
    text(&["keyPassword"], "password of the private key").from(A),
    text(&["ca"], "an authority to trust, PEM").from(A),
    text(
        &["tlsServerName"],
        "name that the server's certificate must have",
    ),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(18, &["tlsServerName"]),
    since(20, &["workerDeploymentName", "workerDeploymentBuildId"]),
    since(
        21,
        &[
            "includeRunningWorkflowCount",
            "workflowTaskQueueForCount",
            "enableTLS",
        ],
    ),
];

/// The type.
pub(in crate::scalers) static TEMPORAL: TriggerType = TriggerType {
    name: "temporal",
    family: "grpc",
    parameters: &[PARAMETERS],
    counts: "tasks of the queue that no worker has taken, with includeRunningWorkflowCount running workflows too",
    work: Work::Depends(work),
    target: Target::Parameter(&["targetQueueSize"], 5.0),
    activation: Some("activationTargetQueueSize"),
    check,
    since: KedaVersion::new(17, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn work(given: &Given<'_>) -> Flight {
    if given.is_true("includeRunningWorkflowCount") {
        Flight::fixed(
            InFlight::Included,
            "includeRunningWorkflowCount counts running workflows",
        )
        .unless("includeRunningWorkflowCount", "false")
    } else {
        Flight::fixed(
            InFlight::Excluded,
            "the backlog leaves out tasks that a worker has taken",
        )
        .unless("includeRunningWorkflowCount", "true")
    }
}

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.needs_pair("cert", "key", found);
    given.needs_pair("workerDeploymentName", "workerDeploymentBuildId", found);
    given.at_least("targetQueueSize", 0, found);
    given.at_least("activationTargetQueueSize", 0, found);
    given.at_least("minConnectTimeout", 0, found);
    if given.has("workerDeploymentName") {
        let others = ["buildId", "selectAllActive", "selectUnversioned"];
        let other = others
            .into_iter()
            .find(|name| given.is_true(name) || (*name == "buildId" && given.has(name)));
        if let Some(other) = other {
            found.push(Problem::wrong(
                other,
                format!("workerDeploymentName and {other} exclude each other"),
            ));
        }
    }
}
