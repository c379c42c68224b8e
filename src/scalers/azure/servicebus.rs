//! `azure-servicebus`: active messages of a queue or subscription. [KEDA `azure_servicebus_scaler.go`]

use super::AZURE;
use super::SUFFIX;
use crate::api::facts::InFlight;
use crate::scalers::given::{Given, Identity, Problem};
use crate::scalers::history::{Era, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::notation::{AE, flag, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    whole(&["messageCount"], "so many messages per Job").default("5"),
    whole(&["activationMessageCount"], "active only above this count"),
    text(&["queueName"], "name of the queue"),
    text(&["topicName"], "name of the topic"),
    text(&["subscriptionName"], "name of the subscription"),
    text(&["connection"], "connection string").from(AE),
    text(&["namespace"], "namespace of Service Bus, for pod identity"),
    flag(
        &["useRegex"],
        "queueName or subscriptionName is a regular expression",
    ),
    text(
        &["operation"],
        "with useRegex: how several queues or subscriptions are combined",
    )
    .allowed(&["sum", "max", "avg"])
    .default("sum"),
    whole(&["queueLength"], "so many messages per Job, in KEDA 1").renamed("messageCount"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(4, &["cloud", "endpointSuffix"]),
    since(8, &["activationMessageCount"]),
    since(9, &["useRegex", "operation"]),
];

/// The type.
pub(in crate::scalers) static AZURE_SERVICEBUS: TriggerType = TriggerType {
    name: "azure-servicebus",
    family: "azure",
    parameters: &[PARAMETERS, AZURE, SUFFIX],
    counts: "active messages of the queue or subscription, without scheduled and dead-lettered ones",
    work: Work::Is(
        InFlight::Included,
        "a message that a receiver has locked stays active until it is completed",
    ),
    target: Target::Parameter(&["messageCount"], 5.0),
    activation: Some("activationMessageCount"),
    check,
    history: &[HISTORY],
    ..TriggerType::USUAL
};

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    given.takes_identities(&["azure-workload"], found);
    if given.has("queueName") && (given.has("topicName") || given.has("subscriptionName")) {
        found.push(Problem::wrong(
            "queueName",
            "set queueName, or topicName and subscriptionName, not both",
        ));
    } else if given.has("topicName") || given.has("subscriptionName") {
        given.needs_pair("topicName", "subscriptionName", found);
    } else {
        given.needs_one_of(
            &["queueName", "topicName"],
            "azure-servicebus needs parameter queueName, or topicName and subscriptionName",
            found,
        );
    }
    match given.identity() {
        Identity::None => given.needs_one_of(
            &["connection"],
            "azure-servicebus needs parameter connection (connectionFromEnv, or a TriggerAuthentication), or podIdentity azure-workload and namespace",
            found,
        ),
        Identity::Provider("azure-workload") => {
            given.needs_all(&["namespace"], "podIdentity azure-workload", found);
            super::suffix(given, "endpointSuffix", found);
        }
        Identity::Provider(_) | Identity::Unknown => {}
    }
}
