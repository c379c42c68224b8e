//! How KEDA names metrics, forms targets and reports values. [KEDA `pkg/scalers/scaler.go`, semantics §2.3]

use super::{BuildError, ScalerContext};
use crate::api::reading::{MetricReading, MetricTarget, MetricValue, milli};

/// A target as the scaler gives it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    /// Three decimals.
    Milli(f64),
    /// A whole number, kept as it is.
    Whole(i64),
}

/// The one metric that a scaler offers.
#[derive(Debug, Clone)]
pub(crate) struct Metric {
    name: String,
    target: MetricTarget,
}

impl Metric {
    /// The metric `name`, before KEDA's prefix and normalisation.
    pub(crate) fn new(
        context: &ScalerContext<'_>,
        name: &str,
        target: Target,
    ) -> Result<Self, BuildError> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "KEDA reads its integer quantities as float64 too"
        )]
        let number = match target {
            Target::Milli(number) => milli(number),
            Target::Whole(number) => number as f64,
        };
        let target = match context.trigger.metric_type.as_deref() {
            None | Some("" | "AverageValue") => MetricTarget::AverageValue(number),
            Some("Value") => MetricTarget::Value(number),
            Some(other) => {
                return Err(BuildError::new(format!(
                    "metricType {other:?} is not allowed; AverageValue and Value are"
                )));
            }
        };
        Ok(Self {
            name: format!("s{}-{}", context.trigger.index, normalize(name)),
            target,
        })
    }

    /// The same under a longer name, whose end is known only now.
    pub(crate) fn ending_in(&self, end: &str) -> Self {
        Self {
            name: format!("{}{}", self.name, normalize(end)),
            target: self.target,
        }
    }

    /// The reading of `value`; `active` is decided on the raw value.
    pub(crate) fn reading(&self, value: f64, active: bool) -> Vec<MetricReading> {
        vec![MetricReading {
            metric: self.name.clone(),
            target: self.target,
            values: vec![MetricValue {
                metric: self.name.clone(),
                value: milli(value),
            }],
            active,
        }]
    }
}

/// Characters that metric names must not hold become `-`. [KEDA `kedautil.NormalizeString`]
fn normalize(name: &str) -> String {
    name.replace(['/', '.', ':', '%', '(', ')'], "-")
}

/// A count as KEDA's float64.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts beyond 2^53 lose digits in KEDA too"
)]
pub(crate) fn count(value: i64) -> f64 {
    value as f64
}
