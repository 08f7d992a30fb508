//! Every statement there is. Nothing else in this crate is SQL, but for the migrations.
//!
//! The texts keep to what SQLite and PostgreSQL share: `$n`, `ON CONFLICT`, row values, `->>`, `CAST .. AS BIGINT`. Rows go
//! into a table by [`Insert`]. Where rows are looked for, their ids come as one JSON object, which both engines take apart
//! with the same words ([`rows!`]).
//!
//! To add a statement: a `NAME = "text";` line in one of the `statements!` below it; where the engines honestly differ,
//! `NAME = "SQLite's text", postgres: "PostgreSQL's";`. A test then describes it on a migrated database of each engine;
//! if it must use an index, say so in the tests of query plans.

mod appointments;
mod audit;
mod bot_rollups;
mod decide;
mod insert;
mod list;
mod nodes;
#[cfg(test)]
mod plans;
mod queue;
mod queue_rows;
mod read;
mod results;
mod rollups;
mod search;
#[cfg(test)]
mod tests;
mod webhooks;
mod write;

pub(crate) use appointments::*;
pub(crate) use audit::*;
pub(crate) use bot_rollups::*;
pub(crate) use decide::*;
pub(crate) use insert::{Insert, MANY};
pub(crate) use list::*;
pub(crate) use nodes::*;
pub(crate) use queue::*;
pub(crate) use queue_rows::*;
pub(crate) use read::*;
pub(crate) use results::*;
pub(crate) use rollups::*;
pub(crate) use search::*;
pub(crate) use webhooks::*;
pub(crate) use write::*;

/// One statement.
pub(crate) struct Statement {
    /// Its name here, for tests and assertions.
    pub(crate) name: &'static str,
    /// Its text for SQLite.
    pub(crate) sqlite: &'static str,
    /// Its text for PostgreSQL: mostly the same.
    pub(crate) postgres: &'static str,
}

/// Names statements, and lists them for the test that describes each.
macro_rules! statements {
    ($all:ident: $($(#[$doc:meta])* $name:ident = $text:expr $(, postgres: $postgres:expr)?;)+) => {
        $(
            $(#[$doc])*
            pub(crate) const $name: $crate::sql::Statement = $crate::sql::Statement {
                name: stringify!($name),
                sqlite: $text,
                postgres: $crate::sql::last!($text $(, $postgres)?),
            };
        )+
        #[cfg(test)]
        pub(crate) const $all: &[$crate::sql::Statement] = &[$($name),+];
    };
}
pub(crate) use statements;

/// The last of one or two.
macro_rules! last {
    ($one:expr) => {
        $one
    };
    ($one:expr, $two:expr) => {
        $two
    };
}
pub(crate) use last;

/// The members of the JSON object in `$1`, as rows of one column `item`. Materialized: each is rendered once and not once
/// for each column read from it, and left in the engine's binary form, so that it is parsed once.
macro_rules! rows {
    () => {
        "WITH r AS MATERIALIZED (SELECT j.value AS item FROM jsonb_each($1) AS j) "
    };
}
pub(crate) use rows;

/// Every statement of the registry.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = &'static Statement> {
    let inserted = inserts().flat_map(|insert| [&insert.one, &insert.many]);
    READS
        .iter()
        .chain(AUDITS)
        .chain(LISTS)
        .chain(SEARCHES)
        .chain(SEARCH_ROWS)
        .chain(ROLLUPS)
        .chain(BOT_ROLLUPS)
        .chain(RESULTS)
        .chain(WRITES)
        .chain(DECISIONS)
        .chain(QUEUE)
        .chain(QUEUE_ROWS)
        .chain(NODES)
        .chain(WEBHOOKS)
        .chain(APPOINTMENTS)
        .chain(inserted)
}
