//! Leases. [Kubernetes `pkg/apis/coordination/validation`]

use serde_json::Value;

use super::super::field::FieldErrors;

/// Checks the numbers of a Lease.
pub(super) fn spec(lease: &Value, errors: &mut FieldErrors) {
    let number = |path: &str| lease.pointer(path).and_then(Value::as_i64);
    if let Some(seconds) = number("/spec/leaseDurationSeconds").filter(|seconds| *seconds <= 0) {
        errors.invalid(
            "spec.leaseDurationSeconds",
            seconds,
            "must be greater than 0",
        );
    }
    if let Some(transitions) = number("/spec/leaseTransitions").filter(|number| *number < 0) {
        errors.invalid(
            "spec.leaseTransitions",
            transitions,
            "must be greater than or equal to 0",
        );
    }
}
