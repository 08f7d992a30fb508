//! Requests that no honest client sends (S-14): refused with a 4xx or a closed door, in bounded memory and time, and
//! the server goes on.

use crate::client::raw;
use crate::house::{House, KEY};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trunkline_web::Limits;

async fn is_well(house: &House) {
    assert_eq!(house.get("/healthz", &[]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_second_request_is_smuggled_behind_a_body_with_two_lengths() {
    let house = House::open().await;
    let smuggled = "0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    for headers in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "content-length: 5\r\ncontent-length: 6",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked",
        "content-length: -1",
        "content-length: +5",
        "content-length: 5, 6",
    ] {
        let request = format!("POST /api/calls HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n{smuggled}");
        let answer = raw(house.server, request.as_bytes()).await.unwrap();
        assert!((400..500).contains(&answer.status), "{headers}: {answer:?}");
        let behind = String::from_utf8_lossy(&answer.body).contains("HTTP/1.1 200");
        assert!(!behind, "{headers}: the second request was answered");
    }
    is_well(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_without_end_is_cut_off() {
    let house = House::open().await;
    let many: String = (0..10_000).map(|n| format!("x-{n}: y\r\n")).collect();
    let long = format!("x: {}\r\n", "y".repeat(64 * 1024));
    let path = "a".repeat(100_000);
    for request in [
        format!("GET /health HTTP/1.1\r\nhost: x\r\n{many}\r\n"),
        format!("GET /health HTTP/1.1\r\nhost: x\r\n{long}\r\n"),
        format!("GET /{path} HTTP/1.1\r\nhost: x\r\n\r\n"),
    ] {
        let status = raw(house.server, request.as_bytes()).await.map(|answer| answer.status);
        assert!(matches!(status, None | Some(414 | 431 | 400)), "{status:?}");
    }
    is_well(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_end_is_refused() {
    let house = House::open().await;
    let head = |length: &str| {
        format!(
            "POST /api/calls HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {KEY}\r\n{length}\r\n\r\n"
        )
    };
    let announced = raw(house.server, head("content-length: 104857600").as_bytes()).await.unwrap();
    assert_eq!(announced.status, 413);
    let mut endless = head("transfer-encoding: chunked").into_bytes();
    for _ in 0..100 {
        endless.extend_from_slice(b"2000\r\n");
        endless.extend_from_slice(&[b' '; 0x2000]);
        endless.extend_from_slice(b"\r\n");
    }
    let status = raw(house.server, &endless).await.map(|answer| answer.status);
    assert!(matches!(status, None | Some(413)), "{status:?}");
    is_well(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_json_are_refused() {
    let house = House::open().await;
    let deep = "[".repeat(100_000);
    let wide = format!(r#"{{"to": "+1", "metadata": {}}}"#, r#"{"a":"#.repeat(5_000));
    for body in [
        "",
        "nonsense",
        "[]",
        "{\"to\": \"\\u0000\"}",
        "{\"to\": 1e999}",
        "{\"to\": \"\\ud800\"}",
        &format!("{{\"to\": {}}}", "9".repeat(10_000)),
        &deep,
        &wide,
    ] {
        let answer = house.api("POST", "/api/calls", body).await;
        assert_eq!(answer.status, 400, "{}", &body[..body.len().min(60)]);
    }
    let bearer = format!("Bearer {KEY}");
    let utf8 = crate::client::send(
        house.server,
        "POST",
        "/api/calls",
        &[("authorization", &bearer)],
        b"{\"to\":\"\xff\"}",
    )
    .await;
    assert_eq!(utf8.status, 400);
    let packed = [("authorization", &*bearer), ("content-encoding", "gzip")];
    let bomb = crate::client::send(house.server, "POST", "/api/calls", &packed, b"\x1f\x8b").await;
    assert_eq!(bomb.status, 415);
    is_well(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_http_is_refused() {
    let house = House::open().await;
    for request in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"GET /health HTTP/9.9\r\n\r\n",
        b"GET /health HTTP/1.1\r\nno colon here\r\n\r\n",
        b"GET /hea\0lth HTTP/1.1\r\nhost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(house.server).await.unwrap();
        stream.write_all(request).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        assert!(!bytes.starts_with(b"HTTP/1.1 2"), "{}", String::from_utf8_lossy(&bytes));
    }
    is_well(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dawdles_over_a_head_is_cut_off() {
    let limits = Limits { head: Duration::from_millis(50), ..Limits::default() };
    let house = House::with_limits(limits).await;
    let mut stream = TcpStream::connect(house.server).await.unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nx").await.unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    assert!(!bytes.starts_with(b"HTTP/1.1 2"));
    is_well(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dawdles_over_a_body_is_told_so() {
    let limits = Limits { body: Duration::from_millis(50), ..Limits::default() };
    let house = House::with_limits(limits).await;
    for target in ["/api/calls", "/voice", "/login"] {
        let mut stream = TcpStream::connect(house.server).await.unwrap();
        let head = format!(
            "POST {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-length: 100\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut bytes = vec![0; 12];
        stream.read_exact(&mut bytes).await.unwrap();
        assert_eq!(bytes, b"HTTP/1.1 408", "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_bound_wait_and_then_are_served() {
    let house = House::with_limits(Limits { connections: 2, ..Limits::default() }).await;
    let idle =
        [TcpStream::connect(house.server).await.unwrap(), TcpStream::connect(house.server).await.unwrap()];
    let server = house.server;
    let waiting = tokio::spawn(async move {
        raw(server, b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await
    });
    // Both slots are taken by connections that say nothing; the third is served when they leave.
    drop(idle);
    assert_eq!(waiting.await.unwrap().unwrap().status, 200);
}
