//! A data folder, open for nobody else: its journal to write to, its keys, and an index over it that is up to date.

use super::folder::{Folder, KEYS};
use super::retiring::Ground;
use crate::batch::Batch;
use crate::history::{Run, put, runs};
use crate::identity::{Identity, IdentityError};
use crate::record::{Codec, RecordError};
use std::sync::Arc;
use std::time::Duration;
use trunkline_journal::keys::{KeyError, KeyRing};
use trunkline_journal::{AppendError, Class, Journal, Lsn, OpenError, Options, ReadError, Reader, Recovered};
use trunkline_store::{JournalIdent, Position, Projection, Store, StoreError, Target};

/// A batch is at most so many records and bytes.
const BATCH_RECORDS: usize = 4_000;
const BATCH_BYTES: usize = 4 << 20;

/// The folder.
pub struct Held {
    pub(crate) journal: Journal,
    pub(crate) recovered: Recovered,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) codec: Codec,
    pub(crate) ident: JournalIdent,
}

/// Why a folder can't be held, or not be written to.
#[derive(Debug, thiserror::Error)]
pub enum HeldError {
    /// The folder's name.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// The journal can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The journal takes no record.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// A record can't be made.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The key file.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The database, or the index.
    #[error("the database: {0}")]
    Store(#[from] StoreError),
    /// A task died.
    #[error("reading the journal was cut short")]
    CutShort,
    /// The index can't be used, and not be removed either.
    #[error("the index can't be removed: {0}")]
    Discard(std::io::Error),
}

impl Held {
    /// Opens a folder, or makes it. No server may run on it, and none can start until this is closed.
    ///
    /// # Errors
    /// Another process has it; or something in it can't be read.
    pub fn open(folder: &Folder, options: Options) -> Result<Self, HeldError> {
        let identity = Identity::open(&folder.data)?;
        let (journal, recovered) = Journal::open(&folder.journal(), options)?;
        let keys = Arc::new(KeyRing::open(&folder.data.join(KEYS))?);
        let codec = Codec::new(keys.clone(), identity.salt);
        Ok(Self { codec, ident: identity.journal(&folder.node), journal, recovered, keys })
    }

    /// Opens the index over this journal and brings it up to date; one that can't be used is made anew. Told now and then
    /// how many records were read.
    ///
    /// # Errors
    /// It can't be opened or written, or the journal not be read.
    pub async fn index(&self, target: &Target, tick: super::Tick<'_>) -> Result<Store, HeldError> {
        let store = match self.own(target).await {
            Err(error) if target.is_index() && error.is_unusable() => {
                target.discard_index().map_err(HeldError::Discard)?;
                self.own(target).await?
            }
            opened => opened?,
        };
        let caught_up = async {
            self.catch_up(&store, tick).await?;
            self.brings_back(&store).await
        };
        match caught_up.await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    async fn own(&self, target: &Target) -> Result<Store, StoreError> {
        let store = Store::open(target).await?;
        match store.cursor(&self.ident).await {
            Ok(_) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    async fn catch_up(&self, store: &Store, tick: super::Tick<'_>) -> Result<(), HeldError> {
        let eaten = store.cursor(&self.ident).await?.position;
        let mut reader = self.reader_after(Lsn::new(eaten.0))?;
        let mut done = 0;
        loop {
            let records = reader.next_batch(BATCH_RECORDS, BATCH_BYTES)?;
            if records.is_empty() {
                return Ok(());
            }
            for run in runs(&records) {
                match run {
                    Run::History(records) => put(&self.codec, &self.ident, store, records).await?,
                    Run::News(records) => {
                        let Some(last) = records.last() else { continue };
                        let mut batch = Batch::of(&self.codec, records);
                        let ids: Vec<_> = batch.ids().into_iter().collect();
                        batch.fold(store, &ids).await?;
                        store.project(&batch.projection(&self.ident, last.lsn)?).await?;
                    }
                }
            }
            done += u64::try_from(records.len()).unwrap_or(0);
            tick(done);
        }
    }

    /// The journal from there on, or from the oldest record that is kept.
    pub(crate) fn reader_after(&self, after: Lsn) -> Result<Reader, ReadError> {
        reader_after(&self.journal, after)
    }

    /// Its journal as what history is read from and cut off of.
    pub(super) fn ground(&self) -> Ground<'_> {
        Ground { journal: &self.journal, codec: &self.codec }
    }

    /// Writes records, and gives the number of the last one when all are durable; `None` if there are none.
    pub(crate) async fn append(&self, kind: u8, payloads: Vec<Vec<u8>>) -> Result<Option<Lsn>, HeldError> {
        let pending: Result<Vec<_>, AppendError> =
            payloads.into_iter().map(|payload| self.journal.append(kind, payload, Class::Event)).collect();
        let mut last = None;
        for pending in pending? {
            last = Some(pending.await?);
        }
        Ok(last)
    }

    /// The index knows what the journal says up to here.
    pub(crate) async fn has_eaten(&self, store: &Store, upto: Lsn) -> Result<(), HeldError> {
        store.project(&Projection::empty(self.ident.clone(), Position(upto.get()))).await?;
        // So that a long import is no backlog. Nothing is so old that it goes.
        let told = self.journal.retire(upto, crate::clock::system_now(), Duration::MAX);
        Ok(told.map(drop).map_err(OpenError::from)?)
    }

    /// Lets go of the folder.
    pub fn close(self) {
        self.journal.close();
    }
}

/// The journal from there on, or from the oldest record that is kept.
pub(super) fn reader_after(journal: &Journal, after: Lsn) -> Result<Reader, ReadError> {
    match journal.reader(after) {
        Err(ReadError::Gone { oldest, .. }) => journal.reader(oldest.before()),
        read => read,
    }
}
