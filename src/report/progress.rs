//! A bar on stderr while Jobs are created or deleted; nothing at all where stderr is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::event::Event;

/// The bar.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar of Jobs that are created, shown when it is `wanted` and stderr is a terminal. How many there will be it learns from
    /// the plans.
    pub fn of_creations(wanted: bool) -> Self {
        Self::new(wanted, 0, "{spinner} {pos} of {len} Jobs created")
    }

    /// A bar of `count` Jobs that are deleted, shown as [`Self::of_creations`].
    pub fn of_deletions(wanted: bool, count: usize) -> Self {
        Self::new(wanted, count, "{spinner} {pos} of {len} Jobs deleted")
    }

    fn new(wanted: bool, count: usize, template: &str) -> Self {
        // indicatif hides a bar on stderr by itself when stderr is no terminal.
        let target = if wanted {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(count), target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// One more is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// Moves with what happens.
    pub fn see(&self, event: &Event) {
        match event {
            Event::Planned { plan } => {
                self.bar
                    .inc_length(u64::try_from(plan.decision.create).unwrap_or_default());
            }
            Event::JobsRefused { count, .. } => {
                let length = self.bar.length().unwrap_or_default();
                let refused = u64::try_from(*count).unwrap_or_default();
                self.bar.set_length(length.saturating_sub(refused));
            }
            Event::Created { .. } | Event::CreatedAfterAll { .. } => self.bar.inc(1),
            _ => self.bar.tick(),
        }
    }

    /// Writes lines without tearing the bar.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
