//! Those who dawdle, and those who take all the room: each is given up in its own time, and nobody else waits for them.

use super::{exchange, is_well, statuses};
use crate::client::raw;
use crate::house::{House, KEY};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trunkline_web::Limits;

#[tokio::test(flavor = "multi_thread")]
async fn who_dawdles_over_a_head_is_cut_off() {
    let limits = Limits { head: Duration::from_millis(50), ..Limits::default() };
    let house = House::with_limits(limits).await;
    for said in [
        "",
        "G",
        "GET /health HTTP/1.1",
        "GET /health HTTP/1.1\r\n",
        "GET /health HTTP/1.1\r\nx",
        "\x16\x03\x01",
    ] {
        let told = statuses(&exchange(house.server, said.as_bytes()).await);
        assert!(matches!(told[..], [] | [400 | 408]), "{said:?}: {told:?}");
        is_well(&house).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_a_head_letter_by_letter_is_cut_off_all_the_same() {
    let limits = Limits { head: Duration::from_millis(100), ..Limits::default() };
    let house = House::with_limits(limits).await;
    let (mut reader, mut writer) = TcpStream::connect(house.server).await.unwrap().into_split();
    // Every letter is news; the time is for all of them together. The pace is the attack, nothing waits for it.
    let saying = async {
        writer.write_all(b"GET /health HTTP/1.1\r\nx: ").await?;
        loop {
            writer.write_all(b"y").await?;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        #[expect(unreachable_code, reason = "the type of a loop that ends by error")]
        Ok::<(), std::io::Error>(())
    };
    let mut answer = Vec::new();
    tokio::select! {
        _ = saying => {}
        _ = reader.read_to_end(&mut answer) => {}
    }
    assert!(matches!(statuses(&answer)[..], [] | [408]));
    is_well(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dawdles_over_a_body_is_told_so() {
    let limits =
        Limits { body: Duration::from_millis(50), head: Duration::from_millis(500), ..Limits::default() };
    let house = House::with_limits(limits).await;
    for target in ["/api/calls", "/api/suppressions", "/voice?q=0", "/status", "/login"] {
        for (framing, body) in [
            ("content-length: 100", ""),
            ("content-length: 100", "{"),
            ("transfer-encoding: chunked", ""),
            ("transfer-encoding: chunked", "5"),
            ("transfer-encoding: chunked", "5\r\n{"),
            ("transfer-encoding: chunked", "1\r\n{\r\n0\r\n"),
        ] {
            let request = format!(
                "POST {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{framing}\r\n\r\n{body}"
            );
            let told = statuses(&exchange(house.server, request.as_bytes()).await);
            assert_eq!(told, [408], "{target}, {framing}, {body:?}");
        }
    }
    is_well(&house).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s_14_five_hundred_who_dawdle_keep_nobody_waiting() {
    let house = House::open().await;
    let mut dawdling = Vec::new();
    for n in 0..500 {
        let mut stream = TcpStream::connect(house.server).await.unwrap();
        let said: &[u8] = if n % 2 == 0 {
            b"GET /"
        } else {
            b"POST /voice HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n1"
        };
        stream.write_all(said).await.unwrap();
        dawdling.push(stream);
    }
    is_well(&house).await;
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
