//! `trunkline demo`: a small survey that anybody can watch, and kill.
//!
//! A server, a simulated carrier and people who never existed, in one process, on loopback, in a folder of its own. They
//! are called by a campaign, as everybody is, so that a demo that is killed and started on the same folder goes on: nobody
//! is called twice, and no answer is lost.
//!
//! - `folder`: where it keeps everything · `people`: who is called · `campaign`: how
//! - `survey`: from the first call to the last · `watch`: what happens in a call · `show`: how that looks
//! - `judge`: was everything right · `summary`: the end · `bot`: the other demo, in which a bot calls

mod bot;
mod campaign;
mod folder;
mod judge;
mod people;
mod show;
mod summary;
mod survey;
mod watch;

use std::time::Duration;

use trunkline_core::script::Script;
use trunkline_engine::Engine;
use trunkline_sim::Dialect;

use self::folder::Folder;
use self::judge::{Line, Rules, judge};
use self::show::Show;
use self::summary::Summary;
use self::survey::Survey;
use super::serve::{Signals, serve_until_told};
use crate::cli::Demo;
use crate::exit::{Exit, Failure};
use crate::settings::{Flags, Settings, Sources};
use crate::terminal::Form;
use crate::wiring::{Plan, Population, Server, log, panics};

const SURVEY: &str = include_str!("survey.json");
/// A crowd is called by many lines at once.
const CROWD: [(&str, &str); 5] = [
    ("TRUNKLINE_LIMITS_SYSTEM_CALLS", "40"),
    ("TRUNKLINE_LIMITS_CARRIER_CALLS", "40"),
    ("TRUNKLINE_LIMITS_TENANT_CALLS", "40"),
    ("TRUNKLINE_LIMITS_TENANT_OUTBOUND_CALLS", "30"),
    ("TRUNKLINE_LIMITS_CPS", "2"),
];
/// How often the calls are looked at.
const LOOK: Duration = Duration::from_millis(40);
/// A database on this machine is there sooner.
const HISTORY_WITHIN: Duration = Duration::from_secs(30);

/// Plays the demo.
pub(super) async fn run(args: Demo) -> Result<Exit, Failure> {
    if args.bot {
        return Box::pin(bot::run(args)).await;
    }
    let folder = Folder::open(&args)?;
    let settings = settings(&args, &folder)?;
    log::start(&settings.log);
    panics::start();
    let people = people::people(folder.course.people);
    let population = Population { seed: folder.course.seed, people: people::habits(&people) };
    let mut signals = Signals::new()?;
    let server = Server::start(Plan { settings, pace: Some(folder.course.pace()), population }).await?;
    let show = Show::new(Form::of(args.json), folder.course.epoch, &people);

    let script = script(&folder)?;

    let survey = Survey { engine: server.engine(), show: &show, people: &people, script: &script };
    let url = server.url().to_owned();
    let played = tokio::select! {
        played = survey.play(&folder, &url) => Some(played?),
        _ = signals.next() => None,
    };
    let Some(calls) = played else {
        server.stop().await;
        return Err(Failure::new(Exit::Failed, stopped(&folder)));
    };
    let policy = campaign::retries(people.len());
    let rules = Rules { policy: &policy, script: &script };
    let summary = Summary {
        verdict: judge(&calls, &rules, |person| Line::of(server.simulator(), person)),
        calls,
        opted_out: opted_out(server.engine()),
        questions: u16::try_from(script.questions.len()).unwrap_or(u16::MAX),
    };
    summary.tell(Form::of(args.json));
    if args.keep {
        show.goes_on(&url);
        return serve_until_told(server, signals).await;
    }
    show.end(&folder);
    server.stop().await;
    Ok(if summary.verdict.is_clean() { Exit::Fine } else { Exit::Failed })
}

/// The questions, as the server reads them.
fn script(folder: &Folder) -> Result<Script, Failure> {
    let read = std::fs::read(folder.survey());
    let text = read.map_err(|error| Failure::while_doing("cannot read the demo's questions", &error))?;
    let name =
        folder::SURVEY_NAME.parse().map_err(|error| Failure::while_doing("the demo's questions", &error))?;
    Script::parse(&text, name)
        .map_err(|error| Failure::new(Exit::Usage, format_args!("the questions: {error}")))
}

/// Loopback, simulator, the folder, and patience: whatever the environment says.
fn settings(args: &Demo, folder: &Folder) -> Result<Settings, Failure> {
    let mut environment = vec![
        ("TRUNKLINE_API_KEY", folder.course.key.as_str()),
        // Time runs on while a killed demo is not running.
        ("TRUNKLINE_LIMITS_QUEUE_EXPIRY_SECS", "604800"),
        // A slow machine is no silent carrier.
        ("TRUNKLINE_LIMITS_UNCLEAR_AFTER_SECS", "60"),
    ];
    if usize::from(folder.course.people) > people::CAST {
        environment.extend(CROWD);
    }
    let carrier = match folder.course.speaks {
        Dialect::Twilio => "simulator",
        Dialect::Telnyx => "simulator-telnyx",
        Dialect::TelnyxCallControl => "simulator-telnyx-call-control",
    };
    let flags = Flags {
        host: Some("127.0.0.1".to_owned()),
        port: Some(args.port.to_string()),
        data_dir: Some(folder.path().to_string_lossy().into_owned()),
        questions: Some(folder.survey().to_string_lossy().into_owned()),
        carrier: Some(carrier.to_owned()),
        log: Some(args.log.clone()),
        ..Flags::default()
    };
    let environment =
        environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Settings::load(&Sources { flags, environment, ..Sources::default() })?)
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
