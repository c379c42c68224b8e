//! What KEDA 2.20 and 2.21 take and what they refuse, by their own code (`tests/oracle`), against what is said here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::fake::{Cluster, Objects, job, options, trigger};
use crate::api::{
    KedaVersion, PodIdentity, Resources, ScaledJob, Secret, TargetRef, TriggerAuthentication,
};
use crate::auth::Environment;
use crate::diagnostic::Severity;
use crate::scalers::client::test_keys;
use crate::scalers::params::{ParameterSpec, Sources, resolve};
use crate::scalers::{Behaviour, LocalKnowledge, Standing, build, check, trigger_type};

/// `tests/data/trigger-vectors.json`, and what 2.21 does otherwise: `tests/data/trigger-vectors-2.21.json`.
#[derive(Deserialize)]
struct Vectors {
    types: BTreeMap<String, Vec<Group>>,
}

/// Triggers that differ little from one.
#[derive(Deserialize)]
struct Group {
    base: Vec<String>,
    /// Changes to `base` that KEDA takes.
    taken: Vec<Vec<String>>,
    /// Changes to `base` that it refuses.
    refused: Vec<Vec<String>>,
}

/// What becomes of a trigger here.
enum Verdict {
    /// It is taken, perhaps with these warnings.
    Taken(String),
    /// `validate` says what is wrong.
    Refused(String),
    /// It is refused when its values are known.
    Late(String),
}

/// What a trigger is given.
#[derive(Debug, Default)]
struct Question {
    metadata: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
    auth: BTreeMap<String, String>,
    pod_identity: Option<PodIdentity>,
    metric_type: Option<String>,
}

impl Question {
    /// `m.key=text` stands in the metadata, `e.key=text` in a variable that the metadata names, `a.key=text` in a TriggerAuthentication,
    /// `i.provider=text` is a pod identity, `t=text` the metricType; `-m.key` takes one away.
    fn apply(&mut self, change: &str) {
        if let Some(gone) = change.strip_prefix('-') {
            let (place, key) = gone.split_once('.').unwrap_or((gone, ""));
            match place {
                "m" => drop(self.metadata.remove(key)),
                "e" => drop(self.metadata.remove(&format!("{key}FromEnv"))),
                "a" => drop(self.auth.remove(key)),
                "i" => self.pod_identity = None,
                "t" => self.metric_type = None,
                _ => panic!("{change}"),
            }
            return;
        }
        let (place, text) = change.split_once('=').expect("a text");
        let text = text.to_owned();
        match place.split_once('.').unwrap_or((place, "")) {
            ("m", key) => drop(self.metadata.insert(key.to_owned(), text)),
            ("e", key) => {
                let variable = format!("VAR_{key}");
                self.metadata
                    .insert(format!("{key}FromEnv"), variable.clone());
                self.env.insert(variable, text);
            }
            ("a", key) => {
                let text = match text.as_str() {
                    "$CERT" => test_keys::CERTIFICATE.to_owned(),
                    "$KEY" => test_keys::PLAIN.to_owned(),
                    _ => text,
                };
                self.auth.insert(key.to_owned(), text);
            }
            ("i", "provider") if text == "none" => self.pod_identity = None,
            ("i", "provider") => self.pod_identity = Some(PodIdentity::of(&text)),
            ("t", "") => self.metric_type = Some(text),
            _ => panic!("{change}"),
        }
    }

    fn has_authentication(&self) -> bool {
        !self.auth.is_empty() || self.pod_identity.is_some()
    }

    fn job(&self, kind: &str) -> ScaledJob {
        let metadata: Vec<(&str, &str)> = self
            .metadata
            .iter()
            .map(|(key, text)| (key.as_str(), text.as_str()))
            .collect();
        let mut trigger = trigger(0, kind, &metadata, self.has_authentication());
        trigger.metric_type.clone_from(&self.metric_type);
        let mut job = job(vec![trigger]);
        let env: Vec<_> = self
            .env
            .iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        let mut target = serde_json::Value::clone(&job.job_target_ref);
        target["template"]["spec"]["containers"][0]["env"] = json!(env);
        job.job_target_ref = target.into();
        job
    }

    fn authentication(&self) -> TriggerAuthentication {
        let target = |key: &String| TargetRef {
            parameter: key.clone(),
            name: "s".to_owned(),
            key: key.clone(),
        };
        TriggerAuthentication {
            name: "auth".to_owned(),
            namespace: Some("ns".to_owned()),
            secret_target_ref: self.auth.keys().map(target).collect(),
            pod_identity: self.pod_identity.clone(),
            ..TriggerAuthentication::default()
        }
    }

    /// Why the trigger is refused: by `validate`, else when its values are known.
    async fn verdict(&self, kind: &str, version: KedaVersion) -> Verdict {
        let job = self.job(kind);
        let resources = Resources {
            authentications: vec![self.authentication()],
            ..Resources::default()
        };
        let local = LocalKnowledge {
            resources: &resources,
            version,
        };
        let found = check(&job.triggers[0], &job, &local);
        let said = |severity| {
            found
                .iter()
                .filter(|diagnostic| diagnostic.severity == severity)
                .map(|diagnostic| format!("{}: {}", diagnostic.rule.id, diagnostic.message))
                .collect::<Vec<String>>()
                .join("; ")
        };
        let errors = said(Severity::Error);
        if !errors.is_empty() {
            return Verdict::Refused(errors);
        }
        let kind = trigger_type(kind).expect("a type of KEDA");
        if let Behaviour::Reads(_) = kind.behaviour {
            let objects = Objects {
                values: self.auth.clone(),
                pod_identity: self.pod_identity.clone(),
            };
            let cluster = Arc::new(Cluster::default());
            return build(&job, &job.triggers[0], "ns", &objects, cluster, &options())
                .await
                .err()
                .map_or_else(
                    || Verdict::Taken(said(Severity::Warning)),
                    |error| Verdict::Late(format!("built: {error}")),
                );
        }
        let env = self.env.iter().map(|(name, text)| (&**name, &**text));
        let auth = self.auth.iter();
        let sources = Sources {
            metadata: &self.metadata,
            env: &Environment::from_values(env),
            auth: &auth
                .map(|(key, text)| (key.clone(), Secret::new(text.clone())))
                .collect(),
        };
        // What only a later version refuses.
        let is_read = |spec: &&ParameterSpec| {
            spec.removed.is_none() || kind.standing(spec.name(), version) == Standing::Refused
        };
        let parameters = kind.parameters().filter(is_read);
        resolve(parameters, &sources).err().map_or_else(
            || Verdict::Taken(said(Severity::Warning)),
            |errors| Verdict::Late(format!("resolved: {}", errors.join("; "))),
        )
    }
}

/// Where the verdicts differ on purpose: the type (all when empty), a part of what is said here, and why.
const ON_PURPOSE: &[(&str, &str, &str)] = &[
    (
        "",
        "unknown-parameter: ",
        "KEDA passes over keys that it does not read (DESIGN §6)",
    ),
    (
        "",
        "ca must be PEM certificates",
        "KEDA passes over an authority that is none",
    ),
    (
        "",
        "ranges that go upwards",
        "KEDA takes 3-1 for no partition, and none for all",
    ),
    (
        "",
        "a Redis address is host:port",
        "KEDA asks there before it is built",
    ),
    (
        "",
        "parameter sentinelMaster is missing",
        "KEDA asks the sentinels before it is built",
    ),
    ("apache-kafka", "sasl scram_sha", "no broker lets it in"),
    (
        "apache-kafka",
        "the address of a broker is",
        "no reading can be had",
    ),
    (
        "apache-kafka",
        "cert must be PEM certificates",
        "KEDA cannot build it",
    ),
    (
        "aws-sqs-queue",
        "awsEndpoint must be an absolute http or https URL",
        "no reading can be had",
    ),
    (
        "azure-blob",
        "connectionFromEnv names the variable",
        "the variable is missing (DESIGN §6)",
    ),
    (
        "azure-cosmosdb",
        "parameter cloud must be",
        "KEDA finds out when it signs in",
    ),
    (
        "azure-pipelines",
        "organizationURL must begin with",
        "KEDA asks there before it is built",
    ),
    (
        "cron",
        "there is no time zone",
        "KEDA finds out at the first reading",
    ),
    (
        "forgejo-runner",
        "address must be an absolute http or https URL",
        "no reading can be had",
    ),
    (
        "github-runner",
        "githubApiURL must be an absolute http or https URL",
        "no reading can be had",
    ),
    (
        "github-runner",
        "appKey is no PEM private key",
        "KEDA looks at it after the parameters",
    ),
    (
        "graphite",
        "authMode basic needs parameter username",
        "2.20 takes a list for no mode at all",
    ),
    (
        "kafka",
        "the address of a broker is",
        "KEDA asks there before it is built",
    ),
    (
        "kafka",
        "cert must be PEM certificates",
        "KEDA cannot build it",
    ),
    (
        "kafka",
        "cannot sign in by gssapi",
        "keda-jobs has no Kerberos",
    ),
    (
        "metrics-api",
        "must be an absolute http or https URL",
        "no reading can be had",
    ),
    (
        "metrics-api",
        "needs a url whose host is service.namespace",
        "no reading can be had",
    ),
    (
        "mysql",
        "mysql without connectionString needs",
        "KEDA asks localhost before it is built",
    ),
    (
        "nats-jetstream",
        "natsServerMonitoringEndpoint must be host:port",
        "no reading can be had",
    ),
    (
        "opensearch",
        "addresses must begin with",
        "KEDA asks there before it is built",
    ),
    (
        "postgresql",
        "parameter connection: user must be given",
        "KEDA takes its operator's account",
    ),
    (
        "postgresql",
        "podIdentity azure-workload makes its own connection",
        "KEDA finds out when it connects",
    ),
    (
        "postgresql",
        "parameter port must be",
        "KEDA cannot build it",
    ),
    (
        "postgresql",
        "parameter sslmode must be",
        "KEDA cannot build it",
    ),
    (
        "prometheus",
        "must be an absolute http or https URL",
        "no reading can be had",
    ),
    ("prometheus", "cannot be sent", "no reading can be had"),
    (
        "rabbitmq",
        "and host has the scheme",
        "no reading can be had",
    ),
    (
        "splunk",
        "needs parameter apiToken or password",
        "no reading can be had",
    ),
    (
        "splunk-observability",
        "parameter queryAggregator is",
        "no reading can be had",
    ),
];

impl Vectors {
    fn of(file: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        serde_json::from_slice(&std::fs::read(path.join(file)).unwrap()).unwrap()
    }

    /// Each case, by its type, base and changes: whether KEDA takes it.
    fn cases(self) -> BTreeMap<(String, Vec<String>, Vec<String>), bool> {
        let mut cases = BTreeMap::new();
        for (kind, groups) in self.types {
            for group in groups {
                let taken = group.taken.into_iter().map(|changes| (changes, true));
                let refused = group.refused.into_iter().map(|changes| (changes, false));
                for (changes, is_taken) in taken.chain(refused) {
                    cases.insert((kind.clone(), group.base.clone(), changes), is_taken);
                }
            }
        }
        cases
    }
}

/// Adds to `wrong` where `version` answers otherwise than `cases` say, and the differences on purpose to `used`.
async fn compare(
    cases: &BTreeMap<(String, Vec<String>, Vec<String>), bool>,
    version: KedaVersion,
    used: &mut BTreeSet<usize>,
    wrong: &mut String,
) {
    for ((kind, base, changes), is_taken) in cases {
        // The API server drops it from a ScaledJob before KEDA sees it.
        if changes.iter().any(|change| change.starts_with("t=")) {
            continue;
        }
        let mut question = Question::default();
        for change in base.iter().chain(changes) {
            question.apply(change);
        }
        // What stands in a Secret or a variable is not known to `validate`.
        let is_hidden = base.iter().chain(changes).any(|change| {
            let change = change.trim_start_matches('-');
            change.starts_with("a.") || change.starts_with("e.")
        });
        let (problem, said) = match (question.verdict(kind, version).await, *is_taken) {
            (Verdict::Refused(said) | Verdict::Late(said), true) => ("TAKEN", said),
            (Verdict::Taken(said), false) if !is_hidden || said.is_empty() => ("REFUSED", said),
            (Verdict::Late(said), false) if !is_hidden => ("LATE", said),
            _ => continue,
        };
        let purpose = ON_PURPOSE.iter().position(|(of, part, _)| {
            problem == "TAKEN" && (of.is_empty() || of == kind) && said.contains(part)
        });
        if let Some(purpose) = purpose {
            used.insert(purpose);
        } else {
            let _ = writeln!(
                wrong,
                "{problem} by {version}: {kind} {changes:?} of {base:?}: {said}"
            );
        }
    }
}

#[tokio::test]
async fn parameters_are_taken_and_refused_as_keda_does() {
    let mut wrong = String::new();
    let mut used = BTreeSet::new();
    let mut cases = Vectors::of("trigger-vectors.json").cases();
    compare(&cases, KedaVersion::new(20, 0), &mut used, &mut wrong).await;
    // What is not named there is as in 2.20.
    cases.extend(Vectors::of("trigger-vectors-2.21.json").cases());
    compare(&cases, KedaVersion::new(21, 0), &mut used, &mut wrong).await;
    assert!(wrong.is_empty(), "{wrong}");
    let unused: Vec<_> = (0..ON_PURPOSE.len())
        .filter(|purpose| !used.contains(purpose))
        .map(|purpose| ON_PURPOSE[purpose])
        .collect();
    assert!(unused.is_empty(), "no vector shows {unused:?}");
}
