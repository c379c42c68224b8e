//! The credential plugin of a user: `exec` in the kubeconfig, such as `aws eks get-token`, `gke-gcloud-auth-plugin` and `kubelogin`.
//! kube runs it three times for each client that is set up, and waits for it on the thread that asks; it takes up to seconds. Here it
//! runs once, by client-go's rules. [client-go `plugin/pkg/client/auth/exec/exec.go`, `pkg/apis/clientauthentication/v1/types.go`]
//!
//! In one rule kubectl is stricter: it wants `interactiveMode` said with `client.authentication.k8s.io/v1`; unsaid it is `IfAvailable`
//! here, as it is with v1beta1.

mod answer;
mod process;
mod secrets;

use std::io::IsTerminal;
use std::process::Stdio;
use std::time::Duration;

use kube::Config;
use kube::config::{AuthInfo, ExecInteractiveMode};
use serde_json::{Value, json};
use tokio::process::Command;

pub(super) use answer::{Answer, Identity};
pub(super) use secrets::printed;

use super::error::{NoCredentials, said};
use crate::report::sanitize::sanitize;

/// What client-go speaks, the newest first.
const VERSIONS: [&str; 2] = [
    "client.authentication.k8s.io/v1",
    "client.authentication.k8s.io/v1beta1",
];

/// How to run it. No `Debug`: arguments and environment may hold secrets.
pub(super) struct Plugin {
    command: String,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    api_version: String,
    install_hint: Option<String>,
    /// It has our standard input, and may be waiting for somebody.
    interactive: bool,
    /// `KUBERNETES_EXEC_INFO`.
    info: String,
    /// How long it may take when it asks nobody.
    limit: Duration,
}

/// Takes the plugin, if there is one, out of `config`: kube is not to run it. What else the user has goes before it.
///
/// # Errors
/// When it cannot be run as it is written.
pub(super) fn take(config: &mut Config, limit: Duration) -> Result<Option<Plugin>, NoCredentials> {
    let exec = config.auth_info.exec.take();
    let Some(exec) = exec.filter(|_| !has_others(&config.auth_info)) else {
        return Ok(None);
    };
    let command = exec.command.unwrap_or_default();
    if command.is_empty() {
        return Err(NoCredentials::new(
            "exec of this user in the kubeconfig names no command",
        ));
    }
    let api_version = exec.api_version.unwrap_or_default();
    if !VERSIONS.contains(&api_version.as_str()) {
        let [new, old] = VERSIONS;
        let message = format!(
            "the credential plugin {command:?} is to answer in apiVersion {api_version:?}, which is neither {new} nor {old}"
        );
        return Err(NoCredentials::new(message)
            .hint("have the kubeconfig written again by the tool that made it, or correct apiVersion of exec there"));
    }
    let terminal = std::io::stdin().is_terminal();
    let Some(interactive) = interactive(exec.interactive_mode.as_ref(), terminal) else {
        let message = format!(
            "the credential plugin {command:?} has questions to ask (interactiveMode: Always), and standard input is no terminal"
        );
        return Err(NoCredentials::new(message)
            .hint("run this in a terminal, or set the plugin up so that it asks nothing and interactiveMode can be Never"));
    };
    let mut info = json!({
        "kind": "ExecCredential",
        "apiVersion": api_version,
        "spec": {"interactive": interactive},
    });
    if exec.provide_cluster_info {
        let cluster = serde_json::to_value(exec.cluster).expect("its keys are strings");
        info["spec"]["cluster"] = cluster;
        if config.disable_compression {
            info["spec"]["cluster"]["disable-compression"] = Value::Bool(true);
        }
    }
    let variables = exec.env.unwrap_or_default();
    let variables = variables
        .into_iter()
        .filter_map(|mut it| Some((it.remove("name")?, it.remove("value").unwrap_or_default())));
    Ok(Some(Plugin {
        command,
        arguments: exec.args.unwrap_or_default(),
        environment: variables.collect(),
        api_version,
        install_hint: exec.install_hint.filter(|hint| !hint.trim().is_empty()),
        interactive,
        info: info.to_string(),
        limit,
    }))
}

/// A user with any of these never needed the plugin. [client-go `UpdateTransportConfig`; `auth-provider` beside `exec` is kube's]
fn has_others(user: &AuthInfo) -> bool {
    let given = |value: &Option<String>| value.as_ref().is_some_and(|value| !value.is_empty());
    let certificate = given(&user.client_certificate) || given(&user.client_certificate_data);
    let key = given(&user.client_key) || user.client_key_data.is_some();
    user.auth_provider.is_some()
        || user.token.is_some()
        || given(&user.token_file)
        || given(&user.username)
        || (certificate && key)
}

/// Whether it gets our standard input; none where it must have it and nobody is there to answer.
fn interactive(mode: Option<&ExecInteractiveMode>, terminal: bool) -> Option<bool> {
    match mode {
        Some(ExecInteractiveMode::Never) => Some(false),
        Some(ExecInteractiveMode::IfAvailable) | None => Some(terminal),
        Some(ExecInteractiveMode::Always) => terminal.then_some(true),
    }
}

impl Plugin {
    /// Runs it, once. One that asks nobody has the request timeout for it, and is killed then.
    ///
    /// # Errors
    /// When it cannot be started, fails, gives no answer, or none that is one. Nothing of what it was given or prints is shown; what
    /// it says on stderr is for people, but for what it repeats there of its secrets.
    pub(super) async fn run(&self) -> Result<Answer, NoCredentials> {
        let mut command = Command::new(&self.command);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env("KUBERNETES_EXEC_INFO", &self.info)
            .stdout(Stdio::piped());
        if self.interactive {
            command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
        } else {
            command.stdin(Stdio::null()).stderr(Stdio::piped());
        }
        // Outside of our process group it could not ask at the terminal.
        let alone = !self.interactive;
        let limit = alone.then_some(self.limit);
        let ended = process::run(&mut command, limit, alone).await;
        let ended = ended.map_err(|error| {
            let problem = self.problem(&format!("cannot be started: {error}"));
            match &self.install_hint {
                Some(hint) => problem.hint(sanitize(hint)),
                None => problem,
            }
        })?;
        let said = || {
            let secrets = secrets::of(&self.arguments, &self.environment, &ended.stdout);
            said(&ended.stderr, &secrets)
        };
        match ended.status {
            None => {
                let limit = self.limit;
                let problem = self.problem(&format!("gave no answer within {limit:?}{}", said()));
                Err(problem.hint("--request-timeout gives it more time"))
            }
            Some(status) if status.success() => {
                answer::read(&ended.stdout, &self.api_version).map_err(|what| self.problem(&what))
            }
            Some(status) => Err(self.problem(&format!("failed with {status}{}", said()))),
        }
    }

    /// `the credential plugin "kubelogin"`.
    pub(super) fn name(&self) -> String {
        format!("the credential plugin {:?}", self.command)
    }

    /// What it did, with its name before it.
    pub(super) fn problem(&self, what: &str) -> NoCredentials {
        let command = &self.command;
        NoCredentials::new(format!("{} {what}", self.name()))
            .hint(format!("{command:?} is what exec of this user in the kubeconfig runs: is it installed, and does it work by hand?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_asks_only_where_somebody_can_answer() {
        use ExecInteractiveMode::{Always, IfAvailable, Never};
        for (mode, at_a_terminal, without) in [
            (Some(Never), Some(false), Some(false)),
            (Some(IfAvailable), Some(true), Some(false)),
            (None, Some(true), Some(false)),
            (Some(Always), Some(true), None),
        ] {
            assert_eq!(interactive(mode.as_ref(), true), at_a_terminal);
            assert_eq!(interactive(mode.as_ref(), false), without);
        }
    }
}
