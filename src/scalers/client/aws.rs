//! Whose AWS identity signs the requests of a trigger. [KEDA `pkg/scalers/aws/aws_common.go`; triggers.md AWS]

use super::sigv4::{Credentials, Signer};
use crate::scalers::BuildError;
use crate::scalers::params::Source::{Auth, Env, Metadata};
use crate::scalers::params::{Kind, ParameterSpec, Resolved};

/// The parameters beside awsRegion, whose place differs between types.
pub(crate) static AWS: &[ParameterSpec] = &[
    ParameterSpec::new(
        &["awsAccessKeyID", "awsAccessKeyId"],
        Kind::String,
        "AWS: the access key",
    )
    .from(&[Auth, Metadata, Env]),
    ParameterSpec::new(
        &["awsSecretAccessKey"],
        Kind::String,
        "AWS: the access key's secret",
    )
    .from(&[Auth, Env]),
    ParameterSpec::new(
        &["awsSessionToken"],
        Kind::String,
        "AWS: goes with an access key that is temporary",
    )
    .from(&[Auth]),
    ParameterSpec::new(
        &["awsRoleArn"],
        Kind::String,
        "AWS: the role to assume, which keda-jobs cannot do yet",
    )
    .from(&[Auth]),
    ParameterSpec::new(
        &["awsExternalId"],
        Kind::String,
        "AWS: external ID that goes with awsRoleArn",
    )
    .from(&[Auth]),
    ParameterSpec::new(
        &["identityOwner"],
        Kind::String,
        "AWS: pod (the access key that is given) or operator (KEDA's own identity, which keda-jobs has not)",
    ),
];

const KEYS: &str = "give awsAccessKeyID and awsSecretAccessKey in a TriggerAuthentication";

/// The signer of a trigger, from the parameters of [`AWS`] and awsRegion; `None` when nothing asks for AWS.
///
/// Roles and KEDA's own identity are refused. So are half an access key and an access key without a region, or the other way around:
/// KEDA sends the request unsigned there, which AWS refuses.
pub(crate) fn signer(
    parameters: &Resolved,
    pod_identity: Option<&str>,
    service: &'static str,
) -> Result<Option<Signer>, BuildError> {
    let refuse = |problem: String| Err(BuildError::new(problem));
    if let Some(provider @ ("aws" | "aws-eks")) = pod_identity {
        return refuse(format!(
            "podIdentity {provider}: keda-jobs cannot assume AWS roles yet; {KEYS}"
        ));
    }
    if !matches!(parameters.text("identityOwner"), "" | "pod") {
        return refuse(format!(
            "parameter identityOwner: keda-jobs has no AWS identity of its own; {KEYS}"
        ));
    }
    if parameters.has("awsRoleArn") {
        return refuse(format!(
            "parameter awsRoleArn: keda-jobs cannot assume AWS roles yet; {KEYS}"
        ));
    }
    match ["awsRegion", "awsAccessKeyID", "awsSecretAccessKey"].map(|name| parameters.has(name)) {
        [false, false, false] => Ok(None),
        [false, true, true] => refuse("parameter awsRegion is missing".to_owned()),
        [true, true, true] => {
            let credentials = Credentials {
                access_key_id: parameters.text("awsAccessKeyID").to_owned(),
                secret_access_key: parameters.secret("awsSecretAccessKey"),
                session_token: parameters.secret("awsSessionToken"),
            };
            Signer::new(credentials, parameters.text("awsRegion"), service)
                .map(Some)
                .map_err(BuildError::new)
        }
        [_, _, true] => refuse("parameter awsAccessKeyID is missing".to_owned()),
        [_, true, false] => refuse(
            "parameter awsSecretAccessKey is missing; set it in a TriggerAuthentication or name a variable in awsSecretAccessKeyFromEnv"
                .to_owned(),
        ),
        [true, false, false] => refuse(format!(
            "parameter awsRegion asks for signed requests, and there is no access key; {KEYS}"
        )),
    }
}
