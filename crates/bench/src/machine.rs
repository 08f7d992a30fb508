//! On what this was measured: figures without it say nothing.

use std::fs;
use std::path::Path;

use serde::Serialize;

/// The machine.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Processors that this process may use.
    pub cores: usize,
    /// Their name.
    pub processor: String,
    /// The kernel's version.
    pub kernel: String,
    /// The kind of file system that the journal is on.
    pub file_system: String,
    /// Its device.
    pub device: String,
    /// How busy the machine was before we began: processes that ran or waited, averaged over a minute.
    pub load_before: f64,
}

impl Machine {
    /// Looks around; what can't be seen is empty.
    pub fn look(folder: &Path) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let folder = folder.canonicalize().unwrap_or_default();
        let (file_system, device) = mount(&read("/proc/self/mountinfo"), &folder).unwrap_or_default();
        Self {
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            processor: processor(&read("/proc/cpuinfo")).unwrap_or_default(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            file_system,
            device,
            load_before: read("/proc/loadavg")
                .split(' ')
                .next()
                .and_then(|load| load.parse().ok())
                .unwrap_or(0.0),
        }
    }

    /// In one line.
    pub fn line(&self) -> String {
        let Self { cores, processor, kernel, file_system, device, load_before } = self;
        format!(
            "{cores} × {processor}, Linux {kernel}, {file_system} on {device}, load before {load_before:.2}"
        )
    }
}

fn processor(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Kind and device of the innermost mount that a folder is under.
fn mount(mountinfo: &str, folder: &Path) -> Option<(String, String)> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?;
        let mut what = after.split(' ');
        Some((point, what.next()?.to_owned(), what.next()?.to_owned()))
    });
    let (_, kind, device) =
        mounts.filter(|(point, ..)| folder.starts_with(point)).max_by_key(|(point, ..)| point.len())?;
    Some((kind, device))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folders_file_system_is_that_of_its_innermost_mount() {
        let mountinfo = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
            30 22 0:26 / /tmp rw - tmpfs tmpfs rw\n\
            31 22 254:1 / /tmpfiles rw shared:1 - xfs /dev/vdb rw\n";
        let of = |folder: &str| mount(mountinfo, Path::new(folder)).unwrap().0;
        assert_eq!(
            (of("/tmp/a").as_str(), of("/tmpfiles").as_str(), of("/home").as_str()),
            ("tmpfs", "xfs", "ext4")
        );
    }
}
