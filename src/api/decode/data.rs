//! Secret, `ConfigMap`, `TriggerAuthentication` and `ClusterTriggerAuthentication`. The shape holds when these are called.

use std::sync::Arc;

use base64::Engine as _;

use super::Identity;
use super::scaled_job::{string_map, text};
use crate::api::shape::FORMER_IDENTITIES;
use crate::api::{DataObject, EnvRef, PodIdentity, Secret, TargetRef, TriggerAuthentication};
use crate::diagnostic::{Diagnostic, Label, Severity, SourceFile, Span, catalog};
use crate::manifest::{Document, Node, Value};

/// The texts of files with Secrets, without the values of these: what findings about a Secret may show.
pub(super) struct Masked(Vec<(Arc<SourceFile>, Arc<SourceFile>)>);

impl Masked {
    /// Masks every file of `documents` that holds a Secret, once for all its Secrets.
    pub(super) fn of_all(documents: &[Arc<Document>]) -> Self {
        let mut files: Vec<(Arc<SourceFile>, Vec<Span>)> = Vec::new();
        for document in documents {
            let is_next = files
                .last()
                .is_none_or(|(source, _)| !Arc::ptr_eq(source, &document.source));
            if is_next {
                files.push((Arc::clone(&document.source), Vec::new()));
            }
            if let Some((_, spans)) = files.last_mut() {
                secret_values(&document.root, spans);
                for item in document
                    .root
                    .get("items")
                    .map(Node::items)
                    .unwrap_or_default()
                {
                    secret_values(item, spans);
                }
            }
        }
        Self(
            files
                .into_iter()
                .filter(|(_, spans)| !spans.is_empty())
                .map(|(source, spans)| {
                    let masked = source.masked(&spans);
                    (source, masked)
                })
                .collect(),
        )
    }

    /// What may be shown of the file of `document`.
    pub(super) fn of(&self, document: &Document) -> Arc<SourceFile> {
        let masked = self
            .0
            .iter()
            .find(|(source, _)| Arc::ptr_eq(source, &document.source));
        Arc::clone(masked.map_or(&document.source, |(_, masked)| masked))
    }
}

/// Adds the places of an object's values when it is a Secret.
fn secret_values(root: &Node, spans: &mut Vec<Span>) {
    if root.get("kind").and_then(Node::as_str) != Some("Secret") {
        return;
    }
    for entry in root.entries() {
        match (entry.key.as_str(), &entry.value.value) {
            ("apiVersion" | "kind" | "type" | "immutable", _) => {}
            // kubectl keeps the whole object, values included, in an annotation.
            ("metadata", _) => spans.extend(
                entry
                    .value
                    .get("annotations")
                    .map(Node::entries)
                    .unwrap_or_default()
                    .iter()
                    .map(|annotation| annotation.value.span),
            ),
            (_, Value::Mapping(entries)) => {
                spans.extend(entries.iter().map(|entry| entry.value.span));
            }
            _ => spans.push(entry.value.span),
        }
    }
}

/// Decodes a Secret: `data` from base64, overlaid by `stringData`. A value that is not UTF-8 is kept with replacement characters,
/// as Go prints it.
pub(super) fn secret(
    document: &Document,
    shown: &Arc<SourceFile>,
    identity: Identity,
    found: &mut Vec<Diagnostic>,
) -> DataObject {
    let mut object = DataObject {
        name: identity.name,
        namespace: identity.namespace,
        ..DataObject::default()
    };
    let entries = |field: &str| {
        document
            .root
            .get(field)
            .map(Node::entries)
            .unwrap_or_default()
    };
    for entry in entries("data") {
        let Some(text) = entry.value.as_str() else {
            continue;
        };
        // Go's decoder passes over line breaks, which block scalars have.
        let compact: String = text
            .chars()
            .filter(|char| !matches!(char, '\r' | '\n'))
            .collect();
        if let Ok(bytes) = base64::engine::general_purpose::STANDARD.decode(compact) {
            let value = String::from_utf8_lossy(&bytes).into_owned();
            object.data.insert(entry.key.clone(), Secret::new(value));
        } else {
            found.push(
                Diagnostic::new(
                    &catalog::INVALID_VALUE,
                    format!("the value of `{}` is not base64", entry.key),
                    Label::new(shown, entry.key_span, "must be base64"),
                )
                .help("encode it (`base64 -w0`), or write it as it is under `stringData`"),
            );
        }
    }
    for entry in entries("stringData") {
        if let Some(text) = entry.value.as_str() {
            object
                .data
                .insert(entry.key.clone(), Secret::new(text.to_owned()));
        }
    }
    object
}

/// Decodes a `ConfigMap`; `binaryData` is left out, as in KEDA.
pub(super) fn config_map(document: &Arc<Document>, identity: Identity) -> DataObject {
    DataObject {
        name: identity.name,
        namespace: identity.namespace,
        data: document
            .root
            .get("data")
            .map(string_map)
            .unwrap_or_default()
            .into_iter()
            .map(|(key, value)| (key, Secret::new(value)))
            .collect(),
        document: Some(Arc::clone(document)),
    }
}

/// Sources of a `TriggerAuthentication` that are KEDA's and that this version cannot read. [semantics §4.1]
const UNSUPPORTED: &[&str] = &[
    "filePath",
    "boundServiceAccountToken",
    "hashiCorpVault",
    "azureKeyVault",
    "gcpSecretManager",
    "awsSecretManager",
    "oauth2",
];

/// Decodes a `TriggerAuthentication` or `ClusterTriggerAuthentication` of either group.
pub(super) fn authentication(
    document: &Arc<Document>,
    identity: Identity,
    cluster: bool,
    found: &mut Vec<Diagnostic>,
) -> TriggerAuthentication {
    let mut authentication = TriggerAuthentication {
        name: identity.name,
        namespace: identity.namespace,
        cluster,
        document: Some(Arc::clone(document)),
        ..TriggerAuthentication::default()
    };
    let Some(spec) = document.root.get("spec") else {
        return authentication;
    };
    if let Some(provider) = spec
        .get("podIdentity")
        .and_then(|identity| identity.get("provider"))
        && let Some(name) = provider.as_str()
        && name != "none"
    {
        // An object of KEDA 2 is held to the version aimed at: see `check_authentications`.
        if is_of_keda_1(document) && FORMER_IDENTITIES.contains(&name) {
            let mut diagnostic = Diagnostic::new(
                &catalog::V1_MEANING,
                format!("the pod identity `{name}` no longer exists in KEDA 2"),
                document.label(provider.span, "removed"),
            )
            .help("use `azure-workload`, `aws` or `gcp`, or a secret");
            diagnostic.severity = Severity::Warning;
            found.push(diagnostic);
        }
        let identity = pod_identity(name, spec);
        for (field, problem) in identity.problems() {
            let place = spec
                .get("podIdentity")
                .and_then(|identity| identity.get(field))
                .map_or(provider.span, |node| node.span);
            found.push(Diagnostic::new(
                &catalog::INVALID_VALUE,
                format!("`spec.podIdentity.{field}` {problem}"),
                document.label(place, "refused by KEDA"),
            ));
        }
        authentication.pod_identity = Some(identity);
    }
    authentication.secret_target_ref = target_refs(spec, "secretTargetRef");
    authentication.config_map_target_ref = target_refs(spec, "configMapTargetRef");
    authentication.env = items(spec, "env")
        .iter()
        .filter_map(|item| {
            Some(EnvRef {
                parameter: text(item, "parameter")?,
                name: text(item, "name")?,
                container_name: text(item, "containerName").filter(|name| !name.is_empty()),
            })
        })
        .collect();
    let is_given = |source: &str| {
        spec.get(source)
            .is_some_and(|node| node.value != Value::Null)
    };
    authentication.azure_service_principal = is_given("azureServicePrincipal");
    authentication.unsupported = UNSUPPORTED
        .iter()
        .filter(|source| is_given(source))
        .map(|source| (*source).to_owned())
        .collect();
    authentication
}

fn is_of_keda_1(document: &Document) -> bool {
    text(&document.root, "apiVersion").is_some_and(|version| {
        version
            .strip_prefix(super::kind::KEDA_1)
            .is_some_and(|rest| rest.starts_with('/'))
    })
}

fn pod_identity(provider: &str, spec: &Node) -> PodIdentity {
    let part = |field: &str| text(spec.get("podIdentity")?, field);
    PodIdentity {
        provider: provider.to_owned(),
        identity_id: part("identityId"),
        identity_tenant_id: part("identityTenantId"),
        identity_authority_host: part("identityAuthorityHost"),
        role_arn: part("roleArn"),
        external_id: part("externalID"),
        workload_owned: part("identityOwner").as_deref() == Some("workload"),
    }
}

fn target_refs(spec: &Node, field: &str) -> Vec<TargetRef> {
    items(spec, field)
        .iter()
        .filter_map(|item| {
            Some(TargetRef {
                parameter: text(item, "parameter")?,
                name: text(item, "name")?,
                key: text(item, "key")?,
            })
        })
        .collect()
}

fn items<'a>(spec: &'a Node, field: &str) -> &'a [Node] {
    spec.get(field).map(Node::items).unwrap_or_default()
}
