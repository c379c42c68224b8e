//! Whether the ScaledJobs of a run also live in the cluster: to be named as owners, and to be left alone while KEDA drives them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams, ObjectMeta};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::client::optional;
use super::job::Owner;
use super::{Cluster, ClusterError, ClusterErrorKind};

/// How old a list may be that tells of a ScaledJob that is there. A reference to one that was deleted and made anew since would
/// delete the Job.
const PRESENCE: Duration = Duration::from_secs(5);
/// How old one may be that tells, for an owner reference, that it is not there.
const ABSENCE: Duration = Duration::from_secs(30);
/// Where ScaledJobs live.
const GROUP_VERSION: &str = "keda.sh/v1alpha1";
/// From so many objects of a namespace on one list is asked for instead of each of them: others may have a thousand there.
const MANY: usize = 3;

/// A ScaledJob in the cluster.
#[derive(Debug, Clone, Default)]
pub struct ScaledJobInCluster {
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    uid: Option<String>,
    deleting: bool,
}

impl From<ObjectMeta> for ScaledJobInCluster {
    fn from(metadata: ObjectMeta) -> Self {
        Self {
            annotations: metadata.annotations.unwrap_or_default(),
            uid: metadata.uid,
            deleting: metadata.deletion_timestamp.is_some(),
        }
    }
}

impl ScaledJobInCluster {
    fn owner(self) -> Option<Owner> {
        self.uid.filter(|_| !self.deleting).map(|uid| Owner { uid })
    }
}

struct Listed {
    /// When the list began.
    at: Instant,
    /// What was there; none when that could not be listed.
    found: Option<HashMap<String, ScaledJobInCluster>>,
}

/// The ScaledJobs of the cluster that have the names of a run's objects.
///
/// A missing right to look counts as none: who may not see ScaledJobs cannot be told about them, and an owner reference is a
/// convenience. That is said once for each namespace, unless the cluster has no KEDA. A cluster without such a kind counts as none too.
pub struct ScaledJobs {
    /// How many objects the run has in each namespace.
    objects: HashMap<String, usize>,
    /// By namespace. Held while it is listed: who comes meanwhile waits for that list.
    listed: Mutex<HashMap<String, Listed>>,
    /// Namespaces whose ScaledJobs we may not see, once that was said.
    hidden: Mutex<HashSet<String>>,
}

impl ScaledJobs {
    /// For objects in these namespaces, one entry each. Asks nothing yet.
    pub fn new<'a>(namespaces: impl IntoIterator<Item = &'a str>) -> Self {
        let mut objects = HashMap::new();
        for namespace in namespaces {
            *objects.entry(namespace.to_owned()).or_default() += 1;
        }
        Self {
            objects,
            listed: Mutex::default(),
            hidden: Mutex::default(),
        }
    }

    /// The ScaledJob of that name, as a look shows it that began 5 s ago at most.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn find(
        &self,
        cluster: &Cluster,
        namespace: &str,
        name: &str,
    ) -> Result<Option<ScaledJobInCluster>, ClusterError> {
        if self.has_many(namespace) {
            let mut lists = self.listed.lock().await;
            let listed = fresh(&mut lists, cluster, namespace, PRESENCE).await;
            if let Some(found) = &listed.found {
                return Ok(found.get(name).cloned());
            }
        }
        Box::pin(self.get(cluster, namespace, name)).await
    }

    /// As an owner of Jobs; none when it is about to go. One that was made in the last 30 s may be missed.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub async fn owner(
        &self,
        cluster: &Cluster,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Owner>, ClusterError> {
        let mut lists = self.listed.lock().await;
        let listed = fresh(&mut lists, cluster, namespace, ABSENCE).await;
        if let Some(found) = &listed.found {
            match found.get(name) {
                None => return Ok(None),
                Some(found) if listed.at.elapsed() < PRESENCE => return Ok(found.clone().owner()),
                Some(_) => {}
            }
        }
        drop(lists);
        let found = Box::pin(self.get(cluster, namespace, name)).await?;
        Ok(found.and_then(ScaledJobInCluster::owner))
    }

    async fn get(
        &self,
        cluster: &Cluster,
        namespace: &str,
        name: &str,
    ) -> Result<Option<ScaledJobInCluster>, ClusterError> {
        let api = scaled_jobs(cluster, namespace);
        let operation = format!("get scaledjobs.keda.sh in namespace {namespace}");
        match optional(cluster.request(&operation, api.get_metadata(name)).await) {
            Ok(found) => Ok(found.map(|object| object.metadata.into())),
            Err(error) if error.kind == ClusterErrorKind::Forbidden => {
                self.tell_hidden(cluster, namespace, &error).await;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Says that KEDA cannot be looked for in that namespace, where there may be one.
    async fn tell_hidden(&self, cluster: &Cluster, namespace: &str, error: &ClusterError) {
        let is_news = self.hidden.lock().await.insert(namespace.to_owned());
        if !is_news {
            return;
        }
        // Everybody may ask which kinds there are.
        let operation = format!("find out about {GROUP_VERSION}");
        let kinds = cluster.client.list_api_group_resources(GROUP_VERSION);
        let kinds = optional(cluster.request(&operation, kinds).await);
        if !matches!(kinds, Ok(None)) {
            tracing::warn!(
                "{error}: whether KEDA drives objects there is not known, and Jobs are made as if it did not; ask for that right in a \
                 Role, or make sure that no ScaledJob of the same name is there"
            );
        }
    }

    fn has_many(&self, namespace: &str) -> bool {
        self.objects
            .get(namespace)
            .is_some_and(|objects| *objects >= MANY)
    }
}

/// The list of a namespace, made anew when it is older than `age`.
async fn fresh<'a>(
    lists: &'a mut HashMap<String, Listed>,
    cluster: &Cluster,
    namespace: &str,
    age: Duration,
) -> &'a Listed {
    // What could not be listed is not tried again at once.
    let good = |listed: &Listed| {
        let age = if listed.found.is_some() { age } else { ABSENCE };
        listed.at.elapsed() < age
    };
    let entry = lists.remove(namespace).filter(good);
    let listed = match entry {
        Some(listed) => listed,
        None => Listed {
            at: Instant::now(),
            found: Box::pin(list(cluster, namespace)).await,
        },
    };
    lists.entry(namespace.to_owned()).or_insert(listed)
}

fn scaled_jobs(cluster: &Cluster, namespace: &str) -> Api<DynamicObject> {
    let resource = ApiResource {
        group: "keda.sh".to_owned(),
        version: "v1alpha1".to_owned(),
        api_version: GROUP_VERSION.to_owned(),
        kind: "ScaledJob".to_owned(),
        plural: "scaledjobs".to_owned(),
    };
    Api::namespaced_with(cluster.client.clone(), namespace, &resource)
}

/// The ScaledJobs of a namespace by name; none when they cannot be listed.
async fn list(cluster: &Cluster, namespace: &str) -> Option<HashMap<String, ScaledJobInCluster>> {
    let api = scaled_jobs(cluster, namespace);
    let operation = format!("list scaledjobs.keda.sh in namespace {namespace}");
    // No limit and so no pages: metadata is small.
    let parameters = ListParams::default();
    let listed = cluster
        .request(&operation, api.list_metadata(&parameters))
        .await;
    match optional(listed) {
        Ok(list) => {
            // None at all: the cluster has no such kind.
            let items = list.map(|list| list.items).unwrap_or_default();
            let named = items.into_iter().filter_map(|item| {
                let name = item.metadata.name.clone()?;
                Some((name, item.metadata.into()))
            });
            Some(named.collect())
        }
        Err(error) => {
            tracing::debug!(%error, "each ScaledJob is asked for by itself");
            None
        }
    }
}
