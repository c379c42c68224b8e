//! What a plugin prints: an `ExecCredential`, as client-go decodes it. [client-go `plugin/pkg/client/auth/exec/exec.go`:
//! `refreshCredsLocked`]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use serde::Deserialize;

/// What it gave: a token, a certificate, or both.
pub(in crate::cluster) struct Answer {
    /// `Authorization`.
    pub(in crate::cluster) token: Option<HeaderValue>,
    pub(in crate::cluster) identity: Option<Identity>,
    /// For ever, unless it says when.
    pub(in crate::cluster) expires: Option<Timestamp>,
}

/// A client certificate with those between, and its key: PEM in base64, as in a kubeconfig.
#[derive(Clone, PartialEq)]
pub(in crate::cluster) struct Identity {
    pub(in crate::cluster) certificate: String,
    pub(in crate::cluster) key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential {
    kind: Option<String>,
    api_version: Option<String>,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// What is printed, JSON or YAML, as credentials; or what is wrong with it, without its content.
pub(super) fn read(printed: &[u8], api_version: &str) -> Result<Answer, String> {
    if printed.trim_ascii().is_empty() {
        return Err("printed nothing".to_owned());
    }
    let credential: ExecCredential = serde_json::from_slice(printed)
        .or_else(|_| serde_yaml::from_slice(printed))
        .map_err(|_| "printed no ExecCredential")?;
    if credential
        .kind
        .is_some_and(|kind| !matches!(kind.as_str(), "" | "ExecCredential"))
    {
        return Err("printed another kind than ExecCredential".to_owned());
    }
    if credential.api_version.as_deref() != Some(api_version) {
        return Err(format!(
            "printed an ExecCredential of another apiVersion than {api_version}, which exec in the kubeconfig asks for"
        ));
    }
    let status = credential
        .status
        .ok_or("printed an ExecCredential without a status")?;
    let given = |value: Option<String>| value.filter(|value| !value.is_empty());
    let identity = match (
        given(status.client_certificate_data),
        given(status.client_key_data),
    ) {
        (Some(certificate), Some(key)) => Some(Identity {
            certificate: BASE64_STANDARD.encode(certificate),
            key: BASE64_STANDARD.encode(key),
        }),
        (None, None) => None,
        (Some(_), None) => return Err("printed a certificate without its key".to_owned()),
        (None, Some(_)) => return Err("printed a key without its certificate".to_owned()),
    };
    let is_blank = |token: &String| token.trim().is_empty();
    let blank = status.token.as_ref().is_some_and(is_blank);
    let token = status.token.filter(|token| !is_blank(token));
    let token = token.map(|token| HeaderValue::try_from(format!("Bearer {token}")));
    let mut token = token
        .transpose()
        .map_err(|_| "printed a token with characters that no token holds")?;
    if let Some(token) = &mut token {
        token.set_sensitive(true);
    }
    if token.is_none() && identity.is_none() {
        return Err(if blank {
            "printed an empty token: log in with it again, so that status.token holds one"
        } else {
            "printed neither a token nor a certificate"
        }
        .to_owned());
    }
    let expires = status.expiration_timestamp.as_deref().map(time);
    let expires = expires.transpose()?.flatten();
    Ok(Answer {
        token,
        identity,
        expires,
    })
}

/// When that is, as client-go has it: never for Go's zero time. The last day of 9999, which is meant for never, is later than jiff goes.
fn time(text: &str) -> Result<Option<Timestamp>, &'static str> {
    const ZERO: Timestamp = Timestamp::constant(-62_135_596_800, 0);
    if let Ok(at) = text.parse() {
        return Ok(Some(at).filter(|at| *at != ZERO));
    }
    let pieces = Pieces::parse(text).ok();
    let whole = pieces.filter(|it| it.time().is_some() && it.offset().is_some());
    if whole.is_some_and(|it| it.date().year() == 9999) {
        return Ok(None);
    }
    Err("printed an expirationTimestamp that is no time (2006-01-02T15:04:05Z)")
}

#[cfg(test)]
mod tests {
    use super::super::VERSIONS;
    use super::*;
    use serde_json::{Value, json};

    fn answer(status: &Value) -> Result<Answer, String> {
        let text = json!({"apiVersion": VERSIONS[0], "kind": "ExecCredential", "status": status});
        read(text.to_string().as_bytes(), VERSIONS[0])
    }

    #[test]
    fn an_answer_is_a_token_a_certificate_or_both() {
        let given = answer(
            &json!({"token": "a", "expirationTimestamp": "2026-11-24T20:00:00.5+02:00",
            "clientCertificateData": "", "clientKeyData": null}),
        )
        .unwrap();
        let token = given.token.unwrap();
        assert_eq!(token, "Bearer a");
        assert!(token.is_sensitive() && given.identity.is_none());
        assert_eq!(given.expires, "2026-11-24T18:00:00.5Z".parse().ok());
        let given = answer(&json!({"clientCertificateData": "c", "clientKeyData": "k"})).unwrap();
        let identity = given.identity.unwrap();
        assert_eq!((&*identity.certificate, &*identity.key), ("Yw==", "aw=="));
        assert!(given.token.is_none() && given.expires.is_none());
        // As client-go has it: YAML is taken, and a kind that is not said.
        let yaml = format!("apiVersion: {}\nstatus: {{token: a}}\n", VERSIONS[1]);
        assert!(read(yaml.as_bytes(), VERSIONS[1]).is_ok());
    }

    #[test]
    fn times_from_the_first_to_the_last_are_taken() {
        for (text, expected) in [
            ("9999-12-31T23:59:59Z", None),
            ("9999-12-31T23:59:59.999999999+00:00", None),
            ("0001-01-01T00:00:00Z", None),
            ("9999-12-01T00:00:00Z", "9999-12-01T00:00:00Z".parse().ok()),
            ("1970-01-01T00:00:00Z", Some(Timestamp::UNIX_EPOCH)),
        ] {
            let given = answer(&json!({"token": "a", "expirationTimestamp": text}));
            assert_eq!(given.unwrap().expires, expected, "{text}");
        }
        for text in [
            "9999-12-31",
            "9999-12-31T23:59:59",
            "9999-13-01T00:00:00Z",
            "",
        ] {
            let given = answer(&json!({"token": "a", "expirationTimestamp": text}));
            assert!(given.err().unwrap().contains("no time"), "{text}");
        }
    }

    #[test]
    fn an_empty_token_beside_a_certificate_is_none() {
        for token in ["", " "] {
            let status =
                json!({"token": token, "clientCertificateData": "c", "clientKeyData": "k"});
            let given = answer(&status).unwrap();
            assert!(given.token.is_none() && given.identity.is_some());
        }
    }

    #[test]
    fn what_is_no_answer_is_not_shown() {
        for (status, expected) in [
            (json!({}), "neither a token nor a certificate"),
            (json!({"token": ""}), "an empty token: log in"),
            (json!({"token": " \n"}), "an empty token: log in"),
            (json!({"token": "secret\n"}), "no token holds"),
            (json!({"token": ["secret"]}), "no ExecCredential"),
            (
                json!({"clientCertificateData": "secret"}),
                "without its key",
            ),
            (
                json!({"token": "a", "clientKeyData": "secret"}),
                "without its certificate",
            ),
            (
                json!({"token": "a", "expirationTimestamp": "secret"}),
                "no time",
            ),
            (Value::Null, "without a status"),
        ] {
            let problem = answer(&status).err().unwrap();
            assert!(problem.contains(expected), "{problem}");
            assert!(!problem.contains("secret"), "{problem}");
        }
        let status = r#""status": {"token": "secret"}"#;
        for (text, expected) in [
            ("secret".to_owned(), "no ExecCredential"),
            (" \n".to_owned(), "printed nothing"),
            (format!("{{{status}}}"), "another apiVersion"),
            (
                format!(r#"{{"apiVersion": "{}", {status}}}"#, VERSIONS[1]),
                "another apiVersion",
            ),
            (
                format!(
                    r#"{{"apiVersion": "{}", "kind": "Other", {status}}}"#,
                    VERSIONS[0]
                ),
                "another kind",
            ),
        ] {
            let problem = read(text.as_bytes(), VERSIONS[0]).err().unwrap();
            assert!(problem.contains(expected), "{problem}");
            assert!(!problem.contains("secret"), "{problem}");
        }
    }
}
