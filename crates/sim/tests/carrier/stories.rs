//! Whole calls: created over REST, led by documents, answered by people, told to the product.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::product::{Client, OURS, Product, document, options, over, sim};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use trunkline_sim::{
    CallSid, CallStatus, Direction, Habit, Heard, OwnNumber, Sim, SimOptions, WebhookKind, sign,
};

const ANN: &str = "+15125550100";
const BOB: &str = "+15125550200";

const SURVEY: [(&str, &str); 4] = [
    ("/voice", "<Say>Hello, this is a survey.</Say><Redirect>/q1</Redirect>"),
    (
        "/q1",
        "<Say>What is your name?</Say><Record action='/q2' recordingStatusCallback='/rec'/><Redirect>/q1</Redirect>",
    ),
    ("/q2", "<Gather numDigits='1' action='/bye'><Say>Press 1 for yes or 2 for no.</Say></Gather><Hangup/>"),
    ("/bye", "<Say>Goodbye.</Say><Hangup/>"),
];

/// A story with one person, from create to the last callback.
async fn story<const N: usize>(documents: [(&str, &str); N], habit: Habit) -> (Product, Sim, CallSid) {
    let product = Product::with_documents(documents).await;
    let sim = sim(options()).await;
    sim.set_person(ANN, habit);
    let call = Client::of(&sim).create(&product, ANN, &[]).await;
    over(&sim, &call).await;
    (product, sim, call)
}

fn problems(sim: &Sim, call: &CallSid) -> Vec<u32> {
    let heard = sim.heard(call);
    heard
        .iter()
        .filter_map(|heard| if let Heard::Problem { code, .. } = heard { Some(*code) } else { None })
        .collect()
}

#[tokio::test]
async fn a_survey_is_asked_answered_recorded_and_completed() {
    let habit = Habit::Answers {
        ring_secs: Some(4),
        said: vec!["Ann".into()],
        digits: vec![String::new(), "2".into()],
    };
    let (product, sim, call) = story(SURVEY, habit).await;

    assert_eq!(product.statuses(), ["initiated", "ringing", "in-progress", "completed"]);
    let statuses = product.asked_at("/status");
    let sequence: Vec<&str> = statuses.iter().map(|asked| asked.get("SequenceNumber")).collect();
    assert_eq!(sequence, ["0", "1", "2", "3"]);
    assert_eq!(statuses[3].get("SipResponseCode"), "200");
    assert!(statuses[3].get("CallDuration").parse::<u32>().unwrap() > 5);
    assert_eq!(statuses[3].get("Duration"), "1");

    let answered = &product.asked_at("/q2")[0];
    let url = answered.get("RecordingUrl");
    assert!(url.starts_with(&sim.base_url()), "{url}");
    assert_eq!(product.asked_at("/bye")[0].get("Digits"), "2");
    let told = &product.asked_at("/rec")[0];
    assert_eq!(told.get("RecordingStatus"), "completed");
    assert_eq!(told.get("RecordingSid"), answered.get("RecordingSid"));

    let recording = &sim.recordings(&call)[0];
    let (status, wav) = Client::of(&sim).get(&format!("/Recordings/{}.wav", recording.sid)).await;
    assert_eq!(status, 200);
    assert_eq!(wav.len(), 44 + recording.secs as usize * 16_000);
    assert_eq!(answered.get("RecordingDuration"), recording.secs.to_string());

    let heard = sim.heard(&call);
    let prompt = "Hello, this is a survey. What is your name?".to_owned();
    assert!(heard.contains(&Heard::Asked { question: 1, prompt }));
    assert!(heard.contains(&Heard::Pressed { question: 2, keys: "2".into() }));
    assert_eq!(heard.last(), Some(&Heard::Said { text: "Goodbye.".into() }));
}

#[tokio::test]
async fn every_webhook_is_signed_over_what_is_on_the_wire() {
    let (product, _sim, _call) = story(SURVEY, Habit::answers()).await;
    let asked = product.asked();
    assert!(asked.len() >= 7, "{}", asked.len());
    for asked in asked {
        let url = product.url(&asked.target);
        let expected = sign(&SimOptions::default().auth_token, &url, &asked.form);
        assert_eq!(asked.signature, expected, "{}", asked.path);
        assert!(!asked.token.is_empty());
    }
}

#[tokio::test]
async fn a_webhook_by_get_carries_its_parameters_in_the_query_and_is_signed_with_them() {
    let product = Product::with_documents([("/voice", "<Hangup/>")]).await;
    let sim = sim(options()).await;
    let call = Client::of(&sim)
        .create(&product, ANN, &[("Method", "GET"), ("Url", &product.url("/voice?a=b%20c"))])
        .await;
    over(&sim, &call).await;
    let voice = &product.asked_at("/voice")[0];
    assert_eq!((voice.method.as_str(), voice.get("a"), voice.get("CallSid")), ("GET", "b c", call.as_str()));
    let expected = sign(&SimOptions::default().auth_token, &product.url(&voice.target), &[]);
    assert_eq!(voice.signature, expected);
}

#[tokio::test]
async fn silence_asks_no_action_and_falls_through_to_the_next_verb() {
    let documents = [
        ("/voice", "<Say>Your name?</Say><Record action='/answer' timeout='3'/><Redirect>/again</Redirect>"),
        ("/again", "<Say>Nobody there. Goodbye.</Say>"),
        ("/answer", "<Hangup/>"),
    ];
    let (product, sim, call) = story(documents, Habit::Silent).await;
    assert_eq!(product.asked_at("/answer").len(), 0);
    assert_eq!(product.asked_at("/again").len(), 1);
    assert!(sim.heard(&call).contains(&Heard::SaidNothing { question: 1 }));
    assert!(sim.recordings(&call).is_empty());
}

#[tokio::test]
async fn an_empty_gather_asks_its_action_only_if_the_document_wants_that() {
    let quiet = [("/voice", "<Gather action='/got'/><Say>Bye.</Say>"), ("/got", "<Hangup/>")];
    let (product, _sim, _call) = story(quiet, Habit::Silent).await;
    assert_eq!(product.asked_at("/got").len(), 0);

    let eager = [("/voice", "<Gather action='/got' actionOnEmptyResult='true'/>"), ("/got", "<Hangup/>")];
    let (product, _sim, _call) = story(eager, Habit::Silent).await;
    assert_eq!(product.asked_at("/got")[0].get("Digits"), "");
}

#[tokio::test]
async fn a_recording_without_an_action_asks_the_same_document_again() {
    let product = Product::start(|asked| {
        if asked.get("RecordingSid").is_empty() { document("<Record/>") } else { document("<Hangup/>") }
    })
    .await;
    let sim = sim(options()).await;
    let call = Client::of(&sim).create(&product, ANN, &[]).await;
    over(&sim, &call).await;
    assert_eq!(product.asked_at("/voice").len(), 2);
}

#[tokio::test]
async fn speech_that_is_gathered_comes_back_as_text() {
    let documents =
        [("/voice", "<Gather input='speech' action='/got'><Say>When?</Say></Gather>"), ("/got", "<Hangup/>")];
    let (product, _sim, _call) = story(documents, Habit::says(["Tuesday"])).await;
    let got = &product.asked_at("/got")[0];
    assert_eq!(got.get("SpeechResult"), "Tuesday");
    assert!((0.8..1.0).contains(&got.get("Confidence").parse::<f64>().unwrap()));
}

#[tokio::test]
async fn a_key_pressed_while_being_recorded_ends_the_recording() {
    let documents = [("/voice", "<Record action='/got'/>"), ("/got", "<Hangup/>")];
    let (product, _sim, _call) = story(documents, Habit::PressesKey { key: '9' }).await;
    assert_eq!(product.asked_at("/got")[0].get("Digits"), "9");
}

#[tokio::test]
async fn hanging_up_while_being_recorded_still_tells_the_action() {
    let habit = Habit::HangsUpInMidQuestion { question: 1 };
    let documents =
        [("/voice", "<Record action='/got' recordingStatusCallback='/rec'/>"), ("/got", "<Say>Who?</Say>")];
    let (product, sim, call) = story(documents, habit).await;
    let got = &product.asked_at("/got")[0];
    assert_eq!((got.get("Digits"), got.get("CallStatus")), ("hangup", "completed"));
    assert_eq!(product.asked_at("/rec").len(), 1);
    assert_eq!(sim.heard(&call).last(), Some(&Heard::PersonHungUp));
    assert_eq!(sim.call(&call).unwrap().status, CallStatus::Completed);
}

#[tokio::test]
async fn a_call_that_nobody_takes_ends_with_the_carriers_word_and_code() {
    let cases = [
        (Habit::Busy, CallStatus::Busy, 486, vec!["initiated", "busy"]),
        (Habit::NoAnswer, CallStatus::NoAnswer, 487, vec!["initiated", "ringing", "no-answer"]),
        (Habit::Refuses, CallStatus::Busy, 603, vec!["initiated", "ringing", "busy"]),
        (Habit::Unreachable, CallStatus::Failed, 480, vec!["initiated", "failed"]),
        (Habit::NotInService, CallStatus::Failed, 404, vec!["initiated", "failed"]),
    ];
    for (habit, status, sip_code, told) in cases {
        let (product, sim, call) = story(SURVEY, habit.clone()).await;
        let record = sim.call(&call).unwrap();
        assert_eq!((record.status, record.sip_code), (status, Some(sip_code)), "{habit:?}");
        assert_eq!(product.statuses(), told, "{habit:?}");
        assert_eq!(product.asked_at("/status").last().unwrap().get("SipResponseCode"), sip_code.to_string());
        assert_eq!(product.asked_at("/voice").len(), 0, "{habit:?}");
    }
}

#[tokio::test]
async fn it_rings_no_longer_than_asked() {
    let product = Product::with_documents(SURVEY).await;
    let sim = sim(options()).await;
    sim.set_person(ANN, Habit::Answers { ring_secs: Some(20), said: vec![], digits: vec![] });
    let client = Client::of(&sim);
    let short = client.create(&product, ANN, &[("Timeout", "10")]).await;
    let long = client.create(&product, ANN, &[("Timeout", "25")]).await;
    assert_eq!(over(&sim, &short).await, CallStatus::NoAnswer);
    assert_eq!(over(&sim, &long).await, CallStatus::Completed);
}

#[tokio::test]
async fn only_the_end_is_told_when_no_event_was_asked_for() {
    let product = Product::with_documents(SURVEY).await;
    let sim = sim(options()).await;
    let call = Client::of(&sim).create(&product, ANN, &[("StatusCallbackEvent", "")]).await;
    over(&sim, &call).await;
    assert_eq!(product.statuses(), ["completed"]);
    assert_eq!(product.asked_at("/status")[0].get("SequenceNumber"), "0");
}

#[tokio::test]
async fn a_machine_is_recognized_before_the_first_document() {
    let product = Product::with_documents([("/voice", "<Hangup/>")]).await;
    let sim = sim(options()).await;
    sim.set_person(ANN, Habit::Voicemail);
    let client = Client::of(&sim);
    for (mode, verdict) in [("Enable", "machine_start"), ("DetectMessageEnd", "machine_end_beep")] {
        let call = client.create(&product, ANN, &[("MachineDetection", mode)]).await;
        over(&sim, &call).await;
        assert_eq!(product.asked_at("/voice").last().unwrap().get("AnsweredBy"), verdict);
        assert_eq!(sim.call(&call).unwrap().answered_by.as_deref(), Some(verdict));
    }
}

#[tokio::test]
async fn a_verdict_beside_the_call_does_not_hold_up_the_document() {
    let product = Product::with_documents([("/voice", "<Pause length='20'/>")]).await;
    let sim = sim(options()).await;
    let told = product.url("/amd");
    let more =
        [("MachineDetection", "Enable"), ("AsyncAmd", "true"), ("AsyncAmdStatusCallback", told.as_str())];
    let call = Client::of(&sim).create(&product, ANN, &more).await;
    over(&sim, &call).await;
    assert_eq!(product.asked_at("/voice")[0].get("AnsweredBy"), "");
    assert_eq!(product.asked_at("/amd")[0].get("AnsweredBy"), "human");
    assert!(sim.webhooks().iter().any(|hook| hook.kind == WebhookKind::Detection));
}

#[tokio::test]
async fn a_call_can_be_recorded_from_answer_to_end() {
    let product = Product::with_documents([("/voice", "<Pause length='12'/>")]).await;
    let sim = sim(options()).await;
    let told = product.url("/rec");
    let call = Client::of(&sim)
        .create(&product, ANN, &[("Record", "true"), ("RecordingStatusCallback", &told)])
        .await;
    over(&sim, &call).await;
    let end = &product.asked_at("/status")[3];
    assert_eq!((end.get("RecordingDuration"), end.get("CallDuration")), ("12", "12"));
    assert_eq!(product.asked_at("/rec")[0].get("RecordingSid"), end.get("RecordingSid"));
}

#[tokio::test]
async fn an_inbound_call_follows_the_numbers_voice_url() {
    let product = Product::with_documents(SURVEY).await;
    let number = OwnNumber {
        status_callback: product.url("/status"),
        ..OwnNumber::from(OURS).with_voice_url(&product.url("/voice"))
    };
    let sim = sim(SimOptions { numbers: vec![number], ..options() }).await;
    let call = sim.call_in(ANN, OURS, Some(Habit::says(["Ann"]))).unwrap();
    assert_eq!(over(&sim, &call).await, CallStatus::Completed);
    let voice = &product.asked_at("/voice")[0];
    assert_eq!((voice.get("Direction"), voice.get("CallStatus")), ("inbound", "ringing"));
    assert_eq!((voice.get("From"), voice.get("To")), (ANN, OURS));
    assert_eq!(product.statuses(), ["completed"]);
    assert!(sim.dialed().is_empty(), "nobody was dialed");
    assert!(sim.call_in(ANN, "+15005550009", None).is_err());
}

#[tokio::test]
async fn an_inbound_call_can_be_turned_away() {
    let product = Product::with_documents([("/voice", "<Reject reason='busy'/>")]).await;
    let number = OwnNumber::from(OURS).with_voice_url(&product.url("/voice"));
    let sim = sim(SimOptions { numbers: vec![number], ..options() }).await;
    let call = sim.call_in(ANN, OURS, None).unwrap();
    assert_eq!(over(&sim, &call).await, CallStatus::Busy);
    assert_eq!(sim.call(&call).unwrap().answered_at, None);
}

#[tokio::test]
async fn a_second_person_is_dialed_and_the_action_hears_how_it_went() {
    let documents =
        [("/voice", "<Dial action='/after'><Number>+15125550200</Number></Dial>"), ("/after", "<Hangup/>")];
    let (product, sim, _call) = story(documents, Habit::answers()).await;
    let after = &product.asked_at("/after")[0];
    let leg = &sim.calls_to(BOB)[0];
    assert_eq!((leg.direction, leg.status), (Direction::OutboundDial, CallStatus::Completed));
    assert_eq!(after.get("DialCallStatus"), "completed");
    assert_eq!(after.get("DialCallSid"), leg.sid.as_str());
    assert_eq!(after.get("DialCallDuration"), leg.duration_secs.unwrap().to_string());
    assert_eq!(sim.dialed()[BOB], 1);
}

#[tokio::test]
async fn a_second_leg_is_told_of_to_the_callback_of_its_number_and_names_its_parent() {
    let dial = "<Dial action='/after'><Number statusCallback='/leg' \
                statusCallbackEvent='initiated ringing answered completed'>+15125550200</Number></Dial>";
    let (product, sim, call) =
        story([("/voice", dial), ("/after", "<Hangup/>"), ("/leg", "")], Habit::answers()).await;
    let told = product.asked_at("/leg");
    let words: Vec<&str> = told.iter().map(|asked| asked.get("CallStatus")).collect();
    assert_eq!(words, ["initiated", "ringing", "in-progress", "completed"]);
    let leg = &sim.calls_to(BOB)[0];
    for asked in &told {
        assert_eq!((asked.get("CallSid"), asked.get("ParentCallSid")), (leg.sid.as_str(), call.as_str()));
        assert_eq!(asked.get("Direction"), "outbound-dial");
    }
    assert_eq!(told[3].get("CallDuration"), leg.duration_secs.unwrap().to_string());
}

#[tokio::test]
async fn whoever_hangs_up_first_ends_a_dial_and_its_action_hears_of_it() {
    for (who, status, goes_on) in [(ANN, "completed", false), (BOB, "in-progress", true)] {
        let product = Product::with_documents([
            ("/voice", "<Dial action='/after'><Number>+15125550200</Number></Dial>"),
            ("/after", "<Say>Goodbye.</Say>"),
        ])
        .await;
        let sim = sim(SimOptions { speed: 10.0, ..options() }).await;
        sim.set_person(BOB, Habit::Answers { ring_secs: Some(1), said: vec![], digits: vec![] });
        let call = Client::of(&sim).create(&product, ANN, &[]).await;
        let talks = |call: &trunkline_sim::CallRecord| call.status == CallStatus::InProgress;
        sim.wait_for(|sim| sim.calls_to(BOB).first().is_some_and(talks)).await;
        assert!(sim.hang_up(&sim.calls_to(who)[0].sid));
        sim.wait_until_idle().await;
        let after = &product.asked_at("/after")[0];
        assert_eq!((after.get("DialCallStatus"), after.get("CallStatus")), ("completed", status), "{who}");
        assert_eq!(sim.heard(&call).contains(&Heard::Said { text: "Goodbye.".into() }), goes_on, "{who}");
        assert!(!sim.hang_up(&call), "it is over");
    }
}

#[tokio::test]
async fn a_second_person_may_be_busy() {
    let documents = [("/voice", "<Dial action='/after'>+15125559001</Dial>"), ("/after", "<Hangup/>")];
    let (product, _sim, _call) = story(documents, Habit::answers()).await;
    assert_eq!(product.asked_at("/after")[0].get("DialCallStatus"), "busy");
    assert_eq!(product.asked_at("/after")[0].get("DialCallDuration"), "");
}

#[tokio::test]
async fn a_live_call_is_ended_and_redirected_by_request() {
    let product = Product::with_documents([
        ("/voice", "<Record action='/got' maxLength='9'/><Pause length='3600'/>"),
        ("/elsewhere", "<Say>Elsewhere.</Say><Pause length='3600'/>"),
    ])
    .await;
    let sim = sim(options()).await;
    sim.set_person(ANN, Habit::Silent);
    let client = Client::of(&sim);
    let call = client.create(&product, ANN, &[]).await;
    let path = format!("/Calls/{call}.json");

    sim.wait_for(|sim| sim.heard(&call).contains(&Heard::SaidNothing { question: 1 }) || sim.live() == 0)
        .await;
    let (status, body) = client.post(&path, &[("Url", &product.url("/elsewhere"))]).await.unwrap();
    assert_eq!(status, 200, "{body}");
    sim.wait_for(|sim| sim.webhooks().iter().any(|hook| hook.url.ends_with("/elsewhere"))).await;
    let (status, body) = client.post(&path, &[("Status", "completed")]).await.unwrap();
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"completed\""), "{body}");
    assert_eq!(over(&sim, &call).await, CallStatus::Completed);

    let (status, body) = client.post(&path, &[("Status", "completed")]).await.unwrap();
    assert_eq!(status, 400);
    assert!(body.contains("21220"), "{body}");
}

#[tokio::test]
async fn a_ringing_call_is_taken_back() {
    let product = Product::with_documents(SURVEY).await;
    let sim = sim(SimOptions { speed: 10.0, ..options() }).await;
    sim.set_person(ANN, Habit::NoAnswer);
    let client = Client::of(&sim);
    let call = client.create(&product, ANN, &[]).await;
    sim.wait_for(|sim| sim.call(&call).unwrap().status == CallStatus::Ringing).await;
    let (status, body) =
        client.post(&format!("/Calls/{call}.json"), &[("Status", "canceled")]).await.unwrap();
    assert_eq!(status, 200);
    assert!(body.contains("\"canceled\""), "{body}");
    over(&sim, &call).await;
    assert_eq!(product.statuses(), ["initiated", "ringing", "canceled"]);
}

#[tokio::test]
async fn hanging_up_by_request_ends_an_open_recording_and_tells_its_action() {
    let product = Product::with_documents([("/voice", "<Record action='/got' timeout='3000'/>")]).await;
    let sim = sim(SimOptions { speed: 20.0, ..options() }).await;
    sim.set_person(ANN, Habit::says(["Well, let me think"]));
    let client = Client::of(&sim);
    let call = client.create(&product, ANN, &[]).await;
    sim.wait_for(|sim| sim.heard(&call).iter().any(|heard| matches!(heard, Heard::Spoke { .. }))).await;
    client.post(&format!("/Calls/{call}.json"), &[("Status", "completed")]).await.unwrap();
    over(&sim, &call).await;
    assert_eq!(product.asked_at("/got")[0].get("Digits"), "hangup");
    assert_eq!(sim.recordings(&call).len(), 1);
}

#[tokio::test]
async fn a_call_is_cut_off_at_its_time_limit() {
    let product = Product::with_documents([("/voice", "<Pause length='3600'/>")]).await;
    let sim = sim(options()).await;
    let call = Client::of(&sim).create(&product, ANN, &[("TimeLimit", "30")]).await;
    assert_eq!(over(&sim, &call).await, CallStatus::Completed);
    let secs = sim.call(&call).unwrap().duration_secs.unwrap();
    assert_eq!(secs, 30);
}

#[tokio::test]
async fn a_bad_document_is_heard_as_an_application_error() {
    for (verbs, code) in [("<Say>Hi", 12_100), ("<Shout>Hi</Shout>", 12_200)] {
        let (product, sim, call) = story([("/voice", verbs)], Habit::answers()).await;
        assert_eq!(problems(&sim, &call), [code], "{verbs}");
        assert_eq!(sim.heard(&call).last(), Some(&Heard::ApplicationError));
        assert_eq!(product.statuses().last().unwrap(), "completed");
    }
}

#[tokio::test]
async fn the_fallback_url_is_asked_and_told_why() {
    let product = Product::start(|asked| match asked.path.as_str() {
        "/voice" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        "/fallback" => document("<Say>We call back.</Say>"),
        _ => StatusCode::NO_CONTENT.into_response(),
    })
    .await;
    let sim = sim(options()).await;
    let call = Client::of(&sim).create(&product, ANN, &[("FallbackUrl", &product.url("/fallback"))]).await;
    over(&sim, &call).await;
    let fallback = &product.asked_at("/fallback")[0];
    assert_eq!(
        (fallback.get("ErrorCode"), fallback.get("ErrorUrl")),
        ("11200", product.url("/voice").as_str())
    );
    assert_eq!(sim.heard(&call).last(), Some(&Heard::Said { text: "We call back.".into() }));
}

#[tokio::test]
async fn a_status_callback_is_retried_only_as_its_fragment_says() {
    let product = Product::start(|asked| match asked.path.as_str() {
        "/voice" => document("<Hangup/>"),
        _ => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    })
    .await;
    let sim = sim(options()).await;
    let client = Client::of(&sim);
    let attempts = async |fragment: &str| {
        let told = format!("{}{fragment}", product.url("/status"));
        let before = product.asked_at("/status").len();
        let call = client
            .create(&product, ANN, &[("StatusCallback", &told), ("StatusCallbackEvent", "completed")])
            .await;
        over(&sim, &call).await;
        product.asked_at("/status").split_off(before)
    };
    assert_eq!(attempts("").await.len(), 1, "a 5xx is lost for good");
    let retried = attempts("#rc=2&rp=all").await;
    assert_eq!(retried.len(), 3);
    assert!(retried.iter().all(|asked| asked.token == retried[0].token && !asked.target.contains('#')));
}

#[tokio::test]
async fn a_patient_person_waits_while_the_product_restarts() {
    let mut product = Product::with_documents(SURVEY).await;
    let sim = sim(SimOptions { patience: Duration::from_secs(20), ..options() }).await;
    sim.set_person(ANN, Habit::says(["Ann"]));
    product.die().await;
    let call = {
        let client = Client::of(&sim);
        client.create(&product, ANN, &[]).await
    };
    let unanswered =
        |sim: &Sim| sim.webhooks().iter().filter(|hook| hook.kind == WebhookKind::Voice).count() >= 2;
    sim.wait_for(unanswered).await;
    product.come_back();
    assert_eq!(over(&sim, &call).await, CallStatus::Completed);
    assert_eq!(sim.heard(&call).last(), Some(&Heard::Said { text: "Goodbye.".into() }));
    assert_eq!(problems(&sim, &call), [] as [u32; 0]);
}

#[tokio::test]
async fn a_patient_person_asks_again_with_the_same_token_when_the_product_dies_while_answering() {
    let first = AtomicBool::new(true);
    let product = Product::start(move |asked| match asked.path.as_str() {
        // A handler that panics takes its connection with it, as a process that is killed does.
        "/voice" if first.swap(false, Ordering::Relaxed) => panic!("dies while answering, as the test wants"),
        _ => document("<Say>Here I am.</Say>"),
    })
    .await;
    let sim = sim(SimOptions { patience: Duration::from_secs(20), ..options() }).await;
    let call = Client::of(&sim).create(&product, ANN, &[]).await;
    over(&sim, &call).await;
    let voice = product.asked_at("/voice");
    assert_eq!(voice.len(), 2);
    assert_eq!(voice[0].token, voice[1].token);
    assert_eq!(sim.heard(&call), [Heard::Said { text: "Here I am.".into() }]);
}

#[tokio::test]
async fn without_patience_a_dead_product_is_an_application_error() {
    let mut product = Product::with_documents(SURVEY).await;
    let sim = sim(options()).await;
    product.die().await;
    let call = Client::of(&sim).create(&product, ANN, &[]).await;
    assert_eq!(over(&sim, &call).await, CallStatus::Completed);
    assert_eq!(problems(&sim, &call), [11_205]);
    assert_eq!(sim.heard(&call).last(), Some(&Heard::ApplicationError));
}

#[tokio::test]
async fn one_seed_gives_each_call_the_same_life_in_any_order() {
    let people: Vec<String> = (0..30).map(|n| format!("+1512555{n:04}")).collect();
    let lives = async |seed: u64, order: Vec<String>| {
        let product = Product::with_documents(SURVEY).await;
        let sim = sim(SimOptions { seed, mix: SimOptions::default().mix, ..options() }).await;
        let client = Client::of(&sim);
        for person in &order {
            client.create(&product, person, &[]).await;
        }
        sim.wait_until_idle().await;
        let mut lives: Vec<String> = sim
            .calls()
            .iter()
            .map(|call| {
                format!("{} {:?} {:?} {:?}", call.sid, call.status, call.duration_secs, sim.heard(&call.sid))
            })
            .collect();
        lives.sort();
        lives
    };
    let forwards = lives(7, people.clone()).await;
    let backwards = lives(7, people.iter().rev().cloned().collect()).await;
    for (one, other) in forwards.iter().zip(&backwards) {
        assert_eq!(one, other);
    }
    assert!(forwards != lives(8, people).await, "another seed gives other lives");
}
