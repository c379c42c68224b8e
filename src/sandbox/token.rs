//! Tokens of service accounts: `POST …/serviceaccounts/NAME/token`. They look like those of a cluster and nobody has signed them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::authentication::v1::TokenRequest;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::failure::Failure;
use super::request::{Request, Target};
use super::{Shared, body, object, read};

/// Seconds that a token lives when the request says nothing, and the bounds of what it may say. [apiserver
/// `pkg/apis/authentication/validation`]
const USUAL: i64 = 3600;
const LEAST: i64 = 600;
const MOST: i64 = 1 << 32;

/// Answers a `TokenRequest`.
pub(super) fn answer(
    shared: &Shared,
    request: &Request,
    target: &Target,
    bytes: &[u8],
) -> Result<Value, Failure> {
    let asked = body::parse(request, bytes)?;
    let typed = TokenRequest::deserialize(&asked)
        .map_err(|error| Failure::bad_request(format!("error decoding request body: {error}")))?;
    let account = read::get(&shared.store(), target)?;
    let spec = typed.spec.unwrap_or_default();
    let seconds = spec.expiration_seconds.unwrap_or(USUAL);
    if !(LEAST..=MOST).contains(&seconds) {
        let problem = if seconds < LEAST {
            "may not specify a duration less than 10 minutes"
        } else {
            "may not specify a duration larger than 2^32 seconds"
        };
        return Err(Failure::new(
            422,
            "Invalid",
            format!(
                "TokenRequest.authentication.k8s.io {:?} is invalid: spec.expirationSeconds: Invalid value: {seconds}: {problem}",
                object::name(&account)
            ),
        ));
    }
    let audiences = spec
        .audiences
        .filter(|audiences| !audiences.is_empty())
        .unwrap_or_else(|| vec!["https://kubernetes.default.svc".to_owned()]);
    let now = Timestamp::now();
    let expires = now
        .checked_add(SignedDuration::from_secs(seconds))
        .map_err(|_| Failure::bad_request("the token would never expire"))?;
    let (namespace, name) = (object::namespace(&account), object::name(&account));
    let claims = json!({
        "aud": audiences, "iat": now.as_second(), "exp": expires.as_second(), "iss": "sandbox",
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
    });
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let token = format!(
        "{}.{}.sandbox",
        part(&json!({"alg": "none"})),
        part(&claims)
    );
    Ok(json!({
        "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": object::stamp(now)},
        "spec": {"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": null},
        "status": {"token": token, "expirationTimestamp": object::stamp(expires)},
    }))
}
