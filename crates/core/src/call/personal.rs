//! What in an event belongs to a person: taken out before it is written, so that it can be sealed under the person's
//! own key, and put back when it is read. With the key gone, the event is still a fact of the call, with blanks.

use super::Call;
use super::action::{ActionKind, Asked};
use super::app::AppCall;
use super::event::{Direction, Metadata, Party, What};
use super::turn::AnswerValue;
use crate::id::ConversationId;
use crate::private::{Address, Private};
use serde::{Deserialize, Serialize};

/// The personal part of one event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Personal {
    /// Who talks to whom.
    Party(Box<Party>),
    /// Which user of an app calls whom, and about what.
    Users {
        /// Who talks to whom.
        party: Box<Party>,
        /// The conversation it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<ConversationId>,
    },
    /// What somebody answered.
    Heard {
        /// What it means.
        value: AnswerValue,
        /// Keys.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digits: Option<Private<String>>,
        /// Speech.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        speech: Option<Private<String>>,
    },
    /// What somebody said, as text.
    Text(Private<String>),
    /// Keys to merge into the metadata.
    Patch(Private<Metadata>),
    /// To whom a call is handed.
    Number(Address),
}

/// What of a call between users of an app is its caller's. A call is sealed as its receiver's; this is sealed by itself inside of that.
#[derive(Debug)]
pub struct CallersOwn<'a> {
    /// Who calls.
    pub from: &'a mut Address,
    /// What they are called.
    pub name: &'a mut Option<Private<String>>,
    /// The conversation it belongs to: it is both's.
    pub conversation: &'a mut Option<ConversationId>,
}

impl CallersOwn<'_> {
    /// Blanks it.
    pub fn forget(self) {
        *self.from = Address::default();
        *self.name = None;
        *self.conversation = None;
    }
}

impl What {
    /// What of it is the caller's, if it begins a call between users of an app.
    pub fn callers_own(&mut self) -> Option<CallersOwn<'_>> {
        let Self::AppCalled(asked) = self else { return None };
        let AppCall { party, conversation, .. } = &mut **asked;
        Some(CallersOwn { from: &mut party.from, name: &mut party.name, conversation })
    }

    /// Whether there is a personal part to take out.
    pub fn is_personal(&self) -> bool {
        match self {
            Self::Requested(_)
            | Self::Arrived(_)
            | Self::Registered(_)
            | Self::AppCalled(_)
            | Self::Transcribed { .. }
            | Self::TransferAsked(_)
            | Self::Forwarded(_)
            | Self::MetadataMerged { .. } => true,
            Self::StatusReported(report) => !report.patch.reveal().is_empty(),
            Self::Bot(told) => told.news.has_text(),
            Self::Spoke(spoke) => spoke.heard.as_ref().is_some_and(|heard| {
                heard.value != AnswerValue::Recorded || heard.digits.is_some() || heard.speech.is_some()
            }),
            _ => false,
        }
    }

    /// The number of somebody else to whom a call is handed.
    pub fn handed_to(&mut self) -> Option<&mut Address> {
        match self {
            Self::TransferAsked(asked) | Self::Forwarded(asked) => Some(&mut asked.transfer.to),
            _ => None,
        }
    }

    /// Takes the personal part out, leaving blanks; `None` if there is none.
    pub fn take_personal(&mut self) -> Option<Personal> {
        match self {
            Self::Requested(request) => Some(Personal::Party(Box::new(std::mem::take(&mut request.party)))),
            Self::Arrived(arrival) => Some(Personal::Party(Box::new(std::mem::take(&mut arrival.party)))),
            Self::Registered(registration) => {
                Some(Personal::Party(Box::new(std::mem::take(&mut registration.party))))
            }
            Self::AppCalled(asked) => Some(Personal::Users {
                party: Box::new(std::mem::take(&mut asked.party)),
                conversation: asked.conversation.take(),
            }),
            Self::StatusReported(report) if report.patch.reveal().is_empty() => None,
            Self::StatusReported(report) => Some(Personal::Patch(std::mem::take(&mut report.patch))),
            Self::Spoke(spoke) => {
                let heard = spoke.heard.as_mut()?;
                if heard.value == AnswerValue::Recorded && heard.digits.is_none() && heard.speech.is_none() {
                    return None;
                }
                Some(Personal::Heard {
                    value: std::mem::replace(&mut heard.value, AnswerValue::Recorded),
                    digits: heard.digits.take(),
                    speech: heard.speech.take(),
                })
            }
            Self::Transcribed { text, .. } => Some(Personal::Text(std::mem::take(text))),
            Self::Bot(told) => Some(Personal::Text(std::mem::take(told.news.text_mut()?))),
            Self::MetadataMerged { patch } => Some(Personal::Patch(std::mem::take(patch))),
            Self::TransferAsked(asked) | Self::Forwarded(asked) => {
                Some(Personal::Number(std::mem::take(&mut asked.transfer.to)))
            }
            Self::DialStarted(_)
            | Self::PostBegun(_)
            | Self::PostUnclear { .. }
            | Self::PostRefused { .. }
            | Self::Requeued { .. }
            | Self::Progress(_)
            | Self::ListedNothing(_)
            | Self::RuledNotPlaced(_)
            | Self::CarrierSilent(_)
            | Self::GaveUp(_)
            | Self::Expired(_)
            | Self::Gated { .. }
            | Self::HangUpAsked { .. }
            | Self::StrayHungUp { .. }
            | Self::TakenOver { .. }
            | Self::HoldAsked(_)
            | Self::ResumeAsked(_)
            | Self::ActionBegun(_)
            | Self::ActionRefused { .. }
            | Self::ActionNews(_)
            | Self::Consulted(_)
            | Self::TransferOver(_)
            | Self::Recording(_)
            | Self::Transcription(_)
            | Self::AnsweredBy { .. }
            | Self::Priced { .. }
            | Self::Unregistered
            | Self::App(_)
            | Self::UnknownWord { .. } => None,
        }
    }

    /// Puts the personal part back where it was taken from; a part of another kind of event is ignored.
    pub fn put_personal(&mut self, personal: Personal) {
        match (self, personal) {
            (Self::Requested(request), Personal::Party(party)) => request.party = *party,
            (Self::Arrived(arrival), Personal::Party(party)) => arrival.party = *party,
            (Self::Registered(registration), Personal::Party(party)) => registration.party = *party,
            (Self::AppCalled(asked), Personal::Users { party, conversation }) => {
                asked.party = *party;
                asked.conversation = conversation;
            }
            (Self::StatusReported(report), Personal::Patch(new)) => report.patch = new,
            (Self::Spoke(spoke), Personal::Heard { value, digits, speech }) => {
                if let Some(heard) = spoke.heard.as_mut() {
                    heard.value = value;
                    heard.digits = digits;
                    heard.speech = speech;
                }
            }
            (Self::Transcribed { text, .. }, Personal::Text(said)) => *text = said,
            (Self::Bot(told), Personal::Text(said)) => {
                if let Some(text) = told.news.text_mut() {
                    *text = said;
                }
            }
            (Self::MetadataMerged { patch }, Personal::Patch(new)) => *patch = new,
            (Self::TransferAsked(asked) | Self::Forwarded(asked), Personal::Number(to)) => {
                asked.transfer.to = to;
            }
            _ => {}
        }
    }
}

impl Call {
    /// Blanks what belongs to the person: the call is then what its events make of it when their personal parts have
    /// been taken out.
    pub fn forget_person(&mut self) {
        self.party = Party::default();
        if let Some(app) = &mut self.app {
            app.conversation = None;
        }
        for turn in self.turns.values_mut() {
            if let Some(answer) = &mut turn.answer {
                answer.value = AnswerValue::Recorded;
                answer.digits = None;
                answer.speech = None;
            }
            if let Some(said) = &mut turn.transcript {
                *said = Private::default();
            }
        }
        if let Some(talk) = &mut self.bot {
            talk.forget_person();
        }
        for action in self.actions.values_mut() {
            if let Some(Asked { kind: ActionKind::Transfer(transfer), .. }) = &mut action.asked {
                transfer.to = Address::default();
            }
        }
    }

    /// What of it is its caller's, if it is between users of an app.
    pub fn callers_own(&mut self) -> Option<CallersOwn<'_>> {
        let app = self.app.as_mut()?;
        let Party { from, name, .. } = &mut self.party;
        Some(CallersOwn { from, name, conversation: &mut app.conversation })
    }

    /// Blanks numbers of others to whom it was handed; whether there were any.
    pub fn forget_handed_to(&mut self, is_theirs: impl Fn(&Address) -> bool) -> bool {
        let mut were_any = false;
        for action in self.actions.values_mut() {
            if let Some(Asked { kind: ActionKind::Transfer(transfer), .. }) = &mut action.asked
                && is_theirs(&transfer.to)
            {
                transfer.to = Address::default();
                were_any = true;
            }
        }
        were_any
    }

    /// The numbers of others to whom it was handed.
    pub fn handed_to(&mut self) -> impl Iterator<Item = &mut Address> {
        self.actions.values_mut().filter_map(|action| match &mut action.asked {
            Some(Asked { kind: ActionKind::Transfer(transfer), .. }) => Some(&mut transfer.to),
            Some(Asked { kind: ActionKind::Hold | ActionKind::Resume, .. }) | None => None,
        })
    }

    /// Whether its person has been erased: nobody is at the other end.
    pub fn is_erased(&self) -> bool {
        self.party.person(self.direction).as_str().is_empty()
    }
}

impl Party {
    /// The person at the other end, seen from us.
    pub fn person(&self, direction: Direction) -> &Address {
        match direction {
            Direction::Inbound => &self.from,
            Direction::Outbound => &self.to,
        }
    }
}
