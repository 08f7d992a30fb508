//! What users of an app ask for, and why it can't be.

use super::permission::MayCall;
use crate::intake::IntakeError;
use crate::reader::Unavailable;
use thiserror::Error;
use trunkline_core::call::{CallType, Idempotency, Status};
use trunkline_core::id::{AppUserId, ConversationId, DeviceId, TenantId};
use trunkline_core::private::Private;

/// A user of a tenant's app, as their token names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppUser {
    /// Whose user it is.
    pub tenant: TenantId,
    /// The token's `sub`.
    pub id: AppUserId,
    /// What they are called.
    pub name: Option<Private<String>>,
}

/// One user wants to call another.
#[derive(Clone, Debug)]
pub struct AppOrder {
    /// Whom.
    pub receiver: AppUserId,
    /// What they want to exchange.
    pub call_type: CallType,
    /// The conversation it belongs to.
    pub conversation: Option<ConversationId>,
    /// With which device.
    pub device: Option<DeviceId>,
    /// How long it may ring, 5 to 180 seconds; as set if absent.
    pub ring_timeout_secs: Option<u32>,
    /// The client's Idempotency-Key with the hash of its request's body.
    pub idempotency: Option<Idempotency>,
}

/// What becomes of a call to somebody who is in another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenBusy {
    /// It ends as busy.
    #[default]
    Refuse,
    /// It rings all the same.
    Ring,
}

/// How users of apps call each other.
#[derive(Clone, Debug)]
pub struct AppCalls {
    /// How long a call rings, in seconds, unless its caller says otherwise.
    pub ring_secs: u32,
    /// How long it may last, in seconds.
    pub longest_secs: u32,
    /// What becomes of a call to somebody who is in another one.
    pub when_busy: WhenBusy,
    /// Who may call whom.
    pub may_call: MayCall,
}

impl Default for AppCalls {
    fn default() -> Self {
        Self {
            ring_secs: 30,
            longest_secs: 4 * 3_600,
            when_busy: WhenBusy::Refuse,
            may_call: MayCall::Anyone,
        }
    }
}

/// Why a user's wish was not done.
#[derive(Debug, Error)]
pub enum AppCallError {
    /// A field is wrong.
    #[error("{field}: {why}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, in words for the reader.
        why: String,
    },
    /// There is no such call of theirs.
    #[error("no such call")]
    NotFound,
    /// Only who was called may say so.
    #[error("only the receiver of a call may accept or reject it")]
    NotReceiver,
    /// The operator's own software says that this user may not call that one.
    #[error("this user may not be called")]
    NotAllowed,
    /// Another device was first.
    #[error("another device has taken the call")]
    AnsweredElsewhere,
    /// It has been taken, and can't be rejected any more.
    #[error("the call is {} already", .0.as_str())]
    NotNow(Status),
    /// It is over.
    #[error("the call is already over ({})", .0.as_str())]
    Over(Status),
    /// The same Idempotency-Key came with another body.
    #[error("the idempotency key was used before with another request")]
    KeyReused,
    /// The same Idempotency-Key is being worked on.
    #[error("a request with this idempotency key is still being worked on")]
    KeyInFlight,
    /// The user is the caller of as many live calls as anybody may be.
    #[error("this user is calling in {0} calls already, which is the limit")]
    TooManyCalls(usize),
    /// The server takes no new calls now.
    #[error("no new calls are taken now: {0}")]
    Closed(String),
    /// It may be in a history that can't be read now; or another server carries it.
    #[error(transparent)]
    History(#[from] Unavailable),
    /// The journal did not take it.
    #[error(transparent)]
    Journal(#[from] IntakeError),
}
