//! SIGINT and SIGTERM: the first asks for an orderly end, the second ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::error::ExitStatus;

/// How many signals came, and what the first one was.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    count: usize,
    /// Asked for from within: counts as a first signal to those who wait, not to the exit status.
    requested: bool,
    first: Option<ExitStatus>,
}

/// Listens for signals from when it is made.
#[derive(Clone)]
pub struct Signals {
    seen: watch::Receiver<Seen>,
    sender: watch::Sender<Seen>,
    stop: Arc<AtomicBool>,
}

impl Signals {
    /// Starts to listen; needs a tokio runtime.
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub fn listen() -> std::io::Result<Self> {
        let (sender, seen) = watch::channel(Seen::default());
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let heard = sender.clone();
        let mut source = source()?;
        tokio::spawn(async move {
            loop {
                let status = next(&mut source).await;
                flag.store(true, Ordering::Relaxed);
                heard.send_modify(|seen| {
                    seen.count += 1;
                    seen.first.get_or_insert(status);
                });
            }
        });
        Ok(Self { seen, sender, stop })
    }

    /// One that no signal of the system reaches; [`Self::request_stop`] does.
    pub fn detached() -> Self {
        let (sender, seen) = watch::channel(Seen::default());
        Self {
            seen,
            sender,
            stop: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Set from the first signal on: start nothing new.
    pub fn stop_flag(&self) -> &AtomicBool {
        &self.stop
    }

    /// Asks for the same orderly end from within.
    pub fn request_stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
        self.sender.send_modify(|seen| seen.requested = true);
    }

    /// What the first signal was, if one came.
    pub fn status(&self) -> Option<ExitStatus> {
        self.seen.borrow().first
    }

    /// Waits for the first signal.
    pub async fn first(&self) -> ExitStatus {
        self.reached(1).await
    }

    /// Waits for the second signal.
    pub async fn second(&self) -> ExitStatus {
        self.reached(2).await
    }

    async fn reached(&self, count: usize) -> ExitStatus {
        let mut seen = self.seen.clone();
        match seen
            .wait_for(|seen| seen.count >= count || count == 1 && seen.requested)
            .await
        {
            Ok(seen) => seen.first.unwrap_or(ExitStatus::Interrupted),
            // The listener is gone with its runtime: nothing will come any more.
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
type Source = (tokio::signal::unix::Signal, tokio::signal::unix::Signal);

#[cfg(unix)]
fn source() -> std::io::Result<Source> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok((
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    ))
}

#[cfg(unix)]
async fn next((interrupt, terminate): &mut Source) -> ExitStatus {
    tokio::select! {
        _ = interrupt.recv() => ExitStatus::Interrupted,
        _ = terminate.recv() => ExitStatus::Terminated,
    }
}

#[cfg(not(unix))]
type Source = ();

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same shape on every system")]
fn source() -> std::io::Result<Source> {
    Ok(())
}

#[cfg(not(unix))]
async fn next((): &mut Source) -> ExitStatus {
    match tokio::signal::ctrl_c().await {
        Ok(()) => ExitStatus::Interrupted,
        Err(_) => std::future::pending().await,
    }
}
