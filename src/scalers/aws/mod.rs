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

/// Someone must sign the requests. [KEDA `aws/aws_authorization.go`]
fn credentials(given: &Given<'_>, found: &mut Vec<Problem>) {
    let signs_itself =
        given.identity() != Identity::None || given.value("identityOwner") == Some("operator");
    if signs_itself || !given.lacks("awsRoleArn") {
        return;
    }
    match ["awsAccessKeyID", "awsSecretAccessKey"].map(|name| given.lacks(name)) {
        [true, true] => found.push(Problem::missing(
            "awsAccessKeyID",
            "nothing says who signs the requests to AWS: give awsAccessKeyID and awsSecretAccessKey, or a podIdentity of provider aws in a TriggerAuthentication, or identityOwner: operator",
        )),
        [true, false] => given.needs_all(&["awsAccessKeyID"], "awsSecretAccessKey", found),
        [false, true] => given.needs_all(&["awsSecretAccessKey"], "awsAccessKeyID", found),
        [false, false] => {}
    }
}
