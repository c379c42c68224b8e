//! What is found by building the scaler from the metadata alone.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::Checker;
use crate::api::{Secret, Trigger};
use crate::auth::Environment;
use crate::diagnostic::catalog;
use crate::scalers::params::{Sources, resolve};
use crate::scalers::{
    Behaviour, ClusterReader, HttpClients, Identities, PodSummary, ReadError, ScalerContext,
};

impl Checker<'_> {
    /// What only the type itself knows (parameters that exclude each other, schedules, addresses). Asked when all parameters stand in
    /// the metadata and each is right by itself: then a refusal cannot come from something that is unknown here.
    pub(super) fn build(&mut self) {
        let Behaviour::Reads(build) = self.kind.behaviour else {
            return;
        };
        let open = self.trigger.authentication_ref.is_some()
            || self
                .kind
                .parameters()
                .any(|spec| self.variable_of(spec).is_some());
        if open {
            return;
        }
        let sources = Sources {
            metadata: self.given.metadata(),
            env: &Environment::default(),
            auth: &std::collections::BTreeMap::new(),
        };
        let Ok(parameters) = resolve(self.kind.parameters(), &sources) else {
            return;
        };
        // The API server drops metricType, as the decoder says, so that it decides nothing.
        let trigger = Trigger {
            metric_type: None,
            ..self.trigger.clone()
        };
        let context = ScalerContext {
            trigger: &trigger,
            object: &self.job.name,
            namespace: self.job.namespace.as_deref().unwrap_or("default"),
            pod_identity: None,
            service_account: "default",
            identities: Identities::nobody(),
            cluster: Arc::new(NoCluster),
            http_timeout: Duration::from_secs(3),
            service_proxy: None,
            clients: &HttpClients::default(),
            now: Timestamp::now,
        };
        if let Err(error) = build(&context, &parameters) {
            for problem in error.problems() {
                // It has its finding already.
                if problem.starts_with("metricType") {
                    continue;
                }
                // Messages name their parameter first: `parameter start: …`.
                let key = problem
                    .strip_prefix("parameter ")
                    .and_then(|rest| rest.split([' ', ':']).next())
                    .unwrap_or_default();
                let label = self.place.of_value(key);
                self.report(&catalog::INVALID_PARAMETER, problem.clone(), label);
            }
        }
    }
}

/// Stands in for the cluster where scalers are only built.
struct NoCluster;

#[async_trait]
impl ClusterReader for NoCluster {
    async fn pods(&self, _: &str, _: &str) -> Result<Vec<PodSummary>, ReadError> {
        Err(ReadError::new("no cluster is asked offline"))
    }

    async fn service_endpoints(
        &self,
        _: &str,
        _: &str,
    ) -> Result<Vec<std::net::IpAddr>, ReadError> {
        Err(ReadError::new("no cluster is asked offline"))
    }

    async fn service_account_annotation(
        &self,
        _: &str,
        _: &str,
        _: &str,
    ) -> Result<Option<String>, ReadError> {
        Err(ReadError::new("no cluster is asked offline"))
    }

    async fn service_account_token(
        &self,
        _: &str,
        _: &str,
        _: &str,
    ) -> Result<Secret<String>, ReadError> {
        Err(ReadError::new("no cluster is asked offline"))
    }
}
