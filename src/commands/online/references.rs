//! What the object refers to: do the objects, keys and accounts exist?

use k8s_openapi::api::core::v1::ServiceAccount;

use super::Asker;
use crate::api::DataObject;
use crate::auth::{LookupError, ObjectSource};
use crate::cluster::{Cluster, lists};
use crate::diagnostic::{Diagnostic, Span};
use crate::manifest::Node;
use crate::rules::online::MISSING_IN_CLUSTER;

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
    /// Secrets and ConfigMaps of the pods. What is optional need not exist.
    pub(super) async fn references(&mut self) {
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
    pub(super) async fn authentications(&mut self) {
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

    pub(super) async fn service_account(&mut self, cluster: &Cluster) {
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
