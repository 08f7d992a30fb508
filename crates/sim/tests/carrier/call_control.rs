//! Telnyx's Call Control: a call is led by commands and told in events.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Value, json};
use trunkline_sim::{
    Application, CallEvent, CallSid, CallStatus, Fault, FaultKind, Habit, Heard, Mouth, OwnNumber, Sim,
    SimOptions,
};

use crate::product::{OURS, Product, options, sim};
use crate::streams;

pub(crate) const ANN: &str = "+15125550100";
const BEN: &str = "+15125550200";

/// A carrier, a product that takes its events, and a client of its API.
pub(crate) struct World {
    pub(crate) sim: Sim,
    product: Product,
    http: reqwest::Client,
}

impl World {
    pub(crate) async fn new(people: Vec<(&str, Habit)>) -> Self {
        Self::with(people, options()).await
    }

    /// A slower world, for what must be done within some of its seconds.
    pub(crate) async fn slow(people: Vec<(&str, Habit)>) -> Self {
        Self::with(people, SimOptions { speed: 20.0, ..options() }).await
    }

    async fn with(people: Vec<(&str, Habit)>, options: SimOptions) -> Self {
        let product = Product::start(|_| StatusCode::OK.into_response()).await;
        let options = SimOptions {
            mouth: Mouth::Telnyx,
            application: Application::CallControl,
            account_sid: Mouth::Telnyx.usual_account().to_owned(),
            numbers: vec![OwnNumber::from(OURS).with_voice_url(&product.url("/events"))],
            people: people.into_iter().map(|(number, habit)| (number.into(), habit)).collect(),
            ..options
        };
        Self { sim: sim(options).await, product, http: reqwest::Client::new() }
    }

    async fn ask(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let key = SimOptions::default().auth_token;
        let answer = request.bearer_auth(key).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(self.http.get(format!("{}/v2{path}", self.sim.base_url()))).await
    }

    async fn post(&self, path: &str, json: &Value) -> (u16, Value) {
        let request = self.http.post(format!("{}/v2{path}", self.sim.base_url()));
        self.ask(request.header("content-type", "application/json").body(json.to_string())).await
    }

    async fn try_dial(&self, more: Value) -> (u16, Value) {
        let connection = SimOptions::default().call_control;
        let mut json = json!({"connection_id": connection, "to": ANN, "from": OURS});
        json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post("/calls", &json).await
    }

    pub(crate) async fn dial(&self, more: Value) -> CallSid {
        let (status, answer) = self.try_dial(more).await;
        assert_eq!(status, 200, "{answer}");
        CallSid::from(answer["data"]["call_control_id"].as_str().unwrap())
    }

    pub(crate) async fn try_command(&self, call: &CallSid, action: &str, json: Value) -> (u16, Value) {
        self.post(&format!("/calls/{call}/actions/{action}"), &json).await
    }

    pub(crate) async fn command(&self, call: &CallSid, action: &str, json: Value) {
        let answer = self.try_command(call, action, json).await;
        assert_eq!(answer, (200, json!({"data": {"result": "ok"}})), "{action}");
    }

    /// Events of a call that were sent, in their order, retries left out.
    fn events(&self, call: &CallSid) -> Vec<Value> {
        let sent = self.sim.webhooks().into_iter().filter(|hook| hook.call == *call && hook.attempt == 1);
        sent.map(|hook| serde_json::from_str::<Value>(&hook.body.unwrap()).unwrap()).collect()
    }

    pub(crate) fn types(&self, call: &CallSid) -> Vec<String> {
        let name = |event: &Value| event["data"]["event_type"].as_str().unwrap().to_owned();
        self.events(call).iter().map(name).collect()
    }

    /// What the nth event of a type says, once it was told.
    pub(crate) async fn nth(&self, call: &CallSid, event_type: &str, nth: usize) -> Value {
        let of = || {
            let all = self.events(call);
            let mut found = all.into_iter().filter(|event| event["data"]["event_type"] == event_type);
            found.nth(nth)
        };
        self.sim.wait_for(|_| of().is_some()).await;
        of().unwrap()["data"]["payload"].clone()
    }

    pub(crate) async fn told(&self, call: &CallSid, event_type: &str) -> Value {
        self.nth(call, event_type, 0).await
    }

    pub(crate) async fn over(&self, call: &CallSid) -> Value {
        let end = self.told(call, "call.hangup").await;
        self.sim.wait_until_idle().await;
        end
    }

    async fn speak(&self, call: &CallSid, text: &str) {
        self.command(call, "speak", json!({"payload": text, "voice": "female"})).await;
    }
}

fn answers(said: &[&str], digits: &[&str]) -> Habit {
    let all = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Habit::Answers { ring_secs: Some(3), said: all(said), digits: all(digits) }
}

fn code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["errors"][0]["code"].as_str().unwrap_or_default())
}

#[tokio::test]
async fn a_questionnaire_is_led_by_commands_from_the_dial_to_the_hang_up() {
    let world = World::new(vec![(ANN, answers(&["", "Very well."], &["4"]))]).await;
    let ann = world.dial(json!({"client_state": "b25l"})).await;
    let initiated = world.told(&ann, "call.initiated").await;
    assert_eq!((&initiated["direction"], &initiated["state"]), (&json!("outgoing"), &json!("bridging")));
    assert_eq!((&initiated["from"], &initiated["to"]), (&json!(OURS), &json!(ANN)));
    assert_eq!(world.told(&ann, "call.answered").await["client_state"], "b25l");

    world.speak(&ann, "Hello.").await;
    assert_eq!(world.told(&ann, "call.speak.ended").await["status"], "completed");
    let question = json!({
        "payload": "How many, from 1 to 5?", "voice": "female", "maximum_digits": 1, "client_state": "dHdv",
    });
    world.command(&ann, "gather_using_speak", question).await;
    let gathered = world.told(&ann, "call.gather.ended").await;
    assert_eq!((&gathered["digits"], &gathered["status"]), (&json!("4"), &json!("valid")));
    assert_eq!(gathered["client_state"], "dHdv");
    assert_eq!(world.told(&ann, "call.dtmf.received").await["digit"], "4");

    world.speak(&ann, "How are you?").await;
    world.nth(&ann, "call.speak.ended", 1).await;
    let recording = json!({
        "format": "wav", "channels": "single", "play_beep": true, "timeout_secs": 2, "trim": "trim-silence",
    });
    world.command(&ann, "record_start", recording).await;
    let saved = world.told(&ann, "call.recording.saved").await;
    let sound = world.http.get(saved["recording_urls"]["wav"].as_str().unwrap()).send().await.unwrap();
    assert!(sound.bytes().await.unwrap().starts_with(b"RIFF"));
    world.command(&ann, "hangup", json!({})).await;

    let end = world.over(&ann).await;
    assert_eq!((&end["hangup_cause"], &end["hangup_source"]), (&json!("normal_clearing"), &json!("caller")));
    assert_eq!(end["sip_hangup_cause"], "200");
    assert_eq!(
        world.types(&ann),
        [
            "call.initiated",
            "call.answered",
            "call.speak.started",
            "call.speak.ended",
            "call.dtmf.received",
            "call.gather.ended",
            "call.speak.started",
            "call.speak.ended",
            "call.recording.saved",
            "call.hangup",
        ]
    );
    let heard = world.sim.heard(&ann);
    let recording = world.sim.recordings(&ann)[0].clone();
    let asked = |question, prompt: &str| Heard::Asked { question, prompt: prompt.to_owned() };
    let spoke = Heard::Spoke { question: 2, said: "Very well.".to_owned(), recording: Some(recording.sid) };
    assert!(heard.contains(&asked(1, "Hello. How many, from 1 to 5?")), "{heard:?}");
    assert!(heard.contains(&asked(2, "How are you?")) && heard.contains(&spoke), "{heard:?}");
    assert!((1..=4).contains(&recording.secs), "as long as was spoken: {}", recording.secs);
    assert_eq!(world.sim.call(&ann).unwrap().status, CallStatus::Completed);
}

#[tokio::test]
async fn a_call_is_asked_for_by_its_id_while_it_lives_and_for_ten_minutes_after() {
    let world = World::with(vec![(ANN, answers(&[], &[]))], SimOptions { speed: 60.0, ..options() }).await;
    let ann = world.dial(json!({"client_state": "b25l"})).await;
    world.told(&ann, "call.answered").await;
    let (_, known) = world.get(&format!("/calls/{ann}")).await;
    assert_eq!((&known["data"]["is_alive"], &known["data"]["client_state"]), (&json!(true), &json!("b25l")));
    let connection = SimOptions::default().call_control;
    let (_, live) = world.get(&format!("/connections/{connection}/active_calls")).await;
    assert_eq!(live["data"][0]["call_control_id"], ann.as_str(), "{live}");
    world.command(&ann, "hangup", json!({})).await;
    let (_, known) = world.get(&format!("/calls/{ann}")).await;
    assert_eq!(known["data"]["is_alive"], false);
    assert!(known["data"]["end_time"].is_string(), "{known}");
    let (_, live) = world.get(&format!("/connections/{connection}/active_calls")).await;
    assert_eq!(live["data"], json!([]));
    let again = || async { code(&world.get(&format!("/calls/{ann}")).await).0 };
    tokio::time::timeout(std::time::Duration::from_secs(60), async { while again().await != 404 {} })
        .await
        .expect("forgotten after ten minutes");
}

#[tokio::test]
async fn the_same_command_twice_is_one_call_and_one_step() {
    let world = World::slow(vec![(ANN, answers(&[], &[]))]).await;
    let more = json!({"command_id": "7f8e"});
    let (first, second) = (world.dial(more.clone()).await, world.dial(more).await);
    assert_eq!(first, second);
    world.told(&first, "call.answered").await;
    let speak = json!({"payload": "Hello.", "voice": "female", "command_id": "1"});
    for _ in 0..3 {
        world.command(&first, "speak", speak.clone()).await;
    }
    world.command(&first, "hangup", json!({})).await;
    world.over(&first).await;
    assert_eq!(world.sim.dialed()[ANN], 1);
    let started = world.types(&first).into_iter().filter(|name| name == "call.speak.started").count();
    assert_eq!(started, 1);
}

#[tokio::test]
async fn a_dial_that_failed_after_it_was_placed_is_found_again_by_its_command() {
    let world = World::slow(vec![(ANN, answers(&[], &[]))]).await;
    world.sim.add_fault(Fault::new(FaultKind::CreateFailsAfterAccepting).times(1));
    let more = json!({"command_id": "7f8e"});
    assert_eq!(code(&world.try_dial(more.clone()).await), (500, "10007"));
    let ann = world.dial(more).await;
    assert_eq!(world.sim.calls_to(ANN).len(), 1);
    assert_eq!(world.sim.calls_to(ANN)[0].sid, ann);
    world.sim.add_fault(Fault::new(FaultKind::CreateThrottled).times(1));
    assert_eq!(code(&world.try_dial(json!({})).await), (429, "10011"));
    assert_eq!(world.sim.calls_to(ANN).len(), 1);
}

#[tokio::test]
async fn a_command_whose_answer_is_lost_is_obeyed_once() {
    let world = World::slow(vec![(ANN, answers(&[], &[]))]).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    world.sim.add_fault(Fault::new(FaultKind::UpdateFailsAfterObeying).times(1));
    let speak = json!({"payload": "Hello.", "voice": "female", "command_id": "1"});
    assert_eq!(code(&world.try_command(&ann, "speak", speak.clone()).await), (500, "10007"));
    world.command(&ann, "speak", speak).await;
    world.sim.add_fault(Fault::new(FaultKind::UpdateFails).times(1));
    assert_eq!(code(&world.try_command(&ann, "hangup", json!({})).await), (500, "10007"));
    world.told(&ann, "call.speak.ended").await;
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;
    assert_eq!(world.sim.heard(&ann), [Heard::Said { text: "Hello.".to_owned() }]);
}

#[tokio::test]
async fn a_call_of_an_earlier_life_can_be_asked_for_and_is_over() {
    let folder = tempfile::tempdir().unwrap();
    // Both lives go by real time, so that the first is no future of the second.
    let file = folder.path().join("calls.jsonl");
    let with_file = || SimOptions { state_file: Some(file.clone()), speed: 1.0, ..options() };
    let one = World::with(vec![(ANN, answers(&[], &[]))], with_file()).await;
    let ann = one.dial(json!({})).await;
    one.told(&ann, "call.answered").await;
    one.sim.stop().await;
    let two = World::with(vec![], with_file()).await;
    let (status, known) = two.get(&format!("/calls/{ann}")).await;
    assert_eq!((status, &known["data"]["is_alive"]), (200, &json!(false)), "{known}");
    let number = ANN.replace('+', "%2B");
    let (_, kept) = two.get(&format!("/call_events?filter[to]={number}")).await;
    let names = kept["data"].as_array().unwrap().iter().map(|event| event["name"].clone());
    assert_eq!(names.collect::<Vec<_>>(), ["call.initiated", "call.hangup"], "{kept}");
    assert_eq!(code(&two.try_command(&ann, "hangup", json!({})).await), (422, "90018"));
}

#[tokio::test]
async fn a_question_in_parts_is_answered_when_all_was_heard() {
    let world = World::new(vec![(ANN, answers(&[], &["3"]))]).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    for (nth, (text, millis)) in [("How many?", 500), ("From 1 to 5.", 5_000)].into_iter().enumerate() {
        let part = json!({
            "payload": text, "voice": "female", "maximum_digits": 1, "maximum_tries": 1, "timeout_millis": millis,
        });
        world.command(&ann, "gather_using_speak", part).await;
        world.nth(&ann, "call.gather.ended", nth).await;
    }
    assert_eq!(world.nth(&ann, "call.gather.ended", 0).await["status"], "timeout");
    assert_eq!(world.nth(&ann, "call.gather.ended", 1).await["digits"], "3");
    let asked = Heard::Asked { question: 1, prompt: "How many? From 1 to 5.".to_owned() };
    assert!(world.sim.heard(&ann).contains(&asked), "{:?}", world.sim.heard(&ann));
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;
}

#[tokio::test]
async fn fifty_calls_at_once_end_whatever_becomes_of_their_events() {
    let world = World::new(vec![("+1512555*", answers(&[], &[]))]).await;
    for kind in
        [FaultKind::CallbackDoubled { copies: 2 }, FaultKind::CallbackReordered, FaultKind::CallbackLost]
    {
        world.sim.add_fault(Fault::new(kind).with_chance(0.2));
    }
    for nth in 0..50 {
        world.dial(json!({"to": format!("+15125553{nth:03}"), "command_id": nth.to_string()})).await;
    }
    world.sim.wait_for(|sim| sim.calls().iter().all(|call| call.answered_at.is_some())).await;
    for call in world.sim.calls() {
        // Whoever was left alone for too long has hung up.
        world.try_command(&call.sid, "speak", json!({"payload": "Hello.", "voice": "female"})).await;
        world.try_command(&call.sid, "hangup", json!({})).await;
    }
    world.sim.wait_until_idle().await;
    assert_eq!(world.sim.live(), 0);
    assert_eq!(world.sim.calls().len(), 50);
}

#[tokio::test]
async fn requests_are_refused_in_telnyxs_shape() {
    let world = World::slow(vec![(ANN, answers(&[], &[])), (BEN, Habit::NoAnswer)]).await;
    for (more, code_of, pointer) in [
        (json!({"to": null}), "10004", "/to"),
        (json!({"to": "911"}), "10002", "/to"),
        (json!({"from": "+15005550007"}), "10002", "/from"),
        (json!({"connection_id": "1"}), "10015", "/connection_id"),
        (json!({"client_state": "~"}), "10015", "/client_state"),
        (json!({"timeout_secs": 4}), "10015", "/timeout_secs"),
        (json!({"webhook_url": "nowhere"}), "10015", "/webhook_url"),
        (json!({"answering_machine_detection": "yes"}), "10015", "/answering_machine_detection"),
        (json!({"link_to": "v3:nobody"}), "10015", "/link_to"),
    ] {
        let answer = world.try_dial(more).await;
        assert_eq!(code(&answer), (422, code_of), "{pointer}");
        assert_eq!(answer.1["errors"][0]["source"]["pointer"], pointer);
    }
    assert!(world.sim.calls().is_empty());

    let ben = world.dial(json!({"to": BEN, "timeout_secs": 600})).await;
    let early = world.try_command(&ben, "speak", json!({"payload": "Hello.", "voice": "female"})).await;
    assert_eq!(code(&early), (422, "90034"));
    world.command(&ben, "hangup", json!({})).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    assert_eq!(code(&world.try_command(&ann, "speak", json!({"payload": "Hello."})).await), (422, "10004"));
    assert_eq!(code(&world.try_command(&ann, "dance", json!({})).await), (404, "10005"));
    assert_eq!(code(&world.try_command(&ann, "answer", json!({})).await), (422, "10015"));
    world.command(&ann, "hangup", json!({})).await;
    for action in ["hangup", "speak"] {
        let late = world.try_command(&ann, action, json!({"payload": "Hello.", "voice": "female"})).await;
        assert_eq!(code(&late), (422, "90018"), "{action}");
    }
    let stranger = CallSid::from("v3:nobody");
    assert_eq!(code(&world.try_command(&stranger, "hangup", json!({})).await), (404, "10005"));
}

#[tokio::test]
async fn who_does_not_pick_up_is_told_with_the_cause() {
    for (habit, cause, sip) in [
        (Habit::Busy, "user_busy", "486"),
        (Habit::NoAnswer, "timeout", "487"),
        (Habit::Refuses, "call_rejected", "603"),
        (Habit::NotInService, "not_found", "404"),
        (Habit::Unreachable, "unspecified", "480"),
    ] {
        let world = World::new(vec![(ANN, habit)]).await;
        let ann = world.dial(json!({"timeout_secs": 20})).await;
        let end = world.over(&ann).await;
        assert_eq!((&end["hangup_cause"], &end["sip_hangup_cause"]), (&json!(cause), &json!(sip)));
        assert_eq!(world.types(&ann), ["call.initiated", "call.hangup"], "no ringing is told");
    }
    let world = World::slow(vec![(ANN, Habit::NoAnswer)]).await;
    let ann = world.dial(json!({"timeout_secs": 600})).await;
    world.told(&ann, "call.initiated").await;
    world.command(&ann, "hangup", json!({})).await;
    assert_eq!(world.over(&ann).await["hangup_cause"], "originator_cancel");
}

#[tokio::test]
async fn an_incoming_call_waits_for_its_answer_or_is_turned_away() {
    let world = World::new(vec![]).await;
    let ann = world.sim.call_in(ANN, OURS, Some(answers(&[], &[]))).unwrap();
    let initiated = world.told(&ann, "call.initiated").await;
    assert_eq!((&initiated["direction"], &initiated["state"]), (&json!("incoming"), &json!("parked")));
    assert_eq!(world.sim.call(&ann).unwrap().status, CallStatus::Ringing);
    world.command(&ann, "answer", json!({"client_state": "b25l"})).await;
    assert_eq!(world.told(&ann, "call.answered").await["client_state"], "b25l");
    assert!(world.sim.hang_up(&ann));
    let end = world.over(&ann).await;
    assert_eq!((&end["hangup_cause"], &end["hangup_source"]), (&json!("normal_clearing"), &json!("caller")));
    assert_eq!(end["sip_hangup_cause"], "unspecified");

    let ben = world.sim.call_in_vouched(BEN, OURS, None, "TN-Validation-Passed-A").unwrap();
    let initiated = world.told(&ben, "call.initiated").await;
    assert_eq!(initiated["shaken_stir_attestation"], "A");
    assert_eq!(initiated["shaken_stir_validated"], true);
    world.command(&ben, "reject", json!({"cause": "USER_BUSY"})).await;
    assert_eq!(world.over(&ben).await["hangup_cause"], "user_busy");
    assert_eq!(world.sim.call(&ben).unwrap().answered_at, None);
}

#[tokio::test]
async fn a_caller_whom_nobody_answers_gives_up() {
    let world = World::with(vec![], SimOptions { speed: 4_000.0, ..options() }).await;
    let ann = world.sim.call_in(ANN, OURS, None).unwrap();
    assert_eq!(world.over(&ann).await["hangup_cause"], "originator_cancel");
}

#[tokio::test]
async fn what_plays_is_heard_in_its_order_and_stops_when_told() {
    let world = World::new(vec![(ANN, answers(&[], &[]))]).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    let music = json!({"audio_url": "http://music.example/a.wav", "loop": "infinity"});
    world.command(&ann, "playback_start", music).await;
    world.speak(&ann, "Nobody hears this.").await;
    world.told(&ann, "call.playback.started").await;
    world.command(&ann, "playback_stop", json!({"stop": "all"})).await;
    let ended = world.told(&ann, "call.playback.ended").await;
    assert_eq!(
        (&ended["status"], &ended["media_url"]),
        (&json!("cancelled"), &json!("http://music.example/a.wav"))
    );
    world.speak(&ann, "Goodbye.").await;
    world.told(&ann, "call.speak.ended").await;
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;
    let played = Heard::Played { url: "http://music.example/a.wav".to_owned() };
    assert_eq!(world.sim.heard(&ann), [played, Heard::Said { text: "Goodbye.".to_owned() }]);
}

#[tokio::test]
async fn what_is_under_way_when_the_person_hangs_up_ends_with_the_call() {
    let world = World::new(vec![(ANN, answers(&[], &[]))]).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    let along = json!({"format": "wav", "channels": "dual"});
    world.command(&ann, "record_start", along).await;
    let music = json!({"audio_url": "http://music.example/a.wav", "loop": "infinity"});
    world.command(&ann, "playback_start", music).await;
    world.command(&ann, "gather", json!({})).await;
    world.told(&ann, "call.playback.started").await;
    assert!(world.sim.hang_up(&ann));
    assert_eq!(world.over(&ann).await["hangup_source"], "callee");
    assert_eq!(world.told(&ann, "call.playback.ended").await["status"], "call_hangup");
    assert_eq!(world.told(&ann, "call.gather.ended").await["status"], "call_hangup");
    assert_eq!(world.types(&ann).last().unwrap(), "call.recording.saved", "after the end");
    assert_eq!(world.sim.recordings(&ann).len(), 1);
}

#[tokio::test]
async fn keys_that_do_not_fit_and_keys_that_do_not_come_are_told_apart() {
    let world = World::new(vec![(ANN, answers(&[], &["12", "9", ""]))]).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    let gather = json!({"maximum_digits": 4, "minimum_digits": 2, "inter_digit_timeout_millis": 2000});
    let mut found = Vec::new();
    for nth in 0..3 {
        world.command(&ann, "gather", gather.clone()).await;
        let ended = world.nth(&ann, "call.gather.ended", nth).await;
        found.push((ended["digits"].as_str().unwrap().to_owned(), ended["status"].clone()));
    }
    let expected = [("12", "valid"), ("9", "invalid"), ("", "timeout")];
    assert_eq!(found, expected.map(|(digits, status)| (digits.to_owned(), json!(status))));
    world.command(&ann, "gather", json!({"timeout_millis": 60000, "initial_timeout_millis": 60000})).await;
    world.command(&ann, "gather_stop", json!({})).await;
    let stopped = world.nth(&ann, "call.gather.ended", 3).await["status"].clone();
    assert!(stopped == "cancelled" || stopped == "valid", "{stopped}");
    world.command(&ann, "hangup", json!({})).await;
}

#[tokio::test]
async fn a_mailbox_is_found_out_and_its_tone_waited_for() {
    let world = World::slow(vec![(ANN, Habit::Voicemail), (BEN, answers(&[], &[]))]).await;
    let ann = world.dial(json!({"answering_machine_detection": "greeting_end"})).await;
    assert_eq!(world.told(&ann, "call.machine.detection.ended").await["result"], "machine");
    assert_eq!(world.told(&ann, "call.machine.greeting.ended").await["result"], "beep_detected");
    world.command(&ann, "hangup", json!({})).await;
    let ben = world.dial(json!({"to": BEN, "answering_machine_detection": "premium"})).await;
    let verdict = world.told(&ben, "call.machine.premium.detection.ended").await;
    assert_eq!(verdict["result"], "human_residence");
    world.command(&ben, "hangup", json!({})).await;
    world.sim.wait_until_idle().await;
}

#[tokio::test]
async fn an_event_that_is_not_taken_is_tried_again_as_its_policy_says() {
    let product = Product::start(|_| StatusCode::SERVICE_UNAVAILABLE.into_response()).await;
    let world = World::new(vec![(ANN, Habit::Busy)]).await;
    let policies = json!({"call.hangup": {"retries_ms": [10, 10, 10]}});
    let more = json!({"webhook_url": product.url("/events"), "webhook_retries_policies": policies});
    let ann = world.dial(more).await;
    world.sim.wait_until_idle().await;
    let hooks = world.sim.webhooks();
    let tried = |name: &str| {
        let of =
            |hook: &&trunkline_sim::WebhookRecord| hook.params.contains(&("event_type".into(), name.into()));
        let all: Vec<_> = hooks.iter().filter(of).collect();
        let bodies =
            all.iter().map(|hook| serde_json::from_str::<Value>(hook.body.as_ref().unwrap()).unwrap());
        let bodies: Vec<Value> = bodies.collect();
        assert!(bodies.windows(2).all(|two| two[0]["data"] == two[1]["data"]), "the same event each time");
        bodies.iter().map(|body| body["meta"]["attempt"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(tried("call.initiated"), [1, 2, 3]);
    assert_eq!(tried("call.hangup"), [1, 2, 3, 4]);
    assert!(world.sim.call(&ann).unwrap().status.is_final());
    assert!(world.product.asked().is_empty(), "the call has an address of its own");
}

#[tokio::test]
async fn faults_lose_double_and_swap_events() {
    let world = World::new(vec![(ANN, answers(&[], &[])), (BEN, Habit::Busy)]).await;
    let fault = |kind| Fault::new(kind).on(ANN);
    world.sim.add_fault(fault(FaultKind::CallbackLost).only(CallEvent::SpeakEnded));
    world.sim.add_fault(fault(FaultKind::CallbackDoubled { copies: 2 }).only(CallEvent::Answered));
    world.sim.add_fault(Fault::new(FaultKind::CallbackReordered).on(BEN).times(1));
    let ann = world.dial(json!({})).await;
    world.nth(&ann, "call.answered", 1).await;
    world.speak(&ann, "Hello.").await;
    world.told(&ann, "call.speak.started").await;
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;
    let events = world.events(&ann);
    let ids: Vec<&Value> = events
        .iter()
        .filter(|event| event["data"]["event_type"] == "call.answered")
        .map(|event| &event["data"]["id"])
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1], "a copy is the same event");
    assert!(!world.types(&ann).contains(&"call.speak.ended".to_owned()));
    let ben = world.dial(json!({"to": BEN})).await;
    world.sim.wait_until_idle().await;
    assert_eq!(world.types(&ben), ["call.hangup", "call.initiated"]);
}

#[tokio::test]
async fn a_transfer_calls_a_second_leg_and_joins_the_two() {
    let world = World::new(vec![(ANN, answers(&[], &[])), (BEN, answers(&[], &[]))]).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    let transfer =
        json!({"to": BEN, "from": OURS, "client_state": "b25l", "target_leg_client_state": "dHdv"});
    world.command(&ann, "transfer", transfer).await;
    let ben = world.sim.calls_to(BEN)[0].sid.clone();
    assert_eq!(world.sim.call(&ben).unwrap().parent, Some(ann.clone()));
    let joined = world.told(&ann, "call.bridged").await;
    assert_eq!(joined["client_state"], "b25l");
    let end = world.over(&ann).await;
    assert_eq!(world.types(&ben), ["call.initiated", "call.answered", "call.bridged", "call.hangup"]);
    for event in world.events(&ben) {
        let payload = &event["data"]["payload"];
        assert_eq!((&payload["client_state"], &payload["to"]), (&json!("dHdv"), &json!(BEN)), "{event}");
        assert_eq!(payload["call_session_id"], joined["call_session_id"]);
        assert_ne!(payload["call_leg_id"], joined["call_leg_id"]);
    }
    assert_eq!(world.told(&ben, "call.hangup").await["hangup_source"], "callee");
    assert_eq!(end["hangup_cause"], "normal_clearing");
    assert_eq!(world.sim.live(), 0);
}

#[tokio::test]
async fn a_transfer_to_somebody_busy_leaves_the_first_leg_where_it_was() {
    let world = World::new(vec![(ANN, answers(&[], &[])), (BEN, Habit::Busy)]).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    world.command(&ann, "transfer", json!({"to": BEN})).await;
    let ben = world.sim.calls_to(BEN)[0].sid.clone();
    assert_eq!(world.told(&ben, "call.hangup").await["hangup_cause"], "user_busy");
    world.speak(&ann, "They are busy.").await;
    world.told(&ann, "call.speak.ended").await;
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;
    assert!(!world.types(&ann).contains(&"call.bridged".to_owned()));
}

#[tokio::test]
async fn whoever_hangs_up_while_a_second_person_is_called_takes_the_call_back() {
    let world = World::slow(vec![(ANN, answers(&[], &[])), (BEN, Habit::NoAnswer)]).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    world.command(&ann, "transfer", json!({"to": BEN, "timeout_secs": 600})).await;
    let ben = world.sim.calls_to(BEN)[0].sid.clone();
    world.told(&ben, "call.initiated").await;
    assert!(world.sim.hang_up(&ann));
    world.over(&ann).await;
    assert_eq!(world.told(&ben, "call.hangup").await["hangup_cause"], "originator_cancel");
}

/// Ann is on the line, Ben was asked on a leg of his own and takes her call.
async fn attended(bridge: Value) -> (World, CallSid, CallSid) {
    let world = World::slow(vec![(ANN, answers(&[], &[])), (BEN, answers(&[], &["1"]))]).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    let music = json!({"audio_url": "http://music.example/a.wav", "loop": "infinity"});
    world.command(&ann, "playback_start", music).await;
    let ben = world.dial(json!({"to": BEN, "link_to": ann, "client_state": "YmVu"})).await;
    world.told(&ben, "call.answered").await;
    let question = json!({"payload": "Ann is there: press 1.", "voice": "female", "maximum_digits": 1});
    world.command(&ben, "gather_using_speak", question).await;
    assert_eq!(world.told(&ben, "call.gather.ended").await["digits"], "1");
    let mut json = json!({"call_control_id": ben});
    json.as_object_mut().unwrap().extend(bridge.as_object().unwrap().clone());
    world.command(&ann, "bridge", json).await;
    world.told(&ann, "call.bridged").await;
    world.told(&ben, "call.bridged").await;
    assert_eq!(world.told(&ann, "call.playback.ended").await["status"], "cancelled");
    (world, ann, ben)
}

#[tokio::test]
async fn two_legs_are_bridged_and_end_together() {
    let (world, ann, ben) = attended(json!({})).await;
    // Unless Ben has done it first.
    world.sim.hang_up(&ann);
    world.over(&ann).await;
    world.over(&ben).await;
    let sessions: Vec<Value> =
        [&ann, &ben].map(|call| world.events(call)[0]["data"]["payload"]["call_session_id"].clone()).into();
    assert_eq!(sessions[0], sessions[1]);
}

#[tokio::test]
async fn a_leg_that_is_to_be_parked_stays_when_the_other_hangs_up() {
    let (world, ann, ben) = attended(json!({"park_after_unbridge": "self"})).await;
    // Unless Ben has hung up himself.
    world.try_command(&ben, "hangup", json!({})).await;
    world.told(&ben, "call.hangup").await;
    world.speak(&ann, "Ben has gone.").await;
    world.told(&ann, "call.speak.ended").await;
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;
}

#[tokio::test]
async fn a_bridge_to_nobody_is_refused() {
    let world = World::slow(vec![(ANN, answers(&[], &[])), (BEN, Habit::NoAnswer)]).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    let ben = world.dial(json!({"to": BEN, "timeout_secs": 600})).await;
    let bridge = |with: &str| world.try_command(&ann, "bridge", json!({"call_control_id": with}));
    assert_eq!(code(&bridge("v3:nobody").await), (404, "10005"));
    assert_eq!(code(&bridge(ben.as_str()).await), (422, "90034"));
    world.command(&ben, "hangup", json!({})).await;
    assert_eq!(code(&bridge(ben.as_str()).await), (422, "90018"));
    world.command(&ann, "hangup", json!({})).await;
}

#[tokio::test]
async fn what_was_told_is_kept_and_found_by_leg_and_by_numbers() {
    let world = World::slow(vec![(ANN, Habit::Busy), (BEN, Habit::Busy)]).await;
    world.sim.add_fault(Fault::new(FaultKind::CallbackLost));
    let ann = world.dial(json!({"client_state": "b25l"})).await;
    let ben = world.dial(json!({"to": BEN})).await;
    world.sim.wait_until_idle().await;
    let names = |kept: &Value| {
        let name = |event: &Value| event["name"].as_str().unwrap().to_owned();
        kept["data"].as_array().unwrap().iter().map(name).collect::<Vec<_>>()
    };
    let number = ANN.replace('+', "%2B");
    let (_, kept) = world.get(&format!("/call_events?filter[to]={number}&filter[type]=webhook")).await;
    assert_eq!(names(&kept), ["call.initiated", "call.hangup"], "though they were lost");
    let (_, asked) = world.get(&format!("/calls/{ben}")).await;
    let leg = asked["data"]["call_leg_id"].as_str().unwrap();
    let (_, kept) =
        world.get(&format!("/call_events?filter[leg_id]={leg}&page[number]=2&page[size]=1")).await;
    assert_eq!((names(&kept), &kept["meta"]["total_pages"]), (vec!["call.hangup".to_owned()], &json!(2)));
    let raw = &kept["data"][0]["metadata"]["raw_event"]["payload"];
    assert_eq!((&raw["hangup_cause"], &raw["call_control_id"]), (&json!("user_busy"), &json!(ben)));
    assert!(world.sim.call(&ann).is_some());
}

#[tokio::test]
async fn a_stream_goes_both_ways_until_it_is_told_to_stop() {
    let world = World::with(vec![(ANN, answers(&[], &[]))], SimOptions { speed: 20.0, ..options() }).await;
    let (url, mut hears, says) = streams::socket().await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    let stream = json!({
        "stream_url": url, "stream_track": "inbound_track", "stream_bidirectional_mode": "rtp",
        "stream_bidirectional_codec": "PCMU", "custom_parameters": [{"name": "token", "value": "abc"}],
    });
    world.command(&ann, "streaming_start", stream).await;
    assert_eq!(world.told(&ann, "streaming.started").await["stream_url"], url);
    let start = streams::next(&mut hears, "start").await;
    assert_eq!(start["start"]["call_control_id"], ann.as_str());
    assert_eq!(start["start"]["custom_parameters"]["token"], "abc");
    streams::next(&mut hears, "media").await;
    says.send(streams::voice()).unwrap();
    says.send(json!({"event": "mark", "mark": {"name": "said"}})).unwrap();
    assert_eq!(streams::next(&mut hears, "mark").await["mark"]["name"], "said");
    world.command(&ann, "streaming_stop", json!({})).await;
    streams::next(&mut hears, "stop").await;
    world.told(&ann, "streaming.stopped").await;
    let waited = world.sim.heard(&ann).iter().any(|heard| matches!(heard, Heard::Waited { .. }));
    assert!(waited, "the voice was heard");
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;
}

#[tokio::test]
async fn a_stream_from_the_answer_on_ends_with_its_socket_or_with_the_call() {
    let people = vec![(ANN, answers(&[], &[]))];
    let world = World::with(people, SimOptions { speed: 20.0, ..options() }).await;
    let (url, mut hears, says) = streams::socket().await;
    let ann = world.dial(json!({"stream_url": url, "stream_bidirectional_mode": "rtp"})).await;
    streams::next(&mut hears, "media").await;
    drop(says);
    world.told(&ann, "streaming.stopped").await;
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;

    let (url, mut hears, _says) = streams::socket().await;
    let ben = world.sim.call_in(BEN, OURS, Some(answers(&[], &[]))).unwrap();
    world.told(&ben, "call.initiated").await;
    world.command(&ben, "answer", json!({"stream_url": url})).await;
    streams::next(&mut hears, "media").await;
    assert!(world.sim.hang_up(&ben));
    streams::next(&mut hears, "stop").await;
    world.over(&ben).await;
    assert_eq!(world.types(&ben).last().unwrap(), "call.hangup");
    assert!(world.types(&ben).contains(&"streaming.stopped".to_owned()));
}

#[tokio::test]
async fn a_stream_whose_socket_is_not_there_is_told_to_have_failed() {
    let world = World::new(vec![(ANN, answers(&[], &[]))]).await;
    let ann = world.dial(json!({})).await;
    world.told(&ann, "call.answered").await;
    world.command(&ann, "streaming_start", json!({"stream_url": "ws://127.0.0.1:9/media"})).await;
    let failed = world.told(&ann, "streaming.failed").await;
    assert_eq!(failed["stream_params"]["stream_url"], "ws://127.0.0.1:9/media");
    world.command(&ann, "hangup", json!({})).await;
    world.over(&ann).await;
}
