//! Where things stand in a ScaledJob of any dialect. What is null counts as absent, as for the API server.

use super::Subject;
use crate::api::Dialect;
use crate::diagnostic::{Diagnostic, Edit, Fix, Label, Rule, Span, suggest};
use crate::manifest::{Entry, Node, Value, written_as_text};

/// A field that is written and not null.
pub(super) fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Entry> {
    node.entry(name)
        .filter(|entry| entry.value.value != Value::Null)
}

/// The text of a field.
pub(super) fn text<'a>(node: &'a Node, name: &str) -> Option<&'a str> {
    node.get(name).and_then(Node::as_str)
}

/// The whole number in a field.
pub(super) fn number(node: &Node, name: &str) -> Option<i64> {
    node.get(name).and_then(Node::as_i64)
}

/// The items of a field; none when it is no list.
pub(super) fn list<'a>(node: &'a Node, name: &str) -> &'a [Node] {
    node.get(name).map(Node::items).unwrap_or_default()
}

/// Calls `found` for every field that `path` leads to; `*` stands for each item of a list.
pub(super) fn each<'a>(node: &'a Node, path: &[&str], found: &mut dyn FnMut(&'a Entry)) {
    match path {
        [] | ["*"] => {}
        [name] => {
            if let Some(entry) = field(node, name) {
                found(entry);
            }
        }
        ["*", rest @ ..] => {
            for item in node.items() {
                each(item, rest, found);
            }
        }
        [name, rest @ ..] => {
            if let Some(next) = node.get(name) {
                each(next, rest, found);
            }
        }
    }
}

impl<'a> Subject<'a> {
    /// `spec`.
    pub(super) fn spec(&self) -> Option<&'a Node> {
        self.job.document.root.get("spec")
    }

    /// A field of `spec`.
    pub(super) fn spec_field(&self, name: &str) -> Option<&'a Entry> {
        field(self.spec()?, name)
    }

    /// A field of `metadata`.
    pub(super) fn metadata_field(&self, name: &str) -> Option<&'a Entry> {
        field(self.job.document.root.get("metadata")?, name)
    }

    /// `jobTargetRef`; the proposal has none.
    pub(super) fn job_spec(&self) -> Option<&'a Entry> {
        self.spec_field("jobTargetRef")
    }

    /// A field of the pod template's `metadata`.
    pub(super) fn template_metadata(&self, name: &str) -> Option<&'a Entry> {
        let template = field(&self.job_spec()?.value, "template")?;
        field(template.value.get("metadata")?, name)
    }

    /// The pod's spec.
    pub(super) fn pod(&self) -> Option<&'a Entry> {
        if self.job.dialect == Dialect::Proposal {
            return self.spec_field("consumerSpec");
        }
        let template = field(&self.job_spec()?.value, "template")?;
        field(&template.value, "spec")
    }

    /// The pod's containers, init containers first, each with the name of its list.
    pub(super) fn containers(&self) -> impl Iterator<Item = (&'static str, &'a Node)> {
        let pod = self.pod().map(|entry| &entry.value);
        ["initContainers", "containers"]
            .into_iter()
            .flat_map(move |name| {
                pod.map(|pod| list(pod, name))
                    .unwrap_or_default()
                    .iter()
                    .map(move |container| (name, container))
            })
    }

    /// A trigger as it is written.
    pub(super) fn trigger(&self, index: usize) -> Option<&'a Node> {
        list(self.spec()?, "triggers").get(index)
    }

    /// The `type` of a trigger: what stands for it in a finding.
    pub(super) fn trigger_span(&self, index: usize) -> Span {
        let trigger = self.trigger(index);
        trigger
            .and_then(|trigger| trigger.get("type"))
            .or(trigger)
            .map_or(Span::default(), |node| node.span)
    }

    /// `scalingStrategy`.
    pub(super) fn strategy(&self) -> Option<&'a Node> {
        self.spec_field("scalingStrategy").map(|entry| &entry.value)
    }

    /// A label at a span of this document.
    pub(super) fn at(&self, span: Span, message: impl Into<String>) -> Label {
        self.job.document.label(span, message)
    }

    /// A finding at a span of this document.
    pub(super) fn finding(
        &self,
        rule: &'static Rule,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic::new(rule, message, self.at(span, label))
    }

    /// A fix that replaces a plain or quoted value. What YAML would not read as a string is quoted.
    pub(super) fn replace(&self, span: Span, replacement: &str) -> Fix {
        Fix {
            description: format!("write `{replacement}`"),
            edits: vec![Edit {
                source: std::sync::Arc::clone(&self.job.document.source),
                span,
                replacement: written_as_text(replacement),
            }],
        }
    }

    /// A finding about a value that is none of the allowed words, with a fix when it is nearly one of them.
    pub(super) fn no_such_word(
        &self,
        rule: &'static Rule,
        entry: &Entry,
        words: &[&str],
    ) -> Diagnostic {
        let shown = entry.value.as_str().unwrap_or_default();
        let expected: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        let diagnostic = self.finding(
            rule,
            format!("`{}` cannot be `{shown}`", entry.key),
            entry.value.span,
            format!("expected {}", one_of(&expected)),
        );
        match suggest(shown, words.iter().copied()).filter(|suggestion| suggestion.is_sure) {
            Some(suggestion) => diagnostic.fix(self.replace(entry.value.span, suggestion.word)),
            None => diagnostic,
        }
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn one_of(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
