//! What became of a cycle's actions, in events.

use super::{Driver, hint_of};
use crate::cluster::{Cause, ClusterError, ClusterErrorKind};
use crate::engine::apply::{Outcome, is_hopeless};
use crate::engine::cycle::Decided;
use crate::planner::Action;
use crate::report::event::{Event, Location, RefusedField, Totals};
use crate::report::plan::{TriggerRefView, delete_message};

impl Driver<'_> {
    /// Tells which Jobs exist whose creates had no answer.
    pub(super) fn tell_found(&mut self) -> Totals {
        let observer = self.engine.observer.as_ref();
        let found = observer.map_or_else(Vec::new, |observer| observer.take_found(self.target));
        let mut totals = Totals::default();
        for job in found {
            totals.created += 1;
            self.open.insert(job.clone());
            self.say(Event::CreatedAfterAll { job });
        }
        totals
    }

    pub(super) fn tell_outcome(&self, decided: &Decided, outcome: &Outcome) {
        let event = match outcome {
            Outcome::Created { job } => {
                let trigger = decided.plan.actions.iter().find_map(|action| match action {
                    Action::Create { trigger, .. } => trigger.as_ref().map(TriggerRefView::new),
                    Action::Delete { .. } => None,
                });
                Event::Created {
                    job: job.clone(),
                    trigger,
                }
            }
            Outcome::CreateFailed {
                job,
                error,
                perhaps,
            } => Event::CreateFailed {
                job: job.clone(),
                error: create_error(error, *perhaps),
                refused: is_hopeless(error),
                causes: self.refused(&error.causes),
            },
            Outcome::Refused {
                count,
                sent,
                job,
                error,
            } => Event::JobsRefused {
                count: *count,
                sent: *sent,
                job: job.clone(),
                error: with_hint(error),
                causes: self.refused(&error.causes),
            },
            Outcome::Accepted => Event::JobsAccepted,
            Outcome::Deleted { job, why } => Event::Deleted {
                job: job.clone(),
                message: delete_message(why),
            },
            Outcome::DeleteFailed { job, error } => Event::DeleteFailed {
                job: job.clone(),
                error: with_hint(error),
            },
            Outcome::NotSent { count, why } => Event::Notice {
                message: match count {
                    1 => format!("1 more Job was not sent: {why}"),
                    count => format!("{count} more Jobs were not sent: {why}"),
                },
            },
        };
        self.say(event);
    }

    /// Fields that the server refuses, with their places in the manifest.
    fn refused(&self, causes: &[Cause]) -> Vec<RefusedField> {
        causes
            .iter()
            .map(|cause| self.refused_field(cause))
            .collect()
    }

    fn refused_field(&self, cause: &Cause) -> RefusedField {
        let job = &self.target.job;
        let location = job.place_of(&cause.field).map(|span| {
            let source = &job.document.source;
            let start = source.position(span.start);
            Location {
                file: source.name().to_owned(),
                line: start.line,
                column: start.column,
            }
        });
        RefusedField {
            field: cause.field.clone(),
            message: cause.message.clone(),
            location,
        }
    }
}

/// What became of a create. Without an answer it is not known whether the Job was made, and the cluster is there: it just answered.
fn create_error(error: &ClusterError, perhaps: bool) -> String {
    let message = match error.kind {
        ClusterErrorKind::Unavailable | ClusterErrorKind::Other => error.message.clone(),
        _ => with_hint(error),
    };
    if perhaps {
        format!("{message} (it may exist all the same: that is found out before more are made)")
    } else {
        message
    }
}

fn with_hint(error: &ClusterError) -> String {
    format!("{}{}", error.message, hint_of(error))
}
