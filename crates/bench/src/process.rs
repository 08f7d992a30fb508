//! What the kernel knows of a process: its CPU time, by threads too, and its memory.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// One tick of the times in `/proc`: the kernel's interface fixes it at a hundredth of a second.
const TICK: Duration = Duration::from_millis(10);

/// CPU time that a process has used, in user and kernel mode.
///
/// # Errors
/// There is no such process.
pub fn cpu(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the server is gone")?;
    Ok(Times::parse(&stat).context("can't read the server's times")?.cpu)
}

/// CPU time of the threads that live now, summed by their names.
///
/// # Errors
/// There is no such process.
pub fn cpu_by_thread(pid: u32) -> Result<BTreeMap<String, Duration>> {
    let mut times = BTreeMap::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).context("the server is gone")? {
        // A thread may end between the listing and the look.
        let Ok(stat) = fs::read_to_string(task?.path().join("stat")) else { continue };
        if let Some(Times { name, cpu }) = Times::parse(&stat) {
            *times.entry(name).or_default() += cpu;
        }
    }
    Ok(times)
}

/// Memory that a process holds, in bytes.
///
/// # Errors
/// There is no such process.
pub fn resident_bytes(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the server is gone")?;
    resident(&status).context("can't read the server's memory")
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1_024)
}

struct Times {
    name: String,
    cpu: Duration,
}

impl Times {
    /// Reads a `stat` line. The name is in brackets and may hold brackets and blanks itself.
    fn parse(stat: &str) -> Option<Self> {
        let (before, after) = stat.rsplit_once(')')?;
        let name = before.split_once('(')?.1.to_owned();
        let mut fields = after.split_whitespace().skip(11);
        let user: u32 = fields.next()?.parse().ok()?;
        let system: u32 = fields.next()?.parse().ok()?;
        Some(Self { name, cpu: TICK * user.checked_add(system)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "4711 (a ) (b) S 1 4711 4711 0 -1 4194560 900 0 0 0 250 50 0 0 20 0 8 0 100 0 0";
        let times = Times::parse(stat).unwrap();
        assert_eq!((times.name.as_str(), times.cpu), ("a ) (b", Duration::from_secs(3)));
        assert!(Times::parse("4711 (short) S 1").is_none());
    }

    #[test]
    fn memory_is_told_in_bytes() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t3\n"), Some(2_097_152));
        assert_eq!(resident("Name:\tx\n"), None);
    }

    #[test]
    fn this_process_has_times_and_memory() {
        let me = std::process::id();
        cpu(me).unwrap();
        assert!(!cpu_by_thread(me).unwrap().is_empty());
        assert!(resident_bytes(me).unwrap() > 100_000);
    }
}
