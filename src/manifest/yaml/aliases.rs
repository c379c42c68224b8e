//! Anchors and the copies that aliases make of what they name.

use super::{Loader, MAX_DEPTH, Stop};
use crate::diagnostic::{Diagnostic, Span, catalog};
use crate::manifest::mapping::Key;
use crate::manifest::scalar::Scalar;
use crate::manifest::{Node, Value};

/// A node that an anchor names, with what a copy of it costs.
pub(super) struct Anchored {
    node: Node,
    nodes: usize,
    bytes: usize,
    height: usize,
}

impl Loader<'_> {
    /// A copy of what the anchor names, as far as the bounds of the file allow one.
    pub(super) fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            return Err(Stop::document(Diagnostic::new(
                &catalog::SYNTAX,
                "an alias stands inside the value that it names",
                self.label(span, "contains itself"),
            )));
        };
        let (nodes, bytes, height) = (anchored.nodes, anchored.bytes, anchored.height);
        if self.open.len() + height > MAX_DEPTH {
            return Err(Stop::document(self.too_deep(span)));
        }
        self.count(nodes, bytes, span)?;
        let Some(node) = self
            .anchors
            .get(&anchor)
            .map(|anchored| anchored.node.clone())
        else {
            return Ok(());
        };
        if self.expects_key() {
            let key = match node.value {
                Value::Null => self.key(Scalar::Null, span),
                Value::Bool(value) => Key::Text(value.to_string(), span),
                Value::Number(value) => Key::Text(value.to_string(), span),
                Value::String(text) => Key::Text(text, span),
                Value::Sequence(_) | Value::Mapping(_) => self.collection_as_key(span),
            };
            self.set_key(key);
            return Ok(());
        }
        if let Some(open) = self.open.last_mut() {
            open.end = span.end;
        }
        self.put(node);
        Ok(())
    }

    /// Keeps a finished node for the aliases that will name it.
    pub(super) fn remember(&mut self, anchor: usize, node: &Node) -> Result<(), Stop> {
        let (nodes, bytes, height) = measure(node);
        self.count(nodes, bytes, node.span)?;
        self.anchors.insert(
            anchor,
            Anchored {
                node: node.clone(),
                nodes,
                bytes,
                height,
            },
        );
        Ok(())
    }
}

/// Values, bytes of text and levels of a node.
fn measure(node: &Node) -> (usize, usize, usize) {
    let mut nodes = 1;
    let mut bytes = 0;
    let mut height = 0;
    let mut child = |node: &Node| {
        let (more_nodes, more_bytes, levels) = measure(node);
        nodes += more_nodes;
        bytes += more_bytes;
        height = height.max(levels);
    };
    match &node.value {
        Value::String(text) => return (1, text.len(), 0),
        Value::Sequence(items) => items.iter().for_each(&mut child),
        Value::Mapping(entries) => {
            let mut keys = 0;
            for entry in entries {
                keys += entry.key.len();
                child(&entry.value);
            }
            bytes += keys;
        }
        _ => return (1, 0, 0),
    }
    (nodes, bytes, height + 1)
}
