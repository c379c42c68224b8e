//! What is wrong with a manifest, as values: a rule, a severity, places in the text, help, perhaps a fix.
//!
//! Nothing here prints; [`human`], [`concise`], [`json`], [`sarif`], [`junit`] and [`github`] turn diagnostics into text. This room knows nothing of YAML,
//! KEDA or Kubernetes.

use std::sync::Arc;

pub mod catalog;
pub mod concise;
pub mod github;
pub mod human;
pub mod json;
pub mod junit;
pub mod patch;
pub mod sarif;
mod source;
mod suggest;
mod summary;
pub mod trigger_rules;

pub use source::{Position, SourceFile, Span};
pub use suggest::{Suggestion, suggest};
pub use summary::{Summary, sort};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Works, but probably not as meant.
    Warning,
    /// Does not work.
    Error,
}

impl Severity {
    /// `error`, `warning` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A kind of finding. The id never changes once released.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Kebab-case, unique.
    pub id: &'static str,
    /// Severity unless a diagnostic says otherwise.
    pub severity: Severity,
    /// One line that says what the rule finds.
    pub summary: &'static str,
    /// What `explain` prints beside it.
    pub doc: Doc,
}

/// The doc of a rule; each part is a few sentences, the example is YAML.
#[derive(Debug, PartialEq, Eq)]
pub struct Doc {
    /// What is found, precisely.
    pub what: &'static str,
    /// What happens when it is left as it is.
    pub why: &'static str,
    /// The shortest YAML that has the fault.
    pub example: &'static str,
    /// What to write instead.
    pub fix: &'static str,
    /// Where the rule comes from: a KEDA file or issue, a Kubernetes rule.
    pub source: &'static str,
}

/// A place in a text, with what is to be said about it.
#[derive(Debug, Clone)]
pub struct Label {
    /// The text.
    pub source: Arc<SourceFile>,
    /// The place.
    pub span: Span,
    /// Said at the place; may be empty.
    pub message: String,
}

impl Label {
    /// A label at `span` of `source`.
    pub fn new(source: &Arc<SourceFile>, span: Span, message: impl Into<String>) -> Self {
        Self {
            source: Arc::clone(source),
            span,
            message: message.into(),
        }
    }
}

/// Replace the bytes of `span` by `replacement`.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The text to change.
    pub source: Arc<SourceFile>,
    /// The bytes to replace.
    pub span: Span,
    /// What takes their place.
    pub replacement: String,
}

/// A change that surely removes the finding.
#[derive(Debug, Clone)]
pub struct Fix {
    /// Imperative, lower case: `quote the value`.
    pub description: String,
    /// Edits that do not overlap.
    pub edits: Vec<Edit>,
}

/// One finding.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// Severity in this case.
    pub severity: Severity,
    /// A lower-case sentence without a full stop.
    pub message: String,
    /// Where it is.
    pub primary: Label,
    /// Places that belong to it.
    pub related: Vec<Label>,
    /// What to do, one sentence each.
    pub help: Vec<String>,
    /// A sure fix.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// A finding of `rule` at `primary`, with the rule's own severity.
    pub fn new(rule: &'static Rule, message: impl Into<String>, primary: Label) -> Self {
        Self {
            rule,
            severity: rule.severity,
            message: message.into(),
            primary,
            related: Vec::new(),
            help: Vec::new(),
            fix: None,
        }
    }

    /// Adds a sentence of help.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds a related place.
    pub fn related(mut self, label: Label) -> Self {
        self.related.push(label);
        self
    }

    /// Adds a fix.
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }
}
