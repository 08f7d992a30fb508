//! Whole calls against the simulator: our requests, URLs, signatures, documents and forms, with no engine between.
//!
//! The product in here is the smallest there can be: it answers each page by its token alone. Every story is told of both
//! carriers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod product;

use jiff::Timestamp;
use product::{Product, SCRIPT};
use std::time::Duration;
use trunkline_carriers::{AccountState, AskError, HangUpAnswer, LastLook, PostAnswer};
use trunkline_core::call::{EndWord, News, RecordingState};
use trunkline_core::id::CarrierCallId;
use trunkline_core::private::Address;
use trunkline_core::script::Answer;
use trunkline_sim::{Fault, FaultKind, Habit, Mouth};

const PERSON: &str = "+15005551234";

/// Tells each story of both carriers.
macro_rules! on_each_carrier {
    ($($story:ident),+ $(,)?) => {
        mod on_twilio {
            $(#[tokio::test]
            async fn $story() {
                super::$story(trunkline_sim::Mouth::Twilio).await;
            })+
        }
        mod on_telnyx {
            $(#[tokio::test]
            async fn $story() {
                super::$story(trunkline_sim::Mouth::Telnyx).await;
            })+
        }
    };
}

on_each_carrier! {
    a_questionnaire_is_asked_and_answered_from_its_tokens_alone,
    a_silent_person_is_asked_again_and_then_let_go,
    a_busy_line_is_an_end_with_its_evidence,
    a_number_that_is_none_is_refused_and_never_dialed,
    a_call_whose_answer_was_lost_is_found_in_the_listing,
    a_call_that_was_never_made_is_in_no_listing,
    a_listing_that_fails_is_no_empty_listing,
    hanging_up_ends_a_call_once_and_then_finds_it_over,
    the_account_and_its_numbers_are_told,
    a_product_with_another_token_lets_nothing_in,
}

async fn a_questionnaire_is_asked_and_answered_from_its_tokens_alone(carrier: Mouth) {
    let day = Product::start(
        carrier,
        Habit::Answers {
            ring_secs: Some(3),
            said: vec!["Tuesday".to_owned()],
            digits: vec!["1".to_owned(), "42#".to_owned()],
        },
    )
    .await;
    let id = day.call(PERSON).await;
    day.is_over().await;

    assert_eq!(day.heard().len(), SCRIPT.questions.len(), "{:?}", day.heard());
    assert!(matches!(day.heard()[0], Answer::YesNo(true)), "{:?}", day.heard());
    assert!(day.heard().iter().all(Answer::is_answer), "{:?}", day.heard());
    let words: Vec<&str> = day.news().iter().map(word).collect();
    assert_eq!(words, ["accepted", "ringing", "answered", "completed"]);
    assert_eq!(day.refused(), 0, "every request of the carrier was let in");

    let fetched = day.carrier.fetch(&id).await.unwrap().unwrap();
    assert!(matches!(fetched.news, Some(News::Ended(end)) if end.word == EndWord::Completed));
    let recordings = day.recordings();
    let (recording, state) = recordings.last().expect("the spoken answer");
    assert_eq!(*state, RecordingState::Ready);
    let mut sound = day.carrier.fetch_recording(recording).await.unwrap().unwrap();
    assert!(sound.next().await.unwrap().unwrap().starts_with(b"RIFF"));
}

async fn a_silent_person_is_asked_again_and_then_let_go(carrier: Mouth) {
    let day = Product::start(carrier, Habit::Silent).await;
    day.call(PERSON).await;
    day.is_over().await;
    assert_eq!(day.heard(), []);
    let pages = SCRIPT.questions.len() * usize::from(SCRIPT.limits.asks) + 1;
    assert_eq!(day.pages(), pages, "each question twice, then good-bye");
    assert_eq!(day.news().last().map(word), Some("completed"));
}

async fn a_busy_line_is_an_end_with_its_evidence(carrier: Mouth) {
    let day = Product::start(carrier, Habit::Busy).await;
    day.call(PERSON).await;
    day.is_over().await;
    let Some(News::Ended(end)) = day.news().last().cloned() else { panic!("no end") };
    assert_eq!((end.word, end.reported.sip), (EndWord::Busy, Some(486)));
}

async fn a_number_that_is_none_is_refused_and_never_dialed(carrier: Mouth) {
    let day = Product::start(carrier, Habit::answers()).await;
    let answer = day.carrier.place(&day.order("+1"), free()).await;
    assert!(matches!(answer, PostAnswer::Refused(_)), "{answer:?}");
}

/// P2 at this border: the carrier has the call, its answer is lost; it is found by asking and never sent again.
async fn a_call_whose_answer_was_lost_is_found_in_the_listing(carrier: Mouth) {
    for kind in [
        FaultKind::CreateFailsAfterAccepting,
        FaultKind::CreateHangsAfterAccepting,
        FaultKind::CreateResetsAfterAccepting,
        FaultKind::CreateAnswersGarbage,
    ] {
        let day = Product::start(carrier, Habit::NoAnswer).await;
        day.sim.add_fault(Fault::new(kind).times(1));
        let intent = day.now();
        let answer = day.carrier.place(&day.order(PERSON), free()).await;
        assert!(matches!(answer, PostAnswer::Unclear(_)), "{kind:?}: {answer:?}");
        let listed = day.list(PERSON, intent).await.unwrap();
        assert_eq!(listed.len(), 1, "{kind:?}");
        assert!(listed[0].created_at.unwrap() >= intent - jiff::SignedDuration::from_secs(5));
        assert_eq!(day.sim.dialed()[PERSON], 1, "{kind:?}");
    }
}

async fn a_call_that_was_never_made_is_in_no_listing(carrier: Mouth) {
    for kind in [FaultKind::CreateFails, FaultKind::CreateUnavailable, FaultKind::CreateResets] {
        let day = Product::start(carrier, Habit::NoAnswer).await;
        day.sim.add_fault(Fault::new(kind).times(1));
        let intent = day.now();
        assert!(
            matches!(day.carrier.place(&day.order(PERSON), free()).await, PostAnswer::Unclear(_)),
            "{kind:?}"
        );
        assert_eq!(day.list(PERSON, intent).await, Ok(vec![]));
    }
}

async fn a_listing_that_fails_is_no_empty_listing(carrier: Mouth) {
    let day = Product::start(carrier, Habit::NoAnswer).await;
    day.call(PERSON).await;
    day.sim.add_fault(Fault::new(FaultKind::LookupFails));
    assert_eq!(day.list(PERSON, day.now()).await, Err(AskError::Fault { http: 503 }));
}

async fn hanging_up_ends_a_call_once_and_then_finds_it_over(carrier: Mouth) {
    let day = Product::start(carrier, Habit::NoAnswer).await;
    let id = day.call(PERSON).await;
    assert_eq!(day.carrier.hang_up(&id).await, Ok(HangUpAnswer::Asked));
    day.is_over().await;
    assert_eq!(day.carrier.hang_up(&id).await, Ok(HangUpAnswer::AlreadyOver));
    let never = CarrierCallId::new(match carrier {
        Mouth::Twilio => "CA00000000000000000000000000000000",
        Mouth::Telnyx => "v3:0000000000000000",
    });
    assert_eq!(day.carrier.hang_up(&never).await, Ok(HangUpAnswer::Gone));
    assert_eq!(day.carrier.fetch(&never).await, Ok(None));
}

async fn the_account_and_its_numbers_are_told(carrier: Mouth) {
    let day = Product::start(carrier, Habit::answers()).await;
    assert_eq!(day.carrier.check().await.unwrap().state, AccountState::Active);
    let numbers = day.carrier.numbers().await.unwrap();
    assert_eq!(numbers[0].number.as_str(), product::OURS);
}

/// The control: with another token nothing of the carrier is let in, and the person hears no question.
async fn a_product_with_another_token_lets_nothing_in(carrier: Mouth) {
    let day = Product::start_with_token(carrier, Habit::answers(), "another").await;
    day.call(PERSON).await;
    day.is_over().await;
    assert_eq!((day.pages(), day.news().len()), (0, 0));
    assert!(day.refused() > 0);
}

fn word(news: &News) -> &'static str {
    match news {
        News::Accepted => "accepted",
        News::Ringing => "ringing",
        News::Answered => "answered",
        News::Ended(end) => match end.word {
            EndWord::Completed => "completed",
            _ => "ended otherwise",
        },
    }
}

impl Product {
    async fn call(&self, person: &str) -> CarrierCallId {
        match self.carrier.place(&self.order(person), free()).await {
            PostAnswer::Placed(id) => id,
            other => panic!("not placed: {other:?}"),
        }
    }

    async fn is_over(&self) {
        tokio::time::timeout(Duration::from_secs(60), self.sim.wait_until_idle()).await.expect("an end");
    }

    async fn list(
        &self,
        person: &str,
        since: Timestamp,
    ) -> Result<Vec<trunkline_carriers::Listed>, AskError> {
        self.carrier.list(&Address::new(person), &Address::new(product::OURS), since).await
    }
}

/// Nothing forbids it.
fn free() -> LastLook {
    LastLook::new(|| Ok(()))
}
