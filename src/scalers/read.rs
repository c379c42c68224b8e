//! Triggers become scalers and scalers become readings: parameters are resolved, all triggers are read together, each with its
//! deadline. A failure is an outcome, never a zero.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::client::http::HttpClients;
use super::kept::{Asked, KeptScalers, Parts, ReadyScaler, TriggerId};
use super::params::{ParameterSpec, Sources, resolve};
use super::{
    Behaviour, Build, BuildError, ClusterReader, Identities, ReadError, Scaler, ScalerContext,
    TriggerType, trigger_type,
};
use crate::api::reading::{MetricReading, ReadingOutcome, TriggerReading};
use crate::api::{ScaledJob, Trigger};
use crate::auth::{AuthContext, AuthParameters, Environment, ObjectSource, resolve_authentication};

/// How triggers are read.
#[derive(Debug, Clone)]
pub struct ReadOptions {
    /// How long one trigger may take, building and the second attempt included.
    pub deadline: Duration,
    /// Timeout of one HTTP request where the trigger sets none (KEDA: 3 s).
    pub http_timeout: Duration,
    /// Proxy for hosts of Services (`.svc`, `.svc.cluster.local`), which only the cluster resolves.
    pub service_proxy: Option<url::Url>,
    /// Connections of HTTP triggers, which stay open from one cycle to the next.
    pub clients: HttpClients,
    /// Scalers that stay from one cycle to the next; without it each reading builds its own.
    pub kept: Option<KeptScalers>,
    /// Where ClusterTriggerAuthentications keep their objects (`keda` in most clusters).
    pub cluster_object_namespace: String,
    /// The clock of cron triggers, of queries and of credentials.
    pub now: fn() -> Timestamp,
    /// The caller's identities at the clouds, shared by all triggers of a run.
    pub identities: Arc<Identities>,
}

impl Default for ReadOptions {
    /// 30 s for a trigger, KEDA's 3 s for a request, KEDA's usual namespace, no proxy, the system's clock, the process's identities.
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(30),
            http_timeout: Duration::from_secs(3),
            service_proxy: None,
            clients: HttpClients::default(),
            kept: None,
            cluster_object_namespace: "keda".to_owned(),
            now: Timestamp::now,
            identities: Identities::of_process(),
        }
    }
}

/// A trigger that is ready to be read, or that needs no reading.
pub enum Built {
    /// It can be asked.
    Scaler(Box<dyn Scaler>),
    /// It has no effect on a ScaledJob; the text says why.
    Skipped(&'static str),
}

impl std::fmt::Debug for Built {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Scaler(scaler) => write!(formatter, "Scaler({})", scaler.endpoint()),
            Self::Skipped(reason) => write!(formatter, "Skipped({reason})"),
        }
    }
}

/// What a trigger is read with.
enum Ready {
    Scaler(ReadyScaler),
    Skipped(&'static str),
}

/// How a trigger is dealt with.
enum Way {
    Reads(&'static TriggerType, Build),
    Skipped(&'static str),
}

fn way(trigger: &Trigger) -> Result<Way, BuildError> {
    let kind = known_type(&trigger.kind).map_err(BuildError::new)?;
    match kind.behaviour {
        Behaviour::Skipped(reason) => Ok(Way::Skipped(reason)),
        Behaviour::Reads(make) => Ok(Way::Reads(kind, make)),
        Behaviour::Unread => Err(BuildError::new(format!(
            "keda-jobs cannot read {} triggers yet",
            kind.name
        ))),
    }
}

/// What building needs beside the trigger.
struct Builder<'a> {
    job: &'a ScaledJob,
    namespace: &'a str,
    objects: &'a dyn ObjectSource,
    cluster: Arc<dyn ClusterReader>,
    options: &'a ReadOptions,
}

/// Reads these triggers of `job` once, all together. A read that fails is built and tried once more, as KEDA does, while the deadline
/// permits. The readings are in the order of the triggers.
pub async fn read_triggers<'a>(
    job: &ScaledJob,
    triggers: impl IntoIterator<Item = &'a Trigger>,
    namespace: &str,
    objects: &dyn ObjectSource,
    cluster: Arc<dyn ClusterReader>,
    options: &ReadOptions,
) -> Vec<TriggerReading> {
    let builder = Builder {
        job,
        namespace,
        objects,
        cluster,
        options,
    };
    let deadline = Instant::now() + options.deadline;
    let reads = triggers.into_iter().map(|trigger| {
        let builder = &builder;
        async move {
            TriggerReading {
                index: trigger.index,
                kind: trigger.kind.clone(),
                name: trigger.name.clone(),
                outcome: builder.outcome(trigger, deadline).await,
            }
        }
    });
    join_all(reads).await
}

/// Builds one trigger: its environment and TriggerAuthentication are resolved, the source is not asked yet.
pub async fn build(
    job: &ScaledJob,
    trigger: &Trigger,
    namespace: &str,
    objects: &dyn ObjectSource,
    cluster: Arc<dyn ClusterReader>,
    options: &ReadOptions,
) -> Result<Built, BuildError> {
    let builder = Builder {
        job,
        namespace,
        objects,
        cluster,
        options,
    };
    builder.build(trigger).await
}

/// The type of a trigger, or why there is none.
pub(super) fn known_type(kind: &str) -> Result<&'static TriggerType, String> {
    trigger_type(kind).ok_or_else(|| format!("KEDA has no trigger type {kind:?}"))
}

/// The service account of a job template's pods.
fn service_account(job_target_ref: &serde_json::Value) -> &str {
    let spec = &job_target_ref["template"]["spec"];
    ["serviceAccountName", "serviceAccount"]
        .into_iter()
        .filter_map(|field| spec[field].as_str())
        .find(|name| !name.is_empty())
        .unwrap_or("default")
}

/// The variables that a trigger's `…FromEnv` keys name, as far as its type reads them.
fn variables(trigger: &Trigger) -> BTreeSet<String> {
    let Some(kind) = trigger_type(&trigger.kind) else {
        return BTreeSet::new();
    };
    kind.parameters()
        .flat_map(ParameterSpec::variable_keys)
        .filter_map(|key| trigger.metadata.get(&key).cloned())
        .collect()
}

impl Builder<'_> {
    /// The variables that `trigger` needs. Each trigger resolves its own, so that a Secret which cannot be read, or not in time, fails
    /// only the triggers that need it.
    async fn environment(&self, trigger: &Trigger) -> Environment {
        Environment::resolve(
            &self.job.job_target_ref,
            self.job.env_source_container_name.as_deref(),
            self.namespace,
            &variables(trigger),
            self.objects,
        )
        .await
    }

    async fn build(&self, trigger: &Trigger) -> Result<Built, BuildError> {
        Ok(match way(trigger)? {
            Way::Skipped(reason) => Built::Skipped(reason),
            Way::Reads(kind, make) => {
                let parts = self.parts(trigger, kind).await?;
                Built::Scaler(self.made(trigger, make, &parts)?)
            }
        })
    }

    /// Resolves what a scaler is built from.
    async fn parts(&self, trigger: &Trigger, kind: &TriggerType) -> Result<Parts, BuildError> {
        let auth = match &trigger.authentication_ref {
            None => AuthParameters::default(),
            Some(reference) => {
                let context = AuthContext {
                    job: self.job,
                    namespace: self.namespace,
                    cluster_object_namespace: &self.options.cluster_object_namespace,
                    objects: self.objects,
                };
                resolve_authentication(reference, &context)
                    .await
                    .map_err(BuildError::all)?
            }
        };
        let environment = self.environment(trigger).await;
        let sources = Sources {
            metadata: &trigger.metadata,
            env: &environment,
            auth: &auth.values,
        };
        Ok(Parts {
            parameters: resolve(kind.parameters(), &sources).map_err(BuildError::all)?,
            pod_identity: auth.pod_identity,
        })
    }

    fn made(
        &self,
        trigger: &Trigger,
        make: Build,
        parts: &Parts,
    ) -> Result<Box<dyn Scaler>, BuildError> {
        let context = ScalerContext {
            trigger,
            object: &self.job.name,
            namespace: self.namespace,
            pod_identity: parts.pod_identity.as_ref(),
            service_account: service_account(&self.job.job_target_ref),
            identities: Arc::clone(&self.options.identities),
            cluster: Arc::clone(&self.cluster),
            http_timeout: self.options.http_timeout,
            service_proxy: self.options.service_proxy.as_ref(),
            clients: &self.options.clients,
            now: self.options.now,
        };
        make(&context, &parts.parameters)
    }

    async fn outcome(&self, trigger: &Trigger, deadline: Instant) -> ReadingOutcome {
        let late = |what: &str| format!("{what} within {:?}", self.options.deadline);
        let ready = match self.kept(trigger) {
            Some(ready) if !ready.is_old() => ready,
            old => match timeout_at(deadline, self.ready(trigger, old)).await {
                Ok(Ok(Ready::Scaler(ready))) => ready,
                Ok(Ok(Ready::Skipped(reason))) => {
                    return ReadingOutcome::Skipped(reason.to_owned());
                }
                Ok(Err(error)) => return ReadingOutcome::NotBuilt(error.to_string()),
                Err(_) => {
                    let error = late("the trigger's Secrets could not be read");
                    return ReadingOutcome::NotBuilt(error);
                }
            },
        };
        let first = match timeout_at(deadline, ready.scaler.read()).await {
            Ok(Ok(readings)) => {
                self.keep(trigger, ready);
                return ReadingOutcome::Read(readings);
            }
            Ok(Err(error)) => error,
            Err(_) => {
                let place = ready.scaler.endpoint();
                return ReadingOutcome::Failed(late(&format!("{place} did not answer")));
            }
        };
        match timeout_at(deadline, self.again(trigger)).await {
            Ok(Ok(readings)) => ReadingOutcome::Read(readings),
            Ok(Err(error)) => ReadingOutcome::Failed(error.to_string()),
            // The first error says more than the time that has run out.
            Err(_) => ReadingOutcome::Failed(first.to_string()),
        }
    }

    /// The second attempt: everything is resolved anew, so that a changed Secret is seen.
    async fn again(&self, trigger: &Trigger) -> Result<Vec<MetricReading>, ReadError> {
        match self.ready(trigger, None).await {
            Ok(Ready::Scaler(ready)) => {
                let readings = ready.scaler.read().await?;
                self.keep(trigger, ready);
                Ok(readings)
            }
            Ok(Ready::Skipped(reason)) => Err(ReadError::new(reason)),
            Err(error) => Err(ReadError::new(error.to_string())),
        }
    }

    /// Builds, unless what is looked up is what the `old` scaler was built from; notes whether objects had to be looked up for it.
    async fn ready(
        &self,
        trigger: &Trigger,
        old: Option<ReadyScaler>,
    ) -> Result<Ready, BuildError> {
        let (kind, make) = match way(trigger)? {
            Way::Skipped(reason) => return Ok(Ready::Skipped(reason)),
            Way::Reads(kind, make) => (kind, make),
        };
        let asked = Asked::new(self.objects);
        let builder = Builder {
            objects: &asked,
            cluster: Arc::clone(&self.cluster),
            ..*self
        };
        let parts = builder.parts(trigger, kind).await?;
        if let Some(mut old) = old
            && old.is_still_of(&parts)
        {
            return Ok(Ready::Scaler(old));
        }
        let scaler = self.made(trigger, make, &parts)?;
        Ok(Ready::Scaler(ReadyScaler::new(scaler, parts, asked.any())))
    }

    fn kept(&self, trigger: &Trigger) -> Option<ReadyScaler> {
        let kept = self.options.kept.as_ref()?;
        kept.take(&self.id(trigger))
    }

    fn keep(&self, trigger: &Trigger, ready: ReadyScaler) {
        if let Some(kept) = &self.options.kept {
            kept.put(self.id(trigger), ready);
        }
    }

    fn id(&self, trigger: &Trigger) -> TriggerId {
        (
            self.namespace.to_owned(),
            self.job.name.clone(),
            trigger.index,
        )
    }
}
