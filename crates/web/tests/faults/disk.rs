//! A disk of one's own, small enough to be filled: a tmpfs, mounted where nobody else sees it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const INSIDE: &str = "FAULTS_INSIDE";

/// Whether this is the process that may mount. If not, runs the test of this name in one, and judges it.
pub fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let ways: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    let works = |way: &&&[&str]| {
        let check = "d=$(mktemp -d) && mount -t tmpfs -o size=1m none $d";
        let tried =
            Command::new("unshare").args(**way).args(["sh", "-c", check]).stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let way =
        ways.iter().find(works).unwrap_or_else(|| panic!("a mount namespace is needed (unshare --mount)"));
    let output = Command::new("unshare")
        .args(*way)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success() && said[0].contains("1 passed"), "{}", said.concat());
    false
}

/// A small disk. It is gone with the process.
pub struct Disk {
    place: tempfile::TempDir,
}

impl Disk {
    pub fn mount(bytes: u64) -> Self {
        let place = tempfile::tempdir().unwrap();
        let size = format!("size={bytes}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(place.path()).status();
        assert!(mounted.unwrap().success(), "a tmpfs can't be mounted");
        Self { place }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// Takes all the room there is.
    pub fn fill(&self) {
        let mut ballast = File::options().create(true).append(true).open(self.ballast()).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while ballast.write_all(&vec![1; size]).is_ok() {}
        }
    }

    /// Gives it back.
    pub fn clear(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Otherwise the folder under it could not be removed.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}
