//! What a trigger answered when it was asked how much work waits.

/// What a metric is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MetricTarget {
    /// So much work per Job.
    AverageValue(f64),
    /// `metricType: Value`: KEDA counts it as target 0, which never starts a Job.
    Value(f64),
}

/// One value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricValue {
    /// The metric's name, as KEDA forms it (`s0-redis-mylist`).
    pub metric: String,
    /// Already in KEDA's three-decimal form where the scaler uses it: see [`milli`].
    pub value: f64,
}

/// One metric that a scaler offers, with what it read. Almost every scaler offers exactly one.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricReading {
    /// The metric's name.
    pub metric: String,
    /// What it is compared with.
    pub target: MetricTarget,
    /// The values that came back for it.
    pub values: Vec<MetricValue>,
    /// Whether the scaler calls itself active.
    pub active: bool,
}

/// What became of one trigger in one cycle.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerReading {
    /// Place in `spec.triggers`, from 0.
    pub index: usize,
    /// `redis`, `cron` …
    pub kind: String,
    /// The trigger's `name`, or empty.
    pub name: String,
    /// The answer.
    pub outcome: ReadingOutcome,
}

/// The answer of a trigger. An error is an error, never a zero.
#[derive(Debug, Clone, PartialEq)]
pub enum ReadingOutcome {
    /// It was read.
    Read(Vec<MetricReading>),
    /// It has no effect on a `ScaledJob` (cpu, memory).
    Skipped(String),
    /// It could not be read; the text names the endpoint without credentials.
    Failed(String),
    /// It could not even be built: bad parameters, missing Secret. KEDA then loses all triggers of the object.
    NotBuilt(String),
}

/// KEDA's number form since 2.20: text with three decimals (half to even on the binary value), then integer × 0.001; negative, NaN
/// and infinite values are 0. [KEDA `GenerateMetricInMili`, semantics §2.3]
pub fn milli(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 0.0;
    }
    let text = format!("{value:.3}");
    match text.replace('.', "").parse::<i64>() {
        #[expect(
            clippy::cast_precision_loss,
            reason = "exact below 2^53, and above that KEDA is inexact too"
        )]
        Ok(thousandths) => thousandths as f64 * 0.001,
        Err(_) => value,
    }
}
