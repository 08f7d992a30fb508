//! Rows 1 to 3, the ceilings: the bare disk, the journal alone, and HTTP alone. And the relay that rows 22 and 23 stand beside.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::Instant;
use trunkline_journal::{Class, Journal, Options};

use crate::call::Call;
use crate::crowd::Window;
use crate::http::Connection;
use crate::server::free_address;
use crate::stats::Latencies;
use crate::webhook::{About, Kind, Writer};
use std::net::SocketAddr;

/// Appends `bytes` and syncs, one after the other. Blocking.
///
/// # Errors
/// The disk refused.
pub fn disk(folder: &Path, bytes: usize, time: Duration) -> Result<Latencies> {
    let path = folder.join("bare");
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let (record, mut latencies) = (vec![7; bytes], Latencies::default());
    let end = Instant::now() + time;
    while Instant::now() < end {
        let begun = Instant::now();
        file.write_all(&record)?;
        file.sync_data()?;
        latencies.add(begun.elapsed());
    }
    drop(file);
    fs::remove_file(path)?;
    Ok(latencies)
}

/// Appends records of `bytes` to a journal in this process; each of `writers` waits for one before it makes the next.
///
/// # Errors
/// The journal refused.
pub async fn journal(folder: &Path, bytes: usize, writers: usize, time: Duration) -> Result<Window> {
    let place = folder.join("journal-alone");
    let open = place.clone();
    let (journal, _) =
        tokio::task::spawn_blocking(move || Journal::open(&open, Options::default())).await??;
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..writers {
        let journal = journal.clone();
        tasks.spawn(async move {
            let mut latencies = Latencies::default();
            while begun.elapsed() < time {
                let asked = Instant::now();
                journal.append(1, vec![7; bytes], Class::Event)?.await?;
                latencies.add(asked.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut window = Window::default();
    while let Some(latencies) = tasks.join_next().await {
        window.voice.extend(&latencies??);
    }
    window.took = begun.elapsed();
    tokio::task::spawn_blocking(move || journal.close()).await?;
    fs::remove_dir_all(place)?;
    Ok(window)
}

/// A server that answers everything with nothing; killed when it is dropped.
pub struct Empty {
    address: SocketAddr,
    child: Child,
}

impl Empty {
    /// Starts it in a process of its own.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start() -> Result<Self> {
        let (address, child) = started("empty-server").await?;
        Ok(Self { address, child })
    }

    /// Its process; 0 if it has ended.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Asks it, with requests as a call makes them: as long, as signed.
    ///
    /// # Errors
    /// It did not answer.
    pub async fn ask(&self, connections: usize, time: Duration) -> Result<Window> {
        let begun = Instant::now();
        let mut tasks = JoinSet::new();
        for number in 0..connections {
            let mut connection = Connection::open(self.address).await?;
            let mut writer = Writer::new(self.address.to_string())?;
            tasks.spawn(async move {
                let (path, mut latencies) =
                    (format!("/voice?q=1&s={}", "x".repeat(150)), Latencies::default());
                let mut serial = number as u64;
                while begun.elapsed() < time {
                    let (call_sid, digits) = (Call::sid(serial), (serial % 90 + 10).to_string());
                    let about =
                        About { call_sid: &call_sid, caller: "+14155550123", digits: &digits, sequence: "0" };
                    let asked = Instant::now();
                    connection.exchange(writer.write(Kind::Answer, &path, about)).await?;
                    latencies.add(asked.elapsed());
                    serial += 1;
                }
                anyhow::Ok(latencies)
            });
        }
        let mut window = Window::default();
        while let Some(latencies) = tasks.join_next().await {
            window.voice.extend(&latencies??);
        }
        window.took = begun.elapsed();
        Ok(window)
    }
}

/// A relay of sockets that looks at nothing; killed when it is dropped.
pub struct Bare {
    address: SocketAddr,
    child: Child,
}

impl Bare {
    /// Starts it in a process of its own.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start() -> Result<Self> {
        let (address, child) = started("bare-relay").await?;
        Ok(Self { address, child })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process; 0 if it has ended.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }
}

/// This program as something else, in a process of its own that listens.
async fn started(command: &str) -> Result<(SocketAddr, Child)> {
    let address = free_address()?;
    let mut program = Command::new(std::env::current_exe()?);
    program.args([command, &address.to_string()]).stdin(Stdio::null()).kill_on_drop(true);
    let child = program.spawn().with_context(|| format!("can't start the {command}"))?;
    for _ in 0..1_000 {
        if Connection::open(address).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok((address, child))
}
