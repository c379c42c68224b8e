//! The process of a plugin: how it ends, and what it wrote until then.

use std::process::ExitStatus;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};

/// What is kept of either stream; what comes after it is read and dropped. An `ExecCredential` has a few kilobytes.
const MOST: usize = 1 << 20;

/// How long it is read on after the end of the plugin. All that it wrote is there by then; a child that it left behind may hold its
/// streams open for ever.
const REST: Duration = Duration::from_millis(250);

/// How it ended.
pub(super) struct Ended {
    /// None when it was killed at its limit.
    pub(super) status: Option<ExitStatus>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Runs it; with a limit it is killed then, and its children with it, in so far as it has a process group of its own (`own_group`). So
/// they are when nobody waits for it any more. Those that it leaves behind when it ends by itself may have work to do: they stay.
pub(super) async fn run(
    command: &mut Command,
    limit: Option<Duration>,
    own_group: bool,
) -> std::io::Result<Ended> {
    #[cfg(unix)]
    if own_group {
        command.process_group(0);
    }
    let mut child = command.kill_on_drop(true).spawn()?;
    let mut group = Group::of(&child, own_group);
    let mut stdout = Stream::of(child.stdout.take());
    let mut stderr = Stream::of(child.stderr.take());
    let status = {
        let written = futures::future::join(stdout.read(), stderr.read());
        let timed_out = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let mut written = std::pin::pin!(written);
        let mut all_read = false;
        let mut timed_out = std::pin::pin!(timed_out);
        loop {
            tokio::select! {
                biased;
                status = child.wait() => {
                    group.let_go();
                    break Some(status?);
                }
                _ = &mut written, if !all_read => all_read = true,
                () = &mut timed_out => break None,
            }
        }
    };
    if status.is_none() {
        group.kill();
        // Of its own group or not.
        drop(child.start_kill());
    }
    let rest = futures::future::join3(child.wait(), stdout.read(), stderr.read());
    drop(tokio::time::timeout(REST, rest).await);
    Ok(Ended {
        status,
        stdout: stdout.kept,
        stderr: stderr.kept,
    })
}

/// What comes out of a pipe.
struct Stream<R> {
    pipe: Option<R>,
    kept: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Stream<R> {
    fn of(pipe: Option<R>) -> Self {
        Self {
            pipe,
            kept: Vec::new(),
        }
    }

    /// Reads to its end. Nothing is lost when that is given up and done again.
    async fn read(&mut self) {
        let mut part = vec![0; 8192];
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut part).await {
                Ok(count @ 1..) => {
                    let room = MOST - self.kept.len();
                    self.kept.extend_from_slice(&part[..count.min(room)]);
                }
                Ok(0) | Err(_) => self.pipe = None,
            }
        }
    }
}

/// The processes of a plugin that has not ended.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    fn of(child: &Child, own_group: bool) -> Self {
        let id = child.id().filter(|_| own_group);
        let id = id.and_then(|id| i32::try_from(id).ok());
        Self {
            leader: id.and_then(rustix::process::Pid::from_raw),
        }
    }

    /// It has ended: its number may be another's soon.
    fn let_go(&mut self) {
        self.leader = None;
    }

    fn kill(&mut self) {
        if let Some(leader) = self.leader.take() {
            let signal = rustix::process::Signal::KILL;
            // They may be gone already.
            let _ = rustix::process::kill_process_group(leader, signal);
        }
    }
}

#[cfg(not(unix))]
impl Group {
    fn of(_: &Child, _: bool) -> Self {
        Self {}
    }

    fn let_go(&mut self) {}

    fn kill(&mut self) {}
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
