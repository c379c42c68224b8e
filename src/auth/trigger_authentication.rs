//! TriggerAuthentication and ClusterTriggerAuthentication become parameters. [semantics §4.1]
//!
//! KEDA gives empty texts for missing objects and keys; here they are errors that name them (DESIGN §6).

use std::collections::{BTreeMap, BTreeSet};

use super::ObjectSource;
use super::container::{Object, ObjectKind};
use super::environment::{Environment, Variable, describe, lookup};
use crate::api::{
    AuthenticationRef, EnvRef, PodIdentity, ScaledJob, Secret, TargetRef, TriggerAuthentication,
};

/// What a TriggerAuthentication gives to its trigger.
#[derive(Debug, Default)]
pub struct AuthParameters {
    /// Parameters by name.
    pub values: BTreeMap<String, Secret<String>>,
    /// `podIdentity`.
    pub pod_identity: Option<PodIdentity>,
}

/// Where things are looked up.
pub struct AuthContext<'a> {
    /// The object whose trigger it is.
    pub job: &'a ScaledJob,
    /// Its namespace.
    pub namespace: &'a str,
    /// Where ClusterTriggerAuthentications keep their objects (`keda` in most clusters).
    pub cluster_object_namespace: &'a str,
    /// Where objects come from.
    pub objects: &'a dyn ObjectSource,
}

/// Resolves `reference`. All errors are collected; each names the object or key that is missing.
pub async fn resolve_authentication(
    reference: &AuthenticationRef,
    context: &AuthContext<'_>,
) -> Result<AuthParameters, Vec<String>> {
    let namespace = (!reference.cluster).then_some(context.namespace);
    let described = match namespace {
        Some(namespace) => format!("TriggerAuthentication {namespace}/{}", reference.name),
        None => format!("ClusterTriggerAuthentication {}", reference.name),
    };
    let authentication = match context
        .objects
        .authentication(namespace, &reference.name)
        .await
    {
        Ok(Some(authentication)) => authentication,
        Ok(None) => return Err(vec![format!("{described} does not exist")]),
        Err(error) => return Err(vec![format!("{described} cannot be read: {error}")]),
    };
    let mut collected = Collected::default();
    for source in &authentication.unsupported {
        collected
            .errors
            .push(format!("keda-jobs cannot read {source} yet"));
    }
    // A later source overrides an earlier one: env, then ConfigMaps, then Secrets.
    collected.environment(&authentication, context).await;
    let namespace = namespace.unwrap_or(context.cluster_object_namespace);
    for (kind, references) in [
        (ObjectKind::ConfigMap, &authentication.config_map_target_ref),
        (ObjectKind::Secret, &authentication.secret_target_ref),
    ] {
        collected
            .objects(kind, references, namespace, context.objects)
            .await;
    }
    if collected.errors.is_empty() {
        Ok(AuthParameters {
            values: collected.values,
            pod_identity: authentication.pod_identity,
        })
    } else {
        Err(collected
            .errors
            .into_iter()
            .map(|error| format!("{described}: {error}"))
            .collect())
    }
}

#[derive(Default)]
struct Collected {
    values: BTreeMap<String, Secret<String>>,
    errors: Vec<String>,
}

impl Collected {
    /// `env`: variables of the named container, or of the first one whatever envSourceContainerName says. [semantics §4.1, run]
    async fn environment(
        &mut self,
        authentication: &TriggerAuthentication,
        context: &AuthContext<'_>,
    ) {
        let mut containers: BTreeMap<Option<&str>, Vec<&EnvRef>> = BTreeMap::new();
        for entry in &authentication.env {
            let container = entry
                .container_name
                .as_deref()
                .filter(|name| !name.is_empty());
            containers.entry(container).or_default().push(entry);
        }
        for (container, entries) in containers {
            let names: BTreeSet<String> = entries.iter().map(|entry| entry.name.clone()).collect();
            let environment = Environment::resolve(
                &context.job.job_target_ref,
                container,
                context.namespace,
                &names,
                context.objects,
            )
            .await;
            for entry in entries {
                let EnvRef {
                    parameter, name, ..
                } = entry;
                match environment.variable(name) {
                    Variable::Value(value) => {
                        self.values.insert(parameter.clone(), value.clone());
                    }
                    Variable::Missing => self.errors.push(format!(
                        "env for parameter {parameter}: {} has no variable {name:?}",
                        environment.container()
                    )),
                    Variable::Unusable(reason) => self.errors.push(format!(
                        "env for parameter {parameter}: variable {name:?}: {reason}"
                    )),
                }
            }
        }
    }

    /// `configMapTargetRef` and `secretTargetRef`.
    async fn objects(
        &mut self,
        kind: ObjectKind,
        references: &[TargetRef],
        namespace: &str,
        objects: &dyn ObjectSource,
    ) {
        let mut known = BTreeMap::new();
        for reference in references {
            let object = Object {
                kind,
                name: reference.name.clone(),
            };
            let described = describe(&object, namespace);
            if !known.contains_key(&object) {
                let found = lookup(objects, &object, namespace).await;
                known.insert(object.clone(), found);
            }
            let TargetRef { parameter, key, .. } = reference;
            let problem = match &known[&object] {
                Ok(Some(data)) => match data.data.get(key) {
                    Some(value) => {
                        self.values.insert(parameter.clone(), value.clone());
                        continue;
                    }
                    None => format!("{described} has no key {key:?}"),
                },
                Ok(None) => format!("{described} does not exist (key {key:?} is needed)"),
                Err(reason) => reason.clone(),
            };
            self.errors
                .push(format!("parameter {parameter}: {problem}"));
        }
    }
}
