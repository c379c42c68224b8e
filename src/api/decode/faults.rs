//! Which documents had errors when they were read.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::manifest::{Document, Node, Value};

/// Places of errors that were found while reading, by the name of the text: a finding about a Secret points into a masked copy.
pub(super) struct Faults(BTreeSet<(String, usize)>);

impl Faults {
    /// The errors among `findings`.
    pub(super) fn of(findings: &[Diagnostic]) -> Self {
        Self(
            findings
                .iter()
                .filter(|finding| finding.severity == Severity::Error)
                .map(|finding| {
                    (
                        finding.primary.source.name().to_owned(),
                        finding.primary.span.start,
                    )
                })
                .collect(),
        )
    }

    /// Whether one of them lies in `document`, or in what its aliases stand for.
    pub(super) fn any_in(&self, document: &Document) -> bool {
        !self.0.is_empty() && self.any_below(document, &document.root, None)
    }

    fn any_below(&self, document: &Document, node: &Node, above: Option<Span>) -> bool {
        let is_covered =
            above.is_some_and(|above| above.start <= node.span.start && node.span.end <= above.end);
        if !is_covered && self.any_at(document, node.span) {
            return true;
        }
        let children = |child: &Node| self.any_below(document, child, Some(node.span));
        match &node.value {
            Value::Sequence(items) => items.iter().any(children),
            Value::Mapping(entries) => entries.iter().any(|entry| children(&entry.value)),
            _ => false,
        }
    }

    fn any_at(&self, document: &Document, span: Span) -> bool {
        let name = document.source.name().to_owned();
        self.0
            .range((name.clone(), span.start)..=(name, span.end))
            .next()
            .is_some()
    }
}
