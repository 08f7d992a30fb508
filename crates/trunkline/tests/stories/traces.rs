//! Traces: what the server does, told to a collector, and never of whom.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use reqwest::Method;
use trunkline_sim::Habit;

use crate::day::{Day, KEY};

const ANN: &str = "+15550187643";
const NAME: &str = "Xanthippe Quillfeather";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A request's head in small letters, and its body.
type Told = (String, Vec<u8>);

/// A collector that keeps what it is told, on a port of its own.
struct Collector {
    port: u16,
    requests: Arc<Mutex<Vec<Told>>>,
    is_over: Arc<AtomicBool>,
}

impl Collector {
    fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (requests, is_over) = (Arc::<Mutex<Vec<_>>>::default(), Arc::new(AtomicBool::new(false)));
        let (kept, over) = (requests.clone(), is_over.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let kept = kept.clone();
                std::thread::spawn(move || serve(stream, &kept));
            }
        });
        Self { port, requests, is_over }
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.requests.lock().unwrap();
        let read = |body: &Vec<u8>| ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
        let all = requests.iter().map(|(_, body)| read(body));
        all.flat_map(|told| told.resource_spans)
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans)
            .collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(mut stream: TcpStream, kept: &Mutex<Vec<Told>>) {
    let mut bytes = Vec::new();
    let mut part = [0; 16_384];
    loop {
        let head = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        let whole = head.map(|end| (end + 4, String::from_utf8_lossy(&bytes[..end]).to_lowercase()));
        if let Some((from, head)) = whole {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
            let to = from + length.trim().parse::<usize>().unwrap();
            if bytes.len() >= to {
                kept.lock().unwrap().push((head, bytes[from..to].to_vec()));
                bytes.drain(..to);
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
                continue;
            }
        }
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return,
            Ok(n) => bytes.extend(&part[..n]),
        }
    }
}

#[test]
fn a_collector_is_told_what_was_done_and_how_long_it_took_and_not_of_whom() {
    let collector = Collector::begin();
    let mut day = Day::with()
        .in_its_own_process()
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://127.0.0.1:{}", collector.port))
        .set("OTEL_EXPORTER_OTLP_HEADERS", "x-team=calls")
        .begin();
    day.person(ANN, Habit::Busy);
    let order = serde_json::json!({ "to": ANN, "name": NAME });
    let asked = day.ask(Method::POST, "/api/calls").bearer_auth(KEY).header("traceparent", PARENT);
    let call = day.send(asked.json(&order)).json()["id"].as_str().unwrap().to_owned();
    day.ended(&call);
    day.is_quiet();
    day.until("the database has it", |day| day.database().disposition(&call));
    assert_eq!(day.is_told_to_stop().code(), Some(0));

    let spans = collector.spans();
    let names: BTreeSet<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    for name in ["http.request", "journal.append", "carrier.request", "store.project"] {
        assert!(names.contains(name), "{name} is not among {names:?}");
    }
    let of_the_order: Vec<_> = spans
        .iter()
        .filter(|span| span.trace_id == 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes())
        .collect();
    let request = of_the_order.iter().find(|span| span.name == "http.request").expect("the trace is joined");
    assert_eq!(request.parent_span_id, 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes());
    let inside = of_the_order
        .iter()
        .find(|span| span.name == "journal.append")
        .expect("what was done for it is below it");
    assert_eq!(inside.parent_span_id, request.span_id);
    assert!(request.end_time_unix_nano >= inside.end_time_unix_nano);

    let told = format!("{spans:?}");
    assert!(told.contains(&call), "the control: ids are told");
    for private in ["5550187643", "Xanthippe", KEY] {
        assert!(!told.contains(private), "{private} is told");
    }
    let heads: Vec<String> =
        collector.requests.lock().unwrap().iter().map(|(head, _)| head.clone()).collect();
    assert!(heads.iter().all(|head| head.starts_with("post /v1/traces ") && head.contains("x-team: calls")));
}

#[test]
fn a_collector_that_is_not_there_changes_nothing_and_is_said_once() {
    let nobodys = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut day = Day::with()
        .in_its_own_process()
        .set("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://127.0.0.1:{nobodys}"))
        .set("OTEL_BSP_SCHEDULE_DELAY", "100")
        .begin();
    day.person(ANN, Habit::Busy);
    for _ in 0..3 {
        let call = day.call(ANN);
        assert_eq!(day.disposition(&call), "busy");
    }
    assert_eq!(day.is_told_to_stop().code(), Some(0));
    let (_, log) = day.written();
    assert_eq!(log.matches("traces.away").count(), 1, "{log}");
}
