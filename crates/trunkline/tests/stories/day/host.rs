//! Where the server runs, and how it is taken away: in this process without a word, or by signal in its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use trunkline::wiring::{NotStarted, Plan, Population, Server, log};
use trunkline_engine::Clock;

use super::{Day, PATIENCE, left};

/// Where the server of a day runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this process.
    Here,
    /// In a process of its own.
    Apart,
}

/// The server of a day. Dropped, it is gone without a word: nothing is finished, nothing is closed.
pub enum Host {
    /// There is none.
    Down,
    /// In this process.
    Here(Here),
    /// In a process of its own.
    Apart(Apart),
}

/// A server in a runtime of its own, which can be taken away with everything in it.
pub struct Here(Option<(Runtime, Server)>);

/// The real program.
pub struct Apart {
    child: Child,
    folder: PathBuf,
}

impl Day {
    /// Starts the server; when this returns it serves.
    pub fn start(&mut self) -> &mut Self {
        assert!(matches!(self.host, Host::Down), "it is running");
        // A server that was taken away in this process may let go of its port and its journal a little later.
        let port = self.port;
        self.until("its port is free", |_| {
            std::net::TcpListener::bind(("127.0.0.1", port)).is_ok().then_some(())
        });
        self.host = match self.opening.place {
            Place::Here => Host::Here(self.until("its journal is free", |day| match day.start_here() {
                Err(error) if format!("{error:?}").contains("Locked(") => None,
                started => Some(started.unwrap()),
            })),
            Place::Apart => Host::Apart(self.spawn()),
        };
        self.until("the server serves", |day| day.serves().then_some(()));
        self
    }

    fn serves(&self) -> bool {
        self.try_get("/health").is_some_and(|answer| answer.status == 200)
    }

    fn start_here(&self) -> Result<Here, NotStarted> {
        let settings = self.opening.settings(self.folder.path(), self.port);
        if std::env::var_os("STORY_LOG").is_some() {
            log::start(&settings.log);
        } else if let Some(file) = left::log() {
            log::start_into(&settings.log, file);
        }
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let plan = Plan { settings, pace: Some(self.opening.pace()), population: Population::default() };
        let server = runtime.block_on(async { Box::pin(Server::start(plan)).await })?;
        Ok(Here(Some((runtime, server))))
    }

    /// Takes the server away without a word, as a power cut would.
    pub fn power_fails(&mut self) -> &mut Self {
        assert!(!matches!(self.host, Host::Down), "it is not running");
        self.host = Host::Down;
        self
    }

    /// Stops a server of this process in order, as a restart would.
    pub fn stops(&mut self) -> &mut Self {
        let Host::Here(mut here) = std::mem::replace(&mut self.host, Host::Down) else {
            panic!("it is not running here")
        };
        if let Some((runtime, server)) = here.0.take() {
            runtime.block_on(server.stop());
        }
        self
    }

    /// Runs something where the world of this day runs.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.world.block_on(work)
    }

    /// Takes the server away and starts it again on the same folder.
    pub fn restarts(&mut self) -> &mut Self {
        self.power_fails().start()
    }

    /// For a server that is down and was [`long_ago`](super::Opening::long_ago) it is today: its next start shows it.
    pub fn four_months_pass(&mut self) -> &mut Self {
        self.opening.epoch = Clock::real().now();
        self
    }

    /// The clock of everybody in this day.
    pub fn clock(&self) -> Clock {
        Clock::paced(self.opening.pace())
    }

    /// Stops the process where it is, as a machine does that is suspended: it notices nothing.
    pub fn freezes(&self) -> &Self {
        self.signal("-STOP")
    }

    /// Lets it go on.
    pub fn thaws(&self) -> &Self {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> &Self {
        let Host::Apart(apart) = &self.host else { panic!("only a process can be told by signal") };
        let told = Command::new("kill").args([signal, &apart.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        self
    }

    /// Asks the server to stop, and waits until it has.
    pub fn is_told_to_stop(&mut self) -> ExitStatus {
        let Host::Apart(mut apart) = std::mem::replace(&mut self.host, Host::Down) else {
            panic!("only a process can be told by signal")
        };
        let told = Command::new("kill").args(["-TERM", &apart.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        apart.ended()
    }

    /// Tells the server to stop and starts the next one at once, as who deploys a new version does. How long nobody answered:
    /// from the word to stop until the next one serves.
    pub fn is_relieved(&mut self) -> Duration {
        let begun = Instant::now();
        let Host::Apart(mut leaving) = std::mem::replace(&mut self.host, Host::Down) else {
            panic!("only a process can be told by signal")
        };
        let told = Command::new("kill").args(["-TERM", &leaving.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        self.host = Host::Apart(self.spawn());
        assert_eq!(leaving.ended().code(), Some(0), "{}", leaving.folder.display());
        self.until("the next one serves", |day| day.serves().then_some(()));
        begun.elapsed()
    }

    /// Runs a second server on the same folder, and waits until it gives up.
    pub fn second_server(&self) -> (ExitStatus, String) {
        let port = free_port();
        let mut command = self.command(port);
        let output = command.output().unwrap();
        (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Everything the program has written, on both channels.
    pub fn written(&self) -> (String, String) {
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        (read("stdout"), read("stderr"))
    }

    fn spawn(&self) -> Apart {
        let open =
            |name| File::options().create(true).append(true).open(self.folder.path().join(name)).unwrap();
        let child = self.command(self.port).stdout(open("stdout")).stderr(open("stderr")).spawn().unwrap();
        Apart { child, folder: self.folder.path().to_owned() }
    }

    fn command(&self, port: u16) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
        command.arg("serve").current_dir(self.folder.path()).env_clear().envs(&self.opening.environment);
        for (flag, value) in self.opening.flags(self.folder.path(), port) {
            command.args([flag, &value]);
        }
        let pace = self.opening.pace();
        command.args(["--speed", &pace.speed.to_string(), "--epoch", &pace.epoch.to_string()]);
        command.stdin(Stdio::null());
        command
    }
}

impl Host {
    /// The end of what it wrote.
    pub fn diary(&self) -> String {
        match self {
            Self::Down => "no server".to_owned(),
            Self::Here(Here(server)) => format!("{:?}", server.as_ref().map(|(_, server)| server.url())),
            Self::Apart(apart) => tail(&apart.folder.join("stderr")),
        }
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        if let Some((runtime, server)) = self.0.take() {
            drop(server);
            runtime.shutdown_timeout(Duration::from_secs(10));
        }
    }
}

impl Apart {
    /// Waits until the program ends by itself.
    fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the program does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        left::written(&self.folder);
    }
}

fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

/// A port below those that the system gives to outgoing connections: it must be free again after a restart.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 15_000 + u16::try_from(std::process::id() % 150).unwrap() * 100;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
