//! `validate --cluster` and `--sources`: what only the cluster and the event sources can say about manifests.

mod dry_run;
mod quotas;
mod references;
mod sources;

use std::sync::Arc;

use super::plan::read_options;
use super::{Context, load::Loaded};
use crate::api::{Dialect, ScaledJob, Trigger};
use crate::auth::LookupError;
use crate::cli::ValidateArgs;
use crate::cluster::client::LazyCluster;
use crate::cluster::objects::Objects;
use crate::diagnostic::{Diagnostic, Label, Span};
use crate::error::Error;
use crate::manifest::{Node, Step};
use crate::rules::online::NOT_ASKED;
use crate::scalers::ReadOptions;

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
        Err(_) if args.online.asks_cluster() => return Err(cluster.why_not()),
        // Sources whose parameters all stand in the files need no cluster; what does will say what it lacked.
        Err(_) => cluster_args
            .connection
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
        if args.online.asks_cluster() {
            let Ok(cluster) = cluster.get().await else {
                return Err(cluster.why_not());
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
}
