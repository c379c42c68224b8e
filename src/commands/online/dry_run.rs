//! One Job that the API server is asked to create without keeping it.

use super::Asker;
use crate::auth::LookupError;
use crate::cluster::job::{CycleId, job_name, manifest};
use crate::cluster::{Cause, Cluster, ClusterErrorKind, actions};
use crate::diagnostic::{Diagnostic, Span};
use crate::rules::online::{MISSING_IN_CLUSTER, REFUSED_BY_CLUSTER};

impl Asker<'_> {
    /// Creates one Job as `run` would, without keeping it.
    pub(super) async fn dry_run(&mut self, cluster: &Cluster) {
        let cycle = CycleId::random();
        let name = job_name(self.job, &cycle, 0);
        let trigger = self.job.triggers.first();
        let kind = trigger
            .map(|trigger| trigger.kind.as_str())
            .unwrap_or_default();
        let job = manifest(self.job, &self.namespace, &name, &cycle, kind, None);
        let limit = cluster.request_timeout();
        let answer = actions::dry_run(cluster, &self.namespace, &job, limit).await;
        let whole = self
            .node(&["metadata", "name"])
            .map_or_else(Span::default, |node| node.span);
        let refusal = match answer {
            Ok(true) => return,
            Ok(false) => return self.refused(whole, actions::label_is_taken()),
            Err(refusal) => refusal,
        };
        // What one creates an object in is all that can be missing.
        if refusal.error.kind == ClusterErrorKind::NotFound {
            let span = self
                .node(&["metadata", "namespace"])
                .map_or(whole, |node| node.span);
            let message = format!("namespace {} does not exist", self.namespace);
            let label = self.label(span);
            self.found
                .push(Diagnostic::new(&MISSING_IN_CLUSTER, message, label));
            return;
        }
        if !refusal.is_answer {
            return self.not_asked(whole, &LookupError(refusal.error.to_string()));
        }
        if refusal.error.causes.is_empty() {
            return self.refused(whole, refusal.error.message);
        }
        for Cause { field, message } in refusal.error.causes {
            let span = self.job.place_of(&field).unwrap_or(whole);
            self.refused(span, format!("{field}: {message}"));
        }
    }

    fn refused(&mut self, span: Span, message: String) {
        let label = self.label(span);
        self.found
            .push(Diagnostic::new(&REFUSED_BY_CLUSTER, message, label));
    }
}
