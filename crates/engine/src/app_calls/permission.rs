//! Who may call whom: by the tenant's rule and the rosters, on which the core rules ([`trunkline_core::roster::rule`]), and as the
//! operator's own software says, which knows who are friends. It is asked before anything rings; where it does not answer, nobody is
//! called. That somebody is blocked changes nothing of what it is asked and of what the caller is told.

use super::{AppCallError, AppOrder, AppUser};
use crate::engine::Inner;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use trunkline_carriers::outgoing::{Message, NoClient, Poster, Reach, Secret};
use trunkline_core::call::CallType;
use trunkline_core::id::{AppUserId, ConversationId, TenantId};
use trunkline_core::roster::{self, RosterOf, Ruling, Wish};

/// So much of an answer is read.
const MAX_ANSWER: usize = 4 << 10;

/// Who says who may call whom.
#[derive(Clone, Debug, Default)]
pub enum MayCall {
    /// Nobody else is asked.
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

/// Whether a call that may be made reaches anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reaches {
    /// Whoever is called.
    Them,
    /// Nobody: they block the caller, who is not to learn it.
    Nobody,
}

impl Inner {
    /// Whether a user may call another. Where the operator's own software is asked, that takes a while: whether the call reaches them is
    /// asked after it ([`Inner::reaches`]).
    pub(super) async fn permits(&self, user: &AppUser, order: &AppOrder) -> Result<(), AppCallError> {
        self.reaches(user, order)?;
        self.hook_permits(user, order).await
    }

    /// Whether a call that is made now reaches them; `NotAllowed` if it may not be made.
    pub(super) fn reaches(&self, user: &AppUser, order: &AppOrder) -> Result<Reaches, AppCallError> {
        match self.ruling(&user.tenant, &user.id, &order.receiver, order.conversation.as_ref()) {
            Ruling::Rings => Ok(Reaches::Them),
            Ruling::ReachesNobody => Ok(Reaches::Nobody),
            Ruling::Refused => Err(AppCallError::NotAllowed),
        }
    }

    /// What the rule and the rosters say of a call, as they are now.
    fn ruling(
        &self,
        tenant: &TenantId,
        caller: &AppUserId,
        receiver: &AppUserId,
        conversation: Option<&ConversationId>,
    ) -> Ruling {
        let members = conversation.and_then(|id| self.roster(tenant, &RosterOf::Conversation(id.clone())));
        let blocked = self.roster(tenant, &RosterOf::Blocker(receiver.clone()));
        roster::rule(&Wish {
            who: self.config.app_calls.of(tenant).who,
            caller,
            receiver,
            conversation,
            members: members.as_ref().map(|roster| &roster.users),
            blocked: blocked.as_ref().map(|roster| &roster.users),
        })
    }

    async fn hook_permits(&self, user: &AppUser, order: &AppOrder) -> Result<(), AppCallError> {
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
