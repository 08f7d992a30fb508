//! The server that is measured: the release binary as a process of its own, on a folder of its own.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use crate::call;
use crate::http::Connection;
use crate::webhook::{ACCOUNT_SID, AUTH_TOKEN, OUR_NUMBER};

const API_KEY: &str = "tl_0123456789abcdef0123456789abcdef0123456789abcdef";
/// A server that isn't up by then never will be.
const START: Duration = Duration::from_secs(120);
/// A store that hasn't caught up by then never will.
const DRAIN: Duration = Duration::from_secs(900);

/// Where binaries and folders are.
#[derive(Clone, Debug)]
pub struct Site {
    /// The server's binary.
    pub binary: PathBuf,
    /// A folder on the disk that is measured; each server gets one in it.
    pub folder: PathBuf,
    /// Where the carrier's API is.
    pub carrier: SocketAddr,
    /// Settings of its own, without the `TRUNKLINE_` in front.
    pub settings: Vec<(&'static str, String)>,
}

/// A running server; killed when it is dropped.
pub struct Server {
    site: Site,
    folder: PathBuf,
    address: SocketAddr,
    /// The PostgreSQL that it projects to; else a file.
    database: Option<String>,
    child: Child,
}

/// How far the store is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct Lag {
    /// Events journaled and not yet in the store.
    #[serde(rename = "lag_events")]
    pub events: u64,
    /// How old the oldest of them is, where the server says so.
    #[serde(default, rename = "lag_ms")]
    pub millis: Option<u64>,
}

impl Server {
    /// Starts a server on a new folder and waits until it serves.
    ///
    /// # Errors
    /// It does not start; its log is in the error.
    pub async fn start(site: &Site, name: &str) -> Result<Self> {
        Self::begin(site, name, None).await
    }

    /// The same, with its history in a PostgreSQL.
    ///
    /// # Errors
    /// It does not start; its log is in the error.
    pub async fn start_on(site: &Site, name: &str, database: &str) -> Result<Self> {
        Self::begin(site, name, Some(database.to_owned())).await
    }

    async fn begin(site: &Site, name: &str, database: Option<String>) -> Result<Self> {
        let folder = site.folder.join(name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("questions.json"), call::questions().to_string())?;
        let address = free_address()?;
        let child = spawn(site, &folder, address, database.as_deref())?;
        let mut server = Self { site: site.clone(), folder, address, database, child };
        server.wait_for_health().await?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process; 0 if it has ended.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    /// Its data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The SQLite file it projects to.
    pub fn database(&self) -> PathBuf {
        self.data().join("trunkline.db")
    }

    /// How many bytes its journal's segments have.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn journal_bytes(&self) -> Result<u64> {
        let mut bytes = 0;
        for file in fs::read_dir(self.data().join("journal"))? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with("segment-") {
                bytes += file.metadata()?.len();
            }
        }
        Ok(bytes)
    }

    /// Kills it without a warning and starts it again on the same folder; how long it took from the start of the
    /// process until it served.
    ///
    /// # Errors
    /// It does not start again.
    pub async fn kill_and_restart(&mut self) -> Result<Duration> {
        self.child.kill().await.context("can't kill the server")?;
        let begun = Instant::now();
        self.child = spawn(&self.site, &self.folder, self.address, self.database.as_deref())?;
        self.wait_for_health().await?;
        Ok(begun.elapsed())
    }

    /// How many calls it brought back at its start.
    ///
    /// # Errors
    /// The server does not say.
    pub async fn recovered(&self) -> Result<u64> {
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.exchange(&get(self.address, "/health")).await?;
        let health: serde_json::Value = serde_json::from_slice(answer.body)?;
        health["recovered_calls"].as_u64().context("/health does not say how many calls were recovered")
    }

    /// Waits until its history can be read.
    ///
    /// # Errors
    /// It takes longer than a start may.
    pub async fn ready(&self) -> Result<()> {
        let begun = Instant::now();
        let mut connection = Connection::open(self.address).await?;
        loop {
            let answer = connection.exchange(&get(self.address, "/readyz")).await?;
            let ready: serde_json::Value = serde_json::from_slice(answer.body)?;
            if ready["parts"]["database"]["state"] == "ok" {
                return Ok(());
            }
            if begun.elapsed() > START {
                bail!("its history can't be read: {ready}; the server said: {}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How far the store is behind now.
    ///
    /// # Errors
    /// The server does not say.
    pub async fn lag(&self, connection: &mut Connection) -> Result<Lag> {
        let answer = connection.exchange(&get(self.address, "/readyz")).await?;
        serde_json::from_slice(answer.body)
            .with_context(|| format!("/readyz answered {}: {}", answer.status, answer.beginning()))
    }

    /// Waits until everything is in the store; how long that took.
    ///
    /// # Errors
    /// It takes a quarter of an hour.
    pub async fn drained(&self) -> Result<Duration> {
        let begun = Instant::now();
        let mut connection = Connection::open(self.address).await?;
        loop {
            let lag = self.lag(&mut connection).await?;
            if lag.events == 0 {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > DRAIN {
                bail!("{} events are still not in the store; the server said: {}", lag.events, self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn wait_for_health(&mut self) -> Result<()> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended ({status}); it said: {}", self.log());
            }
            if healthy(self.address).await {
                return Ok(());
            }
            if begun.elapsed() > START {
                bail!("the server does not serve; it said: {}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// The end of its log.
    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

async fn healthy(address: SocketAddr) -> bool {
    let Ok(mut connection) = Connection::open(address).await else { return false };
    connection.exchange(&get(address, "/health")).await.is_ok_and(|answer| answer.status == 200)
}

/// A request with a key.
pub fn get(address: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {API_KEY}\r\n\r\n").into_bytes()
}

/// A request that brings JSON, with a key.
pub fn post(address: SocketAddr, path: &str, body: &str) -> Vec<u8> {
    bringing("POST", address, path, body)
}

/// The same, for what has a name already.
pub fn put(address: SocketAddr, path: &str, body: &str) -> Vec<u8> {
    bringing("PUT", address, path, body)
}

fn bringing(method: &str, address: SocketAddr, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {API_KEY}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A port nobody listens on now.
///
/// # Errors
/// There is none.
pub fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no free port")?;
    Ok(listener.local_addr()?)
}

/// Nothing of our own environment reaches it, and every limit is out of the way: what is measured is the machine.
fn spawn(site: &Site, folder: &Path, address: SocketAddr, database: Option<&str>) -> Result<Child> {
    let log = File::options().create(true).append(true).open(folder.join("log"))?;
    let mut command = Command::new(&site.binary);
    command
        .arg("serve")
        .current_dir(folder)
        .env_clear()
        .env("DATA_DIR", folder.join("data"))
        .env("HOST", address.ip().to_string())
        .env("PORT", address.port().to_string())
        .env("PUBLIC_URL", format!("http://{address}"))
        .env("QUESTIONS", folder.join("questions.json"))
        .env("TWILIO_ACCOUNT_SID", ACCOUNT_SID)
        .env("TWILIO_AUTH_TOKEN", AUTH_TOKEN)
        .env("TWILIO_PHONE_NUMBER", OUR_NUMBER)
        .env("TWILIO_API_BASE", format!("http://{}", site.carrier))
        .env("TRUNKLINE_API_KEY", API_KEY)
        .env("TRUNKLINE_LOG", "warn")
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true);
    if let Some(database) = database {
        command.env("DATABASE_URL", database);
    }
    for limit in
        ["SYSTEM_CALLS", "CARRIER_CALLS", "TENANT_CALLS", "MAX_LIVE_CALLS", "KEY_REQUESTS_PER_SECOND"]
    {
        command.env(format!("TRUNKLINE_LIMITS_{limit}"), "1000000");
    }
    for (name, value) in &site.settings {
        command.env(format!("TRUNKLINE_{name}"), value);
    }
    command.spawn().with_context(|| format!("can't start {}", site.binary.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_read_with_and_without_its_time() {
        let read = |text: &str| serde_json::from_str::<Lag>(text).unwrap();
        let events = read(r#"{"status":"ok","lag_events":7,"parts":{}}"#);
        assert_eq!(events, Lag { events: 7, millis: None });
        assert_eq!(read(r#"{"lag_events":7,"lag_ms":40}"#).millis, Some(40));
    }
}
