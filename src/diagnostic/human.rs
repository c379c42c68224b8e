//! Diagnostics as rustc shows them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{
    Annotation, AnnotationKind, Group, Level, Patch, Renderer, Snippet, normalize_untrusted_str,
};

use super::{Diagnostic, Edit, Fix, Label, Severity, SourceFile, Span};

/// Columns that are used when the width of the terminal is not known.
pub const DEFAULT_WIDTH: usize = 100;
/// Bytes of lines that are handed to the renderer for one finding as they are.
const MAX_EXCERPT: usize = 4096;
/// Stands where a line was cut.
const CUT: &str = "...";

/// Renders `diagnostics` in their order (see [`super::sort`]), a blank line after each. Control characters of the files come out
/// as visible symbols, so that a manifest cannot drive a terminal. The time of one finding does not grow with the lines that it stands in: of
/// long ones the part around it is shown.
pub fn render(diagnostics: &[Diagnostic], color: bool, width: usize) -> String {
    let width = width.max(40);
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    }
    .decor_style(DecorStyle::Ascii)
    .term_width(width);
    let mut output = String::new();
    for diagnostic in diagnostics {
        let views = views(diagnostic, width);
        let mut shown = renderer.render(&groups(diagnostic, &views, width));
        for view in &views {
            if let Some((wrong, right)) = view.place() {
                shown = shown.replacen(&wrong, &right, 1);
            }
        }
        output.push_str(&shown);
        output.push_str("\n\n");
    }
    output
}

/// Labels that are shown in one snippet.
struct View<'a> {
    excerpt: Excerpt<'a>,
    labels: Vec<&'a Label>,
    /// What the renderer takes for the name of the file.
    path: String,
}

impl<'a> View<'a> {
    fn new(excerpt: Excerpt<'a>, source: &SourceFile, labels: Vec<&'a Label>) -> Self {
        let path = clean(source.name());
        let path = match (excerpt.column, labels.first()) {
            (Some(column), Some(_)) => format!("{path}:{}:{column}", excerpt.first_line),
            _ => path,
        };
        Self {
            excerpt,
            labels,
            path,
        }
    }

    /// The renderer counts columns in the text that it is given. Where that is a part of a line, the right column stands in the path, and
    /// what the renderer wrote is to be replaced.
    fn place(&self) -> Option<(String, String)> {
        self.excerpt.column?;
        let range = self.excerpt.range(self.labels.first()?.span);
        let column = self.excerpt.text[..range.start].chars().count() + 1;
        let wrong = format!("{}:{}:{column}", self.path, self.excerpt.first_line);
        Some((wrong, self.path.clone()))
    }
}

/// What is shown of the texts, the primary place first: one view a text, or one a label where that would be long.
fn views(diagnostic: &Diagnostic, width: usize) -> Vec<View<'_>> {
    let mut texts: Vec<(&Arc<SourceFile>, Vec<&Label>)> = Vec::new();
    for label in std::iter::once(&diagnostic.primary).chain(&diagnostic.related) {
        match texts.iter_mut().find(|(text, _)| same(text, &label.source)) {
            Some((_, labels)) => labels.push(label),
            None => texts.push((&label.source, vec![label])),
        }
    }
    let mut views = Vec::new();
    for (text, labels) in texts {
        let excerpt = Excerpt::of(text, labels.iter().map(|label| label.span));
        if excerpt.text.len() <= MAX_EXCERPT {
            views.push(View::new(excerpt, text, labels));
            continue;
        }
        for label in labels {
            // So much that the renderer cuts both sides itself.
            let excerpt = Excerpt::around(text, label.span, 2 * width, width);
            views.push(View::new(excerpt, text, vec![label]));
        }
    }
    views
}

fn groups<'a>(diagnostic: &'a Diagnostic, views: &'a [View<'_>], width: usize) -> Vec<Group<'a>> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut main = level
        .primary_title(clean(&diagnostic.message))
        .id(diagnostic.rule.id)
        .elements(views.iter().map(|view| snippet(view, &diagnostic.primary)));
    for help in &diagnostic.help {
        main = main.element(Level::HELP.message(clean(help)));
    }
    let mut groups = vec![main];
    if let Some(fix) = &diagnostic.fix {
        groups.extend(fix_group(fix, views.first(), width));
    }
    groups
}

fn snippet<'a>(view: &'a View<'_>, primary: &Label) -> Snippet<'a, Annotation<'a>> {
    let mut snippet = Snippet::source(&*view.excerpt.text)
        .line_start(view.excerpt.first_line)
        .path(&*view.path);
    for label in &view.labels {
        let kind = if std::ptr::eq(*label, primary) {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        snippet = snippet.annotation(annotation(kind, label, &view.excerpt));
    }
    snippet
}

fn annotation<'a>(kind: AnnotationKind, label: &Label, excerpt: &Excerpt<'_>) -> Annotation<'a> {
    let annotation = kind.span(excerpt.range(label.span));
    if label.message.is_empty() {
        annotation
    } else {
        annotation.label(clean(&label.message))
    }
}

/// The lines of a fix before and after. The renderer names their file unless it is that of the primary place.
fn fix_group<'a>(fix: &'a Fix, main: Option<&View<'_>>, width: usize) -> Option<Group<'a>> {
    let source = &fix.edits.first()?.source;
    let edits: Vec<_> = fix
        .edits
        .iter()
        .filter(|edit| same(&edit.source, source))
        .collect();
    let path = match main.and_then(|view| Some((view, view.labels.first()?))) {
        Some((view, label)) if same(&label.source, source) => view.path.clone(),
        _ => clean(source.name()),
    };
    let whole = Excerpt::of(source, edits.iter().map(|edit| edit.span));
    let parts: Vec<(Excerpt<'_>, Vec<&Edit>)> = if whole.text.len() <= MAX_EXCERPT {
        vec![(whole, edits)]
    } else {
        edits
            .into_iter()
            .map(|edit| {
                let excerpt = Excerpt::around(source, edit.span, width / 3, width / 3).marked();
                (excerpt, vec![edit])
            })
            .collect()
    };
    let snippets = parts.into_iter().map(|(excerpt, edits)| {
        let is_part = excerpt.column.is_some();
        let patches: Vec<Patch<'_>> = edits
            .iter()
            .map(|edit| {
                let replacement = if is_part {
                    beginning(&edit.replacement, width / 3)
                } else {
                    Cow::Borrowed(&*edit.replacement)
                };
                Patch::new(excerpt.range(edit.span), clean(&replacement))
            })
            .collect();
        Snippet::source(excerpt.text)
            .line_start(excerpt.first_line)
            .path(path.clone())
            .patches(patches)
    });
    Some(
        Level::HELP
            .secondary_title(clean(&fix.description))
            .elements(snippets),
    )
}

/// At most so many characters of `text`, with a mark where there are more.
fn beginning(text: &str, chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars) {
        Some((end, _)) => Cow::Owned(format!("{}{CUT}", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

fn same(left: &Arc<SourceFile>, right: &Arc<SourceFile>) -> bool {
    Arc::ptr_eq(left, right) || (left.name() == right.name() && left.text() == right.text())
}

/// The part of a text that some spans lie in. Rendering a little out of megabytes stays cheap.
struct Excerpt<'a> {
    text: Cow<'a, str>,
    start: usize,
    first_line: usize,
    /// Of a part of a line, the column of what it was made around, from 1.
    column: Option<usize>,
    /// Whether the line goes on before and after it.
    goes_on: (bool, bool),
    /// Bytes of marks before and after the text.
    before: usize,
    after: usize,
}

impl<'a> Excerpt<'a> {
    /// The whole lines of `spans`.
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
            column: None,
            goes_on: (false, false),
            before: 0,
            after: 0,
        }
    }

    /// Of the line in which `span` begins at most `inside` characters of the span and `beside` more on either side of them.
    fn around(source: &'a SourceFile, span: Span, beside: usize, inside: usize) -> Self {
        let text = source.text();
        let position = source.position(span.start);
        let start = text.floor_char_boundary(span.start);
        let end = text.ceil_char_boundary(span.end.max(start));
        let before = text[..start]
            .char_indices()
            .rev()
            .take(beside)
            .take_while(|(_, char)| *char != '\n')
            .last();
        let first = before.map_or(start, |(at, _)| at);
        let to = |from: usize, chars: usize, limit: usize| {
            text[from..limit]
                .char_indices()
                .take_while(|(_, char)| *char != '\n')
                .nth(chars)
                .map_or_else(
                    || {
                        let rest = &text[from..limit];
                        from + rest.find('\n').unwrap_or(rest.len())
                    },
                    |(at, _)| from + at,
                )
        };
        let last = to(to(start, inside, end), beside, text.len());
        Self {
            text: without_c1(&text[first..last]),
            start: first,
            first_line: position.line,
            column: Some(position.column),
            goes_on: (
                !matches!(text[..first].chars().next_back(), None | Some('\n')),
                !matches!(text[last..].chars().next(), None | Some('\n')),
            ),
            before: 0,
            after: 0,
        }
    }

    /// The same with marks where the line goes on.
    fn marked(mut self) -> Self {
        let (before, after) = self.goes_on;
        let mark = |is_cut| if is_cut { CUT } else { "" };
        self.text = Cow::Owned([mark(before), &*self.text, mark(after)].concat());
        self.before = mark(before).len();
        self.after = mark(after).len();
        self
    }

    /// A span inside the excerpt, at character boundaries.
    fn range(&self, span: Span) -> Range<usize> {
        let last = self.text.len() - self.after;
        let place = |offset: usize| (offset.saturating_sub(self.start) + self.before).min(last);
        let start = self.text.floor_char_boundary(place(span.start));
        let end = self.text.ceil_char_boundary(place(span.end));
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
