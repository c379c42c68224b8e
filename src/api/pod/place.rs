//! A value in a tree of JSON that knows its way from the root.

use serde_json::Value;

use crate::manifest::Step;

/// What stands for a value that is not there.
static NOTHING: Value = Value::Null;

/// How a place is reached from the one above it.
#[derive(Clone, Copy)]
enum Key<'a> {
    Root,
    Name(&'a str),
    Index(usize),
}

/// A value and its way from the root.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    value: &'a Value,
    key: Key<'a>,
    above: Option<&'a Self>,
}

impl<'a> Place<'a> {
    pub(super) fn root(value: &'a Value) -> Self {
        Self {
            value,
            key: Key::Root,
            above: None,
        }
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    /// Null or not there.
    pub(super) fn is_missing(&self) -> bool {
        self.value.is_null()
    }

    /// An empty text or list.
    pub(super) fn is_empty(&self) -> bool {
        match self.value {
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        }
    }

    /// The place of a field, there or not.
    pub(super) fn child<'b>(&'b self, name: &'b str) -> Place<'b> {
        Place {
            value: self.value.get(name).unwrap_or(&NOTHING),
            key: Key::Name(name),
            above: Some(self),
        }
    }

    /// A field that is written and not null.
    pub(super) fn field<'b>(&'b self, name: &'b str) -> Option<Place<'b>> {
        Some(self.child(name)).filter(|place| !place.is_missing())
    }

    /// A field that holds a mapping.
    pub(super) fn object<'b>(&'b self, name: &'b str) -> Option<Place<'b>> {
        Some(self.child(name)).filter(|place| place.value.is_object())
    }

    /// The items of a list; none when this is another thing.
    pub(super) fn items(&self) -> impl Iterator<Item = Place<'_>> {
        self.value
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, value)| Place {
                value,
                key: Key::Index(index),
                above: Some(self),
            })
    }

    /// The items of a list that are mappings.
    pub(super) fn objects(&self) -> impl Iterator<Item = Place<'_>> {
        self.items().filter(|item| item.value.is_object())
    }

    /// The entries of a mapping that are not null; none when this is another thing.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, Place<'_>)> {
        self.value
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| {
                let place = Place {
                    value,
                    key: Key::Name(name),
                    above: Some(self),
                };
                (name.as_str(), place)
            })
    }

    /// The text of a field, empty where there is none.
    pub(super) fn text(&self, name: &str) -> &'a str {
        self.value
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// The whole number of a field.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.value.get(name).and_then(Value::as_i64)
    }

    /// Whether a field is true.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.value.get(name) == Some(&Value::Bool(true))
    }

    /// How many items the list of a field has.
    pub(super) fn count(&self, name: &str) -> usize {
        self.value
            .get(name)
            .and_then(Value::as_array)
            .map_or(0, Vec::len)
    }

    /// Calls `found` for every place that `path` leads to; `*` stands for each item of a list.
    pub(super) fn each(&self, path: &[&str], found: &mut dyn FnMut(&Place<'_>)) {
        match path {
            [] => found(self),
            ["*", rest @ ..] => {
                for item in self.items() {
                    item.each(rest, found);
                }
            }
            [name, rest @ ..] => {
                if let Some(next) = self.field(name) {
                    next.each(rest, found);
                }
            }
        }
    }

    /// The containers of a pod's spec: those of `initContainers` first, each with whether it is one of them.
    pub(super) fn containers(&self, found: &mut dyn FnMut(&Place<'_>, bool)) {
        for list in ["initContainers", "containers"] {
            for container in self.child(list).objects() {
                found(&container, list == "initContainers");
            }
        }
    }

    /// What a user calls it: its key, or an item of the list that holds it.
    pub(super) fn called(&self) -> String {
        match (self.key, self.above) {
            (Key::Name(name), _) => format!("`{name}`"),
            (
                Key::Index(_),
                Some(Place {
                    key: Key::Name(name),
                    ..
                }),
            ) => {
                format!("an item of `{name}`")
            }
            _ => "this".to_owned(),
        }
    }

    /// The way from the root.
    pub(super) fn steps(&self) -> Vec<Step> {
        let mut steps = self.above.map(Place::steps).unwrap_or_default();
        match self.key {
            Key::Root => {}
            Key::Name(name) => steps.push(Step::Key(name.to_owned())),
            Key::Index(index) => steps.push(Step::Index(index)),
        }
        steps
    }

    /// The way from the root as the API server writes it, such as `volumes[0].secret.secretName`.
    pub(super) fn path(&self) -> String {
        let above = self.above.map(Place::path).unwrap_or_default();
        match self.key {
            Key::Root => String::new(),
            Key::Name(name) if above.is_empty() => name.to_owned(),
            Key::Name(name) => format!("{above}.{name}"),
            Key::Index(index) => format!("{above}[{index}]"),
        }
    }

    /// The path of the place above; the server names some fields by it.
    pub(super) fn path_above(&self) -> String {
        self.above.map(Place::path).unwrap_or_default()
    }
}
