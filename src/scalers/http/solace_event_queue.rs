//! `solace-event-queue`: messages, spool or rate of a Solace queue. [KEDA `solace_scaler.go`]

use crate::api::KedaVersion;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{AME, text, whole};
use crate::scalers::trigger_type::{Flight, Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    text(&["solaceSempBaseURL"], "address of the SEMP API").required(),
    text(&["messageVpn"], "name of the message VPN").required(),
    text(&["queueName"], "name of the queue").required(),
    text(&["username"], "user").from(AME).required(),
    text(&["password"], "password").from(AME).required(),
    whole(&["messageCountTarget"], "so many messages per Job"),
    whole(
        &["messageSpoolUsageTarget"],
        "so many MB of spooled messages per Job",
    ),
    whole(
        &["messageReceiveRateTarget"],
        "so many received messages a second per Job",
    ),
    whole(
        &["activationMessageCountTarget"],
        "active above so many messages",
    )
    .default("0"),
    whole(
        &["activationMessageSpoolUsageTarget"],
        "active above so many MB",
    )
    .default("0"),
    whole(
        &["activationMessageReceiveRateTarget"],
        "active above this rate",
    )
    .default("0"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(
        8,
        &[
            "activationMessageCountTarget",
            "activationMessageSpoolUsageTarget",
        ],
    ),
    since(
        11,
        &[
            "messageReceiveRateTarget",
            "activationMessageReceiveRateTarget",
        ],
    ),
];

/// The type.
pub(in crate::scalers) static SOLACE_EVENT_QUEUE: TriggerType = TriggerType {
    name: "solace-event-queue",
    family: "http",
    parameters: &[PARAMETERS],
    counts: "the first of messages, spool and receive rate that has a target; others halve the mean",
    work: Work::Depends(work),
    target: Target::Parameter(
        &[
            "messageCountTarget",
            "messageSpoolUsageTarget",
            "messageReceiveRateTarget",
        ],
        0.0,
    ),
    check,
    since: KedaVersion::new(4, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn work(given: &Given<'_>) -> Flight {
    if given.has("messageCountTarget") {
        Flight::fixed(
            InFlight::Included,
            "a message counts until it is acknowledged",
        )
    } else {
        Flight::fixed(InFlight::Unknown, "that depends on which target is given")
    }
}

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.needs_one_of(
        &["messageCountTarget", "messageSpoolUsageTarget", "messageReceiveRateTarget"],
        "solace-event-queue needs parameter messageCountTarget, messageSpoolUsageTarget or messageReceiveRateTarget",
        found,
    );
    let below = |name: &&str| given.number(name).is_some_and(|number| number < 1.0);
    let targets = [
        "messageCountTarget",
        "messageSpoolUsageTarget",
        "messageReceiveRateTarget",
    ];
    if let Some(wrong) = targets.iter().find(|name| below(name))
        && targets.iter().all(|name| below(name) || given.lacks(name))
    {
        found.push(Problem::wrong(
            wrong,
            "one of messageCountTarget, messageSpoolUsageTarget and messageReceiveRateTarget must be at least 1",
        ));
    }
}
