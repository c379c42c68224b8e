//! Triggers that ask AWS.

pub(super) mod cloudwatch;
pub(super) mod dynamodb;
pub(super) mod dynamodb_streams;
pub(super) mod kinesis_stream;
pub(super) mod sqs_queue;

use super::given::{Given, Identity, Problem};
use super::history::{Era, since};

/// When the types that are as old as KEDA 2 came to read the parameters of AWS.
static HISTORY_OF_AWS: &[Era] = &[since(6, &["awsSessionToken"])];

/// Someone must sign the requests. [KEDA `aws/aws_common.go`, `GetAwsAuthorization`]
///
/// An access key is one whole: both halves come from the TriggerAuthentication, or both from the metadata and the environment.
pub(super) fn credentials(given: &Given<'_>, found: &mut Vec<Problem>) {
    if matches!(
        given.identity(),
        Identity::Provider("aws" | "aws-eks") | Identity::Unknown
    ) {
        return;
    }
    match given.value("identityOwner") {
        None | Some("pod") => {}
        Some("operator") => return,
        Some(_) => {
            found.push(Problem::doubtful(
                "identityOwner",
                "parameter identityOwner must be pod or operator; KEDA takes any other text for operator",
            ));
            return;
        }
    }
    if given.is_open() || given.brings("awsRoleArn") {
        return;
    }
    let brings_id = given.brings("awsAccessKeyID") || given.brings("awsAccessKeyId");
    if brings_id {
        if !given.brings("awsSecretAccessKey") {
            found.push(Problem::missing(
                "awsSecretAccessKey",
                "awsAccessKeyID of a TriggerAuthentication needs parameter awsSecretAccessKey, from a TriggerAuthentication too",
            ));
        }
        return;
    }
    let is_written = |key: &str| {
        let text = given.metadata().get(key);
        text.is_some_and(|text| !text.trim().is_empty())
    };
    let names_id = is_written("awsAccessKeyID") || is_written("awsAccessKeyIDFromEnv");
    match (names_id, is_written("awsSecretAccessKeyFromEnv")) {
        (true, true) => {}
        (true, false) => found.push(Problem::missing(
            "awsSecretAccessKey",
            "awsAccessKeyID of the metadata needs awsSecretAccessKeyFromEnv",
        )),
        (false, true) => found.push(Problem::missing(
            "awsAccessKeyID",
            "awsSecretAccessKeyFromEnv needs awsAccessKeyID or awsAccessKeyIDFromEnv in the metadata",
        )),
        (false, false) if given.brings("awsSecretAccessKey") => found.push(Problem::missing(
            "awsAccessKeyID",
            "awsSecretAccessKey of a TriggerAuthentication needs parameter awsAccessKeyID, from a TriggerAuthentication too",
        )),
        (false, false) => found.push(Problem::missing(
            "awsAccessKeyID",
            "nothing says who signs the requests to AWS: give awsAccessKeyID and awsSecretAccessKey, or a podIdentity of provider aws in a TriggerAuthentication, or identityOwner: operator",
        )),
    }
}
