//! Literal credentials of a manifest are shown by no finding, in no form of output, and the places stay right.

use libtest_mimic::Trial;

use crate::support::binary::Keda;
use crate::support::{Outcome, assert_contains, assert_lacks, test};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("masking::credentials_in_every_place", places),
        test("masking::a_text_that_does_not_parse", broken),
        test("masking::places_stay_right", carets),
    ]
}

const FORMS: [&str; 2] = ["human", "json"];

/// What every form of output says of a text; none of them holds the secret.
fn outputs(text: &str, secret: &str) -> Vec<String> {
    let mut all = Vec::new();
    for form in FORMS {
        let output = Keda::new(["validate", "-", "--output", form])
            .stdin(text)
            .run()
            .expect(1);
        all.push(format!("{}{}", output.stdout, output.stderr));
    }
    // plan shows the same findings.
    let output = Keda::new(["plan", "-"]).stdin(text).run().expect(2);
    all.push(format!("{}{}", output.stdout, output.stderr));
    for output in &all {
        assert_lacks(output, secret);
    }
    all
}

fn job(env: &str, trigger: &str) -> String {
    format!(
        "apiVersion: keda.sh/v1alpha1
kind: ScaledJob
metadata: {{name: masked}}
spec:
  jobTargetRef:
    template:
      spec:
        containers:
        - name: worker
          image: busybox:1.36
          env:
          {env}
  triggers:
  {trigger}
"
    )
}

const REDIS: &str = "- {type: redis, metadata: {address: \"h:1\", listName: q}}";

fn places() -> Outcome {
    for (env, trigger) in [
        // A finding at another key of the same line.
        ("- {name: DB_PASSWORD, valu: 1, value: hunter2}", REDIS),
        ("- {name: API_TOKEN, value: hunter2, other: 1}", REDIS),
        (
            "- {name: URL, value: \"amqp://me:hunter2@h/\", other: 1}",
            REDIS,
        ),
        (
            "- {name: A, value: b}",
            "- {type: rabbitmq, metadata: {host: \"amqp://me:hunter2@h/v\", queueNam: q}}",
        ),
        (
            "- {name: A, value: b}",
            "- {type: prometheus, metadata: {serverAddress: \"http://h\", query: q, threshold: x, apiKey: hunter2}}",
        ),
        // Unknown parameters and types.
        (
            "- {name: A, value: b}",
            "- {type: redis, metadata: {address: \"h:1\", listName: q, pasword: 1, password: hunter2}}",
        ),
        (
            "- {name: A, value: b}",
            "- {type: rediss, metadata: {address: \"h:1\", sentinelPassword: hunter2}}",
        ),
        // The finding is about the credential itself, and offers to quote it.
        ("- {name: DB_PASSWORD, value: 8241}", REDIS),
        (
            "- {name: A, value: b}",
            "- {type: redis, metadata: {address: \"h:1\", listName: q, password: 8241}}",
        ),
        // A name that is written twice.
        (
            "- {name: A, value: b}\n          - name: DB_PASSWORD\n            value: hunter2\n            value: hunter2",
            REDIS,
        ),
        (
            "- {name: A, value: b}\n          - value: hunter2\n            value: hunter2\n            name: DB_PASSWORD",
            REDIS,
        ),
    ] {
        let text = job(env, trigger);
        let secret = if text.contains("8241") {
            "8241"
        } else {
            "hunter2"
        };
        let outputs = outputs(&text, secret);
        if text.contains("8241") {
            assert_contains(&outputs[0], &["is a number", "quote the value"]);
        }
    }
    let vault = "apiVersion: keda.sh/v1alpha1\nkind: TriggerAuthentication\nmetadata: {name: a}\nspec: {hashiCorpVault: {credential: {token: hunter2}}, nonsense: 1}\n";
    outputs(vault, "hunter2");
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, nonsense: 1, annotations: {kubectl.kubernetes.io/last-applied-configuration: hunter2}}\ndata: {DB_PASSWORD: 1, API_KEY: hunter2}\n";
    outputs(map, "hunter2");
    Ok(())
}

fn broken() -> Outcome {
    for text in [
        job("- {name: DB_PASSWORD, value: hunter2", REDIS),
        job("- name: DB_PASSWORD\n            value: \"hunter2", REDIS),
        job(
            "- {name: A, value: b}",
            "- {type: redis, metadata: {password: hunter2, listName: [}}",
        ),
        job(
            "- {name: A, value: b}",
            "- {type: rabbitmq, metadata: {host: \"amqp://me:hunter2@h/v, queueName: q}}",
        ),
    ] {
        outputs(&text, "hunter2");
    }
    Ok(())
}

fn carets() -> Outcome {
    // Characters of two, three and four bytes in the credential, before the place of the finding.
    let text = job("- {name: DB_PASSWORD, value: \"pä€𝄞ss\", other: 1}", REDIS);
    let shown = outputs(&text, "pä€𝄞ss");
    assert_contains(
        &shown[0],
        &[
            "12 |           - {name: DB_PASSWORD, value: **¤•𐄂***, other: 1}",
            "   |                                                  ^^^^^ unknown",
        ],
    );
    let column = text
        .lines()
        .nth(11)
        .and_then(|line| line.split("other").next())
        .map_or(0, |before| before.chars().count() + 1);
    assert_contains(&shown[1], &[&format!("\"column\": {column}")]);
    // An unmasked neighbour stays readable.
    let text = job("- {name: LOG_LEVEL, value: debug, other: 1}", REDIS);
    assert_contains(&outputs(&text, "hunter2")[0], &["value: debug, other: 1"]);
    Ok(())
}
