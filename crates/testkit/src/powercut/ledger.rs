//! Replays the shim's notes into what is durable and what is not.

use std::collections::HashMap;

/// What the shim calls the folder itself.
const FOLDER: u64 = 0;

/// Everything the notes tell.
#[derive(Debug, Default)]
pub struct Ledger {
    files: HashMap<u64, File>,
    changes: Vec<(u64, FolderChange)>,
    /// Syncs that have begun: when, and the file's length then.
    begun: HashMap<(u64, u64), (u64, u64)>,
}

/// One file, by inode.
#[derive(Debug, Default)]
pub struct File {
    /// Its length at the last successful sync, or before the first write.
    pub durable_length: u64,
    length: u64,
    extents: Vec<Extent>,
}

/// Bytes that were written and not synced since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    pub start: u64,
    pub end: u64,
    line: u64,
    /// A sync of it failed: no later sync writes it, unless it is written again.
    lost: bool,
}

/// A change of the folder itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderChange {
    Created { inode: u64, name: String },
    Renamed { inode: u64, replaced: u64, old: String, new: String },
    Unlinked { inode: u64, name: String },
}

impl Ledger {
    /// # Errors
    /// A line that the shim does not write.
    pub fn replay(notes: &str) -> Result<Self, String> {
        let mut ledger = Self::default();
        for (line, text) in notes.lines().enumerate() {
            ledger
                .note(line as u64 + 1, text)
                .ok_or_else(|| format!("the shim's note {text:?} makes no sense"))?;
        }
        Ok(ledger)
    }

    pub fn file(&self, inode: u64) -> Option<&File> {
        self.files.get(&inode)
    }

    /// What the folder's last sync did not see, in order.
    pub fn folder_changes(&self) -> Vec<&FolderChange> {
        self.changes.iter().map(|(_, change)| change).collect()
    }

    fn note(&mut self, line: u64, text: &str) -> Option<()> {
        let words: Vec<_> = text.split(' ').collect();
        let number = |place: usize| words.get(place)?.parse::<u64>().ok();
        let name = |place: usize| words.get(place).map(|&name| name.to_owned());
        let inode = number(1)?;
        match *words.first()? {
            "W" => self.written(inode, line, number(2)?, number(3)?, number(4)?),
            "T" => self.truncated(inode, number(2)?),
            "B" => {
                let length = self.files.get(&inode).map_or(0, |file| file.length);
                self.begun.insert((inode, number(2)?), (line, length));
            }
            "S" => {
                let (since, length) = self.begun.remove(&(inode, number(2)?))?;
                self.synced(inode, since, length);
            }
            "E" => {
                let (since, _) = self.begun.remove(&(inode, number(2)?))?;
                self.sync_failed(inode, since);
            }
            "C" => {
                // The inode may be an old number used again.
                self.files.insert(inode, File::default());
                self.changes.push((line, FolderChange::Created { inode, name: name(2)? }));
            }
            "R" => {
                let change =
                    FolderChange::Renamed { inode, replaced: number(2)?, old: name(3)?, new: name(4)? };
                self.changes.push((line, change));
            }
            "U" => self.changes.push((line, FolderChange::Unlinked { inode, name: name(2)? })),
            _ => return None,
        }
        Some(())
    }

    fn written(&mut self, inode: u64, line: u64, start: u64, count: u64, length: u64) {
        let file = self.files.entry(inode).or_insert_with(|| File {
            durable_length: length,
            length,
            extents: Vec::new(),
        });
        let end = start + count;
        file.length = file.length.max(end);
        // What is overwritten is no longer what it was; what sticks out on either side is.
        let around = |old: &Extent| {
            [Extent { end: old.end.min(start), ..*old }, Extent { start: old.start.max(end), ..*old }]
        };
        file.extents =
            file.extents.iter().flat_map(around).filter(|extent| extent.start < extent.end).collect();
        file.extents.push(Extent { start, end, line, lost: false });
    }

    fn truncated(&mut self, inode: u64, length: u64) {
        let Some(file) = self.files.get_mut(&inode) else { return };
        file.length = length;
        file.durable_length = file.durable_length.min(length);
        file.extents.retain_mut(|extent| {
            extent.end = extent.end.min(length);
            extent.start < extent.end
        });
    }

    fn synced(&mut self, inode: u64, since: u64, length: u64) {
        if inode == FOLDER {
            self.changes.retain(|(line, _)| *line > since);
        } else if let Some(file) = self.files.get_mut(&inode) {
            file.extents.retain(|extent| extent.lost || extent.line > since);
            file.durable_length = length.min(file.length);
        }
    }

    fn sync_failed(&mut self, inode: u64, since: u64) {
        let Some(file) = self.files.get_mut(&inode) else { return };
        for extent in file.extents.iter_mut().filter(|extent| extent.line < since) {
            extent.lost = true;
        }
    }
}

impl File {
    pub fn unsynced(&self) -> &[Extent] {
        &self.extents
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extents(notes: &str) -> Vec<(u64, u64)> {
        let ledger = Ledger::replay(notes).unwrap();
        ledger.file(7).unwrap().unsynced().iter().map(|extent| (extent.start, extent.end)).collect()
    }

    #[test]
    fn a_sync_makes_durable_what_was_written_before_it_began() {
        assert_eq!(extents("W 7 0 10 0\nB 7 1\nW 7 10 5 10\nS 7 1\n"), [(10, 15)]);
    }

    #[test]
    fn a_sync_that_did_not_return_makes_nothing_durable() {
        assert_eq!(extents("W 7 0 10 0\nB 7 1\n"), [(0, 10)]);
    }

    #[test]
    fn what_a_failed_sync_lost_is_not_saved_by_the_next_but_by_writing_it_again() {
        assert_eq!(extents("W 7 0 10 0\nB 7 1\nE 7 1\nB 7 2\nS 7 2\n"), [(0, 10)]);
        assert_eq!(extents("W 7 0 10 0\nB 7 1\nE 7 1\nW 7 0 10 10\nB 7 2\nS 7 2\n"), []);
    }

    #[test]
    fn what_is_cut_or_overwritten_is_no_longer_lost() {
        assert_eq!(extents("W 7 0 10 0\nB 7 1\nE 7 1\nT 7 6\n"), [(0, 6)]);
        assert_eq!(extents("W 7 0 10 0\nB 7 1\nE 7 1\nW 7 2 3 10\nB 7 2\nS 7 2\n"), [(0, 2), (5, 10)]);
    }

    #[test]
    fn a_length_is_durable_when_it_is_synced() {
        let ledger = Ledger::replay("W 7 100 10 100\nB 7 1\nS 7 1\nW 7 110 9 110\n").unwrap();
        assert_eq!(ledger.file(7).unwrap().durable_length, 110);
    }

    #[test]
    fn a_folder_sync_settles_the_changes_before_it() {
        let ledger = Ledger::replay("C 8 a\nB 0 1\nC 9 b\nS 0 1\nR 9 0 b c\nU 8 a\n").unwrap();
        let changes: Vec<_> = ledger.folder_changes().into_iter().cloned().collect();
        let expected = [
            FolderChange::Created { inode: 9, name: "b".into() },
            FolderChange::Renamed { inode: 9, replaced: 0, old: "b".into(), new: "c".into() },
            FolderChange::Unlinked { inode: 8, name: "a".into() },
        ];
        assert_eq!(changes, expected);
    }
}
