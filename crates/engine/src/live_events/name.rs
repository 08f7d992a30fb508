//! The closed list of what an event can be, as listeners hear it.

use super::Became;
use trunkline_core::call::{Disposition, RecordingState, Says, Status, What};

/// What happened, in a word that never changes its meaning. The list is closed: `docs/events.md` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventName {
    /// A call has begun.
    CallInitiated,
    /// The far end rings.
    CallRinging,
    /// The call is connected.
    CallAnswered,
    /// One side hears music.
    CallHeld,
    /// Both sides talk again.
    CallResumed,
    /// It is being handed to somebody else.
    CallTransferring,
    /// A user of an app is being called.
    CallIncoming,
    /// Nobody took the call of an app in time, or its caller left before.
    CallMissed,
    /// The call is over.
    CallEnded,
    /// The call was over, and goes on: the carrier had it after all.
    CallReopened,
    /// Something else about the call is known; its `kind` says what.
    CallUpdated,
    /// Whether a person or a machine took the call.
    CallAnsweredBy,
    /// What the carrier charged.
    CallPriced,
    /// A question is being asked.
    QuestionAsked,
    /// A question was answered.
    AnswerRecorded,
    /// The recording of an answer is in the folder.
    RecordingStored,
    /// The recording of an answer could not be had.
    RecordingFailed,
    /// The text of an answer is there.
    TranscriptCompleted,
}

impl EventName {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::CallInitiated,
        Self::CallRinging,
        Self::CallAnswered,
        Self::CallHeld,
        Self::CallResumed,
        Self::CallTransferring,
        Self::CallIncoming,
        Self::CallMissed,
        Self::CallEnded,
        Self::CallReopened,
        Self::CallUpdated,
        Self::CallAnsweredBy,
        Self::CallPriced,
        Self::QuestionAsked,
        Self::AnswerRecorded,
        Self::RecordingStored,
        Self::RecordingFailed,
        Self::TranscriptCompleted,
    ];

    /// Their words.
    pub const WORDS: [&str; Self::ALL.len()] = {
        let (mut words, mut n) = ([""; Self::ALL.len()], 0);
        while n < words.len() {
            words[n] = Self::ALL[n].as_str();
            n += 1;
        }
        words
    };

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallInitiated => "call.initiated",
            Self::CallRinging => "call.ringing",
            Self::CallAnswered => "call.answered",
            Self::CallHeld => "call.held",
            Self::CallResumed => "call.resumed",
            Self::CallTransferring => "call.transferring",
            Self::CallIncoming => "call.incoming",
            Self::CallMissed => "call.missed",
            Self::CallEnded => "call.ended",
            Self::CallReopened => "call.reopened",
            Self::CallUpdated => "call.updated",
            Self::CallAnsweredBy => "call.answered_by",
            Self::CallPriced => "call.priced",
            Self::QuestionAsked => "question.asked",
            Self::AnswerRecorded => "answer.recorded",
            Self::RecordingStored => "recording.stored",
            Self::RecordingFailed => "recording.failed",
            Self::TranscriptCompleted => "transcript.completed",
        }
    }

    /// The name of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == word)
    }
}

/// What an event is told as: first what became of the call's status, then what else it brought. There is always one.
pub(super) fn names(what: &What, became: &Became) -> (Option<EventName>, Option<EventName>) {
    match (moved(what, became), brought(what, became)) {
        (None, None) => (None, Some(EventName::CallUpdated)),
        (Some(only), None) | (None, Some(only)) => (None, Some(only)),
        (first, last) => (first, last),
    }
}

/// What became of the status, if anything.
fn moved(what: &What, became: &Became) -> Option<EventName> {
    if matches!(what, What::Requested(_) | What::Arrived(_) | What::Registered(_) | What::AppCalled(_)) {
        return Some(EventName::CallInitiated);
    }
    let was = became.was?;
    if became.status.is_over() {
        // How it ended can become known better.
        return Some(if was.is_over() { EventName::CallUpdated } else { EventName::CallEnded });
    }
    if was.is_over() {
        return Some(EventName::CallReopened);
    }
    Some(match became.status {
        Status::Ringing => EventName::CallRinging,
        Status::Answered if matches!(was, Status::OnHold | Status::Transferring) => EventName::CallResumed,
        Status::Answered => EventName::CallAnswered,
        Status::OnHold => EventName::CallHeld,
        Status::Transferring => EventName::CallTransferring,
        Status::Initiated
        | Status::Completed
        | Status::Failed
        | Status::Busy
        | Status::NoAnswer
        | Status::Canceled
        | Status::Rejected
        | Status::Missed => EventName::CallUpdated,
    })
}

/// What it brought beside the status, if that has a name.
fn brought(what: &What, became: &Became) -> Option<EventName> {
    Some(match what {
        What::AppCalled(_) if became.status.is_over() => EventName::CallEnded,
        // It would wake the phone of somebody who blocks its caller.
        What::AppCalled(_) | What::App(_) if became.unreached => return None,
        What::AppCalled(_) => EventName::CallIncoming,
        What::App(_) if became.was.is_some() && is_missed(became) => EventName::CallMissed,
        What::Spoke(spoke) if spoke.heard.is_some() => EventName::AnswerRecorded,
        What::Spoke(spoke) if matches!(spoke.says, Says::Question { .. }) => EventName::QuestionAsked,
        What::Recording(news) => match news.state {
            RecordingState::Stored { .. } => EventName::RecordingStored,
            RecordingState::Failed { .. } | RecordingState::Absent => EventName::RecordingFailed,
            RecordingState::Named | RecordingState::Ready | RecordingState::Removed { .. } => return None,
        },
        What::Transcribed { .. } => EventName::TranscriptCompleted,
        What::AnsweredBy { .. } => EventName::CallAnsweredBy,
        What::Priced { .. } => EventName::CallPriced,
        What::Spoke(_)
        | What::Requested(_)
        | What::Arrived(_)
        | What::Registered(_)
        | What::StatusReported(_)
        | What::Unregistered
        | What::App(_)
        | What::DialStarted(_)
        | What::PostBegun(_)
        | What::PostUnclear { .. }
        | What::PostRefused { .. }
        | What::Requeued { .. }
        | What::Progress(_)
        | What::ListedNothing(_)
        | What::RuledNotPlaced(_)
        | What::CarrierSilent(_)
        | What::GaveUp(_)
        | What::Expired(_)
        | What::Gated { .. }
        | What::HangUpAsked { .. }
        | What::StrayHungUp { .. }
        | What::TakenOver { .. }
        | What::HoldAsked(_)
        | What::ResumeAsked(_)
        | What::TransferAsked(_)
        | What::Forwarded(_)
        | What::ActionBegun(_)
        | What::ActionRefused { .. }
        | What::ActionNews(_)
        | What::Consulted(_)
        | What::TransferOver(_)
        | What::Transcription(_)
        | What::Bot(_)
        | What::MetadataMerged { .. }
        | What::UnknownWord { .. } => return None,
    })
}

/// Whether somebody was called and could not know it in time.
fn is_missed(became: &Became) -> bool {
    matches!(became.disposition, Some(Disposition::Missed | Disposition::CallerGaveUp))
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_core::call::{OnLeg, Spoke, State};
    use trunkline_core::id::{CarrierCallId, LegNo};

    fn became(was: Option<Status>, status: Status) -> Became {
        Became { status, state: State::Answered, disposition: None, was, campaign: None, unreached: false }
    }

    fn spoke(says: Says) -> What {
        let (on, carrier_call_id) = (OnLeg::first(LegNo::FIRST), CarrierCallId::new("CA1"));
        What::Spoke(Box::new(Spoke { on, carrier_call_id, heard: None, says }))
    }

    #[test]
    fn every_name_has_its_word_and_no_two_share_one() {
        for name in EventName::ALL {
            assert_eq!(EventName::parse(name.as_str()), Some(name));
        }
        assert_eq!(EventName::parse("call.exploded"), None);
    }

    #[test]
    fn a_status_that_moves_names_the_event_whatever_moved_it() {
        use EventName as E;
        use Status as S;
        let gave_up = What::GaveUp(OnLeg::first(LegNo::FIRST));
        for (was, status, name) in [
            (S::Initiated, S::Ringing, E::CallRinging),
            (S::Initiated, S::Answered, E::CallAnswered),
            (S::OnHold, S::Answered, E::CallResumed),
            (S::Answered, S::OnHold, E::CallHeld),
            (S::Answered, S::Completed, E::CallEnded),
            (S::Initiated, S::Failed, E::CallEnded),
            (S::Failed, S::Initiated, E::CallReopened),
            (S::Failed, S::Busy, E::CallUpdated),
        ] {
            assert_eq!(names(&gave_up, &became(Some(was), status)), (None, Some(name)), "{was:?} {status:?}");
        }
        assert_eq!(names(&gave_up, &became(None, S::Failed)), (None, Some(E::CallUpdated)));
    }

    #[test]
    fn a_user_of_an_app_who_is_called_and_does_not_take_it_is_told_of_twice() {
        use trunkline_core::call::{AppNews, AppProgress};
        let told = |disposition| {
            let became = Became { disposition, ..became(Some(Status::Ringing), Status::Missed) };
            names(&What::App(Box::new(AppProgress { news: AppNews::RangOut })), &became)
        };
        let missed = (Some(EventName::CallEnded), Some(EventName::CallMissed));
        assert_eq!(told(Some(Disposition::Missed)), missed);
        assert_eq!(told(Some(Disposition::CallerGaveUp)), missed);
        assert_eq!(told(Some(Disposition::Declined)), (None, Some(EventName::CallEnded)));
    }

    #[test]
    fn of_a_call_that_reaches_nobody_nobodys_phone_is_woken() {
        use trunkline_core::call::{AppNews, AppProgress};
        let became = Became {
            disposition: Some(Disposition::Missed),
            unreached: true,
            ..became(Some(Status::Ringing), Status::Missed)
        };
        let rang_out = What::App(Box::new(AppProgress { news: AppNews::RangOut }));
        assert_eq!(names(&rang_out, &became), (None, Some(EventName::CallEnded)));
    }

    #[test]
    fn a_question_that_shows_that_somebody_answered_is_two_events() {
        let asks = spoke(Says::Question { step: 0, ask: 0, text: "What is your name?".to_owned() });
        let first = names(&asks, &became(Some(Status::Ringing), Status::Answered));
        assert_eq!(first, (Some(EventName::CallAnswered), Some(EventName::QuestionAsked)));
        let later = names(&asks, &became(None, Status::Answered));
        assert_eq!(later, (None, Some(EventName::QuestionAsked)));
        let goodbye = names(&spoke(Says::Goodbye), &became(None, Status::Answered));
        assert_eq!(goodbye, (None, Some(EventName::CallUpdated)));
    }
}
