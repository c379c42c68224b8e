//! The caller's identities at the clouds: Prometheus with each of them, against stand-ins of the token servers.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rustls::SignatureScheme;
use serde_json::{Value, json};

use super::fake::{Cluster, Objects, Seen, answer, flat, options, read_with, serve, trigger};
use crate::api::PodIdentity;
use crate::scalers::client::test_keys as keys;
use crate::scalers::{Identities, ReadOptions, Surroundings};

const VECTOR: &str = "{\"data\":{\"resultType\":\"vector\",\"result\":[{\"value\":[1,\"3\"]}]}}";
/// Long after the clock of the tests, which stands at the epoch.
const LATER: &str = "2030-01-01T00:00:00Z";
/// What must not be in any error.
const SECRETS: [&str; 3] = ["hunter2", "token-of-worker", "session-token"];

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// One caller: its variables, and a folder that is its home.
struct Caller {
    home: tempfile::TempDir,
    options: ReadOptions,
}

impl Caller {
    fn new(variables: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut variables: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| {
                let value = value.replace("HOME/", &format!("{}/", home.path().display()));
                ((*name).to_owned(), value)
            })
            .collect();
        variables.insert("HOME".to_owned(), home.path().display().to_string());
        let options = ReadOptions {
            identities: Identities::new(Surroundings::with(variables)),
            now,
            ..options()
        };
        Self { home, options }
    }

    fn file(self, name: &str, text: &str) -> Self {
        let path = self.home.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// A program on the PATH that variables give as `HOME/bin`.
    fn program(self, name: &str, script: &str) -> Self {
        use std::os::unix::fs::PermissionsExt;
        let place = format!("bin/{name}");
        let caller = self.file(&place, &format!("#!/bin/sh\n{script}\n"));
        let path = caller.home.path().join(place);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        caller
    }

    /// What Prometheus is asked, or why it is not.
    async fn asks(
        &self,
        identity: Option<PodIdentity>,
        more: &[(&str, &str)],
        auth: &[(&str, &str)],
        cluster: Cluster,
    ) -> Result<String, String> {
        let (address, seen) = serve(vec![answer(200, VECTOR)]).await;
        let server = format!("http://{address}");
        let mut metadata = vec![
            ("serverAddress", server.as_str()),
            ("query", "q"),
            ("threshold", "1"),
        ];
        metadata.extend(more);
        let objects = Objects {
            pod_identity: identity,
            ..Objects::new(auth)
        };
        let trigger = trigger(0, "prometheus", &metadata, true);
        let mut readings = read_with(vec![trigger], &objects, cluster, &self.options).await;
        match flat(readings.remove(0).outcome) {
            Ok(reading) => {
                assert_eq!(reading, (3.0, true));
                Ok(seen.lock().unwrap()[0].clone())
            }
            Err(error) => {
                for secret in SECRETS {
                    assert!(!error.contains(secret), "{error}");
                }
                assert!(seen.lock().unwrap().is_empty(), "it was asked: {error}");
                Err(error)
            }
        }
    }

    /// With podIdentity aws and a region.
    async fn aws(&self) -> Result<String, String> {
        self.asks(
            Some(PodIdentity::of("aws")),
            REGION,
            &[],
            Cluster::default(),
        )
        .await
    }

    async fn fails_as(&self, identity: PodIdentity, wanted: &str) {
        let error = self
            .asks(Some(identity), REGION, &[], Cluster::default())
            .await
            .unwrap_err();
        assert!(error.contains(wanted), "{wanted}\n{error}");
    }
}

const REGION: &[(&str, &str)] = &[("awsRegion", "eu-central-1")];

/// A server that gives these answers; its address and what it saw.
async fn server(answers: Vec<String>) -> (String, Seen) {
    let (address, seen) = serve(answers).await;
    (format!("http://{address}"), seen)
}

fn all(seen: &Seen) -> Vec<String> {
    seen.lock().unwrap().clone()
}

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
        "GET /?Action=AssumeRole&ExternalId=ext%20ernal&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx&RoleSessionName=keda-jobs&Version=2011-06-15 HTTP",
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
        assert!(all(&seen)[0].contains("ExternalId=e&RoleArn=arn%3Ay"));
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
            && asked[0].contains("ExternalId=e&RoleArn=arn%3Amid")
    );
    assert!(asked[1].contains("Credential=ASIAONE/"));
    assert!(asked[1].contains("DurationSeconds=900&RoleArn=arn%3Atop&RoleSessionName=me"));
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

fn azure() -> PodIdentity {
    PodIdentity {
        identity_id: Some("pod-client".to_owned()),
        ..PodIdentity::of("azure-workload")
    }
}

fn bearer(text: &str) -> String {
    answer(
        200,
        &json!({"token_type": "Bearer", "access_token": text, "expires_in": 3600}).to_string(),
    )
}

#[tokio::test]
async fn azure_federated_and_secret() {
    let (address, seen) = server(vec![bearer("azure-token")]).await;
    let federated = [
        ("AZURE_FEDERATED_TOKEN_FILE", "HOME/token"),
        ("AZURE_CLIENT_ID", "own-client"),
        ("AZURE_TENANT_ID", "own.tenant"),
        ("AZURE_AUTHORITY_HOST", address.as_str()),
    ];
    let caller = Caller::new(&federated).file("token", "token-of-worker\n");
    for _ in 0..2 {
        let request = caller
            .asks(Some(azure()), &[], &[], Cluster::default())
            .await
            .unwrap();
        assert!(
            request.contains("authorization: Bearer azure-token"),
            "{request}"
        );
    }
    let asked = all(&seen);
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("POST /own.tenant/oauth2/v2.0/token HTTP"));
    assert!(asked[0].ends_with("grant_type=client_credentials&client_id=pod-client&scope=https%3A%2F%2Fprometheus.monitor.azure.com%2F.default&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=token-of-worker"));
    // The manifest's tenant and authority come before those of the environment; another cloud has another scope.
    let (other, seen) = server(vec![bearer("azure-token")]).await;
    let identity = PodIdentity {
        identity_tenant_id: Some("pod-tenant".to_owned()),
        identity_authority_host: Some(other),
        ..azure()
    };
    let cloud = [("cloud", "AzureChinaCloud")];
    caller
        .asks(Some(identity), &cloud, &[], Cluster::default())
        .await
        .unwrap();
    let asked = all(&seen);
    assert!(asked[0].starts_with("POST /pod-tenant/oauth2/v2.0/token HTTP"));
    assert!(
        asked[0].contains("scope=https%3A%2F%2Fprometheus.monitor.chinacloudapp.cn%2F.default")
    );
    // A secret belongs to the environment's own client.
    let (address, seen) = server(vec![bearer("azure-token")]).await;
    let secret = [
        ("AZURE_CLIENT_SECRET", "hunter2"),
        ("AZURE_CLIENT_ID", "own-client"),
        ("AZURE_TENANT_ID", "own-tenant"),
        ("AZURE_AUTHORITY_HOST", address.as_str()),
    ];
    let private = [
        ("cloud", "Private"),
        ("azureManagedPrometheusResourceURL", "https://p.example/"),
    ];
    Caller::new(&secret)
        .asks(Some(azure()), &private, &[], Cluster::default())
        .await
        .unwrap();
    assert!(all(&seen)[0].ends_with(
        "client_id=own-client&scope=https%3A%2F%2Fp.example%2F.default&client_secret=hunter2"
    ));
    for (reply, wanted) in [
        (
            answer(
                401,
                "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: hunter2\\r\\nTrace\"}",
            ),
            "answered 401 Unauthorized: invalid_client: AADSTS7000215: *** Trace",
        ),
        (
            answer(200, "<html>"),
            "answered with something else than JSON",
        ),
        (answer(200, "{}"), "gave no access_token"),
        (
            answer(200, "{\"access_token\":\"a\\nb\"}"),
            "gave no access_token",
        ),
    ] {
        let (address, _) = server(vec![reply]).await;
        let mut variables = secret;
        variables[3].1 = &address;
        Caller::new(&variables).fails_as(azure(), wanted).await;
    }
    Caller::new(&secret[..1])
        .fails_as(azure(), "AZURE_CLIENT_SECRET needs AZURE_TENANT_ID")
        .await;
    let mut variables = secret;
    variables[3].1 = "http://login.example";
    Caller::new(&variables)
        .fails_as(azure(), "the Azure authority host must be an https address")
        .await;
}

#[tokio::test]
async fn azure_cli() {
    let path = format!("HOME/bin:{}", std::env::var("PATH").unwrap());
    let path = ("PATH", path.as_str());
    let caller = Caller::new(&[path]).program(
        "az",
        "echo \"$@\" > $HOME/asked; echo '{\"accessToken\": \"cli-token\", \"expires_on\": 1893456000}'",
    );
    let request = caller
        .asks(Some(azure()), &[], &[], Cluster::default())
        .await
        .unwrap();
    assert!(
        request.contains("authorization: Bearer cli-token"),
        "{request}"
    );
    assert_eq!(
        std::fs::read_to_string(caller.home.path().join("asked")).unwrap(),
        "account get-access-token --output json --scope https://prometheus.monitor.azure.com/.default\n"
    );
    Caller::new(&[path])
        .program("az", "echo 'ERROR: Please run az login to setup account.' >&2; exit 1")
        .fails_as(azure(), "the Azure CLI gives no token: ERROR: Please run az login to setup account.; set AZURE_FEDERATED_TOKEN_FILE")
        .await;
    Caller::new(&[path])
        .program("az", "echo hunter2")
        .fails_as(azure(), "answered without accessToken")
        .await;
    Caller::new(&[("PATH", "HOME/bin")])
        .fails_as(azure(), "and there is no Azure CLI")
        .await;
}

#[tokio::test]
async fn azure_rabbitmq() {
    let (address, seen) = server(vec![bearer("azure-token")]).await;
    let caller = Caller::new(&[
        ("AZURE_FEDERATED_TOKEN_FILE", "HOME/token"),
        ("AZURE_TENANT_ID", "t"),
        ("AZURE_AUTHORITY_HOST", &address),
    ])
    .file("token", "token-of-worker");
    let (broker, queues) = serve(vec![answer(200, "{\"name\":\"q\",\"messages\":3}")]).await;
    let host = format!("http://guest:hunter2@{broker}/");
    let read = async |host: &str, auth: &[(&str, &str)]| {
        let objects = Objects {
            pod_identity: Some(azure()),
            ..Objects::new(auth)
        };
        let metadata = [("host", host), ("queueName", "q")];
        let trigger = trigger(0, "rabbitmq", &metadata, true);
        let mut readings =
            read_with(vec![trigger], &objects, Cluster::default(), &caller.options).await;
        flat(readings.remove(0).outcome)
    };
    let auth = [("workloadIdentityResource", "api://broker/")];
    assert_eq!(read(&host, &auth).await, Ok((3.0, true)));
    let asked = all(&queues);
    assert!(
        asked[0].contains("authorization: Bearer azure-token"),
        "{}",
        asked[0]
    );
    assert!(!asked[0].contains("Basic"), "{}", asked[0]);
    assert!(all(&seen)[0].contains("client_id=pod-client&scope=api%3A%2F%2Fbroker%2F.default"));
    let error = read("amqp://guest:hunter2@127.0.0.1:1/", &auth)
        .await
        .unwrap_err();
    assert!(
        error.contains("workloadIdentityResource needs protocol http"),
        "{error}"
    );
}

fn account(server: &str) -> String {
    json!({"type": "service_account", "client_email": "me@x.iam", "private_key": keys::RSA,
        "private_key_id": "k1", "token_uri": server})
    .to_string()
}

/// Head and claims of a JSON Web Token whose signature the public key confirms.
fn verified(token: &str) -> (Value, Value) {
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

/// Thirty triggers without credentials wait for one request, and share its failure.
#[tokio::test]
async fn triggers_share_what_one_of_them_gets() {
    let (address, seen) = server(vec![answer(500, "")]).await;
    let caller = Caller::new(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &address)]);
    let metadata = [
        ("serverAddress", "http://127.0.0.1:1"),
        ("query", "q"),
        ("threshold", "1"),
        REGION[0],
    ];
    let triggers = (0..30)
        .map(|index| trigger(index, "prometheus", &metadata, true))
        .collect();
    let objects = Objects {
        pod_identity: Some(PodIdentity::of("aws")),
        ..Objects::new(&[])
    };
    let readings = read_with(triggers, &objects, Cluster::default(), &caller.options).await;
    for reading in readings {
        let error = flat(reading.outcome).unwrap_err();
        assert!(error.contains("no AWS identity"), "{error}");
    }
    // Each trigger tries twice, and its second attempt may find another one's under way.
    let asked = all(&seen).len();
    assert!((1..=31).contains(&asked), "{asked}");
    let shared = Arc::clone(&caller.options.identities);
    assert!(!format!("{shared:?}").contains("AKID"));
}
