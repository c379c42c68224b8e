//! Pods field by field: each line of two files is a Job at the edge of what the API server takes. They were written from the fields
//! of Kubernetes 1.36.3, and each was asked of it.

use serde::Deserialize;
use serde_json::Value;

use super::cases::At;

#[derive(Deserialize)]
struct Case {
    at: At,
    /// Nothing where the server takes the Job.
    #[serde(default)]
    field: &'static str,
    change: Value,
}

/// As in [`super::cases::table`]: those that are refused, and those that use what is seldom used and are taken.
pub(super) fn table() -> Vec<(At, Value, &'static str)> {
    let wrong = include_str!("../../data/refusals/wrong.jsonl");
    let right = include_str!("../../data/refusals/right.jsonl");
    let read = |line: &'static str| {
        let case: Case = serde_json::from_str(line).unwrap_or_else(|why| panic!("{line}: {why}"));
        (case.at, case.change, case.field)
    };
    let cases: Vec<_> = wrong.lines().chain(right.lines()).map(read).collect();
    let refused = cases.iter().filter(|(_, _, field)| !field.is_empty());
    assert_eq!(refused.count(), wrong.lines().count());
    cases
}
