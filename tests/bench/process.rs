//! What a process used, from Linux' /proc.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::binary::Keda;

/// Ticks of /proc a second; the same on every Linux architecture that Rust builds for.
const TICKS: u64 = 100;

/// What a finished command used.
pub(crate) struct Used {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// Highest resident memory that was seen, in KiB.
    pub(crate) peak: u64,
    pub(crate) code: i32,
}

/// State and processor time of a process.
fn stat(pid: u32) -> Option<(char, Duration)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command's name may hold spaces and brackets.
    let mut fields = text.get(text.rfind(')')? + 1..)?.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let ticks: u64 = fields
        .skip(10)
        .take(2)
        .map_while(|field| field.parse::<u64>().ok())
        .sum();
    Some((state, Duration::from_millis(ticks * 1000 / TICKS)))
}

/// Processor time so far.
pub(crate) fn cpu(pid: u32) -> Duration {
    stat(pid).map(|(_, cpu)| cpu).unwrap_or_default()
}

/// Processor time of this thread so far, to the nanosecond; none where the system does not tell.
pub(crate) fn thread_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = text.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// A line of /proc/PID/status in KiB: `VmRSS` now, `VmHWM` at most.
pub(crate) fn memory(pid: u32, line: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status
        .lines()
        .find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or_default()
}

/// Runs a command to its end and watches it.
pub(crate) fn watch(keda: Keda, folder: &Path) -> Used {
    let start = Instant::now();
    let mut running = keda.spawn(&folder.join("stdout"), &folder.join("stderr"));
    let pid = running.id();
    let mut peak = 0;
    loop {
        // It stays in the table of processes until it is waited for.
        let ended = stat(pid).is_none_or(|(state, _)| state == 'Z');
        if ended || cfg!(not(target_os = "linux")) && running.ended().is_some() {
            break;
        }
        peak = peak.max(memory(pid, "VmHWM"));
        std::thread::sleep(Duration::from_micros(200));
    }
    Used {
        wall: start.elapsed(),
        cpu: cpu(pid),
        peak,
        code: running.wait(),
    }
}
