//! `azure-blob`: blobs of a container. [KEDA `azure_blob_scaler.go`]

use super::AZURE;
use super::SUFFIX;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AEM, flag, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["blobContainerName"], "name of the container").required(),
    whole(&["blobCount"], "so many blobs per Job").default("5"),
    whole(&["activationBlobCount"], "active only above this count").default("0"),
    text(
        &["blobDelimiter"],
        "delimiter of folders in names; it is appended to blobPrefix",
    )
    .default("/"),
    text(&["blobPrefix"], "only names that begin so"),
    flag(&["recursive"], "count blobs in folders too").default("false"),
    text(&["globPattern"], "only names that match this pattern"),
    text(
        &["connection", "connectionFromEnv"],
        "connection string of the storage account",
    )
    .from(AEM),
    text(&["accountName"], "storage account, for pod identity"),
    text(
        &["useAAdPodIdentity"],
        "sign in with a pod identity, as in KEDA 1",
    )
    .obsolete("take it out: podIdentity of a TriggerAuthentication says it"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(4, &["cloud", "endpointSuffix"]),
    since(7, &["recursive", "globPattern"]),
    since(8, &["activationBlobCount"]),
    always(&["useAAdPodIdentity"]).ignored(15),
    from(19, Source::Metadata, &["connection"]),
];

/// The type.
pub(in crate::scalers) static AZURE_BLOB: TriggerType = TriggerType {
    name: "azure-blob",
    family: "azure",
    parameters: &[PARAMETERS, AZURE, SUFFIX],
    counts: "blobs under blobPrefix, or those that match globPattern",
    work: Work::Is(InFlight::Included, "a blob counts until it is deleted"),
    target: Target::Parameter(&["blobCount"], 5.0),
    activation: Some("activationBlobCount"),
    check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::suffix(given, "endpointSuffix", found);
    super::storage(given, found);
}
