//! What was asked, heard and recorded: voice fetches, recordings and transcripts, put together question by question.

use super::Call;
use super::apply::{Applied, Binding, IsEnd, Seen};
use super::effect::{Effect, Refused};
use super::event::{Event, Heard, RecordingNews, Says, Spoke, What};
use super::leg::Certainty;
use super::turn::{RecordingState, Turn};
use crate::id::RecordingId;
use crate::private::Private;

impl What {
    /// Whether this fact can change the turn of question `step`. With a recording any turn may change: it moves to its
    /// question once that is known.
    pub fn may_change_turn(&self, step: u16) -> bool {
        match self {
            Self::Spoke(spoke) => {
                let asks = matches!(&spoke.says, Says::Question { step: asked, .. } if *asked == step);
                asks || spoke
                    .heard
                    .as_ref()
                    .is_some_and(|heard| heard.step == step || heard.recording.is_some())
            }
            Self::Recording(_) => true,
            Self::Transcribed { step: of, .. } => *of == step,
            Self::Transcription(news) => news.step == step,
            _ => false,
        }
    }
}

impl Call {
    pub(super) fn spoke(&mut self, spoke: &Spoke, event: &Event) -> Applied {
        let at = event.at();
        let known = self.leg_no(spoke.on.leg).map(Seen::of);
        let steps = self.steps_of(spoke);
        let turns = steps.map(|step| self.turn(step).cloned());
        let (leg, is_new) = match self.bound(spoke.on, &spoke.carrier_call_id, at, IsEnd::No)? {
            Binding::Own(leg) => (leg, false),
            Binding::New(leg) => (leg, true),
            Binding::Stray => return self.stray(spoke.on, &spoke.carrier_call_id),
        };
        let was_answered = leg.answered.is_some();
        leg.news(event.received_at);
        leg.answered(at, Certainty::Implied);
        if spoke.says == Says::Goodbye {
            leg.goodbye_at = Some(leg.goodbye_at.map_or(at, |earlier| earlier.min(at)));
        }
        let mut effects = Vec::new();
        if !is_new && !was_answered {
            effects.extend(leg.hang_up_again());
        }
        let leg_changed = Some(Seen::of(leg)) != known;
        if let Some(heard) = &spoke.heard {
            effects.extend(self.heard(heard, at));
        }
        if let Says::Question { step, ask, text } = &spoke.says {
            self.turn_mut(*step).asked(*ask, text, at);
        }
        let mut talk_changed = false;
        if let (Says::Bot { stream }, Some(talk)) = (&spoke.says, &mut self.bot) {
            let known = talk.streams.get(stream).cloned();
            talk.offered(*stream, at);
            talk_changed = talk.streams.get(stream) != known.as_ref();
        }
        let is_same = steps.into_iter().zip(&turns).all(|(step, before)| self.turn(step) == before.as_ref());
        if is_same && !leg_changed && !talk_changed { Err(Refused::Same) } else { Ok(effects) }
    }

    /// The questions that a voice fetch can touch: the one answered, the one asked, and the one that the answer's
    /// recording was kept with till now. Looking at these alone, a page costs the same at the last question as at the
    /// first.
    fn steps_of(&self, spoke: &Spoke) -> [Option<u16>; 3] {
        let heard = spoke.heard.as_ref();
        let asked = match &spoke.says {
            Says::Question { step, .. } => Some(*step),
            Says::Goodbye | Says::Apology | Says::Bot { .. } | Says::Client | Says::Nothing => None,
        };
        let recording = heard.and_then(|heard| heard.recording.as_ref());
        [heard.map(|heard| heard.step), asked, recording.and_then(|fact| self.step_of(&fact.id))]
    }

    fn turn(&self, step: Option<u16>) -> Option<&Turn> {
        self.turns.get(&step?).map(Box::as_ref)
    }

    fn heard(&mut self, heard: &Heard, at: jiff::Timestamp) -> Option<Effect> {
        let named = heard.recording.as_ref().map(|recording| &recording.id);
        let new = named.filter(|id| self.step_of(id).is_none()).cloned();
        if let Some(id) = named {
            self.move_recording(id, heard.step);
        }
        self.turn_mut(heard.step).heard(heard, at);
        new.map(Effect::FetchRecording)
    }

    pub(super) fn recording(&mut self, news: &RecordingNews) -> Applied {
        if let Some(stream) = news.stream {
            return self.talk_recorded(stream, news);
        }
        let known = self.step_of(&news.id);
        if let Some(step) = news.step {
            self.move_recording(&news.id, step);
        }
        // A recording of no known question is kept with the call's first, rather than lost, until its question is known.
        let step = news.step.or(known).unwrap_or(0);
        let turn = self.turn_mut(step);
        let before = turn.clone();
        let became_ready = turn.recording_news(news);
        if *turn == before && known == Some(step) {
            return Err(Refused::Same);
        }
        let fetch = became_ready || (known.is_none() && news.state == RecordingState::Named);
        Ok(if fetch { vec![Effect::FetchRecording(news.id.clone())] } else { Vec::new() })
    }

    pub(super) fn transcribed(&mut self, step: u16, text: &Private<String>) -> Applied {
        let turn = self.turn_mut(step);
        if turn.transcript.as_ref() == Some(text) {
            return Err(Refused::Same);
        }
        turn.transcript = Some(text.clone());
        Ok(Vec::new())
    }

    pub(super) fn turn_mut(&mut self, step: u16) -> &mut Turn {
        self.turns.entry(step).or_insert_with(|| Box::new(Turn::new(step)))
    }

    /// The question a recording is kept with.
    fn step_of(&self, id: &RecordingId) -> Option<u16> {
        self.turns.values().find(|turn| turn.has_recording(id)).map(|turn| turn.step)
    }

    /// Moves a recording to its question, once that is known.
    fn move_recording(&mut self, id: &RecordingId, to: u16) {
        let Some(from) = self.step_of(id).filter(|from| *from != to) else { return };
        let from_turn = self.turn_mut(from);
        let Some(recording) = from_turn.take_recording(id) else { return };
        if *from_turn == Turn::new(from) {
            self.turns.remove(&from);
        }
        self.turn_mut(to).put_recording(recording);
    }
}
