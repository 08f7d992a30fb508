//! Recordings in an S3 bucket: a real server, which checks signatures, behind a door that can be shut.

use std::sync::OnceLock;

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trunkline_engine::{Addressing, Bucket, BucketAddress};
use trunkline_testkit::proxy::{Proxy, Weather};
use trunkline_testkit::s3::Server;

use super::{in_folder, part};
use crate::day::{Day, Opening};
use crate::operator::{told, with};

const ANN: &str = "+15550100411";
const BUCKET: &str = "calls";

/// The one server of all these stories; each has a prefix of its own.
fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| Server::start(BUCKET).unwrap())
}

/// A day whose recordings go to the bucket, by a door of its own.
fn a_day(prefix: &str, secret: &str) -> (Opening, Proxy) {
    let door = Proxy::before(server().port()).unwrap();
    let settings = settings(prefix, secret, door.port());
    let opening = settings.iter().fold(Day::with(), |opening, (name, value)| opening.set(name, value));
    (opening, door)
}

fn settings(prefix: &str, secret: &str, port: u16) -> [(&'static str, String); 4] {
    [
        ("TRUNKLINE_RECORDINGS_STORE", format!("s3://{BUCKET}/{prefix}")),
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_ACCESS_KEY_ID", server().key_id().to_owned()),
        ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
    ]
}

/// What a command says that knows the bucket.
fn says(day: &Day, prefix: &str, arguments: &[&str]) -> Value {
    let settings = settings(prefix, server().secret(), server().port());
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    told(&with(&day.folder(), arguments, &settings))
}

fn bucket(prefix: &str) -> Bucket {
    let address = BucketAddress {
        bucket: BUCKET.to_owned(),
        prefix: prefix.to_owned(),
        endpoint: Some(format!("http://127.0.0.1:{}", server().port())),
        region: "us-east-1".to_owned(),
        key: Some((server().key_id().to_owned(), server().secret().to_owned().into())),
        addressing: Addressing::Path,
    };
    Bucket::open(&address).unwrap()
}

/// How many of a call's recordings the bucket has, each with the checksum that the call says.
fn in_bucket(day: &Day, prefix: &str, turns: &[Value]) -> usize {
    let bucket = bucket(prefix);
    let all = turns.iter().flat_map(|turn| turn["recordings"].as_array().unwrap());
    all.filter(|recording| {
        let call = recording["href"].as_str().unwrap().split('/').nth(3).unwrap();
        let id = recording["carrier_recording_id"].as_str().unwrap();
        let name = trunkline_engine::RecordingName::new(call, id).unwrap();
        let found = day.block_on(bucket.look(&name)).unwrap();
        found.is_some_and(|found| {
            found.bytes == recording["bytes"].as_u64().unwrap()
                && found.sha256.as_deref() == recording["sha256"].as_str()
        })
    })
    .count()
}

fn a_call(day: &Day) -> (String, Vec<Value>) {
    let call = day.call(ANN);
    day.ended(&call);
    let turns = day.keeps_recordings(&call);
    assert_eq!(turns.len(), 3);
    (call, turns)
}

fn all_moved(day: &Day) {
    day.until("the folder is empty", |day| (in_folder(day) == 0).then_some(()));
}

fn bucket_is(day: &Day, state: &str) {
    day.until(&format!("the bucket is {state}"), |day| {
        (day.get("/readyz").json()["parts"]["recordings"]["state"] == state).then_some(())
    });
}

fn hears_all_of_it(day: &Day, call: &str, turns: &[Value]) {
    for (n, turn) in turns.iter().enumerate() {
        let heard = day.get(&format!("/api/calls/{call}/recordings/{n}"));
        assert_eq!(heard.status, 200, "{}", heard.text());
        let sum: String = Sha256::digest(&heard.body).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(turn["recordings"][0]["sha256"], sum);
    }
}

#[test]
#[ignore = "needs an S3 server: cargo xtask test"]
fn a_recording_goes_to_the_bucket_and_is_played_from_there_in_whole_and_in_part() {
    let (opening, _door) = a_day("played", server().secret());
    let day = opening.begin();
    let (call, turns) = a_call(&day);
    all_moved(&day);
    assert_eq!(in_bucket(&day, "played", &turns), 3);
    hears_all_of_it(&day, &call, &turns);
    let whole = day.get(&format!("/api/calls/{call}/recordings/0")).body;
    let some = part(&day, &call, "bytes=4-43");
    assert_eq!((some.status, some.body.as_slice()), (206, &whole[4..44]));
    assert_eq!(some.header("content-range"), format!("bytes 4-43/{}", whole.len()));
    assert_eq!(part(&day, &call, "bytes=-5").body, whole[whole.len() - 5..]);
    assert_eq!(part(&day, &call, "bytes=99999999-").status, 416);

    let made = day.post(&format!("/api/calls/{call}/recordings/0/link"), &Value::Null).json();
    let link = made["url"].as_str().unwrap();
    let link = &link[link.find("/recordings/").unwrap()..];
    assert_eq!(day.send(day.ask(Method::GET, link)).body, whole);
    bucket_is(&day, "ok");
    let verified = says(&day, "played", &["verify", "--json"]);
    assert_eq!(verified["recordings"], json!({ "good": 3, "of": 3 }), "{verified}");
}

#[test]
#[ignore = "needs an S3 server: cargo xtask test"]
fn while_the_bucket_is_away_recordings_wait_and_calls_do_not_notice() {
    let (opening, door) = a_day("away", server().secret());
    let day = opening.begin();
    let (before, there) = a_call(&day);
    all_moved(&day);
    door.is(Weather::Refusing).unwrap();
    let (call, turns) = a_call(&day);
    assert_eq!(day.look_at(&call)["status"], "completed");
    hears_all_of_it(&day, &call, &turns);
    bucket_is(&day, "degraded");
    // A recording that the carrier announced twice may have been fetched twice.
    assert!(in_folder(&day) >= 3);
    let gone = day.get(&format!("/api/calls/{before}/recordings/0"));
    assert_eq!(
        (gone.status, gone.json()["code"].as_str()),
        (503, Some("recordings_away")),
        "{}",
        gone.text()
    );

    door.is(Weather::Fair).unwrap();
    all_moved(&day);
    bucket_is(&day, "ok");
    assert_eq!(in_bucket(&day, "away", &turns), 3);
    hears_all_of_it(&day, &call, &turns);
    hears_all_of_it(&day, &before, &there);
}

#[test]
#[ignore = "needs an S3 server: cargo xtask test"]
fn a_wrong_secret_is_told_and_costs_no_recording() {
    let (opening, _door) = a_day("secret", "not-the-secret-of-anybody");
    let mut day = opening.begin();
    bucket_is(&day, "degraded");
    let reason = day.get("/readyz").json()["parts"]["recordings"]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("refuses the key"), "{reason}");
    let (call, turns) = a_call(&day);
    hears_all_of_it(&day, &call, &turns);
    assert_eq!(in_folder(&day), 3);

    day.set("AWS_SECRET_ACCESS_KEY", server().secret());
    day.power_fails().start();
    all_moved(&day);
    hears_all_of_it(&day, &call, &turns);
}

#[test]
#[ignore = "needs an S3 server: cargo xtask test"]
fn what_a_kill_cut_off_is_moved_again_and_what_lay_in_the_folder_goes_along() {
    let (opening, door) = a_day("killed", server().secret());
    let mut day = opening.in_its_own_process().set("TRUNKLINE_RECORDINGS_STORE", "folder").begin();
    let (old, old_turns) = a_call(&day);
    assert_eq!(in_folder(&day), 3, "without a bucket they stay");
    day.set("TRUNKLINE_RECORDINGS_STORE", &format!("s3://{BUCKET}/killed"));
    // The bucket takes what it is sent, and its answer is lost: nobody knows that it is there.
    door.swallow_answers_to(b"PUT /calls/killed/", u64::MAX);
    day.power_fails().start();
    let (call, turns) = a_call(&day);
    day.until("the bucket has one of them", |day| {
        (in_bucket(day, "killed", &turns) > 0 || in_bucket(day, "killed", &old_turns) > 0).then_some(())
    });
    assert_eq!(in_folder(&day), 6);
    door.swallow_answers_to(b"PUT /calls/killed/", 0);
    day.power_fails().start();
    all_moved(&day);
    assert_eq!((in_bucket(&day, "killed", &turns), in_bucket(&day, "killed", &old_turns)), (3, 3));
    hears_all_of_it(&day, &call, &turns);
    hears_all_of_it(&day, &old, &old_turns);
}

#[test]
#[ignore = "needs an S3 server: cargo xtask test"]
fn who_is_erased_is_gone_from_the_bucket_too() {
    let (opening, _door) = a_day("erased", server().secret());
    let mut day = opening.begin();
    let (_, turns) = a_call(&day);
    all_moved(&day);
    assert_eq!(in_bucket(&day, "erased", &turns), 3);
    day.until("nothing waits", |day| (day.get("/readyz").json()["lag_events"] == 0).then_some(()));
    day.stops();
    let erased = says(&day, "erased", &["erase", ANN, "--json"]);
    assert_eq!(erased["erased"]["recordings"], 3, "{erased}");
    assert_eq!(in_bucket(&day, "erased", &turns), 0);
}

/// A selftest looks at the bucket that is set, and says what of it does not work.
#[test]
fn a_selftest_writes_reads_and_removes_an_object_and_names_what_fails() {
    let folder = tempfile::tempdir().unwrap();
    let told = |secret: &str, port: u16| {
        let settings = settings("selftest", secret, port);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_trunkline"));
        command.args(["selftest", "--json"]).current_dir(folder.path()).env_clear().envs(settings);
        let output = command.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let areas: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let bucket =
            areas.iter().find(|area| area["area"].as_str().is_some_and(|area| area.contains("bucket")));
        (output.status.code(), bucket.cloned().unwrap_or_else(|| panic!("{text}")))
    };
    let (code, area) = told(server().secret(), server().port());
    assert_eq!((code, &area["passed"]), (Some(0), &json!(true)), "{area}");
    let (code, area) = told("wrong", server().port());
    assert_eq!((code, &area["passed"]), (Some(1), &json!(false)));
    let why = area["why"].as_str().unwrap();
    assert!(
        why.contains("s3://calls/selftest") && why.contains("takes no object: the bucket refuses the key"),
        "{why}"
    );
    let (code, area) = told(server().secret(), crate::day::free_port());
    assert_eq!(code, Some(1));
    assert!(area["why"].as_str().unwrap().contains("can't be reached"), "{area}");
}
