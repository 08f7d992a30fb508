//! Row 20: how soon a listener hears of a carrier's webhook, alone and among a thousand, and what each of them holds in
//! memory.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use crate::call::{Call, QUESTIONS};
use crate::http::Connection;
use crate::plan::Plan;
use crate::process;
use crate::report::{Line, grouped, millis};
use crate::server::{Server, Site, get};
use crate::stats::{Latencies, Spread};
use crate::webhook::Writer;

/// How many listen.
const LISTENERS: [usize; 2] = [1, 1_000];
/// A listener that hears nothing for so long never will.
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures.
///
/// # Errors
/// The server failed, or a listener did not hear of something.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let server = Server::start(site, "events").await?;
    server.ready().await?;
    let mut street = Street::new(server.address()).await?;
    // What is made once is not theirs.
    let mut warm = Listeners::open(server.address(), 1).await?;
    street.answers(usize::from(QUESTIONS), &mut warm).await?;
    drop(warm);
    let mut lines = Vec::new();
    for number in LISTENERS {
        crate::progress(&format!("events: {number} listen"));
        let before = process::resident_bytes(server.pid())?;
        let mut listeners = Listeners::open(server.address(), number).await?;
        let delays = street.answers(plan.pages, &mut listeners).await?;
        let after = process::resident_bytes(server.pid())?;
        let each = (after as f64 - before as f64) / 1_024.0 / number as f64;
        lines.push(delay(number, &delays));
        if number > 1 {
            lines.push(memory(number, each));
        }
    }
    Ok(lines)
}

fn delay(number: usize, delays: &Latencies) -> Line {
    let seen = delays.percentiles();
    let [p50, p99, max] = [seen.p50, seen.p99, seen.max].map(Spread::once);
    Line::new(20, format!("carrier webhook to listener, {} listen", grouped(number as f64)))
        .figure(format!("p50 {} · p99 {}", millis(p50), millis(p99)))
        .beside(format!("the worst of {}: {}", grouped(delays.len() as f64), millis(max)))
        .value("p50_ms", p50)
        .value("p99_ms", p99)
        .value("max_ms", max)
        .at_most(seen.p99, 100.0, " ms")
}

fn memory(number: usize, each: f64) -> Line {
    Line::new(20, format!("memory of a listener, {} listen", grouped(number as f64)))
        .figure(format!("{each:.1} KiB"))
        .beside("its connection included")
        .value("kib", Spread::once(each))
        .at_most(each, 64.0, " KiB")
}

/// Those who listen. Each tells when it heard of an answer.
struct Listeners {
    number: usize,
    heard: mpsc::UnboundedReceiver<Instant>,
    _tasks: JoinSet<Result<()>>,
}

impl Listeners {
    async fn open(address: SocketAddr, number: usize) -> Result<Self> {
        let (tell, heard) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        for _ in 0..number {
            let mut lines = begin(address).await?;
            let tell = tell.clone();
            tasks.spawn(async move {
                let mut line = String::new();
                while {
                    line.clear();
                    lines.read_line(&mut line).await?
                } > 0
                {
                    if line.starts_with("data: ") && tell.send(Instant::now()).is_err() {
                        break;
                    }
                }
                Ok(())
            });
        }
        Ok(Self { number, heard, _tasks: tasks })
    }

    /// Waits until all have heard of what was sent then.
    async fn all_hear(&mut self, sent: Instant, delays: &mut Latencies) -> Result<()> {
        for _ in 0..self.number {
            match timeout(PATIENCE, self.heard.recv()).await {
                Ok(Some(heard)) => delays.add(heard.duration_since(sent)),
                Ok(None) => bail!("the listeners' streams have ended"),
                Err(_) => bail!("a listener did not hear of an answer"),
            }
        }
        Ok(())
    }
}

/// Asks for events and waits until they are promised.
async fn begin(address: SocketAddr) -> Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address).await.context("a listener can't connect")?;
    let mut lines = BufReader::with_capacity(1_024, stream);
    let ask = String::from_utf8(get(address, "/api/events?types=answer.recorded"))?;
    // By the old version an answer is the bytes up to its end.
    lines.get_mut().write_all(ask.replace("HTTP/1.1", "HTTP/1.0").as_bytes()).await?;
    let mut head = String::new();
    lines.read_line(&mut head).await?;
    ensure!(head.contains(" 200 "), "a listener was answered {head:?}");
    let mut line = String::new();
    // Where it stands is said at once: from then on everything is heard.
    while !line.starts_with("id: ") {
        line.clear();
        ensure!(lines.read_line(&mut line).await? > 0, "a stream ended at its beginning");
    }
    Ok(lines)
}

/// One caller after the other.
struct Street {
    connection: Connection,
    writer: Writer,
    serial: u64,
}

impl Street {
    async fn new(address: SocketAddr) -> Result<Self> {
        let connection = Connection::open(address).await?;
        Ok(Self { connection, writer: Writer::new(address.to_string())?, serial: 0 })
    }

    /// So many answers, each heard of by all before the next is given.
    async fn answers(&mut self, most: usize, listeners: &mut Listeners) -> Result<Latencies> {
        let mut delays = Latencies::default();
        let mut given = 0;
        while given < most {
            self.serial += 1;
            let mut call = Call::new(self.serial);
            call.go_on(&mut self.connection, &mut self.writer, None).await?;
            for _ in 0..QUESTIONS {
                let sent = Instant::now();
                call.go_on(&mut self.connection, &mut self.writer, None).await?;
                listeners.all_hear(sent, &mut delays).await?;
                given += 1;
            }
            call.go_on(&mut self.connection, &mut self.writer, None).await?;
        }
        Ok(delays)
    }
}
