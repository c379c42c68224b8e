//! A container's environment as far as triggers need it. [semantics §4.3]
//!
//! Only the variables that are asked for are resolved, with what they refer to through `$(NAME)`: a Secret that no trigger needs
//! is never read and cannot fail one. KEDA resolves the whole container and loses all triggers when one reference is
//! unreadable. A missing key is an error here and an empty text in KEDA (DESIGN §6).

use std::collections::{BTreeMap, BTreeSet};

use super::ObjectSource;
use super::container::{Container, EnvSource, Object, ObjectKind};
use super::expansion::{Part, parts};
use crate::api::{DataObject, Secret};

/// The variables that were asked for.
#[derive(Debug, Default)]
pub struct Environment {
    container: String,
    variables: BTreeMap<String, Result<Secret<String>, String>>,
    /// Why no variable can be had at all.
    broken: Option<String>,
}

/// What became of a variable.
#[derive(Debug)]
pub enum Variable<'a> {
    /// Its value, perhaps empty.
    Value(&'a Secret<String>),
    /// The container has no such variable.
    Missing,
    /// It exists and its value cannot be had; the text says why and holds no value.
    Unusable(&'a str),
}

impl Environment {
    /// An environment that holds exactly these variables.
    pub fn from_values<'a>(values: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            container: "the container".to_owned(),
            variables: values
                .into_iter()
                .map(|(name, value)| (name.to_owned(), Ok(Secret::new(value.to_owned()))))
                .collect(),
            broken: None,
        }
    }

    /// The variable `name`.
    pub fn variable(&self, name: &str) -> Variable<'_> {
        match (self.variables.get(name), &self.broken) {
            (Some(Ok(value)), _) => Variable::Value(value),
            (Some(Err(reason)), _) | (None, Some(reason)) => Variable::Unusable(reason),
            (None, None) => Variable::Missing,
        }
    }

    /// The container, for people: `container "worker"`.
    pub fn container(&self) -> &str {
        &self.container
    }

    /// Resolves `names` in the container `container` (the first one when none is named) of `job_target_ref`. Never fails as a whole:
    /// what cannot be had is [`Variable::Unusable`].
    pub async fn resolve(
        job_target_ref: &serde_json::Value,
        container: Option<&str>,
        namespace: &str,
        names: &BTreeSet<String>,
        objects: &dyn ObjectSource,
    ) -> Self {
        let container = match Container::find(job_target_ref, container) {
            Ok(container) => container,
            Err(reason) => {
                return Self {
                    broken: Some(reason),
                    ..Self::default()
                };
            }
        };
        let mut reader = Reader {
            container: &container,
            namespace,
            objects,
            known: BTreeMap::new(),
            values: BTreeMap::new(),
        };
        reader.entries(&closure(&container, names)).await;
        let mut variables = BTreeMap::new();
        for name in names {
            match reader.variable(name).await {
                Ok(Some(value)) => drop(variables.insert(name.clone(), Ok(Secret::new(value)))),
                Ok(None) => {}
                Err(reason) => drop(variables.insert(name.clone(), Err(reason))),
            }
        }
        Self {
            container: container.describe(),
            variables,
            broken: None,
        }
    }
}

/// `names` and every name that their texts refer to, directly or not.
fn closure<'a>(container: &'a Container, names: &'a BTreeSet<String>) -> BTreeSet<&'a str> {
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = names.iter().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        if !wanted.insert(name) {
            continue;
        }
        for entry in container.env.iter().filter(|entry| entry.name == name) {
            if let EnvSource::Value(text) = &entry.from {
                open.extend(parts(text).into_iter().filter_map(|part| match part {
                    Part::Reference { name, .. } => Some(name),
                    Part::Text(_) => None,
                }));
            }
        }
    }
    wanted
}

/// Reads variables of one container in the order of its entries and remembers the objects it has read.
struct Reader<'a> {
    container: &'a Container,
    namespace: &'a str,
    objects: &'a dyn ObjectSource,
    known: BTreeMap<Object, Result<Option<DataObject>, String>>,
    /// What the entries of `env` have given so far.
    values: BTreeMap<&'a str, Result<String, String>>,
}

impl Reader<'_> {
    /// Goes through the entries of `env` that are wanted; a later one overrides an earlier one.
    async fn entries(&mut self, wanted: &BTreeSet<&str>) {
        let container = self.container;
        for entry in &container.env {
            if !wanted.contains(entry.name.as_str()) {
                continue;
            }
            let value = match &entry.from {
                EnvSource::Value(text) => self.expand(text).await.map(Some),
                EnvSource::Runtime(reference) => Err(format!(
                    "it is filled in by {reference} when the pod starts, so its value is not known here"
                )),
                EnvSource::Key {
                    object,
                    key,
                    optional,
                } => self.key(object, key, *optional).await,
            };
            // Optional and absent: the entry does not exist.
            if let Some(value) = value.transpose() {
                self.values.insert(&entry.name, value);
            }
        }
    }

    /// The value that `name` has so far: from `env`, else from the last `envFrom` that has it.
    async fn variable(&mut self, name: &str) -> Result<Option<String>, String> {
        if let Some(value) = self.values.get(name) {
            return value.clone().map(Some);
        }
        let container = self.container;
        for source in container.env_from.iter().rev() {
            let Some(key) = name.strip_prefix(&source.prefix) else {
                continue;
            };
            match self.object(&source.object).await? {
                Some(object) => {
                    if let Some(value) = object.data.get(key) {
                        return Ok(Some(value.expose().clone()));
                    }
                }
                None if source.optional => {}
                None => {
                    return Err(format!(
                        "envFrom needs {}, which does not exist",
                        describe(&source.object, self.namespace)
                    ));
                }
            }
        }
        Ok(None)
    }

    /// Expands `text` over what stands before it. Values from objects are not expanded again.
    async fn expand(&mut self, text: &str) -> Result<String, String> {
        let mut expanded = String::new();
        for part in parts(text) {
            match part {
                Part::Text(text) => expanded.push_str(text),
                Part::Reference { name, written } => {
                    let value = self
                        .variable(name)
                        .await
                        .map_err(|reason| format!("it refers to $({name}): {reason}"))?;
                    expanded.push_str(value.as_deref().unwrap_or(written));
                    if expanded.len() > MAX_VALUE {
                        return Err(format!("it expands to more than {MAX_VALUE} bytes"));
                    }
                }
            }
        }
        Ok(expanded)
    }

    async fn key(
        &mut self,
        object: &Object,
        key: &str,
        optional: bool,
    ) -> Result<Option<String>, String> {
        let described = describe(object, self.namespace);
        match self.object(object).await? {
            Some(data) => match data.data.get(key) {
                Some(value) => Ok(Some(value.expose().clone())),
                None if optional => Ok(None),
                None => Err(format!("{described} has no key {key:?}")),
            },
            None if optional => Ok(None),
            None => Err(format!(
                "{described} does not exist (key {key:?} is needed)"
            )),
        }
    }

    async fn object(&mut self, object: &Object) -> Result<Option<&DataObject>, String> {
        if !self.known.contains_key(object) {
            let found = lookup(self.objects, object, self.namespace).await;
            self.known.insert(object.clone(), found);
        }
        match &self.known[object] {
            Ok(found) => Ok(found.as_ref()),
            Err(reason) => Err(reason.clone()),
        }
    }
}

/// Longer than any variable that a process can be given on Linux (128 KiB): doubling `$(A)$(A)` must not eat memory.
const MAX_VALUE: usize = 256 * 1024;

/// `Secret default/redis`.
pub(super) fn describe(object: &Object, namespace: &str) -> String {
    format!("{} {namespace}/{}", object.kind.as_str(), object.name)
}

/// Reads an object; `None` when it surely does not exist.
pub(super) async fn lookup(
    objects: &dyn ObjectSource,
    object: &Object,
    namespace: &str,
) -> Result<Option<DataObject>, String> {
    let found = match object.kind {
        ObjectKind::Secret => objects.secret(namespace, &object.name).await,
        ObjectKind::ConfigMap => objects.config_map(namespace, &object.name).await,
    };
    found.map_err(|error| format!("{} cannot be read: {error}", describe(object, namespace)))
}
