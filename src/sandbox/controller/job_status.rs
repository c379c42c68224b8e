//! Conditions of Jobs.

use serde_json::{Value, json};

use super::super::store::Store;
use super::super::{events, object};

const COMPONENT: &str = "job-controller";

/// A decision about a Job that is final but not yet carried out: `SuccessCriteriaMet` or `FailureTarget`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interim {
    success: bool,
    reason: String,
    message: String,
}

impl Interim {
    pub(super) fn success(reason: &str, message: &str) -> Self {
        Self {
            success: true,
            reason: reason.to_owned(),
            message: message.to_owned(),
        }
    }

    pub(super) fn failure(reason: &str, message: &str) -> Self {
        Self {
            success: false,
            reason: reason.to_owned(),
            message: message.to_owned(),
        }
    }
}

/// Complete or Failed.
pub(super) fn finished(job: &Value) -> bool {
    object::condition_true(job, "Complete") || object::condition_true(job, "Failed")
}

/// The decision that an earlier pass wrote down.
pub(super) fn interim(job: &Value) -> Option<Interim> {
    [("SuccessCriteriaMet", true), ("FailureTarget", false)]
        .into_iter()
        .find_map(|(kind, success)| {
            let condition = object::condition(job, kind)
                .filter(|one| object::text(one, "/status") == "True")?;
            Some(Interim {
                success,
                reason: object::text(condition, "/reason").to_owned(),
                message: object::text(condition, "/message").to_owned(),
            })
        })
}

/// Writes a decision down, and the terminal condition once no pod is left that counts.
pub(super) fn conclude(store: &mut Store, job: &mut Value, interim: &Interim, settled: bool) {
    let target = if interim.success {
        "SuccessCriteriaMet"
    } else {
        "FailureTarget"
    };
    set_condition(job, target, true, &interim.reason, &interim.message);
    if !settled {
        return;
    }
    let terminal = if interim.success {
        "Complete"
    } else {
        "Failed"
    };
    set_condition(job, terminal, true, &interim.reason, &interim.message);
    if interim.success {
        job["status"]["completionTime"] = json!(object::now());
        events::record(
            store,
            job,
            COMPONENT,
            "Normal",
            "Completed",
            "Job completed",
        );
    } else {
        events::record(
            store,
            job,
            COMPONENT,
            "Warning",
            &interim.reason,
            &interim.message,
        );
    }
}

/// Keeps the Suspended condition and `startTime` in step with `spec.suspend`.
pub(super) fn suspension(store: &mut Store, job: &mut Value, suspended: bool) {
    let before = object::condition_true(job, "Suspended");
    if suspended && !before {
        set_condition(job, "Suspended", true, "JobSuspended", "Job suspended");
        object::entry(job, "status").shift_remove("startTime");
        events::record(
            store,
            job,
            COMPONENT,
            "Normal",
            "Suspended",
            "Job suspended",
        );
    } else if !suspended && before {
        set_condition(job, "Suspended", false, "JobResumed", "Job resumed");
        job["status"]["startTime"] = json!(object::now());
        events::record(store, job, COMPONENT, "Normal", "Resumed", "Job resumed");
    }
}

fn set_condition(job: &mut Value, kind: &str, status: bool, reason: &str, message: &str) {
    let status = if status { "True" } else { "False" };
    if object::condition(job, kind).is_some_and(|one| object::text(one, "/status") == status) {
        return;
    }
    let now = object::now();
    let condition = json!({
        "type": kind, "status": status, "lastProbeTime": now, "lastTransitionTime": now, "reason": reason,
        "message": message,
    });
    let mut conditions = object::list(job, "/status/conditions").to_vec();
    match conditions
        .iter_mut()
        .find(|one| object::text(one, "/type") == kind)
    {
        Some(old) => *old = condition,
        None => conditions.push(condition),
    }
    job["status"]["conditions"] = json!(conditions);
}
