//! The identity that a container (ECS, EKS Pod Identity) or a virtual machine (EC2) has.

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde_json::Value;
use url::{Host, Url};

use super::chain::WAYS;
use super::{Credentials, Expiring, Identities, from_json};
use crate::scalers::client::http::Request;
use crate::scalers::{ReadError, endpoint};

const CONTAINER_HOST: &str = "http://169.254.170.2";
const MACHINE_HOST: &str = "http://169.254.169.254";
const FOLDER: &str = "/latest/meta-data/iam/security-credentials/";
const NAMES: [&str; 4] = ["AccessKeyId", "SecretAccessKey", "Token", "Expiration"];

/// Seconds that a session with the machine's server may take; it is asked for anew each time.
const SESSION_SECONDS: HeaderValue = HeaderValue::from_static("60");
const SESSION_TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const SESSION: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");

impl Identities {
    /// `AWS_CONTAINER_CREDENTIALS_…_URI`.
    pub(super) async fn aws_container(
        &self,
        now: Timestamp,
    ) -> Result<Option<Expiring<Credentials>>, ReadError> {
        let variable = |name| self.surroundings.variable(name);
        let (name, address) = if let Some(path) = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        {
            (
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                format!("{CONTAINER_HOST}{path}"),
            )
        } else if let Some(address) = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", address)
        } else {
            return Ok(None);
        };
        let url = Url::parse(&address)
            .ok()
            .filter(|url| url.scheme() == "https" || (url.scheme() == "http" && is_nearby(url)))
            .ok_or_else(|| {
                ReadError::new(format!(
                    "{name} must be an https address, or an http address of this machine or of its container host"
                ))
            })?;
        let token = match variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            Some(file) => Some(self.token_of(&file).await.map_err(|error| {
                ReadError::new(format!("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: {error}"))
            })?),
            None => variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(crate::api::Secret::new),
        };
        let mut request = Request::default();
        if let Some(token) = token {
            let mut value = HeaderValue::try_from(token.expose().as_str()).map_err(|_| {
                ReadError::new("the AWS container authorization token cannot be sent")
            })?;
            value.set_sensitive(true);
            request.headers.insert(AUTHORIZATION, value);
        }
        let place = endpoint(url.as_str());
        let answer = self.nearby.send(&url, request).await?;
        if answer.status != 200 {
            return Err(ReadError::new(format!("{place} {}", answer.describe())));
        }
        key(&place, &answer.body, now).map(Some)
    }

    /// The metadata server of EC2, version 2 only.
    pub(super) async fn aws_machine(
        &self,
        now: Timestamp,
    ) -> Result<Expiring<Credentials>, ReadError> {
        let none = |reason: String| {
            ReadError::new(format!(
                "no AWS identity: no variables, no profile, no container, and {reason}; {WAYS}"
            ))
        };
        let variable = |name| self.surroundings.variable(name);
        if variable("AWS_EC2_METADATA_DISABLED")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
        {
            return Err(none("AWS_EC2_METADATA_DISABLED is set".to_owned()));
        }
        let host = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")
            .unwrap_or_else(|| MACHINE_HOST.to_owned());
        let base = Url::parse(&host)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| {
                ReadError::new("AWS_EC2_METADATA_SERVICE_ENDPOINT must be an http address")
            })?;
        let at = |path: &str| {
            let mut url = base.clone();
            url.set_path(path);
            url
        };
        let mut request = Request {
            put: true,
            ..Request::default()
        };
        request.headers.insert(SESSION_TTL, SESSION_SECONDS);
        let answer = self
            .nearby
            .send(&at("/latest/api/token"), request)
            .await
            .map_err(|error| none(error.to_string()))?;
        let mut session = (answer.status == 200)
            .then(|| HeaderValue::from_bytes(&answer.body).ok())
            .flatten()
            .ok_or_else(|| {
                none(format!(
                    "{} {} when it was asked for a session",
                    endpoint(base.as_str()),
                    answer.describe()
                ))
            })?;
        session.set_sensitive(true);
        let ask = |path: String| {
            let mut request = Request::default();
            request.headers.insert(SESSION, session.clone());
            let url = at(&path);
            async move {
                (
                    endpoint(url.as_str()),
                    self.nearby.send(&url, request).await,
                )
            }
        };
        let (place, answer) = ask(FOLDER.to_owned()).await;
        let answer = answer?;
        let names = String::from_utf8_lossy(&answer.body).into_owned();
        let role = names.lines().next().map(str::trim).unwrap_or_default();
        if answer.status != 200 || role.is_empty() {
            return Err(none(format!(
                "{place} {}: the machine has no role",
                answer.describe()
            )));
        }
        let (place, answer) = ask(format!("{FOLDER}{role}")).await;
        let answer = answer?;
        if answer.status != 200 {
            return Err(ReadError::new(format!("{place} {}", answer.describe())));
        }
        key(&place, &answer.body, now)
    }
}

fn key(place: &str, body: &[u8], now: Timestamp) -> Result<Expiring<Credentials>, ReadError> {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    from_json(&json, NAMES, now).map_err(|error| ReadError::new(format!("{place} {error}")))
}

/// Whether plain HTTP is allowed: this machine, and the fixed addresses of ECS and EKS.
fn is_nearby(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => {
            address.is_loopback() || matches!(address.octets(), [169, 254, 170, 2 | 23])
        }
        Some(Host::Ipv6(address)) => {
            address.is_loopback() || address.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23]
        }
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
