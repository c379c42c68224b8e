//! What the API server or the way to it answered, said with the verb, the resource and the namespace.

use std::time::Duration;

/// What a failed request means for what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterErrorKind {
    /// 401: who are you?
    Unauthorized,
    /// 403: not your right, or a quota or an admission policy says no.
    Forbidden,
    /// 404.
    NotFound,
    /// 409 AlreadyExists.
    AlreadyExists,
    /// 409 Conflict: a precondition failed.
    Conflict,
    /// 410: the resource version or continue token is too old; list again.
    Expired,
    /// 422, 400: the object is wrong; sending it again is of no use.
    Invalid,
    /// 429: the server has too much to do; nothing was done.
    Throttled,
    /// No answer, a cut connection or 5xx: it may work later, and a write may have happened.
    Unavailable,
    /// Anything else.
    Other,
}

/// A request to the cluster failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot {operation}: {message}")]
pub struct ClusterError {
    /// What it means.
    pub kind: ClusterErrorKind,
    /// `list jobs.batch in namespace shop`.
    pub operation: String,
    /// The server's own words, or what became of the connection.
    pub message: String,
}

impl ClusterError {
    /// Says what became of `operation`.
    pub fn from_kube(operation: impl Into<String>, error: &kube::Error) -> Self {
        let (kind, message) = match error {
            kube::Error::Api(status) => {
                (kind_of(status.code, &status.reason), status.message.clone())
            }
            kube::Error::HyperError(_) | kube::Error::Service(_) | kube::Error::ReadEvents(_) => {
                (ClusterErrorKind::Unavailable, innermost(error))
            }
            kube::Error::Auth(_) => (ClusterErrorKind::Unauthorized, innermost(error)),
            _ => (ClusterErrorKind::Other, error.to_string()),
        };
        Self {
            kind,
            operation: operation.into(),
            message,
        }
    }

    /// No answer within `limit`.
    pub fn timeout(operation: impl Into<String>, limit: Duration) -> Self {
        Self {
            kind: ClusterErrorKind::Unavailable,
            operation: operation.into(),
            message: format!("no answer within {limit:?}"),
        }
    }

    /// What the user can do about it, if that is known.
    pub fn hint(&self) -> Option<String> {
        match self.kind {
            ClusterErrorKind::Unauthorized => {
                Some("the cluster does not accept these credentials: log in again, or choose another --context".to_owned())
            }
            ClusterErrorKind::Forbidden if !self.message.contains("exceeded quota") => {
                Some(format!("the right to {} is missing: ask for it in a Role, or use another --context", self.operation))
            }
            ClusterErrorKind::Throttled => {
                Some("the API server limits how much it takes at once: run again later, with a lower --concurrency, fewer objects or a longer pollingInterval; kubectl get flowschemas,prioritylevelconfigurations shows the limits to who may see them".to_owned())
            }
            ClusterErrorKind::Unavailable => {
                Some("is the cluster running, and is this the context that was meant? see kubectl config get-contexts".to_owned())
            }
            _ => None,
        }
    }
}

fn kind_of(code: u16, reason: &str) -> ClusterErrorKind {
    match (code, reason) {
        (401, _) => ClusterErrorKind::Unauthorized,
        (403, _) => ClusterErrorKind::Forbidden,
        (404, _) => ClusterErrorKind::NotFound,
        (409, "AlreadyExists") => ClusterErrorKind::AlreadyExists,
        (409, _) => ClusterErrorKind::Conflict,
        (410, _) => ClusterErrorKind::Expired,
        (400 | 413 | 415 | 422, _) => ClusterErrorKind::Invalid,
        (429, _) => ClusterErrorKind::Throttled,
        (500.., _) => ClusterErrorKind::Unavailable,
        _ => ClusterErrorKind::Other,
    }
}

/// The last cause in the chain: hyper's and tower's own texts only say that something below failed.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}
