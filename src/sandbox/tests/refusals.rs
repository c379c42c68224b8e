//! Validation, as a client sees it.

use super::*;

/// The fields and messages with which a Job is refused.
async fn refused(sandbox: &Sandbox, name: &str, spec: Value) -> Vec<String> {
    let (code, status) = post(sandbox, JOBS, &job_value(name, &spec)).await;
    if code == 201 {
        return Vec::new();
    }
    assert_eq!(
        (code, status["reason"].as_str()),
        (422, Some("Invalid")),
        "{status}"
    );
    let causes = status["details"]["causes"].as_array().unwrap();
    causes
        .iter()
        .map(|cause| {
            format!(
                "{}: {}",
                cause["field"].as_str().unwrap(),
                cause["message"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test]
async fn jobs_that_the_server_refuses() {
    let sandbox = sandbox().await;
    let container = |change: Value| {
        let mut container = json!({"name": "main", "image": "busybox"});
        json_patch::merge(&mut container, &change);
        json!({"template": {"spec": {"containers": [container]}}})
    };
    let rule = |rule: Value| json!({"podFailurePolicy": {"rules": [rule]}});
    let indexed = |change: Value| {
        let mut spec = json!({"completionMode": "Indexed", "completions": 2});
        json_patch::merge(&mut spec, &change);
        spec
    };
    let cases = [
        (
            json!({"template": {"spec": {"restartPolicy": null}}}),
            "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"",
        ),
        (
            json!({"template": {"spec": {"restartPolicy": "Sometimes"}}}),
            "spec.template.spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\"",
        ),
        (
            json!({"parallelism": -1}),
            "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            json!({"ttlSecondsAfterFinished": -1}),
            "spec.ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0",
        ),
        (
            json!({"completionMode": "Other"}),
            "spec.completionMode: Unsupported value: \"Other\": supported values: \"NonIndexed\", \"Indexed\"",
        ),
        (
            json!({"completionMode": "Indexed", "parallelism": 1}),
            "spec.completions: Required value: when completion mode is Indexed",
        ),
        (
            json!({"backoffLimitPerIndex": 1}),
            "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
        ),
        (
            indexed(json!({"maxFailedIndexes": 1})),
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
        ),
        (
            indexed(json!({"maxFailedIndexes": 3, "backoffLimitPerIndex": 1})),
            "spec.maxFailedIndexes: Invalid value: 3: must be less than or equal to completions",
        ),
        (
            json!({"managedBy": "me"}),
            "spec.managedBy: Invalid value: \"me\": must be a domain-prefixed path (such as \"acme.io/foo\")",
        ),
        (
            json!({"template": {"spec": {"containers": []}}}),
            "spec.template.spec.containers: Required value",
        ),
        (
            container(json!({"image": null})),
            "spec.template.spec.containers[0].image: Required value",
        ),
        (
            container(json!({"volumeMounts": [{"name": "v", "mountPath": "/v"}]})),
            "spec.template.spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
        ),
        (
            rule(json!({"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [1]}})),
            "spec.podFailurePolicy.rules[0].action: Invalid value: \"FailIndex\": requires the backoffLimitPerIndex to be set",
        ),
        (
            rule(json!({"action": "Count", "onExitCodes": {"operator": "In", "values": [0]}})),
            "spec.podFailurePolicy.rules[0].onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In operator",
        ),
        (
            rule(
                json!({"action": "Count", "onExitCodes": {"operator": "NotIn", "values": [2, 1]}}),
            ),
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,1]: must be ordered",
        ),
        (
            indexed(json!({"successPolicy": {"rules": [{"succeededCount": 3}]}})),
            "spec.successPolicy.rules[0].succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of specified completions)",
        ),
        (
            json!({"podFailurePolicy": {"rules": []}, "podReplacementPolicy": "TerminatingOrFailed"}),
            "spec.podReplacementPolicy: Unsupported value: \"TerminatingOrFailed\": supported values: \"Failed\"",
        ),
    ];
    for (spec, expected) in cases {
        let found = refused(&sandbox, "one", spec.clone()).await;
        assert!(
            found.iter().any(|one| one == expected),
            "{spec}\nexpected {expected}\nfound {found:#?}"
        );
    }
    let found = refused(&sandbox, "Upper", json!({})).await;
    assert!(
        found[0]
            .starts_with("metadata.name: Invalid value: \"Upper\": a lowercase RFC 1123 subdomain"),
        "{found:?}"
    );
    assert!(
        !refused(&sandbox, &"x".repeat(64), json!({}))
            .await
            .is_empty(),
        "the name becomes a label of the pods"
    );
    assert!(
        !refused(
            &sandbox,
            "mine",
            json!({"selector": {"matchLabels": {"a": "b"}}})
        )
        .await
        .is_empty()
    );
    assert!(
        !refused(
            &sandbox,
            "mine",
            json!({"template": {"metadata": {"labels": {"job-name": "other"}}}})
        )
        .await
        .is_empty()
    );
    assert_eq!(
        refused(&sandbox, "fine", json!({})).await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn what_a_job_may_not_change() {
    let sandbox = sandbox().await;
    post(&sandbox, JOBS, &job_value("one", &json!({"suspend": true}))).await;
    let patch = async |patch: Value| {
        let text = patch.to_string();
        http(
            &sandbox,
            "PATCH",
            &format!("{JOBS}/one"),
            Some(("application/merge-patch+json", &text)),
        )
        .await
    };
    for allowed in [
        json!({"parallelism": 2}),
        json!({"backoffLimit": 1}),
        json!({"ttlSecondsAfterFinished": 5}),
    ] {
        assert_eq!(patch(json!({"spec": allowed})).await.0, 200);
    }
    let (_, changed) =
        patch(json!({"spec": {"template": {"spec": {"nodeSelector": {"a": "b"}}}}})).await;
    assert_eq!(
        changed["spec"]["template"]["spec"]["nodeSelector"]["a"], "b",
        "not yet started"
    );
    for (forbidden, field) in [
        (json!({"completions": 3}), "spec.completions"),
        (json!({"completionMode": "Indexed"}), "spec.completionMode"),
        (json!({"managedBy": "example.com/x"}), "spec.managedBy"),
        (
            json!({"template": {"spec": {"dnsPolicy": "Default"}}}),
            "spec.template",
        ),
    ] {
        let (code, status) = patch(json!({"spec": forbidden})).await;
        assert_eq!(code, 422);
        let causes = status["details"]["causes"].as_array().unwrap();
        assert!(
            causes.iter().any(|cause| cause["field"] == field),
            "{status}"
        );
    }
}
