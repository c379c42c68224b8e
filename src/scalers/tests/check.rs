//! Offline findings: rule, place, words, fix.

use super::fake::{job, trigger};
use crate::api::{KedaVersion, Resources, TargetRef, Trigger, TriggerAuthentication};
use crate::commands::load;
use crate::diagnostic::{Diagnostic, Severity};
use crate::manifest::Collected;
use crate::scalers::{LocalKnowledge, check};

fn findings(trigger: Trigger, authentications: Vec<TriggerAuthentication>) -> Vec<Diagnostic> {
    let resources = Resources {
        authentications,
        ..Resources::default()
    };
    let job = job(vec![trigger]);
    check(
        &job.triggers[0],
        &job,
        &LocalKnowledge {
            resources: &resources,
            version: KedaVersion::NEWEST,
        },
    )
}

/// `rule|text at the place|message|replacement of the fix`.
fn lines(trigger: Trigger) -> Vec<String> {
    findings(trigger, Vec::new())
        .iter()
        // Their TriggerAuthentication is given nowhere.
        .filter(|diagnostic| diagnostic.rule.id != "authentication-not-given")
        .map(|diagnostic| {
            let fix = diagnostic
                .fix
                .as_ref()
                .map_or("", |fix| &fix.edits[0].replacement);
            let at = diagnostic.primary.source.slice(diagnostic.primary.span);
            format!("{}|{at}|{}|{fix}", diagnostic.rule.id, diagnostic.message)
        })
        .collect()
}

#[test]
fn good_triggers_have_no_findings() {
    for good in [
        trigger(
            0,
            "redis",
            &[
                ("address", "r:1"),
                ("listName", "l"),
                ("passwordFromEnv", "KEY"),
            ],
            false,
        ),
        trigger(0, "redis", &[("listName", "l")], true),
        trigger(
            0,
            "cron",
            &[
                ("start", "0 8 * * *"),
                ("end", "0 9 * * *"),
                ("timezone", "Europe/Berlin"),
                ("desiredReplicas", "1"),
            ],
            false,
        ),
        trigger(
            0,
            "prometheus",
            &[
                ("serverAddress", "http://p:9090"),
                ("query", "up"),
                ("threshold", "1"),
                ("authModes", "basic"),
            ],
            true,
        ),
        trigger(
            0,
            "prometheus",
            &[
                ("serverAddress", "https://p"),
                ("query", "up"),
                ("threshold", "1"),
                ("awsRegion", "eu-central-1"),
                ("awsAccessKeyID", "ID"),
                ("awsSecretAccessKeyFromEnv", "KEY"),
                ("identityOwner", "pod"),
            ],
            false,
        ),
        trigger(
            0,
            "rabbitmq",
            &[
                ("hostFromEnv", "PLAIN"),
                ("queueName", "q"),
                ("mode", "QueueLength"),
                ("value", "1"),
            ],
            false,
        ),
    ] {
        assert_eq!(lines(good), [""; 0]);
    }
}

#[test]
fn types() {
    assert_eq!(
        lines(trigger(0, "reddis", &[], false)),
        ["unknown-trigger-type|\"reddis\"|KEDA has no trigger type \"reddis\"|\"redis\""]
    );
    assert_eq!(
        lines(trigger(0, "completely-else", &[], false)),
        ["unknown-trigger-type|\"completely-else\"|KEDA has no trigger type \"completely-else\"|"]
    );
    // A name that is more than a slip away and has the right one in it, or is a part of it.
    for (written, help) in [
        ("aws-sqs", "did you mean \"aws-sqs-queue\"?"),
        ("redis-list", "did you mean \"redis\"?"),
        ("servicebus", "did you mean \"azure-servicebus\"?"),
        ("xy", "keda-jobs triggers lists them all"),
    ] {
        let found = findings(trigger(0, written, &[], false), Vec::new());
        assert_eq!(found[0].help, [help], "{written}");
        assert!(found[0].fix.is_none(), "{written}");
    }
    let nsq = [
        ("nsqLookupdHTTPAddresses", "n:1"),
        ("topic", "t"),
        ("channel", "c"),
    ];
    let found = findings(trigger(0, "nsq", &nsq, false), Vec::new());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rule.id, "unsupported-trigger-type");
    assert_eq!(found[0].severity, Severity::Warning);
    assert_eq!(found[0].message, "keda-jobs cannot read nsq triggers yet");
    let cpu = || trigger(0, "cpu", &[("value", "1")], false);
    // Alone it is the finding of the whole object.
    assert_eq!(lines(cpu()), [""; 0]);
    let redis = trigger(1, "redis", &[("address", "r:1"), ("listName", "l")], false);
    let resources = Resources::default();
    let local = LocalKnowledge {
        resources: &resources,
        version: KedaVersion::NEWEST,
    };
    let beside = job(vec![cpu(), redis]);
    let found = check(&beside.triggers[0], &beside, &local);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rule.id, "skipped-trigger");
    let mut with_minimum = job(vec![cpu()]);
    with_minimum.min_replica_count = Some(1);
    let found = check(&with_minimum.triggers[0], &with_minimum, &local);
    assert_eq!(found.len(), 1);
}

#[test]
fn types_and_parameters_of_the_version_aimed_at() {
    let at = |version: &str, trigger: Trigger| {
        let resources = Resources::default();
        let job = job(vec![trigger]);
        let local = LocalKnowledge {
            resources: &resources,
            version: version.parse().unwrap(),
        };
        check(&job.triggers[0], &job, &local)
            .iter()
            .map(|diagnostic| format!("{}: {}", diagnostic.rule.id, diagnostic.message))
            .collect::<Vec<_>>()
    };
    let workload = || {
        let metadata = [("podSelector", "a=b"), ("value", "1")];
        trigger(0, "kubernetes-workload", &metadata, false)
    };
    assert_eq!(
        at("2.3", workload()),
        [
            "trigger-type-version: KEDA 2.3 has no trigger type \"kubernetes-workload\": it came with 2.4"
        ]
    );
    assert_eq!(at("2.4", workload()), [""; 0]);
    let stan = [
        ("natsServerMonitoringEndpoint", "n:1"),
        ("queueGroup", "g"),
        ("durableName", "d"),
        ("subject", "s"),
    ];
    let stan = || trigger(0, "stan", &stan, false);
    assert_eq!(
        at("2.18.3", stan()),
        ["unsupported-trigger-type: keda-jobs cannot read stan triggers yet"]
    );
    assert!(at("2.19.0", stan())[0].starts_with("trigger-type-version"));
    let redis = [("address", "r:1"), ("listName", "l"), ("metricName", "m")];
    let redis = || trigger(0, "redis", &redis, false);
    assert_eq!(at("2.11.2", redis()), [""; 0]);
    assert_eq!(
        at("2.12.0", redis()),
        ["obsolete-parameter: KEDA 2.12.0 passes over metricName"]
    );
}

#[test]
fn an_authentication_of_the_other_kind_is_pointed_out() {
    let cluster = TriggerAuthentication {
        name: "auth".to_owned(),
        cluster: true,
        ..TriggerAuthentication::default()
    };
    let redis = trigger(0, "redis", &[("listName", "l")], true);
    let found = findings(redis, vec![cluster]);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].help,
        [
            "a ClusterTriggerAuthentication of that name is: write kind: ClusterTriggerAuthentication"
        ]
    );
}

#[test]
fn parameters() {
    assert_eq!(
        lines(trigger(
            0,
            "redis",
            &[
                ("adress", "r:1"),
                ("listLength", "five"),
                ("queueLength", "5"),
                ("hostsFromEnv", "PLAIM"),
                ("passwordFromEnv", "IP"),
                ("listLengthFromEnv", "PLAIN"),
                ("tls", "enable"),
            ],
            false
        )),
        [
            "invalid-parameter|\"five\"|parameter listLength is \"five\" and must be a whole number, written as in JSON (5, not 05, +5 or 5m)|",
            "missing-parameter||redis needs parameter listName: the key|",
            "invalid-parameter|\"IP\"|passwordFromEnv names the variable \"IP\", which fieldRef fills in when the pod starts: no trigger can read it|",
            "invalid-parameter|\"PLAIM\"|hostsFromEnv names the variable \"PLAIM\", which container \"w\" does not have|\"PLAIN\"",
            "unknown-parameter|adress|redis reads no parameter \"adress\"|address",
            "unknown-parameter|listLengthFromEnv|redis reads no parameter \"listLengthFromEnv\"|",
            "unknown-parameter|queueLength|redis reads no parameter \"queueLength\"|",
            "unknown-parameter|tls|redis reads no parameter \"tls\"|",
            "missing-parameter||parameter host needs parameter port|",
        ]
    );
}

#[test]
fn values_that_only_the_type_knows() {
    let cron = [
        ("start", "0 8 * * 7"),
        ("end", "@daily"),
        ("timezone", "Berlin"),
        ("desiredReplicas", "1"),
    ];
    assert_eq!(
        lines(trigger(0, "cron", &cron, false)),
        [
            "invalid-parameter|\"0 8 * * 7\"|parameter start: the day of week field \"7\" is outside 0 to 6|",
            "invalid-parameter|\"@daily\"|parameter end: \"@daily\" is not read by KEDA; write five fields: minute, hour, day, month, weekday|",
            "invalid-parameter|\"Berlin\"|parameter timezone: there is no time zone \"Berlin\"; use an IANA name such as Europe/Berlin|",
        ]
    );
    let mode = [
        ("host", "amqp://u:hunter2@h"),
        ("queueName", "q"),
        ("mode", "queueLength"),
        ("value", "1"),
    ];
    let found = lines(trigger(0, "rabbitmq", &mode, false));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].ends_with("|\"QueueLength\""), "{found:?}");
    let old = [
        ("host", "amqp://u:hunter2@h"),
        ("queueName", "q"),
        ("queueLength", "5"),
    ];
    let found = findings(trigger(0, "rabbitmq", &old, false), Vec::new());
    assert_eq!((found.len(), found[0].rule.id), (1, "deprecated-parameter"));
    let removed = [("type", "Utilization"), ("value", "50")];
    let found = lines(trigger(0, "cpu", &removed, false));
    assert!(
        found[0].starts_with("invalid-parameter|type|parameter type is no longer read"),
        "{found:?}"
    );
    let mut metric = trigger(0, "redis", &[("address", "r:1"), ("listName", "l")], false);
    metric.metric_type = Some("Utilization".to_owned());
    assert_eq!(lines(metric), [""; 0], "the API server drops metricType");
}

#[test]
fn an_authentication_among_the_files_must_bring_what_is_missing() {
    let authentication = |parameter: &str| TriggerAuthentication {
        name: "auth".to_owned(),
        secret_target_ref: vec![TargetRef {
            parameter: parameter.to_owned(),
            name: "s".to_owned(),
            key: "k".to_owned(),
        }],
        ..TriggerAuthentication::default()
    };
    let rabbit = || trigger(0, "rabbitmq", &[("queueName", "q")], true);
    let found = findings(rabbit(), Vec::new());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rule.id, "authentication-not-given");
    assert!(findings(rabbit(), vec![authentication("host")]).is_empty());
    let found = findings(rabbit(), vec![authentication("ca")]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rule.id, "missing-parameter");
}

#[test]
fn a_misspelt_key_is_one_mistake() {
    let metadata = [("address", "r:1"), ("listNmae", "l")];
    assert_eq!(
        lines(trigger(0, "redis", &metadata, false)),
        ["unknown-parameter|listNmae|redis reads no parameter \"listNmae\"|listName"]
    );
}

#[test]
fn a_parameter_in_the_wrong_place_is_one_mistake() {
    let metadata = [
        ("owner", "acme"),
        ("runnerScope", "org"),
        ("personalAccessTokenFromEnv", "KEY"),
    ];
    let found = lines(trigger(0, "github-runner", &metadata, false));
    assert_eq!(
        found[found.len() - 1],
        "unknown-parameter|personalAccessTokenFromEnv|github-runner reads no parameter \"personalAccessTokenFromEnv\"|"
    );
    assert!(
        !found
            .iter()
            .any(|line| line.starts_with("missing-parameter")),
        "{found:?}"
    );
}

#[test]
fn a_short_word_is_suggested_and_not_put_right() {
    // The container has KEY.
    let metadata = [
        ("address", "r:1"),
        ("listName", "l"),
        ("passwordFromEnv", "KEX"),
    ];
    let found = findings(trigger(0, "redis", &metadata, false), Vec::new());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].help, ["did you mean \"KEY\"?"]);
    assert!(found[0].fix.is_none(), "{found:?}");
}

#[test]
fn an_authentication_with_an_error_of_its_own_is_among_the_files() {
    let job = job(vec![trigger(
        0,
        "redis",
        &[("address", "r:1"), ("listName", "l")],
        true,
    )]);
    let reference = job.triggers[0].authentication_ref.as_ref().unwrap();
    let broken = TriggerAuthentication {
        name: reference.name.clone(),
        cluster: reference.cluster,
        ..TriggerAuthentication::default()
    };
    let found = |resources: &Resources| {
        let local = LocalKnowledge {
            resources,
            version: KedaVersion::NEWEST,
        };
        let found = check(&job.triggers[0], &job, &local);
        found
            .iter()
            .filter(|diagnostic| diagnostic.rule.id == "authentication-not-given")
            .count()
    };
    let mut resources = Resources::default();
    assert_eq!(found(&resources), 1);
    resources.defective_authentications.push(broken);
    assert_eq!(found(&resources), 0);
}

#[test]
fn a_variable_that_is_not_reached_is_no_error() {
    let metadata = [("queueName", "q"), ("connectionFromEnv", "LACKING")];
    let severities = |with_authentication: bool, authentications| {
        findings(
            trigger(0, "azure-queue", &metadata, with_authentication),
            authentications,
        )
        .iter()
        .filter(|diagnostic| diagnostic.message.contains("LACKING"))
        .map(|diagnostic| diagnostic.severity)
        .collect::<Vec<_>>()
    };
    assert_eq!(severities(false, Vec::new()), [Severity::Error]);
    assert_eq!(severities(true, Vec::new()), [Severity::Warning]);
    let bringing = |parameter: &str| TriggerAuthentication {
        name: "auth".to_owned(),
        secret_target_ref: vec![TargetRef {
            parameter: parameter.to_owned(),
            name: "s".to_owned(),
            key: "k".to_owned(),
        }],
        ..TriggerAuthentication::default()
    };
    assert_eq!(
        severities(true, vec![bringing("connection")]),
        [Severity::Error; 0]
    );
    assert_eq!(severities(true, vec![bringing("other")]), [Severity::Error]);
}

#[test]
fn a_pod_identity_is_held_to_the_version() {
    let found = |provider: &str, minor: u16| {
        let text = format!(
            "apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {{name: a}}\nspec:\n  podIdentity: {{provider: {provider}}}\n"
        );
        let mut collected = Collected::default();
        collected.add("a.yaml", text.into_bytes());
        let version = KedaVersion::new(minor, 0);
        load::inspect(collected, version)
            .diagnostics
            .into_iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .filter(|diagnostic| diagnostic.rule.id == "pod-identity")
            .map(|diagnostic| diagnostic.message)
            .collect::<Vec<_>>()
    };
    for (provider, minor) in [
        ("azure", 14),
        ("aws-kiam", 14),
        ("spiffe", 12),
        ("aws", 13),
        ("azure-workload", 8),
        ("gcp", 2),
    ] {
        assert_eq!(found(provider, minor), [""; 0], "{provider} {minor}");
    }
    assert_eq!(
        found("azure", 15),
        ["KEDA 2.15.0 has no pod identity \"azure\": it went with 2.15"]
    );
    for (provider, minor) in [("aws-kiam", 20), ("spiffe", 13), ("aws", 12)] {
        assert_eq!(found(provider, minor).len(), 1, "{provider} {minor}");
    }
}

#[test]
fn a_trigger_type_named_by_one_of_its_words_is_found() {
    for (written, meant) in [
        ("sqs", "did you mean \"aws-sqs-queue\"?"),
        ("redis-lists", "did you mean \"redis\"?"),
        ("azure-storage-queue", "did you mean \"azure-queue\"?"),
        ("kafka-topic", "did you mean \"kafka\"?"),
        ("azure-devops", "keda-jobs triggers lists them all"),
    ] {
        let found = findings(trigger(0, written, &[], false), Vec::new());
        assert_eq!(found[0].help[0], meant, "{written}");
    }
}
