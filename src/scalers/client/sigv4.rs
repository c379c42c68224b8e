//! AWS Signature Version 4. [AWS, "Signature Version 4 signing process"]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hmac::{Hmac, Mac};
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use url::Url;

use crate::api::Secret;

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// Headers that may change on their way. [AWS SDK for Go v2, the signer that KEDA uses]
const NOT_SIGNED: [&str; 5] = [
    "authorization",
    "expect",
    "transfer-encoding",
    "user-agent",
    "x-amzn-trace-id",
];

/// An access key of AWS.
#[derive(Debug, Clone)]
pub(crate) struct Credentials {
    /// Its public half.
    pub(crate) access_key_id: String,
    /// Its secret half.
    pub(crate) secret_access_key: Secret<String>,
    /// Goes with temporary keys; empty means absent.
    pub(crate) session_token: Secret<String>,
}

impl Credentials {
    /// Some that can be sent and open nothing, to check the rest of a signer.
    pub(crate) fn placeholder() -> Self {
        Self {
            access_key_id: "none".to_owned(),
            secret_access_key: Secret::default(),
            session_token: Secret::default(),
        }
    }
}

/// Signs requests to one service in one region.
#[derive(Debug)]
pub(crate) struct Signer {
    credentials: Credentials,
    session_token: Option<HeaderValue>,
    region: String,
    service: &'static str,
}

impl Signer {
    /// A signer for `service` (`aps`). The error is a fragment without secrets.
    pub(crate) fn new(
        credentials: Credentials,
        region: &str,
        service: &'static str,
    ) -> Result<Self, String> {
        let plain = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if !plain(region) {
            return Err("parameter awsRegion must be a name such as eu-central-1".to_owned());
        }
        if !plain(&credentials.access_key_id) {
            return Err("parameter awsAccessKeyID must be letters and digits".to_owned());
        }
        let token = credentials.session_token.expose();
        let session_token = (!token.is_empty())
            .then(|| HeaderValue::try_from(token))
            .transpose()
            .map_err(|_| "parameter awsSessionToken cannot be sent: it holds a line break")?
            .map(|mut token| {
                token.set_sensitive(true);
                token
            });
        Ok(Self {
            credentials,
            session_token,
            region: region.to_owned(),
            service,
        })
    }

    /// Signs a POST of `body`, or without one a GET: the query takes its canonical form, and `headers`, all of which are signed, get the
    /// time, the session token and the signature.
    pub(crate) fn sign(
        &self,
        url: &mut Url,
        headers: &mut HeaderMap,
        body: Option<&[u8]>,
        now: Timestamp,
    ) {
        let query = canonical_query(url);
        if !query.is_empty() {
            url.set_query(Some(&query));
        }
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        headers.insert(DATE, made(&time));
        if let Some(token) = &self.session_token {
            headers.insert(SECURITY_TOKEN, token.clone());
        }
        let signed = signed_headers(url, headers);
        let names = signed.keys().copied().collect::<Vec<_>>().join(";");
        let lines: Vec<String> = signed
            .iter()
            .map(|(name, value)| format!("{name}:{value}"))
            .collect();
        let lines = lines.join("\n");
        let path = escape(url.path(), b"-._~/");
        let method = if body.is_some() { "POST" } else { "GET" };
        let body = hex(&Sha256::digest(body.unwrap_or_default()));
        let request = format!("{method}\n{path}\n{query}\n{lines}\n\n{names}\n{body}");
        let request = hex(&Sha256::digest(request));
        let date = &time[..8];
        let scope = format!("{date}/{}/{}/aws4_request", self.region, self.service);
        let signature = hex(&mac(
            &self.key(date),
            &format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{request}"),
        ));
        let mut authorization = made(&format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.credentials.access_key_id
        ));
        authorization.set_sensitive(true);
        headers.insert(AUTHORIZATION, authorization);
    }

    /// The key of one day.
    fn key(&self, date: &str) -> Vec<u8> {
        let secret = format!("AWS4{}", self.credentials.secret_access_key.expose());
        [date, &self.region, self.service, "aws4_request"]
            .iter()
            .fold(secret.into_bytes(), |key, part| mac(&key, part))
    }
}

/// A header of our own making.
fn made(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).expect("it is made of checked letters, digits and punctuation")
}

/// Header names and canonical values, sorted, the host among them.
fn signed_headers<'h>(url: &Url, headers: &'h HeaderMap) -> BTreeMap<&'h str, String> {
    let mut signed: BTreeMap<&str, String> = headers
        .keys()
        .map(HeaderName::as_str)
        .filter(|name| !NOT_SIGNED.contains(name))
        .map(|name| {
            let values: Vec<String> = headers
                .get_all(name)
                .iter()
                .map(|value| {
                    String::from_utf8_lossy(value.as_bytes())
                        .split_ascii_whitespace()
                        .collect::<Vec<_>>()
                        .join(" ")
                })
                .collect();
            (name, values.join(","))
        })
        .collect();
    signed.entry("host").or_insert_with(|| {
        let host = url.host_str().unwrap_or_default();
        match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    });
    signed
}

/// The parameters, each escaped, sorted.
fn canonical_query(url: &Url) -> String {
    let mut pairs: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| (escape(&name, b"-._~"), escape(&value, b"-._~")))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}

/// Percent-encodes everything but letters, digits and `kept`.
fn escape(text: &str, kept: &[u8]) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

fn mac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(region: &str, service: &'static str, token: &str) -> Signer {
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned()),
            session_token: Secret::new(token.to_owned()),
        };
        Signer::new(credentials, region, service).unwrap()
    }

    /// Authorization header and address of a request that is signed at 2015-08-30T12:36:00Z.
    fn sign(
        signer: &Signer,
        address: &str,
        headers: &[(&'static str, &str)],
        body: Option<&[u8]>,
    ) -> (String, Url) {
        let mut url = Url::parse(address).unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::try_from(*value).unwrap());
        }
        signer.sign(
            &mut url,
            &mut map,
            body,
            "2015-08-30T12:36:00Z".parse().unwrap(),
        );
        assert_eq!(map["x-amz-date"], "20150830T123600Z");
        assert!(map["authorization"].is_sensitive());
        (map["authorization"].to_str().unwrap().to_owned(), url)
    }

    /// Cases of AWS's own test suite for Signature Version 4, and the example of its documentation (IAM).
    #[test]
    fn vectors_of_aws() {
        for (service, address, headers, names, signature) in [
            (
                // get-vanilla
                "service",
                "https://example.amazonaws.com/",
                &[][..],
                "host;x-amz-date",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                // get-vanilla-query-order-key-case
                "service",
                "https://example.amazonaws.com/?Param2=value2&Param1=value1",
                &[],
                "host;x-amz-date",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                // get-header-value-trim
                "service",
                "https://example.amazonaws.com/",
                &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
                "host;my-header1;my-header2;x-amz-date",
                "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
            ),
            (
                "iam",
                "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
                &[(
                    "content-type",
                    "application/x-www-form-urlencoded; charset=utf-8",
                )],
                "content-type;host;x-amz-date",
                "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            ),
        ] {
            let (authorization, _) =
                sign(&signer("us-east-1", service, ""), address, headers, None);
            let wanted = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, SignedHeaders={names}, Signature={signature}"
            );
            assert_eq!(authorization, wanted, "{address}");
        }
    }

    /// What botocore 1.x makes of the same requests.
    #[test]
    fn vectors_of_botocore() {
        let signer = signer("eu-central-1", "aps", "tok/en+=");
        let (authorization, url) = sign(
            &signer,
            "https://aps-workspaces.eu-central-1.amazonaws.com/workspaces/ws-1/api/v1/query?query=sum%28a%7Bb%3D%22c+d%2Be%2F%C3%A9%22%7D%29&time=2015-08-30T12%3A36%3A00Z&a-b=2&a=1",
            &[
                ("authorization", "not signed"),
                ("user-agent", "not signed"),
            ],
            None,
        );
        assert!(
        authorization.ends_with(
            "SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=e4585ca38e7a4b029b2f9ebc4204b843aed8be2ee1dd3d745096fe29bf8f279b"
        ),
        "{authorization}"
    );
        assert_eq!(
            url.query().unwrap(),
            "a=1&a-b=2&query=sum%28a%7Bb%3D%22c%20d%2Be%2F%C3%A9%22%7D%29&time=2015-08-30T12%3A36%3A00Z"
        );
        let (authorization, _) = sign(
            &signer,
            "http://127.0.0.1:9090/p%20q/x?z",
            &[("x-scope", "  a   b ")],
            None,
        );
        assert!(
        authorization.ends_with(
            "SignedHeaders=host;x-amz-date;x-amz-security-token;x-scope, Signature=a3258a5c9ee2ef80dd485ce038480ee2e322e0f1f74ef7cdb376e5c8bf05b9d9"
        ),
        "{authorization}"
    );
    }

    /// `post-vanilla` and `post-x-www-form-urlencoded` of AWS's test suite, and what botocore 1.43 makes of a request to SQS.
    #[test]
    fn bodies_are_signed() {
        let vanilla = signer("us-east-1", "service", "");
        let sqs = signer("eu-central-1", "sqs", "tok/en+=");
        for (signer, address, headers, body, signature) in [
            (
                &vanilla,
                "https://example.amazonaws.com/",
                &[][..],
                "",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                &vanilla,
                "https://example.amazonaws.com/",
                &[("content-type", "application/x-www-form-urlencoded")],
                "Param1=value1",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
            (
                &sqs,
                "https://sqs.eu-central-1.amazonaws.com/",
                &[
                    ("content-type", "application/x-amz-json-1.0"),
                    ("x-amz-target", "AmazonSQS.GetQueueAttributes"),
                ],
                "{\"QueueUrl\":\"https://sqs.eu-central-1.amazonaws.com/1/q\"}",
                "4b0d3a15b0ea93f65ae8bcb172e9a59d874a5f07f6df1dba96ea6775560bfbbe",
            ),
        ] {
            let (authorization, _) = sign(signer, address, headers, Some(body.as_bytes()));
            assert!(
                authorization.ends_with(&format!("Signature={signature}")),
                "{authorization}"
            );
        }
    }

    #[test]
    fn what_cannot_be_sent() {
        let new = |id: &str, token: &str, region: &str| {
            let credentials = Credentials {
                access_key_id: id.to_owned(),
                secret_access_key: Secret::new("hunter2".to_owned()),
                session_token: Secret::new(token.to_owned()),
            };
            Signer::new(credentials, region, "aps").map(|signer| format!("{signer:?}"))
        };
        assert!(!new("ID", "token", "r-1").unwrap().contains("hunter2"));
        for (id, token, region, part) in [
            ("I D", "", "r", "awsAccessKeyID"),
            ("", "", "r", "awsAccessKeyID"),
            ("ID", "a\nb", "r", "awsSessionToken"),
            ("ID", "", "r/x", "awsRegion"),
            ("ID", "", "", "awsRegion"),
        ] {
            assert!(new(id, token, region).unwrap_err().contains(part));
        }
    }
}
