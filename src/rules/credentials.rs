//! Credentials that stand in the manifest.

mod text;

use std::sync::Arc;

use self::text::{Word, is_named_so, looks_like_one, reveals, words};
use super::Subject;
use super::place::{field, list, text};
use crate::api::Resources;
use crate::diagnostic::{Diagnostic, Doc, Label, Rule, Severity, Span};
use crate::manifest::{Document, Node};

/// The rules of this file.
pub(super) static RULES: &[&Rule] = &[&CREDENTIAL];

static CREDENTIAL: Rule = Rule {
    id: "credential",
    severity: Severity::Warning,
    summary: "a credential stands in the manifest",
    doc: Doc {
        what: "A variable or an argument of a container, or a key of a ConfigMap, has a name that ends in a word such as PASSWORD, TOKEN or API_KEY and a \
               literal value; a parameter of a trigger that its table calls a credential, or the token of a Vault, is written out; or one of \
               these values, or a word in it, is a URL with a password or a connection string with a key. What surely is none does not count: \
               references and templates (`$(VAR)`, `${VAR}`, `{{ … }}`), what says that it is to be replaced (`<password>`, `changeme`, \
               `your-token`, `xxxx`), RabbitMQ's well-known guest:guest, and Secrets, which are there for it.",
        why: "Who may read the manifest, the ScaledJob or one of its Jobs knows the credential; it lies in version control and in logs of \
              pipelines for ever.",
        example: "env:\n  - name: DB_PASSWORD\n    value: hunter2",
        fix: "Put it into a Secret: `valueFrom.secretKeyRef` for the container, a TriggerAuthentication or `…FromEnv` for the trigger.",
        source: "Kubernetes documentation, Good practices for Secrets",
    },
};

/// What to do about a credential of a container.
const TO_CONTAINER: &str = "take it from a Secret with `valueFrom.secretKeyRef`";
/// What to do about one of a trigger.
const TO_TRIGGER: &str =
    "take it from a TriggerAuthentication, or from a variable of the container with `…FromEnv`";
/// What to do about an argument.
const TO_ARGUMENT: &str =
    "take it from a Secret into a variable with `valueFrom.secretKeyRef`, and write `$(NAME)` here";

pub(super) fn check(subject: &Subject<'_>, found: &mut Vec<Diagnostic>) {
    let document = &subject.job.document;
    for (_, container) in subject.containers() {
        for variable in list(container, "env") {
            let (Some(name), Some(value)) = (text(variable, "name"), field(variable, "value"))
            else {
                continue;
            };
            let why = value.value.as_str().and_then(|literal| why(name, literal));
            if let Some(why) = why {
                let message = format!("the variable `{name}` holds a credential");
                found.push(finding(
                    document,
                    value.value.span,
                    message,
                    why,
                    TO_CONTAINER,
                ));
            }
        }
        arguments(document, container, found);
    }
    for trigger in &subject.job.triggers {
        let metadata = subject
            .trigger(trigger.index)
            .and_then(|trigger| trigger.get("metadata"));
        let secret = subject.credentials.get(trigger.index);
        for entry in metadata.map(Node::entries).unwrap_or_default() {
            let Some(literal) = entry.value.as_str() else {
                continue;
            };
            let is_secret = secret.is_some_and(|keys| keys.contains(&entry.key.as_str()));
            // A name of a variable in the place of its value is a finding of its own.
            let is_written = is_secret && looks_like_one(literal) && !is_variable(subject, literal);
            let why = reveals(literal).or(is_written.then_some("written out"));
            if let Some(why) = why {
                let message = format!(
                    "`{}` of the {} trigger holds a credential",
                    entry.key, trigger.kind
                );
                found.push(finding(
                    document,
                    entry.value.span,
                    message,
                    why,
                    TO_TRIGGER,
                ));
            }
        }
    }
}

/// ConfigMaps, and tokens in TriggerAuthentications.
pub(super) fn check_all(resources: &Resources, found: &mut Vec<Diagnostic>) {
    for map in &resources.config_maps {
        let Some(document) = &map.document else {
            continue;
        };
        let data = document.root.get("data").map(Node::entries);
        for entry in data.unwrap_or_default() {
            let Some(literal) = entry.value.as_str() else {
                continue;
            };
            let message = format!(
                "`{}` of ConfigMap `{}` holds a credential",
                entry.key, map.name
            );
            let help = "put it into a Secret, which containers and TriggerAuthentications refer to in the same way";
            if is_named_so(&entry.key) && looks_like_one(literal) {
                found.push(finding(
                    document,
                    entry.value.span,
                    message,
                    "written out",
                    help,
                ));
                continue;
            }
            for word in words(literal).filter(|word| word.is_address) {
                let span = inside(document, &entry.value, word.text);
                found.push(finding(document, span, message.clone(), word.why, help));
            }
        }
    }
    for authentication in &resources.authentications {
        let token = authentication.document.as_ref().and_then(|document| {
            let vault = document.root.get("spec")?.get("hashiCorpVault")?;
            let token = vault.get("credential")?.get("token")?;
            looks_like_one(token.as_str()?).then_some((document, token))
        });
        if let Some((document, token)) = token {
            let message = "the token of a Vault is a credential";
            let help = "let KEDA sign in with a service account: `authentication: kubernetes`, `role` and `credential.serviceAccount`";
            found.push(finding(document, token.span, message, "written out", help));
        }
    }
}

/// Why the value of a thing of that name is a credential, if it is one.
fn why(name: &str, literal: &str) -> Option<&'static str> {
    if is_named_so(name) && looks_like_one(literal) {
        Some("written out")
    } else {
        reveals(literal)
    }
}

/// What a container is started with: `--password=…`, `--password` and the next item, a URL with a password, or a script with such words.
fn arguments(document: &Arc<Document>, container: &Node, found: &mut Vec<Diagnostic>) {
    let mut flag: Option<&str> = None;
    for item in ["command", "args"]
        .into_iter()
        .flat_map(|name| list(container, name))
    {
        let Some(literal) = item.as_str() else {
            continue;
        };
        let before = flag.take();
        if let Some(name) = before
            && !literal.starts_with('-')
            && looks_like_one(literal)
        {
            let message = format!("the argument `{name}` holds a credential");
            found.push(finding(
                document,
                item.span,
                message,
                "written out",
                TO_ARGUMENT,
            ));
            continue;
        }
        if literal.starts_with('-') && !literal.contains(['=', ' ']) && is_named_so(literal) {
            flag = Some(literal);
        }
        for Word {
            name, text, why, ..
        } in words(literal)
        {
            let message = match name {
                Some(name) if name.starts_with('-') => {
                    format!("the argument `{name}` holds a credential")
                }
                Some(name) => format!("the variable `{name}` of a script holds a credential"),
                None => "an argument holds a credential".to_owned(),
            };
            let span = inside(document, item, text);
            found.push(finding(document, span, message, why, TO_ARGUMENT));
        }
    }
}

/// Where `text` stands in the value `node`; the first line of the value when it is written in another way.
fn inside(document: &Document, node: &Node, text: &str) -> Span {
    let written = document.source.slice(node.span);
    let (start, length) = match written.find(text) {
        Some(at) => (at, text.len()),
        None => (0, written.lines().next().unwrap_or_default().len()),
    };
    Span {
        start: node.span.start + start,
        end: node.span.start + start + length,
    }
}

/// Whether a container has a variable of that name.
fn is_variable(subject: &Subject<'_>, name: &str) -> bool {
    subject.containers().any(|(_, container)| {
        list(container, "env")
            .iter()
            .any(|variable| text(variable, "name") == Some(name))
    })
}

fn finding(
    document: &Document,
    span: Span,
    message: impl Into<String>,
    why: &str,
    help: &str,
) -> Diagnostic {
    let label = Label::new(&document.source, span, why);
    Diagnostic::new(&CREDENTIAL, message, label).help(help)
}
