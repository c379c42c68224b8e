//! Filling one mapping: keys, repeated keys, merge keys.

use std::collections::HashMap;

use super::{Entry, Node, Value};
use crate::diagnostic::Span;

/// A mapping whose end has not come yet.
#[derive(Default)]
pub(super) struct OpenMapping {
    pub(super) entries: Vec<Entry>,
    /// Place in `entries` by key, and whether the key was written here (not merged in).
    places: HashMap<String, (usize, bool)>,
    pub(super) key: Key,
}

/// What stands before the value that comes next.
#[derive(Default)]
pub(super) enum Key {
    /// The key itself comes next.
    #[default]
    Expected,
    /// An ordinary key.
    Text(String, Span),
    /// `<<`.
    Merge(Span),
    /// A key that cannot be one; it was reported and its value is dropped.
    Refused,
}

impl OpenMapping {
    /// Sets a key that is written here. A second time it keeps the first value and gives the key and where it stood.
    pub(super) fn set(
        &mut self,
        key: String,
        key_span: Span,
        value: Node,
    ) -> Option<(String, Span)> {
        match self.places.get_mut(&key) {
            Some((at, true)) => {
                let first = self.entries[*at].key_span;
                Some((key, first))
            }
            Some((at, written)) => {
                *written = true;
                self.entries[*at] = Entry {
                    key,
                    key_span,
                    value,
                };
                None
            }
            None => {
                self.places.insert(key.clone(), (self.entries.len(), true));
                self.entries.push(Entry {
                    key,
                    key_span,
                    value,
                });
                None
            }
        }
    }

    /// Merges as yaml v2 does: in order of the text, so that a `<<` after a key replaces it; of a list, earlier mappings win.
    pub(super) fn merge(&mut self, node: Node) -> bool {
        match node.value {
            Value::Mapping(entries) => {
                self.merge_entries(entries);
                true
            }
            Value::Sequence(items) => {
                let all_mappings = items
                    .iter()
                    .all(|item| matches!(item.value, Value::Mapping(_)));
                if all_mappings {
                    for item in items.into_iter().rev() {
                        if let Value::Mapping(entries) = item.value {
                            self.merge_entries(entries);
                        }
                    }
                }
                all_mappings
            }
            _ => false,
        }
    }

    fn merge_entries(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            if let Some((at, _)) = self.places.get(&entry.key) {
                self.entries[*at] = entry;
            } else {
                self.places
                    .insert(entry.key.clone(), (self.entries.len(), false));
                self.entries.push(entry);
            }
        }
    }
}
