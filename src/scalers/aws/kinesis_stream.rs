//! `aws-kinesis-stream`: open shards of a stream. [KEDA `aws_kinesis_stream_scaler.go`]

use super::HISTORY_OF_AWS;
use crate::api::facts::InFlight;
use crate::scalers::client::aws::AWS;
use crate::scalers::history::{Era, from, since};
use crate::scalers::params::ParameterSpec;
use crate::scalers::params::Source;
use crate::scalers::params::notation::{MA, text, whole};
use crate::scalers::trigger_type::{Target, TriggerType, Work};

static PARAMETERS: &[ParameterSpec] = &[
    whole(&["shardCount"], "so many shards per Job").default("2"),
    whole(&["activationShardCount"], "active only above this count").default("0"),
    text(&["streamName"], "name of the stream").required(),
    text(&["awsRegion"], "AWS region").from(MA).required(),
    text(&["awsEndpoint"], "address to ask instead of AWS' own"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(8, &["activationShardCount"]),
    since(9, &["awsEndpoint"]),
    from(17, Source::Auth, &["awsRegion"]),
];

/// The type.
pub(in crate::scalers) static AWS_KINESIS_STREAM: TriggerType = TriggerType {
    name: "aws-kinesis-stream",
    family: "aws",
    parameters: &[PARAMETERS, AWS],
    counts: "open shards of the stream, whatever waits in them",
    work: Work::Is(InFlight::NotWork, "shards are no amount of work"),
    target: Target::Parameter(&["shardCount"], 2.0),
    activation: Some("activationShardCount"),
    check: super::credentials,
    history: &[HISTORY_OF_AWS, HISTORY],
    ..TriggerType::USUAL
};
