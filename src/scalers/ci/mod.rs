//! Triggers that ask what runs builds and browser sessions.

pub(super) mod azure_pipelines;
pub(super) mod forgejo_runner;
mod github_api;
pub(super) mod github_runner;
mod job_requests;
pub(super) mod selenium_grid;
