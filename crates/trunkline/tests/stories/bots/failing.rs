//! F-24: the model fails in each way, many calls at once. Every caller hears something within three seconds by their own clock (told in full), and of
//! every call there is a transcript and an outcome. `TRUNKLINE_CALLS=100` tells it in full.

use super::{OPENING, Talk, short};
use crate::day::{Day, Opening};
use trunkline_sim::{CallSid, Habit, Heard, Misbehaves};

/// How long a caller may hear nothing, in simulated milliseconds.
const WITHIN_MS: u32 = 3_000;
/// On a machine that does other things beside, as it does with the other tests.
const WITHIN_MS_WHEN_BUSY: u32 = 10_000;
/// Slow enough for a busy machine: what is measured is the server's patience.
const SPEED: f64 = 1.0;

fn calls() -> usize {
    std::env::var("TRUNKLINE_CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(8)
}

fn waited(talk: &Talk, sid: &CallSid) -> Vec<u32> {
    let waited = |heard| match heard {
        Heard::Waited { ms } => Some(ms),
        _ => None,
    };
    talk.day.sim.heard(sid).into_iter().filter_map(waited).collect()
}

/// So many callers at once, while every session of the model does this.
fn nobody_is_left_in_silence(wrong: &Misbehaves) {
    let room = |day: Opening, limit: &str| day.set(limit, "300");
    let limits = ["SYSTEM", "CARRIER", "TENANT"].map(|of| format!("TRUNKLINE_LIMITS_{of}_CALLS"));
    let day = limits.iter().fold(Day::with(), |day, limit| room(day, limit));
    let talk = Talk::at_speed(SPEED, day, short(), vec![(None, wrong.clone())]);
    let number = |n: usize| format!("+1555011{n:04}");
    let habit = || Habit::says(["I have to come later.", "Ann", "Tuesday", "no"]);
    let sids: Vec<CallSid> = (0..calls()).map(|n| talk.day.is_called_by(&number(n), habit())).collect();
    talk.day.until("everybody has heard the script", |day| {
        let asked =
            |sid: &CallSid| day.sim.heard(sid).iter().any(|heard| matches!(heard, Heard::Asked { .. }));
        sids.iter().all(asked).then_some(())
    });
    for sid in &sids {
        let waits = waited(&talk, sid);
        assert!(!waits.is_empty(), "{wrong:?}: nothing was heard");
        let within = if std::env::var("TRUNKLINE_CALLS").is_ok() { WITHIN_MS } else { WITHIN_MS_WHEN_BUSY };
        assert!(waits.iter().all(|ms| *ms <= within), "{wrong:?}: waits of {waits:?} ms");
    }
    let ended = talk.day.until("every call has an outcome", |day| {
        let listed = day.get(&format!("/api/calls?limit={}", calls() + 1)).json()["calls"].clone();
        let all = listed.as_array()?.clone();
        (all.len() == calls() && all.iter().all(|call| call["outcome"].is_string())).then_some(all)
    });
    for call in ended {
        let id = call["id"].as_str().unwrap();
        let transcript = talk.day.get(&format!("/api/calls/{id}/transcript")).json();
        assert_eq!(transcript["over"], "failed", "{wrong:?}: {transcript}");
        assert!(transcript["model_lost"].as_u64() >= Some(2), "{wrong:?}: {transcript}");
        // What was heard of the bot before is there.
        if matches!(wrong, Misbehaves::StallsAt(1) | Misbehaves::GarbageAt(1) | Misbehaves::FailsAt(1)) {
            assert_eq!(transcript["entries"][0]["text"], OPENING, "{wrong:?}: {transcript}");
        }
    }
    assert_eq!(talk.model.open(), 0);
}

#[test]
pub fn f_24_nobody_is_left_in_silence_by_a_model_that_refuses() {
    nobody_is_left_in_silence(&Misbehaves::Refuses(429));
}

#[test]
pub fn f_24_nobody_is_left_in_silence_by_a_model_that_is_never_ready() {
    nobody_is_left_in_silence(&Misbehaves::NeverReady);
}

#[test]
pub fn f_24_nobody_is_left_in_silence_by_a_model_that_hangs_at_once() {
    nobody_is_left_in_silence(&Misbehaves::StallsAt(0));
}

#[test]
pub fn f_24_nobody_is_left_in_silence_by_a_model_that_hangs_in_mid_call() {
    nobody_is_left_in_silence(&Misbehaves::StallsAt(1));
}

#[test]
pub fn f_24_nobody_is_left_in_silence_by_a_model_that_sends_garbage() {
    nobody_is_left_in_silence(&Misbehaves::GarbageAt(1));
}

#[test]
pub fn f_24_nobody_is_left_in_silence_by_a_model_that_cannot_answer() {
    nobody_is_left_in_silence(&Misbehaves::FailsAt(1));
}

#[test]
pub fn f_24_nobody_is_left_in_silence_by_a_connection_that_breaks_again_and_again() {
    nobody_is_left_in_silence(&Misbehaves::CutsAlways);
}
