//! The client that leads calls by commands: what it writes, and what each answer means.

use crate::carrier::{self, Answer, FakeCarrier};
use crate::client::{CONNECTION, error, free, id, order, telnyx_at};
use crate::{CALL, RECORDING};
use jiff::Timestamp;
use serde_json::{Value, json};
use trunkline_carriers::telnyx::control::{CallControl, Command, Mark, Obeyed};
use trunkline_carriers::voice::{Dial, Method, Say};
use trunkline_carriers::{
    AskError, Carrier, Controls, HangUpAnswer, LastLook, Listed, MachineDetection, NumberId, NumberUrls,
    Order, PostAnswer, Until,
};
use trunkline_core::call::{EndWord, News, Refusal, RefusalClass};
use trunkline_core::id::{CarrierCallId, RecordingId};
use trunkline_core::private::Address;

const OTHER: &str = "v3:aaaaaaaabbbbbbbbccccccccdddddddd";
const APPLICATION: &str = r#"{"data":{"id":"1","application_name":"Ours","active":true,
    "webhook_event_url":"https://us.example/call-control","webhook_event_failover_url":null}}"#;

fn control_at(base: &str) -> CallControl {
    CallControl::new(telnyx_at(base))
}

fn made(id: &str) -> Answer {
    let data =
        json!({ "call_control_id": id, "call_leg_id": "1", "call_session_id": "2", "is_alive": false });
    Answer::json(200, &json!({ "data": data }).to_string())
}

fn said(carrier: &FakeCarrier, nth: usize) -> Value {
    serde_json::from_str(&carrier.requests()[nth].body).unwrap()
}

fn line(carrier: &FakeCarrier, nth: usize) -> String {
    carrier.requests()[nth].line.clone()
}

fn hello() -> Command {
    Command::Speak(Say { text: "Hello.".to_owned(), ..Say::default() })
}

fn mark() -> Mark {
    Mark { turn: 7, verb: 1, part: 0, token: Some("sealed".to_owned()) }
}

#[tokio::test]
async fn the_create_request_says_everything_and_says_it_once() {
    let carrier = FakeCarrier::with(made(CALL)).await;
    let detection = MachineDetection::Beside { until: Until::GreetingEnds, timeout_secs: 30 };
    let order = Order { machine_detection: detection, ..order() };
    assert_eq!(control_at(&carrier.base).place(&order, free()).await, PostAnswer::Placed(id()));
    assert_eq!(carrier.requests().len(), 1);
    assert_eq!(line(&carrier, 0), "POST /v2/calls HTTP/1.1");
    assert!(carrier.requests()[0].head.contains("authorization: Bearer KEY01"));
    let mut said = said(&carrier, 0);
    let again = said.as_object_mut().unwrap().remove("webhook_retries_policies").unwrap();
    assert_eq!(again["call.hangup"]["retries_ms"], json!([1_000, 3_000, 6_000, 15_000, 30_000]));
    let name = said.as_object_mut().unwrap().remove("command_id").unwrap();
    assert_eq!(name.as_str().unwrap().len(), 36, "a name in a UUID's shape: {name}");
    assert_eq!(
        said,
        json!({
            "connection_id": CONNECTION,
            "to": "+15550100",
            "from": "+15550199",
            "timeout_secs": 30,
            "time_limit_secs": 3_600,
            "webhook_url": "https://us.example/call-control",
            "webhook_url_method": "POST",
            "client_state": Mark::of_leg("ab").to_client_state(),
            "answering_machine_detection": "greeting_end",
            "answering_machine_detection_config": { "total_analysis_time_millis": 30_000 },
        })
    );
}

#[tokio::test]
async fn an_attempt_has_one_name_and_another_attempt_another() {
    let carrier = FakeCarrier::with(made(CALL)).await;
    let control = control_at(&carrier.base);
    let mut other = order();
    other.urls.voice = "https://us.example/voice?q=0&s=cd".to_owned();
    for order in [&order(), &order(), &other] {
        control.place(order, free()).await;
    }
    let name = |nth| said(&carrier, nth)["command_id"].clone();
    assert_eq!(name(0), name(1));
    assert_ne!(name(0), name(2));
}

#[tokio::test]
async fn every_answer_to_the_create_request_is_one_of_four() {
    let refused = |class, code: &str, http| {
        PostAnswer::Refused(Refusal {
            class,
            code: Some(code.to_owned()),
            http: Some(http),
            message: "+••• is no good".to_owned(),
        })
    };
    let unclear = |why: &str| PostAnswer::Unclear(format!("the carrier answered {why}"));
    for (answer, means) in [
        (made(CALL), PostAnswer::Placed(id())),
        (error(422, "10002", "/to"), refused(RefusalClass::InvalidNumber, "10002", 422)),
        (error(422, "10002", "/from"), refused(RefusalClass::Configuration, "10002", 422)),
        (error(401, "10009", ""), refused(RefusalClass::Configuration, "10009", 401)),
        (error(429, "10011", ""), refused(RefusalClass::TooMany, "10011", 429)),
        (error(500, "10007", ""), unclear("500 with code 10007")),
        (Answer::text(502, "<html>"), unclear("502 without the carrier's code")),
        (made("CA1"), unclear("200 with no call in it")),
        (Answer::Close, PostAnswer::Unclear("the connection broke before the answer".to_owned())),
        (Answer::Silence, PostAnswer::Unclear("no answer in time".to_owned())),
    ] {
        let carrier = FakeCarrier::with(answer.clone()).await;
        assert_eq!(control_at(&carrier.base).place(&order(), free()).await, means, "{answer:?}");
        assert_eq!(carrier.requests().len(), 1, "sent once: {answer:?}");
    }
}

#[tokio::test]
async fn what_must_not_go_out_does_not() {
    let carrier = FakeCarrier::with(made(CALL)).await;
    let no = LastLook::new(|| Err("the campaign is paused".to_owned()));
    let answer = control_at(&carrier.base).place(&order(), no).await;
    assert_eq!(answer, PostAnswer::Withheld("the campaign is paused".to_owned()));
    carrier.all_are_closed().await;
    assert!(carrier.requests().is_empty());
}

#[tokio::test]
async fn a_command_goes_to_its_leg_with_its_mark_and_a_name_that_stays_when_it_is_repeated() {
    let carrier = FakeCarrier::with(Answer::json(200, r#"{"data":{"result":"ok"}}"#)).await;
    let control = control_at(&carrier.base);
    for _ in 0..2 {
        let obeyed = control.command(&id(), &hello(), &mark()).await;
        assert_eq!(obeyed, Ok(Obeyed::Done(None)));
    }
    control.command(&id(), &Command::Hush, &mark()).await.unwrap();
    assert_eq!(line(&carrier, 0), format!("POST /v2/calls/{CALL}/actions/speak HTTP/1.1"));
    assert_eq!(said(&carrier, 0), said(&carrier, 1));
    let asked = said(&carrier, 0);
    assert_eq!((&asked["payload"], &asked["payload_type"]), (&json!("Hello."), &json!("text")));
    assert_eq!(Mark::of_client_state(asked["client_state"].as_str().unwrap()), Some(mark()));
    assert_ne!(asked["command_id"], said(&carrier, 2)["command_id"], "another command, another name");
}

#[tokio::test]
async fn what_becomes_of_a_command_is_told() {
    let refused = Obeyed::Refused("10015 +••• is no good".to_owned());
    for (answer, means) in [
        (Answer::json(200, r#"{"data":{"result":"ok"}}"#), Ok(Obeyed::Done(None))),
        (error(422, "90018", ""), Ok(Obeyed::Over)),
        (error(404, "10005", ""), Ok(Obeyed::Over)),
        (error(422, "10015", "/payload"), Ok(refused)),
        (Answer::text(400, "<html>"), Ok(Obeyed::Refused("http 400".to_owned()))),
        (error(429, "10011", ""), Err(AskError::TooMany)),
        (error(503, "10007", ""), Err(AskError::Fault { http: 503 })),
        (Answer::Silence, Err(AskError::TimedOut)),
    ] {
        let carrier = FakeCarrier::with(answer.clone()).await;
        assert_eq!(control_at(&carrier.base).command(&id(), &hello(), &mark()).await, means, "{answer:?}");
    }
}

#[tokio::test]
async fn somebody_else_is_dialed_under_the_name_of_their_own_leg() {
    let carrier = FakeCarrier::with(made(OTHER)).await;
    let to = Dial {
        number: "+15550101".to_owned(),
        caller_id: Some("+15550199".to_owned()),
        action: None,
        method: Method::Post,
        timeout_secs: 20,
        time_limit_secs: None,
        status_callback: None,
        asked_first: None,
    };
    let events = "https://us.example/call-control".to_owned();
    let dial = Command::Dial { to: Box::new(to), child: Mark::of_leg("theirs"), events };
    let control = control_at(&carrier.base);
    assert_eq!(
        control.command(&id(), &dial, &mark()).await,
        Ok(Obeyed::Done(Some(CarrierCallId::new(OTHER))))
    );
    assert_eq!(line(&carrier, 0), "POST /v2/calls HTTP/1.1");
    let asked = said(&carrier, 0);
    assert_eq!((&asked["to"], &asked["from"]), (&json!("+15550101"), &json!("+15550199")));
    assert_eq!(asked["connection_id"], CONNECTION);
    assert_eq!(asked["client_state"], Mark::of_leg("theirs").to_client_state());
    // The same leg asked for in another performance, after a restart, is the same leg.
    control.command(&id(), &dial, &Mark { turn: 9, ..mark() }).await.unwrap();
    assert_eq!(asked["command_id"], said(&carrier, 1)["command_id"]);
}

#[tokio::test]
async fn what_is_no_name_of_a_call_is_asked_of_nobody() {
    let never = FakeCarrier::with(made(CALL)).await;
    let control = control_at(&never.base);
    let foreign = CarrierCallId::new("v3:../../phone_numbers");
    assert_eq!(control.command(&foreign, &hello(), &mark()).await, Ok(Obeyed::Over));
    assert_eq!(control.fetch(&foreign).await, Ok(None));
    assert_eq!(control.hang_up(&foreign).await, Ok(HangUpAnswer::Gone));
    assert!(matches!(control.fetch_recording(&RecordingId::new("../x")).await, Ok(None)));
    assert!(never.requests().is_empty());
}

fn call(is_alive: bool) -> Answer {
    let data = json!({
        "call_control_id": CALL, "call_leg_id": "428c31b6", "call_session_id": "428c31b7", "is_alive": is_alive,
        "end_time": if is_alive { Value::Null } else { json!("2026-11-22T06:00:30Z") },
    });
    Answer::json(200, &json!({ "data": data }).to_string())
}

/// An event as it is kept.
fn kept(name: &str, id: &str, state: Option<&str>, more: &Value) -> Value {
    let mut payload = json!({ "call_control_id": id, "client_state": state });
    payload.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({
        "call_leg_id": format!("leg of {id}"), "event_timestamp": "2026-11-22T06:00:00Z", "name": name,
        "type": "webhook", "metadata": { "payload": payload },
    })
}

fn page(data: &[Value], meta: &Value) -> Answer {
    Answer::json(200, &json!({ "data": data, "meta": meta }).to_string())
}

#[tokio::test]
async fn a_call_is_asked_about_and_how_it_ended_is_in_its_events() {
    let alive = FakeCarrier::with(call(true)).await;
    let fetched = control_at(&alive.base).fetch(&id()).await.unwrap().unwrap();
    assert_eq!(line(&alive, 0), format!("GET /v2/calls/{CALL} HTTP/1.1"));
    assert_eq!(fetched.news, Some(News::Accepted), "that somebody picked up is told by an event alone");
    let hangup = |cause: &str| kept("call.hangup", CALL, None, &json!({ "hangup_cause": cause }));
    let answered = kept("call.answered", CALL, None, &json!({}));
    for (events, word) in [
        (vec![hangup("user_busy")], EndWord::Busy),
        (vec![hangup("timeout")], EndWord::NoAnswer),
        (vec![answered.clone(), hangup("normal_clearing")], EndWord::Completed),
        (vec![answered, hangup("something new")], EndWord::Completed),
        (vec![], EndWord::Failed),
    ] {
        let over = FakeCarrier::in_turn(vec![call(false), page(&events, &json!({ "total_pages": 1 }))]).await;
        let fetched = control_at(&over.base).fetch(&id()).await.unwrap().unwrap();
        assert!(matches!(&fetched.news, Some(News::Ended(end)) if end.word == word), "{word:?}: {fetched:?}");
        assert_eq!(fetched.occurred_at.unwrap().to_string(), "2026-11-22T06:00:30Z");
    }
}

#[tokio::test]
async fn a_call_nobody_knows_is_none_and_a_proxys_404_is_no_answer() {
    let unknown = FakeCarrier::with(error(404, "10005", "")).await;
    assert_eq!(control_at(&unknown.base).fetch(&id()).await, Ok(None));
    assert_eq!(control_at(&unknown.base).is_alive(&id()).await, Ok(None));
    let proxy = FakeCarrier::with(Answer::text(404, "<html>")).await;
    assert!(control_at(&proxy.base).fetch(&id()).await.is_err());
}

async fn listed(carrier: &FakeCarrier) -> Result<Vec<Listed>, AskError> {
    let since: Timestamp = "2026-11-22T06:00:00Z".parse().unwrap();
    let (to, from) = (Address::new("+15550100"), Address::new("+15550199"));
    control_at(&carrier.base).list(&to, &from, since).await
}

#[tokio::test]
async fn who_was_dialed_is_found_among_the_live_calls_and_the_events_each_read_to_its_end() {
    let state = |token: &str| Mark::of_leg(token).to_client_state();
    let live = |id: &str, state: Option<&str>| json!({ "call_control_id": id, "client_state": state });
    let nobodys = live("v3:nobodysnobodys", Some("bm9uZSBvZiBvdXJz"));
    let first = live(CALL, Some(&state("ours")));
    let hangup = kept("call.hangup", OTHER, Some(&state("over")), &json!({ "hangup_cause": "user_busy" }));
    let initiated = kept("call.initiated", OTHER, Some(&state("over")), &json!({}));
    let carrier = FakeCarrier::in_turn(vec![
        page(&[nobodys], &json!({ "cursors": { "after": "next" } })),
        page(&[first], &json!({ "cursors": { "after": null } })),
        page(&[hangup], &json!({ "total_pages": 2 })),
        page(&[initiated], &json!({ "total_pages": 2 })),
    ])
    .await;
    let mut found = listed(&carrier).await.unwrap();
    found.sort_by_key(|call| call.token.clone());
    let [ours, over] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((&ours.id, ours.token.as_deref(), &ours.news), (&id(), Some("ours"), &News::Accepted));
    assert_eq!((over.id.as_str(), over.token.as_deref()), (OTHER, Some("over")));
    assert!(matches!(&over.news, News::Ended(end) if end.word == EndWord::Busy), "{over:?}");
    let active = format!("GET /v2/connections/{CONNECTION}/active_calls?page%5Blimit%5D=100");
    assert_eq!(line(&carrier, 0), format!("{active} HTTP/1.1"));
    assert_eq!(line(&carrier, 1), format!("{active}&page%5Bafter%5D=next HTTP/1.1"));
    let asked = line(&carrier, 2);
    for part in ["/v2/call_events?", "filter%5Bto%5D=%2B15550100", "filter%5Bfrom%5D=%2B15550199"] {
        assert!(asked.contains(part), "{asked}");
    }
    assert!(asked.contains("filter%5Boccurred_at%5D%5Bgte%5D=2026-11-22T05%3A55%3A00Z"), "{asked}");
    assert!(line(&carrier, 3).contains("page%5Bnumber%5D=2"), "{}", line(&carrier, 3));
}

#[tokio::test]
async fn what_could_not_be_read_to_its_end_proves_nothing() {
    let nothing = || page(&[], &json!({}));
    let live = json!({ "call_control_id": CALL, "client_state": null });
    let event = kept("call.initiated", CALL, None, &json!({}));
    let nameless = json!({ "call_leg_id": "1", "name": "call.initiated", "metadata": {} });
    for answers in [
        vec![error(500, "10007", "")],
        vec![nothing(), error(500, "10007", "")],
        vec![page(&[live], &json!({ "cursors": { "after": "on and on" } }))],
        vec![nothing(), page(&[event], &json!({ "total_pages": 1_000 }))],
        vec![nothing(), page(&[nameless], &json!({ "total_pages": 1 }))],
    ] {
        let carrier = FakeCarrier::in_turn(answers.clone()).await;
        let found = listed(&carrier).await;
        assert!(found.is_err(), "{answers:?}: {found:?}");
    }
    let carrier = FakeCarrier::with(nothing()).await;
    assert_eq!(listed(&carrier).await, Ok(Vec::new()), "the control");
}

#[tokio::test]
async fn a_call_is_hung_up_once_and_then_found_over() {
    for (answer, means) in [
        (Answer::json(200, r#"{"data":{"result":"ok"}}"#), Ok(HangUpAnswer::Asked)),
        (error(422, "90018", ""), Ok(HangUpAnswer::AlreadyOver)),
        (error(404, "10005", ""), Ok(HangUpAnswer::Gone)),
        (error(500, "10007", ""), Err(AskError::Fault { http: 500 })),
        (error(429, "10011", ""), Err(AskError::TooMany)),
    ] {
        let carrier = FakeCarrier::with(answer).await;
        assert_eq!(control_at(&carrier.base).hang_up(&id()).await, means);
        assert_eq!(line(&carrier, 0), format!("POST /v2/calls/{CALL}/actions/hangup HTTP/1.1"));
    }
}

#[tokio::test]
async fn the_recordings_of_a_leg_are_those_whose_beginning_is_known() {
    let whole = json!({
        "id": RECORDING, "recording_started_at": "2026-11-22T06:00:00Z", "duration_millis": 2_400,
    });
    let without = json!({ "id": RECORDING });
    let carrier = FakeCarrier::with(page(&[whole, without], &json!({}))).await;
    let found = control_at(&carrier.base).recordings(&id()).await.unwrap();
    let [(recording, began)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((recording.id.as_str(), recording.duration_secs), (RECORDING, Some(3)));
    assert_eq!(began.to_string(), "2026-11-22T06:00:00Z");
    assert!(line(&carrier, 0).starts_with("GET /v2/recordings?filter%5Bcall_control_id%5D=v3%3A"));
}

#[tokio::test]
async fn a_recording_is_loaded_from_a_fresh_address_without_our_key() {
    let storage = FakeCarrier::with(Answer::text(200, "RIFF and so on")).await;
    let urls = json!({ "wav": format!("{}/1.wav?x=1", storage.base) });
    let named = json!({ "data": { "status": "completed", "download_urls": urls } });
    let carrier = FakeCarrier::with(Answer::json(200, &named.to_string())).await;
    let recording = RecordingId::new(RECORDING);
    let mut sound = control_at(&carrier.base).fetch_recording(&recording).await.unwrap().unwrap();
    assert!(sound.next().await.unwrap().unwrap().starts_with(b"RIFF"));
    assert_eq!(line(&carrier, 0), format!("GET /v2/recordings/{RECORDING} HTTP/1.1"));
    assert!(!storage.requests()[0].head.contains("authorization"), "our key is nobody else's");
    for not_yet in [json!({ "status": "partial", "download_urls": urls }), json!({ "status": "completed" })] {
        let carrier = FakeCarrier::with(Answer::json(200, &json!({ "data": not_yet }).to_string())).await;
        assert!(matches!(control_at(&carrier.base).fetch_recording(&recording).await, Ok(None)));
    }
}

#[tokio::test]
async fn numbers_are_shown_with_the_pages_that_their_events_stand_for() {
    let numbers = format!(
        r#"{{"data":[{{"id":"7","phone_number":"+15550100","connection_id":"{CONNECTION}"}},
        {{"id":"8","phone_number":"+15550101","connection_id":"2"}}],"meta":{{"total_pages":1}}}}"#
    );
    let carrier =
        FakeCarrier::in_turn(vec![Answer::json(200, APPLICATION), Answer::json(200, &numbers)]).await;
    let found = control_at(&carrier.base).numbers().await.unwrap();
    let voice: Vec<&str> = found.iter().map(|number| number.urls.voice.as_str()).collect();
    assert_eq!(voice, ["https://us.example/answer", ""]);
    assert_eq!(line(&carrier, 0), format!("GET /v2/call_control_applications/{CONNECTION} HTTP/1.1"));
}

#[tokio::test]
async fn pointing_a_number_points_the_applications_events_and_the_number_at_it() {
    let carrier = FakeCarrier::with(Answer::json(200, APPLICATION)).await;
    let urls = NumberUrls {
        voice: "https://new.example/answer?x=1".to_owned(),
        fallback: "https://new.example/fallback".to_owned(),
        status: "https://new.example/status".to_owned(),
    };
    control_at(&carrier.base).point_number(&NumberId("7".to_owned()), &urls).await.unwrap();
    let application = format!("/v2/call_control_applications/{CONNECTION} HTTP/1.1");
    assert_eq!(line(&carrier, 1), format!("PATCH {application}"));
    assert_eq!(said(&carrier, 1)["webhook_event_url"], "https://new.example/call-control");
    assert_eq!(said(&carrier, 1)["webhook_api_version"], "2");
    assert_eq!(line(&carrier, 2), "PATCH /v2/phone_numbers/7 HTTP/1.1");
}

#[tokio::test]
async fn nobody_there_is_no_answer_and_no_proof() {
    let nowhere = control_at(&carrier::closed_port().await);
    assert!(matches!(nowhere.fetch(&id()).await, Err(AskError::Unreachable(_))));
    assert!(matches!(nowhere.command(&id(), &hello(), &mark()).await, Err(AskError::Unreachable(_))));
    let placed = nowhere.place(&order(), free()).await;
    assert_eq!(placed, PostAnswer::NotSent("no connection to the carrier".to_owned()));
}
