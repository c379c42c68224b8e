//! YAML and JSON text becomes documents, with a finding for everything that kubectl would refuse to read.
//!
//! Built from parser events with a stack of its own, so that depth is bounded by [`MAX_DEPTH`] and not by the machine's stack.

mod aliases;
mod faults;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle, StrInput, Tag};

use self::aliases::Anchored;
use super::mapping::{Key, OpenMapping};
use super::scalar::{self, Scalar};
use super::{Document, Node, Value};
use crate::diagnostic::{Diagnostic, Label, SourceFile, Span, catalog};

/// Collections inside collections; a Kubernetes object needs about 15.
pub const MAX_DEPTH: usize = 100;
/// Values in one file after aliases are expanded.
pub const MAX_NODES: usize = 500_000;
/// Bytes of text that aliases may add to one file.
pub const MAX_ALIAS_BYTES: usize = 32 << 20;
/// Findings of one file, all in all, after which the rest of it is given up.
pub const MAX_FINDINGS: usize = 1000;
/// Syntax errors of one file that are listed.
pub const MAX_SYNTAX_ERRORS: usize = 50;

/// Reads every document of `source`. A document that does not parse is left out; those after it are still read.
///
/// Documents that are empty are left out too. A document with other findings (a key twice, a value that JSON cannot hold) is
/// there, so that its further mistakes can be found; its findings lie inside its root's span.
pub fn load(source: &Arc<SourceFile>) -> (Vec<Arc<Document>>, Vec<Diagnostic>) {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut parser = Parser::new_from_str_with_options(source.text(), options);
    let mut loader = Loader {
        source,
        documents: Vec::new(),
        diagnostics: Vec::new(),
        anchors: HashMap::new(),
        open: Vec::new(),
        root: None,
        index: 0,
        nodes: 0,
        alias_bytes: 0,
    };
    let mut abandoned = 0;
    while let Some(event) = parser.next_event() {
        let outcome = match event {
            Ok((event, span)) => loader.take(event, span),
            Err(error) => Err(loader.syntax_error(&error)),
        };
        let Err(stop) = outcome else { continue };
        loader.diagnostics.push(*stop.diagnostic);
        loader.abandon();
        loader.index += 1;
        abandoned += 1;
        if stop.file || abandoned >= MAX_SYNTAX_ERRORS || !next_document(&mut parser) {
            break;
        }
    }
    (loader.documents, loader.diagnostics)
}

fn next_document<'a>(parser: &mut Parser<'a, StrInput<'a>>) -> bool {
    matches!(parser.proceed_next_document(), Ok(true))
}

/// Why a document is given up.
struct Stop {
    diagnostic: Box<Diagnostic>,
    /// The rest of the file is given up too.
    file: bool,
}

impl Stop {
    fn document(diagnostic: Diagnostic) -> Self {
        Self {
            diagnostic: Box::new(diagnostic),
            file: false,
        }
    }

    fn file(diagnostic: Diagnostic) -> Self {
        Self {
            diagnostic: Box::new(diagnostic),
            file: true,
        }
    }
}

/// A collection whose end has not come yet.
struct Open {
    start: usize,
    end: usize,
    anchor: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Node>),
    Mapping(OpenMapping),
}

struct Loader<'a> {
    source: &'a Arc<SourceFile>,
    documents: Vec<Arc<Document>>,
    diagnostics: Vec<Diagnostic>,
    anchors: HashMap<usize, Anchored>,
    open: Vec<Open>,
    root: Option<Node>,
    index: usize,
    nodes: usize,
    alias_bytes: usize,
}

impl Loader<'_> {
    fn take(&mut self, event: Event<'_>, span: granit_parser::Span) -> Result<(), Stop> {
        let span = self.span(span);
        match event {
            Event::DocumentStart(..) => {
                self.abandon();
                Ok(())
            }
            Event::DocumentEnd => {
                self.finish_document();
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style, anchor, tag.as_deref(), span)
            }
            Event::SequenceStart(_, anchor, _) => {
                self.start(span, anchor, Content::Sequence(Vec::new()))
            }
            Event::MappingStart(_, anchor, _) => {
                self.start(span, anchor, Content::Mapping(OpenMapping::default()))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(()),
        }
    }

    /// Bytes of a parser's span, inside the text and at character boundaries.
    fn span(&self, span: granit_parser::Span) -> Span {
        let text = self.source.text();
        let range = span.byte_range().unwrap_or_default();
        let start = text.floor_char_boundary(range.start);
        let end = text.floor_char_boundary(range.end).max(start);
        Span { start, end }
    }

    fn label(&self, span: Span, message: impl Into<String>) -> Label {
        Label::new(self.source, span, message)
    }

    /// Forgets what a document has left unfinished.
    fn abandon(&mut self) {
        self.open.clear();
        self.anchors.clear();
        self.root = None;
    }

    fn finish_document(&mut self) {
        if let Some(root) = self.root.take()
            && root.value != Value::Null
        {
            self.forbidden_character(root.span);
            self.documents.push(Arc::new(Document {
                source: Arc::clone(self.source),
                index: self.index,
                root,
            }));
        }
        self.index += 1;
        self.abandon();
    }

    fn count(&mut self, nodes: usize, bytes: usize, span: Span) -> Result<(), Stop> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.alias_bytes = self.alias_bytes.saturating_add(bytes);
        if self.diagnostics.len() >= MAX_FINDINGS {
            return Err(Stop::file(Diagnostic::new(
                &catalog::TOO_LARGE,
                format!("more than {MAX_FINDINGS} mistakes in one file"),
                self.label(span, "the file is given up here"),
            )));
        }
        if self.nodes > MAX_NODES {
            return Err(Stop::file(Diagnostic::new(
                &catalog::TOO_LARGE,
                format!("more than {MAX_NODES} values once aliases are expanded"),
                self.label(span, "the file is given up here"),
            )));
        }
        if self.alias_bytes > MAX_ALIAS_BYTES {
            return Err(Stop::file(Diagnostic::new(
                &catalog::TOO_LARGE,
                format!(
                    "aliases add more than {} MiB of text",
                    MAX_ALIAS_BYTES >> 20
                ),
                self.label(span, "the file is given up here"),
            )));
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<(), Stop> {
        self.count(1, 0, span)?;
        let span = Span {
            start: span.start,
            end: span.start + self.source.slice(span).trim_end().len(),
        };
        let is_plain = style == ScalarStyle::Plain;
        // An absent value comes as `~` with nothing in the text.
        let text = if is_plain && span.start == span.end {
            ""
        } else {
            text
        };
        let core = tag.and_then(core_tag);
        let read = match core.as_deref() {
            None if tag.is_none() && is_plain => Ok(scalar::plain(text)),
            None => Ok(Scalar::Text(text.to_owned())),
            Some("merge") => Ok(Scalar::Text("<<".to_owned())),
            Some(name) => scalar::tagged(name, text),
        };
        let read = read.unwrap_or_else(|problem| {
            self.diagnostics.push(Diagnostic::new(
                &catalog::INVALID_VALUE,
                problem,
                self.label(span, "does not fit its tag"),
            ));
            Scalar::Text(text.to_owned())
        });
        let merges =
            text == "<<" && (tag.is_none() && is_plain || core.as_deref() == Some("merge"));
        if self.expects_key() {
            if anchor != 0 {
                let node = Node {
                    span,
                    value: read.clone().into_value().unwrap_or(Value::Null),
                };
                self.remember(anchor, &node)?;
            }
            let key = if merges {
                Key::Merge(span)
            } else {
                self.key(read, span)
            };
            self.set_key(key);
            return Ok(());
        }
        let value = read.into_value().unwrap_or_else(|| {
            self.diagnostics.push(
                Diagnostic::new(
                    &catalog::INVALID_VALUE,
                    format!("`{}` is a number that JSON cannot hold", shorten(text)),
                    self.label(
                        span,
                        "the API server reads JSON, which has finite numbers only",
                    ),
                )
                .help("quote it if it is meant as text"),
            );
            Value::String(text.to_owned())
        });
        self.place(Node { span, value }, anchor)
    }

    fn key(&mut self, read: Scalar, span: Span) -> Key {
        let is_null = read == Scalar::Null;
        if let Some(text) = read.into_key() {
            return Key::Text(text, span);
        }
        let message = if is_null {
            "a key is null"
        } else {
            "a key is a number past 63 bits"
        };
        self.diagnostics.push(
            Diagnostic::new(
                &catalog::SYNTAX,
                message,
                self.label(span, "cannot be a key in JSON"),
            )
            .help("quote the key"),
        );
        Key::Refused
    }

    fn expects_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                content: Content::Mapping(OpenMapping {
                    key: Key::Expected,
                    ..
                }),
                ..
            })
        )
    }

    fn set_key(&mut self, key: Key) {
        if let Some(Open {
            content: Content::Mapping(mapping),
            ..
        }) = self.open.last_mut()
        {
            mapping.key = key;
        }
    }

    fn start(&mut self, span: Span, anchor: usize, content: Content) -> Result<(), Stop> {
        self.count(1, 0, span)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(Stop::document(self.too_deep(span)));
        }
        self.open.push(Open {
            start: span.start,
            end: span.start,
            anchor,
            content,
        });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        // The end of a block collection is an empty span at the next token, long after its last child.
        let end = if span.start == span.end {
            open.end
        } else {
            span.end
        };
        let value = match open.content {
            Content::Sequence(mut items) => {
                // A tree lives as long as the program and most lists hold one or two items.
                items.shrink_to_fit();
                Value::Sequence(items)
            }
            Content::Mapping(mut mapping) => {
                mapping.entries.shrink_to_fit();
                Value::Mapping(mapping.entries)
            }
        };
        let span = Span {
            start: open.start,
            end: end.max(open.start),
        };
        self.place(Node { span, value }, open.anchor)
    }

    /// Takes a finished node that stands here in the text.
    fn place(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        if anchor != 0 {
            self.remember(anchor, &node)?;
        }
        if self.expects_key() {
            let key = self.collection_as_key(node.span);
            self.set_key(key);
            return Ok(());
        }
        if let Some(open) = self.open.last_mut() {
            open.end = open.end.max(node.span.end);
        }
        self.put(node);
        Ok(())
    }

    /// Puts a node into the collection that is open, or makes it the root.
    fn put(&mut self, node: Node) {
        let mapping = match self.open.last_mut().map(|open| &mut open.content) {
            None => {
                self.root = Some(node);
                return;
            }
            Some(Content::Sequence(items)) => {
                items.push(node);
                return;
            }
            Some(Content::Mapping(mapping)) => mapping,
        };
        match std::mem::take(&mut mapping.key) {
            Key::Expected | Key::Refused => {}
            Key::Merge(span) => {
                if mapping.merge(node) {
                    return;
                }
                self.diagnostics.push(Diagnostic::new(
                    &catalog::SYNTAX,
                    "`<<` merges a mapping or a list of mappings",
                    self.label(span, "its value is something else"),
                ));
            }
            Key::Text(key, span) => {
                if let Some(first) = mapping.set(key, span, node) {
                    let (key, first) = first;
                    let diagnostic = Diagnostic::new(
                        &catalog::DUPLICATE_KEY,
                        format!("the key `{}` stands twice in one mapping", shorten(&key)),
                        self.label(span, "again"),
                    )
                    .related(self.label(first, "first"))
                    .help("keep one of the two; which one counts depends on who reads the file");
                    self.diagnostics.push(diagnostic);
                }
            }
        }
    }
}

/// The name of a tag of YAML's own (`int`, `binary`, `merge` …); none for `!`, `!local` and foreign ones.
fn core_tag(tag: &Tag) -> Option<Cow<'_, str>> {
    tag.suffix_in_namespace("tag:yaml.org,2002:")
}

/// The beginning of a text that may be long.
pub(super) fn shorten(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
