//! Files, folders and stdin become documents in which every key and value knows its place.
//!
//! The only room that touches the file system for manifests. It knows YAML and JSON, not KEDA.

mod value;

pub use value::{Document, Entry, Node, Step, Value};
