//! The least of HTTP/1.1 that a client needs who keeps one connection and waits for each answer: so that what is
//! measured is the server.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any answer is waited for: a server that hangs is an error and no slow answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Ours are a few kilobytes.
const LONGEST: usize = 1 << 20;

/// One connection that is kept.
pub struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The body, whole.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// The body as text, for errors: its beginning is enough.
    pub fn beginning(&self) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(300)]).into_owned()
    }
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("can't connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, input: Vec::with_capacity(16 << 10) })
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// The connection broke, nothing came for half a minute, or what came is no answer.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer<'_>> {
        match tokio::time::timeout(PATIENCE, self.turn(request)).await {
            Ok(head) => {
                let head = head?;
                Ok(Answer { status: head.status, body: &self.input[head.length..] })
            }
            Err(_) => bail!("no answer within {} s", PATIENCE.as_secs()),
        }
    }

    async fn turn(&mut self, request: &[u8]) -> Result<Head> {
        self.stream.write_all(request).await.context("a request could not be sent")?;
        self.input.clear();
        loop {
            if self.stream.read_buf(&mut self.input).await.context("an answer could not be read")? == 0 {
                bail!("the server closed the connection instead of answering");
            }
            if let Some(head) = Head::parse(&self.input)? {
                let whole = head.length + head.body;
                match self.input.len() {
                    length if length == whole => return Ok(head),
                    length if length > whole => bail!("more came than was asked for"),
                    _ => {}
                }
            }
            if self.input.len() > LONGEST {
                bail!("an answer of more than {LONGEST} bytes");
            }
        }
    }
}

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Where the body begins.
    length: usize,
    /// How long the body is.
    body: usize,
}

impl Head {
    /// Reads a head; `None` while it is not whole.
    fn parse(input: &[u8]) -> Result<Option<Self>> {
        let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&input[..end]).context("an answer's head is no text")?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(status).context("an answer without a status")?;
        let mut body = None;
        for line in lines {
            let Some((name, value)) = line.split_once(':') else { bail!("a header without a colon") };
            if name.eq_ignore_ascii_case("content-length") {
                body = Some(value.trim().parse().context("a length that is no number")?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                bail!("an answer in chunks, which this client does not read");
            }
        }
        match (status, body) {
            (204 | 304, None) => Ok(Some(Self { status, length: end + 4, body: 0 })),
            (_, Some(body)) => Ok(Some(Self { status, length: end + 4, body })),
            (_, None) => bail!("an answer without a length"),
        }
    }
}

fn status(line: &str) -> Option<u16> {
    line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\ncontent-length: 5\r\n\r\nhello";
        let head = Head { status: 200, length: answer.len() - 5, body: 5 };
        assert_eq!(Head::parse(answer).unwrap(), Some(head));
        for cut in [0, 10, answer.len() - 6] {
            assert_eq!(Head::parse(&answer[..cut]).unwrap(), None, "{cut}");
        }
    }

    #[test]
    fn an_answer_without_content_has_none() {
        let answer = b"HTTP/1.1 204 No Content\r\nx-request-id: 1\r\n\r\n";
        assert_eq!(Head::parse(answer).unwrap(), Some(Head { status: 204, length: answer.len(), body: 0 }));
    }

    #[test]
    fn what_this_client_does_not_read_is_an_error_and_no_empty_body() {
        for broken in [
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
            "SMTP ready\r\n\r\n",
        ] {
            assert!(Head::parse(broken.as_bytes()).is_err(), "{broken:?}");
        }
    }
}
