//! Diagnostics as rustc shows them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet, normalize_untrusted_str,
};

use super::{Diagnostic, Fix, Label, Severity, SourceFile, Span};

/// Columns that are used when the width of the terminal is not known.
pub const DEFAULT_WIDTH: usize = 100;

/// Renders `diagnostics` in their order (see [`super::sort`]), a blank line after each. Control characters of the files come out
/// as visible symbols, so that a manifest cannot drive a terminal.
pub fn render(diagnostics: &[Diagnostic], color: bool, width: usize) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    }
    .decor_style(DecorStyle::Ascii)
    .term_width(width.max(40));
    let mut output = String::new();
    for diagnostic in diagnostics {
        output.push_str(&renderer.render(&groups(diagnostic)));
        output.push_str("\n\n");
    }
    output
}

fn groups(diagnostic: &Diagnostic) -> Vec<Group<'_>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut main = level
        .primary_title(clean(&diagnostic.message))
        .id(diagnostic.rule.id)
        .elements(snippets(diagnostic));
    for help in &diagnostic.help {
        main = main.element(Level::HELP.message(clean(help)));
    }
    let mut groups = vec![main];
    if let Some(fix) = &diagnostic.fix {
        groups.extend(fix_group(fix));
    }
    groups
}

/// One snippet per text, that of the primary place first.
fn snippets(diagnostic: &Diagnostic) -> Vec<Snippet<'_, Annotation<'_>>> {
    let mut texts: Vec<&Arc<SourceFile>> = vec![&diagnostic.primary.source];
    for label in &diagnostic.related {
        if !texts.iter().any(|text| same(text, &label.source)) {
            texts.push(&label.source);
        }
    }
    texts
        .into_iter()
        .map(|text| {
            let excerpt = Excerpt::of(
                text,
                std::iter::once(&diagnostic.primary)
                    .chain(&diagnostic.related)
                    .filter(|label| same(&label.source, text))
                    .map(|label| label.span),
            );
            let mut snippet = Snippet::source(excerpt.text.clone())
                .line_start(excerpt.first_line)
                .path(clean(text.name()));
            if same(&diagnostic.primary.source, text) {
                snippet = snippet.annotation(annotation(
                    AnnotationKind::Primary,
                    &diagnostic.primary,
                    &excerpt,
                ));
            }
            for label in &diagnostic.related {
                if same(&label.source, text) {
                    snippet =
                        snippet.annotation(annotation(AnnotationKind::Context, label, &excerpt));
                }
            }
            snippet
        })
        .collect()
}

fn annotation<'a>(kind: AnnotationKind, label: &Label, excerpt: &Excerpt<'_>) -> Annotation<'a> {
    let annotation = kind.span(excerpt.range(label.span));
    if label.message.is_empty() {
        annotation
    } else {
        annotation.label(clean(&label.message))
    }
}

fn fix_group(fix: &Fix) -> Option<Group<'_>> {
    let source = &fix.edits.first()?.source;
    let edits: Vec<_> = fix
        .edits
        .iter()
        .filter(|edit| same(&edit.source, source))
        .collect();
    let excerpt = Excerpt::of(source, edits.iter().map(|edit| edit.span));
    let patches: Vec<Patch<'_>> = edits
        .iter()
        .map(|edit| Patch::new(excerpt.range(edit.span), clean(&edit.replacement)))
        .collect();
    let snippet = Snippet::source(excerpt.text.clone())
        .line_start(excerpt.first_line)
        .path(clean(source.name()))
        .patches(patches);
    Some(
        Level::HELP
            .secondary_title(clean(&fix.description))
            .element(snippet),
    )
}

fn same(left: &Arc<SourceFile>, right: &Arc<SourceFile>) -> bool {
    Arc::ptr_eq(left, right) || (left.name() == right.name() && left.text() == right.text())
}

/// The lines of a text that some spans lie in. Rendering a few lines out of megabytes stays cheap.
struct Excerpt<'a> {
    text: Cow<'a, str>,
    start: usize,
    first_line: usize,
}

impl<'a> Excerpt<'a> {
    fn of(source: &'a SourceFile, spans: impl Iterator<Item = Span> + Clone) -> Self {
        let text = source.text();
        let start = spans.clone().map(|span| span.start).min().unwrap_or(0);
        let end = spans.map(|span| span.end).max().unwrap_or(0);
        let start = text.floor_char_boundary(start);
        let end = text.ceil_char_boundary(end.max(start));
        let first = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let last = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        Self {
            text: without_c1(&text[first..last]),
            start: first,
            first_line: source.position(first).line,
        }
    }

    /// A span inside the excerpt, at character boundaries.
    fn range(&self, span: Span) -> Range<usize> {
        let start = self
            .text
            .floor_char_boundary(span.start.saturating_sub(self.start));
        let end = self
            .text
            .ceil_char_boundary(span.end.saturating_sub(self.start));
        start..end.max(start)
    }
}

/// Text from outside: line breaks and control characters become visible symbols.
pub(super) fn clean(text: &str) -> String {
    normalize_untrusted_str(&without_c1(&text.replace(['\n', '\r', '\t'], " ")))
}

/// The renderer makes the controls of ASCII visible and lets those of U+0080 to U+009F through, which terminals obey too. Their
/// stand-in has as many bytes, so that places hold.
fn without_c1(text: &str) -> Cow<'_, str> {
    let is_c1 = |char: char| ('\u{80}'..='\u{9f}').contains(&char);
    if text.contains(is_c1) {
        Cow::Owned(text.replace(is_c1, "\u{a4}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
