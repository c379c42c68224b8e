//! What is known of a trigger before it is asked: the meaning of its reading, its target and its activation. Rules that weigh a
//! strategy against a metric need no more than this.

/// What is known of one trigger from its type and its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerFacts {
    /// Whether the reading includes work that a Job has taken and not finished.
    pub in_flight: InFlight,
    /// Why that is so, as a fragment: `scaleOnInFlight is true by default`.
    pub because: String,
    /// The parameter and the value that make it the other way around, where there is one.
    pub switch: Option<(&'static str, &'static str)>,
    /// So much work per Job; `None` when it comes from the environment or a TriggerAuthentication.
    pub target: Option<f64>,
    /// The value that a reading must exceed; `None` when it comes from elsewhere.
    pub activation: Option<f64>,
    /// The type has no effect on a ScaledJob (cpu, memory).
    pub skipped: bool,
}

/// Whether a reading includes work in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InFlight {
    /// It does: `default` and `custom` fit, which subtract running Jobs.
    Included,
    /// It does not: `accurate` fits, which subtracts pending Jobs only.
    Excluded,
    /// That depends on a query, a server or on something that is not given.
    Unknown,
    /// The reading is no amount of work that Jobs take away (cron, a forecast).
    NotWork,
}
