//! Triggers that ask what runs builds and browser sessions.

pub(super) mod azure_pipelines;
pub(super) mod forgejo_runner;
pub(super) mod github_runner;
pub(super) mod selenium_grid;
