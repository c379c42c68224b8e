//! The quotas of the namespace against what the object may ask for.

use k8s_openapi::api::core::v1::ResourceQuota;

use super::Asker;
use crate::auth::LookupError;
use crate::cluster::{Cluster, lists};
use crate::diagnostic::{Diagnostic, Span};
use crate::rules::online::QUOTA_BELOW_MAX;
use crate::rules::online::quota::{self, Quota, Scope};

impl Asker<'_> {
    pub(super) async fn quotas(&mut self, cluster: &Cluster) {
        let place = self
            .node(&["spec", "maxReplicaCount"])
            .or_else(|| self.node(&["metadata", "name"]))
            .map_or_else(Span::default, |node| node.span);
        let quotas: Vec<ResourceQuota> =
            match lists::all(cluster, &self.namespace, "resourcequotas").await {
                Ok(quotas) => quotas,
                Err(error) => return self.not_asked(place, &LookupError(error.to_string())),
            };
        for quota in quotas {
            let name = quota.metadata.name.clone().unwrap_or_default();
            for shortage in quota::shortages(self.job, &plain(quota)) {
                let message = format!(
                    "{} of {}, and the quota {}/{name} gives {}",
                    shortage.needs, shortage.needed, self.namespace, shortage.given
                );
                let label = self.label(place);
                self.found
                    .push(Diagnostic::new(&QUOTA_BELOW_MAX, message, label).help(shortage.help));
            }
        }
    }
}

/// A quota without the types of the client.
fn plain(quota: ResourceQuota) -> Quota {
    let spec = quota.spec.unwrap_or_default();
    let named = spec
        .scopes
        .unwrap_or_default()
        .into_iter()
        .map(|name| Scope {
            name,
            operator: "Exists".to_owned(),
            values: Vec::new(),
        });
    let selected = spec
        .scope_selector
        .and_then(|selector| selector.match_expressions)
        .unwrap_or_default()
        .into_iter()
        .map(|expression| Scope {
            name: expression.scope_name,
            operator: expression.operator,
            values: expression.values.unwrap_or_default(),
        });
    Quota {
        scopes: named.chain(selected).collect(),
        hard: spec
            .hard
            .unwrap_or_default()
            .into_iter()
            .map(|(resource, amount)| (resource, amount.0))
            .collect(),
    }
}
