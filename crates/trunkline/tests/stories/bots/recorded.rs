//! A bot's talk, recorded as it was heard: the caller left, the bot right, and only where the caller was told.

use super::{OPENING, SPEED, Talk, short};
use crate::day::{Day, Opening};
use crate::operator::{is_projected, run};
use serde_json::{Value, json};
use std::path::PathBuf;
use trunkline_sim::{Habit, Misbehaves, ModelTurn};

const SILENCE: u8 = 0xFF;
const HEAD_BYTES: usize = 58;
/// 8,000 frames are a second.
const PER_MS: usize = 8;
/// A letter of the simulator's speech lasts 60 ms.
const LETTER: usize = 60 * PER_MS;

/// A day on which the bot records.
fn recorded(speed: f64, opening: Opening, turns: Vec<ModelTurn>) -> Talk {
    misbehaving(speed, opening, turns, Vec::new())
}

fn misbehaving(
    speed: f64,
    opening: Opening,
    turns: Vec<ModelTurn>,
    misbehaves: Vec<(Option<usize>, Misbehaves)>,
) -> Talk {
    Talk::prepared(speed, opening, turns, misbehaves, |day| {
        let file = day.questions_file().with_file_name("bots").join("reception.json");
        let mut bot: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        bot["record"] = json!(true);
        std::fs::write(file, bot.to_string()).unwrap();
    })
}

/// The talk's recordings, once so many are stored.
fn stored(talk: &Talk, count: usize) -> Vec<Value> {
    talk.day.until("the recordings are stored", |_| {
        let all = talk.transcript()["recordings"].as_array().cloned().unwrap_or_default();
        (all.len() == count && all.iter().all(|one| one["state"] == "stored")).then_some(all)
    })
}

/// The two channels of one, as it is downloaded.
fn channels(talk: &Talk, recording: &Value) -> (Vec<u8>, Vec<u8>) {
    let file = talk.day.get(recording["href"].as_str().unwrap());
    assert_eq!((file.status, file.header("content-type")), (200, "audio/wav"));
    assert_eq!(recording["bytes"], file.body.len());
    split(&file.body)
}

/// The sound of a WAV file of two channels of µ-law, whose head says how much it is.
fn split(file: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let word = |at: usize| usize::try_from(u32::from_le_bytes(file[at..at + 4].try_into().unwrap())).unwrap();
    assert_eq!((&file[..4], &file[8..16], word(4)), (&b"RIFF"[..], &b"WAVEfmt "[..], file.len() - 8));
    assert_eq!(file[20..24], [7, 0, 2, 0], "mu-law, two channels");
    assert_eq!((&file[50..54], word(54)), (&b"data"[..], file.len() - HEAD_BYTES));
    apart(&file[HEAD_BYTES..])
}

fn apart(pairs: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let channel = |n: usize| pairs.chunks_exact(2).map(|pair| pair[n]).collect();
    (channel(0), channel(1))
}

/// What somebody hears who listens to it.
fn words(sound: &[u8]) -> String {
    let runs = sound.chunk_by(|a, b| a == b).filter(|run| run[0] < 0xFE);
    let letters = runs.flat_map(|run| std::iter::repeat_n(run[0], (run.len() + LETTER / 2) / LETTER));
    String::from_utf8_lossy(&letters.collect::<Vec<u8>>()).trim().to_owned()
}

/// Where something can be heard, pause by pause, in milliseconds: each from where to where.
fn spoken(sound: &[u8]) -> Vec<(usize, usize)> {
    let mut all: Vec<(usize, usize)> = Vec::new();
    for (at, _) in sound.iter().enumerate().filter(|(_, byte)| **byte != SILENCE) {
        let at = at / PER_MS;
        match all.last_mut().filter(|(_, end)| at <= *end + 100) {
            Some((_, end)) => *end = at,
            None => all.push((at, at)),
        }
    }
    all
}

fn folder(day: &Day) -> PathBuf {
    day.folder().join("recordings")
}

/// The files of talks in the folder, whole or not.
fn files(day: &Day) -> Vec<String> {
    let entries = std::fs::read_dir(folder(day)).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains(".talk-")).collect()
}

#[test]
pub fn a_talk_is_recorded_as_it_was_heard_and_the_bot_is_cut_where_its_caller_spoke_up() {
    let turns = vec![
        ModelTurn::says(
            "Hello, I am an automated assistant, and I have very many things to tell you about all that we do here.",
        ),
        ModelTurn::says("I see. Goodbye.").and_asks("end_call", &json!({ "reason": "done" })),
    ];
    let talk = recorded(2.0, Day::with(), turns);
    talk.is_called(Habit::Interrupts { said: vec!["Stop please.".to_owned()], after_ms: 2_000 });
    talk.ended();
    let recording = &stored(&talk, 1)[0];
    let (caller, bot) = channels(&talk, recording);
    assert_eq!(caller.len(), bot.len());
    assert_eq!(words(&caller), "Stop please.");
    let (said, heard) = (spoken(&caller), spoken(&bot));
    assert_eq!((said.len(), heard.len()), (1, 2), "{said:?} {heard:?}");
    // Each in its place: the caller spoke up after two seconds of the bot, which was silent soon, and answered afterwards.
    let (spoke_up, stopped) = said[0];
    assert!(spoke_up.abs_diff(heard[0].0 + 2_000) <= 300, "{said:?} {heard:?}");
    assert!(heard[0].1 > spoke_up && heard[0].1 < spoke_up + 500, "{said:?} {heard:?}");
    assert!(heard[1].0 > stopped, "{said:?} {heard:?}");
    // No more of the bot than the transcript says was heard, but for what the carrier had not told of yet.
    let transcript = talk.transcript();
    let first = &transcript["entries"][0];
    let cut = words(&bot[..heard[0].1 * PER_MS]);
    assert!(cut.starts_with(first["text"].as_str().unwrap()), "{cut:?} of {first}");
    let length = heard[0].1 - heard[0].0;
    let told = usize::try_from(first["heard_ms"].as_u64().unwrap()).unwrap();
    assert!(length + 100 >= told && length <= told + 400, "{length} ms of {first}");
    assert!(words(&bot).ends_with("I see. Goodbye."), "{}", words(&bot));
    // And it is a recording like any other.
    let seconds = recording["duration_secs"].as_u64().unwrap();
    assert_eq!(usize::try_from(seconds).unwrap(), caller.len() / (1_000 * PER_MS));
    let part = talk.day.ask(reqwest::Method::GET, recording["href"].as_str().unwrap());
    let part = talk.day.send(part.bearer_auth(crate::day::KEY).header("Range", "bytes=0-3"));
    assert_eq!((part.status, &part.body[..]), (206, &b"RIFF"[..]));
    talk.day.until("the call is over", |day| (day.look_at(&talk.call())["state"] == "ended").then_some(()));
    is_projected(&talk.day);
    let checked = run(&talk.day, &["verify", "--json"]);
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!((&checked["recordings"], &checked["sound"]), (&json!({ "good": 1, "of": 1 }), &json!(true)));
}

#[test]
pub fn a_recording_is_there_up_to_the_moment_a_server_is_killed_and_its_call_goes_on_in_the_next_part() {
    let turns = vec![
        ModelTurn::says(OPENING),
        ModelTurn::says("Sorry, we were cut off. How can I help?"),
        ModelTurn::says("All right, it is noted. Goodbye.")
            .and_asks("end_call", &json!({ "reason": "done" })),
    ];
    let mut talk = recorded(SPEED, Day::with().in_its_own_process(), turns);
    talk.is_called(Habit::says(["I have to come later."]));
    let call = talk.call();
    let growing = folder(&talk.day).join(format!("{call}.talk-1.wav.growing"));
    let begun = talk.day.until("a second of it is there", |_| {
        std::fs::read(&growing).ok().filter(|file| file.len() > HEAD_BYTES + 2 * 1_000 * PER_MS)
    });
    talk.day.power_fails();
    // Whoever reads it now hears what there is.
    let left_behind = std::fs::read(&growing).unwrap();
    assert!(left_behind.starts_with(&begun), "what was written stays");
    let (_, bot) = apart(&left_behind[HEAD_BYTES..]);
    let heard = words(&bot);
    assert!(!heard.is_empty() && OPENING.starts_with(&heard), "{heard:?}");

    talk.day.start();
    talk.ended();
    let parts = stored(&talk, 2);
    let (_, first) = channels(&talk, &parts[0]);
    assert_eq!(words(&first), heard, "with its head, and not a byte more");
    let (caller, second) = channels(&talk, &parts[1]);
    assert_eq!(words(&caller), "I have to come later.");
    assert!(words(&second).ends_with("it is noted. Goodbye."), "{}", words(&second));
    let begins = |part: &Value| part["began_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(begins(&parts[0]) < begins(&parts[1]));
    assert_eq!(files(&talk.day).len(), 2, "{:?}", files(&talk.day));
}

#[test]
pub fn without_consent_there_is_no_file() {
    // The bot records nothing, as its file says; or people are to be asked each time, and nobody was.
    let silent = Talk::begin(short());
    let asks = recorded(SPEED, Day::with().set("TRUNKLINE_RECORDINGS_CONSENT", "always"), short());
    for talk in [silent, asks] {
        talk.is_called(Habit::says(["I have to come later."]));
        let transcript = talk.ended();
        assert_eq!((&transcript["over"], &transcript["recordings"]), (&json!("finished"), &json!([])));
        talk.day
            .until("the call is over", |day| (day.look_at(&talk.call())["state"] == "ended").then_some(()));
        assert_eq!(files(&talk.day), Vec::<String>::new());
    }
}

#[test]
pub fn who_is_recorded_is_told() {
    let talk = recorded(SPEED, Day::with(), short());
    let bot = talk.day.get("/api/bots/reception").json();
    let bot = &bot["definition"];
    assert_eq!(bot["record"], json!(true), "{bot}");
    assert_eq!(bot["disclosure"], "Hello, I am an automated assistant. This call is recorded.", "{bot}");
}

#[test]
pub fn where_the_script_goes_on_each_recording_keeps_its_number() {
    let wrong = vec![(None, Misbehaves::StallsAt(1))];
    let talk = misbehaving(SPEED, Day::with(), short(), wrong);
    talk.is_called(Habit::says(["I have to come later.", "Ann", "Tuesday", "no"]));
    talk.ended();
    let call = talk.call();
    talk.day.until("the call is over", |day| (day.look_at(&call)["state"] == "ended").then_some(()));
    let own = &stored(&talk, 1)[0];
    assert_eq!(own["href"], format!("/api/calls/{call}/recordings/0"));
    assert!(words(&channels(&talk, own).1).starts_with(OPENING));
    let turns = talk.day.keeps_recordings(&call);
    let first = turns.iter().flat_map(|turn| turn["recordings"].as_array().unwrap()).next().unwrap();
    assert_eq!(first["href"], format!("/api/calls/{call}/recordings/1"), "{first}");
    assert_eq!(talk.day.get(first["href"].as_str().unwrap()).status, 200);
}

#[test]
pub fn who_is_erased_is_in_no_recording_of_a_bot_either() {
    let mut talk = recorded(SPEED, Day::with(), short());
    talk.is_called(Habit::says(["I have to come later."]));
    talk.ended();
    let call = talk.call();
    stored(&talk, 1);
    talk.day.until("the call is over", |day| (day.look_at(&call)["state"] == "ended").then_some(()));
    assert_eq!(files(&talk.day).len(), 1);
    is_projected(&talk.day);
    talk.day.stops();
    let erased = run(&talk.day, &["erase", super::CALLER, "--json"]);
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    assert_eq!(files(&talk.day), Vec::<String>::new());
}
