//! The `JobSpec` of a `ScaledJob` as JSON, made when somebody first looks at it.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

use crate::manifest::Document;

/// How a `JobSpec` is made of a document.
type Make = fn(&Document) -> Value;

/// A `JobSpec` exactly as written (law 9). It stands in the document already, and a check of a thousand manifests has no use for a second,
/// larger copy of each: the JSON is made at the first look.
#[derive(Debug, Clone)]
pub struct JobTargetRef {
    made: OnceLock<Box<Value>>,
    origin: Option<(Arc<Document>, Make)>,
}

impl JobTargetRef {
    /// What `make` makes of `document`.
    pub(super) fn of(document: &Arc<Document>, make: Make) -> Self {
        Self {
            made: OnceLock::new(),
            origin: Some((Arc::clone(document), make)),
        }
    }
}

impl From<Value> for JobTargetRef {
    fn from(value: Value) -> Self {
        Self {
            made: OnceLock::from(Box::new(value)),
            origin: None,
        }
    }
}

impl Deref for JobTargetRef {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.made.get_or_init(|| {
            Box::new(
                self.origin
                    .as_ref()
                    .map_or(Value::Null, |(document, make)| make(document)),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::JobTargetRef;
    use crate::diagnostic::{SourceFile, Span};
    use crate::manifest::{Document, Node, Value};

    #[test]
    fn the_copy_is_made_at_the_first_look() {
        let document = Arc::new(Document {
            source: SourceFile::new("a.yaml", "a"),
            index: 0,
            root: Node {
                span: Span::default(),
                value: Value::String("a".to_owned()),
            },
        });
        let lazy = JobTargetRef::of(&document, |document| document.root.to_json());
        assert!(lazy.made.get().is_none());
        assert_eq!(lazy.as_str(), Some("a"));
        assert!(lazy.made.get().is_some());
    }
}
