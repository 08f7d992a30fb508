//! What users of an app ask for, and why it can't be.

use super::permission::MayCall;
use crate::intake::IntakeError;
use crate::reader::Unavailable;
use std::collections::BTreeMap;
use thiserror::Error;
use trunkline_core::call::{CallType, Idempotency, Status};
use trunkline_core::id::{AppUserId, ConversationId, DeviceId, TenantId};
use trunkline_core::private::Private;
use trunkline_core::roster::WhoMayCall;

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

/// What becomes of a call that a device of the receiver rejects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenRejected {
    /// It is over, for all of them.
    #[default]
    End,
    /// That device stops ringing, and the others go on.
    Silence,
}

/// What holds for the users of one tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppPolicy {
    /// How long a call rings, in seconds, unless its caller says otherwise.
    pub ring_secs: u32,
    /// What becomes of a call to somebody who is in another one.
    pub when_busy: WhenBusy,
    /// What becomes of one that a device rejects.
    pub when_rejected: WhenRejected,
    /// Whom they may call.
    pub who: WhoMayCall,
}

impl Default for AppPolicy {
    fn default() -> Self {
        Self {
            ring_secs: 30,
            when_busy: WhenBusy::Refuse,
            when_rejected: WhenRejected::End,
            who: WhoMayCall::Anyone,
        }
    }
}

/// How users of apps call each other.
#[derive(Clone, Debug)]
pub struct AppCalls {
    /// What holds for users of a tenant of which nothing else is said.
    pub policy: AppPolicy,
    /// What holds for those of others, whole.
    pub each: BTreeMap<TenantId, AppPolicy>,
    /// How long a call may last, in seconds.
    pub longest_secs: u32,
    /// The operator's own software that says who may call whom, if there is one.
    pub may_call: MayCall,
}

impl AppCalls {
    /// What holds for the users of a tenant.
    pub fn of(&self, tenant: &TenantId) -> &AppPolicy {
        self.each.get(tenant).unwrap_or(&self.policy)
    }
}

impl Default for AppCalls {
    fn default() -> Self {
        Self {
            policy: AppPolicy::default(),
            each: BTreeMap::new(),
            longest_secs: 4 * 3_600,
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
    /// This user may not call that one: the tenant's rule, or the operator's own software says so.
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

impl AppCallError {
    /// Its word in counts.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid",
            Self::NotAllowed => "may_not_call",
            Self::TooManyCalls(_) => "too_many_calls",
            Self::Closed(_) => "closed",
            Self::KeyReused | Self::KeyInFlight => "idempotency_key",
            Self::History(_) => "history_unavailable",
            Self::Journal(_) => "journal",
            Self::NotFound
            | Self::NotReceiver
            | Self::AnsweredElsewhere
            | Self::NotNow(_)
            | Self::Over(_) => "not_now",
        }
    }
}
