//! What the API server refuses in a pod's spec, field by field. One text serves both: `validate` says it in its own words at the place
//! in the file, the embedded cluster in the server's at the server's field. [Kubernetes 1.36 pkg/apis/core/validation]
//!
//! It looks at JSON as a user writes it, before defaults. What is null counts as absent, and a value of another type than its field's
//! is somebody else's finding.

mod affinity;
mod claims;
mod containers;
mod disks;
mod fields;
mod format;
mod mounts;
mod place;
mod resources;
mod security;
mod template;
#[cfg(test)]
mod tests;
mod volumes;
mod windows;

use serde_json::Value;

pub(crate) use format::Format;
use place::Place;

use super::shape;
use crate::manifest::Step;

/// Which part of the pod a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    /// Where the pod may run: affinity, spread, tolerations.
    Affinity,
    /// An annotation of the template that Kubernetes reads.
    Annotation,
    /// A claim of dynamic resources.
    Claim,
    /// Anything else: names, addresses, namespaces of the node.
    Field,
    /// A field that goes with another operating system.
    OperatingSystem,
    /// Ports on the node.
    Port,
    /// Requests and limits of the pod as a whole.
    Resources,
    /// What happens to a container whose resources change.
    Resize,
    /// The kernel's settings.
    Sysctl,
    /// How a volume is mounted.
    Mount,
    /// What a volume is made of.
    Volume,
    /// Who runs on a Windows node.
    Windows,
}

/// Why the server refuses a value, in the server's words where they are not those of a format.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    /// It is missing or empty.
    Required(&'static str),
    /// It is wrong for this reason.
    Invalid(String),
    /// It has not this form.
    Format(Format),
    /// It is none of these words.
    Unsupported(&'static [&'static str]),
    /// It may not be there.
    Forbidden(&'static str),
    /// It is there twice.
    Duplicate,
    /// It names nothing.
    NotFound(String),
    /// It has more bytes than this.
    TooLong(usize),
}

/// One thing for which the server refuses the pod.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) topic: Topic,
    /// Where it is written, from the root of the check; of what is missing, where it would be.
    pub(crate) steps: Vec<Step>,
    /// The server's name for that place.
    pub(crate) field: String,
    /// The value that the server shows.
    pub(crate) value: Value,
    pub(crate) fault: Fault,
    /// What is wrong, in our words.
    pub(crate) message: String,
    /// What was expected, for the place itself.
    pub(crate) label: String,
}

/// Looks at a pod's spec. Steps and fields are those below it.
pub(crate) fn spec(spec: &Value) -> Vec<Refusal> {
    let mut found = Refusals::default();
    let root = Place::root(spec);
    fields::check(&root, &mut found);
    security::check(&root, &mut found);
    windows::check(&root, &mut found);
    affinity::check(&root, &mut found);
    claims::check(&root, &mut found);
    resources::check(&root, &mut found);
    volumes::check(&root, &mut found);
    containers::check(&root, &mut found);
    mounts::check(&root, &mut found);
    found.0
}

/// Looks at a pod's template: what holds beside the spec of its pods. Steps and fields are those below the template.
pub(crate) fn template(template: &Value) -> Vec<Refusal> {
    let mut found = Refusals::default();
    template::check(&Place::root(template), &mut found);
    found.0
}

/// Whether the schema of a pod's spec has a field that has to be there: the walk over it tells of one that is missing.
pub(crate) fn is_in_schema(steps: &[Step]) -> bool {
    shape::is_required_in_pod(steps)
}

/// Whether a refusal is about an item of a list, or about something in it.
pub(crate) fn is_below(refusal: &Refusal, list: &str, index: usize) -> bool {
    matches!(
        refusal.steps.as_slice(),
        [Step::Key(key), Step::Index(at), ..] if key == list && *at == index
    )
}

/// What was found so far.
#[derive(Debug, Default)]
struct Refusals(Vec<Refusal>);

impl Refusals {
    /// A refusal of the value at a place.
    fn say(
        &mut self,
        topic: Topic,
        place: &Place<'_>,
        fault: Fault,
        message: impl Into<String>,
        label: impl Into<String>,
    ) {
        let field = place.path();
        self.say_at(topic, place, field, fault, message, label);
    }

    /// As [`Refusals::say`], where the server names another field.
    fn say_at(
        &mut self,
        topic: Topic,
        place: &Place<'_>,
        field: String,
        fault: Fault,
        message: impl Into<String>,
        label: impl Into<String>,
    ) {
        self.0.push(Refusal {
            topic,
            steps: place.steps(),
            field,
            value: place.value().clone(),
            fault,
            message: message.into(),
            label: label.into(),
        });
    }

    /// A field that has to be there, and not empty.
    fn required(&mut self, topic: Topic, holder: &Place<'_>, name: &str, why: &'static str) {
        let place = holder.child(name);
        if place.is_missing() {
            self.say(
                topic,
                &place,
                Fault::Required(why),
                format!("{} without `{name}`", holder.called()),
                format!("needs `{name}`"),
            );
        } else if place.is_empty() {
            self.say(
                topic,
                &place,
                Fault::Required(why),
                format!("`{name}` is empty"),
                "needs a value",
            );
        }
    }

    /// A text that has to have a form; `false` when it has not.
    fn format(&mut self, topic: Topic, place: &Place<'_>, format: Format) -> bool {
        let field = place.path();
        self.format_at(topic, place, field, format)
    }

    fn format_at(
        &mut self,
        topic: Topic,
        place: &Place<'_>,
        field: String,
        format: Format,
    ) -> bool {
        let Some(text) = place.value().as_str().filter(|text| !format.fits(text)) else {
            return true;
        };
        let message = format!("{} cannot be {text:?}", place.called());
        self.say_at(
            topic,
            place,
            field,
            Fault::Format(format),
            message,
            format.expected(),
        );
        false
    }

    /// A text that has to be one of some words; the empty one counts as absent.
    fn word(&mut self, topic: Topic, place: &Place<'_>, words: &'static [&'static str]) {
        let field = place.path();
        self.word_at(topic, place, field, words);
    }

    fn word_at(
        &mut self,
        topic: Topic,
        place: &Place<'_>,
        field: String,
        words: &'static [&'static str],
    ) {
        let Some(text) = place
            .value()
            .as_str()
            .filter(|text| !text.is_empty() && !words.contains(text))
        else {
            return;
        };
        let message = format!("{} cannot be `{text}`", place.called());
        let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        let label = match quoted.as_slice() {
            [first @ .., last] if !first.is_empty() => {
                format!("expected {} or {last}", first.join(", "))
            }
            words => format!("expected {}", words.concat()),
        };
        self.say_at(
            topic,
            place,
            field,
            Fault::Unsupported(words),
            message,
            label,
        );
    }

    /// A number in a range, ends included.
    fn range(
        &mut self,
        topic: Topic,
        place: &Place<'_>,
        (least, most): (i64, i64),
        why: &str,
        expected: &str,
    ) {
        if let Some(number) = place
            .value()
            .as_i64()
            .filter(|number| !(least..=most).contains(number))
        {
            self.say(
                topic,
                place,
                Fault::Invalid(why.to_owned()),
                format!("{} is {number}", place.called()),
                expected,
            );
        }
    }
}
