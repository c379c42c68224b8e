//! What of a manifest's text findings may show: literal credentials are masked wherever a finding quotes their line.
//!
//! It is done to the texts that labels carry and not where they are printed, so that it holds for every form of output. The masked
//! text has the same bytes, lines and columns. A credential is a parameter that says so in its table ([`ParameterSpec::is_credential`]), a
//! key or variable whose name smells of one, and a password in a URL or a connection string.

mod text;

use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use self::text::smells;
use self::text::{lines, passwords};
use super::params::{Kind, ParameterSpec, Source};
use super::trigger_type;
use crate::api::Trigger;
use crate::diagnostic::{Diagnostic, Label, SourceFile, Span, catalog};
use crate::manifest::{Document, Entry, Node, Value};

impl ParameterSpec {
    /// Whether its text is a credential: it says so, or it is free text that may come from a TriggerAuthentication or a variable, and
    /// its name smells of one.
    pub fn is_credential(&self) -> bool {
        let elsewhere = self.reads(Source::Auth) || self.reads(Source::Env);
        self.credential
            || (elsewhere && !self.shows_its_text() && self.names.iter().any(|name| smells(name)))
    }
}

/// What may be shown of a text: the same lines without literal credentials. `documents` are what it holds as far as it parses.
pub fn concealed(
    source: &Arc<SourceFile>,
    documents: &[Arc<Document>],
    unread: bool,
) -> Arc<SourceFile> {
    let hidden = Hidden {
        unread,
        ..Hidden::of(source, documents)
    };
    source.masked(&hidden.spans(source))
}

/// The metadata keys of `trigger` whose texts are credentials by the table of its type. Free texts only: a list of headers or a
/// connection string may be written without one, see what it reveals instead.
pub fn credentials(trigger: &Trigger) -> Vec<&str> {
    let Some(kind) = trigger_type(&trigger.kind) else {
        return Vec::new();
    };
    let is_whole = |key: &&str| {
        let lower = key.to_ascii_lowercase();
        !lower.contains("connection") && !lower.contains("dsn")
    };
    trigger
        .metadata
        .keys()
        .map(String::as_str)
        .filter(is_whole)
        .filter(|key| {
            kind.parameter(key).is_some_and(|spec| {
                spec.kind == Kind::String
                    && spec.allowed.is_empty()
                    && spec.reads(Source::Metadata)
                    && spec.is_credential()
            })
        })
        .collect()
}

/// Makes every finding point into a text without literal credentials. `documents` are what the texts hold as far as they parse.
pub fn conceal(diagnostics: &mut Vec<Diagnostic>, documents: &[Arc<Document>]) {
    let mut hidden: HashMap<String, Hidden> = HashMap::new();
    for diagnostic in diagnostics.iter() {
        let source = &diagnostic.primary.source;
        // What stands twice is in the document once.
        let unread =
            diagnostic.rule == &catalog::SYNTAX || diagnostic.rule == &catalog::DUPLICATE_KEY;
        hidden
            .entry(source.name().to_owned())
            .or_insert_with(|| Hidden::of(source, documents))
            .unread |= unread;
        for label in &diagnostic.related {
            let source = &label.source;
            hidden
                .entry(source.name().to_owned())
                .or_insert_with(|| Hidden::of(source, documents));
        }
    }
    // One masked text for each text, Secrets' own ones among them.
    let mut masked: Vec<(Arc<SourceFile>, Arc<SourceFile>)> = Vec::new();
    for diagnostic in diagnostics {
        let Some(places) = hidden.get(diagnostic.primary.source.name()) else {
            continue;
        };
        if places.touches(diagnostic.primary.span) {
            without_value(&mut diagnostic.message);
            // A fix shows the value, and would have to be made in the masked text.
            if let Some(fix) = diagnostic
                .fix
                .take_if(|fix| fix.edits.iter().any(|edit| places.touches(edit.span)))
            {
                diagnostic.help.push(fix.description);
            }
        }
        let edits = diagnostic
            .fix
            .iter_mut()
            .flat_map(|fix| &mut fix.edits)
            .map(|edit| &mut edit.source);
        let labels = std::iter::once(&mut diagnostic.primary).chain(&mut diagnostic.related);
        for source in labels
            .map(|label: &mut Label| &mut label.source)
            .chain(edits)
        {
            let known = masked.iter().find(|(from, _)| Arc::ptr_eq(from, source));
            let shown = match (known, hidden.get(source.name())) {
                (Some((_, to)), _) => Arc::clone(to),
                (None, None) => continue,
                (None, Some(hidden)) => {
                    let spans = hidden.spans(source);
                    let to = if spans.is_empty() {
                        Arc::clone(source)
                    } else {
                        source.masked(&spans)
                    };
                    masked.push((Arc::clone(source), Arc::clone(&to)));
                    to
                }
            };
            *source = shown;
        }
    }
}

/// `… is the number 5` becomes `… is a number`: what the value is called, without the value.
fn without_value(message: &mut String) {
    let found = message.find("` is the ").and_then(|at| {
        let start = at + "` is ".len();
        let kind = message[start + "the ".len()..].split(' ').next()?;
        Some((start, format!("a {kind}")))
    });
    if let Some((start, kind)) = found {
        message.truncate(start);
        message.push_str(&kind);
    }
}

/// The credentials of one text.
struct Hidden {
    spans: Vec<Span>,
    /// A part of the text is in no document.
    unread: bool,
}

impl Hidden {
    fn of(source: &SourceFile, documents: &[Arc<Document>]) -> Self {
        let mut spans = Vec::new();
        for document in documents
            .iter()
            .filter(|document| document.source.name() == source.name())
        {
            node(&document.root, &mut spans);
        }
        Self {
            spans,
            unread: false,
        }
    }

    /// Whether a place is that of a credential, or the other way around.
    fn touches(&self, place: Span) -> bool {
        self.spans
            .iter()
            .any(|hidden| hidden.start < place.end && place.start < hidden.end)
    }

    fn spans(&self, source: &SourceFile) -> Vec<Span> {
        let mut spans = self.spans.clone();
        passwords(source.text(), &mut spans);
        if self.unread {
            lines(source.text(), &mut spans);
        }
        spans
    }
}

/// Credentials in a parsed value: metadata of triggers, `env`, a Vault's token, data of ConfigMaps, and kubectl's copy of all of it.
fn node(root: &Node, spans: &mut Vec<Span>) {
    let kind = root.get("kind").and_then(Node::as_str);
    for entry in root.entries() {
        match entry.key.as_str() {
            "env" => entry
                .value
                .items()
                .iter()
                .for_each(|variable| literal(variable, spans)),
            "triggers" => entry
                .value
                .items()
                .iter()
                .for_each(|trigger| parameters(trigger, spans)),
            "hashiCorpVault" => {
                let token = entry
                    .value
                    .get("credential")
                    .and_then(|credential| credential.entry("token"));
                spans.extend(token.map(|token| token.value.span));
            }
            "args" | "command" => arguments(entry.value.items(), spans),
            "data" if kind == Some("ConfigMap") => spans.extend(
                entry
                    .value
                    .entries()
                    .iter()
                    .filter(|item| smells(&item.key))
                    .map(|item| item.value.span),
            ),
            "annotations" => spans.extend(
                entry
                    .value
                    .entry("kubectl.kubernetes.io/last-applied-configuration")
                    .map(|copy| copy.value.span),
            ),
            _ => {}
        }
        if !matches!(entry.key.as_str(), "triggers") {
            node(&entry.value, spans);
        }
    }
    for item in root.items() {
        node(item, spans);
    }
}

/// Values of flags whose names smell: `--token=…`, and what follows `--token`.
fn arguments(items: &[Node], spans: &mut Vec<Span>) {
    let mut follows = false;
    for item in items {
        let text = item.as_str().unwrap_or_default();
        let is_value = std::mem::take(&mut follows) && !text.starts_with('-');
        if is_value {
            spans.push(item.span);
        } else if text.starts_with('-') {
            match text.split_once('=') {
                None => follows = smells(text),
                Some((flag, _)) if smells(flag) => spans.push(item.span),
                Some(_) => {}
            }
        }
    }
}

/// The value of a variable whose name smells of a secret.
fn literal(variable: &Node, spans: &mut Vec<Span>) {
    let name = variable.get("name").and_then(Node::as_str);
    if let (Some(name), Some(value)) = (name, variable.get("value"))
        && smells(name)
        && value.value != Value::Null
    {
        spans.push(value.span);
    }
}

/// The credentials among the parameters of a trigger.
fn parameters(trigger: &Node, spans: &mut Vec<Span>) {
    let kind = trigger
        .get("type")
        .and_then(Node::as_str)
        .and_then(trigger_type);
    let is_credential = |entry: &Entry| {
        let key = entry.key.as_str();
        // It names a variable.
        if key.ends_with("FromEnv") {
            return false;
        }
        match kind.and_then(|kind| kind.parameter(key)) {
            Some(spec) => spec.is_credential(),
            None => smells(key),
        }
    };
    let metadata = trigger.get("metadata").map(Node::entries);
    spans.extend(
        metadata
            .unwrap_or_default()
            .iter()
            .filter(|entry| is_credential(entry))
            .map(|entry| entry.value.span),
    );
}

#[cfg(test)]
mod tests {
    use super::text::ENDS;
    use super::*;
    use crate::scalers::TRIGGER_TYPES;
    use crate::scalers::params::Kind;

    /// Parameters that are credentials, and parameters beside them that are none and worth seeing.
    #[test]
    fn parameters_of_types() {
        let is_credential = |kind: &str, name: &str| {
            trigger_type(kind)
                .and_then(|kind| kind.parameter(name))
                .unwrap_or_else(|| panic!("{kind} has no {name}"))
                .is_credential()
        };
        for (kind, names) in [
            (
                "rabbitmq",
                &[
                    "password",
                    "key",
                    "keyPassword",
                    "clientSecret",
                    "endpointParams",
                ][..],
            ),
            ("redis", &["password"]),
            (
                "prometheus",
                &[
                    "bearerToken",
                    "token",
                    "password",
                    "key",
                    "apiKey",
                    "customAuthValue",
                    "awsSecretAccessKey",
                    "awsSessionToken",
                    "GoogleApplicationCredentials",
                    "credentials",
                    "customHeaders",
                ],
            ),
            ("metrics-api", &["bearerToken", "apiKey", "customAuthValue"]),
        ] {
            for name in names {
                assert!(is_credential(kind, name), "{kind} {name}");
            }
        }
        for (kind, names) in [
            (
                "rabbitmq",
                &[
                    "host",
                    "username",
                    "queueName",
                    "vhostName",
                    "oauthTokenURI",
                ][..],
            ),
            ("redis", &["address", "listName", "username"]),
            (
                "prometheus",
                &[
                    "serverAddress",
                    "query",
                    "threshold",
                    "keyParamName",
                    "authModes",
                    "awsAccessKeyID",
                    "awsRoleArn",
                ],
            ),
        ] {
            for name in names {
                assert!(!is_credential(kind, name), "{kind} {name}");
            }
        }
    }

    /// A parameter whose one line for people speaks of a secret, and that may come from a Secret, is a credential, or its name says
    /// that it is something beside one.
    #[test]
    fn no_credential_is_forgotten() {
        for kind in TRIGGER_TYPES {
            for spec in kind.parameters() {
                let doc = spec.doc.to_ascii_lowercase();
                let speaks = ["password", "secret", "private key", "the token", "the key"]
                    .iter()
                    .any(|word| doc.contains(word));
                let free =
                    matches!(spec.kind, Kind::String | Kind::Query) && spec.allowed.is_empty();
                let beside = spec.names.iter().all(|name| {
                    ENDS.iter()
                        .any(|end| name.to_ascii_lowercase().ends_with(end))
                });
                if speaks && free && spec.reads(Source::Auth) && !beside {
                    assert!(
                        spec.is_credential(),
                        "{} {}: say .credential()",
                        kind.name,
                        spec.name()
                    );
                }
            }
        }
    }
}
