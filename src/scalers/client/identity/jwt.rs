//! JSON Web Tokens that are signed with an RSA key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::sign::Signer;
use serde_json::{Value, json};

/// What signs with a PEM key; the error is a fragment without the key.
fn signer(private_key: &str) -> Result<Box<dyn Signer>, &'static str> {
    let key = PrivateKeyDer::from_pem_slice(private_key.as_bytes())
        .map_err(|_| "is no PEM private key")?;
    default_provider()
        .key_provider
        .load_private_key(key)
        .ok()
        .and_then(|key| key.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256]))
        .ok_or("is no RSA key")
}

/// Whether a key can sign; the error is a fragment without the key.
pub(crate) fn can_sign(private_key: &str) -> Result<(), &'static str> {
    signer(private_key).map(drop)
}

/// A token with these claims, signed with RS256 and a PEM key. The error is a fragment without the key. [RFC 7519, RFC 7518 §3.3]
pub(crate) fn signed(
    claims: &Value,
    key_id: Option<&str>,
    private_key: &str,
) -> Result<String, &'static str> {
    let mut header = json!({"alg": "RS256", "typ": "JWT"});
    if let Some(id) = key_id {
        header["kid"] = json!(id);
    }
    let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let message = format!("{}.{}", part(&header), part(claims));
    let signature = signer(private_key)?
        .sign(message.as_bytes())
        .map_err(|_| "cannot sign")?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}
