//! Credentials that are shared until shortly before they expire.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::scalers::ReadError;

/// Credentials are renewed so long before they expire: what is signed now must still hold when it arrives.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// Something that may expire. What does not say when it expires is not kept: it costs no request, and may be changed on disk.
#[derive(Debug, Clone)]
pub(crate) struct Expiring<T> {
    pub(crate) value: T,
    pub(crate) expires: Option<Timestamp>,
}

type Slot<T> = Arc<tokio::sync::Mutex<Option<Outcome<T>>>>;

/// What the last request came to, and when it did.
#[derive(Debug)]
struct Outcome<T> {
    at: Instant,
    result: Result<Expiring<T>, ReadError>,
}

/// Values by what they are for, of which only the hash is kept: it may hold a key.
#[derive(Debug)]
pub(super) struct Cache<T> {
    slots: Mutex<HashMap<[u8; 32], Slot<T>>>,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self {
            slots: Mutex::default(),
        }
    }
}

impl<T: Clone> Cache<T> {
    /// The value for `key` at the time `now`, got with `get` unless one is kept that is good for a while. Who waits while another
    /// asks for the same takes what that one gets, a failure too: thirty triggers without credentials wait once.
    pub(super) async fn get<F>(
        &self,
        key: &str,
        now: Timestamp,
        get: impl FnOnce() -> F,
    ) -> Result<T, ReadError>
    where
        F: Future<Output = Result<Expiring<T>, ReadError>>,
    {
        let asked = Instant::now();
        let slot = {
            let mut slots = self
                .slots
                .lock()
                .expect("no panic happens while the slots are locked");
            Arc::clone(slots.entry(Sha256::digest(key).into()).or_default())
        };
        let mut last = slot.lock().await;
        if let Some(outcome) = &*last {
            let fresh = outcome.at >= asked;
            match &outcome.result {
                Ok(kept) => {
                    let good = kept
                        .expires
                        .is_some_and(|expires| expires.duration_since(now) > MARGIN);
                    if good || fresh {
                        return Ok(kept.value.clone());
                    }
                }
                Err(error) if fresh => return Err(error.clone()),
                Err(_) => {}
            }
        }
        let result = get().await;
        let value = result
            .as_ref()
            .map(|kept| kept.value.clone())
            .map_err(Clone::clone);
        *last = Some(Outcome {
            at: Instant::now(),
            result,
        });
        value
    }
}
