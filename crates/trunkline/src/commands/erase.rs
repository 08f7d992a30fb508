//! `trunkline erase`: a person, forgotten. The number, or the user's name, is on the command line and in no output.

use serde_json::json;
use trunkline_core::id::AppUserId;
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::Address;
use trunkline_core::tenancy::tenant_id;
use trunkline_engine::Clock;
use trunkline_engine::operating::{EraseError, Erasure, HeldError, How, Whom, erase};
use trunkline_journal::OpenError;
use trunkline_store::Target;

use super::offline::{folder, of_held, open_store};
use super::settings;
use crate::cli::Erase;
use crate::exit::{Exit, Failure, chain};
use crate::settings::Settings;
use crate::terminal::{Form, Progress, say, say_json};
use crate::wiring::journal_options;

/// Erases, or counts what would be erased.
pub(super) async fn run(args: Erase) -> Result<Exit, Failure> {
    let Erase { number, user, tenant, dry_run, offline } = args;
    let settings = settings(offline.settings)?;
    let whom = whom(&settings, number.as_deref(), user.as_deref(), &tenant)?;
    let folder = folder(&settings)?;
    let how = if dry_run { How::Counted } else { How::Done };
    let store = open_store(&settings).await?;
    let options = journal_options(&settings);
    let mut progress = Progress::new("calls", None);
    let (now, tick) = (Clock::real().now(), &mut |done| progress.at(done));
    let erased = Box::pin(erase(&folder, options, &store, &whom, how, now, tick)).await;
    drop(progress);
    store.close().await;
    let erased = erased.map_err(|error| failed(&error))?;
    match Form::of(offline.json) {
        Form::Json => say_json(&json!({ "dry_run": dry_run, "erased": erased })),
        Form::Text => tell(&erased, how, &settings),
    }
    Ok(Exit::Fine)
}

/// Whoever has a number, or a user of a tenant's app.
fn whom(
    settings: &Settings,
    number: Option<&str>,
    user: Option<&str>,
    tenant: &str,
) -> Result<Whom, Failure> {
    let wrong =
        |what: &str, why: &dyn std::fmt::Display| Failure::new(Exit::Usage, format_args!("{what}: {why}"));
    match (user, number) {
        (Some(user), _) => {
            let tenant = tenant_id(tenant).map_err(|bad| wrong("the tenant", &bad))?;
            let user = AppUserId::parse(user)
                .ok_or_else(|| wrong("the user", &"give 1 to 128 characters, without space around it"))?;
            Ok(Whom::User(tenant, user))
        }
        (None, Some(number)) => numbers(settings, number).map(Whom::Numbers),
        (None, None) => Err(wrong("whom", &"give a number, or --user")),
    }
}

/// The number as we write it, and as it was given: carriers have spellings of their own for callers.
fn numbers(settings: &Settings, given: &str) -> Result<Vec<Address>, Failure> {
    let country = settings.limits.default_country.as_deref().and_then(|code| code.parse().ok());
    match PhoneNumber::parse(given, country) {
        Ok(parsed) => {
            let mut numbers = vec![Address::new(parsed.number.as_str())];
            if parsed.number.as_str() != given {
                numbers.push(Address::new(given));
            }
            Ok(numbers)
        }
        // An address such as client:ann or ann@example.com calls us as well.
        Err(_) if given.contains([':', '@']) => Ok(vec![Address::new(given)]),
        Err(bad) => Err(Failure::new(Exit::Usage, format_args!("the number: {bad}"))),
    }
}

fn tell(erased: &Erasure, how: How, settings: &Settings) {
    say(match how {
        How::Done => "Forgotten:",
        How::Counted => "Nothing was changed. This would be forgotten:",
    });
    let rows = [
        (erased.calls, "calls: who it was, name, numbers, metadata"),
        (erased.handed, "calls of others that were handed to them, or that they made to users: who they are"),
        (erased.rosters, "conversations and lists of blocked users"),
        (erased.events, "events: what of them is personal"),
        (erased.turns, "questions: what was answered and said"),
        (erased.recordings, "recordings"),
        (erased.appointments, "appointments: who comes, number, notes; those that are ahead are cancelled"),
        (erased.keys, "keys, which opened the rest in the journal"),
    ];
    for (n, what) in rows {
        say(&format!("{n:>8} {what}"));
    }
    if erased.waiting > 0 {
        say(&format!(
            "{} records of the journal are not in the database yet: start the server until they are. There may be more \
             of theirs in them.",
            erased.waiting
        ));
    }
    if erased.suppressions > 0 {
        say("The number stays among those that are never called, or it would be called again.");
    }
    if let Target::Postgres(_) = settings.store.database {
        say(
            "PostgreSQL keeps old rows in its files until it vacuums, and in its log: see its documentation.",
        );
    }
    say("Backups and exports made before, and the carrier's own records, are beyond this command.");
}

fn failed(error: &EraseError) -> Failure {
    match error {
        EraseError::Held(HeldError::Journal(OpenError::Locked(folder))) => Failure::new(
            Exit::Failed,
            format_args!(
                "a server runs on {}; stop it first: it holds what is to be forgotten",
                folder.display()
            ),
        ),
        EraseError::Held(error) => of_held(error),
        error => Failure::new(Exit::Failed, chain(error)),
    }
}
