//! Request lines and headers: too long, too many, and not what they should be.

use super::Expected::{Refused, RefusedOrClosed, Status};
use super::{Case, case, house, judge};

fn get(target: impl AsRef<[u8]>, headers: &str) -> Vec<u8> {
    let tail = format!(" HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
    [b"GET ", target.as_ref(), tail.as_bytes()].concat()
}

fn sizes() -> Vec<Case> {
    let many = |n: usize| (0..n).map(|n| format!("x-{n}: y\r\n")).collect::<String>();
    let long = |n: usize| format!("x: {}\r\n", "y".repeat(n));
    vec![
        case("a header of 64 KiB", Status(431), get("/health", &long(64 << 10))),
        case(
            "a header's name of 64 KiB",
            RefusedOrClosed,
            get("/health", &format!("{}: y\r\n", "x".repeat(64 << 10))),
        ),
        case("a cookie of 64 KiB", Status(431), get("/", &format!("cookie: {}\r\n", "y".repeat(64 << 10)))),
        case("64 KiB in many headers", Status(431), get("/health", &many(6_000))),
        case("10,000 headers", Status(431), get("/health", &many(10_000))),
        case("101 headers", Status(431), get("/health", &many(100))),
        case("a path of 100 KB", RefusedOrClosed, get(format!("/{}", "a".repeat(100_000)), "")),
        case("a query of 64 KiB", RefusedOrClosed, get(format!("/?{}", "a".repeat(64 << 10)), "")),
        case("a method of 64 KiB", RefusedOrClosed, "A".repeat(64 << 10)),
        case("100,000 empty lines", RefusedOrClosed, "\r\n".repeat(100_000)),
        case("headers that never end", RefusedOrClosed, format!("GET / HTTP/1.1\r\n{}", many(100_000))),
    ]
}

fn shapes() -> Vec<Case> {
    let line = |line: &str| format!("{line}\r\nhost: x\r\n\r\n");
    vec![
        case("a version from the future", Refused, line("GET /health HTTP/9.9")),
        case("a version in lower case", Refused, line("GET /health http/1.1")),
        case("no version", Refused, line("GET /health")),
        case("the beginning of HTTP/2", RefusedOrClosed, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        case("the beginning of TLS", Refused, &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..]),
        case("no target", Refused, line("GET  HTTP/1.1")),
        case("two spaces", Refused, line("GET  /health HTTP/1.1")),
        case("tabs for spaces", Refused, line("GET\t/health\tHTTP/1.1")),
        case("a method that is no word", Refused, line("G@T /health HTTP/1.1")),
        case("a method that nobody knows", Status(405), line("BREW /health HTTP/1.1")),
        case("an echo", Status(405), line("TRACE /health HTTP/1.1")),
        case("a NUL in the target", Refused, line("GET /hea\0lth HTTP/1.1")),
        case("a bare carriage return in the target", Refused, line("GET /hea\rlth HTTP/1.1")),
        case("bytes above 127 in the target", Refused, get(b"/\xff\xfe", "")),
        case("half a character in the path", Status(401), get("/api/calls/%ff", "")),
        case("a NUL in the path", Status(401), get("/api/calls/%00", "")),
        case("a way out of the folder", Status(404), get("/assets/..%2f..%2fetc%2fpasswd", "")),
        case("a way out of the folder, twice encoded", Status(404), get("/assets/%252e%252e%252fetc", "")),
        case("a way out of the tree", Status(404), get("/../../etc/passwd", "")),
        case("a fragment", RefusedOrClosed, get("/nowhere#/healthz", "")),
        case("a header without a colon", Refused, get("/health", "no colon here\r\n")),
        case("a header without a name", Refused, get("/health", ": y\r\n")),
        case("a header with a space in its name", Refused, get("/health", "x y: z\r\n")),
        case("a header with a space before its colon", Refused, get("/health", "x : z\r\n")),
        case("a header folded onto the next line", Refused, get("/health", "x: y\r\n z\r\n")),
        case("a first header that is folded", Refused, "GET /health HTTP/1.1\r\n host: x\r\n\r\n"),
        case("a NUL in a header", Refused, get("/health", "x: a\0b\r\n")),
        case("a NUL in a header's name", Refused, get("/health", "x\0: y\r\n")),
        case("a bare carriage return in a header", Refused, get("/health", "x: a\rb\r\n")),
        case("an escape in a header", Refused, get("/health", "x: \x1b[31m\r\n")),
        case("a header's name above 127", Refused, get("/health", "x\u{e9}: y\r\n")),
        case("no host", Status(400), "GET /healthz HTTP/1.1\r\n\r\n"),
        case("two hosts", Status(400), get("/healthz", "host: y\r\n")),
        case(
            "a body by chunks from the past",
            Refused,
            "POST /api/calls HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        ),
        case(
            "a key of 20 KiB",
            Status(401),
            get("/api/calls", &format!("authorization: Bearer {}\r\n", "k".repeat(20 << 10))),
        ),
        case(
            "a key with bytes above 127",
            Status(401),
            get("/api/calls", "authorization: Bearer \u{e9}\r\n"),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_without_measure_are_cut_off() {
    assert_eq!(judge(&house().await, sizes()).await, 11);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_out_of_shape_are_refused() {
    assert_eq!(judge(&house().await, shapes()).await, 36);
}
