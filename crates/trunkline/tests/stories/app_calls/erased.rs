//! A user of an app who asks for it is forgotten, everywhere, and stays so.

use std::fs;
use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use super::parties::{ask, in_secs, post, seen, signed, takes, with};
use crate::day::{Day, KEY};
use crate::operator::{code, is_projected, run, told};
use crate::tenants::knows_its_database;

const USER: &str = "xanthippe-7c1f";
const NAME: &str = "Xanthippe Quillfeather";
const CONVERSATION: &str = "wobblethwaite-42";

fn token(day: &Day) -> String {
    signed(&json!({ "sub": USER, "name": NAME, "exp": in_secs(day, 3_600) }))
}

/// Which words stand in any file of a folder.
fn hits(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            hits(&path, found);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for word in [USER, NAME, CONVERSATION] {
            if bytes.windows(word.len()).any(|window| window == word.as_bytes()) {
                found.push(format!("{word} in {}", path.display()));
            }
        }
    }
}

fn found(day: &Day) -> Vec<String> {
    let mut found = Vec::new();
    hits(&day.folder(), &mut found);
    found
}

/// She called, was called, is in a conversation, blocks somebody and is blocked. The server is down.
fn a_day_with_her() -> (Day, [String; 3]) {
    let mut day = with().begin();
    knows_its_database(&day);
    let put = |path: &str, body: &Value| {
        let answer = day.send(day.ask(Method::PUT, path).bearer_auth(KEY).json(body));
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    put("/api/conversations/team/members", &json!({ "members": [USER, "bob"] }));
    put(&format!("/api/blocks/{USER}?user_id=dan"), &Value::Null);
    put(&format!("/api/blocks/eve?user_id={USER}"), &Value::Null);
    let order = json!({ "receiver_id": "bob", "conversation_id": CONVERSATION });
    let made = day.send(day.ask(Method::POST, "/api/calls/initiate").bearer_auth(token(&day)).json(&order));
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json()["id"].as_str().unwrap().to_owned();
    takes(&day, "bob", &made, "phone");
    post(&day, "bob", &format!("/api/calls/{made}/end"), &Value::Null);
    let call = |from: &str, to: &str| {
        let order = json!({ "receiver_id": to, "conversation_id": CONVERSATION });
        let placed = post(&day, from, "/api/calls/initiate", &order).json();
        let call = placed["id"].as_str().unwrap().to_owned();
        post(&day, from, &format!("/api/calls/{call}/end"), &Value::Null);
        call
    };
    let (taken, others) = (call("bob", USER), call("bob", "cat"));
    is_projected(&day);
    day.stops();
    (day, [made, taken, others])
}

#[test]
fn s_21_an_erased_user_of_an_app_is_in_no_file_no_replay_and_no_roster() {
    let (mut day, [made, taken, others]) = a_day_with_her();
    let before = found(&day);
    for word in [USER, NAME] {
        assert!(before.iter().any(|hit| hit.starts_with(word)), "the control: {word} is there; {before:?}");
    }
    let counted = told(&run(&day, &["erase", "--user", USER, "--dry-run", "--json"]))["erased"].clone();
    assert_eq!(
        (&counted["calls"], &counted["handed"], &counted["rosters"]),
        (&1.into(), &1.into(), &3.into())
    );
    assert_eq!(found(&day).len(), before.len(), "only counted");
    let other = told(&run(&day, &["erase", "--user", USER, "--tenant", "acme", "--json"]))["erased"].clone();
    assert_eq!(
        (&other["calls"], &other["keys"]),
        (&0.into(), &0.into()),
        "another tenant's user of that name"
    );

    let erased = told(&run(&day, &["erase", "--user", USER, "--json"]))["erased"].clone();
    for count in ["calls", "handed", "rosters", "keys"] {
        assert_eq!(erased[count], counted[count], "{count}");
    }
    // The call that is nobody's business of hers keeps its conversation.
    let hers: Vec<String> = found(&day).into_iter().filter(|hit| !hit.starts_with(CONVERSATION)).collect();
    assert_eq!(hers, Vec::<String>::new());
    let journal = String::from_utf8(run(&day, &["journal", "cat"]).stdout).unwrap();
    assert!(!journal.contains(USER) && !journal.contains(NAME), "{journal}");
    assert_eq!(journal.matches(CONVERSATION).count(), 1, "{journal}");
    assert_eq!(code(&run(&day, &["verify"])), 0);

    for emptied in [false, true] {
        if emptied {
            day.stops();
            day.database().is_deleted();
        }
        day.start();
        is_projected(&day);
        let kept = seen(&day, "bob", &made);
        assert_eq!((&kept["caller_id"], &kept["name"]), (&Value::Null, &Value::Null), "{kept}");
        assert_eq!((&kept["conversation_id"], &kept["receiver_id"]), (&Value::Null, &json!("bob")));
        assert_eq!(kept["status"], "completed");
        assert_eq!(ask(&day, "bob", Method::GET, &format!("/api/calls/{taken}"), &Value::Null).status, 404);
        assert_eq!(day.look_at(&taken)["receiver_id"], Value::Null);
        assert_eq!(seen(&day, "bob", &others)["conversation_id"], CONVERSATION);
        assert_eq!(day.get("/api/conversations/team/members").json()["members"], json!(["bob"]));
        assert_eq!(day.get("/api/blocks?user_id=dan").json()["blocked"], json!([]));
    }
    day.stops();
    assert_eq!(code(&run(&day, &["verify"])), 0);
    let again = told(&run(&day, &["erase", "--user", USER, "--json"]))["erased"].clone();
    assert_eq!((&again["calls"], &again["handed"], &again["keys"]), (&0.into(), &0.into(), &0.into()));
}
