//! One Job that the API server is asked to create without keeping it, and where in the manifest its complaints belong.

use super::Asker;
use crate::api::Dialect;
use crate::auth::LookupError;
use crate::cluster::job::{CycleId, job_name, manifest};
use crate::cluster::{Cluster, ClusterErrorKind, actions};
use crate::diagnostic::{Diagnostic, Span};
use crate::manifest::Step;
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
        let Err(refusal) = actions::dry_run(cluster, &self.namespace, &job).await else {
            return;
        };
        let whole = self
            .node(&["metadata", "name"])
            .map_or_else(Span::default, |node| node.span);
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
        if refusal.causes.is_empty() {
            let label = self.label(whole);
            self.found.push(Diagnostic::new(
                &REFUSED_BY_CLUSTER,
                refusal.error.message,
                label,
            ));
            return;
        }
        for (field, message) in refusal.causes {
            let span = self.span_of(&field).unwrap_or(whole);
            let label = self.label(span);
            self.found.push(Diagnostic::new(
                &REFUSED_BY_CLUSTER,
                format!("{field}: {message}"),
                label,
            ));
        }
    }

    /// Where a field of the Job stands in the manifest, or the nearest thing around it that is written.
    fn span_of(&self, field: &str) -> Option<Span> {
        let steps = steps(field);
        let (base, rest): (&[&str], &[Step]) = match (steps.as_slice(), self.job.dialect) {
            (
                [
                    Step::Key(first),
                    Step::Key(second),
                    Step::Key(third),
                    rest @ ..,
                ],
                Dialect::Proposal,
            ) if first == "spec" && second == "template" && third == "spec" => {
                (&["spec", "consumerSpec"], rest)
            }
            ([Step::Key(first), rest @ ..], Dialect::Proposal) if first == "spec" => {
                (&["spec"], rest)
            }
            ([Step::Key(first), rest @ ..], _) if first == "spec" => {
                (&["spec", "jobTargetRef"], rest)
            }
            ([Step::Key(first), rest @ ..], _) if first == "metadata" => (&["metadata"], rest),
            _ => return None,
        };
        let mut node = self.node(base)?;
        let mut span = None;
        for step in rest {
            match step {
                Step::Key(key) => {
                    let Some(entry) = node.entry(key) else { break };
                    node = &entry.value;
                    span = Some(match node.value {
                        crate::manifest::Value::Mapping(_)
                        | crate::manifest::Value::Sequence(_) => entry.key_span,
                        _ => node.span,
                    });
                }
                Step::Index(index) => {
                    let Some(item) = node.items().get(*index) else {
                        break;
                    };
                    node = item;
                    span = Some(
                        item.entries()
                            .first()
                            .map_or(item.span, |entry| entry.key_span),
                    );
                }
            }
        }
        span
    }
}

/// `spec.template.spec.containers[0].image` as steps. A word in brackets is a key: `limits[memory]`.
fn steps(field: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = field;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let end = inner.find(']').unwrap_or(inner.len());
            let word = &inner[..end];
            steps.push(match word.parse() {
                Ok(index) => Step::Index(index),
                Err(_) => Step::Key(word.to_owned()),
            });
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end > 0 {
                steps.push(Step::Key(rest[..end].to_owned()));
            }
            rest = &rest[end..];
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::steps;
    use crate::manifest::Step;

    #[test]
    fn field_paths_become_steps() {
        let key = |key: &str| Step::Key(key.to_owned());
        assert_eq!(
            steps("spec.containers[0].resources.limits[memory]"),
            [
                key("spec"),
                key("containers"),
                Step::Index(0),
                key("resources"),
                key("limits"),
                key("memory")
            ]
        );
        assert_eq!(steps("a[b"), [key("a"), key("b")]);
        assert_eq!(steps(""), []);
    }
}
