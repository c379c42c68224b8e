//! Which Jobs `cleanup` means.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::jiff::{SignedDuration, Timestamp};

use crate::cluster::inventory::OwnedJob;
use crate::planner::inventory::JobState;

/// Which states are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum States {
    /// Succeeded and failed.
    #[default]
    Finished,
    /// Failed.
    Failed,
    /// Every one.
    All,
}

/// What to clean up.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// States.
    pub states: States,
    /// Objects by name; all when empty.
    pub names: Vec<String>,
    /// Only Jobs whose age is above this: since they finished, or since they were created when they have not.
    pub older_than: Option<Duration>,
    /// The newest so many of each object stay.
    pub keep: Option<usize>,
}

/// The Jobs that `selection` means at `now`, oldest first within an object.
pub fn select(jobs: Vec<OwnedJob>, selection: &Selection, now: Timestamp) -> Vec<OwnedJob> {
    let mut by_object: BTreeMap<(String, String), Vec<OwnedJob>> = BTreeMap::new();
    for owned in jobs {
        let named = selection.names.is_empty() || selection.names.contains(&owned.object);
        let state = owned.job.state;
        let meant = match selection.states {
            States::Finished => state.is_finished(),
            States::Failed => state == JobState::Failed,
            States::All => true,
        };
        // One that is on its way out needs no second delete, and takes no place among those that stay.
        if named && meant && !owned.job.leaving {
            by_object
                .entry((owned.namespace.clone(), owned.object.clone()))
                .or_default()
                .push(owned);
        }
    }
    by_object
        .into_values()
        .flat_map(|mut jobs| {
            jobs.sort_by(|left, right| {
                (reference_time(left), &left.job.name)
                    .cmp(&(reference_time(right), &right.job.name))
            });
            let kept = selection.keep.unwrap_or_default();
            jobs.truncate(jobs.len().saturating_sub(kept));
            jobs
        })
        .filter(
            |owned| match (selection.older_than, reference_time(owned)) {
                (None, _) => true,
                (Some(limit), Some(time)) => {
                    now.duration_since(time)
                        > SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX)
                }
                // A Job without a time cannot be said to be old.
                (Some(_), None) => false,
            },
        )
        .collect()
}

/// When it finished, or was created.
fn reference_time(owned: &OwnedJob) -> Option<Timestamp> {
    owned.job.finished_at.or(owned.job.created_at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::inventory::ObservedJob;

    fn job(object: &str, name: &str, state: JobState, minute: i64) -> OwnedJob {
        let time = Timestamp::from_second(minute * 60).ok();
        OwnedJob {
            namespace: "shop".to_owned(),
            object: object.to_owned(),
            job: ObservedJob {
                name: name.to_owned(),
                uid: name.to_owned(),
                state,
                pending_to_keda: false,
                leaving: state == JobState::Terminating,
                pods: 0,
                ours: true,
                created_at: time,
                finished_at: if state.is_finished() { time } else { None },
                spec_hash: None,
                trigger: None,
                cycle: None,
                reason: None,
            },
        }
    }

    fn names(selection: &Selection) -> Vec<String> {
        let jobs = vec![
            job("a", "running", JobState::Running, 1),
            job("a", "old-success", JobState::Succeeded, 2),
            job("a", "new-success", JobState::Succeeded, 9),
            job("a", "failure", JobState::Failed, 5),
            job("a", "leaving", JobState::Terminating, 1),
            job("b", "other", JobState::Failed, 1),
        ];
        let now = Timestamp::from_second(600).unwrap();
        select(jobs, selection, now)
            .into_iter()
            .map(|owned| owned.job.name)
            .collect()
    }

    #[test]
    fn finished_is_the_default() {
        assert_eq!(
            names(&Selection::default()),
            ["old-success", "failure", "new-success", "other"]
        );
    }

    #[test]
    fn failed_only() {
        let selection = Selection {
            states: States::Failed,
            ..Selection::default()
        };
        assert_eq!(names(&selection), ["failure", "other"]);
    }

    #[test]
    fn all_takes_running_jobs_and_leaves_those_that_go_already() {
        let selection = Selection {
            states: States::All,
            names: vec!["a".to_owned()],
            ..Selection::default()
        };
        assert_eq!(
            names(&selection),
            ["running", "old-success", "failure", "new-success"]
        );
    }

    #[test]
    fn keep_counts_per_object_from_the_newest() {
        let selection = Selection {
            keep: Some(1),
            ..Selection::default()
        };
        assert_eq!(names(&selection), ["old-success", "failure"]);
    }

    #[test]
    fn older_than_counts_from_the_end_of_the_job() {
        let selection = Selection {
            older_than: Some(Duration::from_mins(5)),
            ..Selection::default()
        };
        assert_eq!(names(&selection), ["old-success", "other"]);
    }
}
