//! The client: what it writes, and what each answer means.

use crate::carrier::{self, Answer, FakeCarrier};
use crate::{ACCOUNT, CALL, RECORDING};
use jiff::Timestamp;
use secrecy::SecretString;
use std::time::Duration;
use trunkline_carriers::callback::LegUrls;
use trunkline_carriers::telnyx::{Telnyx, TelnyxSettings};
use trunkline_carriers::{
    AccountState, AskError, BadSettings, Carrier, HangUpAnswer, LastLook, MachineDetection, NumberId,
    NumberUrls, Order, PostAnswer, Until,
};
use trunkline_core::call::{AnsweredBy, EndWord, News, Refusal, RefusalClass};
use trunkline_core::id::{CarrierCallId, RecordingId};
use trunkline_core::private::Address;

pub(super) const CONNECTION: &str = "1293384261075731499";

pub(super) fn settings(base: &str) -> TelnyxSettings {
    // Only the first of all tests in this process can install it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut settings =
        TelnyxSettings::new(ACCOUNT, SecretString::from("KEY01"), CONNECTION, base.parse().unwrap());
    settings.timeout = Duration::from_millis(400);
    settings
}

pub(super) fn telnyx_at(base: &str) -> Telnyx {
    Telnyx::new(settings(base)).unwrap()
}

pub(super) fn order() -> Order {
    Order {
        to: Address::new("+15550100"),
        from: Address::new("+15550199"),
        urls: LegUrls {
            voice: "https://us.example/voice?q=0&s=ab".to_owned(),
            fallback: "https://us.example/fallback".to_owned(),
            status: "https://us.example/status".to_owned(),
            amd: "https://us.example/amd".to_owned(),
            events: "https://us.example/call-control".to_owned(),
        },
        ring_timeout_secs: 30,
        time_limit_secs: 3_600,
        machine_detection: MachineDetection::Off,
    }
}

/// Nothing forbids it.
pub(super) fn free() -> LastLook {
    LastLook::new(|| Ok(()))
}

pub(super) fn id() -> CarrierCallId {
    CarrierCallId::new(CALL)
}

fn placed() -> Answer {
    Answer::json(200, &format!(r#"{{"call_sid":"{CALL}","from":"+1","to":"+1","status":"queued"}}"#))
}

pub(super) fn error(http: u16, code: &str, field: &str) -> Answer {
    let body = format!(
        r#"{{"errors":[{{"code":"{code}","title":"No","detail":"+15550100 is no good","source":{{"pointer":"{field}"}}}}]}}"#
    );
    Answer::json(http, &body)
}

#[tokio::test]
async fn the_create_request_says_everything_and_says_it_once() {
    let carrier = FakeCarrier::with(placed()).await;
    let detection = MachineDetection::Beside { until: Until::GreetingEnds, timeout_secs: 30 };
    let order = Order { machine_detection: detection, ..order() };
    assert_eq!(telnyx_at(&carrier.base).place(&order, free()).await, PostAnswer::Placed(id()));
    let requests = carrier.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.line, format!("POST /v2/texml/calls/{CONNECTION} HTTP/1.1"));
    assert!(request.head.contains("authorization: Bearer KEY01"), "{}", request.head);
    let said: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(
        said,
        serde_json::json!({
            "To": "+15550100",
            "From": "+15550199",
            "Url": "https://us.example/voice?q=0&s=ab",
            "UrlMethod": "POST",
            "Method": "POST",
            "FallbackUrl": "https://us.example/fallback",
            "StatusCallback": "https://us.example/status",
            "StatusCallbackMethod": "POST",
            "StatusCallbackEvent": "initiated ringing answered completed",
            "Timeout": 30,
            "TimeLimit": 3600,
            "MachineDetection": "DetectMessageEnd",
            "DetectionMode": "Regular",
            "MachineDetectionTimeout": 30000,
            "AsyncAmd": true,
            "AsyncAmdStatusCallback": "https://us.example/amd",
            "AsyncAmdStatusCallbackMethod": "POST",
            "CancelPlaybackOnMachineDetection": false,
            "CancelPlaybackOnDetectMessageEnd": false,
        })
    );
}

#[tokio::test]
async fn the_timeouts_stay_in_the_carriers_range() {
    let carrier = FakeCarrier::with(placed()).await;
    let telnyx = telnyx_at(&carrier.base);
    telnyx.place(&Order { ring_timeout_secs: 0, time_limit_secs: 0, ..order() }, free()).await;
    telnyx.place(&Order { ring_timeout_secs: 600, time_limit_secs: 90_000, ..order() }, free()).await;
    let said =
        |nth: usize| -> serde_json::Value { serde_json::from_str(&carrier.requests()[nth].body).unwrap() };
    assert_eq!((said(0)["Timeout"].as_u64(), said(0)["TimeLimit"].as_u64()), (Some(5), Some(30)));
    assert_eq!((said(1)["Timeout"].as_u64(), said(1)["TimeLimit"].as_u64()), (Some(120), Some(14_400)));
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
    let wrapped = format!(r#"{{"data":{{"call_sid":"{CALL}"}}}}"#);
    for (answer, means) in [
        (placed(), PostAnswer::Placed(id())),
        (Answer::json(201, &wrapped), PostAnswer::Placed(id())),
        (error(422, "10002", "/To"), refused(RefusalClass::InvalidNumber, "10002", 422)),
        (error(422, "10016", "To"), refused(RefusalClass::InvalidNumber, "10016", 422)),
        // The same code of another field says nothing of the person.
        (error(422, "10002", "/From"), refused(RefusalClass::Configuration, "10002", 422)),
        (error(401, "10009", ""), refused(RefusalClass::Configuration, "10009", 401)),
        (error(403, "90009", "/To"), refused(RefusalClass::Configuration, "90009", 403)),
        (error(429, "10011", ""), refused(RefusalClass::TooMany, "10011", 429)),
        (error(503, "10007", ""), unclear("503 with code 10007")),
        (Answer::text(502, "<html>"), unclear("502 without the carrier's code")),
        // Nobody of Telnyx's said so: it may be a proxy behind which the request went on.
        (Answer::text(404, "<html>"), unclear("404 without the carrier's code")),
        // The account's own path answers like this: a call, and no name for it.
        (
            Answer::json(200, r#"{"from":"+1","to":"+1","status":"queued"}"#),
            unclear("200 with no call in it"),
        ),
        (Answer::json(200, r#"{"call_sid":"CA1"}"#), unclear("200 with no call in it")),
        (Answer::Close, PostAnswer::Unclear("the connection broke before the answer".to_owned())),
        (Answer::Silence, PostAnswer::Unclear("no answer in time".to_owned())),
    ] {
        let carrier = FakeCarrier::with(answer.clone()).await;
        assert_eq!(telnyx_at(&carrier.base).place(&order(), free()).await, means, "{answer:?}");
        assert_eq!(carrier.requests().len(), 1, "sent once: {answer:?}");
    }
}

#[tokio::test]
async fn what_must_not_go_out_or_cannot_does_not() {
    let carrier = FakeCarrier::with(placed()).await;
    let no = LastLook::new(|| Err("the campaign is paused".to_owned()));
    let answer = telnyx_at(&carrier.base).place(&order(), no).await;
    assert_eq!(answer, PostAnswer::Withheld("the campaign is paused".to_owned()));
    carrier.all_are_closed().await;
    assert!(carrier.requests().is_empty());
    let answer = telnyx_at(&carrier::closed_port().await).place(&order(), free()).await;
    assert_eq!(answer, PostAnswer::NotSent("no connection to the carrier".to_owned()));
}

#[tokio::test]
async fn a_call_is_asked_about() {
    let body = format!(
        r#"{{"sid":"{CALL}","status":"no-answer","direction":"outbound","duration":"0","answered_by":"not_sure",
        "end_time":"Tue, 31 Aug 2010 20:36:28 +0000","date_created":"2010-08-31T20:36:00Z","price":"-0.01","price_unit":"USD"}}"#
    );
    let carrier = FakeCarrier::with(Answer::json(200, &body)).await;
    let fetched = telnyx_at(&carrier.base).fetch(&id()).await.unwrap().unwrap();
    assert_eq!(carrier.requests()[0].line, format!("GET /v2/texml/Accounts/{ACCOUNT}/Calls/{CALL} HTTP/1.1"));
    assert!(matches!(&fetched.news, Some(News::Ended(end)) if end.word == EndWord::NoAnswer), "{fetched:?}");
    assert_eq!(fetched.answered_by, Some(AnsweredBy::Unknown));
    assert_eq!(fetched.occurred_at.unwrap().to_string(), "2010-08-31T20:36:28Z");
    assert_eq!(fetched.price.unwrap().amount, "-0.01");
}

#[tokio::test]
async fn a_call_nobody_knows_is_none_and_a_proxys_404_is_no_answer() {
    let unknown = FakeCarrier::with(error(404, "10005", "")).await;
    assert_eq!(telnyx_at(&unknown.base).fetch(&id()).await, Ok(None));
    let proxy = FakeCarrier::with(Answer::text(404, "<html>")).await;
    assert!(telnyx_at(&proxy.base).fetch(&id()).await.is_err());
    let never = FakeCarrier::with(placed()).await;
    let foreign = CarrierCallId::new("v3:../../texml_applications");
    assert_eq!(telnyx_at(&never.base).fetch(&foreign).await, Ok(None));
    assert_eq!(telnyx_at(&never.base).hang_up(&foreign).await, Ok(HangUpAnswer::Gone));
    assert!(never.requests().is_empty());
}

fn page(sids: &[&str], next: Option<&str>) -> Answer {
    let call = |sid: &&str| {
        serde_json::json!({ "sid": sid, "status": "in-progress", "direction": "outbound",
            "date_created": "Tue, 31 Aug 2010 20:36:28 +0000" })
    };
    let calls: Vec<_> = sids.iter().map(call).collect();
    Answer::json(200, &serde_json::json!({ "calls": calls, "next_page_uri": next }).to_string())
}

#[tokio::test]
async fn a_listing_is_read_to_its_end_and_begins_a_day_before() {
    let next = format!("/v2/texml/Accounts/{ACCOUNT}/Calls.json?Page=1");
    let carrier =
        FakeCarrier::in_turn(vec![page(&["v3:aaaaaaaa"], Some(&next)), page(&["v3:bbbbbbbb"], None)]).await;
    let since: Timestamp = "2026-11-22T06:00:00Z".parse().unwrap();
    let (to, from) = (Address::new("+15550100"), Address::new("+15550199"));
    let listed = telnyx_at(&carrier.base).list(&to, &from, since).await.unwrap();
    let ids: Vec<&str> = listed.iter().map(|call| call.id.as_str()).collect();
    assert_eq!(ids, ["v3:aaaaaaaa", "v3:bbbbbbbb"]);
    assert_eq!(listed[0].news, News::Answered);
    let lines: Vec<String> = carrier.requests().into_iter().map(|request| request.line).collect();
    assert!(lines[0].contains("To=%2B15550100&From=%2B15550199&StartTime%3E=2026-11-21&"), "{lines:?}");
    assert_eq!(lines[1], format!("GET {next} HTTP/1.1"));
}

#[tokio::test]
async fn a_listing_that_leads_elsewhere_or_never_ends_proves_nothing() {
    let (to, from) = (Address::new("+15550100"), Address::new("+15550199"));
    let now: Timestamp = "2026-11-22T06:00:00Z".parse().unwrap();
    let astray = FakeCarrier::with(page(&[], Some("https://elsewhere.example/"))).await;
    assert!(matches!(telnyx_at(&astray.base).list(&to, &from, now).await, Err(AskError::Unreadable(_))));
    let endless = FakeCarrier::with(page(&[], Some("/v2/texml/x"))).await;
    assert!(matches!(telnyx_at(&endless.base).list(&to, &from, now).await, Err(AskError::TooLarge(_))));
}

#[tokio::test]
async fn a_call_is_hung_up_once_and_then_found_over() {
    for (answer, means) in [
        (Answer::json(200, "{}"), Ok(HangUpAnswer::Asked)),
        (error(422, "90018", ""), Ok(HangUpAnswer::AlreadyOver)),
        (error(404, "10005", ""), Ok(HangUpAnswer::Gone)),
        (error(500, "10007", ""), Err(AskError::Fault { http: 500 })),
        (error(429, "10011", ""), Err(AskError::TooMany)),
    ] {
        let carrier = FakeCarrier::with(answer).await;
        assert_eq!(telnyx_at(&carrier.base).hang_up(&id()).await, means);
        assert_eq!(carrier.requests()[0].body, "Status=completed");
    }
}

#[tokio::test]
async fn a_live_call_is_sent_to_another_page() {
    let carrier = FakeCarrier::with(Answer::json(200, "{}")).await;
    let sent = telnyx_at(&carrier.base).redirect(&id(), "https://us.example/voice?s=x").await;
    assert_eq!(sent, Ok(HangUpAnswer::Asked));
    assert_eq!(carrier.requests()[0].fields(), "\nUrl=https://us.example/voice?s=x\nMethod=POST\n");
}

#[tokio::test]
async fn a_recording_is_loaded_from_a_fresh_address_without_our_key() {
    let storage = FakeCarrier::with(Answer::text(200, "RIFF and so on")).await;
    let named =
        serde_json::json!({ "status": "completed", "media_url": format!("{}/1.wav?x=1", storage.base) });
    let carrier = FakeCarrier::with(Answer::json(200, &named.to_string())).await;
    let recording = RecordingId::new(RECORDING);
    let mut sound = telnyx_at(&carrier.base).fetch_recording(&recording).await.unwrap().unwrap();
    assert!(sound.next().await.unwrap().unwrap().starts_with(b"RIFF"));
    assert_eq!(
        carrier.requests()[0].line,
        format!("GET /v2/texml/Accounts/{ACCOUNT}/Recordings/{RECORDING}.json HTTP/1.1")
    );
    assert!(!storage.requests()[0].head.contains("authorization"), "our key is nobody else's");
}

#[tokio::test]
async fn a_recording_that_is_not_there_yet_is_none() {
    for answer in [
        Answer::json(200, r#"{"status":"in-progress","media_url":null}"#),
        Answer::json(200, r#"{"status":"completed","media_url":null}"#),
        error(404, "10005", ""),
    ] {
        let carrier = FakeCarrier::with(answer).await;
        let none = telnyx_at(&carrier.base).fetch_recording(&RecordingId::new(RECORDING)).await;
        assert!(matches!(none, Ok(None)), "{none:?}");
    }
}

const APPLICATION: &str = r#"{"data":{"id":"1","friendly_name":"Ours","active":true,"voice_url":"https://us.example/answer",
    "voice_fallback_url":null,"status_callback":"https://us.example/status"}}"#;

#[tokio::test]
async fn a_number_leads_where_its_application_leads() {
    let numbers = format!(
        r#"{{"data":[{{"id":"7","phone_number":"+15550100","connection_id":"{CONNECTION}"}},
        {{"id":"8","phone_number":"+15550101","connection_id":"2"}},{{"id":"9","phone_number":"+15550102"}}],
        "meta":{{"total_pages":1}}}}"#
    );
    let carrier =
        FakeCarrier::in_turn(vec![Answer::json(200, APPLICATION), Answer::json(200, &numbers)]).await;
    let found = telnyx_at(&carrier.base).numbers().await.unwrap();
    let voice: Vec<&str> = found.iter().map(|number| number.urls.voice.as_str()).collect();
    assert_eq!(voice, ["https://us.example/answer", "", ""]);
}

#[tokio::test]
async fn pointing_a_number_points_the_application_and_the_number_at_it() {
    let carrier = FakeCarrier::with(Answer::json(200, APPLICATION)).await;
    let urls = NumberUrls {
        voice: "https://new.example/answer".to_owned(),
        fallback: "https://new.example/fallback".to_owned(),
        status: "https://new.example/status".to_owned(),
    };
    telnyx_at(&carrier.base).point_number(&NumberId("7".to_owned()), &urls).await.unwrap();
    let requests = carrier.requests();
    let lines: Vec<&str> = requests.iter().map(|request| request.line.as_str()).collect();
    let application = format!("/v2/texml_applications/{CONNECTION} HTTP/1.1");
    assert_eq!(
        lines,
        [
            &format!("GET {application}"),
            &format!("PATCH {application}"),
            "PATCH /v2/phone_numbers/7 HTTP/1.1"
        ]
    );
    let said: serde_json::Value = serde_json::from_str(&requests[1].body).unwrap();
    assert_eq!(
        (&said["friendly_name"], &said["voice_url"]),
        (&"Ours".into(), &"https://new.example/answer".into())
    );
    assert!(telnyx_at(&carrier.base).point_number(&NumberId("../x".to_owned()), &urls).await.is_err());
}

#[tokio::test]
async fn whether_the_key_opens_the_application_is_told() {
    let carrier = FakeCarrier::with(Answer::json(200, APPLICATION)).await;
    assert_eq!(telnyx_at(&carrier.base).check().await.unwrap().state, AccountState::Active);
    let carrier = FakeCarrier::with(error(401, "10009", "")).await;
    assert!(matches!(telnyx_at(&carrier.base).check().await, Err(AskError::Refused { http: 401, .. })));
}

#[test]
fn settings_that_cannot_be_right_are_refused() {
    let base = "https://api.telnyx.com";
    let mut wrong = settings(base);
    wrong.account = "AC1".to_owned();
    assert_eq!(Telnyx::new(wrong).unwrap_err(), BadSettings::TelnyxAccount);
    for connection in ["", "12/34", "abc", "123456789012345678901"] {
        let mut wrong = settings(base);
        wrong.connection = connection.to_owned();
        assert_eq!(Telnyx::new(wrong).unwrap_err(), BadSettings::Connection, "{connection}");
    }
    assert_eq!(Telnyx::new(settings("ftp://x.example")).unwrap_err(), BadSettings::ApiBase);
    let shown = format!("{:?}", telnyx_at(base));
    assert!(!shown.contains("KEY01"), "{shown}");
}
