//! Whose Google identity asks for a trigger. [KEDA `pkg/scalers/gcp/gcp_common.go`; triggers.md GCP]

use super::cloud::Cloud;
use super::identity::google::GoogleIdentity;
use crate::scalers::ScalerContext;
use crate::scalers::params::Source::{Auth, Env, Variable};
use crate::scalers::params::{Kind, ParameterSpec, Resolved};

/// The parameters.
pub(crate) static GOOGLE: &[ParameterSpec] = &[
    ParameterSpec::new(
        &["GoogleApplicationCredentials"],
        Kind::String,
        "Google: key of a service account, JSON",
    )
    .from(&[Auth]),
    ParameterSpec::new(
        &["credentials"],
        Kind::String,
        "Google: key of a service account, JSON",
    )
    .from(&[Env]),
    ParameterSpec::new(
        &["credentialsFromEnvFile"],
        Kind::String,
        "Google: path of a file on this machine with the key of a service account, JSON",
    )
    .from(&[Variable]),
];

/// Who asks, from the parameters of [`GOOGLE`] and podIdentity; `None` when nothing asks for Google.
pub(crate) fn identity(
    context: &ScalerContext<'_>,
    parameters: &Resolved,
    scope: &'static str,
) -> Option<Cloud> {
    let key = ["GoogleApplicationCredentials", "credentials"]
        .into_iter()
        .find(|name| parameters.has(name));
    let file = parameters.text("credentialsFromEnvFile");
    let identity = match key {
        _ if context.provider() == "gcp" => GoogleIdentity::default_credentials(scope),
        Some(name) => GoogleIdentity::key(parameters.secret(name), scope),
        None if !file.is_empty() => GoogleIdentity::file(file, scope),
        None => return None,
    };
    Some(Cloud::google(context, identity))
}
