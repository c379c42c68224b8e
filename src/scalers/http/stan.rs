//! `stan`: messages of NATS Streaming. [KEDA `stan_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::history::{Era, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{A, AM, flag, text, whole};
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
    text(&["tls"], "whether to connect over TLS").from(A),
    text(&["cert"], "the client's certificate, PEM").from(A),
    text(&["key"], "the client's private key, PEM").from(A),
    text(&["ca"], "an authority to trust, PEM").from(A),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    from(5, Source::Auth, &["natsServerMonitoringEndpoint"]),
    since(8, &["activationLagThreshold"]),
    since(9, &["useHttps"]),
    since(14, &["tls", "cert", "key", "ca"]),
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
    history: &[HISTORY],
    ..TriggerType::USUAL
};
