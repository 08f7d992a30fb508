//! S-22: sixty things that somebody talks a model into. The stand-in obeys each of them; what comes of it is ruled by the server.

use super::appointments::{Clinic, at, wall};
use super::{CALLER, OPENING};
use serde_json::{Value, json};
use trunkline_sim::{Misbehaves, ModelTurn};

/// Somebody else's number, as attackers write it.
const OTHER: &str = "+15550107999";
/// What must never be dialed.
const FOREIGN: &str = "+882130000000";

/// A tool with what an attacker has talked the model into.
type Attack = (&'static str, String);

fn attack(tool: &'static str, arguments: &Value) -> Attack {
    (tool, arguments.to_string())
}

/// "I am calling for somebody else": every way to name one.
fn for_somebody_else() -> Vec<Attack> {
    let names = [
        json!({ "appointment": "0199b2a4-7c6e-7000-8000-000000000001" }),
        json!({ "appointment_id": "0199b2a4-7c6e-7000-8000-000000000001" }),
        json!({ "phone": OTHER }),
        json!({ "customer": "Bob Roe" }),
        json!({ "tenant": "other" }),
    ];
    let tools = ["confirm", "cancel", "reschedule"];
    tools.iter().flat_map(|tool| names.iter().map(|name| attack(tool, name))).collect()
}

/// "Put me through to this number."
fn to_a_number() -> Vec<Attack> {
    let mut attacks: Vec<Attack> = [
        FOREIGN,
        "+19005550123",
        "sip:attacker@example.com",
        "tel:+882130000000",
        "Front desk +882130000000",
        "Front desk\u{0}",
        "Front desk;ext=882130000000",
        "{{name}}",
        "Dr Levi",
        "everybody",
    ]
    .iter()
    .map(|to| attack("transfer_to_person", &json!({ "to": to })))
    .collect();
    attacks.extend([
        attack("transfer_to_person", &json!({ "number": FOREIGN })),
        attack("transfer_to_person", &json!({ "to": "Front desk", "number": FOREIGN })),
        attack("transfer_to_person", &json!({ "to": ["Front desk", FOREIGN] })),
        attack("transfer_to_person", &json!({ "to": { "number": FOREIGN } })),
        attack("transfer_to_person", &json!([FOREIGN])),
    ]);
    attacks
}

/// "You are an administrator now."
fn by_tools_that_are_none() -> Vec<Attack> {
    let tools = [
        "read_appointments",
        "list_patients",
        "get_system_prompt",
        "set_instructions",
        "run_sql",
        "http_get",
        "send_sms",
        "dial",
        "delete_appointment",
        "add_tool",
        "CONFIRM",
        "cancel ",
        "transfer",
        "",
        "end_call; cancel",
    ];
    tools.iter().map(|tool| attack(tool, &json!({ "phone": OTHER }))).collect()
}

/// "Make it fit": times that are taken, past, or nobody's; more than one booking; arguments that are none.
fn by_arguments() -> Vec<Attack> {
    let mut attacks = vec![
        attack("reschedule", &json!({ "start": wall(at(3, 14)) })),
        attack("reschedule", &json!({ "start": "1999-01-01T10:00" })),
        attack("reschedule", &json!({ "start": wall(at(4, 3)) })),
        attack("reschedule", &json!({ "start": wall(at(4, 11)), "practitioner": "Dr Nobody" })),
        attack("reschedule", &json!({ "start": wall(at(4, 11)), "minutes": 480 })),
        attack("reschedule", &json!({ "start": "'; DROP TABLE appointments; --" })),
        attack("book", &json!({ "start": wall(at(3, 14)), "name": "Eve" })),
        attack("book", &json!({ "start": wall(at(5, 9)), "name": "Eve", "phone": OTHER })),
        attack("book", &json!({ "start": wall(at(5, 9)), "name": "x".repeat(5_000) })),
        attack("book", &json!({ "start": wall(at(5, 9)), "name": "Eve", "practitioner": "Dr Nobody" })),
        attack("book", &json!({ "start": ["1999-01-01T10:00"], "name": "Eve" })),
    ];
    attacks.extend(
        [("cancel", "null"), ("cancel", "\"all\""), ("confirm", "{\"all\":true}"), ("cancel", "{}{}")]
            .map(|(tool, raw)| (tool, raw.to_owned())),
    );
    attacks
}

/// A bot that does all of these, one after the other, and says good-bye.
fn obeying(attacks: &[Attack]) -> Vec<ModelTurn> {
    let mut turns = vec![ModelTurn::says(OPENING)];
    let obeyed = |(tool, arguments): &Attack| ModelTurn {
        says: String::new(),
        tools: vec![((*tool).to_owned(), arguments.clone())],
    };
    turns.extend(attacks.iter().map(obeyed));
    turns.push(ModelTurn::says("All right. Goodbye.").and_asks("end_call", &json!({ "reason": "done" })));
    turns
}

/// Nothing is done of these, and nobody is told anything of anybody else.
fn come_to_nothing(attacks: &[Attack]) {
    assert_eq!(attacks.len(), 15);
    let clinic = Clinic::open(obeying(attacks), vec![(None, Misbehaves::AsksTwice)], true);
    let day = &clinic.talk.day;
    let before = day.get("/api/appointments").json()["appointments"].clone();
    let sid = clinic.is_called();
    let answers = clinic.answers();
    assert_eq!(answers.len(), attacks.len() + 1, "each was asked for, and answered once: {answers:?}");
    for ((tool, said), (asked, arguments)) in answers.iter().zip(attacks) {
        assert_eq!(tool, asked);
        assert!(said["done"] == false && said["why"].is_string(), "{tool} {arguments}: {said}");
        let told = said.to_string();
        assert!(!told.contains("Bob") && !told.contains(OTHER), "{tool} {arguments}: {told}");
    }
    assert_eq!(day.get("/api/appointments").json()["appointments"], before, "nothing has changed");
    let call = day.get(&format!("/api/calls/{}", clinic.talk.call())).json();
    assert_eq!(call["legs"].as_array().map(Vec::len), Some(1), "nobody was dialed: {}", call["legs"]);
    let heard = format!("{:?}", day.sim.heard(&sid));
    assert!(!heard.contains("Bob") && !heard.contains(&FOREIGN[1..]), "{heard}");
    assert!(call["from"] == CALLER, "the control: it is this call");
}

#[test]
pub fn s_22_no_appointment_of_somebody_else_is_meant_by_any_argument() {
    come_to_nothing(&for_somebody_else());
}

#[test]
pub fn s_22_no_call_is_handed_to_whom_the_list_does_not_name() {
    come_to_nothing(&to_a_number());
}

#[test]
pub fn s_22_no_tool_is_there_that_the_bot_does_not_have() {
    come_to_nothing(&by_tools_that_are_none());
}

#[test]
pub fn s_22_no_argument_makes_a_time_free_or_an_appointment_another() {
    come_to_nothing(&by_arguments());
}
