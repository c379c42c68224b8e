//! The Jobs of a whole namespace, kept by one list and one watch per tracking label for all objects of a run: a cycle then asks memory
//! and not the API server. Pods likewise, where an object's strategy reads pending Jobs. A run of one cycle lists only.
//!
//! A watch may lag, and may lie still. That makes counts old, never wrong in the dangerous direction: a Job whose end is not seen
//! yet holds its slot a little longer, and one that was just made, or that a list leaves out, is the ledger's care. An inventory that
//! cannot be vouched for (never listed, cut off or silent for too long, not allowed) is listed anew when it is asked for, and failing
//! that the cycle holds (law 1).

mod feed;
mod store;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use tokio::time::Instant;

use super::inventory::{
    PodsOf, SlimJob, SlimObject, SlimPod, is_finished, job_of_pod, to_observed, wants_pods,
};
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

/// How what is known is kept up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A watch follows the first list.
    Watch,
    /// A list whenever one is asked for; those who ask within a moment share it. For one cycle a watch would be a waste.
    Lists,
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
    mode: Mode,
    namespaces: BTreeMap<String, Namespace>,
}

impl Watches {
    /// Is ready to list and watch for `objects`, each with its namespace, once the first snapshot is asked for. Must be called on a
    /// runtime.
    pub fn start<'a>(
        cluster: &Cluster,
        objects: impl IntoIterator<Item = (&'a str, &'a ScaledJob)>,
        mode: Mode,
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
                let place = |_: &SlimObject, object: &str| Some(object.to_owned());
                let jobs = Pair::start::<Job>(
                    cluster,
                    &namespace,
                    "jobs.batch",
                    mode,
                    all,
                    place,
                    is_finished,
                );
                let pods = (!with_pods.is_empty()).then(|| {
                    let place = |pod: &SlimObject, _: &str| job_of_pod(pod).cloned();
                    Pair::start::<Pod>(cluster, &namespace, "pods", mode, with_pods, place, |_| {
                        false
                    })
                });
                (namespace, Namespace { jobs, pods })
            })
            .collect();
        Self { mode, namespaces }
    }

    /// The Jobs of one object that was given to [`Self::start`]; with `since` as of then or later.
    ///
    /// # Errors
    /// When they are not known: why.
    pub async fn snapshot(
        &self,
        namespace: &str,
        job: &ScaledJob,
        since: Option<Instant>,
    ) -> Result<Snapshot, ClusterError> {
        let Some(feeds) = self.namespaces.get(namespace) else {
            return Err(ClusterError {
                kind: super::ClusterErrorKind::Other,
                operation: format!("list jobs.batch in namespace {namespace}"),
                message: "this run does not watch that namespace".to_owned(),
                causes: Vec::new(),
            });
        };
        let pods = feeds.pods.as_ref().filter(|_| wants_pods(job));
        // Only ours are in the ledger: KEDA's may be as the watch has them. So may pods: one that is not seen yet makes its Job pending,
        // which is never too small.
        let others = since.filter(|_| self.mode == Mode::Lists);
        futures::try_join!(feeds.jobs.ready(since, others), async {
            match pods {
                Some(pods) => pods.ready(others, others).await,
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
                causes: Vec::new(),
            })
    }
}

impl Watches {
    /// Jobs of ours of one object that had ended when they were deleted, since this was asked last: `ttlSecondsAfterFinished` may
    /// delete a Job between two cycles. None in [`Mode::Lists`].
    pub fn take_ended(&self, namespace: &str, job: &ScaledJob) -> Vec<ObservedJob> {
        self.ended_of(namespace, |ours| ours.take_ended(&job.name))
    }

    /// What [`Self::take_ended`] would give.
    pub fn ended(&self, namespace: &str, job: &ScaledJob) -> Vec<ObservedJob> {
        self.ended_of(namespace, |ours| ours.ended(&job.name))
    }

    fn ended_of(
        &self,
        namespace: &str,
        of: impl FnOnce(&Feed<SlimJob>) -> VecDeque<SlimJob>,
    ) -> Vec<ObservedJob> {
        let Some(feeds) = self.namespaces.get(namespace) else {
            return Vec::new();
        };
        let [ours, _] = &feeds.jobs.0;
        let ended = of(ours);
        let observed = ended.iter().map(|job| to_observed(job, true, None, &[]));
        observed
            .map(|job| ObservedJob {
                leaving: true,
                ..job
            })
            .collect()
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
        mode: Mode,
        names: BTreeSet<String>,
        place: fn(&SlimObject, &str) -> Option<String>,
        ends: fn(&T) -> bool,
    ) -> Self
    where
        K: kube::Resource<DynamicType = ()>,
    {
        let names = Arc::new(names);
        let warned = Arc::new(AtomicBool::new(false));
        let feed = |selector: String, label: &'static str| {
            let known = Arc::clone(&names);
            let place = move |object: &SlimObject| {
                let name = object.labels().get(label)?;
                // Objects of other runs in the namespace are not ours to remember.
                known.contains(name).then(|| place(object, name)).flatten()
            };
            let options = feed::Options {
                namespace,
                resource,
                selector,
                watch: mode == Mode::Watch,
                objects: names.len(),
                warned: Arc::clone(&warned),
            };
            Feed::start::<K>(cluster, options, Box::new(place), ends)
        };
        Self([
            feed(NAME_LABEL.to_owned(), NAME_LABEL),
            feed(format!("{KEDA_NAME_LABEL},!{NAME_LABEL}"), KEDA_NAME_LABEL),
        ])
    }

    /// Waits until ours, and those of KEDA, can be given out as of these times or later.
    async fn ready(
        &self,
        ours_since: Option<Instant>,
        keda_since: Option<Instant>,
    ) -> Result<(), ClusterError> {
        let [ours, of_keda] = &self.0;
        futures::try_join!(ours.ready(ours_since), of_keda.ready(keda_since))?;
        Ok(())
    }
}
