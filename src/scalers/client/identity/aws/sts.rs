//! Roles: the Security Token Service. [AWS STS API Reference, `AssumeRole` and `AssumeRoleWithWebIdentity`]

use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use url::{Url, form_urlencoded};

use super::super::azure::owned;
use super::super::token_server;
use super::{Credentials, Expiring, Identities, checked};
use crate::api::Secret;
use crate::scalers::client::http::{Answer, Request};
use crate::scalers::client::said::said;
use crate::scalers::client::sigv4::Signer;
use crate::scalers::client::xml;
use crate::scalers::{ReadError, endpoint};

const VERSION: (&str, &str) = ("Version", "2011-06-15");

/// What is asked for.
pub(super) struct Role<'a> {
    pub(super) arn: &'a str,
    pub(super) external_id: Option<&'a str>,
    pub(super) session: &'a str,
    pub(super) seconds: Option<&'a str>,
}

impl Identities {
    /// Assumes a role with an access key.
    pub(super) async fn sts_assume(
        &self,
        role: &Role<'_>,
        own: Credentials,
        region: &str,
        now: Timestamp,
    ) -> Result<Expiring<Credentials>, ReadError> {
        let secrets = [own.secret_access_key.clone(), own.session_token.clone()];
        let mut url = self.sts_endpoint(region)?;
        let mut form = vec![
            ("Action", "AssumeRole"),
            VERSION,
            ("RoleArn", role.arn),
            ("RoleSessionName", role.session),
        ];
        form.extend(role.external_id.map(|id| ("ExternalId", id)));
        form.extend(role.seconds.map(|seconds| ("DurationSeconds", seconds)));
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish()
            .into_bytes();
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        Signer::new(own, region, "sts")
            .map_err(ReadError::new)?
            .sign(&mut url, &mut headers, Some(&body), now);
        let request = Request {
            headers,
            body: Some(body),
            ..Request::default()
        };
        let answer = self.client.send(&url, request).await?;
        let secrets = secrets.each_ref().map(|secret| secret.expose().as_str());
        assumed(&url, &answer, now, &secrets)
    }

    /// Assumes a role with a token of somebody whom the role trusts.
    pub(super) async fn sts_web_identity(
        &self,
        arn: &str,
        session: &str,
        token: &Secret<String>,
        region: &str,
        now: Timestamp,
    ) -> Result<Expiring<Credentials>, ReadError> {
        let url = self.sts_endpoint(region)?;
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"),
            VERSION,
            ("RoleArn", arn),
            ("RoleSessionName", session),
            ("WebIdentityToken", token.expose()),
        ];
        let request = Request {
            form: Some(owned(&form)),
            ..Request::default()
        };
        let answer = self.client.send(&url, request).await?;
        assumed(&url, &answer, now, &[token.expose()])
    }

    fn sts_endpoint(&self, region: &str) -> Result<Url, ReadError> {
        let (name, address) = self.aws_endpoint("sts", region);
        token_server(&name, &address)
    }
}

fn assumed(
    url: &Url,
    answer: &Answer,
    now: Timestamp,
    secrets: &[&str],
) -> Result<Expiring<Credentials>, ReadError> {
    let place = endpoint(url.as_str());
    let part = xml::leaves(&answer.body);
    let part = |name: &str| part.get(name).map(String::as_str).unwrap_or_default();
    if answer.status != 200 {
        let text = [part("Code"), part("Message")].join(" ");
        return Err(ReadError::new(format!(
            "{place} {}{}",
            answer.describe(),
            said(&text, secrets)
        )));
    }
    let expires = part("Expiration").parse().map_err(|_| {
        ReadError::new(format!(
            "{place} answered with something that is no role's access key"
        ))
    })?;
    checked(
        part("AccessKeyId"),
        part("SecretAccessKey"),
        part("SessionToken"),
        Some(expires),
        now,
    )
    .map_err(|error| ReadError::new(format!("{place} {error}")))
}
