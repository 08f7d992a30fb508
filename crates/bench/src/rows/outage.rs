//! Row 7: voice webhooks at 200/s while the store's file is fine, locked by somebody else, or deleted, in turns; and
//! that afterwards nothing is missing.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::audit::Audit;
use crate::crowd::{Crowd, Pace};
use crate::database;
use crate::plan::Plan;
use crate::report::{Line, millis, seconds};
use crate::server::{Server, Site};
use crate::stats::{Percentiles, Spread};

const PER_SECOND: f64 = 200.0;
const CONNECTIONS: usize = 16;
const CALLS: usize = 400;

/// How the store's file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Database {
    Fine,
    Locked,
    Deleted,
}

const ALL: [Database; 3] = [Database::Fine, Database::Locked, Database::Deleted];

/// What came of one turn.
struct Turn {
    database: Database,
    latency: Percentiles,
    /// From the end of the turn until everything was in the store.
    caught_up: Duration,
}

/// Measures.
///
/// # Errors
/// A webhook was not answered, or the store did not catch up.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let server = Server::start(site, "outage").await?;
    let mut crowd = Crowd::new(server.address());
    crowd.gather(CALLS).await?;
    server.drained().await?;
    let mut turns = Vec::new();
    for number in 1..=plan.outages {
        for database in ALL {
            crate::progress(&format!("outage {number} of {}: {database:?}", plan.outages));
            turns.push(turn(&server, &mut crowd, database, plan.outage).await?);
        }
    }
    let audit = Audit::of(&server.database(), &crowd.acknowledged()).await?;
    let mut lines: Vec<Line> = ALL.into_iter().map(|database| line(database, &turns)).collect();
    lines.push(
        Line::new(7, "… and afterwards")
            .figure(audit.line())
            .value("missing", Spread::once(audit.missing as f64))
            .value("surplus", Spread::once(audit.surplus as f64))
            .at_most((audit.missing + audit.surplus) as f64, 0.0, ""),
    );
    Ok(lines)
}

async fn turn(server: &Server, crowd: &mut Crowd, database: Database, time: Duration) -> Result<Turn> {
    let lock = match database {
        Database::Fine => None,
        Database::Locked => Some(database::Database::File(server.database()).lock().await?),
        Database::Deleted => {
            delete(&server.database())?;
            None
        }
    };
    let pace = Pace::Open { per_second: PER_SECOND };
    let latency = crowd.talk(CONNECTIONS, pace, time).await?.voice.percentiles();
    if let Some(lock) = lock {
        lock.release().await?;
    }
    Ok(Turn { database, latency, caught_up: server.drained().await? })
}

fn delete(database: &Path) -> Result<()> {
    fs::remove_file(database).context("can't delete the store's file")?;
    for part in ["-wal", "-shm"] {
        let mut path = database.as_os_str().to_owned();
        path.push(part);
        // They are there only while the file is open.
        let _ = fs::remove_file(path);
    }
    Ok(())
}

fn line(database: Database, turns: &[Turn]) -> Line {
    let own = || turns.iter().filter(|turn| turn.database == database);
    let p50 = Spread::of(own().map(|turn| turn.latency.p50));
    let p99 = Spread::of(own().map(|turn| turn.latency.p99));
    let caught_up = Spread::of(own().map(|turn| turn.caught_up.as_secs_f64()));
    let what = match database {
        Database::Fine => "200/s, database fine",
        Database::Locked => "200/s, database locked",
        Database::Deleted => "200/s, database deleted",
    };
    Line::new(7, what)
        .figure(format!("p50 {} · p99 {}", millis(p50), millis(p99)))
        .beside(format!("all in the store {} after", seconds(caught_up)))
        .value("p50_ms", p50)
        .value("p99_ms", p99)
        .value("caught_up_seconds", caught_up)
        .at_most(p99.median, 50.0, " ms")
}
