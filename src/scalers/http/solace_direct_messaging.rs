//! `solace-direct-messaging`: traffic of Solace clients. [KEDA `solace_direct_messaging_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
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
    check,
    since: KedaVersion::new(18, 0),
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    if given
        .number("queuedMessagesFactor")
        .is_some_and(|factor| !(1.0..=100.0).contains(&factor))
    {
        found.push(Problem::wrong(
            "queuedMessagesFactor",
            "parameter queuedMessagesFactor must be from 1 to 100",
        ));
    }
    let targets = [
        "aggregatedClientTxMsgRateTarget",
        "aggregatedClientAverageTxMsgRateTarget",
        "aggregatedClientTxByteRateTarget",
        "aggregatedClientAverageTxByteRateTarget",
    ];
    if targets
        .iter()
        .all(|name| given.number(name).is_some_and(|target| target < 1.0))
    {
        found.push(Problem::missing(
            targets[0],
            format!(
                "solace-direct-messaging needs one of {}, at least 1",
                targets.join(", ")
            ),
        ));
    }
    if given
        .value("clientNamePattern")
        .is_some_and(|pattern| pattern.contains('*'))
    {
        found.push(Problem::wrong(
            "clientNamePattern",
            "parameter clientNamePattern must not hold *: KEDA adds it",
        ));
    }
    // [KEDA `solace_dm_scaler.go`: several addresses between commas]
    let is_address = |text: &str| {
        url::Url::parse(text.trim()).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https")
                && url
                    .host_str()
                    .is_some_and(|host| host == "localhost" || host.contains('.'))
        })
    };
    if given
        .value("solaceSempBaseURL")
        .is_some_and(|text| !text.split(',').all(is_address))
    {
        found.push(Problem::wrong(
            "solaceSempBaseURL",
            "parameter solaceSempBaseURL must be http or https URLs between commas, each host with a dot in its name, or localhost",
        ));
    }
}
