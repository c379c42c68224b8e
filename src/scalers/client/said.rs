//! What servers say when they give nothing.

/// A sentence from outside, for the end of an error: one line, not too long, without `secrets` should they be repeated in it.
pub(crate) fn said(text: &str, secrets: &[&str]) -> String {
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        line = line.replace(secret, "***");
    }
    let mut short: String = line.chars().take(300).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    if short.is_empty() {
        short
    } else {
        format!(": {short}")
    }
}
