//! `nats-jetstream`: messages of a `JetStream` consumer. [KEDA `nats_jetstream_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AM, flag, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["account"], "name of the account").from(AM),
    text(&["accountID"], "ID of the account, instead of its name").from(AM),
    text(&["stream"], "name of the stream").required(),
    text(&["consumer"], "name of the consumer").required(),
    whole(&["lagThreshold"], "so many messages per Job").default("10"),
    whole(&["activationLagThreshold"], "active only above this lag").default("0"),
    flag(&["useHttps"], "ask over HTTPS").default("false"),
    text(
        &["natsServerMonitoringEndpoint"],
        "host:port of the server's monitoring",
    )
    .from(AM)
    .required(),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(9, &["useHttps"]),
    since(17, &["accountID"]),
    from(11, Source::Auth, &["account"]),
];

/// The type.
pub(in crate::scalers) static NATS_JETSTREAM: TriggerType = TriggerType {
    name: "nats-jetstream",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "messages that wait for the consumer and those that wait for its acknowledgement",
    work: Work::Is(
        InFlight::Included,
        "a message counts until it is acknowledged",
    ),
    target: Target::Parameter(&["lagThreshold"], 10.0),
    activation: Some("activationLagThreshold"),
    check,
    since: KedaVersion::new(8, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.needs_one_of(
        &["account", "accountID"],
        "nats-jetstream needs parameter account or accountID",
        found,
    );
}
