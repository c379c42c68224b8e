//! Triggers that ask nobody.

pub(super) mod cpu;
pub(super) mod cron;
mod cron_schedule;
pub(super) mod memory;
