//! What people and programs see: tables, events, and their versioned JSON twins (law 10).
//!
//! Nothing here prints: views are returned as text or values, and [`event::Reporter`] writes to what it is given.
//! Strings from outside (names, errors, reasons) go through [`sanitize`] before they reach a terminal; JSON carries them as they are, since its
//! encoding escapes control characters itself.

pub mod duration;
pub mod event;
pub mod list;
pub mod plan;
pub mod progress;
pub mod sanitize;
pub mod triggers;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde::Serialize;

/// `apiVersion` of every JSON and YAML output. A field may be added under the same version; one that goes or changes its
/// meaning makes a new one.
pub const API_VERSION: &str = "keda-jobs/v1";

/// Namespace and name of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ObjectName {
    /// `metadata.namespace`, resolved.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

impl std::fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

/// A table without lines, two spaces between columns, its rows indented by two spaces and free of trailing ones.
/// `numbers` names the columns that are aligned to the right. Without a width no text is wrapped.
fn table(
    header: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
    numbers: &[usize],
    width: Option<u16>,
) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    if !header.is_empty() {
        table.set_header(header.iter().copied());
    }
    table.add_rows(rows);
    if let Some(width) = width {
        table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width.saturating_sub(2).max(40));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if numbers.contains(&index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for line in table.lines() {
        text.push_str("  ");
        text.push_str(line.trim_end());
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

/// `1 Job`, `3 Jobs`.
pub(crate) fn count(number: i64, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}
