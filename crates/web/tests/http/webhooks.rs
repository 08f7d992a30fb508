//! What carriers send, step by step; what others send in their name is in `forgery`.

use crate::client::send;
use crate::house::{ACCOUNT, House, encode};
use trunkline_engine::Query;

const SID: &str = "CA0000000000000000000000000000beef";

fn inbound(status: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![
        ("AccountSid", ACCOUNT),
        ("CallSid", SID),
        ("CallStatus", status),
        ("Direction", "inbound"),
        ("From", "+15550100123"),
        ("To", "+15005550006"),
    ]
}

async fn calls(house: &House) -> usize {
    house.engine.desk().calls(&Query::default()).await.unwrap().calls.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_believed_about_our_own_address() {
    let house = House::open().await;
    let form = inbound("ringing");
    let body = encode(&form);
    let elsewhere: Vec<_> = form.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let signature = trunkline_sim::sign("simulator-auth-token", "https://evil.example/voice?q=0", &elsewhere);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-twilio-signature", &*signature),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
    ];
    assert_eq!(send(house.server, "POST", "/voice?q=0", &headers, body.as_bytes()).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbound_call_is_asked_the_first_question() {
    let house = House::open().await;
    let answer = house.webhook("/answer", &inbound("ringing")).await;
    assert!(answer.text().contains("/voice?q=0"), "{}", answer.text());
    assert_eq!(calls(&house).await, 0);
    let voice = house.webhook("/voice?q=0", &inbound("in-progress")).await;
    assert_eq!(voice.header("content-type"), Some("application/xml; charset=utf-8"));
    assert!(voice.text().contains("How are you?"), "{}", voice.text());
    assert_eq!(calls(&house).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_also_given_to_who_asks_by_get() {
    let house = House::open().await;
    let target = format!("/voice?q=0&{}", encode(&inbound("in-progress")));
    let signature = house.signature(&target, &[]);
    let voice = house.get(&target, &[("x-twilio-signature", &signature)]).await;
    assert!(voice.text().contains("How are you?"), "{}", voice.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_fetch_gets_the_same_words_and_is_one_event() {
    let house = House::open().await;
    let first = house.webhook("/voice?q=0", &inbound("in-progress")).await;
    for _ in 0..100 {
        let again = house.webhook("/voice?q=0", &inbound("in-progress")).await;
        assert_eq!(again.body, first.body);
    }
    let history = house.engine.desk().history(SID).await.unwrap().unwrap();
    assert_eq!(history.iter().filter(|entry| entry.kind == "spoke").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replayed_end_ends_nothing_twice() {
    let house = House::open().await;
    house.webhook("/voice?q=0", &inbound("in-progress")).await;
    for _ in 0..100 {
        assert_eq!(house.webhook("/status", &inbound("completed")).await.status, 204);
    }
    let history = house.engine.desk().history(SID).await.unwrap().unwrap();
    let ends = history.iter().filter(|entry| entry.event["news"]["news"] == "ended" && entry.applied);
    assert_eq!(ends.count(), 1);
    assert_eq!(house.webhook("/status", &inbound("ringing")).await.status, 204);
    let call = house.engine.desk().call(SID).await.unwrap().unwrap();
    assert!(call.is_over());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_no_script_has_is_a_polite_goodbye() {
    let house = House::open().await;
    for q in ["99", "-1", "two", "", "99999999999999999999999"] {
        let voice = house.webhook(&format!("/voice?q={q}"), &inbound("in-progress")).await;
        assert_eq!(voice.status, 200, "{q}");
        assert!(voice.text().contains("<Hangup"), "{q}: {}", voice.text());
        assert!(!voice.text().contains("How are you?"), "{q}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_no_use_is_answered_politely() {
    let house = House::open().await;
    for form in [vec![], vec![("AccountSid", "AC00000000000000000000000000000002")], vec![("CallSid", "CA1")]]
    {
        let voice = house.webhook("/voice?q=0", &form).await;
        assert_eq!((voice.status, voice.text().contains("<Hangup")), (200, true));
        for target in ["/status", "/recording", "/amd", "/transcription"] {
            assert_eq!(house.webhook(target, &form).await.status, 204, "{target}");
        }
    }
    assert_eq!(calls(&house).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fallback_goes_on_where_the_page_was_lost() {
    let house = House::open().await;
    house.webhook("/voice?q=0", &inbound("in-progress")).await;
    let lost = format!("http://{}/voice?q=1#rc=2", house.server);
    let mut form = inbound("in-progress");
    form.push(("ErrorCode", "11200"));
    let unknown = house.webhook("/fallback", &form).await;
    assert!(
        unknown.text().contains("<Hangup") && !unknown.text().contains("And tomorrow?"),
        "{}",
        unknown.text()
    );
    let url: &'static str = lost.leak();
    form.push(("ErrorUrl", url));
    let known = house.webhook("/fallback", &form).await;
    assert!(known.text().contains("And tomorrow?"), "{}", known.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_any_shape_is_one_spoken_text() {
    let house = House::open().await;
    let name =
        form_urlencoded::byte_serialize("<Dial>+1</Dial>]]>&\"\u{202e}\u{1}".as_bytes()).collect::<String>();
    let voice = house.webhook(&format!("/voice?q=0&name={name}"), &inbound("in-progress")).await;
    assert!(!voice.text().contains("<Dial>"), "{}", voice.text());
    assert!(!voice.text().contains('\u{1}'));
}
