//! A storage account: where it is, and who asks. [KEDA `azure/azure_storage.go`; Azure SDK for Go, `ParseConnectionString`;
//! Azure Storage, "Authorize with Shared Key"]

mod connection;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;
use url::Url;

use self::connection::{Connection, Proof};
use super::{Environment, host_suffix};
use crate::api::Secret;
use crate::scalers::client::cloud::Cloud;
use crate::scalers::client::http::{Answer, HttpClient, Request};
use crate::scalers::client::said::said;
use crate::scalers::client::tls::TlsMaterial;
use crate::scalers::client::xml;
use crate::scalers::params::Resolved;
use crate::scalers::{BuildError, ReadError, ScalerContext, endpoint};

/// The version of the service's interface.
const VERSION: &str = "2021-12-02";
const VERSION_HEADER: HeaderName = HeaderName::from_static("x-ms-version");
const DATE_HEADER: HeaderName = HeaderName::from_static("x-ms-date");
/// For what tokens are made.
const RESOURCE: &str = "https://storage.azure.com";

/// What a storage account holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Blob,
    Queue,
}

impl Service {
    /// Its part of the host's name.
    fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Queue => "queue",
        }
    }

    /// The key of a connection string that says where it is.
    fn endpoint_key(self) -> &'static str {
        match self {
            Self::Blob => "BlobEndpoint",
            Self::Queue => "QueueEndpoint",
        }
    }

    /// The role that reads it, and the part of a shared access signature that does.
    fn rights(self) -> (&'static str, &'static str) {
        match self {
            Self::Blob => ("Storage Blob Data Reader", "list blobs (ss=b, srt=c, sp=l)"),
            Self::Queue => (
                "Storage Queue Data Reader",
                "read queues (ss=q, srt=co, sp=r)",
            ),
        }
    }
}

/// One service of a storage account.
#[derive(Debug)]
pub(super) struct Storage {
    service: Service,
    url: Url,
    way: Way,
    client: HttpClient,
    now: fn() -> Timestamp,
}

/// How a request shows who asks.
#[derive(Debug)]
enum Way {
    Proof(Proof),
    Token(Cloud),
}

impl Storage {
    /// The service that the connection string names, or with podIdentity azure-workload accountName.
    pub(super) fn new(
        context: &ScalerContext<'_>,
        parameters: &Resolved,
        service: Service,
    ) -> Result<Self, BuildError> {
        // KEDA looks at cloud beside a connection string too, which needs none.
        let suffix = host_suffix(parameters, "endpointSuffix", |environment: &Environment| {
            format!("{}.{}", service.name(), environment.storage)
        })?;
        let (url, way) = match context.provider() {
            "" => {
                if !parameters.has("connection") {
                    return Err(BuildError::new("parameter connection is missing"));
                }
                let connection = Connection::parse(
                    parameters.text("connection"),
                    service.name(),
                    service.endpoint_key(),
                )
                .map_err(|error| BuildError::new(format!("parameter connection {error}")))?;
                (connection.url, Way::Proof(connection.proof))
            }
            "azure-workload" => {
                let account = parameters.text("accountName");
                let url = connection::host("https", &format!("{account}.{suffix}"))
                    .filter(|_| connection::is_account(account))
                    .ok_or_else(|| {
                        BuildError::new(format!(
                            "parameters accountName and endpointSuffix make no host: {account:?}, {suffix:?}"
                        ))
                    })?;
                (url, Way::Token(Cloud::azure(context, RESOURCE)))
            }
            other => {
                return Err(BuildError::new(format!(
                    "KEDA has no podIdentity {other} for storage accounts; use azure-workload or parameter connection"
                )));
            }
        };
        let client = HttpClient::new(
            context.http_timeout,
            TlsMaterial::default(),
            context.service_proxy,
            context.clients,
        );
        Ok(Self {
            service,
            url,
            way,
            client: client.without_redirects(),
            now: context.now,
        })
    }

    /// The address of something in it.
    pub(super) fn url(&self, path: &[&str]) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// Asks for one thing. Any answer but success is an error.
    pub(super) async fn get(&self, mut url: Url) -> Result<Answer, ReadError> {
        // A plus is itself to Azure.
        if let Some(query) = url.query().map(|query| query.replace('+', "%20")) {
            url.set_query(Some(&query));
        }
        let now = (self.now)();
        let mut headers = HeaderMap::new();
        headers.insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
        headers.insert(DATE_HEADER, date(now));
        match &self.way {
            Way::Proof(Proof::Key { account, key }) => {
                let mut value = signature(account, key, &url, &headers);
                value.set_sensitive(true);
                headers.insert(AUTHORIZATION, value);
            }
            Way::Proof(Proof::Signature(signature)) => {
                let own = url.query().map(|query| format!("{query}&"));
                let query = format!("{}{}", own.unwrap_or_default(), signature.expose());
                url.set_query(Some(&query));
            }
            Way::Token(cloud) => cloud.authorize(&mut url, &mut headers, None, now).await?,
        }
        let request = Request {
            headers,
            ..Request::default()
        };
        let answer = self.client.send(&url, request).await?;
        if (200..300).contains(&answer.status) {
            Ok(answer)
        } else {
            Err(self.refusal(&url, &answer))
        }
    }

    fn refusal(&self, url: &Url, answer: &Answer) -> ReadError {
        let parts = xml::leaves(&answer.body);
        let part = |name: &str| parts.get(name).map(String::as_str).unwrap_or_default();
        let code = match part("Code") {
            "" => answer
                .headers
                .get("x-ms-error-code")
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default(),
            code => code,
        };
        let message = part("Message").lines().next().unwrap_or_default();
        let secrets: &[&str] = match &self.way {
            Way::Proof(Proof::Signature(signature)) => &[signature.expose()],
            _ => &[],
        };
        ReadError::new(format!(
            "{} {}{}{}",
            endpoint(url.as_str()),
            answer.describe(),
            said(&format!("{code} {message}"), secrets),
            self.advice(code)
        ))
    }

    /// What to do about a refusal.
    fn advice(&self, code: &str) -> String {
        let (role, rights) = self.service.rights();
        match (code, &self.way) {
            ("AuthenticationFailed", Way::Proof(Proof::Key { .. })) => {
                "; is AccountKey a key of AccountName, and is this machine's clock right?"
                    .to_owned()
            }
            ("AuthenticationFailed", Way::Proof(Proof::Signature(_))) => {
                "; is SharedAccessSignature whole and not expired?".to_owned()
            }
            (_, Way::Proof(Proof::Signature(_))) if code.starts_with("Authorization") => {
                format!("; the SharedAccessSignature must permit to {rights}")
            }
            ("AuthorizationPermissionMismatch", Way::Token(_)) => {
                format!("; the identity needs the role {role}")
            }
            _ => String::new(),
        }
    }
}

/// A time as HTTP writes it.
fn date(now: Timestamp) -> HeaderValue {
    let text = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::try_from(text).expect("a time is letters, digits and punctuation")
}

/// What proves in a GET request that its sender has the key.
fn signature(account: &str, key: &Secret<Vec<u8>>, url: &Url, headers: &HeaderMap) -> HeaderValue {
    // Eleven headers that a GET request does not have stand between the method and these.
    let mut text = "GET\n\n\n\n\n\n\n\n\n\n\n\n".to_owned();
    for name in [&DATE_HEADER, &VERSION_HEADER] {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        text.extend([name.as_str(), ":", value.unwrap_or_default(), "\n"]);
    }
    text.extend(["/", account, url.path()]);
    let mut pairs: Vec<_> = url.query_pairs().collect();
    pairs.sort();
    for (name, value) in pairs {
        text.extend(["\n", &name, ":", &value]);
    }
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key.expose()).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    HeaderValue::try_from(format!("SharedKey {account}:{signature}"))
        .expect("the account was checked to be letters and digits")
}
