//! Which cluster is meant: kubectl's rules for kubeconfig, without kube's silent fall-back to the pod's own account.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::Config;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};

use super::error::NoCredentials;
use crate::error::{Error, ErrorKind};

/// What the flags, the environment and the configuration file say about the cluster.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// `--kubeconfig`.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--namespace`.
    pub namespace: Option<String>,
    /// `--cluster`.
    pub cluster: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-group`.
    pub as_group: Vec<String>,
    /// `--in-cluster`.
    pub in_cluster: bool,
    /// `--request-timeout`.
    pub request_timeout: Duration,
}

/// A client configuration with the name it goes by.
pub struct Resolved {
    /// For kube.
    pub config: Config,
    /// The context's name, or `in-cluster`.
    pub context: String,
}

/// Finds the cluster that `options` name. A named kubeconfig that cannot be read is an error, never a reason to look elsewhere.
pub async fn resolve(options: &ClusterOptions) -> Result<Resolved, Error> {
    if options.in_cluster {
        return in_cluster();
    }
    let Some(kubeconfig) = load(options)? else {
        let named =
            options.context.is_some() || options.cluster.is_some() || options.user.is_some();
        if !named && std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
            return in_cluster();
        }
        return Err(Error::new(ErrorKind::Cluster, "no kubeconfig was found")
            .hint("name one with --kubeconfig or KUBECONFIG, or try the embedded cluster: keda-jobs run --sandbox"));
    };
    let context = options
        .context
        .clone()
        .or_else(|| kubeconfig.current_context.clone())
        .unwrap_or_default();
    if context.is_empty() {
        let names: Vec<&str> = kubeconfig
            .contexts
            .iter()
            .map(|context| context.name.as_str())
            .collect();
        return Err(
            Error::new(ErrorKind::Cluster, "the kubeconfig has no current context")
                .hint(format!("choose one with --context: {}", names.join(", "))),
        );
    }
    let contexts = kubeconfig.contexts.iter().map(|it| it.name.as_str());
    must_have("context", &context, contexts)?;
    if let Some(cluster) = &options.cluster {
        let clusters = kubeconfig.clusters.iter().map(|it| it.name.as_str());
        must_have("cluster", cluster, clusters)?;
    }
    // kube takes an unknown user for one without credentials.
    if let Some(user) = &options.user {
        let users = kubeconfig.auth_infos.iter().map(|it| it.name.as_str());
        must_have("user", user, users)?;
    }
    let kube_options = KubeConfigOptions {
        context: Some(context.clone()),
        cluster: options.cluster.clone(),
        user: options.user.clone(),
    };
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &kube_options)
        .await
        .map_err(|error| {
            Error::new(
                ErrorKind::Cluster,
                format!("cannot use context {context:?}"),
            )
            .because(error)
        })?;
    if let Some(user) = &options.as_user {
        config.auth_info.impersonate = Some(user.clone());
        config.auth_info.impersonate_groups =
            (!options.as_group.is_empty()).then(|| options.as_group.clone());
    }
    Ok(Resolved { config, context })
}

/// An entry that is named has to be there.
fn must_have<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Result<(), Error> {
    let known: Vec<&str> = known.collect();
    if known.contains(&name) {
        return Ok(());
    }
    let error = Error::new(
        ErrorKind::Cluster,
        format!("the kubeconfig has no {what} {name:?}"),
    );
    Err(error.hint(format!("it has: {}", known.join(", "))))
}

/// A kubeconfig that is at hand as text, with its current context.
pub async fn from_text(text: &str) -> Result<Resolved, Error> {
    let fail = |error| {
        Error::new(
            ErrorKind::Internal,
            "the embedded cluster's kubeconfig is wrong",
        )
        .because(error)
    };
    let kubeconfig = Kubeconfig::from_yaml(text).map_err(fail)?;
    let context = kubeconfig.current_context.clone().unwrap_or_default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default())
        .await
        .map_err(fail)?;
    Ok(Resolved { config, context })
}

fn in_cluster() -> Result<Resolved, Error> {
    let config = Config::incluster().map_err(|error| {
        Error::new(
            ErrorKind::Cluster,
            "cannot use the account of the pod this runs in",
        )
        .because(error)
        .hint("outside a pod, name a kubeconfig with --kubeconfig or KUBECONFIG")
    })?;
    Ok(Resolved {
        config,
        context: "in-cluster".to_owned(),
    })
}

/// The merged kubeconfig, or none when nothing is named and the default file does not exist.
fn load(options: &ClusterOptions) -> Result<Option<Kubeconfig>, Error> {
    if let Some(path) = &options.kubeconfig {
        return read(path).map(Some);
    }
    let named: Vec<PathBuf> = std::env::var_os("KUBECONFIG")
        .map(|list| {
            std::env::split_paths(&list)
                .filter(|path| !path.as_os_str().is_empty())
                .collect()
        })
        .unwrap_or_default();
    if !named.is_empty() {
        // kubectl skips the files of the list that do not exist; that none exists is a typo, not a wish.
        let existing: Vec<&PathBuf> = named.iter().filter(|path| path.exists()).collect();
        if existing.is_empty() {
            let list: Vec<String> = named
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            return Err(Error::new(
                ErrorKind::Cluster,
                format!("no file of KUBECONFIG exists: {}", list.join(", ")),
            )
            .hint("correct KUBECONFIG, or unset it to use ~/.kube/config"));
        }
        let mut merged = Kubeconfig::default();
        for path in existing {
            merged = merged.merge(read(path)?).map_err(|error| {
                Error::new(
                    ErrorKind::Cluster,
                    format!("cannot merge {} of KUBECONFIG", path.display()),
                )
                .because(error)
            })?;
        }
        return Ok(Some(merged));
    }
    let default = dirs::home_dir().map(|home| home.join(".kube").join("config"));
    match default {
        Some(path) if path.exists() => read(&path).map(Some),
        _ => Ok(None),
    }
}

/// What the client certificate's file and its key's hold, for a user who has nothing else to show in a connection.
///
/// # Errors
/// When one cannot be read.
pub(super) fn certificate_files(user: &AuthInfo) -> Result<Option<[Vec<u8>; 2]>, NoCredentials> {
    let inline = user.client_certificate_data.is_some() || user.client_key_data.is_some();
    let (Some(certificate), Some(key)) = (&user.client_certificate, &user.client_key) else {
        return Ok(None);
    };
    if inline || user.auth_provider.is_some() {
        return Ok(None);
    }
    let read = |what, path: &str| {
        std::fs::read(path).map_err(|error| {
            NoCredentials::new(format!("the {what} {path} cannot be read: {error}"))
        })
    };
    Ok(Some([
        read("client certificate", certificate)?,
        read("client key", key)?,
    ]))
}

fn read(path: &Path) -> Result<Kubeconfig, Error> {
    // kube's parse errors quote the line they stop at, and that line may be a token.
    Kubeconfig::read_from(path).map_err(|error| match error {
        kube::config::KubeconfigError::ReadConfig(error, _) => Error::new(
            ErrorKind::Cluster,
            format!("cannot read the kubeconfig {}", path.display()),
        )
        .because(error),
        kube::config::KubeconfigError::Parse(_) => Error::new(
            ErrorKind::Cluster,
            format!(
                "{} is not a kubeconfig: it cannot be parsed",
                path.display()
            ),
        )
        .hint("kubectl config view --kubeconfig FILE shows where it is wrong"),
        other => Error::new(
            ErrorKind::Cluster,
            format!("cannot use the kubeconfig {}", path.display()),
        )
        .because(other),
    })
}
