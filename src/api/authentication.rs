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
    /// `podIdentity`, when it is there and its provider is not `none`.
    pub pod_identity: Option<PodIdentity>,
    /// `secretTargetRef`.
    pub secret_target_ref: Vec<TargetRef>,
    /// `configMapTargetRef`.
    pub config_map_target_ref: Vec<TargetRef>,
    /// `env`.
    pub env: Vec<EnvRef>,
    /// `azureServicePrincipal` is written, which KEDA reads since 2.21 and for azure-pipelines only. It brings no parameters.
    pub azure_service_principal: bool,
    /// Names of sources that are written and that this version cannot read (`hashiCorpVault` …).
    pub unsupported: Vec<String>,
    /// Where it was read from; none when it comes from a cluster.
    pub document: Option<Arc<Document>>,
}

/// `podIdentity`. Empty texts are kept: KEDA refuses some of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodIdentity {
    /// `provider`: `azure-workload`, `gcp`, `aws` or `aws-eks`.
    pub provider: String,
    /// `identityId`, of Azure.
    pub identity_id: Option<String>,
    /// `identityTenantId`, of Azure.
    pub identity_tenant_id: Option<String>,
    /// `identityAuthorityHost`, of Azure.
    pub identity_authority_host: Option<String>,
    /// `roleArn`, of AWS.
    pub role_arn: Option<String>,
    /// `externalID`, of AWS.
    pub external_id: Option<String>,
    /// `identityOwner: workload`: the service account of the Job's pods, and not KEDA, is who signs in.
    pub workload_owned: bool,
}

impl PodIdentity {
    /// One of a provider, with nothing else said.
    pub fn of(provider: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            ..Self::default()
        }
    }

    /// What KEDA refuses: the field to look at, and a fragment that says why. [semantics §5.1]
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let given = |field: &Option<String>| field.as_deref().is_some_and(|text| !text.is_empty());
        let empty = |field: &Option<String>| field.as_deref() == Some("");
        let aws = self.provider == "aws";
        let azure = self.provider == "azure-workload";
        [
            (
                aws && given(&self.role_arn) && self.workload_owned,
                "roleArn",
                "cannot be combined with `identityOwner: workload`, whose service account names the role",
            ),
            (
                aws && given(&self.external_id) && !given(&self.role_arn),
                "externalID",
                "needs `roleArn`",
            ),
            (azure && empty(&self.identity_id), "identityId", "is empty"),
            (
                azure && empty(&self.identity_tenant_id),
                "identityTenantId",
                "is empty",
            ),
            (
                azure && given(&self.identity_authority_host) && !given(&self.identity_tenant_id),
                "identityAuthorityHost",
                "needs `identityTenantId`",
            ),
        ]
        .into_iter()
        .filter(|(wrong, ..)| *wrong)
        .map(|(_, field, problem)| (field, problem))
        .collect()
    }
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
    /// Where a `ConfigMap` was read from; none for a Secret and for what comes from a cluster.
    pub document: Option<Arc<Document>>,
}
