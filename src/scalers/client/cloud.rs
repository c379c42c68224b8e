//! How requests to a cloud's own services prove who asks.

use std::sync::Arc;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::identity::aws::AwsIdentity;
use super::identity::azure::AzureIdentity;
use super::identity::google::GoogleIdentity;
use super::identity::{Identities, Token};
use super::sigv4::{Credentials, Signer};
use crate::scalers::{ClusterReader, ReadError, ScalerContext};

/// Who asks, and how it is shown.
#[derive(Clone)]
pub(crate) struct Cloud {
    identities: Arc<Identities>,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Aws {
        identity: AwsIdentity,
        region: String,
        service: &'static str,
        cluster: Arc<dyn ClusterReader>,
    },
    Azure(AzureIdentity),
    Google(GoogleIdentity),
}

const PROJECT: HeaderName = HeaderName::from_static("x-goog-user-project");

impl std::fmt::Debug for Cloud {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cloud").finish_non_exhaustive()
    }
}

impl Cloud {
    /// Signatures of AWS for `service` (`aps`) in `region`.
    pub(crate) fn aws(
        context: &ScalerContext<'_>,
        identity: AwsIdentity,
        region: &str,
        service: &'static str,
    ) -> Self {
        Self::new(
            context,
            Way::Aws {
                identity,
                region: region.to_owned(),
                service,
                cluster: Arc::clone(&context.cluster),
            },
        )
    }

    /// Tokens of Azure for `resource`, or for a scope.
    pub(crate) fn azure(context: &ScalerContext<'_>, resource: &str) -> Self {
        let identity = AzureIdentity::new(resource, context.pod_identity);
        Self::new(context, Way::Azure(identity))
    }

    /// Tokens of Google.
    pub(crate) fn google(context: &ScalerContext<'_>, identity: GoogleIdentity) -> Self {
        Self::new(context, Way::Google(identity))
    }

    fn new(context: &ScalerContext<'_>, way: Way) -> Self {
        Self {
            identities: Arc::clone(&context.identities),
            way,
        }
    }

    /// Signs a request, a POST of `body` or else a GET, or adds a token to any. The last that is done to a request.
    pub(crate) async fn authorize(
        &self,
        url: &mut Url,
        headers: &mut HeaderMap,
        body: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(), ReadError> {
        let token = match &self.way {
            Way::Aws {
                identity,
                region,
                service,
                cluster,
            } => {
                let credentials = self
                    .identities
                    .aws(identity, region, &**cluster, now)
                    .await?;
                Signer::new(credentials, region, service)
                    .map_err(ReadError::new)?
                    .sign(url, headers, body, now);
                return Ok(());
            }
            Way::Azure(identity) => self.identities.azure(identity, now).await?,
            Way::Google(identity) => self.identities.google(identity, now).await?,
        };
        token.add(headers)
    }
}

impl Cloud {
    /// The credentials of AWS, for what signs by itself; `None` for other clouds.
    pub(crate) async fn aws_credentials(
        &self,
        now: Timestamp,
    ) -> Result<Option<Credentials>, ReadError> {
        let Way::Aws {
            identity,
            region,
            cluster,
            ..
        } = &self.way
        else {
            return Ok(None);
        };
        let credentials = self.identities.aws(identity, region, &**cluster, now);
        credentials.await.map(Some)
    }
}

impl Token {
    fn add(&self, headers: &mut HeaderMap) -> Result<(), ReadError> {
        let mut value = HeaderValue::try_from(format!("Bearer {}", self.text.expose()))
            .map_err(|_| ReadError::new("a token was given that cannot be sent"))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        if let Some(project) = &self.project
            && let Ok(value) = HeaderValue::try_from(project)
        {
            headers.insert(PROJECT, value);
        }
        Ok(())
    }
}
