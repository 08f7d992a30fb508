//! A listener on a socket of its own, so that a story decides when it reads, goes away and comes back.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use crate::day::{Day, KEY};

/// Longer than anything takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// Somebody who listens to `GET /api/events`.
pub struct Ears {
    reader: BufReader<TcpStream>,
    /// The status the server answered with.
    pub status: u16,
    /// The id after which it would go on.
    pub last: String,
}

impl Ears {
    /// Listens from now on.
    pub fn open(day: &Day, query: &str) -> Self {
        let ears = Self::with(day, KEY, query, None);
        assert_eq!(ears.status, 200);
        ears
    }

    /// Goes on where another stopped, as a browser does.
    pub fn again(day: &Day, key: &str, last: &str) -> Self {
        let ears = Self::with(day, key, "", Some(last));
        assert_eq!(ears.status, 200);
        ears
    }

    /// With any key and filter. By the old version of HTTP, in which an answer is the bytes up to its end.
    pub fn with(day: &Day, key: &str, query: &str, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", day.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let last = last.map(|last| format!("last-event-id: {last}\r\n")).unwrap_or_default();
        let ask = format!("GET /api/events{query} HTTP/1.0\r\nauthorization: Bearer {key}\r\n{last}\r\n");
        stream.write_all(ask.as_bytes()).unwrap();
        let mut ears = Self { reader: BufReader::new(stream), status: 0, last: String::new() };
        let head = ears.line().expect("the server answers");
        ears.status = head.split(' ').nth(1).unwrap().parse().unwrap();
        while !ears.line().expect("the head has an end").is_empty() {}
        if ears.status == 200 {
            // Where it stands is said at once.
            assert!(ears.frame().is_some_and(|frame| frame.contains_key("id")));
        }
        ears
    }

    /// What the server says when it does not let somebody listen.
    pub fn problem(mut self) -> Value {
        let mut body = String::new();
        std::io::Read::read_to_string(&mut self.reader, &mut body).unwrap();
        serde_json::from_str(&body).unwrap()
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
            Err(error) => panic!("nothing was heard any more: {error}"),
        }
    }

    /// The next frame's fields; `None` when the stream has ended.
    fn frame(&mut self) -> Option<BTreeMap<String, String>> {
        let mut fields = BTreeMap::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                if let Some(id) = fields.get("id") {
                    self.last.clone_from(id);
                }
                return Some(fields);
            }
            if let Some((name, value)) = line.split_once(": ") {
                fields.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The next event; `None` when the stream has ended.
    pub fn hear(&mut self) -> Option<Value> {
        loop {
            let frame = self.frame()?;
            let Some(data) = frame.get("data") else { continue };
            let event: Value = serde_json::from_str(data).unwrap();
            assert_eq!(event["type"], *frame["event"], "{event}");
            assert_eq!(event["id"], *frame["id"], "{event}");
            return Some(event);
        }
    }

    /// Hears events until one is as it should be; all of them, with that one.
    pub fn until(&mut self, mut is_last: impl FnMut(&Value) -> bool) -> Vec<Value> {
        let mut heard = Vec::new();
        loop {
            let event = self.hear().expect("the stream goes on");
            let is_last = is_last(&event);
            heard.push(event);
            if is_last {
                return heard;
            }
        }
    }
}

/// The words of events, in order.
pub fn types(heard: &[Value]) -> Vec<&str> {
    heard.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

/// The place in the journal that an id stands for: clients have no business with it, a judge has.
pub fn place(event: &Value) -> u64 {
    u64::from_str_radix(&event["id"].as_str().unwrap()[8..], 16).unwrap()
}

/// Judges what was heard of some calls against their histories: every event that changed a call was heard, once, in order,
/// and nothing else was.
pub fn is_the_history_of(day: &Day, heard: &[Value], calls: &[String]) {
    assert!(heard.is_sorted_by(|one, next| place(one) < place(next)), "in order, and none twice: {heard:#?}");
    for call in calls {
        let history = day.get(&format!("/api/calls/{call}/events")).json();
        let applied = history["events"].as_array().unwrap().iter().filter(|entry| entry["applied"] == true);
        let wanted: Vec<(u64, &str)> =
            applied.map(|entry| (entry["lsn"].as_u64().unwrap(), entry["kind"].as_str().unwrap())).collect();
        let mut got: Vec<(u64, &str)> = heard
            .iter()
            .filter(|event| event["call_id"] == **call)
            .map(|event| (place(event) >> 1, event["kind"].as_str().unwrap()))
            .collect();
        got.dedup();
        assert_eq!(got, wanted, "{call}");
    }
}
