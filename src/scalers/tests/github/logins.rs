//! Who asks GitHub: tokens, Apps.

use serde_json::json;

use super::super::fake::{answer, options, serve_pages};
use super::super::identities::verified;
use super::{BASE, TOKEN, one_run, read};
use crate::scalers::client::test_keys as keys;
use crate::scalers::{Identities, ReadOptions};

const APP: [(&str, &str); 5] = [
    ("owner", "o"),
    ("runnerScope", "repo"),
    ("repos", "r"),
    ("applicationID", "12"),
    ("installationID", "34"),
];

#[tokio::test]
async fn an_app_signs_in() {
    let tokens = "/api/v3/app/installations/34/access_tokens";
    let mut pages = one_run(&[("queued", &[])]);
    let token = json!({"token": "ghs_hunter2", "expires_at": "1970-01-01T01:00:00Z", "permissions": {"actions": "read"}});
    let given = answer(201, &token.to_string());
    let paths: Vec<String> = pages
        .iter()
        .map(|(path, _)| format!("/api/v3{path}"))
        .collect();
    for ((place, _), path) in pages.iter_mut().zip(&paths) {
        *place = path;
    }
    pages.push((tokens, given));
    let (api, pages, seen) = serve_pages(pages).await;
    let api = format!("{api}/api/v3/");
    // The App comes before a token.
    let auth = [("appKey", keys::RSA), TOKEN[0]];
    let options = options();
    for _ in 0..2 {
        assert_eq!(read(&api, &APP, &auth, &options).await, Ok((1.0, true)));
    }
    let asked = seen.lock().unwrap().clone();
    let (signed, others): (Vec<_>, Vec<_>) = asked
        .iter()
        .partition(|request| request.starts_with("POST"));
    assert_eq!((signed.len(), others.len()), (1, 6), "{asked:?}");
    for other in others {
        assert!(
            other.contains("authorization: Bearer ghs_hunter2\r\n"),
            "{other}"
        );
    }
    let jwt = signed[0]
        .split_once("authorization: Bearer ")
        .and_then(|(_, rest)| rest.split_once("\r\n"))
        .unwrap()
        .0;
    let (head, claims) = verified(jwt);
    assert_eq!(head, json!({"alg": "RS256", "typ": "JWT"}));
    assert_eq!(claims, json!({"iss": "12", "iat": -60, "exp": 540}));
    // Another installation has a token of its own.
    let mut other = APP;
    other[4].1 = "35";
    let error = read(&api, &other, &auth, &options).await.unwrap_err();
    assert!(
        error.contains("/api/v3/app/installations/35/access_tokens answered 404 Not Found: Not Found; has that App an installation"),
        "{error}"
    );
    for (reply, wanted) in [
        (
            answer(
                401,
                "{\"message\":\"A JSON web token could not be decoded\"}",
            ),
            "answered 401 Unauthorized: A JSON web token could not be decoded; is appKey a key of the App",
        ),
        (answer(201, "{}"), "gave no token"),
        (answer(201, "<html>"), "gave no token"),
        (answer(201, "{\"token\":\"a\\nb\"}"), "gave no token"),
    ] {
        pages.lock().unwrap()[3].1 = reply;
        let options = ReadOptions {
            identities: Identities::nobody(),
            ..super::super::fake::options()
        };
        let error = read(&api, &APP, &auth, &options).await.unwrap_err();
        assert!(error.contains(wanted), "{wanted}: {error}");
    }
}

#[tokio::test]
async fn logins_that_cannot_be_used() {
    let key = |text| vec![("appKey", text)];
    for (metadata, auth, wanted) in [
        (
            &APP[..],
            key("hunter2"),
            "parameter appKey is no PEM private key",
        ),
        (&APP, key(keys::PLAIN_EC), "parameter appKey is no RSA key"),
        (
            &APP[..4],
            key(keys::RSA),
            "needs applicationID, installationID and appKey",
        ),
        (
            &APP,
            vec![],
            "needs applicationID, installationID and appKey",
        ),
        (
            &BASE,
            vec![],
            "github-runner needs parameter personalAccessToken",
        ),
        (
            &BASE,
            vec![("personalAccessToken", "hunter2\nx")],
            "parameter personalAccessToken holds a character that cannot be sent",
        ),
    ] {
        let read = read("http://127.0.0.1:1", metadata, &auth, &options()).await;
        let error = read.unwrap_err();
        assert!(error.starts_with("not built: "), "{error}");
        assert!(error.contains(wanted), "{wanted}: {error}");
    }
    let error = read("ftp://u:hunter2@x", &BASE, &TOKEN, &options()).await;
    let wanted = "parameter githubApiURL must be an absolute http or https URL";
    assert!(error.unwrap_err().contains(wanted));
}

#[tokio::test]
async fn a_bearer_token() {
    let bearer = ("bearerToken", "hunter2-bearer");
    for (modes, auth, sent) in [
        ("bearer", vec![bearer], "hunter2-bearer"),
        ("bearer", vec![bearer, TOKEN[0]], "hunter2-bearer"),
        ("bearer", TOKEN.to_vec(), "hunter2-token"),
        ("", vec![bearer, TOKEN[0]], "hunter2-token"),
    ] {
        let (api, _, seen) = serve_pages(one_run(&[])).await;
        let metadata = [&BASE[..], &[("authModes", modes)]].concat();
        assert_eq!(
            read(&api, &metadata, &auth, &options()).await,
            Ok((0.0, false))
        );
        let sent = format!("authorization: Bearer {sent}\r\n");
        assert!(seen.lock().unwrap()[0].contains(&sent), "{modes} {auth:?}");
    }
}
