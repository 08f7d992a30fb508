//! What a bot and its caller say, as facts of a call.

use crate::facts::*;
use proptest::prelude::*;
use trunkline_core::call::*;
use trunkline_core::private::Private;

fn bot_call() -> Call {
    let mut what = arrived(Direction::Inbound);
    if let What::Arrived(arrival) = &mut what {
        arrival.bot = Some(BotRef { name: "reception".to_owned(), version: "1".to_owned() });
    }
    Call::begin(&event(0, what)).unwrap().0
}

fn offered(secs: i64, stream: u16) -> Event {
    event(secs, spoke(None, Says::Bot { stream }))
}

fn told(secs: i64, news: BotNews) -> Event {
    event(secs, What::Bot(Box::new(BotTold { news })))
}

fn connected(stream: u16) -> BotNews {
    BotNews::Connected { stream, carrier_stream: format!("MZ{stream}") }
}

fn words(entry: u32, text: &str, ms: u32, state: WordsState) -> Words {
    Words { entry: EntryNo(entry), text: Private::new(text.to_owned()), ms, state, waited_ms: None }
}

fn said(entry: u32, text: &str, ms: u32, state: WordsState) -> BotNews {
    BotNews::Said(words(entry, text, ms, state))
}

fn heard(entry: u32, text: &str, state: WordsState) -> BotNews {
    BotNews::Heard(words(entry, text, 0, state))
}

/// A talk as it is journaled.
fn facts() -> Vec<BotNews> {
    use WordsState::{Cut, Going, Whole};
    vec![
        connected(1),
        BotNews::ModelReady { stream: 1 },
        said(10_001, "Hello,", 480, Going),
        said(10_001, "Hello, how can", 960, Going),
        said(10_001, "Hello, how can I", 1_200, Cut),
        heard(10_002, "Confirm", Going),
        heard(10_002, "Confirm it.", Whole),
        BotNews::ToolAsked {
            entry: EntryNo(10_003),
            id: "t1".to_owned(),
            name: "confirm".to_owned(),
            arguments: Private::new("{}".to_owned()),
        },
        BotNews::ToolAnswered {
            entry: EntryNo(10_003),
            output: Private::new("{\"ok\":true}".to_owned()),
            did: None,
        },
        BotNews::ModelLost { stream: 1, before: 0, why: "closed".to_owned() },
        BotNews::MediaLost { stream: 1 },
        BotNews::Used {
            stream: 1,
            used: Used {
                answers: 2,
                counted: 1,
                tokens: Tokens([(TokenKind::TextOut, 7)].into()),
                cost: None,
            },
        },
        BotNews::Over { why: BotOver::Finished },
    ]
}

fn texts(call: &Call) -> Vec<String> {
    let entries = &call.bot.as_ref().unwrap().entries;
    let text = |entry: &Entry| match &entry.what {
        EntryKind::Bot(spoken) | EntryKind::Caller(spoken) => spoken.text.reveal().clone(),
        EntryKind::Keys { digits } => digits.reveal().clone(),
        EntryKind::Tool(tool) => tool.name.clone(),
    };
    entries.values().map(text).collect()
}

#[test]
fn the_report_that_knows_most_stands() {
    let mut call = bot_call();
    for (secs, news) in facts().into_iter().enumerate() {
        assert!(call.apply(&told(i64::try_from(secs).unwrap() + 2, news)).is_ok());
    }
    assert_eq!(texts(&call), ["Hello, how can I", "Confirm it.", "confirm"]);
    assert_eq!(call.bot.as_ref().unwrap().why_over(), Some(BotOver::Finished));
}

#[test]
fn a_fact_told_twice_changes_nothing() {
    let mut call = bot_call();
    for news in facts() {
        assert!(call.apply(&told(3, news.clone())).is_ok());
        assert_eq!(call.apply(&told(4, news)), Err(Refused::Same));
    }
}

#[test]
fn what_is_said_after_the_end_is_kept_and_reopens_nothing() {
    let mut call = bot_call();
    call.apply(&offered(1, 1)).unwrap();
    call.apply(&event(9, ended(EndWord::Completed))).unwrap();
    assert!(call.apply(&told(10, heard(10_002, "Goodbye.", WordsState::Whole))).is_ok());
    assert_eq!((call.state(), texts(&call)), (State::Ended, vec!["Goodbye.".to_owned()]));
}

#[test]
fn a_bot_in_a_call_that_has_none_is_refused() {
    let mut call = Call::begin(&event(0, arrived(Direction::Inbound))).unwrap().0;
    assert_eq!(call.apply(&told(1, connected(1))), Err(Refused::NoBot));
}

#[test]
fn a_stream_is_opened_once_in_time_and_only_the_last_one_that_was_offered() {
    let mut call = bot_call();
    assert_eq!(call.may_stream(1, at(1)), Err(NoStream::NotOffered));
    call.apply(&offered(1, 1)).unwrap();
    assert_eq!(call.may_stream(1, at(60)), Ok(()));
    assert_eq!(call.may_stream(1, at(61)), Err(NoStream::TooLate));
    assert_eq!(call.may_stream(2, at(2)), Err(NoStream::NotOffered));
    call.apply(&told(2, connected(1))).unwrap();
    assert_eq!(call.may_stream(1, at(3)), Err(NoStream::Used));
    assert_eq!(call.bot.as_ref().unwrap().next_stream(1), 2);
    call.apply(&offered(4, 2)).unwrap();
    assert_eq!(call.may_stream(2, at(5)), Ok(()));
    assert_eq!(call.may_stream(1, at(5)), Err(NoStream::Used));
    call.apply(&told(6, BotNews::Over { why: BotOver::Finished })).unwrap();
    assert_eq!(call.may_stream(2, at(7)), Err(NoStream::Over));
}

#[test]
fn a_page_that_is_fetched_twice_offers_the_same_stream_and_one_that_nobody_could_open_is_not_offered_again() {
    let mut call = bot_call();
    let next = |call: &Call, after| call.bot.as_ref().unwrap().next_stream(after);
    assert_eq!(next(&call, 0), 1);
    call.apply(&offered(1, 1)).unwrap();
    assert_eq!((next(&call, 0), next(&call, 1)), (1, 2));
    call.apply(&offered(2, 2)).unwrap();
    assert_eq!((next(&call, 1), next(&call, 2)), (2, 3));
    assert_eq!(call.bot.as_ref().unwrap().unopened(), 2);
    call.apply(&told(3, connected(2))).unwrap();
    assert_eq!((next(&call, 2), call.bot.as_ref().unwrap().unopened()), (3, 0));
}

#[test]
fn a_stream_of_a_call_that_is_being_hung_up_is_not_opened() {
    let mut call = bot_call();
    call.apply(&offered(1, 1)).unwrap();
    call.apply(&event(2, What::HangUpAsked { reason: HangUpReason::Asked })).unwrap();
    assert_eq!(call.may_stream(1, at(3)), Err(NoStream::Over));
}

#[test]
fn nothing_that_was_said_is_left_when_the_person_is_forgotten() {
    let mut call = bot_call();
    for news in facts() {
        call.apply(&told(3, news)).unwrap();
    }
    call.forget_person();
    let json = serde_json::to_string(&call).unwrap();
    for word in ["Hello", "Confirm it", "ok\\\""] {
        assert!(!json.contains(word), "{word} in {json}");
    }
}

#[test]
fn a_fold_reads_back() {
    let mut call = bot_call();
    call.apply(&offered(1, 1)).unwrap();
    for news in facts() {
        call.apply(&told(3, news)).unwrap();
    }
    let json = serde_json::to_string(&call).unwrap();
    assert_eq!(serde_json::from_str::<Call>(&json).unwrap(), call);
    for news in facts() {
        let event = told(3, news);
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event, "{json}");
    }
}

proptest! {
    #[test]
    fn the_order_of_reports_does_not_matter(order in Just(facts()).prop_shuffle()) {
        let fold = |facts: Vec<BotNews>| {
            let mut call = bot_call();
            for news in facts {
                let _ = call.apply(&told(3, news));
            }
            call.bot
        };
        prop_assert_eq!(fold(order), fold(facts()));
    }
}
