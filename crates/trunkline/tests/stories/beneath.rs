//! The database beneath a server, the trouble it gets into, and what those who look are told of it.

use serde_json::Value;
use trunkline_testkit::postgres::{PASSWORD, Server};
use trunkline_testkit::proxy::{Proxy, Weather};

use crate::day::{Day, Lock, Opening};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing: the control.
    None,
    /// Another process holds the SQLite file.
    Locked,
    /// Somebody deletes the SQLite file.
    Deleted,
    /// The server is killed and its port refused.
    Killed,
    /// The server takes connections and never answers.
    Frozen,
    /// The network swallows everything.
    Swallowed,
}

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The file that is there by itself.
    Sqlite,
    /// A server of its own, behind a proxy.
    Postgres,
    /// None: the journal, and an index over it.
    None,
}

/// A database and the trouble it gets into.
pub struct Beneath {
    trouble: Trouble,
    kind: Kind,
    server: Option<Server>,
    proxy: Option<Proxy>,
    lock: Option<Lock>,
}

impl Beneath {
    /// The database that gets into such trouble.
    pub fn new(trouble: Trouble) -> Self {
        let is_server = matches!(trouble, Trouble::Killed | Trouble::Frozen | Trouble::Swallowed);
        Self::of_kind(if is_server { Kind::Postgres } else { Kind::Sqlite }, trouble)
    }

    /// A database of this kind, and its trouble.
    pub fn of_kind(kind: Kind, trouble: Trouble) -> Self {
        let server = (kind == Kind::Postgres).then(|| Server::start().unwrap());
        let proxy = server.as_ref().map(|server| Proxy::before(server.port()).unwrap());
        Self { trouble, kind, server, proxy, lock: None }
    }

    /// The server of the day reaches it through the proxy; the story looks at it by the same way.
    pub fn of(&self, opening: Opening) -> Opening {
        match (self.kind, &self.server, &self.proxy) {
            (Kind::Postgres, Some(server), Some(proxy)) => {
                let url = server.url().replace(&server.port().to_string(), &proxy.port().to_string());
                opening.set("DATABASE_URL", &url)
            }
            (Kind::None, ..) => opening.set("DATABASE_URL", "none"),
            _ => opening,
        }
    }

    /// The PostgreSQL.
    pub fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    /// What stands before the PostgreSQL.
    pub fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().unwrap()
    }

    pub fn goes_away(&mut self, day: &Day) {
        match self.trouble {
            Trouble::None => {}
            Trouble::Locked => self.lock = Some(day.database().goes_down()),
            Trouble::Deleted => day.database().is_deleted(),
            Trouble::Killed => self.server().kill().unwrap(),
            Trouble::Frozen => self.server().freeze().unwrap(),
            Trouble::Swallowed => self.proxy().is(Weather::BlackHole).unwrap(),
        }
    }

    pub fn comes_back(&mut self, day: &Day) {
        match self.trouble {
            // A deleted file is made anew without anybody's help.
            Trouble::None | Trouble::Deleted => {}
            Trouble::Locked => self.lock.take().unwrap().ends(day),
            Trouble::Killed => self.server().begin().unwrap(),
            Trouble::Frozen => self.server().thaw().unwrap(),
            Trouble::Swallowed => self.proxy().is(Weather::Fair).unwrap(),
        }
    }
}

fn database(day: &Day) -> Value {
    day.get("/readyz").json()["parts"]["database"].clone()
}

/// Waits until those who look are told that it is away, and why.
pub fn is_told(day: &Day) {
    day.until("the banner", |day| {
        let part = database(day);
        (part["state"] == "degraded").then(|| {
            assert!(part["reason"].as_str().is_some_and(|why| !why.is_empty()), "{part}");
            assert!(part["since"].is_string(), "{part}");
            assert!(!part.to_string().contains(PASSWORD), "{part}");
        })
    });
}

/// Waits until nothing is missing any more, and nobody is told anything.
pub fn is_well(day: &Day) {
    day.until("the banner is gone", |day| (database(day)["state"] == "ok").then_some(()));
    day.until("nothing is missing", |day| (day.get("/readyz").json()["lag_events"] == 0).then_some(()));
    assert_eq!(day.get("/readyz").json()["status"], "ok");
}
