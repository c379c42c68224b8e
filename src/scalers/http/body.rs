//! The number in an answer, by format. [KEDA `GetValueFromResponse`]

use serde_json::{Map, Value};

use super::{gjson, prometheus_text, quantity};

/// The deepest XML that is read.
const MAX_DEPTH: usize = 128;

/// The number at `location`. The error is a fragment that follows the endpoint and does not hold the answer.
pub(super) fn number(format: &str, body: &[u8], location: &str) -> Result<f64, String> {
    match format {
        "prometheus" => prometheus_text::value(&String::from_utf8_lossy(body), location),
        "xml" => at_path(&xml(body)?, location),
        "yaml" => {
            let document: Value = serde_yaml::from_slice(body)
                .map_err(|_| "answered with something else than YAML".to_owned())?;
            at_path(&document, location)
        }
        _ => {
            let document: Value = serde_json::from_slice(body)
                .map_err(|_| "answered with something else than JSON".to_owned())?;
            let found = gjson::get(&document, location)
                .map_err(|error| format!("cannot be searched: {error}"))?;
            to_number(found.as_ref(), location)
        }
    }
}

/// A number, or a text that is a Kubernetes quantity.
fn to_number(value: Option<&Value>, location: &str) -> Result<f64, String> {
    let found = match value {
        Some(Value::Number(number)) => {
            return number
                .as_f64()
                .ok_or_else(|| format!("has a number at {location} that does not fit"));
        }
        Some(Value::String(text)) => {
            return quantity::parse(text)
                .ok_or_else(|| format!("has a text at {location} that is no quantity"));
        }
        None | Some(Value::Null) => "nothing",
        Some(Value::Bool(_)) => "a boolean",
        Some(Value::Array(_)) => "a list",
        Some(Value::Object(_)) => "an object",
    };
    Err(format!(
        "has {found} at {location}; valueLocation must lead to a number or a quantity"
    ))
}

/// Keys and indexes between dots, nothing else.
fn at_path(document: &Value, location: &str) -> Result<f64, String> {
    let found = location
        .split('.')
        .try_fold(document, |value, key| match value {
            Value::Object(entries) => entries.get(key),
            Value::Array(items) => key.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        });
    to_number(found, location)
}

/// XML as nested objects: the root element is the first key, repeated elements are lists, attributes are left out.
fn xml(body: &[u8]) -> Result<Value, String> {
    use quick_xml::events::Event;

    let broken = || "answered with something else than XML".to_owned();
    let mut reader = quick_xml::Reader::from_reader(body);
    let mut open: Vec<Element> = vec![Element::default()];
    let mut buffer = Vec::new();
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(|_| broken())?;
        match event {
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return Err("answered with XML that is nested too deeply".to_owned());
                }
                open.push(Element::new(start.name().as_ref()));
            }
            Event::Empty(start) => {
                let element = Element::new(start.name().as_ref());
                open.last_mut().ok_or_else(broken)?.add(element);
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(broken)?;
                open.last_mut().ok_or_else(broken)?.add(element);
            }
            Event::Text(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some(element) = open.last_mut() {
                    element.text.push_str(&text);
                }
            }
            Event::Eof => break,
            _ => {}
        }
        buffer.clear();
    }
    match (open.pop(), open.is_empty()) {
        (Some(root), true) if !root.children.is_empty() => Ok(Value::Object(root.children)),
        _ => Err(broken()),
    }
}

#[derive(Default)]
struct Element {
    name: String,
    text: String,
    children: Map<String, Value>,
}

impl Element {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    fn add(&mut self, child: Self) {
        let value = if child.children.is_empty() {
            Value::from(child.text.trim())
        } else {
            Value::Object(child.children)
        };
        match self.children.get_mut(&child.name) {
            None => drop(self.children.insert(child.name, value)),
            Some(Value::Array(items)) => items.push(value),
            Some(first) => {
                let first = first.take();
                self.children
                    .insert(child.name, Value::Array(vec![first, value]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers() {
        let xml = "<?xml version=\"1.0\"?><c><w><tasks>32</tasks></w><w><tasks> 1k </tasks></w><n>2.5</n><e/></c>";
        for (format, body, location, wanted) in [
            ("json", "{\"a\":{\"b\":5.5}}", "a.b", 5.5),
            ("json", "{\"a\":\"64Mi\"}", "a", 67_108_864.0),
            ("yaml", "a:\n  b: 7\n", "a.b", 7.0),
            ("yaml", "a: [{b: '2k'}]\n", "a.0.b", 2000.0),
            ("xml", xml, "c.w.0.tasks", 32.0),
            ("xml", xml, "c.w.1.tasks", 1000.0),
            ("xml", xml, "c.n", 2.5),
            ("prometheus", "a 3\n", "a", 3.0),
        ] {
            assert_eq!(
                number(format, body.as_bytes(), location),
                Ok(wanted),
                "{body}"
            );
        }
    }

    #[test]
    fn everything_else_is_an_error() {
        for (format, body, location) in [
            ("json", "{\"a\":true}", "a"),
            ("json", "{\"a\":null}", "a"),
            ("json", "{\"a\":[1]}", "a"),
            ("json", "{\"a\":\"five\"}", "a"),
            ("json", "{\"a\":5}", "b"),
            ("json", "<html>", "a"),
            ("json", "", "a"),
            ("yaml", "a: true", "a"),
            ("yaml", "a: [", "a"),
            ("xml", "<a><b>1</b>", "a.b"),
            ("xml", "<a><b>x</b></a>", "a.b"),
            ("xml", "", "a"),
            ("xml", "{}", "a"),
        ] {
            assert!(number(format, body.as_bytes(), location).is_err(), "{body}");
        }
        let deep = "<a>".repeat(10_000);
        assert!(number("xml", deep.as_bytes(), "a").is_err());
    }
}
