//! The client against carriers of every mood: each row of the table of answers, over real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod carrier;

use carrier::{Answer, FakeCarrier};
use jiff::Timestamp;
use secrecy::SecretString;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use trunkline_carriers::callback::LegUrls;
use trunkline_carriers::twilio::{BadSettings, Twilio, TwilioSettings};
use trunkline_carriers::{
    AccountState, AskError, Carrier, HangUpAnswer, LastLook, MachineDetection, NumberId, NumberUrls, Order,
    PostAnswer, Until,
};
use trunkline_core::call::{AnsweredBy, EndWord, News, Refusal, RefusalClass};
use trunkline_core::id::{CarrierCallId, RecordingId};
use trunkline_core::private::Address;

const ACCOUNT_SID: &str = "AC0123456789abcdef0123456789abcdef";
const CALL_SID: &str = "CA0123456789abcdef0123456789abcdef";
const RECORDING_SID: &str = "RE0123456789abcdef0123456789abcdef";
const TIMEOUT: Duration = Duration::from_millis(400);

fn twilio_at(base: &str) -> Twilio {
    // Only the first of all tests in this process can install it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut settings = TwilioSettings::new(ACCOUNT_SID, SecretString::from("hush"), base.parse().unwrap());
    settings.timeout = TIMEOUT;
    Twilio::new(settings).unwrap()
}

fn order() -> Order {
    Order {
        to: Address::new("+15550100"),
        from: Address::new("+15550199"),
        urls: LegUrls {
            voice: "https://us.example/voice?q=0&s=a+b#rc=2".to_owned(),
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

async fn placed_with(answer: Answer) -> (PostAnswer, usize) {
    let carrier = FakeCarrier::with(answer).await;
    let answer = twilio_at(&carrier.base).place(&order(), free()).await;
    (answer, carrier.requests().len())
}

fn refusal(class: RefusalClass, code: &str, http: u16, message: &str) -> PostAnswer {
    let code = Some(code.to_owned()).filter(|code| !code.is_empty());
    PostAnswer::Refused(Refusal { class, code, http: Some(http), message: message.to_owned() })
}

#[tokio::test]
async fn the_create_request_says_everything_and_says_it_once() {
    let carrier = FakeCarrier::with(Answer::json(201, &format!(r#"{{"sid":"{CALL_SID}"}}"#))).await;
    let twilio = twilio_at(&carrier.base);
    let detection = MachineDetection::Beside { until: Until::GreetingEnds, timeout_secs: 30 };
    let answer = twilio.place(&Order { machine_detection: detection, ..order() }, free()).await;
    assert_eq!(answer, PostAnswer::Placed(CarrierCallId::new(CALL_SID)));
    let requests = carrier.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(request.line, format!("POST /2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json HTTP/1.1"));
    assert!(
        request.head.contains("authorization: Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjpodXNo")
    );
    insta::assert_snapshot!(request.fields());
}

#[tokio::test]
async fn the_timeouts_stay_in_the_carriers_range() {
    let carrier = FakeCarrier::with(Answer::json(201, &format!(r#"{{"sid":"{CALL_SID}"}}"#))).await;
    let twilio = twilio_at(&carrier.base);
    twilio.place(&Order { ring_timeout_secs: 0, time_limit_secs: 0, ..order() }, free()).await;
    twilio.place(&Order { ring_timeout_secs: 9_999, ..order() }, free()).await;
    let fields: Vec<String> = carrier.requests().iter().map(carrier::Request::fields).collect();
    assert!(fields[0].contains("\nTimeout=5\n") && fields[0].contains("\nTimeLimit=1\n"), "{}", fields[0]);
    assert!(fields[1].contains("\nTimeout=600\n"), "{}", fields[1]);
}

#[tokio::test]
async fn a_2xx_with_an_id_is_placed() {
    for status in [200, 201, 202] {
        let (answer, _) =
            placed_with(Answer::json(status, &format!(r#"{{"sid":"{CALL_SID}","x":null}}"#))).await;
        assert_eq!(answer, PostAnswer::Placed(CarrierCallId::new(CALL_SID)), "{status}");
    }
}

#[tokio::test]
async fn a_4xx_with_the_carriers_code_is_refused_by_the_code() {
    let shown = "The number +••• is no good";
    for (http, code, class) in [
        (400, 21_201, RefusalClass::InvalidNumber),
        (400, 21_211, RefusalClass::InvalidNumber),
        (400, 21_217, RefusalClass::InvalidNumber),
        (400, 21_214, RefusalClass::InvalidNumber),
        (400, 21_215, RefusalClass::Blocked),
        (400, 21_216, RefusalClass::Blocked),
        (400, 21_212, RefusalClass::Configuration),
        (400, 21_213, RefusalClass::Configuration),
        (400, 21_205, RefusalClass::Configuration),
        (401, 20_003, RefusalClass::Configuration),
        (403, 20_003, RefusalClass::Configuration),
        (404, 20_404, RefusalClass::Configuration),
        (400, 99_999, RefusalClass::Configuration),
        (429, 20_429, RefusalClass::TooMany),
        (400, 20_429, RefusalClass::TooMany),
    ] {
        let body =
            format!(r#"{{"code":{code},"message":"The number +15550100 is no good","status":{http}}}"#);
        let (answer, requests) = placed_with(Answer::json(http, &body)).await;
        assert_eq!(answer, refusal(class, &code.to_string(), http, shown), "{code}");
        assert_eq!(requests, 1);
    }
}

#[tokio::test]
async fn too_many_requests_is_a_refusal_whoever_says_it() {
    let (answer, requests) = placed_with(Answer::text(429, "slow down")).await;
    assert_eq!(answer, refusal(RefusalClass::TooMany, "", 429, ""));
    assert_eq!(requests, 1);
    let (answer, _) = placed_with(Answer::huge(429)).await;
    assert_eq!(answer, refusal(RefusalClass::TooMany, "", 429, ""));
}

#[tokio::test]
async fn a_host_that_takes_no_connection_was_not_sent_anything() {
    let answer = twilio_at(&carrier::closed_port().await).place(&order(), free()).await;
    assert_eq!(answer, PostAnswer::NotSent("no connection to the carrier".to_owned()));
}

#[tokio::test]
async fn a_name_that_does_not_resolve_was_not_sent_anything() {
    let answer = twilio_at("http://no-such-carrier.invalid").place(&order(), free()).await;
    assert!(matches!(answer, PostAnswer::NotSent(_)), "{answer:?}");
}

#[tokio::test]
async fn a_failure_of_tls_was_not_sent_anything() {
    // It answers in plain text where TLS was expected.
    let carrier = FakeCarrier::with(Answer::text(201, "hello")).await;
    let answer = twilio_at(&carrier.base.replace("http:", "https:")).place(&order(), free()).await;
    assert!(matches!(answer, PostAnswer::NotSent(_)), "{answer:?}");
    assert_eq!(carrier.requests().len(), 0);
}

/// A last look that says this, and how often it was asked.
fn look(says: Result<(), &str>) -> (LastLook, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let (says, counter) = (says.map_err(str::to_owned), asked.clone());
    let look = LastLook::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        says
    });
    (look, asked)
}

#[tokio::test]
async fn what_the_last_look_forbids_does_not_go_out() {
    let carrier = FakeCarrier::with(Answer::json(201, &format!(r#"{{"sid":"{CALL_SID}"}}"#))).await;
    let (forbids, asked) = look(Err("counted out"));
    let answer = twilio_at(&carrier.base).place(&order(), forbids).await;
    assert_eq!(answer, PostAnswer::Withheld("counted out".to_owned()));
    carrier.all_are_closed().await;
    assert_eq!((carrier.requests().len(), carrier.bytes(), asked.load(Ordering::Relaxed)), (0, 0, 1));

    let (allows, asked) = look(Ok(()));
    let answer = twilio_at(&carrier.base).place(&order(), allows).await;
    assert_eq!(answer, PostAnswer::Placed(CarrierCallId::new(CALL_SID)));
    assert_eq!((carrier.requests().len(), asked.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test]
async fn the_last_look_comes_when_the_connection_stands_and_not_before() {
    let silent = FakeCarrier::with(Answer::Silence).await;
    // It takes a connection, and never says a word of TLS.
    for base in [carrier::closed_port().await, silent.base.replace("http:", "https:")] {
        let (forbids, asked) = look(Err("asked too early"));
        let answer = twilio_at(&base).place(&order(), forbids).await;
        assert!(matches!(answer, PostAnswer::NotSent(_)), "{answer:?}");
        assert_eq!(asked.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn everything_else_is_unclear_and_sent_once() {
    let placed = format!(r#"{{"sid":"{CALL_SID}"}}"#);
    let code = r#"{"code":20500,"message":"oops"}"#;
    for (what, answer) in [
        ("a fault", Answer::text(500, "oops")),
        ("a fault with a code", Answer::json(500, code)),
        ("a fault with the call in it", Answer::json(502, &placed)),
        ("a gateway's fault", Answer::text(504, "<html>")),
        ("unavailable", Answer::text(503, "")),
        ("silence", Answer::Silence),
        ("a reset after the request", Answer::Reset),
        ("a close after the request", Answer::Close),
        ("one byte of an answer", Answer::Cut(b"H".to_vec())),
        ("half a head", Answer::Cut(b"HTTP/1.1 201 Created\r\ncontent-le".to_vec())),
        ("half a body", Answer::Cut(b"HTTP/1.1 201 Created\r\ncontent-length: 90\r\n\r\n{\"sid\":".to_vec())),
        (
            "half a refusal",
            Answer::Cut(b"HTTP/1.1 400 Bad\r\ncontent-length: 90\r\n\r\n{\"code\":212".to_vec()),
        ),
        ("a body that never ends", Answer::Stalls),
        ("no HTTP", Answer::Cut(b"\x16\x03\x01 what?\r\n\r\n".to_vec())),
        ("an empty 201", Answer::text(201, "")),
        ("a 201 of HTML", Answer::text(201, "<html>welcome to the hotel</html>")),
        ("a 201 without an id", Answer::json(201, "{}")),
        ("a 201 with another id", Answer::json(201, r#"{"sid":"SM0123456789abcdef0123456789abcdef"}"#)),
        ("a 201 with a short id", Answer::json(201, r#"{"sid":"CA1"}"#)),
        ("a huge 201", Answer::huge(201)),
        ("a huge 400", Answer::huge(400)),
        ("a 400 without a code", Answer::text(400, "<html>bad request</html>")),
        ("a proxy's 403", Answer::text(403, "<html>blocked by policy</html>")),
        ("a proxy's 407", Answer::text(407, "")),
        ("a 404 of HTML", Answer::text(404, "not here")),
        ("a gateway's 408", Answer::text(408, "")),
        ("a redirect", Answer::redirect("/elsewhere")),
        ("a 204", Answer::text(204, "")),
    ] {
        let (answer, requests) = placed_with(answer).await;
        assert!(matches!(answer, PostAnswer::Unclear(_)), "{what}: {answer:?}");
        assert_eq!(requests, 1, "{what}: it was sent again");
    }
}

#[tokio::test]
async fn a_kept_connection_is_never_used_for_a_create_request() {
    let carrier = FakeCarrier::with(Answer::json(201, &format!(r#"{{"sid":"{CALL_SID}"}}"#))).await;
    let twilio = twilio_at(&carrier.base);
    for _ in 0..3 {
        twilio.place(&order(), free()).await;
    }
    assert_eq!((carrier.requests().len(), carrier.connections()), (3, 3));
}

#[tokio::test]
async fn nothing_of_a_person_or_a_secret_is_in_what_it_says() {
    for answer in [
        Answer::Reset,
        Answer::text(500, "+15550100 hush"),
        Answer::json(400, r#"{"code":21211,"message":"+15550100"}"#),
    ] {
        let carrier = FakeCarrier::with(answer).await;
        let twilio = twilio_at(&carrier.base);
        let asked = twilio.fetch(&CarrierCallId::new(CALL_SID)).await;
        let listed =
            twilio.list(&Address::new("+15550100"), &Address::new("+15550199"), Timestamp::UNIX_EPOCH).await;
        let shown = format!(
            "{:?} {asked:?} {listed:?} {twilio:?} {:?}",
            twilio.place(&order(), free()).await,
            order()
        );
        for secret in ["5550100", "5550199", "hush", "StartTime"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

#[tokio::test]
async fn a_call_is_fetched_with_everything_the_carrier_says() {
    let body = format!(
        r#"{{"sid":"{CALL_SID}","status":"completed","start_time":"Tue, 31 Aug 2010 20:36:15 +0000",
        "end_time":"Tue, 31 Aug 2010 20:36:28 +0000","duration":"13","price":"-0.0130","price_unit":"USD",
        "answered_by":"human","direction":"outbound-api","queue_time":"0"}}"#
    );
    let carrier = FakeCarrier::with(Answer::json(200, &body)).await;
    let fetched = twilio_at(&carrier.base).fetch(&CarrierCallId::new(CALL_SID)).await.unwrap().unwrap();
    let Some(News::Ended(end)) = &fetched.news else { panic!("{fetched:?}") };
    assert_eq!((end.word, end.duration_secs), (EndWord::Completed, Some(13)));
    assert_eq!(fetched.occurred_at.unwrap().to_string(), "2010-08-31T20:36:28Z");
    assert_eq!(fetched.answered_by, Some(AnsweredBy::Human));
    assert_eq!(fetched.price.unwrap().amount, "-0.0130");
}

#[tokio::test]
async fn a_live_call_has_no_end_and_an_odd_word_is_no_news() {
    for (word, news) in
        [("queued", Some(News::Accepted)), ("in-progress", Some(News::Answered)), ("melting", None)]
    {
        let body = format!(r#"{{"sid":"{CALL_SID}","status":"{word}","end_time":null,"price":null}}"#);
        let carrier = FakeCarrier::with(Answer::json(200, &body)).await;
        let fetched = twilio_at(&carrier.base).fetch(&CarrierCallId::new(CALL_SID)).await.unwrap().unwrap();
        assert_eq!((fetched.news, fetched.occurred_at, fetched.word.as_str()), (news, None, word));
    }
}

#[tokio::test]
async fn only_the_carrier_itself_can_say_that_it_knows_no_such_call() {
    let id = CarrierCallId::new(CALL_SID);
    let theirs = FakeCarrier::with(Answer::json(404, r#"{"code":20404,"message":"not found"}"#)).await;
    assert_eq!(twilio_at(&theirs.base).fetch(&id).await, Ok(None));
    assert_eq!(twilio_at(&theirs.base).hang_up(&id).await, Ok(HangUpAnswer::Gone));
    let proxy = FakeCarrier::with(Answer::text(404, "<html>")).await;
    assert!(twilio_at(&proxy.base).fetch(&id).await.is_err());
    assert!(twilio_at(&proxy.base).hang_up(&id).await.is_err());
}

#[tokio::test]
async fn an_id_that_is_none_of_the_carriers_is_never_put_into_an_address() {
    let carrier = FakeCarrier::with(Answer::json(200, "{}")).await;
    let twilio = twilio_at(&carrier.base);
    for id in ["../Accounts", "CA1", "", "v3:abc", "CA0123456789abcdef0123456789abcde?"] {
        assert_eq!(twilio.fetch(&CarrierCallId::new(id)).await, Ok(None));
        assert_eq!(twilio.hang_up(&CarrierCallId::new(id)).await, Ok(HangUpAnswer::Gone));
        assert!(twilio.fetch_recording(&RecordingId::new(id)).await.unwrap().is_none());
    }
    assert_eq!(carrier.requests().len(), 0);
}

#[tokio::test]
async fn every_trouble_of_asking_has_a_name_and_tells_whether_it_may_pass() {
    for (answer, error, is_transient) in [
        (Answer::text(500, ""), AskError::Fault { http: 500 }, true),
        (Answer::text(503, ""), AskError::Fault { http: 503 }, true),
        (Answer::text(429, ""), AskError::TooMany, true),
        (Answer::Silence, AskError::TimedOut, true),
        (Answer::Reset, AskError::Unreachable("the connection broke"), true),
        (Answer::text(200, "<html>"), AskError::Unreadable("it is not the expected JSON"), true),
        (Answer::endless(200), AskError::TooLarge("a page of the API"), false),
        (
            Answer::json(401, r#"{"code":20003,"message":"Authenticate"}"#),
            AskError::Refused {
                http: 401,
                code: Some("20003".to_owned()),
                message: "Authenticate".to_owned(),
            },
            false,
        ),
    ] {
        let carrier = FakeCarrier::with(answer).await;
        let asked = twilio_at(&carrier.base).fetch(&CarrierCallId::new(CALL_SID)).await.unwrap_err();
        assert_eq!((&asked, asked.is_transient()), (&error, is_transient));
    }
    let asked = twilio_at(&carrier::closed_port().await).fetch(&CarrierCallId::new(CALL_SID)).await;
    assert_eq!(asked, Err(AskError::Unreachable("no connection")));
}

fn call(sid_end: u8, created: &str) -> String {
    format!(
        r#"{{"sid":"CA0123456789abcdef0123456789abcd{sid_end:02x}","status":"queued","date_created":{created}}}"#
    )
}

async fn listed(carrier: &FakeCarrier, since: &str) -> Result<Vec<trunkline_carriers::Listed>, AskError> {
    twilio_at(&carrier.base)
        .list(&Address::new("+15550100"), &Address::new("+15550199"), since.parse().unwrap())
        .await
}

#[tokio::test]
async fn a_listing_asks_by_day_and_for_those_that_still_wait_and_counts_each_call_once() {
    let first = call(1, r#""Tue, 31 Aug 2010 20:36:28 +0000""#);
    let carrier =
        FakeCarrier::with(Answer::json(200, &format!(r#"{{"calls":[{first},{}]}}"#, call(2, "null")))).await;
    let calls = listed(&carrier, "2010-09-01T00:02:00Z").await.unwrap();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0].created_at.unwrap().to_string(), "2010-08-31T20:36:28Z");
    assert_eq!((calls[1].created_at, &calls[1].news), (None, &News::Accepted));
    let lines: Vec<String> = carrier.requests().into_iter().map(|request| request.line).collect();
    let path = format!("GET /2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json?To=%2B15550100&From=%2B15550199");
    assert_eq!(
        lines,
        [
            format!("{path}&StartTime%3E=2010-08-31&PageSize=200 HTTP/1.1"),
            format!("{path}&Status=queued&PageSize=200 HTTP/1.1")
        ]
    );
}

#[tokio::test]
async fn a_listing_is_read_to_its_last_page() {
    let next = format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Calls.json?Page=1&PageToken=x");
    let carrier = FakeCarrier::in_turn(vec![
        Answer::json(200, &format!(r#"{{"calls":[{}],"next_page_uri":"{next}"}}"#, call(1, "null"))),
        Answer::json(200, &format!(r#"{{"calls":[{}],"next_page_uri":null}}"#, call(2, "null"))),
        Answer::json(200, r#"{"calls":[]}"#),
    ])
    .await;
    assert_eq!(listed(&carrier, "2010-08-31T12:00:00Z").await.unwrap().len(), 2);
    assert!(carrier.requests()[1].line.contains("PageToken=x"));
}

#[tokio::test]
async fn a_listing_that_does_not_end_is_an_error_and_never_a_short_list() {
    let endless = r#"{"calls":[],"next_page_uri":"/again"}"#;
    let carrier = FakeCarrier::with(Answer::json(200, endless)).await;
    assert_eq!(listed(&carrier, "2010-08-31T12:00:00Z").await, Err(AskError::TooLarge("a listing of calls")));
    assert_eq!(carrier.requests().len(), 10);
    let broken =
        FakeCarrier::in_turn(vec![Answer::json(200, r#"{"calls":[]}"#), Answer::text(500, "")]).await;
    assert_eq!(listed(&broken, "2010-08-31T12:00:00Z").await, Err(AskError::Fault { http: 500 }));
}

#[tokio::test]
async fn whoever_a_call_was_handed_to_is_found_by_that_call_and_never_among_attempts() {
    let child = call(2, "null")
        .replace("queued", "in-progress")
        .replace('}', &format!(r#","parent_call_sid":"{CALL_SID}"}}"#));
    let both = format!(r#"{{"calls":[{},{child}]}}"#, call(1, "null"));
    let carrier = FakeCarrier::with(Answer::json(200, &both)).await;
    let attempts = listed(&carrier, "2010-08-31T12:00:00Z").await.unwrap();
    assert_eq!(attempts.iter().map(|call| call.news.clone()).collect::<Vec<_>>(), [News::Accepted]);
    let children = twilio_at(&carrier.base).children(&CarrierCallId::new(CALL_SID)).await.unwrap();
    assert_eq!(children.iter().map(|call| call.news.clone()).collect::<Vec<_>>(), [News::Answered]);
    assert!(carrier.requests()[2].line.contains(&format!("ParentCallSid={CALL_SID}&")));
}

#[tokio::test]
async fn a_page_elsewhere_is_not_asked_for() {
    let elsewhere = r#"{"calls":[],"next_page_uri":"@evil.example/steal"}"#;
    let carrier = FakeCarrier::with(Answer::json(200, elsewhere)).await;
    assert!(matches!(listed(&carrier, "2010-08-31T12:00:00Z").await, Err(AskError::Unreadable(_))));
}

#[tokio::test]
async fn hanging_up_asks_and_takes_a_call_that_is_over_for_an_answer() {
    let id = CarrierCallId::new(CALL_SID);
    let carrier = FakeCarrier::with(Answer::json(200, &format!(r#"{{"sid":"{CALL_SID}"}}"#))).await;
    assert_eq!(twilio_at(&carrier.base).hang_up(&id).await, Ok(HangUpAnswer::Asked));
    assert_eq!(carrier.requests()[0].body, "Status=completed");
    let over = FakeCarrier::with(Answer::json(400, r#"{"code":21220,"message":"not in-progress"}"#)).await;
    assert_eq!(twilio_at(&over.base).hang_up(&id).await, Ok(HangUpAnswer::AlreadyOver));
}

#[tokio::test]
async fn a_recording_comes_in_pieces_with_our_credentials() {
    let carrier = FakeCarrier::with(Answer::text(200, "RIFF....WAVE")).await;
    let twilio = twilio_at(&carrier.base);
    let mut body = twilio.fetch_recording(&RecordingId::new(RECORDING_SID)).await.unwrap().unwrap();
    let mut sound = Vec::new();
    while let Some(piece) = body.next().await.unwrap() {
        sound.extend_from_slice(&piece);
    }
    assert_eq!(sound, b"RIFF....WAVE");
    let request = &carrier.requests()[0];
    assert!(request.line.contains(&format!("/Recordings/{RECORDING_SID}.wav")));
    assert!(request.head.contains("authorization: Basic"));
}

#[tokio::test]
async fn a_recording_that_is_not_there_yet_is_none_and_one_that_breaks_off_is_an_error() {
    let id = RecordingId::new(RECORDING_SID);
    let none = FakeCarrier::with(Answer::text(404, "")).await;
    assert!(twilio_at(&none.base).fetch_recording(&id).await.unwrap().is_none());
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\nRIFF".to_vec();
    let broken = FakeCarrier::with(Answer::Cut(half)).await;
    let mut body = twilio_at(&broken.base).fetch_recording(&id).await.unwrap().unwrap();
    let mut last = Ok(None);
    for _ in 0..3 {
        last = body.next().await;
        if last.is_err() {
            break;
        }
    }
    assert!(last.is_err(), "{last:?}");
}

#[tokio::test]
async fn our_credentials_do_not_follow_a_recording_to_its_storage() {
    let storage = FakeCarrier::with(Answer::text(200, "RIFF")).await;
    // Another host by name: credentials stay with the first.
    let there = format!("{}/bucket", storage.base.replace("127.0.0.1", "localhost"));
    let carrier = FakeCarrier::with(Answer::redirect(&there)).await;
    let body = twilio_at(&carrier.base).fetch_recording(&RecordingId::new(RECORDING_SID)).await.unwrap();
    assert!(body.is_some());
    let requests = storage.requests();
    assert_eq!(requests.len(), 1);
    assert!(!requests[0].head.contains("authorization"), "{}", requests[0].head);
}

#[tokio::test]
async fn numbers_are_listed_and_pointed_at_us() {
    let body = r#"{"incoming_phone_numbers":[{"sid":"PN0123456789abcdef0123456789abcdef",
        "phone_number":"+15550199","voice_url":"https://old.example/","voice_fallback_url":null,"status_callback":""}]}"#;
    let carrier = FakeCarrier::with(Answer::json(200, body)).await;
    let twilio = twilio_at(&carrier.base);
    let numbers = twilio.numbers().await.unwrap();
    assert_eq!(
        (numbers[0].number.as_str(), numbers[0].urls.voice.as_str()),
        ("+15550199", "https://old.example/")
    );
    let urls = NumberUrls {
        voice: "https://us.example/answer".to_owned(),
        fallback: "https://us.example/fallback".to_owned(),
        status: "https://us.example/status".to_owned(),
    };
    twilio.point_number(&numbers[0].id, &urls).await.unwrap();
    assert!(carrier.requests()[1].fields().contains("\nVoiceUrl=https://us.example/answer\n"));
    assert!(twilio.point_number(&NumberId("../x".to_owned()), &urls).await.is_err());
}

#[tokio::test]
async fn the_check_tells_a_trial_account_and_a_closed_one() {
    for (status, kind, state) in [
        ("active", "Full", AccountState::Active),
        ("active", "Trial", AccountState::Trial),
        ("suspended", "Full", AccountState::Closed),
        ("closed", "Full", AccountState::Closed),
    ] {
        let carrier =
            FakeCarrier::with(Answer::json(200, &format!(r#"{{"status":"{status}","type":"{kind}"}}"#)))
                .await;
        assert_eq!(twilio_at(&carrier.base).check().await.unwrap().state, state, "{status} {kind}");
    }
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_is_asked() {
    let with = |sid: &str, base: &str| {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Twilio::new(TwilioSettings::new(sid, SecretString::from("hush"), base.parse().unwrap())).err()
    };
    assert_eq!(with("AC1", "https://api.twilio.com"), Some(BadSettings::AccountSid));
    assert_eq!(
        with("AC0123456789abcdef0123456789abcde/", "https://api.twilio.com"),
        Some(BadSettings::AccountSid)
    );
    assert_eq!(with(ACCOUNT_SID, "ftp://api.twilio.com"), Some(BadSettings::ApiBase));
    assert_eq!(with(ACCOUNT_SID, "https://u:p@api.twilio.com"), Some(BadSettings::ApiBase));
    assert_eq!(with(ACCOUNT_SID, "https://api.twilio.com"), None);
}

/// Nothing forbids it.
fn free() -> LastLook {
    LastLook::new(|| Ok(()))
}
