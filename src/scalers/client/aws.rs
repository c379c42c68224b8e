//! Whose AWS identity signs the requests of a trigger. [KEDA `pkg/scalers/aws/aws_common.go`; triggers.md AWS]

use super::cloud::Cloud;
use super::identity::aws::AwsIdentity;
use super::sigv4::{Credentials, Signer};
use crate::api::PodIdentity;
use crate::scalers::params::Source::{Auth, Env, Metadata};
use crate::scalers::params::{Kind, ParameterSpec, Resolved};
use crate::scalers::{BuildError, ScalerContext};

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
        "AWS: the role that the caller's own identity assumes",
    )
    .from(&[Auth]),
    ParameterSpec::new(
        &["awsExternalId"],
        Kind::String,
        "AWS: the external id that the role asks for",
    )
    .from(&[Auth]),
    ParameterSpec::new(
        &["identityOwner"],
        Kind::String,
        "AWS: pod (the role or access key that is given) or operator (the caller's own identity)",
    ),
];

const KEYS: &str = "give awsAccessKeyID and awsSecretAccessKey in a TriggerAuthentication, or a podIdentity, or identityOwner: operator";

/// What signs the requests of a trigger, from the parameters of [`AWS`], awsRegion and podIdentity; `None` when nothing asks for AWS.
///
/// Half an access key, and an identity without a region or the other way around, are refused: KEDA sends the request unsigned there,
/// which AWS refuses.
pub(crate) fn signer(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
    service: &'static str,
) -> Result<Option<Cloud>, BuildError> {
    let region = parameters.text("awsRegion");
    let Some(identity) = identity(context, parameters)? else {
        return if region.is_empty() {
            Ok(None)
        } else {
            Err(BuildError::new(format!(
                "parameter awsRegion asks for signed requests, and there is no access key; {KEYS}"
            )))
        };
    };
    if region.is_empty() {
        return Err(BuildError::new("parameter awsRegion is missing"));
    }
    // What cannot be sent is told before anything is asked.
    let known = match &identity {
        AwsIdentity::Key(credentials)
        | AwsIdentity::ServiceAccount {
            otherwise: Some(credentials),
            ..
        } => credentials.clone(),
        _ => Credentials::placeholder(),
    };
    Signer::new(known, region, service).map_err(BuildError::new)?;
    Ok(Some(Cloud::aws(context, identity, region, service)))
}

/// The identity that podIdentity and parameters name.
fn identity(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
) -> Result<Option<AwsIdentity>, BuildError> {
    let text = |name: &str| {
        Some(parameters.text(name))
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let service_account = |otherwise| AwsIdentity::ServiceAccount {
        namespace: context.namespace.to_owned(),
        name: context.service_account.to_owned(),
        otherwise,
    };
    let external_id = text("awsExternalId");
    match (context.provider(), context.pod_identity) {
        ("aws", Some(identity)) if identity.workload_owned => {
            return Ok(Some(service_account(None)));
        }
        (
            "aws",
            Some(PodIdentity {
                role_arn,
                external_id: own,
                ..
            }),
        ) => {
            let role = role_arn.clone().filter(|arn| !arn.is_empty());
            return Ok(Some(match role.or_else(|| text("awsRoleArn")) {
                Some(arn) => AwsIdentity::Role {
                    arn,
                    external_id: own.clone().filter(|id| !id.is_empty()).or(external_id),
                    web_identity: true,
                },
                None => AwsIdentity::Own,
            }));
        }
        _ => {}
    }
    let role = text("awsRoleArn").map(|arn| AwsIdentity::Role {
        arn,
        external_id,
        web_identity: false,
    });
    match parameters.text("identityOwner") {
        "" | "pod" => {}
        "operator" => return Ok(Some(role.unwrap_or(AwsIdentity::Own))),
        // KEDA takes any other text for operator, and looks at no parameter then.
        _ => return Ok(Some(AwsIdentity::Own)),
    }
    if role.is_some() {
        return Ok(role);
    }
    let key = match (text("awsAccessKeyID"), parameters.has("awsSecretAccessKey")) {
        (Some(access_key_id), true) => Some(Credentials {
            access_key_id,
            secret_access_key: parameters.secret("awsSecretAccessKey"),
            session_token: parameters.secret("awsSessionToken"),
        }),
        (None, true) => return Err(BuildError::new("parameter awsAccessKeyID is missing")),
        (Some(_), false) => {
            return Err(BuildError::new(
                "parameter awsSecretAccessKey is missing; set it in a TriggerAuthentication or name a variable in awsSecretAccessKeyFromEnv",
            ));
        }
        (None, false) => None,
    };
    Ok(match context.provider() {
        "aws-eks" => Some(service_account(key)),
        _ => key.map(AwsIdentity::Key),
    })
}
