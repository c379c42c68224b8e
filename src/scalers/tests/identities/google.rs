//! Google: service accounts, users, machines.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use serde_json::{Value, json};

use super::super::fake::{Cluster, answer};
use super::{Caller, all, bearer, server};
use crate::api::PodIdentity;
use crate::scalers::client::test_keys as keys;

fn account(server: &str) -> String {
    json!({"type": "service_account", "client_email": "me@x.iam", "private_key": keys::RSA,
        "private_key_id": "k1", "token_uri": server})
    .to_string()
}

/// Head and claims of a JSON Web Token whose signature the public key confirms.
pub(in crate::scalers::tests) fn verified(token: &str) -> (Value, Value) {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    let (_, algorithms) = algorithms
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == SignatureScheme::RSA_PKCS1_SHA256)
        .unwrap();
    algorithms[0]
        .verify_signature(keys::RSA_PUBLIC, message.as_bytes(), &decode(signature))
        .unwrap();
    assert!(
        algorithms[0]
            .verify_signature(keys::RSA_PUBLIC, b"another", &decode(signature))
            .is_err()
    );
    let (head, claims) = message.split_once('.').unwrap();
    let json = |part| serde_json::from_slice(&decode(part)).unwrap();
    (json(head), json(claims))
}

#[tokio::test]
async fn google_service_account() {
    let (address, seen) = server(vec![bearer("google-token")]).await;
    let address = format!("{address}/token");
    let key = account(&address);
    // As a parameter, in a variable, in a file that a variable names, as Application Default Credentials.
    let gcp = Some(PodIdentity::of("gcp"));
    let named =
        Caller::new(&[("GOOGLE_APPLICATION_CREDENTIALS", "HOME/key.json")]).file("key.json", &key);
    let gcloud = Caller::new(&[]).file(".config/gcloud/application_default_credentials.json", &key);
    let file = named.home.path().join("key.json").display().to_string();
    let variable = [("credentialsFromEnv", "KEY")];
    let in_file = [("credentialsFromEnvFile", "KEY")];
    for (caller, identity, more, auth) in [
        (&named, gcp.clone(), &[][..], &[][..]),
        (&gcloud, gcp.clone(), &[], &[]),
        (
            &gcloud,
            None,
            &[],
            &[("GoogleApplicationCredentials", key.as_str())],
        ),
        (&gcloud, None, &variable, &[("key", key.as_str())]),
        (&gcloud, None, &in_file, &[("key", file.as_str())]),
    ] {
        let request = caller
            .asks(identity, more, auth, Cluster::default())
            .await
            .unwrap();
        assert!(
            request.contains("authorization: Bearer google-token"),
            "{request}"
        );
    }
    // The text and the variable of the same text are one account.
    let asked = all(&seen);
    assert_eq!(asked.len(), 4);
    for request in asked {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /token HTTP"), "{head}");
        let form: BTreeMap<_, _> = url::form_urlencoded::parse(body.as_bytes()).collect();
        assert_eq!(
            form["grant_type"],
            "urn:ietf:params:oauth:grant-type:jwt-bearer"
        );
        let (head, claims) = verified(&form["assertion"]);
        assert_eq!(head, json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
        assert_eq!(
            claims,
            json!({"iss": "me@x.iam", "scope": "https://www.googleapis.com/auth/monitoring.read", "aud": address,
                "iat": 1_767_225_600, "exp": 1_767_229_200})
        );
    }
}

#[tokio::test]
async fn google_user_and_machine() {
    let (address, seen) = server(vec![bearer("user-token")]).await;
    let user = json!({"type": "authorized_user", "client_id": "c", "client_secret": "hunter2",
        "refresh_token": "session-token", "quota_project_id": "payer", "token_uri": address})
    .to_string();
    let gcloud = |text: &str| {
        Caller::new(&[
            ("CLOUDSDK_CONFIG", "HOME/sdk"),
            ("GCE_METADATA_HOST", "127.0.0.1:1"),
        ])
        .file("sdk/application_default_credentials.json", text)
    };
    let gcp = || PodIdentity::of("gcp");
    let request = gcloud(&user)
        .asks(Some(gcp()), &[], &[], Cluster::default())
        .await
        .unwrap();
    assert!(
        request.contains("authorization: Bearer user-token"),
        "{request}"
    );
    assert!(request.contains("x-goog-user-project: payer"), "{request}");
    assert!(all(&seen)[0].ends_with(
        "grant_type=refresh_token&client_id=c&client_secret=hunter2&refresh_token=session-token"
    ));
    let (address, seen) = server(vec![bearer("machine-token")]).await;
    let host = address.strip_prefix("http://").unwrap();
    let request = Caller::new(&[("GCE_METADATA_HOST", host)])
        .asks(Some(gcp()), &[], &[], Cluster::default())
        .await
        .unwrap();
    assert!(
        request.contains("authorization: Bearer machine-token"),
        "{request}"
    );
    let asked = all(&seen);
    assert!(asked[0].starts_with("GET /computeMetadata/v1/instance/service-accounts/default/token?scopes=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fmonitoring.read HTTP"));
    assert!(asked[0].contains("metadata-flavor: Google"));
    Caller::new(&[("GCE_METADATA_HOST", "127.0.0.1:1")])
        .fails_as(gcp(), "no Google identity: there are no Application Default Credentials, and http://127.0.0.1:1/")
        .await;
    let (address, _) = server(vec![answer(
        400,
        "{\"error\":\"invalid_grant\",\"error_description\":\"session-token hunter2\"}",
    )])
    .await;
    let stale = json!({"type": "authorized_user", "client_id": "c", "client_secret": "hunter2",
        "refresh_token": "session-token", "token_uri": address})
    .to_string();
    let no_key = account("https://x.example").replace("BEGIN PRIVATE", "BEGIN NO");
    let ec_key =
        json!({"type": "service_account", "client_email": "m", "private_key": keys::PLAIN})
            .to_string();
    for (text, wanted) in [
        (
            stale.as_str(),
            "answered 400 Bad Request: invalid_grant: *** ***",
        ),
        ("hunter2", "is no JSON object"),
        ("{}", "has no type"),
        ("{\"type\":\"service_account\"}", "has no client_email"),
        (
            "{\"type\":\"external_account\"}",
            "holds credentials of type \"external_account\"",
        ),
        (
            "{\"type\":\"authorized_user\",\"token_uri\":\"http://x.example/\"}",
            "must be an https address",
        ),
        (&no_key, "has a private_key that is no PEM private key"),
        (&ec_key, "has a private_key that is no RSA key"),
    ] {
        gcloud(text).fails_as(gcp(), wanted).await;
    }
    // A parameter takes the key of a service account only, as in KEDA.
    let auth = [("GoogleApplicationCredentials", user.as_str())];
    let error = gcloud("{}")
        .asks(None, &[], &auth, Cluster::default())
        .await
        .unwrap_err();
    assert!(
        error.contains("GoogleApplicationCredentials is a user's login"),
        "{error}"
    );
}
