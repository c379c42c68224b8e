//! The caller's identities at the clouds, as a user has them: variables, files, a cluster. Prometheus answers whoever it is told to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use k8s_openapi::api::core::v1::ServiceAccount;
use libtest_mimic::Trial;
use serde_json::json;

use crate::sources::scaled_job;
use crate::support::binary::{Keda, Output};
use crate::support::cluster::TestCluster;
use crate::support::{Outcome, assert_contains, assert_lacks, embedded_test, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("identities::aws_variables", aws_variables),
        test("identities::aws_role_of_a_profile", aws_profile),
        test("identities::aws_role_with_an_external_id", aws_role),
        test(
            "identities::aws_role_of_the_jobs_service_account",
            aws_service_account,
        ),
        embedded_test(
            "identities::a_token_that_may_not_be_made_is_named",
            forbidden_token,
        ),
        test("identities::azure_federated_token", azure),
        test("identities::google_service_account", google),
        test(
            "identities::nobody_is_an_error_that_says_what_to_do",
            nobody,
        ),
    ]
}

const SECRET: &str = "hunter2-secret";

/// A server that answers as `reply` says: status and body from head and body of the request.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start(reply: impl Fn(&str) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let request = request(&stream);
                let (status, body) = reply(&request);
                log.lock().expect("nobody panics").push(request);
                answer(stream, status, &body);
            }
        });
        Self {
            url: format!("http://127.0.0.1:{port}"),
            seen,
        }
    }

    /// A Prometheus that answers 7 to requests which hold `proof`, and 403 to others.
    fn prometheus(proof: &'static str) -> Self {
        Self::start(move |request| {
            if request.contains(proof) {
                let body =
                    json!({"data": {"resultType": "vector", "result": [{"value": [1, "7"]}]}});
                (200, body.to_string())
            } else {
                (403, json!({"error": "who are you?"}).to_string())
            }
        })
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("nobody panics").clone()
    }
}

fn request(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut text = String::new();
    let mut length = 0;
    loop {
        let start = text.len();
        if reader.read_line(&mut text).unwrap_or(0) <= 2 {
            break;
        }
        let line = text[start..].to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    drop(reader.read_exact(&mut body));
    text + &String::from_utf8_lossy(&body)
}

fn answer(mut stream: TcpStream, status: u16, body: &str) {
    let text = format!(
        "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    drop(stream.write_all(text.as_bytes()));
}

/// An STS that gives the key of `ASIAROLE` to requests which hold `proof`.
fn sts(proof: &'static str) -> Server {
    Server::start(move |request| {
        if request.contains(proof) {
            let key = format!(
                "<R><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey><SessionToken>{SECRET}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></R>"
            );
            (200, key)
        } else {
            let refusal = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not you</Message></Error></ErrorResponse>";
            (403, refusal.to_owned())
        }
    })
}

/// A ScaledJob that asks `prometheus`, and its TriggerAuthentication with this podIdentity.
fn manifest(prometheus: &Server, more: &str, identity: &str) -> String {
    let trigger = format!(
        "- type: prometheus\n  metadata:\n    serverAddress: {}\n    query: sum(x)\n    threshold: \"1\"\n{more}  authenticationRef:\n    name: cloud",
        prometheus.url
    );
    format!(
        "apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {{name: cloud}}\nspec:\n  podIdentity: {identity}\n---\n{}",
        scaled_job("clouds", &trigger)
    )
}

const AWS: &str = "    awsRegion: eu-central-1\n";

/// `plan` on a machine with these variables; whatever comes of it shows no secret.
fn plan(manifest: &str, prepare: impl FnOnce(Keda) -> Keda) -> Output {
    let keda = Keda::new(["plan", "-", "--running", "0", "--output", "json"]).stdin(manifest);
    let output = prepare(keda).run();
    assert_lacks(&format!("{}{}", output.stdout, output.stderr), SECRET);
    output
}

#[track_caller]
fn creates_seven(output: Output) {
    let plan = output.expect(0).json();
    assert_eq!(plan["items"][0]["decision"]["create"], json!(7), "{plan:#}");
}

/// It failed, made nothing of it, and says this.
#[track_caller]
fn fails(output: Output, parts: &[&str]) {
    let output = output.expect(1);
    let plan = output.json();
    assert_eq!(plan["items"][0]["decision"]["create"], json!(0), "{plan:#}");
    assert_contains(&output.stdout, parts);
}

fn with_key(keda: Keda) -> Keda {
    keda.env("AWS_ACCESS_KEY_ID", "AKIDENV")
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
}

fn aws_variables() -> Outcome {
    let prometheus = Server::prometheus("Credential=AKIDENV/");
    creates_seven(plan(
        &manifest(&prometheus, AWS, "{provider: aws}"),
        with_key,
    ));
    let operator = format!("{AWS}    identityOwner: operator\n");
    creates_seven(plan(
        &manifest(&prometheus, &operator, "{provider: none}"),
        with_key,
    ));
    Ok(())
}

fn aws_profile() -> Outcome {
    let prometheus = Server::prometheus("Credential=ASIAROLE/");
    let sts = sts("Credential=AKIDFILE/");
    let text = manifest(&prometheus, AWS, "{provider: aws}");
    let profile = |name: &str| {
        plan(&text, |keda| {
            let folder = keda.home().join(".aws");
            std::fs::create_dir(&folder).expect("a folder");
            let config =
                "[profile reader]\nrole_arn = arn:aws:iam::1:role/reader\nsource_profile = me\n";
            std::fs::write(folder.join("config"), config).expect("a file");
            let keys =
                format!("[me]\naws_access_key_id = AKIDFILE\naws_secret_access_key = {SECRET}\n");
            std::fs::write(folder.join("credentials"), keys).expect("a file");
            keda.env("AWS_PROFILE", name)
                .env("AWS_ENDPOINT_URL_STS", &sts.url)
        })
    };
    creates_seven(profile("reader"));
    fails(
        profile("nobody"),
        &["AWS_PROFILE names profile", "me, reader"],
    );
    Ok(())
}

fn aws_role() -> Outcome {
    let prometheus = Server::prometheus("Credential=ASIAROLE/");
    let sts = sts("ExternalId=right");
    let role = |id: &str| {
        let identity =
            format!("{{provider: aws, roleArn: \"arn:aws:iam::1:role/x\", externalID: {id}}}");
        plan(&manifest(&prometheus, AWS, &identity), |keda| {
            with_key(keda).env("AWS_ENDPOINT_URL", &sts.url)
        })
    };
    creates_seven(role("right"));
    fails(
        role("wrong"),
        &[
            "role arn:aws:iam::1:role/x",
            "403 Forbidden: AccessDenied not you",
        ],
    );
    assert!(
        sts.seen()
            .iter()
            .all(|request| request.contains("Credential=AKIDENV/"))
    );
    Ok(())
}

fn aws_service_account() -> Outcome {
    let cluster = TestCluster::start();
    let prometheus = Server::prometheus("Credential=ASIAROLE/");
    let sts = sts("WebIdentityToken=ey");
    let text = manifest(&prometheus, AWS, "{provider: aws, identityOwner: workload}").replace(
        "        containers:",
        "        serviceAccountName: worker\n        containers:",
    );
    let path = cluster.write("workload.yaml", &text);
    let plan = || {
        cluster
            .keda(["plan", &path, "--output", "json"])
            .env("AWS_ENDPOINT_URL_STS", &sts.url)
            .run()
    };
    // As examples/role.yaml says.
    cluster.grant(json!([{
        "apiGroups": [""], "resources": ["serviceaccounts/token"], "resourceNames": ["annotated"], "verbs": ["create"],
    }]));
    let place = format!("get serviceaccounts in namespace {}", cluster.namespace);
    fails(plan(), &[&place, "worker"]);
    let account = |annotations: serde_json::Value| json!({"metadata": {"name": "worker", "annotations": annotations}});
    cluster.create::<ServiceAccount>(account(json!({})));
    fails(plan(), &["has no annotation eks.amazonaws.com/role-arn"]);
    let other = text.replace(
        "serviceAccountName: worker",
        "serviceAccountName: annotated",
    );
    let path = cluster.write("annotated.yaml", &other);
    cluster.create::<ServiceAccount>(json!({"metadata": {"name": "annotated",
        "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/pod"}}}));
    let output = cluster
        .keda(["plan", &path, "--output", "json"])
        .env("AWS_ENDPOINT_URL_STS", &sts.url)
        .run();
    creates_seven(output);
    let seen = sts.seen();
    assert_contains(&seen[0], &["AssumeRoleWithWebIdentity", "role%2Fpod"]);
    Ok(())
}

fn forbidden_token() -> Outcome {
    let cluster = TestCluster::start();
    let prometheus = Server::prometheus("nobody");
    cluster.create::<ServiceAccount>(json!({"metadata": {"name": "worker",
        "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/pod"}}}));
    let text = manifest(&prometheus, AWS, "{provider: aws-eks}").replace(
        "        containers:",
        "        serviceAccountName: worker\n        containers:",
    );
    let path = cluster.write("workload.yaml", &text);
    for (path_of_fault, operation) in [
        (
            "/serviceaccounts/worker/token",
            "create serviceaccounts/token",
        ),
        ("/serviceaccounts/worker", "get serviceaccounts"),
    ] {
        let fault = json!([{"path": path_of_fault, "action": {"status": 403}}]);
        cluster.admin("POST", "/sandbox/faults", Some(fault));
        fails(
            cluster.run(["plan", &path, "--output", "json"]),
            &[
                &format!("{operation} in namespace {}", cluster.namespace),
                "forbidden",
            ],
        );
    }
    Ok(())
}

fn azure() -> Outcome {
    let prometheus = Server::prometheus("authorization: Bearer azure-token");
    let login = Server::start(|request| {
        let fits = request.starts_with("POST /tenant/oauth2/v2.0/token")
            && request.contains("client_id=reader")
            && request.contains(SECRET);
        if fits {
            (
                200,
                json!({"access_token": "azure-token", "expires_in": 3600}).to_string(),
            )
        } else {
            let refusal = json!({"error": "unauthorized_client", "error_description": format!("AADSTS700016 {SECRET}")});
            (400, refusal.to_string())
        }
    });
    let identity = |client: &str| {
        let identity = format!("{{provider: azure-workload, identityId: {client}}}");
        plan(&manifest(&prometheus, "", &identity), |keda| {
            let file = keda.home().join("token");
            std::fs::write(&file, SECRET).expect("a file");
            keda.env("AZURE_FEDERATED_TOKEN_FILE", &file)
                .env("AZURE_TENANT_ID", "tenant")
                .env("AZURE_AUTHORITY_HOST", &login.url)
        })
    };
    creates_seven(identity("reader"));
    fails(
        identity("stranger"),
        &["unauthorized_client: AADSTS700016 ***"],
    );
    Ok(())
}

fn google() -> Outcome {
    let prometheus = Server::prometheus("authorization: Bearer google-token");
    let tokens = Server::start(|request| {
        if request.contains("jwt-bearer") && request.contains("assertion=ey") {
            (
                200,
                json!({"access_token": "google-token", "expires_in": 3600}).to_string(),
            )
        } else {
            (400, json!({"error": "invalid_grant"}).to_string())
        }
    });
    let key = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/keys/test-only-key-rsa.pem"
    ))?;
    let file = json!({"type": "service_account", "client_email": "me@x.iam", "private_key": key, "token_uri": tokens.url});
    creates_seven(plan(
        &manifest(&prometheus, "", "{provider: gcp}"),
        |keda| {
            let path = keda.home().join("key.json");
            std::fs::write(&path, file.to_string()).expect("a file");
            keda.env("GOOGLE_APPLICATION_CREDENTIALS", &path)
        },
    ));
    Ok(())
}

fn nobody() -> Outcome {
    let prometheus = Server::prometheus("nobody");
    let bare = |keda: Keda| {
        keda.env("AWS_EC2_METADATA_DISABLED", "true")
            .env("GCE_METADATA_HOST", "127.0.0.1:1")
            .env("PATH", "/nowhere")
    };
    for (identity, more, part) in [
        ("{provider: aws}", AWS, "no AWS identity"),
        ("{provider: azure-workload}", "", "no Azure identity"),
        ("{provider: gcp}", "", "no Google identity"),
    ] {
        let output = plan(&manifest(&prometheus, more, identity), bare);
        fails(output, &[part, "sign in"]);
    }
    assert!(prometheus.seen().is_empty());
    Ok(())
}
