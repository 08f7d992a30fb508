//! Where one request ends and the next begins: whatever two readers could read in two ways is refused, and what stands
//! behind it is never served as a request of its own.

use super::Expected::{Refused, RefusedOrClosed, Status};
use super::{Case, SMUGGLED, case, exchange, house, judge, order, statuses};

/// Both lengths, two lengths, lengths that are none; chunked and not quite. Behind each stands what a reader of the other
/// mind would take for the next request.
fn lengths() -> Vec<Case> {
    let rows = [
        ("a length, then chunked", "content-length: 5\r\ntransfer-encoding: chunked"),
        ("chunked, then a length", "transfer-encoding: chunked\r\ncontent-length: 5"),
        ("chunked, and a length of nothing", "transfer-encoding: chunked\r\ncontent-length: 0"),
        ("chunked, and a length of everything", "content-length: 41\r\ntransfer-encoding: chunked"),
        ("chunked, and a length that is none", "transfer-encoding: chunked\r\ncontent-length: x"),
        ("chunked hidden behind a bare line feed", "content-length: 5\r\nx: y\ntransfer-encoding: chunked"),
        ("two lengths", "content-length: 5\r\ncontent-length: 6"),
        ("two lengths, spelled differently", "content-length: 5\r\nContent-Length: 6"),
        ("two lengths, one of them nothing", "content-length: 0\r\ncontent-length: 5"),
        ("two lengths, the second behind a bare line feed", "content-length: 5\r\nx: y\ncontent-length: 6"),
        ("a list of lengths", "content-length: 5, 6"),
        ("a list of one length twice", "content-length: 5, 5"),
        ("a length with a plus", "content-length: +5"),
        ("a length with a minus", "content-length: -5"),
        ("a length with a space in it", "content-length: 5 5"),
        ("a length in hexadecimal", "content-length: 0x5"),
        ("a length with an exponent", "content-length: 5e0"),
        ("a length with a fraction", "content-length: 5.0"),
        ("a length in other digits", "content-length: \u{665}"),
        ("a length in quotes", "content-length: \"5\""),
        ("a length that is empty", "content-length:"),
        ("a length of 2^64", "content-length: 18446744073709551616"),
        ("a length of 2^64 + 5", "content-length: 18446744073709551621"),
        ("a length of 40 digits", "content-length: 1000000000000000000000000000000000000000"),
        ("a length with a space before its colon", "content-length : 5"),
        ("a length with a tab before its colon", "content-length\t: 5"),
        ("a length folded onto the next line", "content-length:\r\n 5"),
        ("a length on a line that goes on the last one", "x: y\r\n content-length: 5"),
        ("a length with a NUL", "content-length: 5\0"),
        ("a length with a bare carriage return", "content-length: 5\r6"),
        ("not quite chunked", "transfer-encoding: xchunked"),
        ("chunked with a parameter", "transfer-encoding: chunked;q=1"),
        ("chunked in quotes", "transfer-encoding: \"chunked\""),
        ("chunked, then something", "transfer-encoding: chunked, identity"),
        (
            "chunked, then something in a line of its own",
            "transfer-encoding: chunked\r\ntransfer-encoding: x",
        ),
        ("something, then chunked", "transfer-encoding: identity, chunked"),
        ("something packed, then chunked", "transfer-encoding: gzip, chunked"),
        ("chunked twice", "transfer-encoding: chunked, chunked"),
        ("chunked twice, in two lines", "transfer-encoding: chunked\r\ntransfer-encoding: chunked"),
        ("chunked behind a comma", "transfer-encoding: ,chunked"),
        ("no encoding at all", "transfer-encoding:"),
        ("another encoding", "transfer-encoding: identity"),
        ("chunked with a space before its colon", "transfer-encoding : chunked"),
        ("chunked folded onto the next line", "transfer-encoding:\r\n chunked"),
        ("chunked behind a vertical tab", "transfer-encoding: \u{b}chunked"),
        ("chunked with a NUL", "transfer-encoding: chunked\0"),
    ];
    let body = format!("0\r\n\r\n{SMUGGLED}");
    rows.into_iter().map(|(name, headers)| case(name, Refused, order(headers, &body))).collect()
}

/// Bodies in chunks that are not quite chunks.
fn chunks() -> Vec<Case> {
    let long = "x".repeat(100_000);
    let rows = [
        ("a chunk's length with a minus", "-2\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk's length with a plus", "+2\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk's length with 0x", "0x2\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk's length behind a space", " 2\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk's length with an underscore", "0_2\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk's length that is none", "g\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk's length that is missing", "\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk's length of 2^64", "10000000000000000\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk's length that overflows into 2", "100000000000000002\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk's length of nearly 2^64", "fffffffffffffff0\r\n{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk's line that ends in a bare line feed", "2\n{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk that ends in a bare line feed", "2\r\n{}\n0\r\n\r\n".to_owned()),
        ("a chunk longer than it says", "2\r\n{}{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk without its end", "2\r\n{}0\r\n\r\n".to_owned()),
        ("a chunk's extension with a bare line feed", "2;x\n{}\r\n0\r\n\r\n".to_owned()),
        ("a chunk's extension without end", format!("2;{long}\r\n{{}}\r\n0\r\n\r\n")),
        ("a trailer without end", format!("2\r\n{{}}\r\n0\r\nx: {long}\r\n\r\n")),
        ("a thousand trailers", format!("2\r\n{{}}\r\n0\r\n{}\r\n", "x: y\r\n".repeat(1_000))),
        ("a trailer with a NUL", "2\r\n{}\r\n0\r\nx: \0\r\n\r\n".to_owned()),
    ];
    let framed = |body: String| order("transfer-encoding: chunked", format!("{body}{SMUGGLED}"));
    rows.into_iter().map(|(name, body)| case(name, Refused, framed(body))).collect()
}

/// A request that is refused, and whose body reads like the next one.
fn behind_an_error() -> Vec<Case> {
    let length = format!("content-length: {}", SMUGGLED.len());
    let post = |target: &str, headers: &str| {
        format!("POST {target} HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n{SMUGGLED}").into_bytes()
    };
    vec![
        case("behind no key", Status(401), post("/api/calls", &length)),
        case("behind no signature", Status(403), post("/voice?q=0", &length)),
        case("behind a wrong address", Status(404), post("/nowhere", &length)),
        case("behind a wrong method", Status(405), post("/healthz", &length)),
        case("behind a body that is too large", Status(413), order("content-length: 104857600", SMUGGLED)),
        case(
            "behind a body that is packed",
            Status(415),
            order(&format!("{length}\r\ncontent-encoding: gzip"), SMUGGLED),
        ),
        case("behind a body that never comes whole", Status(408), order("content-length: 1000", SMUGGLED)),
        case("behind no HTTP", Refused, format!("NONSENSE\r\n\r\n{SMUGGLED}")),
        case(
            "behind a broken header",
            Refused,
            format!("GET / HTTP/1.1\r\nhost: x\r\nbroken\r\n\r\n{SMUGGLED}"),
        ),
        case(
            "behind an upgrade to nothing",
            Refused,
            "GET /api/calls HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        ),
        case(
            "behind a tunnel",
            RefusedOrClosed,
            format!("CONNECT x:80 HTTP/1.1\r\nhost: x:80\r\n\r\n{SMUGGLED}"),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn s_14_no_second_request_is_smuggled_behind_an_unclear_length() {
    assert_eq!(judge(&house().await, lengths()).await, 46);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_request_is_smuggled_behind_an_unclear_chunk() {
    assert_eq!(judge(&house().await, chunks()).await, 19);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_request_is_served_out_of_a_body_that_was_refused() {
    assert_eq!(judge(&house().await, behind_an_error()).await, 11);
}

/// The control: where the border is clear, the second request is one, and these tests see it answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_behind_a_clear_border_is_served() {
    let house = house().await;
    for (headers, body) in [
        ("content-length: 2", "[]"),
        ("content-length: 2\r\ncontent-length: 2", "[]"),
        ("transfer-encoding: chunked", "2\r\n[]\r\n0\r\n\r\n"),
        ("Transfer-Encoding:\tChunked", "02;x=y\r\n[]\r\n00\r\nx: y\r\n\r\n"),
    ] {
        let both = exchange(house.server, &order(headers, format!("{body}{SMUGGLED}"))).await;
        assert_eq!(statuses(&both), [400, 200], "{headers}");
    }
}
