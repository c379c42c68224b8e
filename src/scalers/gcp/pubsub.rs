//! `gcp-pubsub`: a metric of a Pub/Sub subscription or topic. [KEDA `gcp_pubsub_scaler.go`]

use super::HISTORY_OF_OWNER;
use super::{GOOGLE, OWNER};
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, fractions, from, since, words};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{ME, number, span, text, whole};
use crate::scalers::trigger_type::{Flight, Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    whole(&["subscriptionSize"], "so many messages per Job")
        .removed("use mode: SubscriptionSize and value"),
    text(
        &["mode"],
        "the metric, such as SubscriptionSize or OldestUnackedMessageAge",
    )
    .default("SubscriptionSize"),
    number(&["value"], "so much of the value per Job").default("10"),
    number(&["activationValue"], "active only above this value").default("0"),
    text(
        &["aggregation"],
        "how points are aggregated, with distributions it must be given",
    ),
    span(&["timeHorizon"], "how far to look back"),
    number(&["valueIfNull"], "what counts when there is no value"),
    text(&["subscriptionName"], "name of the subscription").from(ME),
    text(&["topicName"], "name of the topic").from(ME),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["subscriptionSize"]).deprecated(5).refused(20),
    since(5, &["mode", "value"]),
    words(5, "mode", &["OldestUnackedMessageAge"]),
    since(7, &["credentialsFromEnvFile"]),
    since(8, &["activationValue"]),
    words(11, "mode", &["NumUndeliveredMessages"]),
    since(13, &["aggregation", "topicName"]),
    from(14, Source::Env, &["subscriptionName", "topicName"]),
    since(15, &["timeHorizon", "valueIfNull"]),
    from(19, Source::Metadata, &["credentials"]),
    fractions(8, &["value"]),
];

/// The type.
pub(in crate::scalers) static GCP_PUBSUB: TriggerType = TriggerType {
    name: "gcp-pubsub",
    family: "gcp",
    parameters: &[PARAMETERS, GOOGLE, OWNER],
    counts: "the metric that mode names, from Cloud Monitoring (about a minute old)",
    work: Work::Depends(work),
    target: Target::Parameter(&["value"], 10.0),
    activation: Some("activationValue"),
    check,
    history: &[HISTORY_OF_OWNER, HISTORY],
    ..TriggerType::USUAL
};

fn work(given: &Given<'_>) -> Flight {
    match given.value("mode") {
        Some("SubscriptionSize" | "NumUndeliveredMessages") => Flight::fixed(
            InFlight::Included,
            "a message is undelivered until it is acknowledged",
        ),
        Some("OldestUnackedMessageAge") => {
            Flight::fixed(InFlight::NotWork, "an age is no amount of work")
        }
        _ => Flight::fixed(InFlight::Unknown, "that depends on mode"),
    }
}

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::credentials(given, found);
    if given.has("subscriptionName") && given.has("topicName") {
        found.push(Problem::wrong(
            "topicName",
            "set subscriptionName or topicName, not both",
        ));
    }
    given.needs_one_of(
        &["subscriptionName", "topicName"],
        "gcp-pubsub needs parameter subscriptionName or topicName",
        found,
    );
}
