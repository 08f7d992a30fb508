//! Voice documents as carriers read them: every verb, every kind of page, and text that tries to be markup.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use trunkline_carriers::Dialect;
use trunkline_carriers::callback::{Mint, Place, PublicUrls, SecretKeys};
use trunkline_carriers::voice::{
    Beep, Dial, Document, Gather, Input, Loops, Method, OnEmpty, Play, Prompt, Record, Redirect,
    RejectReason, Say, Stream, Trim, Verb, action, page,
};
use trunkline_core::call::{OnLeg, Transfer, TransferMode};
use trunkline_core::id::{AccountId, ActionNo, CallId, Fence, LegNo};
use trunkline_core::private::Address;
use trunkline_core::script::{Caller, Cursor, Next, Page, Script};

/// A document as a parser sees it.
#[derive(Debug, PartialEq)]
enum Node {
    Element(Element),
    Text(String),
}

#[derive(Debug, Default, PartialEq)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    inside: Vec<Node>,
}

/// What stands at the top of a document, prolog left out.
fn parsed(xml: &str) -> Vec<Node> {
    let mut reader = Reader::from_str(xml);
    let mut above: Vec<Element> = Vec::new();
    let mut here = Element::default();
    loop {
        let event = reader.read_event().unwrap_or_else(|error| panic!("not well-formed: {error}\n{xml}"));
        match event {
            Event::Start(start) => above.push(std::mem::replace(&mut here, element(&start))),
            Event::Empty(start) => here.inside.push(Node::Element(element(&start))),
            Event::End(_) => {
                let done = std::mem::replace(&mut here, above.pop().unwrap());
                here.inside.push(Node::Element(done));
            }
            Event::Text(text) => add_text(&mut here.inside, &text),
            Event::GeneralRef(reference) => {
                let char = match &*reference {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "quot" => '"',
                    "apos" => '\'',
                    _ => reference.resolve_char_ref().unwrap().expect("a character"),
                };
                add_text(&mut here.inside, &char.to_string());
            }
            Event::Eof => return here.inside,
            Event::Decl(_) => {}
            other => panic!("something that was never written: {other:?}"),
        }
    }
}

fn element(start: &BytesStart<'_>) -> Element {
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.unwrap();
        (attribute.key.as_ref().to_owned(), unescape(&attribute.value).unwrap().into_owned())
    });
    Element { name: start.name().as_ref().to_owned(), attributes: attributes.collect(), inside: vec![] }
}

fn add_text(inside: &mut Vec<Node>, text: &str) {
    match inside.last_mut() {
        Some(Node::Text(before)) => before.push_str(text),
        _ => inside.push(Node::Text(text.to_owned())),
    }
}

fn say(text: &str) -> Say {
    Say { text: text.to_owned(), ..Say::default() }
}

/// What XML 1.0 can hold of a text.
fn legal(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|char| matches!(char, '\t' | '\n' | ' '..='\u{FFFD}' | '\u{10000}'..)).collect()
}

fn assert_one_text_node(text: &str) {
    for dialect in [Dialect::Twilio, Dialect::Telnyx] {
        assert_one_text_node_in(dialect, text);
    }
}

fn assert_one_text_node_in(dialect: Dialect, text: &str) {
    let xml = Document::new(vec![Verb::Say(say(text)), Verb::Hangup]).to_xml(dialect);
    let legal = legal(text);
    let spoken = if legal.is_empty() { vec![] } else { vec![Node::Text(legal)] };
    let element =
        |name: &str, inside| Node::Element(Element { name: name.to_owned(), attributes: vec![], inside });
    let expected = element("Response", vec![element("Say", spoken), element("Hangup", vec![])]);
    assert!(
        parsed(&xml) == [expected],
        "{:?} became another document",
        text.chars().take(200).collect::<String>()
    );
}

#[test]
fn s_05_text_that_tries_to_be_markup_is_one_text_node() {
    for text in [
        "<Dial>+15550100</Dial>",
        "</Say><Dial>+15550100</Dial><Say>",
        "]]>",
        "<![CDATA[<Hangup/>]]>",
        "<!-- -->",
        "<?xml version='1.0'?>",
        "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;",
        "&lt;Dial&gt; &amp; &#60;Hangup/&#62; &nbsp; &",
        "\u{FFFE}\u{FFFF}\u{0}\u{1}\u{8}\u{B}\u{C}\u{1F}<\u{FFFE}Dial>",
        "\u{202E}שלום <b>\u{200F}\u{2028}",
        "a\r\nb\rc\td",
        "  blanks at both ends  ",
        "",
        "\u{7F}\u{85}\u{9F}\u{1FFFE}\u{10FFFF}",
    ] {
        assert_one_text_node(text);
    }
    assert_one_text_node(&"<Dial>&\u{0}א".repeat(1_024 * 1_024 / 12));
}

#[test]
fn the_judge_of_these_tests_sees_pasted_markup() {
    let pasted = parsed("<Response><Say>Ann</Say><Dial>1</Dial><Say></Say></Response>");
    let [Node::Element(Element { inside, .. })] = pasted.as_slice() else { panic!("{pasted:?}") };
    assert_eq!(inside.len(), 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn s_05_any_text_is_one_text_node(text in any::<String>()) {
        assert_one_text_node(&text);
    }

    #[test]
    fn pieces_of_markup_in_any_order_are_one_text_node(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("<"), Just(">"), Just("&"), Just("\""), Just("'"), Just("]]>"), Just("<![CDATA["), Just("<!--"),
                Just("--"), Just("<?"), Just("?>"), Just("Dial"), Just("/"), Just("&#x"), Just(";"), Just("\u{FFFE}"),
                Just("\r"), Just("\n"), Just("\0"), Just("amp"),
            ],
            0..40,
        )
    ) {
        assert_one_text_node(&pieces.concat());
    }

    #[test]
    fn any_attribute_stays_one_attribute(value in any::<String>()) {
        let dial = Dial {
            number: value.clone(),
            caller_id: Some(value.clone()),
            action: None,
            method: Method::Post,
            timeout_secs: 30,
            time_limit_secs: None,
            status_callback: None,
            asked_first: None,
        };
        let xml = Document::new(vec![Verb::Dial(Box::new(dial))]).to_xml(Dialect::Twilio);
        let tree = parsed(&xml);
        let [Node::Element(Element { inside, .. })] = tree.as_slice() else { panic!("{tree:?}") };
        let [Node::Element(Element { name, attributes, .. })] = inside.as_slice() else { panic!("{inside:?}") };
        prop_assert_eq!(name, "Dial");
        let names: Vec<&str> = attributes.iter().map(|(name, _)| name.as_str()).collect();
        prop_assert_eq!(names, ["method", "timeout", "callerId"]);
        let blank = |char| if "\t\n\r".contains(char) { ' ' } else { char };
        let plain: String = value.chars().map(blank).collect();
        prop_assert_eq!(&attributes[2].1, &legal(&plain));
    }
}

#[test]
fn every_verb_in_twilios_dialect() {
    insta::assert_snapshot!(line_by_line(&every_verb()));
}

/// What differs from Twilio's, line by line; everything else is the same text.
#[test]
fn every_verb_in_telnyxs_dialect() {
    let twilios = every_verb().to_xml(Dialect::Twilio);
    let telnyxs = every_verb().to_xml(Dialect::Telnyx);
    let lines = |xml: &str| xml.replace("><", ">\n<").lines().map(str::to_owned).collect::<Vec<_>>();
    let (twilios, telnyxs) = (lines(&twilios), lines(&telnyxs));
    assert_eq!(twilios.len(), telnyxs.len());
    let differ: Vec<String> =
        twilios.into_iter().zip(telnyxs).filter(|(a, b)| a != b).map(|(_, telnyx)| telnyx).collect();
    insta::assert_snapshot!(differ.join("\n"));
}

#[test]
fn what_telnyx_has_no_word_for_is_left_out_and_what_is_out_of_its_range_is_not_said() {
    let record = Record {
        action: "https://x.example/voice".to_owned(),
        method: Method::Post,
        timeout_secs: 5,
        max_length_secs: 30,
        finish_on_key: "#".to_owned(),
        beep: Beep::Played,
        trim: Trim::Nothing,
        status_callback: None,
        transcribe_callback: None,
    };
    let dial = Dial {
        number: "+15550100".to_owned(),
        caller_id: None,
        action: None,
        method: Method::Post,
        timeout_secs: 600,
        time_limit_secs: Some(30),
        status_callback: None,
        asked_first: None,
    };
    let document = Document::new(vec![Verb::Record(Box::new(record)), Verb::Dial(Box::new(dial))]);
    let xml = document.to_xml(Dialect::Telnyx);
    assert!(!xml.contains("trim"), "{xml}");
    assert!(xml.contains(r#"channels="single""#) && xml.contains(r#"timeout="5""#), "{xml}");
    assert!(xml.contains(r#"timeout="120""#) && xml.contains(r#"timeLimit="60""#), "{xml}");
}

#[test]
fn hebrew_has_a_voice_that_speaks_it_at_either_carrier() {
    let say = Say { text: "שלום".to_owned(), language: Some("he-IL".to_owned()), ..Say::default() };
    let document = Document::new(vec![Verb::Say(say)]);
    assert!(document.to_xml(Dialect::Twilio).contains(r#"voice="Google.he-IL-Standard-A""#));
    assert!(document.to_xml(Dialect::Telnyx).contains(r#"voice="Azure.he-IL-HilaNeural""#));
}

fn every_verb() -> Document {
    let record = Record {
        action: "https://x.example/voice?q=1&s=t#rc=2".to_owned(),
        method: Method::Post,
        timeout_secs: 5,
        max_length_secs: 30,
        finish_on_key: "#9".to_owned(),
        beep: Beep::Omitted,
        trim: Trim::Silence,
        status_callback: Some("https://x.example/recording".to_owned()),
        transcribe_callback: Some("https://x.example/transcription".to_owned()),
    };
    let gather = Gather {
        input: Input::Both,
        action: "https://x.example/voice".to_owned(),
        method: Method::Get,
        timeout_secs: 4,
        num_digits: Some(1),
        finish_on_key: String::new(),
        language: Some("he-IL".to_owned()),
        hints: vec!["yes, please".to_owned(), "no".to_owned()],
        on_empty: OnEmpty::AsksAction,
        prompts: vec![Prompt::Say(say("Well?")), Prompt::Pause { secs: 2 }],
    };
    let dial = Dial {
        number: "+15550100".to_owned(),
        caller_id: Some("+15550199".to_owned()),
        action: Some("https://x.example/dialed".to_owned()),
        method: Method::Post,
        timeout_secs: 20,
        time_limit_secs: Some(600),
        status_callback: Some("https://x.example/status?s=t#rc=5".to_owned()),
        asked_first: None,
    };
    let stream = Stream {
        url: "wss://x.example/media".to_owned(),
        parameters: vec![("token".to_owned(), "a\"b".to_owned())],
    };
    let spoken = Say {
        text: "Bed & breakfast".to_owned(),
        voice: Some("Polly.Amy".to_owned()),
        language: Some("en-GB".to_owned()),
        loops: Some(2),
    };
    Document::new(vec![
        Verb::Say(spoken),
        Verb::Play(Play { url: "https://x.example/a.mp3?b&c".to_owned(), loops: None }),
        Verb::Play(Play { url: "https://x.example/music.mp3".to_owned(), loops: Some(Loops::Endless) }),
        Verb::Pause { secs: 1 },
        Verb::Record(Box::new(record)),
        Verb::Gather(Box::new(gather)),
        Verb::Redirect(Redirect { url: "https://x.example/next".to_owned(), method: Method::Post }),
        Verb::Dial(Box::new(dial)),
        Verb::Connect(stream),
        Verb::Reject(RejectReason::Busy),
        Verb::Hangup,
    ])
}

#[test]
fn an_inbound_call_is_turned_away_without_an_answer() {
    let xml = Document::reject(RejectReason::Rejected).to_xml(Dialect::Twilio);
    assert_eq!(
        xml,
        r#"<?xml version="1.0" encoding="UTF-8"?><Response><Reject reason="rejected"/></Response>"#
    );
}

#[test]
fn a_recorded_question_goes_on_in_silence_too() {
    insta::assert_snapshot!(spoken(&Script::builtin().open(&Caller::default(), Cursor::START)));
}

#[test]
fn a_keyed_question_listens_while_it_speaks_and_goes_on_in_silence_too() {
    insta::assert_snapshot!(spoken(&yes_or_no().open(&Caller::default(), Cursor::first(0))));
}

#[test]
fn a_goodbye_hangs_up() {
    insta::assert_snapshot!(spoken(&yes_or_no().page(&Caller::default(), Next::GoodBye)));
}

#[test]
fn whoever_waits_never_falls_silent_and_is_never_hung_up_on() {
    let (no, script) = (ActionNo::FIRST, Script::builtin());
    let music = "https://x.example/music.mp3".parse().unwrap();
    let words = minted(|mint| action::hold(&script.hold(), None, Place::Hold(no), mint));
    let plays = minted(|mint| action::hold(&script.hold(), Some(&music), Place::Hold(no), mint));
    insta::assert_snapshot!(format!("{words}\n{plays}"));
}

#[test]
fn a_transfer_dials_one_number_and_asks_us_what_comes_after() {
    let script = yes_or_no();
    insta::assert_snapshot!(minted(|mint| {
        action::transfer(&script.transfer(), &handed_to(TransferMode::Blind), 3_600, ActionNo::FIRST, mint)
    }));
}

#[test]
fn whoever_is_asked_first_hears_a_page_of_their_own() {
    let (no, script) = (ActionNo::FIRST, Script::builtin());
    let to = handed_to(TransferMode::Attended);
    let dials = minted(|mint| action::transfer(&script.transfer(), &to, 3_600, no, mint));
    let caller = Caller { name: Some("Ann".to_owned()), ..Caller::default() };
    let asks = minted(|mint| action::consult(&script.consult(&caller), no, mint));
    let joins = minted(|_| action::join());
    insta::assert_snapshot!(format!("{dials}\n{asks}\n{joins}"));
}

fn handed_to(mode: TransferMode) -> Transfer {
    let (to, from) = (Address::new("+15550100777"), Address::new("+15550199"));
    Transfer { to, from, ring_timeout_secs: 20, mode }
}

#[test]
fn a_page_that_only_closes_waits_for_nothing() {
    let xml =
        page::closing(&Script::builtin().open(&Caller::default(), Cursor::first(1))).to_xml(Dialect::Twilio);
    assert!(!xml.contains("<Record") && xml.ends_with("<Hangup/></Response>"), "{xml}");
}

fn yes_or_no() -> Script {
    let file = r##"{"language": "he", "opt_out": "9",
        "questions": [{"text": "האם נוח לדבר?", "type": "yes-no"}, {"text": "קוד?", "type": "numeric"}]}"##;
    Script::parse(file.as_bytes(), "test".parse().unwrap()).unwrap()
}

fn spoken(page: &Page) -> String {
    minted(|mint| page::document(page, mint))
}

fn minted(document: impl FnOnce(&Mint<'_>) -> Document) -> String {
    let urls: PublicUrls = "https://calls.example.com".parse().unwrap();
    let keys = SecretKeys::from_bytes(&[1; 32]);
    let on = OnLeg { leg: LegNo::FIRST, fence: Fence::FIRST };
    let mint = Mint::new(&urls, &keys, &AccountId::new("twilio:AC1"), CallId::from_bytes([9; 16]), on, None);
    without_tokens(&line_by_line(&document(&mint)))
}

fn line_by_line(document: &Document) -> String {
    document.to_xml(Dialect::Twilio).replace("><", ">\n<")
}

/// Sealed states change with every field that is added; the snapshot is about the document.
fn without_tokens(xml: &str) -> String {
    let token = |char: char| char.is_ascii_alphanumeric() || "-_".contains(char);
    ["?s=", ";s="].iter().fold(xml.to_owned(), |xml, marker| {
        let mut pieces = xml.split(marker);
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |plain, piece| format!("{plain}{marker}…{}", piece.trim_start_matches(token)))
    })
}

/// One-way audio: without its mode Telnyx drops what is sent back, and tells nobody.
#[test]
fn a_media_stream_of_telnyx_goes_both_ways() {
    let stream = Stream { url: "wss://x.example/media".to_owned(), parameters: Vec::new() };
    let document = Document::new(vec![Verb::Connect(stream)]);
    let telnyx = document.to_xml(Dialect::Telnyx);
    assert!(telnyx.contains(r#"bidirectionalMode="rtp" bidirectionalCodec="PCMU""#), "{telnyx}");
    assert!(!document.to_xml(Dialect::Twilio).contains("bidirectional"));
}
