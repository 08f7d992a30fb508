//! A carrier that answers as a test tells it, down to the byte at which a connection breaks.

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// These bytes, then a clean end.
    Whole(Vec<u8>),
    /// These bytes, then the connection ends. (A reset might throw them away before they are read.)
    Cut(Vec<u8>),
    /// A head and a body that comes too slowly to end.
    Stalls,
    /// A body of two megabytes and more, as fast as it is read.
    Endless(u16),
    /// Nothing, and the connection stays open.
    Silence,
    /// A reset.
    Reset,
    /// A clean close.
    Close,
}

impl Answer {
    pub fn json(status: u16, body: &str) -> Self {
        Self::typed(status, "application/json", body)
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self::typed(status, "text/html", body)
    }

    /// More than any answer to a create request.
    pub fn huge(status: u16) -> Self {
        Self::text(status, &"x".repeat(100_000))
    }

    /// More than any answer of the API.
    pub fn endless(status: u16) -> Self {
        Self::Endless(status)
    }

    pub fn redirect(to: &str) -> Self {
        Self::Whole(format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into_bytes())
    }

    fn typed(status: u16, kind: &str, body: &str) -> Self {
        let length =
            if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        Self::Whole(format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{length}\r\n{body}").into_bytes())
    }
}

/// A request as it came over the wire.
#[derive(Clone, Debug)]
pub struct Request {
    pub line: String,
    /// The headers, in lower case names, as hyper writes them.
    pub head: String,
    pub body: String,
}

impl Request {
    /// The form's fields, one a line.
    pub fn fields(&self) -> String {
        let pairs = form_urlencoded::parse(self.body.as_bytes());
        let lines: String = pairs.map(|(name, value)| format!("{name}={value}\n")).collect();
        format!("\n{lines}")
    }
}

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    /// Of all connections together, whole requests or not.
    bytes: usize,
    connections: usize,
    open: usize,
}

/// The carrier.
pub struct FakeCarrier {
    pub base: String,
    seen: Arc<Mutex<Seen>>,
}

impl FakeCarrier {
    /// Every request is answered like this.
    pub async fn with(answer: Answer) -> Self {
        Self::in_turn(vec![answer]).await
    }

    /// Requests are answered in turn; the last answer stays.
    pub async fn in_turn(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let for_all = (seen.clone(), Arc::new(answers));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answers) = for_all.clone();
                {
                    let mut seen = seen.lock().unwrap();
                    seen.connections += 1;
                    seen.open += 1;
                }
                tokio::spawn(async move {
                    serve(stream, seen.clone(), answers).await;
                    seen.lock().unwrap().open -= 1;
                });
            }
        });
        Self { base, seen }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().requests.clone()
    }

    pub fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    /// How many bytes of requests have come, whole or not.
    pub fn bytes(&self) -> usize {
        self.seen.lock().unwrap().bytes
    }

    /// Waits until nobody is connected any more.
    pub async fn all_are_closed(&self) {
        while self.seen.lock().unwrap().open > 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// An address where nobody listens.
pub async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Seen>>, answers: Arc<Vec<Answer>>) {
    while let Some(request) = read(&mut stream, &seen).await {
        let nth = {
            let mut seen = seen.lock().unwrap();
            seen.requests.push(request);
            seen.requests.len() - 1
        };
        let answer = answers.get(nth).or(answers.last()).unwrap().clone();
        match answer {
            Answer::Whole(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Answer::Cut(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Answer::Stalls => {
                let _ = stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 90\r\n\r\n{").await;
                return hold(stream).await;
            }
            Answer::Endless(status) => {
                let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 999999999\r\n\r\n");
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(&[b'x'; 65_536]).await.is_ok() {}
                return;
            }
            Answer::Silence => return hold(stream).await,
            Answer::Reset => return reset(stream),
            Answer::Close => return,
        }
    }
}

/// Keeps the connection open until the other side lets go of it.
async fn hold(mut stream: TcpStream) {
    let mut rest = [0; 64];
    while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
}

fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
    drop(stream);
}

/// One request; `None` when the connection is over, or is no HTTP.
async fn read(stream: &mut TcpStream, seen: &Mutex<Seen>) -> Option<Request> {
    let mut bytes: Vec<u8> = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if bytes.first().is_some_and(|first| !first.is_ascii_alphabetic()) {
            return None;
        }
        let mut piece = [0; 4_096];
        let count = stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        seen.lock().unwrap().bytes += count;
        bytes.extend_from_slice(&piece[..count]);
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let (line, head) = head.split_once("\r\n")?;
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map_or(0, |n| n.parse().unwrap());
    let mut body = bytes[head_end + 4..].to_vec();
    while body.len() < length {
        let mut piece = [0; 4_096];
        let count = stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        seen.lock().unwrap().bytes += count;
        body.extend_from_slice(&piece[..count]);
    }
    Some(Request { line: line.to_owned(), head: head.to_owned(), body: String::from_utf8(body).ok()? })
}
