//! What is wrong with a ScaledJob whose fields are right one by one: one file a subject, and the table of all rules.
//!
//! A check looks at one object (or at all of them) and returns findings; it does no I/O and knows no scaler: what it has to know of a
//! trigger type comes as [`TriggerFacts`].

mod containers;
mod credentials;
mod handlers;
mod ignores;
mod images;
mod job;
mod labels;
pub mod levels;
mod lifecycle;
mod metadata;
mod numbers;
mod objects;
pub mod online;
mod pending;
mod place;
mod placeholders;
mod pod;
mod policies;
mod resources;
mod rollout;
mod security;
mod selector;
mod strategy;
mod targets;
#[cfg(test)]
mod tests;
mod triggers;
mod variables;
mod version;
mod volumes;
mod words;

pub use ignores::{apply as apply_ignores, take as take_ignored};
pub use placeholders::fold as fold_placeholders;

use crate::api::facts::TriggerFacts;
use crate::api::{KedaVersion, Resources, ScaledJob};
use crate::diagnostic::{Diagnostic, Label, Rule, Span, catalog, trigger_rules};
use crate::manifest::{Node, Step};

/// One object and what is known beside it.
pub struct Subject<'a> {
    /// The object.
    pub job: &'a ScaledJob,
    /// What its triggers mean, one for each in order; `None` where the type is unknown.
    pub facts: &'a [Option<TriggerFacts>],
    /// The metadata keys of each trigger whose texts are credentials, in the order of `facts`.
    pub credentials: &'a [Vec<&'a str>],
    /// Everything that the given files hold.
    pub resources: &'a Resources,
    /// The version aimed at.
    pub version: KedaVersion,
}

/// Looks at one object.
type Check = fn(&Subject<'_>, &mut Vec<Diagnostic>);

/// Every check of one object. A new one is a file and a line here.
static CHECKS: &[Check] = &[
    containers::check,
    credentials::check,
    handlers::check,
    images::check,
    job::check,
    labels::check,
    lifecycle::check,
    metadata::check,
    numbers::check,
    pending::check,
    pod::check,
    policies::check,
    resources::check,
    rollout::check,
    security::check,
    selector::check,
    strategy::check,
    targets::check,
    triggers::check,
    variables::check,
    version::check,
    volumes::check,
    words::check,
];

/// Looks at all objects together.
type CheckOfAll = fn(&Resources, &mut Vec<Diagnostic>);

/// Every check of all objects.
static CHECKS_OF_ALL: &[CheckOfAll] = &[credentials::check_all, objects::check];

/// The rules of each file. A new file is a line here.
static RULES: &[&[&Rule]] = &[
    catalog::RULES,
    containers::RULES,
    credentials::RULES,
    handlers::RULES,
    ignores::RULES,
    images::RULES,
    job::RULES,
    labels::RULES,
    lifecycle::RULES,
    metadata::RULES,
    numbers::RULES,
    objects::RULES,
    online::RULES,
    pending::RULES,
    placeholders::RULES,
    pod::RULES,
    policies::RULES,
    resources::RULES,
    rollout::RULES,
    security::RULES,
    selector::RULES,
    strategy::RULES,
    targets::RULES,
    trigger_rules::RULES,
    triggers::RULES,
    variables::RULES,
    version::RULES,
    volumes::RULES,
    words::RULES,
];

/// Errors that say what KEDA makes of an object, which can be worked on all the same: `plan` shows it, and `run` keeps to
/// maxReplicaCount and to marks of its own.
static WORKABLE: &[&str] = &[
    "cached-metrics",
    "condition-twice",
    "custom-percentage",
    "min-above-max",
    "never-active",
    "no-target",
    "tracking-key",
    "unknown-condition",
];

/// Whether an object with an error of this rule can be worked on.
pub fn is_workable(rule: &Rule) -> bool {
    WORKABLE.contains(&rule.id)
}

/// Every rule there is, sorted by id.
pub fn all() -> Vec<&'static Rule> {
    let mut rules: Vec<&Rule> = RULES
        .iter()
        .flat_map(|rules| rules.iter().copied())
        .collect();
    rules.sort_unstable_by_key(|rule| rule.id);
    rules
}

/// Everything that the rules find in one object.
pub fn check(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for check in CHECKS {
        check(subject, &mut found);
    }
    found
}

/// Everything that the rules find in what the objects are to each other.
pub fn check_all(resources: &Resources) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for check in CHECKS_OF_ALL {
        check(resources, &mut found);
    }
    found
}

impl<'a> Subject<'a> {
    /// The value at a path below the document's root, such as `["spec", "maxReplicaCount"]`.
    fn node(&self, path: &[&str]) -> Option<&'a Node> {
        let steps: Vec<Step> = path
            .iter()
            .map(|key| Step::Key((*key).to_owned()))
            .collect();
        self.job.document.root.at(&steps)
    }

    /// A label at the value of a path, or at the nearest parent that is written.
    fn label(&self, path: &[&str], message: impl Into<String>) -> Label {
        let span = (0..=path.len())
            .rev()
            .find_map(|length| self.node(&path[..length]))
            .map_or(Span::default(), |node| node.span);
        self.job.document.label(span, message)
    }
}
