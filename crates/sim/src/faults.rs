//! Faults on request: what this carrier does wrong, to whom and how often.
//!
//! A fault is drawn for one number at one moment (a call is created, a callback is due). Its chance comes from the
//! seed, the number and how often the fault was considered for that number, so the order of calls changes nothing.

use std::collections::HashMap;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::call::CallEvent;
use crate::chance::Chance;
use crate::pattern::Pattern;

/// What goes wrong. `secs` are simulated seconds, `millis` are real ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// Create answers 500 and no call is made.
    CreateFails,
    /// Create answers 503 and no call is made.
    CreateUnavailable,
    /// Create answers 429 (20429) and no call is made.
    CreateThrottled,
    /// The call is made, create answers 500.
    CreateFailsAfterAccepting,
    /// The call is made, create never answers.
    CreateHangsAfterAccepting,
    /// The call is made, the connection is reset.
    CreateResetsAfterAccepting,
    /// The call is made, create answers 201 with something that is not JSON.
    CreateAnswersGarbage,
    /// The connection is reset and no call is made.
    CreateResets,
    /// The call is made only after this time, whether or not somebody still waits for the answer.
    CreateAcceptsLate {
        /// Simulated seconds until the call is made and answered for.
        secs: u32,
    },
    /// The call shows up in listings only after this time; it can be fetched by its id at once.
    ListLag {
        /// Simulated seconds.
        secs: u32,
    },
    /// A listing is empty, whatever was asked.
    EmptyList,
    /// Fetching and listing calls answers 503.
    LookupFails,
    /// Ending or redirecting a call, or a command to it, answers 500 and does nothing.
    UpdateFails,
    /// Ending or redirecting a call, or a command to it, is obeyed and answers 500.
    UpdateFailsAfterObeying,
    /// A status callback, or an event of a call that commands lead, is never sent; the same is meant by the three below.
    CallbackLost,
    /// A status callback is sent later.
    CallbackLate {
        /// Simulated seconds.
        secs: u32,
    },
    /// A status callback is sent so many times in all.
    CallbackDoubled {
        /// Two or more.
        copies: u32,
    },
    /// A status callback is sent after the next one.
    CallbackReordered,
    /// The verdict on who picked up is never told.
    VerdictLost,
    /// The verdict on who picked up is told later.
    VerdictLate {
        /// Simulated seconds.
        secs: u32,
    },
    /// A voice document is asked for twice at the same time, with the same idempotency token.
    VoiceFetchDoubled,
    /// A recording cannot be downloaded for this long after its callback.
    RecordingLate {
        /// Simulated seconds.
        secs: u32,
    },
    /// The account may not transcribe: `transcription_start` is refused.
    TranscriptionRefused,
    /// Every answer of the REST API takes this much longer. Only a fault on `*` is considered.
    SlowAnswers {
        /// Real milliseconds.
        millis: u32,
    },
}

impl FaultKind {
    fn at(self) -> Moment {
        match self {
            Self::CreateFails
            | Self::CreateUnavailable
            | Self::CreateThrottled
            | Self::CreateFailsAfterAccepting
            | Self::CreateHangsAfterAccepting
            | Self::CreateResetsAfterAccepting
            | Self::CreateAnswersGarbage
            | Self::CreateResets
            | Self::CreateAcceptsLate { .. } => Moment::Create,
            Self::ListLag { .. } => Moment::Accepted,
            Self::EmptyList => Moment::List,
            Self::LookupFails => Moment::Lookup,
            Self::UpdateFails | Self::UpdateFailsAfterObeying => Moment::Update,
            Self::CallbackLost
            | Self::CallbackLate { .. }
            | Self::CallbackDoubled { .. }
            | Self::CallbackReordered => Moment::Callback,
            Self::VerdictLost | Self::VerdictLate { .. } => Moment::Verdict,
            Self::VoiceFetchDoubled => Moment::VoiceFetch,
            Self::RecordingLate { .. } => Moment::Recording,
            Self::TranscriptionRefused => Moment::Transcription,
            Self::SlowAnswers { .. } => Moment::Rest,
        }
    }
}

/// When a fault is considered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    Create,
    Accepted,
    List,
    Lookup,
    Update,
    Callback,
    Verdict,
    VoiceFetch,
    Recording,
    Transcription,
    Rest,
}

/// A fault with its scope. Without `count` it goes on, without `chance` it always strikes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// For whom: the person's number.
    #[serde(default)]
    pub on: Pattern,
    /// How often it strikes in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// How probably it strikes each time, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    /// For faults of callbacks: only this event, such as `completed` or, of a call that commands lead, `speak_ended`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<CallEvent>,
}

impl Fault {
    /// A fault that strikes everybody, always.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, on: Pattern::default(), count: None, chance: None, event: None }
    }

    /// Only for these numbers.
    #[must_use]
    pub fn on(self, pattern: &str) -> Self {
        Self { on: pattern.into(), ..self }
    }

    /// Only so many times.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { count: Some(count), ..self }
    }

    /// Only with this probability, 0 to 1.
    #[must_use]
    pub fn with_chance(self, chance: f64) -> Self {
        Self { chance: Some(chance), ..self }
    }

    /// Only for this event of a status callback.
    #[must_use]
    pub fn only(self, event: CallEvent) -> Self {
        Self { event: Some(event), ..self }
    }
}

/// A fault as the control API shows it.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FaultReport {
    /// The fault as it was asked for.
    #[serde(flatten)]
    pub fault: Fault,
    /// How often it struck.
    pub struck: u32,
}

/// All faults that were asked for.
pub(crate) struct Faults {
    seed: u64,
    rows: Mutex<Vec<Row>>,
}

struct Row {
    fault: Fault,
    struck: u32,
    considered: HashMap<String, u32>,
}

impl Row {
    fn new(fault: Fault) -> Self {
        Self { fault, struck: 0, considered: HashMap::new() }
    }

    fn strikes(&mut self, seed: u64, index: usize, number: &str) -> bool {
        if self.fault.count.is_some_and(|count| self.struck >= count) {
            return false;
        }
        if let Some(chance) = self.fault.chance {
            let considered = self.considered.entry(number.to_owned()).or_default();
            *considered += 1;
            let words = ["fault", &index.to_string(), number, &considered.to_string()];
            if !Chance::of(seed, &words).happens(chance) {
                return false;
            }
        }
        self.struck += 1;
        true
    }
}

impl Faults {
    pub(crate) fn new(seed: u64, faults: Vec<Fault>) -> Self {
        Self { seed, rows: Mutex::new(faults.into_iter().map(Row::new).collect()) }
    }

    pub(crate) fn add(&self, fault: Fault) {
        self.rows.lock().push(Row::new(fault));
    }

    pub(crate) fn clear(&self) {
        self.rows.lock().clear();
    }

    pub(crate) fn all(&self) -> Vec<FaultReport> {
        self.rows
            .lock()
            .iter()
            .map(|row| FaultReport { fault: row.fault.clone(), struck: row.struck })
            .collect()
    }

    /// The fault, if any, that strikes now. The first that was asked for wins.
    pub(crate) fn strike(&self, moment: Moment, number: &str, event: Option<CallEvent>) -> Option<FaultKind> {
        let mut rows = self.rows.lock();
        let seed = self.seed;
        rows.iter_mut().enumerate().find_map(|(index, row)| {
            let meant = row.fault.kind.at() == moment
                && row.fault.on.matches(number)
                && (row.fault.event.is_none() || row.fault.event == event);
            (meant && row.strikes(seed, index, number)).then_some(row.fault.kind)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(faults: &Faults, number: &str) -> Option<FaultKind> {
        faults.strike(Moment::Create, number, None)
    }

    #[test]
    fn a_fault_strikes_whom_it_is_meant_for_as_often_as_asked() {
        let faults = Faults::new(1, vec![Fault::new(FaultKind::CreateFails).on("+1*").times(2)]);
        let struck = ["+2", "+11", "+12", "+13"].map(|number| create(&faults, number).is_some());
        assert_eq!(struck, [false, true, true, false]);
        assert_eq!(faults.all()[0].struck, 2);
    }

    #[test]
    fn chance_depends_on_the_number_and_not_on_the_order() {
        let fault = || Faults::new(5, vec![Fault::new(FaultKind::CreateFails).with_chance(0.5)]);
        let numbers: Vec<String> = (0..100).map(|n| format!("+1{n}")).collect();
        let forwards = fault();
        let one: Vec<bool> = numbers.iter().map(|number| create(&forwards, number).is_some()).collect();
        let backwards = fault();
        let mut two: Vec<bool> =
            numbers.iter().rev().map(|number| create(&backwards, number).is_some()).collect();
        two.reverse();
        assert_eq!(one, two);
        let struck = one.iter().filter(|hit| **hit).count();
        assert!((30..70).contains(&struck), "{struck}");
    }

    #[test]
    fn a_fault_is_written_in_plain_json() {
        let text = r#"{"kind":"callback_late","secs":5,"on":"*99","count":1,"event":"completed"}"#;
        let fault: Fault = serde_json::from_str(text).unwrap();
        assert_eq!(
            fault,
            Fault::new(FaultKind::CallbackLate { secs: 5 }).on("*99").times(1).only(CallEvent::Completed)
        );
    }
}
