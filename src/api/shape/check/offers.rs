//! What the walk offers to write instead.

use std::sync::Arc;

use super::Checker;
use crate::api::shape::Shape;
use crate::api::shape::removal::removal;
use crate::api::shape::words::is_quantity;
use crate::diagnostic::{Diagnostic, Edit, Fix, Span};
use crate::manifest::{Entry, Node, Value, read_plain};

impl Checker<'_> {
    /// Offers to quote a plain scalar as it is written.
    pub(super) fn with_quotes(&self, diagnostic: Diagnostic, node: &Node) -> Diagnostic {
        let written = self.source.slice(node.span);
        let before = self.source.text().get(..node.span.start).unwrap_or("");
        let last_word = before.split_whitespace().next_back().unwrap_or("");
        let is_plain = !written.is_empty()
            && !written.contains(['"', '\'', '\\', '\n'])
            && !last_word.starts_with('!');
        if !is_plain {
            return diagnostic.help("quote the value");
        }
        self.offer(
            diagnostic,
            "quote the value".to_owned(),
            node.span,
            format!("\"{written}\""),
        )
    }

    /// Offers to take the quotes off a scalar that would then be what is wanted.
    pub(super) fn without_quotes(
        &self,
        diagnostic: Diagnostic,
        node: &Node,
        text: &str,
        shape: &Shape,
    ) -> Diagnostic {
        let written = self.source.slice(node.span);
        let is_quoted = written
            .strip_prefix(['"', '\''])
            .and_then(|rest| rest.strip_suffix(['"', '\'']))
            == Some(text);
        // Only what YAML and JSON read alike.
        let is_json = serde_json::from_str::<serde_json::Number>(text).is_ok();
        let fits = match (shape, read_plain(text)) {
            (Shape::Boolean, Some(Value::Bool(value))) => {
                if is_quoted && text != "true" && text != "false" {
                    let description = format!("write `{value}`");
                    return self.offer(diagnostic, description, node.span, value.to_string());
                }
                true
            }
            (Shape::Integer { least, most }, Some(Value::Number(number))) => {
                is_json
                    && number
                        .as_i64()
                        .is_some_and(|number| (*least..=*most).contains(&number))
            }
            (Shape::Number, Some(Value::Number(_))) => is_json,
            _ => false,
        };
        if is_quoted && fits {
            let description = "remove the quotes".to_owned();
            self.offer(diagnostic, description, node.span, text.to_owned())
        } else {
            diagnostic
        }
    }

    /// Offers to take an entry out, where it fills whole lines of its own.
    pub(super) fn without_entry(
        &self,
        diagnostic: Diagnostic,
        node: &Node,
        entry: &Entry,
    ) -> Diagnostic {
        if self.is_secret {
            return diagnostic;
        }
        match removal(self.source, node, entry) {
            Some(fix) => diagnostic.fix(fix),
            None => diagnostic,
        }
    }

    /// Adds a fix. For a Secret it becomes help: a fix shows the text around it and would have to be made in the masked one.
    pub(super) fn offer(
        &self,
        diagnostic: Diagnostic,
        description: String,
        span: Span,
        replacement: String,
    ) -> Diagnostic {
        if self.is_secret {
            return diagnostic.help(description);
        }
        diagnostic.fix(Fix {
            description,
            edits: vec![Edit {
                source: Arc::clone(self.source),
                span,
                replacement,
            }],
        })
    }
}

/// `512MB`, `1GiB` and `2gb` as Kubernetes writes them.
pub(super) fn in_bytes(text: &str) -> Option<String> {
    let number = text.trim_end_matches(|char: char| char.is_ascii_alphabetic() || char == ' ');
    let unit = text[number.len()..].trim_start().to_ascii_uppercase();
    let prefix = unit.strip_suffix('B').unwrap_or(&unit);
    let prefix = prefix.strip_suffix('I').unwrap_or(prefix);
    let meant = format!("{number}{prefix}i");
    (["K", "M", "G", "T"].contains(&prefix) && is_quantity(&meant)).then_some(meant)
}

/// `word` between the quotes that `written` has, if any.
pub(super) fn as_quoted(written: &str, word: &str) -> String {
    let quote = written
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''));
    match quote {
        Some(quote) => format!("{quote}{word}{quote}"),
        None => word.to_owned(),
    }
}
