//! `aws-dynamodb-streams`: shards of a table's stream. [KEDA `aws_dynamodb_streams_scaler.go`]

use crate::api::KedaVersion;
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
    text(&["tableName"], "name of the table").required(),
    text(&["awsRegion"], "AWS region").from(MA).required(),
    text(&["awsEndpoint"], "address to ask instead of AWS' own"),
];

/// When its parameters came and went.
static HISTORY: &[Era] = &[
    since(9, &["awsEndpoint"]),
    from(17, Source::Auth, &["awsRegion"]),
];

/// The type.
pub(in crate::scalers) static AWS_DYNAMODB_STREAMS: TriggerType = TriggerType {
    name: "aws-dynamodb-streams",
    family: "aws",
    parameters: &[PARAMETERS, AWS],
    counts: "shards of the table's stream, open and closed",
    work: Work::Is(InFlight::NotWork, "shards are no amount of work"),
    target: Target::Parameter(&["shardCount"], 2.0),
    activation: Some("activationShardCount"),
    check: super::credentials,
    since: KedaVersion::new(8, 0),
    history: &[HISTORY],
    ..TriggerType::USUAL
};
