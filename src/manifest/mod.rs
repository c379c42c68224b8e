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

/// What a plain scalar of that text would be: `yes` the boolean true, `012` the number 10. Nothing for a number that is not finite.
pub fn read_plain(text: &str) -> Option<Value> {
    scalar::plain(text).into_value()
}
