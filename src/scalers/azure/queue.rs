//! `azure-queue`: length of a storage queue. [KEDA `azure_queue_scaler.go`]

use super::AZURE;
use super::SUFFIX;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AME, text, whole};
use crate::scalers::trigger_type::{Flight, Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    whole(&["activationQueueLength"], "active only above this length").default("0"),
    text(&["queueName"], "name of the queue").required(),
    whole(&["queueLength"], "so many messages per Job").default("5"),
    text(&["connection"], "connection string").from(AME),
    text(&["accountName"], "storage account, for pod identity"),
    text(
        &["queueLengthStrategy"],
        "whether messages that a receiver hides count",
    )
    .allowed(&["all", "visibleonly"])
    .default("all"),
    text(
        &["useAAdPodIdentity"],
        "sign in with a pod identity, as in KEDA 1",
    )
    .obsolete("take it out: podIdentity of a TriggerAuthentication says it"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(4, &["cloud", "endpointSuffix"]),
    since(8, &["activationQueueLength"]),
    since(15, &["queueLengthStrategy"]),
    always(&["useAAdPodIdentity"]).ignored(15),
    from(16, Source::Metadata, &["connection"]),
];

/// The type.
pub(in crate::scalers) static AZURE_QUEUE: TriggerType = TriggerType {
    name: "azure-queue",
    family: "azure",
    parameters: &[PARAMETERS, AZURE, SUFFIX],
    counts: "messages of the queue: all, or with queueLengthStrategy visibleonly those that no receiver hides",
    work: Work::Depends(work),
    target: Target::Parameter(&["queueLength"], 5.0),
    activation: Some("activationQueueLength"),
    check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn work(given: &Given<'_>) -> Flight {
    match given.value("queueLengthStrategy") {
        Some(strategy) if strategy.eq_ignore_ascii_case("visibleonly") => Flight::fixed(
            InFlight::Excluded,
            "queueLengthStrategy visibleonly leaves out messages that a receiver hides",
        )
        .unless("queueLengthStrategy", "all"),
        _ => Flight::fixed(
            InFlight::Included,
            "queueLengthStrategy all counts messages that a receiver hides, which is the default",
        )
        .unless("queueLengthStrategy", "visibleonly"),
    }
}

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::suffix(given, "endpointSuffix", found);
    super::storage(given, found);
}
