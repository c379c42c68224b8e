//! Objects, their revisions and the history that watches read.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::definition::Definition;
use super::object;

/// Namespace (empty for cluster scope) and name.
pub(super) type Key = (String, String);

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// A new object.
    Added,
    /// One that was there before.
    Modified,
    /// It is gone.
    Deleted,
}

/// A write as [`super::Sandbox::observe_writes`] tells it.
#[derive(Debug, Clone, Copy)]
pub struct Written<'a> {
    /// Plural name: `jobs`.
    pub resource: &'static str,
    /// What it did.
    pub kind: ChangeKind,
    /// The object after it; of one that is gone, as it was last.
    pub object: &'a Value,
}

/// Who is told of writes.
type Observe = Box<dyn FnMut(&Written<'_>) + Send>;

struct Observer(Observe);

impl std::fmt::Debug for Observer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Observer")
    }
}

/// One write, kept for watches.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) revision: u64,
    pub(super) definition: &'static Definition,
    pub(super) kind: ChangeKind,
    pub(super) object: Arc<Value>,
    pub(super) previous: Option<Arc<Value>>,
}

/// The whole cluster state.
#[derive(Debug)]
pub(super) struct Store {
    revision: u64,
    /// Changes up to and including this revision are forgotten.
    forgotten: u64,
    /// By group and plural name of the resource.
    objects: BTreeMap<(&'static str, &'static str), BTreeMap<Key, Arc<Value>>>,
    history: VecDeque<Change>,
    history_limit: usize,
    news: watch::Sender<u64>,
    observer: Option<Observer>,
    /// Where each uid lives: owner references are looked up often.
    uids: HashMap<String, (&'static Definition, Key)>,
}

impl Store {
    pub(super) fn new(history_limit: usize) -> Self {
        Self {
            revision: 1,
            forgotten: 0,
            objects: BTreeMap::new(),
            history: VecDeque::new(),
            history_limit: history_limit.max(1),
            news: watch::Sender::new(1),
            observer: None,
            uids: HashMap::new(),
        }
    }

    /// Tells `observer` of every write from now on.
    pub(super) fn observe(&mut self, observer: Observe) {
        self.observer = Some(Observer(observer));
    }

    /// The latest revision: `resourceVersion` of lists.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Told the new revision after every write.
    pub(super) fn news(&self) -> watch::Receiver<u64> {
        self.news.subscribe()
    }

    pub(super) fn get(
        &self,
        definition: &Definition,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<Value>> {
        self.objects
            .get(&definition.key())?
            .get(&(namespace.to_owned(), name.to_owned()))
            .cloned()
    }

    /// All objects of a resource, in the order of namespace and name, as etcd has them.
    pub(super) fn all(&self, definition: &Definition) -> impl Iterator<Item = &Arc<Value>> {
        self.objects
            .get(&definition.key())
            .into_iter()
            .flat_map(BTreeMap::values)
    }

    /// All objects of a resource in one namespace, or everywhere.
    pub(super) fn within(
        &self,
        definition: &Definition,
        namespace: Option<&str>,
    ) -> Vec<Arc<Value>> {
        self.all(definition)
            .filter(|one| namespace.is_none_or(|wanted| object::namespace(one) == wanted))
            .cloned()
            .collect()
    }

    /// The object with a uid.
    pub(super) fn by_uid(&self, uid: &str) -> Option<(&'static Definition, Arc<Value>)> {
        let (definition, (namespace, name)) = self.uids.get(uid)?;
        Some((definition, self.get(definition, namespace, name)?))
    }

    /// Writes a new object; the caller has checked that the name is free.
    pub(super) fn insert(&mut self, definition: &'static Definition, object: Value) -> Arc<Value> {
        self.write(definition, ChangeKind::Added, object, None)
    }

    /// Writes a changed object. Nothing is written, and no event sent, when nothing changed. An object that is being
    /// deleted and whose last finalizer and grace period are gone leaves the store instead.
    pub(super) fn replace(
        &mut self,
        definition: &'static Definition,
        mut object: Value,
    ) -> Arc<Value> {
        let Some(previous) = self.get(
            definition,
            object::namespace(&object),
            object::name(&object),
        ) else {
            return self.insert(definition, object);
        };
        object["metadata"]["resourceVersion"] = previous["metadata"]["resourceVersion"].clone();
        if object::terminating(&object)
            && object::finalizers(&object).is_empty()
            && object::list(&object, "/spec/finalizers").is_empty()
            && object::number(&object, "/metadata/deletionGracePeriodSeconds").unwrap_or(0) == 0
        {
            return self.write(definition, ChangeKind::Deleted, object, Some(previous));
        }
        if object == *previous {
            return previous;
        }
        self.write(definition, ChangeKind::Modified, object, Some(previous))
    }

    /// Takes an object out at once.
    pub(super) fn remove(
        &mut self,
        definition: &'static Definition,
        namespace: &str,
        name: &str,
    ) -> Option<Arc<Value>> {
        let previous = self.get(definition, namespace, name)?;
        let object = (*previous).clone();
        Some(self.write(definition, ChangeKind::Deleted, object, Some(previous)))
    }

    fn write(
        &mut self,
        definition: &'static Definition,
        kind: ChangeKind,
        mut object: Value,
        previous: Option<Arc<Value>>,
    ) -> Arc<Value> {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        let key = (
            object::namespace(&object).to_owned(),
            object::name(&object).to_owned(),
        );
        let uid = object::uid(&object).to_owned();
        let object = Arc::new(object);
        let place = self.objects.entry(definition.key()).or_default();
        if kind == ChangeKind::Deleted {
            place.remove(&key);
            self.uids.remove(&uid);
        } else {
            place.insert(key.clone(), Arc::clone(&object));
            self.uids.insert(uid, (definition, key));
        }
        if let Some(Observer(observer)) = &mut self.observer {
            observer(&Written {
                resource: definition.plural,
                kind,
                object: &object,
            });
        }
        self.history.push_back(Change {
            revision: self.revision,
            definition,
            kind,
            object: Arc::clone(&object),
            previous,
        });
        while self.history.len() > self.history_limit {
            if let Some(change) = self.history.pop_front() {
                self.forgotten = change.revision;
            }
        }
        self.news.send_replace(self.revision);
        object
    }

    /// The changes of a resource after a revision, or `None` when some of them are forgotten.
    pub(super) fn since(&self, definition: &Definition, revision: u64) -> Option<Vec<Change>> {
        if revision < self.forgotten {
            return None;
        }
        let first = self
            .history
            .partition_point(|change| change.revision <= revision);
        Some(
            self.history
                .range(first..)
                .filter(|change| change.definition == definition)
                .cloned()
                .collect(),
        )
    }

    /// The oldest revision that a watch may start from.
    pub(super) fn oldest(&self) -> u64 {
        self.forgotten
    }

    /// All objects of a resource as they were at a revision, or `None` when that is forgotten.
    pub(super) fn at(
        &self,
        definition: &Definition,
        revision: u64,
    ) -> Option<BTreeMap<Key, Arc<Value>>> {
        let mut objects = self
            .objects
            .get(&definition.key())
            .cloned()
            .unwrap_or_default();
        for change in self.since(definition, revision)?.into_iter().rev() {
            let key = (
                object::namespace(&change.object).to_owned(),
                object::name(&change.object).to_owned(),
            );
            match change.previous {
                Some(previous) => objects.insert(key, previous),
                None => objects.remove(&key),
            };
        }
        Some(objects)
    }

    /// Forgets all history, as an etcd compaction does.
    pub(super) fn compact(&mut self) {
        self.forgotten = self.revision;
        self.history.clear();
    }
}
