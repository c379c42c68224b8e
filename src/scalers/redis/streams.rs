//! `redis-streams`: entries of a stream. [KEDA `redis_streams_scaler.go`]

use super::connection::{CONNECTION, HISTORY_OF_CONNECTION};
use crate::api::facts::InFlight;
use crate::scalers::given::Given;
use crate::scalers::history::{Era, always, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{text, whole};
use crate::scalers::trigger_type::{Flight, Target, TriggerType, Work};

/// The parameters.
pub(super) static PARAMETERS: &[ParameterSpec] = &[
    whole(
        &["pendingEntriesCount"],
        "so many entries that are taken and not acknowledged per Job",
    )
    .default("5"),
    whole(
        &["streamLength"],
        "so many entries per Job, without consumerGroup",
    )
    .default("5"),
    whole(
        &["lagCount"],
        "so many entries that no consumer has taken per Job, with consumerGroup",
    ),
    text(&["stream"], "the key").required(),
    text(
        &["consumerGroup"],
        "name of the consumer group; without it the stream's length is read",
    ),
    whole(
        &["activationLagCount"],
        "active only above this count, in every mode",
    )
    .default("0"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["pendingEntriesCount", "consumerGroup"]).optional(11),
    since(11, &["streamLength", "lagCount", "activationLagCount"]),
];

/// What the types that read a stream share, however they reach their server.
pub(super) const STREAM: TriggerType = TriggerType {
    family: "redis",
    parameters: &[PARAMETERS, CONNECTION],
    counts: "entries of the stream: all without consumerGroup, those taken and not acknowledged with it, those not taken with lagCount too",
    work: Work::Depends(work),
    target: Target::Chosen(target),
    activation: Some("activationLagCount"),
    check: super::connection::check,
    history: &[HISTORY_OF_CONNECTION, HISTORY],
    ..TriggerType::USUAL
};

/// The type.
pub(in crate::scalers) static REDIS_STREAMS: TriggerType = TriggerType {
    name: "redis-streams",
    ..STREAM
};

/// Whether the entries that are read have been taken.
pub(super) fn work(given: &Given<'_>) -> Flight {
    if !given.has("consumerGroup") {
        Flight::fixed(
            InFlight::Unknown,
            "without consumerGroup an entry counts until it is deleted",
        )
    } else if counts_lag(given) {
        Flight::fixed(
            InFlight::Excluded,
            "lagCount leaves out entries that a consumer has taken",
        )
    } else {
        Flight::fixed(
            InFlight::Included,
            "entries count that are taken and not acknowledged",
        )
    }
}

/// The parameter that holds the target.
pub(super) fn target(given: &Given<'_>) -> &'static str {
    if !given.has("consumerGroup") {
        "streamLength"
    } else if counts_lag(given) {
        "lagCount"
    } else {
        "pendingEntriesCount"
    }
}

/// Whether lagCount is given and not 0.
fn counts_lag(given: &Given<'_>) -> bool {
    given.value("lagCount").is_some_and(|count| count != "0")
}
