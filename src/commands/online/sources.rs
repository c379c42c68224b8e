//! One reading of each trigger.

use std::sync::Arc;
use std::time::Instant;

use super::Asker;
use crate::api::reading::{MetricTarget, ReadingOutcome};
use crate::cluster::client::LazyCluster;
use crate::cluster::objects::Reader;
use crate::diagnostic::Diagnostic;
use crate::rules::online::{SOURCE_FAILED, SOURCE_READ};
use crate::scalers::read_triggers;

impl Asker<'_> {
    /// Takes one reading of each trigger, one after another, so that each time is its own.
    pub(super) async fn sources(&mut self, cluster: &Arc<LazyCluster>) {
        for trigger in &self.job.triggers {
            let began = Instant::now();
            let reader = Arc::new(Reader(Arc::clone(cluster)));
            let readings = read_triggers(
                self.job,
                [trigger],
                &self.namespace,
                self.objects,
                reader,
                self.options,
            )
            .await;
            let took = began.elapsed();
            let label = self.label(self.trigger_span(trigger, &["type"]));
            for reading in readings {
                self.found.push(match reading.outcome {
                    ReadingOutcome::Read(metrics) => {
                        let values: Vec<String> = metrics
                            .iter()
                            .flat_map(|metric| {
                                let active = if metric.active { "active" } else { "inactive" };
                                let target = match metric.target {
                                    MetricTarget::AverageValue(target) => {
                                        format!("target {target}")
                                    }
                                    MetricTarget::Value(target) => {
                                        format!("target value {target}")
                                    }
                                };
                                metric.values.iter().map(move |value| {
                                    format!("{} ({active}, {target})", value.value)
                                })
                            })
                            .collect();
                        let message = format!(
                            "{} reads {} after {} ms",
                            trigger.kind,
                            values.join(", "),
                            took.as_millis()
                        );
                        Diagnostic::new(&SOURCE_READ, message, label.clone())
                    }
                    ReadingOutcome::Skipped(reason) => Diagnostic::new(
                        &SOURCE_READ,
                        format!("{} is not read: {reason}", trigger.kind),
                        label.clone(),
                    ),
                    ReadingOutcome::Failed(problem) | ReadingOutcome::NotBuilt(problem) => {
                        Diagnostic::new(
                            &SOURCE_FAILED,
                            format!("{} cannot be read: {problem}", trigger.kind),
                            label.clone(),
                        )
                    }
                });
            }
        }
    }
}
