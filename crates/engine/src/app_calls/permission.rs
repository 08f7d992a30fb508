//! Who may call whom: anyone, or as the operator's own software says, which knows who are friends, who blocks whom and who is in a
//! conversation. It is asked before anything rings; where it does not answer, nobody is called.

use super::{AppCallError, AppOrder, AppUser};
use crate::engine::Inner;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use trunkline_carriers::outgoing::{Message, NoClient, Poster, Reach, Secret};
use trunkline_core::call::CallType;
use trunkline_core::id::ConversationId;

/// So much of an answer is read.
const MAX_ANSWER: usize = 4 << 10;

/// Who says who may call whom.
#[derive(Clone, Debug, Default)]
pub enum MayCall {
    /// Everybody may call everybody of their tenant.
    #[default]
    Anyone,
    /// The operator's own software.
    Hook(Box<PermissionHook>),
}

/// The operator's own software, behind HTTP.
#[derive(Clone, Debug)]
pub struct PermissionHook {
    /// Where it is asked.
    pub url: String,
    /// To where anything is sent.
    pub reach: Reach,
    /// Signs what is sent.
    pub secret: Arc<Secret>,
    /// How long one request may take, in real time.
    pub timeout: Duration,
}

/// Whoever is asked.
pub(super) struct Permission(Option<(PermissionHook, Poster)>);

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permission").field(&self.0.as_ref().map(|(hook, _)| hook)).finish()
    }
}

/// What it is sent.
#[derive(Serialize)]
struct Question<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    tenant: &'a str,
    caller_id: &'a str,
    receiver_id: &'a str,
    call_type: CallType,
    conversation_id: Option<&'a str>,
}

/// What it answers. More may stand beside it.
#[derive(Deserialize)]
struct Reply {
    allow: bool,
}

impl Permission {
    pub fn of(rule: &MayCall) -> Result<Self, NoClient> {
        Ok(Self(match rule {
            MayCall::Anyone => None,
            MayCall::Hook(hook) => {
                Some((PermissionHook::clone(hook), Poster::new(hook.reach.clone(), hook.timeout)?))
            }
        }))
    }
}

impl Inner {
    /// Asks whether a user may call another.
    pub(super) async fn permits(&self, user: &AppUser, order: &AppOrder) -> Result<(), AppCallError> {
        let Some((hook, poster)) = &self.app.permission.0 else { return Ok(()) };
        let undecided = |why: String| {
            tracing::warn!(
                why,
                "app_call.not_decided: what says who may call whom did not; nobody was called"
            );
            let told = "what decides who may call whom does not answer";
            AppCallError::Closed(told.to_owned())
        };
        let id = format!("mc_{}_{}", self.clock.now().as_millisecond(), self.app.next_serial());
        let question = Question {
            kind: "call.wanted",
            id: &id,
            tenant: user.tenant.as_str(),
            caller_id: user.id.as_str(),
            receiver_id: order.receiver.as_str(),
            call_type: order.call_type,
            conversation_id: order.conversation.as_ref().map(ConversationId::as_str),
        };
        let body = serde_json::to_string(&question).map_err(|error| undecided(error.to_string()))?;
        // Receivers compare it with the real time, whatever pace calls run at.
        let message = Message { id: &id, at: crate::clock::wall_now(), body: &body };
        let answered = poster.ask(&hook.url, message, std::slice::from_ref(&*hook.secret), MAX_ANSWER).await;
        match answered {
            Ok((200, said)) => match serde_json::from_slice::<Reply>(&said) {
                Ok(Reply { allow: true }) => Ok(()),
                Ok(Reply { allow: false }) => Err(AppCallError::NotAllowed),
                Err(_) => Err(undecided("it answered something else than {\"allow\": …}".to_owned())),
            },
            Ok((status, _)) => Err(undecided(format!("it answered {status}"))),
            Err(trouble) => Err(undecided(trouble.to_string())),
        }
    }
}
