//! What all Redis triggers do with the number that they are answered.

use async_trait::async_trait;

use super::route::{Question, Route};
use crate::api::reading::MetricReading;
use crate::scalers::metric::{Metric, count};
use crate::scalers::{ReadError, Scaler};

/// Asks `question` of the server that `route` leads to.
pub(super) struct Reader<Q> {
    pub(super) metric: Metric,
    /// Active above it.
    pub(super) activation: i64,
    pub(super) route: Route,
    pub(super) question: Q,
}

#[async_trait]
impl<Q: Question> Scaler for Reader<Q> {
    async fn read(&self) -> Result<Vec<MetricReading>, ReadError> {
        let number = self.route.ask(&self.question).await?;
        Ok(self.metric.reading(count(number), number > self.activation))
    }

    fn endpoint(&self) -> String {
        self.route.describe()
    }
}
