//! A private TURN server: the machine's coturn, with the configuration that a test gives it, on ports of its own.
//!
//! It listens on the machine's loopback and hands out relay addresses there. It runs under a small shell that waits for the
//! test's end, by whatever death, and takes it away. [`Server::asks`] is coturn's own client, for whoever wants to know what the
//! server says to somebody.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, Ipv6Addr, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::postgres::free_port;

const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);
const RUN: &str = include_str!("run.sh");
const CONFIGURATION: &str = "turnserver.conf";

/// A server that runs; gone when it is dropped.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    folder: PathBuf,
    port: u16,
    shell: Child,
}

/// Who asks a TURN server for what.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The name, as the credentials have it.
    pub username: &'a str,
    /// What goes with it.
    pub password: &'a str,
    /// Who is to be reached through it.
    pub peer: Peer<'a>,
}

/// Who is to be reached through a TURN server.
#[derive(Clone, Copy, Debug)]
pub enum Peer<'a> {
    /// Another of its own users, who is sent something and sends something back: where that is allowed.
    Another,
    /// Whoever is at an address, by IPv4 or IPv6.
    At(&'a str),
}

impl Server {
    /// Starts a server with this configuration; when this returns it answers. `more` are further options of its command line,
    /// beside those that keep it to this test: where it listens, and where its files are.
    ///
    /// The program is the one that `TRUNKLINE_TEST_TURN` names, else `turnserver` of `PATH`.
    ///
    /// # Errors
    /// There is none, or it does not come up: then the error holds what it wrote.
    pub fn start(configuration: &str, more: &[&str]) -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("trunkline-turn-{}-{number}", std::process::id()));
        let (program, port, tls) = (program()?, free_port(), free_port());
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(CONFIGURATION), configuration)?;
        let mut shell = Command::new("sh")
            .args(["-c", RUN, "turn"])
            .arg(&folder)
            .arg(&program)
            .args(["-c", CONFIGURATION, "--listening-ip", "127.0.0.1", "--relay-ip", "127.0.0.1"])
            .args(["--listening-port", &port.to_string(), "--tls-listening-port", &tls.to_string()])
            .args(["--pidfile", "pid", "--db", "users", "--log-file", "stdout"])
            .args(has_ipv6().then_some(["--relay-ip", "::1"]).into_iter().flatten())
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = shell.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let server = Self { program, folder, port, shell };
        let process = format!("/proc/{}", line.trim());
        let begun = Instant::now();
        while !answers(port)? {
            if !Path::new(&process).exists() || begun.elapsed() > PATIENCE {
                return Err(io::Error::other(format!("coturn does not come up: {}", server.log())));
            }
        }
        Ok(server)
    }

    /// The port it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What it has written.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Has coturn's own client ask for something, and gives what it wrote. It may say of nothing that it went well: what counts is
    /// which answers stand in it.
    ///
    /// # Errors
    /// There is no such client.
    pub fn asks(&self, wish: Wish<'_>) -> io::Result<String> {
        let client = self.program.with_file_name("turnutils_uclient");
        let mut command = Command::new(client);
        command.args(["-v", "-c", "-n", "2", "-p", &self.port.to_string()]);
        command.args(["-u", wish.username, "-w", wish.password]);
        match wish.peer {
            Peer::Another => command.args(["-y", "-m", "2"]),
            Peer::At(address) => command.args(["-s", "-m", "1", "-e", address, "-r", "9"]),
        };
        if let Peer::At(address) = wish.peer
            && address.contains(':')
        {
            command.arg("-x");
        }
        let output = command.arg(Ipv4Addr::LOCALHOST.to_string()).stdin(Stdio::null()).output()?;
        Ok([output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The shell's input ends, and with it the server.
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}

/// Whether this machine has IPv6, if only on its loopback.
#[must_use]
pub fn has_ipv6() -> bool {
    UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// Whether somebody answers a binding request (RFC 8489) there.
fn answers(port: u16) -> io::Result<bool> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(LOOK))?;
    socket.connect((Ipv4Addr::LOCALHOST, port))?;
    let mut request = [7_u8; 20];
    request[..8].copy_from_slice(&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]);
    let mut answer = [0; 512];
    let heard = socket.send(&request).and_then(|_| socket.recv(&mut answer));
    if heard.is_err() {
        // Who is refused hears so at once.
        std::thread::sleep(LOOK);
    }
    Ok(heard.is_ok_and(|length| length >= 20 && answer[..2] == [1, 1] && answer[8..20] == request[8..]))
}

fn program() -> io::Result<PathBuf> {
    if let Some(named) = env::var_os("TRUNKLINE_TEST_TURN") {
        return Ok(named.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut programs = env::split_paths(&path).map(|folder| folder.join("turnserver"));
    programs.find(|program| program.exists()).ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            "there is no TURN server to test with: on Debian, apt-get install coturn; elsewhere name coturn's turnserver in \
             TRUNKLINE_TEST_TURN",
        )
    })
}
