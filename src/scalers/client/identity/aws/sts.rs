//! Roles: the Security Token Service. [AWS STS API Reference, `AssumeRole` and `AssumeRoleWithWebIdentity`]

use std::collections::BTreeMap;

use jiff::Timestamp;
use reqwest::header::HeaderMap;
use url::Url;

use super::super::answer::said;
use super::super::azure::owned;
use super::super::token_server;
use super::{Credentials, Expiring, Identities, checked};
use crate::api::Secret;
use crate::scalers::client::http::{Answer, Request};
use crate::scalers::client::sigv4::Signer;
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
        let mut query = vec![
            ("Action", "AssumeRole"),
            VERSION,
            ("RoleArn", role.arn),
            ("RoleSessionName", role.session),
        ];
        query.extend(role.external_id.map(|id| ("ExternalId", id)));
        query.extend(role.seconds.map(|seconds| ("DurationSeconds", seconds)));
        url.query_pairs_mut().extend_pairs(query);
        let mut headers = HeaderMap::new();
        Signer::new(own, region, "sts")
            .map_err(ReadError::new)?
            .sign(&mut url, &mut headers, now);
        let request = Request {
            headers,
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

    /// The service of a region, unless the environment names another one, as it does for the SDKs.
    fn sts_endpoint(&self, region: &str) -> Result<Url, ReadError> {
        for name in ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] {
            if let Some(address) = self.surroundings.variable(name) {
                return token_server(name, &address);
            }
        }
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        token_server(
            "the STS endpoint",
            &format!("https://sts.{region}.amazonaws.com{suffix}/"),
        )
    }
}

fn assumed(
    url: &Url,
    answer: &Answer,
    now: Timestamp,
    secrets: &[&str],
) -> Result<Expiring<Credentials>, ReadError> {
    let place = endpoint(url.as_str());
    let part = leaves(&answer.body);
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

/// The texts of an XML document by the name of their element, the first of each name; nothing when it is no XML.
fn leaves(body: &[u8]) -> BTreeMap<String, String> {
    use quick_xml::events::Event;

    let mut reader = quick_xml::Reader::from_reader(body);
    let mut buffer = Vec::new();
    let mut found = BTreeMap::new();
    let mut open = String::new();
    loop {
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(start)) => start.name().as_ref().clone_into(&mut open),
            Ok(Event::Text(text)) => {
                let text = text.trim();
                if !open.is_empty() && !text.is_empty() {
                    found.entry(open.clone()).or_insert_with(|| text.to_owned());
                }
            }
            Ok(Event::End(_)) => open.clear(),
            Ok(Event::Eof) => return found,
            Ok(_) => {}
            Err(_) => return BTreeMap::new(),
        }
        buffer.clear();
    }
}
