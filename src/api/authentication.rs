//! `TriggerAuthentication`, `ClusterTriggerAuthentication`, and the objects that they and containers refer to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Secret;
use crate::manifest::Document;

/// A `TriggerAuthentication` or `ClusterTriggerAuthentication`.
#[derive(Debug, Clone, Default)]
pub struct TriggerAuthentication {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; none for the cluster kind.
    pub namespace: Option<String>,
    /// It is a `ClusterTriggerAuthentication`.
    pub cluster: bool,
    /// `podIdentity.provider`, when it is there and not `none`.
    pub pod_identity: Option<String>,
    /// `secretTargetRef`.
    pub secret_target_ref: Vec<TargetRef>,
    /// `configMapTargetRef`.
    pub config_map_target_ref: Vec<TargetRef>,
    /// `env`.
    pub env: Vec<EnvRef>,
    /// Names of sources that are written and that this version cannot read (`hashiCorpVault` …).
    pub unsupported: Vec<String>,
    /// Where it was read from; none when it comes from a cluster.
    pub document: Option<Arc<Document>>,
}

/// An entry of `secretTargetRef` or `configMapTargetRef`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetRef {
    /// The scaler parameter that it sets.
    pub parameter: String,
    /// Name of the object.
    pub name: String,
    /// Key in the object.
    pub key: String,
}

/// An entry of `env`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvRef {
    /// The scaler parameter that it sets.
    pub parameter: String,
    /// The variable's name.
    pub name: String,
    /// The container; the first one when empty.
    pub container_name: Option<String>,
}

/// A Secret's or a `ConfigMap`'s data, decoded. Values of `ConfigMaps` are wrapped too: they may hold connection strings.
#[derive(Debug, Clone, Default)]
pub struct DataObject {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, when known.
    pub namespace: Option<String>,
    /// `data` decoded, overlaid by `stringData`; `binaryData` is left out as KEDA does.
    pub data: BTreeMap<String, Secret<String>>,
}
