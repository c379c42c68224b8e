//! Finished Jobs leave `ttlSecondsAfterFinished` after their terminal condition, events after an hour.

use super::super::delete::Propagation;
use super::super::store::Store;
use super::super::{definition, object};
use super::{Due, garbage, until};

/// Deletes the finished Jobs whose time is over.
pub(super) fn run(store: &mut Store, due: &mut Due) {
    for job in store.within(definition::jobs(), None) {
        let Some(seconds) = object::number(&job, "/spec/ttlSecondsAfterFinished") else {
            continue;
        };
        if object::terminating(&job) {
            continue;
        }
        let finished = ["Complete", "Failed"]
            .iter()
            .filter_map(|kind| object::condition(&job, kind))
            .find(|condition| object::text(condition, "/status") == "True");
        let Some(left) = finished
            .and_then(|condition| until(object::text(condition, "/lastTransitionTime"), seconds))
        else {
            continue;
        };
        if left.is_zero() {
            garbage::delete_now(store, definition::jobs(), &job, Propagation::Foreground);
        } else {
            due.after(left);
        }
    }
}

/// kube-apiserver's `--event-ttl`.
const EVENT_SECONDS: i64 = 3600;

/// Deletes old events.
pub(super) fn sweep_events(store: &mut Store) {
    for event in store.within(definition::events(), None) {
        if object::age(object::text(&event, "/metadata/creationTimestamp")) > EVENT_SECONDS {
            store.remove(
                definition::events(),
                object::namespace(&event),
                object::name(&event),
            );
        }
    }
}
