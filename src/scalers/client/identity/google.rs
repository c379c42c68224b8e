//! Tokens of Google. [KEDA `pkg/scalers/gcp/gcp_common.go`; Google, "How Application Default Credentials works", "Using OAuth 2.0 for
//! Server to Server Applications"]

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::answer::token;
use super::azure::owned;
use super::cache::Expiring;
use super::jwt::signed;
use super::{Identities, Token, token_server};
use crate::api::Secret;
use crate::scalers::client::http::Request;
use crate::scalers::{ReadError, endpoint};

const TOKEN_SERVER: &str = "https://oauth2.googleapis.com/token";
const METADATA_HOST: &str = "metadata.google.internal";
const WAYS: &str = "set GOOGLE_APPLICATION_CREDENTIALS to a key file, or sign in with: gcloud auth application-default login";

/// Which identity is meant, and for what.
#[derive(Debug, Clone)]
pub(crate) struct GoogleIdentity {
    who: Who,
    scope: &'static str,
}

#[derive(Debug, Clone)]
enum Who {
    /// Application Default Credentials: podIdentity gcp.
    Default,
    /// The text of a service account's key.
    Key(Secret<String>),
    /// The same in a file of this machine.
    File(PathBuf),
}

impl GoogleIdentity {
    /// The caller's Application Default Credentials.
    pub(crate) fn default_credentials(scope: &'static str) -> Self {
        Self {
            who: Who::Default,
            scope,
        }
    }

    /// A service account with its key, JSON.
    pub(crate) fn key(key: Secret<String>, scope: &'static str) -> Self {
        Self {
            who: Who::Key(key),
            scope,
        }
    }

    /// A service account with its key in a file.
    pub(crate) fn file(path: &str, scope: &'static str) -> Self {
        Self {
            who: Who::File(PathBuf::from(path)),
            scope,
        }
    }
}

impl Identities {
    /// A token for `identity`.
    pub(crate) async fn google(
        &self,
        identity: &GoogleIdentity,
        now: Timestamp,
    ) -> Result<Token, ReadError> {
        let scope = identity.scope;
        let key = match &identity.who {
            Who::Default => format!("google {scope}"),
            Who::Key(key) => format!("google {scope} {}", key.expose()),
            Who::File(path) => format!("google {scope} {}", path.display()),
        };
        self.tokens
            .get(&key, now, || self.google_token(identity, now))
            .await
    }

    async fn google_token(
        &self,
        identity: &GoogleIdentity,
        now: Timestamp,
    ) -> Result<Expiring<Token>, ReadError> {
        let scope = identity.scope;
        match &identity.who {
            Who::Default => self.google_default(scope, now).await,
            // KEDA takes nothing else than a service account here.
            Who::Key(key) => {
                let what = "GoogleApplicationCredentials";
                self.google_account(what, key.expose(), scope, now, false)
                    .await
            }
            Who::File(path) => {
                let text = self.google_file(path).await?.ok_or_else(|| {
                    ReadError::new(format!(
                        "credentialsFromEnvFile: {} does not exist on this machine",
                        path.display()
                    ))
                })?;
                let what = path.display().to_string();
                self.google_account(&what, text.expose(), scope, now, false)
                    .await
            }
        }
    }

    async fn google_file(&self, path: &Path) -> Result<Option<Secret<String>>, ReadError> {
        self.surroundings
            .file(path)
            .await
            .map(|text| text.map(Secret::new))
            .map_err(ReadError::new)
    }

    /// The file that the environment names, gcloud's file, the server of a machine at Google.
    async fn google_default(
        &self,
        scope: &str,
        now: Timestamp,
    ) -> Result<Expiring<Token>, ReadError> {
        let variable = |name| self.surroundings.variable(name);
        if let Some(path) = variable("GOOGLE_APPLICATION_CREDENTIALS") {
            let text = self
                .google_file(&self.surroundings.path(&path))
                .await?
                .ok_or_else(|| {
                    ReadError::new(format!(
                        "GOOGLE_APPLICATION_CREDENTIALS: {path} does not exist"
                    ))
                })?;
            return self
                .google_account(&path, text.expose(), scope, now, true)
                .await;
        }
        let folder =
            variable("CLOUDSDK_CONFIG")
                .map(PathBuf::from)
                .or_else(|| match variable("APPDATA") {
                    Some(folder) if cfg!(windows) => Some(PathBuf::from(folder).join("gcloud")),
                    _ => self.surroundings.home(".config/gcloud"),
                });
        if let Some(folder) = folder {
            let path = folder.join("application_default_credentials.json");
            if let Some(text) = self.google_file(&path).await? {
                let what = path.display().to_string();
                return self
                    .google_account(&what, text.expose(), scope, now, true)
                    .await;
            }
        }
        self.google_machine(scope, now).await
    }

    /// The metadata server of a virtual machine or of a pod at Google.
    async fn google_machine(
        &self,
        scope: &str,
        now: Timestamp,
    ) -> Result<Expiring<Token>, ReadError> {
        let host = self
            .surroundings
            .variable("GCE_METADATA_HOST")
            .unwrap_or_else(|| METADATA_HOST.to_owned());
        let address =
            format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
        let mut url = Url::parse(&address)
            .map_err(|_| ReadError::new("GCE_METADATA_HOST must be a host, perhaps with a port"))?;
        url.query_pairs_mut().append_pair("scopes", scope);
        let mut request = Request::default();
        request.headers.insert(
            "metadata-flavor",
            reqwest::header::HeaderValue::from_static("Google"),
        );
        let answer = self.nearby.send(&url, request).await.map_err(|error| {
            ReadError::new(format!(
                "no Google identity: there are no Application Default Credentials, and {error}; {WAYS}"
            ))
        })?;
        token(&endpoint(&address), &answer, now, &[])
    }

    /// Asks for a token with what a credentials file holds; `users`: logins of gcloud are taken too.
    async fn google_account(
        &self,
        what: &str,
        text: &str,
        scope: &str,
        now: Timestamp,
        users: bool,
    ) -> Result<Expiring<Token>, ReadError> {
        let wrong = |problem: &str| ReadError::new(format!("{what} {problem}"));
        let file: Value = serde_json::from_str(text)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| {
                wrong("is no JSON object: it must be the key file of a service account")
            })?;
        let part = |name: &str| {
            file[name]
                .as_str()
                .filter(|part| !part.is_empty())
                .ok_or_else(|| wrong(&format!("has no {name}")))
        };
        let server = file["token_uri"].as_str().unwrap_or(TOKEN_SERVER);
        let url = token_server(&format!("token_uri of {what}"), server)?;
        let (form, secret) = match part("type")? {
            "service_account" => {
                let claims = json!({
                    "iss": part("client_email")?, "scope": scope, "aud": server,
                    "iat": now.as_second(), "exp": now.as_second() + 3600,
                });
                let assertion = signed(
                    &claims,
                    file["private_key_id"].as_str(),
                    part("private_key")?,
                )
                .map_err(|problem| wrong(&format!("has a private_key that {problem}")))?;
                let form = vec![
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                    ("assertion", &assertion),
                ];
                (owned(&form), assertion)
            }
            "authorized_user" if users => {
                let form = [
                    ("grant_type", "refresh_token"),
                    ("client_id", part("client_id")?),
                    ("client_secret", part("client_secret")?),
                    ("refresh_token", part("refresh_token")?),
                ];
                (owned(&form), part("refresh_token")?.to_owned())
            }
            "authorized_user" => {
                return Err(wrong(
                    "is a user's login; KEDA takes the key of a service account here, or podIdentity gcp",
                ));
            }
            other => {
                return Err(wrong(&format!(
                    "holds credentials of type {other:?}, with which keda-jobs cannot sign in; use the key of a service account{}",
                    if users {
                        ", or gcloud auth application-default login"
                    } else {
                        ""
                    }
                )));
            }
        };
        let request = Request {
            form: Some(form),
            ..Request::default()
        };
        let answer = self.client.send(&url, request).await?;
        let secrets = [
            secret.as_str(),
            file["client_secret"].as_str().unwrap_or_default(),
        ];
        let place = endpoint(url.as_str());
        let mut given = token(&place, &answer, now, &secrets)?;
        given.value.project = file["quota_project_id"].as_str().map(str::to_owned);
        Ok(given)
    }
}
