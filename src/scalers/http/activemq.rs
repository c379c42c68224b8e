//! `activemq`: size of an `ActiveMQ` queue. [KEDA `activemq_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{AEM, MAE, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(
        &["managementEndpoint"],
        "host:port of the management console",
    )
    .from(MAE),
    text(&["destinationName"], "name of the queue"),
    text(&["brokerName"], "name of the broker"),
    text(&["username"], "user").from(AEM).required(),
    text(&["password"], "password").from(AEM).required(),
    text(&["corsHeader"], "value of the Origin header"),
    text(
        &["restAPITemplate"],
        "template of the address to ask, instead of the three names",
    ),
    whole(&["targetQueueSize"], "so many messages per Job").default("10"),
    whole(
        &["activationTargetQueueSize"],
        "active only above this size",
    )
    .default("0"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(7, &["corsHeader"]),
    since(8, &["activationTargetQueueSize"]),
    from(15, Source::Env, &["username", "password"]),
    from(21, Source::Auth, &["managementEndpoint"]),
    from(21, Source::Env, &["managementEndpoint"]),
];

/// The type.
pub(in crate::scalers) static ACTIVEMQ: TriggerType = TriggerType {
    name: "activemq",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "messages of the queue, dispatched ones included",
    work: Work::Is(
        InFlight::Included,
        "a message counts until it is acknowledged",
    ),
    target: Target::Parameter(&["targetQueueSize"], 10.0),
    activation: Some("activationTargetQueueSize"),
    check,
    since: KedaVersion::new(6, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    if given.lacks("restAPITemplate") {
        given.needs_all(
            &["managementEndpoint", "destinationName", "brokerName"],
            "activemq without restAPITemplate",
            found,
        );
        return;
    }
    // KEDA takes both names out of the template. [`activemq_scaler.go`, Validate]
    let names = |text: &str, key: &str| {
        let properties = text.split_once("://").map_or("", |(_, rest)| rest);
        properties.contains(&format!("{key}="))
    };
    if given.value("restAPITemplate").is_some_and(|text| {
        url::Url::parse(text).is_err()
            || !names(text, "destinationName")
            || !names(text, "brokerName")
    }) {
        found.push(Problem::wrong(
            "restAPITemplate",
            "parameter restAPITemplate must be a URL that names brokerName=… and destinationName=…",
        ));
    }
}
