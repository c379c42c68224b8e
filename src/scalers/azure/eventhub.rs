//! `azure-eventhub`: events that no checkpoint has passed. [KEDA `azure_eventhub_scaler.go`]

use super::AZURE;
use super::SUFFIX;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Identity, Problem};
use crate::scalers::history::{Era, since, words};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{AE, ME, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    whole(&["unprocessedEventThreshold"], "so many events per Job").default("64"),
    whole(
        &["activationUnprocessedEventThreshold"],
        "active only above this count",
    )
    .default("0"),
    whole(
        &["stalePartitionInfoThreshold"],
        "a distance this near to overflow counts as 0",
    )
    .default("10000"),
    text(&["connection"], "connection string of the Event Hub").from(AE),
    text(&["consumerGroup"], "name of the consumer group").default("$Default"),
    text(
        &["storageConnection"],
        "connection string of the checkpoints' storage account",
    )
    .from(AE),
    text(
        &["storageAccountName"],
        "the checkpoints' storage account, for pod identity",
    ),
    text(&["blobContainer"], "container of the checkpoints"),
    text(
        &["eventHubNamespace"],
        "namespace of the Event Hub, for pod identity",
    )
    .from(ME),
    text(&["eventHubName"], "name of the Event Hub").from(ME),
    text(
        &["checkpointStrategy"],
        "who writes the checkpoints: azureFunction, blobMetadata, goSdk, dapr or, when empty, the oldest SDKs",
    ),
    text(
        &["storageEndpointSuffix"],
        "suffix of storage hosts in a Private cloud",
    ),
    text(
        &["eventHubResourceURL"],
        "resource to ask tokens for in a Private cloud",
    )
    .obsolete("take it out: cloud and endpointSuffix say it"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(3, &["checkpointStrategy"]),
    since(7, &["cloud", "endpointSuffix"]),
    since(7, &["activeDirectoryEndpoint"]).ignored(15),
    since(8, &["activationUnprocessedEventThreshold"]),
    since(8, &["eventHubResourceURL"]).ignored(15),
    since(9, &["storageAccountName", "storageEndpointSuffix"]),
    words(9, "checkpointStrategy", &["dapr"]),
    since(13, &["stalePartitionInfoThreshold"]),
];

/// The type.
pub(in crate::scalers) static AZURE_EVENTHUB: TriggerType = TriggerType {
    name: "azure-eventhub",
    family: "azure",
    parameters: &[PARAMETERS, AZURE, SUFFIX],
    counts: "events after the consumer group's checkpoints, at most unprocessedEventThreshold for each partition",
    work: Work::Is(
        InFlight::Included,
        "an event counts until a checkpoint passes it",
    ),
    target: Target::Parameter(&["unprocessedEventThreshold"], 64.0),
    activation: Some("activationUnprocessedEventThreshold"),
    check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::suffix(given, "endpointSuffix", found);
    // [2.19.0 and 2.20.0 `azure_eventhub_scaler.go`]
    if given.since(20) {
        given.must_be_positive("unprocessedEventThreshold", found);
    }
    given.takes_identities(&["azure-workload"], found);
    match given.identity() {
        Identity::None => given.needs_all(
            &["connection", "storageConnection"],
            "azure-eventhub without a pod identity",
            found,
        ),
        Identity::Provider("azure-workload") => {
            if given.has("storageAccountName") {
                super::suffix(given, "storageEndpointSuffix", found);
            }
            given.needs_all(
                &["eventHubNamespace", "eventHubName"],
                "podIdentity azure-workload",
                found,
            );
            given.needs_one_of(
                &["storageAccountName", "storageConnection"],
                "podIdentity azure-workload needs parameter storageAccountName or storageConnection",
                found,
            );
        }
        Identity::Provider(_) | Identity::Unknown => {}
    }
}
