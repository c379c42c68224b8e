//! Delete and deletecollection.

use std::sync::Arc;

use serde_json::{Value, json};

use super::definition::Definition;
use super::failure::Failure;
use super::read::{self, Page};
use super::request::{Request, Target};
use super::store::Store;
use super::{body, clock, events, object};

/// The finalizer that keeps an owner until its dependents are gone.
pub(super) const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer that keeps an owner until its dependents are released.
pub(super) const ORPHAN: &str = "orphan";

/// How dependents are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// `DeleteOptions` from the body and the query.
#[derive(Debug, Clone, Default)]
pub(super) struct Options {
    propagation: Option<Propagation>,
    uid: Option<String>,
    version: Option<String>,
    grace: Option<i64>,
    dry: bool,
}

impl Options {
    pub(super) fn read(request: &Request, bytes: &[u8]) -> Result<Self, Failure> {
        let given = if bytes.is_empty() {
            json!({})
        } else {
            body::parse(request, bytes)?
        };
        let text = |key: &str| given.get(key).and_then(Value::as_str).map(str::to_owned);
        let policy = text("propagationPolicy")
            .or_else(|| request.query("propagationPolicy").map(str::to_owned));
        let orphan = given
            .get("orphanDependents")
            .and_then(Value::as_bool)
            .or_else(|| {
                request
                    .query("orphanDependents")
                    .map(|value| value == "true")
            });
        let propagation = match (policy.as_deref(), orphan) {
            (Some("Background"), _) | (None, Some(false)) => Some(Propagation::Background),
            (Some("Foreground"), _) => Some(Propagation::Foreground),
            (Some("Orphan"), _) | (None, Some(true)) => Some(Propagation::Orphan),
            (None, None) => None,
            (Some(other), _) => {
                return Err(Failure::new(
                    422,
                    "Invalid",
                    format!(
                        "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: {other:?}: supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\""
                    ),
                ));
            }
        };
        let dry = request.dry_run()?
            || object::list(&given, "/dryRun")
                .iter()
                .any(|one| one == "All");
        Ok(Self {
            propagation,
            uid: given
                .pointer("/preconditions/uid")
                .and_then(Value::as_str)
                .map(str::to_owned),
            version: given
                .pointer("/preconditions/resourceVersion")
                .and_then(Value::as_str)
                .map(str::to_owned),
            grace: given
                .get("gracePeriodSeconds")
                .and_then(Value::as_i64)
                .or_else(|| request.query("gracePeriodSeconds")?.parse().ok()),
            dry,
        })
    }

    /// The options of a controller's delete.
    pub(super) fn controller(propagation: Propagation) -> Self {
        Self {
            propagation: Some(propagation),
            ..Self::default()
        }
    }
}

/// Deletes one object. The answer is the object while something still holds it, else a `Status`.
pub(super) fn delete(
    store: &mut Store,
    target: &Target,
    options: &Options,
) -> Result<Arc<Value>, Failure> {
    let definition = target.definition.storage();
    let name = target.name.as_deref().unwrap_or_default();
    let old = store
        .get(definition, target.scope(), name)
        .ok_or_else(|| Failure::not_found(target.definition, name))?;
    if definition.plural == "namespaces"
        && matches!(name, "default" | "kube-system" | "kube-public")
    {
        return Err(Failure::forbidden(
            definition,
            name,
            "this namespace may not be deleted",
        ));
    }
    for (wanted, found, what) in [
        (&options.uid, object::uid(&old), "UID"),
        (
            &options.version,
            object::text(&old, "/metadata/resourceVersion"),
            "ResourceVersion",
        ),
    ] {
        if let Some(wanted) = wanted.as_deref().filter(|wanted| *wanted != found) {
            let why = format!(
                "Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}"
            );
            return Err(Failure::conflict(target.definition, name, &why));
        }
    }
    let marked = mark(definition, &old, options);
    let held = !object::finalizers(&marked).is_empty()
        || !object::list(&marked, "/spec/finalizers").is_empty()
        || object::number(&marked, "/metadata/deletionGracePeriodSeconds").unwrap_or(0) > 0;
    // Pods, namespaces and services are answered as objects even when they are gone at once.
    let returns_object = matches!(
        definition.plural,
        "pods" | "namespaces" | "services" | "serviceaccounts" | "resourcequotas"
    );
    let result = match (held, options.dry) {
        (true, true) => Arc::new(marked),
        (true, false) => store.replace(definition, marked),
        (false, true) => Arc::clone(&old),
        (false, false) => store
            .remove(definition, target.scope(), name)
            .unwrap_or(Arc::clone(&old)),
    };
    if held || returns_object {
        return Ok(events::served(target.definition, &result));
    }
    let mut details = json!({"name": name});
    if !definition.group.is_empty() {
        details["group"] = json!(definition.group);
    }
    details["kind"] = json!(definition.plural);
    details["uid"] = json!(object::uid(&old));
    Ok(Arc::new(json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details,
    })))
}

/// The object with its deletion marks: finalizers by propagation, deletionTimestamp, grace period.
fn mark(definition: &Definition, old: &Value, options: &Options) -> Value {
    let mut object = old.clone();
    let propagation = options.propagation.or_else(|| {
        if object::has_finalizer(old, ORPHAN) {
            Some(Propagation::Orphan)
        } else if object::has_finalizer(old, FOREGROUND) {
            Some(Propagation::Foreground)
        } else if (definition.group, definition.plural) == ("batch", "jobs") {
            // batch/v1 keeps the default of the days before garbage collection.
            Some(Propagation::Orphan)
        } else {
            None
        }
    });
    match propagation {
        Some(Propagation::Foreground) => {
            object::remove_finalizer(&mut object, ORPHAN);
            object::add_finalizer(&mut object, FOREGROUND);
        }
        Some(Propagation::Orphan) => {
            object::remove_finalizer(&mut object, FOREGROUND);
            object::add_finalizer(&mut object, ORPHAN);
        }
        Some(Propagation::Background) => {
            object::remove_finalizer(&mut object, ORPHAN);
            object::remove_finalizer(&mut object, FOREGROUND);
        }
        None => {}
    }
    let grace = grace(definition, old, options);
    if object::terminating(old) {
        // A second delete may only shorten the grace period.
        let left = object::number(old, "/metadata/deletionGracePeriodSeconds").unwrap_or(0);
        object["metadata"]["deletionGracePeriodSeconds"] = json!(grace.min(left));
        if grace < left {
            object["metadata"]["deletionTimestamp"] = json!(later(grace));
        }
    } else {
        object["metadata"]["deletionTimestamp"] = json!(later(grace));
        object["metadata"]["deletionGracePeriodSeconds"] = json!(grace);
        if definition.generation
            && let Some(generation) = object::number(&object, "/metadata/generation")
        {
            object["metadata"]["generation"] = json!(generation + 1);
        }
    }
    if definition.plural == "namespaces" {
        object["status"]["phase"] = json!("Terminating");
        // What the namespace controller removes once the contents are gone.
        object["spec"]["finalizers"] = json!(["kubernetes"]);
    }
    object
}

/// Only pods have a grace period: the one asked for, their own, and none when nothing runs.
fn grace(definition: &Definition, pod: &Value, options: &Options) -> i64 {
    if definition.plural != "pods" {
        return 0;
    }
    let unscheduled = object::text(pod, "/spec/nodeName").is_empty();
    let finished = matches!(object::text(pod, "/status/phase"), "Succeeded" | "Failed");
    if unscheduled || finished {
        return 0;
    }
    let own = object::number(pod, "/spec/terminationGracePeriodSeconds").unwrap_or(30);
    let seconds = options.grace.unwrap_or(own);
    // As the server takes a negative one. [apiserver registry/rest, BeforeDelete]
    if seconds < 0 { 1 } else { seconds }
}

fn later(seconds: i64) -> String {
    let now = clock::now();
    object::stamp(
        now.checked_add(jiff::SignedDuration::from_secs(seconds))
            .unwrap_or(now),
    )
}

/// Deletes everything that the selectors let through; answers the list of what was deleted.
pub(super) fn delete_collection(
    store: &mut Store,
    request: &Request,
    target: &Target,
    options: &Options,
) -> Result<Page, Failure> {
    let page = read::list(store, request, target, usize::MAX)?;
    for item in &page.items {
        let one = Target {
            name: Some(object::name(item).to_owned()),
            namespace: target
                .namespace
                .is_some()
                .then(|| object::namespace(item).to_owned()),
            ..target.clone()
        };
        match delete(store, &one, options) {
            Ok(_) => {}
            Err(failure) if failure.code == 404 => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(page)
}
