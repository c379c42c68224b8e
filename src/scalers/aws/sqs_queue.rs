//! `aws-sqs-queue`: messages of a queue. [KEDA `aws_sqs_queue_scaler.go`]

use super::HISTORY_OF_AWS;
use crate::api::facts::InFlight;
use crate::scalers::client::aws::AWS;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{MA, ME, flag, text, whole};
use crate::scalers::trigger_type::{Flight, Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    whole(&["queueLength"], "so many messages per Job").default("5"),
    whole(&["activationQueueLength"], "active only above this length").default("0"),
    text(&["queueURL"], "URL of the queue, or its name")
        .from(ME)
        .required(),
    text(&["awsRegion"], "AWS region").from(MA).required(),
    text(&["awsEndpoint"], "address to ask instead of AWS' own"),
    flag(&["scaleOnInFlight"], "count messages in flight too").default("true"),
    flag(&["scaleOnDelayed"], "count delayed messages too").default("false"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(8, &["activationQueueLength", "scaleOnInFlight"]),
    since(9, &["awsEndpoint"]),
    from(9, Source::Env, &["queueURL"]),
    since(12, &["scaleOnDelayed"]),
    from(17, Source::Auth, &["awsRegion"]),
];

/// The type.
pub(in crate::scalers) static AWS_SQS_QUEUE: TriggerType = TriggerType {
    name: "aws-sqs-queue",
    family: "aws",
    parameters: &[PARAMETERS, AWS],
    counts: "messages of the queue: visible ones, those in flight unless scaleOnInFlight is false, delayed ones with scaleOnDelayed",
    work: Work::Depends(work),
    target: Target::Parameter(&["queueLength"], 5.0),
    activation: Some("activationQueueLength"),
    check,
    history: &[HISTORY_OF_AWS, HISTORY],
    ..TriggerType::USUAL
};

fn work(given: &Given<'_>) -> Flight {
    if given.value("scaleOnInFlight").is_none() || given.is_true("scaleOnInFlight") {
        Flight::fixed(
            InFlight::Included,
            "scaleOnInFlight counts messages in flight, which is the default",
        )
        .unless("scaleOnInFlight", "false")
    } else {
        Flight::fixed(InFlight::Excluded, "scaleOnInFlight is false")
            .unless("scaleOnInFlight", "true")
    }
}

fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    super::credentials(given, found);
    // Another text is the name of a queue.
    let url = given
        .value("queueURL")
        .and_then(|text| url::Url::parse(text).ok());
    let names_queue = |url: &url::Url| {
        let parts: Vec<&str> = url.path().split('/').collect();
        matches!(parts[..], [_, _, queue] if !queue.is_empty())
    };
    if url.is_some_and(|url| !names_queue(&url)) {
        found.push(Problem::wrong(
            "queueURL",
            "parameter queueURL must end in the account and the name of the queue: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME",
        ));
    }
}
