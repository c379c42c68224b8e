//! `validate --cluster` and `--sources`: what only the cluster and the event sources can say about manifests.

use std::sync::Arc;
use std::time::Instant;

use k8s_openapi::api::core::v1::{ResourceQuota, ServiceAccount};

use super::plan::read_options;
use super::{Context, load::Loaded};
use crate::api::reading::{MetricTarget, ReadingOutcome};
use crate::api::{DEFAULT_MAX_REPLICA_COUNT, DataObject, Dialect, ScaledJob, Trigger};
use crate::auth::{LookupError, ObjectSource};
use crate::cli::ValidateArgs;
use crate::cluster::client::LazyCluster;
use crate::cluster::job::{CycleId, job_name, manifest};
use crate::cluster::objects::{Objects, Reader};
use crate::cluster::{Cause, Cluster, actions, lists};
use crate::diagnostic::{Diagnostic, Label, Span};
use crate::error::Error;
use crate::manifest::{Node, Step};
use crate::rules::online::{
    MISSING_IN_CLUSTER, NOT_ASKED, QUOTA_BELOW_MAX, REFUSED_BY_CLUSTER, SOURCE_FAILED, SOURCE_READ,
};
use crate::scalers::{ReadOptions, read_all};

/// Asks the cluster and the sources about the sound objects of `loaded`. Fails when the cluster is wanted and cannot be reached.
pub(super) async fn ask(
    context: &Context<'_>,
    args: &ValidateArgs,
    loaded: &Loaded,
) -> Result<Vec<Diagnostic>, Error> {
    let cluster_args = args.online.cluster_args();
    let cluster = Arc::new(LazyCluster::new(context.settings.cluster(&cluster_args)?));
    let namespace = match cluster.get().await {
        Ok(cluster) => cluster.namespace.clone(),
        Err(_) if args.online.cluster => return Err(cluster.why_not().await),
        // Sources whose parameters all stand in the files need no cluster; what does will say what it lacked.
        Err(_) => cluster_args
            .namespace
            .clone()
            .unwrap_or_else(|| "default".to_owned()),
    };
    let objects = Objects::new(&loaded.resources, &namespace, Arc::clone(&cluster));
    let options = read_options(context.settings, &args.online.sources)?;
    let mut found = Vec::new();
    for job in &loaded.resources.scaled_jobs {
        let mut asker = Asker {
            job,
            namespace: job.namespace.clone().unwrap_or_else(|| namespace.clone()),
            objects: &objects,
            options: &options,
            found: Vec::new(),
        };
        if args.online.cluster {
            let Ok(cluster) = cluster.get().await else {
                return Err(cluster.why_not().await);
            };
            asker.references().await;
            asker.authentications().await;
            asker.service_account(cluster).await;
            asker.quotas(cluster).await;
            asker.dry_run(cluster).await;
        }
        if args.online.sources_wanted {
            asker.sources(&cluster).await;
        }
        found.append(&mut asker.found);
    }
    Ok(found)
}

/// Asks about one object.
struct Asker<'a> {
    job: &'a ScaledJob,
    namespace: String,
    objects: &'a Objects,
    options: &'a ReadOptions,
    found: Vec<Diagnostic>,
}

/// What holds data.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holder {
    Secret,
    ConfigMap,
}

/// Something that is named and has to exist.
struct Need<'n> {
    holder: Holder,
    namespace: &'n str,
    name: &'n str,
    key: Option<&'n str>,
    span: Span,
}

impl Asker<'_> {
    fn label(&self, span: Span) -> Label {
        self.job.document.label(span, "")
    }

    fn node(&self, path: &[&str]) -> Option<&Node> {
        let steps: Vec<Step> = path
            .iter()
            .map(|key| Step::Key((*key).to_owned()))
            .collect();
        self.job.document.root.at(&steps)
    }

    fn pod(&self) -> Option<&Node> {
        match self.job.dialect {
            Dialect::Proposal => self.node(&["spec", "consumerSpec"]),
            Dialect::V1 | Dialect::V2 => self.node(&["spec", "jobTargetRef", "template", "spec"]),
        }
    }

    fn not_asked(&mut self, span: Span, error: &LookupError) {
        let label = self.label(span);
        self.found
            .push(Diagnostic::new(&NOT_ASKED, error.to_string(), label));
    }

    /// Secrets and ConfigMaps of the pods. What is optional need not exist.
    async fn references(&mut self) {
        let mut wanted: Vec<(Holder, String, Option<String>, Span)> = Vec::new();
        if let Some(pod) = self.pod() {
            collect(pod, &mut wanted);
        }
        let namespace = self.namespace.clone();
        for (holder, name, key, span) in wanted {
            self.need(&Need {
                holder,
                namespace: &namespace,
                name: &name,
                key: key.as_deref(),
                span,
            })
            .await;
        }
    }

    async fn need(&mut self, need: &Need<'_>) {
        let (kind, object): (_, Result<Option<DataObject>, LookupError>) = match need.holder {
            Holder::Secret => (
                "Secret",
                self.objects.secret(need.namespace, need.name).await,
            ),
            Holder::ConfigMap => (
                "ConfigMap",
                self.objects.config_map(need.namespace, need.name).await,
            ),
        };
        let problem = match object {
            Err(error) => return self.not_asked(need.span, &error),
            Ok(None) => format!("{kind} {}/{} does not exist", need.namespace, need.name),
            Ok(Some(object)) => match need.key {
                Some(key) if !object.data.contains_key(key) => {
                    format!("{kind} {}/{} has no key {key:?}", need.namespace, need.name)
                }
                _ => return,
            },
        };
        let label = self.label(need.span);
        self.found
            .push(Diagnostic::new(&MISSING_IN_CLUSTER, problem, label));
    }

    /// TriggerAuthentications, and what they refer to.
    async fn authentications(&mut self) {
        for trigger in &self.job.triggers {
            let Some(reference) = &trigger.authentication_ref else {
                continue;
            };
            let span = self.trigger_span(trigger, &["authenticationRef", "name"]);
            let own = self.namespace.clone();
            let scope = (!reference.cluster).then_some(own.as_str());
            let given = match self.objects.authentication(scope, &reference.name).await {
                Ok(Some(given)) => given,
                Ok(None) => {
                    let message = match scope {
                        Some(namespace) => format!(
                            "TriggerAuthentication {namespace}/{} does not exist",
                            reference.name
                        ),
                        None => format!(
                            "ClusterTriggerAuthentication {} does not exist",
                            reference.name
                        ),
                    };
                    let label = self.label(span);
                    self.found
                        .push(Diagnostic::new(&MISSING_IN_CLUSTER, message, label));
                    continue;
                }
                Err(error) => {
                    self.not_asked(span, &error);
                    continue;
                }
            };
            let namespace = match scope {
                Some(namespace) => namespace.to_owned(),
                None => self.options.cluster_object_namespace.clone(),
            };
            let secrets = given
                .secret_target_ref
                .iter()
                .map(|it| (Holder::Secret, it));
            let maps = given
                .config_map_target_ref
                .iter()
                .map(|it| (Holder::ConfigMap, it));
            for (holder, target) in secrets.chain(maps) {
                self.need(&Need {
                    holder,
                    namespace: &namespace,
                    name: &target.name,
                    key: Some(&target.key),
                    span,
                })
                .await;
            }
        }
    }

    fn trigger_span(&self, trigger: &Trigger, path: &[&str]) -> Span {
        let node = self
            .node(&["spec", "triggers"])
            .and_then(|triggers| triggers.items().get(trigger.index));
        let inner = path
            .iter()
            .try_fold(node, |node, key| Some(node?.get(key)))
            .flatten();
        inner.or(node).map_or_else(Span::default, |node| node.span)
    }

    async fn service_account(&mut self, cluster: &Cluster) {
        let named = self
            .pod()
            .and_then(|pod| {
                pod.get("serviceAccountName")
                    .or_else(|| pod.get("serviceAccount"))
            })
            .and_then(|node| Some((node.as_str()?.to_owned(), node.span)));
        let Some((name, span)) = named.filter(|(name, _)| !name.is_empty()) else {
            return;
        };
        match lists::exists::<ServiceAccount>(cluster, &self.namespace, "serviceaccounts", &name)
            .await
        {
            Ok(true) => {}
            Ok(false) => {
                let message = format!("ServiceAccount {}/{name} does not exist", self.namespace);
                let label = self.label(span);
                self.found
                    .push(Diagnostic::new(&MISSING_IN_CLUSTER, message, label));
            }
            Err(error) => self.not_asked(span, &LookupError(error.to_string())),
        }
    }

    async fn quotas(&mut self, cluster: &Cluster) {
        let place = self
            .node(&["spec", "maxReplicaCount"])
            .or_else(|| self.node(&["metadata", "name"]))
            .map_or_else(Span::default, |node| node.span);
        let quotas: Vec<ResourceQuota> =
            match lists::all(cluster, &self.namespace, "resourcequotas").await {
                Ok(quotas) => quotas,
                Err(error) => return self.not_asked(place, &LookupError(error.to_string())),
            };
        let jobs = self
            .job
            .max_replica_count
            .unwrap_or(DEFAULT_MAX_REPLICA_COUNT);
        let parallelism = self
            .job
            .job_target_ref
            .get("parallelism")
            .and_then(serde_json::Value::as_i64)
            .unwrap_or(1)
            .max(1);
        for quota in quotas {
            let hard = quota.spec.and_then(|spec| spec.hard).unwrap_or_default();
            for (key, needed) in [
                ("count/jobs.batch", jobs),
                ("count/pods", jobs.saturating_mul(parallelism)),
                ("pods", jobs.saturating_mul(parallelism)),
            ] {
                let Some(limit) = hard.get(key).and_then(|limit| limit.0.parse::<i64>().ok())
                else {
                    continue;
                };
                if limit < needed {
                    let name = quota.metadata.name.as_deref().unwrap_or_default();
                    let message = format!(
                        "maxReplicaCount {jobs} needs {key} of {needed}, and the quota {}/{name} gives {limit}",
                        self.namespace
                    );
                    let label = self.label(place);
                    self.found
                        .push(Diagnostic::new(&QUOTA_BELOW_MAX, message, label));
                }
            }
        }
    }

    /// Creates one Job as `run` would, without keeping it.
    async fn dry_run(&mut self, cluster: &Cluster) {
        let cycle = CycleId::random();
        let name = job_name(self.job, &cycle, 0);
        let trigger = self.job.triggers.first();
        let kind = trigger
            .map(|trigger| trigger.kind.as_str())
            .unwrap_or_default();
        let job = manifest(self.job, &self.namespace, &name, &cycle, kind, None);
        let Err(refusal) = actions::dry_run(cluster, &self.namespace, &job).await else {
            return;
        };
        let whole = self
            .node(&["metadata", "name"])
            .map_or_else(Span::default, |node| node.span);
        if !refusal.is_answer {
            return self.not_asked(whole, &LookupError(refusal.error.to_string()));
        }
        if refusal.error.causes.is_empty() {
            let label = self.label(whole);
            self.found.push(Diagnostic::new(
                &REFUSED_BY_CLUSTER,
                refusal.error.message,
                label,
            ));
            return;
        }
        for Cause { field, message } in refusal.error.causes {
            let span = self.job.place_of(&field).unwrap_or(whole);
            let label = self.label(span);
            self.found.push(Diagnostic::new(
                &REFUSED_BY_CLUSTER,
                format!("{field}: {message}"),
                label,
            ));
        }
    }

    /// Takes one reading of each trigger, one after another, so that each time is its own.
    async fn sources(&mut self, cluster: &Arc<LazyCluster>) {
        for trigger in &self.job.triggers {
            let mut alone = self.job.clone();
            alone.triggers = vec![trigger.clone()];
            let began = Instant::now();
            let reader = Arc::new(Reader(Arc::clone(cluster)));
            let readings =
                read_all(&alone, &self.namespace, self.objects, reader, self.options).await;
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

/// Secrets and ConfigMaps that a pod needs to start.
fn collect(pod: &Node, wanted: &mut Vec<(Holder, String, Option<String>, Span)>) {
    let mut add = |holder, reference: Option<&Node>, field: &str| {
        let Some(reference) = reference else { return };
        if reference.get("optional").and_then(Node::as_bool) == Some(true) {
            return;
        }
        let Some(name) = reference.get(field) else {
            return;
        };
        let Some(text) = name.as_str().filter(|text| !text.is_empty()) else {
            return;
        };
        let key = reference.get("key");
        let span = key.unwrap_or(name).span;
        wanted.push((
            holder,
            text.to_owned(),
            key.and_then(Node::as_str).map(str::to_owned),
            span,
        ));
    };
    let list = |node: &'_ Node, field: &str| -> Vec<Node> {
        node.get(field)
            .map(Node::items)
            .unwrap_or_default()
            .to_vec()
    };
    for container in ["containers", "initContainers"]
        .iter()
        .flat_map(|field| list(pod, field))
    {
        for variable in list(&container, "env") {
            let from = variable.get("valueFrom");
            add(
                Holder::Secret,
                from.and_then(|from| from.get("secretKeyRef")),
                "name",
            );
            add(
                Holder::ConfigMap,
                from.and_then(|from| from.get("configMapKeyRef")),
                "name",
            );
        }
        for source in list(&container, "envFrom") {
            add(Holder::Secret, source.get("secretRef"), "name");
            add(Holder::ConfigMap, source.get("configMapRef"), "name");
        }
    }
    for volume in list(pod, "volumes") {
        add(Holder::Secret, volume.get("secret"), "secretName");
        add(Holder::ConfigMap, volume.get("configMap"), "name");
    }
    for secret in list(pod, "imagePullSecrets") {
        add(Holder::Secret, Some(&secret), "name");
    }
}
