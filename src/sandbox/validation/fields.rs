//! The checks of pods that `validate` shares, in the words of the API server.

use super::super::field::FieldErrors;
use super::super::names;
use crate::api::pod::{Fault, Format, Refusal};

/// Reports refusals of a pod's spec, or of a template, at a path.
pub(super) fn report(refusals: &[Refusal], path: &str, errors: &mut FieldErrors) {
    for refusal in refusals {
        let field = match refusal.field.as_str() {
            "" => path.to_owned(),
            field if path.is_empty() => field.to_owned(),
            field => format!("{path}.{field}"),
        };
        let value = &refusal.value;
        match &refusal.fault {
            Fault::Required(why) => errors.required(field, why),
            Fault::Invalid(why) => errors.invalid(field, value.clone(), why.as_str()),
            Fault::Unsupported(words) => errors.unsupported(field, value.clone(), words),
            Fault::Forbidden(why) => errors.forbidden(field, *why),
            Fault::Duplicate => errors.duplicate(field, value.clone()),
            Fault::NotFound(why) => errors.not_found_in(field, value.clone(), why),
            Fault::TooLong(most) => errors.too_long(field, *most),
            Fault::Format(format) => {
                let text = value.as_str().unwrap_or_default();
                for why in wrong(*format, text) {
                    errors.invalid(&field, text, why);
                }
            }
        }
    }
}

/// What the server says of a text that has not a form.
fn wrong(format: Format, text: &str) -> Vec<String> {
    match format {
        Format::DnsLabel => names::dns_label(text),
        Format::DnsSubdomain => names::dns_subdomain(text),
        Format::AnyCaseSubdomain => names::dns_subdomain(&text.to_lowercase()),
        Format::SearchDomain => vec![names::SEARCH_DOMAIN.to_owned()],
        Format::QualifiedName => names::qualified_name(text),
        Format::LabelValue => names::label_value(text),
        Format::Address => {
            vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()]
        }
        Format::NoBacksteps => vec!["must not contain '..'".to_owned()],
        Format::Descending | Format::DescendingName => {
            let mut wrong = Vec::new();
            if text.starts_with('/') {
                wrong.push("must be a relative path".to_owned());
            }
            if text.split('/').any(|part| part == "..") {
                wrong.push("must not contain '..'".to_owned());
            } else if format == Format::DescendingName && text.starts_with("..") {
                wrong.push("must not start with '..'".to_owned());
            }
            wrong
        }
        Format::Absolute => vec!["must be an absolute path".to_owned()],
    }
}
