//! Comments that speak to this program: `# keda-jobs: …`.

use std::sync::Arc;

use granit_parser::{Event, Options, Parser};

use crate::diagnostic::{SourceFile, Span};

/// What such a comment begins with, after the `#`.
const PREFIX: &str = "keda-jobs:";

/// A comment that begins with `keda-jobs:`.
#[derive(Debug, Clone)]
pub struct Comment {
    /// The text it stands in.
    pub source: Arc<SourceFile>,
    /// The comment, with its `#`.
    pub span: Span,
    /// What follows `keda-jobs:`, trimmed.
    pub text: String,
    /// What it is about.
    pub scope: Scope,
}

/// What a comment is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The line of that number, from 1: its own, or the next one when it stands alone.
    Line(usize),
    /// The whole document, because it stands before its first key.
    Document(Span),
}

/// The comments of `source` that begin with `keda-jobs:`, as the scanner of YAML knows comments: a `#` in a string is none. A text
/// that does not name the program is not scanned a second time.
pub(super) fn comments(source: &Arc<SourceFile>) -> Vec<Comment> {
    let text = source.text();
    if !text.contains(PREFIX) {
        return Vec::new();
    }
    let mut options = Options::default();
    options.set_emit_comments(true);
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut found: Vec<Comment> = Vec::new();
    // The comments before the first key of the document that is being read.
    let mut leading: Vec<usize> = Vec::new();
    let mut document_start = 0;
    let mut in_content = false;
    let mut recoveries = 0;
    while let Some(event) = parser.next_event() {
        let Ok((event, span)) = event else {
            recoveries += 1;
            if recoveries > super::MAX_SYNTAX_ERRORS
                || !matches!(parser.proceed_next_document(), Ok(true))
            {
                break;
            }
            in_content = false;
            leading.clear();
            continue;
        };
        let range = span.byte_range().unwrap_or_default();
        let start = text.floor_char_boundary(range.start);
        match event {
            Event::Comment(comment, _) => {
                let Some(rest) = comment.trim().strip_prefix(PREFIX) else {
                    continue;
                };
                let end = text.floor_char_boundary(range.end).max(start);
                let written = text[start..end].trim_end().len();
                if !in_content {
                    leading.push(found.len());
                }
                found.push(Comment {
                    source: Arc::clone(source),
                    span: Span {
                        start,
                        end: start + written,
                    },
                    text: rest.trim().to_owned(),
                    scope: Scope::Line(target_line(source, start)),
                });
            }
            Event::DocumentEnd => {
                for index in leading.drain(..) {
                    found[index].scope = Scope::Document(Span {
                        start: document_start,
                        end: start,
                    });
                }
                document_start = start;
                in_content = false;
            }
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) => {}
            _ => in_content = true,
        }
    }
    found
}

/// The line that a comment at `start` is about.
fn target_line(source: &SourceFile, start: usize) -> usize {
    let text = source.text();
    let line = source.position(start).line;
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    if !text[line_start..start].trim().is_empty() {
        return line;
    }
    let below = text[start..].split('\n').skip(1);
    let further = below.take_while(|line| line.trim_start().starts_with('#'));
    line + 1 + further.count()
}

#[cfg(test)]
mod tests {
    use super::{Scope, comments};
    use crate::diagnostic::SourceFile;

    #[test]
    fn comments_are_known_by_the_scanner() {
        let text = "# keda-jobs: ignore a whole\na: 1 # keda-jobs: ignore b here\n# keda-jobs: ignore c below\n# another\nd: \"# keda-jobs: ignore no\"\ne: |\n  # keda-jobs: ignore neither\n---\n# keda-jobs: ignore f\ng: 1\n";
        let source = SourceFile::new("a.yaml", text);
        let found: Vec<(String, Scope)> = comments(&source)
            .into_iter()
            .map(|comment| (comment.text, comment.scope))
            .collect();
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(
            matches!(found[0], (ref text, Scope::Document(span)) if text == "ignore a whole" && span.start == 0)
        );
        assert_eq!(found[1], ("ignore b here".to_owned(), Scope::Line(2)));
        assert_eq!(found[2], ("ignore c below".to_owned(), Scope::Line(5)));
        assert!(matches!(found[3].1, Scope::Document(span) if span.start > 60));
    }
}
