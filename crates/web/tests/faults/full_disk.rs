//! F-04 from outside: what callers, carriers, clients and operators are told when the journal's disk is full, and that
//! everything goes on, and nothing acknowledged is lost, when there is room again.

use crate::caller::Caller;
use crate::client::Answer;
use crate::disk::{Disk, is_inside};
use crate::house::{House, KEY, Opening, eventually};
use serde_json::{Value, json};
use std::fs::DirEntry;
use std::path::Path;
use std::time::{Duration, Instant};
use trunkline_core::dial::gates::DialLimits;
use trunkline_journal::Options;
use trunkline_sim::{Fault, FaultKind};

const DISK: u64 = 16 << 20;
const RESERVE: u64 = 1 << 20;
const CALLS: usize = 40;
/// Calls of which something is told at once.
const BREATH: usize = 160;
const BREATHS: usize = 5;
const APOLOGY: &str = "Sorry, we have a technical problem";
/// Somebody who answers.
const ANSWERS: &str = "+15550109000";
/// How many times as fast as real time runs.
const SPEED: f64 = 20.0;
/// How late the sound of recordings comes: so that the disk is full by then.
const LATE_SECS: u32 = 100;
const SCRIPT: &str = r#"{"questions": ["How are you?", "And tomorrow?"], "opt_out": "9"}"#;

async fn house(disk: &Disk, reserve_bytes: u64) -> House {
    let dial_limits =
        DialLimits { system: 1_000, carrier: 1_000, tenant: 1_000, cps: 1_000.0, ..DialLimits::default() };
    let journal = Options {
        reserve_bytes,
        segment_bytes: 256 << 10,
        full_probe: Duration::from_millis(20),
        ..Options::default()
    };
    let opening = Opening {
        dial_limits,
        journal,
        data: Some(disk.path().to_owned()),
        script: SCRIPT,
        speed: SPEED,
        ..Opening::default()
    };
    let house = House::with(opening).await;
    if reserve_bytes > 0 {
        let reserve = disk.path().join("journal/reserve");
        eventually("the reserve is in place", async || reserve.exists().then_some(())).await;
    }
    house
}

/// Closes it in order, so that another one can be opened over the same data.
async fn close(house: House) {
    house.shutdown.cancel();
    house.serving.await.unwrap();
    house.engine.stop().await;
}

/// Places calls until one is refused; those that were taken, and the refusal.
async fn fills_up(house: &House, disk: &Disk) -> (Vec<String>, Answer) {
    disk.fill();
    let mut taken = Vec::new();
    for n in 0..10_000 {
        let order = json!({ "to": format!("+1555019{n:04}"), "name": "Ann Lee" });
        let answer = house.api("POST", "/api/calls", &order.to_string()).await;
        if answer.status != 202 {
            return (taken, answer);
        }
        taken.push(answer.json()["id"].as_str().unwrap().to_owned());
    }
    panic!("the disk is never full");
}

fn assert_apology(answer: &Answer, who: &str) {
    assert_eq!(answer.status, 200, "{who}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/xml; charset=utf-8"), "{who}");
    let text = answer.text();
    assert!(text.contains(APOLOGY) && text.ends_with("<Hangup/></Response>"), "{who}: {text}");
}

async fn status(house: &House, id: &str) -> Value {
    house.api("GET", &format!("/api/calls/{id}"), "").await.json()["status"].clone()
}

/// Runs a story where a disk can be mounted.
fn on_a_disk_of_its_own(test: &str, story: impl Future<Output = ()>) {
    if is_inside(&format!("full_disk::{test}")) {
        tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(story);
    }
}

#[test]
fn on_a_full_disk_everybody_is_told_and_with_room_again_everything_goes_on() {
    on_a_disk_of_its_own(
        "on_a_full_disk_everybody_is_told_and_with_room_again_everything_goes_on",
        everybody_is_told(),
    );
}

#[test]
fn news_that_was_refused_in_one_breath_with_ends_that_were_taken_is_not_believed() {
    on_a_disk_of_its_own(
        "news_that_was_refused_in_one_breath_with_ends_that_were_taken_is_not_believed",
        news_and_ends(),
    );
}

#[test]
fn no_recording_takes_the_room_that_is_kept_for_ends_and_none_is_given_up() {
    on_a_disk_of_its_own(
        "no_recording_takes_the_room_that_is_kept_for_ends_and_none_is_given_up",
        recordings_wait(),
    );
}

/// The control: without its reserve the journal refuses ends as well.
#[test]
fn without_a_reserve_not_even_ends_go_in() {
    on_a_disk_of_its_own("without_a_reserve_not_even_ends_go_in", no_reserve());
}

async fn everybody_is_told() {
    let disk = Disk::mount(DISK);
    let house = house(&disk, RESERVE).await;
    let cookie = house.sign_in().await;
    let calls: Vec<Caller> = (0..CALLS).map(|n| Caller::new("aa", n)).collect();
    for call in &calls {
        assert!(call.hears(&house, "/voice?q=0").await.text().contains("How are you?"));
    }
    let (ending, going_on) = calls.split_at(CALLS / 2);
    let (asked_to_end, going_on) = going_on.split_first().unwrap();

    let (taken, refused) = fills_up(&house, &disk).await;
    a_client_is_told(&refused);
    refusals_take_no_room(&house, &disk).await;
    people_are_apologized_to(&house, &going_on[0]).await;
    the_carrier_is_asked_to_come_again(&house, &going_on[1]).await;
    operators_are_told(&house, &cookie).await;
    for call in ending {
        let ended = house.webhook("/status", &call.form("completed", &[("CallDuration", "9")])).await;
        assert_eq!(ended.status, 204, "ends go in by the reserve");
        assert_eq!(status(&house, &call.sid).await, "completed");
    }
    let end = format!("/api/calls/{}/end", asked_to_end.call());
    assert_eq!(house.api("POST", &end, "").await.status, 202, "and so does a wish to end");
    let suppressed = house.api("POST", "/api/suppressions", r#"{"number": "+15550100777"}"#).await;
    assert_eq!(suppressed.status, 201, "and a wish never to be called");
    let by_key = Caller::new("bb", 502);
    assert_apology(&house.webhook("/voice?q=0", &by_key.form("in-progress", &[])).await, "who calls in");
    house.webhook("/voice?q=1", &asked_to_end.form("in-progress", &[("Digits", "9")])).await;
    let suppressed = |house: &House| {
        let mut numbers: Vec<_> =
            house.engine.desk().suppressions().iter().map(|(number, ..)| number.reveal().clone()).collect();
        numbers.sort();
        numbers
    };
    let wishes = ["+15550100777", &*asked_to_end.number];
    assert_eq!(suppressed(&house), wishes, "by whatever way");

    disk.clear();
    eventually("the journal has room", async || {
        let ready = house.api("GET", "/readyz", "").await.json();
        (ready["parts"]["journal"]["state"] == "ok").then_some(())
    })
    .await;
    everything_goes_on(&house, going_on, &cookie).await;
    nothing_is_lost(&house, &taken, ending).await;
    close(house).await;

    // And the next process finds it all.
    let again = self::house(&disk, RESERVE).await;
    nothing_is_lost(&again, &taken, ending).await;
    assert_eq!(suppressed(&again), wishes);
}

fn a_client_is_told(refused: &Answer) {
    assert_eq!((refused.status, refused.header("content-type")), (503, Some("application/problem+json")));
    assert!(refused.header("retry-after").is_some());
    let problem = refused.json();
    assert_eq!(problem["code"], "journal_full", "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("disk") && detail.contains("free some space"), "what, and what to do: {detail}");
}

/// Those who are refused must not use up what was kept for the ends of calls, such as by a key for each new person.
async fn refusals_take_no_room(house: &House, disk: &Disk) {
    let keys = || std::fs::metadata(disk.path().join("persons.keys")).unwrap().len();
    let before = keys();
    for n in 0..100 {
        let order = json!({ "to": format!("+1555016{n:04}") });
        assert_eq!(house.api("POST", "/api/calls", &order.to_string()).await.status, 503);
    }
    assert_eq!(keys(), before);
}

async fn people_are_apologized_to(house: &House, known: &Caller) {
    assert_apology(&known.hears(house, "/voice?q=1").await, "in mid questionnaire");
    assert_apology(&Caller::new("bb", 500).hears(house, "/voice?q=0").await, "who calls in");
}

async fn the_carrier_is_asked_to_come_again(house: &House, known: &Caller) {
    let recorded = [("RecordingSid", "RE00000000000000000000000000000001"), ("RecordingStatus", "completed")];
    let heard = [("AnsweredBy", "human")];
    for (target, form) in [
        ("/status", known.form("in-progress", &[("SequenceNumber", "7")])),
        ("/recording", known.form("in-progress", &recorded)),
        ("/amd", known.form("in-progress", &heard)),
        ("/status", Caller::new("bb", 501).form("ringing", &[])),
    ] {
        let answer = house.webhook(target, &form).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("10")), "{target}");
    }
}

async fn operators_are_told(house: &House, cookie: &str) {
    let ready = house.api("GET", "/readyz", "").await;
    assert_eq!((ready.status, &ready.json()["status"]), (200, &json!("degraded")));
    let journal = ready.json()["parts"]["journal"].clone();
    assert!(journal["reason"].as_str().unwrap().contains("the disk is full"), "{journal}");
    let page = house.get("/", &[("cookie", cookie)]).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("banner-journal") && page.text().contains("the disk is full"));
}

async fn everything_goes_on(house: &House, going_on: &[Caller], cookie: &str) {
    for call in going_on {
        let page = call.hears(house, "/voice?q=1").await;
        assert!(page.text().contains("And tomorrow?"), "{}", page.text());
    }
    let told = house.webhook("/status", &going_on[1].form("in-progress", &[("SequenceNumber", "7")])).await;
    assert_eq!(told.status, 204, "what was refused is told again");
    assert!(!house.get("/", &[("cookie", cookie)]).await.text().contains("banner-journal"));
    let placed = house.api("POST", "/api/calls", &json!({ "to": ANSWERS }).to_string()).await;
    assert_eq!(placed.status, 202, "{}", placed.text());
    let id = placed.json()["id"].as_str().unwrap().to_owned();
    eventually("a new call is placed and ends", async || {
        (status(house, &id).await == "completed").then_some(())
    })
    .await;
    let bearer = format!("Bearer {KEY}");
    assert_eq!(house.get("/readyz", &[("authorization", &bearer)]).await.json()["status"], "ok");
    assert_eq!(house.engine.health().await.parked_calls, 0);
}

/// Every call that was taken comes to an end, and every end that was taken stands.
async fn nothing_is_lost(house: &House, taken: &[String], ending: &[Caller]) {
    for call in ending {
        assert_eq!(status(house, &call.sid).await, "completed");
    }
    for id in taken {
        eventually(&format!("{id} comes to its end"), async || {
            let call = house.api("GET", &format!("/api/calls/{id}"), "").await;
            assert_eq!(call.status, 200, "{id} is lost");
            assert_ne!(call.json()["disposition"], "not_placed", "it was only held up: {}", call.text());
            (call.json()["state"] == "ended").then_some(())
        })
        .await;
    }
}

async fn news_and_ends() {
    let disk = Disk::mount(4 * DISK);
    let house = house(&disk, RESERVE).await;
    let calls: Vec<Caller> = (0..BREATHS * BREATH).map(|n| Caller::new("dd", n)).collect();
    for call in &calls {
        assert_eq!(house.webhook("/status", &call.form("ringing", &[])).await.status, 204);
    }
    // The store beside the journal gives a block back now and then, in which a whole breath finds room.
    let mut refused = false;
    for breath in calls.chunks(BREATH) {
        disk.fill();
        refused = in_one_breath(&house, breath).await;
        if refused {
            break;
        }
    }
    assert!(refused, "the control: the disk was full");
}

/// Ends and other news at once. Each is believed or refused as it was answered; whether one was refused.
async fn in_one_breath(house: &House, calls: &[Caller]) -> bool {
    let told = calls.iter().enumerate().map(async |(n, call)| {
        let word = if n % 4 == 0 { "completed" } else { "in-progress" };
        (call, word, house.webhook("/status", &call.form(word, &[])).await.status)
    });
    let told = futures_util::future::join_all(told).await;
    for (call, word, answer) in &told {
        let expected = match (*word, answer) {
            // Nobody had answered it.
            ("completed", 204) => "canceled",
            ("in-progress", 204) => "answered",
            ("in-progress", 503) => "ringing",
            other => panic!("{other:?}"),
        };
        eventually(&format!("{word} answered {answer} is {expected}"), async || {
            (status(house, &call.sid).await == expected).then_some(())
        })
        .await;
    }
    told.iter().any(|(.., answer)| *answer == 503)
}

async fn recordings_wait() {
    let disk = Disk::mount(DISK);
    let house = house(&disk, RESERVE).await;
    house.sim.add_fault(Fault::new(FaultKind::RecordingLate { secs: LATE_SECS }));
    let goes_on = Caller::new("aa", 0);
    goes_on.hears(&house, "/voice?q=0").await;
    let placed = house.api("POST", "/api/calls", &json!({ "to": ANSWERS }).to_string()).await;
    let id = placed.json()["id"].as_str().unwrap().to_owned();
    let states = async || {
        let told = house.api("GET", &format!("/api/calls/{id}/turns"), "").await.json();
        let of_turn = |turn: &Value| turn["recordings"].as_array().cloned().unwrap_or_default();
        let all = told["turns"].as_array().into_iter().flatten().flat_map(of_turn);
        all.map(|recording| recording["state"].clone()).collect::<Vec<_>>()
    };
    eventually("both answers are recorded", async || (states().await.len() == 2).then_some(())).await;
    let named = Instant::now();
    fills_up(&house, &disk).await;

    let fetched_by = Duration::from_secs(u64::from(2 * LATE_SECS)).div_f64(SPEED);
    eventually("their sound can be had", async || (named.elapsed() > fetched_by).then_some(())).await;
    assert_eq!(files_of_sound(disk.path()), 0);
    let ended = house.webhook("/status", &goes_on.form("completed", &[("CallDuration", "9")])).await;
    assert_eq!(ended.status, 204, "ends go in");

    disk.clear();
    eventually("both are stored", async || (states().await == ["stored", "stored"]).then_some(())).await;
    assert_eq!(files_of_sound(disk.path()), 2);
}

/// Files of recordings, finished or not, in this folder and those in it.
fn files_of_sound(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let count = |entry: DirEntry| match entry.file_type().unwrap().is_dir() {
        true => files_of_sound(&entry.path()),
        false => usize::from(entry.path().extension().is_some_and(|end| end == "wav" || end == "part")),
    };
    entries.map(count).sum()
}

async fn no_reserve() {
    let disk = Disk::mount(DISK);
    let house = house(&disk, 0).await;
    let calls: Vec<Caller> = (0..CALLS / 2).map(|n| Caller::new("cc", n)).collect();
    for call in &calls {
        call.hears(&house, "/voice?q=0").await;
    }
    fills_up(&house, &disk).await;
    let mut refused = 0;
    for call in &calls {
        let ended = house.webhook("/status", &call.form("completed", &[("CallDuration", "9")])).await;
        refused += u32::from(ended.status == 503);
    }
    assert!(refused > 0);
}
