//! Scalers that are kept from one cycle to the next, as KEDA keeps them: built at an object's first reading, and anew after a reading
//! that failed. Other than KEDA, which sees a changed Secret only then, what was taken from objects is looked up again now and then.
//! [KEDA `pkg/scaling/scale_handler.go`, `pkg/scaling/cache/scalers_cache.go`]

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::Scaler;
use super::params::Resolved;
use crate::api::{DataObject, PodIdentity, TriggerAuthentication};
use crate::auth::{LookupError, ObjectSource};

/// How long a scaler is kept whose parameters come from Secrets, ConfigMaps or TriggerAuthentications. Looked up for every reading, they
/// would be most of what an idle run asks the API server for.
const LOOKED_UP_FOR: Duration = Duration::from_mins(5);

/// The scalers of a run whose last reading succeeded. Its ScaledJobs must stay the same.
#[derive(Clone, Default)]
pub struct KeptScalers {
    by_trigger: Arc<Mutex<HashMap<TriggerId, ReadyScaler>>>,
}

/// Namespace and name of the ScaledJob, and the trigger's index.
pub(super) type TriggerId = (String, String, usize);

/// What a scaler is built from, beside its manifest.
#[derive(PartialEq)]
pub(super) struct Parts {
    pub(super) parameters: Resolved,
    pub(super) pod_identity: Option<PodIdentity>,
}

/// A scaler that can be asked.
pub(super) struct ReadyScaler {
    pub(super) scaler: Arc<dyn Scaler>,
    /// `None` where it was built from the manifest alone.
    looked_up: Option<LookedUp>,
}

/// What objects gave, and how long it is believed.
struct LookedUp {
    parts: Parts,
    until: Instant,
}

impl ReadyScaler {
    /// A scaler that was just built from `parts`; `looked_up` where an [`ObjectSource`] was asked for them.
    pub(super) fn new(scaler: Box<dyn Scaler>, parts: Parts, looked_up: bool) -> Self {
        Self {
            scaler: scaler.into(),
            looked_up: looked_up.then(|| LookedUp {
                parts,
                until: until(),
            }),
        }
    }

    /// Whether what it was built from is to be looked up again.
    pub(super) fn is_old(&self) -> bool {
        let looked_up = self.looked_up.as_ref();
        looked_up.is_some_and(|looked_up| looked_up.until <= Instant::now())
    }

    /// Whether `parts`, looked up again, are what it was built from: then it stays, with what it knows of its readings, and is believed
    /// for as long again.
    pub(super) fn is_still_of(&mut self, parts: &Parts) -> bool {
        let Some(looked_up) = self.looked_up.as_mut().filter(|old| old.parts == *parts) else {
            return false;
        };
        looked_up.until = until();
        true
    }
}

/// Not the same for all objects of a run, which began together.
fn until() -> Instant {
    Instant::now() + LOOKED_UP_FOR.mul_f64(1.0 - fastrand::f64() / 5.0)
}

impl fmt::Debug for KeptScalers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeptScalers")
    }
}

impl KeptScalers {
    /// Takes the scaler of a trigger out: one whose reading fails, or is not waited for, is not there any more.
    pub(super) fn take(&self, id: &TriggerId) -> Option<ReadyScaler> {
        self.lock().remove(id)
    }

    /// Puts a scaler (back) in, after a reading that succeeded.
    pub(super) fn put(&self, id: TriggerId, ready: ReadyScaler) {
        self.lock().insert(id, ready);
    }

    /// The only one that is kept.
    #[cfg(test)]
    pub(super) fn only(&self) -> Arc<dyn Scaler> {
        let kept = self.lock();
        let mut all = kept.values();
        let only = all.next().expect("a scaler is kept");
        assert!(all.next().is_none());
        Arc::clone(&only.scaler)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TriggerId, ReadyScaler>> {
        self.by_trigger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Objects, with whether one was asked for.
pub(super) struct Asked<'a> {
    objects: &'a dyn ObjectSource,
    asked: AtomicBool,
}

impl<'a> Asked<'a> {
    pub(super) fn new(objects: &'a dyn ObjectSource) -> Self {
        Self {
            objects,
            asked: AtomicBool::new(false),
        }
    }

    /// Whether an object was asked for.
    pub(super) fn any(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    fn note(&self) -> &dyn ObjectSource {
        self.asked.store(true, Ordering::Relaxed);
        self.objects
    }
}

#[async_trait]
impl ObjectSource for Asked<'_> {
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<DataObject>, LookupError> {
        self.note().secret(namespace, name).await
    }

    async fn config_map(
        &self,
        namespace: &str,
        name: &str,
    ) -> Result<Option<DataObject>, LookupError> {
        self.note().config_map(namespace, name).await
    }

    async fn authentication(
        &self,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<TriggerAuthentication>, LookupError> {
        self.note().authentication(namespace, name).await
    }
}
