//! What can be said of a trigger without any network: its type and its parameters, each finding at its place in the manifest.

mod authentication;
mod build;
mod keys;
mod notation;
mod parameters;
mod place;
mod versions;
mod whole;
mod words;

pub use authentication::check_authentications;
pub use notation::correct_fixes;
pub(super) use versions::{looked_at, of_parameters};

use std::collections::BTreeSet;

use place::Place;
use words::{nearest, sharing_words, suggest};

use super::given::{Authentication, Given, POD_IDENTITY, Problem};
use super::read::known_type;
use super::{TRIGGER_TYPES, TriggerType};
use crate::api::{KedaVersion, Resources, ScaledJob, Trigger};
use crate::diagnostic::{Diagnostic, Label, Rule, Severity, catalog, trigger_rules};

/// What is known beside the ScaledJob itself.
#[derive(Debug, Clone, Copy)]
pub struct LocalKnowledge<'a> {
    /// The decoded files.
    pub resources: &'a Resources,
    /// The version of KEDA aimed at.
    pub version: KedaVersion,
}

/// Everything that is wrong with `trigger` of `job`. No message holds a value that may be secret.
pub fn check(trigger: &Trigger, job: &ScaledJob, local: &LocalKnowledge<'_>) -> Vec<Diagnostic> {
    let place = Place::new(trigger, job);
    let kind = match known_type(&trigger.kind) {
        Ok(kind) => kind,
        Err(problem) => return vec![unknown_type(trigger, &place, problem)],
    };
    let authentication = Authentication::of(trigger, job, local.resources);
    let version = versions::of_parameters(kind, local.version);
    let metadata = versions::looked_at(kind, &trigger.metadata, version);
    let mut checker = Checker {
        trigger,
        job,
        kind,
        version: local.version,
        of_parameters: version,
        place,
        resources: local.resources,
        authentication,
        given: Given::over(kind, trigger, &metadata, authentication, version),
        missing: BTreeSet::new(),
        found: Vec::new(),
    };
    checker.all();
    checker.found
}

fn unknown_type(trigger: &Trigger, place: &Place<'_>, problem: String) -> Diagnostic {
    let label = place.of_field("type");
    let names = TRIGGER_TYPES.iter().map(|kind| kind.name);
    let diagnostic = Diagnostic::new(&catalog::UNKNOWN_TRIGGER_TYPE, problem, label.clone());
    if let Some((name, distance)) = nearest(&trigger.kind, names.clone()) {
        return suggest(diagnostic, label, name, distance);
    }
    let near: Vec<String> = sharing_words(&trigger.kind, names)
        .iter()
        .map(|name| format!("{name:?}"))
        .collect();
    diagnostic.help(if matches!(near.len(), 1..=3) {
        format!("did you mean {}?", near.join(" or "))
    } else {
        "keda-jobs triggers lists them all".to_owned()
    })
}

struct Checker<'a> {
    trigger: &'a Trigger,
    job: &'a ScaledJob,
    kind: &'static TriggerType,
    version: KedaVersion,
    /// The version whose parameters are meant: another one when that KEDA does not have the type.
    of_parameters: KedaVersion,
    place: Place<'a>,
    resources: &'a Resources,
    authentication: Authentication<'a>,
    given: Given<'a>,
    /// Parameters that have been called missing or wrong.
    missing: BTreeSet<&'static str>,
    found: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn all(&mut self) {
        self.whole();
        for spec in self.kind.parameters() {
            if self.is_looked_at(spec) {
                self.parameter(spec);
                self.given_twice(spec);
            }
        }
        for key in self.trigger.metadata.keys() {
            self.key(key);
        }
        let mut problems = Vec::new();
        (self.kind.check)(&self.given, &mut problems);
        problems.sort_by_key(|problem| problem.doubtful);
        let as_in_v1 = |diagnostic: &Diagnostic| diagnostic.rule == &trigger_rules::V1_PARAMETER;
        let sound =
            problems.iter().all(|problem| problem.doubtful) && !self.found.iter().any(as_in_v1);
        for problem in problems {
            self.problem(problem);
        }
        if sound {
            self.build();
        }
        self.target();
    }

    fn problem(&mut self, problem: Problem) {
        // What that KEDA does not know yet it does not need either.
        let is_new = problem.missing && !self.knows(problem.parameter);
        if is_new || !self.missing.insert(problem.parameter) {
            return;
        }
        let (rule, label) = if problem.missing {
            (&catalog::MISSING_PARAMETER, self.place.of_field("metadata"))
        } else {
            let label = match problem.parameter {
                POD_IDENTITY => self.place.of_field("authenticationRef"),
                parameter => self.place.of_value(parameter),
            };
            (&catalog::INVALID_PARAMETER, label)
        };
        let help = self
            .kind
            .parameter(problem.parameter)
            .filter(|_| problem.missing)
            .map(|spec| format!("{} can be set in {}", spec.name(), spec.places()));
        let diagnostic = self.report(rule, problem.message, label);
        diagnostic.help.extend(help);
        if problem.doubtful {
            diagnostic.severity = Severity::Warning;
        }
    }

    fn report(&mut self, rule: &'static Rule, message: String, label: Label) -> &mut Diagnostic {
        self.found.push(Diagnostic::new(rule, message, label));
        self.found.last_mut().expect("one was just pushed")
    }
}
