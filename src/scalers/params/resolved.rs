//! The parameters of one trigger, looked up and read.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Value;
use crate::api::Secret;

/// Parameters by canonical name. `Debug` shows none of them: any may have come from a Secret.
#[derive(Debug, Default, PartialEq)]
pub struct Resolved {
    values: BTreeMap<&'static str, Secret<Value>>,
}

impl Resolved {
    pub(super) fn insert(&mut self, name: &'static str, value: Value) {
        self.values.insert(name, Secret::new(value));
    }

    fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name).map(Secret::expose)
    }

    /// Whether the parameter was given or has a default.
    pub fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// A text; empty when it is absent (a text that is given is never empty).
    pub fn text(&self, name: &str) -> &str {
        match self.value(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// A text that must not be printed.
    pub fn secret(&self, name: &str) -> Secret<String> {
        Secret::new(self.text(name).to_owned())
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.value(name) {
            Some(Value::Integer(number)) => Some(*number),
            _ => None,
        }
    }

    /// A number.
    pub fn float(&self, name: &str) -> Option<f64> {
        match self.value(name) {
            Some(Value::Float(number)) => Some(*number),
            _ => None,
        }
    }

    /// A boolean; false when it is absent.
    pub fn boolean(&self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Bool(true)))
    }

    /// A duration.
    pub fn duration(&self, name: &str) -> Option<Duration> {
        match self.value(name) {
            Some(Value::Duration(duration)) => Some(*duration),
            _ => None,
        }
    }

    /// A list; empty when it is absent.
    pub fn list(&self, name: &str) -> &[String] {
        match self.value(name) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    /// Ranges of whole numbers, both ends included; empty when it is absent.
    pub fn ranges(&self, name: &str) -> &[(i64, i64)] {
        match self.value(name) {
            Some(Value::Ranges(ranges)) => ranges,
            _ => &[],
        }
    }

    /// Pairs of a map or of a query; empty when it is absent.
    pub fn pairs(&self, name: &str) -> &[(String, String)] {
        match self.value(name) {
            Some(Value::Pairs(pairs)) => pairs,
            _ => &[],
        }
    }
}
