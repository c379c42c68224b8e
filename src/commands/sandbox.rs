//! `sandbox`: the embedded cluster in the foreground.

use std::path::{Path, PathBuf};

use super::Context;
use crate::cli::SandboxArgs;
use crate::error::{Error, ErrorKind, ExitStatus};
use crate::sandbox::{Sandbox, SandboxOptions};
use crate::signals::Signals;

/// Serves until a signal comes.
pub async fn execute(
    context: &mut Context<'_>,
    args: &SandboxArgs,
    signals: &Signals,
) -> Result<ExitStatus, Error> {
    let options = SandboxOptions {
        address: std::net::SocketAddr::from(([127, 0, 0, 1], args.port)),
        pod_pending: args.pod_pending,
        pod_run: args.pod_run,
        queue_items: args.items,
        ..SandboxOptions::default()
    };
    let sandbox = Sandbox::start(options).await.map_err(|error| {
        Error::new(
            ErrorKind::Usage,
            format!("cannot listen on 127.0.0.1:{}", args.port),
        )
        .because(error)
        .hint("choose another --port, or 0 for a free one")
    })?;
    let path = match &args.kubeconfig {
        Some(path) => path.clone(),
        None => default_kubeconfig()?,
    };
    write_kubeconfig(&path, &sandbox.kubeconfig())?;
    context.print(&format!(
        "The embedded cluster listens on {url}\nIts demo queue is {queue} ({items} items)\n\nIn another terminal:\n  \
         export KUBECONFIG={path}\n  export KEDA_JOBS_SERVICE_PROXY={url}\n  kubectl get jobs\n  \
         keda-jobs run --once examples/demo-queue.yaml\n\nCtrl-C ends it; nothing is kept.\n",
        url = sandbox.url(),
        queue = sandbox.queue_url(),
        items = args.items,
        path = path.display(),
    ))?;
    let status = signals.first().await;
    sandbox.stop().await;
    // The file would only lead to connection errors, or to whoever listens on that port next.
    drop(std::fs::remove_file(&path));
    Ok(status)
}

fn default_kubeconfig() -> Result<PathBuf, Error> {
    let folder = dirs::state_dir()
        .or_else(dirs::data_local_dir)
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Usage,
                "there is no home folder to write the kubeconfig to",
            )
            .hint("name a file with --kubeconfig")
        })?;
    Ok(folder.join("keda-jobs").join("sandbox.kubeconfig"))
}

/// Written beside its place and moved there, so that a reader never sees half of it.
fn write_kubeconfig(path: &Path, text: &str) -> Result<(), Error> {
    let fail = |error| {
        Error::new(
            ErrorKind::File,
            format!("cannot write the kubeconfig {}", path.display()),
        )
        .because(error)
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(fail)?;
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    std::fs::write(&draft, text).map_err(fail)?;
    std::fs::rename(&draft, path).map_err(fail)
}
