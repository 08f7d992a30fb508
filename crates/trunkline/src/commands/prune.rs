//! `trunkline prune`: calls that ended long ago go, with everything that is theirs. Also beside a running server, unless
//! the journal is the store.

use serde_json::json;
use trunkline_engine::Clock;
use trunkline_engine::operating::{How, PruneError, Removed, Wanted, prune, prune_journal};

use super::offline::{folder, of_held, open_store};
use super::settings;
use crate::cli::Prune;
use crate::exit::{Exit, Failure, chain};
use crate::terminal::{Form, Progress, say, say_json};
use crate::wiring::journal_options;

/// Prunes, or counts what it would.
pub(super) async fn run(args: Prune) -> Result<Exit, Failure> {
    let settings = settings(args.offline.settings)?;
    let folder = folder(&settings)?;
    let how = if args.dry_run { How::Counted } else { How::Done };
    let wanted = Wanted { before: Clock::real().now() - args.older_than, statuses: args.status };
    let database = &settings.store.database;
    let removed = match how {
        // There the journal must forget as well, and a running server writes it.
        How::Done if database.is_index() => {
            let mut progress = Progress::new("calls and records", None);
            let (options, now) = (journal_options(&settings), Clock::real().now());
            let tick = &mut |done| progress.at(done);
            Box::pin(prune_journal(&folder, options, database, &wanted, now, tick)).await
        }
        How::Done | How::Counted => {
            let store = open_store(&settings).await?;
            let mut progress = Progress::new("calls", None);
            let removed = prune(&folder, &store, &wanted, how, &mut |done| progress.at(done)).await;
            store.close().await;
            removed
        }
    };
    let removed = removed.map_err(|error| failed(&error))?;
    match Form::of(args.offline.json) {
        Form::Json => say_json(&json!({
            "before": wanted.before, "statuses": wanted.statuses, "dry_run": args.dry_run, "removed": removed,
        })),
        Form::Text => tell(&wanted, how, &removed),
    }
    Ok(Exit::Fine)
}

fn tell(wanted: &Wanted, how: How, removed: &Removed) {
    let before = wanted.before.strftime("%Y-%m-%d %H:%M:%S UTC");
    say(&match how {
        How::Done => format!("Removed, of calls that ended before {before}:"),
        How::Counted => format!("Nothing was removed. Of calls that ended before {before} these would go:"),
    });
    let rows = [
        ("calls", removed.calls),
        ("events", removed.events),
        ("turns", removed.turns),
        ("legs", removed.legs),
        ("recordings", removed.recordings),
        ("campaigns", removed.campaigns),
        ("jobs", removed.jobs),
        ("attempts", removed.attempts),
        ("appointments", removed.appointments),
    ];
    for (table, n) in rows {
        say(&format!("{n:>10} {table}"));
    }
    say(&format!("{:>10} MiB of recordings", removed.recording_bytes >> 20));
    if removed.journal_bytes > 0 {
        say(&format!("{:>10} MiB of the journal", removed.journal_bytes >> 20));
    }
}

fn failed(error: &PruneError) -> Failure {
    if let PruneError::Held(error) = error {
        return of_held(error);
    }
    let text = format!("{}; what was removed stays so, and a second run goes on", chain(error));
    Failure::new(Exit::Failed, text)
}
