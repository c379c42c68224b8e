//! `temporal`: backlog of a task queue. [KEDA `temporal_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{A, AE, ME, flag, list, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

/// What takes the place of the rules that Temporal drops.
const DEPLOYMENT: &str = "use workerDeploymentName and workerDeploymentBuildId";

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
    text(&["buildId"], "build whose tasks count")
        .from(ME)
        .removed(DEPLOYMENT),
    text(&["workerDeploymentName"], "deployment whose tasks count").from(ME),
    text(&["workerDeploymentBuildId"], "build of the deployment").from(ME),
    flag(&["selectAllActive"], "tasks of all active builds count")
        .default("false")
        .removed(DEPLOYMENT),
    flag(&["selectUnversioned"], "tasks without a build count")
        .default("false")
        .removed("take it out for workers without a version, or use workerDeploymentName and workerDeploymentBuildId"),
    flag(
        &["includeRunningWorkflowCount"],
        "running workflows keep the trigger active when the backlog is empty",
    )
    .default("false"),
    text(
        &["workflowTaskQueueForCount"],
        "task queue of those workflows, taskQueue when absent",
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
    always(&["buildId", "selectAllActive", "selectUnversioned"])
        .deprecated(20)
        .refused(21),
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
    counts: "tasks of the queue that no worker has taken",
    // Running workflows decide at most whether it is active.
    work: Work::Is(
        InFlight::Excluded,
        "the backlog leaves out tasks that a worker has taken",
    ),
    target: Target::Parameter(&["targetQueueSize"], 5.0),
    activation: Some("activationTargetQueueSize"),
    check,
    since: KedaVersion::new(17, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.needs_pair("cert", "key", found);
    given.needs_pair("workerDeploymentName", "workerDeploymentBuildId", found);
    given.at_least("targetQueueSize", 0, found);
    given.at_least("activationTargetQueueSize", 0, found);
    given.at_least("minConnectTimeout", 0, found);
    if given.is_true("includeRunningWorkflowCount") {
        // They go into a query between quotes.
        let is_plain = |text: &str| {
            text.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c))
        };
        for name in [
            "taskQueue",
            "workflowTaskQueueForCount",
            "workerDeploymentName",
            "workerDeploymentBuildId",
        ] {
            if given.value(name).is_some_and(|text| !is_plain(text)) {
                found.push(Problem::wrong(
                    name,
                    format!("with includeRunningWorkflowCount parameter {name} must hold letters, digits and -_./: only"),
                ));
            }
        }
    } else if given.has("workflowTaskQueueForCount") {
        found.push(Problem::wrong(
            "workflowTaskQueueForCount",
            "parameter workflowTaskQueueForCount needs includeRunningWorkflowCount true",
        ));
    }
    if given.has("workerDeploymentName") && !given.since(21) {
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
