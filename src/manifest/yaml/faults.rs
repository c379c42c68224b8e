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
            diagnostic
        };
        Stop::document(diagnostic)
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
