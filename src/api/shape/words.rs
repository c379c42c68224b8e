//! How values and shapes are called in findings.

use super::Shape;
use crate::diagnostic::SourceFile;
use crate::manifest::{Node, Value};

/// Letters of a value that a message repeats.
const SHOWN: usize = 40;

/// What a user calls a value, with what was written where YAML reads it in a way that surprises: `the boolean true (YAML reads `yes` so)`.
pub(crate) fn describe(source: &SourceFile, node: &Node) -> String {
    let written = source.slice(node.span);
    let plain = match &node.value {
        Value::String(text) => return format!("the string \"{}\"", shorten(text)),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        _ => return node.value.describe(),
    };
    let description = node.value.describe();
    if written == plain || written.is_empty() || written.contains('\n') {
        description
    } else {
        format!("{description} (YAML reads `{}` so)", shorten(written))
    }
}

/// The beginning of a text that may be long.
pub(super) fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// What a shape wants, for a label.
pub(super) fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Any => "anything",
        Shape::Boolean => "true or false",
        Shape::String | Shape::NonEmptyString | Shape::Enum(_) => "a string",
        Shape::Integer { .. } => "an integer",
        Shape::Number => "a number",
        Shape::IntOrString => "an integer or a string",
        Shape::Quantity => "a quantity such as `500m` or `1Gi`",
        Shape::List { .. } => "a list",
        Shape::Map(_)
        | Shape::Metadata
        | Shape::Object(_)
        | Shape::Kubernetes(_)
        | Shape::Definition(_) => "a mapping",
    }
}

/// A quantity as Kubernetes parses it: sign, digits with a point, then a binary, decimal or exponent suffix.
/// [apimachinery `resource.ParseQuantity`]
pub(super) fn is_quantity(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = unsigned
        .find(|char: char| !char.is_ascii_digit() && char != '.')
        .unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(end);
    let is_number =
        number.bytes().any(|byte| byte.is_ascii_digit()) && number.matches('.').count() <= 1;
    let is_exponent = suffix.strip_prefix(['e', 'E']).is_some_and(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    let suffixes = [
        "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ];
    is_number && (is_exponent || suffixes.contains(&suffix))
}

#[cfg(test)]
mod tests {
    use super::is_quantity;

    #[test]
    fn quantities_are_those_of_kubernetes() {
        for good in [
            "1", "500m", "1.5Gi", ".5", "1e3", "-2k", "+1E-2", "5.", "2E",
        ] {
            assert!(is_quantity(good), "{good}");
        }
        for bad in ["", "m", "1GB", "1 Gi", "1.2.3", "1e", "ki", "1mi", "."] {
            assert!(!is_quantity(bad), "{bad}");
        }
    }
}
