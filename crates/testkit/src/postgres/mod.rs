//! A private PostgreSQL: a server of its own on a port of its own, and a fresh database for each test.
//!
//! The machine's PostgreSQL programs are used ([`Server::start`] says where they are looked for); the data is in a
//! temporary folder. PostgreSQL refuses to run as root, so root runs it as `postgres` or `nobody`. A watchdog waits for
//! the test's end, by whatever death, and takes server and folder away: a static server, shared by the tests of one
//! program, leaves nothing behind.
//!
//! What the world does to it: [`Server::kill`], [`Server::freeze`] and [`Server::thaw`], [`Server::stop`], and
//! [`Server::begin`] again on the same port.

mod programs;
pub mod tls;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use programs::Programs;

/// The password of every test database: whoever finds it in a log has found a leak.
pub const PASSWORD: &str = "pw-nobody-may-see";
const USER: &str = "trunkline";
const PATIENCE: Duration = Duration::from_secs(60);
const PROCESSES: &str = include_str!("processes.sh");
const WATCHDOG: &str = include_str!("watchdog.sh");

/// A running server, or one that was taken down and can begin again.
#[derive(Debug)]
pub struct Server {
    programs: Programs,
    folder: PathBuf,
    port: u16,
    postmaster: Mutex<Option<Child>>,
    watchdog: Child,
}

/// A database of its own on a server; dropped, it is gone.
#[derive(Debug)]
pub struct Database<'a> {
    server: &'a Server,
    name: String,
}

impl Server {
    /// Makes a server and begins it; when this returns it takes connections.
    ///
    /// The programs are those of the folder in `TRUNKLINE_TEST_POSTGRES`, else the newest of
    /// `/usr/lib/postgresql/*/bin`, else those in `PATH`.
    ///
    /// # Errors
    /// There are none, or they fail; the error says what to install.
    pub fn start() -> io::Result<Self> {
        let programs = Programs::find()?;
        let folder = programs.private_folder()?;
        fs::write(folder.join("processes.sh"), PROCESSES)?;
        let watchdog = Command::new("sh")
            .args(["-c", WATCHDOG, "watchdog"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let server = Self { programs, folder, port: free_port(), postmaster: Mutex::new(None), watchdog };
        server.init()?;
        server.begin()?;
        Ok(server)
    }

    /// The server that all tests of this program share. It is made at the first call.
    ///
    /// # Panics
    /// It can't be made: the tests that need it fail, and say why.
    #[expect(clippy::panic, reason = "a test without its database has failed")]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| {
            Self::start().unwrap_or_else(|error| panic!("no PostgreSQL to test with: {error}"))
        })
    }

    fn init(&self) -> io::Result<()> {
        let password = self.folder.join("password");
        fs::write(&password, PASSWORD)?;
        let mut initdb = self.programs.command("initdb");
        initdb.arg("--pgdata").arg(self.data()).arg("--pwfile").arg(&password);
        initdb.args(["--username", USER, "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-sync"]);
        // Not "C": what is sorted must be sorted by our own word.
        finished(initdb.args(["--locale", "C.UTF-8"]))?;
        fs::remove_file(password)
    }

    /// Begins the server, if it does not run, on the port that it had; when this returns it takes connections.
    ///
    /// # Errors
    /// It does not come up; the error holds what it wrote.
    pub fn begin(&self) -> io::Result<()> {
        let mut postmaster = self.postmaster();
        if postmaster.is_some() {
            return Ok(());
        }
        let log = fs::File::options().create(true).append(true).open(self.folder.join("log"))?;
        let mut command = self.programs.command("postgres");
        command.arg("-D").arg(self.data()).args(["-p", &self.port.to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"] {
            command.args(["-c", setting]);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
        let begun = Instant::now();
        loop {
            let child = postmaster.insert(command.spawn()?);
            let pid = child.id();
            let mut ended = false;
            while !ended && begun.elapsed() < PATIENCE {
                if self.is_ready(pid) {
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(20));
                ended = child.try_wait()?.is_some();
            }
            // A killed one's children may hold its shared memory for a moment longer; it is begun again when they are gone.
            let said = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let waits_for_children = said.lines().rev().take(2).any(|line| line.contains("is still in use"));
            if !(ended && waits_for_children && begun.elapsed() < PATIENCE) {
                return Err(io::Error::other(format!("PostgreSQL does not come up: {said}")));
            }
        }
    }

    /// Kills it and its children with no chance to finish anything. Its port is refused until it begins again.
    ///
    /// # Errors
    /// No signal can be sent.
    pub fn kill(&self) -> io::Result<()> {
        self.signal("KILL")?;
        if let Some(mut child) = self.postmaster().take() {
            child.wait()?;
        }
        Ok(())
    }

    /// Stops it in order: connections are cut, what was committed is written.
    ///
    /// # Errors
    /// No signal can be sent.
    pub fn stop(&self) -> io::Result<()> {
        if let Some(mut child) = self.postmaster().take() {
            finished(Command::new("kill").args(["-INT", &child.id().to_string()]))?;
            child.wait()?;
        }
        Ok(())
    }

    /// Takes connections by TLS as well from now on, with the certificate of [`tls`]. It must be down.
    ///
    /// # Errors
    /// Its files can't be written.
    pub fn learns_tls(&self) -> io::Result<()> {
        let data = self.data();
        let (user, group) = fs::metadata(&data).map(|folder| (folder.uid(), folder.gid()))?;
        for (name, text) in [("server.crt", tls::CERTIFICATE), ("server.key", tls::KEY)] {
            let file = data.join(name);
            fs::write(&file, text)?;
            // A key that others may read is refused.
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
            give(&file, user, group)?;
        }
        let mut settings = fs::File::options().append(true).open(data.join("postgresql.conf"))?;
        settings.write_all(b"ssl = on\n")
    }

    /// Keeps a copy of its files, as a backup has them. It must be down.
    ///
    /// # Errors
    /// They can't be copied.
    pub fn keep_a_copy(&self) -> io::Result<()> {
        copy(&self.data(), &self.folder.join("copy"))
    }

    /// Takes its files away and puts the copy there. It must be down.
    ///
    /// # Errors
    /// There is no copy, or it can't be copied.
    pub fn go_back_to_the_copy(&self) -> io::Result<()> {
        fs::remove_dir_all(self.data())?;
        copy(&self.folder.join("copy"), &self.data())
    }

    /// Stops all its processes where they are: connections are taken by the kernel and never answered.
    ///
    /// # Errors
    /// No signal can be sent.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal("STOP")
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// No signal can be sent.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        match self.postmaster().as_ref().map(Child::id) {
            Some(pid) => finished(Command::new("sh").args(["-c", PROCESSES, "sh", signal, &pid.to_string()])),
            None => Ok(()),
        }
    }

    /// The port it listens on, also while it is down.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// How the database that every server has is reached, for a test that has the server for itself.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.port, "postgres")
    }

    /// A database that nobody else uses.
    ///
    /// # Errors
    /// The server is down.
    pub fn database(&self) -> io::Result<Database<'_>> {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(Database { server: self, name })
    }

    /// Runs SQL in a database with the server's own client, and returns what it prints: a row a line.
    ///
    /// # Errors
    /// The server is down or refuses it.
    pub fn sql(&self, database: &str, sql: &str) -> io::Result<String> {
        let mut psql = self.programs.command("psql");
        psql.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", USER, "-d", database, "-c", sql]);
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-v", "ON_ERROR_STOP=1"]);
        output(psql.env("PGPASSWORD", PASSWORD))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The server writes who it is and how it is into a file; a killed one leaves its own there.
    fn is_ready(&self, pid: u32) -> bool {
        let state = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = state.lines();
        lines.next() == Some(&*pid.to_string()) && lines.nth(6).is_some_and(|line| line.trim() == "ready")
    }

    fn postmaster(&self) -> MutexGuard<'_, Option<Child>> {
        self.postmaster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill();
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

impl Database<'_> {
    /// How it is reached, password included.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.server.port)
    }

    /// How it is reached through another port of this machine.
    #[must_use]
    pub fn url_at(&self, port: u16) -> String {
        url(port, &self.name)
    }

    /// The server it is on.
    #[must_use]
    pub const fn server(&self) -> &Server {
        self.server
    }

    /// Runs SQL in it, and returns what it prints: a row a line, columns parted by `|`.
    ///
    /// # Errors
    /// The server is down or refuses it.
    pub fn sql(&self, sql: &str) -> io::Result<String> {
        self.server.sql(&self.name, sql)
    }
}

impl Drop for Database<'_> {
    fn drop(&mut self) {
        // The server may be down, and goes anyway.
        let _ = self.server.sql("postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://{USER}:{PASSWORD}@127.0.0.1:{port}/{database}")
}

/// A port below those that the system gives to outgoing connections: it must be free again after a restart.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(7) % 3_000;
    loop {
        let port = 11_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 4_000;
        if let Ok(port) = u16::try_from(port)
            && std::net::TcpListener::bind(("127.0.0.1", port)).is_ok()
        {
            return port;
        }
    }
}

/// Runs a program to its end; what it wrote is the error if it fails.
fn finished(command: &mut Command) -> io::Result<()> {
    output(command).map(drop)
}

fn output(command: &mut Command) -> io::Result<String> {
    let ran = command.stdin(Stdio::null()).output()?;
    if ran.status.success() {
        return Ok(String::from_utf8_lossy(&ran.stdout).into_owned());
    }
    let name =
        Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    Err(io::Error::other(format!("{name} failed ({}): {said}", ran.status)))
}

/// Copies a folder with owners and rights.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    finished(Command::new("cp").arg("-a").arg(from).arg(to))
}

/// Whose file it is.
fn owner(path: &Path) -> io::Result<u32> {
    fs::metadata(path).map(|file| file.uid())
}

/// Gives a file or a folder to a user.
fn give(path: &Path, user: u32, group: u32) -> io::Result<()> {
    chown(path, Some(user), Some(group))
}

#[cfg(test)]
mod tests;
