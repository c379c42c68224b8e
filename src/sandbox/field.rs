//! Errors at a field, worded as the API server words them (apimachinery `field.Error`).

use std::fmt;

use serde_json::Value;

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq)]
enum Fault {
    Required(String),
    Invalid(Value, String),
    Unsupported(Value, Vec<String>),
    Forbidden(String),
    Duplicate(Value),
    TooLong(usize),
    TooMany(usize, usize),
    NotFound(Value, String),
}

/// One error at one field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FieldError {
    /// Path such as `spec.template.spec.containers[0].name`.
    pub(super) field: String,
    fault: Fault,
}

impl FieldError {
    pub(super) fn reason(&self) -> &'static str {
        match self.fault {
            Fault::Required(_) => "FieldValueRequired",
            Fault::Invalid(..) => "FieldValueInvalid",
            Fault::Unsupported(..) => "FieldValueNotSupported",
            Fault::Forbidden(_) => "FieldValueForbidden",
            Fault::Duplicate(_) => "FieldValueDuplicate",
            Fault::TooLong(_) => "FieldValueTooLong",
            Fault::TooMany(..) => "FieldValueTooMany",
            Fault::NotFound(..) => "FieldValueNotFound",
        }
    }

    /// The message without the field.
    pub(super) fn message(&self) -> String {
        match &self.fault {
            Fault::Required(detail) if detail.is_empty() => "Required value".to_owned(),
            Fault::Required(detail) => format!("Required value: {detail}"),
            Fault::Invalid(value, detail) => format!("Invalid value: {value}: {detail}"),
            Fault::Unsupported(value, supported) => {
                let quoted: Vec<String> = supported.iter().map(|one| format!("{one:?}")).collect();
                format!(
                    "Unsupported value: {value}: supported values: {}",
                    quoted.join(", ")
                )
            }
            Fault::Forbidden(detail) => format!("Forbidden: {detail}"),
            Fault::Duplicate(value) => format!("Duplicate value: {value}"),
            Fault::TooLong(most) => format!("Too long: may not be more than {most} bytes"),
            Fault::NotFound(value, detail) if detail.is_empty() => format!("Not found: {value}"),
            Fault::NotFound(value, detail) => format!("Not found: {value}: {detail}"),
            Fault::TooMany(count, most) => {
                format!("Too many: {count}: must have at most {most} items")
            }
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.message())
    }
}

/// All errors of one object.
#[derive(Debug, Default)]
pub(super) struct FieldErrors(pub(super) Vec<FieldError>);

impl FieldErrors {
    fn push(&mut self, field: impl Into<String>, fault: Fault) {
        self.0.push(FieldError {
            field: field.into(),
            fault,
        });
    }
    pub(super) fn required(&mut self, field: impl Into<String>, detail: &str) {
        self.push(field, Fault::Required(detail.to_owned()));
    }
    pub(super) fn invalid(
        &mut self,
        field: impl Into<String>,
        value: impl Into<Value>,
        detail: impl Into<String>,
    ) {
        self.push(field, Fault::Invalid(value.into(), detail.into()));
    }
    pub(super) fn unsupported(
        &mut self,
        field: impl Into<String>,
        value: impl Into<Value>,
        supported: &[&str],
    ) {
        let supported = supported.iter().map(|&one| one.to_owned()).collect();
        self.push(field, Fault::Unsupported(value.into(), supported));
    }
    pub(super) fn forbidden(&mut self, field: impl Into<String>, detail: impl Into<String>) {
        self.push(field, Fault::Forbidden(detail.into()));
    }
    pub(super) fn duplicate(&mut self, field: impl Into<String>, value: impl Into<Value>) {
        self.push(field, Fault::Duplicate(value.into()));
    }
    pub(super) fn not_found(&mut self, field: impl Into<String>, value: impl Into<Value>) {
        self.not_found_in(field, value, "");
    }
    pub(super) fn not_found_in(
        &mut self,
        field: impl Into<String>,
        value: impl Into<Value>,
        detail: &str,
    ) {
        self.push(field, Fault::NotFound(value.into(), detail.to_owned()));
    }
    pub(super) fn too_long(&mut self, field: impl Into<String>, most: usize) {
        self.push(field, Fault::TooLong(most));
    }
    pub(super) fn too_many(&mut self, field: impl Into<String>, count: usize, most: usize) {
        self.push(field, Fault::TooMany(count, most));
    }
}
