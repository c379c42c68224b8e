//! OAuth 2.0 client credentials. [RFC 6749 §4.4]

use reqwest::header::HeaderValue;
use url::Url;

use super::http::{HttpClient, Request, parse_url};
use crate::api::Secret;
use crate::scalers::params::Resolved;
use crate::scalers::{BuildError, ReadError, endpoint};

/// Where a token comes from.
#[derive(Debug)]
pub(crate) struct ClientCredentials {
    token_url: Url,
    client_id: Secret<String>,
    client_secret: Secret<String>,
    scopes: Vec<String>,
    endpoint_params: Secret<Vec<(String, String)>>,
}

impl ClientCredentials {
    /// From the parameters `oauthTokenURI`, `clientID`, `clientSecret`, `scopes` and `endpointParams`. A client that shows a certificate
    /// instead of a secret has no `clientSecret`. [RFC 8705; KEDA `authentication_types.go`]
    pub(crate) fn new(parameters: &Resolved) -> Result<Self, BuildError> {
        let missing: Vec<&str> = ["oauthTokenURI", "clientID"]
            .into_iter()
            .filter(|name| !parameters.has(name))
            .collect();
        if !missing.is_empty() {
            return Err(BuildError::new(format!(
                "OAuth needs {} too",
                missing.join(", ")
            )));
        }
        Ok(Self {
            token_url: parse_url("oauthTokenURI", parameters.text("oauthTokenURI"))
                .map_err(BuildError::new)?,
            client_id: parameters.secret("clientID"),
            client_secret: parameters.secret("clientSecret"),
            scopes: parameters.list("scopes").to_vec(),
            endpoint_params: Secret::new(parameters.pairs("endpointParams").to_vec()),
        })
    }

    /// Of a client with a secret, from parameters that are called something else.
    pub(crate) fn of(
        token_url: Url,
        client_id: Secret<String>,
        client_secret: Secret<String>,
        scopes: Vec<String>,
    ) -> Self {
        Self {
            token_url,
            client_id,
            client_secret,
            scopes,
            endpoint_params: Secret::default(),
        }
    }

    /// The value of an `Authorization` header with a new token.
    pub(crate) async fn authorization(
        &self,
        client: &HttpClient,
    ) -> Result<HeaderValue, ReadError> {
        let (kind, token) = self.token(client).await?;
        HeaderValue::try_from(format!("{kind} {}", token.expose()))
            .map(|mut value| {
                value.set_sensitive(true);
                value
            })
            .map_err(|_| self.without_token())
    }

    /// Asks for a token; what it is called in a header comes with it. The client's name and secret go into the header first and, when
    /// that is refused, into the form, as Go's oauth2 package does.
    pub(crate) async fn token(
        &self,
        client: &HttpClient,
    ) -> Result<(String, Secret<String>), ReadError> {
        let place = endpoint(self.token_url.as_str());
        let mut form = vec![("grant_type".to_owned(), "client_credentials".to_owned())];
        if !self.scopes.is_empty() {
            form.push(("scope".to_owned(), self.scopes.join(" ")));
        }
        form.extend(self.endpoint_params.expose().iter().cloned());
        let escape = |text: &str| -> String {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
        };
        let first = Request {
            basic: Some((
                escape(self.client_id.expose()),
                escape(self.client_secret.expose()),
            )),
            form: Some(form.clone()),
            ..Request::default()
        };
        let mut answer = client.send(&self.token_url, first).await?;
        if matches!(answer.status, 400 | 401) {
            form.push(("client_id".to_owned(), self.client_id.expose().clone()));
            let secret = self.client_secret.expose();
            if !secret.is_empty() {
                form.push(("client_secret".to_owned(), secret.clone()));
            }
            let second = Request {
                form: Some(form),
                ..Request::default()
            };
            answer = client.send(&self.token_url, second).await?;
        }
        if !(200..300).contains(&answer.status) {
            return Err(ReadError::new(format!("{place} {}", answer.describe())));
        }
        let token: serde_json::Value = serde_json::from_slice(&answer.body).map_err(|_| {
            ReadError::new(format!("{place} answered with something else than JSON"))
        })?;
        let kind = match token["token_type"].as_str() {
            None | Some("") => "Bearer",
            Some(kind) if kind.eq_ignore_ascii_case("bearer") => "Bearer",
            Some(kind) => kind,
        };
        token["access_token"]
            .as_str()
            .filter(|token| !token.is_empty())
            .map(|token| (kind.to_owned(), Secret::new(token.to_owned())))
            .ok_or_else(|| self.without_token())
    }

    fn without_token(&self) -> ReadError {
        let place = endpoint(self.token_url.as_str());
        ReadError::new(format!("{place} gave no access_token"))
    }
}
