//! Queues of Azure and AWS beside servers that check who asks.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use k8s_openapi::api::core::v1::Secret;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::identities;
use crate::sources::triggers::{errors, readings};
use crate::sources::{scaled_job, twenty_five};
use crate::support::azurite::{Azurite, Tunnel, file, key};
use crate::support::binary::{Keda, Output};
use crate::support::cluster::TestCluster;
use crate::support::moto::Moto;
use crate::support::{Outcome, assert_contains, assert_lacks, test_with};

pub(crate) fn tests() -> Vec<Trial> {
    let azurite = &["azurite-queue"];
    let moto = &["moto_server"];
    vec![
        test_with(
            azurite,
            "cloud_queues::azure_25_messages_make_25_jobs",
            azure,
        ),
        test_with(
            azurite,
            "cloud_queues::azure_hidden_messages_count_or_not",
            azure_strategies,
        ),
        test_with(
            azurite,
            "cloud_queues::azure_whoever_may_not_read_gets_an_error",
            azure_proofs,
        ),
        test_with(
            azurite,
            "cloud_queues::azure_a_token_opens_the_account",
            azure_token,
        ),
        test_with(
            &["azurite-blob"],
            "cloud_queues::azure_blobs_in_folders_and_by_patterns",
            azure_blobs,
        ),
        test_with(moto, "cloud_queues::sqs_25_messages_make_25_jobs", sqs),
        test_with(moto, "cloud_queues::sqs_which_messages_count", sqs_counts),
        test_with(
            moto,
            "cloud_queues::sqs_whoever_may_not_read_gets_an_error",
            sqs_identities,
        ),
    ]
}

/// A trigger with this metadata, and perhaps a TriggerAuthentication.
fn trigger(kind: &str, metadata: &[(&str, &str)], authentication: Option<&str>) -> String {
    let lines = metadata
        .iter()
        .map(|(key, text)| format!("\n    {key}: {text:?}"));
    let reference = authentication.map(|name| format!("\n  authenticationRef: {{name: {name}}}"));
    let start = format!("- type: {kind}\n  metadata:");
    lines.chain(reference).fold(start, |all, line| all + &line)
}

/// A TriggerAuthentication with this podIdentity, and parameters from a Secret.
fn authentication(name: &str, identity: &str, parameters: &[(&str, &str)]) -> String {
    let data: serde_json::Map<String, Value> = parameters
        .iter()
        .map(|(key, text)| ((*key).to_owned(), json!(text)))
        .collect();
    let targets: Vec<Value> = parameters
        .iter()
        .map(|(key, _)| json!({"parameter": key, "name": name, "key": key}))
        .collect();
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data});
    format!(
        "{secret}\n---\napiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {{name: {name}}}\nspec:\n  podIdentity: {identity}\n  secretTargetRef: {}\n---\n",
        Value::from(targets)
    )
}

/// `plan` without a cluster, of a ScaledJob with these triggers beside these other objects; whatever it says shows no secret.
fn plan(objects: &str, triggers: &[String], variables: &[(&str, &str)]) -> Output {
    let job = scaled_job("orders", &triggers.join("\n"));
    let mut keda = Keda::new(["plan", "-", "--running", "0", "--output", "json"])
        .stdin(format!("{objects}{job}"));
    for (name, value) in variables {
        keda = keda.env(name, value);
    }
    let output = keda.run();
    let said = format!("{}{}", output.stdout, output.stderr);
    assert_lacks(&said, "hunter2");
    assert_lacks(&said, &key());
    output
}

/// What is said of the triggers, one after the other, none of which has a value.
#[track_caller]
fn assert_errors(output: &Output, parts: &[&[&str]]) {
    let errors = errors(output);
    assert_eq!(errors.len(), parts.len());
    for (error, parts) in errors.iter().zip(parts) {
        assert_contains(error, parts);
    }
    let plan = output.json();
    assert_eq!(plan["items"][0]["decision"]["create"], json!(0), "{plan:#}");
}

fn azure() -> Outcome {
    let azurite = Azurite::start();
    azurite.fill("work", 25);
    azurite.take("work", 5);
    let connection = azurite.connection();
    let metadata = [
        ("queueName", "work"),
        ("queueLength", "1"),
        ("connection", connection.as_str()),
    ];
    let cluster = TestCluster::start();
    twenty_five(&cluster, "orders", &trigger("azure-queue", &metadata, None));
    Ok(())
}

fn azure_strategies() -> Outcome {
    let azurite = Azurite::start();
    azurite.fill("few", 7);
    azurite.take("few", 3);
    azurite.fill("many", 40);
    azurite.take("many", 3);
    azurite.fill("none", 0);
    let connection = azurite.connection();
    let of = |queue: &str, more: &[(&str, &str)]| {
        let base = [("queueName", queue), ("connection", &connection)];
        trigger("azure-queue", &[&base, more].concat(), None)
    };
    let visible = ("queueLengthStrategy", "visibleonly");
    let output = plan(
        "",
        &[
            of("few", &[]),
            of("few", &[visible]),
            of("few", &[visible, ("activationQueueLength", "4")]),
            // More than Azure shows at once: KEDA falls back to all.
            of("many", &[visible]),
            of("none", &[]),
            of("none", &[visible]),
        ],
        &[],
    )
    .expect(0);
    let expected = [
        (7.0, true),
        (4.0, true),
        (4.0, false),
        (40.0, true),
        (0.0, false),
        (0.0, false),
    ];
    assert_eq!(readings(&output), expected, "{}", output.stdout);
    Ok(())
}

fn azure_proofs() -> Outcome {
    let azurite = Azurite::start();
    azurite.fill("work", 3);
    let right = azurite.connection();
    let wrong = right.replace(&key(), "aHVudGVyMg==");
    let signed = |permissions, year| {
        azurite.connection_by_signature(permissions, &format!("{year}-01-01T00:00:00Z"))
    };
    let (by_signature, too_little, expired) =
        (signed("r", 2099), signed("a", 2099), signed("r", 2020));
    let of = |connection: &str, queue: &str, strategy: &str| {
        let metadata = [
            ("queueName", queue),
            ("connection", connection),
            ("queueLengthStrategy", strategy),
        ];
        trigger("azure-queue", &metadata, None)
    };
    let mut triggers: Vec<String> = [&right, &by_signature]
        .into_iter()
        .flat_map(|text| ["all", "visibleonly"].map(|strategy| of(text, "work", strategy)))
        .collect();
    let objects = authentication("login", "{provider: none}", &[("connection", &right)]);
    let by_secret = [("queueName", "work")];
    triggers.push(trigger("azure-queue", &by_secret, Some("login")));
    let output = plan(&objects, &triggers, &[]).expect(0);
    assert_eq!(readings(&output), [(3.0, true); 5]);

    let place = format!("{}/work", azurite.url());
    let place = place.as_str();
    let output = plan(
        "",
        &[
            of(&wrong, "work", "all"),
            of(&wrong, "work", "visibleonly"),
            of(&too_little, "work", "all"),
            of(&expired, "work", "visibleonly"),
            of(&right, "absent", "all"),
        ],
        &[],
    )
    .expect(1);
    assert_errors(
        &output,
        &[
            &[place, "403 Forbidden", "is AccountKey a key of AccountName"],
            &[&format!("{place}/messages"), "403 Forbidden"],
            &[
                place,
                "AuthorizationPermissionMismatch",
                "must permit to read queues",
            ],
            &[
                place,
                "403 Forbidden",
                "is SharedAccessSignature whole and not expired?",
            ],
            &["/absent answered 404 Not Found: QueueNotFound"],
        ],
    );
    Ok(())
}

fn azure_token() -> Outcome {
    let azurite = Azurite::start_for_tokens();
    azurite.fill("work", 3);
    let tunnel = Tunnel::to(azurite.port);
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({"aud": "https://storage.azure.com", "iss": "https://sts.windows.net/hunter2/",
        "iat": now - 60, "nbf": now - 60, "exp": now + 3600});
    let part = |json: Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let token = format!("{}.{}.hunter2", part(json!({"alg": "none"})), part(claims));
    let login = identities::Server::start(move |request| {
        let asked = "scope=https%3A%2F%2Fstorage.azure.com%2F.default";
        let given = |text: &str| json!({"access_token": text, "expires_in": 3600}).to_string();
        match (
            request.contains(asked),
            request.contains("client_id=reader"),
        ) {
            (true, true) => (200, given(&token)),
            (true, false) => (200, given("hunter2")),
            _ => (400, json!({"error": "invalid_scope"}).to_string()),
        }
    });
    let file_of_token = tempfile::NamedTempFile::new()?;
    std::fs::write(file_of_token.path(), "hunter2-federated")?;
    let variables = [
        (
            "AZURE_FEDERATED_TOKEN_FILE",
            &*file_of_token.path().to_string_lossy(),
        ),
        ("AZURE_TENANT_ID", "tenant"),
        ("AZURE_AUTHORITY_HOST", &login.url),
        ("HTTPS_PROXY", &tunnel.url),
        ("SSL_CERT_FILE", &file("azure-certificate")),
    ];
    let identity = |client: &str| {
        authentication(
            client,
            &format!("{{provider: azure-workload, identityId: {client}}}"),
            &[],
        )
    };
    let of = |queue: &str, login: &str| {
        let metadata = [("queueName", queue), ("accountName", "acct")];
        trigger("azure-queue", &metadata, Some(login))
    };
    let output = plan(&identity("reader"), &[of("work", "reader")], &variables).expect(0);
    assert_eq!(readings(&output), [(3.0, true)], "{}", output.stdout);
    assert_eq!(tunnel.hosts()[0], "acct.queue.core.windows.net:443");

    let objects = identity("reader") + &identity("stranger");
    let triggers = [of("work", "stranger"), of("absent", "reader")];
    let output = plan(&objects, &triggers, &variables).expect(1);
    assert_errors(
        &output,
        &[
            &["https://acct.queue.core.windows.net/work answered 403 Forbidden"],
            &["https://acct.queue.core.windows.net/absent answered 404 Not Found"],
        ],
    );
    Ok(())
}

fn azure_blobs() -> Outcome {
    let azurite = Azurite::start_for_blobs();
    let names = [
        "a.csv",
        "b.csv",
        "c.txt",
        "in/a.csv",
        "in/b.txt",
        "in/deep/c.csv",
        "inner/a.csv",
    ];
    azurite.store("work", &names.map(str::to_owned));
    azurite.store("none", &[]);
    let connection = azurite.connection();
    let of = |container: &str, more: &[(&str, &str)]| {
        let base = [
            ("blobContainerName", container),
            ("connection", connection.as_str()),
        ];
        trigger("azure-blob", &[&base, more].concat(), None)
    };
    let (recursive, folder) = (("recursive", "true"), ("blobPrefix", "in"));
    let output = plan(
        "",
        &[
            of("work", &[]),
            of("work", &[recursive]),
            // The delimiter is appended to the prefix, unless there is none.
            of("work", &[folder]),
            of("work", &[folder, recursive]),
            of("work", &[("blobDelimiter", ".")]),
            of("work", &[("globPattern", "*.csv")]),
            of("work", &[("globPattern", "/in*/{a,b}.*")]),
            of("work", &[folder, ("globPattern", "**.csv")]),
            of("none", &[("activationBlobCount", "0")]),
        ],
        &[],
    )
    .expect(0);
    let values: Vec<f64> = readings(&output).iter().map(|reading| reading.0).collect();
    let expected = [3.0, 7.0, 2.0, 4.0, 0.0, 5.0, 3.0, 2.0, 0.0];
    assert_eq!(values, expected, "{}", output.stdout);
    assert_eq!(readings(&output)[8], (0.0, false));

    let wrong = connection.replace(&key(), "aHVudGVyMg==");
    let metadata = [("blobContainerName", "work"), ("connection", &wrong)];
    let triggers = [trigger("azure-blob", &metadata, None), of("absent", &[])];
    let output = plan("", &triggers, &[]).expect(1);
    assert_errors(
        &output,
        &[
            &[&azurite.url(), "/work answered 403 Forbidden"],
            &["/absent answered 404 Not Found: ContainerNotFound"],
        ],
    );
    Ok(())
}

const REGION: (&str, &str) = ("awsRegion", "eu-central-1");

fn sqs() -> Outcome {
    let moto = Moto::start();
    let url = moto.fill("work", 25);
    moto.take(&url, 5);
    let (id, secret) = moto.user("reader", "sqs:GetQueueAttributes");
    moto.lock();
    let cluster = TestCluster::start();
    cluster.create::<Secret>(json!({"metadata": {"name": "login"},
        "stringData": {"awsAccessKeyID": id, "awsSecretAccessKey": secret}}));
    let target = |key: &str| json!({"parameter": key, "name": "login", "key": key});
    let object = json!({"apiVersion": "keda.sh/v1alpha1", "kind": "TriggerAuthentication", "metadata": {"name": "login"},
        "spec": {"secretTargetRef": [target("awsAccessKeyID"), target("awsSecretAccessKey")]}});
    cluster.create_keda("TriggerAuthentication", "triggerauthentications", object);
    let endpoint = moto.url();
    let metadata = [
        ("queueURL", url.as_str()),
        ("queueLength", "1"),
        REGION,
        ("awsEndpoint", &endpoint),
    ];
    let trigger = trigger("aws-sqs-queue", &metadata, Some("login"));
    twenty_five(&cluster, "orders", &trigger);
    Ok(())
}

/// The key of one who may do anything as long as nothing is locked.
const ANYBODY: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "AKIDANY"),
    ("AWS_SECRET_ACCESS_KEY", "hunter2"),
];

fn sqs_counts() -> Outcome {
    let moto = Moto::start();
    let url = moto.fill("work", 5);
    moto.take(&url, 2);
    moto.put(&url, "later", 900);
    let empty = moto.fill("none", 0);
    let endpoint = moto.url();
    let of = |queue: &str, more: &[(&str, &str)]| {
        let base = [("queueURL", queue), REGION, ("identityOwner", "operator")];
        trigger("aws-sqs-queue", &[&base, more].concat(), None)
    };
    let visible = ("scaleOnInFlight", "false");
    let delayed = ("scaleOnDelayed", "true");
    let variables = [&ANYBODY[..], &[("AWS_ENDPOINT_URL_SQS", &endpoint)]].concat();
    let output = plan(
        "",
        &[
            of(&url, &[]),
            of(&url, &[visible]),
            of(&url, &[delayed]),
            of(&url, &[visible, delayed, ("activationQueueLength", "4")]),
            of(&empty, &[]),
        ],
        &variables,
    )
    .expect(0);
    let expected = [
        (5.0, true),
        (3.0, true),
        (6.0, true),
        (4.0, false),
        (0.0, false),
    ];
    assert_eq!(readings(&output), expected, "{}", output.stdout);

    let absent = url.replace("work", "absent");
    let output = plan("", &[of(&absent, &[])], &variables).expect(1);
    assert_errors(
        &output,
        &[&[
            &endpoint,
            "400 Bad Request: QueueDoesNotExist",
            "queueURL must be a queue of awsRegion",
        ]],
    );
    Ok(())
}

fn sqs_identities() -> Outcome {
    let moto = Moto::start();
    let url = moto.fill("work", 3);
    let reader = moto.user("reader", "sqs:GetQueueAttributes");
    let stranger = moto.user("stranger", "sqs:ListQueues");
    let climber = moto.user("climber", "sts:AssumeRole");
    let role = moto.role("queues", "sqs:GetQueueAttributes");
    moto.lock();

    let endpoint = moto.url();
    let of = |login: &str| {
        let metadata = [("queueURL", url.as_str()), REGION];
        trigger("aws-sqs-queue", &metadata, Some(login))
    };
    let key = |name: &str, id: &str, secret: &str| {
        let parameters = [("awsAccessKeyID", id), ("awsSecretAccessKey", secret)];
        authentication(name, "{provider: none}", &parameters)
    };
    let by_role = format!("{{provider: aws, roleArn: {role:?}}}");
    let objects = [
        key("reader", &reader.0, &reader.1),
        key("stranger", &stranger.0, &stranger.1),
        key("mistyped", &reader.0, "hunter2"),
        key("unknown", "AKIAUNKNOWN", "hunter2"),
        authentication("own", "{provider: aws}", &[]),
        authentication("role", &by_role, &[]),
        authentication("parameter", "{provider: none}", &[("awsRoleArn", &role)]),
    ]
    .concat();
    // Who asks, as the program's own environment says.
    let as_user = |user: &(String, String), triggers: &[String]| {
        let variables = [
            ("AWS_ACCESS_KEY_ID", user.0.as_str()),
            ("AWS_SECRET_ACCESS_KEY", &user.1),
            ("AWS_ENDPOINT_URL", &endpoint),
        ];
        let output = plan(&objects, triggers, &variables);
        assert_lacks(&format!("{}{}", output.stdout, output.stderr), &user.1);
        output
    };
    let operator = [
        ("queueURL", url.as_str()),
        REGION,
        ("identityOwner", "operator"),
    ];
    let by_operator = trigger("aws-sqs-queue", &operator, None);
    let triggers = [of("reader"), of("own"), by_operator];
    let output = as_user(&reader, &triggers).expect(0);
    assert_eq!(readings(&output), [(3.0, true); 3]);
    let output = as_user(&climber, &[of("role"), of("parameter")]).expect(0);
    assert_eq!(readings(&output), [(3.0, true); 2]);

    let triggers = [
        of("stranger"),
        of("mistyped"),
        of("unknown"),
        of("own"),
        of("role"),
    ];
    let output = as_user(&stranger, &triggers).expect(1);
    let place = format!("{endpoint}/ answered 403 Forbidden");
    let permission = "needs the permission sqs:GetQueueAttributes";
    assert_errors(
        &output,
        &[
            &[&place, "AccessDenied", permission],
            &[&place, "SignatureDoesNotMatch", "are the access key"],
            &[&place, "InvalidClientTokenId", "are the access key"],
            &[&place, "AccessDenied", permission],
            &[&role, "403 Forbidden: AccessDenied"],
        ],
    );
    Ok(())
}
