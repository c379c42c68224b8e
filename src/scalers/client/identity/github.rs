//! Tokens of GitHub Apps. [GitHub docs, "Generating a JSON Web Token (JWT) for a GitHub App", "Authenticating as a GitHub App
//! installation"]

use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use url::Url;

use super::answer::{is_token, message};
use super::cache::Expiring;
use super::jwt::signed;
use super::{Identities, Token};
use crate::api::Secret;
use crate::scalers::client::http::Request;
use crate::scalers::client::said::said;
use crate::scalers::{ReadError, endpoint};

/// An App where it is installed.
#[derive(Debug, Clone)]
pub(crate) struct GithubApp {
    /// The address of the API, without a slash at its end.
    pub(crate) api: Url,
    pub(crate) application: i64,
    pub(crate) installation: i64,
    /// A PEM key.
    pub(crate) key: Secret<String>,
}

/// A JSON Web Token holds for ten minutes at most, by a clock that may be behind ours.
const HOLDS: i64 = 9 * 60;
/// GitHub's clock may be behind ours.
const BACK: i64 = 60;

impl Identities {
    /// A token of an App's installation.
    pub(crate) async fn github(&self, app: &GithubApp, now: Timestamp) -> Result<Token, ReadError> {
        let GithubApp {
            api,
            application,
            installation,
            key,
        } = app;
        let name = format!("github {api} {application} {installation} {}", key.expose());
        self.tokens
            .get(&name, now, || self.github_token(app, now))
            .await
    }

    async fn github_token(
        &self,
        app: &GithubApp,
        now: Timestamp,
    ) -> Result<Expiring<Token>, ReadError> {
        let seconds = now.as_second();
        let claims = json!({"iss": app.application.to_string(),
            "iat": seconds - BACK, "exp": seconds + HOLDS});
        let jwt = signed(&claims, None, app.key.expose())
            .map_err(|problem| ReadError::new(format!("appKey {problem}")))?;
        let mut url = app.api.clone();
        let installation = app.installation.to_string();
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(["app", "installations", &installation, "access_tokens"]);
        }
        let mut request = Request {
            body: Some(Vec::new()),
            ..Request::default()
        };
        let mut bearer = HeaderValue::try_from(format!("Bearer {jwt}"))
            .map_err(|_| ReadError::new("a JSON Web Token was made that cannot be sent"))?;
        bearer.set_sensitive(true);
        request.headers.insert(AUTHORIZATION, bearer);
        request.headers.insert(
            ACCEPT,
            HeaderValue::from_static("application/vnd.github+json"),
        );
        let place = endpoint(url.as_str());
        let answer = self.client.send(&url, request).await?;
        if answer.status != 201 {
            let hint = match answer.status {
                401 => "; is appKey a key of the App that applicationID names?",
                404 => "; has that App an installation with this installationID?",
                _ => "",
            };
            return Err(ReadError::new(format!(
                "{place} {}{}{hint}",
                answer.describe(),
                said(&message(&answer), &[&jwt])
            )));
        }
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let text = json["token"]
            .as_str()
            .filter(|text| is_token(text))
            .ok_or_else(|| ReadError::new(format!("{place} gave no token")))?;
        Ok(Expiring {
            value: Token {
                text: Secret::new(text.to_owned()),
                project: None,
            },
            expires: json["expires_at"]
                .as_str()
                .and_then(|text| text.parse().ok()),
        })
    }
}
