//! What each version of KEDA makes of trigger types and parameters, against facts that were looked up in its source.

mod facts;

use facts::{FROM, GONE, NEW, RULES, TYPES, UNTIL, WORDS};

use super::fake::{job, trigger};
use crate::api::{KedaVersion, Resources};
use crate::commands::load;
use crate::diagnostic::{Diagnostic, Severity};
use crate::manifest::Collected;
use crate::scalers::history::Era;
use crate::scalers::params::Source;
use crate::scalers::{LocalKnowledge, Standing, TRIGGER_TYPES, check, trigger_type};

/// The last release of the line before `2.minor`, and `2.minor.0`.
fn around(minor: u16) -> [KedaVersion; 2] {
    [
        KedaVersion::new(minor - 1, u16::MAX),
        KedaVersion::new(minor, 0),
    ]
}

/// `rule|text at the place|severity` of everything found in one trigger.
fn found(version: KedaVersion, kind: &str, metadata: &[(&str, &str)]) -> Vec<String> {
    diagnostics(version, kind, metadata)
        .iter()
        .map(|diagnostic| {
            let at = diagnostic.primary.source.slice(diagnostic.primary.span);
            let severity = match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            format!("{}|{at}|{severity}", diagnostic.rule.id)
        })
        .collect()
}

fn diagnostics(version: KedaVersion, kind: &str, metadata: &[(&str, &str)]) -> Vec<Diagnostic> {
    let job = job(vec![trigger(0, kind, metadata, false)]);
    let local = LocalKnowledge {
        resources: &Resources::default(),
        version,
    };
    check(&job.triggers[0], &job, &local)
}

/// A key under which the metadata can give the parameter.
fn key_of(kind: &str, name: &str) -> String {
    let spec = trigger_type(kind).unwrap().parameter(name).unwrap();
    if spec.reads(Source::Metadata) {
        name.to_owned()
    } else {
        format!("{name}FromEnv")
    }
}

#[test]
fn parameters_that_came_later_are_warned_of_before() {
    for (kind, name, minor, source) in NEW {
        let key = key_of(kind, name);
        let finding = format!("parameter-version|{key}|warning");
        let [before, at] = around(*minor).map(|version| found(version, kind, &[(&key, "1")]));
        assert!(
            before.contains(&finding),
            "{kind} {name} {source}: {before:?}"
        );
        assert!(!at.contains(&finding), "{kind} {name} {source}: {at:?}");
    }
}

#[test]
fn sources_that_came_later_are_warned_of_before() {
    for (kind, key, minor, source) in FROM {
        let finding = format!("parameter-version|{key}|warning");
        let [before, at] = around(*minor).map(|version| found(version, kind, &[(key, "PLAIN")]));
        assert!(
            before.contains(&finding),
            "{kind} {key} {source}: {before:?}"
        );
        assert!(!at.contains(&finding), "{kind} {key} {source}: {at:?}");
    }
    // From elsewhere it is read all the time.
    let redis = found(
        KedaVersion::new(2, 0),
        "redis",
        &[("passwordFromEnv", "PLAIN")],
    );
    assert!(
        !redis.iter().any(|line| line.contains("passwordFromEnv")),
        "{redis:?}"
    );
}

#[test]
fn parameters_that_went_are_fine_before() {
    for (kind, name, minor, rule, source) in GONE {
        let [before, at] = around(*minor).map(|version| found(version, kind, &[(name, "1")]));
        let is_it = |line: &String| {
            let mut parts = line.split('|');
            parts.next() == Some(rule) && parts.next() == Some(name)
        };
        assert!(
            !before.iter().any(is_it),
            "{kind} {name} {source}: {before:?}"
        );
        assert!(at.iter().any(is_it), "{kind} {name} {source}: {at:?}");
    }
}

/// What is given so does for the parameter while it is read from there.
#[test]
fn sources_that_went_are_fine_before() {
    for (kind, key, minor, source) in UNTIL {
        let text = if key.ends_with("FromEnv") {
            "PLAIN"
        } else {
            "text"
        };
        let [before, at] = around(*minor).map(|version| diagnostics(version, kind, &[(key, text)]));
        let name = key.strip_suffix("FromEnv").unwrap_or(key);
        let is_it = |found: &&Diagnostic| {
            found.severity == Severity::Error
                && found
                    .message
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|word| word == name || word == *key)
        };
        let messages = |found: &[Diagnostic]| -> Vec<String> {
            found
                .iter()
                .filter(is_it)
                .map(|found| found.message.clone())
                .collect()
        };
        assert_eq!(messages(&before), [""; 0], "{kind} {source}");
        assert!(
            at.iter()
                .any(|found| found.rule.id == "unknown-parameter" && found.message.contains(key)),
            "{kind} {key} {source}"
        );
    }
    let version = KedaVersion::new(18, 0);
    let influxdb = found(version, "influxdb", &[("authToken", "PLAIN")]);
    assert!(
        influxdb.contains(&"deprecated-parameter|authToken|warning".to_owned()),
        "{influxdb:?}"
    );
    // A variable that the container lacks is an error there too.
    let version = KedaVersion::new(17, 0);
    let missing = found(version, "azure-log-analytics", &[("queryFromEnv", "NONE")]);
    assert!(
        missing.iter().any(|line| line.contains("\"NONE\"|error")),
        "{missing:?}"
    );
}

#[test]
fn rules_over_parameters_hold_since() {
    for (kind, metadata, minor, message) in RULES {
        let [before, at] = around(*minor).map(|version| {
            diagnostics(version, kind, metadata)
                .iter()
                .any(|found| found.severity == Severity::Error && found.message.contains(message))
        });
        assert!(!before && at, "{kind} {metadata:?} {minor}: {before} {at}");
    }
}

/// Azure's older pod identity, which went with 2.15. [2.14.0 `azure_queue_scaler.go`]
#[test]
fn the_older_identity_of_azure_is_fine_while_there_is_one() {
    let text = "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {name: a}\nspec:\n  jobTargetRef: {}\n  triggers:\n  \
                - type: azure-queue\n    metadata: {queueName: q, accountName: a}\n    authenticationRef: {name: login}\n---\n\
                apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {name: login}\nspec:\n  \
                podIdentity: {provider: azure}\n";
    let found = |minor| {
        let mut collected = Collected::default();
        collected.add("a.yaml", text.as_bytes().to_vec());
        let loaded = load::inspect(collected, KedaVersion::new(minor, 0));
        let ids = loaded.diagnostics.iter().map(|found| found.rule.id);
        ids.filter(|id| ["invalid-parameter", "missing-parameter", "pod-identity"].contains(id))
            .collect::<Vec<_>>()
    };
    assert_eq!(found(14), [""; 0]);
    assert!(found(15).contains(&"pod-identity"));
}

#[test]
fn words_that_came_later_are_errors_before() {
    for (kind, name, word, minor, source) in WORDS {
        let finding = format!("parameter-version|\"{word}\"|error");
        let [before, at] = around(*minor).map(|version| found(version, kind, &[(name, word)]));
        assert!(
            before.contains(&finding),
            "{kind} {name} {source}: {before:?}"
        );
        assert!(!at.contains(&finding), "{kind} {name} {source}: {at:?}");
    }
}

/// [2.7.0 `prometheus_scaler.go:119` and `rabbitmq_scaler.go:310`, 2.16.0 `mongo_scaler.go:40`]
#[test]
fn fractions_that_came_later_are_errors_before() {
    for (kind, name, minor) in [
        ("prometheus", "threshold", 8),
        ("rabbitmq", "value", 8),
        ("mongodb", "queryValue", 17),
    ] {
        let finding = "parameter-version|\"0.5\"|error".to_owned();
        let [before, at] = around(minor).map(|version| found(version, kind, &[(name, "0.5")]));
        assert!(before.contains(&finding), "{kind} {name}: {before:?}");
        assert!(!at.contains(&finding), "{kind} {name}: {at:?}");
        let whole = found(around(minor)[0], kind, &[(name, "5")]);
        assert!(
            !whole
                .iter()
                .any(|line| line.starts_with("parameter-version")),
            "{whole:?}"
        );
    }
}

#[test]
fn types_that_came_later_are_errors_before() {
    for (kind, minor, source) in TYPES {
        let finding = format!("trigger-type-version|\"{kind}\"|error");
        let [before, at] = around(*minor).map(|version| found(version, kind, &[]));
        assert!(before.contains(&finding), "{kind} {source}: {before:?}");
        assert!(!at.contains(&finding), "{kind} {source}: {at:?}");
    }
}

/// Releases that mended something within their line. [2.8.2 `datadog_scaler.go`, 2.9.1 and 2.11.2 CHANGELOG]
#[test]
fn third_numbers_count() {
    for (kind, key, minor, patch) in [
        ("datadog", "timeWindowOffset", 8, 2),
        ("redis", "unsafeSsl", 9, 1),
        ("pulsar", "msgBacklogThreshold", 11, 2),
    ] {
        let finding = format!("parameter-version|{key}|warning");
        let at = |patch| found(KedaVersion::new(minor, patch), kind, &[(key, "1")]);
        assert!(at(patch - 1).contains(&finding), "{kind}");
        assert!(!at(patch).contains(&finding), "{kind}");
        // `2.9` means the last release of the line.
        assert!(!at(u16::MAX).contains(&finding), "{kind}");
    }
}

/// A required parameter that is given under a name which that KEDA does not know is missing. [2.16.0 `ibmmq_scaler.go:30`]
#[test]
fn a_name_that_is_not_known_yet_gives_nothing() {
    let metadata = [
        ("host", "https://mq:9443"),
        ("queueNames", "a,b"),
        ("queueManager", "m"),
        ("usernameFromEnv", "PLAIN"),
        ("passwordFromEnv", "PLAIN"),
    ];
    let [before, at] = around(16).map(|version| found(version, "ibmmq", &metadata));
    let is_missing = |line: &String| line.starts_with("missing-parameter|");
    assert!(before.iter().any(is_missing), "{before:?}");
    assert!(!at.iter().any(is_missing), "{at:?}");
    // What a rule over several parameters looks for is not missing before there is such a parameter.
    let version = KedaVersion::new(12, 0);
    let pubsub = found(version, "gcp-pubsub", &[("topicName", "t")]);
    assert!(
        pubsub.contains(&"parameter-version|topicName|warning".to_owned()),
        "{pubsub:?}"
    );
    assert!(pubsub.iter().any(is_missing), "{pubsub:?}");
}

/// What later versions can do without. [2.9.3 `prometheus_scaler.go:131` and `graphite_scaler.go:98`, 2.5.0 `kafka_scaler.go:122`, 2.10.0 `redis_streams_scaler.go:197` and 209, 2.15.1 `ibmmq_scaler.go:131`]
#[test]
fn what_was_required_once_is_missing_then() {
    for (kind, name, minor) in [
        ("kafka", "topic", 6),
        ("graphite", "metricName", 10),
        ("prometheus", "metricName", 10),
        ("redis-streams", "pendingEntriesCount", 11),
        ("redis-streams", "consumerGroup", 11),
        ("ibmmq", "queueManager", 16),
        ("selenium-grid", "browserName", 17),
        ("dynatrace", "metricSelector", 19),
    ] {
        let message = format!("{kind} needs parameter {name}:");
        let [before, at] = around(minor).map(|version| {
            let found = diagnostics(version, kind, &[]);
            found
                .iter()
                .any(|found| found.message.starts_with(&message))
        });
        assert!(before && !at, "{kind} {name}");
    }
}

/// What a TriggerAuthentication brings counts from the version that reads it there. [2.12.0 CHANGELOG, redis; 2.15.1 and 2.20.0
/// `authentication/authentication_types.go`]
#[test]
fn a_trigger_authentication_is_read_since() {
    let found = |minor, kind: &str, parameter: &str| {
        let text = format!(
            "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {{name: a}}\nspec:\n  jobTargetRef: {{}}\n  triggers:\n  \
             - type: {kind}\n    metadata: {{}}\n    authenticationRef: {{name: login}}\n---\napiVersion: keda.sh/v1alpha1\n\
             kind: TriggerAuthentication\nmetadata: {{name: login}}\nspec:\n  secretTargetRef:\n  \
             - {{name: s, key: k, parameter: {parameter}}}\n"
        );
        let mut collected = Collected::default();
        collected.add("a.yaml", text.into_bytes());
        let loaded = load::inspect(collected, KedaVersion::new(minor, 0));
        let unread = loaded
            .diagnostics
            .iter()
            .find(|found| found.rule.id == "unread-authentication");
        unread.map(|found| found.help.join("; "))
    };
    assert_eq!(
        found(11, "redis", "tls").as_deref(),
        Some("KEDA reads it for redis since 2.12; 2.11.0 is aimed at")
    );
    assert_eq!(found(12, "redis", "tls"), None);
    // Read, forgotten, and read again.
    let scope = |minor| found(minor, "prometheus", "scope").is_some();
    assert_eq!(
        [11, 12, 14, 15, 19, 20].map(scope),
        [true, false, false, true, true, false]
    );
}

/// A parameter that is refused for two releases and passed over after them. [2.18.0 `ibmmq_scaler.go:37`; absent in 2.20.0]
#[test]
fn a_refusal_can_end() {
    let tls = |minor| {
        let found = found(KedaVersion::new(minor, 0), "ibmmq", &[("tls", "true")]);
        let about = found.iter().find(|line| line.contains("|tls|")).cloned();
        about.unwrap_or_default()
    };
    assert_eq!(tls(16), "");
    assert_eq!(tls(17), "deprecated-parameter|tls|warning");
    assert_eq!(tls(18), "invalid-parameter|tls|error");
    assert_eq!(tls(19), "invalid-parameter|tls|error");
    assert_eq!(tls(20), "obsolete-parameter|tls|warning");
}

/// Without a version both supported ones are meant: what the older one takes is no error, and neither is what the newest one takes.
#[test]
fn without_a_version_only_what_both_refuse_is_an_error() {
    let found = |trigger: &str, version: Option<KedaVersion>| {
        let text = format!(
            "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {{name: a}}\nspec:\n  jobTargetRef:\n    template:\n      spec:\n        \
             restartPolicy: Never\n        containers: [{{name: a, image: a}}]\n  triggers:\n  {trigger}\n"
        );
        let mut collected = Collected::default();
        collected.add("a.yaml", text.into_bytes());
        let loaded = load::inspect(collected, version);
        let of = |severity| {
            let found = loaded
                .diagnostics
                .iter()
                .filter(|found| found.severity == severity);
            found
                .map(|found| format!("{}; {}", found.rule.id, found.help.join("; ")))
                .collect::<Vec<_>>()
        };
        (of(Severity::Error), of(Severity::Warning))
    };
    let build = "- {type: temporal, metadata: {endpoint: 't:7233', taskQueue: q, buildId: b}}";
    let (errors, warnings) = found(build, None);
    assert!(errors.is_empty(), "{errors:?}");
    let spared = "invalid-parameter; KEDA 2.20.2 takes it, 2.21.0 does not; --keda-version says which one is meant";
    assert!(warnings.contains(&spared.to_owned()), "{warnings:?}");
    assert_eq!(found(build, Some(KedaVersion::new(21, 0))).0.len(), 1);
    let (errors, _) = found(build, Some(KedaVersion::new(20, 2)));
    assert!(errors.is_empty(), "{errors:?}");

    let spanner = "- {type: gcp-spanner, metadata: {projectId: p, instanceId: i, databaseId: d, query: q, credentialsFromEnv: X}, authenticationRef: {name: a}}";
    let without = spanner.replace(", credentialsFromEnv: X", "");
    assert!(found(&without, None).0.is_empty());
    assert!(
        found(&without, Some(KedaVersion::new(20, 2))).0[0].starts_with("trigger-type-version")
    );

    let both = "- {type: temporal, metadata: {endpoint: 't:7233', targetQueueSize: many}}";
    assert_eq!(
        found(both, None).0,
        found(both, Some(KedaVersion::new(21, 0))).0
    );
    assert_eq!(found(both, None).0.len(), 2);
}

/// Who signs in to Azure DevOps. [2.21.0 `azure_pipelines_scaler.go`, configureAzurePipelinesAuth]
#[test]
fn a_service_principal_signs_in_since() {
    let found = |minor, kind: &str, metadata: &str| {
        let text = format!(
            "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {{name: a}}\nspec:\n  jobTargetRef: {{}}\n  triggers:\n  \
             - type: {kind}\n    metadata: {metadata}\n    authenticationRef: {{name: login}}\n---\napiVersion: keda.sh/v1alpha1\n\
             kind: TriggerAuthentication\nmetadata: {{name: login}}\nspec:\n  azureServicePrincipal:\n    tenantId: t\n    clientId: c\n    \
             clientSecret: {{valueFrom: {{secretKeyRef: {{name: s, key: k}}}}}}\n"
        );
        let mut collected = Collected::default();
        collected.add("a.yaml", text.into_bytes());
        let loaded = load::inspect(collected, KedaVersion::new(minor, 0));
        let of_it = ["missing-parameter", "pod-identity", "unread-authentication"];
        let ids = loaded.diagnostics.iter().map(|found| found.rule.id);
        ids.filter(|id| of_it.contains(id)).collect::<Vec<_>>()
    };
    let pipelines = "{organizationURL: 'https://dev.azure.com/o', poolID: '1'}";
    assert_eq!(found(21, "azure-pipelines", pipelines), [""; 0]);
    assert_eq!(
        found(20, "azure-pipelines", pipelines),
        ["missing-parameter", "pod-identity"]
    );
    let queue = "{queueName: q, connectionFromEnv: C}";
    assert_eq!(found(21, "azure-queue", queue), ["unread-authentication"]);
}

/// A history names parameters that there are, and ends as the tables say for the newest KEDA.
#[test]
fn histories_fit_their_tables() {
    for kind in TRIGGER_TYPES {
        let newest = KedaVersion::NEWEST.max(kind.since);
        for group in kind.history {
            for (name, parameter) in group.iter().flat_map(Era::subjects) {
                let spec = kind.parameter(parameter.unwrap_or(name));
                let spec = spec.unwrap_or_else(|| panic!("{}: no {name}", kind.name));
                let is_word = spec.allowed.is_empty() || spec.allowed.contains(&name);
                assert!(parameter.is_none() || is_word, "{}: {name}", kind.name);
                assert!(
                    parameter.is_none_or(|parameter| parameter == spec.name()),
                    "{}: words belong to the canonical name",
                    kind.name
                );
            }
        }
        for spec in kind.parameters() {
            let wanted = if spec.removed.is_some() {
                Standing::Refused
            } else if !spec.is_read() {
                Standing::Ignored
            } else if spec.deprecated.is_some() {
                Standing::Deprecated
            } else {
                continue;
            };
            for name in spec.names {
                assert_eq!(kind.standing(name, newest), wanted, "{}: {name}", kind.name);
            }
        }
    }
}
