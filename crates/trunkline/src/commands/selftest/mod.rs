//! `trunkline selftest`: plays a carrier against a whole server in a temporary folder, without network: does this
//! program, on this machine, ask every question, keep every answer, and outlive a restart? Of the settings it asks one thing:
//! whether there is a bucket of recordings. That is looked at where it is.

mod bucket;
mod stage;

use serde_json::json;
use trunkline_core::call::{Call, Disposition, Outcome};
use trunkline_sim::Habit;

use self::stage::{QUESTIONS, Stage};
use super::settings;
use crate::cli::Selftest;
use crate::exit::{Exit, Failure};
use crate::settings::{Flags, Format, Log};
use crate::terminal::{Form, say, say_json};
use crate::wiring::log;

/// What came of one area: nothing to say, or what is wrong.
type Played = Result<(), String>;

/// Plays all areas.
pub(super) async fn run(args: Selftest) -> Result<Exit, Failure> {
    log::start(&Log { filter: args.log, format: Format::Text });
    let form = Form::of(args.json);
    let settings = settings(Flags { config: args.config, ..Flags::default() })?;
    let mut stage = Stage::set().await?;
    let mut report = Report { form, passed: 0, played: 0 };
    report.add("the server starts and answers", starts(&stage).await);
    report.add(
        "every question is asked once, the last included, and every answer is kept",
        questionnaire(&stage).await,
    );
    report.add("a person who says nothing is said goodbye to", silent(&stage).await);
    report.add("a busy line ends as busy", busy(&stage).await);
    report.add("a forged webhook is refused and changes nothing", forged(&stage).await);
    report.add("a number that can't be one is refused, and nobody is called", wrong_number(&stage).await);
    report.add(
        "a restart in the middle of a call loses nothing, and nobody is called twice",
        restart(&mut stage).await,
    );
    if let Some(address) = &settings.recordings.bucket {
        report.add(
            "the bucket takes an object, gives it back and lets go of it",
            bucket::serves(address).await,
        );
    }
    stage.strike().await;
    Ok(report.end())
}

async fn starts(stage: &Stage) -> Played {
    let health = stage.get("/health").await?;
    expect(health == 200, format_args!("/health answers {health}"))
}

async fn questionnaire(stage: &Stage) -> Played {
    let call = stage.call("+15550100001", Habit::says(["one", "two", "three"])).await?;
    complete(stage, &call)
}

async fn silent(stage: &Stage) -> Played {
    let call = stage.call("+15550100002", Habit::Silent).await?;
    expect(call.outcome() == Some(Outcome::Finished), "the goodbye was not reached")?;
    expect(call.answer_count() == 0, "silence became an answer")
}

async fn busy(stage: &Stage) -> Played {
    let call = stage.call("+15550100003", Habit::Busy).await?;
    expect(
        call.disposition() == Some(Disposition::Busy),
        format_args!("it ended as {:?}", call.disposition()),
    )
}

async fn forged(stage: &Stage) -> Played {
    let before = stage.journaled().await;
    let answer =
        stage.forge("/status", "CallSid=CA0123456789abcdef0123456789abcdef&CallStatus=completed").await?;
    expect(answer == 403, format_args!("it was answered with {answer}"))?;
    let after = stage.journaled().await;
    expect(before == after, "it was journaled")
}

async fn wrong_number(stage: &Stage) -> Played {
    let refused = stage.place("+1555").await.is_err();
    expect(refused, "it was taken on")?;
    expect(stage.times_called("+1555") == 0, "somebody was called")
}

async fn restart(stage: &mut Stage) -> Played {
    let number = "+15550100004";
    stage.person(number, Habit::says(["one", "two", "three"]));
    let placed = stage.place(number).await?;
    stage.until(&placed, |call| call.answer_count() == 1).await?;
    stage.restart().await?;
    let call = stage.until(&placed, Call::is_settled).await?;
    complete(stage, &call)
}

/// Every question asked once and answered, with its recording here, and the person called once.
fn complete(stage: &Stage, call: &Call) -> Played {
    expect(
        call.disposition() == Some(Disposition::Completed),
        format_args!("it ended as {:?}", call.disposition()),
    )?;
    expect(call.answer_count() == QUESTIONS, format_args!("{} of {QUESTIONS} answers", call.answer_count()))?;
    let asks: Vec<u8> = call.turns.values().map(|turn| turn.asks).collect();
    expect(asks.iter().all(|asks| *asks == 1), format_args!("the questions were asked {asks:?} times"))?;
    expect(stage.is_recorded(call), "a recording is missing")?;
    let times = stage.times_called(call.party.to.as_str());
    expect(times == 1, format_args!("the person was called {times} times"))
}

fn expect(holds: bool, otherwise: impl std::fmt::Display) -> Played {
    if holds { Ok(()) } else { Err(otherwise.to_string()) }
}

/// Counts and tells.
struct Report {
    form: Form,
    passed: usize,
    played: usize,
}

impl Report {
    fn add(&mut self, area: &str, played: Played) {
        self.played += 1;
        self.passed += usize::from(played.is_ok());
        match (self.form, &played) {
            (Form::Json, _) => {
                say_json(&json!({ "area": area, "passed": played.is_ok(), "why": played.err() }));
            }
            (Form::Text, Ok(())) => say(&format!("  ok      {area}")),
            (Form::Text, Err(why)) => say(&format!("  FAILED  {area}: {why}")),
        }
    }

    fn end(&self) -> Exit {
        let Self { passed, played, form } = self;
        match form {
            Form::Json => say_json(&json!({ "passed": passed, "of": played })),
            Form::Text => say(&format!("{passed}/{played} passed")),
        }
        if passed == played { Exit::Fine } else { Exit::Failed }
    }
}
