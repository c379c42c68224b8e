//! Watches: the history of the store as a stream of JSON lines.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::Shared;
use super::events;
use super::failure::Failure;
use super::faults::WatchFault;
use super::read::{self, Filter};
use super::request::{Request, Shape, Target};
use super::store::{Change, ChangeKind};
use super::table;

/// A watch that runs until its timeout, a fault or the client ends it.
pub(super) struct Watch {
    shared: Arc<Shared>,
    request: Request,
    target: Target,
    filter: Filter,
    shape: Shape,
    bookmarks: bool,
    /// Everything up to this revision was sent.
    cursor: u64,
    ready: VecDeque<Bytes>,
    news: tokio::sync::watch::Receiver<u64>,
    faults: tokio::sync::watch::Receiver<u64>,
    deadline: Instant,
    next_bookmark: Instant,
    /// Table watches say their columns once.
    columns_sent: bool,
    silent: bool,
    over: bool,
}

/// A watch without `timeoutSeconds` ends somewhere between 30 and 60 minutes; here after 30.
const LONGEST: Duration = Duration::from_mins(30);

impl Watch {
    /// Starts a watch; an expired `resourceVersion` becomes an ERROR event, as the API server sends it.
    pub(super) fn start(
        shared: &Arc<Shared>,
        request: &Request,
        target: &Target,
        fault: Option<WatchFault>,
    ) -> Result<Self, Failure> {
        let filter = Filter::read(request, target)?;
        let shape = request.shape()?;
        let timeout = match request.query("timeoutSeconds") {
            None | Some("" | "0") => LONGEST,
            Some(text) => Duration::from_secs(text.parse().map_err(|_| {
                Failure::bad_request(format!(
                    "timeoutSeconds: Invalid value: {text:?}: invalid syntax"
                ))
            })?),
        };
        let initial = request.query("sendInitialEvents");
        if initial.is_some() && request.query("resourceVersionMatch") != Some("NotOlderThan") {
            return Err(Failure::invalid_options(
                "resourceVersionMatch",
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ));
        }
        if initial.is_none() && request.query("resourceVersionMatch").is_some() {
            return Err(Failure::invalid_options(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ));
        }
        let asked = read::revision(request)?;
        let streaming = request.asks("sendInitialEvents");
        let synthetic = match initial {
            Some(_) => streaming,
            None => asked.is_none(),
        };
        let now = Instant::now();
        let faults = shared.faults.news();
        let store = shared.store();
        let mut watch = Self {
            shared: Arc::clone(shared),
            request: request.clone(),
            target: target.clone(),
            filter,
            shape,
            bookmarks: request.asks("allowWatchBookmarks"),
            cursor: asked.unwrap_or_else(|| store.revision()),
            ready: VecDeque::new(),
            news: store.news(),
            faults,
            deadline: now + timeout.min(LONGEST),
            next_bookmark: now + shared.options.bookmark_interval,
            columns_sent: false,
            silent: false,
            over: false,
        };
        if synthetic {
            if asked.is_some_and(|asked| asked > store.revision()) {
                return Err(read::too_large(watch.cursor, store.revision()));
            }
            watch.cursor = store.revision();
            let objects = store.within(target.definition.storage(), target.namespace.as_deref());
            drop(store);
            for object in objects {
                let served = events::served(target.definition, &object);
                if watch.filter.matches(&served) {
                    watch.push("ADDED", &served);
                }
            }
            if streaming && watch.bookmarks {
                watch.bookmark(true);
            }
        } else {
            drop(store);
        }
        if let Some(fault) = fault {
            watch.suffer(fault);
        }
        Ok(watch)
    }

    fn suffer(&mut self, fault: WatchFault) {
        match fault {
            WatchFault::Expire => self.expire(),
            WatchFault::Stop => {
                self.ready.clear();
                self.silent = true;
            }
            WatchFault::End => {
                self.ready.clear();
                self.over = true;
            }
        }
    }

    fn expire(&mut self) {
        let oldest = self.shared.store().oldest();
        let failure = Failure::expired(format!(
            "too old resource version: {} ({oldest})",
            self.cursor
        ));
        self.ready.clear();
        self.ready.push_back(line("ERROR", &failure.status()));
        self.over = true;
    }

    fn push(&mut self, kind: &str, object: &Value) {
        let line = match self.shape {
            Shape::Full => line(kind, object),
            Shape::Metadata => line(kind, &read::partial(object)),
            Shape::Table => {
                let include = self.request.query("includeObject");
                let columns = !self.columns_sent;
                self.columns_sent = true;
                line(
                    kind,
                    &table::of_one(self.target.definition, object, include, columns),
                )
            }
        };
        self.ready.push_back(line);
    }

    fn bookmark(&mut self, end_of_initial: bool) {
        let definition = self.target.definition;
        let mut object = json!({
            "kind": definition.kind,
            "apiVersion": definition.api_version(),
            "metadata": {"resourceVersion": self.cursor.to_string(), "creationTimestamp": null},
        });
        if end_of_initial {
            object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        self.push("BOOKMARK", &object);
        self.next_bookmark = Instant::now() + self.shared.options.bookmark_interval;
    }

    /// Takes what happened since the cursor.
    fn collect(&mut self) {
        let (changes, revision) = {
            let store = self.shared.store();
            (
                store.since(self.target.definition.storage(), self.cursor),
                store.revision(),
            )
        };
        let Some(changes) = changes else {
            return self.expire();
        };
        // A watch from a future revision waits for it.
        self.cursor = self.cursor.max(revision);
        for change in changes {
            self.send(&change);
        }
    }

    /// An object that starts or stops matching the selector is added or deleted for this watch.
    fn send(&mut self, change: &Change) {
        let definition = self.target.definition;
        let object = events::served(definition, &change.object);
        let matched = change
            .previous
            .as_ref()
            .is_some_and(|previous| self.filter.matches(&events::served(definition, previous)));
        let matches = change.kind != ChangeKind::Deleted && self.filter.matches(&object);
        match (matched, matches) {
            (false, true) => self.push("ADDED", &object),
            (true, true) => self.push("MODIFIED", &object),
            (true, false) => self.push("DELETED", &object),
            (false, false) => {}
        }
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.ready.pop_front() {
                return Some(bytes);
            }
            if self.over {
                return None;
            }
            if !self.silent {
                self.news.mark_unchanged();
                self.collect();
                if !self.ready.is_empty() {
                    continue;
                }
            }
            let (silent, bookmarks, next_bookmark) =
                (self.silent, self.bookmarks, self.next_bookmark);
            tokio::select! {
                biased;
                changed = self.news.changed(), if !silent => if changed.is_err() { self.over = true },
                changed = self.faults.changed() => match changed {
                    Ok(()) => if let Some(fault) = self.shared.faults.take_for_watch(&self.request) {
                        self.suffer(fault);
                    },
                    Err(_) => self.over = true,
                },
                () = tokio::time::sleep_until(self.deadline), if !silent => self.over = true,
                () = tokio::time::sleep_until(next_bookmark), if bookmarks && !silent => self.bookmark(false),
            }
        }
    }

    /// The body of the response.
    pub(super) fn stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        futures::stream::unfold(self, |mut watch| async move {
            watch.next().await.map(|bytes| (Ok(bytes), watch))
        })
    }
}

fn line(kind: &str, object: &Value) -> Bytes {
    let mut text = json!({"type": kind, "object": object}).to_string();
    text.push('\n');
    Bytes::from(text)
}
