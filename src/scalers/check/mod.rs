//! What can be said of a trigger without any network: its type and its parameters, each finding at its place in the manifest.

mod authentication;
mod build;
mod keys;
mod parameters;
mod place;
mod whole;
mod words;

pub use authentication::check_authentications;

use std::collections::BTreeSet;

use place::Place;
use words::{nearest, sharing_words, suggest};

use super::given::{Authentication, Given, Problem};
use super::read::known_type;
use super::{TRIGGER_TYPES, TriggerType};
use crate::api::{KedaVersion, Resources, ScaledJob, Trigger};
use crate::diagnostic::{Diagnostic, Label, Rule, catalog, trigger_rules};

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
    let mut checker = Checker {
        trigger,
        job,
        kind,
        version: local.version,
        place,
        resources: local.resources,
        authentication,
        given: Given::new(kind, trigger, authentication),
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
    let diagnostic = match &sharing_words(&trigger.kind, names)[..] {
        near @ ([_] | [_, _] | [_, _, _]) => {
            diagnostic.help(format!("did you mean {}?", near.join(" or ")))
        }
        _ => diagnostic,
    };
    diagnostic.help("keda-jobs triggers lists them all")
}

struct Checker<'a> {
    trigger: &'a Trigger,
    job: &'a ScaledJob,
    kind: &'static TriggerType,
    version: KedaVersion,
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
        for spec in self.kind.parameters().filter(|spec| spec.is_read()) {
            self.parameter(spec);
            self.given_twice(spec);
        }
        for key in self.trigger.metadata.keys() {
            self.key(key);
        }
        let mut problems = Vec::new();
        (self.kind.check)(&self.given, &mut problems);
        let as_in_v1 = |diagnostic: &Diagnostic| diagnostic.rule == &trigger_rules::V1_PARAMETER;
        let sound = problems.is_empty() && !self.found.iter().any(as_in_v1);
        for problem in problems {
            self.problem(problem);
        }
        if sound {
            self.build();
        }
        self.target();
    }

    fn problem(&mut self, problem: Problem) {
        if !self.missing.insert(problem.parameter) {
            return;
        }
        let (rule, label) = if problem.missing {
            (&catalog::MISSING_PARAMETER, self.place.of_field("metadata"))
        } else {
            let label = self.place.of_value(problem.parameter);
            (&catalog::INVALID_PARAMETER, label)
        };
        let help = self
            .kind
            .parameter(problem.parameter)
            .filter(|_| problem.missing)
            .map(|spec| format!("{} can be set in {}", spec.name(), spec.places()));
        self.report(rule, problem.message, label).help.extend(help);
    }

    fn report(&mut self, rule: &'static Rule, message: String, label: Label) -> &mut Diagnostic {
        self.found.push(Diagnostic::new(rule, message, label));
        self.found.last_mut().expect("one was just pushed")
    }
}
