//! What an operator sees of calls between users: figures, lists and the page of a call.

use reqwest::Method;
use serde_json::{Value, json};

use super::parties::{Device, post, talking, with};
use crate::day::{Day, KEY};
use crate::operator::is_projected;
use crate::tenants::signed_in;

fn measures(day: &Day, line: &str) -> bool {
    day.get("/metrics").text().lines().any(|found| found == line)
}

#[test]
fn an_operator_sees_who_calls_whom_with_which_devices_and_how_many_are_connected() {
    let day = with().begin();
    let mut ann = Device::of(&day, "ann", "laptop-1");
    let mut bob = Device::of(&day, "bob", "phone-1");
    let _tablet = Device::of(&day, "bob", "tablet-1");
    let (call, _, _) = talking(&day, &mut ann, &mut bob);
    ann.say(&json!({ "type": "call.offer", "call_id": call, "offer": { "sdp": "x" } }));
    bob.hear_of("call.offer");
    for line in [
        "trunkline_app_calls_active 1",
        "trunkline_app_users_connected 2",
        "trunkline_app_devices_connected 3",
        "trunkline_app_frames_total{became=\"passed\"} 1",
    ] {
        assert!(measures(&day, line), "{line} is not in\n{}", day.get("/metrics").text());
    }
    let cookie = signed_in(&day, KEY);
    let page = |path: &str, language: &str| {
        let asked = day.ask(Method::GET, path).header("cookie", &cookie).header("accept", "text/html");
        // Marks of direction around what is filled in are left out.
        day.send(asked.header("accept-language", language)).text().replace(['\u{2068}', '\u{2069}'], "")
    };
    let (english, hebrew) = (|path: &str| page(path, "en"), |path: &str| page(path, "he"));
    let front = english("/");
    assert!(front.contains("ann → bob") && front.contains("Users connected"), "{front}");
    assert!(front.contains("on 3 devices"), "{front}");
    assert!(hebrew("/").contains("משתמשים מחוברים"));
    post(&day, "ann", &format!("/api/calls/{call}/end"), &Value::Null);
    is_projected(&day);
    let page = english(&format!("/calls/{call}"));
    for words in ["Taken · device phone-1", "laptop-1", "Voice, between users", "Hung up · the caller"] {
        assert!(page.contains(words), "{words} is not in {page}");
    }
    assert!(hebrew(&format!("/calls/{call}")).contains("נענתה · "));
    assert!(measures(
        &day,
        "trunkline_app_calls_ended_total{call_type=\"voice\",disposition=\"completed\"} 1"
    ));
}
