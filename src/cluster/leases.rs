//! Leases of `coordination.k8s.io/v1`: one for each object, whose holder is a run, and one heartbeat for each run and namespace.
//!
//! Every write carries the version it was decided on, so that two runs that take the same Lease cannot both succeed: the API
//! server refuses the second with a conflict. It replaces the whole Lease, for which the right to `update` is enough, as for
//! client-go's leader election; a patch would need a right that Roles for leases seldom give. So the Lease travels as the server
//! gave it, with what we change written into it: a field newer than our client library survives, as in Jobs.

use std::collections::HashMap;
use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, ListParams, PostParams, Preconditions, Request,
    TypeMeta,
};
use kube::{Api, Resource};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::client::{bounded, optional};
use super::objects::list_all;
use super::{Cluster, ClusterError, ClusterErrorKind, MANAGED_BY, RUN_LABEL};

/// Annotation on an object's Lease: the heartbeat Lease that shows that its holder lives.
pub const HEARTBEAT_ANNOTATION: &str = "keda-jobs/heartbeat";
/// Annotation on a heartbeat Lease, written by who takes an object from its run by force: the Lease that was taken. The write alone
/// is what matters: the next renewal then meets a conflict, and the run looks at what it still holds.
pub const TAKEN_ANNOTATION: &str = "keda-jobs/taken";

/// What the name of a heartbeat Lease begins with; the run's id follows.
const HEARTBEAT_PREFIX: &str = "keda-jobs-run-";
/// Longest name of a Lease: a DNS subdomain.
const MAX_NAME: usize = 253;

/// Name of an object's Lease: `keda-jobs-<name>`. A name that would be too long is cut and ends in a hash of the whole.
pub fn object_lease(object: &str) -> String {
    let name = format!("keda-jobs-{object}");
    if name.len() <= MAX_NAME {
        return name;
    }
    let hash = Sha256::digest(object.as_bytes());
    let [a, b, c, d, ..]: [u8; 32] = hash.into();
    let suffix = format!("{:08x}", u32::from_be_bytes([a, b, c, d]));
    // Names of objects are ASCII; a cut inside a label must not leave a dot or a dash before the hash.
    let kept: String = name.chars().take(MAX_NAME - suffix.len() - 1).collect();
    format!("{}-{suffix}", kept.trim_end_matches(['.', '-']))
}

/// Name of a run's heartbeat Lease.
pub fn heartbeat_lease(run: &str) -> String {
    format!("{HEARTBEAT_PREFIX}{run}")
}

/// A Lease as it was last read or written.
#[derive(Debug, Clone)]
pub struct Held {
    /// As the server gave it, but for the managedFields.
    lease: DynamicObject,
    /// What is read of its spec.
    spec: LeaseSpec,
}

impl Held {
    /// The Lease that `operation` was answered with.
    fn of(mut lease: DynamicObject, operation: &str) -> Result<Self, ClusterError> {
        // A run keeps one of these for each object, and this would be most of it. The server keeps what it has where it is left out.
        lease.metadata.managed_fields = None;
        let spec = match lease.data.get("spec") {
            None | Some(Value::Null) => LeaseSpec::default(),
            Some(spec) => serde::Deserialize::deserialize(spec).map_err(|error| ClusterError {
                kind: ClusterErrorKind::Other,
                operation: operation.to_owned(),
                message: format!(
                    "the lease {} cannot be read: {error}",
                    lease.metadata.name.as_deref().unwrap_or_default()
                ),
                causes: Vec::new(),
            })?,
        };
        Ok(Self { lease, spec })
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        self.lease.metadata.name.as_deref().unwrap_or_default()
    }

    /// `spec.holderIdentity`, unless it is empty: who gives a Lease up may clear it instead of deleting it.
    pub fn holder(&self) -> Option<&str> {
        let holder = self.spec.holder_identity.as_deref();
        holder.filter(|holder| !holder.is_empty())
    }

    /// The heartbeat that the annotation names, where it is the holder's. Who writes another holder into the Lease and knows nothing
    /// of our marks, as `kubectl edit` and client-go's leader election, leaves that of the run before.
    pub fn heartbeat(&self) -> Option<&str> {
        let annotations = self.lease.metadata.annotations.as_ref()?;
        let heartbeat = annotations.get(HEARTBEAT_ANNOTATION)?;
        self.is_held_by_run_of(heartbeat).then_some(heartbeat)
    }

    /// Whether the holder is the run of that heartbeat: its identity ends in the run's id, as in `alice@laptop_x7k2p9q1`.
    fn is_held_by_run_of(&self, heartbeat: &str) -> bool {
        let run = heartbeat.strip_prefix(HEARTBEAT_PREFIX);
        self.holder()
            .zip(run)
            .and_then(|(holder, run)| holder.strip_suffix(run))
            .is_some_and(|who| who.ends_with('_'))
    }

    /// `spec.leaseDurationSeconds`, when it is above 0.
    pub fn duration(&self) -> Option<Duration> {
        self.spec
            .lease_duration_seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs)
    }

    /// `spec.renewTime`, by the clock of its holder.
    pub fn renew_time(&self) -> Option<Timestamp> {
        self.spec.renew_time.as_ref().map(|time| time.0)
    }

    /// `metadata.resourceVersion`.
    pub fn version(&self) -> &str {
        self.lease
            .metadata
            .resource_version
            .as_deref()
            .unwrap_or_default()
    }

    /// What changes when the holder renews: its renewTime, or the version where there is none.
    pub fn stamp(&self) -> String {
        self.renew_time()
            .map_or_else(|| self.version().to_owned(), |time| time.to_string())
    }
}

/// Who holds a Lease from now on.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// `holderIdentity`.
    pub identity: &'a str,
    /// The heartbeat to name; none for a heartbeat itself.
    pub heartbeat: Option<&'a str>,
    /// `leaseDurationSeconds`.
    pub duration: Duration,
    /// `acquireTime` and `renewTime`, by the claimant's clock.
    pub now: Timestamp,
}

fn api(cluster: &Cluster, namespace: &str) -> Api<DynamicObject> {
    let resource = ApiResource::erase::<Lease>(&());
    Api::namespaced_with(cluster.client.clone(), namespace, &resource)
}

/// `get leases.coordination.k8s.io in namespace shop`.
fn operation(verb: &str, namespace: &str) -> String {
    format!("{verb} leases.coordination.k8s.io in namespace {namespace}")
}

/// The Lease of that name; none when there is none.
pub async fn get(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Option<Held>, ClusterError> {
    let request = api(cluster, namespace);
    let operation = operation("get", namespace);
    let found = cluster.request(&operation, request.get(name)).await;
    optional(found)?
        .map(|lease| Held::of(lease, &operation))
        .transpose()
}

/// The Leases of objects that the run of that heartbeat holds, by name: one request for all of them.
pub async fn of_run(
    cluster: &Cluster,
    namespace: &str,
    heartbeat: &str,
) -> Result<HashMap<String, Held>, ClusterError> {
    let selector = format!("{RUN_LABEL}={heartbeat}");
    let api = api(cluster, namespace);
    let operation = operation("list", namespace);
    let leases = list_all(cluster, &api, &operation, &selector).await?;
    leases
        .into_iter()
        .map(|lease| {
            let held = Held::of(lease, &operation)?;
            Ok((held.name().to_owned(), held))
        })
        .collect()
}

/// Creates a Lease that nobody held.
///
/// # Errors
/// [`ClusterErrorKind::AlreadyExists`] when another was quicker, besides what any request may answer.
pub async fn create(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    claim: Claim<'_>,
) -> Result<Held, ClusterError> {
    let nobodys = Held {
        lease: DynamicObject::new(name, &ApiResource::erase::<Lease>(&())),
        spec: LeaseSpec::default(),
    };
    let lease = claimed(&nobodys, claim);
    let timeout = cluster.request_timeout();
    write(cluster, namespace, "create", timeout, |request| {
        request.create(&PostParams::default(), json(&lease))
    })
    .await
}

/// Makes `claim` the holder of the Lease that `seen` shows.
///
/// # Errors
/// [`ClusterErrorKind::Conflict`] when it has changed since, [`ClusterErrorKind::NotFound`] when it is gone.
pub async fn claim(
    cluster: &Cluster,
    namespace: &str,
    seen: &Held,
    claim: Claim<'_>,
) -> Result<Held, ClusterError> {
    let timeout = cluster.request_timeout();
    replace(cluster, namespace, claimed(seen, claim), timeout).await
}

/// Renews a heartbeat; `now` by its holder's clock. The server gives it up after `timeout`.
///
/// # Errors
/// As [`claim`].
pub async fn renew(
    cluster: &Cluster,
    namespace: &str,
    seen: &Held,
    now: Timestamp,
    timeout: Duration,
) -> Result<Held, ClusterError> {
    let mut lease = seen.lease.clone();
    set(&mut lease, "renewTime", MicroTime(now));
    replace(cluster, namespace, lease, timeout).await
}

/// Notes on a heartbeat that `taken` was taken from its run, so that its next renewal meets a conflict.
///
/// # Errors
/// As [`claim`].
pub async fn mark_taken(
    cluster: &Cluster,
    namespace: &str,
    heartbeat: &Held,
    taken: &str,
) -> Result<(), ClusterError> {
    let mut lease = heartbeat.lease.clone();
    lease
        .metadata
        .annotations
        .get_or_insert_default()
        .insert(TAKEN_ANNOTATION.to_owned(), taken.to_owned());
    let replaced = replace(cluster, namespace, lease, cluster.request_timeout()).await;
    replaced.map(|_| ())
}

/// Gives a Lease up: deletes it or, without the right to delete, clears its holder. That it has changed hands or is gone is success.
pub async fn release(cluster: &Cluster, namespace: &str, seen: &Held) -> Result<(), ClusterError> {
    let version = seen.lease.metadata.resource_version.clone();
    give_up(cluster, namespace, seen, version).await
}

/// Gives a run's own heartbeat up, in whatever version it is: a renewal that was cut off, or the note of who takes a Lease by force, may
/// still arrive after it was looked at.
pub async fn release_heartbeat(
    cluster: &Cluster,
    namespace: &str,
    seen: &Held,
) -> Result<(), ClusterError> {
    give_up(cluster, namespace, seen, None).await
}

async fn give_up(
    cluster: &Cluster,
    namespace: &str,
    seen: &Held,
    resource_version: Option<String>,
) -> Result<(), ClusterError> {
    let metadata = &seen.lease.metadata;
    let parameters = DeleteParams::background().preconditions(Preconditions {
        uid: metadata.uid.clone(),
        resource_version,
    });
    let leases = api(cluster, namespace);
    let request = async { leases.delete(seen.name(), &parameters).await.map(|_| ()) };
    let deleted = cluster
        .request(&operation("delete", namespace), request)
        .await;
    let result = match deleted {
        Err(error) if error.kind == ClusterErrorKind::Forbidden => {
            let mut lease = seen.lease.clone();
            set(&mut lease, "holderIdentity", Value::Null);
            let replaced = replace(cluster, namespace, lease, cluster.request_timeout()).await;
            replaced.map(|_| ())
        }
        other => other,
    };
    match result {
        Err(error)
            if matches!(
                error.kind,
                ClusterErrorKind::NotFound | ClusterErrorKind::Conflict
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

/// Deletes the Leases of objects that carry the label of the run of that heartbeat, with one request for all of them.
///
/// Who takes a Lease over takes its label away in the same write. But the server first lists and then deletes by name, without a
/// precondition on each (k8s.io/apiserver 0.36, `Store.DeleteCollection`): only for a run whose heartbeat others cannot judge
/// dead meanwhile. And only while all that carry the label are held by that run: who writes another holder in by other means leaves it.
///
/// # Errors
/// [`ClusterErrorKind::Conflict`] when one that carries the label is another's: then nothing is deleted.
pub async fn release_all(
    cluster: &Cluster,
    namespace: &str,
    heartbeat: &str,
) -> Result<(), ClusterError> {
    let labelled = of_run(cluster, namespace, heartbeat).await?;
    if let Some(others) = labelled
        .values()
        .find(|lease| !lease.is_held_by_run_of(heartbeat))
    {
        return Err(ClusterError {
            kind: ClusterErrorKind::Conflict,
            operation: operation("deletecollection", namespace),
            message: format!("the lease {} is another's", others.name()),
            causes: Vec::new(),
        });
    }
    let selector = ListParams::default().labels(&format!("{RUN_LABEL}={heartbeat}"));
    let leases = api(cluster, namespace);
    let parameters = DeleteParams::background();
    let request = async {
        let deleted = leases.delete_collection(&parameters, &selector).await;
        deleted.map(|_| ())
    };
    cluster
        .request(&operation("deletecollection", namespace), request)
        .await
}

async fn replace(
    cluster: &Cluster,
    namespace: &str,
    mut lease: DynamicObject,
    timeout: Duration,
) -> Result<Held, ClusterError> {
    // An item of a list does not say what it is.
    lease.types = Some(TypeMeta::resource::<Lease>());
    let name = lease.metadata.name.as_deref().unwrap_or_default();
    write(cluster, namespace, "update", timeout, |request| {
        request.replace(name, &PostParams::default(), json(&lease))
    })
    .await
}

/// Sends one write. The server gives it up when we do: one that is carried out after its run has ended would keep others waiting.
async fn write(
    cluster: &Cluster,
    namespace: &str,
    verb: &str,
    timeout: Duration,
    build: impl Fn(&Request) -> Result<http::Request<Vec<u8>>, kube::core::request::Error>,
) -> Result<Held, ClusterError> {
    let operation = operation(verb, namespace);
    let request = Request::new(Lease::url_path(&(), Some(namespace)));
    let written = async {
        let request = build(&request).map_err(kube::Error::BuildRequest)?;
        cluster.client.request(bounded(request, timeout)?).await
    };
    Held::of(cluster.request(&operation, written).await?, &operation)
}

fn json(lease: &DynamicObject) -> Vec<u8> {
    serde_json::to_vec(lease).expect("the keys of a Lease are strings")
}

/// The Lease that `seen` shows with `claim` written into it.
fn claimed(seen: &Held, claim: Claim<'_>) -> DynamicObject {
    let mut lease = seen.lease.clone();
    let metadata = &mut lease.metadata;
    metadata.labels.get_or_insert_default().insert(
        "app.kubernetes.io/managed-by".to_owned(),
        MANAGED_BY.to_owned(),
    );
    if let Some(heartbeat) = claim.heartbeat {
        metadata
            .labels
            .get_or_insert_default()
            .insert(RUN_LABEL.to_owned(), heartbeat.to_owned());
        metadata
            .annotations
            .get_or_insert_default()
            .insert(HEARTBEAT_ANNOTATION.to_owned(), heartbeat.to_owned());
    }
    if seen.holder().is_some_and(|holder| holder != claim.identity) {
        let transitions = seen.spec.lease_transitions.unwrap_or_default();
        set(
            &mut lease,
            "leaseTransitions",
            transitions.saturating_add(1),
        );
    }
    let seconds = i32::try_from(claim.duration.as_secs().max(1)).unwrap_or(i32::MAX);
    set(&mut lease, "holderIdentity", claim.identity);
    set(&mut lease, "acquireTime", MicroTime(claim.now));
    set(&mut lease, "renewTime", MicroTime(claim.now));
    set(&mut lease, "leaseDurationSeconds", seconds);
    lease
}

/// Sets one field of the spec.
fn set(lease: &mut DynamicObject, field: &str, value: impl Serialize) {
    let value = serde_json::to_value(value).expect("numbers, strings and times are JSON");
    let spec = &mut lease.data["spec"];
    if !spec.is_object() {
        *spec = Value::Object(Map::new());
    }
    spec[field] = value;
}

#[cfg(test)]
mod tests;
