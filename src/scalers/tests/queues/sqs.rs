//! `aws-sqs-queue`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::fake::{answer, one, options, serve};
use super::place;
use crate::scalers::{Identities, ReadOptions, Surroundings};

const URL: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/orders";
const KEY: [(&str, &str); 2] = [
    ("awsAccessKeyID", "AKIDEXAMPLE"),
    ("awsSecretAccessKey", "hunter2"),
];

fn counts(pairs: &[(&str, &str)]) -> String {
    let attributes: BTreeMap<_, _> = pairs.iter().copied().collect();
    answer(200, &json!({"Attributes": attributes}).to_string())
}

/// What comes of a queue whose server gives this answer, and what it was asked.
async fn ask(
    text: String,
    more: &[(&str, &str)],
    auth: &[(&str, &str)],
) -> (Result<(f64, bool), String>, String) {
    let (address, seen) = serve(vec![text]).await;
    let endpoint = format!("http://{address}");
    let base = [
        ("queueURL", URL),
        ("awsRegion", "eu-central-1"),
        ("awsEndpoint", &endpoint),
    ];
    let result = one("aws-sqs-queue", &[&base, more].concat(), Some(auth)).await;
    if let Err(error) = &result {
        assert!(!error.contains("hunter2"), "{error}");
        let place = format!("failed: {endpoint}/ ");
        assert!(error.starts_with(&place), "{error}");
    }
    let seen = seen.lock().unwrap()[0].clone();
    (result, seen)
}

#[tokio::test]
async fn which_messages_count() {
    let all = [
        ("ApproximateNumberOfMessages", "2"),
        ("ApproximateNumberOfMessagesNotVisible", "10"),
        ("ApproximateNumberOfMessagesDelayed", "100"),
    ];
    let (flight, delayed) = (("scaleOnInFlight", "false"), ("scaleOnDelayed", "true"));
    for (more, wanted, asked) in [
        (&[][..], (12.0, true), &[0, 1][..]),
        (&[flight], (2.0, true), &[0]),
        (&[delayed], (112.0, true), &[0, 1, 2]),
        (&[flight, delayed], (102.0, true), &[0, 2]),
        (
            &[flight, ("activationQueueLength", "2")],
            (2.0, false),
            &[0],
        ),
    ] {
        let (result, seen) = ask(counts(&all), more, &KEY).await;
        assert_eq!(result, Ok(wanted), "{more:?}");
        let (head, body) = seen.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST / HTTP/1.1\r\n"), "{head}");
        for line in [
            "content-type: application/x-amz-json-1.0",
            "x-amz-target: AmazonSQS.GetQueueAttributes",
            "x-amz-date: 19700101T000000Z",
        ] {
            assert!(head.lines().any(|other| other == line), "{line}\n{head}");
        }
        let signed = "Credential=AKIDEXAMPLE/19700101/eu-central-1/sqs/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=";
        assert!(head.contains(signed), "{head}");
        let body: Value = serde_json::from_str(body).unwrap();
        let names: Vec<&str> = asked.iter().map(|index| all[*index].0).collect();
        assert_eq!(body, json!({"QueueUrl": URL, "AttributeNames": names}));
    }
}

#[tokio::test]
async fn keys_come_from_wherever_keda_takes_them() {
    let one = counts(&[
        ("ApproximateNumberOfMessages", "1"),
        ("ApproximateNumberOfMessagesNotVisible", "0"),
    ]);
    // The container's variables are PLAIN (plain) and KEY, which is key of the Secret.
    let secret = ("awsSecretAccessKeyFromEnv", "KEY");
    let variables = [("key", "hunter2")];
    let temporary = [&KEY[..], &[("awsSessionToken", "session")]].concat();
    for (more, auth, wanted) in [
        (
            &[("awsAccessKeyIDFromEnv", "PLAIN"), secret][..],
            &variables[..],
            "Credential=plain/",
        ),
        (
            &[("awsAccessKeyID", "AKIDMETA"), secret],
            &variables,
            "Credential=AKIDMETA/",
        ),
        (&[], &temporary, "x-amz-security-token: session"),
    ] {
        let (result, seen) = ask(one.clone(), more, auth).await;
        assert_eq!(result, Ok((1.0, true)));
        assert!(seen.contains(wanted), "{seen}");
    }
}

#[tokio::test]
async fn an_answer_without_a_count_is_an_error() {
    let refusal = |status, body: Value| answer(status, &body.to_string());
    for (text, wanted) in [
        (answer(200, ""), "answered with something else than JSON"),
        (
            answer(200, "{}"),
            "answered without ApproximateNumberOfMessages",
        ),
        (
            counts(&[("ApproximateNumberOfMessages", "1")]),
            "answered without ApproximateNumberOfMessagesNotVisible",
        ),
        (
            counts(&[
                ("ApproximateNumberOfMessages", "-1"),
                ("ApproximateNumberOfMessagesNotVisible", "0"),
            ]),
            "no count",
        ),
        (
            refusal(
                400,
                json!({"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The specified queue\ndoes not exist."}),
            ),
            "answered 400 Bad Request: QueueDoesNotExist The specified queue does not exist.; queueURL must be a queue of awsRegion",
        ),
        (
            refusal(
                403,
                json!({"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "no"}),
            ),
            "answered 403 Forbidden: AccessDeniedException no; who signs needs the permission sqs:GetQueueAttributes",
        ),
        (
            refusal(403, json!({"__type": "InvalidClientTokenId"})),
            "answered 403 Forbidden: InvalidClientTokenId; are the access key",
        ),
        (
            answer(
                403,
                "<ErrorResponse><Errors><Error><Code>AccessDenied</Code><Message>no</Message></Error></Errors></ErrorResponse>",
            ),
            "answered 403 Forbidden: AccessDenied no; who signs needs the permission",
        ),
        (answer(503, "<html>"), "answered 503 Service Unavailable"),
        (answer(307, ""), "answered 307 Temporary Redirect"),
        ("nonsense\r\n\r\n".to_owned(), "cannot be asked"),
    ] {
        let (result, _) = ask(text, &[], &KEY).await;
        let error = result.unwrap_err();
        assert!(error.contains(wanted), "{wanted}\n{error}");
    }
}

fn with(variables: &[(&str, &str)]) -> ReadOptions {
    let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    ReadOptions {
        identities: Identities::new(Surroundings::with(variables.iter().map(pair).collect())),
        ..options()
    }
}

#[tokio::test]
async fn where_sqs_is() {
    let own = ("AWS_ENDPOINT_URL_SQS", "http://sqs.example/");
    let general = ("AWS_ENDPOINT_URL", "http://aws.example/base");
    for (region, endpoint, variables, wanted) in [
        (
            "eu-west-1",
            None,
            &[][..],
            "https://sqs.eu-west-1.amazonaws.com/",
        ),
        (
            "us-gov-west-1",
            None,
            &[],
            "https://sqs.us-gov-west-1.amazonaws.com/",
        ),
        (
            "cn-north-1",
            None,
            &[],
            "https://sqs.cn-north-1.amazonaws.com.cn/",
        ),
        (
            "us-isob-east-1",
            None,
            &[],
            "https://sqs.us-isob-east-1.sc2s.sgov.gov/",
        ),
        ("eu-west-1", None, &[general], "http://aws.example/base"),
        ("eu-west-1", None, &[general, own], "http://sqs.example/"),
        (
            "eu-west-1",
            Some("http://h:1/x"),
            &[general, own],
            "http://h:1/x",
        ),
    ] {
        let mut metadata = vec![("queueURL", "orders"), ("awsRegion", region)];
        metadata.extend(endpoint.map(|address| ("awsEndpoint", address)));
        let options = with(variables);
        let found = place("aws-sqs-queue", &metadata, &KEY, None, &options).await;
        assert_eq!(found, Ok(format!("Scaler({wanted})")));
    }
    let region = ("awsRegion", "eu-west-1");
    let queue = ("queueURL", "orders");
    for (metadata, auth, variables, wanted) in [
        (
            &[queue, region][..],
            &KEY[..1],
            &[][..],
            "awsSecretAccessKey is missing",
        ),
        (&[queue, region], &[], &[], "there is no access key"),
        (
            &[queue, ("awsRegion", "a/b")],
            &KEY,
            &[],
            "parameter awsRegion must be",
        ),
        (&[queue], &KEY, &[], "awsRegion"),
        (
            &[("queueURL", "localhost:4566/0/orders"), region],
            &KEY,
            &[],
            "parameter queueURL must end in",
        ),
        (
            &[queue, region, ("awsEndpoint", "localhost:4566")],
            &KEY,
            &[],
            "parameter awsEndpoint must be an absolute http or https URL",
        ),
        (
            &[queue, region],
            &KEY,
            &[("AWS_ENDPOINT_URL", "u:hunter2@h")],
            "AWS_ENDPOINT_URL must be an absolute http or https URL",
        ),
    ] {
        let options = with(variables);
        let found = place("aws-sqs-queue", metadata, auth, None, &options).await;
        let error = found.unwrap_err();
        assert!(error.contains(wanted), "{wanted}\n{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
