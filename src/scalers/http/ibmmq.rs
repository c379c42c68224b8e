//! `ibmmq`: depth of an IBM MQ queue. [KEDA `ibmmq_scaler.go`]

use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, always, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{A, AEM, flag, list, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["host"], "address of the queue manager's REST API").required(),
    list(&["queueName", "queueNames"], "names of the queues").required(),
    whole(&["queueDepth"], "so many messages per Job").default("20"),
    whole(&["activationQueueDepth"], "active only above this depth").default("0"),
    text(&["operation"], "how several queues are combined")
        .allowed(&["max", "avg", "sum"])
        .default("max"),
    text(&["username"], "user").from(AEM).required(),
    text(&["password"], "password").from(AEM).required(),
    flag(&["unsafeSsl"], "do not check the server's certificate").default("false"),
    text(&["ca"], "an authority to trust, PEM").from(A),
    text(&["cert"], "the client's certificate, PEM").from(A),
    text(&["key"], "the client's private key, PEM").from(A),
    text(&["keyPassword"], "password of the private key").from(A),
    text(&["queueManager"], "name of the queue manager").obsolete("take it out: host holds it"),
    text(&["tls"], "switched the certificate check off").obsolete("use unsafeSsl"),
    text(&["tlsDisabled"], "documented, and read by no version").obsolete("use unsafeSsl"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    always(&["queueManager"]).ignored(16).optional(16),
    always(&["tls"]).deprecated(17).refused(18).ignored(20),
    since(8, &["activationQueueDepth"]),
    since(15, &["unsafeSsl", "ca", "cert", "key", "keyPassword"]),
    since(16, &["queueNames", "operation"]),
    from(16, Source::Metadata, &["username", "password"]),
];

/// The type.
pub(in crate::scalers) static IBMMQ: TriggerType = TriggerType {
    name: "ibmmq",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "the depth of the queue, or operation over several",
    work: Work::Is(
        InFlight::Unknown,
        "that depends on whether messages are got in a unit of work",
    ),
    target: Target::Parameter(&["queueDepth"], 20.0),
    activation: Some("activationQueueDepth"),
    check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.must_be_address("host", found);
    given.needs_pair("cert", "key", found);
}
