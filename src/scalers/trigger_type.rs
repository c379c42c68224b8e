//! One trigger type: its name, its parameters and what builds it.

use super::params::{ParameterSpec, Resolved};
use super::{BuildError, Scaler, ScalerContext};

/// A trigger type that this program knows in full.
#[derive(Debug)]
pub struct TriggerType {
    /// KEDA's `type`.
    pub name: &'static str,
    /// The folder it lives in: `redis`, `http` …
    pub family: &'static str,
    /// Its parameters, in groups so that types can share one.
    pub parameters: &'static [&'static [ParameterSpec]],
    /// What the number that it reads counts, one line.
    pub counts: &'static str,
    /// Where the target of its metric comes from.
    pub target: Target,
    /// The parameter that a value must exceed to make it active; 0 where there is none.
    pub activation: Option<&'static str>,
    /// What it does on a ScaledJob.
    pub behaviour: Behaviour,
}

/// Where a target comes from.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// Always the same.
    Fixed(f64),
    /// The first of these parameters that is given, or that number.
    Parameter(&'static [&'static str], f64),
}

/// What a trigger type does on a ScaledJob.
#[derive(Debug, Clone, Copy)]
pub enum Behaviour {
    /// It is read.
    Reads(Build),
    /// It has no effect; the text says why.
    Skipped(&'static str),
}

/// Makes a scaler. It must not do I/O: sources are asked in [`Scaler::read`].
pub type Build = fn(&ScalerContext<'_>, &Resolved) -> Result<Box<dyn Scaler>, BuildError>;

impl TriggerType {
    /// All its parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &'static ParameterSpec> {
        self.parameters.iter().flat_map(|group| group.iter())
    }

    /// The parameter that `name` names, canonically or by an alias.
    pub fn parameter(&self, name: &str) -> Option<&'static ParameterSpec> {
        self.parameters().find(|spec| spec.names.contains(&name))
    }
}
