//! One list and the watch that follows it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use kube::Api;
use kube::api::{ApiResource, WatchEvent, WatchParams};
use kube::core::Status;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use super::store::{Items, State};
use crate::cluster::inventory::SlimObject;
use crate::cluster::objects::list_pages;
use crate::cluster::{Cluster, ClusterError, ClusterErrorKind};

/// A watch that has said nothing for this long is not believed: bookmarks come about every minute.
const SILENCE: Duration = Duration::from_mins(3);
/// A watch that has been open for this long works.
const SETTLED: Duration = Duration::from_secs(1);
/// Pauses between attempts grow from the first to the last.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));
/// Lists that are asked for do not follow each other faster: so long for each object that may ask, within these bounds. Where many
/// ask, as when a run acquires its leases, they share a list; where one asks, it need not wait.
const PAUSE_PER_OBJECT: Duration = Duration::from_millis(5);
const LEAST_PAUSES: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// Most ended objects of a bucket that are kept until somebody asks, as where another run holds the lease.
const MOST_ENDED: usize = 256;

/// Where an object is kept; none when it is not.
pub(super) type Place = Box<dyn Fn(&SlimObject) -> Option<String> + Send + Sync>;

/// What a feed is to follow.
pub(super) struct Options<'a> {
    pub(super) namespace: &'a str,
    /// `jobs.batch`.
    pub(super) resource: &'a str,
    /// Label selector.
    pub(super) selector: String,
    /// A watch follows each list; else there are only the lists that are asked for.
    pub(super) watch: bool,
    /// How many ScaledJobs may ask.
    pub(super) objects: usize,
    /// It was said that this may not be watched. Shared by those for whom the same right is needed.
    pub(super) warned: Arc<AtomicBool>,
}

/// Objects by bucket that had ended when they were deleted, and were not told of yet.
type Ended<T> = Arc<Mutex<HashMap<String, VecDeque<T>>>>;

/// The objects of one resource, namespace and selector. Nothing is asked for before somebody wants to know. Ends when it is dropped.
pub(super) struct Feed<T> {
    state: watch::Receiver<State<T>>,
    ended: Ended<T>,
    /// A list is wanted that begins then or later.
    demand: watch::Sender<Option<Instant>>,
    task: JoinHandle<()>,
    list_operation: String,
    /// Longest wait for a list that was asked for.
    patience: Duration,
}

impl<T> Drop for Feed<T> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl<T> Feed<T>
where
    T: From<SlimObject> + Send + Sync + 'static,
{
    /// `ends` says of an object that was deleted whether it had ended before.
    pub(super) fn start<K>(
        cluster: &Cluster,
        options: Options<'_>,
        place: Place,
        ends: fn(&T) -> bool,
    ) -> Self
    where
        K: kube::Resource<DynamicType = ()>,
    {
        let Options {
            namespace,
            resource,
            selector,
            watch,
            objects,
            warned,
        } = options;
        let (sender, state) = watch::channel(State::new(watch));
        let (demand, demanded) = watch::channel(None);
        let ended = Ended::default();
        let (least, most) = LEAST_PAUSES;
        let list_operation = format!("list {resource} in namespace {namespace}");
        let follower = Follower {
            api: Api::namespaced_with(
                cluster.client.clone(),
                namespace,
                &ApiResource::erase::<K>(&()),
            ),
            cluster: cluster.clone(),
            watch_operation: format!("watch {resource} in namespace {namespace}"),
            list_operation: list_operation.clone(),
            selector,
            place,
            ends,
            ended: Arc::clone(&ended),
            state: sender,
            watch,
            least_pause: PAUSE_PER_OBJECT
                .saturating_mul(u32::try_from(objects).unwrap_or(u32::MAX))
                .clamp(least, most),
            demand: Demand {
                wanted: demanded,
                began: None,
            },
            failures: 0,
            warned,
        };
        Self {
            state,
            ended,
            demand,
            task: tokio::spawn(follower.follow()),
            list_operation,
            // The list under way may have to end first.
            patience: cluster.request_timeout() * 2 + Duration::from_secs(1),
        }
    }

    /// What is known now. Not to be held across an await.
    pub(super) fn read(&self) -> watch::Ref<'_, State<T>> {
        self.state.borrow()
    }

    /// What [`Self::take_ended`] would give.
    pub(super) fn ended(&self, bucket: &str) -> VecDeque<T>
    where
        T: Clone,
    {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.get(bucket).cloned().unwrap_or_default()
    }

    /// The objects of a bucket that had ended when they were deleted since this was asked last: a watch alone shows them.
    pub(super) fn take_ended(&self, bucket: &str) -> VecDeque<T> {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.remove(bucket).unwrap_or_default()
    }

    /// Waits until what is known can be given out and, with `since`, contains a list that began then or later.
    pub(super) async fn ready(&self, since: Option<Instant>) -> Result<(), ClusterError> {
        let now = Instant::now();
        let mut state = self.state.clone();
        // None: any list will do, as there was none yet.
        let wanted = {
            let known = state.borrow();
            let new_enough =
                since.is_none_or(|since| known.as_of.is_some_and(|as_of| as_of >= since));
            if new_enough && known.can_be_vouched_for(now) {
                return Ok(());
            }
            match since {
                None if !known.attempted() => None,
                Some(since) if !known.attempted_since(since) => Some(since),
                _ => Some(now),
            }
        };
        self.demand.send_if_modified(|demand| {
            let newer = demand.is_none_or(|before| wanted.is_some_and(|wanted| wanted > before));
            if newer {
                *demand = Some(wanted.unwrap_or(now));
            }
            newer
        });
        let ended = state.wait_for(|known| match wanted {
            Some(wanted) => known.attempted_since(wanted),
            None => known.attempted(),
        });
        match tokio::time::timeout(self.patience, ended).await {
            Ok(Ok(known)) => known.failure().cloned().map_or(Ok(()), Err),
            Ok(Err(_)) => Err(ClusterError {
                kind: ClusterErrorKind::Other,
                operation: self.list_operation.clone(),
                message: "the run is ending".to_owned(),
                causes: Vec::new(),
            }),
            Err(_) => Err(ClusterError::timeout(&self.list_operation, self.patience)),
        }
    }
}

/// What keeps a feed's state.
struct Follower<T> {
    cluster: Cluster,
    api: Api<SlimObject>,
    list_operation: String,
    watch_operation: String,
    selector: String,
    place: Place,
    ends: fn(&T) -> bool,
    ended: Ended<T>,
    state: watch::Sender<State<T>>,
    /// A watch follows each list.
    watch: bool,
    /// From the beginning of one list to that of the next.
    least_pause: Duration,
    demand: Demand,
    /// Attempts in a row that came to nothing.
    failures: u32,
    warned: Arc<AtomicBool>,
}

/// What lists are wanted.
#[derive(Clone)]
struct Demand {
    wanted: watch::Receiver<Option<Instant>>,
    /// When the last list began.
    began: Option<Instant>,
}

impl Demand {
    /// Ends when a list is wanted that the last one cannot stand for.
    async fn wait(&mut self) {
        let began = self.began;
        let nobody_asks = self
            .wanted
            .wait_for(|wanted| *wanted > began)
            .await
            .is_err();
        if nobody_asks {
            // The feed is being dropped.
            std::future::pending::<()>().await;
        }
    }
}

/// How a watch ended.
enum End {
    /// As watches do, after a while; the next goes on from where this one was.
    InOrder,
    /// A list is asked for.
    Demand,
    /// What follows is not known: list anew.
    Lost(String),
    /// Try again from where it was.
    Broken(ClusterError),
}

impl<T> Follower<T>
where
    T: From<SlimObject> + Send + Sync + 'static,
{
    async fn follow(mut self) {
        self.demand.wait().await;
        loop {
            let began = Instant::now();
            self.demand.began = Some(began);
            match self.list().await {
                Ok((items, version)) => {
                    self.state.send_modify(|state| state.listed(items, began));
                    if self.watch {
                        self.watch(version).await;
                    } else {
                        self.failures = 0;
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, selector = self.selector, "the list failed");
                    self.state
                        .send_modify(|state| state.list_failed(began, error));
                    self.pause().await;
                }
            }
            sleep_until(began + self.least_pause).await;
            if !self.watch {
                self.demand.wait().await;
            }
        }
    }

    async fn list(&self) -> Result<(Items<T>, String), ClusterError> {
        let mut items = Items::default();
        let version = list_pages(
            &self.cluster,
            &self.api,
            &self.list_operation,
            &self.selector,
            |first, page| {
                if first {
                    items = Items::default();
                }
                for object in page {
                    self.put(&mut items, object);
                }
            },
        )
        .await?;
        Ok((items, version))
    }

    fn put(&self, items: &mut Items<T>, object: SlimObject) {
        let Some(name) = object.metadata.name.clone() else {
            return;
        };
        match (self.place)(&object) {
            Some(place) => items.put(place, name, object.into()),
            None => items.remove(&name),
        }
    }

    /// Watches from `version` until a list is needed.
    async fn watch(&mut self, mut version: String) {
        loop {
            let end = self.watch_once(&mut version).await;
            let error = match &end {
                End::Broken(error) => Some(error),
                _ => None,
            };
            self.state
                .send_modify(|state| state.watch_ended(Instant::now(), error));
            match end {
                End::InOrder => {}
                End::Demand => return,
                End::Lost(why) => {
                    tracing::debug!(why, operation = self.watch_operation, "listing anew");
                    self.pause().await;
                    return;
                }
                End::Broken(error) => {
                    tracing::debug!(%error, selector = self.selector, "the watch broke");
                    if error.kind == ClusterErrorKind::Forbidden
                        && !self.warned.swap(true, Ordering::Relaxed)
                    {
                        tracing::warn!("{error}; every cycle lists instead");
                    }
                    if self.pause().await {
                        return;
                    }
                }
            }
        }
    }

    /// Waits a while, longer after each failure in a row, with jitter; true when a list is asked for meanwhile. 429 and 503 with
    /// Retry-After were waited out by kube's client before they came here.
    async fn pause(&mut self) -> bool {
        let (first, last) = PAUSES;
        let pause = (first * 2_u32.pow(self.failures.min(10))).min(last);
        self.failures += 1;
        tokio::select! {
            biased;
            () = self.demand.wait() => true,
            () = sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)) => false,
        }
    }

    async fn watch_once(&mut self, version: &mut String) -> End {
        let parameters = WatchParams::default().labels(&self.selector);
        let mut demand = self.demand.clone();
        let opened = tokio::select! {
            biased;
            () = demand.wait() => return End::Demand,
            opened = self.cluster.request(&self.watch_operation, self.api.watch(&parameters, version)) => opened,
        };
        let mut events = match opened {
            Ok(events) => events.boxed(),
            Err(error) if error.kind == ClusterErrorKind::Expired => {
                return End::Lost(error.message);
            }
            Err(error) => return End::Broken(error),
        };
        let opened = Instant::now();
        let mut heard = opened;
        let mut settled = false;
        loop {
            let event = tokio::select! {
                biased;
                () = demand.wait() => return End::Demand,
                () = sleep_until(opened + SETTLED), if !settled => {
                    settled = true;
                    self.works();
                    continue;
                }
                event = events.next() => event,
                () = sleep_until(heard + SILENCE) => {
                    return End::Lost(format!("silent for {SILENCE:?}"));
                }
            };
            let event = match event {
                Some(Ok(WatchEvent::Error(status))) => return self.refused(status),
                Some(Ok(event)) => event,
                Some(Err(error)) => {
                    return End::Broken(ClusterError::from_kube(&self.watch_operation, &error));
                }
                None if settled => return End::InOrder,
                None => {
                    return End::Broken(ClusterError {
                        kind: ClusterErrorKind::Unavailable,
                        operation: self.watch_operation.clone(),
                        message: "it ended as soon as it began".to_owned(),
                        causes: Vec::new(),
                    });
                }
            };
            heard = Instant::now();
            if !settled {
                settled = true;
                self.works();
            }
            let seen = self.take(event);
            if let Some(seen) = seen.filter(|seen| !seen.is_empty()) {
                *version = seen;
            }
        }
    }

    /// A TTL may delete an object between two cycles: how it ended is told all the same.
    fn remember_end(&self, bucket: String, object: T) {
        if !(self.ends)(&object) {
            return;
        }
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = ended.entry(bucket).or_default();
        if ended.len() == MOST_ENDED {
            ended.pop_front();
        }
        ended.push_back(object);
    }

    fn refused(&self, status: Box<Status>) -> End {
        let error = ClusterError::from_kube(&self.watch_operation, &kube::Error::Api(status));
        // After any ERROR event the place in the history is not to be relied on.
        End::Lost(error.message)
    }

    fn works(&mut self) {
        self.failures = 0;
        self.state.send_modify(State::watch_works);
    }

    /// Takes an event in; gives the resource version to go on from.
    fn take(&self, event: WatchEvent<SlimObject>) -> Option<String> {
        match event {
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                let version = object.metadata.resource_version.clone();
                self.state
                    .send_modify(|state| self.put(&mut state.items, object));
                version
            }
            WatchEvent::Deleted(object) => {
                let name = object.metadata.name.clone().unwrap_or_default();
                let version = object.metadata.resource_version.clone();
                self.state.send_modify(|state| state.items.remove(&name));
                if let Some(bucket) = (self.place)(&object) {
                    self.remember_end(bucket, object.into());
                }
                version
            }
            WatchEvent::Bookmark(bookmark) => Some(bookmark.metadata.resource_version),
            WatchEvent::Error(_) => None,
        }
    }
}
