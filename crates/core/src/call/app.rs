//! Calls between two users of an app: ring, one accept, an end, and what becomes of a side whose socket is lost.
//!
//! No carrier connects such a call, so none is told or asked, and nothing is owed to one. The server alone decides: the first
//! accept that is journaled wins, and whatever comes later is refused with the state that it met. The sound goes from browser
//! to browser; a call whose sockets are gone goes on until its side has been away for too long.
//!
//! User ids stand in the call's party, `from` and `to`, sealed with it. Who may send signals to whom is [`Call::may_signal`].

use super::apply::Applied;
use super::disposition::{Cause, Disposition};
use super::effect::Refused;
use super::event::{Direction, Event, Idempotency, Limits, Party, What};
use super::evidence::{HangUpBy, Reported};
use super::leg::{Certainty, EndSource, Leg};
use super::state::State;
use super::{Call, Deadline, HangUpReason, Timing, Why};
use crate::id::{AccountId, AppUserId, ConversationId, DeviceId, LegNo, TenantId};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the two want to exchange. The server carries neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallType {
    /// Sound.
    Voice,
    /// Sound and pictures.
    Video,
}

impl CallType {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Voice, Self::Video];

    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Video => "video",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }
}

/// One of the two users of an app call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Who called.
    Caller,
    /// Who was called.
    Receiver,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Caller, Self::Receiver];

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Caller => Self::Receiver,
            Self::Receiver => Self::Caller,
        }
    }

    fn hangs_up(self) -> HangUpBy {
        match self {
            Self::Caller => HangUpBy::Caller,
            Self::Receiver => HangUpBy::Callee,
        }
    }
}

/// One user called another. The first event of an app call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AppCall {
    /// Whose users they are.
    pub tenant: TenantId,
    /// The account of app calls: [`AccountId::app`].
    pub account: AccountId,
    /// `from` and `to` are user ids; the name is the caller's.
    pub party: Party,
    /// What they want to exchange.
    pub call_type: CallType,
    /// The conversation it belongs to in their app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// The caller's device, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Whether the receiver can be rung.
    pub receiver: Receiver,
    /// How long it may ring, and last.
    pub limits: Limits,
    /// The client's Idempotency-Key and the hash of its request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
}

/// Whether the receiver of an app call can be rung.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receiver {
    /// Nothing speaks against it.
    #[default]
    Free,
    /// In another call, and the server's rule is not to ring then: the call is over as it begins.
    Busy,
    /// They block the caller: the call reaches none of their devices, and to its caller is one that nobody takes.
    Unreached,
    /// The same, and they are in another call: the caller is told what anybody would be told. Or they call this caller, who blocks
    /// them: to one who is not heard, nobody calls back.
    UnreachedBusy,
}

impl Receiver {
    fn is_free(&self) -> bool {
        *self == Self::Free
    }

    /// Whether they are to hear of the call, now and later.
    pub fn hears_of_it(self) -> bool {
        match self {
            Self::Free | Self::Busy => true,
            Self::Unreached | Self::UnreachedBusy => false,
        }
    }
}

/// News of an app call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppProgress {
    /// What happened.
    pub news: AppNews,
}

/// What happens to an app call once it exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum AppNews {
    /// The receiver takes it. The first one wins.
    Taken {
        /// With which device, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device: Option<DeviceId>,
        /// The Idempotency-Key of the request, if the receiver took it by calling the caller at the same time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked_with: Option<Idempotency>,
    },
    /// The caller asked for it again, with another Idempotency-Key, while it rang.
    AskedAgain {
        /// That key and the hash of the request.
        idempotency: Idempotency,
    },
    /// The receiver says no with this device, and the rule is that the others ring on.
    Silenced {
        /// Which device.
        device: DeviceId,
    },
    /// The receiver says no.
    Declined,
    /// One of the two hangs up.
    HungUp {
        /// Who.
        by: Side,
    },
    /// It rang for as long as it may.
    RangOut,
    /// A device speaks for a side from now on.
    Joined {
        /// Whose it is.
        side: Side,
        /// Which.
        device: DeviceId,
        /// Whether it takes the place of another.
        how: Joining,
    },
    /// The socket of a side's device is gone.
    Lost {
        /// Whose it was.
        side: Side,
        /// Which.
        device: DeviceId,
    },
    /// A side did not come back in time.
    Gone {
        /// Which.
        side: Side,
    },
    /// The server was away, and every socket with it: this side has the time to come back from now on.
    Orphaned {
        /// Which.
        side: Side,
    },
}

impl AppNews {
    /// The word in the call's history.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "taken",
            Self::AskedAgain { .. } => "asked_again",
            Self::Silenced { .. } => "silenced",
            Self::Declined => "declined",
            Self::HungUp { .. } => "hung_up",
            Self::RangOut => "rang_out",
            Self::Joined { .. } => "joined",
            Self::Lost { .. } => "lost",
            Self::Gone { .. } => "gone",
            Self::Orphaned { .. } => "orphaned",
        }
    }

    /// Whether it ends the call.
    pub fn ends(&self) -> bool {
        match self {
            Self::Declined | Self::HungUp { .. } | Self::RangOut | Self::Gone { .. } => true,
            Self::Taken { .. }
            | Self::AskedAgain { .. }
            | Self::Silenced { .. }
            | Self::Joined { .. }
            | Self::Lost { .. }
            | Self::Orphaned { .. } => false,
        }
    }

    /// The Idempotency-Key that stands for the call from then on.
    pub fn idempotency(&self) -> Option<&Idempotency> {
        match self {
            Self::Taken { asked_with, .. } => asked_with.as_ref(),
            Self::AskedAgain { idempotency } => Some(idempotency),
            Self::Silenced { .. }
            | Self::Declined
            | Self::HungUp { .. }
            | Self::RangOut
            | Self::Joined { .. }
            | Self::Lost { .. }
            | Self::Gone { .. }
            | Self::Orphaned { .. } => None,
        }
    }
}

/// How a device comes to speak for a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Joining {
    /// It is the side's first one.
    First,
    /// It has shown that it is the same one, or may stand in for it.
    Again,
}

/// What ended an app call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AppEnd {
    /// The receiver said no.
    Declined,
    /// The caller left before it was taken.
    CallerGaveUp,
    /// It rang out.
    Missed,
    /// The receiver was in another call.
    Busy,
    /// One of the two hung up.
    HungUp,
    /// A side was away for too long.
    ConnectionLost,
    /// It was as long as it may be.
    TimeLimit,
    /// The tenant's software, or an operator, ended it.
    Withdrawn,
}

impl AppEnd {
    /// The word that clients are told.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::CallerGaveUp => "caller_gave_up",
            Self::Missed => "missed",
            Self::Busy => "busy",
            Self::HungUp => "completed",
            Self::ConnectionLost => "connection_lost",
            Self::TimeLimit => "time_limit",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// How a call ended that ended so.
    pub(super) fn disposition(self, answered: bool) -> Disposition {
        match self {
            Self::Declined => Disposition::Declined,
            Self::CallerGaveUp => Disposition::CallerGaveUp,
            Self::Missed => Disposition::Missed,
            Self::Busy => Disposition::Busy,
            Self::HungUp | Self::ConnectionLost => Disposition::Completed,
            Self::TimeLimit => Disposition::TimeLimit,
            Self::Withdrawn if answered => Disposition::Completed,
            Self::Withdrawn => Disposition::Canceled,
        }
    }
}

/// What is known of a call because it is one between users of an app.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// What they want to exchange.
    pub call_type: CallType,
    /// The conversation it belongs to in their app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// Who called.
    #[serde(default)]
    pub caller: Seat,
    /// Who was called.
    #[serde(default)]
    pub receiver: Seat,
    /// How the receiver was found when the call began.
    #[serde(default, skip_serializing_if = "Receiver::is_free")]
    pub found: Receiver,
    /// Devices of the receiver that are not to ring any more.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub silenced: BTreeSet<DeviceId>,
    /// The Idempotency-Keys that stand for it beside its own.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub asked_again: BTreeSet<String>,
}

/// With so many keys more than its own a call can be asked for again.
pub const ASKED_AGAIN_MAX: usize = 4;
/// So many devices of the receiver can be silenced one by one.
pub const SILENCED_MAX: usize = 16;

/// What is known of one side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The device that speaks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// Since when its socket is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<Timestamp>,
}

/// Why a device may not signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoSignal {
    /// The call is over.
    Over,
    /// The receiver has not taken it yet.
    NotTaken,
    /// Another device speaks for this side.
    OtherDevice,
}

/// A device that may signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaySignal {
    /// It speaks for its side.
    Speaks,
    /// Nobody does yet: it is to join first.
    Joins,
}

impl App {
    /// One side.
    pub fn seat(&self, side: Side) -> &Seat {
        match side {
            Side::Caller => &self.caller,
            Side::Receiver => &self.receiver,
        }
    }

    fn seat_mut(&mut self, side: Side) -> &mut Seat {
        match side {
            Side::Caller => &mut self.caller,
            Side::Receiver => &mut self.receiver,
        }
    }
}

impl Call {
    pub(super) fn app_called(event: &Event, asked: &AppCall) -> Self {
        let mut leg = Leg::new(LegNo::FIRST, asked.account.clone(), event.received_at, None);
        match asked.receiver {
            Receiver::Free | Receiver::Unreached => leg.ringing(event.received_at),
            Receiver::Busy | Receiver::UnreachedBusy => leg.close(
                event.received_at,
                Cause::App(AppEnd::Busy),
                EndSource::Observed,
                Reported { hangup_by: Some(HangUpBy::Us), ..Reported::default() },
            ),
        }
        Self {
            id: event.call,
            tenant: asked.tenant.clone(),
            direction: Direction::Outbound,
            account: asked.account.clone(),
            party: asked.party.clone(),
            script: None,
            route: None,
            attestation: None,
            limits: asked.limits,
            session: None,
            idempotency: asked.idempotency.clone(),
            job: None,
            registered: None,
            app: Some(Box::new(App {
                call_type: asked.call_type,
                conversation: asked.conversation.clone(),
                caller: Seat { device: asked.device.clone(), lost_at: None },
                receiver: Seat::default(),
                found: asked.receiver,
                silenced: BTreeSet::new(),
                asked_again: BTreeSet::new(),
            })),
            created_at: event.received_at,
            updated_at: event.received_at,
            legs: vec![leg],
            strays: BTreeMap::new(),
            stray_accounts: BTreeMap::new(),
            bot: None,
            turns: BTreeMap::new(),
            actions: BTreeMap::new(),
            price: None,
        }
    }

    /// Merges a fact of a call between users of an app.
    pub(super) fn merge_app(&mut self, event: &Event) -> Applied {
        match &event.what {
            What::AppCalled(_) => Err(Refused::Same),
            What::App(progress) => self.app_news(&progress.news, event.received_at),
            What::HangUpAsked { reason } => {
                let end = match reason {
                    HangUpReason::TimeLimit => AppEnd::TimeLimit,
                    HangUpReason::Asked | HangUpReason::Capacity => AppEnd::Withdrawn,
                };
                self.app_ends(end, HangUpBy::Us, event.received_at)
            }
            What::MetadataMerged { patch } => self.metadata_merged(patch.reveal()),
            What::TakenOver { by, on, .. } => self.taken_over(by, *on, event.received_at),
            What::Registered(_) | What::StatusReported(_) | What::Unregistered => Err(Refused::NotRegistered),
            _ => Err(Refused::NoCarrier),
        }
    }

    fn app_news(&mut self, news: &AppNews, at: Timestamp) -> Applied {
        let state = self.state();
        match news {
            AppNews::Taken { device, asked_with } => self.taken(device.as_ref(), asked_with.as_ref(), at),
            AppNews::AskedAgain { idempotency } => self.asked_again(&idempotency.key),
            AppNews::Silenced { device } => self.silenced(device),
            AppNews::Declined if state == State::Ringing => {
                self.app_ends(AppEnd::Declined, HangUpBy::Callee, at)
            }
            AppNews::RangOut if state == State::Ringing => self.app_ends(AppEnd::Missed, HangUpBy::Us, at),
            AppNews::Declined | AppNews::RangOut => Err(Refused::Late { state }),
            AppNews::HungUp { by } => {
                let end = match (state, by) {
                    (State::Ringing, Side::Caller) => AppEnd::CallerGaveUp,
                    (State::Ringing, Side::Receiver) => AppEnd::Declined,
                    _ => AppEnd::HungUp,
                };
                self.app_ends(end, by.hangs_up(), at)
            }
            AppNews::Joined { side, device, how } => self.joined(*side, device, *how),
            AppNews::Lost { side, device } => self.lost(*side, device, at),
            AppNews::Gone { side } => match self.seat(*side).and_then(|seat| seat.lost_at) {
                Some(_) if state == State::Answered => {
                    self.app_ends(AppEnd::ConnectionLost, side.hangs_up(), at)
                }
                _ => Err(Refused::Late { state }),
            },
            AppNews::Orphaned { side } => self.orphaned(*side, at),
        }
    }

    fn seat(&self, side: Side) -> Option<&Seat> {
        self.app.as_ref().map(|app| app.seat(side))
    }

    /// The first accept wins; the same device may say so again.
    fn taken(
        &mut self,
        device: Option<&DeviceId>,
        asked_with: Option<&Idempotency>,
        at: Timestamp,
    ) -> Applied {
        let state = self.state();
        let Some(app) = &mut self.app else { return Err(Refused::Illegal { state }) };
        match state {
            State::Ringing => {
                app.receiver.device = device.cloned();
                app.asked_again.extend(asked_with.map(|asked| asked.key.clone()));
                self.current_mut().answered(at, Certainty::Observed);
                Ok(Vec::new())
            }
            State::Answered if device.is_some() && app.receiver.device.as_ref() == device => {
                Err(Refused::Same)
            }
            _ => Err(Refused::Late { state }),
        }
    }

    fn asked_again(&mut self, key: &str) -> Applied {
        let state = self.state();
        match &mut self.app {
            Some(app) if state == State::Ringing => {
                if app.asked_again.contains(key) {
                    return Err(Refused::Same);
                }
                if app.asked_again.len() >= ASKED_AGAIN_MAX {
                    return Err(Refused::Illegal { state });
                }
                app.asked_again.insert(key.to_owned());
                Ok(Vec::new())
            }
            _ => Err(Refused::Late { state }),
        }
    }

    fn silenced(&mut self, device: &DeviceId) -> Applied {
        let state = self.state();
        match &mut self.app {
            Some(app) if state == State::Ringing => {
                if app.silenced.contains(device) {
                    return Err(Refused::Same);
                }
                if app.silenced.len() >= SILENCED_MAX {
                    return Err(Refused::Illegal { state });
                }
                app.silenced.insert(device.clone());
                Ok(Vec::new())
            }
            _ => Err(Refused::Late { state }),
        }
    }

    fn app_ends(&mut self, end: AppEnd, by: HangUpBy, at: Timestamp) -> Applied {
        if self.is_over() {
            return Err(Refused::Same);
        }
        let reported = Reported { hangup_by: Some(by), ..Reported::default() };
        self.current_mut().close(at, Cause::App(end), EndSource::Observed, reported);
        Ok(Vec::new())
    }

    fn joined(&mut self, side: Side, device: &DeviceId, how: Joining) -> Applied {
        let state = self.state();
        let Some(app) = &mut self.app else { return Err(Refused::Illegal { state }) };
        if state == State::Ended || (side == Side::Receiver && state == State::Ringing) {
            return Err(Refused::Late { state });
        }
        let seat = app.seat_mut(side);
        let is_same = seat.device.as_ref() == Some(device);
        match how {
            _ if is_same && seat.lost_at.is_none() => Err(Refused::Same),
            Joining::First if seat.device.is_some() => Err(Refused::Late { state }),
            Joining::First | Joining::Again => {
                *seat = Seat { device: Some(device.clone()), lost_at: None };
                Ok(Vec::new())
            }
        }
    }

    fn lost(&mut self, side: Side, device: &DeviceId, at: Timestamp) -> Applied {
        let state = self.state();
        let Some(app) = &mut self.app else { return Err(Refused::Illegal { state }) };
        let seat = app.seat_mut(side);
        if state == State::Ended || seat.device.as_ref() != Some(device) {
            return Err(Refused::Late { state });
        }
        if seat.lost_at.is_some() {
            return Err(Refused::Same);
        }
        seat.lost_at = Some(at);
        Ok(Vec::new())
    }

    fn orphaned(&mut self, side: Side, at: Timestamp) -> Applied {
        let state = self.state();
        let Some(app) = self.app.as_mut().filter(|_| state == State::Answered) else {
            return Err(Refused::Late { state });
        };
        let seat = app.seat_mut(side);
        if seat.device.is_none() || seat.lost_at >= Some(at) {
            return Err(Refused::Same);
        }
        seat.lost_at = Some(at);
        Ok(Vec::new())
    }

    /// When to look at an app call again: it has rung for long enough, it is too long, or a side has been away too long.
    pub(super) fn app_deadline(&self, app: &App, timing: &Timing) -> Option<Deadline> {
        let after = |since: Timestamp, secs: u32, why| {
            let at = since.checked_add(SignedDuration::from_secs(i64::from(secs))).unwrap_or(Timestamp::MAX);
            Deadline { at, why }
        };
        let leg = self.leg();
        let since = leg.answered_at().unwrap_or(leg.queued_at);
        match leg.state() {
            State::Ended => None,
            State::Answered => {
                let away = |side: Side, why| {
                    let lost = app.seat(side).lost_at?;
                    // Who was away when it was taken has the time to come back from then on.
                    Some(after(lost.max(since), timing.away_secs, why))
                };
                let limit = after(since, self.limits.time_limit_secs, Why::TimeLimit);
                let caller = away(Side::Caller, Why::CallerGone);
                let receiver = away(Side::Receiver, Why::ReceiverGone);
                caller.into_iter().chain(receiver).chain([limit]).min()
            }
            _ => Some(after(leg.queued_at, self.limits.ring_timeout_secs, Why::RangOut)),
        }
    }

    /// Whether a carrier of ours connects this call: one that can be told and asked. Calls that clients carry themselves
    /// and calls between users of an app have none.
    pub fn has_carrier(&self) -> bool {
        self.registered.is_none() && self.app.is_none()
    }

    /// The user on one side of an app call; `None` if it is none, or its people were erased.
    pub fn app_user(&self, side: Side) -> Option<AppUserId> {
        self.app.as_ref()?;
        let address = match side {
            Side::Caller => &self.party.from,
            Side::Receiver => &self.party.to,
        };
        AppUserId::parse(address.as_str())
    }

    /// The user on one side of an app call, if they are to hear of it. Who blocks its caller is not.
    pub fn hearer(&self, side: Side) -> Option<AppUserId> {
        let found = self.app.as_ref()?.found;
        self.app_user(side).filter(|_| side == Side::Caller || found.hears_of_it())
    }

    /// On which side of this app call a user is. To somebody who is not to hear of it, it is a stranger's.
    pub fn side_of(&self, user: &AppUserId) -> Option<Side> {
        Side::ALL.into_iter().find(|side| self.hearer(*side).as_ref() == Some(user))
    }

    /// Whether an Idempotency-Key stands for this call.
    pub fn stands_for(&self, key: &str) -> bool {
        let own = self.idempotency.as_ref().is_some_and(|own| own.key == key);
        own || self.app.as_ref().is_some_and(|app| app.asked_again.contains(key))
    }

    /// What ended an app call.
    pub fn app_end(&self) -> Option<AppEnd> {
        match self.leg().cause()? {
            Cause::App(end) => Some(end),
            _ => None,
        }
    }

    /// Whether a device of this side may send offers, answers and candidates: one device for each side, and the
    /// receiver's only once it has taken the call.
    ///
    /// # Errors
    /// [`NoSignal`]: why not.
    pub fn may_signal(&self, side: Side, device: &DeviceId) -> Result<MaySignal, NoSignal> {
        let Some(seat) = self.seat(side).filter(|_| !self.is_over()) else { return Err(NoSignal::Over) };
        if side == Side::Receiver && self.state() == State::Ringing {
            return Err(NoSignal::NotTaken);
        }
        match &seat.device {
            Some(known) if known == device => Ok(MaySignal::Speaks),
            Some(_) => Err(NoSignal::OtherDevice),
            None => Ok(MaySignal::Joins),
        }
    }
}
