//! The demo queue: a number of items over HTTP that finished pods take from.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// The state of the queue, as `GET /sandbox/queue` answers it.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(super) struct State {
    pub(super) items: u64,
    pub(super) taken: u64,
    pub(super) added: u64,
}

/// What `POST /sandbox/queue` asks for.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    add: Option<u64>,
    set: Option<u64>,
}

/// The queue behind its lock.
#[derive(Debug)]
pub(super) struct Queue(Mutex<State>);

impl Queue {
    pub(super) fn new(items: u64) -> Self {
        Self(Mutex::new(State {
            items,
            taken: 0,
            added: items,
        }))
    }

    fn inner(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read(&self) -> State {
        *self.inner()
    }

    /// Sets first, then adds.
    pub(super) fn change(&self, change: Change) -> State {
        let mut inner = self.inner();
        if let Some(items) = change.set {
            inner.added = inner
                .added
                .saturating_add(items.saturating_sub(inner.items));
            inner.items = items;
        }
        if let Some(items) = change.add {
            inner.items = inner.items.saturating_add(items);
            inner.added = inner.added.saturating_add(items);
        }
        *inner
    }

    /// Takes items, never more than there are.
    pub(super) fn take(&self, items: u64) {
        let mut inner = self.inner();
        let taken = items.min(inner.items);
        inner.items -= taken;
        inner.taken += taken;
    }
}
