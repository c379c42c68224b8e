//! A text that diagnostics point into.

use std::sync::Arc;

/// One manifest text with the name a user knows it by. `Debug` gives the name only: the text may hold a Secret.
pub struct SourceFile {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

/// A range of bytes in a [`SourceFile`], end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A place as people count it: both from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl std::fmt::Debug for SourceFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SourceFile")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl SourceFile {
    /// Takes the text of `name` (a path, or `<stdin>`).
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let mut text = text.into();
        // What was read grew by doubling, and it stays.
        text.shrink_to_fit();
        let mut line_starts = vec![0];
        line_starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        line_starts.shrink_to_fit();
        Arc::new(Self {
            name: name.into(),
            text,
            line_starts,
        })
    }

    /// The path as the user gave it, or `<stdin>`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of `span`; empty when the span lies outside or cuts a character.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or_default()
    }

    /// The same text with every character of `spans` replaced by `*`, or by a mark of as many bytes: what may be shown of a Secret. Offsets,
    /// lines and columns stay.
    pub fn masked(&self, spans: &[Span]) -> Arc<Self> {
        let mut text = String::with_capacity(self.text.len());
        let mut spans: Vec<Span> = spans.to_vec();
        spans.sort_unstable();
        let mut next = 0;
        // Spans may lie in one another, so what counts is how far those that have begun reach.
        let mut hidden_to = 0;
        for (at, char) in self.text.char_indices() {
            while let Some(span) = spans.get(next).filter(|span| span.start <= at) {
                hidden_to = hidden_to.max(span.end);
                next += 1;
            }
            let hidden = at < hidden_to;
            if hidden && !char.is_whitespace() {
                text.push(match char.len_utf8() {
                    1 => '*',
                    2 => '\u{a4}',
                    3 => '\u{2022}',
                    _ => '\u{10102}',
                });
            } else {
                text.push(char);
            }
        }
        Self::new(self.name.clone(), text)
    }

    /// Line and column of a byte offset; an offset past the end gives the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts[line - 1];
        let column = self
            .text
            .get(start..offset)
            .map_or(1, |before| before.chars().count() + 1);
        Position { line, column }
    }
}
