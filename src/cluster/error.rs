//! What the API server or the way to it answered, said with the verb, the resource and the namespace.

use std::time::Duration;

use kube::client::AuthError;

use super::plugin::printed;
use crate::report::sanitize::sanitize;

/// Most characters of what a credential plugin says that are shown.
const MOST_OF_A_PLUGIN: usize = 500;

/// Most characters of what a server says that are shown: what it holds against many fields of an object is long, and is whole.
const MOST_OF_A_MESSAGE: usize = 8000;
const BETWEEN: &str = ": is the server of the kubeconfig the API server, and is there a proxy or a login page before it?";

/// What to do about a token file.
pub(super) const OF_A_TOKEN_FILE: &str = "it is what tokenFile names in the kubeconfig, or the account's of the pod; kubectl create token ACCOUNT makes one";

/// What a failed request means for what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClusterErrorKind {
    /// There was nothing to show the server, by a fault of the credential plugin or of a file: the request was not sent, or was sent and
    /// answered with 401 only.
    NoCredentials,
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
    /// What the server says against fields of the object that was sent.
    pub causes: Vec<Cause>,
}

/// One field of an object that the server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// Its path: `spec.template.spec.containers[0].image`.
    pub field: String,
    /// What is wrong with it, in the server's words.
    pub message: String,
}

impl ClusterError {
    /// Whether a write may have been carried out, or be still: no answer told that it was not.
    pub fn may_have_happened(&self) -> bool {
        matches!(
            self.kind,
            ClusterErrorKind::Unavailable | ClusterErrorKind::Other
        )
    }

    /// Says what became of `operation`.
    pub fn from_kube(operation: impl Into<String>, error: &kube::Error) -> Self {
        let no_credentials = credentials_problem(error);
        let (kind, message) = match error {
            _ if let Some(problem) = no_credentials => {
                (ClusterErrorKind::NoCredentials, problem.message)
            }
            kube::Error::Api(status) => (
                kind_of(status.code, &status.reason),
                words(status.code, &status.message),
            ),
            kube::Error::SerdeError(error) => (
                ClusterErrorKind::Other,
                format!("what answers does not speak as an API server does ({error}){BETWEEN}"),
            ),
            kube::Error::HyperError(_) | kube::Error::Service(_) | kube::Error::ReadEvents(_) => {
                (ClusterErrorKind::Unavailable, innermost(error))
            }
            _ => (ClusterErrorKind::Other, error.to_string()),
        };
        Self {
            kind,
            operation: operation.into(),
            message,
            causes: causes(error),
        }
    }

    /// No answer within `limit`.
    pub fn timeout(operation: impl Into<String>, limit: Duration) -> Self {
        Self {
            kind: ClusterErrorKind::Unavailable,
            operation: operation.into(),
            message: format!("no answer within {limit:?}"),
            causes: Vec::new(),
        }
    }

    /// No credentials within `limit`; `source` is what they were to come from.
    pub(super) fn no_credentials(
        operation: impl Into<String>,
        source: &str,
        limit: Duration,
    ) -> Self {
        Self {
            kind: ClusterErrorKind::NoCredentials,
            operation: operation.into(),
            message: format!("{source} has given no credentials within {limit:?}"),
            causes: Vec::new(),
        }
    }

    /// What the user can do about it, if that is known.
    pub fn hint(&self) -> Option<String> {
        match self.kind {
            ClusterErrorKind::NoCredentials if self.message.contains("the credential plugin") => {
                Some("it is what exec of this user in the kubeconfig runs: try it by hand".to_owned())
            }
            ClusterErrorKind::NoCredentials if self.message.contains("the token file") => {
                Some(OF_A_TOKEN_FILE.to_owned())
            }
            ClusterErrorKind::NoCredentials => {
                Some("see what stands at this user in the kubeconfig, or choose another --context".to_owned())
            }
            ClusterErrorKind::Unauthorized => {
                Some("the cluster does not accept these credentials: log in again and start again, or choose another --context".to_owned())
            }
            ClusterErrorKind::Forbidden => {
                let right = missing_right(&self.message)?;
                Some(format!("the right to {right} is missing: ask for it in a Role, or use another --context"))
            }
            ClusterErrorKind::NotFound => {
                let namespace = missing_namespace(&self.message)?;
                Some(format!("create it with kubectl create namespace {namespace}, or correct metadata.namespace, --namespace or --context"))
            }
            ClusterErrorKind::Throttled => {
                Some("the API server limits how much it takes at once: run again later, with a lower --concurrency, fewer objects or a longer pollingInterval; kubectl get flowschemas,prioritylevelconfigurations shows the limits to who may see them".to_owned())
            }
            ClusterErrorKind::Unavailable if self.message.contains("invalid peer certificate") => {
                Some("is certificate-authority in the kubeconfig that of this cluster, and its server an address that the certificate names?".to_owned())
            }
            ClusterErrorKind::Unavailable => {
                Some("is the cluster running, and is this the context that was meant? see kubectl config get-contexts".to_owned())
            }
            _ => None,
        }
    }
}

/// What the server says. Something on the way to it says it with a page for browsers, of which the status is all that helps.
fn words(code: u16, message: &str) -> String {
    let message = message.trim();
    let known = http::StatusCode::from_u16(code).ok();
    let reason = known.and_then(|status| status.canonical_reason());
    let status = format!("{code} {}", reason.unwrap_or_default());
    if message.starts_with('<') {
        return format!("{} with a page for browsers{BETWEEN}", status.trim_end());
    }
    if message.is_empty() {
        return status.trim_end().to_owned();
    }
    if message.chars().count() > MOST_OF_A_MESSAGE {
        let kept: String = message.chars().take(MOST_OF_A_MESSAGE).collect();
        return format!("{kept}…");
    }
    message.to_owned()
}

/// There are no credentials to send a request with.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub(super) struct NoCredentials {
    /// Why.
    pub(super) message: String,
    /// What to do about it.
    pub(super) hints: Vec<String>,
}

impl NoCredentials {
    /// Says why.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// Says `message` of it.
    pub(super) fn saying(self, message: String) -> Self {
        Self { message, ..self }
    }

    /// Adds what to do about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<NoCredentials> for kube::Error {
    fn from(problem: NoCredentials) -> Self {
        Self::Service(Box::new(problem))
    }
}

/// Why there are no credentials, where that is what went wrong. kube's own words show all that an auth-provider's command printed,
/// and that may hold secrets; what it says on stderr is for people.
pub(super) fn credentials_problem(error: &kube::Error) -> Option<NoCredentials> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    loop {
        let error = cause?;
        if let Some(found) = error.downcast_ref::<NoCredentials>() {
            return Some(found.clone());
        }
        if let Some(found) = error.downcast_ref::<AuthError>() {
            return Some(NoCredentials::new(match found {
                AuthError::AuthExecRun { out, .. } => format!(
                    "the credential plugin failed with {}{}",
                    out.status,
                    said(&out.stderr, &printed(&out.stdout))
                ),
                other => innermost(other),
            }));
        }
        cause = error.source();
    }
}

/// What a program says on stderr, on one line and not without end, without `secrets`, with a colon before it if it says something.
pub(super) fn said(stderr: &[u8], secrets: &[String]) -> String {
    let mut line = on_one_line(&String::from_utf8_lossy(stderr));
    for secret in secrets {
        line = line.replace(secret, "***");
    }
    let said: String = line.chars().take(MOST_OF_A_PLUGIN).collect();
    let colon = if said.is_empty() { "" } else { ": " };
    let more = if said.len() < line.len() { "…" } else { "" };
    format!("{colon}{}{more}", sanitize(&said))
}

/// Its words with one blank between them.
pub(super) fn on_one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// `create jobs.batch in namespace shop`, of the words in which the API server refuses what the caller has no right to, whichever
/// authorizer says so. None where it is not a right that is missing: a quota, a policy and a webhook forbid as well.
/// [Kubernetes apiserver `handlers/responsewriters/errors.go`: `forbiddenMessage`]
fn missing_right(message: &str) -> Option<String> {
    let quoted = |rest: &str| -> Option<(String, String)> {
        let (word, rest) = rest.strip_prefix('"')?.split_once('"')?;
        Some((word.to_owned(), rest.to_owned()))
    };
    let (_, rest) = message.split_once("\" cannot ")?;
    let (verb, rest) = rest.split_once(" resource ")?;
    let (resource, rest) = quoted(rest)?;
    let (group, rest) = quoted(rest.strip_prefix(" in API group ")?)?;
    let dot = if group.is_empty() { "" } else { "." };
    let place = match rest.strip_prefix(" in the namespace ").and_then(quoted) {
        Some((namespace, _)) => format!("in namespace {namespace}"),
        None => "in all namespaces".to_owned(),
    };
    Some(format!("{verb} {resource}{dot}{group} {place}"))
}

/// Of `namespaces "shop" not found`.
fn missing_namespace(message: &str) -> Option<&str> {
    message
        .strip_prefix("namespaces \"")?
        .strip_suffix("\" not found")
}

fn causes(error: &kube::Error) -> Vec<Cause> {
    let kube::Error::Api(status) = error else {
        return Vec::new();
    };
    let causes = status.details.iter().flat_map(|details| &details.causes);
    causes
        .filter(|cause| !cause.field.is_empty())
        .map(|cause| Cause {
            field: cause.field.clone(),
            message: cause.message.clone(),
        })
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn forbidden(message: &str) -> ClusterError {
        ClusterError {
            kind: ClusterErrorKind::Forbidden,
            operation: "create job shop/orders-x-0".to_owned(),
            message: message.to_owned(),
            causes: Vec::new(),
        }
    }

    #[test]
    fn a_missing_right_is_named_as_a_role_names_it() {
        let user = "User \"system:serviceaccount:shop:ci\"";
        for (message, right) in [
            (
                format!(
                    "jobs.batch is forbidden: {user} cannot create resource \"jobs\" in API group \"batch\" in the namespace \"shop\""
                ),
                "create jobs.batch in namespace shop",
            ),
            (
                format!(
                    "secrets \"x\" is forbidden: {user} cannot get resource \"secrets\" in API group \"\" in the namespace \"shop\": RBAC: role.rbac.authorization.k8s.io \"a\" not found"
                ),
                "get secrets in namespace shop",
            ),
            (
                format!(
                    "jobs.batch is forbidden: {user} cannot list resource \"jobs\" in API group \"batch\" at the cluster scope"
                ),
                "list jobs.batch in all namespaces",
            ),
        ] {
            let hint = forbidden(&message).hint().unwrap();
            assert!(
                hint.contains(&format!("the right to {right} is missing")),
                "{hint}"
            );
        }
    }

    #[test]
    fn what_forbids_and_is_no_right_is_not_called_one() {
        for message in [
            "jobs.batch \"a\" is forbidden: exceeded quota: few, requested: count/jobs.batch=1, used: count/jobs.batch=2, limited: count/jobs.batch=2",
            "jobs.batch \"a\" is forbidden: unable to create new content in namespace shop because it is being terminated",
            "admission webhook \"policy.example.org\" denied the request: images must be signed",
            "jobs.batch \"a\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no",
        ] {
            assert_eq!(forbidden(message).hint(), None, "{message}");
        }
    }

    #[test]
    fn a_page_for_browsers_is_not_shown() {
        for (code, message, expected) in [
            (
                502,
                "<html><h1>502 Bad Gateway</h1></html>",
                "502 Bad Gateway with a page",
            ),
            (599, "\n<!DOCTYPE html>", "599 with a page"),
            (503, "", "503 Service Unavailable"),
            (
                500,
                "etcdserver: request timed out",
                "etcdserver: request timed out",
            ),
        ] {
            let words = words(code, message);
            assert!(
                words.starts_with(expected) && !words.contains('<'),
                "{words}"
            );
        }
        assert!(words(500, &"x".repeat(1_000_000)).len() < 10_000);
    }

    #[test]
    fn credentials_that_cannot_be_made_are_no_outage() {
        let out = std::process::Output {
            status: std::process::ExitStatus::default(),
            stdout: b"token of the day".to_vec(),
            stderr: b"you are\n  not logged in\n".to_vec(),
        };
        let failed = AuthError::AuthExecRun {
            cmd: "PASSWORD=of-the-day \"plugin\"".to_owned(),
            out: Box::new(out),
        };
        let error = kube::Error::Service(Box::new(failed));
        let error = ClusterError::from_kube("list jobs.batch in namespace shop", &error);
        assert_eq!(error.kind, ClusterErrorKind::NoCredentials, "{error}");
        let text = error.to_string();
        assert!(text.ends_with(": you are not logged in"), "{text}");
        assert!(
            !text.contains("of the day") && !text.contains("of-the-day"),
            "{text}"
        );
        assert!(error.hint().unwrap().contains("try it by hand"));
    }
}
