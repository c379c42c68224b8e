//! What came with KEDA 2.21: Azure's service principals, and the audiences of tokens.

use super::{LocalKnowledge, Object, References};
use crate::api::KedaVersion;
use crate::diagnostic::{Diagnostic, Severity, trigger_rules};
use crate::manifest::{Node, Value};

/// The first version whose operator must allow the audiences of tokens.
const WITH_AUDIENCES: KedaVersion = KedaVersion::new(21, 0);

/// The first version that has `azureServicePrincipal`.
const WITH_SERVICE_PRINCIPAL: KedaVersion = KedaVersion::new(21, 0);

impl Object<'_> {
    /// [KEDA 2.21.0 `triggerauthentication_webhook.go`, validateAzureServicePrincipal, and `azure_pipelines_scaler.go`]
    pub(super) fn service_principal(
        &self,
        local: &LocalKnowledge<'_>,
        references: &References<'_>,
        found: &mut Vec<Diagnostic>,
    ) {
        let Some(entry) = self.spec.entry("azureServicePrincipal") else {
            return;
        };
        if entry.value.value == Value::Null {
            return;
        }
        let version = local.version;
        if version < WITH_SERVICE_PRINCIPAL {
            let message = format!(
                "KEDA {version} has no azureServicePrincipal: it came with 2.{}",
                WITH_SERVICE_PRINCIPAL.minor
            );
            self.wrong_identity(message, entry.key_span, found);
            return;
        }
        let principal = &entry.value;
        let text = |name: &str| principal.get(name).and_then(Node::as_str);
        let has = |name: &str| {
            principal
                .get(name)
                .is_some_and(|node| node.value != Value::Null)
        };
        let is_private = text("cloud").is_some_and(|cloud| cloud.eq_ignore_ascii_case("Private"));
        let has_endpoint = text("activeDirectoryEndpoint").is_some_and(|text| !text.is_empty());
        let (secret, certificate) = (has("clientSecret"), has("clientCertificate"));
        for (is_wrong, name, problem) in [
            (text("tenantId") == Some(""), "tenantId", "needs tenantId"),
            (text("clientId") == Some(""), "clientId", "needs clientId"),
            (
                secret && certificate,
                "clientCertificate",
                "takes clientSecret or clientCertificate, not both",
            ),
            (
                !secret && !certificate,
                "",
                "needs clientSecret or clientCertificate",
            ),
            (
                has("clientCertificatePassword") && !certificate,
                "clientCertificatePassword",
                "has no use for clientCertificatePassword without clientCertificate",
            ),
            (
                is_private && !has_endpoint,
                "cloud",
                "needs activeDirectoryEndpoint with cloud Private",
            ),
            (
                has_endpoint && !is_private,
                "activeDirectoryEndpoint",
                "takes activeDirectoryEndpoint only with cloud Private",
            ),
        ] {
            if is_wrong {
                let span = principal
                    .entry(name)
                    .map_or(entry.key_span, |entry| entry.key_span);
                self.wrong_identity(format!("azureServicePrincipal {problem}"), span, found);
            }
        }
        // Nothing is said where a ScaledObject of the same files may refer to it too.
        let kinds = self.readers(local, references).unwrap_or_default();
        let is_used = kinds.iter().any(|kind| kind.name == "azure-pipelines");
        if let Some(kind) = kinds.first()
            && !is_used
            && local.resources.left_to_keda.is_empty()
        {
            let message = format!(
                "{} does not sign in with azureServicePrincipal: only azure-pipelines does",
                kind.name
            );
            let label = self.document.label(entry.key_span, "");
            let mut diagnostic =
                Diagnostic::new(&trigger_rules::UNREAD_AUTHENTICATION, message, label);
            if self.authentication.cluster {
                // Other namespaces may use it.
                diagnostic.severity = Severity::Note;
            }
            found.push(diagnostic);
        }
    }

    /// [KEDA 2.21.0 `service_account_token.go` and `hashicorpvault_handler.go`, kubernetesToken]
    pub(super) fn audience(&self, version: KedaVersion, found: &mut Vec<Diagnostic>) {
        if version < WITH_AUDIENCES {
            return;
        }
        let accounts = self
            .spec
            .get("boundServiceAccountToken")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .filter_map(|item| item.get("serviceAccountName"));
        let vault = self
            .spec
            .get("hashiCorpVault")
            .and_then(|vault| vault.get("authentication"))
            .filter(|way| way.as_str() == Some("kubernetes"));
        for node in accounts.chain(vault) {
            let message = format!(
                "KEDA 2.{} and newer use a service account's token only for audiences that the operator allows",
                WITH_AUDIENCES.minor
            );
            let label = self.document.label(node.span, "");
            found.push(Diagnostic::new(
                &trigger_rules::TOKEN_AUDIENCE,
                message,
                label,
            ));
        }
    }
}
