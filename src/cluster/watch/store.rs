//! What a feed knows, and how far it can be trusted. Pure: no client, and time is given.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::{ClusterError, ClusterErrorKind};

/// How long a cut watch is trusted before the next snapshot lists anew.
const CUT_OFF: Duration = Duration::from_secs(30);
/// The same where no watch follows: then every cycle lists, objects that ask within this share one list.
const NOT_WATCHED: Duration = Duration::from_secs(1);

/// Objects by name, in buckets: the Jobs of one ScaledJob, the pods of one Job.
#[derive(Debug)]
pub(in crate::cluster) struct Items<T> {
    buckets: HashMap<String, BTreeMap<String, T>>,
    /// Bucket of each name: an object whose label changes moves.
    places: HashMap<String, String>,
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self {
            buckets: HashMap::new(),
            places: HashMap::new(),
        }
    }
}

impl<T> Items<T> {
    /// Puts an object into its bucket, in the place of what had its name.
    pub(super) fn put(&mut self, bucket: String, name: String, item: T) {
        if self.places.get(&name) != Some(&bucket) {
            self.remove(&name);
            self.places.insert(name.clone(), bucket.clone());
        }
        self.buckets.entry(bucket).or_default().insert(name, item);
    }

    /// Forgets an object.
    pub(super) fn remove(&mut self, name: &str) {
        let Some(place) = self.places.remove(name) else {
            return;
        };
        if let Some(bucket) = self.buckets.get_mut(&place) {
            bucket.remove(name);
            if bucket.is_empty() {
                self.buckets.remove(&place);
            }
        }
    }

    /// The objects of a bucket by name.
    pub(super) fn bucket(&self, bucket: &str) -> impl Iterator<Item = &T> {
        self.buckets
            .get(bucket)
            .into_iter()
            .flat_map(BTreeMap::values)
    }
}

/// What a feed knows.
#[derive(Debug)]
pub(in crate::cluster) struct State<T> {
    /// The objects.
    pub(super) items: Items<T>,
    /// When the last list that came through began.
    pub(super) as_of: Option<Instant>,
    /// When the last list that has ended began, and why it failed if it did.
    attempt: Option<(Instant, Option<ClusterError>)>,
    /// Since when no watch follows the list.
    down_since: Option<Instant>,
    /// No watch follows: the right to is missing, or none is meant to.
    not_watched: bool,
}

impl<T> State<T> {
    /// Nothing is known. `watched`: a watch will follow each list.
    pub(super) fn new(watched: bool) -> Self {
        Self {
            items: Items::default(),
            as_of: None,
            attempt: None,
            down_since: None,
            not_watched: !watched,
        }
    }

    /// A list that began at `began` came through.
    pub(super) fn listed(&mut self, items: Items<T>, began: Instant) {
        self.items = items;
        self.as_of = Some(began);
        self.attempt = Some((began, None));
        self.down_since.get_or_insert(began);
    }

    /// A list that began at `began` failed.
    pub(super) fn list_failed(&mut self, began: Instant, error: ClusterError) {
        self.attempt = Some((began, Some(error)));
        self.down_since.get_or_insert(began);
    }

    /// The watch is open and has said something, or has been open for a while.
    pub(super) fn watch_works(&mut self) {
        self.down_since = None;
        self.not_watched = false;
    }

    /// The watch has ended or could not be opened.
    pub(super) fn watch_ended(&mut self, now: Instant, error: Option<&ClusterError>) {
        self.down_since.get_or_insert(now);
        self.not_watched = error.is_some_and(|error| {
            matches!(
                error.kind,
                ClusterErrorKind::Forbidden | ClusterErrorKind::Unauthorized
            )
        });
    }

    /// Whether a list has ended, well or not, that began at `asked` or later.
    pub(super) fn attempted_since(&self, asked: Instant) -> bool {
        self.attempt
            .as_ref()
            .is_some_and(|(began, _)| *began >= asked)
    }

    /// Whether any list has ended.
    pub(super) fn attempted(&self) -> bool {
        self.attempt.is_some()
    }

    /// Why the last list failed.
    pub(super) fn failure(&self) -> Option<&ClusterError> {
        self.attempt.as_ref().and_then(|(_, error)| error.as_ref())
    }

    /// Whether the objects can be given out without a new list.
    pub(super) fn can_be_vouched_for(&self, now: Instant) -> bool {
        let Some(as_of) = self.as_of else {
            return false;
        };
        // What the server denies now it may not have meant to give before. Without credentials it was not asked.
        let denied = self.failure().is_some_and(|error| {
            !matches!(
                error.kind,
                ClusterErrorKind::Unavailable
                    | ClusterErrorKind::Throttled
                    | ClusterErrorKind::NoCredentials
            )
        });
        if denied {
            return false;
        }
        let bound = if self.not_watched {
            NOT_WATCHED
        } else {
            CUT_OFF
        };
        self.down_since
            .is_none_or(|since| now.duration_since(since.max(as_of)) <= bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ClusterErrorKind) -> ClusterError {
        ClusterError {
            kind,
            operation: "watch".to_owned(),
            message: "no".to_owned(),
            causes: Vec::new(),
        }
    }

    #[test]
    fn an_object_whose_label_changes_moves() {
        let mut items = Items::default();
        items.put("a".to_owned(), "job".to_owned(), 1);
        items.put("a".to_owned(), "job".to_owned(), 2);
        assert_eq!(items.bucket("a").collect::<Vec<_>>(), [&2]);
        items.put("b".to_owned(), "job".to_owned(), 3);
        assert_eq!(items.bucket("a").count(), 0);
        assert_eq!(items.bucket("b").collect::<Vec<_>>(), [&3]);
        items.remove("job");
        items.remove("job");
        assert_eq!(items.bucket("b").count(), 0);
        assert!(items.buckets.is_empty() && items.places.is_empty());
    }

    #[test]
    fn trust_ends_a_while_after_the_watch_does() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut state: State<()> = State::new(true);
        assert!(!state.can_be_vouched_for(start), "never listed");
        state.list_failed(start, error(ClusterErrorKind::Unavailable));
        assert!(!state.can_be_vouched_for(start), "never listed");
        state.listed(Items::default(), start);
        assert!(state.can_be_vouched_for(at(30)));
        assert!(!state.can_be_vouched_for(at(31)), "no watch came to be");
        state.watch_works();
        assert!(state.can_be_vouched_for(at(3600)));
        state.watch_ended(at(3600), None);
        state.watch_ended(at(3620), Some(&error(ClusterErrorKind::Unavailable)));
        assert!(state.can_be_vouched_for(at(3630)));
        assert!(!state.can_be_vouched_for(at(3631)), "since the first end");
        state.listed(Items::default(), at(3640));
        assert!(state.can_be_vouched_for(at(3670)));
        assert!(!state.can_be_vouched_for(at(3671)));
    }

    #[test]
    fn without_the_right_to_watch_every_cycle_lists() {
        let start = Instant::now();
        let mut state: State<()> = State::new(true);
        state.listed(Items::default(), start);
        state.watch_ended(start, Some(&error(ClusterErrorKind::Forbidden)));
        assert!(state.can_be_vouched_for(start));
        assert!(!state.can_be_vouched_for(start + Duration::from_secs(2)));
    }

    #[test]
    fn a_denied_list_ends_trust_at_once() {
        let start = Instant::now();
        let mut state: State<()> = State::new(true);
        state.listed(Items::default(), start);
        state.watch_works();
        // Without credentials the server was not asked.
        state.list_failed(start, error(ClusterErrorKind::NoCredentials));
        assert!(state.can_be_vouched_for(start));
        state.list_failed(start, error(ClusterErrorKind::Forbidden));
        assert!(!state.can_be_vouched_for(start));
        assert_eq!(
            state.failure().map(|error| error.kind),
            Some(ClusterErrorKind::Forbidden)
        );
        assert!(state.attempted_since(start));
        assert!(!state.attempted_since(start + Duration::from_secs(1)));
    }
}
