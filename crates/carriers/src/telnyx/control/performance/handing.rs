//! Somebody else, who is dialed and talks with the person: how that is followed, and where the page goes on after it.

use super::{Doing, Heard, MARGIN, Performance, Step};
use crate::telnyx::control::command::Command;
use crate::telnyx::control::mark::{Mark, token_in};
use crate::voice::{Dial, Document, Say, Verb};
use std::time::Duration;
use trunkline_core::call::{CarrierEnd, EndWord, Reported};
use trunkline_core::id::CarrierCallId;

/// Between two times that somebody is told to wait while another is asked.
const WORDS_AGAIN: Duration = Duration::from_secs(20);
/// How often the other leg is looked at while two talk.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

impl Performance {
    /// Takes up what an earlier process left: somebody else was dialed by it, and may talk with the person.
    pub fn resume_handing(
        dial: Box<Dial>,
        turn: u64,
        page: Option<String>,
        child: Option<CarrierCallId>,
        talks: bool,
    ) -> (Self, Vec<Step>) {
        let document = Document::new(vec![Verb::Dial(dial)]);
        let mut performance = Self::new(&document, turn, page);
        performance.doing = Doing::Handing { child, joined: talks };
        (performance, vec![Step::Wait(LOOK_AGAIN)])
    }

    /// The leg that was dialed has this name.
    pub fn dialed(&mut self, leg: &CarrierCallId) {
        if let Doing::Handing { child, .. } = &mut self.doing {
            child.get_or_insert_with(|| leg.clone());
        }
    }

    /// Whoever was dialed picked up, and the two talk.
    pub fn talks(&mut self, leg: &CarrierCallId) -> Vec<Step> {
        let is_blind =
            matches!(self.verbs.get(self.at), Some(Verb::Dial(dial)) if dial.asked_first.is_none());
        match &mut self.doing {
            Doing::Handing { child, joined } if is_blind && !*joined => {
                child.get_or_insert_with(|| leg.clone());
                *joined = true;
                vec![Step::Wait(LOOK_AGAIN)]
            }
            _ => Vec::new(),
        }
    }

    /// Whoever was asked takes the call.
    pub fn join(&mut self, leg: &CarrierCallId) -> Vec<Step> {
        match &mut self.doing {
            Doing::Handing { child, joined } if child.as_ref().is_none_or(|child| child == leg) => {
                if *joined {
                    return Vec::new();
                }
                *child = Some(leg.clone());
                *joined = true;
                let hush = self.send(Command::Hush);
                vec![hush, self.send(Command::Bridge(leg.clone())), Step::Wait(LOOK_AGAIN)]
            }
            _ => Vec::new(),
        }
    }

    /// The leg that was dialed is over.
    pub fn left(&mut self, leg: &CarrierCallId, end: Option<Box<CarrierEnd>>) -> Vec<Step> {
        match &self.doing {
            Doing::Handing { child, .. } if child.as_ref().is_none_or(|child| child == leg) => {
                self.handed(Some(leg.clone()), end)
            }
            _ => Vec::new(),
        }
    }

    /// The leg that was dialed from here and is not connected yet, or is.
    pub fn child(&self) -> Option<&CarrierCallId> {
        match &self.doing {
            Doing::Handing { child, .. } => child.as_ref(),
            _ => None,
        }
    }

    pub(super) fn dial(&mut self, dial: Box<Dial>) -> Vec<Step> {
        self.doing = Doing::Handing { child: None, joined: false };
        let child = Mark { token: dial.status_callback.as_deref().and_then(token_in), ..Mark::default() };
        let wait = match dial.asked_first {
            Some(_) => WORDS_AGAIN,
            None => Duration::from_secs(dial.timeout_secs.into()) + MARGIN,
        };
        let command = match dial.asked_first {
            // Where its events are told is whose sends it to say.
            Some(_) => Command::Dial { to: dial, child, events: String::new() },
            None => Command::Transfer { to: dial, child },
        };
        vec![self.send(command), Step::Wait(wait)]
    }

    /// The wait is over: whoever waits is told so again, and the other leg is looked at.
    pub(super) fn still_handing(&self) -> Vec<Step> {
        match &self.doing {
            Doing::Handing { joined: false, child } => {
                let look = child.clone().map(Step::LookAt);
                let words = self.words().map(|say| self.send(Command::Speak(say)));
                let mut steps: Vec<Step> = look.into_iter().chain(words).collect();
                steps.push(Step::Wait(WORDS_AGAIN));
                steps
            }
            Doing::Handing { child: Some(child), joined: true } => {
                vec![Step::LookAt(child.clone()), Step::Wait(LOOK_AGAIN)]
            }
            Doing::Handing { child: None, joined: true } => vec![Step::Wait(LOOK_AGAIN)],
            _ => Vec::new(),
        }
    }

    pub(super) fn handed(&mut self, leg: Option<CarrierCallId>, end: Option<Box<CarrierEnd>>) -> Vec<Step> {
        let Some(Verb::Dial(dial)) = self.verbs.get(self.at).cloned() else { return self.next() };
        let end = end.or_else(|| Some(Box::new(failed())));
        match dial.action {
            Some(action) => self.ask(action, Heard { dial: Some((leg, end)), ..Heard::default() }),
            None => self.next(),
        }
    }

    /// What somebody hears again who waits for another to be asked.
    fn words(&self) -> Option<Say> {
        let is_asked =
            matches!(self.verbs.get(self.at), Some(Verb::Dial(dial)) if dial.asked_first.is_some());
        let say = |verb: &Verb| match verb {
            Verb::Say(say) => Some(say.clone()),
            _ => None,
        };
        self.verbs.iter().take(self.at).rev().find_map(say).filter(|_| is_asked)
    }
}

fn failed() -> CarrierEnd {
    let reported = Reported { carrier_status: Some("hangup".to_owned()), ..Reported::default() };
    CarrierEnd { word: EndWord::Failed, duration_secs: None, reported }
}
