//! One trigger type: its name, its parameters, what its reading means and what builds it.

use super::given::{Given, Problem};
use super::history::Era;
use super::params::{ParameterSpec, Resolved};
use super::{BuildError, Scaler, ScalerContext};
use crate::api::KedaVersion;
use crate::api::facts::InFlight;

/// A trigger type of KEDA.
#[derive(Debug)]
pub struct TriggerType {
    /// KEDA's `type`.
    pub name: &'static str,
    /// The folder it lives in: `redis`, `http` …
    pub family: &'static str,
    /// Its parameters, in groups so that types can share one.
    pub parameters: &'static [&'static [ParameterSpec]],
    /// Keys beside its parameters.
    pub other_keys: OtherKeys,
    /// What the number that it reads counts, one line.
    pub counts: &'static str,
    /// Whether that number includes work in flight.
    pub work: Work,
    /// Where the target of its metric comes from.
    pub target: Target,
    /// The parameter that a value must exceed to make it active; 0 where there is none.
    pub activation: Option<&'static str>,
    /// It is active from its target on, whatever `activation` says.
    pub active_from_target: bool,
    /// Rules over several of its parameters.
    pub check: Check,
    /// The first version of KEDA that has it.
    pub since: KedaVersion,
    /// When its parameters came and went, in groups so that types can share one.
    pub history: &'static [&'static [Era]],
    /// The first version of KEDA without it, and what to use instead.
    pub dropped: Option<(KedaVersion, &'static str)>,
    /// The first version that advises against it, and why.
    pub deprecated: Option<(KedaVersion, &'static str)>,
    /// What it does on a ScaledJob.
    pub behaviour: Behaviour,
}

impl TriggerType {
    /// What is usual: a type that KEDA has had since 2.0, whose parameters are right when each is, and which cannot be read yet.
    pub const USUAL: Self = Self {
        name: "",
        family: "",
        parameters: &[],
        other_keys: OtherKeys::None,
        counts: "",
        work: Work::Is(InFlight::Unknown, ""),
        target: Target::Fixed(0.0),
        activation: None,
        active_from_target: false,
        check: nothing_to_check,
        since: KedaVersion::new(0, 0),
        history: &[],
        dropped: None,
        deprecated: None,
        behaviour: Behaviour::Unread,
    };

    /// All its parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &'static ParameterSpec> {
        self.parameters.iter().flat_map(|group| group.iter())
    }

    /// The parameter that `name` names, canonically or by an alias.
    pub fn parameter(&self, name: &str) -> Option<&'static ParameterSpec> {
        self.parameters().find(|spec| spec.names.contains(&name))
    }
}

/// Metadata keys that a type takes beside its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherKeys {
    /// None: any other key is a mistake.
    None,
    /// Keys that begin so.
    Prefix(&'static str),
    /// All: they are handed on.
    All,
}

impl OtherKeys {
    /// Whether `key` is one of them.
    pub fn contain(self, key: &str) -> bool {
        match self {
            Self::None => false,
            Self::Prefix(prefix) => key.starts_with(prefix),
            Self::All => true,
        }
    }
}

/// Where a target comes from.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// Always the same.
    Fixed(f64),
    /// The first of these parameters that is given, or that number.
    Parameter(&'static [&'static str], f64),
    /// The parameter that this names.
    Chosen(fn(&Given<'_>) -> &'static str),
    /// The source says it.
    Unknown,
}

/// Whether a reading includes work that a Job has taken and not finished.
#[derive(Debug, Clone, Copy)]
pub enum Work {
    /// Always so; the text says why, as a fragment.
    Is(InFlight, &'static str),
    /// That depends on parameters.
    Depends(fn(&Given<'_>) -> Flight),
}

impl Work {
    /// What is so for the parameters that are given.
    pub fn of(self, given: &Given<'_>) -> Flight {
        match self {
            Self::Is(in_flight, because) => Flight {
                in_flight,
                because,
                switch: None,
            },
            Self::Depends(decide) => decide(given),
        }
    }
}

/// Whether one trigger's reading includes work in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flight {
    /// Whether it does.
    pub in_flight: InFlight,
    /// Why, as a fragment.
    pub because: &'static str,
    /// The parameter and the value that make it the other way around.
    pub switch: Option<(&'static str, &'static str)>,
}

impl Flight {
    /// Without a switch.
    pub const fn fixed(in_flight: InFlight, because: &'static str) -> Self {
        Self {
            in_flight,
            because,
            switch: None,
        }
    }

    /// `parameter: value` makes it the other way around.
    pub const fn unless(mut self, parameter: &'static str, value: &'static str) -> Self {
        self.switch = Some((parameter, value));
        self
    }
}

/// What a trigger type does on a ScaledJob.
#[derive(Debug, Clone, Copy)]
pub enum Behaviour {
    /// It is read.
    Reads(Build),
    /// It is checked in full and cannot be read yet.
    Unread,
    /// It has no effect; the text says why.
    Skipped(&'static str),
}

/// Makes a scaler. It must not do I/O: sources are asked in [`Scaler::read`].
pub type Build = fn(&ScalerContext<'_>, &Resolved) -> Result<Box<dyn Scaler>, BuildError>;

/// Finds what is wrong with parameters that are right one by one. What may come from elsewhere is not called wrong.
pub type Check = fn(&Given<'_>, &mut Vec<Problem>);

fn nothing_to_check(_: &Given<'_>, _: &mut Vec<Problem>) {}
