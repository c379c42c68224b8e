//! Scalers that are kept from one reading to the next.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;

use super::fake::{Cluster, Objects, answer, flat, job, options, serve, trigger};
use crate::api::{DataObject, TriggerAuthentication};
use crate::auth::{LookupError, ObjectSource};
use crate::scalers::{KeptScalers, ReadOptions, read_triggers};

/// Secret `s` with the key `token`, which can be changed and counts how often it is looked up.
struct Changing {
    token: Mutex<String>,
    lookups: AtomicUsize,
}

impl Changing {
    fn new(token: &str) -> Self {
        Self {
            token: Mutex::new(token.to_owned()),
            lookups: AtomicUsize::new(0),
        }
    }

    fn change(&self, token: &str) {
        token.clone_into(&mut self.token.lock().unwrap());
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::SeqCst)
    }

    fn now(&self) -> Objects {
        Objects::new(&[("token", &self.token.lock().unwrap())])
    }
}

#[async_trait]
impl ObjectSource for Changing {
    async fn secret(&self, namespace: &str, name: &str) -> Result<Option<DataObject>, LookupError> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let now = self.now();
        now.secret(namespace, name).await
    }

    async fn config_map(&self, _: &str, _: &str) -> Result<Option<DataObject>, LookupError> {
        Ok(None)
    }

    async fn authentication(
        &self,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<TriggerAuthentication>, LookupError> {
        let now = self.now();
        now.authentication(namespace, name).await
    }
}

fn keeping() -> ReadOptions {
    ReadOptions {
        kept: Some(KeptScalers::default()),
        ..options()
    }
}

/// Reads a metrics-api trigger at `url` once, whose token is in the Secret.
async fn read(url: &str, objects: &Changing, options: &ReadOptions) -> Result<(f64, bool), String> {
    let metadata = [
        ("url", url),
        ("valueLocation", "n"),
        ("targetValue", "1"),
        ("authMode", "bearer"),
    ];
    let job = job(vec![trigger(0, "metrics-api", &metadata, true)]);
    let cluster = Arc::new(Cluster::default());
    let mut readings = read_triggers(&job, &job.triggers, "ns", objects, cluster, options).await;
    flat(readings.remove(0).outcome)
}

#[tokio::test]
async fn objects_are_looked_up_once() {
    let (address, seen) = serve(vec![answer(200, "{\"n\":5}")]).await;
    let url = format!("http://{address}/");
    let (objects, keeping) = (Changing::new("first"), keeping());
    for _ in 0..3 {
        assert_eq!(read(&url, &objects, &keeping).await, Ok((5.0, true)));
    }
    assert_eq!(objects.lookups(), 1);
    assert_eq!(seen.lock().unwrap().len(), 3);
    // Without it each reading looks for itself, as `plan` does.
    for _ in 0..3 {
        assert_eq!(read(&url, &objects, &options()).await, Ok((5.0, true)));
    }
    assert_eq!(objects.lookups(), 4);
}

#[tokio::test]
async fn a_changed_secret_is_seen_when_the_old_one_is_refused() {
    let answers = [(200, "{\"n\":5}"), (401, "no"), (200, "{\"n\":6}")];
    let answers = answers.map(|(status, body)| answer(status, body));
    let (address, seen) = serve(answers.to_vec()).await;
    let url = format!("http://{address}/");
    let (objects, keeping) = (Changing::new("first"), keeping());
    assert_eq!(read(&url, &objects, &keeping).await, Ok((5.0, true)));
    objects.change("second");
    assert_eq!(read(&url, &objects, &keeping).await, Ok((6.0, true)));
    // What was built anew is kept in its turn.
    assert_eq!(read(&url, &objects, &keeping).await, Ok((6.0, true)));
    assert_eq!(objects.lookups(), 2);
    let tokens: Vec<bool> = seen
        .lock()
        .unwrap()
        .iter()
        .map(|request| request.contains("Bearer second"))
        .collect();
    assert_eq!(tokens, [false, false, true, true]);
}

#[tokio::test]
async fn a_changed_secret_is_seen_after_some_minutes() {
    let (address, seen) = serve(vec![answer(200, "{\"n\":5}")]).await;
    let url = format!("http://{address}/");
    let (objects, keeping) = (Changing::new("first"), keeping());
    assert_eq!(read(&url, &objects, &keeping).await, Ok((5.0, true)));
    objects.change("second");
    for (minutes, lookups) in [(3, 1), (2, 2), (3, 2)] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_mins(minutes)).await;
        tokio::time::resume();
        assert_eq!(read(&url, &objects, &keeping).await, Ok((5.0, true)));
        assert_eq!(objects.lookups(), lookups);
    }
    assert!(seen.lock().unwrap()[2].contains("Bearer second"));
}

/// Some know something of their last reading: excludePersistentLag of Kafka.
#[tokio::test]
async fn a_scaler_stays_the_same_while_what_is_looked_up_stays_the_same() {
    let (address, _) = serve(vec![answer(200, "{\"n\":5}")]).await;
    let url = format!("http://{address}/");
    let (objects, keeping) = (Changing::new("first"), keeping());
    let later = async || {
        tokio::time::pause();
        tokio::time::advance(Duration::from_mins(6)).await;
        tokio::time::resume();
        assert_eq!(read(&url, &objects, &keeping).await, Ok((5.0, true)));
        keeping.kept.as_ref().unwrap().only()
    };
    let first = later().await;
    let second = later().await;
    assert_eq!(objects.lookups(), 2);
    assert!(Arc::ptr_eq(&first, &second));
    objects.change("second");
    let third = later().await;
    assert!(!Arc::ptr_eq(&second, &third));
    assert_eq!(objects.lookups(), 3);
}

#[tokio::test]
async fn a_scaler_that_fails_is_not_kept() {
    let answers = [
        (500, ""),
        (500, ""),
        (200, "{\"n\":5}"),
        (500, ""),
        (500, ""),
        (200, "{\"n\":6}"),
    ];
    let answers = answers.map(|(status, body)| answer(status, body));
    let (address, _) = serve(answers.to_vec()).await;
    let url = format!("http://{address}/");
    let (objects, keeping) = (Changing::new("first"), keeping());
    let mut lookups = Vec::new();
    let mut succeeded = Vec::new();
    for _ in 0..4 {
        succeeded.push(read(&url, &objects, &keeping).await.is_ok());
        lookups.push(objects.lookups());
    }
    assert_eq!(succeeded, [false, true, false, true]);
    assert_eq!(lookups, [2, 3, 4, 5]);
}
