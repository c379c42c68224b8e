//! `authModes` of HTTP scalers. [KEDA `pkg/scalers/authentication`; triggers.md HTTPAUTH]

use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use super::http::{HttpClient, Request};
use super::oauth::ClientCredentials;
use super::tls::TlsMaterial;
use crate::api::Secret;
use crate::scalers::given::{Given, Problem};
use crate::scalers::history::{Era, since, words};
use crate::scalers::params::Source::{Auth, Metadata};
use crate::scalers::params::{Kind, ParameterSpec, Resolved, Source};
use crate::scalers::{BuildError, ReadError};

const AUTH: &[Source] = &[Auth];

/// The parameters.
pub(crate) static HTTP_AUTH: &[ParameterSpec] = &[
    ParameterSpec::new(
        &["authModes", "authMode"],
        Kind::List,
        "how requests authenticate themselves, between commas",
    )
    .from(&[Metadata, Auth])
    .allowed(&["apiKey", "basic", "tls", "bearer", "custom", "oauth"])
    .exclusive(&["bearer", "basic", "oauth"]),
    ParameterSpec::new(&["bearerToken", "token"], Kind::String, "bearer: the token").from(AUTH),
    ParameterSpec::new(&["username"], Kind::String, "basic: the user").from(AUTH),
    ParameterSpec::new(
        &["password"],
        Kind::String,
        "basic: the password, may be absent",
    )
    .from(AUTH),
    ParameterSpec::new(
        &["cert"],
        Kind::String,
        "tls: the client's certificate, PEM",
    )
    .from(AUTH),
    ParameterSpec::new(&["key"], Kind::String, "tls: the client's private key, PEM").from(AUTH),
    ParameterSpec::new(
        &["ca"],
        Kind::String,
        "an authority to trust beside the system's, PEM",
    )
    .from(AUTH),
    ParameterSpec::new(
        &["customAuthHeader"],
        Kind::String,
        "custom: name of the header",
    )
    .from(AUTH),
    ParameterSpec::new(
        &["customAuthValue"],
        Kind::String,
        "custom: value of the header",
    )
    .from(AUTH)
    .credential(),
    ParameterSpec::new(&["apiKey"], Kind::String, "apiKey: the key").from(&[Metadata, Auth]),
    ParameterSpec::new(
        &["method"],
        Kind::String,
        "apiKey: whether it goes into a header or into the query",
    )
    .from(&[Metadata, Auth])
    .allowed(&["header", "query"])
    .default("header"),
    ParameterSpec::new(
        &["keyParamName"],
        Kind::String,
        "apiKey: name of the header (X-API-KEY) or query parameter (api_key)",
    )
    .from(&[Metadata, Auth]),
];

/// When the types that have always shared their reading came to read the parameters of [`HTTP_AUTH`] and [`OAUTH`].
pub(crate) static HISTORY_OF_AUTHENTICATION: &[Era] = &[
    since(10, &["customAuthHeader", "customAuthValue"]),
    words(10, "authModes", &["custom"]),
    since(12, &["oauthTokenURI", "clientID", "clientSecret"]),
    words(12, "authModes", &["oauth"]),
    since(13, &["endpointParams"]),
];

/// The parameters of OAuth client credentials.
pub(crate) static OAUTH: &[ParameterSpec] = &[
    ParameterSpec::new(
        &["oauthTokenURI"],
        Kind::String,
        "oauth: where tokens are given",
    )
    .from(AUTH),
    ParameterSpec::new(&["scopes", "scope"], Kind::List, "oauth: scopes to ask for").from(AUTH),
    ParameterSpec::new(&["clientID"], Kind::String, "oauth: the client's name").from(AUTH),
    ParameterSpec::new(
        &["clientSecret"],
        Kind::String,
        "oauth: the client's secret",
    )
    .from(AUTH),
    ParameterSpec::new(
        &["endpointParams"],
        Kind::Query,
        "oauth: more form fields for the token request",
    )
    .from(AUTH)
    .credential(),
];

/// Each mode must have what it sends. [KEDA `pkg/scalers/authentication`, Config.Validate]
pub(crate) fn check(given: &Given<'_>, found: &mut Vec<Problem>) {
    let modes = given.value("authModes").unwrap_or_default();
    for mode in modes.split(',').map(str::trim) {
        let needed: &[&str] = match mode {
            "apiKey" => &["apiKey"],
            "basic" => &["username"],
            "tls" => &["cert", "key"],
            "bearer" => &["bearerToken"],
            "custom" => &["customAuthHeader", "customAuthValue"],
            "oauth" => &["oauthTokenURI", "clientID"],
            _ => &[],
        };
        given.needs_all(needed, &format!("authModes {mode}"), found);
    }
}

/// How requests of one trigger authenticate themselves.
#[derive(Debug)]
pub(crate) struct HttpAuthentication {
    headers: Vec<(HeaderName, HeaderValue)>,
    query: Option<(String, Secret<String>)>,
    basic: Option<Secret<(String, String)>>,
    oauth: Option<ClientCredentials>,
    tls: bool,
    enabled: bool,
}

impl HttpAuthentication {
    /// From the parameters of [`HTTP_AUTH`].
    pub(crate) fn new(parameters: &Resolved) -> Result<Self, BuildError> {
        let modes = parameters.list("authModes");
        let enabled = |mode: &str| modes.iter().any(|item| item == mode);
        let mut problems = Vec::new();
        let mut needs = |mode: &str, names: &[&str]| {
            for name in names {
                if !parameters.has(name) {
                    problems.push(format!("authModes {mode} needs parameter {name}"));
                }
            }
        };
        let mut headers: Vec<(&str, String)> = Vec::new();
        let mut query = None;
        if enabled("apiKey") {
            needs("apiKey", &["apiKey"]);
            let name = parameters.text("keyParamName");
            let key = parameters.text("apiKey");
            let or = |default| if name.is_empty() { default } else { name };
            if parameters.text("method") == "query" {
                query = Some((or("api_key").to_owned(), Secret::new(key.to_owned())));
            } else {
                headers.push((or("X-API-KEY"), key.to_owned()));
            }
        }
        if enabled("bearer") {
            needs("bearer", &["bearerToken"]);
            headers.push((
                "Authorization",
                format!("Bearer {}", parameters.text("bearerToken")),
            ));
        }
        if enabled("custom") {
            needs("custom", &["customAuthHeader", "customAuthValue"]);
            if parameters.has("customAuthHeader") {
                headers.push((
                    parameters.text("customAuthHeader"),
                    parameters.text("customAuthValue").to_owned(),
                ));
            }
        }
        if enabled("basic") {
            needs("basic", &["username"]);
        }
        if enabled("tls") {
            needs("tls", &["cert", "key"]);
        }
        let mut made = Vec::new();
        for (name, value) in headers {
            match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                (Ok(header), Ok(mut value)) => {
                    value.set_sensitive(true);
                    made.push((header, value));
                }
                (Err(_), _) => problems.push(format!("{name:?} is no name of a header")),
                (_, Err(_)) => problems.push(format!(
                    "the value for header {name} cannot be sent: it holds a line break or the like"
                )),
            }
        }
        if !problems.is_empty() {
            return Err(BuildError::all(problems));
        }
        Ok(Self {
            headers: made,
            query,
            basic: enabled("basic").then(|| {
                Secret::new((
                    parameters.text("username").to_owned(),
                    parameters.text("password").to_owned(),
                ))
            }),
            oauth: enabled("oauth")
                .then(|| ClientCredentials::new(parameters))
                .transpose()?,
            tls: enabled("tls"),
            enabled: !modes.is_empty(),
        })
    }

    /// Whether any mode is on.
    pub(crate) fn enabled(&self) -> bool {
        self.enabled
    }

    /// The TLS material: `cert` and `key` count only in mode tls, `ca` always.
    pub(crate) fn tls(
        &self,
        parameters: &Resolved,
        unsafe_ssl: bool,
    ) -> Result<TlsMaterial, BuildError> {
        let client = |name: &str| {
            if self.tls {
                parameters.secret(name)
            } else {
                Secret::default()
            }
        };
        TlsMaterial {
            ca: parameters.secret("ca"),
            cert: client("cert"),
            key: client("key"),
            unsafe_ssl,
        }
        .checked(None)
        .map_err(BuildError::new)
    }

    /// Adds to a request, asking for a token first where one is needed.
    pub(crate) async fn apply(
        &self,
        client: &HttpClient,
        url: &mut Url,
        request: &mut Request,
    ) -> Result<(), ReadError> {
        if let Some((name, key)) = &self.query {
            url.query_pairs_mut().append_pair(name, key.expose());
        }
        for (name, value) in &self.headers {
            request.headers.insert(name.clone(), value.clone());
        }
        if let Some(basic) = &self.basic {
            request.basic = Some(basic.expose().clone());
        }
        if let Some(oauth) = &self.oauth {
            let authorization = oauth.authorization(client).await?;
            request
                .headers
                .insert(reqwest::header::AUTHORIZATION, authorization);
        }
        Ok(())
    }
}
