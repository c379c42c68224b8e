//! `nsq`: depth of an NSQ channel. [KEDA `nsq_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{ME, flag, list, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    list(
        &["nsqLookupdHTTPAddresses"],
        "host:port of the nsqlookupd servers",
    )
    .from(ME)
    .required(),
    text(&["topic"], "name of the topic").from(ME).required(),
    text(&["channel"], "name of the channel")
        .from(ME)
        .required(),
    whole(&["depthThreshold"], "so many messages per Job")
        .from(ME)
        .default("10"),
    whole(
        &["activationDepthThreshold"],
        "active only above this depth",
    )
    .from(ME)
    .default("0"),
    flag(&["useHttps"], "ask over HTTPS")
        .from(ME)
        .default("false"),
    flag(&["unsafeSsl"], "do not check the server's certificate")
        .from(ME)
        .default("false"),
];

/// The type.
pub(in crate::scalers) static NSQ: TriggerType = TriggerType {
    name: "nsq",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "messages that wait in the channel",
    work: Work::Is(InFlight::Excluded, "messages in flight do not count"),
    target: Target::Parameter(&["depthThreshold"], 10.0),
    activation: Some("activationDepthThreshold"),
    check,
    since: KedaVersion::new(17, 0),
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_be_positive("depthThreshold", found);
    given.at_least("activationDepthThreshold", 0, found);
}
