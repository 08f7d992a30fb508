//! Where PostgreSQL's programs are, and as whom they run.

use std::env;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{give, owner};

/// The programs of one version.
#[derive(Debug)]
pub(super) struct Programs {
    folder: PathBuf,
    run_as: Option<User>,
}

#[derive(Debug, Clone, Copy)]
struct User {
    id: u32,
    group: u32,
}

impl Programs {
    /// Finds them.
    pub(super) fn find() -> io::Result<Self> {
        let folder = candidates().into_iter().rfind(|folder| folder.join("postgres").exists());
        let folder = folder.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::NotFound,
                "its programs are not on this machine: on Debian, apt-get install postgresql; elsewhere name the \
                 folder that holds initdb, postgres and psql in TRUNKLINE_TEST_POSTGRES",
            )
        })?;
        // Asking the system who we are needs code that is not safe; who owns our process's folder is the same.
        let run_as = match owner(Path::new("/proc/self"))? {
            0 => Some(ordinary_user(&fs::read_to_string("/etc/passwd")?)?),
            _ => None,
        };
        Ok(Self { folder, run_as })
    }

    /// One of them, run as an ordinary user, in a folder that it may enter.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        command.current_dir("/").env("LC_ALL", "C");
        if let Some(User { id, group }) = self.run_as {
            command.uid(id).gid(group);
        }
        command
    }

    /// A new temporary folder that they may write.
    pub(super) fn private_folder(&self) -> io::Result<PathBuf> {
        let folder = (0..1_000)
            .map(|n| env::temp_dir().join(format!("trunkline-postgres-{}-{n}", std::process::id())))
            .find_map(|folder| match fs::create_dir(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => None,
                made => Some(made.map(|()| folder)),
            });
        let folder = folder.unwrap_or_else(|| Err(io::ErrorKind::AlreadyExists.into()))?;
        if let Some(User { id, group }) = self.run_as {
            give(&folder, id, group)?;
        }
        Ok(folder)
    }
}

/// Folders that may hold them, the one to prefer last.
fn candidates() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    folders.reverse();
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    debian.sort_by_key(|folder| version(folder));
    folders.extend(debian);
    folders.extend(env::var_os("TRUNKLINE_TEST_POSTGRES").map(PathBuf::from));
    folders
}

/// 15 of `/usr/lib/postgresql/15/bin`.
fn version(folder: &Path) -> u32 {
    let name = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    name.and_then(|name| name.parse().ok()).unwrap_or(0)
}

/// The user that PostgreSQL's package makes, else the one that owns nothing.
fn ordinary_user(passwd: &str) -> io::Result<User> {
    let find = |wanted: &str| {
        passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let [name, _, id, group, ..] = fields[..] else { return None };
            (name == wanted).then_some(User { id: id.parse().ok()?, group: group.parse().ok()? })
        })
    };
    find("postgres").or_else(|| find("nobody")).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            "PostgreSQL refuses to run as root, and there is no user nobody",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_preferred_by_number() {
        let mut folders =
            ["9", "15", "17", "16"].map(|n| PathBuf::from(format!("/usr/lib/postgresql/{n}/bin")));
        folders.sort_by_key(|folder| version(folder));
        assert_eq!(version(&folders[3]), 17);
        assert_eq!(version(&folders[0]), 9);
    }

    #[test]
    fn root_runs_it_as_its_own_user_or_as_nobody() {
        let passwd = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/usr/sbin/nologin\n";
        assert_eq!(ordinary_user(passwd).unwrap().id, 65_534);
        assert_eq!(ordinary_user(&format!("{passwd}postgres:x:114:120::/:/bin/bash")).unwrap().id, 114);
        assert!(ordinary_user("root:x:0:0::/root:/bin/sh").is_err());
    }
}
