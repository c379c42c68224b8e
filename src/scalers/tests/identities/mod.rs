//! The caller's identities at the clouds: Prometheus with each of them, against stand-ins of the token servers.

mod aws;
mod azure;
mod google;

pub(super) use self::google::verified;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use super::fake::{Cluster, Objects, Seen, answer, flat, options, read_with, serve, trigger};
use crate::api::PodIdentity;
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
fn bearer(text: &str) -> String {
    answer(
        200,
        &json!({"token_type": "Bearer", "access_token": text, "expires_in": 3600}).to_string(),
    )
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
