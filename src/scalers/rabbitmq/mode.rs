//! What the modes measure, and when they are active. [KEDA `rabbitmq_scaler.go` `validateTrigger`, `GetMetricsAndActivity`]

use crate::scalers::BuildError;
use crate::scalers::metric::count;
use crate::scalers::params::Resolved;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    QueueLength,
    MessageRate,
    DeliverGetRate,
    PublishedToDeliveredRatio,
    ExpectedQueueConsumptionTime,
}

/// What the broker says about a queue, or about several combined.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct QueueStatus {
    pub(super) messages: i64,
    pub(super) ready: i64,
    pub(super) publish_rate: f64,
    pub(super) deliver_get_rate: f64,
}

/// The default of `value` when nothing says what to measure.
const DEFAULT_QUEUE_LENGTH: f64 = 20.0;

impl Mode {
    /// What is measured and how much of it there is per Job. A zero counts as not given, as in KEDA.
    pub(super) fn of(parameters: &Resolved) -> Result<(Self, f64), BuildError> {
        let given = |name| parameters.float(name).filter(|value| *value != 0.0);
        let mode = match parameters.text("mode") {
            "QueueLength" => Some(Self::QueueLength),
            "MessageRate" => Some(Self::MessageRate),
            "DeliverGetRate" => Some(Self::DeliverGetRate),
            "PublishedToDeliveredRatio" => Some(Self::PublishedToDeliveredRatio),
            "ExpectedQueueConsumptionTime" => Some(Self::ExpectedQueueConsumptionTime),
            _ => None,
        };
        match (given("queueLength"), mode, given("value")) {
            (None, None, None) => Ok((Self::QueueLength, DEFAULT_QUEUE_LENGTH)),
            (Some(length), None, None) => Ok((Self::QueueLength, length)),
            (None, Some(mode), Some(value)) => Ok((mode, value)),
            (Some(_), _, _) => Err(BuildError::new(
                "parameter queueLength cannot be combined with mode and value; use mode: QueueLength and value",
            )),
            (None, None, Some(_)) => Err(BuildError::new("parameter mode is missing beside value")),
            (None, Some(_), None) => Err(BuildError::new("parameter value is missing beside mode")),
        }
    }

    /// The value and whether the trigger is active. `messages` are those that count.
    pub(super) fn evaluate(
        self,
        messages: i64,
        status: QueueStatus,
        activation: f64,
    ) -> (f64, bool) {
        let QueueStatus {
            publish_rate,
            deliver_get_rate,
            ..
        } = status;
        let messages = count(messages);
        match self {
            Self::QueueLength => (messages, messages > activation),
            Self::MessageRate => (
                publish_rate,
                publish_rate > activation || messages > activation,
            ),
            Self::DeliverGetRate => (deliver_get_rate, deliver_get_rate > activation),
            Self::PublishedToDeliveredRatio => {
                let undelivered = publish_rate > 0.0 && deliver_get_rate == 0.0;
                let ratio = if undelivered {
                    activation
                } else if publish_rate > 0.0 && deliver_get_rate > 0.0 {
                    publish_rate / deliver_get_rate
                } else {
                    0.0
                };
                (ratio, ratio > activation || undelivered)
            }
            Self::ExpectedQueueConsumptionTime => {
                // As since 2.21.0. Before, an empty queue that nobody reads from was taken for one that will never be empty.
                if messages == 0.0 {
                    return (0.0, 0.0 > activation);
                }
                if deliver_get_rate == 0.0 {
                    return (activation, true);
                }
                let seconds = (publish_rate - deliver_get_rate) / deliver_get_rate
                    + messages / deliver_get_rate;
                (seconds, seconds > activation)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        let status = QueueStatus {
            messages: 10,
            ready: 4,
            publish_rate: 6.0,
            deliver_get_rate: 3.0,
        };
        let idle = QueueStatus {
            deliver_get_rate: 0.0,
            ..status
        };
        let time = Mode::ExpectedQueueConsumptionTime;
        let empty = |status| time.evaluate(0, status, 5.0);
        assert_eq!((empty(status), empty(idle)), ((0.0, false), (0.0, false)));
        for (mode, status, activation, wanted) in [
            (Mode::QueueLength, status, 10.0, (10.0, false)),
            (Mode::QueueLength, status, 9.0, (10.0, true)),
            (Mode::MessageRate, status, 8.0, (6.0, true)),
            (Mode::MessageRate, status, 10.0, (6.0, false)),
            (Mode::DeliverGetRate, status, 3.0, (3.0, false)),
            (Mode::PublishedToDeliveredRatio, status, 1.0, (2.0, true)),
            (Mode::PublishedToDeliveredRatio, idle, 1.0, (1.0, true)),
            (
                Mode::PublishedToDeliveredRatio,
                QueueStatus::default(),
                0.0,
                (0.0, false),
            ),
            (time, status, 5.0, (1.0 + 10.0 / 3.0, false)),
            (time, idle, 5.0, (5.0, true)),
        ] {
            assert_eq!(mode.evaluate(10, status, activation), wanted, "{mode:?}");
        }
    }
}
