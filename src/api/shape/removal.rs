//! Taking a field out of a text.

use std::sync::Arc;

use crate::diagnostic::{Edit, Fix, SourceFile, Span};
use crate::manifest::{Entry, Node};

/// A fix that removes `entry` of the mapping `node` with its lines. There is none where that is not sure: the entry is the only one,
/// shares its lines with something else (flow style, the first key of a list item), or holds a comment, an anchor or an alias.
pub(crate) fn removal(source: &Arc<SourceFile>, node: &Node, entry: &Entry) -> Option<Fix> {
    if node.entries().len() < 2 {
        return None;
    }
    let text = source.text();
    let end = entry.value.span.end.max(entry.key_span.end);
    let start = text
        .get(..entry.key_span.start)?
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let is_alone = text.get(start..entry.key_span.start)?.trim().is_empty();
    // An absent value ends before its colon.
    let after = text.get(end..)?;
    let line_end = end + after.find('\n').map_or(after.len(), |at| at + 1);
    let rest = text.get(end..line_end)?.trim();
    let written = text.get(start..end)?;
    let is_plain = !written.contains(['#', '&', '*', '|', '>', '?']);
    // In a block each neighbour begins its own line, at the same column.
    let is_block = text
        .get(node.span.start..)
        .is_some_and(|text| !text.starts_with('{'));
    if !is_alone || !is_plain || !is_block || !matches!(rest, "" | ":") {
        return None;
    }
    Some(Fix {
        description: format!("remove `{}`", entry.key),
        edits: vec![Edit {
            source: Arc::clone(source),
            span: Span {
                start,
                end: line_end,
            },
            replacement: String::new(),
        }],
    })
}
