//! `solace-direct-messaging`: traffic of Solace clients. [KEDA `solace_direct_messaging_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{AE, flag, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["solaceSempBaseURL"], "address of the SEMP API").required(),
    text(&["username"], "user").from(AE).required(),
    text(&["password"], "password").from(AE).required(),
    text(&["messageVpn"], "name of the message VPN").required(),
    text(&["clientNamePattern"], "pattern of the clients' names").required(),
    flag(&["unsafeSSL"], "do not check the server's certificate").default("false"),
    whole(
        &["queuedMessagesFactor"],
        "weight of messages that are queued",
    )
    .default("3"),
    whole(
        &["aggregatedClientTxByteRateTarget"],
        "so many bytes a second of all clients per Job",
    )
    .default("0"),
    whole(
        &["aggregatedClientAverageTxByteRateTarget"],
        "so many bytes a second on average per Job",
    )
    .default("0"),
    whole(
        &["aggregatedClientTxMsgRateTarget"],
        "so many messages a second of all clients per Job",
    )
    .default("0"),
    whole(
        &["aggregatedClientAverageTxMsgRateTarget"],
        "so many messages a second on average per Job",
    )
    .default("0"),
    whole(
        &["activationAggregatedClientTxByteRateTarget"],
        "active above so many bytes a second",
    )
    .default("0"),
    whole(
        &["activationAggregatedClientAverageTxByteRateTarget"],
        "active above so many bytes a second on average",
    )
    .default("0"),
    whole(
        &["activationAggregatedClientTxMsgRateTarget"],
        "active above so many messages a second",
    )
    .default("0"),
    whole(
        &["activationAggregatedClientAverageTxMsgRateTarget"],
        "active above so many messages a second on average",
    )
    .default("0"),
];

/// The type.
pub(in crate::scalers) static SOLACE_DIRECT_MESSAGING: TriggerType = TriggerType {
    name: "solace-direct-messaging",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "rates of the clients' traffic",
    work: Work::Is(InFlight::NotWork, "a rate is no amount of work"),
    target: Target::Unknown,
    since: KedaVersion::new(18, 0),
    ..TriggerType::USUAL
};
