//! Where the fields of a Job stand in the manifest that it is made from.

use super::{Dialect, ScaledJob};
use crate::diagnostic::Span;
use crate::manifest::{Step, Value};

impl ScaledJob {
    /// Where a field of the Job (`spec.template.spec.containers[0].image`, as the API server writes it) stands in the manifest, or
    /// the nearest thing around it that is written; none where nothing of it is.
    pub fn place_of(&self, field: &str) -> Option<Span> {
        let steps = steps(field);
        let (base, rest): (&[&str], &[Step]) = match (steps.as_slice(), self.dialect) {
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
        let base: Vec<Step> = base
            .iter()
            .map(|key| Step::Key((*key).to_owned()))
            .collect();
        let mut node = self.document.root.at(&base)?;
        let mut span = None;
        for step in rest {
            match step {
                Step::Key(key) => {
                    let Some(entry) = node.entry(key) else { break };
                    node = &entry.value;
                    span = Some(match node.value {
                        Value::Mapping(_) | Value::Sequence(_) => entry.key_span,
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
