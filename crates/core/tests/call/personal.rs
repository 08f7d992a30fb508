//! What of an event belongs to a person comes out whole, goes back in whole, and leaves blanks when its key is gone.

use crate::facts::*;
use trunkline_core::call::*;

fn personal_facts() -> Vec<What> {
    let Some(mut said) = keyed(0, 0, "4711") else { unreachable!() };
    said.speech = Some("my number is forty-seven eleven".to_owned().into());
    let mut request = requested();
    if let What::Requested(request) = &mut request {
        request.party.name = Some("Ann Lee".to_owned().into());
        request.party.variables.reveal_mut().insert("name".into(), "Ann Lee".into());
        request.party.metadata.reveal_mut().insert("doctor".into(), "Ann Lee's".into());
    }
    vec![
        request,
        arrived(Direction::Inbound),
        spoke(Some(said), question(1, 0)),
        to_her_sister(),
        What::Transcribed { step: 0, text: "I am Ann Lee, +15550100001, 4711".to_owned().into() },
        What::MetadataMerged {
            patch: Metadata::from([
                ("name".into(), "Ann Lee".into()),
                ("old".into(), serde_json::Value::Null),
            ])
            .into(),
        },
    ]
}

fn to_her_sister() -> What {
    let mut asked = asked_for(1);
    asked.transfer.to = trunkline_core::private::Address::new("+15550100001");
    What::TransferAsked(Box::new(asked))
}

const OF_A_PERSON: [&str; 4] = ["Ann Lee", "5550100001", "4711", "forty-seven"];

fn leaks(text: &str) -> Vec<&'static str> {
    OF_A_PERSON.into_iter().filter(|secret| text.contains(secret)).collect()
}

#[test]
fn the_personal_part_goes_out_and_back_in() {
    for fact in personal_facts() {
        let mut what = fact.clone();
        let personal = what.take_personal().expect("has a personal part");
        let json = serde_json::to_string(&personal).unwrap();
        let read: Personal = serde_json::from_str(&json).unwrap();
        what.put_personal(read);
        assert_eq!(what, fact);
    }
}

#[test]
fn what_is_left_names_nobody_and_still_makes_the_call() {
    for fact in personal_facts() {
        assert!(
            !leaks(&serde_json::to_string(&event(5, fact.clone())).unwrap()).is_empty(),
            "the test looks at nothing"
        );
        let mut blank = fact;
        blank.take_personal();
        let json = serde_json::to_string(&event(5, blank.clone())).unwrap();
        assert_eq!(leaks(&json), [""; 0], "{json}");
        let read: Event = serde_json::from_str(&json).unwrap();
        assert_eq!(read.what, blank);
    }
    let mut facts = posted();
    facts.push(event(5, spoke(None, question(0, 0))));
    facts.push(event(9, spoke(keyed(0, 0, "4711"), Says::Goodbye)));
    facts.push(event(10, ended_after(EndWord::Completed, 5)));
    let whole = call_of(&facts);
    for fact in &mut facts {
        fact.what.take_personal();
    }
    let blank = call_of(&facts);
    assert_eq!(blank.disposition(), whole.disposition());
    assert_eq!(blank.answer_count(), whole.answer_count());
    assert_eq!(blank.party, Party::default());
}

#[test]
fn a_call_that_forgot_its_person_is_what_its_blanked_events_make_it() {
    let mut facts = posted();
    let said = |step, text: &str| What::Transcribed { step, text: text.to_owned().into() };
    facts.push(event(5, spoke(None, question(0, 0))));
    facts.push(event(6, spoke(recorded(0, 0, "RE1"), question(1, 0))));
    facts.push(event(7, spoke(keyed(1, 0, "4711"), question(1, 1))));
    facts.push(event(8, spoke(keyed(1, 1, "4712"), Says::Goodbye)));
    facts.push(event(9, recording("RE1", Some(0), 0, stored())));
    facts.push(event(10, said(0, "I am Ann Lee")));
    facts.push(event(11, said(0, "I am Ann Lee.")));
    facts.push(event(12, said(3, "4711")));
    facts.extend(personal_facts().pop().map(|merged| event(13, merged)));
    facts.push(event(13, to_her_sister()));
    facts.push(event(14, ended_after(EndWord::Completed, 5)));
    let mut call = call_of(&facts);
    assert!(!call.is_erased());
    call.forget_person();
    for fact in &mut facts {
        fact.what.take_personal();
    }
    assert_eq!(call, call_of(&facts));
    assert!(call.is_erased());
    assert_eq!(leaks(&serde_json::to_string(&call).unwrap()), [""; 0]);
}

#[test]
fn facts_without_a_personal_part_have_none_to_take() {
    for fact in [
        dial_started(1),
        unclear(),
        accepted(),
        spoke(None, question(0, 0)),
        priced(),
        hold(1),
        child(1, News::Ringing),
        amd(AnsweredBy::Human),
    ] {
        let mut what = fact.clone();
        assert_eq!(what.take_personal(), None);
        assert_eq!(what, fact);
    }
}

#[test]
fn a_part_of_another_kind_is_not_put_in() {
    let mut what = accepted();
    what.put_personal(Personal::Text("Ann Lee".to_owned().into()));
    assert_eq!(what, accepted());
}

#[test]
fn debug_output_names_nobody() {
    for fact in personal_facts() {
        let text = format!("{:?} {:?}", event(5, fact.clone()), fact.clone().take_personal());
        assert_eq!(leaks(&text), [""; 0], "{text}");
    }
}
