//! `artemis-queue`: messages of an Artemis queue. [KEDA `artemis_scaler.go`]

use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{A, AME, flag, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(
        &["managementEndpoint"],
        "host:port of the management console",
    ),
    text(&["queueName"], "name of the queue"),
    text(&["brokerName"], "name of the broker"),
    text(&["brokerAddress"], "address of the queue"),
    text(&["username"], "user").from(AME).required(),
    text(&["password"], "password").from(AME).required(),
    text(
        &["restApiTemplate"],
        "template of the address to ask, instead of the four names",
    ),
    whole(&["queueLength"], "so many messages per Job").default("10"),
    whole(&["activationQueueLength"], "active only above this length").default("10"),
    text(&["corsHeader"], "value of the Origin header"),
    flag(&["unsafeSsl"], "do not check the server's certificate").default("false"),
    text(&["ca"], "an authority to trust, PEM").from(A),
    text(&["cert"], "the client's certificate, PEM").from(A),
    text(&["key"], "the client's private key, PEM").from(A),
    text(&["keyPassword"], "password of the private key").from(A),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(3, &["corsHeader"]),
    since(8, &["activationQueueLength"]),
    from(15, Source::Env, &["username", "password"]),
    since(18, &["unsafeSsl", "ca", "cert", "key", "keyPassword"]),
];

/// The type.
pub(in crate::scalers) static ARTEMIS_QUEUE: TriggerType = TriggerType {
    name: "artemis-queue",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "messages of the queue, those being delivered included",
    work: Work::Is(
        InFlight::Included,
        "a message counts until it is acknowledged",
    ),
    target: Target::Parameter(&["queueLength"], 10.0),
    activation: Some("activationQueueLength"),
    check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    if given.lacks("restApiTemplate") {
        given.needs_all(
            &[
                "managementEndpoint",
                "queueName",
                "brokerName",
                "brokerAddress",
            ],
            "artemis-queue without restApiTemplate",
            found,
        );
    } else {
        given.must_be_address("restApiTemplate", found);
    }
    given.needs_pair("cert", "key", found);
}
