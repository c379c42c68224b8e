//! Label and field selectors.

use serde_json::{Map, Value};

use super::definition::Definition;
use super::failure::Failure;
use super::object;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
}

impl Requirement {
    fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        let value = labels
            .and_then(|labels| labels.get(&self.key))
            .and_then(Value::as_str);
        match &self.operator {
            Operator::In(values) => {
                value.is_some_and(|value| values.iter().any(|one| one == value))
            }
            // A missing label satisfies `!=` and `notin`.
            Operator::NotIn(values) => {
                value.is_none_or(|value| values.iter().all(|one| one != value))
            }
            Operator::Exists => value.is_some(),
            Operator::Missing => value.is_none(),
        }
    }
}

/// A parsed `labelSelector`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Labels(Vec<Requirement>);

impl Labels {
    /// Parses the text form: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
    pub(super) fn parse(selector: &str) -> Result<Self, Failure> {
        let refuse =
            |why: String| Failure::bad_request(format!("unable to parse requirement: {why}"));
        let mut requirements = Vec::new();
        for part in split(selector) {
            let part = part.trim();
            if part.is_empty() {
                return Err(refuse(format!(
                    "found '' in {selector:?}, expected: identifier, '!'"
                )));
            }
            let requirement = if let Some(key) = part.strip_prefix('!') {
                Requirement {
                    key: key.trim().to_owned(),
                    operator: Operator::Missing,
                }
            } else if let Some((key, value)) = part.split_once("!=") {
                Requirement {
                    key: key.trim().to_owned(),
                    operator: Operator::NotIn(vec![value.trim().to_owned()]),
                }
            } else if let Some((key, value)) =
                part.split_once("==").or_else(|| part.split_once('='))
            {
                Requirement {
                    key: key.trim().to_owned(),
                    operator: Operator::In(vec![value.trim().to_owned()]),
                }
            } else if let Some((head, values)) = part.split_once('(') {
                let values = values
                    .strip_suffix(')')
                    .ok_or_else(|| refuse(format!("{part:?} has no closing ')'")))?
                    .split(',')
                    .map(|value| value.trim().to_owned())
                    .collect();
                let words: Vec<&str> = head.split_whitespace().collect();
                match words.as_slice() {
                    [key, "in"] => Requirement {
                        key: (*key).to_owned(),
                        operator: Operator::In(values),
                    },
                    [key, "notin"] => Requirement {
                        key: (*key).to_owned(),
                        operator: Operator::NotIn(values),
                    },
                    _ => return Err(refuse(format!("{part:?}, expected: in, notin"))),
                }
            } else {
                Requirement {
                    key: part.to_owned(),
                    operator: Operator::Exists,
                }
            };
            if let Some(why) = super::names::qualified_name(&requirement.key)
                .into_iter()
                .next()
            {
                return Err(refuse(format!(
                    "key: Invalid value: {:?}: {why}",
                    requirement.key
                )));
            }
            if let Operator::In(values) | Operator::NotIn(values) = &requirement.operator {
                for value in values {
                    if let Some(why) = super::names::label_value(value).into_iter().next() {
                        return Err(refuse(format!(
                            "values[0][{}]: Invalid value: {value:?}: {why}",
                            requirement.key
                        )));
                    }
                }
            }
            requirements.push(requirement);
        }
        Ok(Self(requirements))
    }

    /// From a `metav1.LabelSelector` object.
    pub(super) fn from_object(selector: &Value) -> Self {
        let mut requirements = Vec::new();
        if let Some(labels) = selector.get("matchLabels").and_then(Value::as_object) {
            for (key, value) in labels {
                let values = vec![value.as_str().unwrap_or_default().to_owned()];
                requirements.push(Requirement {
                    key: key.clone(),
                    operator: Operator::In(values),
                });
            }
        }
        for expression in object::list(selector, "/matchExpressions") {
            let values = object::list(expression, "/values")
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            let operator = match object::text(expression, "/operator") {
                "In" => Operator::In(values),
                "NotIn" => Operator::NotIn(values),
                "Exists" => Operator::Exists,
                _ => Operator::Missing,
            };
            requirements.push(Requirement {
                key: object::text(expression, "/key").to_owned(),
                operator,
            });
        }
        Self(requirements)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object's labels satisfy every requirement.
    pub(super) fn matches(&self, labels: Option<&Value>) -> bool {
        let labels = labels.and_then(Value::as_object);
        self.0.iter().all(|requirement| requirement.matches(labels))
    }
}

/// Splits at commas that stand outside parentheses.
fn split(selector: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    if selector.trim().is_empty() {
        return parts;
    }
    let (mut depth, mut start) = (0_i32, 0);
    for (place, letter) in selector.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth <= 0 => {
                parts.push(&selector[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&selector[start..]);
    parts
}

/// A parsed `fieldSelector`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(Vec<(String, String, bool)>);

impl Fields {
    /// Parses `a=b,c!=d` and refuses fields that the API server does not index for the resource.
    pub(super) fn parse(selector: &str, definition: &Definition) -> Result<Self, Failure> {
        let mut terms = Vec::new();
        for part in selector
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
        {
            let (key, value, equal) = if let Some((key, value)) = part.split_once("!=") {
                (key, value, false)
            } else if let Some((key, value)) =
                part.split_once("==").or_else(|| part.split_once('='))
            {
                (key, value, true)
            } else {
                return Err(Failure::bad_request(format!(
                    "invalid selector: '{selector}'; can't understand '{part}'"
                )));
            };
            if !supported(definition, key) {
                let message = format!(
                    "Unable to find {:?} that match label selector \"\", field selector {selector:?}: field label not supported: {key}",
                    format!(
                        "{}, Resource={}",
                        definition.api_version(),
                        definition.plural
                    )
                );
                return Err(Failure::bad_request(message));
            }
            terms.push((key.to_owned(), value.to_owned(), equal));
        }
        Ok(Self(terms))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name that `metadata.name=…` asks for.
    pub(super) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|(key, value, equal)| {
            let pointer = format!("/{}", key.replace('.', "/"));
            let found = match object.pointer(&pointer) {
                Some(Value::String(text)) => text.clone(),
                Some(Value::Null) | None => default_of(key).to_owned(),
                Some(other) => other.to_string(),
            };
            (found == *value) == *equal
        })
    }
}

fn default_of(key: &str) -> &'static str {
    match key {
        "status.successful" => "0",
        _ => "",
    }
}

fn supported(definition: &Definition, key: &str) -> bool {
    if matches!(key, "metadata.name" | "metadata.namespace") {
        return true;
    }
    let keys: &[&str] = match definition.plural {
        "pods" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        "events" if definition.group.is_empty() => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        "events" => &[
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "reason",
            "type",
        ],
        "jobs" => &["status.successful"],
        "secrets" => &["type"],
        "namespaces" => &["status.phase"],
        "nodes" => &["spec.unschedulable"],
        _ => &[],
    };
    keys.contains(&key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn label_selectors_match_as_the_server_does() {
        let labels = json!({"a": "1", "b": ""});
        for (selector, expected) in [
            ("", true),
            ("a=1", true),
            ("a==1", true),
            ("a!=1", false),
            ("c!=1", true),
            ("a in (1, 2)", true),
            ("a notin (1,2)", false),
            ("c notin (1)", true),
            ("b", true),
            ("!b", false),
            ("!c,a=1", true),
            ("b=", true),
        ] {
            let parsed = Labels::parse(selector).unwrap();
            assert_eq!(parsed.matches(Some(&labels)), expected, "{selector}");
        }
        assert!(Labels::parse("a!=1").unwrap().matches(None));
        for wrong in [
            "a in 1",
            "a in (1",
            "=",
            "a,,b",
            "a=1 2",
            "-a",
            "a within (1)",
        ] {
            assert_eq!(Labels::parse(wrong).unwrap_err().code, 400, "{wrong}");
        }
    }

    #[test]
    fn objects_of_selectors_match_too() {
        let selector = json!({
            "matchLabels": {"a": "1"},
            "matchExpressions": [{"key": "b", "operator": "DoesNotExist"}, {"key": "c", "operator": "In", "values": ["x"]}],
        });
        assert!(Labels::from_object(&selector).matches(Some(&json!({"a": "1", "c": "x"}))));
        assert!(
            !Labels::from_object(&selector).matches(Some(&json!({"a": "1", "b": "", "c": "x"})))
        );
    }
}
