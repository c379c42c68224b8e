//! Moto, an emulator of AWS: it checks signatures and policies once it is told to.

use std::process::Command;

use serde_json::{Value, json};

use super::block_on;
use super::servers::{Server, accepts, find, free_port};

const REGION: &str = "eu-central-1";

/// Queues, users and roles of one account.
pub(crate) struct Moto {
    port: u16,
    _server: Server,
}

impl Moto {
    pub(crate) fn start() -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(find("moto_server").expect("moto_server is installed"));
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
        let mut server = Server::start(&mut command, folder, None);
        server.wait_until("moto accepts connections", || accepts(port));
        Self {
            port,
            _server: server,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a queue with so many messages; gives its URL.
    pub(crate) fn fill(&self, queue: &str, count: usize) -> String {
        let made = self.sqs("CreateQueue", &json!({"QueueName": queue}));
        let url = made["QueueUrl"].as_str().expect("an URL").to_owned();
        for number in 0..count {
            self.put(&url, &number.to_string(), 0);
        }
        url
    }

    /// A message that shows itself after so many seconds.
    pub(crate) fn put(&self, url: &str, text: &str, delay: u32) {
        let message = json!({"QueueUrl": url, "MessageBody": text, "DelaySeconds": delay});
        self.sqs("SendMessage", &message);
    }

    /// A receiver takes so many messages.
    pub(crate) fn take(&self, url: &str, count: usize) {
        let asked = json!({"QueueUrl": url, "MaxNumberOfMessages": count});
        let taken = self.sqs("ReceiveMessage", &asked);
        assert_eq!(taken["Messages"].as_array().map(Vec::len), Some(count));
    }

    fn sqs(&self, operation: &str, body: &Value) -> Value {
        let text = self.send(
            "sqs",
            "",
            &[
                ("content-type", "application/x-amz-json-1.0"),
                ("x-amz-target", &format!("AmazonSQS.{operation}")),
            ],
            body.to_string(),
        );
        serde_json::from_str(&text).expect("JSON")
    }

    /// A user that may do this; gives its access key.
    pub(crate) fn user(&self, name: &str, action: &str) -> (String, String) {
        self.iam(&[("Action", "CreateUser"), ("UserName", name)]);
        self.iam(&[
            ("Action", "PutUserPolicy"),
            ("UserName", name),
            ("PolicyName", "p"),
            ("PolicyDocument", &policy(action)),
        ]);
        let made = self.iam(&[("Action", "CreateAccessKey"), ("UserName", name)]);
        (
            element(&made, "AccessKeyId"),
            element(&made, "SecretAccessKey"),
        )
    }

    /// A role that may do this, which everybody may take on; gives its ARN.
    pub(crate) fn role(&self, name: &str, action: &str) -> String {
        let trust = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"},
        ]});
        let made = self.iam(&[
            ("Action", "CreateRole"),
            ("RoleName", name),
            ("AssumeRolePolicyDocument", &trust.to_string()),
        ]);
        self.iam(&[
            ("Action", "PutRolePolicy"),
            ("RoleName", name),
            ("PolicyName", "p"),
            ("PolicyDocument", &policy(action)),
        ]);
        element(&made, "Arn")
    }

    fn iam(&self, form: &[(&str, &str)]) -> String {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        body.append_pair("Version", "2010-05-08").extend_pairs(form);
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        self.send("iam", "", &kind, body.finish())
    }

    /// From now on every request must be signed by somebody who may.
    pub(crate) fn lock(&self) {
        self.send("sqs", "/moto-api/reset-auth", &[], "0".to_owned());
    }

    fn send(&self, service: &str, path: &str, headers: &[(&str, &str)], body: String) -> String {
        block_on(async {
            let client = reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client");
            let signed = format!(
                "AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/{service}/aws4_request, SignedHeaders=host, Signature=none"
            );
            let mut request = client
                .post(format!("{}{path}", self.url()))
                .header("authorization", signed)
                .body(body);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = request.send().await.expect("moto answers");
            let status = answer.status();
            let text = answer.text().await.unwrap_or_default();
            assert!(status.is_success(), "{status} {text}");
            text
        })
    }
}

fn policy(action: &str) -> String {
    let statement = json!([{"Effect": "Allow", "Action": action, "Resource": "*"}]);
    json!({"Version": "2012-10-17", "Statement": statement}).to_string()
}

/// The text of an element of an answer.
fn element(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).expect(name);
    rest.split('<').next().unwrap_or_default().to_owned()
}
