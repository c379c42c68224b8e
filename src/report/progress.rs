//! A bar on stderr while Jobs are created; nothing at all where stderr is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::event::Event;

/// The bar.
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar, shown when it is `wanted` and stderr is a terminal.
    pub fn new(wanted: bool) -> Self {
        // indicatif hides a bar on stderr by itself when stderr is no terminal.
        let target = if wanted {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} of {len} Jobs created") {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Moves with what happens.
    pub fn see(&self, event: &Event) {
        match event {
            Event::Planned { plan } => {
                self.bar
                    .inc_length(u64::try_from(plan.decision.create).unwrap_or_default());
            }
            Event::Created { .. } => self.bar.inc(1),
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
