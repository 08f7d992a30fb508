//! What any carrier can be asked, and what it may answer: the border between this room and the engine.
//!
//! One request, one answer: a carrier here keeps nothing, decides nothing and never tries twice. Whether to ask again
//! is the engine's to say, so every error tells whether it may pass.

use crate::callback::LegUrls;
use crate::guarded::LastLook;
use crate::telnyx::control::{Command, Mark, Obeyed};
use bytes::Bytes;
use jiff::Timestamp;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use thiserror::Error;
use trunkline_core::call::{AnsweredBy, News, Price, RecordingFact, Refusal};
use trunkline_core::id::{AccountId, CarrierCallId, RecordingId};
use trunkline_core::private::{Address, Private};

/// An answer that takes its time.
pub type Soon<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One account at one carrier.
pub trait Carrier: fmt::Debug + Send + Sync {
    /// Its name, by which every key of an event is prefixed.
    fn account(&self) -> &AccountId;

    /// Writes the one create request of an attempt: once, on a connection of its own, whatever happens to it, and only
    /// if the last look allows it, which is asked when the connection is open.
    fn place<'a>(&'a self, order: &'a Order, look: LastLook) -> Soon<'a, PostAnswer>;

    /// What the carrier knows of a call; `None` if it knows no such call (a fresh one may lag).
    ///
    /// # Errors
    /// [`AskError`] when it could not be asked.
    fn fetch<'a>(&'a self, id: &'a CarrierCallId) -> Soon<'a, Result<Option<Fetched>, AskError>>;

    /// All calls between these two since the day of `since`, those that still wait at the carrier included.
    ///
    /// # Errors
    /// [`AskError`] also when the listing could not be read to its end: a short one would prove too much.
    fn list<'a>(
        &'a self,
        to: &'a Address,
        from: &'a Address,
        since: Timestamp,
    ) -> Soon<'a, Result<Vec<Listed>, AskError>>;

    /// All legs that this leg dialed: those of a transfer.
    ///
    /// # Errors
    /// [`AskError`] also when the listing could not be read to its end.
    fn children<'a>(&'a self, parent: &'a CarrierCallId) -> Soon<'a, Result<Vec<Listed>, AskError>>;

    /// Asks for a call to be hung up. May be asked again.
    ///
    /// # Errors
    /// [`AskError`] when it could not be asked.
    fn hang_up<'a>(&'a self, id: &'a CarrierCallId) -> Soon<'a, Result<HangUpAnswer, AskError>>;

    /// Asks for a live call to leave what it hears and to go on with the page at this URL. May be asked again.
    ///
    /// # Errors
    /// [`AskError`] when it could not be asked.
    fn redirect<'a>(
        &'a self,
        id: &'a CarrierCallId,
        voice: &'a str,
    ) -> Soon<'a, Result<HangUpAnswer, AskError>>;

    /// The sound of a recording; `None` if there is none (yet).
    ///
    /// # Errors
    /// [`AskError`] when it could not be asked.
    fn fetch_recording<'a>(
        &'a self,
        id: &'a RecordingId,
    ) -> Soon<'a, Result<Option<RecordingBody>, AskError>>;

    /// The account's phone numbers and where their calls go.
    ///
    /// # Errors
    /// [`AskError`] when it could not be asked.
    fn numbers(&self) -> Soon<'_, Result<Vec<CarrierNumber>, AskError>>;

    /// Sets where a number's calls go.
    ///
    /// # Errors
    /// [`AskError`] when it could not be set.
    fn point_number<'a>(&'a self, id: &'a NumberId, urls: &'a NumberUrls) -> Soon<'a, Result<(), AskError>>;

    /// Whether the credentials open the account, and what it may do.
    ///
    /// # Errors
    /// [`AskError`] when it could not be asked, or does not know us.
    fn check(&self) -> Soon<'_, Result<AccountStanding, AskError>>;

    /// How its calls are led by commands of ours; `None` where the carrier fetches pages and performs them itself.
    fn controls(&self) -> Option<&dyn Controls> {
        None
    }
}

/// What can be asked beside of a carrier whose calls are led by commands.
pub trait Controls: fmt::Debug + Send + Sync {
    /// Asks something of a leg. Asked again within a minute it is done once.
    ///
    /// # Errors
    /// [`AskError`] when it could not be asked, or may be done another time.
    fn command<'a>(
        &'a self,
        leg: &'a CarrierCallId,
        command: &'a Command,
        mark: &'a Mark,
    ) -> Soon<'a, Result<Obeyed, AskError>>;

    /// Whether a leg is alive; `None` if the carrier knows none of this name.
    ///
    /// # Errors
    /// [`AskError`] when it could not be asked.
    fn is_alive<'a>(&'a self, leg: &'a CarrierCallId) -> Soon<'a, Result<Option<bool>, AskError>>;

    /// The recordings of a leg that can be fetched, each with when it began, by the carrier's clock.
    ///
    /// # Errors
    /// [`AskError`] when it could not be asked.
    fn recordings<'a>(
        &'a self,
        leg: &'a CarrierCallId,
    ) -> Soon<'a, Result<Vec<(RecordingFact, Timestamp)>, AskError>>;

    /// The keys that a question with this mark brought on a leg, by the events that the carrier keeps: `None` where it keeps no such
    /// event, or nobody pressed any.
    ///
    /// # Errors
    /// [`AskError`] when it could not be asked.
    fn keys<'a>(
        &'a self,
        leg: &'a CarrierCallId,
        mark: &'a Mark,
    ) -> Soon<'a, Result<Option<Private<String>>, AskError>>;

    /// Whether events of this application are ours.
    fn is_ours(&self, connection: &str) -> bool;
}

/// A call to place.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whom to call.
    pub to: Address,
    /// Whom they see.
    pub from: Address,
    /// What the carrier is told.
    pub urls: LegUrls,
    /// How long it may ring, in seconds.
    pub ring_timeout_secs: u32,
    /// How long it may last, in seconds.
    pub time_limit_secs: u32,
    /// Whether the carrier listens for machines.
    pub machine_detection: MachineDetection,
}

/// Whether the carrier listens for answering machines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachineDetection {
    /// It does not.
    #[default]
    Off,
    /// It does, beside the call: the person hears us meanwhile, and the verdict comes as a callback.
    Beside {
        /// What is waited for.
        until: Until,
        /// When it gives up, in seconds.
        timeout_secs: u8,
    },
}

/// What machine detection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// A verdict.
    Verdict,
    /// A verdict and, with a machine, the end of its greeting.
    GreetingEnds,
}

/// What became of a create request.
#[derive(Clone, Debug, PartialEq)]
pub enum PostAnswer {
    /// The carrier has the call.
    Placed(CarrierCallId),
    /// The carrier said that it will not place it.
    Refused(Refusal),
    /// It did not go out, as the carrier can't be reached: the one safe retry.
    NotSent(String),
    /// It did not go out, as the last look forbade it, for this reason.
    Withheld(String),
    /// Nobody knows: ask what the carrier has, and never send again.
    Unclear(String),
}

impl PostAnswer {
    /// The word for it in logs and counters.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Placed(_) => "placed",
            Self::Refused(_) => "refused",
            Self::NotSent(_) => "not_sent",
            Self::Withheld(_) => "withheld",
            Self::Unclear(_) => "unclear",
        }
    }
}

/// What the carrier knows of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// Where it is; `None` if the carrier's word for it is unknown to us.
    pub news: Option<News>,
    /// The carrier's word, as it came.
    pub word: String,
    /// When it ended, by the carrier.
    pub occurred_at: Option<Timestamp>,
    /// Who took it.
    pub answered_by: Option<AnsweredBy>,
    /// What it cost; the carrier may know only minutes after the end.
    pub price: Option<Price>,
}

/// A call in the carrier's listing.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The carrier's id.
    pub id: CarrierCallId,
    /// When the carrier made it.
    pub created_at: Option<Timestamp>,
    /// Where it is. A word unknown to us still means that the carrier has it.
    pub news: News,
    /// The sealed state that it was dialed with, where the carrier gives it back: whose attempt it is needs no guessing then.
    pub token: Option<String>,
}

/// What became of the wish to change a live call: to hang it up, or to send it elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUpAnswer {
    /// The carrier will; its callback confirms.
    Asked,
    /// It was over already.
    AlreadyOver,
    /// The carrier knows no such call.
    Gone,
}

/// The carrier's name of one of its phone numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NumberId(pub String);

/// One of the account's phone numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarrierNumber {
    /// The carrier's name of it.
    pub id: NumberId,
    /// The number.
    pub number: Address,
    /// Where its calls go now.
    pub urls: NumberUrls,
}

/// Where a number's calls go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberUrls {
    /// The first page.
    pub voice: String,
    /// Asked when the first page can't be had.
    pub fallback: String,
    /// Told of progress.
    pub status: String,
}

/// What an account may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountStanding {
    /// Whether it is open.
    pub state: AccountState,
    /// The carrier's words for it, such as `active, Trial`.
    pub words: String,
}

/// Whether an account is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// It is.
    Active,
    /// It is, but calls only numbers that were verified before.
    Trial,
    /// It is suspended or closed.
    Closed,
}

/// Why the carrier could not be asked. No variant holds a phone number, a token or an address with a query.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AskError {
    /// No connection.
    #[error("the carrier can't be reached: {0}")]
    Unreachable(&'static str),
    /// No answer in time.
    #[error("the carrier did not answer in time")]
    TimedOut,
    /// Too many requests.
    #[error("the carrier wants fewer requests")]
    TooMany,
    /// A fault of its own.
    #[error("the carrier has a fault of its own (http {http})")]
    Fault {
        /// The status.
        http: u16,
    },
    /// An answer that can't be read.
    #[error("the carrier's answer can't be read: {0}")]
    Unreadable(&'static str),
    /// An answer larger than we take.
    #[error("the carrier's answer is too large: {0}")]
    TooLarge(&'static str),
    /// It refuses: wrong credentials, a missing permission.
    #[error("the carrier refuses (http {http}, code {}): {message}", code.as_deref().unwrap_or("none"))]
    Refused {
        /// The status.
        http: u16,
        /// The carrier's code.
        code: Option<String>,
        /// The carrier's words, without numbers of people.
        message: String,
    },
}

impl AskError {
    /// Whether it may pass by itself, so that asking again makes sense.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_)
            | Self::TimedOut
            | Self::TooMany
            | Self::Fault { .. }
            | Self::Unreadable(_) => true,
            Self::TooLarge(_) | Self::Refused { .. } => false,
        }
    }
}

/// The sound of a recording, piece by piece, never larger than its limit.
pub struct RecordingBody {
    source: Source,
    left: u64,
}

enum Source {
    Net(Box<reqwest::Response>),
    Memory(Option<Bytes>),
}

impl RecordingBody {
    /// A recording that is at hand already: for carriers that are no network.
    pub fn of(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { left: bytes.len() as u64, source: Source::Memory(Some(bytes)) }
    }

    pub(crate) fn from_net(response: reqwest::Response, max_bytes: u64) -> Self {
        Self { source: Source::Net(Box::new(response)), left: max_bytes }
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`AskError`] when the rest can't be had, or is larger than the limit.
    pub async fn next(&mut self) -> Result<Option<Bytes>, AskError> {
        let piece = match &mut self.source {
            Source::Net(response) => {
                response.chunk().await.map_err(|error| crate::http::ask_error(&error))?
            }
            Source::Memory(bytes) => bytes.take(),
        };
        if let Some(piece) = &piece {
            self.left = self.left.checked_sub(piece.len() as u64).ok_or(AskError::TooLarge("a recording"))?;
        }
        Ok(piece)
    }
}

impl fmt::Debug for RecordingBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordingBody").finish_non_exhaustive()
    }
}
