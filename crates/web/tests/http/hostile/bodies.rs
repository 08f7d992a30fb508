//! What is in bodies and queries: too much, too deep, packed, and in no text that anybody can read.

use super::Expected::Status;
use super::{Case, case, exchange, house, is_well, judge, order, statuses};
use crate::house::{ACCOUNT, House, KEY};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn json(body: impl AsRef<[u8]>) -> Vec<u8> {
    order(&format!("content-length: {}", body.as_ref().len()), body)
}

fn no_json() -> Vec<Case> {
    let field = |name: &str, value: &str| json(format!(r#"{{"to": "+15550109000", "{name}": {value}}}"#));
    let bad = |name: &str, bytes: Vec<u8>| case(name, Status(400), bytes);
    vec![
        bad("nothing", json("")),
        bad("a word", json("nonsense")),
        bad("a list", json("[]")),
        bad("two objects", json("{} {}")),
        bad("half an object", json(r#"{"to": "+1555"#)),
        bad("100,000 lists in each other", json("[".repeat(100_000))),
        bad("100,000 lists in each other, closed", json("[".repeat(100_000) + &"]".repeat(100_000))),
        bad("20,000 objects in each other", field("metadata", &r#"{"a":"#.repeat(20_000))),
        bad("a list for a number", field("to", "[[[[[]]]]]")),
        bad("a number of 10,000 digits", field("ring_timeout_secs", &"9".repeat(10_000))),
        bad("a number beyond all floats", field("ring_timeout_secs", "1e999")),
        bad("a number beyond 2^32", field("ring_timeout_secs", "4294967326")),
        bad("a number beyond 2^64", field("time_limit_secs", "18446744073709551646")),
        bad("a number below nothing", field("time_limit_secs", "-1")),
        bad("a number with a fraction", field("time_limit_secs", "30.5")),
        bad("a number with an exponent", field("time_limit_secs", "3e1")),
        bad("no number", field("time_limit_secs", "NaN")),
        bad("a time beyond all calendars", field("not_before", r#""999999-01-01T00:00:00Z""#)),
        bad("a NUL in a text", field("name", r#""a\u0000b""#)),
        bad("a NUL in a field's name", field(r"x\u0000", "1")),
        bad("a NUL deep in metadata", field("metadata", r#"{"a": [{"b": "\u0000"}]}"#)),
        bad("a NUL byte", json("{\"to\": \"\0\"}")),
        bad("half a surrogate", field("name", r#""\ud800""#)),
        bad("bytes that are no text", json(b"{\"to\": \"\xff\"}")),
        bad("a character spelled too long", json(b"{\"to\": \"\xc0\xaf\"}")),
        bad("a surrogate in bytes", json(b"{\"to\": \"\xed\xa0\x80\"}")),
        bad("UTF-16", json(b"{\0\"\0t\0o\0\"\0:\x001\0}\0")),
        bad("a byte order mark", json(b"\xef\xbb\xbf{\"to\": \"+15550109000\"}x")),
        bad("metadata of 100 KiB", field("metadata", &format!(r#"{{"a": "{}"}}"#, "x".repeat(100 << 10)))),
        bad("a field that nobody knows", field("__proto__", "{}")),
    ]
}

fn packed() -> Vec<Case> {
    // Four bytes of head; what is behind them is never looked at.
    let bomb = b"\x1f\x8b\x08\0".repeat(64);
    let length = bomb.len();
    let mut cases: Vec<Case> =
        ["gzip", "x-gzip", "deflate", "br", "zstd", "gzip, gzip, gzip", "identity, gzip", "nonsense"]
            .into_iter()
            .map(|coding| {
                let headers = format!("content-length: {length}\r\ncontent-encoding: {coding}");
                case(format!("packed with {coding}"), Status(415), order(&headers, &bomb))
            })
            .collect();
    for target in ["/voice?q=0", "/status", "/login"] {
        let head = format!(
            "POST {target} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\ncontent-encoding: gzip\r\n\r\n"
        );
        cases.push(case(format!("packed, for {target}"), Status(415), [head.as_bytes(), &bomb].concat()));
    }
    cases
}

fn queries() -> Vec<Case> {
    let rows = [
        ("a limit beyond all numbers", "limit=99999999999999999999"),
        ("a limit below nothing", "limit=-1"),
        ("a time beyond all calendars", "since=999999-01-01"),
        ("a cursor that is no text", "cursor=%f0%9f"),
        ("a search that is no text", "search=%ff"),
        ("a search with half a character", "search=%c3%28"),
        ("a filter's name that is no text", "%ff=1"),
        ("a search for NUL", "search=%00"),
        ("a number with a NUL", "number=%2B1555%000"),
        (
            "a hundred metadata filters",
            "metadata.a=1&metadata.b=1&metadata.c=1&metadata.d=1&metadata.e=1&metadata.f=1&metadata.g=1&metadata.h=1&metadata.i=1",
        ),
    ];
    let get = |query: &str| {
        format!("GET /api/calls?{query} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n\r\n")
            .into_bytes()
    };
    rows.into_iter().map(|(name, query)| case(name, Status(400), get(query))).collect()
}

/// Forms as the carrier would sign them, if it signed such forms.
fn forms(house: &House) -> Vec<Case> {
    let signed = |body: &[u8]| {
        let fields: Vec<(String, String)> =
            form_urlencoded::parse(body).map(|(name, value)| (name.into(), value.into())).collect();
        let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
        let head = format!(
            "POST /status HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             x-twilio-signature: {}\r\ncontent-length: {}\r\n\r\n",
            house.signature("/status", &pairs),
            body.len()
        );
        [head.as_bytes(), body].concat()
    };
    let form =
        |tail: &[u8]| signed(&[format!("AccountSid={ACCOUNT}&CallSid=CA1&").as_bytes(), tail].concat());
    vec![
        case("a form with a byte that is no text", Status(403), form(b"From=\xff")),
        case("a form with an escape that is no text", Status(403), form(b"From=%ff")),
        case("a form with half an escape", Status(403), form(b"From=%2")),
        case("a form with half a character", Status(403), form(b"From=%C3%28")),
        case("a form of 10,000 fields", Status(413), form(&b"a=b&".repeat(20_000))),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn s_14_bodies_that_are_no_order_are_refused() {
    assert_eq!(judge(&house().await, no_json()).await, 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_packed_are_refused_unread() {
    assert_eq!(judge(&house().await, packed()).await, 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_that_mean_nothing_are_refused() {
    assert_eq!(judge(&house().await, queries()).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_are_no_text_are_refused() {
    let house = house().await;
    let cases = forms(&house);
    assert_eq!(judge(&house, cases).await, 5);
}

/// So many bytes, at most, this process ever held.
fn most_held() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[tokio::test(flavor = "multi_thread")]
async fn s_14_a_hundred_megabytes_are_refused_without_being_kept() {
    const BODY: usize = 100 << 20;
    let house = house().await;
    is_well(&house).await;
    let before = most_held();
    for target in ["/api/calls", "/voice?q=0", "/login"] {
        let head = format!("POST {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n");
        let announced = format!("{head}content-length: {BODY}\r\n\r\n");
        assert_eq!(statuses(&exchange(house.server, announced.as_bytes()).await), [413], "{target}");

        let (mut reader, mut writer) = TcpStream::connect(house.server).await.unwrap().into_split();
        let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
        let writing = async {
            writer.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).await?;
            for _ in 0..BODY / 0x10000 {
                writer.write_all(&chunk).await?;
            }
            Ok::<_, std::io::Error>(())
        };
        let mut answer = Vec::new();
        let (written, _) = tokio::join!(writing, reader.read_to_end(&mut answer));
        assert!(written.is_err(), "{target}: it was all read");
        assert!(matches!(statuses(&answer)[..], [] | [413]), "{target}: {:?}", statuses(&answer));
    }
    let grown = most_held() - before;
    assert!(grown < BODY as u64 / 2, "{grown} bytes more than before");
    is_well(&house).await;
}
