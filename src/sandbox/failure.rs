//! What a request can fail with, as the `Status` object of the Kubernetes API.

use serde_json::{Value, json};

use super::definition::Definition;
use super::field::FieldError;

/// A failed request: becomes a `v1/Status` body with its code.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// HTTP status code.
    pub(super) code: u16,
    reason: &'static str,
    message: String,
    details: Option<Box<Value>>,
    /// Seconds for a `Retry-After` header.
    pub(super) retry_after: Option<u64>,
    /// Answered as the plain text of a path outside the API.
    pub(super) plain: bool,
}

impl Failure {
    pub(super) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
            retry_after: None,
            plain: false,
        }
    }

    /// 400 with reason `BadRequest`.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 404 for a path that no resource answers.
    pub(super) fn unknown_path() -> Self {
        Self {
            details: Some(Box::new(json!({}))),
            ..Self::new(
                404,
                "NotFound",
                "the server could not find the requested resource",
            )
        }
    }

    /// 404 for an object.
    pub(super) fn not_found(definition: &Definition, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", definition.qualified());
        Self::new(404, "NotFound", message).about(definition, name)
    }

    /// 409 for a name that is taken.
    pub(super) fn already_exists(definition: &Definition, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", definition.qualified());
        Self::new(409, "AlreadyExists", message).about(definition, name)
    }

    /// 409 for a name whose holder is on its way out.
    pub(super) fn being_deleted(definition: &Definition, name: &str) -> Self {
        let message = format!(
            "object is being deleted: {} \"{name}\" already exists",
            definition.qualified()
        );
        Self::new(409, "AlreadyExists", message).about(definition, name)
    }

    /// 409 for a precondition or a resourceVersion that does not hold.
    pub(super) fn conflict(definition: &Definition, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            definition.qualified()
        );
        Self::new(409, "Conflict", message).about(definition, name)
    }

    /// 409 for a stale resourceVersion.
    pub(super) fn modified(definition: &Definition, name: &str) -> Self {
        Self::conflict(
            definition,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// 403 as admission says it.
    pub(super) fn forbidden(definition: &Definition, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", definition.qualified());
        Self::new(403, "Forbidden", message).about(definition, name)
    }

    /// 410 for a resourceVersion or continue token out of the kept window.
    pub(super) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 422 with one cause per field.
    pub(super) fn invalid(definition: &Definition, name: &str, errors: &[FieldError]) -> Self {
        let mut texts: Vec<String> = Vec::new();
        for error in errors {
            let text = error.to_string();
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let joined = match texts.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let kind = definition.qualified_kind();
        let causes: Vec<Value> = errors
            .iter()
            .map(|error| json!({"reason": error.reason(), "message": error.message(), "field": error.field}))
            .collect();
        Self {
            details: Some(Box::new(details(
                definition.group,
                definition.kind,
                name,
                Some(causes),
            ))),
            ..Self::new(
                422,
                "Invalid",
                format!("{kind} \"{name}\" is invalid: {joined}"),
            )
        }
    }

    /// With a `Retry-After`.
    pub(super) fn retry_after(mut self, seconds: Option<u64>) -> Self {
        self.retry_after = seconds;
        self
    }

    fn about(mut self, definition: &Definition, name: &str) -> Self {
        self.details = Some(Box::new(details(
            definition.group,
            definition.plural,
            name,
            None,
        )));
        self
    }

    /// The `Status` body.
    pub(super) fn status(&self) -> Value {
        let mut status = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        });
        if let Some(details) = &self.details {
            status["details"] = (**details).clone();
        }
        if let Some(seconds) = self.retry_after {
            status["details"]["retryAfterSeconds"] = json!(seconds);
        }
        status["code"] = json!(self.code);
        status
    }
}

fn details(group: &str, kind: &str, name: &str, causes: Option<Vec<Value>>) -> Value {
    let mut details = json!({});
    if !name.is_empty() {
        details["name"] = json!(name);
    }
    if !group.is_empty() {
        details["group"] = json!(group);
    }
    details["kind"] = json!(kind);
    if let Some(causes) = causes {
        details["causes"] = Value::Array(causes);
    }
    details
}

impl Failure {
    /// 422 for list options that do not go together.
    pub(super) fn invalid_options(field: &str, why: &str) -> Self {
        Self::new(
            422,
            "Invalid",
            format!("ListOptions.meta.k8s.io \"\" is invalid: {field}: Forbidden: {why}"),
        )
    }
}
