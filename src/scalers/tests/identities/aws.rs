//! Amazon: the default chain, roles, service accounts.

use jiff::Timestamp;
use serde_json::json;

use super::super::fake::{Cluster, answer};
use super::{Caller, LATER, REGION, all, server};
use crate::api::PodIdentity;

fn sts(key: &str, expires: &str) -> String {
    answer(
        200,
        &format!(
            "<?xml version=\"1.0\"?><AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>
  <AssumedRoleUser><Arn>arn:x</Arn></AssumedRoleUser>
  <Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey>
  <SessionToken>session-token</SessionToken><Expiration>{expires}</Expiration></Credentials>
</AssumeRoleResult></AssumeRoleResponse>"
        ),
    )
}

/// JSON as containers and machines give it.
fn key_json(key: &str, token: &str) -> String {
    json!({"Code": "Success", "AccessKeyId": key, "SecretAccessKey": "hunter2", token: "session-token",
        "Expiration": LATER, "Version": 1})
    .to_string()
}

fn signed_by(request: &str, key: &str) {
    let wanted = format!("Credential={key}/20260101/eu-central-1/aps/aws4_request");
    assert!(request.contains(&wanted), "{wanted}\n{request}");
}

const KEY: [(&str, &str); 3] = [
    ("AWS_ACCESS_KEY_ID", "AKIDENV"),
    ("AWS_SECRET_ACCESS_KEY", "hunter2"),
    ("AWS_SESSION_TOKEN", "session-token"),
];

#[tokio::test]
async fn aws_variables() {
    let caller = Caller::new(&KEY);
    let request = caller.aws().await.unwrap();
    signed_by(&request, "AKIDENV");
    assert!(request.contains("x-amz-security-token: session-token"));
    // KEDA's own identity, in the older way.
    let metadata = [REGION[0], ("identityOwner", "operator")];
    let request = caller
        .asks(None, &metadata, &[], Cluster::default())
        .await
        .unwrap();
    signed_by(&request, "AKIDENV");
    let aws = || PodIdentity::of("aws");
    Caller::new(&KEY[..1])
        .fails_as(aws(), "AWS_ACCESS_KEY_ID is set without")
        .await;
    Caller::new(&KEY[1..])
        .fails_as(aws(), "AWS_SECRET_ACCESS_KEY is set without")
        .await;
    Caller::new(&[("AWS_ACCESS_KEY_ID", "A B"), KEY[1]])
        .fails_as(
            aws(),
            "AWS_ACCESS_KEY_ID gave an access key that cannot be sent",
        )
        .await;
}

#[tokio::test]
async fn aws_role() {
    let (address, seen) = server(vec![sts("ASIAROLE", LATER)]).await;
    let caller = Caller::new(&[KEY[0], KEY[1], KEY[2], ("AWS_ENDPOINT_URL_STS", &address)]);
    let identity = PodIdentity {
        role_arn: Some("arn:aws:iam::1:role/x".to_owned()),
        external_id: Some("ext ernal".to_owned()),
        ..PodIdentity::of("aws")
    };
    for _ in 0..2 {
        let request = caller
            .asks(Some(identity.clone()), REGION, &[], Cluster::default())
            .await
            .unwrap();
        signed_by(&request, "ASIAROLE");
        assert!(request.contains("x-amz-security-token: session-token"));
    }
    // Kept until it expires.
    let asked = all(&seen);
    assert_eq!(asked.len(), 1);
    for part in [
        "POST / HTTP",
        "\r\n\r\nAction=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&RoleSessionName=keda-jobs&ExternalId=ext+ernal",
        "Credential=AKIDENV/20260101/eu-central-1/sts/aws4_request",
        "x-amz-security-token: session-token",
    ] {
        assert!(asked[0].contains(part), "{part}\n{}", asked[0]);
    }
    // The role as a parameter, with and without identityOwner.
    for owner in ["pod", "operator"] {
        let (address, seen) = server(vec![sts("ASIAROLE", LATER)]).await;
        let caller = Caller::new(&[KEY[0], KEY[1], ("AWS_ENDPOINT_URL", &address)]);
        let metadata = [REGION[0], ("identityOwner", owner)];
        let auth = [("awsRoleArn", "arn:y"), ("awsExternalId", "e")];
        let request = caller
            .asks(None, &metadata, &auth, Cluster::default())
            .await
            .unwrap();
        signed_by(&request, "ASIAROLE");
        assert!(all(&seen)[0].contains("RoleArn=arn%3Ay&RoleSessionName=keda-jobs&ExternalId=e"));
    }
}

#[tokio::test]
async fn aws_keys_are_renewed_before_they_expire() {
    type Clock = fn() -> Timestamp;
    let (address, seen) = server(vec![
        sts("ASIAONE", "2026-01-01T01:00:00Z"),
        sts("ASIATWO", "2026-01-01T02:00:00Z"),
    ])
    .await;
    let mut caller = Caller::new(&[KEY[0], KEY[1], ("AWS_ENDPOINT_URL_STS", &address)]);
    let identity = PodIdentity {
        role_arn: Some("arn:x".to_owned()),
        ..PodIdentity::of("aws")
    };
    let clocks: [(Clock, &str, usize); 4] = [
        (|| "2026-01-01T00:00:00Z".parse().unwrap(), "ASIAONE/", 1),
        (|| "2026-01-01T00:54:59Z".parse().unwrap(), "ASIAONE/", 1),
        (|| "2026-01-01T00:55:00Z".parse().unwrap(), "ASIATWO/", 2),
        (|| "2026-01-01T01:30:00Z".parse().unwrap(), "ASIATWO/", 2),
    ];
    for (clock, key, times) in clocks {
        caller.options.now = clock;
        let request = caller
            .asks(Some(identity.clone()), REGION, &[], Cluster::default())
            .await
            .unwrap();
        assert!(request.contains(&format!("Credential={key}")), "{request}");
        assert_eq!(all(&seen).len(), times);
    }
}

#[tokio::test]
async fn aws_wrong_answers_of_sts() {
    let echo = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>hunter2 and session-token\nmay not</Message></Error></ErrorResponse>";
    for (reply, wanted) in [
        (answer(403, echo), "answered 403 Forbidden: AccessDenied *** and *** may not"),
        (answer(500, "<html>"), "answered 500 Internal Server Error"),
        (answer(200, "{}"), "something that is no role's access key"),
        (answer(200, ""), "something that is no role's access key"),
        (sts("ASIA", "tomorrow"), "something that is no role's access key"),
        (sts("ASIA", "2025-12-31T23:59:59Z"), "an access key that expired at 2025-12-31T23:59:59Z"),
        (sts("", LATER), "gave no access key"),
        (
            "HTTP/1.1 307 X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
            "answered 307 Temporary Redirect",
        ),
    ] {
        let (address, _) = server(vec![reply]).await;
        let caller = Caller::new(&[KEY[0], KEY[1], KEY[2], ("AWS_ENDPOINT_URL_STS", &address)]);
        let identity = PodIdentity {
            role_arn: Some("arn:x".to_owned()),
            ..PodIdentity::of("aws")
        };
        caller.fails_as(identity, wanted).await;
    }
    let caller = Caller::new(&[
        KEY[0],
        KEY[1],
        ("AWS_ENDPOINT_URL_STS", "http://sts.example"),
    ]);
    let identity = PodIdentity {
        role_arn: Some("arn:x".to_owned()),
        ..PodIdentity::of("aws")
    };
    caller
        .fails_as(identity, "AWS_ENDPOINT_URL_STS must be an https address")
        .await;
}

#[tokio::test]
async fn aws_web_identity() {
    let (address, seen) = server(vec![sts("ASIAWEB", LATER)]).await;
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "HOME/token"),
        ("AWS_ROLE_ARN", "arn:web"),
        ("AWS_ENDPOINT_URL_STS", address.as_str()),
    ];
    let caller = Caller::new(&variables).file("token", "token-of-worker\n");
    signed_by(&caller.aws().await.unwrap(), "ASIAWEB");
    let asked = all(&seen);
    assert!(asked[0].starts_with("POST / HTTP"), "{}", asked[0]);
    assert!(asked[0].contains("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aweb&RoleSessionName=keda-jobs&WebIdentityToken=token-of-worker"));
    assert!(!asked[0].to_ascii_lowercase().contains("authorization"));
    Caller::new(&variables)
        .fails_as(PodIdentity::of("aws"), "token does not exist")
        .await;
    // For another role the token is tried first, then the own identity assumes it, as KEDA does.
    let (address, seen) = server(vec![
        answer(403, "<Error><Code>AccessDenied</Code></Error>"),
        sts("ASIAOTHER", LATER),
    ])
    .await;
    let variables = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "HOME/token"),
        KEY[0],
        KEY[1],
        ("AWS_ENDPOINT_URL_STS", address.as_str()),
    ];
    let caller = Caller::new(&variables).file("token", "token-of-worker");
    let identity = PodIdentity {
        role_arn: Some("arn:other".to_owned()),
        ..PodIdentity::of("aws")
    };
    let request = caller
        .asks(Some(identity), REGION, &[], Cluster::default())
        .await
        .unwrap();
    signed_by(&request, "ASIAOTHER");
    let asked = all(&seen);
    assert!(
        asked[0].contains("AssumeRoleWithWebIdentity") && asked[1].contains("Action=AssumeRole&")
    );
}

#[tokio::test]
async fn aws_service_account() {
    let worker = |role: Option<&str>| Cluster {
        role: role.map(str::to_owned),
        ..Cluster::default()
    };
    let workload = || PodIdentity {
        workload_owned: true,
        ..PodIdentity::of("aws")
    };
    let eks = || PodIdentity::of("aws-eks");
    for identity in [workload(), eks()] {
        let (address, seen) = server(vec![sts("ASIAPOD", LATER)]).await;
        let caller = Caller::new(&[("AWS_ENDPOINT_URL_STS", &address)]);
        for _ in 0..2 {
            let request = caller
                .asks(Some(identity.clone()), REGION, &[], worker(Some("arn:pod")))
                .await
                .unwrap();
            signed_by(&request, "ASIAPOD");
        }
        let asked = all(&seen);
        assert_eq!(asked.len(), 1);
        assert!(asked[0].contains(
            "RoleArn=arn%3Apod&RoleSessionName=keda-jobs&WebIdentityToken=token-of-worker"
        ));
    }
    let caller = Caller::new(&KEY);
    for identity in [workload(), eks()] {
        let error = caller
            .asks(Some(identity), REGION, &[], worker(None))
            .await
            .unwrap_err();
        assert!(
            error
                .contains("service account ns/worker has no annotation eks.amazonaws.com/role-arn"),
            "{error}"
        );
    }
    let key = [
        ("awsAccessKeyID", "AKIDOWN"),
        ("awsSecretAccessKey", "hunter2"),
    ];
    let request = caller
        .asks(Some(eks()), REGION, &key, worker(None))
        .await
        .unwrap();
    signed_by(&request, "AKIDOWN");
}

#[tokio::test]
async fn aws_profiles() {
    let (address, seen) = server(vec![sts("ASIAONE", LATER), sts("ASIATWO", LATER)]).await;
    let config = "[default]\nregion = x\n[profile mid]\nrole_arn = arn:mid\nsource_profile = base\nexternal_id = e\n[profile top]\nrole_arn = arn:top\nsource_profile = mid\nrole_session_name = me\nduration_seconds = 900\n
[profile loop]\nrole_arn = a\nsource_profile = loop\n[profile mfa]\nrole_arn = a\nmfa_serial = b\nsource_profile = base\n[profile lost]\nrole_arn = a\nsource_profile = nobody\n[profile bare]\nrole_arn = a\n[profile of-bare]\nrole_arn = a\nsource_profile = default\n
[profile env]\nrole_arn = a\ncredential_source = Environment\n
[profile tool]\ncredential_process = cat HOMEkey.json\n[profile broken]\ncredential_process = echo hunter2; echo hunter2 >&2; exit 3\n[profile old]\ncredential_process = echo '{\"Version\": 2}'\n[profile late]\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"A\", \"SecretAccessKey\": \"hunter2\", \"Expiration\": \"2020-01-01T00:00:00Z\"}'\n";
    let profile = |name: &str| {
        let path = std::env::var("PATH").unwrap();
        let caller = Caller::new(&[
            ("AWS_PROFILE", name),
            ("AWS_ENDPOINT_URL_STS", &address),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("PATH", &path),
        ]);
        let home = format!("{}/", caller.home.path().display());
        caller
            .file(".aws/config", &config.replace("HOME", &home))
            .file(
                ".aws/credentials",
                "[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = hunter2\n[half]\naws_access_key_id = A\n",
            )
            .file("key.json", &key_json("AKIDTOOL", "SessionToken"))
    };
    signed_by(&profile("base").aws().await.unwrap(), "AKIDBASE");
    signed_by(&profile("tool").aws().await.unwrap(), "AKIDTOOL");
    signed_by(&profile("top").aws().await.unwrap(), "ASIATWO");
    let asked = all(&seen);
    assert!(
        asked[0].contains("Credential=AKIDBASE/")
            && asked[0].contains("RoleArn=arn%3Amid&")
            && asked[0].contains("&ExternalId=e")
    );
    assert!(asked[1].contains("Credential=ASIAONE/"));
    assert!(asked[1].contains("RoleArn=arn%3Atop&RoleSessionName=me&DurationSeconds=900"));
    for (name, wanted) in [
        (
            "none",
            "AWS_PROFILE names profile \"none\", and there is no such profile; there are: bare, base,",
        ),
        ("loop", "AWS profile \"loop\" is a source_profile of itself"),
        ("mfa", "aws configure export-credentials"),
        (
            "lost",
            "AWS profile \"nobody\" is a source_profile, and there is no such profile",
        ),
        ("bare", "AWS profile \"bare\" has role_arn and neither"),
        (
            "of-bare",
            "AWS profile \"default\" is a source_profile and holds no credentials",
        ),
        (
            "env",
            "AWS profile \"env\" has a credential_source that is not set up here",
        ),
        ("half", "AWS profile \"half\" gave no access key"),
        ("broken", "has a credential_process that failed"),
        ("old", "JSON of Version 1"),
        (
            "late",
            "has a credential_process that gave an access key that expired at 2020-01-01",
        ),
        (
            "default",
            "no AWS identity: no variables, no profile, no container, and AWS_EC2_METADATA_DISABLED is set",
        ),
    ] {
        profile(name).fails_as(PodIdentity::of("aws"), wanted).await;
    }
}

#[tokio::test]
async fn aws_sso() {
    let given = json!({"roleCredentials": {"accessKeyId": "ASIASSO", "secretAccessKey": "hunter2",
        "sessionToken": "session-token", "expiration": 1_893_456_000_000_i64}})
    .to_string();
    let config = "[profile dev]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = Read\n[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example/start\n";
    // What sha1sum says of "corp".
    let name = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
    let caller = |address: &str, expires: &str| {
        Caller::new(&[("AWS_PROFILE", "dev"), ("AWS_ENDPOINT_URL_SSO", address)])
            .file(".aws/config", config)
            .file(
                name,
                &json!({"accessToken": "session-token", "expiresAt": expires}).to_string(),
            )
    };
    let (address, seen) = server(vec![answer(200, &given)]).await;
    signed_by(&caller(&address, LATER).aws().await.unwrap(), "ASIASSO");
    let asked = all(&seen);
    assert!(asked[0].starts_with("GET /federation/credentials?role_name=Read&account_id=1 HTTP"));
    assert!(asked[0].contains("x-amz-sso_bearer_token: session-token"));
    let aws = || PodIdentity::of("aws");
    caller(&address, "2025-01-01T00:00:00Z")
        .fails_as(
            aws(),
            "a time that is over; sign in with: aws sso login --profile dev",
        )
        .await;
    let (address, _) = server(vec![answer(401, "{\"message\":\"session-token\"}")]).await;
    caller(&address, LATER)
        .fails_as(
            aws(),
            "answered 401 Unauthorized: ***; sign in with: aws sso login",
        )
        .await;
    Caller::new(&[("AWS_PROFILE", "dev")])
        .file(".aws/config", config)
        .fails_as(
            aws(),
            "AWS profile \"dev\" is not signed in; sign in with: aws sso login --profile dev",
        )
        .await;
}

#[tokio::test]
async fn aws_container() {
    let (address, seen) = server(vec![answer(200, &key_json("ASIABOX", "Token"))]).await;
    let caller = Caller::new(&[
        (
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            &format!("{address}/v1?x=1"),
        ),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "HOME/token"),
    ])
    .file("token", "token-of-worker\n");
    signed_by(&caller.aws().await.unwrap(), "ASIABOX");
    let asked = all(&seen);
    assert!(asked[0].starts_with("GET /v1?x=1 HTTP"));
    assert!(asked[0].contains("authorization: token-of-worker"));
    for (reply, wanted) in [
        (answer(403, "hunter2"), "answered 403 Forbidden"),
        (answer(200, "hunter2"), "gave no access key"),
    ] {
        let (address, _) = server(vec![reply]).await;
        Caller::new(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &address)])
            .fails_as(PodIdentity::of("aws"), wanted)
            .await;
    }
    Caller::new(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://box.example/")])
        .fails_as(
            PodIdentity::of("aws"),
            "AWS_CONTAINER_CREDENTIALS_FULL_URI must be an https address",
        )
        .await;
}

#[tokio::test]
async fn aws_machine() {
    let (address, seen) = server(vec![
        answer(200, "the-session"),
        answer(200, "role-of-machine\n"),
        answer(200, &key_json("ASIAEC2", "Token")),
    ])
    .await;
    let machine = |address: &str| Caller::new(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", address)]);
    signed_by(&machine(&address).aws().await.unwrap(), "ASIAEC2");
    let asked = all(&seen);
    assert!(asked[0].starts_with("PUT /latest/api/token HTTP"));
    assert!(asked[0].contains("x-aws-ec2-metadata-token-ttl-seconds: 60"));
    assert!(
        asked[2].starts_with("GET /latest/meta-data/iam/security-credentials/role-of-machine HTTP")
    );
    assert!(asked[2].contains("x-aws-ec2-metadata-token: the-session"));
    let aws = || PodIdentity::of("aws");
    for (replies, wanted) in [
        (
            vec![answer(404, "")],
            "answered 404 Not Found when it was asked for a session",
        ),
        (
            vec![answer(200, "s"), answer(404, "")],
            "the machine has no role",
        ),
        (
            vec![answer(200, "s"), answer(200, "r"), answer(500, "")],
            "answered 500",
        ),
        (
            vec![answer(200, "s"), answer(200, "r"), answer(200, "?")],
            "gave no access key",
        ),
    ] {
        // A failed read is tried once more.
        let (address, _) = server([replies.clone(), replies].concat()).await;
        machine(&address).fails_as(aws(), wanted).await;
    }
    machine("http://127.0.0.1:1")
        .fails_as(aws(), "no AWS identity: no variables, no profile, no container, and http://127.0.0.1:1/latest/api/token cannot be asked")
        .await;
}
