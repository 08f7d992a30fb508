//! Who may call whom: members of a conversation, and those whom nobody blocks.

use reqwest::Method;
use serde_json::{Value, json};

use super::parties::{Device, ask, calls, post, seen, takes, token, with};
use crate::day::{Answer, Day, KEY};
use crate::operator::{is_projected, run, told};
use crate::tenants::knows_its_database;

fn members(day: &Day, conversation: &str, users: &[&str]) -> Answer {
    let request = day.ask(Method::PUT, &format!("/api/conversations/{conversation}/members"));
    let answer = day.send(request.bearer_auth(KEY).json(&json!({ "members": users })));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

fn blocks(day: &Day, user: &str, other: &str) {
    let answer = ask(day, user, Method::PUT, &format!("/api/blocks/{other}"), &Value::Null);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn initiate(day: &Day, from: &str, order: &Value) -> Answer {
    post(day, from, "/api/calls/initiate", order)
}

fn rings_for(day: &Day, from: &str, to: &str, secs: u32) -> String {
    let placed = initiate(day, from, &json!({ "receiver_id": to, "ring_timeout_secs": secs }));
    assert_eq!((placed.status, &placed.json()["status"]), (201, &json!("ringing")), "{}", placed.text());
    placed.json()["id"].as_str().unwrap().to_owned()
}

fn in_history(day: &Day, user: &str) -> Vec<Value> {
    let list = ask(day, user, Method::GET, "/api/calls", &Value::Null);
    assert_eq!(list.status, 200, "{}", list.text());
    list.json()["calls"].as_array().unwrap().clone()
}

#[test]
fn where_the_rule_is_the_conversation_only_its_members_call_each_other_in_it() {
    let day = with().set("TRUNKLINE_APP_CALLS_WHO_MAY_CALL", "conversation").begin();
    let mut bob = Device::of(&day, "bob", "phone");
    let wants = |from: &str, to: &str, conversation: &str| {
        initiate(&day, from, &json!({ "receiver_id": to, "conversation_id": conversation }))
    };
    let nobody_knows = wants("ann", "bob", "7");
    members(&day, "7", &["ann", "bob"]);
    members(&day, "8", &["bob", "cat"]);
    let refusals = [
        nobody_knows,
        wants("ann", "bob", "8"),
        wants("eve", "bob", "7"),
        wants("ann", "eve", "7"),
        initiate(&day, "ann", &json!({ "receiver_id": "bob" })),
    ];
    for refused in &refusals {
        assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("may_not_call")));
        let told = |answer: &Answer| {
            let mut told = answer.json();
            told.as_object_mut().unwrap().remove("request_id");
            told
        };
        assert_eq!(told(refused), told(&refusals[0]), "they tell nothing of conversations");
    }
    bob.hears_nothing();
    assert_eq!(wants("ann", "bob", "7").status, 201);
    assert_eq!(bob.hear_of("call.incoming")["conversation_id"], "7");
    let listed = day.get("/api/conversations/7/members").json();
    assert_eq!((&listed["members"], &listed["version"]), (&json!(["ann", "bob"]), &json!(1)));
    assert_eq!(members(&day, "7", &["bob", "ann"]).json()["version"], 1, "the same again is no change");
    members(&day, "7", &["bob"]);
    assert_eq!(wants("bob", "ann", "7").status, 403, "ann has left");
    assert_eq!(day.get("/api/conversations/9/members").status, 404);
}

#[test]
fn the_socket_of_a_conversation_is_its_members_and_shuts_for_who_leaves() {
    let day = with().begin();
    let mut before = Device::at(&day, "/ws/chat/7/", "eve", "laptop");
    members(&day, "7", &["ann", "bob"]);
    assert_eq!(before.closed(), 4404, "of whose members nobody had said anything");
    let mut ann = Device::at(&day, "/ws/chat/7/", "ann", "laptop");
    let mut eve = Device::open(&day, "/ws/chat/7", "", Some(&token("eve")), &[]).unwrap();
    assert_eq!(eve.closed(), 4404);
    members(&day, "7", &["bob"]);
    assert_eq!(ann.closed(), 4404, "she is not in it any more");
    let mut elsewhere = Device::at(&day, "/ws/notifications/", "ann", "laptop");
    elsewhere.hears_nothing();
}

#[test]
fn whom_somebody_blocks_rings_nowhere_and_sees_a_call_that_nobody_takes() {
    let day = with().begin();
    let mut eve = Device::of(&day, "eve", "laptop");
    let mut bob = Device::of(&day, "bob", "phone");
    blocks(&day, "bob", "eve");
    // Beside a call to somebody who blocks nobody and takes none, as a control.
    let mut cat = Device::of(&day, "cat", "laptop");
    let mut dan = Device::of(&day, "dan", "phone");
    let (hidden, open) = (rings_for(&day, "eve", "bob", 5), rings_for(&day, "cat", "dan", 5));
    dan.hear_of("call.incoming");
    for wish in ["accept", "reject", "end"] {
        assert_eq!(post(&day, "bob", &format!("/api/calls/{hidden}/{wish}"), &Value::Null).status, 404);
    }
    let mut tablet = Device::of(&day, "bob", "tablet");
    tablet.hears_nothing();
    eve.say(&json!({ "type": "call.offer", "call_id": hidden, "offer": { "sdp": "x" } }));
    cat.say(&json!({ "type": "call.offer", "call_id": open, "offer": { "sdp": "x" } }));
    let [told, usual] = [(&mut eve, &hidden), (&mut cat, &open)].map(|(device, call)| {
        let frames: Vec<String> = (0..3).map(|_| device.hear().to_string()).collect();
        frames.join("\n").replace(call.as_str(), "CALL")
    });
    let alike =
        |text: String| text.replace("eve", "A").replace("cat", "A").replace("bob", "B").replace("dan", "B");
    assert_eq!(alike(told), alike(usual), "call.ringing, call.missed, call.ended");
    let [mut shown, mut other] = [seen(&day, "eve", &hidden), seen(&day, "cat", &open)];
    for call in [&mut shown, &mut other] {
        let call = call.as_object_mut().unwrap();
        call.retain(|name, _| {
            !name.ends_with("_at")
                && !["id", "call_id", "from", "to", "name", "caller_id", "receiver_id", "legs"]
                    .contains(&name.as_str())
        });
        call["evidence"].as_object_mut().unwrap().remove("ring_ms");
    }
    assert_eq!(shown, other);
    assert_eq!(shown["status"], "missed");
    bob.hears_nothing();
    tablet.hears_nothing();
    assert_eq!(in_history(&day, "bob"), Vec::<Value>::new());
    assert_eq!(in_history(&day, "eve").len(), 1);
    assert_eq!(day.look_at(&hidden)["receiver_id"], "bob", "who runs the server sees it");
}

#[test]
fn who_is_blocked_hears_busy_where_anybody_would_and_the_one_who_blocks_hears_of_neither() {
    let day = with().begin();
    let mut bob = Device::of(&day, "bob", "phone");
    blocks(&day, "bob", "eve");
    let (call, _) = calls(&day, "bob", "cat", "phone");
    takes(&day, "cat", &call, "laptop");
    bob.hear_of("call.accepted");
    for user in ["eve", "dan"] {
        let placed = initiate(&day, user, &json!({ "receiver_id": "bob" }));
        assert_eq!((placed.status, &placed.json()["status"]), (201, &json!("busy")), "{user}");
    }
    let from: Vec<Value> = in_history(&day, "bob").iter().map(|call| call["caller_id"].clone()).collect();
    assert_eq!(from, [json!("dan"), json!("bob")]);
}

#[test]
fn who_calls_somebody_whom_they_block_and_who_calls_them_too_hears_busy_and_the_other_one_nothing() {
    let day = with().begin();
    let mut eve = Device::of(&day, "eve", "laptop");
    blocks(&day, "bob", "eve");
    let hers = rings_for(&day, "eve", "bob", 60);
    eve.hear_of("call.ringing");
    let placed = initiate(&day, "bob", &json!({ "receiver_id": "eve" }));
    assert_eq!((placed.status, &placed.json()["status"]), (201, &json!("busy")), "{}", placed.text());
    eve.hears_nothing();
    let listed: Vec<Value> = in_history(&day, "eve").iter().map(|call| call["id"].clone()).collect();
    assert_eq!(listed, [json!(hers)], "a call of his would tell her that he does not hear of hers");
    let listed: Vec<Value> = in_history(&day, "bob").iter().map(|call| call["id"].clone()).collect();
    assert_eq!(listed, [placed.json()["id"].clone()]);
}

#[test]
fn a_list_of_the_blocked_is_its_owners_and_the_tenants_and_nobody_elses() {
    let day = with().begin();
    let of = |user: &str, method: Method, path: &str| ask(&day, user, method, path, &Value::Null);
    assert_eq!(
        of("bob", Method::GET, "/api/blocks").json(),
        json!({ "user_id": "bob", "blocked": [], "updated_at": null })
    );
    blocks(&day, "bob", "eve");
    blocks(&day, "bob", "cat");
    assert_eq!(of("bob", Method::GET, "/api/blocks").json()["blocked"], json!(["cat", "eve"]));
    assert_eq!(of("eve", Method::GET, "/api/blocks").json()["blocked"], json!([]), "she does not learn it");
    assert_eq!(of("eve", Method::GET, "/api/blocks?user_id=bob").status, 400);
    assert_eq!(of("bob", Method::PUT, "/api/blocks/bob").status, 400);
    assert_eq!(day.get("/api/blocks?user_id=bob").json()["blocked"], json!(["cat", "eve"]));
    assert_eq!(day.get("/api/blocks").status, 400, "a key says whose");
    assert_eq!(day.send(day.ask(Method::DELETE, "/api/blocks/eve?user_id=bob").bearer_auth(KEY)).status, 204);
    assert_eq!(of("bob", Method::DELETE, "/api/blocks/nobody").status, 204);
    assert_eq!(of("bob", Method::GET, "/api/blocks").json()["blocked"], json!(["cat"]));
    let mut bob = Device::of(&day, "bob", "phone");
    rings_for(&day, "eve", "bob", 5);
    bob.hear_of("call.incoming");
    assert_eq!(of("bob", Method::GET, "/api/conversations/7/members").status, 401, "members are a key's");
    for n in 0..499 {
        let path = format!("/api/blocks/stranger-{n}?user_id=bob");
        assert_eq!(day.send(day.ask(Method::PUT, &path).bearer_auth(KEY)).status, 200);
    }
    let full = of("bob", Method::PUT, "/api/blocks/one-more");
    assert_eq!((full.status, &full.json()["code"]), (409, &json!("roster_full")));
}

#[test]
fn a_block_is_taken_and_holds_while_the_database_is_away_after_a_kill_and_when_it_is_back() {
    let mut day = with().in_its_own_process().begin();
    knows_its_database(&day);
    members(&day, "7", &["ann", "bob"]);
    blocks(&day, "bob", "ann");
    let lock = day.database().goes_down();
    blocks(&day, "bob", "eve");
    let unblocked = ask(&day, "bob", Method::DELETE, "/api/blocks/ann", &Value::Null);
    assert_eq!(unblocked.status, 204, "{}", unblocked.text());
    day.restarts();
    let blocked =
        |day: &Day| ask(day, "bob", Method::GET, "/api/blocks", &Value::Null).json()["blocked"].clone();
    assert_eq!(blocked(&day), json!(["eve"]), "a start without the database");
    assert_eq!(day.get("/api/conversations/7/members").json()["members"], json!(["ann", "bob"]));
    let mut bob = Device::of(&day, "bob", "phone");
    rings_for(&day, "eve", "bob", 5);
    rings_for(&day, "ann", "bob", 5);
    assert_eq!(bob.hear_of("call.incoming")["caller_id"], "ann");
    lock.ends(&day);
    day.until("the database has it", |day| (day.database().blocked() == [r#"["eve"]"#]).then_some(()));
    drop(bob);
    day.restarts();
    assert_eq!(blocked(&day), json!(["eve"]));
}

#[test]
fn a_block_that_was_taken_without_the_database_is_not_lost_if_another_server_changed_the_same_list() {
    let mut day = with().in_its_own_process().begin();
    knows_its_database(&day);
    blocks(&day, "bob", "ann");
    let lock = day.database().goes_down();
    blocks(&day, "bob", "eve");
    day.power_fails();
    lock.ends(&day);
    // What the other server wrote: as many changes as here.
    day.database().is_told(
        r#"UPDATE rosters SET users = '["ann","mal"]', version = 2 WHERE kind = 'blocker' AND owner = 'bob'"#,
    );
    day.start();
    let all = r#"["ann","eve","mal"]"#;
    day.until("the database has both", |day| (day.database().blocked() == [all]).then_some(()));
    let blocked = ask(&day, "bob", Method::GET, "/api/blocks", &Value::Null).json()["blocked"].clone();
    assert_eq!(blocked, json!(["ann", "eve", "mal"]));
}

#[test]
fn a_database_that_is_lost_gets_the_rosters_back() {
    let mut day = with().begin();
    knows_its_database(&day);
    blocks(&day, "bob", "eve");
    day.stops();
    day.database().is_deleted();
    day.start();
    day.until("the database has it", |day| (day.database().blocked() == [r#"["eve"]"#]).then_some(()));
    assert_eq!(day.get("/api/blocks?user_id=bob").json()["blocked"], json!(["eve"]));
}

#[test]
fn an_export_carries_the_rosters_into_another_database() {
    let mut day = with().begin();
    knows_its_database(&day);
    members(&day, "7", &["ann", "bob"]);
    blocks(&day, "bob", "eve");
    is_projected(&day);
    day.stops();
    let file = day.folder().with_file_name("all.jsonl");
    let exported = told(&run(&day, &["export", file.to_str().unwrap(), "--json"]));
    assert_eq!(exported["rosters"], 2, "{exported}");
    let other = Day::with().begin_without_server();
    let imported = told(&run(&other, &["import", file.to_str().unwrap(), "--json"]));
    assert_eq!(imported["new"]["rosters"], 2, "{imported}");
    let again = told(&run(&other, &["import", file.to_str().unwrap(), "--json"]));
    assert_eq!(again["new"]["rosters"], 0, "{again}");
    let last = |day: &Day| {
        let out = day.folder().with_file_name("again.jsonl");
        told(&run(day, &["export", out.to_str().unwrap(), "--json"]))["sha256"].clone()
    };
    assert_eq!(last(&other), exported["sha256"]);
}

#[test]
fn who_blocks_and_unblocks_all_day_long_is_asked_to_wait_and_nobody_else_is() {
    let day = with().begin();
    let changes = |n: usize| {
        let method = if n.is_multiple_of(2) { Method::PUT } else { Method::DELETE };
        ask(&day, "bob", method, "/api/blocks/eve", &Value::Null).status
    };
    assert!((0..200).any(|n| changes(n) == 429));
    blocks(&day, "cat", "eve");
}
