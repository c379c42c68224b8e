//! Names, label keys and label values as the API server takes them. [apimachinery `util/validation`]

/// The most characters of a DNS label, of a label value and of the name in a label key.
pub(crate) const MOST: usize = 63;

/// RFC 1123 subdomain without its length: DNS labels joined by dots.
pub(crate) fn is_dns_subdomain(text: &str) -> bool {
    text.split('.').all(is_label_of_any_length)
}

/// RFC 1123 label: at most 63 lower-case letters, digits and `-`, a letter or digit at both ends.
pub(crate) fn is_dns_label(text: &str) -> bool {
    text.len() <= MOST && is_label_of_any_length(text)
}

/// Empty, or at most 63 letters, digits, `-`, `_` and `.`, a letter or digit at both ends.
pub(crate) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_word(text)
}

/// `[prefix/]name`: the key of a label, of an annotation (in lower case), of a condition.
pub(crate) fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        None => is_word(text),
        Some((prefix, name)) => prefix.len() <= 253 && is_dns_subdomain(prefix) && is_word(name),
    }
}

fn is_label_of_any_length(text: &str) -> bool {
    let is_inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(is_inner)
        && bytes.last().is_some_and(is_inner)
        && bytes.iter().all(|byte| is_inner(byte) || *byte == b'-')
}

fn is_word(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.len() <= MOST
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_api_server() {
        let long = "a".repeat(64);
        for (text, label, subdomain, value, key) in [
            ("a", true, true, true, true),
            ("a-1", true, true, true, true),
            ("a.b", false, true, true, true),
            ("A_b", false, false, true, true),
            ("", false, false, true, false),
            ("-a", false, false, false, false),
            ("a-", false, false, false, false),
            ("a b", false, false, false, false),
            ("a/b", false, false, false, true),
            ("A/b", false, false, false, false),
            ("a/b/c", false, false, false, false),
            ("a/", false, false, false, false),
            ("/a", false, false, false, false),
            ("ä", false, false, false, false),
            (&long, false, true, false, false),
        ] {
            assert_eq!(is_dns_label(text), label, "{text}");
            assert_eq!(is_dns_subdomain(text), subdomain, "{text}");
            assert_eq!(is_label_value(text), value, "{text}");
            assert_eq!(is_qualified_name(text), key, "{text}");
        }
    }
}
