//! The caller's identity at AWS, and the roles that it takes on. [AWS SDKs and Tools Reference Guide, "Standardized credential
//! providers"; KEDA `pkg/scalers/aws/aws_config_cache.go`]

mod chain;
mod machine;
mod profile;
mod sts;

use jiff::Timestamp;
use serde_json::Value;

use super::Identities;
use super::answer::is_token;
use super::cache::Expiring;
use crate::api::Secret;
pub(crate) use crate::scalers::client::sigv4::Credentials;
use crate::scalers::{ClusterReader, ReadError};

/// Who signs.
#[derive(Debug, Clone)]
pub(crate) enum AwsIdentity {
    /// An access key that the trigger gives.
    Key(Credentials),
    /// The caller's own identity, from the default chain.
    Own,
    /// A role that the own identity assumes.
    Role {
        arn: String,
        external_id: Option<String>,
        /// `AWS_WEB_IDENTITY_TOKEN_FILE` is tried for this role first, as KEDA does with podIdentity aws.
        web_identity: bool,
    },
    /// The role that is annotated on a service account, assumed with a token of that account, as its pods do.
    ServiceAccount {
        namespace: String,
        name: String,
        /// Signs when nothing is annotated (podIdentity aws-eks).
        otherwise: Option<Credentials>,
    },
}

/// What a role's session is called in the logs of AWS.
const SESSION: &str = "keda-jobs";
/// Where EKS keeps the role of a service account.
const ROLE_ANNOTATION: &str = "eks.amazonaws.com/role-arn";
/// For whom the token of a service account is made.
const AUDIENCE: &str = "sts.amazonaws.com";

/// The partitions of AWS: how the names of their regions begin, and how hosts end. [AWS SDK for Go v2, `partitions.json`]
const PARTITIONS: &[(&str, &str)] = &[
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-iso-", "c2s.ic.gov"),
];

impl Identities {
    /// Where a service of a region is, unless the environment names another place, as it does for the SDKs; and what says so.
    pub(crate) fn aws_endpoint(&self, service: &str, region: &str) -> (String, String) {
        let own = format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase());
        for name in [&own, "AWS_ENDPOINT_URL"] {
            if let Some(address) = self.surroundings.variable(name) {
                return (name.to_owned(), address);
            }
        }
        let is_there = |(begin, _): &&(&str, &str)| region.starts_with(begin);
        let partition = PARTITIONS.iter().find(is_there);
        let suffix = partition.map_or("amazonaws.com", |(_, suffix)| suffix);
        (
            format!("the endpoint of {service}"),
            format!("https://{service}.{region}.{suffix}/"),
        )
    }

    /// The access key with which `identity` signs in `region`. `cluster` is asked about service accounts only.
    pub(crate) async fn aws(
        &self,
        identity: &AwsIdentity,
        region: &str,
        cluster: &dyn ClusterReader,
        now: Timestamp,
    ) -> Result<Credentials, ReadError> {
        match identity {
            AwsIdentity::Key(credentials) => Ok(credentials.clone()),
            AwsIdentity::Own => self.aws_own(region, now).await,
            AwsIdentity::Role {
                arn,
                external_id,
                web_identity,
            } => {
                let external_id = external_id.as_deref();
                let key = format!(
                    "role {region} {arn} {web_identity} {}",
                    external_id.unwrap_or_default()
                );
                self.aws
                    .get(&key, now, || async {
                        self.aws_role(arn, external_id, *web_identity, region, now)
                            .await
                    })
                    .await
            }
            AwsIdentity::ServiceAccount {
                namespace,
                name,
                otherwise,
            } => {
                let key = format!("service account {region} {namespace}/{name}");
                let role = cluster
                    .service_account_annotation(namespace, name, ROLE_ANNOTATION)
                    .await?;
                match (role, otherwise) {
                    (Some(arn), _) => {
                        self.aws
                            .get(&format!("{key} {arn}"), now, || async {
                                let token = cluster
                                    .service_account_token(namespace, name, AUDIENCE)
                                    .await?;
                                self.sts_web_identity(&arn, SESSION, &token, region, now)
                                    .await
                            })
                            .await
                    }
                    (None, Some(credentials)) => Ok(credentials.clone()),
                    (None, None) => Err(ReadError::new(format!(
                        "service account {namespace}/{name} has no annotation {ROLE_ANNOTATION}, which names the role to assume"
                    ))),
                }
            }
        }
    }

    async fn aws_own(&self, region: &str, now: Timestamp) -> Result<Credentials, ReadError> {
        self.aws
            .get(&format!("own {region}"), now, || async {
                self.aws_chain(region, now).await
            })
            .await
    }

    async fn aws_role(
        &self,
        arn: &str,
        external_id: Option<&str>,
        web_identity: bool,
        region: &str,
        now: Timestamp,
    ) -> Result<Expiring<Credentials>, ReadError> {
        let mut before = String::new();
        if web_identity && let Some(token) = self.aws_web_identity_token().await? {
            // The token speaks for itself: there is no external id here. [KEDA aws_config_cache.go]
            match self
                .sts_web_identity(arn, SESSION, &token, region, now)
                .await
            {
                Ok(credentials) => return Ok(credentials),
                Err(error) => before = format!("; with AWS_WEB_IDENTITY_TOKEN_FILE: {error}"),
            }
        }
        let role = sts::Role {
            arn,
            external_id,
            session: SESSION,
            seconds: None,
        };
        let assumed = match self.aws_own(region, now).await {
            Ok(own) => self.sts_assume(&role, own, region, now).await,
            Err(error) => Err(error),
        };
        assumed.map_err(|error| ReadError::new(format!("role {arn}: {error}{before}")))
    }
}

/// Credentials as the answers of AWS hold them, JSON; `names` are the names of key, secret, token and end. The error is a fragment
/// without secrets.
fn from_json(
    json: &Value,
    names: [&str; 4],
    now: Timestamp,
) -> Result<Expiring<Credentials>, String> {
    let part = |name: &str| json[name].as_str().unwrap_or_default();
    let expires = match &json[names[3]] {
        Value::Number(milliseconds) => milliseconds
            .as_i64()
            .and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok()),
        Value::String(text) => Some(
            text.parse()
                .map_err(|_| format!("gave an {} that is no time", names[3]))?,
        ),
        _ => None,
    };
    checked(part(names[0]), part(names[1]), part(names[2]), expires, now)
}

/// Credentials that can be sent and still hold.
fn checked(
    key: &str,
    secret: &str,
    token: &str,
    expires: Option<Timestamp>,
    now: Timestamp,
) -> Result<Expiring<Credentials>, String> {
    if key.is_empty() || secret.is_empty() {
        return Err("gave no access key".to_owned());
    }
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !key.bytes().all(plain) || (!token.is_empty() && !is_token(token)) {
        return Err("gave an access key that cannot be sent".to_owned());
    }
    if let Some(expires) = expires.filter(|expires| *expires <= now) {
        return Err(format!("gave an access key that expired at {expires}"));
    }
    Ok(Expiring {
        value: Credentials {
            access_key_id: key.to_owned(),
            secret_access_key: Secret::new(secret.to_owned()),
            session_token: Secret::new(token.to_owned()),
        },
        expires,
    })
}
