//! Tests of the planner: KEDA's own answers, and properties that hold for every input.

mod brake;
pub(crate) mod builder;
mod cleanup;
mod limits;
mod properties;
mod vectors;
