//! KEDA's job scaling from outside the cluster.

pub mod api;
pub mod auth;
pub mod cluster;
pub mod commands;
pub mod diagnostic;
pub mod engine;
pub mod manifest;
pub mod planner;
pub mod report;
pub mod sandbox;
pub mod scalers;
