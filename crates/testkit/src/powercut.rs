//! A power cut, for one flat folder: what a process wrote but did not sync is thrown away or garbled after its death.
//!
//! `kill -9` does not test a sync, because the kernel's page cache survives it. So a shim in C (preloaded; compiled by `cc`
//! when first used) writes down what was written, synced, created, renamed and unlinked. [`PowerCut::strike`] then does
//! to the files what a power cut may do:
//! * a file ends anywhere between its length at the last sync and its length now;
//! * of the 512-byte sectors written since the last sync, 40 % hold garbage or zeros;
//! * what a failed sync left behind counts as unwritten, even if a later sync succeeds (so does Linux);
//! * of the folder's changes since its last sync only the first few have happened, or none.
//!
//! Not modeled: data of an unsynced truncation coming back, and renames between folders.

mod ledger;

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
    process::Command,
};

use crate::chance::Chance;
use ledger::{FolderChange, Ledger};

const SECTOR: u64 = 512;
const SHIM: &str = include_str!("powercut/shim.c");

/// The shim, compiled.
#[derive(Debug)]
pub struct Shim(PathBuf);

/// The folder that a shim watches, and its notes.
#[derive(Debug)]
pub struct PowerCut {
    shim: PathBuf,
    root: PathBuf,
    work: PathBuf,
}

/// What is to go wrong in the process under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing; the power cut comes afterwards.
    None,
    /// The n-th sync (from 1) fails with EIO, once.
    FailSync(u64),
    /// Folder syncs count for nothing: the control for tests of created files.
    IgnoreFolderSyncs,
}

/// How many of the folder's unsynced changes a strike undoes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderChanges {
    /// All of them.
    Undo,
    /// A random number, the latest first, as a file system's own journal would.
    UndoSome,
}

/// What a strike did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Struck {
    /// Bytes cut from the ends of files.
    pub cut: u64,
    /// Sectors that were garbled.
    pub garbled: u64,
    /// Creations, renames and unlinks that were undone.
    pub undone: u64,
}

impl Shim {
    /// Compiles the shim into the folder `into`, with `$CC` or `cc`.
    ///
    /// # Errors
    /// A file operation, or the C compiler, failed.
    pub fn compile(into: &Path) -> io::Result<Self> {
        let source = into.join("shim.c");
        let shim = into.canonicalize()?.join("shim.so");
        fs::write(&source, SHIM)?;
        let cc = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Wno-nonnull-compare", "-o"];
        let output = Command::new(cc).args(flags).arg(&shim).arg(&source).arg("-ldl").output()?;
        if output.status.success() {
            Ok(Self(shim))
        } else {
            Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()))
        }
    }
}

impl PowerCut {
    /// Watches `root`; `work` (another folder on the same file system) takes the notes.
    ///
    /// # Errors
    /// A file operation failed.
    pub fn new(shim: &Shim, root: &Path, work: &Path) -> io::Result<Self> {
        fs::create_dir_all(root)?;
        fs::create_dir_all(work)?;
        let cut = Self { shim: shim.0.clone(), root: root.canonicalize()?, work: work.canonicalize()? };
        cut.forget()?;
        Ok(cut)
    }

    /// Starts over: everything that is on disk now counts as durable.
    ///
    /// # Errors
    /// A file operation failed.
    pub fn forget(&self) -> io::Result<()> {
        let shadow = self.shadow();
        if shadow.exists() {
            fs::remove_dir_all(&shadow)?;
        }
        fs::create_dir_all(&shadow)?;
        fs::write(self.notes(), "")
    }

    /// Puts `command` under the shim.
    pub fn watch(&self, command: &mut Command, fault: Fault) {
        command
            .env("LD_PRELOAD", &self.shim)
            .env("POWERCUT_ROOT", &self.root)
            .env("POWERCUT_LOG", self.notes())
            .env("POWERCUT_SHADOW", self.shadow());
        match fault {
            Fault::None => {}
            Fault::FailSync(n) => drop(command.env("POWERCUT_FAIL_SYNC", n.to_string())),
            Fault::IgnoreFolderSyncs => drop(command.env("POWERCUT_IGNORE_FOLDER_SYNC", "1")),
        }
    }

    /// Cuts the power: call it when the process is dead. Afterwards everything counts as durable again.
    ///
    /// # Errors
    /// A file operation failed, or the notes can't be read.
    pub fn strike(&self, chance: &mut Chance, changes: FolderChanges) -> io::Result<Struck> {
        let ledger = Ledger::replay(&fs::read_to_string(self.notes())?).map_err(io::Error::other)?;
        let mut struck = Struck::default();
        self.undo_folder_changes(&ledger.folder_changes(), chance, changes, &mut struck)?;
        for (inode, path) in self.files()? {
            if let Some(file) = ledger.file(inode) {
                spoil(&path, file, chance, &mut struck)?;
            }
        }
        self.forget()?;
        Ok(struck)
    }

    fn undo_folder_changes(
        &self,
        changes: &[&FolderChange],
        chance: &mut Chance,
        how: FolderChanges,
        struck: &mut Struck,
    ) -> io::Result<()> {
        let kept = match how {
            FolderChanges::Undo => 0,
            FolderChanges::UndoSome => chance.between(0, changes.len() as u64),
        };
        for change in changes.iter().skip(usize::try_from(kept).unwrap_or(0)).rev() {
            struck.undone += u64::from(self.undo(change)?);
        }
        Ok(())
    }

    /// Undoes one change, if it had happened: the process may have died on the way to it.
    fn undo(&self, change: &FolderChange) -> io::Result<bool> {
        let is_at = |name: &str, inode| {
            fs::symlink_metadata(self.root.join(name)).is_ok_and(|found| found.ino() == inode)
        };
        match change {
            FolderChange::Created { inode, name } if is_at(name, *inode) => {
                fs::remove_file(self.root.join(name))?
            }
            FolderChange::Unlinked { inode, name } if !is_at(name, *inode) => {
                self.bring_back(*inode, name)?
            }
            FolderChange::Renamed { inode, replaced, old, new } if is_at(new, *inode) => {
                fs::rename(self.root.join(new), self.root.join(old))?;
                if *replaced != 0 {
                    self.bring_back(*replaced, new)?;
                }
            }
            FolderChange::Created { .. } | FolderChange::Unlinked { .. } | FolderChange::Renamed { .. } => {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn bring_back(&self, inode: u64, name: &str) -> io::Result<()> {
        fs::hard_link(self.shadow().join(inode.to_string()), self.root.join(name))
    }

    fn files(&self) -> io::Result<HashMap<u64, PathBuf>> {
        let mut files = HashMap::new();
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            files.insert(entry.metadata()?.ino(), entry.path());
        }
        Ok(files)
    }

    fn notes(&self) -> PathBuf {
        self.work.join("notes")
    }

    fn shadow(&self) -> PathBuf {
        self.work.join("shadow")
    }
}

fn spoil(path: &Path, notes: &ledger::File, chance: &mut Chance, struck: &mut Struck) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let length = file.metadata()?.len();
    let end = chance.between(notes.durable_length.min(length), length);
    struck.cut += length - end;
    file.set_len(end)?;
    for extent in notes.unsynced() {
        let mut at = extent.start;
        while at < extent.end.min(end) {
            let next = ((at / SECTOR + 1) * SECTOR).min(extent.end).min(end);
            if chance.percent(40) {
                let mut bytes = vec![0; usize::try_from(next - at).unwrap_or(0)];
                if chance.percent(50) {
                    chance.fill(&mut bytes);
                }
                file.write_all_at(&bytes, at)?;
                struck.garbled += 1;
            }
            at = next;
        }
    }
    Ok(())
}
