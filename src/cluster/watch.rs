//! The Jobs of a whole namespace, kept by one list and one watch per tracking label for all objects of a run: a cycle then asks memory
//! and not the API server. Pods likewise, where an object's strategy reads pending Jobs.
//!
//! A watch may lag, and may lie still. That makes counts old, never wrong in the dangerous direction: a Job whose end is not seen
//! yet holds its slot a little longer, and one that was just made is the ledger's care. An inventory that cannot be vouched for
//! (never listed, cut off or silent for too long, not allowed) is listed anew when it is asked for, and failing that the cycle
//! holds (law 1).

mod feed;
mod store;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use tokio::time::Instant;

use super::inventory::{PodsOf, SlimJob, SlimObject, SlimPod, job_of_pod, to_observed, wants_pods};
use super::{Cluster, ClusterError, KEDA_NAME_LABEL, NAME_LABEL};
use crate::api::ScaledJob;
use crate::planner::inventory::ObservedJob;
use feed::Feed;

/// What exists for one object.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Its Jobs.
    pub jobs: Vec<ObservedJob>,
    /// Every Job of ours that was created before this, and is not in `jobs`, does not exist: a list that is contained began then.
    pub as_of: Instant,
}

/// How new a snapshot must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As the watch has it.
    Watched,
    /// A list that begins now.
    Listed,
}

/// Ours, and KEDA's that are not ours.
struct Pair<T>([Feed<T>; 2]);

struct Namespace {
    jobs: Pair<SlimJob>,
    /// Only where an object's strategy reads pending Jobs.
    pods: Option<Pair<SlimPod>>,
}

/// The watches of a run. They end when this is dropped.
pub struct Watches {
    namespaces: BTreeMap<String, Namespace>,
}

impl Watches {
    /// Starts to list and watch for `objects`, each with its namespace. Must be called on a runtime.
    pub fn start<'a>(
        cluster: &Cluster,
        objects: impl IntoIterator<Item = (&'a str, &'a ScaledJob)>,
    ) -> Self {
        let mut names: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
        for (namespace, job) in objects {
            let (all, with_pods) = names.entry(namespace.to_owned()).or_default();
            all.insert(job.name.clone());
            if wants_pods(job) {
                with_pods.insert(job.name.clone());
            }
        }
        let namespaces = names
            .into_iter()
            .map(|(namespace, (all, with_pods))| {
                let jobs =
                    Pair::start::<Job>(cluster, &namespace, "jobs.batch", all, |_, object| {
                        Some(object.to_owned())
                    });
                let pods = (!with_pods.is_empty()).then(|| {
                    Pair::start::<Pod>(cluster, &namespace, "pods", with_pods, |pod, _| {
                        job_of_pod(pod).cloned()
                    })
                });
                (namespace, Namespace { jobs, pods })
            })
            .collect();
        Self { namespaces }
    }

    /// The Jobs of one object that was given to [`Self::start`].
    ///
    /// # Errors
    /// When they are not known: why.
    pub async fn snapshot(
        &self,
        namespace: &str,
        job: &ScaledJob,
        freshness: Freshness,
    ) -> Result<Snapshot, ClusterError> {
        let Some(feeds) = self.namespaces.get(namespace) else {
            return Err(ClusterError {
                kind: super::ClusterErrorKind::Other,
                operation: format!("list jobs.batch in namespace {namespace}"),
                message: "this run does not watch that namespace".to_owned(),
            });
        };
        let pods = feeds.pods.as_ref().filter(|_| wants_pods(job));
        // Pods may always be as the watch has them: one that is not seen yet makes its Job pending, which is never too small.
        futures::try_join!(feeds.jobs.ready(freshness), async {
            match pods {
                Some(pods) => pods.ready(Freshness::Watched).await,
                None => Ok(()),
            }
        })?;
        let [ours, of_keda] = feeds.jobs.0.each_ref().map(Feed::read);
        let pods = pods.map(|pods| pods.0.each_ref().map(Feed::read));
        let pods_of = |name: &str| -> Vec<&SlimPod> {
            pods.iter()
                .flatten()
                .flat_map(|pods| pods.items.bucket(name))
                .collect()
        };
        let pods_of: Option<PodsOf<'_>> = pods.as_ref().map(|_| &pods_of as PodsOf<'_>);
        let conditions = &job.scaling_strategy.pending_pod_conditions;
        let jobs = [(&ours, true), (&of_keda, false)]
            .into_iter()
            .flat_map(|(jobs, is_ours)| jobs.items.bucket(&job.name).map(move |job| (job, is_ours)))
            .map(|(job, is_ours)| to_observed(job, is_ours, pods_of, conditions))
            .collect();
        ours.as_of
            .map(|as_of| Snapshot { jobs, as_of })
            .ok_or_else(|| ClusterError {
                kind: super::ClusterErrorKind::Unavailable,
                operation: format!("list jobs.batch in namespace {namespace}"),
                message: "it was never listed in full".to_owned(),
            })
    }
}

impl<T> Pair<T>
where
    T: From<SlimObject> + Send + Sync + 'static,
{
    /// `place` says where an object of the ScaledJob of that name is kept.
    fn start<K>(
        cluster: &Cluster,
        namespace: &str,
        resource: &str,
        names: BTreeSet<String>,
        place: fn(&SlimObject, &str) -> Option<String>,
    ) -> Self
    where
        K: kube::Resource<DynamicType = ()>,
    {
        let names = Arc::new(names);
        let feed = |selector: String, label: &'static str| {
            let names = Arc::clone(&names);
            let place = move |object: &SlimObject| {
                let name = object.labels().get(label)?;
                // Objects of other runs in the namespace are not ours to remember.
                names.contains(name).then(|| place(object, name)).flatten()
            };
            Feed::start::<K>(cluster, namespace, resource, selector, Box::new(place))
        };
        Self([
            feed(NAME_LABEL.to_owned(), NAME_LABEL),
            feed(format!("{KEDA_NAME_LABEL},!{NAME_LABEL}"), KEDA_NAME_LABEL),
        ])
    }

    async fn ready(&self, freshness: Freshness) -> Result<(), ClusterError> {
        let [ours, of_keda] = &self.0;
        // Only ours are in the ledger: KEDA's need no second look.
        futures::try_join!(ours.ready(freshness), of_keda.ready(Freshness::Watched))?;
        Ok(())
    }
}
