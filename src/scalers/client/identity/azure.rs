//! Tokens of Microsoft Entra ID (Azure AD). [KEDA `pkg/scalers/azure/azure_aad_workload_identity.go`, `azure_azidentity_chain.go`;
//! Microsoft identity platform, "OAuth 2.0 client credentials flow"]
//!
//! Three ways, the first that is set up: a federated token (what the workload identity webhook gives a pod, and pipelines make), a
//! client secret, the Azure CLI's login. One that is set up and refused is an error: the next would be another identity.

use jiff::Timestamp;
use serde_json::Value;

use super::answer::{is_token, token};
use super::cache::Expiring;
use super::{Identities, Token, token_server};
use crate::api::{PodIdentity, Secret};
use crate::scalers::client::http::Request;
use crate::scalers::client::said::said;
use crate::scalers::{ReadError, endpoint};

const AUTHORITY: &str = "https://login.microsoftonline.com/";

/// Which identity is meant, and for what.
#[derive(Debug, Clone)]
pub(crate) struct AzureIdentity {
    /// `https://prometheus.monitor.azure.com/.default`.
    scope: String,
    /// Those of podIdentity; empty where it leaves them to the environment.
    client: String,
    tenant: String,
    authority: String,
}

impl AzureIdentity {
    /// The identity that `identity` names, for `resource`, which may be a scope already.
    pub(crate) fn new(resource: &str, identity: Option<&PodIdentity>) -> Self {
        let resource = resource.trim_end_matches('/');
        let scope = if resource.ends_with(".default") {
            resource.to_owned()
        } else {
            format!("{resource}/.default")
        };
        let part = |part: fn(&PodIdentity) -> &Option<String>| {
            identity
                .and_then(|identity| part(identity).clone())
                .unwrap_or_default()
        };
        Self {
            scope,
            client: part(|identity| &identity.identity_id),
            tenant: part(|identity| &identity.identity_tenant_id),
            authority: part(|identity| &identity.identity_authority_host),
        }
    }
}

impl Identities {
    /// A token for `identity`.
    pub(crate) async fn azure(
        &self,
        identity: &AzureIdentity,
        now: Timestamp,
    ) -> Result<Token, ReadError> {
        let AzureIdentity {
            scope,
            client,
            tenant,
            authority,
        } = identity;
        let key = format!("azure {authority} {tenant} {client} {scope}");
        self.tokens
            .get(&key, now, || self.azure_token(identity, now))
            .await
    }

    async fn azure_token(
        &self,
        identity: &AzureIdentity,
        now: Timestamp,
    ) -> Result<Expiring<Token>, ReadError> {
        let variable = |name| self.surroundings.variable(name);
        let or = |own: &str, name| {
            if own.is_empty() {
                variable(name).unwrap_or_default()
            } else {
                own.to_owned()
            }
        };
        if let Some(file) = variable("AZURE_FEDERATED_TOKEN_FILE") {
            let path = self.surroundings.path(&file);
            let assertion = self
                .surroundings
                .file(&path)
                .await
                .and_then(|text| text.ok_or_else(|| format!("{file} does not exist")))
                .map_err(|error| ReadError::new(format!("AZURE_FEDERATED_TOKEN_FILE: {error}")))?;
            let login = Login {
                authority: or(&identity.authority, "AZURE_AUTHORITY_HOST"),
                tenant: or(&identity.tenant, "AZURE_TENANT_ID"),
                client: or(&identity.client, "AZURE_CLIENT_ID"),
                proof: Secret::new(assertion.trim().to_owned()),
                federated: true,
            };
            return self.azure_login(login, &identity.scope, now).await;
        }
        if let Some(secret) = variable("AZURE_CLIENT_SECRET") {
            // The secret belongs to the environment's client, whomever the manifest names.
            let login = Login {
                authority: or("", "AZURE_AUTHORITY_HOST"),
                tenant: or("", "AZURE_TENANT_ID"),
                client: or("", "AZURE_CLIENT_ID"),
                proof: Secret::new(secret),
                federated: false,
            };
            return self.azure_login(login, &identity.scope, now).await;
        }
        self.azure_cli(identity).await
    }

    async fn azure_login(
        &self,
        login: Login,
        scope: &str,
        now: Timestamp,
    ) -> Result<Expiring<Token>, ReadError> {
        let (way, more) = if login.federated {
            ("AZURE_FEDERATED_TOKEN_FILE", "identityId")
        } else {
            ("AZURE_CLIENT_SECRET", "")
        };
        let fits = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        };
        for (value, name, pod) in [
            (&login.tenant, "AZURE_TENANT_ID", "identityTenantId"),
            (&login.client, "AZURE_CLIENT_ID", more),
        ] {
            if !fits(value) {
                let pod = if login.federated {
                    format!(" (or podIdentity.{pod})")
                } else {
                    String::new()
                };
                return Err(ReadError::new(format!(
                    "{way} needs {name}{pod} too, a name or an identifier"
                )));
            }
        }
        let authority = match login.authority.as_str() {
            "" => AUTHORITY,
            authority => authority,
        };
        let mut url = token_server("the Azure authority host", authority)?;
        url.set_path(&format!("/{}/oauth2/v2.0/token", login.tenant));
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &login.client),
            ("scope", scope),
        ];
        let proof = login.proof.expose();
        if login.federated {
            form.extend([
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ),
                ("client_assertion", proof.as_str()),
            ]);
        } else {
            form.push(("client_secret", proof));
        }
        let request = Request {
            form: Some(owned(&form)),
            ..Request::default()
        };
        let answer = self.client.send(&url, request).await?;
        let place = endpoint(url.as_str());
        token(&place, &answer, now, &[proof])
    }

    /// The login of the Azure CLI.
    async fn azure_cli(&self, identity: &AzureIdentity) -> Result<Expiring<Token>, ReadError> {
        const WAYS: &str = "set AZURE_FEDERATED_TOKEN_FILE, or AZURE_CLIENT_SECRET with AZURE_CLIENT_ID and AZURE_TENANT_ID, or sign in with: az login";
        let program = if cfg!(windows) { "az.cmd" } else { "az" };
        let mut arguments = vec!["account", "get-access-token", "--output", "json"];
        arguments.extend(["--scope", &identity.scope]);
        if !identity.tenant.is_empty() {
            arguments.extend(["--tenant", &identity.tenant]);
        }
        let said_by_cli = self
            .surroundings
            .run(program, &arguments)
            .await
            .map_err(ReadError::new)?
            .ok_or_else(|| {
                ReadError::new(format!(
                    "no Azure identity: neither AZURE_FEDERATED_TOKEN_FILE nor AZURE_CLIENT_SECRET is set, and there is no Azure CLI; {WAYS}"
                ))
            })?;
        if !said_by_cli.succeeded {
            return Err(ReadError::new(format!(
                "no Azure identity: the Azure CLI gives no token{}; {WAYS}",
                said(&said_by_cli.stderr, &[])
            )));
        }
        let json: Value = serde_json::from_str(said_by_cli.stdout.expose()).unwrap_or_default();
        let text = json["accessToken"].as_str().filter(|text| is_token(text));
        // Older versions give a local time only, which is not worth guessing: their token is asked for anew.
        let expires = json["expires_on"]
            .as_i64()
            .and_then(|seconds| Timestamp::from_second(seconds).ok());
        match text {
            Some(text) => Ok(Expiring {
                value: Token {
                    text: Secret::new(text.to_owned()),
                    project: None,
                },
                expires,
            }),
            None => Err(ReadError::new(
                "no Azure identity: az account get-access-token answered without accessToken",
            )),
        }
    }
}

struct Login {
    authority: String,
    tenant: String,
    client: String,
    proof: Secret<String>,
    federated: bool,
}

/// A form as it is sent.
pub(super) fn owned(form: &[(&str, &str)]) -> Vec<(String, String)> {
    form.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}
