//! The findings of the loader that take more than a line to make.

use granit_parser::{ErrorKind, ScanError};

use super::{Key, Loader, MAX_DEPTH, Stop};
use crate::diagnostic::{Diagnostic, Span, catalog};

const TEMPLATE_HELP: &str =
    "this looks like a template: render it first (helm template …) and give the result";

impl Loader<'_> {
    /// kubectl's reader takes no control characters, wherever they stand. [`readerc.go` of yaml v2]
    pub(super) fn forbidden_character(&mut self, within: Span) {
        let found = self.source.slice(within).char_indices().find(|(_, char)| {
            !matches!(char, '\t' | '\n' | '\r' | '\u{85}')
                && (char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}'))
        });
        if let Some((at, char)) = found {
            let start = within.start + at;
            let span = Span {
                start,
                end: start + char.len_utf8(),
            };
            self.diagnostics.push(
                Diagnostic::new(
                    &catalog::SYNTAX,
                    format!("control character U+{:04X} in the text", u32::from(char)),
                    self.label(span, "not allowed in YAML"),
                )
                .help("write it as an escape in double quotes, such as \"\\x1b\""),
            );
        }
    }

    pub(super) fn syntax_error(&self, error: &ScanError) -> Stop {
        let text = self.source.text();
        let start = text.floor_char_boundary(error.marker().byte_offset().unwrap_or(0));
        let length = text[start..]
            .chars()
            .next()
            .filter(|char| *char != '\n')
            .map_or(0, char::len_utf8);
        let span = Span {
            start,
            end: start + length,
        };
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            return Stop::document(self.too_deep(span));
        }
        let diagnostic = Diagnostic::new(
            &catalog::SYNTAX,
            error.info(),
            self.label(span, "cannot be read from here on"),
        );
        let diagnostic = if self.line_of(start).contains("{{") {
            diagnostic.help(TEMPLATE_HELP)
        } else if self
            .line_of(start)
            .trim_start_matches(' ')
            .starts_with('\t')
        {
            diagnostic.help("YAML is indented with spaces, not with tabs")
        } else {
            // What a wrong column leads to; a quote that is not closed has the place of what came after it.
            let is_structural = ["parsing a block", "mapping values"]
                .iter()
                .any(|words| error.info().contains(words));
            match self.odd_indentation(start).filter(|_| is_structural) {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            }
        };
        Stop::document(diagnostic)
    }

    /// Where a line begins at a column at which nothing above it does: which columns would do.
    fn odd_indentation(&self, offset: usize) -> Option<String> {
        let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let line = self.line_of(offset);
        let own = indent(line);
        let text = self.source.text();
        let start = text[..offset].rfind('\n')? + 1;
        // What is open, from the inside out: column and line.
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut least = usize::MAX;
        let number = self.source.position(start).line;
        for (back, above) in text[..start].lines().rev().enumerate() {
            let column = indent(above);
            let content = above.trim_start();
            if content.is_empty() || content.starts_with('#') || column >= least {
                continue;
            }
            if content.starts_with("---") {
                break;
            }
            // The key behind `- ` is a column of its own.
            let mut key = column;
            let mut rest = content;
            while let Some(after) = rest.strip_prefix("- ") {
                key += rest.len() - after.trim_start().len();
                rest = after.trim_start();
                if key < least {
                    open.push((key, number - 1 - back));
                }
            }
            open.push((column, number - 1 - back));
            least = column;
            if column == 0 {
                break;
            }
        }
        if own == 0 || open.iter().any(|(column, _)| *column == own) {
            return None;
        }
        let near = |(column, line): &(usize, usize)| format!("{column}, as line {line}");
        let deeper = open.iter().filter(|(column, _)| *column > own).min();
        let shallower = open.iter().filter(|(column, _)| *column < own).max();
        let wanted: Vec<String> = [shallower, deeper]
            .into_iter()
            .flatten()
            .map(near)
            .collect();
        Some(format!(
            "it is indented by {own} spaces; a line here belongs to one above with {}",
            wanted.join(", or with ")
        ))
    }

    pub(super) fn line_of(&self, offset: usize) -> &str {
        let text = self.source.text();
        let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
        let end = text[offset..]
            .find('\n')
            .map_or(text.len(), |at| offset + at);
        &text[start..end]
    }

    pub(super) fn too_deep(&self, span: Span) -> Diagnostic {
        Diagnostic::new(
            &catalog::TOO_LARGE,
            format!("more than {MAX_DEPTH} collections inside one another"),
            self.label(span, "too deep"),
        )
    }

    pub(super) fn collection_as_key(&mut self, span: Span) -> Key {
        let diagnostic = Diagnostic::new(
            &catalog::SYNTAX,
            "a key is a list or a mapping",
            self.label(span, "cannot be a key in JSON"),
        );
        let help = if self.line_of(span.start).contains("{{") {
            TEMPLATE_HELP
        } else {
            "quote it if it is meant as text"
        };
        self.diagnostics.push(diagnostic.help(help));
        Key::Refused
    }
}
