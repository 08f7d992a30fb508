//! Whom to trust, changed where the journal is the store and no server runs: what the index decides is journaled, or the
//! next index would know nothing of it.

use super::folder::Folder;
use super::held::{Held, HeldError};
use crate::checkpoint::Checkpoint;
use crate::record::{DecisionRecord, RecordError, kind};
use crate::step::{Acquaintance, step};
use crate::trust::Trust;
use trunkline_core::roster::Roster;
use trunkline_core::tenancy::Decision;
use trunkline_journal::{Lsn, Options};
use trunkline_store::{Store, Target};

/// The journal's mirror of decision data, beside an index.
pub struct Mirror {
    held: Held,
    trust: Trust,
}

impl Mirror {
    /// Opens folder and index, and brings what both say together. No server may run on the folder.
    ///
    /// # Errors
    /// Another process has it; or something in it can't be read or written.
    pub async fn open(
        folder: &Folder,
        options: Options,
        target: &Target,
    ) -> Result<(Self, Store), HeldError> {
        let held = Held::open(folder, options)?;
        let store = held.index(target, &mut |_| {}).await?;
        let trust = held.trust()?;
        let mirror = Self { held, trust };
        mirror.keep(&store).await?;
        Ok((mirror, store))
    }

    /// Takes in what the index has decided: when this returns the journal has it.
    ///
    /// # Errors
    /// The index can't be read, or the journal not be written.
    pub async fn keep(&self, store: &Store) -> Result<(), HeldError> {
        let stand = store.decisions_stand().await?;
        let met = match self.trust.store() {
            Some(known) if known == stand.store => Acquaintance::Known,
            _ => Acquaintance::New,
        };
        let step = step(&self.trust.rows(), &store.decisions().await?, met);
        if !step.restore.is_empty() {
            store.restore_decisions(&step.restore).await?;
        }
        let mut records: Vec<DecisionRecord> = Vec::new();
        for id in step.forget {
            self.trust.forget(&id);
            records.push(DecisionRecord::Gone { id });
        }
        if met == Acquaintance::New {
            self.trust.is_in_step_with(stand.store.clone());
            records.push(DecisionRecord::InStep { store: stand.store });
        }
        for row in step.learn {
            records.push(DecisionRecord::sealed(&self.held.codec, &row)?);
            self.trust.learn(row);
        }
        let payloads = records.iter().map(serde_json::to_vec).collect::<Result<Vec<_>, _>>();
        let written = self.held.append(kind::DECISION, payloads.map_err(RecordError::from)?).await?;
        if let Some(last) = written {
            self.held.has_eaten(store, last).await?;
        }
        Ok(())
    }

    /// Every row.
    #[must_use]
    pub fn rows(&self) -> Vec<Decision> {
        self.trust.rows()
    }

    /// Lets go of the folder.
    pub fn close(self) {
        self.held.close();
    }
}

impl Held {
    /// Gives an index that was made anew whom to trust, and whose numbers are: events do not tell it.
    pub(super) async fn brings_back(&self, store: &Store) -> Result<(), HeldError> {
        let (stand, trust) = (store.decisions_stand().await?, self.trust()?);
        if trust.store().as_deref() != Some(stand.store.as_str()) && !trust.rows().is_empty() {
            store.restore_decisions(&trust.rows()).await?;
        }
        let rosters: Vec<Roster> = trust.rosters().iter().map(|kept| Roster::clone(&kept.roster)).collect();
        if !rosters.is_empty() {
            store.put_rosters(&rosters).await?;
        }
        Ok(())
    }

    /// Whom to trust, by the journal.
    fn trust(&self) -> Result<Trust, HeldError> {
        let trust = Trust::default();
        let mut covers = Lsn::ZERO;
        if let Some(kept) = &self.recovered.checkpoint {
            covers = kept.covers;
            let checkpoint: Checkpoint = serde_json::from_slice(&kept.payload).map_err(RecordError::from)?;
            for decision in checkpoint.decisions {
                trust.fold(&self.codec, decision)?;
            }
        }
        let mut reader = self.reader_after(covers)?;
        loop {
            let records = reader.next_batch(10_000, 16 << 20)?;
            if records.is_empty() {
                return Ok(trust);
            }
            for record in records.iter().filter(|record| record.kind == kind::DECISION) {
                let decision = serde_json::from_slice(&record.payload).map_err(RecordError::from)?;
                trust.fold(&self.codec, decision)?;
            }
        }
    }
}
