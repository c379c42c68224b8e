//! Places of a trigger in its document.

use crate::api::{ScaledJob, Trigger};
use crate::diagnostic::{Label, Span};
use crate::manifest::{Entry, Node, Step};

/// Where a trigger stands in its document.
pub(super) struct Place<'a> {
    job: &'a ScaledJob,
    /// Its mapping.
    pub(super) trigger: Option<&'a Node>,
}

impl<'a> Place<'a> {
    pub(super) fn new(trigger: &Trigger, job: &'a ScaledJob) -> Self {
        let path = [
            Step::Key("spec".to_owned()),
            Step::Key("triggers".to_owned()),
            Step::Index(trigger.index),
        ];
        Self {
            job,
            trigger: job.document.root.at(&path),
        }
    }

    pub(super) fn label(&self, span: Span) -> Label {
        self.job.document.label(span, "")
    }

    /// The value of a field of the trigger, else the trigger.
    pub(super) fn of_field(&self, field: &str) -> Label {
        let node = self.trigger.and_then(|trigger| trigger.get(field));
        self.label(
            node.or(self.trigger)
                .map_or_else(Span::default, |node| node.span),
        )
    }

    pub(super) fn metadata(&self, key: &str) -> Option<&'a Entry> {
        let metadata = self.trigger?.get("metadata")?;
        // Manifests of KEDA 1 write `host` for what has become `hostFromEnv`.
        metadata
            .entry(key)
            .or_else(|| metadata.entry(key.strip_suffix("FromEnv")?))
    }

    /// The value of a metadata key, else the whole metadata.
    pub(super) fn of_value(&self, key: &str) -> Label {
        match self.metadata(key) {
            Some(entry) => self.label(entry.value.span),
            None => self.of_field("metadata"),
        }
    }

    /// The metadata key itself.
    pub(super) fn of_key(&self, key: &str) -> Label {
        match self.metadata(key) {
            Some(entry) => self.label(entry.key_span),
            None => self.of_field("metadata"),
        }
    }
}
