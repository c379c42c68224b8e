//! Files, folders and stdin become documents in which every key and value knows its place.
//!
//! The only room that touches the file system for manifests. It knows YAML and JSON, not KEDA.

mod collect;
mod comments;
mod mapping;
pub mod parallel;
mod rewrite;
mod scalar;
mod value;
mod yaml;

pub use collect::{Collected, MAX_FILE_BYTES, ReadError, Stdin, collect, presentable};
pub use comments::{Comment, Scope};
pub use rewrite::rewrite;
pub use value::{Document, Entry, Node, Step, Value};
pub use yaml::{MAX_ALIAS_BYTES, MAX_DEPTH, MAX_FINDINGS, MAX_NODES, MAX_SYNTAX_ERRORS, load};

/// `text` as YAML that reads as this string: plain where that is plain to see, else between double quotes.
pub fn written_as_text(text: &str) -> String {
    let is_harmless = |char: char| char.is_ascii_alphanumeric() || "._/-".contains(char);
    let is_plain = text.starts_with(|char: char| char.is_ascii_alphanumeric())
        && text.chars().all(|char| is_harmless(char) || char == ':')
        && !text.ends_with(':')
        && read_plain(text) == Some(Value::String(text.to_owned()));
    if is_plain {
        text.to_owned()
    } else {
        // A string of JSON is one of YAML.
        serde_json::Value::from(text).to_string()
    }
}

/// What a plain scalar of that text would be: `yes` the boolean true, `012` the number 10. Nothing for a number that is not finite.
pub fn read_plain(text: &str) -> Option<Value> {
    scalar::plain(text).into_value()
}

#[cfg(test)]
mod tests {
    use super::{Value, load, written_as_text};
    use crate::diagnostic::SourceFile;

    #[test]
    fn a_text_is_read_back() {
        for text in [
            "Never",
            "a/b:1.0-x",
            "true",
            "no",
            "010",
            "1e3",
            "",
            "a #b",
            "a: b",
            "*a",
            "-",
            "a:",
            "\"q\"",
            "back\\slash",
            "~",
            "{a",
            "größe",
            "line\nbreak",
            "=",
            "<<",
        ] {
            let source = SourceFile::new("a.yaml", format!("a: {}\n", written_as_text(text)));
            let (documents, found) = load(&source);
            assert!(found.is_empty(), "{text}");
            let value = documents[0].root.get("a").map(|node| &node.value);
            assert_eq!(value, Some(&Value::String(text.to_owned())), "{text}");
        }
        assert_eq!(written_as_text("a/b:1.0-x"), "a/b:1.0-x");
    }
}
