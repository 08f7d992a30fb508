//! `trunkline demo`: a small survey that anybody can watch, and kill.
//!
//! A server, a simulated carrier and people who never existed, in one process, on loopback, in a folder of its own. Each
//! person's call is placed with an Idempotency-Key and found again by the number, so that a demo that is killed and
//! started on the same folder goes on: nobody is called twice, and no answer is lost.

mod folder;
mod people;
mod show;
mod summary;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use trunkline_core::call::{Call, Idempotency};
use trunkline_core::private::Private;
use trunkline_engine::{Engine, History, Order, Query};

use self::folder::Folder;
use self::people::Person;
use self::show::Show;
use self::summary::Summary;
use self::watch::Seen;
use super::serve::{Signals, serve_until_told};
use crate::cli::Demo;
use crate::exit::{Exit, Failure};
use crate::settings::{Flags, Settings, Sources};
use crate::terminal::Form;
use crate::wiring::{Plan, Population, Server, log, panics};

const SURVEY: &str = include_str!("survey.json");
const QUESTIONS: u16 = 4;
/// How often the calls are looked at.
const LOOK: Duration = Duration::from_millis(40);
/// A database on this machine is there sooner.
const HISTORY_WITHIN: Duration = Duration::from_secs(30);

/// Plays the demo.
pub(super) async fn run(args: Demo) -> Result<Exit, Failure> {
    let folder = Folder::open(&args)?;
    let settings = settings(&args, &folder)?;
    log::start(&settings.log);
    panics::start();
    let people = people::people(folder.course.people);
    let population = Population { seed: folder.course.seed, people: people::habits(&people) };
    let mut signals = Signals::new()?;
    let server = Server::start(Plan { settings, pace: Some(folder.course.pace()), population }).await?;
    let show = Show::new(Form::of(args.json), folder.course.epoch, &people);

    let survey = Survey { engine: server.engine(), show: &show, people: &people };
    let url = server.url().to_owned();
    let played = tokio::select! {
        played = survey.play(&folder, &url) => Some(played?),
        _ = signals.next() => None,
    };
    let Some(calls) = played else {
        server.stop().await;
        return Err(Failure::new(Exit::Failed, stopped(&folder)));
    };
    let summary = Summary {
        calls,
        called_twice: called_twice(&server),
        opted_out: opted_out(server.engine()),
        questions: QUESTIONS,
    };
    summary.tell(Form::of(args.json));
    if args.keep {
        show.goes_on(&url);
        return serve_until_told(server, signals).await;
    }
    show.end(&folder);
    server.stop().await;
    Ok(if summary.called_twice.is_empty() { Exit::Fine } else { Exit::Failed })
}

/// Loopback, simulator, the folder, and patience: whatever the environment says.
fn settings(args: &Demo, folder: &Folder) -> Result<Settings, Failure> {
    let environment = [
        ("TRUNKLINE_API_KEY", folder.course.key.as_str()),
        // Time runs on while a killed demo is not running.
        ("TRUNKLINE_LIMITS_QUEUE_EXPIRY_SECS", "604800"),
        // A slow machine is no silent carrier.
        ("TRUNKLINE_LIMITS_UNCLEAR_AFTER_SECS", "60"),
    ];
    let flags = Flags {
        host: Some("127.0.0.1".to_owned()),
        port: Some(args.port.to_string()),
        data_dir: Some(folder.path().to_string_lossy().into_owned()),
        questions: Some(folder.survey().to_string_lossy().into_owned()),
        carrier: Some("simulator".to_owned()),
        log: Some(args.log.clone()),
        ..Flags::default()
    };
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Ok(Settings::load(&Sources { flags, environment, ..Sources::default() })?)
}

/// A survey under way.
struct Survey<'a> {
    engine: &'a Engine,
    show: &'a Show,
    people: &'a [Person],
}

impl Survey<'_> {
    /// Calls everybody who has not been called, and watches until every call is over and every recording is kept.
    async fn play(&self, folder: &Folder, url: &str) -> Result<Vec<(Person, Arc<Call>)>, Failure> {
        let known = self.known_calls().await?;
        self.show.begin(folder, url, known.len());
        let (mut calls, mut seen) = (Vec::new(), Vec::new());
        for (index, person) in self.people.iter().enumerate() {
            let mut look = Seen::default();
            let call = match known.get(&person.number) {
                Some(call) => {
                    // An earlier life has told it.
                    look.look(call);
                    call.clone()
                }
                None => self.place(index, person).await?,
            };
            calls.push(call);
            seen.push(look);
        }
        self.watch(&calls, seen).await;
        let mut ended = Vec::new();
        for (person, call) in self.people.iter().zip(calls) {
            let now = self.engine.desk().call(&call.id.to_string()).await.ok().flatten();
            ended.push((person.clone(), now.unwrap_or(call)));
        }
        Ok(ended)
    }

    /// The calls that an earlier life of this demo has made, by number.
    async fn known_calls(&self) -> Result<BTreeMap<String, Arc<Call>>, Failure> {
        let mut known = BTreeMap::new();
        let mut query = Query { limit: Some(500), ..Query::default() };
        loop {
            let listing = tokio::time::timeout(HISTORY_WITHIN, self.page(&query)).await;
            let listing =
                listing.map_err(|_| Failure::new(Exit::Failed, "the demo's own history can't be read"))??;
            known.extend(listing.calls.into_iter().map(|call| (call.party.to.as_str().to_owned(), call)));
            query.cursor = listing.next;
            if query.cursor.is_none() {
                return Ok(known);
            }
        }
    }

    /// A page of calls, once history is there.
    async fn page(&self, query: &Query) -> Result<trunkline_engine::Listing, Failure> {
        loop {
            let listing = self.engine.desk().calls(query).await;
            let listing = listing.map_err(|error| Failure::while_doing("cannot list calls", &error))?;
            if listing.history == History::Available {
                return Ok(listing);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn place(&self, index: usize, person: &Person) -> Result<Arc<Call>, Failure> {
        let key = format!("demo-{index}");
        let order = Order {
            to: Private::new(person.number.clone()),
            name: Some(Private::new(person.name.clone())),
            idempotency: Some(Idempotency { body: key.clone(), key }),
            ..Order::default()
        };
        let placed = self.engine.desk().place(order).await;
        Ok(placed.map_err(|error| Failure::while_doing("cannot place a call", &error))?.call)
    }

    /// Tells what happens until nothing is owed any more.
    async fn watch(&self, calls: &[Arc<Call>], mut seen: Vec<Seen>) {
        loop {
            for ((person, call), seen) in self.people.iter().zip(calls).zip(&mut seen) {
                if seen.settled {
                    continue;
                }
                let Ok(Some(call)) = self.engine.desk().call(&call.id.to_string()).await else { continue };
                for happening in seen.look(&call) {
                    self.show.happening(self.engine.now(), person, &call, &happening);
                }
            }
            if seen.iter().all(|seen| seen.settled) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// The judge is the carrier, which remembers every call it ever made.
fn called_twice(server: &Server) -> Vec<String> {
    let dialed = server.simulator().map(trunkline_sim::Sim::dialed).unwrap_or_default();
    dialed.into_iter().filter(|(_, times)| *times > 1).map(|(number, _)| number).collect()
}

fn opted_out(engine: &Engine) -> Vec<String> {
    engine.desk().suppressions().into_iter().map(|(number, ..)| number.reveal().clone()).collect()
}

fn stopped(folder: &Folder) -> String {
    if folder.is_temporary() {
        "stopped; with --folder DIR it could go on later".to_owned()
    } else {
        format!("stopped; it goes on with: trunkline demo --folder {}", folder.path().display())
    }
}
