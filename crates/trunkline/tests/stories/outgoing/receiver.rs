//! Software of a tenant that webhooks are sent to: it writes down what comes, and answers as it likes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

/// Attempts of one event are not further apart than this: whoever hears ten thousand does not look at all of them each time.
const RECENT: usize = 2_000;

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// With this status.
    Says(u16),
    /// With a redirect to `/elsewhere`.
    Redirects,
    /// With ten megabytes.
    Rambles,
    /// Not at all, for a minute.
    Hangs,
}

/// One request, as it came.
#[derive(Clone, Debug)]
pub struct Heard {
    pub path: String,
    pub head: BTreeMap<String, String>,
    pub body: String,
    pub mood: Mood,
}

impl Heard {
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn text(&self, name: &str) -> String {
        self.event()[name].as_str().unwrap_or_default().to_owned()
    }

    pub fn is_taken(&self) -> bool {
        self.mood == Mood::Says(200)
    }
}

/// A receiver, for as long as the process lives.
#[derive(Clone)]
pub struct Receiver {
    port: u16,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Receiver {
    /// Answers all requests alike.
    pub fn that(mood: Mood) -> Self {
        Self::answers(move |_, _| mood)
    }

    /// Answers as this says, of a request and how often its event was there before.
    pub fn answers(mood: impl Fn(&Heard, usize) -> Mood + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self { port: listener.local_addr().unwrap().port(), heard: Arc::default() };
        let (heard, mood) = (Arc::clone(&receiver.heard), Arc::new(mood));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (heard, mood) = (Arc::clone(&heard), Arc::clone(&mood));
                std::thread::spawn(move || {
                    // Whoever hangs up in the middle was not heard.
                    let _ = serve(stream, &heard, &*mood);
                });
            }
        });
        receiver
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Everything that came, in its order.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The ids of the events that it took, in the order in which it first did.
    pub fn taken(&self) -> Vec<String> {
        let mut taken = Vec::new();
        for one in self.heard().iter().filter(|one| one.is_taken()) {
            let id = one.text("id");
            if !taken.contains(&id) {
                taken.push(id);
            }
        }
        taken
    }

    /// What is out of order: an event of a call that came although an earlier one had not been taken yet. Ids rise.
    pub fn disorder(&self) -> Vec<String> {
        let (mut events, mut taken) = (BTreeMap::<String, BTreeSet<String>>::new(), BTreeSet::new());
        let all = self.heard();
        for one in &all {
            events.entry(one.text("call_id")).or_default().insert(one.text("id"));
        }
        let mut odd = Vec::new();
        for one in &all {
            let (call, id) = (one.text("call_id"), one.text("id"));
            let missing =
                events[&call].iter().take_while(|earlier| **earlier < id).find(|id| !taken.contains(*id));
            odd.extend(missing.map(|earlier| format!("{call}: {id} before {earlier}")));
            if one.is_taken() {
                taken.insert(id);
            }
        }
        odd
    }
}

fn serve(
    stream: TcpStream,
    heard: &Mutex<Vec<Heard>>,
    mood: &(impl Fn(&Heard, usize) -> Mood + ?Sized),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut head = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        head.insert(name.to_lowercase(), value.to_owned());
    }
    if !head.contains_key("webhook-id") {
        // Cut off before it was said.
        return Ok(());
    }
    let length = head.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut one = Heard { path, head, body: String::from_utf8(body).unwrap(), mood: Mood::Hangs };
    one.mood = {
        let mut all = heard.lock().unwrap();
        let before = all.iter().rev().take(RECENT);
        let before = before.filter(|other| other.head["webhook-id"] == one.head["webhook-id"]).count();
        let mood = mood(&one, before);
        all.push(Heard { mood, ..one.clone() });
        mood
    };
    answer(stream, one.mood)
}

fn answer(mut stream: TcpStream, mood: Mood) -> std::io::Result<()> {
    match mood {
        Mood::Says(status) => {
            write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        }
        Mood::Redirects => {
            write!(
                stream,
                "HTTP/1.1 307 X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
        }
        Mood::Rambles => {
            let length = 10 << 20;
            write!(stream, "HTTP/1.1 200 X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")?;
            stream.write_all(&vec![b'x'; length])
        }
        Mood::Hangs => {
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        }
    }
}
