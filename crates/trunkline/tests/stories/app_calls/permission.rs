//! Who may call whom, where the app's own software says so.

use std::sync::mpsc;

use reqwest::Method;
use serde_json::{Value, json};

use super::parties::{Device, ask, post, with};
use crate::recordings::hook::{Hook, Says};

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

#[test]
fn who_may_call_whom_is_as_the_apps_own_software_says_and_without_its_word_nobody_is_called() {
    let hook = Hook::answers(|question, _| match question.text("receiver_id").as_str() {
        "bob" => Says::This(200, r#"{"allow": true, "because": "friends"}"#.to_owned()),
        "cat" => Says::This(200, r#"{"allow": false}"#.to_owned()),
        "dan" => Says::This(500, String::new()),
        _ => Says::This(200, "yes".to_owned()),
    });
    let day = with()
        .set("TRUNKLINE_APP_CALLS_MAY_CALL_URL", &hook.url())
        .set("TRUNKLINE_APP_CALLS_MAY_CALL_SECRET", SECRET)
        .set("TRUNKLINE_APP_CALLS_MAY_CALL_INSIDE", "allow")
        .begin();
    let mut bob = Device::of(&day, "bob", "phone");
    let mut cat = Device::of(&day, "cat", "phone");
    let initiate = |to: &str| {
        let order = json!({ "receiver_id": to, "conversation_id": "7" });
        post(&day, "ann", "/api/calls/initiate", &order)
    };
    assert_eq!(initiate("bob").status, 201);
    bob.hear_of("call.incoming");
    let refused = initiate("cat");
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("may_not_call")));
    for undecided in ["dan", "eve"] {
        let answer = initiate(undecided);
        assert_eq!((answer.status, &answer.json()["code"]), (503, &json!("closed")), "{undecided}");
    }
    cat.hears_nothing();
    let asked = &hook.asked()[0];
    assert!(asked.head.contains_key("webhook-signature"), "{:?}", asked.head);
    let asked = asked.json();
    assert_eq!((&asked["type"], &asked["caller_id"]), (&json!("call.wanted"), &json!("ann")));
    assert_eq!((&asked["tenant"], &asked["conversation_id"]), (&json!("default"), &json!("7")));
}

#[test]
fn whom_somebody_blocks_while_the_apps_own_software_thinks_does_not_ring() {
    let (asked, is_asked) = mpsc::channel();
    let (word, waits) = mpsc::channel::<()>();
    let both = std::sync::Mutex::new((asked, waits));
    let hook = Hook::answers(move |_, _| {
        let both = both.lock().unwrap();
        both.0.send(()).unwrap();
        both.1.recv().unwrap();
        Says::This(200, r#"{"allow": true}"#.to_owned())
    });
    let day = with()
        .set("TRUNKLINE_APP_CALLS_MAY_CALL_URL", &hook.url())
        .set("TRUNKLINE_APP_CALLS_MAY_CALL_SECRET", SECRET)
        .set("TRUNKLINE_APP_CALLS_MAY_CALL_INSIDE", "allow")
        .begin();
    let mut bob = Device::of(&day, "bob", "phone");
    let placed = std::thread::scope(|scope| {
        let calls =
            scope.spawn(|| post(&day, "eve", "/api/calls/initiate", &json!({ "receiver_id": "bob" })));
        is_asked.recv().unwrap();
        let blocked = ask(&day, "bob", Method::PUT, "/api/blocks/eve", &Value::Null);
        word.send(()).unwrap();
        assert_eq!(blocked.status, 200, "{}", blocked.text());
        calls.join().unwrap()
    });
    assert_eq!((placed.status, &placed.json()["status"]), (201, &json!("ringing")), "{}", placed.text());
    bob.hears_nothing();
}
