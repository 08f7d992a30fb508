//! An engine behind the transcription hook: it writes down what it is asked, and answers as it likes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// How a question is answered.
#[derive(Clone, Debug)]
pub enum Says {
    /// With this status and body.
    This(u16, String),
    /// With ten megabytes.
    Rambles,
    /// Not at all, for a minute.
    Hangs,
}

/// One question, as it came.
#[derive(Clone, Debug)]
pub struct Question {
    pub head: BTreeMap<String, String>,
    pub body: String,
}

impl Question {
    pub fn text(&self, name: &str) -> String {
        self.json()[name].as_str().unwrap_or_default().to_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The path of an address of the server in it.
    pub fn path(&self, name: &str) -> String {
        let url = self.text(name);
        url[url.find("/transcription/").unwrap()..].to_owned()
    }
}

/// A hook, for as long as the process lives.
#[derive(Clone)]
pub struct Hook {
    pub port: u16,
    asked: Arc<Mutex<Vec<Question>>>,
}

impl Hook {
    /// Answers as this says, of a question and how many came before.
    pub fn answers(says: impl Fn(&Question, usize) -> Says + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hook = Self { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let (asked, says) = (Arc::clone(&hook.asked), Arc::new(says));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (asked, says) = (Arc::clone(&asked), Arc::clone(&says));
                std::thread::spawn(move || {
                    // Whoever hangs up in the middle was not heard.
                    let _ = serve(stream, &asked, &*says);
                });
            }
        });
        hook
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/transcribe", self.port)
    }

    /// Everything that it was asked, in its order.
    pub fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(
    stream: TcpStream,
    asked: &Mutex<Vec<Question>>,
    says: &(impl Fn(&Question, usize) -> Says + ?Sized),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut head = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        match line.trim_end().split_once(": ") {
            Some((name, value)) => drop(head.insert(name.to_lowercase(), value.to_owned())),
            None if line.trim_end().is_empty() => break,
            None => {}
        }
    }
    let length = head.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let question = Question { head, body: String::from_utf8(body).unwrap() };
    let before = {
        let mut all = asked.lock().unwrap();
        all.push(question.clone());
        all.len() - 1
    };
    answer(stream, says(&question, before))
}

fn answer(mut stream: TcpStream, says: Says) -> std::io::Result<()> {
    let (status, body) = match says {
        Says::This(status, body) => (status, body.into_bytes()),
        Says::Rambles => (200, vec![b'x'; 10 << 20]),
        Says::Hangs => {
            std::thread::sleep(Duration::from_secs(60));
            return Ok(());
        }
    };
    write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body)
}
