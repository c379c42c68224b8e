//! Which Jobs go: finished ones beyond the history limits, and old ones when an immediate rollout is written.

use k8s_openapi::jiff::Timestamp;

use crate::api::ScaledJob;

use super::inventory::{JobState, ObservedJob};
use super::reason::{Reason, ReasonCode};
use super::{Action, DeleteReason, Propagation};

/// Deletes of finished Jobs beyond the limits, successful ones first as KEDA does. Only Jobs of ours.
///
/// KEDA sorts by `completionTime`, which failed Jobs lack; here the time of the terminal condition counts. A Job without one
/// is placed by its creation, which was no later; without either it counts as the youngest, so that what is least known
/// is kept longest. Ties go by name. A negative limit, which KEDA from 2.20 refuses and earlier ones crash on,
/// deletes nothing. One that is being deleted already, which a finalizer may keep for long, is not deleted again and takes no place
/// among those that stay. [semantics §3.4]
pub(super) fn history(
    job: &ScaledJob,
    jobs: &[ObservedJob],
    actions: &mut Vec<Action>,
    reasons: &mut Vec<Reason>,
) {
    for (state, limit, word) in [
        (
            JobState::Succeeded,
            job.successful_jobs_history_limit,
            "successful",
        ),
        (JobState::Failed, job.failed_jobs_history_limit, "failed"),
    ] {
        let mut finished: Vec<&ObservedJob> = jobs
            .iter()
            .filter(|observed| observed.ours && observed.state == state && !observed.leaving)
            .collect();
        let Ok(keep) = usize::try_from(limit) else {
            if !finished.is_empty() {
                reasons.push(Reason::new(
                    ReasonCode::HistoryUnlimited,
                    format!("{word}JobsHistoryLimit {limit} is below 0: all are kept"),
                ));
            }
            continue;
        };
        if finished.len() <= keep {
            continue;
        }
        finished.sort_by(|left, right| age_key(left).cmp(&age_key(right)));
        let excess = finished.len() - keep;
        reasons.push(
            Reason::new(
                ReasonCode::History,
                format!(
                    "{} {word} Jobs - {word}JobsHistoryLimit {limit}",
                    finished.len()
                ),
            )
            .whole(i64::try_from(excess).unwrap_or(i64::MAX)),
        );
        actions.extend(finished[..excess].iter().map(|observed| {
            let why = if state == JobState::Succeeded {
                DeleteReason::HistorySuccessful { limit }
            } else {
                DeleteReason::HistoryFailed { limit }
            };
            delete(observed, why, Propagation::Background)
        }));
    }
}

/// Oldest first; a missing time comes last.
fn age_key(job: &ObservedJob) -> (bool, Option<Timestamp>, &str, &str) {
    let time = job.finished_at.or(job.created_at);
    (time.is_none(), time, &job.name, &job.uid)
}

/// Deletes of unfinished Jobs of ours that were made from another template, when `rollout.strategy: immediate` is written.
///
/// Jobs without a hash are left alone: nothing says that they are old. So are Jobs that are being deleted already, and those
/// that are decided and only wait for their pods. All of them hold their slots in this cycle. [semantics §3.5, DESIGN §6]
pub(super) fn rollout(
    job: &ScaledJob,
    spec_hash: &str,
    jobs: &[ObservedJob],
    actions: &mut Vec<Action>,
    reasons: &mut Vec<Reason>,
) {
    if !job.rollout.immediate {
        return;
    }
    let propagation = if job.rollout.foreground {
        Propagation::Foreground
    } else {
        Propagation::Background
    };
    let before = actions.len();
    for observed in jobs.iter().filter(|observed| observed.ours) {
        let at_work = matches!(
            observed.state,
            JobState::Pending | JobState::Running | JobState::Suspended
        );
        match &observed.spec_hash {
            Some(old_hash) if at_work && old_hash != spec_hash => {
                let why = DeleteReason::Rollout {
                    old_hash: old_hash.clone(),
                };
                actions.push(delete(observed, why, propagation));
            }
            _ => {}
        }
    }
    let count = actions.len() - before;
    if count > 0 {
        reasons.push(
            Reason::new(
                ReasonCode::Rollout,
                "rollout.strategy immediate: unfinished Jobs of an older spec",
            )
            .whole(i64::try_from(count).unwrap_or(i64::MAX)),
        );
    }
}

fn delete(job: &ObservedJob, why: DeleteReason, propagation: Propagation) -> Action {
    Action::Delete {
        name: job.name.clone(),
        uid: job.uid.clone(),
        why,
        propagation,
    }
}
