//! The variables that a job template declares, read from the raw JobSpec (law 9: it is never decoded into a type and sent back).

use serde_json::Value as Json;

/// A container of the job template.
#[derive(Debug)]
pub(crate) struct Container {
    pub(super) name: String,
    pub(super) env: Vec<EnvVar>,
    pub(super) env_from: Vec<EnvFrom>,
}

/// One entry of `env`.
#[derive(Debug)]
pub(super) struct EnvVar {
    pub(super) name: String,
    pub(super) from: EnvSource,
}

/// Where a variable's value is.
#[derive(Debug)]
pub(super) enum EnvSource {
    Value(String),
    Key {
        object: Object,
        key: String,
        optional: bool,
    },
    /// `fieldRef` and the like: only the kubelet knows the value.
    Runtime(String),
}

/// One entry of `envFrom`.
#[derive(Debug)]
pub(super) struct EnvFrom {
    pub(super) prefix: String,
    pub(super) object: Object,
    pub(super) optional: bool,
}

/// A Secret or a ConfigMap, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Object {
    pub(super) kind: ObjectKind,
    pub(super) name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ObjectKind {
    Secret,
    ConfigMap,
}

impl ObjectKind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
        }
    }
}

/// What can be said of a variable without looking at any object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared<'a> {
    /// It has an entry in `env`.
    Yes,
    /// Only the kubelet knows its value; the text names the reference (`fieldRef`).
    Runtime(&'a str),
    /// An `envFrom` may bring it.
    Perhaps,
    /// The container surely lacks it.
    No,
}

impl Container {
    /// The container `name`, or the first one. The error is a fragment that says what the template lacks.
    pub(crate) fn find(job_target_ref: &Json, name: Option<&str>) -> Result<Self, String> {
        let containers = job_target_ref
            .pointer("/template/spec/containers")
            .and_then(Json::as_array)
            .map_or(&[][..], Vec::as_slice);
        let found = match name {
            Some(name) => containers
                .iter()
                .find(|container| text(container, "name") == name)
                .ok_or_else(|| format!("the job template has no container {name:?}"))?,
            None => containers
                .first()
                .ok_or("the job template has no containers")?,
        };
        Ok(Self {
            name: text(found, "name").to_owned(),
            env: list(found, "env").iter().filter_map(variable).collect(),
            env_from: list(found, "envFrom")
                .iter()
                .filter_map(variables)
                .collect(),
        })
    }

    /// What the manifest says of variable `name`.
    pub(crate) fn declares(&self, name: &str) -> Declared<'_> {
        match self.env.iter().rev().find(|entry| entry.name == name) {
            Some(EnvVar {
                from: EnvSource::Runtime(reference),
                ..
            }) => Declared::Runtime(reference),
            Some(_) => Declared::Yes,
            None if self
                .env_from
                .iter()
                .any(|source| name.starts_with(&source.prefix)) =>
            {
                Declared::Perhaps
            }
            None => Declared::No,
        }
    }

    /// Names of its `env`, for suggestions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.env.iter().map(|entry| entry.name.as_str())
    }

    /// `container "worker"`.
    pub(crate) fn describe(&self) -> String {
        format!("container {:?}", self.name)
    }
}

fn text<'a>(json: &'a Json, key: &str) -> &'a str {
    json.get(key).and_then(Json::as_str).unwrap_or_default()
}

fn list<'a>(json: &'a Json, key: &str) -> &'a [Json] {
    json.get(key)
        .and_then(Json::as_array)
        .map_or(&[], Vec::as_slice)
}

fn optional(json: &Json) -> bool {
    json.get("optional").and_then(Json::as_bool) == Some(true)
}

fn variable(json: &Json) -> Option<EnvVar> {
    let name = json.get("name").and_then(Json::as_str)?.to_owned();
    let value = text(json, "value");
    let from = match json.get("valueFrom").and_then(Json::as_object) {
        // KEDA looks at valueFrom only where value is empty.
        Some(source) if value.is_empty() => {
            let key = |kind, reference: &Json| EnvSource::Key {
                object: Object {
                    kind,
                    name: text(reference, "name").to_owned(),
                },
                key: text(reference, "key").to_owned(),
                optional: optional(reference),
            };
            if let Some(reference) = source.get("secretKeyRef") {
                key(ObjectKind::Secret, reference)
            } else if let Some(reference) = source.get("configMapKeyRef") {
                key(ObjectKind::ConfigMap, reference)
            } else {
                EnvSource::Runtime(
                    source
                        .keys()
                        .next()
                        .cloned()
                        .unwrap_or_else(|| "an empty valueFrom".to_owned()),
                )
            }
        }
        _ => EnvSource::Value(value.to_owned()),
    };
    Some(EnvVar { name, from })
}

fn variables(json: &Json) -> Option<EnvFrom> {
    let (kind, reference) = if let Some(reference) = json.get("secretRef") {
        (ObjectKind::Secret, reference)
    } else {
        (ObjectKind::ConfigMap, json.get("configMapRef")?)
    };
    Some(EnvFrom {
        prefix: text(json, "prefix").to_owned(),
        object: Object {
            kind,
            name: text(reference, "name").to_owned(),
        },
        optional: optional(reference),
    })
}
