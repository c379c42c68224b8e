//! The walk over a document that finds every difference from a shape.

mod offers;

use std::sync::Arc;

use self::offers::{as_quoted, in_bytes};
use super::keda::FORMER_IDENTITIES;
use super::words::{describe, expected, is_quantity, shorten};
use super::{Object, Shape, kubernetes};
use crate::api::KedaVersion;
use crate::diagnostic::{Diagnostic, Label, Rule, Severity, SourceFile, Span, catalog, suggest};
use crate::manifest::{Node, Step, Value};

/// Collects the findings of one document.
pub(crate) struct Checker<'a> {
    /// The text that labels point into; for a Secret one without its values.
    source: &'a Arc<SourceFile>,
    /// Values are not repeated in messages and fixes.
    is_secret: bool,
    /// The version of KEDA aimed at.
    version: KedaVersion,
    path: Vec<Step>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    /// A walk whose findings point into `source`.
    pub(crate) fn new(source: &'a Arc<SourceFile>, is_secret: bool, version: KedaVersion) -> Self {
        Self {
            source,
            is_secret,
            version,
            path: Vec::new(),
            diagnostics: Vec::new(),
        }
    }

    /// Walks `node`; `anchor` is where a missing field of it is shown.
    pub(crate) fn check(mut self, node: &Node, shape: &Shape, anchor: Span) -> Vec<Diagnostic> {
        self.visit(node, shape, anchor);
        self.diagnostics
    }

    /// The depth is that of the document, which the loader bounds.
    fn visit(&mut self, node: &Node, shape: &Shape, anchor: Span) {
        match (shape, &node.value) {
            (Shape::Any, _)
            | (Shape::Boolean, Value::Bool(_))
            | (Shape::Number | Shape::Quantity, Value::Number(_))
            | (Shape::String | Shape::IntOrString, Value::String(_)) => {}
            (Shape::Kubernetes(name), _) => {
                self.visit(node, kubernetes::shape(name), anchor);
            }
            (Shape::Definition(name), _) => {
                self.visit(node, kubernetes::shape(name), anchor);
            }
            (Shape::NonEmptyString, Value::String(text)) => {
                if text.is_empty() {
                    self.report(
                        &catalog::INVALID_VALUE,
                        format!("`{}` is empty", self.place()),
                        node.span,
                        "must not be empty",
                    );
                }
            }
            (Shape::Enum(words), Value::String(text)) => self.word(node, text, words),
            (Shape::Integer { least, most }, Value::Number(_)) => {
                self.integer(node, *least, *most);
            }
            (Shape::IntOrString, Value::Number(_)) => {
                self.integer(node, i64::from(i32::MIN), i64::from(i32::MAX));
            }
            (Shape::Quantity, Value::String(text)) => {
                if !is_quantity(text) {
                    self.report(
                        &catalog::INVALID_VALUE,
                        format!("{} is no quantity", self.describe(node)),
                        node.span,
                        "expected an amount such as `500m`, `2` or `1Gi`",
                    );
                    if let Some(meant) = in_bytes(text).filter(|_| !self.is_secret) {
                        self.add_help(format!("Kubernetes writes bytes as `{meant}`"));
                    }
                }
            }
            (
                Shape::List {
                    items,
                    at_least_one,
                },
                Value::Sequence(nodes),
            ) => {
                if *at_least_one && nodes.is_empty() {
                    self.report(
                        &catalog::INVALID_VALUE,
                        format!("`{}` is empty", self.place()),
                        node.span,
                        "at least one item is needed",
                    );
                }
                for (index, item) in nodes.iter().enumerate() {
                    self.path.push(Step::Index(index));
                    let anchor = item
                        .entries()
                        .first()
                        .map_or(item.span, |entry| entry.key_span);
                    self.visit(item, items, anchor);
                    self.path.pop();
                }
            }
            (Shape::Map(values), Value::Mapping(entries)) => {
                for entry in entries {
                    if entry.value.value != Value::Null {
                        self.path.push(Step::Key(entry.key.clone()));
                        self.visit(&entry.value, values, entry.key_span);
                        self.path.pop();
                    }
                }
            }
            (Shape::Metadata, Value::Mapping(_)) => self.metadata(node),
            (Shape::Object(object), Value::Mapping(_)) => self.object(node, object, anchor),
            _ => self.wrong_type(node, shape),
        }
    }

    fn object(&mut self, node: &Node, object: &Object, anchor: Span) {
        for entry in node.entries() {
            match object.fields.get(&entry.key) {
                None => self.unknown(node, entry.key_span, &entry.key, object),
                Some(_) if entry.value.value == Value::Null => {}
                Some(field) => {
                    self.path.push(Step::Key(entry.key.clone()));
                    self.visit(&entry.value, &field.shape, entry.key_span);
                    self.path.pop();
                }
            }
        }
        for (name, field) in &object.fields {
            let is_absent = node
                .get(name)
                .is_none_or(|value| value.value == Value::Null);
            if field.required && is_absent {
                let message = match self.place() {
                    place if place.is_empty() => format!("`{name}` is missing"),
                    place => format!("`{name}` is missing in `{place}`"),
                };
                self.report(
                    &catalog::MISSING_FIELD,
                    message,
                    anchor,
                    format!("needs `{name}`"),
                );
            }
        }
    }

    fn unknown(&mut self, node: &Node, key_span: Span, key: &str, object: &Object) {
        let place = self.place();
        let shown = shorten(key);
        let message = if place.is_empty() {
            format!("no field `{shown}` in this object")
        } else {
            format!("no field `{shown}` in `{place}`")
        };
        let mut diagnostic = Diagnostic::new(
            &catalog::UNKNOWN_FIELD,
            message,
            Label::new(self.source, key_span, "unknown"),
        );
        let about = object.elsewhere.iter().find(|(name, ..)| *name == key);
        if let Some((_, sentence, is_useless)) = about {
            diagnostic = diagnostic.help(*sentence);
            if let Some(entry) = node.entry(key).filter(|_| *is_useless) {
                diagnostic = self.without_entry(diagnostic, node, entry);
            }
            self.diagnostics.push(diagnostic);
            return;
        }
        let suggestion = suggest(key, object.fields.keys().map(String::as_str));
        diagnostic = match suggestion {
            Some(suggestion) if node.entry(suggestion.word).is_some() => diagnostic.help(format!(
                "`{}` is written here too; remove one of the two",
                suggestion.word
            )),
            Some(suggestion) if suggestion.is_sure => {
                let written = self.source.slice(key_span);
                let replacement = as_quoted(written, suggestion.word);
                let description = format!("did you mean `{}`?", suggestion.word);
                self.offer(diagnostic, description, key_span, replacement)
            }
            Some(suggestion) => diagnostic.help(format!("did you mean `{}`?", suggestion.word)),
            None if object.fields.len() <= 12 => {
                let names: Vec<String> = object
                    .fields
                    .keys()
                    .map(|name| format!("`{name}`"))
                    .collect();
                diagnostic.help(format!("its fields are {}", names.join(", ")))
            }
            None => diagnostic,
        };
        self.diagnostics.push(diagnostic);
    }

    fn word(&mut self, node: &Node, text: &str, words: &[&str]) {
        if words.contains(&text) {
            return;
        }
        let place = self.place();
        // Those of older versions are let pass here, and are none to offer.
        let has_former = self.version < KedaVersion::new(15, 0);
        let words: Vec<&str> = words
            .iter()
            .copied()
            .filter(|word| !word.is_empty() && (has_former || !FORMER_IDENTITIES.contains(word)))
            .collect();
        let expected = words
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(", ");
        if text.is_empty() {
            self.report(
                &catalog::INVALID_VALUE,
                format!("`{place}` is the empty string"),
                node.span,
                "refused by KEDA 2.20 and newer",
            );
            self.add_help(format!("leave the field out, or write one of {expected}"));
            self.refused_later();
            return;
        }
        let mut diagnostic = Diagnostic::new(
            &catalog::INVALID_VALUE,
            format!("`{place}` cannot be {}", self.describe(node)),
            Label::new(
                self.source,
                node.span,
                format!("expected one of {expected}"),
            ),
        );
        if let Some(suggestion) = suggest(text, words.iter().copied())
            && suggestion.is_sure
        {
            diagnostic = self.offer(
                diagnostic,
                format!("did you mean `{}`?", suggestion.word),
                node.span,
                as_quoted(self.source.slice(node.span), suggestion.word),
            );
        }
        self.diagnostics.push(diagnostic);
        // What the docs call the default before 2.20; it means `immediate`.
        if text == "default" && words.contains(&"immediate") {
            self.refused_later();
        }
    }

    fn integer(&mut self, node: &Node, least: i64, most: i64) {
        let Value::Number(number) = &node.value else {
            return;
        };
        let Some(value) = number.as_i64() else {
            let is_fraction = number.as_f64().is_some_and(|value| value.fract() != 0.0);
            if is_fraction {
                self.report(
                    &catalog::WRONG_TYPE,
                    format!("`{}` is {}", self.place(), self.describe(node)),
                    node.span,
                    "expected a whole number",
                );
            } else {
                self.out_of_range(node, least, most);
            }
            return;
        };
        if !(least..=most).contains(&value) {
            self.out_of_range(node, least, most);
        }
    }

    fn out_of_range(&mut self, node: &Node, least: i64, most: i64) {
        let too_small = node.as_i64().is_some_and(|value| value < least);
        let expected = if too_small {
            format!("expected at least {least}")
        } else {
            format!("expected at most {most}")
        };
        self.report(
            &catalog::INVALID_VALUE,
            format!("`{}` is {}", self.place(), self.describe(node)),
            node.span,
            expected,
        );
        self.refused_later();
    }

    /// Makes the last finding a warning where KEDA's own fields were not checked yet: ranges and words came with 2.20.
    fn refused_later(&mut self) {
        let is_kedas = matches!(self.path.as_slice(), [Step::Key(spec), Step::Key(field), ..]
            if spec == "spec" && field != "jobTargetRef" && field != "consumerSpec");
        if self.version >= KedaVersion::new(20, 0) || !is_kedas {
            return;
        }
        let version = self.version;
        if let Some(last) = self.diagnostics.last_mut() {
            last.severity = Severity::Warning;
            last.help.push(format!(
                "KEDA {version} takes it, KEDA 2.20 and newer refuses it"
            ));
        }
    }

    fn metadata(&mut self, node: &Node) {
        for entry in node.entries() {
            let key = shorten(&entry.key);
            let expected = "trigger metadata holds strings only";
            match &entry.value.value {
                Value::String(_) => {}
                Value::Null => {
                    let mut diagnostic = Diagnostic::new(
                        &catalog::NON_STRING_METADATA,
                        format!("`{key}` has no value"),
                        Label::new(self.source, entry.key_span, "the API server drops this key"),
                    )
                    .help("remove the key, or give it a string");
                    diagnostic.severity = Severity::Warning;
                    diagnostic = self.without_entry(diagnostic, node, entry);
                    self.diagnostics.push(diagnostic);
                }
                Value::Bool(_) | Value::Number(_) => {
                    let message = format!("`{key}` is {}", self.describe(&entry.value));
                    let label = Label::new(self.source, entry.value.span, expected);
                    let diagnostic = Diagnostic::new(&catalog::NON_STRING_METADATA, message, label);
                    let diagnostic = self.with_quotes(diagnostic, &entry.value);
                    self.diagnostics.push(diagnostic);
                }
                Value::Sequence(_) | Value::Mapping(_) => {
                    self.report(
                        &catalog::NON_STRING_METADATA,
                        format!("`{key}` is {}", self.describe(&entry.value)),
                        entry.key_span,
                        expected,
                    );
                    self.add_help("write the value as one string, as the trigger expects it");
                }
            }
        }
    }

    fn wrong_type(&mut self, node: &Node, shape: &Shape) {
        let place = self.place();
        let found = self.describe(node);
        let message = if place.is_empty() {
            format!("this is {found}")
        } else {
            format!("`{place}` is {found}")
        };
        // A whole block is better shown by its first line.
        let text = self.source.slice(node.span);
        let first_line = text.find('\n').unwrap_or(text.len());
        let span = Span {
            start: node.span.start,
            end: node.span.start + text[..first_line].trim_end().len(),
        };
        let diagnostic = Diagnostic::new(
            &catalog::WRONG_TYPE,
            message,
            Label::new(self.source, span, format!("expected {}", expected(shape))),
        );
        let diagnostic = match (shape, &node.value) {
            (Shape::String | Shape::NonEmptyString, Value::Bool(_) | Value::Number(_)) => {
                self.with_quotes(diagnostic, node)
            }
            (Shape::Enum(words), Value::Bool(_) | Value::Number(_))
                if words.contains(&self.source.slice(node.span)) =>
            {
                self.with_quotes(diagnostic, node)
            }
            // A word that YAML 1.1 takes for something else, and no word that may stand here.
            (Shape::Enum(words), Value::Bool(_) | Value::Number(_)) => {
                diagnostic.help(format!("write one of {}", words.join(", ")))
            }
            (Shape::Integer { .. } | Shape::Number | Shape::Boolean, Value::String(text)) => {
                self.without_quotes(diagnostic, node, text, shape)
            }
            (Shape::List { .. }, Value::Mapping(_) | Value::String(_)) => {
                diagnostic.help("begin each item with `- `")
            }
            (Shape::Object(_) | Shape::Metadata | Shape::Map(_), Value::Sequence(_)) => {
                diagnostic.help("remove the `- ` before the first key")
            }
            _ => diagnostic,
        };
        self.diagnostics.push(diagnostic);
    }

    fn report(
        &mut self,
        rule: &'static Rule,
        message: String,
        span: Span,
        label: impl Into<String>,
    ) {
        let label = Label::new(self.source, span, label);
        self.diagnostics.push(Diagnostic::new(rule, message, label));
    }

    fn add_help(&mut self, help: impl Into<String>) {
        if let Some(last) = self.diagnostics.last_mut() {
            last.help.push(help.into());
        }
    }

    fn describe(&self, node: &Node) -> String {
        if self.is_secret {
            match node.value {
                Value::Bool(_) => "a boolean".to_owned(),
                Value::Number(_) => "a number".to_owned(),
                _ => node.value.describe(),
            }
        } else {
            describe(self.source, node)
        }
    }

    /// `spec.triggers[0].type`; empty at the root.
    fn place(&self) -> String {
        let mut place = String::new();
        for step in &self.path {
            match step {
                Step::Key(key) => {
                    if !place.is_empty() {
                        place.push('.');
                    }
                    place.push_str(&shorten(key));
                }
                Step::Index(index) => {
                    use std::fmt::Write as _;
                    // Writing to a String cannot fail.
                    let _ = write!(place, "[{index}]");
                }
            }
        }
        place
    }
}
