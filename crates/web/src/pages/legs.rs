//! The legs of one call: attempts to connect its person, and those it was handed to, each under the leg that dialed it.

use super::show::{Time, duration};
use super::texts::Texts;
use trunkline_core::call::{Call, Cause, EndWord, Leg};
use trunkline_core::id::{CarrierCallId, LegNo};

/// One leg, as its call's page shows it.
pub(super) struct LegView {
    pub(super) no: u16,
    /// Whose phone it connects, in words.
    pub(super) whose: String,
    /// The number it calls, if that is not the person's.
    pub(super) to: Option<String>,
    /// The leg that dialed it.
    pub(super) parent: Option<String>,
    pub(super) state: String,
    pub(super) answered: Option<Time>,
    pub(super) joined: Option<Time>,
    pub(super) lasted: Option<String>,
    pub(super) carrier_id: Option<String>,
}

/// All legs of a call, parents first; empty where there is only one, of which the page tells everywhere else.
pub(super) fn of(t: Texts, call: &Call) -> Vec<LegView> {
    let own = call.legs.iter().map(|leg| one(t, leg.no, leg));
    let children = call.children().map(|(no, action, leg)| LegView {
        whose: t.get("leg-transfer"),
        to: action.transfer().map(|transfer| transfer.to.as_str().to_owned()),
        parent: Some(t.with("leg-parent", "no", &call.leg().no.0.to_string())),
        joined: action.joined_at().map(Time::new),
        ..one(t, no, leg)
    });
    let all: Vec<LegView> = own.chain(children).collect();
    if all.len() > 1 { all } else { Vec::new() }
}

fn one(t: Texts, no: LegNo, leg: &Leg) -> LegView {
    let state = match leg.cause() {
        Some(Cause::Carrier(end)) => t.get(&format!("leg-end-{}", end_word(end))),
        Some(_) | None => t.get(&format!("leg-state-{}", leg.state().as_str())),
    };
    LegView {
        no: no.0,
        whose: t.get("leg-person"),
        to: None,
        parent: None,
        state,
        answered: leg.answered_at().map(Time::new),
        joined: None,
        lasted: leg.duration_secs().map(duration),
        carrier_id: leg.carrier_call_id.as_ref().map(CarrierCallId::as_str).map(str::to_owned),
    }
}

fn end_word(end: EndWord) -> &'static str {
    match end {
        EndWord::Completed => "completed",
        EndWord::Busy => "busy",
        EndWord::NoAnswer => "no_answer",
        EndWord::Canceled => "canceled",
        EndWord::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::texts::Language;
    use trunkline_core::call::State;

    #[test]
    fn every_state_and_end_of_a_leg_has_its_words_in_every_language() {
        use EndWord as E;
        for t in Language::ALL.map(|language| Texts { language }) {
            let has = |key: String| assert_ne!(t.get(&key), key);
            State::ALL.into_iter().for_each(|state| has(format!("leg-state-{}", state.as_str())));
            for end in [E::Completed, E::Busy, E::NoAnswer, E::Canceled, E::Failed] {
                has(format!("leg-end-{}", end_word(end)));
            }
        }
    }
}
