//! `stan`: messages of NATS Streaming. [KEDA `stan_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{AM, flag, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(
        &["natsServerMonitoringEndpoint"],
        "host:port of the server's monitoring",
    )
    .from(AM)
    .required(),
    text(&["queueGroup"], "name of the queue group").required(),
    text(&["durableName"], "durable name of the subscription").required(),
    text(&["subject"], "name of the channel").required(),
    whole(&["lagThreshold"], "so many messages per Job").default("10"),
    whole(&["activationLagThreshold"], "active only above this lag").default("0"),
    flag(&["useHttps"], "ask over HTTPS").default("false"),
];

/// The type.
pub(in crate::scalers) static STAN: TriggerType = TriggerType {
    name: "stan",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "messages that the subscription has not acknowledged",
    work: Work::Is(
        InFlight::Included,
        "a message counts until it is acknowledged",
    ),
    target: Target::Parameter(&["lagThreshold"], 10.0),
    activation: Some("activationLagThreshold"),
    dropped: Some((KedaVersion::new(19, 0), "use nats-jetstream")),
    ..TriggerType::USUAL
};
