//! Credentials that stand in the manifest.

use super::Subject;
use super::place::{field, list, text};
use crate::diagnostic::{Diagnostic, Doc, Rule, Severity};
use crate::manifest::Node;

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&CREDENTIAL];

static CREDENTIAL: Rule = Rule {
    id: "credential",
    severity: Severity::Warning,
    summary: "a credential stands in the manifest",
    doc: Doc {
        what: "A variable of a container whose name ends in a word such as PASSWORD, TOKEN or API_KEY has a literal value, or a value of a variable or \
               of trigger metadata is a URL with a password or a connection string with a key. A URL with RabbitMQ's well-known guest:guest does \
               not count.",
        why: "Who may read the manifest, the ScaledJob or one of its Jobs knows the credential; it lies in version control and in logs of \
              pipelines for ever.",
        example: "env:\n  - name: DB_PASSWORD\n    value: hunter2",
        fix: "Put it into a Secret: `valueFrom.secretKeyRef` for the container, a TriggerAuthentication or `…FromEnv` for the trigger.",
        source: "Kubernetes documentation, Good practices for Secrets",
    },
};

/// Last words of a variable's name that announce a credential.
const WORDS: [&str; 12] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "TOKEN",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "ACCOUNT_KEY",
    "SECRET_KEY",
    "PRIVATE_KEY",
    "CLIENT_SECRET",
    "PAT",
];

/// Parts of connection strings that hold a key.
const KEYS: [&str; 4] = [
    "accountkey=",
    "sharedaccesskey=",
    "sharedaccesssignature=",
    "password=",
];

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    for (_, container) in subject.containers() {
        for variable in list(container, "env") {
            let (Some(name), Some(value)) = (text(variable, "name"), field(variable, "value"))
            else {
                continue;
            };
            let Some(literal) = value.value.as_str() else {
                continue;
            };
            let why = if is_named_so(name) && looks_like_one(literal) {
                Some("written out")
            } else {
                reveals(literal)
            };
            if let Some(why) = why {
                report(
                    subject,
                    &value.value,
                    format!("the variable `{name}` holds a credential"),
                    why,
                    "take it from a Secret with `valueFrom.secretKeyRef`",
                    found,
                );
            }
        }
    }
    for trigger in &subject.job.triggers {
        let metadata = subject
            .trigger(trigger.index)
            .and_then(|trigger| trigger.get("metadata"));
        for entry in metadata.map(Node::entries).unwrap_or_default() {
            if let Some(why) = entry.value.as_str().and_then(reveals) {
                report(
                    subject,
                    &entry.value,
                    format!(
                        "`{}` of the {} trigger holds a credential",
                        entry.key, trigger.kind
                    ),
                    why,
                    "take it from a TriggerAuthentication, or from a variable of the container with `…FromEnv`",
                    found,
                );
            }
        }
    }
}

fn report(
    subject: &Subject<'_>,
    value: &Node,
    message: String,
    label: &str,
    help: &str,
    found: &mut Vec<Diagnostic>,
) {
    found.push(
        subject
            .finding(&CREDENTIAL, message, value.span, label)
            .help(help),
    );
}

fn is_named_so(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    WORDS.iter().any(|word| {
        name.strip_suffix(word)
            .is_some_and(|before| before.is_empty() || before.ends_with('_'))
    })
}

/// Neither empty, a reference, a template, a path, a switch nor a number.
fn looks_like_one(value: &str) -> bool {
    let is_reference = ["$(", "${", "{{", "/", "vault:", "ref+"]
        .iter()
        .any(|start| value.starts_with(start));
    value.len() >= 3
        && !is_reference
        && !value.contains("{{")
        && !value.bytes().all(|byte| byte.is_ascii_digit())
        && !matches!(
            value.to_ascii_lowercase().as_str(),
            "true" | "false" | "none" | "null"
        )
}

/// What in a text is a credential, if something is.
fn reveals(value: &str) -> Option<&'static str> {
    if url_password(value).is_some_and(|password| looks_like_one(password) || password.len() > 5) {
        return Some("a URL with a password");
    }
    let lower = value.to_ascii_lowercase();
    let has_key = lower.contains(';')
        && KEYS.iter().any(|key| {
            lower.match_indices(key).any(|(at, _)| {
                let rest = lower[at + key.len()..]
                    .split(';')
                    .next()
                    .unwrap_or_default();
                looks_like_one(rest)
            })
        });
    has_key.then_some("a connection string with a key")
}

/// The password in `scheme://user:password@host`, unless it is the one that everybody knows.
fn url_password(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let (name, password) = user.split_once(':')?;
    let is_reference =
        password.contains("$(") || password.contains("${") || password.contains("{{");
    (!password.is_empty() && !is_reference && (name, password) != ("guest", "guest"))
        .then_some(password)
}

#[cfg(test)]
mod tests {
    use super::{is_named_so, looks_like_one, reveals};

    #[test]
    fn credentials_are_told_from_what_looks_like_them() {
        for name in ["PASSWORD", "DB_PASSWORD", "github-token", "STRIPE_API_KEY"] {
            assert!(is_named_so(name), "{name}");
        }
        for name in [
            "MAX_TOKENS",
            "PASSWORD_FILE",
            "AWS_ACCESS_KEY_ID",
            "MONKEYPAT",
            "PATH",
        ] {
            assert!(!is_named_so(name), "{name}");
        }
        for value in [
            "",
            "$(TOKEN)",
            "/run/secrets/token",
            "true",
            "12",
            "{{ .Values.token }}",
        ] {
            assert!(!looks_like_one(value), "{value}");
        }
        for value in [
            "amqp://user:hunter2@rabbit:5672/",
            "redis://:hunter2@redis",
            "Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=abc=",
        ] {
            assert!(reveals(value).is_some(), "{value}");
        }
        for value in [
            "amqp://rabbit:5672/",
            "amqp://guest:guest@rabbit",
            "amqp://user:$(PASSWORD)@rabbit",
            "https://example.com/a:b@c",
            "password=",
            "user@example.com",
        ] {
            assert!(reveals(value).is_none(), "{value}");
        }
    }
}
