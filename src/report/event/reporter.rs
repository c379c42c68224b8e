//! Writes events.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, Write};

use k8s_openapi::jiff::Timestamp;
use serde::Serialize;

use super::{Event, not_created};
use crate::planner::DecidingTerm;
use crate::report::sanitize::sanitize;
use crate::report::{API_VERSION, ObjectName, count};

/// How events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A line of text for each.
    Human,
    /// A line of JSON for each.
    Json,
}

/// How much people are told. JSON always carries everything: who reads it can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Verbosity {
    /// Failures, what is held, and the closing sum.
    Quiet,
    /// Every change, and plans when they differ from the last one of the object.
    #[default]
    Normal,
    /// Readings, every plan, beginning and end of each cycle.
    Verbose,
}

/// A line of JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    api_version: &'static str,
    kind: &'static str,
    time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<&'a ObjectName>,
    #[serde(flatten)]
    event: &'a Event,
}

/// Writes one line for each event, flushed at once so that a pipe sees it.
#[derive(Debug)]
pub struct Reporter<W> {
    out: W,
    format: Format,
    verbosity: Verbosity,
    /// Last plan told of each object, so that a loop with nothing new stays silent.
    told: BTreeMap<ObjectName, String>,
    /// What was last told to hold an object back, so that a limit that goes on holding is told of once.
    held: BTreeMap<ObjectName, String>,
    /// Why creates, and why deletes, of an object's cycle failed, so that a failure of all that are under way is told of once.
    failed: BTreeMap<(ObjectName, Verb), Failed>,
    /// Why the cluster refuses an object's Jobs, so that this is told in full once.
    refused: BTreeMap<ObjectName, String>,
}

/// What is done to Jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verb {
    Create,
    Delete,
}

/// Writes that failed.
#[derive(Debug)]
struct Failed {
    /// The words of the first, without the name of its Job.
    why: String,
    /// How many more failed with the same words.
    more: u64,
}

impl<W: Write> Reporter<W> {
    /// Writes to `out`.
    pub fn new(out: W, format: Format, verbosity: Verbosity) -> Self {
        Self {
            out,
            format,
            verbosity,
            told: BTreeMap::new(),
            held: BTreeMap::new(),
            failed: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }

    /// Writes `event`, which happened at `time` to `object` (none: to the whole run), when it is to be shown.
    ///
    /// # Errors
    /// What the writer says; a broken pipe among them, which the caller takes for success.
    pub fn report(
        &mut self,
        time: Timestamp,
        object: Option<&ObjectName>,
        event: &Event,
    ) -> io::Result<()> {
        match self.format {
            Format::Json => {
                serde_json::to_writer(
                    &mut self.out,
                    &Line {
                        api_version: API_VERSION,
                        kind: "Event",
                        time,
                        object,
                        event,
                    },
                )?;
                self.out.write_all(b"\n")?;
            }
            Format::Human => {
                for message in self.same_failures(object, event) {
                    self.line(time, object, &message)?;
                }
                let same_refusal = self.same_refusal(object, event);
                self.forget_held(object, event);
                // Most events of an idle loop: their words are not even made.
                if event.level() <= self.verbosity {
                    let message = same_refusal.unwrap_or_else(|| event.message());
                    if !self.is_same_failure(object, event, &message)
                        && self.is_news(object, event, &message)
                    {
                        self.line(time, object, &message)?;
                    }
                }
            }
        }
        self.out.flush()
    }

    fn line(
        &mut self,
        time: Timestamp,
        object: Option<&ObjectName>,
        message: &str,
    ) -> io::Result<()> {
        // Seconds are fine enough to read, and the zone is said.
        let clock = time.strftime("%H:%M:%SZ");
        match object {
            Some(object) => {
                let object = object.to_string();
                writeln!(self.out, "{clock} {}  {message}", sanitize(&object))
            }
            None => writeln!(self.out, "{clock} {message}"),
        }
    }

    /// Whether a write failed with the words of another one in this cycle; that is counted, and told at the end of the cycle.
    fn is_same_failure(
        &mut self,
        object: Option<&ObjectName>,
        event: &Event,
        message: &str,
    ) -> bool {
        let (job, verb) = match event {
            Event::CreateFailed {
                job,
                refused: false,
                ..
            } => (job, Verb::Create),
            Event::DeleteFailed { job, .. } => (job, Verb::Delete),
            _ => return false,
        };
        let Some(object) = object else {
            return false;
        };
        let why = message.replace(job.as_str(), "");
        let key = (object.clone(), verb);
        match self.failed.get_mut(&key) {
            Some(failed) if failed.why == why && self.verbosity < Verbosity::Verbose => {
                failed.more += 1;
                true
            }
            _ => {
                let failed = Failed { why, more: 0 };
                self.failed.insert(key, failed);
                false
            }
        }
    }

    /// Of a refusal that was told in full in an earlier cycle, what is told of it in this one. A quota's words are the same whatever
    /// figures are in them.
    fn same_refusal(&mut self, object: Option<&ObjectName>, event: &Event) -> Option<String> {
        let object = object?;
        match event {
            Event::JobsRefused {
                count, job, error, ..
            } => {
                let words = error.replace(job.as_str(), "");
                let words: String = words.chars().filter(|c| !c.is_ascii_digit()).collect();
                let before = self.refused.insert(object.clone(), words.clone());
                let same = before == Some(words) && self.verbosity < Verbosity::Verbose;
                same.then(|| format!("ERROR: {}", not_created(*count, "still refuses")))
            }
            Event::JobsAccepted => {
                self.refused.remove(object);
                None
            }
            _ => None,
        }
    }

    /// At the end of a cycle: how many more creates and deletes failed with the same words, if any did.
    fn same_failures(&mut self, object: Option<&ObjectName>, event: &Event) -> Vec<String> {
        let (Event::CycleFinished { .. }, Some(object)) = (event, object) else {
            return Vec::new();
        };
        if self.failed.is_empty() {
            return Vec::new();
        }
        [(Verb::Create, "create"), (Verb::Delete, "delete")]
            .into_iter()
            .filter_map(|(verb, word)| {
                let more = self.failed.remove(&(object.clone(), verb))?.more;
                (more > 0).then(|| {
                    let more = count(i64::try_from(more).unwrap_or(i64::MAX), "more Job");
                    format!("ERROR: could not {word} {more} for the same reason")
                })
            })
            .collect()
    }

    /// The writer.
    pub fn into_inner(self) -> W {
        self.out
    }

    /// What held it holds it no more: should it hold again, that is news.
    fn forget_held(&mut self, object: Option<&ObjectName>, event: &Event) {
        if let (Event::Planned { plan }, Some(object)) = (event, object)
            && plan.decision.wanted <= plan.decision.create
        {
            self.held.remove(object);
        }
    }

    /// Whether a loop that has told all before tells this too.
    fn is_news(&mut self, object: Option<&ObjectName>, event: &Event, message: &str) -> bool {
        let (plan, object) = match (event, object) {
            (Event::Planned { plan }, Some(object)) => (plan, object),
            // Jobs that cannot be listed are a fault, which is told of in every cycle.
            (Event::Held { term, .. }, Some(object))
                if term != DecidingTerm::InventoryUnknown.as_str() =>
            {
                let last = self.held.insert(object.clone(), message.to_owned());
                return last.is_none_or(|last| last != message)
                    || self.verbosity == Verbosity::Verbose;
            }
            _ => return true,
        };
        // What is planned and refused again and again changes nothing.
        let creates = plan.create.is_some() && !self.refused.contains_key(object);
        let changes = creates || !plan.delete.is_empty();
        let news = self.told.get(object).is_none_or(|last| last != message);
        if news {
            self.told.insert(object.clone(), message.to_owned());
        }
        changes || news || self.verbosity == Verbosity::Verbose
    }
}
