//! `trunkline migrate`: the database, brought to this program's schema and checked. Safe to repeat, also beside a
//! running server.

use serde_json::json;
use trunkline_store::{Health, Migration, Store, StoreError};

use super::settings;
use crate::cli::Migrate;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, say, say_json};
use crate::wiring::make_folder;

/// Migrates and checks; or only lists.
pub(super) async fn run(args: Migrate) -> Result<Exit, Failure> {
    let settings = settings(args.offline.settings)?;
    let form = Form::of(args.offline.json);
    let target = &settings.store.database;
    if let Some(path) = target.file() {
        if args.list && !path.exists() {
            match form {
                Form::Json => say_json(&json!({ "database": path, "migrations": [] })),
                Form::Text => say(&format!("{} is not there yet: the first start makes it.", path.display())),
            }
            return Ok(Exit::Fine);
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            make_folder(folder).map_err(|error| Failure::new(Exit::Failed, crate::exit::chain(&error)))?;
        }
    }
    let opened = if args.list { Store::connect(target).await } else { Store::open(target).await };
    let store = opened.map_err(|error| failed(&error))?;
    let looked = look(&store).await;
    store.close().await;
    let (health, migrations) = looked.map_err(|error| failed(&error))?;
    match form {
        Form::Json => say_json(&as_json(&health, &migrations)),
        Form::Text => tell(&health, &migrations),
    }
    Ok(if health.is_healthy() { Exit::Fine } else { Exit::Failed })
}

async fn look(store: &Store) -> Result<(Health, Vec<Migration>), StoreError> {
    Ok((store.check().await?, store.migrations().await?))
}

fn tell(health: &Health, migrations: &[Migration]) {
    say(&format!("Database   {}", health.target));
    say(&format!("Schema     {} of {}", health.schema, health.known_schema));
    for migration in migrations {
        let Migration { number, name, applied_at } = migration;
        say(&format!("  {number:04}  {name:20}{}", applied_at.strftime("%Y-%m-%d %H:%M:%S")));
    }
    say(&format!("Tables     {}", health.tables.join(", ")));
    match health.is_healthy() {
        true => say("OK: nothing is missing."),
        false => say(&format!("Missing: {}", health.missing.join(", "))),
    }
}

fn as_json(health: &Health, migrations: &[Migration]) -> serde_json::Value {
    let migrations: Vec<_> = migrations
        .iter()
        .map(|it| json!({ "number": it.number, "name": it.name, "applied_at": it.applied_at }))
        .collect();
    json!({
        "ok": health.is_healthy(), "database": health.target, "schema": health.schema,
        "known_schema": health.known_schema, "tables": health.tables, "missing": health.missing,
        "bytes": health.bytes, "migrations": migrations,
    })
}

fn failed(error: &StoreError) -> Failure {
    Failure::while_doing("the database", error)
}
