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
use crate::api::{DataObject, TriggerAuthentication};
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

/// A scaler, and how long it may be used.
pub(super) struct ReadyScaler {
    pub(super) scaler: Arc<dyn Scaler>,
    /// `None` where it was built from the manifest alone.
    until: Option<Instant>,
}

impl ReadyScaler {
    /// A scaler that was just built; `looked_up` where an [`ObjectSource`] was asked for its parameters.
    pub(super) fn new(scaler: Box<dyn Scaler>, looked_up: bool) -> Self {
        // Not all at once for the objects of a run, which began together.
        let spread = || LOOKED_UP_FOR.mul_f64(1.0 - fastrand::f64() / 5.0);
        Self {
            scaler: scaler.into(),
            until: looked_up.then(|| Instant::now() + spread()),
        }
    }
}

impl fmt::Debug for KeptScalers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeptScalers")
    }
}

impl KeptScalers {
    /// Takes the scaler of a trigger out: one whose reading fails, or is not waited for, is not there any more.
    pub(super) fn take(&self, id: &TriggerId) -> Option<ReadyScaler> {
        let ready = self.lock().remove(id)?;
        let fresh = ready.until.is_none_or(|until| Instant::now() < until);
        fresh.then_some(ready)
    }

    /// Puts a scaler (back) in, after a reading that succeeded.
    pub(super) fn put(&self, id: TriggerId, ready: ReadyScaler) {
        self.lock().insert(id, ready);
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
