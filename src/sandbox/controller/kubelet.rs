//! The kubelet: pods go Pending → Running → Succeeded or Failed, and stop when they are deleted.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::store::Store;
use super::super::{Shared, definition, events, object};
use super::settings::{Fail, Settings};
use super::{Due, Memory, scheduler};

/// When a pod's next step is due.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timer {
    step: Instant,
    stop: Option<Instant>,
}

/// Moves every pod on.
pub(super) fn run(store: &mut Store, shared: &Shared, memory: &mut Memory, due: &mut Due) {
    let pods = store.within(definition::pods(), None);
    let known: HashSet<&str> = pods.iter().map(|pod| object::uid(pod)).collect();
    memory.pods.retain(|uid, _| known.contains(uid.as_str()));
    for pod in &pods {
        step(store, shared, memory, due, pod);
    }
}

fn step(store: &mut Store, shared: &Shared, memory: &mut Memory, due: &mut Due, pod: &Arc<Value>) {
    let phase = object::text(pod, "/status/phase");
    let finished = matches!(phase, "Succeeded" | "Failed");
    let now = Instant::now();
    let settings = Settings::of(pod, &shared.options);
    let timer = memory
        .pods
        .entry(object::uid(pod).to_owned())
        .or_insert_with(|| Timer {
            step: now + settings.pending,
            stop: None,
        });
    if object::terminating(pod) {
        if object::number(pod, "/metadata/deletionGracePeriodSeconds").unwrap_or(0) == 0 && finished
        {
            return;
        }
        let grace =
            u64::try_from(object::number(pod, "/metadata/deletionGracePeriodSeconds").unwrap_or(0))
                .unwrap_or(0);
        let wait = shared
            .options
            .pod_stop
            .min(std::time::Duration::from_secs(grace));
        let stop = *timer.stop.get_or_insert(now + wait);
        if stop > now {
            return due.at(stop);
        }
        let mut changed = (**pod).clone();
        if !finished {
            end(&mut changed, 137);
        }
        changed["metadata"]["deletionGracePeriodSeconds"] = json!(0);
        store.replace(definition::pods(), changed);
        return;
    }
    if finished {
        return;
    }
    if object::text(pod, "/spec/nodeName").is_empty() && !scheduler::schedule(store, pod) {
        return;
    }
    if object::text(pod, "/status/startTime").is_empty() {
        timer.step = now + settings.pending;
        due.at(timer.step);
        return accept(store, pod);
    }
    if phase == "Running" && object::text(pod, "/spec/restartPolicy") == "Always" {
        return;
    }
    if timer.step > now {
        return due.at(timer.step);
    }
    timer.step = now + settings.run;
    let mut changed = (**pod).clone();
    if phase == "Pending" {
        due.at(timer.step);
        start(&mut changed);
        let changed = store.replace(definition::pods(), changed);
        for container in object::list(&changed, "/spec/containers") {
            let message = format!("Container started: {}", object::text(container, "/name"));
            events::record(store, &changed, "kubelet", "Normal", "Started", &message);
        }
        return;
    }
    let owner = object::controller(pod)
        .map_or_else(|| object::uid(pod), |owner| object::text(owner, "/uid"));
    let index = object::text(
        pod,
        "/metadata/annotations/batch.kubernetes.io~1job-completion-index",
    );
    let attempts = memory
        .attempts
        .entry((owner.to_owned(), index.to_owned()))
        .or_default();
    *attempts += 1;
    let fails = match settings.fail {
        Fail::Always => true,
        Fail::First(count) => *attempts <= count,
    };
    if !fails {
        // First the work, then the news of it: whoever sees the pod succeeded sees the queue without its items.
        shared.queue.take(settings.takes);
        end(&mut changed, 0);
    } else if object::text(pod, "/spec/restartPolicy") == "OnFailure" {
        due.at(timer.step);
        restart(&mut changed, settings.exit_code);
    } else {
        end(&mut changed, settings.exit_code);
    }
    store.replace(definition::pods(), changed);
}

/// The kubelet has seen a pod that was bound to it.
fn accept(store: &mut Store, pod: &Value) {
    let Some(bound) = store.get(
        definition::pods(),
        object::namespace(pod),
        object::name(pod),
    ) else {
        return;
    };
    let mut changed = (*bound).clone();
    let pod = &mut changed;
    let now = object::now();
    pod["status"]["startTime"] = json!(now);
    pod["status"]["hostIP"] = json!("127.0.0.1");
    let waiting = |container: &Value| {
        json!({
            "name": container["name"], "image": container["image"], "imageID": "", "ready": false, "restartCount": 0,
            "started": false, "lastState": {}, "state": {"waiting": {"reason": "ContainerCreating"}},
        })
    };
    let statuses: Vec<Value> = object::list(pod, "/spec/containers")
        .iter()
        .map(waiting)
        .collect();
    pod["status"]["containerStatuses"] = json!(statuses);
    conditions(pod, false, Some("ContainersNotReady"));
    store.replace(definition::pods(), changed);
}

fn start(pod: &mut Value) {
    let now = object::now();
    pod["status"]["phase"] = json!("Running");
    pod["status"]["podIP"] = json!(format!(
        "10.244.{}.{}",
        fastrand::u8(..),
        fastrand::u8(1..255)
    ));
    pod["status"]["podIPs"] = json!([{"ip": pod["status"]["podIP"]}]);
    for status in statuses(pod) {
        status["ready"] = json!(true);
        status["started"] = json!(true);
        status["containerID"] = json!(format!("sandbox://{}", object::new_uid()));
        status["state"] = json!({"running": {"startedAt": now}});
    }
    conditions(pod, true, None);
}

/// All containers end with an exit code, and the pod with them.
fn end(pod: &mut Value, code: i64) {
    let started = object::text(pod, "/status/startTime").to_owned();
    for status in statuses(pod) {
        let terminated = terminated(status, code, &started);
        status["ready"] = json!(false);
        status["started"] = json!(false);
        status["state"] = json!({"terminated": terminated});
    }
    let (phase, reason) = if code == 0 {
        ("Succeeded", "PodCompleted")
    } else {
        ("Failed", "PodFailed")
    };
    pod["status"]["phase"] = json!(phase);
    conditions(pod, false, Some(reason));
}

/// The containers ended with a failure and run again in the same pod.
fn restart(pod: &mut Value, code: i64) {
    let now = object::now();
    for status in statuses(pod) {
        let terminated = terminated(status, code, &now);
        status["lastState"] = json!({"terminated": terminated});
        status["restartCount"] = json!(object::number(status, "/restartCount").unwrap_or(0) + 1);
        status["state"] = json!({"running": {"startedAt": now}});
    }
}

fn terminated(status: &Value, code: i64, started: &str) -> Value {
    let running = object::text(status, "/state/running/startedAt");
    json!({
        "exitCode": code,
        "reason": if code == 0 { "Completed" } else { "Error" },
        "startedAt": if running.is_empty() { started } else { running },
        "finishedAt": object::now(),
        "containerID": status.get("containerID").cloned().unwrap_or_else(|| json!("")),
    })
}

fn statuses(pod: &mut Value) -> impl Iterator<Item = &mut Value> {
    pod.pointer_mut("/status/containerStatuses")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

fn conditions(pod: &mut Value, ready: bool, reason: Option<&str>) {
    let now = object::now();
    let mut conditions = object::list(pod, "/status/conditions").to_vec();
    for kind in [
        "Initialized",
        "PodReadyToStartContainers",
        "ContainersReady",
        "Ready",
    ] {
        let status = match kind {
            "Initialized" => "True",
            _ if ready => "True",
            _ => "False",
        };
        let mut condition = json!({"type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": now});
        if let Some(reason) = reason.filter(|_| {
            matches!(kind, "ContainersReady" | "Ready")
                || reason == Some("PodCompleted") && kind == "Initialized"
        }) {
            condition["reason"] = json!(reason);
        }
        match conditions
            .iter_mut()
            .find(|one| object::text(one, "/type") == kind)
        {
            Some(old) => {
                if object::text(old, "/status") == status {
                    condition["lastTransitionTime"] = old["lastTransitionTime"].clone();
                }
                *old = condition;
            }
            None => conditions.push(condition),
        }
    }
    pod["status"]["conditions"] = json!(conditions);
}
