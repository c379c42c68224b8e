//! `gcp-storage`: objects of a bucket. [KEDA `gcp_storage_scaler.go`]

use super::HISTORY_OF_OWNER;
use super::{GOOGLE, OWNER};
use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["bucketName"], "name of the bucket").required(),
    whole(&["targetObjectCount"], "so many objects per Job").default("100"),
    whole(
        &["activationTargetObjectCount"],
        "active only above this count",
    )
    .default("0"),
    whole(
        &["maxBucketItemsToScan"],
        "so many objects are counted at most",
    )
    .default("1000"),
    text(&["blobDelimiter"], "delimiter of folders in names"),
    text(&["blobPrefix"], "only names that begin so"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(8, &["activationTargetObjectCount"]),
    since(9, &["blobDelimiter", "blobPrefix"]),
    from(19, Source::Metadata, &["credentials"]),
];

/// The type.
pub(in crate::scalers) static GCP_STORAGE: TriggerType = TriggerType {
    name: "gcp-storage",
    family: "gcp",
    parameters: &[PARAMETERS, GOOGLE, OWNER],
    counts: "objects that are not empty under blobPrefix, at most maxBucketItemsToScan",
    work: Work::Is(InFlight::Included, "an object counts until it is deleted"),
    target: Target::Parameter(&["targetObjectCount"], 100.0),
    activation: Some("activationTargetObjectCount"),
    check,
    since: KedaVersion::new(7, 0),
    history: &[HISTORY_OF_OWNER, HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::credentials(given, found);
    // [2.17.0 and 2.18.0 `gcp_storage_scaler.go`]
    if given.since(18) {
        given.must_be_positive("targetObjectCount", found);
        given.at_least("activationTargetObjectCount", 0, found);
        given.must_be_positive("maxBucketItemsToScan", found);
    }
}
