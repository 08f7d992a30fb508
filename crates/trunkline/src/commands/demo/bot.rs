//! `trunkline demo --bot`: a clinic's bot calls people about their appointments, and what both sides say is told while they talk.
//!
//! The model behind it is a stand-in that says what is written here; the server, the calls, the sound, the calendar and the
//! campaign are what they always are. In a folder of its own, which goes in the end.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::time::Instant;
use trunkline_core::appointment::{AppointmentStatus, When};
use trunkline_core::call::{Call, Entry, EntryKind, EntryNo, Outcome, WordsState};
use trunkline_core::campaign::{CallerIds, Campaign, Machine, Move};
use trunkline_core::id::{AppointmentId, CallId, CampaignId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::Private;
use trunkline_core::window::{CallingWindow, Days, Hours};
use trunkline_engine::{
    AppointmentError, CampaignError, Clock, Desk, Engine, NewAppointment, NewPractitioner, Pace, Query,
};
use trunkline_sim::{Habit, Model, ModelOptions, ModelTurn, Pattern};

use super::campaign::{patiently, retries};
use super::{HISTORY_WITHIN, LOOK, SURVEY, Signals, serve_until_told};
use crate::cli::Demo;
use crate::exit::{Exit, Failure};
use crate::settings::{Flags, Settings, Sources};
use crate::terminal::{Form, say, say_json};
use crate::wiring::{Plan, Population, Server, log, panics};

/// A conversation is followed by whoever reads it.
const SPEED: f64 = 4.0;
const WITH: &str = "Dr Levi";

/// Somebody with an appointment.
struct Client {
    name: &'static str,
    number: &'static str,
    habit: Habit,
    /// What the bot says and does when it talks to them, after its opening.
    turns: Vec<ModelTurn>,
    /// What comes of the call, and of the appointment.
    ends: (Outcome, AppointmentStatus),
}

/// Somebody whose appointment it is.
struct Booked {
    client: Client,
    appointment: AppointmentId,
}

pub(super) async fn run(args: Demo) -> Result<Exit, Failure> {
    let made = tempfile::Builder::new().prefix("trunkline-demo-").tempdir();
    let folder = made.map_err(|error| Failure::while_doing("cannot make a temporary folder", &error))?;
    let (now, speed) = (Clock::real().now(), args.speed.unwrap_or(SPEED));
    let cast = cast(now);
    let model = model(&cast, speed).await?;
    let settings = settings(&args, folder.path(), &model.url())?;
    log::start(&settings.log);
    panics::start();
    let people = cast.iter().map(|client| (Pattern::from(client.number), client.habit.clone())).collect();
    let population = Population { seed: args.seed.unwrap_or(1), people };
    let mut signals = Signals::new()?;
    let pace = Some(Pace { epoch: now, speed });
    let server = Server::start(Plan { settings, pace, population }).await?;
    let form = Form::of(args.json);
    if form == Form::Text {
        say(&format!("A clinic's bot calls {} people. Watch at {}", cast.len(), server.url()));
    }
    let played = tokio::select! {
        played = play(server.engine(), cast, now, form) => Some(played?),
        _ = signals.next() => None,
    };
    let Some(is_as_told) = played else {
        server.stop().await;
        return Err(Failure::new(Exit::Failed, "stopped"));
    };
    if args.keep {
        return serve_until_told(server, signals).await;
    }
    server.stop().await;
    Ok(if is_as_told { Exit::Fine } else { Exit::Failed })
}

/// Makes the appointments, calls everybody, and tells what is said; whether everything came out as it should.
async fn play(engine: &Engine, cast: Vec<Client>, now: Timestamp, form: Form) -> Result<bool, Failure> {
    let desk = engine.desk();
    let mut booked = Vec::new();
    let failed = |error: AppointmentError| Failure::while_doing("cannot make appointments", &error);
    with_calendar(async || desk.add_practitioner(practitioner()?).await).await.map_err(failed)?;
    for (n, client) in cast.into_iter().enumerate() {
        let asked = NewAppointment {
            customer: Private::new(client.name.to_owned()),
            phone: Private::new(client.number.to_owned()),
            practitioner: WITH.to_owned(),
            start: When::Moment(at(now, n)),
            zone: None,
            minutes: None,
            status: AppointmentStatus::Scheduled,
            notes: None,
        };
        let made =
            with_calendar(async || desk.make_appointment(asked.clone()).await).await.map_err(failed)?;
        booked.push(Booked { client, appointment: made.id });
    }
    let campaign = begin(engine, &desk, &booked).await?;
    let mut told = BTreeSet::new();
    loop {
        for call in calls(&desk).await? {
            tell(&call, &booked, &mut told, form);
        }
        let standing = patiently(async || desk.campaign(campaign).await).await;
        let progress =
            standing.map_err(|error| Failure::while_doing("cannot look at the campaign", &error))?.progress;
        if progress.total() > 0 && progress.waiting + progress.in_progress == 0 {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    sum_up(&desk, &booked, &mut told, form).await
}

/// Waits until the last word of a call is in the calendar, and tells what came of everybody.
async fn sum_up(
    desk: &Desk,
    booked: &[Booked],
    told: &mut BTreeSet<(CallId, EntryNo)>,
    form: Form,
) -> Result<bool, Failure> {
    let begun = Instant::now();
    loop {
        let calls = calls(desk).await?;
        calls.iter().for_each(|call| tell(call, booked, told, form));
        let mut ends = Vec::new();
        for one in booked {
            let found = calls.iter().find(|call| call.party.to.as_str() == one.client.number);
            let status = with_calendar(async || desk.appointment(one.appointment).await).await;
            let status =
                status.map_err(|error| Failure::while_doing("cannot read appointments", &error))?.status;
            ends.push((one, found.and_then(|call| call.outcome()), status));
        }
        let is_as_told = ends.iter().all(|(one, outcome, status)| {
            (*outcome, *status) == (Some(one.client.ends.0), one.client.ends.1)
        });
        if !is_as_told && begun.elapsed() < HISTORY_WITHIN {
            tokio::time::sleep(LOOK).await;
            continue;
        }
        for (one, outcome, status) in &ends {
            let outcome = outcome.map_or("none", Outcome::as_str);
            match form {
                Form::Json => say_json(&json!({
                    "name": one.client.name, "number": one.client.number, "outcome": outcome, "appointment": status.as_str(),
                })),
                Form::Text => {
                    say(&format!("{}: {outcome}, the appointment is {}", one.client.name, status.as_str()));
                }
            }
        }
        return Ok(is_as_told);
    }
}

async fn begin(engine: &Engine, desk: &Desk, booked: &[Booked]) -> Result<CampaignId, Failure> {
    let failed = |error: CampaignError| Failure::while_doing("cannot begin the campaign", &error);
    let from = engine.config().from.as_ref().and_then(|from| PhoneNumber::from_e164(from.as_str()).ok());
    let from = from.ok_or_else(|| Failure::new(Exit::Failed, "the demo has no number to call from"))?;
    let names = (super::folder::SURVEY_NAME.parse(), "clinic".parse());
    let (Ok(script), Ok(bot)) = names else {
        return Err(Failure::new(Exit::Failed, "the demo's names are none"));
    };
    let policy = Campaign {
        bot: Some(bot),
        window: CallingWindow {
            hours: vec![Hours { days: Days::default(), from: Time::midnight(), to: Time::midnight() }],
            ..CallingWindow::default()
        },
        retry: retries(booked.len()),
        machine: Machine::usual_for_bots(),
        ..Campaign::standard("reminders".to_owned(), script, CallerIds::one(from))
    };
    let made = patiently(async || desk.add_campaign(policy.clone()).await).await.map_err(failed)?;
    let people = || {
        booked.iter().map(|one| trunkline_engine::Person {
            to: Private::new(one.client.number.to_owned()),
            name: Some(Private::new(one.client.name.to_owned())),
            zone: Some("UTC".to_owned()),
            ..trunkline_engine::Person::default()
        })
    };
    let id = made.campaign.id;
    patiently(async || desk.enqueue(id, people().collect()).await).await.map_err(failed)?;
    patiently(async || desk.move_campaign(id, Move::Start).await).await.map_err(failed)?;
    Ok(id)
}

async fn calls(desk: &Desk) -> Result<Vec<Arc<Call>>, Failure> {
    let query = Query { limit: Some(100), ..Query::default() };
    let listing = desk.calls(&query).await;
    Ok(listing.map_err(|error| Failure::while_doing("cannot list calls", &error))?.calls)
}

/// Asks again while the database is not there yet.
async fn with_calendar<T>(ask: impl AsyncFn() -> Result<T, AppointmentError>) -> Result<T, AppointmentError> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Err(AppointmentError::Away(_)) if begun.elapsed() < HISTORY_WITHIN => {
                tokio::time::sleep(LOOK).await;
            }
            done => return done,
        }
    }
}

/// Tells each line of a call once it is complete.
fn tell(call: &Call, booked: &[Booked], told: &mut BTreeSet<(CallId, EntryNo)>, form: Form) {
    let known = booked.iter().find(|one| one.client.number == call.party.to.as_str());
    let (Some(one), Some(talk)) = (known, &call.bot) else { return };
    for (no, entry) in &talk.entries {
        let Some((who, text)) = line(entry) else { continue };
        if !told.insert((call.id, *no)) {
            continue;
        }
        match form {
            Form::Json => {
                say_json(&json!({ "call": call.id, "name": one.client.name, "who": who, "text": text }));
            }
            Form::Text => say(&format!("{:<16} {who:<7} {text}", one.client.name)),
        }
    }
}

fn line(entry: &Entry) -> Option<(&'static str, String)> {
    match &entry.what {
        EntryKind::Bot(spoken) if spoken.state > WordsState::Going => {
            Some(("bot", spoken.text.reveal().clone()))
        }
        EntryKind::Caller(spoken) if spoken.state > WordsState::Going => {
            Some(("caller", spoken.text.reveal().clone()))
        }
        EntryKind::Keys { digits } => Some(("keys", digits.reveal().clone())),
        EntryKind::Tool(tool) if tool.output.is_some() => {
            Some(("tool", format!("{} {}", tool.name, tool.arguments.reveal())))
        }
        EntryKind::Bot(_) | EntryKind::Caller(_) | EntryKind::Tool(_) => None,
    }
}

async fn model(cast: &[Client], speed: f64) -> Result<Model, Failure> {
    let failed = |error: std::io::Error| Failure::while_doing("cannot start the stand-in of a model", &error);
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let to = cast.iter().map(|client| (client.name.to_owned(), client.turns.clone())).collect();
    Model::start(listener, ModelOptions { to, speed, ..ModelOptions::default() }).map_err(failed)
}

/// Loopback, simulator, the stand-in, and the clinic's bot: whatever the environment says.
fn settings(args: &Demo, folder: &Path, model: &str) -> Result<Settings, Failure> {
    let (bots, survey) = (folder.join("bots"), folder.join("survey.json"));
    let bot = json!({
        "title": "Appointments of the clinic",
        "language": "en-US",
        "instructions": "You call for the clinic of Dr Levi about an appointment of {{name}}.",
        "disclosure": "Hello, I am the clinic's automated assistant.",
        "greeting": "Will {{name}} come to the appointment?",
        "tools": ["confirm", "reschedule", "cancel"],
    });
    std::fs::create_dir(&bots)
        .and_then(|()| std::fs::write(bots.join("clinic.json"), bot.to_string()))
        .and_then(|()| std::fs::write(&survey, SURVEY))
        .map_err(|error| Failure::while_doing("cannot write the demo's files", &error))?;
    let bots = bots.to_string_lossy().into_owned();
    let environment = [
        ("TRUNKLINE_REALTIME_URL", model),
        ("TRUNKLINE_LIMITS_UNCLEAR_AFTER_SECS", "60"),
        ("BOTS", bots.as_str()),
    ];
    let flags = Flags {
        host: Some("127.0.0.1".to_owned()),
        port: Some(args.port.to_string()),
        data_dir: Some(folder.join("data").to_string_lossy().into_owned()),
        questions: Some(survey.to_string_lossy().into_owned()),
        carrier: Some("simulator".to_owned()),
        log: Some(args.log.clone()),
        ..Flags::default()
    };
    let environment =
        environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Settings::load(&Sources { flags, environment, ..Sources::default() })?)
}

fn practitioner() -> Result<NewPractitioner, AppointmentError> {
    let hours = json!({ "zone": "UTC", "hours": [{ "from": "00:00", "to": "00:00" }] });
    let hours = serde_json::from_value(hours)
        .map_err(|error| AppointmentError::Invalid { field: "hours", why: error.to_string() })?;
    Ok(NewPractitioner { name: WITH.to_owned(), hours, slot_minutes: 30 })
}

/// The hour of the n-th appointment, two days from now and later.
fn at(now: Timestamp, n: usize) -> Timestamp {
    let hours = 48 + i64::try_from(n).unwrap_or(0);
    let later = now.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(now);
    Timestamp::from_second(later.as_second() / 3_600 * 3_600).unwrap_or(later)
}

fn cast(now: Timestamp) -> Vec<Client> {
    const OPENING: &str =
        "Hello, I am the clinic's automated assistant. Will you come to your appointment with Dr Levi?";
    let free = at(now, 30).strftime("%Y-%m-%dT%H:%M").to_string();
    let does = |tool: &str, arguments: serde_json::Value, last: &str| {
        vec![
            ModelTurn::says(OPENING),
            ModelTurn::asks(tool, &arguments),
            ModelTurn::says(last).and_asks("end_call", &json!({ "reason": "done" })),
        ]
    };
    let confirms = || does("confirm", json!({}), "Thank you. It is confirmed. Goodbye.");
    let client = |name, number, habit, turns, ends| Client { name, number, habit, turns, ends };
    vec![
        client(
            "Ann Lee",
            "+15550100101",
            Habit::says(["Yes, I will come."]),
            confirms(),
            (Outcome::Confirmed, AppointmentStatus::Confirmed),
        ),
        client(
            "Ben Ashworth",
            "+15550100102",
            Habit::says(["No, I need a later time."]),
            does("reschedule", json!({ "start": free }), "It is moved to the later time. Goodbye."),
            (Outcome::Rescheduled, AppointmentStatus::Rescheduled),
        ),
        client(
            "Marta Silva",
            "+15550100103",
            Habit::says(["Please cancel it."]),
            does("cancel", json!({}), "It is cancelled. Goodbye."),
            (Outcome::Cancelled, AppointmentStatus::Cancelled),
        ),
        client(
            "Ruth Goldberg",
            "+15550100104",
            Habit::Interrupts { said: vec!["Yes, yes, I know.".to_owned()], after_ms: 1_500 },
            confirms(),
            (Outcome::Confirmed, AppointmentStatus::Confirmed),
        ),
        client(
            "Sam Carter",
            "+15550100105",
            Habit::Voicemail,
            confirms(),
            (Outcome::Voicemail, AppointmentStatus::Scheduled),
        ),
        client(
            "Omar Haddad",
            "+15550100106",
            Habit::NoAnswer,
            confirms(),
            (Outcome::NoAnswer, AppointmentStatus::Scheduled),
        ),
        client(
            "Lena Fischer",
            "+15550100107",
            Habit::HangsUpInMidQuestion { question: 1 },
            confirms(),
            (Outcome::Interrupted, AppointmentStatus::Scheduled),
        ),
    ]
}
