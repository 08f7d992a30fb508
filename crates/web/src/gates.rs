//! A closed gate in words: why somebody is not being called now, in the reader's language. When it opens stands beside it.

use crate::pages::texts::Texts;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use trunkline_core::dial::gates::Closed;

/// A closed gate: which, in words, its particulars, and when it opens.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ClosedGate")]
pub(crate) struct GateJson<'a> {
    code: &'static str,
    words: String,
    #[serde(flatten)]
    closed: &'a Closed,
}

impl<'a> GateJson<'a> {
    pub(crate) fn of(closed: &'a Closed, texts: Texts) -> Self {
        Self { code: closed.code(), words: words(closed, texts), closed }
    }
}

/// Why, in words.
pub(crate) fn words(closed: &Closed, texts: Texts) -> String {
    let key = format!("gate-{}", closed.code());
    // The marks that keep two directions of writing apart on a page would be letters to a program.
    let said = said(closed, &key, texts);
    said.replace(['\u{2068}', '\u{2069}'], "")
}

fn said(closed: &Closed, key: &str, texts: Texts) -> String {
    let particular = |kind: &str, word: String| texts.or(&format!("{kind}-{word}"), &word);
    match closed {
        Closed::NotAllowed { why } => texts.with_all(key, &[("why", &particular("denied", word(why)))]),
        Closed::WindowNeverOpens { why } => texts.with_all(key, &[("why", &particular("never", word(why)))]),
        Closed::CampaignLacks { what } => {
            texts.with_all(key, &[("what", &particular("lacking", word(what)))])
        }
        Closed::DailyCap { of, limit, .. } => {
            texts.with_all(key, &[("of", &particular("cap-of", word(of))), ("limit", &limit.to_string())])
        }
        Closed::NoSlot { of, limit } => {
            texts.with_all(key, &[("of", &particular("limit-of", word(of))), ("limit", &limit.to_string())])
        }
        Closed::OutOfWindow { opens_at, zone: Some(zone) } => {
            let wall = opens_at.to_zoned(zone.rules());
            let (time, day) = (wall.strftime("%H:%M").to_string(), wall.strftime("%Y-%m-%d").to_string());
            let words = [("time", time.as_str()), ("day", day.as_str()), ("zone", zone.as_str())];
            texts.with_all("gate-out_of_window-until", &words)
        }
        Closed::CallBack { opens_at } => texts.with_all(key, &[("at", &minute(*opens_at))]),
        Closed::Pace { of, .. } => texts.with_all(key, &[("of", &particular("limit-of", word(of)))]),
        Closed::TooManyLive { limit } => texts.with_all(key, &[("limit", &limit.to_string())]),
        Closed::Suppressed
        | Closed::NotBefore { .. }
        | Closed::RetryNotDue { .. }
        | Closed::OutOfWindow { zone: None, .. }
        | Closed::Duplicate { .. }
        | Closed::SamePairOpen
        | Closed::PersonBudget { .. }
        | Closed::CampaignNotStarted
        | Closed::CampaignPaused
        | Closed::CampaignDraining
        | Closed::CampaignOver
        | Closed::CircuitOpen { .. }
        | Closed::Cps { .. }
        | Closed::Draining
        | Closed::CatchingUp
        | Closed::DatabaseAway
        | Closed::JournalFull => texts.get(key),
    }
}

/// A gate's words where only its code is known, as in a count of many.
pub(crate) fn title(code: &str, texts: Texts) -> String {
    texts.or(&format!("gates-{code}"), code)
}

/// A day and a minute, in UTC.
pub(crate) fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// An enum's word in JSON.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::texts::Language;
    use trunkline_core::dial::destination::Denied;
    use trunkline_core::dial::gates::{CapOf, Lacking, LimitOf};
    use trunkline_core::id::CallId;
    use trunkline_core::window::NeverOpens;

    fn every_gate() -> Vec<Closed> {
        let opens_at = Timestamp::UNIX_EPOCH;
        let mut all = vec![
            Closed::Suppressed,
            Closed::NotBefore { opens_at },
            Closed::RetryNotDue { opens_at },
            Closed::CallBack { opens_at },
            Closed::OutOfWindow { opens_at, zone: None },
            Closed::OutOfWindow { opens_at, zone: Some("Asia/Jerusalem".parse().unwrap()) },
            Closed::Duplicate { of: CallId::from_bytes([0; 16]), opens_at: None },
            Closed::SamePairOpen,
            Closed::PersonBudget { opens_at },
            Closed::CampaignNotStarted,
            Closed::CampaignPaused,
            Closed::CampaignDraining,
            Closed::CampaignOver,
            Closed::CircuitOpen { opens_at },
            Closed::Cps { opens_at },
            Closed::Draining,
            Closed::CatchingUp,
            Closed::DatabaseAway,
            Closed::JournalFull,
            Closed::TooManyLive { limit: 7 },
        ];
        use Denied::{Country, Prefix, Premium, Risky, Satellite, TestMode};
        all.extend(
            [TestMode, Prefix, Risky, Country, Premium, Satellite].map(|why| Closed::NotAllowed { why }),
        );
        all.extend(
            [Lacking::Script, Lacking::Bot, Lacking::CallerId, Lacking::Policy]
                .map(|what| Closed::CampaignLacks { what }),
        );
        use NeverOpens::{NoCommonHour, NoHours, UnknownZone};
        all.extend([UnknownZone, NoHours, NoCommonHour].map(|why| Closed::WindowNeverOpens { why }));
        all.extend([CapOf::Campaign, CapOf::TenantCalls, CapOf::TenantMinutes].map(|of| Closed::DailyCap {
            of,
            limit: 7,
            opens_at,
        }));
        use LimitOf::{Campaign, Carrier, InboundReserve, System, Tenant, TenantOutbound};
        let limits = [System, Carrier, Tenant, TenantOutbound, Campaign, InboundReserve];
        all.extend(limits.map(|of| Closed::NoSlot { of, limit: 7 }));
        all.extend(limits.map(|of| Closed::Pace { of, opens_at }));
        all
    }

    #[test]
    fn every_gate_has_words_in_every_language() {
        for language in Language::ALL {
            let texts = Texts { language };
            for closed in every_gate() {
                let said = words(&closed, texts);
                let is_whole = !said.starts_with("gate-") && !said.contains('{') && !said.contains('_');
                assert!(is_whole, "{language:?} {closed:?}: {said}");
                assert!(!said.contains("System") && !said.contains("NoHours"), "{said}");
                let title = title(closed.code(), texts);
                assert_ne!(title, closed.code(), "{language:?}: gates-{title} is missing");
            }
        }
    }

    #[test]
    fn a_full_limit_says_whose_and_how_many() {
        let texts = Texts { language: Language::English };
        let said = words(&Closed::NoSlot { of: LimitOf::Tenant, limit: 5 }, texts);
        assert!(said.contains('5') && said.contains("tenant"), "{said}");
    }

    #[test]
    fn hours_are_told_by_the_clock_of_whoever_is_called() {
        let opens_at = "2026-03-03T07:00:00Z".parse().unwrap();
        let closed = Closed::OutOfWindow { opens_at, zone: Some("Asia/Jerusalem".parse().unwrap()) };
        let said = words(&closed, Texts { language: Language::English });
        assert_eq!(said, "Outside calling hours until 09:00 in Asia/Jerusalem, on 2026-03-03.");
        let said = words(&closed, Texts { language: Language::Hebrew });
        assert!(said.contains("09:00") && said.contains("Asia/Jerusalem"), "{said}");
        let told =
            serde_json::to_value(GateJson::of(&closed, Texts { language: Language::English })).unwrap();
        assert_eq!((&told["zone"], &told["code"]), (&"Asia/Jerusalem".into(), &"out_of_window".into()));
    }
}
