//! Whole calls: created over REST, led by documents, answered by people, told to the product.

mod product;

use axum::response::IntoResponse;
use product::{Client, Product, document, options, over, sim};
use trunkline_sim::{CallStatus, Habit, Heard, SimOptions, WebhookKind, sign};

const SURVEY: [(&str, &str); 4] = [
    ("/voice", "<Say>Hello, this is a survey.</Say><Redirect>/q1</Redirect>"),
    (
        "/q1",
        "<Say>What is your name?</Say><Record action='/q2' recordingStatusCallback='/rec'/><Redirect>/q1</Redirect>",
    ),
    ("/q2", "<Gather numDigits='1' action='/bye'><Say>Press 1 for yes or 2 for no.</Say></Gather><Hangup/>"),
    ("/bye", "<Say>Goodbye.</Say><Hangup/>"),
];

#[tokio::test]
async fn a_survey_is_asked_answered_recorded_and_completed() {
    let product = Product::with_documents(SURVEY).await;
    let sim = sim(options()).await;
    let client = Client::of(&sim);
    sim.set_person(
        "+15125550100",
        Habit::Answers {
            ring_secs: Some(4),
            said: vec!["Ann".into()],
            digits: vec![String::new(), "2".into()],
        },
    );

    let call = client.create(&product, "+15125550100", &[]).await;
    assert_eq!(over(&sim, &call).await, CallStatus::Completed);

    assert_eq!(product.statuses(), ["initiated", "ringing", "in-progress", "completed"]);
    let statuses = product.asked_at("/status");
    let sequence: Vec<&str> = statuses.iter().map(|asked| asked.get("SequenceNumber")).collect();
    assert_eq!(sequence, ["0", "1", "2", "3"]);
    assert_eq!(statuses[3].get("SipResponseCode"), "200");
    assert!(statuses[3].get("CallDuration").parse::<u32>().unwrap() > 5);

    let answered = &product.asked_at("/q2")[0];
    let url = answered.get("RecordingUrl");
    assert!(url.starts_with(&sim.base_url()), "{url}");
    assert_eq!(product.asked_at("/bye")[0].get("Digits"), "2");
    let told = &product.asked_at("/rec")[0];
    assert_eq!(told.get("RecordingStatus"), "completed");
    assert_eq!(told.get("RecordingSid"), answered.get("RecordingSid"));

    let recording = &sim.recordings(&call)[0];
    let (status, wav) = client.get(&format!("/Recordings/{}.wav", recording.sid)).await;
    assert_eq!(status, 200);
    assert_eq!(wav.len(), 44 + recording.secs as usize * 16_000);
    assert_eq!(answered.get("RecordingDuration"), recording.secs.to_string());

    let heard = sim.heard(&call);
    assert!(heard.contains(&Heard::Asked {
        question: 1,
        prompt: "Hello, this is a survey. What is your name?".into()
    }));
    assert!(heard.contains(&Heard::Pressed { question: 2, keys: "2".into() }));
    assert_eq!(heard.last(), Some(&Heard::Said { text: "Goodbye.".into() }));
}
