//! Requests that no honest client sends (S-14), each under its name, on sockets of their own: refused with a 4xx or a
//! closed door, answered once at most, in bounded memory and time, and the server goes on.
//!
//! - `framing`: where one request ends and the next begins · `heads`: request lines and headers · `bodies`: what is in them
//! - `slow`: those who dawdle, and those who take all the room

mod bodies;
mod framing;
mod heads;
mod slow;

use crate::house::{House, KEY};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trunkline_web::Limits;

/// What is smuggled: a request whose answer nobody must get.
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

/// A hostile request.
struct Case {
    name: String,
    bytes: Vec<u8>,
    expected: Expected,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// It is answered with exactly this.
    Status(u16),
    /// It is answered with some 4xx.
    Refused,
    /// The same, or the door is closed without a word.
    RefusedOrClosed,
}

fn case(name: impl Into<String>, expected: Expected, bytes: impl Into<Vec<u8>>) -> Case {
    Case { name: name.into(), bytes: bytes.into(), expected }
}

/// An order by somebody who holds a key, so that the body is looked at.
fn order(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let head =
        format!("POST /api/calls HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n{headers}\r\n\r\n");
    [head.as_bytes(), body.as_ref()].concat()
}

/// A server with so little patience that nobody has to wait for it.
async fn house() -> House {
    let soon = Duration::from_millis(500);
    House::with_limits(Limits { head: soon, body: soon, ..Limits::default() }).await
}

/// Writes it all, and reads until the server closes.
async fn exchange(server: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = TcpStream::connect(server).await.unwrap().into_split();
    let mut answer = Vec::new();
    // A server that refuses may close before it has read it all. We never close first: whatever it wants to say it may.
    let _ = tokio::join!(writer.write_all(bytes), reader.read_to_end(&mut answer));
    answer
}

/// The statuses of all answers on one connection.
fn statuses(bytes: &[u8]) -> Vec<u16> {
    let text = String::from_utf8_lossy(bytes);
    text.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
}

/// Sends all of them at once and judges each.
async fn judge(house: &House, cases: Vec<Case>) -> usize {
    let judged = cases.iter().map(async |case| {
        let given = statuses(&exchange(house.server, &case.bytes).await);
        let is_good = match (given.as_slice(), case.expected) {
            ([], expected) => expected == Expected::RefusedOrClosed,
            ([given], Expected::Status(expected)) => *given == expected,
            ([given], Expected::Refused | Expected::RefusedOrClosed) => (400..500).contains(given),
            _ => false,
        };
        (!is_good).then(|| format!("{}: {given:?}, not {:?}", case.name, case.expected))
    });
    let wrong: Vec<String> = futures_util::future::join_all(judged).await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    is_well(house).await;
    assert!(house.sim.dialed().is_empty(), "nobody was called");
    cases.len()
}

async fn is_well(house: &House) {
    assert_eq!(house.get("/healthz", &[]).await.status, 200);
}
