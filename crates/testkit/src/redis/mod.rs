//! A private Redis: a server of its own on a port of its own, which keeps nothing on the disk.
//!
//! The machine's `redis-server` is used ([`Server::start`] says where it is looked for). It runs under a small shell
//! that waits for the test's end, by whatever death, and takes it away.
//!
//! What the world does to it: [`Server::kill`], [`Server::freeze`] and [`Server::thaw`], [`Server::stop`], and
//! [`Server::begin`] again on the same port; [`Server::flush`], and [`Server::set`] for whoever writes what he must not.

mod wire;

use std::env;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::postgres::free_port;

pub use wire::Reply;

/// The password of every test server that has one: whoever finds it in a log has found a leak.
pub const PASSWORD: &str = "redis-pw-nobody-may-see";
const PATIENCE: Duration = Duration::from_secs(30);
const RUN: &str = include_str!("run.sh");

/// A server that runs, or that was taken down and can begin again. What was in it is then gone.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    shell: Child,
    server: u32,
}

impl Server {
    /// Makes a server and begins it; when this returns it answers.
    ///
    /// The program is the one that `TRUNKLINE_TEST_REDIS` names, else `redis-server` or `valkey-server` of `PATH`.
    ///
    /// # Errors
    /// There is none, or it fails; the error says what to install.
    pub fn start() -> io::Result<Self> {
        let server = Self::not_started()?;
        server.begin()?;
        Ok(server)
    }

    /// A server that does not run yet: its port is refused.
    ///
    /// # Errors
    /// The program is not there.
    pub fn not_started() -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("trunkline-redis-{}-{number}", std::process::id()));
        Ok(Self { program: program()?, folder, port: free_port(), running: Mutex::default() })
    }

    /// Begins the server, empty, on the port that it had; when this returns it answers.
    ///
    /// # Errors
    /// It does not come up; the error holds what it wrote.
    pub fn begin(&self) -> io::Result<()> {
        let mut running = self.running();
        if running.is_some() {
            return Ok(());
        }
        let mut shell = Command::new("sh")
            .args(["-c", RUN, "redis"])
            .arg(&self.folder)
            .arg(&self.program)
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--requirepass", PASSWORD])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = shell.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let server = line.trim().parse().map_err(|_| io::Error::other("the shell names no process"))?;
        let begun = Instant::now();
        while self.ask(&[b"PING"]).is_err() {
            let is_gone = !Path::new(&format!("/proc/{server}")).exists();
            if is_gone || begun.elapsed() > PATIENCE {
                let said = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                end(Running { shell, server })?;
                return Err(io::Error::other(format!("Redis does not come up: {said}")));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        *running = Some(Running { shell, server });
        Ok(())
    }

    /// Kills it. Its port is refused until it begins again, empty.
    ///
    /// # Errors
    /// Its shell does not end.
    pub fn kill(&self) -> io::Result<()> {
        match self.running().take() {
            Some(running) => end(running),
            None => Ok(()),
        }
    }

    /// Stops it in order.
    ///
    /// # Errors
    /// Its shell does not end.
    pub fn stop(&self) -> io::Result<()> {
        // It hangs up instead of answering.
        let _ = self.ask(&[b"SHUTDOWN", b"NOSAVE"]);
        self.kill()
    }

    /// Stops its process where it is: connections are taken by the kernel and never answered.
    ///
    /// # Errors
    /// No signal can be sent.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal("-STOP")
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// No signal can be sent.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        let running = self.running();
        let Some(Running { server, .. }) = &*running else { return Ok(()) };
        match Command::new("kill").args([signal, &server.to_string()]).status()?.success() {
            true => Ok(()),
            false => Err(io::Error::other("it takes no signal")),
        }
    }

    /// Empties it.
    ///
    /// # Errors
    /// It does not answer.
    pub fn flush(&self) -> io::Result<()> {
        self.ask(&[b"FLUSHALL"]).map(drop)
    }

    /// The names in it that fit a pattern such as `*:call:*`, in order.
    ///
    /// # Errors
    /// It does not answer.
    pub fn names(&self, pattern: &str) -> io::Result<Vec<String>> {
        let Reply::Many(names) = self.ask(&[b"KEYS", pattern.as_bytes()])? else { return Ok(Vec::new()) };
        let text = |reply| match reply {
            Reply::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            _ => None,
        };
        let mut names: Vec<String> = names.into_iter().filter_map(text).collect();
        names.sort();
        Ok(names)
    }

    /// What is under a name.
    ///
    /// # Errors
    /// It does not answer.
    pub fn get(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match self.ask(&[b"GET", name.as_bytes()])? {
            Reply::Bytes(bytes) => Ok(Some(bytes)),
            _ => Ok(None),
        }
    }

    /// Puts something under a name, whatever was there.
    ///
    /// # Errors
    /// It does not answer.
    pub fn set(&self, name: &str, value: &[u8]) -> io::Result<()> {
        self.ask(&[b"SET", name.as_bytes(), value]).map(drop)
    }

    /// Asks anything, on a connection of its own.
    ///
    /// # Errors
    /// It does not answer, or refuses.
    pub fn ask(&self, words: &[&[u8]]) -> io::Result<Reply> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut stream = BufReader::new(stream);
        wire::ask(&mut stream, &[b"AUTH", PASSWORD.as_bytes()])?;
        wire::ask(&mut stream, words)
    }

    /// The port it listens on, also while it is down.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// How it is reached, password included.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{}/0", self.port)
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// The shell's input ends, and with it the server.
fn end(mut running: Running) -> io::Result<()> {
    drop(running.shell.stdin.take());
    running.shell.wait().map(drop)
}

fn program() -> io::Result<PathBuf> {
    if let Some(named) = env::var_os("TRUNKLINE_TEST_REDIS") {
        return Ok(named.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut programs = env::split_paths(&path)
        .flat_map(|folder| ["redis-server", "valkey-server"].map(|name| folder.join(name)));
    programs.find(|program| program.exists()).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            "there is no Redis to test with: on Debian, apt-get install redis-server; elsewhere name the program in \
             TRUNKLINE_TEST_REDIS",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_server_refuses_and_comes_back_empty_on_its_port() {
        let server = Server::start().unwrap();
        server.set("a", b"1\r\n\0").unwrap();
        assert_eq!(server.get("a").unwrap().as_deref(), Some(&b"1\r\n\0"[..]));
        server.kill().unwrap();
        assert!(server.get("a").is_err());
        server.begin().unwrap();
        assert_eq!(server.get("a").unwrap(), None);
        server.set("a", b"2").unwrap();
        server.flush().unwrap();
        assert_eq!(server.names("*").unwrap(), [""; 0]);
        server.stop().unwrap();
        assert!(server.get("a").is_err());
    }

    #[test]
    fn a_frozen_server_takes_connections_and_answers_when_it_goes_on() {
        let server = Server::start().unwrap();
        server.freeze().unwrap();
        let (asked, answered) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| asked.send(server.names("*")).unwrap());
            assert!(answered.recv_timeout(Duration::from_millis(300)).is_err(), "a frozen server answered");
            server.thaw().unwrap();
            assert!(answered.recv_timeout(PATIENCE).unwrap().unwrap().is_empty());
        });
    }

    #[test]
    fn nothing_is_left_of_a_server_when_its_test_dies() {
        let server = Server::start().unwrap();
        let mut running = server.running().take().unwrap();
        let process = PathBuf::from(format!("/proc/{}", running.server));
        assert!(process.exists() && server.folder.exists());
        // What the system does when a process dies: its end of the pipe is closed.
        drop(running.shell.stdin.take());
        running.shell.wait().unwrap();
        assert!(!process.exists() && !server.folder.exists());
    }
}
