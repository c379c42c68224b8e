//! Reasons: which formula, with which values, set which number (law 4).

use std::fmt;

/// A number in a reason.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A count of Jobs or items.
    Whole(i64),
    /// A value that is not rounded yet.
    Exact(f64),
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(value) => write!(formatter, "{value}"),
            Self::Exact(value) => formatter.write_str(&show(*value)),
        }
    }
}

/// A float for people: three decimals at most, except where that would hide the reason for rounding up (2.1 / 0.3 is a
/// hair above 7), and with an exponent where digits would fill the line.
pub fn show(value: f64) -> String {
    if !value.is_finite() {
        return format!("{value}");
    }
    if value.abs() >= 1e15 || value != 0.0 && value.abs() < 1e-3 {
        return format!("{value:e}");
    }
    // Adding 0 makes a plain zero of a negative one.
    let rounded = (value * 1000.0).round() / 1000.0 + 0.0;
    #[expect(clippy::float_cmp, reason = "asks whether rounding changed anything")]
    let hides = rounded.fract() == 0.0 && rounded != value;
    if hides {
        format!("{value}")
    } else {
        format!("{rounded}")
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident => $code:literal, $quantity:literal;)+) => {
        /// What kind of reason it is. The code never changes once released.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ReasonCode {
            $($(#[$doc])* $name,)+
        }

        impl ReasonCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Kebab-case, stable.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// The number that it sets, in KEDA's words where there is one.
            pub fn quantity(self) -> &'static str {
                match self {
                    $(Self::$name => $quantity,)+
                }
            }
        }
    };
}

codes! {
    /// Effective minimum.
    Minimum => "minimum", "minReplicas";
    /// Effective maximum.
    Maximum => "maximum", "maxReplicas";
    /// Jobs that one trigger asks for.
    TriggerWants => "trigger-wants", "jobs";
    /// The trigger's target is 0 or a `Value`: no Jobs.
    TriggerWithoutTarget => "trigger-without-target", "jobs";
    /// The trigger is below its activation threshold and takes no part.
    TriggerInactive => "trigger-inactive", "jobs";
    /// The trigger has no effect on a ScaledJob.
    TriggerSkipped => "trigger-skipped", "jobs";
    /// The trigger could not be read.
    TriggerFailed => "trigger-failed", "jobs";
    /// The trigger could not be built.
    TriggerNotBuilt => "trigger-not-built", "jobs";
    /// KEDA loses all triggers when one cannot be built; here the others count.
    KedaLosesTriggers => "keda-loses-triggers", "keda";
    /// How the readings of the triggers were combined into items.
    ScaleTo => "scale-to", "scaleTo";
    /// How the readings of the triggers were combined into Jobs.
    MaxScale => "max-scale", "maxScale";
    /// No trigger is active.
    Inactive => "inactive", "isActive";
    /// Active only because a minimum is written.
    ActiveByMinimum => "active-by-minimum", "isActive";
    /// Fewer Jobs than the minimum.
    BelowMinimum => "below-minimum", "effectiveMaxScale";
    /// Strategy `default`.
    StrategyDefault => "strategy-default", "effectiveMaxScale";
    /// Strategy `custom`, acting as `default` because its percentage does not parse.
    StrategyCustomFallback => "strategy-custom-fallback", "effectiveMaxScale";
    /// Strategy `custom`.
    StrategyCustom => "strategy-custom", "effectiveMaxScale";
    /// Strategy `accurate`, enough room.
    StrategyAccurate => "strategy-accurate", "effectiveMaxScale";
    /// Strategy `accurate`, held by the maximum.
    StrategyAccurateFull => "strategy-accurate-full", "effectiveMaxScale";
    /// Strategy `eager`.
    StrategyEager => "strategy-eager", "effectiveMaxScale";
    /// Strategy `eager` looks at free slots instead of items.
    EagerScaleTo => "eager-scale-to", "scaleTo";
    /// A negative answer of the strategy is 0.
    NotNegative => "not-negative", "effectiveMaxScale";
    /// KEDA's number.
    Keda => "keda", "keda";
    /// KEDA would crash on these numbers.
    KedaPanics => "keda-panics", "keda";
    /// KEDA does nothing while paused.
    KedaPaused => "keda-paused", "keda";
    /// KEDA counts Jobs that it cannot list as 0.
    KedaCountsZero => "keda-counts-zero", "keda";
    /// What KEDA 1.1–1.5 would have created.
    KedaV1 => "keda-v1", "kedaV1";
    /// The object is paused.
    Paused => "paused", "create";
    /// The Jobs could not be listed.
    InventoryUnknown => "inventory-unknown", "create";
    /// Held by `maxReplicaCount` (law 2).
    HeldByMaxReplicaCount => "held-by-max-replica-count", "create";
    /// Held by `--max-create`.
    HeldByMaxCreate => "held-by-max-create", "create";
    /// Held by `--max-pending`.
    HeldByMaxPending => "held-by-max-pending", "create";
    /// Held by `--max-total`, over all objects of the run.
    HeldByMaxTotal => "held-by-max-total", "create";
    /// The failure brake is on.
    FailureBrake => "failure-brake", "create";
    /// Nothing holds the number.
    Create => "create", "create";
    /// Finished Jobs beyond a history limit.
    History => "history", "delete";
    /// A history limit below 0 is not applied.
    HistoryUnlimited => "history-unlimited", "delete";
    /// Jobs of an older template under `rollout.strategy: immediate`.
    Rollout => "rollout", "delete";
}

/// Why a number is what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// Its kind.
    pub code: ReasonCode,
    /// The formula with the values put in: `default: maxScale 5 - running 2`.
    pub formula: String,
    /// What it comes to, where it is a number.
    pub result: Option<Number>,
    /// The trigger it is about.
    pub trigger: Option<usize>,
}

impl Reason {
    pub(crate) fn new(code: ReasonCode, formula: impl Into<String>) -> Self {
        Self {
            code,
            formula: formula.into(),
            result: None,
            trigger: None,
        }
    }

    pub(crate) fn whole(mut self, result: i64) -> Self {
        self.result = Some(Number::Whole(result));
        self
    }

    pub(crate) fn exact(mut self, result: f64) -> Self {
        self.result = Some(Number::Exact(result));
        self
    }

    pub(crate) fn of_trigger(mut self, index: usize) -> Self {
        self.trigger = Some(index);
        self
    }
}

impl fmt::Display for Reason {
    /// `default: maxScale 5 - running 2 = 3`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.formula)?;
        match self.result {
            Some(result) => write!(formatter, " = {result}"),
            None => Ok(()),
        }
    }
}

/// The term that decided how many Jobs are created: raise or lower it, and the number moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DecidingTerm {
    /// The Jobs could not be listed.
    InventoryUnknown,
    /// The object is paused.
    Paused,
    /// No trigger could be read.
    TriggersFailed,
    /// No trigger is active.
    Inactive,
    /// A target of 0, or a `Value` target.
    NoTarget,
    /// The work that waits.
    Queue,
    /// There are fewer items than Jobs that the target would allow.
    Items,
    /// Jobs that run already.
    Running,
    /// Jobs that are pending already.
    Pending,
    /// `customScalingQueueLengthDeduction` and `customScalingRunningJobPercentage`.
    Deduction,
    /// `minReplicaCount`.
    MinReplicaCount,
    /// `maxReplicaCount`.
    MaxReplicaCount,
    /// `--max-create`.
    MaxCreate,
    /// `--max-pending`.
    MaxPending,
    /// `--max-total`.
    MaxTotal,
    /// `--failure-brake`.
    FailureBrake,
}

impl DecidingTerm {
    /// Kebab-case, stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InventoryUnknown => "inventory-unknown",
            Self::Paused => "paused",
            Self::TriggersFailed => "triggers-failed",
            Self::Inactive => "inactive",
            Self::NoTarget => "no-target",
            Self::Queue => "queue",
            Self::Items => "items",
            Self::Running => "running",
            Self::Pending => "pending",
            Self::Deduction => "deduction",
            Self::MinReplicaCount => "min-replica-count",
            Self::MaxReplicaCount => "max-replica-count",
            Self::MaxCreate => "max-create",
            Self::MaxPending => "max-pending",
            Self::MaxTotal => "max-total",
            Self::FailureBrake => "failure-brake",
        }
    }
}

/// The term that decided, with a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deciding {
    /// The term.
    pub term: DecidingTerm,
    /// A lower-case sentence without a full stop.
    pub text: String,
}
