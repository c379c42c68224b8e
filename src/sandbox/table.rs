//! `as=Table`: the rows that `kubectl get` prints.

use serde_json::{Value, json};

use super::definition::Definition;
use super::read::{self, Page};
use super::{columns, object};

/// The table of one object, for get and for watch events. A watch leaves out the columns after its first event.
pub(super) fn of_one(
    definition: &Definition,
    object: &Value,
    include: Option<&str>,
    columns: bool,
) -> Value {
    let metadata = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
    build(definition, &[object], &metadata, include, columns)
}

/// The table of a list.
pub(super) fn of_list(definition: &Definition, page: &Page, include: Option<&str>) -> Value {
    let objects: Vec<&Value> = page.items.iter().map(|item| &**item).collect();
    build(definition, &objects, &page.metadata, include, true)
}

fn build(
    definition: &Definition,
    objects: &[&Value],
    metadata: &Value,
    include: Option<&str>,
    with_columns: bool,
) -> Value {
    let columns = columns::of(definition);
    let definitions: Vec<Value> = columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name,
                "type": "string",
                "format": if column.name == "Name" { "name" } else { "" },
                "description": "",
                "priority": i32::from(column.wide),
            })
        })
        .collect();
    let rows: Vec<Value> = objects
        .iter()
        .map(|&object| {
            let cells: Vec<Value> = columns.iter().map(|column| (column.cell)(object)).collect();
            let mut row = json!({"cells": cells});
            match include {
                Some("None") => {}
                Some("Object") => row["object"] = object.clone(),
                _ => row["object"] = read::partial(object),
            }
            row
        })
        .collect();
    json!({
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": if with_columns { definitions } else { Vec::new() },
        "rows": rows,
    })
}

/// A duration as kubectl prints it (`duration.HumanDuration`).
pub(super) fn human(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let two = |big: i64, big_name: &str, small: i64, small_name: &str| {
        if small == 0 {
            format!("{big}{big_name}")
        } else {
            format!("{big}{big_name}{small}{small_name}")
        }
    };
    match seconds {
        ..0 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        120..600 => two(seconds / MINUTE, "m", seconds % MINUTE, "s"),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => two(seconds / HOUR, "h", seconds % HOUR / MINUTE, "m"),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => two(seconds / DAY, "d", seconds % DAY / HOUR, "h"),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => two(seconds / YEAR, "y", seconds % YEAR / DAY, "d"),
        _ => format!("{}y", seconds / YEAR),
    }
}

/// The age column of a time stamp.
pub(super) fn age(stamp: &str) -> String {
    if stamp.is_empty() {
        "<unknown>".to_owned()
    } else {
        human(object::age(stamp))
    }
}
