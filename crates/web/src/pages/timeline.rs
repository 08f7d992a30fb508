//! Everything that happened to a call, in words, as its page shows it: what was believed and what was not, and why.

use super::show::Time;
use super::texts::Texts;
use serde_json::Value;
use trunkline_engine::Entry;

/// One entry of the time line.
pub(super) struct EntryView {
    pub(super) title: String,
    pub(super) at: Time,
    pub(super) source: String,
    /// Why it changed nothing; `None` if it did.
    pub(super) not_applied: Option<String>,
    /// The event itself, for who wants to see it.
    pub(super) event: String,
}

/// The time line of a call, in the order in which we heard of things.
pub(super) fn of(t: Texts, history: &[Entry]) -> Vec<EntryView> {
    history.iter().map(|entry| one(t, entry)).collect()
}

fn one(t: Texts, entry: &Entry) -> EntryView {
    EntryView {
        title: title(t, entry),
        at: Time::new(entry.received_at),
        source: t.or(&format!("source-{}", entry.source), &entry.source),
        not_applied: (!entry.applied).then(|| entry.reason.clone().unwrap_or_default()),
        event: serde_json::to_string_pretty(&entry.event).unwrap_or_default(),
    }
}

/// What happened, in words: an event of an unknown kind shows its kind.
fn title(t: Texts, entry: &Entry) -> String {
    let question = |of: &Value| of.get("step").and_then(Value::as_u64).map(|step| step + 1);
    match entry.kind.as_str() {
        // The store and the journal's tail name news of a leg differently.
        "progress" => {
            let news = entry.event.get("news").and_then(|news| news.get("news")).and_then(Value::as_str);
            told(t, news.unwrap_or_default(), &entry.event)
        }
        news @ ("accepted" | "ringing" | "answered" | "ended") => told(t, news, &entry.event),
        "recording" => {
            let state = entry.event.get("state").and_then(|state| state.get("state")).and_then(Value::as_str);
            t.or(&format!("event-recording-{}", state.unwrap_or_default()), &t.get("event-recording"))
        }
        "spoke" => {
            let says = entry.event.get("says").unwrap_or(&Value::Null);
            match (says.get("says").and_then(Value::as_str), question(says)) {
                (Some("question"), Some(number)) => t.count("event-spoke-question", &number),
                (Some("goodbye"), _) => t.get("event-spoke-goodbye"),
                (Some("apology"), _) => t.get("event-spoke-apology"),
                (Some("bot"), _) => t.get("event-spoke-bot"),
                (Some("client"), _) => t.get("event-spoke-client"),
                _ => t.get("event-spoke"),
            }
        }
        "consulted" => {
            let said = entry.event.get("said").and_then(Value::as_str).unwrap_or_default();
            t.or(&format!("event-consulted-{said}"), &t.get("event-consulted"))
        }
        "status_reported" => {
            let status = entry.event.get("status").and_then(Value::as_str).unwrap_or_default();
            t.with("event-status_reported", "word", &t.or(&format!("status-{status}"), status))
        }
        "requeued" if entry.event["over"].is_object() => failed_over(t, &entry.event["over"]),
        "action_news" => {
            let news = entry.event.get("news").and_then(Value::as_str).unwrap_or_default();
            t.or(&format!("event-action_news-{news}"), &t.get("event-action_news"))
        }
        "app_called" => {
            let is_told = !matches!(
                entry.event.get("receiver").and_then(Value::as_str),
                Some("unreached" | "unreached_busy")
            );
            t.get(if is_told { "event-app_called" } else { "event-app_called-unreached" })
        }
        // The store and the journal's tail name news of users differently too.
        "app" | "taken" | "asked_again" | "silenced" | "declined" | "hung_up" | "rang_out" | "joined"
        | "lost" | "gone" | "orphaned" => of_users(t, entry.event.get("news").unwrap_or(&Value::Null)),
        kind => t.or(&format!("event-{kind}"), kind),
    }
}

/// Which carrier is asked instead, and why.
fn failed_over(t: Texts, over: &Value) -> String {
    let text = |name: &str| over.get(name).and_then(Value::as_str).unwrap_or_default();
    let carrier = text("account").split(':').next().unwrap_or_default();
    let why = t.or(&format!("fault-{}", text("why")), text("why"));
    format!("{} · {why}", t.with("event-failed_over", "carrier", carrier))
}

/// What users of an app did, whose side it was, and with which device.
fn of_users(t: Texts, news: &Value) -> String {
    let text = |name: &str| news.get(name).and_then(Value::as_str);
    let word = text("news").unwrap_or_default();
    let side = text("side").or_else(|| text("by")).map(|side| t.or(&format!("side-{side}"), side));
    let device = text("device").map(|device| t.with("event-app-device", "device", device));
    let words = t.or(&format!("event-app-{word}"), &t.get("event-app"));
    [Some(words), side, device].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// What the carrier said of a leg; of its end, also how.
fn told(t: Texts, news: &str, event: &Value) -> String {
    let word = event.get("news").and_then(|news| news.get("word")).and_then(Value::as_str);
    match (news, word) {
        ("ended", Some(word)) => t.with("event-ended-as", "word", &t.or(&format!("status-{word}"), word)),
        _ => t.or(&format!("event-{news}"), news),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::texts::Language;
    use jiff::Timestamp;
    use serde_json::json;

    fn entry(kind: &str, event: Value) -> Entry {
        Entry {
            lsn: 1,
            received_at: Timestamp::UNIX_EPOCH,
            occurred_at: None,
            source: "carrier".into(),
            kind: kind.into(),
            applied: true,
            reason: None,
            event,
        }
    }

    #[test]
    fn every_kind_of_event_has_words_in_every_language() {
        let kinds = [
            "requested",
            "accepted",
            "ringing",
            "answered",
            "ended",
            "arrived",
            "registered",
            "status_reported",
            "unregistered",
            "dial_started",
            "post_begun",
            "post_unclear",
            "post_refused",
            "requeued",
            "listed_nothing",
            "ruled_not_placed",
            "carrier_silent",
            "gave_up",
            "expired",
            "gated",
            "hang_up_asked",
            "stray_hung_up",
            "spoke",
            "hold_asked",
            "resume_asked",
            "transfer_asked",
            "forwarded",
            "action_begun",
            "action_refused",
            "action_news",
            "consulted",
            "transfer_over",
            "recording",
            "transcribed",
            "transcription",
            "answered_by",
            "priced",
            "bot_connected",
            "bot_ready",
            "bot_said",
            "bot_heard",
            "bot_pressed",
            "bot_tool_asked",
            "bot_tool_answered",
            "bot_model_lost",
            "bot_media_lost",
            "bot_over",
            "metadata_merged",
            "unknown_word",
            "app_called",
            "app",
        ];
        for language in Language::ALL {
            let t = Texts { language };
            for kind in kinds {
                assert_ne!(title(t, &entry(kind, json!({}))), kind, "{language:?}");
            }
            for news in [
                "taken",
                "asked_again",
                "silenced",
                "declined",
                "hung_up",
                "rang_out",
                "joined",
                "lost",
                "gone",
                "orphaned",
            ] {
                let event =
                    json!({ "kind": "app", "news": { "news": news, "side": "caller", "device": "phone-1" } });
                let [stored, tail] =
                    [entry("app", event.clone()), entry(news, event)].map(|entry| title(t, &entry));
                assert_eq!(stored, tail);
                let side = t.get("side-caller");
                assert!(
                    stored.contains("phone-1") && stored.contains(&side) && side != "side-caller",
                    "{stored}"
                );
                assert!(!stored.starts_with(&t.get("event-app")), "{language:?} {news}");
            }
            for source in ["reconciler", "carrier", "engine", "api"] {
                assert_ne!(t.or(&format!("source-{source}"), source), source, "{language:?}");
            }
        }
    }

    #[test]
    fn a_question_is_counted_from_one() {
        let t = Texts { language: Language::English };
        let event = json!({ "says": { "says": "question", "step": 0, "ask": 0, "text": "How?" } });
        assert!(title(t, &entry("spoke", event)).contains('1'));
    }

    #[test]
    fn news_of_a_leg_read_the_same_from_the_store_and_from_the_journal() {
        let t = Texts { language: Language::English };
        let event = json!({ "news": { "news": "ended", "word": "busy" } });
        assert_eq!(title(t, &entry("progress", event.clone())), title(t, &entry("ended", event)));
    }

    #[test]
    fn an_unknown_kind_shows_itself() {
        let t = Texts { language: Language::English };
        assert_eq!(title(t, &entry("dreamt", Value::Null)), "dreamt");
    }
}
